/* did-optimizer-sync: sends the result of every finished VICIdial call to the DID Optimizer API, once.
 *
 * A run, in order: log and settings, read as root; then without privileges: lock, ledger, database, API, and poll.c. What is opened is closed in reverse. */
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "checkpoint_command.h"
#include "clock.h"
#include "config.h"
#include "delivery.h"
#include "fileutil.h"
#include "interrupt.h"
#include "ledger.h"
#include "lock.h"
#include "log.h"
#include "options.h"
#include "poll.h"
#include "privileges.h"
#include "source.h"
#include "summary.h"
#include "version.h"

/* Everything a run holds open; all NULL at first. */
struct resources {
    struct config config;
    struct lock *lock;
    struct ledger *ledger;
    struct source *source;
    struct delivery *delivery;
    bool ledger_rebuilt;
};

static int open_log(const struct options *options, struct err *err)
{
    if (options->dry_run) /* changes nothing, the log neither; standard output is for the JSON */
        return log_open(NULL, LOG_TERMINAL_STDERR, err);
    if (options->cron)
        return log_open(options->log, LOG_TERMINAL_NONE, err);
    bool shown = strcmp(options->log, "-") == 0 || isatty(STDOUT_FILENO);
    return log_open(options->log, shown ? LOG_TERMINAL_STDOUT : LOG_TERMINAL_ERRORS, err);
}

/* Reads the settings; each problem is one line in the log. */
static int load_config(const struct options *options, struct config *config, struct err *err)
{
    struct config_problems problems;
    config_load(&options->config, config, &problems);
    for (int i = 0; i < problems.count; i++)
        log_error("❌ %s", problems.texts[i]);
    int result = 0;
    if (problems.count == 1)
        result = err_set(err, problems.code, "the configuration has a problem: %s", problems.texts[0]);
    else if (problems.count > 1)
        result = err_set(err, problems.code, "the configuration has %d problems, the first: %s", problems.count,
                         problems.texts[0]);
    config_problems_free(&problems);
    if (result != 0)
        return -1;
    log_set(config->log_format, config->log_level);
    log_hide(config->api.key);
    if (!config->api.verify_ssl)
        log_warn("⚠ verify_ssl = 0 in %s: the API's certificate is not checked, so whoever stands between can read the "
                 "key; remove that line", options->config.dids);
    return 0;
}

static int open_state(const struct options *options, struct resources *resources, struct err *err)
{
    char aside[512];
    enum ledger_mode mode = options->dry_run ? LEDGER_LOOK : LEDGER_WRITE;
    if (fileutil_need_directory(options->state_dir, err) != 0 ||
        ledger_open(options->state_dir, mode, &resources->ledger, aside, sizeof aside, err) != 0)
        return -1;
    resources->ledger_rebuilt = *aside != '\0';
    if (resources->ledger_rebuilt)
        log_error("❌ the ledger was damaged and is made anew; the old one is kept as %s", aside);
    return 0;
}

static int open_ends(struct resources *resources, struct err *err)
{
    if (source_connect(&resources->config.database, &resources->source, err) != 0)
        return -1;
    log_info("✅ Connected to VICIdial database");
    if (source_inspect(resources->source, err) != 0)
        return -1;
    return delivery_open(&resources->config.api, &resources->delivery, err);
}

static void close_all(struct resources *resources)
{
    delivery_close(resources->delivery);
    source_close(resources->source);
    ledger_close(resources->ledger);
    lock_release(resources->lock);
    config_free(&resources->config);
}

/* Under cron every line printed becomes a mail: one when things begin to fail, one when they work again. */
static void report_health(const struct options *options, struct resources *resources, int exit_code,
                          const char *message)
{
    int64_t was_healthy = 1;
    bool healthy = exit_code == EX_OK || exit_code == EX_TEMPFAIL;
    if (resources->ledger == NULL && !healthy && open_state(options, resources, NULL) != 0)
        resources->ledger = NULL; /* where nothing can be remembered, a mail too many is better than none */
    if (resources->ledger != NULL &&
        ledger_note(resources->ledger, LEDGER_NOTE_HEALTHY, 1, &was_healthy, NULL) != 0)
        was_healthy = 1;
    if (healthy == (was_healthy != 0))
        return;
    if (healthy)
        (void)printf("did-optimizer-sync works again.\n");
    else
        (void)printf("did-optimizer-sync does not work: %s\nNothing is lost; calls are sent when it works again. "
                     "There is no further mail until then.\n", message);
    if (resources->ledger != NULL && ledger_set_note(resources->ledger, LEDGER_NOTE_HEALTHY, healthy ? 1 : 0, NULL) == 0)
        (void)!ledger_commit(resources->ledger, NULL);
}

static void poll_and_report(const struct options *options, struct resources *resources, struct summary *ret_summary)
{
    int64_t started_ms = clock_mono_ms();
    struct poll poll = {
        .state_dir = options->state_dir,
        .source = resources->source,
        .ledger = resources->ledger,
        .delivery = resources->delivery,
        .settings = &resources->config.sync,
        .dispositions = resources->config.dispositions,
        .ledger_rebuilt = resources->ledger_rebuilt,
        .dry_run = options->dry_run,
    };
    poll_run(&poll, ret_summary);
    if (options->dry_run && ret_summary->stop == STOP_FAILED)
        log_error("❌ %s", ret_summary->message);
    else if (options->dry_run)
        log_info("📊 Dry run: %" PRId64 " would be sent, %" PRId64 " held until their disposition is final",
                 ret_summary->accepted, ret_summary->held);
    else
        summary_report(ret_summary, clock_mono_ms() - started_ms);
}

/* Takes the lock and opens everything. *ret_standing_by: another run is at work, so there is nothing to do. */
static int start(const struct options *options, struct resources *resources, bool *ret_standing_by, struct err *err)
{
    if (privileges_drop_to_owner(options->state_dir, err) != 0 || fileutil_need_directory(options->state_dir, err) != 0)
        return -1;
    if (!options->dry_run && lock_acquire(options->state_dir, 0, &resources->lock, err) != 0)
        return -1;
    *ret_standing_by = !options->dry_run && resources->lock == NULL;
    if (*ret_standing_by) {
        log_info("🔒 Another run is at work; nothing to do");
        return 0;
    }
    log_info("🚀 Starting call results sync...");
    return open_state(options, resources, err) == 0 ? open_ends(resources, err) : -1;
}

static int sync_calls(const struct options *options, struct resources *resources, struct summary *ret_summary,
                      bool *ret_standing_by, struct err *err)
{
    if (load_config(options, &resources->config, err) != 0)
        return -1; /* each problem has its line in the log */
    if (start(options, resources, ret_standing_by, err) != 0) {
        log_error("❌ %s", err->message);
        return -1;
    }
    if (!*ret_standing_by)
        poll_and_report(options, resources, ret_summary);
    return 0;
}

static int run_command(const struct options *options)
{
    struct err err = { .code = EX_OK };
    struct summary summary = { .stop = STOP_NONE };
    struct resources resources = { .lock = NULL };
    bool standing_by = false;
    interrupt_install();
    if (open_log(options, &err) != 0) {
        (void)fprintf(stderr, "did-optimizer-sync: %s\n", err.message);
        return err.code;
    }
    if (sync_calls(options, &resources, &summary, &standing_by, &err) != 0)
        summary_fail(&summary, &err);
    int exit_code = summary_exit_code(&summary);
    if (options->cron && !standing_by)
        report_health(options, &resources, exit_code, summary.message);
    close_all(&resources);
    log_close();
    return exit_code;
}

static int run_other(const struct options *options)
{
    struct err err = { .code = EX_OK };
    int result = 0;
    switch (options->command) {
    case COMMAND_CHECK:
        return check_command(options);
    case COMMAND_CHECKPOINT_SHOW:
    case COMMAND_CHECKPOINT_SET:
    case COMMAND_CHECKPOINT_RESET:
        result = privileges_drop_to_owner(options->state_dir, &err);
        if (result == 0)
            result = checkpoint_command(options, &err);
        break;
    case COMMAND_HELP:
        (void)fputs(options_help(), stdout);
        break;
    case COMMAND_VERSION:
        (void)printf("did-optimizer-sync %s\n", VERSION);
        break;
    case COMMAND_RUN:
        break;
    }
    if (result != 0)
        (void)fprintf(stderr, "did-optimizer-sync: %s\n", err.message);
    return result == 0 ? EX_OK : err.code;
}

int main(int argc, char **argv)
{
    struct options options;
    struct err err;
    (void)umask(0027);
    (void)setlocale(LC_ALL, "C");
    if (privileges_harden(&err) != 0 || options_parse(argc, argv, &options, &err) != 0) {
        (void)fprintf(stderr, "did-optimizer-sync: %s\n", err.message);
        return err.code;
    }
    return options.command == COMMAND_RUN ? run_command(&options) : run_other(&options);
}
