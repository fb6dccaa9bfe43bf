/* vicidial_enrich_carrier: the carrier's result of a call, from vicidial_carrier_log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "source/vicidial_enrich_carrier.h"

/* VICIdial logs an unanswered call in its sweep, up to minutes after the carrier's row. */
#define BEFORE_SEC 3600

/* The columns of a row, see vicidial_enrich_tables.c. */
enum { UNIQUEID, LEAD_ID, CODE, DIALSTATUS, HANGUP_CAUSE, SIP_CAUSE, SIP_REASON, DIAL_TIME, ANSWERED_TIME };

/* Whether the numbers behind the dots of two ids differ by at most one. Then the ids are two legs of one call
 * (admin_modify_lead.php finds legs the same way). */
static bool is_near(const char *a, const char *b)
{
    const char *dot_a = strchr(a, '.'), *dot_b = strchr(b, '.');
    int64_t number_a = 0, number_b = 0;
    if (dot_a == NULL || dot_b == NULL || dot_a - a != dot_b - b || strncmp(a, b, (size_t)(dot_a - a)) != 0 ||
        !str_to_int(dot_a + 1, &number_a) || !str_to_int(dot_b + 1, &number_b))
        return false;
    return number_a - number_b <= 1 && number_b - number_a <= 1;
}

/* How well a row fits a call of the same lead; 0: the row belongs to another call. */
static int rank(const struct enrich_subject *subject, const char *const *row)
{
    const char *code = str_or_empty(row[CODE]), *id = str_or_empty(row[UNIQUEID]);
    if (*subject->code != '\0' && strcmp(subject->code, code) == 0)
        return 3;
    if (strcmp(subject->id, id) == 0)
        return 2;
    bool is_other = *subject->code != '\0' && *code != '\0';
    return !is_other && is_near(subject->id, id) ? 1 : 0;
}

static int64_t number_of(const char *text)
{
    int64_t number = -1;
    return text != NULL && str_to_int(text, &number) ? number : -1;
}

static void take(struct enrich_subject *subject, const char *const *row)
{
    int64_t cause = number_of(row[HANGUP_CAUSE]), sip = number_of(row[SIP_CAUSE]);
    int64_t dialled = number_of(row[DIAL_TIME]), answered = number_of(row[ANSWERED_TIME]);
    bool is_leg_swap = *subject->code == 'V' && row[DIALSTATUS] != NULL && strcmp(row[DIALSTATUS], "ANSWER") == 0;
    enrich_set(subject, ENRICH_DIAL_STATUS, row[DIALSTATUS]);
    if (cause > 0 && !is_leg_swap) /* else the cause belongs to the leg that was swapped away, not to the call */
        enrich_set_number(subject, ENRICH_HANGUP_CAUSE, cause);
    if (sip > 0) {
        enrich_set_number(subject, ENRICH_SIP_HANGUP_CAUSE, sip);
        enrich_set(subject, ENRICH_SIP_HANGUP_REASON, row[SIP_REASON]);
    }
    if (dialled >= 0 && answered >= 0) /* as FastAGI_log.pl computes it */
        enrich_set_number(subject, ENRICH_RING_TIME, dialled > answered ? dialled - answered : 0);
}

static void clear(struct enrich_subject *subject)
{
    for (int field = ENRICH_DIAL_STATUS; field <= ENRICH_RING_TIME; field++) {
        free(subject->found[field]);
        subject->found[field] = NULL;
    }
}

static void on_carrier(void *context, const char *const *row)
{
    const struct enrich_keys *by_lead = context;
    size_t first = 0, count = enrich_keys_find(by_lead, row[LEAD_ID], &first);
    for (size_t i = first; i < first + count; i++) {
        struct enrich_subject *subject = by_lead->subjects[i];
        int fits = rank(subject, row);
        if (fits <= subject->carrier_rank)
            continue;
        clear(subject);
        take(subject, row);
        subject->carrier_rank = fits;
    }
}

static bool needs_carrier(const struct enrich_subject *subject)
{
    return subject->carrier_rank == 0;
}

static bool needs_archived_carrier(const struct enrich_subject *subject)
{
    return subject->carrier_rank == 0 && subject->may_be_archived;
}

/* Writes an id and its neighbours to out, and returns how many. Ownership: the caller frees them. */
static size_t list_near(const char *id, char **out)
{
    const char *dot = strchr(id, '.');
    int64_t number = 0;
    size_t count = 0;
    out[count++] = mem_copy(id);
    if (dot == NULL || dot[1] == '0' || !str_to_int(dot + 1, &number) || number < 1)
        return count;
    for (int64_t other = number - 1; other <= number + 1; other += 2) {
        char room[STR_INT_SIZE];
        out[count++] = mem_format("%.*s.%s", (int)(dot - id), id, str_of_int(other, room));
    }
    return count;
}

/* Before schema 1343, the table had no dial code and no index on the lead. */
static int look_by_id(const struct enrich_pass *pass, struct enrich_keys *by_lead, struct err *err)
{
    enum { NEAR = 3 };
    struct enrich_keys near = { .keys = mem_zero(by_lead->count * NEAR + 1, sizeof *near.keys) };
    char **ids = mem_zero(by_lead->count * NEAR + 1, sizeof *ids);
    for (size_t i = 0; i < by_lead->count; i++)
        near.count += list_near(by_lead->subjects[i]->id, ids + near.count);
    for (size_t i = 0; i < near.count; i++)
        near.keys[i] = ids[i];
    int result = enrich_pass_run(pass, ENRICH_CARRIER_BY_ID, &near, 0, on_carrier, by_lead, err);
    for (size_t i = 0; i < near.count; i++)
        free(ids[i]);
    free(ids);
    enrich_keys_free(&near);
    return result;
}

int enrich_carrier(const struct enrich_pass *pass, struct err *err)
{
    struct enrich_keys by_lead =
        enrich_keys_make(pass->batch, pass->is_archive ? needs_archived_carrier : needs_carrier, enrich_lead_of);
    int result = enrich_pass_run(pass, ENRICH_CARRIER, &by_lead, BEFORE_SEC, on_carrier, &by_lead, err);
    if (result == 0 && pass->tables[ENRICH_CARRIER].is_off)
        result = look_by_id(pass, &by_lead, err);
    enrich_keys_free(&by_lead);
    return result;
}
