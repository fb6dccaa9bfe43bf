/* asterisk_row: one row of Asterisk's cdr table, and the id of its call. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "source/asterisk_row.h"

/* An epoch has ten digits until 2286. */
#define EPOCH_DIGITS 10

/* The end of a weak row's id: "@", the calldate as a number, ".", a hash of the channel's name. */
#define WEAK_SIZE 48

static int64_t number_of(const char *text)
{
    int64_t number = 0;
    return text != NULL && str_to_int(text, &number) ? number : 0;
}

/* If asterisk.conf sets systemname, the id begins with systemname and a "-", then the epoch. */
int64_t asterisk_row_epoch(const char *id)
{
    const char *dot = strrchr(id, '.');
    if (dot == NULL || dot - id < EPOCH_DIGITS || !isdigit((unsigned char)dot[1]))
        return 0;
    const char *first = dot - EPOCH_DIGITS;
    if (first > id && first[-1] != '-')
        return 0;
    int64_t epoch = 0;
    for (const char *at = first; at < dot; at++) {
        if (!isdigit((unsigned char)*at))
            return 0;
        epoch = epoch * 10 + (*at - '0');
    }
    return epoch;
}

int64_t asterisk_row_weak_local(const char *id)
{
    const char *at = strrchr(id, '@');
    char *end = NULL;
    if (at == NULL || !isdigit((unsigned char)at[1]))
        return 0;
    int64_t local_sec = strtoll(at + 1, &end, 10);
    return *end == '.' && strlen(end) == 9 && strspn(end + 1, "0123456789abcdef") == 8 ? local_sec : 0;
}

/* Whether a column of that width may have cut the id; other calls may then have the same id. */
static bool is_cut(const char *id, int64_t width)
{
    return width > 0 && (int64_t)strlen(id) >= width;
}

/* Old tables have no linkedid; after an upgrade, their old rows have an empty one. */
static void find_id(struct asterisk_row *row, char *room, size_t size, const struct asterisk_widths *widths)
{
    bool is_linked = asterisk_row_has(row, ASTERISK_LINKEDID);
    const char *id = row->text[is_linked ? ASTERISK_LINKEDID : ASTERISK_UNIQUEID];
    row->is_weak = *id == '\0' || is_cut(id, is_linked ? widths->linkedid : widths->uniqueid);
    if (row->is_weak) {
        const char *channel = row->text[ASTERISK_CHANNEL];
        uint64_t hash = str_hash(STR_HASH_START, channel, strlen(channel));
        (void)snprintf(room, size, "%s@%" PRId64 ".%08" PRIx32, id, row->local_sec, (uint32_t)(hash ^ hash >> 32));
        id = room;
    }
    row->id = id;
    row->call_epoch = row->is_weak ? 0 : asterisk_row_epoch(id);
}

struct asterisk_row *asterisk_row_make(const char *const columns[ASTERISK_COLUMNS], int64_t local_sec,
                                       const struct asterisk_widths *widths)
{
    size_t size = sizeof(struct asterisk_row), longest = 0;
    for (int i = 0; i < ASTERISK_COLUMNS; i++) {
        size_t length = strlen(str_or_empty(columns[i]));
        size += length + 1;
        longest = length > longest ? length : longest;
    }
    struct asterisk_row *row = mem_zero(1, size + longest + WEAK_SIZE);
    char *room = (char *)(row + 1);
    for (int i = 0; i < ASTERISK_COLUMNS; i++) {
        size_t length = strlen(str_or_empty(columns[i]));
        row->text[i] = memcpy(room, str_or_empty(columns[i]), length + 1);
        room += length + 1;
    }
    row->local_sec = local_sec;
    row->duration = number_of(columns[ASTERISK_DURATION]);
    row->billsec = number_of(columns[ASTERISK_BILLSEC]);
    row->sequence = number_of(columns[ASTERISK_SEQUENCE]);
    row->channel_epoch = asterisk_row_epoch(row->text[ASTERISK_UNIQUEID]);
    find_id(row, room, longest + WEAK_SIZE, widths);
    return row;
}

static int compare(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* The table has no primary key: sequence restarts with Asterisk, and old tables lack it. Two rows that are equal in all
 * these columns are one row twice, as in transient_cdr after its trigger was created again. */
int asterisk_row_compare(const struct asterisk_row *a, const struct asterisk_row *b)
{
    static const enum asterisk_column texts[] = { ASTERISK_UNIQUEID,   ASTERISK_CHANNEL,  ASTERISK_DSTCHANNEL,
                                                  ASTERISK_DISPOSITION, ASTERISK_LASTAPP, ASTERISK_DST };
    int order = strcmp(a->id, b->id);
    order = order != 0 ? order : compare(a->local_sec, b->local_sec);
    order = order != 0 ? order : compare(a->sequence, b->sequence);
    order = order != 0 ? order : compare(a->duration, b->duration);
    order = order != 0 ? order : compare(a->billsec, b->billsec);
    for (size_t i = 0; order == 0 && i < sizeof texts / sizeof texts[0]; i++)
        order = strcmp(a->text[texts[i]], b->text[texts[i]]);
    return order;
}

bool asterisk_row_is(const struct asterisk_row *row, enum asterisk_column column, const char *word)
{
    return strcasecmp(row->text[column], word) == 0;
}

bool asterisk_row_has(const struct asterisk_row *row, enum asterisk_column column)
{
    return row->text[column][0] != '\0';
}
