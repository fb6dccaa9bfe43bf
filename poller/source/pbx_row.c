/* pbx_row: one call as the API of a hosted PBX lists it, in either of its two shapes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "source/api_value.h"
#include "source/pbx_row.h"

/* A party of at most this many digits is an extension. */
#define EXTENSION_DIGITS 6

/* The names of a text; the first one that the row has counts. */
static const char *const names[PBX_FIELDS][2] = {
    [PBX_UUID] = { "uuid", NULL },
    [PBX_DIRECTION] = { "direction", NULL },
    [PBX_CALLER] = { "caller_id_number", "caller_id" },
    [PBX_CALLER_NAME] = { "caller_name", NULL },
    [PBX_SHOWN] = { "outbound_caller_id_number", NULL },
    [PBX_CALLEE] = { "destination_number", "destination" },
    [PBX_STATUS] = { "call_status", "disposition" },
    [PBX_ENDED_BY] = { "sip_hangup_disposition", NULL },
    [PBX_RECORDING] = { "record_path", "recording_path" },
};

enum { DID, SHOWN, BILLSEC, DIAL_STATUS, CALLER_ID, CALLER_NAME, DESTINATION, ENDED_BY, RECORDING_PATH, ANSWER_EPOCH,
       CALL_DATE };

/* The recording's path may come after the call, so it is not in_fingerprint: the call would be sent twice. */
const struct call_shape pbx_row_shape = {
    .extras = { [DID] = { .name = "did" },
                [SHOWN] = { .name = "outbound_cnum" },
                [BILLSEC] = { .name = "billsec", .in_fingerprint = true },
                [DIAL_STATUS] = { .name = "dial_status" },
                [CALLER_ID] = { .name = "caller_id" },
                [CALLER_NAME] = { .name = "caller_name" },
                [DESTINATION] = { .name = "destination" },
                [ENDED_BY] = { .name = "sip_hangup_disposition" },
                [RECORDING_PATH] = { .name = "recording_path" },
                [ANSWER_EPOCH] = { .name = "answer_epoch" },
                [CALL_DATE] = { .name = "call_date" } },
};

const struct disposition_default pbx_row_dispositions[] = {
    { "ANSWERED", "answered" },   { "ANSWER", "answered" },     { "NO ANSWER", "no_answer" },
    { "NO_ANSWER", "no_answer" }, { "NOANSWER", "no_answer" },  { "CANCELED", "no_answer" },
    { "CANCELLED", "no_answer" }, { "CANCEL", "no_answer" },    { "BUSY", "busy" },
    { "FAILED", "failed" },       { NULL, NULL },
};

/* Dial's words for the same outcomes. */
static const struct {
    const char *status, *dial_status;
} dial_words[] = {
    { "ANSWERED", "ANSWER" },   { "ANSWER", "ANSWER" },   { "NO ANSWER", "NOANSWER" }, { "NO_ANSWER", "NOANSWER" },
    { "NOANSWER", "NOANSWER" }, { "CANCELED", "CANCEL" }, { "CANCELLED", "CANCEL" },   { "CANCEL", "CANCEL" },
    { "BUSY", "BUSY" },         { "FAILED", "CHANUNAVAIL" },
};

/* ---- reading ---- */

#define UNREADABLE (-1)

/* "0", "-1" and "0000-00-00 00:00:00" mean that there is no time. */
static bool is_no_time(const char *text)
{
    return text == NULL || *text == '-' || text[strspn(text, "0-:. TZ")] == '\0';
}

/* A time by its two names; 0: absent, UNREADABLE: it is there, but is no time. */
static int64_t read_time(const struct json *row, const char *epoch_name, const char *iso_name,
                         const struct pbx_zone *zone)
{
    char *number = api_value_text(row, epoch_name), *text = api_value_text(row, iso_name);
    int64_t epoch = is_no_time(number) ? 0 : api_value_number(row, epoch_name, UNREADABLE);
    if (epoch <= 0 && !is_no_time(text) && !pbx_time_parse(text, zone, &epoch))
        epoch = UNREADABLE;
    free(number);
    free(text);
    return epoch;
}

static bool has(const struct json *row, const char *name)
{
    return json_member(row, name) != NULL;
}

bool pbx_row_is_recognised(const struct json *json)
{
    static const char *const times[] = { "start_epoch", "start_time", "end_epoch", "end_time" };
    for (int i = 0; i < PBX_FIELDS; i++)
        if (has(json, names[i][0]) || (names[i][1] != NULL && has(json, names[i][1])))
            return true;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        if (has(json, times[i]))
            return true;
    return false;
}

const char *pbx_row_read(const struct json *json, const struct pbx_zone *zone, struct pbx_row *ret_row)
{
    *ret_row = (struct pbx_row){ .dialect = PBX_AUTO, .json = json };
    for (int i = 0; i < PBX_FIELDS; i++)
        for (int j = 0; j < 2 && ret_row->text[i] == NULL; j++)
            ret_row->text[i] = api_value_text(json, names[i][j]);
    ret_row->started = read_time(json, "start_epoch", "start_time", zone);
    ret_row->answered = read_time(json, "answer_epoch", "answer_time", zone);
    if (ret_row->answered == UNREADABLE) /* the call can do without it */
        ret_row->answered = 0;
    ret_row->ended = read_time(json, "end_epoch", "end_time", zone);
    ret_row->duration = api_value_number(json, "duration", CALL_NO_NUMBER);
    ret_row->billsec = api_value_seconds(json, "billsec", CALL_NO_NUMBER);
    if (has(json, "start_epoch") || has(json, "call_status"))
        ret_row->dialect = PBX_EPOCH;
    else if (has(json, "start_time"))
        ret_row->dialect = PBX_DOCUMENTED;
    if (ret_row->text[PBX_UUID] == NULL)
        return "a row has no uuid";
    if (ret_row->started == UNREADABLE || ret_row->ended == UNREADABLE)
        return ret_row->ended == UNREADABLE ? "a row has an unreadable end" : "a row has an unreadable start";
    if (ret_row->started == 0)
        ret_row->started = pbx_time_of_uuid(ret_row->text[PBX_UUID]);
    return ret_row->started == 0 ? "a row has no start" : NULL;
}

int64_t pbx_row_amount(const struct pbx_row *row)
{
    int64_t amount = (row->answered != 0) + (row->duration != CALL_NO_NUMBER) + (row->billsec != CALL_NO_NUMBER);
    for (int i = 0; i < PBX_FIELDS; i++)
        amount += row->text[i] != NULL ? 1 : 0;
    return amount;
}

void pbx_row_clear(struct pbx_row *row)
{
    for (int i = 0; i < PBX_FIELDS; i++) {
        free(row->text[i]);
        row->text[i] = NULL;
    }
}

/* ---- the call ---- */

static bool is_extension(const char *party)
{
    return party != NULL && strlen(party) <= EXTENSION_DIGITS && strspn(party, "0123456789") == strlen(party);
}

static enum call_direction direction_of(const struct pbx_row *row)
{
    const char *word = str_or_empty(row->text[PBX_DIRECTION]);
    if (strcasecmp(word, "inbound") == 0)
        return CALL_INBOUND;
    return strcasecmp(word, "internal") == 0 || strcasecmp(word, "local") == 0 ? CALL_INTERNAL : CALL_OUTBOUND;
}

bool pbx_row_is_internal(const struct pbx_row *row)
{
    return direction_of(row) == CALL_INTERNAL;
}

static void set_parties(const struct pbx_row *row, struct call *call)
{
    const char *caller = row->text[PBX_CALLER], *callee = row->text[PBX_CALLEE];
    bool inbound = direction_of(row) == CALL_INBOUND;
    const char *own = inbound ? callee : caller;
    call->direction = direction_of(row);
    call->number = inbound ? (caller != NULL ? caller : "anonymous") : callee;
    call->agent = is_extension(own) ? own : NULL;
    call->extras[DID] = inbound && !is_extension(own) ? own : NULL;
    call->extras[SHOWN] = row->text[PBX_SHOWN];
    call->extras[CALLER_ID] = caller;
    call->extras[CALLER_NAME] = row->text[PBX_CALLER_NAME];
    call->extras[DESTINATION] = callee;
}

static void set_result(const struct pbx_row *row, struct call *call)
{
    call->status = row->text[PBX_STATUS] != NULL ? row->text[PBX_STATUS] : "UNKNOWN"; /* the API accepts no empty one */
    for (size_t i = 0; i < sizeof dial_words / sizeof dial_words[0]; i++)
        if (strcasecmp(call->status, dial_words[i].status) == 0)
            call->extras[DIAL_STATUS] = dial_words[i].dial_status;
    call->extras[ENDED_BY] = row->text[PBX_ENDED_BY];
    call->extras[RECORDING_PATH] = row->text[PBX_RECORDING];
}

void pbx_row_call(const struct pbx_row *row, const struct pbx_rules *rules, struct pbx_call *ret_call)
{
    *ret_call = (struct pbx_call){ .call = { .id = row->text[PBX_UUID], .shape = &pbx_row_shape } };
    struct call *call = &ret_call->call;
    call->campaign = rules->campaign;
    call->began = call->started = row->started;
    call->ended = row->ended;
    call->length = row->duration;
    if (call->length == CALL_NO_NUMBER && row->ended != 0)
        call->length = row->ended - row->started;
    call->age = rules->now > row->started ? rules->now - row->started : 0;
    call->finality = row->ended != 0 ? CALL_FINAL : CALL_NOT_ENDED;
    set_parties(row, call);
    set_result(row, call);
    if (row->billsec != CALL_NO_NUMBER) {
        (void)snprintf(ret_call->billsec, sizeof ret_call->billsec, "%" PRId64, row->billsec);
        call->extras[BILLSEC] = ret_call->billsec;
    }
    if (row->answered != 0) {
        (void)snprintf(ret_call->answer_epoch, sizeof ret_call->answer_epoch, "%" PRId64, row->answered);
        call->extras[ANSWER_EPOCH] = ret_call->answer_epoch;
    }
    call->extras[CALL_DATE] = pbx_time_local(rules->zone, row->started, ret_call->call_date);
}
