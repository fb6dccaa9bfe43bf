/* pbx_pages: reads all calls of a window of time, page by page. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "source/pbx_pages.h"
#include "source/pbx_query.h"

/* No window has so many pages; an API that never ends its list would keep a run for ever. */
#define MAX_PAGES 5000

/* So many whole pages in order, with so many rows, show that the list is in that order; then older rows need not be
 * read. */
#define ORDERED_PAGES 2
#define ORDERED_ROWS 20

/* Starts may be out of order by this much where the list is in the order of its making. */
#define ORDER_SLACK_SEC 3600

/* So many unreadable rows of a window may be single bad rows; more of them, and more than there are calls, show that
 * the rows have another shape. */
#define FEW_UNREADABLE 10

/* The reading of one window. */
struct reading {
    struct pbx_pages *pages;
    const struct pbx_window *window;
    pbx_on_row *on_row;
    void *context;
    struct pbx_page before;  /* the page before this one */
    char *page_first;        /* the uuid at the top of that page; NULL: no page yet */
    int64_t offset;
    int64_t fresh;           /* rows of this page that the page before had not */
    int64_t taken;           /* the fresh rows of all pages */
    int64_t good;            /* rows of this page that are calls of the window */
    int64_t recognised;      /* rows of this page that look like rows of calls */
    struct err stray;        /* what is wrong with a row of this page that is outside of the window; EX_OK: nothing */
    struct err unreadable;   /* what is wrong with the first row of the window that could not be read; EX_OK: nothing */
    int64_t unreadable_rows, calls; /* of the window, so far */
    int64_t counted;         /* the rows of the list that these counts have */
    bool warned;
    int repeats;             /* pages in a row that begin as the one before */
    int64_t ordered;         /* rows so far ... */
    int64_t pages_taken;     /* ... of so many pages */
    bool by_start, by_end;   /* they are in that order, newest first */
    int64_t last_start, last_end;
    uint64_t list;           /* the hash of the query */
    struct pbx_known known;  /* the anchors of the pages so far */
    int64_t unsettled;       /* the position of the last row that must be read again; -1: there is none */
    bool is_known;           /* the rest of the list is known */
};

/* ---- rows ---- */

static void note_order(struct reading *reading, const struct pbx_row *row)
{
    if (reading->ordered++ == 0) {
        reading->by_start = reading->by_end = true;
        reading->last_start = reading->last_end = INT64_MAX;
    }
    reading->by_start = reading->by_start && row->started <= reading->last_start;
    reading->last_start = row->started;
    if (row->ended == 0) /* it tells nothing about the order of ends */
        return;
    reading->by_end = reading->by_end && row->ended <= reading->last_end;
    reading->last_end = row->ended;
}

/* Whether the rows behind these are older than the window. A list that is grouped, by extension for example, can look
 * ordered for many pages. Where the API tells their number, the list is read to its end. */
static bool is_past(const struct reading *reading, const struct pbx_page *page)
{
    int64_t from = reading->window->from;
    if (page->total >= 0 || reading->ordered < ORDERED_ROWS || reading->pages_taken < ORDERED_PAGES)
        return false;
    return (reading->by_start && reading->last_start < from - ORDER_SLACK_SEC) ||
           (reading->by_end && reading->last_end < from);
}

static void note_unreadable_row(struct reading *reading, int64_t number, const char *problem,
                                const struct pbx_row *row)
{
    char uuid[60] = "none";
    if (row->text[PBX_UUID] != NULL)
        (void)str_printable(row->text[PBX_UUID], uuid, sizeof uuid);
    reading->pages->skipped++;
    reading->unreadable_rows += number > reading->counted ? 1 : 0;
    if (reading->unreadable.code == EX_OK)
        (void)err_set(&reading->unreadable, EX_UNAVAILABLE, "the PBX's API lists what is no call: %s (row %" PRId64
                      ", uuid %s); ask the PBX's provider", problem, number, uuid);
}

static void note_stray_row(struct reading *reading, const struct pbx_row *row)
{
    char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE], started[CLOCK_TEXT_SIZE];
    char uuid[60];
    struct pbx_pages *pages = reading->pages;
    pages->skipped++;
    if (reading->stray.code == EX_OK)
        (void)err_set(&reading->stray, EX_CONFIG, "the PBX's API lists a call of %s (uuid %s), but calls from %s to %s "
                      "were asked for: it ignores the dates, or its time zone is not %s; correct time_zone, %s, or "
                      "dialect", clock_local(row->started, started, sizeof started),
                      str_printable(row->text[PBX_UUID], uuid, sizeof uuid),
                      clock_local(reading->window->from, from, sizeof from),
                      clock_local(reading->window->to, to, sizeof to),
                      *pages->zone->name != '\0' ? pages->zone->name : "this host's", pages->zone_place);
}

/* A call that is open for longer than any call lasts stays so. */
static void note_unsettled(struct reading *reading, const struct pbx_row *row, int64_t position)
{
    int64_t settled_by = reading->window->settled_by;
    if (row->ended > settled_by || (row->ended == 0 && row->started > settled_by - PBX_LONGEST_SEC))
        reading->unsettled = position;
}

/* Hands out one row, unless it is no call of the window. number: its place in the list. A row with a uuid of the page
 * before is no new one for the order and the count, but may have other data. */
static int take_row(struct reading *reading, const struct json *json, int64_t number, struct err *err)
{
    struct pbx_row row;
    const char *problem = pbx_row_read(json, reading->pages->zone, &row);
    int result = 0;
    bool is_good = problem == NULL && pbx_query_covers(reading->window, &row);
    reading->good += is_good ? 1 : 0;
    reading->recognised += pbx_row_is_recognised(json) ? 1 : 0;
    reading->calls += is_good && number > reading->counted ? 1 : 0;
    if (problem != NULL) {
        note_unreadable_row(reading, number, problem, &row);
    } else if (!is_good) {
        note_stray_row(reading, &row);
    } else {
        if (row.dialect != PBX_AUTO)
            reading->pages->seen = row.dialect;
        note_unsettled(reading, &row, number - 1);
        if (!pbx_page_has(&reading->before, row.text[PBX_UUID])) {
            reading->fresh++;
            note_order(reading, &row);
        }
        result = reading->on_row(reading->context, &row, err);
    }
    pbx_row_clear(&row);
    return result;
}

/* One row that is no call of the window must not keep all other calls from being read for ever. But a page without a
 * call, and with a row outside of the window, shows that the time zone is wrong or that the dates are ignored. A page
 * without one row of a call is no page of calls. */
static int judge_page(struct reading *reading, const struct pbx_page *page, struct err *err)
{
    const struct err *stray = &reading->stray;
    if (stray->code != EX_OK && reading->good == 0)
        return err_set(err, stray->code, "%s", stray->message);
    if (page->count > 0 && reading->recognised == 0)
        return err_set(err, reading->unreadable.code, "%s", reading->unreadable.message);
    if (stray->code != EX_OK && !reading->warned) {
        log_warn("a row of the PBX's list is skipped, and perhaps more of this window: %s", stray->message);
        reading->warned = true;
    }
    return 0;
}

/* At the end of the window. */
static int judge_unreadable_rows(const struct reading *reading, struct err *err)
{
    char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE];
    const struct err *first = &reading->unreadable;
    if (first->code == EX_OK)
        return 0;
    if (reading->unreadable_rows > FEW_UNREADABLE && reading->unreadable_rows > reading->calls)
        return err_set(err, first->code, "%" PRId64 " rows of the PBX's list could not be read, and %" PRId64 " could; "
                       "the first: %s", reading->unreadable_rows, reading->calls, first->message);
    log_warn("%" PRId64 " rows of the PBX's list are skipped, of about %s to %s; their calls are not sent; the first: "
             "%s", reading->unreadable_rows, clock_local(reading->window->from, from, sizeof from),
             clock_local(reading->window->to, to, sizeof to), first->message);
    return 0;
}

static int take_rows(struct reading *reading, const struct pbx_page *page, struct err *err)
{
    int result = 0;
    int64_t number = reading->offset;
    reading->fresh = reading->good = reading->recognised = 0;
    reading->stray.code = EX_OK;
    for (const struct json *row = page->first; result == 0 && row != NULL; row = json_next(row))
        result = take_row(reading, row, ++number, err);
    reading->taken += reading->fresh;
    reading->pages_taken += reading->fresh > 0 ? 1 : 0;
    if (number > reading->counted)
        reading->counted = number;
    return result == 0 ? judge_page(reading, page, err) : result;
}

/* ---- pages ---- */

static int get(struct pbx_pages *pages, const struct pbx_window *window, int64_t limit, int64_t offset,
               struct pbx_page *ret_page, struct err *err)
{
    char *query = pbx_query_make(pages, window, limit, offset);
    int result = pbx_client_get(pages->client, query, ret_page, err);
    free(query);
    if (result == 0 && pages->seen == PBX_AUTO && ret_page->count == 0)
        pages->seen = ret_page->dialect;
    return result;
}

/* The list of the window's days: only a list that names days is the same in the next run. */
static uint64_t hash_of_list(const struct pbx_pages *pages, const struct pbx_window *window)
{
    const struct pbx_pages by_days = { .domain = pages->domain, .zone = pages->zone, .dialect = PBX_DOCUMENTED };
    char *query = pbx_query_make(&by_days, window, 0, 0);
    uint64_t hash = str_hash(STR_HASH_START, query, strlen(query));
    free(query);
    return hash;
}

/* The uuid of the first row that has one; "": none has. Ownership: the caller frees it. */
static char *first_uuid(const struct pbx_page *page)
{
    char *uuid = NULL;
    for (const struct json *row = page->first; uuid == NULL && row != NULL; row = json_next(row))
        uuid = json_text_or_number(json_member(row, "uuid"));
    return uuid != NULL ? uuid : mem_copy("");
}

/* Whether two pages have the same uuids at the same places. */
static bool is_same(const struct pbx_page *one, const struct pbx_page *other)
{
    const struct json *left = one->first, *right = other->first;
    bool same = one->count == other->count;
    for (; same && left != NULL && right != NULL; left = json_next(left), right = json_next(right)) {
        char *a = json_text_or_number(json_member(left, "uuid")), *b = json_text_or_number(json_member(right, "uuid"));
        same = strcmp(str_or_empty(a), str_or_empty(b)) == 0;
        free(a);
        free(b);
    }
    return same;
}

/* A page came again. Either the list has ended, or the API ignores the offset and hides all further rows: then the
 * second row of the list cannot be asked for. */
static int check_offset(const struct reading *reading, struct err *err)
{
    struct pbx_page second, top;
    int result = get(reading->pages, reading->window, reading->pages->page_size, 1, &second, err);
    if (result == 0) {
        result = get(reading->pages, reading->window, reading->pages->page_size, 0, &top, err);
        if (result == 0 && top.count > 1 && is_same(&second, &top))
            result = err_set(err, EX_UNAVAILABLE, "the PBX's API ignores the offset of pages, so further calls "
                             "cannot be read; ask the PBX's provider");
        pbx_page_clear(&top);
    }
    pbx_page_clear(&second);
    return result;
}

/* Whether the list ends with this page. Returns 1: it does, 0: it goes on, -1: it cannot be complete. */
static int is_end(struct reading *reading, const struct pbx_page *page, struct err *err)
{
    bool is_repeated = false;
    if (page->count == 0) {
        if (page->total > reading->offset)
            return err_set(err, EX_UNAVAILABLE, "the PBX's API counts %" PRId64 " calls but lists none behind the "
                                                                                "first %"
                           PRId64 "; runs ask again, and no call is lost", page->total, reading->offset);
        return 1;
    }
    char *uuid = first_uuid(page);
    is_repeated = reading->page_first != NULL && strcmp(uuid, reading->page_first) == 0;
    free(reading->page_first);
    reading->page_first = uuid;
    /* Once may be chance: as many new calls as a page has came meanwhile. */
    reading->repeats = is_repeated ? reading->repeats + 1 : 0;
    if (reading->repeats < 2)
        return 0;
    return check_offset(reading, err) != 0 ? -1 : 1;
}

/* Where the next page begins. It repeats some rows, because rows that vanish meanwhile shift the list to the front. */
static int64_t next_offset(const struct reading *reading, const struct pbx_page *page)
{
    int64_t count = (int64_t)page->count, end = reading->offset + count;
    int64_t overlap = reading->pages->overlap < count / 2 ? reading->pages->overlap : count / 2;
    if (page->next_offset > reading->offset && page->next_offset < end)
        return page->next_offset;
    bool is_last = reading->fresh == 0 || (page->total >= 0 && end >= page->total);
    return is_last ? end : end - overlap;
}

/* Whether the API counts no further row. Its offset may have been ignored, so the rows count, not the offset. */
static bool is_whole(const struct reading *reading, const struct pbx_page *page)
{
    return page->total >= 0 && reading->offset >= page->total && reading->taken >= page->total;
}

/* Whether the rest of the list is known to an earlier run. Keeps the anchors of this page for a later one. */
static bool is_known(struct reading *reading, const struct pbx_page *page)
{
    const struct pbx_window *window = reading->window;
    pbx_known_add(&reading->known, page, reading->offset);
    reading->is_known = window->known != NULL && window->known->list == reading->list &&
                        pbx_known_is_met(window->known, page, reading->offset);
    return reading->is_known;
}

static void tell_known(const struct reading *reading)
{
    struct pbx_known *out = reading->window->ret_known;
    if (out == NULL)
        return;
    struct pbx_known known = reading->known;
    if (reading->is_known)
        pbx_known_inherit(&known, reading->window->known, reading->before.total);
    pbx_known_drop(&known, reading->unsettled);
    memcpy(out->anchors, known.anchors, sizeof known.anchors);
    out->count = known.count;
    out->list = reading->list;
}

/* Reads one page. Returns 0: there may be more, 1: the callback ended it, 2: the window was read, -1: failed. */
static int read_page(struct reading *reading, struct err *err)
{
    const struct pbx_window *window = reading->window;
    struct pbx_page page;
    int64_t limit = window->limit > 0 ? window->limit : reading->pages->page_size;
    int result = get(reading->pages, window, limit, reading->offset, &page, err);
    if (result == 0)
        result = is_end(reading, &page, err);
    if (result == 1)
        result = 2;
    else if (result == 0)
        result = take_rows(reading, &page, err);
    if (result == 0 && is_known(reading, &page))
        result = 2;
    if (result == 0) {
        reading->offset = next_offset(reading, &page);
        if (is_past(reading, &page) || is_whole(reading, &page))
            result = 2;
        else if (window->limit > 0)
            result = 1;
    }
    pbx_page_clear(&reading->before);
    reading->before = page;
    return result;
}

int pbx_pages_read(struct pbx_pages *pages, const struct pbx_window *window, pbx_on_row *on_row, pbx_on_page *on_page,
                   void *context, struct err *err)
{
    struct reading reading = { .pages = pages, .window = window, .on_row = on_row, .context = context,
                               .unsettled = -1, .list = hash_of_list(pages, window) };
    int result = 0;
    for (int64_t count = 0; result == 0; count++) {
        if (count == MAX_PAGES)
            result = err_set(err, EX_UNAVAILABLE, "the PBX's API lists more than %d pages; set a larger page_size "
                             "under [source]", MAX_PAGES);
        else
            result = read_page(&reading, err);
        if (result == 0 && on_page != NULL)
            result = on_page(context, err);
    }
    if (result == 2 && judge_unreadable_rows(&reading, err) != 0)
        result = -1;
    if (result == 2)
        tell_known(&reading);
    pbx_page_clear(&reading.before);
    free(reading.page_first);
    return result == 2 ? 0 : result;
}
