/* journal: the figures of a run, in the ledger. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "journal.h"
#include "log.h"

int journal_open(struct forward *forward, const char *kind, struct err *err)
{
    if (!forward->dry_run && ledger_run_start(forward->ledger, kind, &forward->run, err) != 0)
        return -1;
    log_run(forward->run);
    return 0;
}

static int check_silence(struct forward *forward, struct err *err)
{
    int64_t until = 0, now = forward_now(forward);
    char local[CLOCK_TEXT_SIZE];
    if (ledger_note(forward->ledger, LEDGER_NOTE_WAIT_UNTIL, 0, &until, err) != 0)
        return -1;
    if (until <= now || until > now + VERDICT_RETRY_AFTER_MAX_SEC) /* the latter: the clock was set back */
        return 0;
    forward->summary->stop = STOP_RATE_LIMITED;
    (void)snprintf(forward->summary->message, sizeof forward->summary->message,
                   "the API asked for silence until %s; nothing is sent before that",
                   clock_local(until, local, sizeof local));
    return 0;
}

/* What earlier runs knew of the zones in which rows are written is used and kept. A problem is told of once. */
static int recall_zone(struct forward *forward, struct err *err)
{
    char text[ZONE_TEXT_SIZE], told[ZONE_PROBLEM_SIZE], problem[ZONE_PROBLEM_SIZE];
    struct zone earlier;
    if (ledger_text_note(forward->ledger, LEDGER_NOTE_ZONE, text, sizeof text, err) != 0)
        return -1;
    zone_read(text, &earlier);
    source_recall_zone(forward->source, &earlier);
    const struct zone *zone = source_zone(forward->source);
    if (*zone_problem(zone, problem) != '\0' && strcmp(problem, zone_problem(&earlier, told)) != 0)
        log_warn("⚠ Time zones: %s", problem);
    if (forward->dry_run)
        return 0;
    zone_write(zone, text);
    return ledger_set_text_note(forward->ledger, LEDGER_NOTE_ZONE, text, err);
}

int journal_resume(struct forward *forward, struct err *err)
{
    int64_t outage_since = 0, now = 0;
    if (source_now_epoch(forward->source, &now, err) != 0)
        return -1;
    forward->clock = clock_heard(now);
    if (ledger_note(forward->ledger, LEDGER_NOTE_OUTAGE_SINCE, 0, &outage_since, err) != 0)
        return -1;
    forward->breaker = breaker_start(outage_since != 0);
    return recall_zone(forward, err) == 0 ? check_silence(forward, err) : -1;
}

/* An outage is remembered until the API answers usefully again; the next run begins with a single call. */
static int note_outage(struct forward *forward, struct err *err)
{
    int64_t since = 0;
    bool failed = forward->summary->stop == STOP_OUTAGE || forward->summary->stop == STOP_CONFIGURATION;
    if (ledger_note(forward->ledger, LEDGER_NOTE_OUTAGE_SINCE, 0, &since, err) != 0)
        return -1;
    if (failed && since == 0)
        return ledger_set_note(forward->ledger, LEDGER_NOTE_OUTAGE_SINCE, forward->clock.epoch, err);
    if (!failed && since != 0 && forward->breaker.answered)
        return ledger_set_note(forward->ledger, LEDGER_NOTE_OUTAGE_SINCE, 0, err);
    return 0;
}

static int count_up(void *context, const char *name, const char *label, int64_t value, struct err *err)
{
    return ledger_count_up(context, name, label, value, err);
}

int journal_close(struct forward *forward, const char *kind, struct err *err)
{
    struct ledger_counts counts;
    struct summary *summary = forward->summary;
    if (ledger_count(forward->ledger, &counts, err) != 0)
        return -1;
    summary->owed_left = counts.owed;
    if (forward->dry_run)
        return 0;
    struct source_effort effort = source_effort(forward->source);
    struct ledger_run figures = {
        .found = summary->found,
        .accepted = summary->accepted,
        .repeated = summary->repeated,
        .failed = summary->failed,
        .owed = counts.owed,
        .held = counts.held,
        .rejected = summary->rejected,
        .duration_ms = clock_mono_ms() - forward->started_ms,
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
    if (note_outage(forward, err) != 0 || ledger_run_finish(forward->ledger, forward->run, &figures, err) != 0 ||
        tally_each(&forward->tally, count_up, forward->ledger, err) != 0)
        return -1;
    forward->tally = (struct tally){ .resent = 0 };
    return forward_commit(forward, err);
}

int journal_failed(struct ledger *ledger, const struct summary *summary, int64_t duration_ms, struct err *err)
{
    struct ledger_counts counts;
    int64_t run = 0;
    if (ledger_count(ledger, &counts, err) != 0 || ledger_run_start(ledger, "poll", &run, err) != 0)
        return -1;
    struct ledger_run figures = {
        .owed = counts.owed,
        .held = counts.held,
        .duration_ms = duration_ms,
        .exit_code = summary_exit_code(summary),
        .message = summary->message,
    };
    return ledger_run_finish(ledger, run, &figures, err) == 0 ? ledger_commit(ledger, err) : -1;
}
