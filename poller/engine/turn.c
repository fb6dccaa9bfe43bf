/* turn: long work beside the minute's runs. */
#include "base/clock.h"
#include "base/interrupt.h"
#include "engine/journal.h"
#include "engine/turn.h"

#define TURN_MS 1000
#define BETWEEN_TURNS_MS 100 /* long enough for a run that waits to come in */
#define BATCH 100

static int open_state(struct turn *turn, struct err *err)
{
    struct resources *resources = turn->resources;
    if (!turn->options->dry_run && lock_acquire_for_long_work(turn->options->state_dir, &resources->lock, err) != 0)
        return -1;
    if (resources_open_ledger(turn->options, resources, err) != 0)
        return -1;
    turn->forward->ledger = resources->ledger;
    turn->began_ms = clock_mono_ms();
    return 0;
}

static void close_state(struct turn *turn)
{
    struct resources *resources = turn->resources;
    ledger_close(resources->ledger);
    resources->ledger = turn->forward->ledger = NULL;
    lock_release(resources->lock);
    resources->lock = NULL;
}

int64_t turn_batch(int64_t batch_size, int64_t rate)
{
    int64_t most = rate > 0 && rate < BATCH ? rate : BATCH;
    return batch_size < most ? batch_size : most;
}

/* Each turn: a host whose runs have stopped coming leads no longer. */
static int confirm_leader(const struct turn *turn, struct err *err)
{
    return leader_confirm(resources_leader(turn->options, turn->resources), turn->resources->ledger, err);
}

int turn_begin(struct turn *turn, const char *kind, struct err *err)
{
    if (open_state(turn, err) != 0)
        return -1;
    turn->passed_ms = clock_mono_ms();
    turn->bucket = bucket_start(turn->rate, turn->passed_ms);
    if (!turn->options->dry_run && confirm_leader(turn, err) != 0)
        return -1;
    return journal_open(turn->forward, kind, err);
}

/* How long to wait until the rate allows a whole batch. What was sent counts from when it began to go out: an API that
 * takes its time over a batch has earned the next one meanwhile. */
static int64_t too_quick_by_ms(struct turn *turn)
{
    const struct forward *forward = turn->forward;
    int64_t tried = forward->summary->accepted + forward->summary->failed;
    bucket_take(&turn->bucket, tried - turn->taken, turn->passed_ms);
    turn->taken = tried;
    return bucket_wait_ms(&turn->bucket, forward->settings->batch_size, clock_mono_ms());
}

static int let_others_in(struct turn *turn, int64_t wait_ms, struct err *err)
{
    if (forward_commit(turn->forward, err) != 0)
        return -1;
    close_state(turn);
    interrupt_sleep_until(clock_mono_ms() + (wait_ms > BETWEEN_TURNS_MS ? wait_ms : BETWEEN_TURNS_MS));
    return open_state(turn, err) == 0 ? confirm_leader(turn, err) : -1;
}

int turn_pass(struct turn *turn, struct err *err)
{
    int64_t wait_ms = too_quick_by_ms(turn);
    bool goes_on = turn->options->dry_run || (wait_ms == 0 && clock_mono_ms() - turn->began_ms < TURN_MS);
    int result = goes_on ? 0 : let_others_in(turn, wait_ms, err);
    turn->passed_ms = clock_mono_ms();
    return result;
}

int turn_end(struct turn *turn, struct err *err)
{
    return turn->forward->ledger == NULL ? 0 : journal_close(turn->forward, NULL, err);
}
