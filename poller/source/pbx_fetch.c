/* pbx_fetch: reads calls of a hosted PBX by their ids. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "source/pbx_fetch.h"
#include "source/pbx_stage.h"

#define DAY 86400

/* Ids made within this time are read together. */
#define TOGETHER_SEC 3600

/* The id is made when the call begins; the clocks of the PBX's hosts differ. First the window is narrow ... */
#define NARROW_SEC 600

/* ... and then so wide that a call that is not there does not exist. */
#define WIDE_SEC DAY

/* An id that tells no time is looked for this far back. */
#define LAST_DAYS_SEC (3 * DAY)

/* A call to fetch. */
struct wanted {
    const char *id;
    int64_t made; /* epoch; 0: the id does not tell */
    bool found;
};

/* Ids that are looked for together. */
struct search {
    struct pbx_rules rules;
    struct api_stage *stage;
    struct wanted *wanted;
    size_t count, missing;
    source_on_call *on_call;
    void *context;
};

static int compare_wanted(const void *left, const void *right)
{
    const struct wanted *a = left, *b = right;
    return a->made < b->made ? -1 : a->made > b->made;
}

static struct wanted *find_wanted(const struct search *search, const struct pbx_row *row)
{
    for (size_t i = 0; i < search->count; i++)
        if (!search->wanted[i].found && strcmp(search->wanted[i].id, row->text[PBX_UUID]) == 0)
            return &search->wanted[i];
    return NULL;
}

/* The list may have another row with this uuid, so the window is read to its end. */
static int on_row(void *context, const struct pbx_row *row, struct err *err)
{
    struct search *search = context;
    return find_wanted(search, row) != NULL ? pbx_stage_add(search->stage, row, err) : 0;
}

static int hand_out(void *context, const struct pbx_row *row, struct err *err)
{
    struct search *search = context;
    struct pbx_call made;
    pbx_row_call(row, &search->rules, &made);
    for (struct wanted *wanted = find_wanted(search, row); wanted != NULL; wanted = find_wanted(search, row)) {
        wanted->found = true;
        search->missing--;
        if (search->on_call(search->context, &made.call, err) != 0)
            return -1;
    }
    return 0;
}

static int read_window(struct pbx_scan *scan, struct search *search, int64_t from, int64_t to, struct err *err)
{
    const struct pbx_window window = { .from = from, .to = to };
    search->missing = 0;
    for (size_t i = 0; i < search->count; i++)
        search->missing += search->wanted[i].found ? 0 : 1;
    if (search->missing == 0)
        return 0;
    int result = pbx_pages_read(&scan->pages, &window, on_row, NULL, search, err);
    return result == 0 ? pbx_stage_empty(search->stage, scan->pages.zone, hand_out, search, err) : result;
}

/* Reads ids that were made at about the same time. A call that is not there now is gone: every day that it may be in
 * was read to its end. The last days are read too, in case the id was not made when the call was. */
static int read_together(struct pbx_scan *scan, struct search *search, struct err *err)
{
    int64_t first = search->wanted[0].made, last = search->wanted[search->count - 1].made;
    int64_t now = search->rules.now, skipped = scan->pages.skipped;
    if (last != 0 && (read_window(scan, search, first - NARROW_SEC, last + NARROW_SEC, err) < 0 ||
                      read_window(scan, search, first - WIDE_SEC, last + WIDE_SEC, err) < 0))
        return -1;
    if (read_window(scan, search, now - LAST_DAYS_SEC, now, err) < 0)
        return -1;
    if (search->missing > 0 && scan->pages.skipped > skipped)
        (void)snprintf(scan->lost, sizeof scan->lost, "%zu calls are not in the list, but it has rows that could not "
                       "be read; the log names one; ask the PBX's provider", search->missing);
    else if (search->missing > 0 && last == 0)
        (void)snprintf(scan->lost, sizeof scan->lost, "%zu ids are no version-1 UUIDs and are not in the last %d "
                       "days, so it is not known when these calls were made; `backfill` reads other days",
                       search->missing,
                       LAST_DAYS_SEC / DAY);
    return 0;
}

int pbx_fetch_run(struct pbx_scan *scan, const char *const *ids, size_t count, source_on_call *on_call, void *context,
                  struct err *err)
{
    struct wanted *wanted = mem_zero(count + 1, sizeof *wanted);
    struct api_stage *stage = NULL;
    int result = pbx_stage_open(&stage, err);
    *scan->lost = '\0';
    for (size_t i = 0; i < count; i++)
        wanted[i] = (struct wanted){ .id = ids[i], .made = pbx_time_of_uuid(ids[i]) };
    qsort(wanted, count, sizeof *wanted, compare_wanted);
    for (size_t done = 0, part = 0; result == 0 && done < count; done += part) {
        part = 1;
        while (done + part < count && wanted[done + part].made - wanted[done + part - 1].made <= TOGETHER_SEC)
            part++;
        struct search search = { .stage = stage, .wanted = wanted + done, .count = part, .on_call = on_call,
                                 .context = context };
        search.rules = (struct pbx_rules){ .zone = scan->pages.zone, .campaign = scan->campaign,
                                           .now = clock_now_epoch() };
        result = read_together(scan, &search, err);
    }
    api_stage_close(stage);
    free(wanted);
    return result;
}
