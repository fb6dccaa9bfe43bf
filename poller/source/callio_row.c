/* callio_row: one call as Callio's API lists it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "source/api_value.h"
#include "source/callio_accounts.h"
#include "source/callio_row.h"

static const char *const number_names[CALLIO_NUMBERS] = {
    [CALLIO_CREATED] = "createTime",   [CALLIO_STARTED] = "startTime",
    [CALLIO_ANSWERED] = "answerTime",  [CALLIO_ENDED] = "endTime",
    [CALLIO_CHARGED] = "chargeTime",   [CALLIO_DURATION] = "duration",
    [CALLIO_BILLED] = "billDuration",  [CALLIO_RECORDED] = "recordingDuration",
};

static const char *const text_names[CALLIO_USER_ID] = {
    [CALLIO_ID] = "_id",          [CALLIO_DIRECTION] = "direction", [CALLIO_FROM] = "fromNumber",
    [CALLIO_TO] = "toNumber",     [CALLIO_FROM_EXT] = "fromExt",    [CALLIO_TO_EXT] = "toExt",
    [CALLIO_CAUSE] = "hangupCause",
};

enum { DID, SHOWN, BILLSEC, DIAL_STATUS, CALLER_ID, DESTINATION, ANSWER_EPOCH, TENANT, CALL_ID, HANGUP_CAUSE, RECORDED,
       CREATED_MS, STARTED_MS, ANSWERED_MS, ENDED_MS, CHARGED_MS, FROM_EXT, TO_EXT, USER_NAME, GROUP_ID };

/* What the API fills in after the call's end is in_fingerprint, so that a store gets it. */
const struct call_shape callio_row_shape = {
    .extras = { [DID] = { .name = "did" },
                [SHOWN] = { .name = "outbound_cnum" },
                [BILLSEC] = { .name = "billsec", .in_fingerprint = true },
                [DIAL_STATUS] = { .name = "dial_status" },
                [CALLER_ID] = { .name = "caller_id" },
                [DESTINATION] = { .name = "destination" },
                [ANSWER_EPOCH] = { .name = "answer_epoch" },
                [TENANT] = { .name = "tenant" },
                [CALL_ID] = { .name = "call_id" },
                [HANGUP_CAUSE] = { .name = "hangup_cause", .in_fingerprint = true },
                [RECORDED] = { .name = "recording_duration", .in_fingerprint = true },
                [CREATED_MS] = { .name = "create_ms" },
                [STARTED_MS] = { .name = "start_ms" },
                [ANSWERED_MS] = { .name = "answer_ms" },
                [ENDED_MS] = { .name = "end_ms" },
                [CHARGED_MS] = { .name = "charge_ms", .in_fingerprint = true },
                [FROM_EXT] = { .name = "from_ext" },
                [TO_EXT] = { .name = "to_ext" },
                [USER_NAME] = { .name = "agent_name" },
                [GROUP_ID] = { .name = "group_id" } },
};

#define ANSWERED "ANSWERED"
#define UNKNOWN "NO_ANSWER" /* an unanswered call without a cause */

/* FreeSWITCH's causes of calls that were not answered, and Dial's words for them. */
static const struct {
    const char *status, *dial_status;
} dial_words[] = {
    { ANSWERED, "ANSWER" },
    { UNKNOWN, "NOANSWER" },
    { "NO_USER_RESPONSE", "NOANSWER" },
    { "ALLOTTED_TIMEOUT", "NOANSWER" },
    { "NORMAL_CLEARING", "NOANSWER" },
    { "ORIGINATOR_CANCEL", "CANCEL" },
    { "USER_BUSY", "BUSY" },
    { "CALL_REJECTED", "BUSY" },
    { "NORMAL_CIRCUIT_CONGESTION", "CONGESTION" },
    { "UNALLOCATED_NUMBER", "CHANUNAVAIL" },
    { "NO_ROUTE_DESTINATION", "CHANUNAVAIL" },
    { "INVALID_NUMBER_FORMAT", "CHANUNAVAIL" },
    { "DESTINATION_OUT_OF_ORDER", "CHANUNAVAIL" },
    { "NETWORK_OUT_OF_ORDER", "CHANUNAVAIL" },
    { "NORMAL_TEMPORARY_FAILURE", "CHANUNAVAIL" },
    { "RECOVERY_ON_TIMER_EXPIRE", "CHANUNAVAIL" },
    { "SERVICE_UNAVAILABLE", "CHANUNAVAIL" },
    { "USER_NOT_REGISTERED", "CHANUNAVAIL" },
};

const struct disposition_default callio_row_dispositions[] = {
    { ANSWERED, "answered" },
    { UNKNOWN, "no_answer" },
    { "NO_USER_RESPONSE", "no_answer" },
    { "ALLOTTED_TIMEOUT", "no_answer" },
    { "NORMAL_CLEARING", "no_answer" },
    { "ORIGINATOR_CANCEL", "no_answer" },
    { "USER_BUSY", "busy" },
    { "CALL_REJECTED", "busy" },
    { "NORMAL_CIRCUIT_CONGESTION", "failed" },
    { "UNALLOCATED_NUMBER", "failed" },
    { "NO_ROUTE_DESTINATION", "failed" },
    { "INVALID_NUMBER_FORMAT", "failed" },
    { "DESTINATION_OUT_OF_ORDER", "failed" },
    { "NETWORK_OUT_OF_ORDER", "failed" },
    { "NORMAL_TEMPORARY_FAILURE", "failed" },
    { "RECOVERY_ON_TIMER_EXPIRE", "failed" },
    { "SERVICE_UNAVAILABLE", "failed" },
    { "USER_NOT_REGISTERED", "failed" },
    { NULL, NULL },
};

/* ---- reading ---- */

static void read_people(const struct json *doc, struct callio_row *row)
{
    struct json *parsed = NULL;
    const struct json *user = api_value_nested(doc, "fromUser", &parsed);
    row->text[CALLIO_USER_ID] = api_value_id(doc, "fromUser");
    row->text[CALLIO_USER_NAME] = api_value_text(user, "name");
    row->text[CALLIO_GROUP_ID] = api_value_id(doc, "fromGroup");
    if (row->text[CALLIO_GROUP_ID] == NULL)
        row->text[CALLIO_GROUP_ID] = api_value_id(user, "group");
    json_free(parsed);
}

const char callio_row_too_long[] = "its _id is too long";

const char *callio_row_read(const struct json *doc, struct callio_row *ret_row)
{
    *ret_row = (struct callio_row){ .text = { NULL } };
    for (int i = 0; i < CALLIO_NUMBERS; i++) {
        ret_row->number[i] = i > CALLIO_DURATION ? api_value_seconds(doc, number_names[i], CALL_NO_NUMBER)
                                                 : api_value_number(doc, number_names[i], CALL_NO_NUMBER);
        if (i < CALLIO_DURATION && ret_row->number[i] <= 0)
            ret_row->number[i] = CALL_NO_NUMBER;
    }
    for (int i = 0; i < CALLIO_USER_ID; i++)
        ret_row->text[i] = api_value_text(doc, text_names[i]);
    read_people(doc, ret_row);
    if (ret_row->text[CALLIO_ID] == NULL)
        return "it has no _id";
    if (strlen(ret_row->text[CALLIO_ID]) > CALLIO_ROW_ID_MOST)
        return callio_row_too_long;
    return callio_row_began(ret_row) == 0 ? "it has neither createTime nor startTime" : NULL;
}

static int64_t seconds(int64_t ms)
{
    return ms != CALL_NO_NUMBER ? ms / 1000 : 0;
}

int64_t callio_row_began(const struct callio_row *row)
{
    int64_t created = seconds(row->number[CALLIO_CREATED]);
    return created != 0 ? created : seconds(row->number[CALLIO_STARTED]);
}

void callio_row_clear(struct callio_row *row)
{
    for (int i = 0; i < CALLIO_TEXTS; i++) {
        free(row->text[i]);
        row->text[i] = NULL;
    }
}

/* ---- the call ---- */

static enum call_direction direction_of(const struct callio_row *row)
{
    const char *word = str_or_empty(row->text[CALLIO_DIRECTION]);
    if (strcmp(word, "1") == 0 || strcasecmp(word, "in") == 0 || strcasecmp(word, "inbound") == 0)
        return CALL_INBOUND;
    return strcmp(word, "3") == 0 || strcasecmp(word, "internal") == 0 ? CALL_INTERNAL : CALL_OUTBOUND;
}

bool callio_row_is_internal(const struct callio_row *row)
{
    return direction_of(row) == CALL_INTERNAL;
}

static void set_parties(const struct callio_row *row, struct call *call)
{
    const char *from = row->text[CALLIO_FROM], *to = row->text[CALLIO_TO];
    bool inbound = direction_of(row) == CALL_INBOUND;
    const char *extension = row->text[inbound ? CALLIO_TO_EXT : CALLIO_FROM_EXT];
    call->direction = direction_of(row);
    call->number = inbound ? (from != NULL ? from : "anonymous") : to;
    call->agent = row->text[CALLIO_USER_ID] != NULL ? row->text[CALLIO_USER_ID] : extension;
    call->extras[DID] = inbound ? to : NULL;
    call->extras[SHOWN] = inbound ? NULL : from;
    call->extras[CALLER_ID] = from;
    call->extras[DESTINATION] = to;
    call->extras[FROM_EXT] = row->text[CALLIO_FROM_EXT];
    call->extras[TO_EXT] = row->text[CALLIO_TO_EXT];
    call->extras[USER_NAME] = row->text[CALLIO_USER_NAME];
    call->extras[GROUP_ID] = row->text[CALLIO_GROUP_ID];
}

static void set_result(const struct callio_row *row, struct call *call)
{
    const char *cause = row->text[CALLIO_CAUSE];
    bool answered = row->number[CALLIO_BILLED] != CALL_NO_NUMBER && row->number[CALLIO_BILLED] > 0;
    call->status = answered ? ANSWERED : cause != NULL ? cause : UNKNOWN;
    for (size_t i = 0; i < sizeof dial_words / sizeof dial_words[0]; i++)
        if (strcasecmp(call->status, dial_words[i].status) == 0)
            call->extras[DIAL_STATUS] = dial_words[i].dial_status;
    call->extras[HANGUP_CAUSE] = cause;
}

static void set_numbers(const struct callio_row *row, struct callio_call *made)
{
    static const int extras[CALLIO_NUMBERS] = {
        [CALLIO_CREATED] = CREATED_MS, [CALLIO_STARTED] = STARTED_MS, [CALLIO_ANSWERED] = ANSWERED_MS,
        [CALLIO_ENDED] = ENDED_MS,     [CALLIO_CHARGED] = CHARGED_MS, [CALLIO_DURATION] = -1,
        [CALLIO_BILLED] = BILLSEC,     [CALLIO_RECORDED] = RECORDED,
    };
    for (int i = 0; i < CALLIO_NUMBERS; i++) {
        if (extras[i] < 0 || row->number[i] == CALL_NO_NUMBER)
            continue;
        (void)snprintf(made->numbers[i], sizeof made->numbers[i], "%" PRId64, row->number[i]);
        made->call.extras[extras[i]] = made->numbers[i];
    }
    if (row->number[CALLIO_ANSWERED] == CALL_NO_NUMBER)
        return;
    (void)snprintf(made->answer_epoch, sizeof made->answer_epoch, "%" PRId64, seconds(row->number[CALLIO_ANSWERED]));
    made->call.extras[ANSWER_EPOCH] = made->answer_epoch;
}

void callio_row_call(const struct callio_row *row, const char *tenant, int64_t now, struct callio_call *ret_call)
{
    int64_t started = seconds(row->number[CALLIO_STARTED]);
    *ret_call = (struct callio_call){ .call = { .shape = &callio_row_shape } };
    struct call *call = &ret_call->call;
    (void)snprintf(ret_call->id, sizeof ret_call->id, "%s%c%s", tenant, CALLIO_ACCOUNTS_MARK, row->text[CALLIO_ID]);
    call->id = ret_call->id;
    call->campaign = tenant;
    call->began = callio_row_began(row);
    call->started = started != 0 ? started : call->began;
    call->ended = seconds(row->number[CALLIO_ENDED]);
    call->length = row->number[CALLIO_DURATION];
    if (call->length == CALL_NO_NUMBER && call->ended != 0)
        call->length = call->ended - call->started;
    call->age = now > call->began ? now - call->began : 0;
    call->finality = call->ended != 0 ? CALL_FINAL : CALL_NOT_ENDED;
    call->extras[TENANT] = tenant;
    call->extras[CALL_ID] = row->text[CALLIO_ID];
    set_parties(row, call);
    set_result(row, call);
    set_numbers(row, ret_call);
}
