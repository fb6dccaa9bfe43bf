/* journal: the counts of a run, in the ledger. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "engine/journal.h"

#define SINK_NAME_SIZE 40 /* as in struct standing */

int journal_open(struct engine *engine, const char *kind, struct err *err)
{
    if (ledger_run_start(engine->route.ledger, kind, &engine->run, err) != 0)
        return -1;
    log_set_run(engine->run);
    engine->summary->source = engine->route.source->ops->title;
    engine->summary->sink = sink_title(engine->route.sink);
    sink_begin(engine->route.sink, kind);
    return 0;
}

/* Stops the run until a rate limit ends. outage_since: an API that is down may also name a time; that is an outage. */
static int check_rate_limit(struct engine *engine, int64_t outage_since, struct err *err)
{
    int64_t until = 0, now = engine_now(engine);
    char local[CLOCK_TEXT_SIZE], since[CLOCK_TEXT_SIZE];
    const char *title = sink_title(engine->route.sink);
    if (ledger_read_note(engine->route.ledger, LEDGER_NOTE_WAIT_UNTIL, 0, &until, err) != 0)
        return -1;
    if (until <= now || until > now + OUTCOME_WAIT_MAX_SEC) /* a time that far ahead: the clock was set back */
        return 0;
    struct summary *summary = engine->summary;
    summary->stop = outage_since != 0 ? STOP_OUTAGE : STOP_RATE_LIMITED;
    (void)clock_local(until, local, sizeof local);
    if (outage_since != 0)
        (void)snprintf(summary->message, sizeof summary->message,
                       "%s down since %s and rate limited until %s; no call is lost", title,
                       clock_local(outage_since, since, sizeof since), local);
    else /* A lasting 429 is the most likely fault of a new installation. Only the API's owner can remove the limit. */
        (void)snprintf(summary->message, sizeof summary->message,
                       "rate limited until %s: the %s asked for it, so no call is sent before then; ask the %s's owner "
                       "to allow this host's address",
                       local, title, title);
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

int journal_remember(struct engine *engine, struct err *err)
{
    char memory[SOURCE_MEMORY_SIZE];
    source_remember(engine->route.source, memory);
    return *memory != '\0' ? ledger_set_text_note(engine->route.ledger, LEDGER_NOTE_SOURCE_MEMORY, memory, err) : 0;
}

/* ---- memory of the API's address ---- */

/* The note: how many requests the API handles at once, whether there was strain, a hash of the address, and the sink's
 * word. A hash, for the address of a webhook may hold a token. */
static uint64_t hash_of_address(const struct sink *sink)
{
    const char *address = sink_address(sink);
    return str_hash(STR_HASH_START, address, strlen(address));
}

static int resume_pace(struct engine *engine, struct err *err)
{
    const struct sink *sink = engine->route.sink;
    struct pace_memory memory = { .limit = 0 };
    char text[80], word[16] = "";
    int strained = 0;
    uint64_t address = 0;
    if (ledger_read_text_note(engine->route.ledger, LEDGER_NOTE_PACE, text, sizeof text, err) != 0)
        return -1;
    if (sink == NULL || sscanf(text, "%" SCNd64 " %d %" SCNx64 " %15s", &memory.limit, &strained, &address, word) < 3 ||
        address != hash_of_address(sink))
        return 0;
    memory.strained = strained != 0;
    pace_resume(&engine->pace, &memory);
    sink_recall(sink, word);
    return 0;
}

/* A run without an answer has learned nothing. */
static int note_pace(struct engine *engine, struct err *err)
{
    const struct sink *sink = engine->route.sink;
    const struct pace_memory memory = pace_memory(&engine->pace);
    char text[80];
    if (sink == NULL || (memory.limit == 0 && !engine->breaker.answered))
        return 0;
    (void)snprintf(text, sizeof text, "%" PRId64 " %d %" PRIx64 " %s", memory.limit, memory.strained ? 1 : 0,
                   hash_of_address(sink), sink_memory(sink));
    return ledger_set_text_note(engine->route.ledger, LEDGER_NOTE_PACE, text, err);
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
    if (resume_pace(engine, err) != 0)
        return -1;
    return recall(engine, err) == 0 ? check_rate_limit(engine, outage_since, err) : -1;
}

/* Keeps the note of an outage until the API accepts a call; meanwhile each run starts with a single call. */
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

static int note_number(struct ledger *ledger, const char *name, int64_t value, struct err *err)
{
    int64_t noted = 0;
    if (ledger_read_note(ledger, name, 0, &noted, err) != 0)
        return -1;
    return noted == value ? 0 : ledger_set_note(ledger, name, value, err);
}

/* `status` and `health` read the ledger alone: they name the sink, and know for how long calls usually wait. */
static int note_sink(struct engine *engine, struct err *err)
{
    char noted[SINK_NAME_SIZE];
    const char *title = sink_title(engine->route.sink);
    if (note_number(engine->route.ledger, LEDGER_NOTE_PAUSE, engine->route.settings->longest_pause, err) != 0 ||
        note_number(engine->route.ledger, LEDGER_NOTE_INTERVAL, sink_interval(engine->route.sink), err) != 0 ||
        ledger_read_text_note(engine->route.ledger, LEDGER_NOTE_SINK, noted, sizeof noted, err) != 0)
        return -1;
    return strcmp(*noted != '\0' ? noted : "API", title) == 0
               ? 0 : ledger_set_text_note(engine->route.ledger, LEDGER_NOTE_SINK, title, err);
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

static void warn_of_strain(const struct source *source, const struct source_effort *effort)
{
    if (effort->is_strained)
        log_warn("⚠ The %s is busy (the longest statement took %" PRId64 " ms, up to %" PRId64 " ran at once): this "
                                                                                               "run read more slowly",
                 source->ops->title, effort->longest_ms, effort->running);
}

static int write_counts(struct engine *engine, struct err *err)
{
    struct ledger_counts counts;
    struct summary *summary = engine->summary;
    if (ledger_count(engine->route.ledger, &counts, err) != 0)
        return -1;
    summary->pending_left = counts.pending;
    summary->is_between_loads = engine_is_closed(engine) && !engine->breaker.down;
    if (note_sink(engine, err) != 0 || note_outage(engine, err) != 0 || clear_doubt(engine, err) != 0 ||
        note_limit(engine, err) != 0 || note_pace(engine, err) != 0)
        return -1;
    struct source_effort effort = source_effort(engine->route.source);
    warn_of_strain(engine->route.source, &effort);
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
        .longest_ms = effort.longest_ms,
        .looked = summary->looked,
        .unsent = summary->unsent,
        .unsent_oldest = summary->unsent_oldest,
        .exit_code = summary_exit_code(summary),
        .message = summary->message,
    };
    if (ledger_run_finish(engine->route.ledger, engine->run, &counts_of_run, err) != 0 ||
        tally_each(&engine->tally, count_up, engine->route.ledger, err) != 0)
        return -1;
    engine->tally = (struct tally){ .resent = 0 };
    return engine_commit(engine, err);
}

static bool is_complete(const struct summary *summary)
{
    bool has_done = summary->only_a_step_failed || (summary->stop == STOP_NONE && *summary->message == '\0');
    return has_done && summary->pending_left == 0;
}

int journal_close(struct engine *engine, struct err *err)
{
    int result = write_counts(engine, err);
    const struct sink_run run = { .exit_code = result == 0 ? summary_exit_code(engine->summary) : err->code,
                                  .message = result == 0 ? engine->summary->message : err->message,
                                  .took_ms = clock_mono_ms() - engine->started_ms,
                                  .pending = result == 0 ? engine->summary->pending_left : -1,
                                  .is_complete = result == 0 && is_complete(engine->summary) };
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
