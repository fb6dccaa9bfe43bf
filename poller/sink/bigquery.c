/* bigquery: the sink `bigquery`, which loads calls into a table of Google BigQuery.
 *
 * BigQuery limits the load jobs of a day, so a batch has many calls, and batches are load_interval apart. Until then
 * calls are pending in the ledger. The order of durable steps is:
 *
 *   1. bigquery.state notes the batch: its digest and time, which name its jobs. So if the run ends here, the repeated
 *      batch has the same jobs, and BigQuery recognizes them. Another batch looks for its rows on every day.
 *   2. One load job fills the batch's own staging table.
 *   3. MERGE makes or changes one row a call. Only now the calls are accepted.
 *   4. The ledger has the outcomes (the engine).
 *   5. bigquery.state notes that no outcome is open.
 *
 * A run and a backfill of one profile load in turn, because each has the lock while it loads. Both read
 * bigquery.state before, so each waits for a job that the other one left. The file may be lost or come from a
 * backup, or another host of a cluster has its own one. So a run also asks BigQuery for the running jobs of its
 * route, and waits for them. If BigQuery has jobs of later batches than the file, or the file is old, a batch is
 * looked for on every day. Two profiles have two such files, and their jobs may run at the same time. They may share
 * a table if their tenants or sources differ: no call is of both. If BigQuery ends one of two such MERGEs
 * ("concurrent update"), the next run repeats that. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "sink/bigquery.h"
#include "sink/bigquery_api.h"
#include "sink/bigquery_batch.h"
#include "sink/bigquery_columns.h"
#include "sink/bigquery_copy.h"
#include "sink/bigquery_log.h"
#include "sink/bigquery_report.h"
#include "sink/bigquery_state.h"
#include "sink/bigquery_tables.h"
#include "sink/bigquery_verdict.h"

/* The calls of a batch: at most three load jobs for 100,000 calls, and some 120 MB of memory. */
#define BATCH 50000

/* Rows of a table beside the calls: about 20 MB of memory. */
#define TABLE_ROWS 5000

#define LOAD_INTERVAL_SEC 300

/* After so long a project may have got a billing account. */
#define SANDBOX_SEC 86400

/* A staging table lasts a day, so the jobs of an older batch are not looked for. */
#define REPEAT_SEC (12 * 3600)

/* So many calls are reported if the settings are wrong: several show that it is not the fault of one. */
#define SHOWN_FAILURES 6

#define BAD_ROWS 8

/* After so long another host may have loaded, or the state directory come from a backup. For less, BigQuery's list of
 * jobs tells it. */
#define STALE_SEC (6 * 3600)

/* By so much the clocks of hosts and of BigQuery may differ: Google gives a host that is more wrong no token. */
#define SKEW_SEC 3600

#define ROUTE_SIZE 33

struct bigquery {
    struct bigquery_api *api;
    struct bigquery_origin origin;
    const struct disposition_map *dispositions;
    const char *state_dir, *location;
    int64_t load_interval;
    struct bigquery_state state;
    bool is_poll;    /* otherwise the run may send calls again that BigQuery has */
    bool is_settled; /* the engine got the outcomes of the last batch */
    bool others_open; /* the outcome of a batch of another run is open */
    bool has_looked;  /* see struct bigquery_place */
    char route[ROUTE_SIZE];
};

static const struct param_spec settings_of_bigquery[] = {
    { "project", false, "the id of the Google Cloud project" },
    { "dataset", false, "the dataset; made if it is missing" },
    { "table", false, "the table of calls; made if it is missing; default: calls" },
    { "credentials", true, "the key file of a service account" },
    { "location", false, "the location of the dataset" },
    { "load_interval", false, "seconds between two loads" },
    { "tenant", false, "the name in the column tenant" },
    { "source", false, "the name of the phone system in the column source" },
    { "timeout", false, "how many seconds a request may be silent" },
    { "after", false, "files of SQL that are run after loads: /DIRECTORY/*.sql" },
    { "bigquery_url", false, "the address of a stand-in, for tests" },
    { NULL, false, NULL },
};

/* ---- digests ---- */

/* Of the table at first. */
static struct crypto_digest *begin_digest(const struct bigquery *state)
{
    const struct bigquery_names *names = bigquery_api_names(state->api);
    char *table = mem_format("%s.%s.%s", names->project, names->dataset, names->table);
    struct crypto_digest *sum = crypto_digest_begin(CRYPTO_SHA256);
    if (sum == NULL)
        mem_out_of_memory(); /* no policy forbids SHA-256 */
    crypto_digest_add(sum, table, strlen(table));
    free(table);
    return sum;
}

static void end_digest(struct crypto_digest *sum, char out[CRYPTO_HEX_SIZE(CRYPTO_SHA256_SIZE)])
{
    unsigned char bytes[CRYPTO_SHA256_SIZE];
    (void)crypto_hex(bytes, crypto_digest_end(sum, bytes), out);
}

/* Another host with the same settings has the same route, and no other profile has it: a slow job of one profile must
 * not hold up another. */
static void name_route(struct bigquery *state)
{
    char hex[CRYPTO_HEX_SIZE(CRYPTO_SHA256_SIZE)];
    struct crypto_digest *sum = begin_digest(state);
    crypto_digest_add(sum, "", 1);
    crypto_digest_add(sum, state->origin.tenant, strlen(state->origin.tenant) + 1);
    crypto_digest_add(sum, state->origin.source, strlen(state->origin.source));
    end_digest(sum, hex);
    (void)snprintf(state->route, sizeof state->route, "%.32s", hex);
}

/* ---- open and close ---- */

static void close_bigquery(void *context)
{
    struct bigquery *state = context;
    bigquery_api_close(state->api);
    free(state);
}

static int open_bigquery(const struct sink_settings *settings, void **ret_state, struct err *err)
{
    struct bigquery *state = mem_zero(1, sizeof *state);
    const struct params *params = settings->params;
    state->origin = (struct bigquery_origin){ .tenant = params_text(params, "tenant", "default"),
                                              .source = params_text(params, "source", str_or_empty(settings->source)) };
    state->dispositions = settings->dispositions;
    state->state_dir = settings->state_dir;
    state->location = params_text(params, "location", "");
    if (params_integer(params, "load_interval", LOAD_INTERVAL_SEC, 0, 86400, &state->load_interval, err) != 0 ||
        bigquery_api_open(params, &state->api, err) != 0) {
        close_bigquery(state);
        return -1;
    }
    bigquery_state_load(state->state_dir, &state->state);
    name_route(state);
    *ret_state = state;
    return 0;
}

static int64_t longest_sec(const struct sink_settings *settings)
{
    (void)settings;
    return BIGQUERY_AFTER_END_SEC;
}

static void make(void *context, const struct call *call, uint32_t change, struct sink_message *ret_message)
{
    const struct bigquery *state = context;
    bigquery_columns_message(&state->origin, call, state->dispositions, change, ret_message);
}

static const char *address(const void *context)
{
    const struct bigquery *state = context;
    return bigquery_api_address(state->api);
}

/* ---- runs ---- */

static void begin_run(void *context, const char *kind)
{
    struct bigquery *state = context;
    state->is_poll = strcmp(kind, "poll") == 0;
    state->is_settled = state->others_open = state->has_looked = false;
}

/* Other runs load between two batches of long work, and note it. */
static void follow_others(struct bigquery *state)
{
    struct bigquery_state *note = &state->state, now;
    if (state->is_poll)
        return;
    bigquery_state_load(state->state_dir, &now);
    if (strcmp(now.digest, note->digest) != 0 && now.is_open)
        state->others_open = true;
    now.sandbox = note->sandbox;
    now.no_login = note->no_login;
    *note = now;
}

/* The outcomes are in the ledger now. Those of an earlier run's batch are only after a run that read every call, and
 * left none pending: each other call may have been in it, also one that the ledger does not know. */
static void end_run(void *context, const struct sink_run *run)
{
    struct bigquery *state = context;
    struct err err;
    if (!state->is_settled || run->pending < 0 || run->exit_code == EX_IOERR)
        return;
    follow_others(state);
    state->is_settled = false;
    state->others_open = state->others_open && !(state->is_poll && run->is_complete);
    state->state.is_open = state->others_open;
    if (bigquery_state_save(state->state_dir, &state->state, &err) != 0)
        log_warn("⚠ %s; the next load looks for its rows in more of the table", err.message);
}

/* A clock that was set back does not stop loading. */
static int64_t opens_at(const void *context)
{
    const struct bigquery *state = context;
    int64_t loaded = state->state.loaded;
    return loaded <= clock_now_epoch() ? loaded + state->load_interval : 0;
}

static int64_t interval(const void *context)
{
    const struct bigquery *state = context;
    return state->load_interval;
}

/* ---- the sandbox ---- */

static bool is_sandbox(const struct bigquery *state)
{
    int64_t since = state->state.sandbox, now = clock_now_epoch();
    return since != 0 && since <= now && now - since < SANDBOX_SEC;
}

/* Notes how a MERGE ended, and whether it was not even tried. True: rows need another way, by replacing what. */
static bool note_sandbox(struct bigquery *state, enum bigquery_fault fault, bool is_known, const char *what)
{
    if (fault == BIGQUERY_FINE)
        state->state.sandbox = 0;
    if (fault != BIGQUERY_SANDBOX || is_known)
        return fault == BIGQUERY_SANDBOX;
    state->state.sandbox = clock_now_epoch();
    log_warn("⚠ the project %s has no billing account (sandbox): BigQuery refuses MERGE there, so each load replaces "
             "%s; only this profile may write to the table", bigquery_api_names(state->api)->project, what);
    return true;
}

/* ---- sending ---- */

/* location: filled before the first job. */
static struct bigquery_place place_at(struct bigquery *state, const char *location)
{
    return (struct bigquery_place){ .api = state->api, .location = location, .state_dir = state->state_dir,
                                    .note = &state->state, .route = state->route,
                                    .looked = &state->has_looked };
}

/* What one call of sink_send works on. */
struct delivery {
    struct bigquery *state;
    const struct sink_observer *observer;
    struct bigquery_batch batch;
    struct {
        size_t index;
        struct bigquery_failure failure;
    } bad[BAD_ROWS];
    size_t bad_count;
    bool is_repeated; /* its jobs may be there, from an earlier run */
    int64_t known;    /* the `started` of the last batch that the file knew; 0: it does not matter */
    double began_ms;
    enum bigquery_log_mode mode;
};

static void digest_of(const struct bigquery *state, const struct sink_message *const *messages, size_t count,
                      char out[BIGQUERY_DIGEST_SIZE])
{
    char hex[CRYPTO_HEX_SIZE(CRYPTO_SHA256_SIZE)];
    struct crypto_digest *sum = begin_digest(state);
    for (size_t i = 0; i < count; i++)
        crypto_digest_add(sum, messages[i]->key, strlen(messages[i]->key) + 1);
    end_digest(sum, hex);
    (void)snprintf(out, BIGQUERY_DIGEST_SIZE, "%.24s", hex);
}

/* Never the same twice: jobs would have the names of earlier ones. */
static int64_t next_start(const struct bigquery_state *note)
{
    int64_t now = clock_now_epoch();
    return now > note->started ? now : note->started + 1;
}

/* Then the table may have the calls of a batch that neither the file nor the ledger knows, perhaps on other days. */
static bool is_stale(const struct bigquery_state *note, int64_t now)
{
    return note->loaded > now || now - note->loaded >= STALE_SEC;
}

/* Notes the batch. If it is the one whose outcome is open, its jobs keep their names. */
static int note_batch(struct delivery *delivery, struct err *err)
{
    struct bigquery_state *note = &delivery->state->state;
    struct bigquery_batch *batch = &delivery->batch;
    int64_t now = clock_now_epoch(), known = note->started;
    bool is_first = !delivery->state->is_settled; /* otherwise the last batch was this run's own */
    char digest[BIGQUERY_DIGEST_SIZE];
    digest_of(delivery->state, batch->messages, batch->count, digest);
    follow_others(delivery->state);
    if (is_first)
        delivery->state->others_open = note->is_open || is_stale(note, now) || delivery->state->others_open;
    delivery->is_repeated = note->is_open && strcmp(digest, note->digest) == 0 &&
                            note->started <= now && now - note->started < REPEAT_SEC;
    batch->is_unsure = delivery->state->others_open || !delivery->state->is_poll;
    if (is_first && (!delivery->state->others_open || delivery->is_repeated))
        delivery->known = known;
    if (delivery->state->is_poll) /* the calls of today do not wait for the end of long work */
        note->loaded = now;
    if (!delivery->is_repeated)
        note->started = next_start(note);
    note->is_open = true;
    note->is_reported = false;
    (void)snprintf(note->digest, sizeof note->digest, "%s", digest);
    batch->digest = note->digest;
    batch->started = note->started;
    delivery->state->is_settled = false;
    return bigquery_state_save(delivery->state->state_dir, note, err);
}

static void on_bad(void *context, size_t index, const struct bigquery_failure *failure)
{
    struct delivery *delivery = context;
    if (delivery->bad_count < BAD_ROWS) {
        delivery->bad[delivery->bad_count].index = index;
        delivery->bad[delivery->bad_count++].failure = *failure;
    }
}

/* MERGE, or whole days where BigQuery has refused it. */
static enum bigquery_fault bring_in(struct delivery *delivery, struct bigquery_failure *failure)
{
    struct bigquery *state = delivery->state;
    bool is_known = is_sandbox(state);
    delivery->mode = BIGQUERY_LOG_MERGED;
    enum bigquery_fault fault = is_known ? BIGQUERY_SANDBOX : bigquery_batch_merge(&delivery->batch, failure);
    if (!note_sandbox(state, fault, is_known, "whole days"))
        return fault;
    delivery->mode = BIGQUERY_LOG_TRUNCATE;
    return bigquery_batch_replace(&delivery->batch, failure);
}

/* Without its staging table, a repeated batch would be loaded by a job that BigQuery has run already, into another
 * table: an empty one would be merged, and each call be accepted. So its jobs get other names. */
static enum bigquery_fault find_staged(struct delivery *delivery, struct bigquery_failure *failure)
{
    struct bigquery_state *note = &delivery->state->state;
    struct err err;
    enum bigquery_fault fault = bigquery_batch_find(&delivery->batch, failure);
    if (fault != BIGQUERY_MISSING)
        return fault;
    delivery->batch.started = note->started = next_start(note);
    return bigquery_state_save(delivery->state->state_dir, note, &err) == 0
               ? BIGQUERY_FINE : bigquery_verdict_set(failure, BIGQUERY_RETRY, "", "%.300s", err.message);
}

/* The rows of two hosts, or of one before and after its clock was set, are compared by seen_at. So it is the time of
 * BigQuery's clock. */
static void note_seen(struct delivery *delivery)
{
    struct bigquery_state *note = &delivery->state->state;
    int64_t epoch = bigquery_api_clock(delivery->state->api);
    int64_t now_us = (epoch != 0 ? epoch : clock_now_epoch()) * 1000000;
    delivery->batch.seen_us = now_us > note->seen_us ? now_us : note->seen_us + 1;
    note->seen_us = delivery->batch.seen_us + (int64_t)delivery->batch.count;
}

/* The ledger and the file may come from a backup, or another host has loaded. Then the table may have the calls of
 * batches that neither knows, perhaps on other days and in later versions. */
static enum bigquery_fault look_for_later(struct delivery *delivery, const struct bigquery_place *place,
                                          struct bigquery_failure *failure)
{
    struct bigquery_state *note = &delivery->state->state;
    int64_t now = clock_now_epoch(), newest = 0, known = delivery->known;
    int64_t since = (known > now - STALE_SEC ? known : now - STALE_SEC) - SKEW_SEC;
    struct err err;
    enum bigquery_fault fault = known != 0 ? bigquery_batch_newest(place, since, &newest, failure) : BIGQUERY_FINE;
    if (fault != BIGQUERY_FINE || newest <= known)
        return fault;
    log_info("BigQuery has later loads of this profile than the state directory (from a backup, or of another host): "
             "this load looks for its calls on all days");
    delivery->state->others_open = delivery->batch.is_unsure = true;
    delivery->is_repeated = false;
    note->started = newest > note->started ? newest : note->started;
    delivery->batch.started = note->started = next_start(note);
    return bigquery_state_save(delivery->state->state_dir, note, &err) == 0
               ? BIGQUERY_FINE : bigquery_verdict_set(failure, BIGQUERY_RETRY, "", "%.300s", err.message);
}

static enum bigquery_fault load_all(struct delivery *delivery, struct bigquery_place *place, char *location,
                                    struct bigquery_failure *failure)
{
    struct bigquery *state = delivery->state;
    enum bigquery_fault fault = bigquery_tables_prepare(state->api, state->location, location, failure);
    place->location = location;
    if (fault == BIGQUERY_FINE) { /* only now BigQuery's clock is known */
        note_seen(delivery);
        fault = look_for_later(delivery, place, failure);
    }
    if (fault == BIGQUERY_FINE && delivery->is_repeated)
        fault = find_staged(delivery, failure);
    if (fault == BIGQUERY_FINE)
        fault = bigquery_batch_load(&delivery->batch, failure);
    return fault == BIGQUERY_FINE ? bring_in(delivery, failure) : fault;
}

/* ---- outcomes ---- */

static void report(const struct delivery *delivery, size_t index, struct outcome outcome)
{
    outcome.started_ms = delivery->began_ms;
    outcome.took_ms = clock_mono_exact_ms() - delivery->began_ms;
    delivery->observer->on_outcome(delivery->observer->context, index, &outcome);
}

static void report_bad(const struct delivery *delivery)
{
    for (size_t i = 0; i < delivery->bad_count; i++) {
        struct outcome rejected = bigquery_verdict_outcome(&delivery->bad[i].failure);
        rejected.kind = OUTCOME_REJECTED;
        rejected.unreachable = false;
        report(delivery, delivery->bad[i].index, rejected);
    }
}

static void report_success(struct delivery *delivery)
{
    static const struct outcome accepted = { .kind = OUTCOME_ACCEPTED, .code = 200 };
    for (size_t i = 0; i < delivery->batch.left; i++)
        report(delivery, delivery->batch.order[i], accepted);
    report_bad(delivery);
    delivery->state->is_settled = true;
}

/* The batch as a whole failed, so it is enough to report some of its calls; the engine stops, and sends all later.
 * After a job has failed, a repeated batch needs other jobs. */
static void report_failure(struct delivery *delivery, const struct bigquery_failure *failure)
{
    struct bigquery_state *note = &delivery->state->state;
    struct outcome outcome = bigquery_verdict_outcome(failure);
    size_t shown = outcome.kind == OUTCOME_MISCONFIGURED ? SHOWN_FAILURES : 1;
    const struct bigquery_batch *batch = &delivery->batch;
    struct err err;
    if (failure->fault == BIGQUERY_ROW && delivery->bad_count > 0) { /* more than one load job may find */
        report_bad(delivery);
        outcome.kind = OUTCOME_RETRY;
        shown = 1;
    }
    if (failure->code == BIGQUERY_FAILED_JOB)
        note->digest[0] = '\0';
    if (bigquery_api_lost_login(delivery->state->api) && note->no_login == 0)
        note->no_login = clock_now_epoch();
    if (bigquery_state_save(delivery->state->state_dir, note, &err) != 0)
        log_warn("⚠ %s", err.message);
    for (size_t i = 0; i < shown && i < (batch->order != NULL ? batch->left : batch->count); i++)
        report(delivery, batch->order != NULL ? batch->order[i] : i, outcome);
}

static void warn_of_log(const struct bigquery_failure *failure, const char *what)
{
    if (failure->fault != BIGQUERY_GIVEN_UP)
        log_warn("⚠ could not write to the table update_log: %s%s; the %s are in BigQuery", failure->reason,
                 failure->advice, what);
}

/* It is noted first that the rows are written: a crash may lose them, but not double them. */
static enum bigquery_fault log_login(struct bigquery *state, const struct bigquery_place *place,
                                     const struct bigquery_log *log, struct bigquery_failure *failure)
{
    struct bigquery_state *note = &state->state;
    int64_t epoch = note->no_login;
    struct err err;
    if (epoch == 0)
        return BIGQUERY_FINE;
    note->no_login = 0;
    if (bigquery_state_save(state->state_dir, note, &err) != 0) {
        note->no_login = epoch;
        return bigquery_verdict_set(failure, BIGQUERY_RETRY, "", "%.300s", err.message);
    }
    if (epoch > log->at_us / 1000000) /* the clock was ahead: Google may have refused the login for that */
        epoch = log->at_us / 1000000;
    return bigquery_log_write_login(place, log, epoch, failure);
}

/* update_log is for people: without its rows nothing is missing. */
static void write_log(struct bigquery *state, const struct bigquery_place *place, const struct bigquery_log *log,
                      const char *what)
{
    struct bigquery_failure failure;
    if (bigquery_log_write(place, log, &failure) != BIGQUERY_FINE ||
        log_login(state, place, log, &failure) != BIGQUERY_FINE)
        warn_of_log(&failure, what);
}

static void log_batch(const struct delivery *delivery, const struct bigquery_place *place)
{
    const struct bigquery_batch *batch = &delivery->batch;
    char id[BIGQUERY_JOB_ID_SIZE];
    struct bigquery_tenants tenants = { .count = 0 };
    struct bigquery_failure failure;
    bigquery_batch_id(batch, "log", id);
    const struct bigquery_log log = { .table = bigquery_api_names(place->api)->table, .tenants = &tenants, .id = id,
                                      .at_us = batch->seen_us, .newest_ms = batch->seen_us / 1000,
                                      .mode = delivery->mode };
    if (bigquery_batch_tenants(batch, &tenants, &failure) == BIGQUERY_FINE)
        write_log(delivery->state, place, &log, "calls");
    else
        warn_of_log(&failure, "calls");
    bigquery_tenants_free(&tenants);
}

static int send_messages(void *context, const struct sink_message *const *messages, size_t count,
                         const struct sink_observer *observer, struct err *err)
{
    struct bigquery *state = context;
    char location[BIGQUERY_LOCATION_SIZE] = "";
    struct bigquery_place place = place_at(state, location);
    struct delivery delivery = { .state = state, .observer = observer, .began_ms = clock_mono_exact_ms(),
                                 .batch = { .place = &place, .origin = &state->origin, .messages = messages,
                                            .count = count, .on_bad = on_bad, .context = &delivery } };
    struct bigquery_failure failure = { .position = -1 };
    if (count == 0 || observer->on_turn(observer->context) == 0)
        return 0;
    if (note_batch(&delivery, err) != 0)
        return -1;
    bigquery_api_watch(state->api, observer);
    enum bigquery_fault fault = load_all(&delivery, &place, location, &failure);
    if (fault == BIGQUERY_FINE) {
        report_success(&delivery);
        log_batch(&delivery, &place);
        bigquery_batch_drop(&delivery.batch);
    } else if (fault != BIGQUERY_GIVEN_UP) /* otherwise the next run asks for the result */
        report_failure(&delivery, &failure);
    bigquery_api_watch(state->api, NULL);
    (void)observer->on_turn(observer->context);
    free(delivery.batch.order);
    return 0;
}

/* ---- tables beside the calls ---- */

/* A run may copy tables and send no call. */
static void save_if_changed(const struct bigquery *state, const struct bigquery_state *before)
{
    struct err err;
    bool is_same = state->state.sandbox == before->sandbox && state->state.no_login == before->no_login &&
                   state->state.is_reported == before->is_reported;
    if (!is_same && bigquery_state_save(state->state_dir, &state->state, &err) != 0)
        log_warn("⚠ %s", err.message);
}

/* Whether the failure may pass without a change of the settings. */
static bool may_pass(const struct bigquery_failure *failure)
{
    return failure->fault == BIGQUERY_RETRY || failure->fault == BIGQUERY_SLOW_DOWN || failure->fault == BIGQUERY_DAY ||
           failure->fault == BIGQUERY_GIVEN_UP;
}

static int fail_table(struct bigquery *state, const struct bigquery_failure *failure, struct err *err)
{
    const struct bigquery_state before = state->state;
    if (bigquery_api_lost_login(state->api) && state->state.no_login == 0)
        state->state.no_login = clock_now_epoch();
    save_if_changed(state, &before);
    return err_set(err, may_pass(failure) ? EX_UNAVAILABLE : EX_CONFIG, "%s%s", failure->reason, failure->advice);
}

static enum bigquery_fault prepare_table(struct bigquery *state, const struct table *table, char *location,
                                         struct bigquery_failure *failure)
{
    enum bigquery_fault fault = bigquery_tables_prepare_dataset(state->api, state->location, location, failure);
    return fault == BIGQUERY_FINE ? bigquery_copy_prepare(state->api, table, failure) : fault;
}

static int table_newest(void *context, const struct table *table, const char *tenant, int64_t *ret_ms, struct err *err)
{
    struct bigquery *state = context;
    char location[BIGQUERY_LOCATION_SIZE] = "";
    const struct bigquery_place place = place_at(state, location);
    struct bigquery_failure failure = { .position = -1 };
    enum bigquery_fault fault = prepare_table(state, table, location, &failure);
    if (fault == BIGQUERY_FINE)
        fault = bigquery_copy_newest(&place, table, tenant, ret_ms, &failure);
    return fault == BIGQUERY_FINE ? 0 : fail_table(state, &failure, err);
}

static void log_table(struct bigquery *state, const struct bigquery_copy *copy, enum bigquery_log_mode mode)
{
    char id[BIGQUERY_JOB_ID_SIZE];
    struct bigquery_tenants tenants = { .count = 0 };
    struct bigquery_tenant *tenant = bigquery_tenants_of(&tenants, copy->load->tenant);
    tenant->staged = (int64_t)copy->count;
    tenant->changed = copy->changed;
    bigquery_copy_id(copy, "log", id);
    const struct bigquery_log log = { .table = copy->load->table->name, .tenants = &tenants, .id = id,
                                      .at_us = clock_now_epoch() * 1000000, .newest_ms = copy->load->newest_ms,
                                      .mode = mode };
    write_log(state, copy->place, &log, "rows");
    bigquery_tenants_free(&tenants);
}

static int table_load(void *context, const struct table_load *load, struct err *err)
{
    struct bigquery *state = context;
    char location[BIGQUERY_LOCATION_SIZE] = "";
    const struct bigquery_place place = place_at(state, location);
    struct bigquery_copy copy = { .place = &place, .load = load };
    struct bigquery_failure failure = { .position = -1 };
    enum bigquery_log_mode mode = load->replaces ? BIGQUERY_LOG_TRUNCATE : BIGQUERY_LOG_MERGED;
    struct bigquery_state before = state->state;
    bool is_known = is_sandbox(state);
    state->state.is_reported = false;
    save_if_changed(state, &before); /* first: a crash must not leave the reports as they are */
    before = state->state;
    enum bigquery_fault fault = prepare_table(state, load->table, location, &failure);
    if (fault == BIGQUERY_FINE)
        fault = bigquery_copy_stage(&copy, &failure);
    if (fault == BIGQUERY_FINE) {
        fault = is_known ? BIGQUERY_SANDBOX : bigquery_copy_merge(&copy, &failure);
        if (note_sandbox(state, fault, is_known, "the whole table")) {
            mode = BIGQUERY_LOG_TRUNCATE;
            fault = bigquery_copy_replace(&copy, &failure);
        }
    }
    if (fault == BIGQUERY_FINE)
        log_table(state, &copy, mode);
    save_if_changed(state, &before);
    int result = fault == BIGQUERY_FINE ? 0 : fail_table(state, &failure, err);
    bigquery_copy_end(&copy);
    return result;
}

/* ---- reports ---- */

/* A query costs money, and BigQuery limits how often a day a table is replaced: so nothing new, no report. */
static bool is_after_due(const void *context)
{
    const struct bigquery *state = context;
    return !state->state.is_reported;
}

static void note_after(void *context)
{
    struct bigquery *state = context;
    const struct bigquery_state before = state->state;
    state->state.is_reported = true;
    save_if_changed(state, &before);
}

static int run_after(void *context, const char *sql, int64_t until_ms, struct err *err)
{
    struct bigquery *state = context;
    char location[BIGQUERY_LOCATION_SIZE] = "";
    const struct bigquery_place place = place_at(state, location);
    struct bigquery_failure failure = { .position = -1 };
    enum bigquery_fault fault = bigquery_tables_prepare(state->api, state->location, location, &failure);
    if (fault == BIGQUERY_FINE)
        fault = bigquery_report_run(&place, sql, until_ms, &failure);
    return fault == BIGQUERY_FINE ? 0 : fail_table(state, &failure, err);
}

/* ---- the check ---- */

static void fail_check(const struct bigquery_failure *failure, struct sink_health *health)
{
    health->state = SINK_FAILS;
    health->exit_code = may_pass(failure) ? EX_UNAVAILABLE : EX_CONFIG;
    (void)snprintf(health->text, sizeof health->text, "%s", failure->reason);
    (void)snprintf(health->remedy, sizeof health->remedy, "%s",
                   *failure->advice != '\0' ? failure->advice + 2
                                            : "correct what the message names, and run check again");
}

/* BigQuery checks a statement that would change nothing, and does not run it. */
static enum bigquery_fault try_dml(const struct bigquery *state, const char *location,
                                   struct bigquery_failure *failure)
{
    const struct bigquery_names *names = bigquery_api_names(state->api);
    const struct bigquery_place place = { .api = state->api, .location = location, .state_dir = state->state_dir };
    char id[BIGQUERY_JOB_ID_SIZE];
    char *sql = mem_format("UPDATE `%s.%s.%s` SET row_hash = row_hash WHERE call_date = DATE '0001-01-01'",
                           names->project, names->dataset, names->table);
    (void)snprintf(id, sizeof id, "check_%" PRId64, clock_now_epoch());
    const struct bigquery_query query = { .sql = sql, .id = id, .is_dry_run = true };
    enum bigquery_fault fault = bigquery_job_query(&place, &query, NULL, failure);
    free(sql);
    return fault;
}

static int check(void *context, struct sink_health *ret_health, struct err *err)
{
    struct bigquery *state = context;
    const struct bigquery_names *names = bigquery_api_names(state->api);
    char location[BIGQUERY_LOCATION_SIZE];
    struct bigquery_failure failure;
    (void)err;
    *ret_health = (struct sink_health){ .state = SINK_WORKS };
    enum bigquery_fault fault = bigquery_tables_look(state->api, state->location, location, &failure);
    if (fault == BIGQUERY_MISSING) {
        (void)snprintf(ret_health->text, sizeof ret_health->text, "%s may read the project %s; the first load makes "
                       "the %s and finds out whether it may use MERGE", names->account, names->project,
                       *location == '\0' ? "dataset and its tables" : "tables");
        return 0;
    }
    if (fault == BIGQUERY_FINE)
        fault = try_dml(state, location, &failure);
    if (fault != BIGQUERY_FINE && fault != BIGQUERY_SANDBOX) {
        fail_check(&failure, ret_health);
        return 0;
    }
    (void)snprintf(ret_health->text, sizeof ret_health->text, "%s.%s.%s in %s is ready; mode: %s", names->project,
                   names->dataset, names->table, location,
                   fault == BIGQUERY_FINE ? "MERGE, a load job each load_interval"
                                          : "whole days (WRITE_TRUNCATE), because the project has no billing account "
                                            "(sandbox): BigQuery deletes each day after 60 days, and only one profile "
                                            "may write to the table");
    return 0;
}

const struct sink_ops bigquery_sink = {
    .type = "bigquery",
    .title = "BigQuery table",
    .params = settings_of_bigquery,
    .read_environment = bigquery_api_environment,
    .longest_sec = longest_sec,
    .batch = BATCH,
    .opens_at = opens_at,
    .interval = interval,
    .open = open_bigquery,
    .begin = begin_run,
    .end = end_run,
    .make = make,
    .send = send_messages,
    .check = check,
    .describe = bigquery_verdict_describe,
    .address = address,
    .table_newest = table_newest,
    .table_load = table_load,
    .table_rows = TABLE_ROWS,
    .run_after = run_after,
    .is_after_due = is_after_due,
    .note_after = note_after,
    .close = close_bigquery,
};
