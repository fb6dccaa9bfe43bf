/* vicidial_enrich_did: the DID that VICIdial asked for. It is found by the dial code, a letter and 19 digits, which
 * identifies one attempt to reach one lead. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "source/vicidial_enrich_did.h"

#define DAY_SEC 86400

/* VICIdial logs a call soon after it dialled. A dial code may repeat, because it contains no year and the month is
 * ambiguous. So a row with a later date belongs to another call. */
#define LOGGED_WITHIN_SEC 600

/* The fewest digits that VICIdial accepts as a number (AST_VDauto_dial.pl), and the size of the column. */
enum { DID_LEAST = 7, DID_MOST = 20 };

/* ---- the dial code ---- */

static bool is_dial_code(const char *code)
{
    return code != NULL && (*code == 'V' || *code == 'M') && strlen(code) == 20 && strspn(code + 1, "0123456789") == 19;
}

static bool needs_code(const struct enrich_subject *subject)
{
    return *subject->code == '\0';
}

static bool needs_archived_code(const struct enrich_subject *subject)
{
    return *subject->code == '\0' && subject->may_be_archived;
}

/* Columns: uniqueid, code, time. If a call has several codes, VICIdial dialled it with the earliest. */
static void on_code(void *context, const char *const *row)
{
    size_t first = 0, count = enrich_keys_find(context, row[0], &first);
    const struct enrich_keys *keys = context;
    int64_t sec = 0;
    if (!is_dial_code(row[1]) || (row[2] != NULL && !str_to_int(row[2], &sec)))
        return;
    for (size_t i = first; i < first + count; i++) {
        struct enrich_subject *subject = keys->subjects[i];
        if (*subject->code != '\0' && subject->code_sec <= sec)
            continue;
        (void)snprintf(subject->code, sizeof subject->code, "%s", row[1]);
        subject->code_sec = sec;
    }
}

/* A transfer to an in-group overwrites the code in vicidial_log_extended (agi-VDAD_ALL_inbound.agi). */
int enrich_codes(const struct enrich_pass *pass, struct err *err)
{
    static const enum enrich_table tables[] = { ENRICH_EXTENDED, ENRICH_CALL_LOG, ENRICH_INBOUND_CODES };
    int result = 0;
    for (size_t i = 0; result == 0 && i < sizeof tables / sizeof tables[0]; i++) {
        struct enrich_keys keys = enrich_keys_make(pass->batch, pass->is_archive ? needs_archived_code : needs_code,
                                                   enrich_id_of);
        result = enrich_pass_run(pass, tables[i], &keys, 0, on_code, &keys, err);
        enrich_keys_free(&keys);
    }
    return result;
}

/* ---- the DID ---- */

static bool needs_did(const struct enrich_subject *subject)
{
    return subject->found[ENRICH_DID] == NULL;
}

static bool needs_archived_did(const struct enrich_subject *subject)
{
    return subject->found[ENRICH_DID] == NULL && subject->may_be_archived;
}

/* Whether text is a real number and no placeholder. Otherwise the API would count the call for a wrong DID. */
static bool is_did(const char *text)
{
    size_t length = strlen(text);
    return length >= DID_LEAST && length <= DID_MOST && strspn(text, "0123456789") == length &&
           strspn(text, "0") < length;
}

/* Takes the newest row of a code that is not later than its call. */
static void set_did(const struct enrich_keys *keys, const char *code, const char *did, const char *local_sec)
{
    size_t first = 0, count = enrich_keys_find(keys, code, &first);
    int64_t sec = 0;
    if (did == NULL || !is_did(did) || local_sec == NULL || !str_to_int(local_sec, &sec))
        return;
    for (size_t i = first; i < first + count; i++) {
        struct enrich_subject *subject = keys->subjects[i];
        if ((subject->local_sec != 0 && sec > subject->local_sec + LOGGED_WITHIN_SEC) || sec < subject->did_sec)
            continue;
        enrich_set(subject, ENRICH_DID, did);
        subject->did_sec = sec;
    }
}

/* Columns: code, DID, time. */
static void on_dial_cid(void *context, const char *const *row)
{
    set_did(context, row[0], row[1], row[2]);
}

/* Columns: code, "name" <DID>, time, SIP code. SIP code 999: VICIdial refused to dial. */
static void on_dial(void *context, const char *const *row)
{
    char did[DID_MOST + 2];
    const char *open = row[1] != NULL ? strchr(row[1], '<') : NULL;
    const char *close = open != NULL ? strchr(open, '>') : NULL;
    if (close == NULL || close - open > DID_MOST + 1 || (row[3] != NULL && strcmp(row[3], "999") == 0))
        return;
    (void)snprintf(did, sizeof did, "%.*s", (int)(close - open - 1), open + 1);
    set_did(context, row[0], did, row[2]);
}

int enrich_dids(const struct enrich_pass *pass, struct err *err)
{
    static const struct {
        enum enrich_table table;
        enrich_on_row *on_row;
    } tables[] = { { ENRICH_DIAL_CID_LOG, on_dial_cid }, { ENRICH_DIAL_LOG, on_dial } };
    int result = 0;
    for (size_t i = 0; result == 0 && i < sizeof tables / sizeof tables[0]; i++) {
        struct enrich_keys keys = enrich_keys_make(pass->batch, pass->is_archive ? needs_archived_did : needs_did,
                                                   enrich_code_of);
        result = enrich_pass_run(pass, tables[i].table, &keys, DAY_SEC, tables[i].on_row, &keys, err);
        enrich_keys_free(&keys);
    }
    return result;
}
