/* vicidial_enrich_people: data about the people in a call: who answered (human or machine), the agent, the lead. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "source/vicidial_enrich_people.h"

/* The date of an agent's row is the start of the pause before the call. */
#define PAUSE_SEC (12 * 3600)

/* The clocks of machines differ. */
#define SLACK_SEC 3600

/* The API's greatest lengths of a state and a ZIP code, and the size of the column of a code. */
enum { STATE_MOST = 2, ZIP_MOST = 10, CODE_MOST = 20 };

/* ---- answering machine detection ---- */

static bool needs_amd(const struct enrich_subject *subject)
{
    return subject->found[ENRICH_AMD_RESULT] == NULL;
}

static bool needs_archived_amd(const struct enrich_subject *subject)
{
    return subject->found[ENRICH_AMD_RESULT] == NULL && subject->may_be_archived;
}

/* Columns: lead, uniqueid, result. */
static void on_amd(void *context, const char *const *row)
{
    const struct enrich_keys *by_lead = context;
    size_t first = 0, count = enrich_keys_find(by_lead, row[0], &first);
    for (size_t i = first; i < first + count; i++)
        if (strcmp(by_lead->subjects[i]->id, str_or_empty(row[1])) == 0)
            enrich_set(by_lead->subjects[i], ENRICH_AMD_RESULT, row[2]);
}

int enrich_amd(const struct enrich_pass *pass, struct err *err)
{
    struct enrich_keys by_lead = enrich_keys_make(pass->batch, pass->is_archive ? needs_archived_amd : needs_amd,
                                                  enrich_lead_of);
    int result = enrich_pass_run(pass, ENRICH_AMD, &by_lead, SLACK_SEC, on_amd, &by_lead, err);
    enrich_keys_free(&by_lead);
    return result;
}

/* ---- the agent ---- */

static bool needs_talk(const struct enrich_subject *subject)
{
    return subject->found[ENRICH_TALK_TIME] == NULL;
}

static bool needs_archived_talk(const struct enrich_subject *subject)
{
    return subject->found[ENRICH_TALK_TIME] == NULL && subject->may_be_archived;
}

/* Columns: lead, uniqueid, talk_sec, dead_sec, dispo_epoch. dead_sec is the part of talk_sec after the customer hung
 * up. The row is complete when the agent chooses a disposition. */
static void on_agent(void *context, const char *const *row)
{
    const struct enrich_keys *by_lead = context;
    int64_t talk = 0, dead = 0, disposed = 0;
    size_t first = 0, count = enrich_keys_find(by_lead, row[0], &first);
    if (row[2] == NULL || !str_to_int(row[2], &talk) || row[4] == NULL || !str_to_int(row[4], &disposed) ||
        disposed <= 0)
        return;
    if (row[3] != NULL && !str_to_int(row[3], &dead))
        dead = 0;
    for (size_t i = first; i < first + count; i++)
        if (strcmp(by_lead->subjects[i]->id, str_or_empty(row[1])) == 0)
            enrich_set_number(by_lead->subjects[i], ENRICH_TALK_TIME, talk > dead ? talk - dead : 0);
}

int enrich_agent(const struct enrich_pass *pass, struct err *err)
{
    struct enrich_keys by_lead = enrich_keys_make(pass->batch, pass->is_archive ? needs_archived_talk : needs_talk,
                                                  enrich_lead_of);
    int result = enrich_pass_run(pass, ENRICH_AGENT, &by_lead, PAUSE_SEC, on_agent, &by_lead, err);
    enrich_keys_free(&by_lead);
    return result;
}

/* ---- the lead ---- */

static bool needs_lead(const struct enrich_subject *subject)
{
    return subject->found[ENRICH_CUSTOMER_STATE] == NULL && subject->found[ENRICH_CUSTOMER_ZIP] == NULL &&
           subject->found[ENRICH_VENDOR_LEAD_CODE] == NULL;
}

static bool needs_archived_lead(const struct enrich_subject *subject)
{
    return needs_lead(subject) && subject->may_be_archived;
}

/* These columns have free text from list loads. The API refuses a call with a longer text, so such a text counts as
 * unknown. */
static void set_checked(struct enrich_subject *subject, enum enrich_field field, const char *text, size_t most,
                        const char *others)
{
    char *copy = mem_copy(str_or_empty(text)), *trimmed = str_trim(copy);
    bool good = strlen(trimmed) <= most;
    for (const char *at = trimmed; good && *at != '\0'; at++)
        good = isalnum((unsigned char)*at) || strchr(others, *at) != NULL;
    if (good)
        enrich_set(subject, field, trimmed);
    free(copy);
}

/* Columns: lead, state, postal_code, vendor_lead_code. */
static void on_lead(void *context, const char *const *row)
{
    const struct enrich_keys *by_lead = context;
    size_t first = 0, count = enrich_keys_find(by_lead, row[0], &first);
    for (size_t i = first; i < first + count; i++) {
        set_checked(by_lead->subjects[i], ENRICH_CUSTOMER_STATE, row[1], STATE_MOST, "");
        set_checked(by_lead->subjects[i], ENRICH_CUSTOMER_ZIP, row[2], ZIP_MOST, " -");
        set_checked(by_lead->subjects[i], ENRICH_VENDOR_LEAD_CODE, row[3], CODE_MOST, " -_.:/#+@");
    }
}

int enrich_leads(const struct enrich_pass *pass, struct err *err)
{
    struct enrich_keys by_lead = enrich_keys_make(pass->batch, pass->is_archive ? needs_archived_lead : needs_lead,
                                                  enrich_lead_of);
    int result = enrich_pass_run(pass, ENRICH_LEAD, &by_lead, 0, on_lead, &by_lead, err);
    enrich_keys_free(&by_lead);
    return result;
}
