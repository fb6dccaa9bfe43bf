/* zone: in which time zones the dialer's rows are written, as the rows themselves tell.
 *
 * call_date is the local time of whoever wrote the row: the dialer's Perl, the web server's PHP or the database. They
 * need not agree. start_epoch is the same moment without a zone, so the difference of both is the writer's offset. */
#ifndef ZONE_H
#define ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/source.h"

/* More than so many zones at once are noise. */
#define ZONE_MOST SOURCE_ZONES_MOST

struct zone_offset {
    int64_t sec;        /* local time less UTC, a multiple of a quarter of an hour */
    int64_t seen;       /* epoch: when the latest known row was written so; 0: none is known */
    bool mixed;         /* others wrote otherwise at the same time */
    bool unlike_server; /* the database server's own zone was another one then */
};

/* The zones in use, the most frequent first. */
struct zone {
    struct zone_offset offsets[ZONE_MOST];
    size_t count;
    int64_t server_sec; /* the database server's own offset now */
};

/* What a number of rows tell, by offset. All zero at first. */
#define ZONE_STEP_SEC 900
#define ZONE_WEST_SEC (-12 * 3600)
#define ZONE_EAST_SEC (14 * 3600)
#define ZONE_BUCKETS ((ZONE_EAST_SEC - ZONE_WEST_SEC) / ZONE_STEP_SEC + 1)
struct zone_sample {
    struct zone_bucket {
        int64_t rows, unlike_server, first, last; /* first and last: epochs */
    } buckets[ZONE_BUCKETS];
    int64_t rows; /* that tell anything */
};

/* zone_sample_add: adds a row. local_sec is its call_date, counted from 1970 as if there were no zones; server_sec is
 * start_epoch by the database server's zone, counted alike. A row whose two times are no zone apart tells nothing. */
void zone_sample_add(struct zone_sample *sample, int64_t local_sec, int64_t start_epoch, int64_t server_sec);

/* zone_take: adds the offsets that at least so many rows of sample show. */
void zone_take(struct zone *zone, const struct zone_sample *sample, int64_t least_rows);

/* zone_add: adds one offset, unless it is there or there are too many. seen: see struct zone_offset. */
void zone_add(struct zone *zone, int64_t sec, int64_t seen);

/* zone_recall: adds what was known earlier, as far as it is not long out of use: a host that rarely writes is not in
 * every sample, and after a change to summer time the rows of the hours before are still looked for. */
void zone_recall(struct zone *zone, const struct zone *earlier);

/* zone_has: whether sec, rounded, is one of the offsets. */
bool zone_has(const struct zone *zone, int64_t sec);

/* zone_spread: the largest offset less the smallest. VICIdial computes some epochs from another host's local time
 * (FastAGI_log.pl: UNIX_TIMESTAMP of call_time), so a row's epochs may be wrong by as much. */
int64_t zone_spread(const struct zone *zone);

/* zone_made: when a call was made, an epoch: by start_epoch where that can be, else by call_date, else by end_epoch. A
 * time that is not known is 0. *ret_odd: a look for call_date in the known zones may pass it by. */
int64_t zone_made(const struct zone *zone, int64_t local_sec, int64_t start_epoch, int64_t end_epoch, bool *ret_odd);

/* zone_went_back: by how much the clocks of those who wrote in that offset were put back since: the change from summer
 * time, as the offset shows that came into use after it, or the server's own, where they wrote by that. */
int64_t zone_went_back(const struct zone *zone, int64_t sec);

/* zone_write, zone_read: as text that outlives the process; what cannot be read is left out. */
#define ZONE_TEXT_SIZE (ZONE_MOST * 32 + 32)
void zone_write(const struct zone *zone, char out[ZONE_TEXT_SIZE]);
void zone_read(const char *text, struct zone *ret_zone);

/* zone_names: "UTC-07:00, UTC+00:00", for people. Returns out. */
#define ZONE_NAMES_SIZE (ZONE_MOST * 16)
const char *zone_names(const struct zone *zone, char out[ZONE_NAMES_SIZE]);

/* zone_problem: what is wrong with the zones, for people, and behind "; " what to do; "" where nothing is wrong.
 * Returns out. */
#define ZONE_PROBLEM_SIZE 512
const char *zone_problem(const struct zone *zone, char out[ZONE_PROBLEM_SIZE]);

/* zone_explain: the zones of a text of zone_write, see source_explain_memory. False: it has none;
 * then *ret_zones stays as it is. */
bool zone_explain(const char *memory, struct source_zones *ret_zones);

#endif
