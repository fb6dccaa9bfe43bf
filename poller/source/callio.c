/* callio: the source `callio`, the calls of one or more tenants of Callio (phonenet) over its API. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "source/callio.h"
#include "source/callio_check.h"
#include "source/callio_fetch.h"
#include "source/callio_row.h"
#include "source/callio_settings.h"
#include "source/callio_tables.h"

/* Calls are found by when they began; longer ones are not looked for. */
#define LONGEST_SEC (6 * 3600)

/* A part of the sweep takes several requests of each tenant. */
#define SWEEP_REST_SEC 1800

/* Each call costs a request, and one that fails is tried again after seconds. */
#define FETCH_MOST 5

static void close_callio(void *state)
{
    struct callio_scan *scan = state;
    callio_client_close(scan->client);
    callio_accounts_free(&scan->tenants);
    free(scan);
}

static int open_callio(const struct source_settings *settings, void **ret_state, struct err *err)
{
    struct callio_scan *scan = mem_zero(1, sizeof *scan);
    struct callio_place place = { .url = NULL };
    if (callio_settings_read(settings->params, &place, scan, err) != 0) {
        close_callio(scan);
        return -1;
    }
    scan->client = callio_client_open(&place);
    *ret_state = scan;
    return 0;
}

/* There are no tables; the first request shows whether the API answers. */
static int inspect(void *state, struct err *err)
{
    (void)state;
    (void)err;
    return 0;
}

/* Calls are compared with this host's clock: an answer's Date may come from a proxy. */
static int now(void *state, int64_t *ret_epoch, struct err *err)
{
    (void)state;
    (void)err;
    *ret_epoch = clock_now_epoch();
    return 0;
}

static int scan_calls(void *state, const struct source_range *range, source_on_call *on_call, source_on_slice *on_slice,
                      void *context, struct err *err)
{
    return range->table == SOURCE_ARCHIVE ? 0 : callio_scan_run(state, range, on_call, on_slice, context, err);
}

static int fetch(void *state, enum source_table table, const char *const *ids, size_t count, source_on_call *on_call,
                 void *context, struct err *err)
{
    return table == SOURCE_ARCHIVE ? 0 : callio_fetch_run(state, ids, count, on_call, context, err);
}

/* Callio has no archive. But a call whose tenant cannot be asked is not known to be gone, as with an archive that
 * cannot be read. */
static int inspect_archive(void *state, bool *ret_usable, struct err *err)
{
    (void)state;
    (void)err;
    *ret_usable = false;
    return 0;
}

static const char *archive_problem(const void *state)
{
    const struct callio_scan *scan = state;
    return scan->lost;
}

static int copy_tables(void *state, unsigned jobs, const struct table_store *store, struct err *err)
{
    struct callio_scan *scan = state;
    const struct callio_tables tables = { .client = scan->client, .tenants = &scan->tenants,
                                          .page_size = scan->page_size, .overlap_ms = scan->overlap_ms,
                                          .first_days = scan->first_days };
    return callio_tables_copy(&tables, jobs, store, err);
}

static void check(void *state, source_on_finding *on_finding, void *context)
{
    callio_check_run(state, on_finding, context);
}

static struct source_effort effort(void *state)
{
    const struct callio_scan *scan = state;
    return callio_client_effort(scan->client);
}

static int64_t most_found(const void *state)
{
    const struct callio_scan *scan = state;
    return scan->limit > 0 ? scan->limit : INT64_MAX;
}

const struct source_ops callio_source = {
    .type = "callio",
    .shape = &callio_row_shape,
    .title = "Callio's API",
    .places = { "Callio's list of calls", "" },
    .params = callio_settings_params,
    .dispositions = callio_row_dispositions,
    .longest_sec = LONGEST_SEC,
    .after_end_sec = CALLIO_AFTER_END_SEC,
    .most_found_setting = "limit_records",
    .sweep_rest_sec = SWEEP_REST_SEC,
    .read_environment = callio_settings_from_environment,
    .open = open_callio,
    .inspect = inspect,
    .now = now,
    .scan = scan_calls,
    .fetch = fetch,
    .fetch_most = FETCH_MOST,
    .close = close_callio,
    .check = check,
    .copy_tables = copy_tables,
    .effort = effort,
    .most_found = most_found,
    .inspect_archive = inspect_archive,
    .archive_problem = archive_problem,
};
