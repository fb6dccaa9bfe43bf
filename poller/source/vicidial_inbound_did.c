/* vicidial_inbound_did: looks up the numbers that callers dialled. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "source/vicidial_inbound_did.h"
#include "source/vicidial_inbound_row.h"

/* ADMIN_archive_log_tables.pl --daily leaves 24 hours in the live log. */
#define ARCHIVED_AFTER_SEC (20 * 3600)

#define COLUMNS "uniqueid, extension, call_date"

/* A call, and its DID once it is found. */
struct wanted {
    char *uniqueid;
    char *did;
    char date[32]; /* of the row that gave the DID */
};

struct batch {
    struct wanted *wanted;
    size_t count;
};

void vicidial_inbound_did_init(struct vicidial_inbound_did *did, struct session *session)
{
    const struct enrich_lookup live = { .table = "vicidial_did_log", .columns = COLUMNS, .key = "uniqueid",
                                        .index = "uniqueid" };
    *did = (struct vicidial_inbound_did){ .session = session, .live = live, .archive = live };
    did->archive.table = "vicidial_did_log_archive";
}

static void take(void *context, const char *const *row)
{
    const struct batch *batch = context;
    const char *date = str_or_empty(row[2]);
    if (*str_or_empty(row[1]) == '\0')
        return;
    for (size_t i = 0; i < batch->count; i++) {
        struct wanted *one = &batch->wanted[i];
        if (strcasecmp(one->uniqueid, row[0]) != 0 || (one->did != NULL && strcmp(one->date, date) <= 0))
            continue;
        free(one->did);
        one->did = mem_copy(row[1]);
        (void)snprintf(one->date, sizeof one->date, "%s", date);
    }
}

static int look_up(struct vicidial_inbound_did *did, struct enrich_lookup *lookup, struct batch *batch, struct err *err)
{
    const char **keys = mem_zero(batch->count + 1, sizeof *keys);
    struct enrich_request request = { .keys = keys, .since = "" };
    for (size_t i = 0; i < batch->count; i++)
        if (batch->wanted[i].did == NULL)
            keys[request.count++] = batch->wanted[i].uniqueid;
    int result = enrich_lookup_run(did->session, lookup, &request, take, batch, err);
    free(keys);
    return result;
}

static bool may_be_archived(const struct call *const *calls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (calls[i]->age < 0 || calls[i]->age > ARCHIVED_AFTER_SEC)
            return true;
    return false;
}

int vicidial_inbound_did_run(struct vicidial_inbound_did *did, const struct call *const *calls, size_t count,
                             source_on_enriched *on_enriched, void *context, struct err *err)
{
    struct batch batch = { .wanted = mem_zero(count + 1, sizeof *batch.wanted), .count = count };
    for (size_t i = 0; i < count; i++) {
        batch.wanted[i].uniqueid = mem_copy(calls[i]->id);
        batch.wanted[i].uniqueid[strcspn(calls[i]->id, "/")] = '\0';
    }
    int result = look_up(did, &did->live, &batch, err);
    if (result == 0 && may_be_archived(calls, count))
        result = look_up(did, &did->archive, &batch, err);
    for (size_t i = 0; result == 0 && i < count; i++) {
        struct call call = *calls[i];
        if (!did->live.is_off)
            vicidial_inbound_row_set_did(&call, batch.wanted[i].did);
        result = on_enriched(context, i, &call, err);
    }
    for (size_t i = 0; i < count; i++) {
        free(batch.wanted[i].uniqueid);
        free(batch.wanted[i].did);
    }
    free(batch.wanted);
    return result;
}

/* ---- problems ---- */

/* An older VICIdial has no archive of this log. */
static const struct enrich_lookup *trouble_of(const struct vicidial_inbound_did *did)
{
    if (did->live.is_off)
        return &did->live;
    return did->archive.is_off && !did->archive.is_missing ? &did->archive : NULL;
}

/* Every VICIdial has the live table: if it is missing, a person must act. */
static enum source_gap gap_of(const struct enrich_lookup *trouble)
{
    return trouble->is_busy ? SOURCE_GAP_BUSY : SOURCE_GAP_SETUP;
}

void vicidial_inbound_did_problem(const struct vicidial_inbound_did *did, enum source_gap gap,
                                  char problem[SOURCE_PROBLEM_SIZE])
{
    const struct enrich_lookup *trouble = trouble_of(did);
    *problem = '\0';
    if (trouble != NULL && gap_of(trouble) == gap)
        (void)snprintf(problem, SOURCE_PROBLEM_SIZE, "did (%s)\n", trouble->problem);
}

static void ignore_row(void *context, const char *const *row)
{
    (void)context;
    (void)row;
}

/* Asks for a row that does not exist. This costs nothing, and shows whether the program may read the table. */
void vicidial_inbound_did_check(struct vicidial_inbound_did *did, const struct findings *findings)
{
    struct err ignored;
    static const char *const no_key[] = { "0" };
    const struct enrich_request request = { .keys = no_key, .count = 1, .since = "" };
    const struct source_finding good = { .kind = SOURCE_GOOD, .about = "enrichment" };
    struct source_finding bad = {
        .kind = SOURCE_WARNS,
        .about = "enrichment",
        .remedy = "grant SELECT as the example grant.sql does, or set did to no under [enrich]",
    };
    if (enrich_lookup_run(did->session, &did->live, &request, ignore_row, NULL, &ignored) == 0)
        (void)!enrich_lookup_run(did->session, &did->archive, &request, ignore_row, NULL, &ignored);
    const struct enrich_lookup *trouble = trouble_of(did);
    if (trouble != NULL && trouble->is_busy)
        bad.remedy = "the next run tries again; if this stays, set did to no under [enrich]";
    if (did->live.is_off)
        findings_tell(findings, bad, "did: the number that the caller dialled cannot be looked up: %s",
                      trouble->problem);
    else if (trouble != NULL)
        findings_tell(findings, bad, "did: not known of old calls: %s", trouble->problem);
    else
        findings_tell(findings, good, "did: the number that the caller dialled is looked up in vicidial_did_log");
}
