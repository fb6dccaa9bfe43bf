/* checkpoint_command: `did-optimizer-sync checkpoint show|set|reset`. */
#include <inttypes.h>
#include <stdio.h>

#include "checkpoint.h"
#include "checkpoint_command.h"
#include "clock.h"
#include "fileutil.h"
#include "ledger.h"
#include "lock.h"
#include "when.h"

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
        (void)printf("no checkpoint in %s: the next run goes on from the ledger's copy, or starts some time ago\n",
                     options->state_dir);
    else
        (void)printf("%s (%" PRId64 "%s%s), %" PRId64 " s ago\n",
                     clock_local(position.end_epoch, local, sizeof local), position.end_epoch,
                     *position.uniqueid != '\0' ? " " : "", position.uniqueid,
                     clock_now_epoch() - position.end_epoch);
    return 0;
}

/* A time, or what stands in a checkpoint file or is printed of it: a uniqueid, or END_EPOCH UNIQUEID. */
static int read_where(const char *text, struct position *ret_position, struct err *err)
{
    int64_t epoch = 0;
    if (checkpoint_parse(text, ret_position, NULL) == 0)
        return 0;
    if (when_parse(text, clock_now_epoch(), &epoch, err) != 0)
        return err_set(err, err->code, "%s; or write a uniqueid", err->message);
    *ret_position = position_at(epoch, "");
    return 0;
}

static int set(const struct options *options, struct err *err)
{
    struct position position;
    char local[CLOCK_TEXT_SIZE];
    if (read_where(options->arguments[0], &position, err) != 0)
        return -1;
    if (position.end_epoch > clock_now_epoch())
        return err_set(err, EX_USAGE, "could not set the checkpoint to %s: that lies in the future, and calls that end "
                       "before it would never be sent", clock_local(position.end_epoch, local, sizeof local));
    if (checkpoint_save(options->state_dir, &position, err) != 0)
        return -1;
    (void)printf("the next run goes on from %s\n", clock_local(position.end_epoch, local, sizeof local));
    return 0;
}

static int reset(const struct options *options, struct err *err)
{
    struct ledger *ledger = NULL;
    if (ledger_open(options->state_dir, LEDGER_WRITE, &ledger, NULL, err) != 0)
        return -1;
    /* The ledger's copy goes last: a crash in between leaves a state that only goes on from where it was. */
    int result = checkpoint_remove(options->state_dir, err);
    if (result == 0 && (ledger_clear_places(ledger, err) != 0 || ledger_commit(ledger, err) != 0))
        result = -1;
    ledger_close(ledger);
    if (result == 0)
        (void)printf("the checkpoint is forgotten: the next run starts first_run_lookback seconds ago (one hour)\n");
    return result;
}

int checkpoint_command(const struct options *options, struct err *err)
{
    struct lock *lock = NULL;
    if (options->command == COMMAND_CHECKPOINT_SHOW)
        return show(options, err);
    if (fileutil_need_directory(options->state_dir, err) != 0 ||
        lock_acquire_after_run(options->state_dir, &lock, err) != 0)
        return -1;
    int result = options->command == COMMAND_CHECKPOINT_SET ? set(options, err) : reset(options, err);
    lock_release(lock);
    return result;
}
