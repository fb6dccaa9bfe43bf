/* tally: the counts that a run adds to the ledger's counters. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "domain/tally.h"

#define MAX_RESULTS ((int)(sizeof ((struct tally *)0)->results / sizeof(struct tally_result)))
#define MAX_CODES ((int64_t)(sizeof ((struct tally *)0)->answers / sizeof(int64_t)))

static const int64_t request_bounds_ms[TALLY_BOUNDS - 1] = { 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000 };

/* From 10 s to a day: a call may wait for cron, its disposition, the sweep, or a sink that is down. */
static const int64_t acceptance_bounds_ms[TALLY_BOUNDS - 1] = { 10000,   30000,   60000,    90000,    120000,  300000,
                                                                600000, 1800000, 3600000, 14400000, 86400000 };

const int64_t *tally_request_bounds_ms(void)
{
    return request_bounds_ms;
}

const int64_t *tally_acceptance_bounds_ms(void)
{
    return acceptance_bounds_ms;
}

static void observe(struct tally_histogram *histogram, const int64_t *bounds_ms, int64_t value_ms)
{
    int i = 0;
    while (i < TALLY_BOUNDS - 1 && value_ms > bounds_ms[i])
        i++;
    histogram->counts[i]++;
    histogram->sum_ms += value_ms;
}

void tally_answer(struct tally *tally, int64_t code, double took_ms)
{
    tally->answers[code > 0 && code < MAX_CODES ? code : 0]++;
    if (code > 0 && took_ms >= 0.0)
        observe(&tally->request, request_bounds_ms, (int64_t)(took_ms + 0.5));
}

/* The row of a result. Results that find no free row share the last one. */
static struct tally_result *find_result(struct tally *tally, const char *name)
{
    int i = 0;
    while (i < MAX_RESULTS - 1 && tally->results[i].name != NULL && strcmp(tally->results[i].name, name) != 0)
        i++;
    if (tally->results[i].name == NULL)
        tally->results[i].name = name;
    return &tally->results[i];
}

void tally_accepted(struct tally *tally, const char *result, int64_t after_sec, bool again)
{
    if (again) {
        tally->resent++;
        return;
    }
    find_result(tally, result)->accepted++;
    if (after_sec != TALLY_NOT_TIMED)
        observe(&tally->acceptance, acceptance_bounds_ms, after_sec > 0 ? after_sec * 1000 : 0);
}

void tally_rejected(struct tally *tally, const char *result)
{
    find_result(tally, result)->rejected++;
}

void tally_looked_up(struct tally *tally, const char *name, bool known)
{
    enum { FIELDS = sizeof tally->fields / sizeof tally->fields[0] };
    int i = 0;
    while (i < FIELDS - 1 && tally->fields[i].name != NULL && strcmp(tally->fields[i].name, name) != 0)
        i++;
    tally->fields[i].name = name;
    tally->fields[i].known += known ? 1 : 0;
    tally->fields[i].unknown += known ? 0 : 1;
}

/* ---- reporting ---- */

struct receiver {
    tally_on_counter *on_counter;
    void *context;
    struct err *err;
};

static int report(const struct receiver *receiver, const char *name, const char *label, int64_t value)
{
    return value == 0 ? 0 : receiver->on_counter(receiver->context, name, label, value, receiver->err);
}

static int report_histogram(const struct receiver *receiver, const struct tally_histogram *histogram,
                            const int64_t *bounds_ms, const char *name, const char *sum_name)
{
    for (int i = 0; i < TALLY_BOUNDS; i++) {
        char room[STR_INT_SIZE];
        const char *label = i < TALLY_BOUNDS - 1 ? str_of_int(bounds_ms[i], room) : "+Inf";
        if (report(receiver, name, label, histogram->counts[i]) != 0)
            return -1;
    }
    return report(receiver, sum_name, "", histogram->sum_ms);
}

static int report_results(const struct receiver *receiver, const struct tally *tally)
{
    for (int i = 0; i < MAX_RESULTS && tally->results[i].name != NULL; i++) {
        char label[128];
        (void)snprintf(label, sizeof label, "accepted %s", tally->results[i].name);
        if (report(receiver, TALLY_CALLS, label, tally->results[i].accepted) != 0)
            return -1;
        (void)snprintf(label, sizeof label, "rejected %s", tally->results[i].name);
        if (report(receiver, TALLY_CALLS, label, tally->results[i].rejected) != 0)
            return -1;
    }
    return 0;
}

static int report_fields(const struct receiver *receiver, const struct tally *tally)
{
    for (size_t i = 0; i < sizeof tally->fields / sizeof tally->fields[0] && tally->fields[i].name != NULL; i++) {
        char label[128];
        (void)snprintf(label, sizeof label, "%s known", tally->fields[i].name);
        if (report(receiver, TALLY_LOOKED_UP, label, tally->fields[i].known) != 0)
            return -1;
        (void)snprintf(label, sizeof label, "%s unknown", tally->fields[i].name);
        if (report(receiver, TALLY_LOOKED_UP, label, tally->fields[i].unknown) != 0)
            return -1;
    }
    return 0;
}

int tally_each(const struct tally *tally, tally_on_counter *on_counter, void *context, struct err *err)
{
    const struct receiver receiver = { .on_counter = on_counter, .context = context, .err = err };
    for (int64_t status = 0; status < MAX_CODES; status++) {
        char room[STR_INT_SIZE];
        if (report(&receiver, TALLY_ANSWERS, str_of_int(status, room), tally->answers[status]) != 0)
            return -1;
    }
    if (report_results(&receiver, tally) != 0 || report_fields(&receiver, tally) != 0 ||
        report(&receiver, TALLY_RESENT, "", tally->resent) != 0 ||
        report(&receiver, TALLY_SWEPT, "new", tally->swept_new) != 0 ||
        report(&receiver, TALLY_SWEPT, "changed", tally->swept_changed) != 0 ||
        report_histogram(&receiver, &tally->request, request_bounds_ms, TALLY_REQUEST, TALLY_REQUEST_SUM) != 0)
        return -1;
    return report_histogram(&receiver, &tally->acceptance, acceptance_bounds_ms, TALLY_ACCEPTANCE,
                            TALLY_ACCEPTANCE_SUM);
}
