/* zone: finds the time zones of the dialer's rows, from the rows themselves. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/zone.h"

/* An offset that no row has shown for so long is out of use. */
#define FORGOTTEN_SEC (2 * 86400)

/* Summer time moves no clock by more. */
#define SUMMER_MOST_SEC 3600

/* Epochs before 2000 are no times of calls. */
#define FIRST_EPOCH 946684800

/* Rounds to the next quarter of an hour: no zone in use is finer. */
static int64_t rounded(int64_t sec)
{
    int64_t moved = sec + ZONE_STEP_SEC / 2, rest = moved % ZONE_STEP_SEC;
    return moved - (rest < 0 ? rest + ZONE_STEP_SEC : rest);
}

/* Whether the two times of a row can be one moment. */
static bool is_offset(int64_t local_sec, int64_t start_epoch)
{
    int64_t sec = rounded(local_sec - start_epoch);
    return local_sec >= FIRST_EPOCH && start_epoch >= FIRST_EPOCH && sec >= ZONE_WEST_SEC && sec <= ZONE_EAST_SEC;
}

/* ---- learning ---- */

void zone_sample_add(struct zone_sample *sample, int64_t local_sec, int64_t start_epoch, int64_t server_sec)
{
    if (!is_offset(local_sec, start_epoch))
        return;
    int64_t sec = rounded(local_sec - start_epoch);
    struct zone_bucket *bucket = &sample->buckets[(sec - ZONE_WEST_SEC) / ZONE_STEP_SEC];
    if (bucket->rows == 0 || start_epoch < bucket->first)
        bucket->first = start_epoch;
    if (start_epoch > bucket->last)
        bucket->last = start_epoch;
    bucket->rows++;
    bucket->unlike_server += rounded(server_sec - start_epoch) != sec;
    sample->rows++;
}

/* The index of the offset, or the count where there is none. */
static size_t find(const struct zone *zone, int64_t sec)
{
    size_t i = 0;
    while (i < zone->count && zone->offsets[i].sec != sec)
        i++;
    return i;
}

static struct zone_offset *need(struct zone *zone, int64_t sec)
{
    size_t i = find(zone, sec);
    if (i == ZONE_MOST)
        return NULL;
    if (i == zone->count)
        zone->offsets[zone->count++] = (struct zone_offset){ .sec = sec };
    return &zone->offsets[i];
}

/* Whether rows were written in both zones at one time. One after the other it may be the change to summer time, and a
 * single row may be wrong itself. */
static bool are_mixed(const struct zone_sample *sample, int64_t a, int64_t b)
{
    const struct zone_bucket *one = &sample->buckets[a], *other = &sample->buckets[b];
    if (one->rows < 2 || other->rows < 2)
        return false;
    return llabs((long long)(a - b)) * ZONE_STEP_SEC > SUMMER_MOST_SEC ||
           (one->first <= other->last && other->first <= one->last);
}

static void take_bucket(struct zone *zone, const struct zone_sample *sample, int64_t which)
{
    const struct zone_bucket *bucket = &sample->buckets[which];
    struct zone_offset *offset = need(zone, ZONE_WEST_SEC + which * ZONE_STEP_SEC);
    if (offset == NULL)
        return;
    if (bucket->last > offset->seen)
        offset->seen = bucket->last;
    offset->unlike_server = bucket->unlike_server >= 2 && bucket->unlike_server > bucket->rows / 2;
    for (int64_t other = 0; other < ZONE_BUCKETS; other++)
        if (other != which && are_mixed(sample, which, other))
            offset->mixed = true;
}

/* The bucket with the most rows of those that are left, and have at least so many; -1: there is none. */
static int64_t fullest(const struct zone_sample *sample, const bool *taken, int64_t least_rows)
{
    int64_t best = -1;
    for (int64_t i = 0; i < ZONE_BUCKETS; i++)
        if (!taken[i] && sample->buckets[i].rows >= least_rows &&
            (best < 0 || sample->buckets[i].rows > sample->buckets[best].rows))
            best = i;
    return best;
}

void zone_take(struct zone *zone, const struct zone_sample *sample, int64_t least_rows)
{
    bool taken[ZONE_BUCKETS] = { false };
    for (int64_t best = fullest(sample, taken, least_rows); best >= 0; best = fullest(sample, taken, least_rows)) {
        taken[best] = true;
        take_bucket(zone, sample, best);
    }
}

void zone_add(struct zone *zone, int64_t sec, int64_t seen)
{
    struct zone_offset *offset = need(zone, rounded(sec));
    if (offset != NULL && seen > offset->seen)
        offset->seen = seen;
}

void zone_recall(struct zone *zone, const struct zone *earlier)
{
    int64_t latest = 0;
    for (size_t i = 0; i < zone->count; i++)
        if (zone->offsets[i].seen > latest)
            latest = zone->offsets[i].seen;
    for (size_t i = 0; i < earlier->count; i++) {
        const struct zone_offset *known = &earlier->offsets[i];
        size_t place = find(zone, known->sec);
        if (place < zone->count)
            zone->offsets[place].mixed = zone->offsets[place].mixed || known->mixed;
        else if (place < ZONE_MOST && known->seen >= latest - FORGOTTEN_SEC)
            zone->offsets[zone->count++] = *known;
    }
}

/* ---- asking ---- */

bool zone_has(const struct zone *zone, int64_t sec)
{
    return find(zone, rounded(sec)) < zone->count;
}

int64_t zone_spread(const struct zone *zone)
{
    int64_t least = 0, most = 0;
    for (size_t i = 0; i < zone->count; i++) {
        int64_t sec = zone->offsets[i].sec;
        least = i == 0 || sec < least ? sec : least;
        most = i == 0 || sec > most ? sec : most;
    }
    return most - least;
}

/* By call_date in the zone that puts the call closest to its end. */
static int64_t made_by_date(const struct zone *zone, int64_t local_sec, int64_t end_epoch)
{
    int64_t best = local_sec;
    for (size_t i = 0; i < zone->count; i++) {
        int64_t made = local_sec - zone->offsets[i].sec;
        if (i == 0 || llabs((long long)(made - end_epoch)) < llabs((long long)(best - end_epoch)))
            best = made;
        if (end_epoch < FIRST_EPOCH)
            return best; /* the most frequent zone is the best guess */
    }
    return best;
}

int64_t zone_made(const struct zone *zone, int64_t local_sec, int64_t start_epoch, int64_t end_epoch, bool *ret_odd)
{
    *ret_odd = true;
    if (is_offset(local_sec, start_epoch)) {
        *ret_odd = !zone_has(zone, local_sec - start_epoch);
        return start_epoch;
    }
    if (local_sec >= FIRST_EPOCH)
        return made_by_date(zone, local_sec, end_epoch);
    bool is_near_end = start_epoch <= end_epoch && start_epoch >= end_epoch - 86400;
    return is_near_end ? start_epoch : end_epoch;
}

static int64_t went_back(int64_t then, int64_t now)
{
    return then > now && then - now <= SUMMER_MOST_SEC ? then - now : 0;
}

int64_t zone_went_back(const struct zone *zone, int64_t sec)
{
    size_t own = find(zone, rounded(sec));
    if (own == zone->count)
        return 0;
    const struct zone_offset *then = &zone->offsets[own];
    int64_t most = then->unlike_server ? 0 : went_back(then->sec, zone->server_sec); /* no call may have come since */
    for (size_t i = 0; i < zone->count; i++) {
        int64_t back = went_back(then->sec, zone->offsets[i].sec);
        if (back > most && zone->offsets[i].seen > then->seen)
            most = back;
    }
    return most;
}

struct source_reach zone_reach_none(void)
{
    return (struct source_reach){ .first = INT64_MAX, .whole = INT64_MAX };
}

void zone_reach_add(const struct zone *zone, int64_t made, int64_t after_end_sec, struct source_reach *reach)
{
    int64_t unsure_sec = zone_spread(zone) + SUMMER_MOST_SEC + after_end_sec;
    bool is_first = reach->first == INT64_MAX;
    if (is_first || made - unsure_sec < reach->first)
        reach->first = made - unsure_sec;
    if (is_first || made + unsure_sec > reach->whole)
        reach->whole = made + unsure_sec;
}

/* ---- text ---- */

void zone_write(const struct zone *zone, char out[ZONE_TEXT_SIZE])
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < zone->count; i++) {
        const struct zone_offset *offset = &zone->offsets[i];
        used += (size_t)snprintf(out + used, ZONE_TEXT_SIZE - used, "%s%" PRId64 "@%" PRId64 "%s%s", i > 0 ? " " : "",
                                 offset->sec, offset->seen, offset->mixed ? "m" : "", offset->unlike_server ? "u" : "");
    }
    (void)snprintf(out + used, ZONE_TEXT_SIZE - used, " server %" PRId64, zone->server_sec);
}

/* Reads an offset such as "-25200@1764170000mu", and returns the rest of text; NULL: text begins otherwise. */
static const char *read_offset(const char *text, struct zone_offset *ret_offset)
{
    char *at = NULL;
    struct zone_offset offset = { .sec = strtoll(text, &at, 10) };
    if (at == text || *at != '@' || offset.sec % ZONE_STEP_SEC != 0 || offset.sec < ZONE_WEST_SEC ||
        offset.sec > ZONE_EAST_SEC)
        return NULL;
    offset.seen = strtoll(at + 1, &at, 10);
    offset.mixed = *at == 'm';
    at += *at == 'm';
    offset.unlike_server = *at == 'u';
    at += *at == 'u';
    *ret_offset = offset;
    return at + strspn(at, " ");
}

void zone_read(const char *text, struct zone *ret_zone)
{
    static const char server[] = "server ";
    struct zone_offset offset;
    *ret_zone = (struct zone){ .count = 0 };
    for (const char *next = read_offset(text, &offset); next != NULL; next = read_offset(text, &offset)) {
        if (ret_zone->count < ZONE_MOST && !zone_has(ret_zone, offset.sec))
            ret_zone->offsets[ret_zone->count++] = offset;
        text = next;
    }
    text += strspn(text, " ");
    if (strncmp(text, server, sizeof server - 1) == 0)
        ret_zone->server_sec = strtoll(text + sizeof server - 1, NULL, 10);
}

static const char *name_of(int64_t sec, char out[16])
{
    int64_t minutes = llabs((long long)sec) / 60 % 10000;
    (void)snprintf(out, 16, "UTC%c%02" PRId64 ":%02" PRId64, sec < 0 ? '-' : '+', minutes / 60, minutes % 60);
    return out;
}

/* The names of all offsets, or of those that are mixed, from west to east: they stay the same from run to run. */
static const char *names_of(const struct zone *zone, bool mixed_only, char out[ZONE_NAMES_SIZE])
{
    char name[16];
    size_t used = 0;
    out[0] = '\0';
    for (int64_t sec = ZONE_WEST_SEC; sec <= ZONE_EAST_SEC; sec += ZONE_STEP_SEC) {
        size_t i = find(zone, sec);
        if (i < zone->count && (zone->offsets[i].mixed || !mixed_only))
            used += (size_t)snprintf(out + used, ZONE_NAMES_SIZE - used, "%s%s", used > 0 ? ", " : "",
                                     name_of(sec, name));
    }
    return out;
}

const char *zone_names(const struct zone *zone, char out[ZONE_NAMES_SIZE])
{
    return names_of(zone, false, out);
}

const char *zone_problem(const struct zone *zone, char out[ZONE_PROBLEM_SIZE])
{
    char names[ZONE_NAMES_SIZE], server[16];
    size_t mixed = 0, unlike = zone->count;
    for (size_t i = 0; i < zone->count; i++) {
        mixed += zone->offsets[i].mixed;
        if (zone->offsets[i].unlike_server && unlike == zone->count)
            unlike = i;
    }
    out[0] = '\0';
    if (mixed >= 2)
        (void)snprintf(out, ZONE_PROBLEM_SIZE,
                       "the dialer's hosts write call_date in different time zones: %s. All calls are found, but "
                       "VICIdial's own reports are wrong; set one time zone on all hosts, and date.timezone in php.ini",
                       names_of(zone, true, names));
    else if (unlike < zone->count)
        (void)snprintf(out, ZONE_PROBLEM_SIZE,
                       "call_date is written in %s, but the database server's time zone is %s. All calls are found, "
                       "but VICIdial computes the end of busy calls by the server's zone; set the dialer's zone on the "
                       "server",
                       name_of(zone->offsets[unlike].sec, names), name_of(zone->server_sec, server));
    return out;
}

bool zone_explain(const char *memory, struct source_zones *ret_zones)
{
    struct zone zone;
    zone_read(memory, &zone);
    if (zone.count == 0)
        return false;
    *ret_zones = (struct source_zones){ .count = zone.count };
    for (size_t i = 0; i < zone.count; i++)
        ret_zones->utc_offsets[i] = zone.offsets[i].sec;
    (void)zone_names(&zone, ret_zones->names);
    (void)zone_problem(&zone, ret_zones->problem);
    return true;
}
