/* memory_source: a source that hands out the calls of an array, for tests. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/str.h"
#include "memory_source.h"

#define AFTER_END_SEC 600
#define REACH_ROWS 3

static const struct call_shape shape = { .extras = { { .name = "note" },
                                                    { .name = "cause", .in_fingerprint = true },
                                                    { .name = "did", .is_looked_up = true, .is_expected = true } } };

static int check_reach(const struct memory_source *memory, struct err *err)
{
    return memory->fails ? err_set(err, EX_UNAVAILABLE, "the source in memory is out of reach") : 0;
}

static int inspect(void *state, struct err *err)
{
    return check_reach(state, err);
}

static int now(void *state, int64_t *ret_epoch, struct err *err)
{
    const struct memory_source *memory = state;
    *ret_epoch = memory->now;
    return check_reach(memory, err);
}

static bool covers(const struct source_range *range, const struct call *call, bool archived, int64_t now_epoch)
{
    int64_t made = call->began != 0 ? call->began : now_epoch - call->age;
    bool ended = call->ended >= range->end_from && call->ended <= range->end_to;
    return archived == (range->table == SOURCE_ARCHIVE) && (ended || range->with_open) && made >= range->call_from &&
           (range->call_to == 0 || made <= range->call_to);
}

static void look(struct memory_source *memory)
{
    if (memory->on_read != NULL)
        memory->on_read(memory);
}

/* Each call is a slice of its own, so a run can stop after each call. */
static int scan(void *state, const struct source_range *range, source_on_call *on_call, source_on_slice *on_slice,
                void *context, struct err *err)
{
    struct memory_source *memory = state;
    int result = check_reach(memory, err);
    memory->ranges[memory->scans++ % MEMORY_SOURCE_RANGES] = *range;
    memory->asked_whole = range->whole_rows;
    for (size_t i = 0; result == 0 && i < memory->count; i++) {
        const struct call *call = &memory->calls[i];
        struct call part = *call;
        look(memory);
        if (!covers(range, call, memory->archived[i], memory->now))
            continue;
        if (!range->whole_rows) { /* data that no decision needs */
            part.number = NULL;
            part.started = CALL_NO_NUMBER;
            call = &part;
        }
        (void)usleep(memory->slow_ms * 1000);
        memory->read++;
        result = check_reach(memory, err);
        if (result == 0)
            result = on_call(context, call, err);
        if (result == 0 && on_slice != NULL)
            result = on_slice(context, memory->shows_open ? call->began : call->ended, err);
    }
    if (result == 0 && on_slice != NULL)
        result = on_slice(context, range->end_to + 1, err);
    return result < 0 ? -1 : 0;
}

/* Also hands out calls with the same ids in other case, because a server's collation may ignore case. */
static int fetch(void *state, enum source_table table, const char *const *ids, size_t count, source_on_call *on_call,
                 void *context, struct err *err)
{
    struct memory_source *memory = state;
    int result = check_reach(memory, err);
    memory->fetched += count;
    memory->read += count;
    memory->asked_archive = memory->asked_archive || table == SOURCE_ARCHIVE;
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; result == 0 && i < memory->count; i++)
            if (strcasecmp(memory->calls[i].id, ids[k]) == 0 && memory->archived[i] == (table == SOURCE_ARCHIVE))
                result = on_call(context, &memory->calls[i], err);
    return result;
}

static bool shows_open(const void *state)
{
    const struct memory_source *memory = state;
    return memory->shows_open;
}

#define EARLIER_SEC 60 /* find_kin gives earlier calls too, as the dialer's: its zone may be another one */

static int find_kin(void *state, const char *const *kins, size_t count, int64_t began_from, source_on_call *on_call,
                    void *context, struct err *err)
{
    struct memory_source *memory = state;
    int result = check_reach(memory, err);
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; result == 0 && i < memory->count; i++)
            if (memory->calls[i].kin != NULL && strcmp(memory->calls[i].kin, kins[k]) == 0 &&
                memory->calls[i].began >= began_from - EARLIER_SEC && !memory->archived[i] && !memory->loses_kin)
                result = on_call(context, &memory->calls[i], err);
    return result == 0 && memory->loses_kin ? 1 : result;
}

static int inspect_archive(void *state, bool *ret_usable, struct err *err)
{
    const struct memory_source *memory = state;
    *ret_usable = memory->archive_refused == NULL;
    if (!*ret_usable && *memory->archive_refused != '\0')
        return err_set(err, EX_CONFIG, "%s", memory->archive_refused);
    return check_reach(state, err);
}

static int find_reach(void *state, int64_t since, struct source_reach *ret_reach, struct err *err)
{
    struct memory_source *memory = state;
    int64_t oldest[REACH_ROWS + 1]; /* the earliest first */
    size_t count = 0;
    memory->reaches++;
    look(memory);
    for (size_t i = 0; i < memory->count; i++) {
        const struct call *call = &memory->calls[i];
        int64_t made = !memory->shows_open ? call->ended : call->began != 0 ? call->began : memory->now - call->age;
        if (memory->archived[i] || made < since)
            continue;
        size_t at = count;
        for (; at > 0 && oldest[at - 1] > made; at--)
            oldest[at] = oldest[at - 1];
        oldest[at] = made;
        count = count < REACH_ROWS ? count + 1 : REACH_ROWS;
    }
    *ret_reach = (struct source_reach){ .first = INT64_MAX, .whole = INT64_MAX };
    if (count > 0)
        *ret_reach = (struct source_reach){ .first = oldest[0] - AFTER_END_SEC,
                                            .whole = oldest[count - 1] + AFTER_END_SEC };
    return check_reach(memory, err);
}

static const char *archive_problem(const void *state)
{
    const struct memory_source *memory = state;
    return memory->archive_problem != NULL ? memory->archive_problem : "";
}

static bool may_read(const void *state)
{
    const struct memory_source *memory = state;
    return memory->may_read == 0 || memory->read < memory->may_read;
}

static int64_t most_found(const void *state)
{
    const struct memory_source *memory = state;
    return memory->most_found > 0 ? memory->most_found : INT64_MAX;
}

static int64_t spread(const void *state)
{
    const struct memory_source *memory = state;
    return memory->spread;
}

static void recall(void *state, const char *earlier, char out[SOURCE_MEMORY_SIZE], char problem[SOURCE_PROBLEM_SIZE])
{
    struct memory_source *memory = state;
    (void)snprintf(memory->earlier, sizeof memory->earlier, "%s", earlier);
    (void)snprintf(out, SOURCE_MEMORY_SIZE, "%s", str_or_empty(memory->memory));
    (void)snprintf(problem, SOURCE_PROBLEM_SIZE, "%s", str_or_empty(memory->problem));
}

static int list_campaigns(void *state, source_on_campaign *on_campaign, void *context, struct err *err)
{
    struct memory_source *memory = state;
    memory->listed++;
    for (const char *const *at = memory->campaigns; at != NULL && *at != NULL; at++)
        on_campaign(context, *at);
    return check_reach(memory, err);
}

static bool enriches(const void *state)
{
    const struct memory_source *memory = state;
    return memory->looked_up != NULL;
}

static int enrich(void *state, const struct call *const *calls, size_t count, source_on_enriched *on_enriched,
                  void *context, struct err *err)
{
    enum { DID = 2 };
    struct memory_source *memory = state;
    int result = memory->enrich_fails ? err_set(err, EX_UNAVAILABLE, "the source is gone") : 0;
    for (size_t i = 0; result == 0 && i < count; i++) {
        struct call call = *calls[i];
        call.extras[DID] = *memory->looked_up != '\0' ? memory->looked_up : NULL;
        call.looked_up = 1 << DID;
        memory->enriched++;
        result = on_enriched(context, i, &call, err);
    }
    return result;
}

static void enrich_problem(const void *state, enum source_gap gap, char problem[SOURCE_PROBLEM_SIZE])
{
    const struct memory_source *memory = state;
    (void)snprintf(problem, SOURCE_PROBLEM_SIZE, "%s",
                   gap == memory->enrich_gap ? str_or_empty(memory->enrich_problem) : "");
}

static void close_memory(void *state)
{
    (void)state;
}

static const struct source_ops memory_ops = {
    .type = "memory",
    .title = "memory",
    .places = { "memory", "memory's archive" },
    .longest_sec = 14400,
    .after_end_sec = AFTER_END_SEC,
    .inspect = inspect,
    .now = now,
    .scan = scan,
    .fetch = fetch,
    .close = close_memory,
    .enriches = enriches,
    .enrich = enrich,
    .enrich_problem = enrich_problem,
    .may_read = may_read,
    .most_found = most_found,
    .most_found_setting = "limit",
    .spread = spread,
    .recall = recall,
    .list_campaigns = list_campaigns,
    .shows_open = shows_open,
    .find_kin = find_kin,
    .inspect_archive = inspect_archive,
    .find_reach = find_reach,
    .archive_problem = archive_problem,
};

struct source memory_source_open(struct memory_source *memory)
{
    memory->read = 0;
    return (struct source){ .ops = &memory_ops, .state = memory };
}

struct call *memory_source_add(struct memory_source *memory, const char *id, const char *status, int64_t ended)
{
    struct call *call = &memory->calls[memory->count++];
    *call = (struct call){ .id = id, .campaign = "TEST", .number = "3125550100", .agent = "6666", .status = status,
                           .started = ended - 45, .ended = ended, .length = 45, .age = memory->now - ended + 45,
                           .shape = &shape };
    return call;
}
