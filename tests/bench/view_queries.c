/* Fills a ledger with calls, feeds the live page's view from it, and prints how long each query takes: lines of
 *   NAME<TAB>milliseconds of the page<TAB>milliseconds of the count
 * before them "feed<TAB>seconds<TAB>bytes of view.db".   view_queries DIRECTORY CALLS */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "ledger/ledger.h"
#include "serve/view.h"
#include "serve/view_feed.h"

enum { FIRST_END = 1750000000, TIMES = 5, CALLS_A_COMMIT = 1000 };

static struct err err;

static void must(int result)
{
    if (result == 0)
        return;
    (void)fprintf(stderr, "%s\n", err.message);
    exit(1);
}

static double now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* One of names, the first ones more often. */
static const char *pick(const char *const *names, int count)
{
    int at = 0;
    while (at + 1 < count && random() % 2 == 0)
        at++;
    return names[at];
}

static void put(struct ledger *ledger, int64_t number, int64_t ended)
{
    static const char *const statuses[] = { "NA", "A", "AMD", "B", "NO", "BUSY", "DROP", "XFER", "SALE" };
    static const char *const results[] = { "no_answer", "completed", "answered", "dropped", "busy", "dnc" };
    static const char *const campaigns[] = { "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9", "C10" };
    char id[48], phone[24], agent[24];
    long luck = random() % 1000;
    (void)snprintf(id, sizeof id, "%" PRId64 ".%07" PRId64, ended - 60, number);
    (void)snprintf(phone, sizeof phone, "1%010ld", 2000000000 + random());
    (void)snprintf(agent, sizeof agent, "%ld", 6000 + random() % 300);
    const struct call call = { .campaign = pick(campaigns, 10), .number = phone, .agent = agent,
                               .status = pick(statuses, 9), .length = random() % 600,
                               .direction = luck % 500 == 0 ? CALL_INBOUND : CALL_OUTBOUND };
    const struct ledger_attempt attempt = { .answer = 200, .took_ms = 80 };
    const enum call_state state = luck < 985 ? CALL_ACCEPTED : luck < 995 ? CALL_REJECTED
                                  : luck < 998 ? CALL_PENDING : CALL_WAITING;
    const struct ledger_entry entry = { .uniqueid = id, .end_epoch = ended, .call = &call, .attempt = &attempt,
                                        .result = pick(results, 6), .due = ended, .reason = "refused",
                                        .record = { .state = state, .sent_before = true, .is_new = true } };
    must(ledger_put(ledger, &entry, &err));
}

static void fill(const char *directory, int64_t calls)
{
    struct ledger *ledger = NULL;
    int64_t ended = FIRST_END;
    must(ledger_open(directory, LEDGER_WRITE, &ledger, NULL, &err));
    for (int64_t i = 0; i < calls; i++) {
        ended += random() % 20;
        put(ledger, i, ended);
        if (i % CALLS_A_COMMIT == 0)
            must(ledger_commit(ledger, &err));
    }
    must(ledger_commit(ledger, &err));
    ledger_close(ledger);
}

static void feed(const char *path, const char *directory)
{
    const struct view_feed_profile profile = { "default", directory };
    struct view_feed *made = NULL;
    struct stat info;
    double began = now_ms();
    must(view_feed_open(path, &profile, 1, &made, &err));
    for (bool busy = true; busy;)
        must(view_feed_step(made, &busy, &err));
    double seconds = (now_ms() - began) / 1e3;
    view_feed_close(made);
    if (stat(path, &info) == 0)
        (void)printf("feed\t%.1f\t%lld\n", seconds, (long long)info.st_size);
}

static void nothing(void *context, const struct view_row *row)
{
    (void)context;
    (void)row;
}

/* The median of some times. */
static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static void measure(struct view *view, const char *name, struct view_query query)
{
    double list[TIMES], count[TIMES];
    char next[VIEW_CURSOR_SIZE];
    int64_t calls = 0;
    query.size = 50;
    for (int i = 0; i < TIMES; i++) {
        double began = now_ms();
        must(view_list(view, &query, nothing, NULL, next, &err));
        list[i] = now_ms() - began;
        must(view_count(view, &query.filter, &calls, &err));
        count[i] = now_ms() - began - list[i];
    }
    qsort(list, TIMES, sizeof *list, compare);
    qsort(count, TIMES, sizeof *count, compare);
    (void)printf("%s\t%.2f\t%.2f\n", name, list[TIMES / 2], count[TIMES / 2]);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 64;
    int64_t calls = strtoll(argv[2], NULL, 10), middle = FIRST_END + calls * 19 / 4;
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/view.db", argv[1]);
    srandom(1);
    fill(argv[1], calls);
    feed(path, argv[1]);
    struct view *view = view_open(path);
    const struct {
        const char *name;
        struct view_query query;
    } rows[] = {
        { "first page", { .page = 1 } },
        { "last page by number", { .page = calls / 50 } },
        { "status, frequent", { .filter.status = "NA" } },
        { "status, rare", { .filter.status = "SALE" } },
        { "result", { .filter.result = "busy" } },
        { "campaign, frequent", { .filter.campaign = "C1" } },
        { "campaign, rare", { .filter.campaign = "C10" } },
        { "agent", { .filter.agent = "6100" } },
        { "direction, frequent", { .filter.direction = "outbound" } },
        { "direction, rare", { .filter.direction = "inbound" } },
        { "direction, none", { .filter.direction = "internal" } },
        { "state accepted", { .filter.state = "accepted" } },
        { "state rejected", { .filter.state = "rejected" } },
        { "no recording", { .filter.recording = "none" } },
        { "profile", { .filter.profile = "default" } },
        { "a day", { .filter.from = middle, .filter.to = middle + 86400 } },
        { "number, last 4 digits", { .filter.number = "1234" } },
        { "number, 1 digit", { .filter.number = "1" } },
        { "campaign and agent", { .filter.campaign = "C1", .filter.agent = "6100" } },
        { "campaign and status, both frequent", { .filter.campaign = "C1", .filter.status = "NA" } },
        { "campaign, status and a day",
          { .filter.campaign = "C1", .filter.status = "NA", .filter.from = middle, .filter.to = middle + 86400 } },
        { "sorted by length, last page", { .sort = VIEW_BY_LENGTH, .page = calls / 50 } },
        { "sorted by campaign, last page", { .sort = VIEW_BY_CAMPAIGN, .page = calls / 50 } },
        { "sorted by agent, one status", { .sort = VIEW_BY_AGENT, .filter.status = "NA" } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        measure(view, rows[i].name, rows[i].query);
    view_close(view);
    return 0;
}
