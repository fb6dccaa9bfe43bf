/* enable: `did-optimizer-sync enable` and `disable`: whether cron or a service sends calls. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/lock.h"
#include "base/log.h"
#include "commands/enable.h"
#include "config/profile.h"
#include "engine/route.h"
#include "ledger/checkpoint.h"
#include "ledger/enabled.h"
#include "ledger/ledger.h"
#include "ledger/legacy.h"

/* Reads the checkpoint file, or else the ledger's copy. */
static bool find_checkpoint(const char *state_dir, struct position *ret_position)
{
    enum checkpoint_found found = CHECKPOINT_MISSING;
    struct ledger *ledger = NULL;
    bool known = false;
    if (checkpoint_load(state_dir, &found, ret_position, NULL) == 0 && found == CHECKPOINT_READ)
        return true;
    if (ledger_open(state_dir, LEDGER_READ_ONLY, &ledger, NULL, NULL) != 0 ||
        ledger_read_place(ledger, LEDGER_CHECKPOINT, ret_position, &known, NULL) != 0)
        known = false;
    ledger_close(ledger);
    return known;
}

/* The operator must know how many calls the next run will send: a checkpoint of last week means a week of calls. */
static void print_next_start(const struct options *options, const struct config *config)
{
    struct position position;
    struct err ignored;
    char local[CLOCK_TEXT_SIZE], advice[LEGACY_ADVICE_SIZE];
    int64_t now = clock_now_epoch();
    struct legacy legacy = legacy_load(options->legacy, now, &ignored);
    if (find_checkpoint(options->state_dir, &position))
        (void)printf("The next run continues from the checkpoint, %s.\n",
                     clock_local(position.end_epoch, local, sizeof local));
    else if (legacy.found)
        (void)printf("The first run continues from where the older script stopped, %s (%s).\n",
                     clock_local(legacy.position.end_epoch, local, sizeof local), options->legacy);
    else
        (void)printf("The first run starts %" PRId64 " minutes back (first_run_lookback).\n",
                     config->sync.first_run_lookback / 60);
    if (legacy_advice(options->legacy, 0, advice, sizeof advice))
        (void)printf("⚠ %s\n", advice);
}

static int record_choice(const struct options *options, bool enabled, struct err *err)
{
    struct lock *lock = NULL;
    if (profile_drop_privileges(options, err) != 0 || fileutil_check_writable_dir(options->state_dir, err) != 0 ||
        lock_acquire_for_command(options->state_dir, &lock, err) != 0)
        return -1;
    int result = enabled_set(options->state_dir, enabled, err);
    lock_release(lock);
    return result;
}

int enable_command(const struct options *options)
{
    bool enabled = options->command == COMMAND_ENABLE;
    struct err err = { .code = EX_OK };
    struct config config;
    struct config_problems problems;
    struct route_kinds kinds;
    route_load(&options->config, &config, &kinds, &problems);
    log_open(options->log, LOG_TERMINAL_NONE); /* before root gives up its rights: only root may create the log */
    log_configure(config.log_format, config.log_level);
    if (record_choice(options, enabled, &err) != 0) {
        (void)fprintf(stderr, "did-optimizer-sync: %s\n", err.message);
    } else if (enabled) {
        log_info("▶ Enabled: cron sends calls, starting with its next run");
        (void)printf("enabled: cron sends calls, starting with its next run\n");
        print_next_start(options, &config);
        if (problems.count > 0)
            (void)printf("⚠ The configuration has a problem: %s\n", problems.texts[0]);
    } else {
        log_info("⏸ Disabled: cron sends no calls until you run `did-optimizer-sync%s enable`",
                 options->profile_option);
        (void)printf("disabled: cron sends no calls until you run `did-optimizer-sync%s enable`; no call is lost\n",
                     options->profile_option);
    }
    log_close();
    config_problems_free(&problems);
    config_free(&config);
    return err.code;
}
