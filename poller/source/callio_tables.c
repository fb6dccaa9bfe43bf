/* callio_tables: copies the customers, the staff and the groups of all tenants of Callio. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/json_writer.h"
#include "source/api_stage.h"
#include "source/api_value.h"
#include "source/callio_person.h"
#include "source/callio_tables.h"

#define DAY_MS INT64_C(86400000)

/* Days without a change are read in stretches of at most this length. */
#define MOST_SPAN_MS (32 * DAY_MS)

/* So many rows are written at once, unless the store takes more. */
#define LOAD_ROWS 500

/* One table of one tenant at work. */
struct copying {
    const struct callio_tables *tables;
    const struct table_store *store;
    const struct table *table;
    struct callio_tenant *tenant;
    struct api_stage *stage;
    struct json_writer rows; /* of this load: a JSON list without its end; no text: none yet */
    size_t count;
    int64_t newest_ms;
    int64_t read;     /* documents so far: the later one of two is the newer */
    int64_t latest_ms; /* the newest change of them */
    bool is_cut;      /* the time was over before all customers were read */
    bool replaces;
};

/* ---- writing ---- */

static void forget_rows(struct copying *copying)
{
    free(copying->rows.text);
    copying->rows = (struct json_writer){ .length = 0 };
    copying->count = 0;
    copying->newest_ms = 0;
}

static int load(struct copying *copying, struct err *err)
{
    json_writer_put(&copying->rows, copying->count > 0 ? "]" : "[]");
    const struct table_load load = { .table = copying->table, .tenant = copying->tenant->name,
                                     .rows = copying->rows.text,
                                     .count = copying->count,
                                     .newest_ms = copying->replaces ? copying->latest_ms : copying->newest_ms,
                                     .replaces = copying->replaces };
    int result = copying->store->load(copying->store->context, &load, err);
    forget_rows(copying);
    return result;
}

/* The rows come in the order of their changes. So what is loaded has all changes up to the newest one. */
static int add_row(void *context, const char *id, const char *body, struct err *err)
{
    struct copying *copying = context;
    struct json *row = json_parse(body);
    int64_t updated_ms = api_value_number(row, "updateTime", 0);
    (void)id;
    json_free(row);
    size_t most = copying->store->rows > 0 ? copying->store->rows : LOAD_ROWS;
    json_writer_put(&copying->rows, copying->count++ > 0 ? "," : "[");
    json_writer_put(&copying->rows, body);
    if (updated_ms > copying->newest_ms)
        copying->newest_ms = updated_ms;
    return copying->count >= most && !copying->replaces ? load(copying, err) : 0;
}

static int load_rest(struct copying *copying, struct err *err)
{
    return copying->count > 0 || copying->replaces ? load(copying, err) : 0;
}

static int load_all(struct copying *copying, struct err *err)
{
    int result = api_stage_empty(copying->stage, add_row, copying, err);
    return result == 0 ? load_rest(copying, err) : result;
}

/* A store that takes many rows at once waits for those of further days. */
static int load_day(struct copying *copying, struct err *err)
{
    return copying->store->rows > 0 ? api_stage_empty(copying->stage, add_row, copying, err) : load_all(copying, err);
}

/* ---- reading ---- */

static bool is_over(const struct table_store *store)
{
    return store->next != NULL && clock_mono_ms() >= store->until_ms;
}

/* The stage may be written to a file, where a user's extPassword must not be: so it has rows, not documents. */
static int keep(void *context, const char *id, const struct json *doc, struct err *err)
{
    struct copying *copying = context;
    int64_t updated_ms = 0;
    char *row = callio_person_row(copying->table, copying->tenant->name, id, doc, &updated_ms);
    const struct api_staged staged = { .id = id, .body = row, .began = updated_ms, .rank = ++copying->read };
    if (updated_ms > copying->latest_ms)
        copying->latest_ms = updated_ms;
    int result = api_stage_add(copying->stage, &staged, err);
    free(row);
    return result;
}

static struct callio_list list_of(const struct copying *copying, const char *path)
{
    return (struct callio_list){ .client = copying->tables->client, .tenant = copying->tenant, .path = path,
                                 .time = "updateTime", .page_size = copying->tables->page_size };
}

static int copy_whole(struct copying *copying, const char *path, struct err *err)
{
    const struct callio_list list = list_of(copying, path);
    int result = callio_list_read(&list, 0, 0, keep, copying, err);
    return result == 0 ? load_all(copying, err) : result;
}

/* The API does not choose by the time of a change: so all customers are read, by when they were made. */
static int copy_all_customers(struct copying *copying, int64_t now_ms, struct err *err)
{
    struct callio_list list = list_of(copying, "/customer");
    list.time = "createTime";
    list.from = "from";
    list.to = "to";
    int result = callio_list_read(&list, 0, now_ms, keep, copying, err);
    return result == 0 ? load_all(copying, err) : result;
}

/* How long the next stretch of changes may be. The newest customer of a tenant that nobody uses any more may be years
 * old, and each copying begins there: a request for each of the days would be hundreds. */
static int64_t next_span(int64_t span_ms, bool was_empty)
{
    if (!was_empty)
        return DAY_MS;
    return span_ms < MOST_SPAN_MS ? 2 * span_ms : span_ms;
}

/* Reads the changes day by day, so that a first load of many days can end early: what was read before a failure is
 * loaded. */
static int copy_customers(struct copying *copying, struct err *err)
{
    struct callio_list list = list_of(copying, "/customer");
    struct err failure = { .code = EX_OK };
    bool is_ignored = false;
    int64_t now_ms = clock_now_epoch() * 1000 + 999, newest_ms = 0;
    list.from = "fromUpdateTime";
    list.to = "toUpdateTime";
    list.ret_ignored = &is_ignored;
    int result = copying->store->newest(copying->store->context, copying->table, copying->tenant->name, &newest_ms,
                                        err);
    if (newest_ms > now_ms) /* a wrong clock's time must not hide the changes until then */
        newest_ms = now_ms;
    int64_t from_ms = newest_ms > 0 ? newest_ms - copying->tables->overlap_ms
                                    : now_ms - copying->tables->first_days * DAY_MS;
    for (int64_t span_ms = DAY_MS; result == 0 && from_ms <= now_ms && !copying->is_cut;) {
        int64_t to_ms = from_ms + span_ms < now_ms ? from_ms + span_ms : now_ms, read = copying->read;
        result = callio_list_read(&list, from_ms, to_ms, keep, copying, &failure);
        span_ms = next_span(span_ms, copying->read == read);
        if (is_ignored)
            return copy_all_customers(copying, now_ms, err);
        if (result != 0) {
            struct err second; /* the first failure is the one to report */
            (void)load_rest(copying, &second);
            return err_set(err, failure.code, "%s", failure.message);
        }
        result = load_day(copying, err);
        from_ms = to_ms + 1;
        /* The next run begins at the newest customer: without a newer one it would read the same days. */
        copying->is_cut = from_ms <= now_ms && copying->latest_ms > newest_ms && is_over(copying->store);
    }
    return result == 0 ? load_rest(copying, err) : result;
}

/* ---- tenants ---- */

static int copy_table(struct copying *copying, const struct table *table, struct err *err)
{
    copying->table = table;
    copying->replaces = table == &callio_person_groups;
    int result = api_stage_open("a temporary file for Callio's list", &copying->stage, err);
    if (result == 0 && table == &callio_person_customers)
        result = copy_customers(copying, err);
    else if (result == 0)
        result = copy_whole(copying, table == &callio_person_staff ? "/user" : "/user-group", err);
    api_stage_close(copying->stage);
    copying->stage = NULL;
    forget_rows(copying);
    return result;
}

/* The tables of a tenant, in the order in which they are copied. */
static const struct {
    const struct table *table;
    enum table_jobs job;
} parts[] = {
    { &callio_person_groups, TABLE_STAFF },
    { &callio_person_staff, TABLE_STAFF },
    { &callio_person_customers, TABLE_CUSTOMERS },
};
#define PARTS ((int64_t)(sizeof parts / sizeof parts[0]))

/* An account may have no right to one of the tables, so a failure does not keep the others. */
int callio_tables_copy(const struct callio_tables *tables, unsigned jobs, const struct table_store *store,
                       struct err *err)
{
    struct err first = { .code = EX_OK }, failure;
    int64_t count = (int64_t)tables->tenants->count * PARTS;
    int64_t begin = store->next != NULL && *store->next > 0 && *store->next < count ? *store->next : 0, at = begin;
    bool is_cut = false;
    while (at < count && !is_cut && !interrupt_requested() && (at == begin || !is_over(store))) {
        struct copying copying = { .tables = tables, .store = store, .tenant = &tables->tenants->items[at / PARTS] };
        int result = (jobs & (unsigned)parts[at % PARTS].job) != 0
                         ? copy_table(&copying, parts[at % PARTS].table, &failure) : 0;
        if (result != 0 && first.code == EX_OK)
            first = failure;
        is_cut = result == 0 && copying.is_cut;
        if (!is_cut)
            at++;
    }
    if (store->next != NULL)
        *store->next = at < count ? at : 0;
    return first.code == EX_OK ? 0 : err_set(err, first.code, "%s", first.message);
}
