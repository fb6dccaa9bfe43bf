/* checkpoint_command: `did-optimizer-sync checkpoint show|set|reset`. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/lock.h"
#include "base/when.h"
#include "commands/ask.h"
#include "commands/checkpoint_command.h"
#include "config/profile.h"
#include "engine/jump.h"
#include "engine/progress.h"
#include "engine/resources.h"
#include "engine/route.h"
#include "ledger/checkpoint.h"
#include "ledger/ledger.h"
#include "ledger/legacy.h"

/* If the command waited longer than this for the lock, a run may have sent some of the counted calls. */
#define WAITED_MS 500

/* A person who wrote the older script's checkpoint file out of habit looks here for the effect. */
static void show_old_checkpoint(const struct options *options)
{
    struct ledger *ledger = NULL;
    int64_t since = 0;
    char advice[LEGACY_ADVICE_SIZE];
    if (ledger_open(options->state_dir, LEDGER_READ_ONLY, &ledger, NULL, NULL) == 0 &&
        ledger_read_note(ledger, LEDGER_NOTE_TAKEN_OVER, 0, &since, NULL) == 0 &&
        legacy_advice(options->legacy, since, advice, sizeof advice))
        (void)printf("⚠ %s\n", advice);
    ledger_close(ledger);
}

static int show(const struct options *options, struct err *err)
{
    enum checkpoint_found found = CHECKPOINT_MISSING;
    struct position position;
    char local[CLOCK_TEXT_SIZE];
    if (checkpoint_load(options->state_dir, &found, &position, err) != 0)
        return -1;
    if (found == CHECKPOINT_DAMAGED)
        return -1; /* err says what is wrong */
    if (found == CHECKPOINT_MISSING)
        (void)printf("no checkpoint in %s: the next run continues from the ledger's copy. Without a copy it will start "
                     "1 hour back (first_run_lookback)\n",
                     options->state_dir);
    else
        (void)printf("%s (%" PRId64 "%s%s), %" PRId64 " s ago\n",
                     clock_local(position.end_epoch, local, sizeof local), position.end_epoch,
                     *position.uniqueid != '\0' ? " " : "", position.uniqueid,
                     clock_now_epoch() - position.end_epoch);
    show_old_checkpoint(options);
    return 0;
}

/* text is a time, or any form that a checkpoint file may have. */
static int read_position(const char *text, struct position *ret_position, struct err *err)
{
    int64_t epoch = 0;
    if (checkpoint_parse(text, ret_position, NULL) == 0)
        return 0;
    if (when_parse(text, clock_now_epoch(), &epoch, err) != 0)
        return err_set(err, err->code, "%s, or a uniqueid", err->message);
    *ret_position = position_at(epoch, "");
    return 0;
}

/* ---- the effect of a change on the calls ---- */

/* Finds where the next run would continue. Before the first run that is now: a new checkpoint only adds calls. */
static int find_start(struct ledger *ledger, const struct settings_sync *settings, struct jump *jump, struct err *err)
{
    struct position floor;
    bool known = false, floor_known = false;
    if (ledger_read_place(ledger, LEDGER_CHECKPOINT, &jump->before, &known, err) != 0 ||
        ledger_read_place(ledger, LEDGER_FLOOR, &floor, &floor_known, err) != 0)
        return -1;
    if (!known)
        jump->before = position_at(clock_now_epoch(), "");
    jump->from = progress_skips_from(ledger, &jump->before, floor_known ? &floor : NULL, settings->overlap);
    return 0;
}

static int count(const struct options *options, const struct config *config, struct jump *jump, struct err *err)
{
    struct ledger *ledger = NULL;
    struct source source = { .ops = NULL };
    int result = -1;
    if (ledger_open(options->state_dir, LEDGER_READ_ONLY, &ledger, NULL, err) == 0 &&
        find_start(ledger, &config->sync, jump, err) == 0 &&
        resources_connect(config, &source, err) == 0 && source_inspect(&source, err) == 0)
        result = jump_count(jump, &source, ledger, &config->sync, err);
    source_close(&source);
    ledger_close(ledger);
    return result;
}

/* Prints how many calls the change skips or sends. Returns false only if it certainly affects none. */
static bool print_effect(const struct options *options, const struct config *config,
                              const struct config_problems *problems, const struct position *after)
{
    struct err err;
    char text[500];
    struct jump jump = { .after = *after };
    int result = problems->count > 0 ? err_set(&err, problems->code, "%s", problems->texts[0])
                                     : count(options, config, &jump, &err);
    if (result != 0) {
        (void)fprintf(stderr, "did-optimizer-sync: could not count the calls that this checkpoint skips or sends: %s\n",
                      err.message);
        return true;
    }
    (void)printf("%s\n", jump_sentence(&jump, options->profile_option, text, sizeof text));
    (void)fflush(stdout);
    return jump.calls > 0 || jump.more;
}

/* ---- the changes ---- */

static int set(const struct options *options, const struct position *position, struct err *err)
{
    char local[CLOCK_TEXT_SIZE];
    if (checkpoint_save(options->state_dir, position, err) != 0)
        return -1;
    (void)printf("the next run continues from %s\n", clock_local(position->end_epoch, local, sizeof local));
    return 0;
}

/* `checkpoint set` skips pending calls that no run has tried yet; progress.c does that. A reset must do the same. */
static int forget_skipped(struct ledger *ledger, const struct position *start, struct err *err)
{
    struct position copy;
    bool known = false;
    int64_t ignored = 0;
    if (ledger_read_place(ledger, LEDGER_CHECKPOINT, &copy, &known, err) != 0)
        return -1;
    return known && start->end_epoch > copy.end_epoch ? ledger_forget_untried(ledger, start->end_epoch, &ignored, err)
                                                       : 0;
}

static int reset(const struct options *options, const struct position *start, struct err *err)
{
    struct ledger *ledger = NULL;
    if (ledger_open(options->state_dir, LEDGER_WRITE, &ledger, NULL, err) != 0)
        return -1;
    /* The file first: after a crash in between, the next run continues from the ledger's copy, as before the reset. */
    int result = checkpoint_remove(options->state_dir, err);
    if (result == 0 && (forget_skipped(ledger, start, err) != 0 || ledger_delete_checkpoint(ledger, err) != 0 ||
                        ledger_commit(ledger, err) != 0))
        result = -1;
    ledger_close(ledger);
    if (result == 0)
        (void)printf("the checkpoint is removed: the next run will start 1 hour back (first_run_lookback)\n");
    return result;
}

/* Takes the lock only after the answer: runs must go on while a person thinks. */
static int change(const struct options *options, const struct config *config, const struct config_problems *problems,
                  struct err *err)
{
    struct lock *lock = NULL;
    bool to_set = options->command == COMMAND_CHECKPOINT_SET;
    char local[CLOCK_TEXT_SIZE];
    struct position position = position_at(clock_now_epoch() - config->sync.first_run_lookback, "");
    if (fileutil_check_writable_dir(options->state_dir, err) != 0 ||
        (to_set && read_position(options->arguments[0], &position, err) != 0))
        return -1;
    if (position.end_epoch > clock_now_epoch())
        return err_set(err, EX_USAGE,
                       "could not set the checkpoint to %s: that time is in the future, and calls that end before it "
                       "would never be sent",
                       clock_local(position.end_epoch, local, sizeof local));
    bool affects_calls = print_effect(options, config, problems, &position);
    if (options->dry_run)
        return 0;
    if (affects_calls && !options->yes && !ask_yes("Set the checkpoint?")) {
        (void)printf("nothing was changed\n");
        return 0;
    }
    int64_t began_ms = clock_mono_ms();
    if (lock_acquire_for_command(options->state_dir, &lock, err) != 0)
        return -1;
    if (affects_calls && clock_mono_ms() - began_ms >= WAITED_MS) {
        (void)printf("another run finished just now; the checkpoint after that run:\n");
        (void)print_effect(options, config, problems, &position);
    }
    int result = to_set ? set(options, &position, err) : reset(options, &position, err);
    lock_release(lock);
    return result;
}

int checkpoint_command(struct options *options)
{
    struct err err = { .code = EX_OK };
    struct config config;
    struct config_problems problems;
    options->config.without_api = true;
    struct route_kinds kinds;
    /* Before root gives up its rights: only root may be allowed to read the settings. */
    route_load(&options->config, &config, &kinds, &problems);
    int result = profile_drop_privileges(options, &err);
    if (result == 0)
        result = options->command == COMMAND_CHECKPOINT_SHOW ? show(options, &err)
                                                             : change(options, &config, &problems, &err);
    if (result != 0)
        (void)fprintf(stderr, "did-optimizer-sync: %s\n", err.message);
    config_problems_free(&problems);
    config_free(&config);
    return result == 0 ? EX_OK : err.code;
}
