/* turn: long work beside the minute's runs. */
#include "clock.h"
#include "interrupt.h"
#include "journal.h"
#include "turn.h"

#define TURN_MS 1000
#define BETWEEN_TURNS_MS 100 /* long enough for a run that waits to come in */

static int open_state(struct turn *turn, struct err *err)
{
    struct resources *resources = turn->resources;
    if (!turn->options->dry_run && lock_acquire_to_share(turn->options->state_dir, &resources->lock, err) != 0)
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

int turn_begin(struct turn *turn, const char *kind, struct err *err)
{
    if (open_state(turn, err) != 0)
        return -1;
    if (turn->options->dry_run)
        return 0;
    if (resources_elect(turn->options, turn->resources, err) != 0)
        return -1;
    if (!turn->resources->elected)
        return err_set(err, EX_UNAVAILABLE, "another host sends the calls of this database; do this there");
    return journal_open(turn->forward, kind, err);
}

/* How long to wait until no more calls than the rate allows were tried since the start; nothing, where negative. */
static int64_t too_quick_by_ms(const struct turn *turn)
{
    const struct forward *forward = turn->forward;
    if (turn->rate <= 0)
        return 0;
    int64_t tried = forward->summary->accepted + forward->summary->failed;
    return forward->started_ms + tried * 1000 / turn->rate - clock_mono_ms();
}

int turn_pass(struct turn *turn, struct err *err)
{
    int64_t wait_ms = too_quick_by_ms(turn);
    if (turn->options->dry_run || (wait_ms < BETWEEN_TURNS_MS && clock_mono_ms() - turn->began_ms < TURN_MS))
        return 0;
    if (forward_commit(turn->forward, err) != 0)
        return -1;
    close_state(turn);
    interrupt_pause(clock_mono_ms() + (wait_ms > BETWEEN_TURNS_MS ? wait_ms : BETWEEN_TURNS_MS));
    return open_state(turn, err);
}

int turn_end(struct turn *turn, struct err *err)
{
    return turn->forward->ledger == NULL ? 0 : journal_close(turn->forward, NULL, err);
}
