/* metrics: `did-optimizer-sync metrics`, figures in Prometheus' text format. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fileutil.h"
#include "metrics.h"
#include "privileges.h"
#include "standing.h"
#include "str.h"
#include "tally.h"
#include "version.h"

#define PREFIX "did_optimizer_sync_"

/* What is taken from the half that reads the state. */
#define MOST_BYTES (1024 * 1024)

static void begin(FILE *out, const char *name, const char *type, const char *help)
{
    (void)fprintf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void gauge(FILE *out, const char *name, int64_t value, const char *help)
{
    begin(out, name, "gauge", help);
    (void)fprintf(out, PREFIX "%s %" PRId64 "\n", name, value);
}

/* A figure that may be unknown: then it is left out. */
static void gauge_known(FILE *out, const char *name, int64_t value, const char *help)
{
    if (value != RECORDS_UNKNOWN)
        gauge(out, name, value, help);
}

static void gauge_ms(FILE *out, const char *name, int64_t value_ms, const char *help)
{
    if (value_ms == RECORDS_UNKNOWN)
        return;
    begin(out, name, "gauge", help);
    (void)fprintf(out, PREFIX "%s %.3f\n", name, (double)value_ms / 1000.0);
}

/* ---- how things stand ---- */

static void write_standing(FILE *out, const struct standing *standing)
{
    const struct records_overview *overview = &standing->overview;
    int64_t silence = standing->wait_until > standing->now ? standing->wait_until - standing->now : 0;
    gauge(out, "freshness_seconds", standing_age(standing, standing->oldest_owed),
          "Age of the oldest finished call that is to be sent and not accepted yet.");
    gauge(out, "held_oldest_seconds", standing_age(standing, overview->oldest_held),
          "Age of the oldest finished call that waits for its disposition.");
    gauge(out, "owed", overview->counts.owed, "Calls that are to be sent, or sent again.");
    gauge(out, "held", overview->counts.held, "Finished calls that wait for their disposition.");
    gauge(out, "set_aside", overview->counts.rejected, "Calls that the API refused, for a person to look at.");
    gauge(out, "outage", standing->outage_since != 0 ? 1 : 0, "1 while the API as a whole does not work.");
    gauge(out, "outage_seconds", standing_age(standing, standing->outage_since), "For how long it has not worked.");
    gauge(out, "silence_seconds", silence, "For how much longer the API asks for silence (429).");
    if (standing->checkpoint != 0)
        gauge(out, "checkpoint_timestamp_seconds", standing->checkpoint, "Up to when calls are taken care of.");
}

static void write_last_run(FILE *out, const struct records_overview *overview)
{
    if (overview->last_success != 0)
        gauge(out, "last_success_timestamp_seconds", overview->last_success, "Start of the last run that ended well.");
    if (overview->last_run == 0)
        return;
    gauge(out, "last_run_timestamp_seconds", overview->last_run, "Start of the last run that came to its end.");
    gauge(out, "last_run_exit_code", overview->last_run_exit_code, "Its exit code: 0 and 75 are good.");
    gauge_known(out, "last_run_accepted", overview->last_run_accepted, "Calls that the API accepted in it.");
    gauge_ms(out, "last_run_duration_seconds", overview->last_run_duration_ms, "How long it took.");
    gauge_ms(out, "last_run_database_seconds", overview->last_run_database_ms,
             "How much of it the dialer's database took to answer.");
    gauge_known(out, "last_run_database_statements", overview->last_run_statements,
                "Statements that it asked of the dialer's database.");
    gauge_known(out, "last_run_rows_examined", overview->last_run_rows_examined,
                "Rows that the dialer's database looked at for it.");
}

/* ---- counters ---- */

/* A counter with one or two labels: those of the ledger are "FIRST" or "FIRST SECOND". */
struct family {
    FILE *out;
    const char *name, *first, *second; /* second NULL: there is one */
};

static void write_sample(void *context, const char *label, int64_t value)
{
    const struct family *family = context;
    char text[160];
    (void)str_printable(label, text, sizeof text);
    for (char *at = text; *at != '\0'; at++)
        if (*at == '"' || *at == '\\')
            *at = '?';
    char *rest = family->second != NULL ? strchr(text, ' ') : NULL;
    if (rest != NULL)
        *rest++ = '\0';
    (void)fprintf(family->out, PREFIX "%s{%s=\"%s\"", family->name, family->first, text);
    if (family->second != NULL)
        (void)fprintf(family->out, ",%s=\"%s\"", family->second, rest != NULL ? rest : "");
    (void)fprintf(family->out, "} %" PRId64 "\n", value);
}

static int write_family(struct ledger *ledger, const struct family *family, const char *counter, const char *help,
                        struct err *err)
{
    struct family borrowed = *family;
    begin(family->out, family->name, "counter", help);
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

/* A histogram, in seconds, of what tally counts in milliseconds. */
struct histogram {
    const char *name, *help;
    const char *counter, *sum_counter; /* the ledger's names */
    const int64_t *bounds_ms;          /* as tally has them */
    int64_t counts[TALLY_BOUNDS];      /* by bound */
};

static void take_count(void *context, const char *label, int64_t value)
{
    struct histogram *histogram = context;
    int64_t bound = 0;
    int i = 0;
    if (!str_to_int(label, &bound))
        i = TALLY_BOUNDS - 1;
    while (i < TALLY_BOUNDS - 1 && bound > histogram->bounds_ms[i]) /* also where an older version had other bounds */
        i++;
    histogram->counts[i] += value;
}

static int write_histogram(FILE *out, struct ledger *ledger, struct histogram *histogram, struct err *err)
{
    const char *name = histogram->name;
    int64_t sum_ms = 0, so_far = 0;
    if (records_list_counters(ledger, histogram->counter, take_count, histogram, err) != 0 ||
        read_sum(ledger, histogram->sum_counter, &sum_ms, err) != 0)
        return -1;
    begin(out, name, "histogram", histogram->help);
    for (int i = 0; i < TALLY_BOUNDS; i++) {
        so_far += histogram->counts[i];
        if (i < TALLY_BOUNDS - 1)
            (void)fprintf(out, PREFIX "%s_bucket{le=\"%g\"} %" PRId64 "\n", name,
                          (double)histogram->bounds_ms[i] / 1000.0, so_far);
    }
    (void)fprintf(out, PREFIX "%s_bucket{le=\"+Inf\"} %" PRId64 "\n", name, so_far);
    (void)fprintf(out, PREFIX "%s_sum %.3f\n" PREFIX "%s_count %" PRId64 "\n", name, (double)sum_ms / 1000.0, name, so_far);
    return 0;
}

static int write_counters(FILE *out, struct ledger *ledger, struct err *err)
{
    const struct family calls = { out, "calls_total", "outcome", "result" };
    const struct family answers = { out, "answers_total", "code", NULL };
    const struct family runs = { out, "runs_total", "exit_code", "kind" };
    struct histogram acceptance = { .name = "acceptance_delay_seconds",
                                    .help = "From the end of a call to its acceptance.",
                                    .counter = TALLY_ACCEPTANCE,
                                    .sum_counter = TALLY_ACCEPTANCE_SUM,
                                    .bounds_ms = tally_acceptance_bounds_ms() };
    struct histogram request = { .name = "request_duration_seconds",
                                 .help = "From a request to its answer.",
                                 .counter = TALLY_REQUEST,
                                 .sum_counter = TALLY_REQUEST_SUM,
                                 .bounds_ms = tally_request_bounds_ms() };
    int64_t resent = 0;
    if (write_family(ledger, &calls, TALLY_CALLS, "Calls by what became of them, and by the API's result.", err) != 0 ||
        write_family(ledger, &answers, TALLY_ANSWERS, "Attempts by the answer's HTTP status; 0: none came.", err) != 0 ||
        write_family(ledger, &runs, LEDGER_RUNS, "Runs that came to their end.", err) != 0 ||
        read_sum(ledger, TALLY_RESENT, &resent, err) != 0)
        return -1;
    begin(out, "calls_resent_total", "counter", "Calls that were accepted again after they had changed.");
    (void)fprintf(out, PREFIX "calls_resent_total %" PRId64 "\n", resent);
    return write_histogram(out, ledger, &acceptance, err) == 0 ? write_histogram(out, ledger, &request, err) : -1;
}

static int write_page(FILE *out, const char *state_dir, struct err *err)
{
    struct standing standing;
    struct ledger *ledger = NULL;
    if (fileutil_need_directory(state_dir, err) != 0 || ledger_open(state_dir, LEDGER_LOOK, &ledger, NULL, err) != 0)
        return -1;
    int result = standing_gather(state_dir, ledger, &standing, err);
    if (result == 0) {
        write_standing(out, &standing);
        write_last_run(out, &standing.overview);
        result = write_counters(out, ledger, err);
    }
    ledger_close(ledger);
    begin(out, "build_info", "gauge", "Which program this is.");
    (void)fprintf(out, PREFIX "build_info{version=\"" VERSION "\"} 1\n");
    return result;
}

/* ---- the two halves ---- */

/* The half that reads the state, as its owner. What it says is the page, or with an exit code but 0 what went wrong. */
static _Noreturn void read_state(const char *state_dir, int fd)
{
    struct err err = { .code = EX_OK };
    char *page = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&page, &size);
    if (memory == NULL)
        _exit(EX_SOFTWARE);
    int result = privileges_drop_to_owner(state_dir, &err) == 0 ? write_page(memory, state_dir, &err) : -1;
    if (fclose(memory) != 0)
        _exit(EX_SOFTWARE);
    FILE *out = fdopen(fd, "w");
    if (out == NULL || fputs(result == 0 ? page : err.message, out) < 0 || fclose(out) != 0)
        _exit(EX_IOERR);
    _exit(result == 0 ? EX_OK : err.code);
}

/* Reads all that comes. Ownership: the caller frees it. */
static char *read_all(int fd)
{
    char *text = NULL;
    size_t size = 0, total = 0;
    char buffer[4096];
    FILE *memory = open_memstream(&text, &size);
    if (memory == NULL)
        return NULL;
    for (ssize_t got = 1; got > 0 && total < MOST_BYTES;) {
        got = TEMP_FAILURE_RETRY(read(fd, buffer, sizeof buffer));
        if (got > 0)
            total += fwrite(buffer, 1, (size_t)got, memory);
    }
    (void)fclose(memory);
    return text;
}

static int collect(const char *state_dir, char **ret_page, struct err *err)
{
    int ends[2], status = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_set(err, EX_SOFTWARE, "could not make a pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        read_state(state_dir, ends[1]);
    }
    (void)close(ends[1]);
    *ret_page = child > 0 ? read_all(ends[0]) : NULL;
    (void)close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || *ret_page == NULL)
        return err_set(err, EX_SOFTWARE, "could not read the state: the process for it failed");
    if (WEXITSTATUS(status) != EX_OK)
        return err_set(err, WEXITSTATUS(status), "%s", *ret_page);
    return 0;
}

int metrics_command(const struct options *options)
{
    struct err err = { .code = EX_OK };
    char *page = NULL;
    int result = collect(options->state_dir, &page, &err);
    if (result == 0 && options->output != NULL)
        result = fileutil_publish(options->output, page, &err);
    else if (result == 0 && page != NULL)
        (void)fputs(page, stdout);
    free(page);
    if (result != 0)
        (void)fprintf(stderr, "did-optimizer-sync: %s\n", err.message);
    return result == 0 ? EX_OK : err.code;
}
