/* pbx_query: the query of a request for a page. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/url.h"
#include "source/pbx_query.h"

#define HOUR 3600
#define DAY 86400

/* Whether the ends of a window belong to it is not known. */
#define MARGIN_SEC 60

/* Near a change of the clocks a local time means two moments, or none. */
#define CHANGE_SEC (3 * HOUR)

/* The clocks of two hosts differ, and a call may be dated by another time than its start. */
#define CLOCKS_SEC HOUR

/* A named day is up to 14 hours away from UTC's, and lasts up to 25 hours. */
#define DAYS_SEC (3 * DAY)

static int64_t margin_at(const struct pbx_zone *zone, int64_t epoch)
{
    bool changes = pbx_time_offset(zone, epoch - CHANGE_SEC) != pbx_time_offset(zone, epoch + CHANGE_SEC);
    return MARGIN_SEC + (changes ? HOUR : 0);
}

static char *times_of(const struct pbx_zone *zone, const struct pbx_window *window)
{
    char from[PBX_TIME_SIZE], to[PBX_TIME_SIZE];
    char *first = url_escape(pbx_time_local(zone, window->from - margin_at(zone, window->from), from));
    char *last = url_escape(pbx_time_local(zone, window->to + margin_at(zone, window->to), to));
    char *times = mem_format("&from=%s&to=%s", first, last);
    free(first);
    free(last);
    return times;
}

static char *days_of(const struct pbx_zone *zone, const struct pbx_window *window)
{
    char from[PBX_TIME_SIZE], to[PBX_TIME_SIZE];
    return mem_format("&date_from=%.10s&date_to=%.10s", pbx_time_local(zone, window->from - DAY, from),
                      pbx_time_local(zone, window->to + DAY, to));
}

char *pbx_query_make(const struct pbx_pages *pages, const struct pbx_window *window, int64_t limit, int64_t offset)
{
    char *domain = url_escape(pages->domain);
    char *times = pages->dialect != PBX_DOCUMENTED ? times_of(pages->zone, window) : mem_copy("");
    char *days = pages->dialect != PBX_EPOCH ? days_of(pages->zone, window) : mem_copy("");
    char *query = mem_format("domain=%s%s%s&limit=%" PRId64 "&offset=%" PRId64, domain, times, days, limit, offset);
    free(days);
    free(times);
    free(domain);
    return query;
}

bool pbx_query_covers(const struct pbx_window *window, const struct pbx_row *row)
{
    int64_t slack = window->slack_sec + (row->dialect == PBX_DOCUMENTED ? DAYS_SEC : MARGIN_SEC + HOUR + CLOCKS_SEC);
    int64_t ended = row->ended > row->started ? row->ended : row->started;
    return ended >= window->from - slack && row->started <= window->to + slack;
}
