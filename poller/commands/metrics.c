/* metrics: `did-optimizer-sync metrics`, metrics in Prometheus' text format. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fileutil.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/version.h"
#include "commands/metrics.h"
#include "commands/state_view.h"
#include "domain/tally.h"
#include "ledger/diagnosis.h"
#include "ledger/watched.h"

#define PREFIX "did_optimizer_sync_"

/* Each sample has the label profile, which is empty for the default profile. So no two profiles of a host have a sample
 * in common: node_exporter refuses duplicates. */
struct page {
    FILE *out;
    const char *profile;
};

static void begin(const struct page *page, const char *name, const char *type, const char *help)
{
    (void)fprintf(page->out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

/* Writes a sample up to its value. more: more labels, "" or beginning with a comma. */
static void sample(const struct page *page, const char *name, const char *more)
{
    (void)fprintf(page->out, PREFIX "%s{profile=\"%s\"%s} ", name, page->profile, more);
}

static void gauge(const struct page *page, const char *name, int64_t value, const char *help)
{
    begin(page, name, "gauge", help);
    sample(page, name, "");
    (void)fprintf(page->out, "%" PRId64 "\n", value);
}

/* Writes the metric only if its value is known. */
static void gauge_known(const struct page *page, const char *name, int64_t value, const char *help)
{
    if (value != RECORDS_UNKNOWN)
        gauge(page, name, value, help);
}

static void gauge_ms(const struct page *page, const char *name, int64_t value_ms, const char *help)
{
    if (value_ms == RECORDS_UNKNOWN)
        return;
    begin(page, name, "gauge", help);
    sample(page, name, "");
    (void)fprintf(page->out, "%.3f\n", (double)value_ms / 1000.0);
}

/* Makes a text fit for the value of a label. */
static void clean_label(const char *text, char *ret, size_t size)
{
    (void)str_printable(text, ret, size);
    for (char *at = ret; *at != '\0'; at++)
        if (*at == '"' || *at == '\\')
            *at = '?';
}

/* ---- the current state ---- */

/* The label sink names what is down: an alert must not call a table an API. */
static void write_outage(const struct page *page, const struct standing *standing)
{
    char sink[sizeof standing->sink * 4], label[sizeof sink + 16];
    clean_label(standing_sink(standing), sink, sizeof sink);
    (void)snprintf(label, sizeof label, ",sink=\"%s\"", sink);
    begin(page, "api_down", "gauge", "1 while the sink is down.");
    sample(page, "api_down", label);
    (void)fprintf(page->out, "%d\n", standing->outage_since != 0);
    begin(page, "api_down_seconds", "gauge", "How long the sink has been down.");
    sample(page, "api_down_seconds", label);
    (void)fprintf(page->out, "%" PRId64 "\n", standing_age(standing, standing->outage_since));
}

static void write_state(const struct page *page, const struct standing *standing)
{
    const struct records_overview *overview = &standing->overview;
    struct diagnosis_limits limits = diagnosis_usual_limits(standing);
    struct diagnosis diagnosis = diagnosis_of(standing, &limits, NULL);
    int64_t limited_sec = standing->wait_until > standing->now ? standing->wait_until - standing->now : 0;
    gauge(page, "verdict", (int64_t)diagnosis.level, "The verdict of status and health: 0 OK, 1 WARNING, 2 CRITICAL.");
    gauge_known(page, "freshness_seconds", standing_freshness(standing),
                "Age of the oldest unsent call, or the time since a run last read the source's calls: the longer one.");
    gauge_known(page, "unsent", standing_unsent(standing),
                "Finished calls after the checkpoint that the last run saw but did not send. There may be more.");
    gauge(page, "waiting_oldest_seconds", standing_age(standing, overview->oldest_waiting),
          "Age of the oldest finished call that waits for the agent's disposition.");
    gauge(page, "pending", overview->counts.pending, "Calls that are to be sent, or to be sent again.");
    gauge(page, "waiting", overview->counts.waiting, "Finished calls that wait for the agent's disposition.");
    gauge(page, "rejected", overview->counts.rejected, "Calls that were rejected; an operator decides what to do.");
    gauge(page, "recordings_pending", standing->recordings.pending, "Recordings that are to be transferred.");
    gauge(page, "recordings_rejected", standing->recordings.rejected,
          "Recordings that could not be transferred; an operator decides what to do.");
    begin(page, "recordings_stored_total", "counter", "Recordings that were stored.");
    sample(page, "recordings_stored_total", "");
    (void)fprintf(page->out, "%" PRId64 "\n", standing->recordings.stored);
    write_outage(page, standing);
    gauge(page, "rate_limited_seconds", limited_sec, "Remaining time of the sink's rate limit (429).");
    gauge(page, "standby", standing_is_standby(standing) ? 1 : 0, "1 while this host of a cluster is standby.");
    if (standing->checkpoint != 0)
        gauge(page, "checkpoint_timestamp_seconds", standing->checkpoint,
              "Every call up to this time has been handled.");
    if (standing_last_activity(standing) != 0)
        gauge(page, "last_run_timestamp_seconds", standing_last_activity(standing),
              "Start of the last run that finished or was standby.");
}

static void write_last_run(const struct page *page, const struct records_overview *overview)
{
    if (overview->last_success != 0)
        gauge(page, "last_success_timestamp_seconds", overview->last_success, "Start of the last run that succeeded.");
    if (overview->last_look != 0)
        gauge(page, "last_look_timestamp_seconds", overview->last_look,
              "Start of the last run that saw every call that had ended.");
    if (overview->last_run == 0)
        return;
    gauge(page, "last_run_exit_code", overview->last_run_exit_code, "Exit code of the last run: 0 and 75 are good.");
    gauge_known(page, "last_run_accepted", overview->last_run_accepted, "Calls that were accepted in the last run.");
    gauge_ms(page, "last_run_duration_seconds", overview->last_run_duration_ms, "Duration of the last run.");
    gauge_ms(page, "last_run_database_seconds", overview->last_run_database_ms,
             "Time that the last run waited for the source.");
    gauge_ms(page, "last_run_longest_statement_seconds", overview->last_run_longest_ms,
             "The longest statement of the last run on the source's database, without the network.");
    gauge_known(page, "last_run_database_statements", overview->last_run_statements,
                "Statements or requests that the last run sent to the source.");
    gauge_known(page, "last_run_rows_examined", overview->last_run_rows_examined,
                "Rows that the source's database examined for the last run.");
}

/* ---- counters ---- */

/* A counter with one or two labels. The ledger's label is "FIRST" or "FIRST SECOND". */
struct family {
    const struct page *page;
    const char *name, *first, *second; /* names; second NULL: one label */
};

static void write_sample(void *context, const char *label, int64_t value)
{
    const struct family *family = context;
    char text[160], labels[320];
    clean_label(label, text, sizeof text);
    char *rest = family->second != NULL ? strchr(text, ' ') : NULL;
    if (rest != NULL)
        *rest++ = '\0';
    int used = snprintf(labels, sizeof labels, ",%s=\"%s\"", family->first, text);
    if (family->second != NULL)
        (void)snprintf(labels + used, sizeof labels - (size_t)used, ",%s=\"%s\"", family->second,
                       rest != NULL ? rest : "");
    sample(family->page, family->name, labels);
    (void)fprintf(family->page->out, "%" PRId64 "\n", value);
}

static int write_family(struct ledger *ledger, const struct family *family, const char *counter, const char *help,
                        struct err *err)
{
    struct family borrowed = *family;
    begin(family->page, family->name, "counter", help);
    return records_list_counters(ledger, counter, write_sample, &borrowed, err);
}

static void add_up(void *context, const char *label, int64_t value)
{
    (void)label;
    *(int64_t *)context += value;
}

static int read_sum(struct ledger *ledger, const char *counter, int64_t *ret_sum, struct err *err)
{
    *ret_sum = 0;
    return records_list_counters(ledger, counter, add_up, ret_sum, err);
}

/* ---- histograms ---- */

/* A histogram in seconds; tally counts milliseconds. */
struct histogram {
    const char *name, *help;
    const char *counter, *sum_counter; /* names in the ledger */
    const int64_t *bounds_ms;
    int64_t counts[TALLY_BOUNDS];      /* by bound */
};

static void take_count(void *context, const char *label, int64_t value)
{
    struct histogram *histogram = context;
    int64_t bound = 0;
    int i = 0;
    if (!str_to_int(label, &bound))
        i = TALLY_BOUNDS - 1;
    /* An older version may have counted by other bounds. */
    while (i < TALLY_BOUNDS - 1 && bound > histogram->bounds_ms[i])
        i++;
    histogram->counts[i] += value;
}

static void write_bucket(const struct page *page, const char *name, const char *bound, int64_t count)
{
    (void)fprintf(page->out, PREFIX "%s_bucket{profile=\"%s\",le=\"%s\"} %" PRId64 "\n", name, page->profile, bound,
                  count);
}

static int write_histogram(const struct page *page, struct ledger *ledger, struct histogram *histogram, struct err *err)
{
    const char *name = histogram->name;
    int64_t sum_ms = 0, so_far = 0;
    char bound[32];
    if (records_list_counters(ledger, histogram->counter, take_count, histogram, err) != 0 ||
        read_sum(ledger, histogram->sum_counter, &sum_ms, err) != 0)
        return -1;
    begin(page, name, "histogram", histogram->help);
    for (int i = 0; i < TALLY_BOUNDS; i++) {
        so_far += histogram->counts[i];
        if (i < TALLY_BOUNDS - 1) {
            (void)snprintf(bound, sizeof bound, "%g", (double)histogram->bounds_ms[i] / 1000.0);
            write_bucket(page, name, bound, so_far);
        }
    }
    write_bucket(page, name, "+Inf", so_far);
    (void)fprintf(page->out, PREFIX "%s_sum{profile=\"%s\"} %.3f\n", name, page->profile, (double)sum_ms / 1000.0);
    (void)fprintf(page->out, PREFIX "%s_count{profile=\"%s\"} %" PRId64 "\n", name, page->profile, so_far);
    return 0;
}

static int write_counters(const struct page *page, struct ledger *ledger, struct err *err)
{
    const struct family calls = { page, "calls_total", "outcome", "result" };
    const struct family answers = { page, "answers_total", "code", NULL };
    const struct family looked_up = { page, "lookups_total", "field", "result" };
    const struct family swept = { page, "sweep_found_total", "kind", NULL };
    const struct family runs = { page, "runs_total", "exit_code", "kind" };
    struct histogram acceptance = { .name = "acceptance_delay_seconds",
                                    .help = "From a call's end to its acceptance, without backfill and reconcile.",
                                    .counter = TALLY_ACCEPTANCE,
                                    .sum_counter = TALLY_ACCEPTANCE_SUM,
                                    .bounds_ms = tally_acceptance_bounds_ms() };
    struct histogram request = { .name = "request_duration_seconds",
                                 .help = "From a request to its answer.",
                                 .counter = TALLY_REQUEST,
                                 .sum_counter = TALLY_REQUEST_SUM,
                                 .bounds_ms = tally_request_bounds_ms() };
    int64_t resent = 0, watched = 0;
    if (write_family(ledger, &calls, TALLY_CALLS, "Calls by outcome and by the call's result.", err) != 0 ||
        write_family(ledger, &answers, TALLY_ANSWERS,
                     "Attempts by the code of the answer, such as an HTTP status; 0: no answer.", err) != 0 ||
        write_family(ledger, &looked_up, TALLY_LOOKED_UP, "Look-ups of a call's data in other tables.", err) != 0 ||
        write_family(ledger, &swept, TALLY_SWEPT,
                     "Calls that only the sweep found: new, or changed after they were accepted.", err) != 0 ||
        write_family(ledger, &runs, LEDGER_RUNS, "Runs that finished.", err) != 0 ||
        read_sum(ledger, TALLY_RESENT, &resent, err) != 0 || watched_count(ledger, &watched, err) != 0)
        return -1;
    begin(page, "watched", "gauge", "Calls that have not ended; each run reads them by their ids.");
    sample(page, "watched", "");
    (void)fprintf(page->out, "%" PRId64 "\n", watched);
    begin(page, "calls_resent_total", "counter", "Calls that were accepted again after they had changed.");
    sample(page, "calls_resent_total", "");
    (void)fprintf(page->out, "%" PRId64 "\n", resent);
    return write_histogram(page, ledger, &acceptance, err) == 0 ? write_histogram(page, ledger, &request, err) : -1;
}

static int write_page(const struct page *page, const struct options *options, struct err *err)
{
    struct standing standing;
    struct ledger *ledger = NULL;
    if (fileutil_check_readable_dir(options->state_dir, err) != 0 ||
        ledger_open(options->state_dir, LEDGER_READ_ONLY, &ledger, NULL, err) != 0)
        return -1;
    int result = state_view_gather(options, ledger, &standing, err);
    if (result == 0) {
        write_state(page, &standing);
        write_last_run(page, &standing.overview);
        result = write_counters(page, ledger, err);
    }
    ledger_close(ledger);
    begin(page, "build_info", "gauge", "The version of this program.");
    sample(page, "build_info", ",version=\"" VERSION "\"");
    (void)fputs("1\n", page->out);
    return result;
}

int metrics_command(const struct options *options, struct err *err)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = mem_stream(&text, &size); /* an error must not leave half a page on standard output */
    struct page page = { memory, options->profile != NULL ? options->profile : "" };
    int result = write_page(&page, options, err);
    if (fclose(memory) != 0)
        mem_out_of_memory();
    if (result == 0)
        (void)fputs(text, stdout);
    free(text);
    return result;
}
