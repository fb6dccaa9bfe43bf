/* zone: finds the time zones of the dialer's rows, from the rows themselves.
 *
 * call_date is the local time of the row's writer: the dialer's Perl, the web server's PHP or the database. Their zones
 * may differ. start_epoch is the same moment without a zone, so the difference of both is the writer's offset. */
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

/* The offsets of some rows, with the number of rows for each. All zero at first. */
#define ZONE_STEP_SEC 900
#define ZONE_WEST_SEC (-12 * 3600)
#define ZONE_EAST_SEC (14 * 3600)
#define ZONE_BUCKETS ((ZONE_EAST_SEC - ZONE_WEST_SEC) / ZONE_STEP_SEC + 1)
struct zone_sample {
    struct zone_bucket {
        int64_t rows, unlike_server, first, last; /* first and last: epochs */
    } buckets[ZONE_BUCKETS];
    int64_t rows; /* the rows that show a zone */
};

/* zone_sample_add: adds a row. local_sec is its call_date, counted from 1970 as if there were no zones; server_sec is
 * start_epoch by the database server's zone, counted alike. A row is ignored if its two times differ by no
 * zone's offset. */
void zone_sample_add(struct zone_sample *sample, int64_t local_sec, int64_t start_epoch, int64_t server_sec);

/* zone_take: adds the offsets that at least so many rows of sample show. */
void zone_take(struct zone *zone, const struct zone_sample *sample, int64_t least_rows);

/* zone_add: adds one offset, unless it is there or there are too many. seen: see struct zone_offset. */
void zone_add(struct zone *zone, int64_t sec, int64_t seen);

/* zone_recall: adds the offsets of earlier runs that were in use recently. A host that rarely writes is not in every
 * sample. And after a change to summer time, runs still read the rows of the hours before. */
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

/* zone_reach_none: how far back a table without rows goes. zone_reach_add: adds one of the table's ZONE_REACH_ROWS
 * oldest rows, made at this epoch. One row alone shows nothing: a host's clock may have been days behind. Rows are
 * moved by their local time. The same epoch has several local times where zones differ, and an hour has two when the
 * clocks are put back. after_end_sec: see source_ops. */
#define ZONE_REACH_ROWS 100
struct source_reach zone_reach_none(void);
void zone_reach_add(const struct zone *zone, int64_t made, int64_t after_end_sec, struct source_reach *reach);

/* zone_write, zone_read: the zones as text for later runs. zone_read skips unreadable parts. */
#define ZONE_TEXT_SIZE (ZONE_MOST * 32 + 32)
void zone_write(const struct zone *zone, char out[ZONE_TEXT_SIZE]);
void zone_read(const char *text, struct zone *ret_zone);

/* zone_names: "UTC-07:00, UTC+00:00", for people. Returns out. */
#define ZONE_NAMES_SIZE (ZONE_MOST * 16)
const char *zone_names(const struct zone *zone, char out[ZONE_NAMES_SIZE]);

/* zone_problem: writes the problem with the zones, for people, and behind "; " the remedy; "": no problem. Returns
 * out. */
#define ZONE_PROBLEM_SIZE 512
const char *zone_problem(const struct zone *zone, char out[ZONE_PROBLEM_SIZE]);

/* zone_explain: the zones of a text of zone_write, see source_explain_memory. False: it has none;
 * then *ret_zones stays as it is. */
bool zone_explain(const char *memory, struct source_zones *ret_zones);

#endif
