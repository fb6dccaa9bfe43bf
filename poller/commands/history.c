/* history: `did-optimizer-sync history`, what the last runs did. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/json.h"
#include "base/mask.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/when.h"
#include "commands/history.h"
#include "commands/state_view.h"
#include "ledger/diagnosis.h"
#include "ledger/records.h"

#define USUAL_LIMIT 20

struct listing {
    bool json;
    int64_t count;
};

static const char *shown_number(int64_t number, char out[24])
{
    if (number == RECORDS_UNKNOWN)
        (void)snprintf(out, 24, "-");
    else
        (void)snprintf(out, 24, "%" PRId64, number);
    return out;
}

static const char *shown_duration(int64_t ms, char out[24])
{
    if (ms == RECORDS_UNKNOWN)
        (void)snprintf(out, 24, "-");
    else if (ms < 100000)
        (void)snprintf(out, 24, "%.2fs", (double)ms / 1000.0);
    else if (ms < 6000000)
        (void)snprintf(out, 24, "%" PRId64 "m%02ds", ms / 60000, (int)(ms / 1000 % 60));
    else
        (void)snprintf(out, 24, "%" PRId64 "h%02dm", ms / 3600000, (int)(ms / 60000 % 60));
    return out;
}

static void print_header(void)
{
    (void)printf("%-25s %-9s %6s %5s %8s %7s %7s %7s %8s  %s\n", "started", "kind", "took", "found", "accepted",
                 "repeats", "waiting", "pending", "rejected", "ended");
}

static void print_text(const struct records_run *run)
{
    char took[24], found[24], accepted[24], repeated[24], waiting[24], pending[24], rejected[24];
    char local[CLOCK_TEXT_SIZE], outcome[RECORDS_OUTCOME_SIZE], kind[32], message[1100];
    (void)printf("%-25s %-9s %6s %5s %8s %7s %7s %7s %8s  %s\n", clock_local(run->started, local, sizeof local),
                 str_printable(run->kind, kind, sizeof kind), shown_duration(run->duration_ms, took),
                 shown_number(run->found, found), shown_number(run->accepted, accepted),
                 shown_number(run->repeated, repeated), shown_number(run->waiting, waiting),
                 shown_number(run->pending, pending), shown_number(run->rejected, rejected),
                 records_outcome(run, outcome));
    if (run->message != NULL && *run->message != '\0')
        (void)printf("    %s\n", str_printable(run->message, message, sizeof message));
}

static void print_json(const struct records_run *run)
{
    char outcome[RECORDS_OUTCOME_SIZE];
    struct json *object = json_object();
    json_add_text(object, "kind", run->kind);
    json_add_int(object, "started", run->started);
    json_add_known(object, "finished", run->finished, RECORDS_UNKNOWN);
    json_add_known(object, "duration_ms", run->duration_ms, RECORDS_UNKNOWN);
    json_add_known(object, "found", run->found, RECORDS_UNKNOWN);
    json_add_known(object, "accepted", run->accepted, RECORDS_UNKNOWN);
    json_add_known(object, "repeated", run->repeated, RECORDS_UNKNOWN);
    json_add_known(object, "failed", run->failed, RECORDS_UNKNOWN);
    json_add_known(object, "waiting", run->waiting, RECORDS_UNKNOWN);
    json_add_known(object, "pending", run->pending, RECORDS_UNKNOWN);
    json_add_known(object, "rejected", run->rejected, RECORDS_UNKNOWN);
    json_add_known(object, "database_statements", run->statements, RECORDS_UNKNOWN);
    json_add_known(object, "database_ms", run->database_ms, RECORDS_UNKNOWN);
    json_add_known(object, "longest_statement_ms", run->longest_ms, RECORDS_UNKNOWN);
    json_add_known(object, "rows_examined", run->rows_examined, RECORDS_UNKNOWN);
    json_add_known(object, "unsent", run->unsent, RECORDS_UNKNOWN);
    json_add_known(object, "exit_code", run->exit_code, RECORDS_UNKNOWN);
    json_add_text(object, "outcome", records_outcome(run, outcome));
    json_add_text(object, "message", run->message);
    json_print_line(object);
}

static void print_run(void *context, const struct records_run *of_ledger)
{
    struct listing *listing = context;
    char *message = of_ledger->message != NULL ? mem_copy(of_ledger->message) : NULL;
    struct records_run run = *of_ledger;
    mask_numbers_if_enabled(message);
    run.message = message;
    if (listing->json) {
        print_json(&run);
    } else {
        if (listing->count == 0)
            print_header();
        print_text(&run);
    }
    free(message);
    listing->count++;
}

/* The verdict on the current state follows the list: without runs for an hour, the list alone would look good. */
static int print_verdict(const struct options *options, struct ledger *ledger, struct err *err)
{
    struct standing standing;
    if (state_view_gather(options, ledger, &standing, err) != 0)
        return -1;
    const struct diagnosis_limits limits = diagnosis_usual_limits(&standing);
    struct diagnosis diagnosis = diagnosis_of(&standing, &limits, options->profile);
    char *line = diagnosis_line(&diagnosis);
    (void)printf("now: %s - %s\n", diagnosis_name(diagnosis.level), line);
    free(line);
    return 0;
}

int history_command(const struct options *options, struct err *err)
{
    struct ledger *ledger = NULL;
    struct listing listing = { .json = options->json };
    int64_t since = 0, limit = options->since == NULL ? USUAL_LIMIT : INT64_MAX;
    if (options->limit != NULL && (!str_to_int(options->limit, &limit) || limit < 1))
        return err_set(err, EX_USAGE, "could not use --limit %.40s: write a number, 1 or more", options->limit);
    if (options->since != NULL && when_parse(options->since, clock_now_epoch(), &since, err) != 0)
        return -1;
    if (fileutil_check_readable_dir(options->state_dir, err) != 0 ||
        ledger_open(options->state_dir, LEDGER_READ_ONLY, &ledger, NULL, err) != 0)
        return -1;
    int result = records_list_runs(ledger, since, limit, print_run, &listing, err);
    if (result == 0 && listing.count == 0 && !options->json)
        (void)printf("no run%s\n", options->since != NULL ? " since then" : " yet");
    if (result == 0 && !options->json)
        result = print_verdict(options, ledger, err);
    ledger_close(ledger);
    return result;
}
