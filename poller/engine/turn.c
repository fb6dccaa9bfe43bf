/* turn: long work while cron's runs continue. */
#include "base/clock.h"
#include "base/fileutil.h"
#include "base/interrupt.h"
#include "engine/journal.h"
#include "engine/turn.h"

#define TURN_MS 1000
#define BETWEEN_TURNS_MS 100 /* long enough for a waiting run to take the lock */
#define BATCH 100

static int open_state(struct turn *turn, struct err *err)
{
    struct resources *resources = turn->resources;
    if (!turn->options->dry_run && lock_acquire_for_long_work(turn->options->state_dir, &resources->lock, err) != 0)
        return -1;
    if (resources_open_ledger(turn->options, resources, err) != 0)
        return -1;
    if (ledger_claim_for_source(resources->ledger, resources->config.source_type, err) != 0)
        return -1;
    turn->engine->route.ledger = resources->ledger;
    turn->began_ms = clock_mono_ms();
    return 0;
}

static void close_state(struct turn *turn)
{
    struct resources *resources = turn->resources;
    ledger_close(resources->ledger);
    resources->ledger = turn->engine->route.ledger = NULL;
    lock_release(resources->lock);
    resources->lock = NULL;
}

int64_t turn_batch(int64_t batch_size, int64_t rate)
{
    int64_t most = rate > 0 && rate < BATCH ? rate : BATCH;
    return batch_size < most ? batch_size : most;
}

/* Called in each turn, because a host does not stay the leader after its runs have stopped. */
static int confirm_leader(const struct turn *turn, struct err *err)
{
    return leader_confirm(resources_leader(turn->options, turn->resources), turn->resources->ledger, err);
}

static int open_ends(const struct turn *turn, struct err *err)
{
    const struct options *options = turn->options;
    if (fileutil_check_writable_dir(options->state_dir, err) != 0 || resources_open_source(turn->resources, err) != 0)
        return -1;
    return turn->only_looks ? 0 : resources_open_sink(options, turn->resources, err);
}

int turn_begin(struct turn *turn, const char *kind, struct err *err)
{
    struct settings_sync *settings = &turn->resources->config.sync;
    settings->batch_size = turn_batch(settings->batch_size, settings->backfill_rate);
    turn->resources->config.database.is_long_work = true;
    if (open_ends(turn, err) != 0)
        return -1;
    *turn->engine = resources_engine(turn->resources, turn->summary);
    if (open_state(turn, err) != 0)
        return -1;
    turn->passed_ms = clock_mono_ms();
    turn->bucket = bucket_start(settings->backfill_rate, turn->passed_ms);
    if (!turn->options->dry_run && confirm_leader(turn, err) != 0)
        return -1;
    return journal_open(turn->engine, kind, err) == 0 ? journal_resume(turn->engine, err) : -1;
}

/* How long to wait until the rate allows a whole batch. Counts from the start of the last batch: while a slow API
 * handles that batch, the bucket fills for the next one. */
static int64_t wait_for_rate_ms(struct turn *turn)
{
    const struct engine *engine = turn->engine;
    int64_t tried = engine->summary->accepted + engine->summary->failed;
    bucket_take(&turn->bucket, tried - turn->taken, turn->passed_ms);
    turn->taken = tried;
    return bucket_wait_ms(&turn->bucket, engine->route.settings->batch_size, clock_mono_ms());
}

void turn_tell(struct turn *turn, int64_t from, int64_t to, int64_t reached, double share)
{
    double within = share < 0.0 ? 0.0 : share > 1.0 ? 1.0 : share;
    turn->progress = (struct run_progress){ .run = turn->engine->run, .from = from, .to = to,
                                            .reached = reached < from ? from : reached > to ? to : reached,
                                            .permille = (int64_t)(within * 1000.0) };
}

static int write_progress(struct turn *turn, struct err *err)
{
    turn->progress.at = clock_now_epoch();
    return turn->progress.run != 0 ? run_progress_write(turn->engine->route.ledger, &turn->progress, err) : 0;
}

static int let_others_in(struct turn *turn, int64_t wait_ms, struct err *err)
{
    if (write_progress(turn, err) != 0 || engine_commit(turn->engine, err) != 0)
        return -1;
    close_state(turn);
    interrupt_sleep_until(clock_mono_ms() + (wait_ms > BETWEEN_TURNS_MS ? wait_ms : BETWEEN_TURNS_MS));
    return open_state(turn, err) == 0 ? confirm_leader(turn, err) : -1;
}

int turn_pass(struct turn *turn, struct err *err)
{
    int64_t wait_ms = wait_for_rate_ms(turn);
    bool goes_on = turn->options->dry_run || (wait_ms == 0 && clock_mono_ms() - turn->began_ms < TURN_MS);
    int result = goes_on ? 0 : let_others_in(turn, wait_ms, err);
    turn->passed_ms = clock_mono_ms();
    return result;
}

int turn_end(struct turn *turn, int result, struct err *err)
{
    struct err ignored;
    if (result != 0)
        summary_fail(turn->summary, err);
    if (turn->engine->route.ledger == NULL)
        return result;
    if (turn->progress.run != 0 && run_progress_forget(turn->engine->route.ledger, result == 0 ? err : &ignored) != 0)
        result = -1;
    return journal_close(turn->engine, result == 0 ? err : &ignored) == 0 ? result : -1;
}
