/* vicidial_enrich: looks up data of a call in other tables of the dialer. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "source/vicidial_enrich.h"
#include "source/vicidial_enrich_carrier.h"
#include "source/vicidial_enrich_did.h"
#include "source/vicidial_enrich_people.h"
#include "source/vicidial_enrich_tables.h"
#include "source/vicidial_table.h"

struct vicidial_enrich {
    struct session *session;
    const struct settings_enrich *settings;
    struct enrich_lookup live[ENRICH_TABLES], archive[ENRICH_TABLES];
};

struct vicidial_enrich *vicidial_enrich_open(struct session *session, const struct settings_enrich *settings)
{
    struct vicidial_enrich *enrich = mem_zero(1, sizeof *enrich);
    enrich->session = session;
    enrich->settings = settings;
    memcpy(enrich->live, enrich_live_tables, sizeof enrich->live);
    memcpy(enrich->archive, enrich_archive_tables, sizeof enrich->archive);
    return enrich;
}

void vicidial_enrich_close(struct vicidial_enrich *enrich)
{
    free(enrich);
}

/* ---- which fields ---- */

static bool is_on(const struct vicidial_enrich *enrich, enum enrich_field field)
{
    static const size_t switches[ENRICH_FIELDS] = {
        [ENRICH_DID] = offsetof(struct settings_enrich, did),
        [ENRICH_DIAL_STATUS] = offsetof(struct settings_enrich, dial_status),
        [ENRICH_HANGUP_CAUSE] = offsetof(struct settings_enrich, hangup_cause),
        [ENRICH_SIP_HANGUP_CAUSE] = offsetof(struct settings_enrich, sip_hangup_cause),
        [ENRICH_SIP_HANGUP_REASON] = offsetof(struct settings_enrich, sip_hangup_reason),
        [ENRICH_RING_TIME] = offsetof(struct settings_enrich, ring_time),
        [ENRICH_TALK_TIME] = offsetof(struct settings_enrich, talk_time),
        [ENRICH_AMD_RESULT] = offsetof(struct settings_enrich, amd_result),
        [ENRICH_CUSTOMER_STATE] = offsetof(struct settings_enrich, customer_state),
        [ENRICH_CUSTOMER_ZIP] = offsetof(struct settings_enrich, customer_zip),
        [ENRICH_VENDOR_LEAD_CODE] = offsetof(struct settings_enrich, vendor_lead_code),
    };
    return *(const bool *)((const char *)enrich->settings + switches[field]);
}

/* Whether one of the fields from first to last is on. */
static bool is_any_on(const struct vicidial_enrich *enrich, enum enrich_field first, enum enrich_field last)
{
    for (enum enrich_field field = first; field <= last; field++)
        if (is_on(enrich, field))
            return true;
    return false;
}

static const char *name_of(enum enrich_field field)
{
    return vicidial_table_shape.extras[VICIDIAL_LOOKED_UP_FROM + field].name;
}

/* The tables of a field, up to ENRICH_TABLES. */
static const enum enrich_table *tables_of(enum enrich_field field)
{
    static const enum enrich_table did[] = { ENRICH_EXTENDED,     ENRICH_CALL_LOG, ENRICH_INBOUND_CODES,
                                             ENRICH_DIAL_CID_LOG, ENRICH_DIAL_LOG, ENRICH_TABLES },
                                   carrier[] = { ENRICH_CARRIER, ENRICH_CARRIER_BY_ID, ENRICH_TABLES },
                                   agent[] = { ENRICH_AGENT, ENRICH_TABLES }, amd[] = { ENRICH_AMD, ENRICH_TABLES },
                                   lead[] = { ENRICH_LEAD, ENRICH_TABLES };
    if (field == ENRICH_DID)
        return did;
    if (field <= ENRICH_RING_TIME)
        return carrier;
    return field == ENRICH_TALK_TIME ? agent : field == ENRICH_AMD_RESULT ? amd : lead;
}

/* The missing table without which the field is unknown; NULL: the field can be looked up. */
static const struct enrich_lookup *missing_for(const struct vicidial_enrich *enrich, enum enrich_field field)
{
    const struct enrich_lookup *live = enrich->live;
    if (field == ENRICH_DID) {
        if (live[ENRICH_EXTENDED].is_off && live[ENRICH_CALL_LOG].is_off)
            return &live[ENRICH_EXTENDED];
        if (!live[ENRICH_DIAL_CID_LOG].is_off || !live[ENRICH_DIAL_LOG].is_off)
            return NULL;
        return &live[live[ENRICH_DIAL_CID_LOG].is_missing ? ENRICH_DIAL_LOG : ENRICH_DIAL_CID_LOG];
    }
    const struct enrich_lookup *last = NULL;
    for (const enum enrich_table *at = tables_of(field); *at != ENRICH_TABLES; at++) {
        if (!live[*at].is_off)
            return NULL;
        last = &live[*at];
    }
    return last;
}

/* ---- looking up ---- */

static int look_up(const struct vicidial_enrich *enrich, const struct enrich_pass *pass, struct err *err)
{
    bool carrier = is_any_on(enrich, ENRICH_DIAL_STATUS, ENRICH_RING_TIME), did = is_on(enrich, ENRICH_DID);
    bool lead = is_any_on(enrich, ENRICH_CUSTOMER_STATE, ENRICH_VENDOR_LEAD_CODE);
    if ((carrier || did) && enrich_codes(pass, err) != 0)
        return -1;
    if (did && enrich_dids(pass, err) != 0)
        return -1;
    if (carrier && enrich_carrier(pass, err) != 0)
        return -1;
    if (is_on(enrich, ENRICH_TALK_TIME) && enrich_agent(pass, err) != 0)
        return -1;
    if (is_on(enrich, ENRICH_AMD_RESULT) && enrich_amd(pass, err) != 0)
        return -1;
    return lead ? enrich_leads(pass, err) : 0;
}

static int hand_out(const struct vicidial_enrich *enrich, const struct enrich_batch *batch,
                    const struct call *const *calls, source_on_enriched *on_enriched, void *context, struct err *err)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < batch->count; i++) {
        struct call call = *calls[i];
        for (enum enrich_field field = 0; field < ENRICH_FIELDS; field++) {
            if (!is_on(enrich, field) || missing_for(enrich, field) != NULL)
                continue;
            call.extras[VICIDIAL_LOOKED_UP_FROM + field] = batch->subjects[i].found[field];
            call.looked_up |= UINT32_C(1) << (VICIDIAL_LOOKED_UP_FROM + field);
        }
        result = on_enriched(context, i, &call, err);
    }
    return result;
}

bool vicidial_enrich_is_on(const struct vicidial_enrich *enrich)
{
    return enrich->settings != NULL && is_any_on(enrich, 0, ENRICH_FIELDS - 1);
}

int vicidial_enrich_run(struct vicidial_enrich *enrich, const struct call *const *calls, size_t count,
                        source_on_enriched *on_enriched, void *context, struct err *err)
{
    struct enrich_batch batch = enrich_batch_make(calls, count);
    struct enrich_pass pass = { .session = enrich->session, .tables = enrich->live, .batch = &batch };
    int result = look_up(enrich, &pass, err);
    pass.tables = enrich->archive;
    pass.is_archive = true;
    for (size_t i = 0; i < count; i++)
        if (result == 0 && batch.subjects[i].may_be_archived) {
            result = look_up(enrich, &pass, err);
            break;
        }
    if (result == 0)
        result = hand_out(enrich, &batch, calls, on_enriched, context, err);
    enrich_batch_free(&batch);
    return result;
}

/* ---- problems ---- */

/* Some calls lack a field because a look-up has a problem: returns that look-up; NULL: there is none. A table that only
 * newer VICIdials have is no problem while another table has the field. */
static const struct enrich_lookup *trouble_of(const struct vicidial_enrich *enrich, enum enrich_field field)
{
    const struct enrich_lookup *missing = missing_for(enrich, field);
    if (missing != NULL)
        return missing;
    for (const enum enrich_table *at = tables_of(field); *at != ENRICH_TABLES; at++) {
        if (*at == ENRICH_CARRIER)
            continue; /* before schema 1343 it turns off by itself, and ENRICH_CARRIER_BY_ID reads the table */
        if (enrich->live[*at].is_off && !enrich->live[*at].is_missing)
            return &enrich->live[*at];
        if (enrich->archive[*at].is_off && !enrich->archive[*at].is_missing)
            return &enrich->archive[*at];
    }
    return NULL;
}

static enum source_gap gap_of(const struct enrich_lookup *trouble)
{
    return trouble->is_missing ? SOURCE_GAP_ABSENT : trouble->is_busy ? SOURCE_GAP_BUSY : SOURCE_GAP_SETUP;
}

/* Why a field is unknown, if the reason is of this kind; NULL: it is not. */
static const char *reason_of(const struct vicidial_enrich *enrich, enum enrich_field field, enum source_gap gap)
{
    const struct enrich_lookup *trouble =
        field < ENRICH_FIELDS && is_on(enrich, field) ? trouble_of(enrich, field) : NULL;
    return trouble != NULL && gap_of(trouble) == gap ? trouble->problem : NULL;
}

/* A line for each reason: "did, ring_time (there is no table ...)". */
void vicidial_enrich_problem(const struct vicidial_enrich *enrich, enum source_gap gap,
                             char problem[SOURCE_PROBLEM_SIZE])
{
    size_t used = 0;
    *problem = '\0';
    for (enum enrich_field field = 0; field < ENRICH_FIELDS && used < SOURCE_PROBLEM_SIZE; field++) {
        const char *trouble = reason_of(enrich, field, gap), *next = reason_of(enrich, field + 1, gap);
        bool is_shared = trouble != NULL && next != NULL && strcmp(trouble, next) == 0;
        if (is_shared)
            used += (size_t)snprintf(problem + used, SOURCE_PROBLEM_SIZE - used, "%s, ", name_of(field));
        else if (trouble != NULL)
            used += (size_t)snprintf(problem + used, SOURCE_PROBLEM_SIZE - used, "%s (%s)\n", name_of(field), trouble);
    }
}

/* ---- `check` ---- */

static void ignore_row(void *context, const char *const *row)
{
    (void)context;
    (void)row;
}

/* Asks each table of a field for a row that does not exist. This costs nothing, and shows whether the program may read
 * the table. */
static void try_tables(struct vicidial_enrich *enrich, enum enrich_field field)
{
    static const char *const no_key[] = { "0" };
    const struct enrich_request request = { .keys = no_key, .count = 1, .since = "2038-01-01 00:00:00" };
    for (const enum enrich_table *at = tables_of(field); *at != ENRICH_TABLES; at++) {
        if (*at == ENRICH_CARRIER_BY_ID && !enrich->live[ENRICH_CARRIER].is_off)
            continue;
        struct err ignored;
        if (enrich_lookup_run(enrich->session, &enrich->live[*at], &request, ignore_row, NULL, &ignored) == 0)
            (void)!enrich_lookup_run(enrich->session, &enrich->archive[*at], &request, ignore_row, NULL, &ignored);
    }
}

/* The tables that the field comes from, for people. */
static void list_tables(const struct vicidial_enrich *enrich, enum enrich_field field, char *out, size_t size)
{
    size_t used = 0;
    *out = '\0';
    for (const enum enrich_table *at = tables_of(field); *at != ENRICH_TABLES && used < size; at++) {
        const struct enrich_lookup *lookup = &enrich->live[*at];
        bool by_lead = *at == ENRICH_CARRIER_BY_ID && !enrich->live[ENRICH_CARRIER].is_off;
        if (!lookup->is_off && !by_lead)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", lookup->table);
    }
}

void vicidial_enrich_check(struct vicidial_enrich *enrich, const struct findings *findings)
{
    for (enum enrich_field field = 0; field < ENRICH_FIELDS; field++) {
        const struct source_finding good = { .kind = SOURCE_GOOD, .about = "enrichment" };
        struct source_finding bad = {
            .kind = SOURCE_WARNS,
            .about = "enrichment",
            .remedy = "grant SELECT as the example grant.sql does, or set the field to no under [enrich]",
        };
        char from[200];
        if (!is_on(enrich, field)) {
            findings_tell(findings, good, "%s: off under [enrich]", name_of(field));
            continue;
        }
        try_tables(enrich, field);
        const struct enrich_lookup *trouble = trouble_of(enrich, field);
        list_tables(enrich, field, from, sizeof from);
        const struct enrich_lookup *missing = missing_for(enrich, field);
        if (trouble != NULL && trouble->is_busy)
            bad.remedy = "the next run tries again; if this stays, set the field to no under [enrich]";
        if (trouble != NULL && trouble->is_missing) /* an older VICIdial */
            findings_tell(findings, good, "%s: not looked up, and nothing needs to be done: %s", name_of(field),
                          trouble->problem);
        else if (trouble != NULL)
            findings_tell(findings, bad, "%s: %s: %s", name_of(field),
                          missing != NULL ? "cannot be looked up" : "not known of each call", trouble->problem);
        else
            findings_tell(findings, good, "%s: looked up in %s", name_of(field), from);
    }
}
