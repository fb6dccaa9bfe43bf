/* reconcile: `did-optimizer-sync reconcile`, proves that no call is missing.
 *
 * Walks through the calls of the last days and counts their states in the ledger. A call that is missing or has changed
 * becomes pending. At the end, the command sends the pending calls. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "commands/meter.h"
#include "commands/reconcile.h"
#include "config/profile.h"
#include "engine/forward.h"
#include "engine/progress.h"
#include "engine/resources.h"
#include "engine/revisit.h"
#include "engine/turn.h"
#include "engine/walk.h"
#include "ledger/enabled.h"

#define DEFAULT_DAYS 3
#define DATE_SIZE 11

/* The calls that ended on one day of the local time, by state. */
struct day {
    char date[DATE_SIZE];
    int64_t finished, accepted, pending, waiting, rejected, missing, changed, out_of_scope;
};

struct reconcile {
    struct options options; /* the command line's; --report-only is a dry run */
    struct resources resources;
    struct engine engine;
    struct summary summary;
    struct turn turn;
    struct meter meter;
    struct day *days;
    size_t day_count;
    int64_t from, to;
    bool has_start;
    struct position start;  /* of the very first run: older calls do not count */
    int64_t first_skipped, last_skipped; /* epochs: the first and the last end of a call out of scope */
    int64_t finished;
    bool has_archive;
    enum source_table table; /* the table being walked */
};

/* ---- counting ---- */

static struct day *day_of(struct reconcile *reconcile, int64_t epoch)
{
    char local[CLOCK_TEXT_SIZE];
    (void)clock_local(epoch, local, sizeof local);
    local[DATE_SIZE - 1] = '\0';
    for (size_t i = reconcile->day_count; i > 0; i--)
        if (strcmp(reconcile->days[i - 1].date, local) == 0)
            return &reconcile->days[i - 1];
    reconcile->days = mem_resize(reconcile->days, reconcile->day_count + 1, sizeof *reconcile->days);
    struct day *day = &reconcile->days[reconcile->day_count++];
    *day = (struct day){ .finished = 0 };
    memcpy(day->date, local, DATE_SIZE);
    return day;
}

static void log_difference(const struct call *call, const char *what)
{
    char local[CLOCK_TEXT_SIZE];
    struct log_call about = { .uniqueid = call->id,
                              .campaign = str_or_empty(call->campaign),
                              .phone = str_or_empty(call->number),
                              .status = str_or_empty(call->status),
                              .answer = -1,
                              .attempt = -1 };
    log_for_call(LOG_WARN, &about, "🔎 %s: %s, %s/%s → %s, ended %s", about.uniqueid, what, about.campaign, about.phone,
             about.status, clock_local(call->ended, local, sizeof local));
}

/* The operator has set the checkpoint to a later time than this call's end, so no run sends the call. */
static void count_skipped(struct reconcile *reconcile, struct day *day, int64_t ended)
{
    day->out_of_scope++;
    if (reconcile->first_skipped == 0 || ended < reconcile->first_skipped)
        reconcile->first_skipped = ended;
    if (ended > reconcile->last_skipped)
        reconcile->last_skipped = ended;
}

static void count_call(void *context, const struct call *call, const struct call_record *record,
                  const struct decision *decision, bool in_scope)
{
    struct reconcile *reconcile = context;
    struct position position = position_at(call->ended, call->id);
    bool known = record->state != CALL_UNKNOWN;
    if (decision->kind == DECISION_OUT_OF_SCOPE || (!known && decision->kind == DECISION_SKIP))
        return; /* not selected, or not ended */
    if (!known && !in_scope && reconcile->has_start && position_compare(&position, &reconcile->start) <= 0)
        return;
    struct day *day = day_of(reconcile, position.end_epoch);
    reconcile->finished++;
    day->finished++;
    if (record->state == CALL_REJECTED || record->state == CALL_DISCARDED)
        day->rejected++;
    else if (record->state == CALL_PENDING)
        day->pending++;
    else if (record->state == CALL_WAITING || (in_scope && decision->kind == DECISION_WAIT))
        day->waiting++;
    else if (decision->kind == DECISION_SKIP)
        day->accepted++;
    else if (!in_scope)
        count_skipped(reconcile, day, position.end_epoch);
    else if (known)
        day->changed++;
    else
        day->missing++;
    if (in_scope && decision->kind == DECISION_SEND && record->state != CALL_PENDING && record->state != CALL_WAITING)
        log_difference(call, known ? "has changed since it was accepted" : "missing");
}

/* ---- walking ---- */

static int on_batch(void *context, int64_t end_epoch, struct err *err)
{
    struct reconcile *reconcile = context;
    (void)end_epoch;
    return turn_pass(&reconcile->turn, err);
}

static int on_reached(void *context, const struct walk_reached *reached, struct err *err)
{
    struct reconcile *reconcile = context;
    double share =
        (double)(reached->position.end_epoch - reconcile->from) / (double)(reconcile->to - reconcile->from + 1);
    if (reconcile->has_archive)
        share = (share + (reconcile->table == SOURCE_ARCHIVE ? 1.0 : 0.0)) / 2.0;
    if (!reconcile->options.cron)
        meter_show(&reconcile->meter, share, reconcile->finished);
    turn_tell(&reconcile->turn, reconcile->from, reconcile->to, reached->position.end_epoch, share);
    return turn_pass(&reconcile->turn, err);
}

static int walk_table(struct reconcile *reconcile, enum source_table table, const struct position *floor,
                      struct err *err)
{
    int64_t found = 0;
    struct walk walk = { .engine = &reconcile->engine,
                         .range =
                             source_range_ended(&reconcile->resources.source, table, reconcile->from, reconcile->to),
                         .floor = *floor,
                         .duty = reconcile->options.report_only ? WALK_LOOK : WALK_NOTE,
                         .on_judged = count_call,
                         .on_reached = on_reached,
                         .context = reconcile };
    reconcile->table = table;
    int result = walk_run(&walk, &found, err);
    reconcile->summary.found += found;
    return result;
}

static int send_due(struct reconcile *reconcile, struct err *err)
{
    struct ledger_stretch all = { .after = position_at(INT64_MIN, ""), .ended_from = INT64_MIN,
                                  .ended_before = INT64_MAX, .with_waiting = true };
    struct work due = { .count = 0 };
    size_t listed = 0;
    int result = revisit_all(&reconcile->engine, &all, &due, &listed, err);
    if (result == 0)
        result = forward_all(&reconcile->engine, &due, err);
    work_clear(&due);
    return result;
}

/* Reads where the next run continues. A checkpoint that was set after the last run counts already. */
static int read_positions(struct reconcile *reconcile, struct progress *ret_progress, struct err *err)
{
    struct engine *engine = &reconcile->engine;
    bool known = false;
    *ret_progress = (struct progress){ .state_dir = reconcile->options.state_dir,
                                       .ledger = engine->route.ledger,
                                       .legacy = reconcile->options.legacy };
    if (ledger_read_place(engine->route.ledger, LEDGER_CHECKPOINT, &ret_progress->checkpoint, &known, err) != 0 ||
        ledger_read_place(engine->route.ledger, LEDGER_START, &reconcile->start, &reconcile->has_start, err) != 0)
        return -1;
    if (!known)
        return err_set(err, EX_CONFIG, "no run is recorded yet, so there is nothing to compare with; try again "
                       "after the first run");
    return progress_find(ret_progress, engine->route.settings, engine_now(engine), err);
}

/* The range ends where the polls have read every call: a call that ended later is not missing. */
static int find_range(struct reconcile *reconcile, struct position *ret_floor, struct err *err)
{
    struct engine *engine = &reconcile->engine;
    struct progress progress;
    if (read_positions(reconcile, &progress, err) != 0)
        return -1;
    int64_t days = reconcile->options.days;
    if (days >= engine->route.settings->retention_days)
        return err_set(err, EX_USAGE,
                       "accepted calls are remembered for %" PRId64 " days only; use a smaller --days, or raise "
                       "retention_days in [sync]",
                       engine->route.settings->retention_days);
    reconcile->from = engine_now(engine) - days * 86400;
    reconcile->to = progress.checkpoint.end_epoch - engine->route.settings->overlap;
    if (reconcile->to < progress.floor.end_epoch) /* no run scans this range any more */
        reconcile->to = progress.floor.end_epoch;
    *ret_floor = progress.floor;
    return 0;
}

static int walk_tables(struct reconcile *reconcile, struct err *err)
{
    struct position floor;
    if (find_range(reconcile, &floor, err) != 0 ||
        source_inspect_archive(&reconcile->resources.source, &reconcile->has_archive, err) != 0 ||
        walk_table(reconcile, SOURCE_LIVE, &floor, err) != 0)
        return -1;
    if (reconcile->has_archive && reconcile->summary.stop == STOP_NONE &&
        walk_table(reconcile, SOURCE_ARCHIVE, &floor, err) != 0)
        return -1;
    return reconcile->options.report_only || reconcile->summary.stop != STOP_NONE ? 0 : send_due(reconcile, err);
}

static int work(struct reconcile *reconcile, struct err *err)
{
    reconcile->turn = (struct turn){ .options = &reconcile->options,
                                     .resources = &reconcile->resources,
                                     .engine = &reconcile->engine,
                                     .summary = &reconcile->summary,
                                     .only_looks = reconcile->options.report_only };
    int result = turn_begin(&reconcile->turn, "reconcile", err);
    reconcile->engine.terms.on_batch = on_batch;
    reconcile->engine.terms.batch_context = reconcile;
    if (result == 0 && reconcile->options.report_only)
        reconcile->summary.stop = STOP_NONE; /* nothing is sent, so a rate limit does not matter */
    if (result == 0 && reconcile->summary.stop == STOP_NONE)
        result = walk_tables(reconcile, err);
    return turn_end(&reconcile->turn, result, err);
}

/* ---- the table ---- */

static int compare_days(const void *left, const void *right)
{
    return strcmp(((const struct day *)left)->date, ((const struct day *)right)->date);
}

static void print_row(const char *name, const struct day *day)
{
    (void)printf("%-10s %9" PRId64 " %9" PRId64 " %8" PRId64 " %8" PRId64 " %9" PRId64 " %8" PRId64 " %8" PRId64
                 " %13" PRId64 "\n", name, day->finished, day->accepted, day->pending, day->waiting, day->rejected,
                 day->missing, day->changed, day->out_of_scope);
}

static struct day sum(const struct reconcile *reconcile)
{
    struct day all = { .finished = 0 };
    for (size_t i = 0; i < reconcile->day_count; i++) {
        const struct day *day = &reconcile->days[i];
        all.finished += day->finished;
        all.accepted += day->accepted;
        all.pending += day->pending;
        all.waiting += day->waiting;
        all.rejected += day->rejected;
        all.missing += day->missing;
        all.changed += day->changed;
        all.out_of_scope += day->out_of_scope;
    }
    return all;
}

static void print_table(struct reconcile *reconcile, const struct day *all)
{
    if (reconcile->day_count > 1)
        qsort(reconcile->days, reconcile->day_count, sizeof *reconcile->days, compare_days);
    (void)printf("%-10s %9s %9s %8s %8s %9s %8s %8s %13s\n", "day", "finished", "accepted", "pending", "waiting",
                 "rejected", "missing", "changed", "out of scope");
    for (size_t i = 0; i < reconcile->day_count; i++)
        print_row(reconcile->days[i].date, &reconcile->days[i]);
    print_row("all", all);
}

/* Names the range of the calls out of scope, with the backfill command that sends them. */
static void report_skipped(const struct reconcile *reconcile, int64_t count)
{
    char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE], text[400];
    (void)snprintf(text, sizeof text,
                   "⏩ %" PRId64 " calls are out of scope: the checkpoint was set forward over them, and no run sends "
                   "them. To send them: did-optimizer-sync%s backfill --from '%s' --to '%s'",
                   count, reconcile->options.profile_option, clock_local(reconcile->first_skipped, from, sizeof from),
                   clock_local(reconcile->last_skipped + 1, to, sizeof to));
    log_warn("%s", text);
    if (reconcile->options.cron || isatty(STDOUT_FILENO) == 0) /* on a terminal the log line is enough */
        (void)printf("%s\n", text);
}

/* Prints the result; under cron only if something is wrong. Returns the exit code. */
static int report(struct reconcile *reconcile)
{
    const struct summary *summary = &reconcile->summary;
    struct day all = sum(reconcile);
    int code = summary_exit_code(summary);
    if (summary->stop == STOP_FAILED) {
        log_error("❌ %s", summary->message);
        return code;
    }
    if (code == EX_OK && (all.out_of_scope > 0 || (reconcile->options.report_only && all.missing + all.changed > 0)))
        code = EX_TEMPFAIL;
    if (!reconcile->options.cron || code != EX_OK)
        print_table(reconcile, &all);
    log_info("📊 Reconciled: %" PRId64 " finished, %" PRId64 " accepted, %" PRId64 " pending, %" PRId64 " waiting, "
                                                                                                       "%" PRId64
             " rejected, %" PRId64 " missing, %" PRId64 " changed, %" PRId64 " out of scope; %" PRId64 " sent now",
             all.finished, all.accepted, all.pending, all.waiting, all.rejected, all.missing, all.changed,
             all.out_of_scope, summary->accepted);
    if (all.out_of_scope > 0)
        report_skipped(reconcile, all.out_of_scope);
    if (summary->stop != STOP_NONE)
        log_warn("⏸ %s", summary->message);
    return code;
}

static void open_log(const struct options *options)
{
    bool shown = !options->cron && isatty(STDOUT_FILENO);
    log_open(options->log, shown ? LOG_TERMINAL_STDOUT : LOG_TERMINAL_ERRORS);
}

/* Under cron the command sends missing calls, so it must be enabled, as a run. */
static int read_whether_off(const struct options *options, bool *ret_off, struct err *err)
{
    bool enabled = true;
    if (options->cron && !options->report_only && enabled_read(options->state_dir, &enabled, err) != 0)
        return -1;
    *ret_off = !enabled;
    if (*ret_off)
        log_info("⏸ Not enabled: cron sends no calls until you run `did-optimizer-sync%s enable`",
                 options->profile_option);
    return 0;
}

/* Every host of a cluster may have the same crontab: only the leader reconciles. */
static bool is_standby(const struct reconcile *reconcile)
{
    bool standby = reconcile->options.cron && reconcile->resources.leader.role == LEADER_OTHER &&
                   reconcile->summary.found == 0 && reconcile->finished == 0;
    if (standby)
        log_info("💤 standby: another host sends the calls of this database, and reconciles them");
    return standby;
}

int reconcile_command(const struct options *options)
{
    struct err err = { .code = EX_OK };
    struct reconcile reconcile = { .options = *options, .resources = { .lock = NULL }, .meter = meter_start() };
    reconcile.options.dry_run = reconcile.options.config.without_api = options->report_only;
    if (options->days == 0)
        reconcile.options.days = DEFAULT_DAYS;
    bool off = false;
    interrupt_install();
    open_log(options);
    if (resources_load(&reconcile.options, &reconcile.resources, &err) != 0 ||
        profile_drop_privileges(options, &err) != 0 || read_whether_off(options, &off, &err) != 0 ||
        (!off && work(&reconcile, &err) != 0))
        summary_fail(&reconcile.summary, &err);
    meter_end(&reconcile.meter);
    int code = off || is_standby(&reconcile) ? EX_OK : report(&reconcile);
    free(reconcile.days);
    resources_close_state(&reconcile.resources);
    resources_close(&reconcile.resources);
    log_close();
    return code;
}
