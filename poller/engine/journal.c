/* journal: the counts of a run, in the ledger. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/journal.h"

int journal_open(struct engine *engine, const char *kind, struct err *err)
{
    if (ledger_run_start(engine->route.ledger, kind, &engine->run, err) != 0)
        return -1;
    log_set_run(engine->run);
    sink_begin(engine->route.sink, kind);
    return 0;
}

/* A lasting 429 is the most likely fault of a new installation. Only the API's owner can remove the limit. */
static const char limit_advice[] = "; ask the API's owner to allow this dialer's address";

/* Stops the run until a rate limit ends. outage_since: an API that is down may also name a time; that is an outage. */
static int check_rate_limit(struct engine *engine, int64_t outage_since, struct err *err)
{
    int64_t until = 0, now = engine_now(engine);
    char local[CLOCK_TEXT_SIZE], since[CLOCK_TEXT_SIZE];
    if (ledger_read_note(engine->route.ledger, LEDGER_NOTE_WAIT_UNTIL, 0, &until, err) != 0)
        return -1;
    if (until <= now || until > now + OUTCOME_WAIT_MAX_SEC) /* the second: the clock was set back */
        return 0;
    struct summary *summary = engine->summary;
    summary->stop = outage_since != 0 ? STOP_OUTAGE : STOP_RATE_LIMITED;
    (void)clock_local(until, local, sizeof local);
    if (outage_since != 0)
        (void)snprintf(summary->message, sizeof summary->message,
                       "API down since %s and rate limited until %s; no call is lost",
                       clock_local(outage_since, since, sizeof since), local);
    else
        (void)snprintf(summary->message, sizeof summary->message,
                       "rate limited until %s: the API asked for it, so no call is sent before then%s", local,
                       limit_advice);
    return 0;
}

/* Gives the source its notes of earlier runs, and saves its new ones. Logs a problem once. */
static int recall(struct engine *engine, struct err *err)
{
    char earlier[SOURCE_MEMORY_SIZE], memory[SOURCE_MEMORY_SIZE], problem[SOURCE_PROBLEM_SIZE];
    if (ledger_read_text_note(engine->route.ledger, LEDGER_NOTE_SOURCE_MEMORY, earlier, sizeof earlier, err) != 0)
        return -1;
    source_recall(engine->route.source, earlier, memory, problem);
    if (*problem != '\0')
        log_warn("⚠ %s", problem);
    return *memory != '\0' ? ledger_set_text_note(engine->route.ledger, LEDGER_NOTE_SOURCE_MEMORY, memory, err) : 0;
}

int journal_resume(struct engine *engine, struct err *err)
{
    int64_t outage_since = 0, now = 0;
    bool in_doubt = false;
    if (source_now(engine->route.source, &now, err) != 0)
        return -1;
    engine->clock = clock_reading_from(now);
    engine->doubt = position_at(0, "");
    if (ledger_read_note(engine->route.ledger, LEDGER_NOTE_OUTAGE_SINCE, 0, &outage_since, err) != 0 ||
        ledger_read_place(engine->route.ledger, LEDGER_DOUBT, &engine->doubt, &in_doubt, err) != 0)
        return -1;
    engine->breaker = breaker_start(outage_since != 0, in_doubt);
    return recall(engine, err) == 0 ? check_rate_limit(engine, outage_since, err) : -1;
}

/* Notes an outage until the API accepts a call again: meanwhile each run starts with a single call. */
static int note_outage(struct engine *engine, struct err *err)
{
    int64_t since = 0;
    bool failed = engine->summary->stop == STOP_OUTAGE || engine->summary->stop == STOP_CONFIGURATION;
    if (ledger_read_note(engine->route.ledger, LEDGER_NOTE_OUTAGE_SINCE, 0, &since, err) != 0)
        return -1;
    if (failed && since == 0)
        return ledger_set_note(engine->route.ledger, LEDGER_NOTE_OUTAGE_SINCE, engine->clock.epoch, err);
    if (!failed && since != 0 && engine->breaker.answered)
        return ledger_set_note(engine->route.ledger, LEDGER_NOTE_OUTAGE_SINCE, 0, err);
    return 0;
}

/* Keeps the note of a single failed call until the API accepts a call. */
static int clear_doubt(struct engine *engine, struct err *err)
{
    return engine->breaker.answered ? ledger_delete_place(engine->route.ledger, LEDGER_DOUBT, err) : 0;
}

/* Counts the runs in a row that a rate limit ended. Any other end of a run starts the count again. */
static int note_limit(struct engine *engine, struct err *err)
{
    struct summary *summary = engine->summary;
    int64_t before = 0;
    if (ledger_read_note(engine->route.ledger, LEDGER_NOTE_LIMITED, 0, &before, err) != 0)
        return -1;
    bool limited = summary->stop == STOP_RATE_LIMITED;
    bool over = summary->stop == STOP_NONE || (!limited && engine->breaker.answered);
    summary->limited_runs = limited ? before + 1 : over ? 0 : before;
    size_t used = strlen(summary->message);
    if (limited && summary->limited_runs > SUMMARY_LIMITED_RUNS)
        (void)snprintf(summary->message + used, sizeof summary->message - used, " (for %" PRId64 " runs now)",
                       summary->limited_runs);
    return summary->limited_runs == before
               ? 0 : ledger_set_note(engine->route.ledger, LEDGER_NOTE_LIMITED, summary->limited_runs, err);
}

static int count_up(void *context, const char *name, const char *label, int64_t value, struct err *err)
{
    return ledger_add_to_counter(context, name, label, value, err);
}

static int write_counts(struct engine *engine, const char *kind, struct err *err)
{
    struct ledger_counts counts;
    struct summary *summary = engine->summary;
    if (ledger_count(engine->route.ledger, &counts, err) != 0)
        return -1;
    summary->pending_left = counts.pending;
    if (note_outage(engine, err) != 0 || clear_doubt(engine, err) != 0 || note_limit(engine, err) != 0)
        return -1;
    struct source_effort effort = source_effort(engine->route.source);
    struct ledger_run counts_of_run = {
        .found = summary->found,
        .accepted = summary->accepted,
        .repeated = summary->repeated,
        .failed = summary->failed,
        .pending = counts.pending,
        .waiting = counts.waiting,
        .rejected = summary->rejected,
        .duration_ms = clock_mono_ms() - engine->started_ms,
        .statements = effort.statements,
        .database_ms = effort.took_ms,
        .rows_examined = effort.rows_examined,
        .looked = summary->looked,
        .unsent = summary->unsent,
        .unsent_oldest = summary->unsent_oldest,
        .exit_code = summary_exit_code(summary),
        .kind = kind,
        .message = summary->message,
    };
    if (ledger_run_finish(engine->route.ledger, engine->run, &counts_of_run, err) != 0 ||
        tally_each(&engine->tally, count_up, engine->route.ledger, err) != 0)
        return -1;
    engine->tally = (struct tally){ .resent = 0 };
    return engine_commit(engine, err);
}

int journal_close(struct engine *engine, const char *kind, struct err *err)
{
    int result = write_counts(engine, kind, err);
    const struct sink_run run = { .kind = kind,
                                  .exit_code = result == 0 ? summary_exit_code(engine->summary) : err->code,
                                  .message = result == 0 ? engine->summary->message : err->message,
                                  .took_ms = clock_mono_ms() - engine->started_ms };
    sink_end(engine->route.sink, &run);
    return result;
}

int journal_failed(struct ledger *ledger, const struct summary *summary, int64_t duration_ms, struct err *err)
{
    struct ledger_counts counts;
    int64_t run = 0;
    if (ledger_count(ledger, &counts, err) != 0 || ledger_run_start(ledger, "poll", &run, err) != 0)
        return -1;
    struct ledger_run counts_of_run = {
        .pending = counts.pending,
        .waiting = counts.waiting,
        .duration_ms = duration_ms,
        .exit_code = summary_exit_code(summary),
        .message = summary->message,
    };
    return ledger_run_finish(ledger, run, &counts_of_run, err) == 0 ? ledger_commit(ledger, err) : -1;
}
