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
#include "engine/campaigns.h"
#include "engine/journal.h"
#include "engine/poll.h"
#include "engine/resources.h"
#include "engine/summary.h"
#include "ledger/enabled.h"
#include "ledger/legacy.h"

static void open_log(const struct options *options)
{
    bool shown = strcmp(options->log, "-") == 0 || isatty(STDOUT_FILENO);
    if (options->dry_run) /* changes nothing, the log neither; standard output is for the JSON */
        log_open(NULL, LOG_TERMINAL_STDERR);
    else if (options->cron)
        log_open(options->log, LOG_TERMINAL_NONE);
    else
        log_open(options->log, shown ? LOG_TERMINAL_STDOUT : LOG_TERMINAL_ERRORS);
}

/* Whether a state of things is another than the last mail told. It is noted in the ledger, else in memory: a disk that
 * is full, and a ledger that cannot be opened, must not mail each minute. */
static bool is_news(struct ledger *ledger, const char *note, enum mail_topic what, bool well)
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

static void tell_health(const char *words, bool healthy, const struct summary *summary)
{
    if (healthy)
        (void)printf("did-optimizer-sync%s works again.\n", words);
    else
        (void)printf("did-optimizer-sync%s does not work: %s\nNo call is lost; calls are sent when it works again. "
                     "There is no further mail until then.\n", words, summary->message);
}

static void tell_log(const char *words, bool works)
{
    if (works)
        (void)printf("did-optimizer-sync%s: its log can be written again.\n", words);
    else
        (void)printf("did-optimizer-sync%s: %s\nCalls are still sent, and the log's lines go to syslog. There is no "
                     "further mail until the log can be written again.\n", words, log_problem());
}

/* Whether it is unknown if the API works again: it was down, and there were too few calls to test it with. */
static bool is_open(const struct resources *resources, const struct summary *summary)
{
    int64_t outage_since = 0;
    return summary->in_doubt > 0 ||
           (resources->ledger != NULL &&
            (ledger_read_note(resources->ledger, LEDGER_NOTE_OUTAGE_SINCE, 0, &outage_since, NULL) != 0 ||
             outage_since != 0));
}

/* Under cron every line printed becomes a mail: one when things begin to fail, one when they work again. */
static void report_health(const struct options *options, struct resources *resources, const struct summary *summary)
{
    int exit_code = summary_exit_code(summary);
    bool healthy = exit_code == EX_OK || exit_code == EX_TEMPFAIL;
    bool open = healthy && is_open(resources, summary);
    if (!open && is_news(resources->ledger, LEDGER_NOTE_HEALTHY, MAIL_TOPIC_HEALTH, healthy))
        tell_health(options->profile_option, healthy, summary);
}

/* Notes it for status and health, too. */
static void report_log(const struct options *options, struct resources *resources)
{
    log_flush(); /* it shows whether the log can be written */
    bool works = *log_problem() == '\0';
    if (is_news(resources->ledger, LEDGER_NOTE_LOG_WORKS, MAIL_TOPIC_LOG, works) && options->cron)
        tell_log(options->profile_option, works);
}

static void say_standby(const struct leader *leader)
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
    say_standby(leader);
    return 0;
}

/* Which host sends the calls. */
static int elect(const struct options *options, struct resources *resources, bool *ret_standing_by, struct err *err)
{
    struct leader *leader = resources_leader(options, resources);
    if (options->dry_run)
        return 0;
    if (leader_elect(leader, resources->ledger, err) != 0)
        return -1;
    *ret_standing_by = leader->role != LEADER_THIS;
    if (leader->took_over)
        log_warn("⏫ This host is now the leader and sends the calls of this database: no other host has led for "
                 "%" PRId64 " s. Calls since the checkpoint are sent; the API may have some of them already",
                 resources->config.sync.takeover_after);
    return 0;
}

/* Runs once. Everything is open but the API: who stands by needs none. *ret_standing_by: this host does not send. */
static int poll_once(const struct options *options, struct resources *resources, struct summary *ret_summary,
                     bool *ret_standing_by, struct err *err)
{
    if (elect(options, resources, ret_standing_by, err) != 0)
        return -1;
    if (!*ret_standing_by && resources_open_sink(options, resources, err) != 0)
        return -1;
    struct poll poll = {
        .state_dir = options->state_dir,
        .legacy = options->legacy,
        .profile_option = options->profile_option,
        .source = &resources->source,
        .ledger = resources->ledger,
        .sink = &resources->sink,
        .settings = &resources->config.sync,
        .api = &resources->config.api,
        .dispositions = resources->config.dispositions,
        .every = options->every,
        .dry_run = options->dry_run,
    };
    if (*ret_standing_by)
        return stand_by(&poll, &resources->leader, err);
    campaigns_warn(&resources->source, options->dry_run ? NULL : resources->ledger, &resources->config.sync);
    poll_run(&poll, ret_summary);
    return options->dry_run ? 0 : leader_report_settled(&resources->leader, resources->ledger,
                                                              ret_summary->stop == STOP_NONE, err);
}

/* A run may find deep damage in the ledger only while it works: then it rebuilds the ledger and starts again. */
static int poll_with_repair(const struct options *options, struct resources *resources, struct summary *ret_summary,
                            bool *ret_standing_by, struct err *err)
{
    int result = poll_once(options, resources, ret_summary, ret_standing_by, err);
    if (options->dry_run || !ledger_is_damaged(resources->ledger))
        return result;
    log_error("❌ %s", result != 0 ? err->message : ret_summary->message);
    ledger_close(resources->ledger);
    resources->ledger = NULL;
    if (ledger_rebuild(options->state_dir, &resources->ledger, &resources->repair, err) != 0)
        return -1;
    resources_report_repair(&resources->repair);
    return poll_once(options, resources, ret_summary, ret_standing_by, err);
}

static void report(const struct options *options, const struct summary *summary, int64_t duration_ms)
{
    if (!options->dry_run)
        summary_report(summary, duration_ms);
    else if (summary->stop == STOP_FAILED)
        log_error("❌ %s", summary->message);
    else
        log_info("📊 Dry run: %" PRId64 " would be sent, %" PRId64 " waiting until their disposition is final",
                 summary->accepted, summary->waiting);
}

static bool starts_by_itself(const struct options *options)
{
    return options->cron || options->every > 0;
}

/* What starts by itself waits until it is enabled; a run by hand is an explicit act, and says what cron does. */
static void say_whether_enabled(const struct options *options, bool is_first, const struct resources *resources)
{
    bool first_time = resources->off_is_new || is_first;
    if (resources->off && !starts_by_itself(options))
        log_warn("⚠ cron does not send calls yet; to start: did-optimizer-sync%s enable", options->profile_option);
    else if (resources->off && first_time)
        log_info("⏸ Not enabled: cron sends no calls until you run `did-optimizer-sync%s enable`",
                 options->profile_option);
}

/* No request and no statement begins after the time budget; each has its time-out. A little more is for the disk. */
static int64_t longest_run_sec(const struct config *config)
{
    return config->sync.time_budget + config->api.connect_timeout + config->api.timeout +
           config->database.connect_timeout + config->database.read_timeout + 10;
}

/* Takes the lock. *ret_standing_by: another run is at work, or nobody has enabled this, so there is nothing to do. */
static int enter_state(const struct options *options, struct resources *resources, bool *ret_standing_by,
                       struct err *err)
{
    if (fileutil_check_writable_dir(options->state_dir, err) != 0)
        return -1;
    if (options->dry_run)
        return 0;
    if (lock_acquire_for_run(options->state_dir, &resources->lock, err) != 0)
        return -1;
    *ret_standing_by = resources->lock == NULL;
    if (*ret_standing_by) {
        log_info("🔒 Another run is at work; this run has nothing to do");
        return 0;
    }
    lock_announce_longest_hold(resources->lock, longest_run_sec(&resources->config));
    bool enabled = false;
    if (enabled_read_or_create(options->state_dir, &enabled, &resources->off_is_new, err) != 0)
        return -1;
    resources->off = !enabled;
    *ret_standing_by = resources->off && starts_by_itself(options);
    return 0;
}

/* As long as the script that this program replaces is at work too, every call is sent by both. And whoever knows that
 * script writes its checkpoint by habit. */
static void warn_of_older_script(const struct options *options)
{
    char advice[LEGACY_ADVICE_SIZE];
    if (legacy_advice(options->legacy, 0, advice, sizeof advice))
        log_warn("⚠ %s", advice);
}

/* Opens what a run needs, and runs. */
static int work(const struct options *options, struct resources *resources, struct summary *ret_summary,
                bool *ret_standing_by, struct err *err)
{
    int64_t started_ms = clock_mono_ms();
    if (enter_state(options, resources, ret_standing_by, err) != 0)
        return -1;
    if (*ret_standing_by)
        return 0;
    log_info("🚀 Starting call results sync...");
    warn_of_older_script(options);
    if (resources_open_ledger(options, resources, err) != 0)
        return -1;
    if (!options->dry_run)
        leader_renew(options->state_dir);
    if (resources_open_source(resources, err) != 0)
        return -1;
    if (poll_with_repair(options, resources, ret_summary, ret_standing_by, err) != 0)
        return -1;
    if (!*ret_standing_by)
        report(options, ret_summary, clock_mono_ms() - started_ms);
    return 0;
}

/* Where bad settings keep a run from its work, there is still its mail and its line in the history to be remembered. */
static void open_to_remember(const struct options *options, struct resources *resources, bool *ret_standing_by)
{
    if (enter_state(options, resources, ret_standing_by, NULL) == 0 && !*ret_standing_by &&
        resources_open_ledger(options, resources, NULL) != 0)
        resources->ledger = NULL;
}

/* Cron starts everybody at second 0, VICIdial's own jobs above all: each host begins at a moment of its own. */
static void wait_for_turn(const struct settings_sync *settings)
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
    bool standing_by = false;
    interrupt_install();
    open_log(options);
    if (options->cron)
        mail_state_open(options->state_dir);
    /* The log and the settings are read, as root it may be; whatever comes now is done as the owner of the state. */
    bool off = starts_by_itself(options) && enabled_is_off(options->state_dir);
    bool loaded = !off && resources_load(options, &resources, &err) == 0;
    if (!loaded && !off)
        summary_fail(&summary, &err); /* each problem has its line in the log */
    if (loaded && options->cron)
        wait_for_turn(&resources.config.sync);
    int64_t began_ms = clock_mono_ms();
    int result = profile_drop_privileges(options, &err);
    if (result == 0 && off)
        result = enter_state(options, &resources, &standing_by, &err);
    else if (result == 0 && loaded)
        result = work(options, &resources, &summary, &standing_by, &err);
    else if (result == 0 && options->cron)
        open_to_remember(options, &resources, &standing_by);
    if (result != 0) {
        summary_fail(&summary, &err);
        log_error("❌ %s", err.message);
    }
    if ((result != 0 || !loaded) && !options->dry_run && resources.ledger != NULL)
        (void)!journal_failed(resources.ledger, &summary, clock_mono_ms() - began_ms, NULL);
    say_whether_enabled(options, is_first, &resources);
    if (options->cron && !standing_by)
        report_health(options, &resources, &summary);
    if (starts_by_itself(options) && !standing_by) /* what a person starts may name another log */
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
