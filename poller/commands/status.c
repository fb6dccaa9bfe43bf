/* status: `did-optimizer-sync status`, shows the current state. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/json.h"
#include "base/program.h"
#include "base/str.h"
#include "commands/status.h"
#include "commands/state_view.h"
#include "config/profile.h"
#include "ledger/diagnosis.h"
#include "ledger/run_progress.h"
#include "source/source.h"

/* After this time without a call an operator may think that the checkpoint is stuck. */
#define QUIET_SEC 900

/* Everything that `status` shows. */
struct state {
    struct standing standing;
    struct run_progress progress; /* of long work; run 0: there is none */
    char work[32];                /* its kind ... */
    int64_t work_started;         /* ... and when it began */
    int64_t accepted;
    struct source_zones zones;
};

/* Prints "NAME  BEFORE 2026-01-31 12:00:00 +0100, 5 min ago"; before is "" or ends with a blank. none: the text for
 * epoch 0. */
static void print_time(const char *name, int64_t epoch, int64_t now, const char *none, const char *before)
{
    char local[CLOCK_TEXT_SIZE];
    if (epoch == 0) {
        (void)printf("%-19s %s\n", name, none);
        return;
    }
    int64_t away = epoch <= now ? now - epoch : epoch - now;
    const char *unit = away < 120 ? "s" : away < 7200 ? "min" : away < 172800 ? "h" : "days";
    int64_t size = away < 120 ? 1 : away < 7200 ? 60 : away < 172800 ? 3600 : 86400;
    (void)printf(epoch <= now ? "%-19s %s%s, %" PRId64 " %s ago\n" : "%-19s %s%s, in %" PRId64 " %s\n", name, before,
                 clock_local(epoch, local, sizeof local), away / size, unit);
}

/* " (see: did-optimizer-sync --profile NAME WORDS)" */
#define HINT_SIZE 120
static const char *see(const char *words, char out[HINT_SIZE])
{
    (void)snprintf(out, HINT_SIZE, " (see: did-optimizer-sync%s %s)", program_option(), words);
    return out;
}

static void print_sending(const struct standing *standing)
{
    if (standing->off)
        (void)printf("%-19s not enabled: cron sends no calls (to start: did-optimizer-sync%s enable)\n", "sending",
                     program_option());
    else
        (void)printf("%-19s enabled\n", "sending");
}

static void print_checkpoint(const struct standing *standing)
{
    char hint[HINT_SIZE], damaged[HINT_SIZE + 80];
    (void)snprintf(damaged, sizeof damaged, "damaged%s: the next run continues from the ledger's copy",
                   see("checkpoint show", hint));
    print_time("checkpoint", standing->checkpoint, standing->now, standing->checkpoint_damaged ? damaged : "none yet",
               "");
}

/* The checkpoint is the end of the last call, so it stays where it is while nobody calls. */
static void print_quiet(const struct standing *standing)
{
    int64_t looked = standing->overview.last_look;
    if (standing->checkpoint != 0 && looked - standing->checkpoint > QUIET_SEC && standing_unsent(standing) == 0 &&
        standing->oldest_unsent == 0)
        print_time("", looked, standing->now, "", "no later call was found by ");
}

static void print_zones(const struct source_zones *zones)
{
    if (zones->count == 0)
        return; /* no run has read rows yet */
    (void)printf("%-19s %s\n", "time zone", zones->names);
    if (*zones->problem != '\0')
        (void)printf("%-19s ⚠ %s\n", "", zones->problem);
}

/* Prints the number of finished calls after the checkpoint that the last run saw and did not send. */
static void print_unsent(const struct standing *standing)
{
    int64_t unsent = standing_unsent(standing);
    if (unsent == 0)
        (void)printf("%-19s 0\n", "unsent");
    else if (unsent != RECORDS_UNKNOWN)
        (void)printf("%-19s at least %" PRId64 ", after the checkpoint\n", "unsent", unsent);
    else if (standing_is_standby(standing))
        (void)printf("%-19s not known: this host is standby\n", "unsent");
    else
        print_time("unsent", standing_unknown_since(standing), standing->now, "not known: no run yet",
                   "not known since ");
}

/* Uses the same words as `history`. */
static void print_last_run(const struct standing *standing)
{
    const struct records_overview *overview = &standing->overview;
    const struct records_run run = { .exit_code = overview->last_run_exit_code, .message = overview->last_run_message };
    char outcome[RECORDS_OUTCOME_SIZE], message[sizeof overview->last_run_message];
    print_time("last run", overview->last_run, standing->now, "none yet", "");
    if (overview->last_run == 0)
        return;
    (void)printf("%-19s %s (exit %" PRId64 ", %" PRId64 " accepted)%s%s\n", "  ended", records_outcome(&run, outcome),
                 overview->last_run_exit_code, overview->last_run_accepted,
                 overview->last_run_message[0] != '\0' ? ": " : "",
                 str_printable(overview->last_run_message, message, sizeof message));
}

/* Prints no line without long work. */
static void print_progress(const struct state *state)
{
    const struct run_progress *progress = &state->progress;
    char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE], reached[CLOCK_TEXT_SIZE], began[80];
    if (progress->run == 0)
        return;
    (void)snprintf(began, sizeof began, "%s since ", state->work);
    print_time("running", state->work_started, state->standing.now, "", began);
    (void)printf("%-19s %" PRId64 " %% of the time from %s to %s, %" PRId64 " %% left; now at %s\n", "  done",
                 progress->permille / 10, clock_local(progress->from, from, sizeof from),
                 clock_local(progress->to, to, sizeof to), 100 - progress->permille / 10,
                 clock_local(progress->reached, reached, sizeof reached));
    print_time("  told", progress->at, state->standing.now, "", "");
}

/* Prints no line while the ledger has no recordings: then [recordings] is not set up. */
static void print_recordings(const struct recordings_counts *counts)
{
    char hint[HINT_SIZE];
    if (counts->pending + counts->rejected + counts->stored > 0)
        (void)printf("%-19s %" PRId64 " stored, %" PRId64 " pending, %" PRId64 " rejected%s\n", "recordings",
                     counts->stored, counts->pending, counts->rejected,
                     counts->rejected > 0 ? see("recordings list", hint) : "");
}

static void print_text(const struct state *state, const struct diagnosis *diagnosis)
{
    const struct standing *standing = &state->standing;
    const struct records_overview *overview = &standing->overview;
    char *verdict = diagnosis_line(diagnosis), outage[64], hint[HINT_SIZE];
    (void)printf("%-19s %s - %s\n", "verdict", diagnosis_name(diagnosis->level), verdict);
    free(verdict);
    print_sending(standing);
    print_checkpoint(standing);
    print_quiet(standing);
    print_time("oldest unsent", standing->oldest_unsent, standing->now,
               "none: every known finished call was accepted", "");
    (void)printf("%-19s %" PRId64 "\n", "pending", overview->counts.pending);
    if (overview->counts.pending > 0)
        print_time("  next try", overview->next_due, standing->now, "with the next run", "");
    (void)printf("%-19s %" PRId64 "\n", "waiting", overview->counts.waiting);
    (void)printf("%-19s %" PRId64 "%s\n", "rejected", overview->counts.rejected,
                 overview->counts.rejected > 0 ? see("failed list", hint) : "");
    (void)printf("%-19s %" PRId64 " in the ledger\n", "accepted", state->accepted);
    print_recordings(&standing->recordings);
    print_unsent(standing);
    print_last_run(standing);
    print_progress(state);
    print_time("last success", overview->last_success, standing->now, "none yet", "");
    (void)snprintf(outage, sizeof outage, "%s down since ", standing_sink(standing));
    print_time("outage", standing->outage_since, standing->now, "none", outage);
    if (standing->wait_until != 0)
        print_time("rate limited until", standing->wait_until, standing->now, "", "");
    print_zones(&state->zones);
}

/* Ownership: object borrows the text of state->work. */
static void add_progress(struct json *object, const struct state *state)
{
    const struct run_progress *progress = &state->progress;
    if (progress->run == 0) {
        json_add_null(object, "running");
        return;
    }
    struct json *running = json_add(object, "running", json_object());
    json_add_text(running, "kind", state->work);
    json_add_int(running, "started", state->work_started);
    json_add_int(running, "from", progress->from);
    json_add_int(running, "to", progress->to);
    json_add_int(running, "reached", progress->reached);
    json_add_int(running, "permille", progress->permille);
    json_add_int(running, "at", progress->at);
}

/* Ownership: object borrows the text of zones->problem. */
static void add_zones(struct json *object, const struct source_zones *zones)
{
    struct json *offsets = json_add(object, "utc_offsets", json_array());
    for (size_t i = 0; i < zones->count; i++)
        json_append_int(offsets, zones->utc_offsets[i]);
    json_add_text(object, "time_zone_problem", *zones->problem != '\0' ? zones->problem : NULL);
}

static void print_json(const struct state *state, const struct diagnosis *diagnosis)
{
    const struct standing *standing = &state->standing;
    const struct records_overview *overview = &standing->overview;
    struct json *object = json_object();
    json_add_bool(object, "enabled", !standing->off);
    json_add_text(object, "verdict", diagnosis_name(diagnosis->level));
    json_add_text(object, "verdict_text", diagnosis->text);
    json_add_text(object, "verdict_action", diagnosis->action);
    json_add_known(object, "checkpoint", standing->checkpoint, 0);
    if (standing->checkpoint != 0)
        json_add_int(object, "checkpoint_age_seconds", standing->now - standing->checkpoint);
    json_add_known(object, "oldest_unsent", standing->oldest_unsent, 0);
    json_add_int(object, "oldest_unsent_age_seconds",
                 standing->oldest_unsent != 0 ? standing->now - standing->oldest_unsent : 0);
    json_add_known(object, "freshness_seconds", standing_freshness(standing), RECORDS_UNKNOWN);
    json_add_known(object, "unsent", standing_unsent(standing), RECORDS_UNKNOWN);
    json_add_known(object, "last_look", overview->last_look, 0);
    json_add_bool(object, "standby", standing_is_standby(standing));
    json_add_int(object, "pending", overview->counts.pending);
    json_add_int(object, "waiting", overview->counts.waiting);
    json_add_int(object, "rejected", overview->counts.rejected);
    json_add_int(object, "accepted", state->accepted);
    json_add_int(object, "recordings_stored", standing->recordings.stored);
    json_add_int(object, "recordings_pending", standing->recordings.pending);
    json_add_int(object, "recordings_rejected", standing->recordings.rejected);
    json_add_known(object, "next_try", overview->next_due, 0);
    json_add_known(object, "last_run", overview->last_run, 0);
    json_add_int(object, "last_run_exit_code", overview->last_run_exit_code);
    json_add_int(object, "last_run_accepted", overview->last_run_accepted);
    json_add_text(object, "last_run_message", overview->last_run_message);
    json_add_known(object, "last_success", overview->last_success, 0);
    json_add_bool(object, "api_down", standing->outage_since != 0);
    json_add_known(object, "api_down_since", standing->outage_since, 0);
    json_add_known(object, "rate_limited_until", standing->wait_until, 0);
    add_progress(object, state);
    add_zones(object, &state->zones);
    json_print_line(object);
}

static int exit_code_of(const struct diagnosis *diagnosis)
{
    if (diagnosis->level == DIAGNOSIS_OK)
        return EX_OK;
    return diagnosis->level == DIAGNOSIS_WARNING ? EX_TEMPFAIL : EX_UNAVAILABLE;
}

static void keep_work(void *context, const struct records_run *run)
{
    struct state *state = context;
    if (run->id != state->progress.run || run->finished != RECORDS_UNKNOWN || run->superseded)
        return;
    state->work_started = run->started;
    (void)str_printable(run->kind, state->work, sizeof state->work);
}

/* A run that has ended, or was killed and has a successor, is no work. */
static int read_progress(struct state *state, struct ledger *ledger, struct err *err)
{
    enum { LAST_RUNS = 2000 }; /* a run each minute, for longer than a day */
    state->work_started = 0;
    if (run_progress_read(ledger, &state->progress, err) != 0)
        return -1;
    if (state->progress.run == 0)
        return 0;
    int result = records_list_runs(ledger, 0, LAST_RUNS, keep_work, state, err);
    if (state->work_started == 0)
        state->progress.run = 0;
    return result;
}

static int read_state(const struct options *options, struct state *ret_state, struct err *err)
{
    char memory[SOURCE_MEMORY_SIZE];
    struct ledger *ledger = NULL;
    if (profile_drop_privileges(options, err) != 0 || fileutil_check_readable_dir(options->state_dir, err) != 0 ||
        ledger_open(options->state_dir, LEDGER_READ_ONLY, &ledger, NULL, err) != 0)
        return -1;
    int result = state_view_gather(options, ledger, &ret_state->standing, err);
    if (result == 0)
        result = records_count_accepted(ledger, &ret_state->accepted, err);
    if (result == 0)
        result = ledger_read_text_note(ledger, LEDGER_NOTE_SOURCE_MEMORY, memory, sizeof memory, err);
    if (result == 0)
        result = read_progress(ret_state, ledger, err);
    ledger_close(ledger);
    if (result == 0)
        (void)source_explain_memory(memory, &ret_state->zones);
    return result;
}

int status_command(const struct options *options)
{
    struct err err = { .code = EX_OK };
    struct state state;
    if (read_state(options, &state, &err) != 0) {
        (void)fprintf(stderr, "did-optimizer-sync: %s\n", state_view_explain(options, &err)->message);
        return err.code;
    }
    const struct diagnosis_limits limits = diagnosis_usual_limits(&state.standing);
    struct diagnosis diagnosis = diagnosis_of(&state.standing, &limits, options->profile);
    if (options->json)
        print_json(&state, &diagnosis);
    else
        print_text(&state, &diagnosis);
    return exit_code_of(&diagnosis);
}
