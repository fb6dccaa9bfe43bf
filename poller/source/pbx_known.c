/* pbx_known: what earlier runs have read of the list of calls of a hosted PBX. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "source/pbx_known.h"

/* The first anchor is behind so many rows, and each further one behind twice as many. */
#define FIRST_POSITION 32

/* The hash of the uuids of PBX_KNOWN_ROWS rows from the row on; 0: there are not so many, or a row has no uuid. */
static uint64_t hash_rows(const struct json *row)
{
    uint64_t hash = STR_HASH_START;
    for (int i = 0; i < PBX_KNOWN_ROWS; i++, row = json_next(row)) {
        char *uuid = row != NULL ? json_text_or_number(json_member(row, "uuid")) : NULL;
        if (uuid == NULL)
            return 0;
        hash = str_hash(hash, uuid, strlen(uuid) + 1);
        free(uuid);
    }
    return hash;
}

static const struct json *row_at(const struct pbx_page *page, int64_t index)
{
    const struct json *row = page->first;
    for (; row != NULL && index > 0; index--)
        row = json_next(row);
    return row;
}

bool pbx_known_is_met(const struct pbx_known *known, const struct pbx_page *page, int64_t offset)
{
    for (size_t i = 0; page->total >= 0 && i < known->count; i++) {
        const struct pbx_anchor *anchor = &known->anchors[i];
        int64_t index = page->total - anchor->behind - PBX_KNOWN_ROWS - offset;
        if (index >= 0 && index < (int64_t)page->count && hash_rows(row_at(page, index)) == anchor->rows)
            return true;
    }
    return false;
}

static int64_t next_position(const struct pbx_known *known)
{
    return known->count > 0 ? 2 * known->anchors[known->count - 1].position : FIRST_POSITION;
}

void pbx_known_add(struct pbx_known *known, const struct pbx_page *page, int64_t offset)
{
    int64_t last = offset + (int64_t)page->count - PBX_KNOWN_ROWS; /* of the positions in this page */
    while (page->total >= 0 && known->count < PBX_KNOWN_ANCHORS && next_position(known) <= last) {
        int64_t position = next_position(known) > offset ? next_position(known) : offset;
        uint64_t rows = hash_rows(row_at(page, position - offset));
        if (rows == 0)
            return;
        known->anchors[known->count++] = (struct pbx_anchor){ .rows = rows,
                                                              .behind = page->total - position - PBX_KNOWN_ROWS,
                                                              .position = position };
    }
}

void pbx_known_inherit(struct pbx_known *known, const struct pbx_known *earlier, int64_t total)
{
    for (size_t i = 0; i < earlier->count && known->count < PBX_KNOWN_ANCHORS; i++) {
        struct pbx_anchor anchor = earlier->anchors[i];
        int64_t last = known->count > 0 ? known->anchors[known->count - 1].position : 0;
        anchor.position = total - anchor.behind - PBX_KNOWN_ROWS;
        if (anchor.position >= last + last / 2) /* nearer ones would soon fill the array */
            known->anchors[known->count++] = anchor;
    }
}

void pbx_known_drop(struct pbx_known *known, int64_t position)
{
    size_t dropped = 0;
    while (dropped < known->count && known->anchors[dropped].position <= position)
        dropped++;
    known->count -= dropped;
    memmove(known->anchors, known->anchors + dropped, known->count * sizeof *known->anchors);
}

/* ---- from run to run ---- */

void pbx_known_write(const struct pbx_known *known, char out[PBX_KNOWN_TEXT_SIZE])
{
    size_t used = (size_t)snprintf(out, PBX_KNOWN_TEXT_SIZE, "%" PRIx64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
                                   " %" PRIx64, known->place, known->at, known->started_from, known->ended_from,
                                   known->ended_to, known->list);
    for (size_t i = 0; i < known->count; i++) {
        int length = snprintf(out + used, PBX_KNOWN_TEXT_SIZE - used, " %" PRIx64 ":%" PRId64, known->anchors[i].rows,
                              known->anchors[i].behind);
        if (length < 0 || (size_t)length >= PBX_KNOWN_TEXT_SIZE - used) {
            out[used] = '\0'; /* a half anchor would be another one */
            return;
        }
        used += (size_t)length;
    }
}

void pbx_known_read(const char *text, struct pbx_known *ret_known)
{
    struct pbx_known known = { .count = 0 };
    int used = 0;
    *ret_known = (struct pbx_known){ .at = 0 };
    if (sscanf(text, "%" SCNx64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNx64 "%n", &known.place,
               &known.at, &known.started_from, &known.ended_from, &known.ended_to, &known.list, &used) != 6)
        return;
    for (text += used; known.count < PBX_KNOWN_ANCHORS; text += used) {
        struct pbx_anchor *anchor = &known.anchors[known.count];
        if (sscanf(text, " %" SCNx64 ":%" SCNd64 "%n", &anchor->rows, &anchor->behind, &used) != 2)
            break;
        known.count++;
    }
    *ret_known = known;
}
