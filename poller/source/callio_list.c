/* callio_list: reads all documents of a list of Callio's API within a window of time. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "source/api_seen.h"
#include "source/api_value.h"
#include "source/callio_list.h"
#include "source/callio_page.h"

/* The API refuses to page further back. */
#define MOST_DOCS 10000

/* A list without a window has no count that limits its pages. */
#define MOST_PAGES 5000

/* A list that moves is read so often. */
#define PASSES 3

/* The reading of one window. */
struct reading {
    const struct callio_list *list;
    int64_t from_ms, to_ms;
    struct api_seen seen;
    int64_t total;   /* as the first page of this pass counts; -1: it does not */
    bool has_moved;  /* another page of this pass counts differently */
    int64_t pages;   /* of this pass */
    int64_t without_id;
    callio_on_doc *on_doc;
    void *context;
};

enum pass { PASS_READ, PASS_TOO_MANY };

/* ---- pages ---- */

static int get_page(const struct callio_list *list, const char *target, int64_t number, bool *ret_too_many,
                    struct callio_page *ret_page, struct err *err)
{
    enum callio_answer answer = CALLIO_READ;
    struct json *json = NULL;
    const char *secrets[API_WORDS_SECRETS];
    *ret_page = (struct callio_page){ .json = NULL };
    if (callio_client_get(list->client, list->tenant, target, &answer, &json, err) != 0)
        return -1;
    *ret_too_many = answer == CALLIO_TOO_MANY;
    if (answer == CALLIO_NOT_THERE)
        return err_set(err, EX_CONFIG, "%s does not exist at %s (HTTP 404); correct url under [source]", list->path,
                       callio_client_address(list->client));
    callio_client_secrets(list->tenant, secrets);
    return answer == CALLIO_READ ? callio_page_read(json, number, secrets, ret_page, err) : 0;
}

static int get(const struct callio_list *list, int64_t from_ms, int64_t to_ms, int64_t number, int64_t page_size,
               bool *ret_too_many, struct callio_page *ret_page, struct err *err)
{
    char *target = NULL;
    if (list->from != NULL)
        target = mem_format("%s?page=%" PRId64 "&pageSize=%" PRId64 "&sort=%sDESC&%s=%" PRId64 "&%s=%" PRId64,
                            list->path, number, page_size, list->time, list->from, from_ms, list->to, to_ms);
    else
        target = mem_format("%s?page=%" PRId64 "&pageSize=%" PRId64, list->path, number, page_size);
    int result = get_page(list, target, number, ret_too_many, ret_page, err);
    free(target);
    return result;
}

/* Some other clients found that a list may ignore a parameter; then its pages have other documents alone. */
static int fail_ignored(const struct reading *reading, int64_t time_ms, struct err *err)
{
    char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE], time[CLOCK_TEXT_SIZE];
    if (reading->list->ret_ignored != NULL)
        *reading->list->ret_ignored = true;
    return err_set(err, EX_CONFIG, "Callio's API lists %s of %s, but %s to %s was asked for: it ignores %s and %s; ask "
                   "Callio", reading->list->path, clock_local(time_ms / 1000, time, sizeof time),
                   clock_local(reading->from_ms / 1000, from, sizeof from),
                   clock_local(reading->to_ms / 1000, to, sizeof to), reading->list->from, reading->list->to);
}

static int take_docs(struct reading *reading, const struct callio_page *page, bool *ret_fresh, struct err *err)
{
    const struct callio_list *list = reading->list;
    int64_t inside = 0, outside = 0, outside_ms = 0;
    int result = 0;
    *ret_fresh = false;
    for (const struct json *doc = page->first; result == 0 && doc != NULL; doc = json_next(doc)) {
        char *id = api_value_text(doc, "_id");
        int64_t time_ms = api_value_number(doc, list->time, -1);
        bool is_outside = list->from != NULL && time_ms >= 0 &&
                          (time_ms < reading->from_ms - 1 || time_ms > reading->to_ms + 1);
        inside += is_outside ? 0 : 1;
        outside += is_outside ? 1 : 0;
        outside_ms = is_outside ? time_ms : outside_ms;
        if (id == NULL) {
            reading->without_id++;
        } else {
            *ret_fresh = api_seen_add(&reading->seen, id) || *ret_fresh;
            result = reading->on_doc(reading->context, id, doc, err);
        }
        free(id);
    }
    return result == 0 && outside > 0 && inside == 0 ? fail_ignored(reading, outside_ms, err) : result;
}

/* ---- passes ---- */

/* Exactly 10,000 may mean more. */
static bool is_too_large(const struct reading *reading, int64_t total)
{
    return reading->list->from != NULL && total >= MOST_DOCS;
}

static bool may_ask(const struct reading *reading, const struct callio_page *last, int64_t number)
{
    int64_t size = last->limit > 0 ? last->limit : reading->list->page_size;
    return reading->list->from != NULL ? number * size <= MOST_DOCS : number <= MOST_PAGES;
}

/* Reads one page. *ret_more: there may be a further one. */
static int read_page(struct reading *reading, int64_t number, enum pass *ret_pass, bool *ret_more, struct err *err)
{
    bool too_many = false, fresh = false;
    struct callio_page page;
    int result = get(reading->list, reading->from_ms, reading->to_ms, number, reading->list->page_size, &too_many,
                     &page, err);
    *ret_more = false;
    if (result == 0 && number == 1)
        reading->total = page.total;
    if (result == 0 && (too_many || is_too_large(reading, page.total))) {
        *ret_pass = PASS_TOO_MANY;
    } else if (result == 0) {
        reading->has_moved = reading->has_moved || page.total != reading->total;
        reading->pages++;
        result = take_docs(reading, &page, &fresh, err);
        *ret_more = !page.is_last && fresh; /* a list that ignores the number repeats its page for ever */
        if (*ret_more && !may_ask(reading, &page, number + 1)) {
            *ret_pass = PASS_TOO_MANY;
            *ret_more = false;
        }
    }
    callio_page_clear(&page);
    return result;
}

static int read_pass(struct reading *reading, enum pass *ret_pass, struct err *err)
{
    bool more = true;
    int result = 0;
    *ret_pass = PASS_READ;
    reading->has_moved = false;
    reading->pages = reading->without_id = 0;
    api_seen_begin(&reading->seen);
    for (int64_t number = 1; result == 0 && more; number++)
        result = read_page(reading, number, ret_pass, &more, err);
    return result;
}

/* Whether the passes so far have read every document. */
static bool is_complete(const struct reading *reading, int passes)
{
    const struct api_seen *seen = &reading->seen;
    if (reading->total >= 0 && !reading->has_moved && seen->of_pass + reading->without_id == reading->total)
        return true;
    if (reading->pages == 1 && reading->total < 0)
        return true;
    return passes > 1 && seen->new_of_pass == 0; /* the count may be wrong */
}

static int read_whole(struct reading *reading, enum pass *ret_pass, struct err *err)
{
    for (int passes = 1; passes <= PASSES; passes++) {
        if (read_pass(reading, ret_pass, err) != 0)
            return -1;
        if (*ret_pass == PASS_TOO_MANY)
            return 0;
        if (!is_complete(reading, passes))
            continue;
        if (reading->without_id > 0)
            log_warn("%" PRId64 " documents of Callio's list %s have no _id and are skipped; ask Callio",
                     reading->without_id, reading->list->path);
        return 0;
    }
    *ret_pass = PASS_TOO_MANY;
    return 0;
}

static int fail_too_many(const struct reading *reading, struct err *err)
{
    char when[CLOCK_TEXT_SIZE];
    const struct callio_list *list = reading->list;
    if (list->from == NULL)
        return err_set(err, EX_UNAVAILABLE, "Callio's list %s of the tenant %s changes while it is read; the next run "
                       "reads it again", list->path, list->tenant->name);
    return err_set(err, EX_UNAVAILABLE, "Callio's list %s of the tenant %s has more documents in one millisecond (%"
                   PRId64 ", %s) than can be read; ask Callio", list->path, list->tenant->name, reading->from_ms,
                   clock_local(reading->from_ms / 1000, when, sizeof when));
}

static int read_by_number(const struct callio_list *list, int64_t from_ms, int64_t to_ms, callio_on_doc *on_doc,
                          void *context, struct err *err)
{
    struct reading reading = { .list = list, .from_ms = from_ms, .to_ms = to_ms, .on_doc = on_doc,
                               .context = context };
    enum pass pass = PASS_READ;
    int result = read_whole(&reading, &pass, err);
    api_seen_clear(&reading.seen);
    return result == 0 && pass == PASS_TOO_MANY ? fail_too_many(&reading, err) : result;
}

/* ---- in halves ---- */

/* The window had documents a moment ago. An API may answer with an empty list when its search fails. Without this error
 * the run would skip the window's calls. */
static int fail_empty(const struct reading *reading, struct err *err)
{
    char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE];
    return err_set(err, EX_UNAVAILABLE, "Callio's list %s of the tenant %s from %s to %s had documents a moment ago, "
                   "and has none now; runs ask again, and no call is lost", reading->list->path,
                   reading->list->tenant->name, clock_local(reading->from_ms / 1000, from, sizeof from),
                   clock_local(reading->to_ms / 1000, to, sizeof to));
}

/* Reads the first page of a window. *ret_is_whole: it has no other page. */
static int read_first(struct reading *reading, bool *ret_is_whole, bool *ret_has_docs, struct err *err)
{
    struct callio_page page;
    bool too_many = false, fresh = false;
    int result = get(reading->list, reading->from_ms, reading->to_ms, 1, reading->list->page_size, &too_many, &page,
                     err);
    if (result == 0)
        result = take_docs(reading, &page, &fresh, err);
    *ret_is_whole = page.is_last && (page.total < 0 || page.total <= (int64_t)page.count);
    *ret_has_docs = page.count > 0;
    callio_page_clear(&page);
    return result;
}

/* Reads a window in parts of one page each: one page cannot move. *ret_has_docs: the window had documents. */
static int read_in_halves(struct reading *reading, bool *ret_has_docs, struct err *err)
{
    struct reading part = { .list = reading->list, .on_doc = reading->on_doc, .context = reading->context };
    int64_t middle = reading->from_ms + (reading->to_ms - reading->from_ms) / 2;
    bool is_whole = false, has_docs[2] = { true, true };
    *ret_has_docs = true;
    if (part.list->from == NULL || reading->from_ms >= reading->to_ms)
        return read_by_number(part.list, reading->from_ms, reading->to_ms, part.on_doc, part.context, err);
    int result = read_first(reading, &is_whole, ret_has_docs, err);
    api_seen_clear(&reading->seen);
    for (int half = 0; result == 0 && !is_whole && half < 2; half++) {
        part.from_ms = half == 0 ? reading->from_ms : middle + 1;
        part.to_ms = half == 0 ? middle : reading->to_ms;
        result = read_in_halves(&part, &has_docs[half], err);
    }
    return result == 0 && *ret_has_docs && !has_docs[0] && !has_docs[1] ? fail_empty(reading, err) : result;
}

/* ---- by time ---- */

/* Whether the page has the newest documents first. *ret_oldest_ms: the time of the last one. */
static bool is_in_order(const struct callio_list *list, const struct callio_page *page, int64_t *ret_oldest_ms)
{
    *ret_oldest_ms = INT64_MAX;
    for (const struct json *doc = page->first; doc != NULL; doc = json_next(doc)) {
        int64_t time_ms = api_value_number(doc, list->time, -1);
        if (time_ms < 0 || time_ms > *ret_oldest_ms)
            return false;
        *ret_oldest_ms = time_ms;
    }
    return page->count > 0;
}

enum step { STEP_GO_ON, STEP_DONE, STEP_IN_HALVES };

/* Reads the newest page of the window, and makes the window end where the page ends: there it goes on. The end is a
 * millisecond later, as the API may leave out the end itself. */
static int read_newest(struct reading *reading, enum step *ret_step, struct err *err)
{
    bool is_continued = reading->pages++ > 0;
    const struct callio_list *list = reading->list;
    struct callio_page page;
    bool too_many = false, fresh = false;
    int64_t oldest_ms = 0;
    int result = get(list, reading->from_ms, reading->to_ms, 1, list->page_size, &too_many, &page, err);
    if (result == 0)
        result = take_docs(reading, &page, &fresh, err);
    if (result == 0 && is_continued && page.count == 0 && reading->from_ms < reading->to_ms)
        result = fail_empty(reading, err);
    bool has_next = result == 0 && !page.is_last && is_in_order(list, &page, &oldest_ms);
    if (page.is_last) /* also if it counts more: a document that is counted and never listed must not end the reading */
        *ret_step = STEP_DONE;
    else
        *ret_step = has_next && oldest_ms + 1 < reading->to_ms ? STEP_GO_ON : STEP_IN_HALVES;
    if (*ret_step == STEP_GO_ON)
        reading->to_ms = oldest_ms + 1;
    callio_page_clear(&page);
    return result;
}

int callio_list_read(const struct callio_list *list, int64_t from_ms, int64_t to_ms, callio_on_doc *on_doc,
                     void *context, struct err *err)
{
    struct reading reading = { .list = list, .from_ms = from_ms, .to_ms = to_ms, .on_doc = on_doc,
                               .context = context };
    enum step step = list->from != NULL ? STEP_GO_ON : STEP_IN_HALVES;
    int result = 0;
    while (result == 0 && step == STEP_GO_ON) {
        result = read_newest(&reading, &step, err);
        api_seen_clear(&reading.seen);
    }
    if (result == 0 && reading.without_id > 0)
        log_warn("%" PRId64 " documents of Callio's list %s have no _id and are skipped; ask Callio",
                 reading.without_id, list->path);
    bool has_docs = true;
    if (result == 0 && step == STEP_IN_HALVES)
        result = read_in_halves(&reading, &has_docs, err);
    return result == 0 && !has_docs ? fail_empty(&reading, err) : result; /* its newest page had some */
}

int callio_list_count(const struct callio_list *list, int64_t from_ms, int64_t to_ms, int64_t *ret_count,
                      struct err *err)
{
    struct callio_page page;
    bool too_many = false;
    int result = get(list, from_ms, to_ms, 1, 1, &too_many, &page, err);
    *ret_count = page.total;
    callio_page_clear(&page);
    return result;
}
