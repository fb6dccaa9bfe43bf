/* pbx_scan: reads a range of the calls of a hosted PBX, window by window. */
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/str.h"
#include "base/when.h"
#include "source/api_stop.h"
#include "source/pbx_scan.h"
#include "source/pbx_stage.h"

#define DAY 86400

/* The windows of the two shapes. A window costs at least two requests, and the documented shape can name days only. */
#define TIMES_SEC (6 * 3600)
#define DAYS_SEC DAY

/* Rows of neighbouring windows, so that both windows choose the same of two rows with one uuid. */
#define BESIDE_SEC 3600

/* So many rows are handed out at once. */
#define SLICE_ROWS 500

/* One scan at work. */
struct scanning {
    struct pbx_scan *scan;
    const struct source_range *range;
    struct pbx_rules rules;
    struct api_stage *stage;
    struct pbx_window window;
    bool is_last;       /* the window is the last one */
    bool is_known;      /* an earlier run has read the whole range a short time ago */
    struct pbx_known read; /* as this scan has read the range */
    int64_t handed_out; /* rows of this slice ... */
    int64_t latest;     /* ... and when the last one of them began */
    source_on_call *on_call;
    source_on_slice *on_slice;
    void *context;
};

/* Named days reach beyond the window. */
static bool is_near(const struct scanning *scanning, const struct pbx_row *row)
{
    return row->dialect != PBX_DOCUMENTED || (row->started >= scanning->window.from - BESIDE_SEC &&
                                              (row->started <= scanning->window.to + BESIDE_SEC || scanning->is_last));
}

static bool is_asked_for(const struct scanning *scanning, const struct pbx_row *row)
{
    const struct source_range *range = scanning->range;
    bool is_beside = row->dialect == PBX_DOCUMENTED && /* the windows beside it have these calls */
                     (row->started < scanning->window.from ||
                      (row->started > scanning->window.to && !scanning->is_last));
    bool is_left_out = !scanning->scan->with_internal && pbx_row_is_internal(row);
    return !is_beside && !is_left_out && row->ended != 0 && row->ended >= range->end_from &&
           row->ended <= range->end_to && row->started >= range->call_from &&
           (range->call_to == 0 || row->started <= range->call_to);
}

static int on_row(void *context, const struct pbx_row *row, struct err *err)
{
    struct scanning *scanning = context;
    return is_near(scanning, row) ? pbx_stage_add(scanning->stage, row, err) : 0;
}

/* A signal ends the reading at once; the run then takes the window for unread. */
static int on_page(void *context, struct err *err)
{
    struct scanning *scanning = context;
    if (!interrupt_requested() || scanning->on_slice == NULL)
        return 0;
    return scanning->on_slice(scanning->context, scanning->window.from, err);
}

/* The rows come in the order of their starts, and no call ends before it begins. So all calls that ended before this
 * row's start were handed out. */
static int end_slice(struct scanning *scanning, int64_t started, struct err *err)
{
    if (scanning->on_slice == NULL || scanning->handed_out < SLICE_ROWS || started == scanning->latest ||
        started <= scanning->window.from)
        return 0;
    scanning->handed_out = 0;
    return scanning->on_slice(scanning->context, started, err);
}

static int hand_out(void *context, const struct pbx_row *row, struct err *err)
{
    struct scanning *scanning = context;
    struct pbx_call made;
    if (!is_asked_for(scanning, row))
        return 0;
    int result = end_slice(scanning, row->started, err);
    if (result != 0)
        return result;
    scanning->handed_out++;
    scanning->latest = row->started;
    pbx_row_call(row, &scanning->rules, &made);
    return scanning->on_call(scanning->context, &made.call, err);
}

/* What the pages need to know of the last window of a repeated range. */
static void look_at_known(struct scanning *scanning)
{
    if (!scanning->range->is_repeated || !scanning->is_last)
        return;
    scanning->window.known = scanning->is_known ? &scanning->scan->known : NULL;
    scanning->window.ret_known = &scanning->read;
    scanning->window.settled_by = scanning->range->end_to;
}

static int read_window(struct scanning *scanning, struct err *err)
{
    look_at_known(scanning);
    int result = pbx_pages_read(&scanning->scan->pages, &scanning->window, on_row, on_page, scanning, err);
    result = api_stop_result(result, scanning->window.from, scanning->on_slice, scanning->context, err);
    if (result == 0)
        result = pbx_stage_empty(scanning->stage, scanning->rules.zone, hand_out, scanning, err);
    return result == 0 && scanning->on_slice != NULL
               ? scanning->on_slice(scanning->context, scanning->window.to + 1, err) : result;
}

/* What was read of another list, or by other rules, is not known. */
static uint64_t place_of(const struct pbx_scan *scan)
{
    const struct pbx_pages *pages = &scan->pages;
    const char *const texts[] = { pbx_client_address(pages->client), pages->domain, pages->zone->name };
    int64_t numbers[] = { pbx_time_offset(pages->zone, clock_now_epoch()), (int64_t)pages->dialect,
                          scan->with_internal };
    uint64_t hash = str_hash(STR_HASH_START, numbers, sizeof numbers);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        hash = str_hash(hash, texts[i], strlen(texts[i]) + 1);
    return hash;
}

/* Whether an earlier run has handed out the same range, a short time ago. The PBX may write calls late, or stop to
 * write them for hours, so the range is read whole again after some time. */
static bool is_known(const struct pbx_scan *scan, const struct source_range *range, int64_t now)
{
    const struct pbx_known *known = &scan->known;
    return range->is_repeated && known->place == place_of(scan) && known->at <= now &&
           known->at > now - PBX_KNOWN_SEC && known->ended_to <= range->end_to &&
           range->call_from >= known->started_from && range->end_from >= known->ended_from;
}

static int64_t start_of(const struct scanning *scanning)
{
    const struct pbx_scan *scan = scanning->scan;
    int64_t from = scanning->range->call_from > WHEN_EARLIEST ? scanning->range->call_from : WHEN_EARLIEST;
    int64_t unread_from = scan->known.ended_to - scan->reach;
    return scanning->is_known && unread_from > from ? unread_from : from;
}

/* The range was read to its end. A row that differs from another one with its uuid must come with that one in each
 * reading, so then no part may be left out. */
static void note_known(struct scanning *scanning)
{
    struct pbx_scan *scan = scanning->scan;
    const struct source_range *range = scanning->range;
    if (!range->is_repeated)
        return;
    scan->read = scanning->read;
    scan->read.place = place_of(scan);
    scan->read.at = scanning->is_known ? scan->known.at : scanning->rules.now;
    scan->read.started_from = range->call_from;
    scan->read.ended_from = range->end_from;
    scan->read.ended_to = range->end_to;
    if (api_stage_had_variants(scanning->stage))
        scan->read.count = 0;
}

static int read_windows(struct scanning *scanning, struct err *err)
{
    const struct pbx_scan *scan = scanning->scan;
    int64_t now = scanning->rules.now, from = start_of(scanning);
    int64_t to = scanning->range->end_to < now + DAY ? scanning->range->end_to : now + DAY;
    int result = 0;
    while (result == 0 && from <= to) {
        int64_t length = scan->pages.seen == PBX_DOCUMENTED ? DAYS_SEC : TIMES_SEC;
        int64_t end = from + length <= to ? from + length - 1 : to;
        scanning->window = (struct pbx_window){ .from = from, .to = end };
        scanning->is_last = end == to;
        result = read_window(scanning, err);
        from = end + 1;
    }
    return result;
}

int pbx_scan_run(struct pbx_scan *scan, const struct source_range *range, source_on_call *on_call,
                 source_on_slice *on_slice, void *context, struct err *err)
{
    struct scanning scanning = { .scan = scan, .range = range, .on_call = on_call, .on_slice = on_slice,
                                 .context = context };
    int64_t now = clock_now_epoch();
    scanning.rules = (struct pbx_rules){ .zone = scan->pages.zone, .campaign = scan->campaign, .now = now };
    scanning.is_known = is_known(scan, range, now);
    int result = pbx_stage_open(&scanning.stage, err);
    if (result == 0)
        result = read_windows(&scanning, err);
    if (result == 0)
        note_known(&scanning);
    api_stage_close(scanning.stage);
    return result < 0 ? -1 : 0;
}
