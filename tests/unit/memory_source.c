/* memory_source: a source whose calls a test puts into an array. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "memory_source.h"

static const struct call_shape shape = { .extras = { { .name = "note" },
                                                    { .name = "cause", .in_fingerprint = true } } };

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
    int64_t made = now_epoch - call->age;
    return archived == (range->table == SOURCE_ARCHIVE) && call->ended >= range->end_from &&
           call->ended <= range->end_to && made >= range->call_from && (range->call_to == 0 || made <= range->call_to);
}

/* After each call it asks whether to go on. */
static int scan(void *state, const struct source_range *range, source_on_call *on_call, source_on_slice *on_slice,
                void *context, struct err *err)
{
    struct memory_source *memory = state;
    int result = check_reach(memory, err);
    memory->scans++;
    memory->asked_whole = range->whole_rows;
    for (size_t i = 0; result == 0 && i < memory->count; i++) {
        const struct call *call = &memory->calls[i];
        struct call part = *call;
        if (!covers(range, call, memory->archived[i], memory->now))
            continue;
        if (!range->whole_rows) { /* what does not decide on a call */
            part.number = NULL;
            part.started = CALL_NO_NUMBER;
            call = &part;
        }
        (void)usleep(memory->slow_ms * 1000);
        result = check_reach(memory, err);
        if (result == 0)
            result = on_call(context, call, err);
        if (result == 0 && on_slice != NULL)
            result = on_slice(context, call->ended, err);
    }
    if (result == 0 && on_slice != NULL)
        result = on_slice(context, range->end_to + 1, err);
    return result < 0 ? -1 : 0;
}

static int fetch(void *state, enum source_table table, const char *const *ids, size_t count, source_on_call *on_call,
                 void *context, struct err *err)
{
    struct memory_source *memory = state;
    int result = check_reach(memory, err);
    memory->fetched += count;
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; result == 0 && i < memory->count; i++)
            if (strcmp(memory->calls[i].id, ids[k]) == 0 && memory->archived[i] == (table == SOURCE_ARCHIVE))
                result = on_call(context, &memory->calls[i], err);
    return result;
}

static int inspect_archive(void *state, bool *ret_usable, struct err *err)
{
    *ret_usable = true;
    return check_reach(state, err);
}

static const char *archive_problem(const void *state)
{
    const struct memory_source *memory = state;
    return memory->archive_problem != NULL ? memory->archive_problem : "";
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

static void close_memory(void *state)
{
    (void)state;
}

static const struct source_ops memory_ops = {
    .type = "memory",
    .title = "memory",
    .places = { "memory", "memory's archive" },
    .longest_sec = 14400,
    .after_end_sec = 600,
    .inspect = inspect,
    .now = now,
    .scan = scan,
    .fetch = fetch,
    .close = close_memory,
    .spread = spread,
    .recall = recall,
    .list_campaigns = list_campaigns,
    .inspect_archive = inspect_archive,
    .archive_problem = archive_problem,
};

struct source memory_source_open(struct memory_source *memory)
{
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
