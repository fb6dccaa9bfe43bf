/* callio_fetch: reads calls of Callio by their ids. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/url.h"
#include "source/callio_fetch.h"
#include "source/callio_row.h"

/* So many calls of a tenant in turn could not be read: the others are not asked for. */
#define FAILURES_MOST 3

/* In another minute, ids are asked for from another one on: those behind the failing ones have their turn. */
#define TURN_SEC 60

/* One batch of ids. */
struct fetching {
    struct callio_scan *scan;
    const struct callio_tenant *failing; /* NULL: none */
    size_t failures;                     /* of that tenant, in turn */
    size_t without_tenant, not_there;
    source_on_call *on_call;
    void *context;
};

/* An id becomes a part of the address, in which a part of only dots would mean another folder. */
static bool can_be_asked_for(const char *id)
{
    return id[strspn(id, ".")] != '\0';
}

static void note_lost(struct fetching *fetching, const char *problem)
{
    if (*fetching->scan->lost == '\0')
        (void)snprintf(fetching->scan->lost, sizeof fetching->scan->lost, "%s", problem);
}

static int hand_out(struct fetching *fetching, const struct callio_tenant *tenant, const struct json *doc,
                    struct err *err)
{
    struct callio_row row;
    struct callio_call made;
    int result = 0;
    if (callio_row_read(doc, &row) == NULL) {
        fetching->scan->finds_by_id = true;
        callio_row_call(&row, tenant->name, clock_now_epoch(), &made);
        result = fetching->on_call(fetching->context, &made.call, err);
    } else {
        note_lost(fetching, "Callio's API answers /call/ID with something that is no call; ask Callio");
    }
    callio_row_clear(&row);
    return result;
}

/* A call that cannot be read must not keep the others of its tenant. */
static void note_failure(struct fetching *fetching, const struct callio_tenant *tenant, const char *problem)
{
    fetching->failures = fetching->failing == tenant ? fetching->failures + 1 : 1;
    fetching->failing = tenant;
    note_lost(fetching, problem);
}

static int fetch_one(struct fetching *fetching, struct callio_tenant *tenant, const char *id, struct err *err)
{
    enum callio_answer answer = CALLIO_NOT_THERE;
    struct json *json = NULL;
    struct err failure = { .code = EX_OK };
    if (fetching->failing == tenant && fetching->failures >= FAILURES_MOST)
        return 0;
    char *part = url_escape(id), *target = mem_format("/call/%s", part);
    int result = callio_client_get(fetching->scan->client, tenant, target, &answer, &json, &failure);
    if (result == 0 && fetching->failing == tenant)
        fetching->failing = NULL;
    if (result == 0 && answer == CALLIO_READ)
        result = hand_out(fetching, tenant, json, err);
    else if (result == 0)
        fetching->not_there++;
    else if (failure.code == EX_UNAVAILABLE || failure.code == EX_CONFIG) {
        note_failure(fetching, tenant, failure.message);
        result = 0;
    } else
        (void)err_set(err, failure.code, "%s", failure.message);
    json_free(json);
    free(target);
    free(part);
    return result;
}

/* The sum of the minute's digits, with count as the base: the minute alone would be the same place for ever if runs
 * come every count minutes. */
static size_t place_of_turn(size_t count)
{
    size_t sum = 0;
    for (size_t minute = (size_t)(clock_now_epoch() / TURN_SEC); count > 1 && minute > 0; minute /= count)
        sum += minute % count;
    return count > 1 ? sum % count : 0;
}

int callio_fetch_run(struct callio_scan *scan, const char *const *ids, size_t count, source_on_call *on_call,
                     void *context, struct err *err)
{
    struct fetching fetching = { .scan = scan, .on_call = on_call, .context = context };
    char problem[200];
    int result = 0;
    size_t begin = place_of_turn(count);
    *scan->lost = '\0';
    for (size_t i = 0; result == 0 && i < count; i++) {
        const char *id = NULL;
        struct callio_tenant *tenant = callio_accounts_of(&scan->tenants, ids[(begin + i) % count], &id);
        if (tenant == NULL || !can_be_asked_for(id))
            fetching.without_tenant++;
        else
            result = fetch_one(&fetching, tenant, id, err);
    }
    if (fetching.without_tenant > 0) {
        (void)snprintf(problem, sizeof problem, "%zu of the calls asked for have an id of no tenant in "
                       "[source] (TENANT:_id); correct the id, add the tenant's account, or discard the calls",
                       fetching.without_tenant);
        note_lost(&fetching, problem);
    }
    if (fetching.not_there > 0 && !scan->finds_by_id) {
        (void)snprintf(problem, sizeof problem, "Callio's API does not find %zu calls at /call/ID, and has found no "
                       "other call there; ask Callio", fetching.not_there);
        note_lost(&fetching, problem);
    }
    return result;
}
