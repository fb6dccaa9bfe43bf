/* run: `did-optimizer-sync run`, the command that cron starts.
 *
 * In order: log and settings, read as root; then without privileges: lock, ledger, database, leader, API, and poll.c.
 * What is opened is closed in reverse. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mail_state.h"
#include "base/str.h"
#include "commands/run.h"
#include "config/profile.h"
#include "engine/after_step.h"
#include "engine/campaigns.h"
#include "engine/journal.h"
#include "engine/poll.h"
#include "engine/resources.h"
#include "engine/route.h"
#include "engine/summary.h"
#include "engine/tables_step.h"
#include "ledger/enabled.h"
#include "ledger/legacy.h"

static void open_log(const struct options *options)
{
    bool shown = strcmp(options->log, "-") == 0 || isatty(STDOUT_FILENO);
    if (options->dry_run) /* a dry run changes no file, and its standard output is for the JSON */
        log_open(NULL, LOG_TERMINAL_STDERR);
    else if (options->cron)
        log_open(options->log, LOG_TERMINAL_NONE);
    else
        log_open(options->log, shown ? LOG_TERMINAL_STDOUT : LOG_TERMINAL_ERRORS);
}

/* Whether well differs from the last mail; if so, notes the change. A full disk or an unreadable ledger must not cause
 * a mail each minute, so without the ledger the note goes to a file in memory (mail_state.h). */
static bool differs_from_last_mail(struct ledger *ledger, const char *note, enum mail_topic what, bool well)
{
    int64_t was_well = 1;
    if (ledger != NULL && ledger_read_note(ledger, note, 1, &was_well, NULL) != 0)
        was_well = 1;
    if (well == (was_well != 0 && !mail_state_is_reported(what)))
        return false;
    bool noted = ledger != NULL && ledger_set_note(ledger, note, well ? 1 : 0, NULL) == 0 &&
                 ledger_commit(ledger, NULL) == 0;
    mail_state_set(what, !well && !noted);
    return true;
}

static void mail_health(const char *words, bool healthy, const struct summary *summary)
{
    if (healthy)
        (void)printf("did-optimizer-sync%s works again.\n", words);
    else
        (void)printf("did-optimizer-sync%s does not work: %s\nNo call is lost; calls are sent when it works again. "
                     "There is no further mail until then.\n", words, summary->message);
}

static void mail_log(const char *words, bool works)
{
    if (works)
        (void)printf("did-optimizer-sync%s: its log can be written again.\n", words);
    else
        (void)printf("did-optimizer-sync%s: %s\nCalls are still sent, and the log's lines go to syslog. There is no "
                     "further mail until the log can be written again.\n", words, log_problem());
}

/* Whether it is unknown if the API works: the run had too few calls to test it with. */
static bool is_health_unknown(const struct resources *resources, const struct summary *summary)
{
    int64_t outage_since = 0;
    return summary->in_doubt > 0 ||
           (resources->ledger != NULL &&
            (ledger_read_note(resources->ledger, LEDGER_NOTE_OUTAGE_SINCE, 0, &outage_since, NULL) != 0 ||
             outage_since != 0));
}

/* Cron mails every line that is printed: so print once when runs begin to fail, and once when they work again. */
static void report_health(const struct options *options, struct resources *resources, const struct summary *summary)
{
    int exit_code = summary_exit_code(summary);
    bool healthy = exit_code == EX_OK || exit_code == EX_TEMPFAIL;
    bool unknown = healthy && is_health_unknown(resources, summary);
    if (!unknown && differs_from_last_mail(resources->ledger, LEDGER_NOTE_HEALTHY, MAIL_TOPIC_HEALTH, healthy))
        mail_health(options->profile_option, healthy, summary);
}

/* Also notes for `status` and `health` whether the log can be written. */
static void report_log(const struct options *options, struct resources *resources)
{
    log_flush(); /* so that log_problem knows */
    bool works = *log_problem() == '\0';
    if (differs_from_last_mail(resources->ledger, LEDGER_NOTE_LOG_WORKS, MAIL_TOPIC_LOG, works) && options->cron)
        mail_log(options->profile_option, works);
}

static void log_standby(const struct leader *leader)
{
    char local[CLOCK_TEXT_SIZE];
    if (leader->role == LEADER_OTHER)
        log_info("💤 standby: another host sends the calls of this database");
    else
        log_info("💤 standby: no host sends the calls of this database now; this host takes over at %s (takeover_after) "
                 "if no other host does before", clock_local(leader->due, local, sizeof local));
}

static int stand_by(const struct poll *poll, const struct leader *leader, struct err *err)
{
    bool another_leads = leader->role == LEADER_OTHER;
    if (poll_stand_by(poll, another_leads, another_leads ? leader->settled : 0, err) != 0)
        return -1;
    log_standby(leader);
    return 0;
}

/* Finds out which host of a cluster is the leader. */
static int find_leader(const struct options *options, struct resources *resources, bool *ret_nothing_to_do,
                       struct err *err)
{
    struct leader *leader = resources_leader(options, resources);
    if (options->dry_run)
        return 0;
    if (leader_elect(leader, resources->ledger, err) != 0)
        return -1;
    *ret_nothing_to_do = leader->role != LEADER_THIS;
    if (leader->took_over)
        log_warn("⏫ This host is now the leader and sends the calls of this database: no other host has led for "
                 "%" PRId64 " s. Calls since the checkpoint are sent; the %s may have some of them already",
                 resources->config.sync.takeover_after, resources->sink_kind->title);
    return 0;
}

static bool is_automatic(const struct options *options)
{
    return options->cron || options->every > 0;
}

/* The jobs of --job that are tables; 0: it names none. */
static unsigned table_jobs(const struct options *options)
{
    if (options->job != NULL && strcmp(options->job, "customer") == 0)
        return TABLE_CUSTOMERS;
    return options->job != NULL && strcmp(options->job, "staffgroup") == 0 ? TABLE_STAFF : 0;
}

/* When a step after the calls ends (monotonic): with the run's time, but calls that need all of that must not stop the
 * step for ever. */
static int64_t end_of_step(const struct resources *resources, int64_t started_ms)
{
    int64_t budget_ms = resources->config.sync.time_budget * 1000, least_ms = clock_mono_ms() + budget_ms / 4;
    return started_ms + budget_ms > least_ms ? started_ms + budget_ms : least_ms;
}

/* After a signal it is no failure: the next run continues. */
static void fail_step(struct summary *summary, const struct err *err)
{
    if (interrupt_requested()) {
        if (summary->stop == STOP_NONE)
            (void)snprintf(summary->message, sizeof summary->message, "stopped by a signal; the next run continues");
        summary->stop = summary->stop == STOP_NONE ? STOP_INTERRUPTED : summary->stop;
        return;
    }
    if (summary->stop != STOP_FAILED || strcmp(summary->message, err->message) != 0) /* a tenant's calls and tables */
        log_error("❌ %s", err->message);
    if (summary->stop == STOP_NONE) {
        summary_fail(summary, err);
        summary->only_a_step_failed = true;
    }
}

struct following {
    const struct options *options;
    struct resources *resources;
    int64_t started_ms; /* of the run, monotonic */
};

/* A source that cannot read the calls of one tenant has read those of the others, and their tables are due. After an
 * error of this host nothing follows. */
static bool may_follow_up(const struct summary *summary)
{
    return summary->stop != STOP_FAILED || summary->failure_code == EX_UNAVAILABLE ||
           summary->failure_code == EX_CONFIG;
}

/* Does what follows the calls: copies tables, runs the files of `after`. The calls are sent already, so a failure fails
 * the run and loses nothing. If the customers of a tenant cannot be read, the files are still run. */
static void follow_up(void *context, struct summary *summary)
{
    const struct following *following = context;
    const struct options *options = following->options;
    struct resources *resources = following->resources;
    int64_t started_ms = following->started_ms;
    struct err err;
    const struct tables_step tables = { .ledger = resources->ledger, .sink = &resources->sink,
                                        .source = &resources->source, .jobs = table_jobs(options),
                                        .deadline_ms = end_of_step(resources, started_ms),
                                        .is_asked_for = !is_automatic(options) };
    bool only_calls = options->job != NULL && strcmp(options->job, "call") == 0;
    if (options->dry_run || !may_follow_up(summary) || interrupt_requested())
        return;
    if (!only_calls && tables_step_run(&tables, &err) != 0)
        fail_step(summary, &err);
    const struct after_step after = { .ledger = resources->ledger, .sink = &resources->sink,
                                      .params = &resources->config.sink_params,
                                      .deadline_ms = end_of_step(resources, started_ms),
                                      .is_asked_for = !is_automatic(options) };
    if (!interrupt_requested() && after_step_run(&after, &err) != 0)
        fail_step(summary, &err);
}

/* A run of tables alone. Only a failure is recorded: the runs of calls say how calls are. */
static void copy_tables(struct following *following, struct summary *summary)
{
    struct ledger *ledger = following->resources->ledger;
    follow_up(following, summary);
    if (summary->stop == STOP_FAILED && !following->options->dry_run)
        (void)!journal_failed(ledger, summary, clock_mono_ms() - following->started_ms, NULL);
}

/* Runs once. The sink is not open yet: a standby host needs none. *ret_nothing_to_do: this host is standby. */
static int poll_once(const struct options *options, struct resources *resources, struct summary *ret_summary,
                     bool *ret_nothing_to_do, struct err *err)
{
    struct following following = { options, resources, clock_mono_ms() };
    if (ledger_claim_for_source(resources->ledger, resources->config.source_type, err) != 0 ||
        find_leader(options, resources, ret_nothing_to_do, err) != 0)
        return -1;
    if (!*ret_nothing_to_do && resources_open_sink(options, resources, err) != 0)
        return -1;
    struct poll poll = {
        .route = resources_route(resources),
        .state_dir = options->state_dir,
        .legacy = options->legacy,
        .follow_up = follow_up,
        .follow_up_context = &following,
        .profile_option = options->profile_option,
        .api = &resources->config.api,
        .place = &resources->place,
        .recordings = &resources->recordings,
        .every = options->every,
        .dry_run = options->dry_run,
    };
    if (*ret_nothing_to_do)
        return stand_by(&poll, &resources->leader, err);
    if (!options->dry_run && resources_open_place(resources, err) != 0)
        return -1;
    campaigns_warn(&resources->source, options->dry_run ? NULL : resources->ledger, &resources->config.sync);
    if (table_jobs(options) == 0)
        poll_run(&poll, ret_summary);
    else
        copy_tables(&following, ret_summary);
    return leader_report_settled(&resources->leader, resources->ledger, ret_summary->stop == STOP_NONE, err);
}

/* Some damage shows only when a run reads that page of the ledger. Then the run rebuilds the ledger and starts
 * again. */
static int poll_with_repair(const struct options *options, struct resources *resources, struct summary *ret_summary,
                            bool *ret_nothing_to_do, struct err *err)
{
    int result = poll_once(options, resources, ret_summary, ret_nothing_to_do, err);
    if (options->dry_run || !ledger_is_damaged(resources->ledger))
        return result;
    log_error("❌ %s", result != 0 ? err->message : ret_summary->message);
    ledger_close(resources->ledger);
    resources->ledger = NULL;
    if (ledger_rebuild(options->state_dir, &resources->ledger, &resources->repair, err) != 0)
        return -1;
    resources_report_repair(&resources->repair);
    return poll_once(options, resources, ret_summary, ret_nothing_to_do, err);
}

static void report(const struct options *options, const struct summary *summary, int64_t duration_ms)
{
    if (!options->dry_run)
        summary_report(summary, duration_ms);
    else if (summary->stop == STOP_FAILED)
        log_error("❌ %s", summary->message);
    else
        log_info("📊 Dry run: %" PRId64 " would be sent, %" PRId64 " waiting until their disposition is final",
                 summary->accepted, summary->waiting + summary->still_waiting);
}

/* Cron and the service send nothing until an operator enables them. A run by hand always sends, and only warns. */
static void log_whether_enabled(const struct options *options, bool is_first, const struct resources *resources)
{
    bool first_time = resources->off_is_new || is_first;
    if (resources->off && !is_automatic(options))
        log_warn("⚠ cron does not send calls yet; to start: did-optimizer-sync%s enable", options->profile_option);
    else if (resources->off && first_time)
        log_info("⏸ Not enabled: cron sends no calls until you run `did-optimizer-sync%s enable`",
                 options->profile_option);
}

/* After the time budget no request and no statement begins, and each has a timeout. 10 s more are for the disk. */
#define DISK_SEC 10
static int64_t longest_run_sec(const struct options *options, const struct resources *resources)
{
    const struct config *config = &resources->config;
    if (resources->sink_kind == NULL) /* not enabled: the run reads no settings, and sends nothing */
        return DISK_SEC;
    const struct sink_settings settings = route_sink_settings(config, options->state_dir, options->profile_option);
    return config->sync.time_budget + sink_longest_sec(resources->sink_kind, &settings) +
           config->database.connect_timeout + config->database.read_timeout + DISK_SEC;
}

/* Takes the lock. *ret_nothing_to_do: another run is at work, or this automatic run is not enabled. */
static int enter_state(const struct options *options, struct resources *resources, bool *ret_nothing_to_do,
                       struct err *err)
{
    if (fileutil_check_writable_dir(options->state_dir, err) != 0)
        return -1;
    if (options->dry_run)
        return 0;
    if (lock_acquire_for_run(options->state_dir, &resources->lock, err) != 0)
        return -1;
    *ret_nothing_to_do = resources->lock == NULL;
    if (*ret_nothing_to_do) {
        log_info("🔒 Another run is at work; this run has nothing to do");
        return 0;
    }
    lock_announce_longest_hold(resources->lock, longest_run_sec(options, resources));
    bool enabled = false;
    if (enabled_read_or_create(options->state_dir, &enabled, &resources->off_is_new, err) != 0)
        return -1;
    resources->off = !enabled;
    *ret_nothing_to_do = resources->off && is_automatic(options);
    return 0;
}

/* While the older script runs too, both send every call. A person used to that script may also set its checkpoint. */
static void warn_of_older_script(const struct options *options)
{
    char advice[LEGACY_ADVICE_SIZE];
    if (legacy_advice(options->legacy, 0, advice, sizeof advice))
        log_warn("⚠ %s", advice);
}

/* Opens the resources of a run, and makes the run. */
static int work(const struct options *options, struct resources *resources, struct summary *ret_summary,
                bool *ret_nothing_to_do, struct err *err)
{
    int64_t started_ms = clock_mono_ms();
    if (enter_state(options, resources, ret_nothing_to_do, err) != 0)
        return -1;
    if (*ret_nothing_to_do)
        return 0;
    log_info("🚀 Starting call results sync...");
    warn_of_older_script(options);
    if (resources_open_ledger(options, resources, err) != 0)
        return -1;
    if (!options->dry_run)
        leader_renew(options->state_dir);
    resources->config.database.run_period = options->every;
    if (resources_open_source(resources, err) != 0)
        return -1;
    if (poll_with_repair(options, resources, ret_summary, ret_nothing_to_do, err) != 0)
        return -1;
    if (!*ret_nothing_to_do)
        report(options, ret_summary, clock_mono_ms() - started_ms);
    return 0;
}

/* Bad settings stop the run, but the ledger still records the run for `history`, and that the mail was sent. */
static void open_ledger_for_history(const struct options *options, struct resources *resources, bool *ret_nothing_to_do)
{
    if (enter_state(options, resources, ret_nothing_to_do, NULL) == 0 && !*ret_nothing_to_do &&
        resources_open_ledger(options, resources, NULL) != 0)
        resources->ledger = NULL;
}

/* Cron starts all jobs at second 0, VICIdial's own jobs too. So each host starts its run at another second. */
static void wait_splay(const struct settings_sync *settings)
{
    char host[256] = "";
    if (settings->splay == 0 || gethostname(host, sizeof host - 1) != 0)
        return;
    uint64_t share = str_hash(STR_HASH_START, host, strlen(host)) % ((uint64_t)settings->splay * 1000);
    interrupt_sleep_until(clock_mono_ms() + (int64_t)share);
}

int run_round(const struct options *options, bool is_first)
{
    struct err err = { .code = EX_OK };
    struct summary summary = { .stop = STOP_NONE };
    struct resources resources = { .lock = NULL };
    bool nothing_to_do = false;
    interrupt_install();
    open_log(options);
    if (options->cron)
        mail_state_open(options->state_dir);
    /* Log and settings may need root's rights. After profile_drop_privileges the process is the state's owner. */
    bool off = is_automatic(options) && enabled_is_off(options->state_dir);
    bool loaded = !off && resources_load(options, &resources, &err) == 0;
    if (!loaded && !off)
        summary_fail(&summary, &err); /* resources_load has logged each problem */
    if (loaded && options->cron)
        wait_splay(&resources.config.sync);
    int64_t began_ms = clock_mono_ms();
    int result = profile_drop_privileges(options, &err);
    if (result == 0 && off)
        result = enter_state(options, &resources, &nothing_to_do, &err);
    else if (result == 0 && loaded)
        result = work(options, &resources, &summary, &nothing_to_do, &err);
    else if (result == 0 && !options->dry_run)
        open_ledger_for_history(options, &resources, &nothing_to_do);
    if (result != 0) {
        summary_fail(&summary, &err);
        log_error("❌ %s", err.message);
    }
    if ((result != 0 || !loaded) && resources.ledger != NULL)
        (void)!journal_failed(resources.ledger, &summary, clock_mono_ms() - began_ms, NULL);
    log_whether_enabled(options, is_first, &resources);
    if (options->cron && !nothing_to_do)
        report_health(options, &resources, &summary);
    if (is_automatic(options) && !nothing_to_do) /* a person's command line may name another log */
        report_log(options, &resources);
    (void)fflush(stdout);
    mail_state_close();
    resources_close_state(&resources);
    resources_close(&resources);
    log_close();
    return summary_exit_code(&summary);
}

int run_command(const struct options *options)
{
    return run_round(options, false);
}
