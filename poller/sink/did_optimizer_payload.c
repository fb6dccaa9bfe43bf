/* did_optimizer_payload: makes the body for the API from one call. */
#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"
#include "base/mem.h"
#include "base/str.h"
#include "sink/did_optimizer_payload.h"
#include "sink/message_key.h"

#define DID "did"

/* The API's names, in the order of the message, and the source of each value: a member of every call, or an extra. An
 * unknown value is null. IF_ANY: an unknown value is left out, because the published server answers 500 to some members
 * that are no string. LOOKED_UP: a value without a result is null, and a value that was not looked up is left out. */
static const struct {
    const char *name;
    enum { TEXT, NUMBER, NUMBER_FROM_ZERO, NUMBER_ABOVE_ZERO, EXTRA, EXTRA_NUMBER, EXTRA_IF_ANY, EXTRA_NUMBER_IF_ANY,
           PHONE_NUMBER, RESULT, ROW_DIAL_STATUS, CUSTOMER_PHONE, DIAL_STATUS, LOOKED_UP, LOOKED_UP_NUMBER } kind;
    size_t at; /* offset in struct call */
    const char *extra;
} members[] = {
    { "uniqueid", TEXT, offsetof(struct call, id), NULL },
    { "leadId", EXTRA, 0, "lead_id" },
    { "listId", EXTRA, 0, "list_id" },
    { "campaignId", TEXT, offsetof(struct call, campaign), NULL },
    { "phoneNumber", PHONE_NUMBER, 0, NULL },
    { "phoneCode", EXTRA, 0, "phone_code" },
    { "disposition", TEXT, offsetof(struct call, status), NULL },
    /* VICIdial writes a negative length if two machines' clocks differ (AST_cleanup_agent_log.pl expects it). */
    { "duration", NUMBER_FROM_ZERO, offsetof(struct call, length), NULL },
    { "agentId", TEXT, offsetof(struct call, agent), NULL },
    { "userGroup", EXTRA, 0, "user_group" },
    { "termReason", EXTRA, 0, "term_reason" },
    { "comments", EXTRA, 0, "comments" },
    { "altDial", EXTRA, 0, "alt_dial" },
    { "calledCount", EXTRA_NUMBER, 0, "called_count" },
    { "callDate", EXTRA, 0, "call_date" },
    { "startEpoch", NUMBER, offsetof(struct call, started), NULL },
    { "endEpoch", NUMBER_ABOVE_ZERO, offsetof(struct call, ended), NULL },
    { "timestamp", NUMBER_ABOVE_ZERO, offsetof(struct call, ended), NULL },
    { "dialStatus", ROW_DIAL_STATUS, 0, "dial_status" },
    { "talkTime", EXTRA_NUMBER_IF_ANY, 0, "billsec" },
    /* Members of inbound calls only. */
    { "direction", EXTRA_IF_ANY, 0, "direction" },
    { "queueSeconds", EXTRA_NUMBER_IF_ANY, 0, "queue_seconds" },
    { "transferOf", EXTRA_IF_ANY, 0, "transfer_of" },
    { "result", RESULT, 0, NULL },
    /* From here on: looked up, not from the call's row. */
    { "did", LOOKED_UP, 0, DID },
    { "customerPhone", CUSTOMER_PHONE, 0, NULL },
    { "dialStatus", DIAL_STATUS, 0, "dial_status" },
    { "hangupCause", LOOKED_UP_NUMBER, 0, "hangup_cause" },
    { "sipHangupCause", LOOKED_UP_NUMBER, 0, "sip_hangup_cause" },
    { "sipHangupReason", LOOKED_UP, 0, "sip_hangup_reason" },
    { "ringTime", LOOKED_UP_NUMBER, 0, "ring_time" },
    { "talkTime", EXTRA_NUMBER_IF_ANY, 0, "talk_time" },
    { "amdResult", LOOKED_UP, 0, "amd_result" },
    { "customerState", EXTRA_IF_ANY, 0, "customer_state" },
    { "customerZip", EXTRA_IF_ANY, 0, "customer_zip" },
    { "vendorLeadCode", LOOKED_UP, 0, "vendor_lead_code" },
};

/* The published server searches phoneNumber among its DIDs. If the source gives the direction, phoneNumber of an
 * inbound call is the DID that the caller dialled. If that DID is unknown, phoneNumber is the caller's number, because
 * the API refuses a call without one. NULL: phoneNumber is the call's number, as always for outbound calls. */
static const char *called_did(const struct call *call)
{
    return call_extra(call, "direction") != NULL ? call_extra(call, "did") : NULL;
}

static void add_number_of(struct json_writer *object, const char *name, const char *text)
{
    int64_t number = 0;
    if (text == NULL || !str_to_int(text, &number))
        json_writer_add_text(object, name, NULL);
    else
        json_writer_add_int(object, name, number);
}

/* The DID if it was looked up; otherwise NULL. In some sources the extra did is not looked up: it is the number that
 * an inbound caller dialled. */
static const char *did_of(const struct call *call)
{
    return call_was_looked_up(call, DID) ? call_extra(call, DID) : NULL;
}

/* Whether the source has the DID as an extra, besides the called number. */
static bool has_did(const struct call *call)
{
    for (int i = 0; call->shape != NULL && i < CALL_MAX_EXTRAS && call->shape->extras[i].name != NULL; i++)
        if (call->shape->extras[i].is_looked_up && strcmp(call->shape->extras[i].name, DID) == 0)
            return true;
    return false;
}

/* Adds a member that depends on how the API reads calls, or on a look-up. */
static void add_special(struct json_writer *object, const struct call *call, size_t i,
                        const struct did_optimizer_reading *reading)
{
    const char *name = members[i].name, *extra = members[i].extra;
    const char *did = reading->number_is_did && did_of(call) != NULL ? did_of(call) : called_did(call);
    switch (members[i].kind) {
    case PHONE_NUMBER: /* the API refuses a call without one; a number that is no DID of the API does no harm */
        json_writer_add_text(object, name, did != NULL ? did : call->number);
        break;
    case CUSTOMER_PHONE:
        if (has_did(call) && call->number != NULL)
            json_writer_add_text(object, name, call->number);
        break;
    case ROW_DIAL_STATUS: /* the only disposition of Asterisk's calls; the published server derives its result */
        if (call_extra(call, extra) != NULL && !call_was_looked_up(call, extra))
            json_writer_add_text(object, name, call_extra(call, extra));
        break;
    case DIAL_STATUS: /* the published server prefers it to the agent's disposition */
        if (call_extra(call, extra) != NULL && call_was_looked_up(call, extra) && reading->takes_dial_status)
            json_writer_add_text(object, name, call_extra(call, extra));
        break;
    case LOOKED_UP:
        if (call_was_looked_up(call, extra))
            json_writer_add_text(object, name, call_extra(call, extra));
        break;
    default: /* LOOKED_UP_NUMBER */
        if (call_was_looked_up(call, extra))
            add_number_of(object, name, call_extra(call, extra));
        break;
    }
}

static void add_member(struct json_writer *object, const struct call *call, size_t i,
                       const struct did_optimizer_reading *reading)
{
    const void *at = (const char *)call + members[i].at;
    const char *name = members[i].name;
    int64_t number = CALL_NO_NUMBER;
    switch (members[i].kind) {
    case TEXT:
        json_writer_add_text(object, name, *(const char *const *)at);
        break;
    case NUMBER:
        json_writer_add_known(object, name, *(const int64_t *)at, CALL_NO_NUMBER);
        break;
    case NUMBER_FROM_ZERO:
        number = *(const int64_t *)at;
        json_writer_add_known(object, name, number != CALL_NO_NUMBER && number < 0 ? 0 : number, CALL_NO_NUMBER);
        break;
    case NUMBER_ABOVE_ZERO:
        number = *(const int64_t *)at;
        json_writer_add_known(object, name, number > 0 ? number : CALL_NO_NUMBER, CALL_NO_NUMBER);
        break;
    case EXTRA:
        json_writer_add_text(object, name, call_extra(call, members[i].extra));
        break;
    case EXTRA_IF_ANY:
        if (call_extra(call, members[i].extra) != NULL)
            json_writer_add_text(object, name, call_extra(call, members[i].extra));
        break;
    case EXTRA_NUMBER_IF_ANY:
        if (call_extra(call, members[i].extra) != NULL)
            add_number_of(object, name, call_extra(call, members[i].extra));
        break;
    case EXTRA_NUMBER:
        add_number_of(object, name, call_extra(call, members[i].extra));
        break;
    default:
        add_special(object, call, i, reading);
        break;
    }
}

char *did_optimizer_payload_body(const struct call *call, const struct disposition_map *map,
                                 const struct did_optimizer_reading *reading, size_t *ret_row_length)
{
    static const struct did_optimizer_reading documented = { .number_is_did = false };
    struct json_writer object = { .text = NULL };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (members[i].kind != RESULT) {
            add_member(&object, call, i, reading != NULL ? reading : &documented);
            continue;
        }
        json_writer_add_text(&object, members[i].name, disposition_of(map, call));
        *ret_row_length = object.length;
    }
    return json_writer_end(&object);
}

static bool names(const char *text, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = strstr(text, name); at != NULL; at = strstr(at + 1, name))
        if ((at == text || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[length]))
            return true;
    return false;
}

const char *did_optimizer_payload_named(const char *text, char *out, size_t size)
{
    size_t used = 0;
    *out = '\0';
    for (size_t i = 0; i < sizeof members / sizeof members[0] && used < size; i++)
        if (names(text, members[i].name) && !names(out, members[i].name))
            used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", members[i].name);
    return out;
}

void did_optimizer_payload_key(const char *id, const char *body, size_t row_length, uint32_t change,
                               char out[SINK_KEY_SIZE])
{
    char *row = mem_format("%.*s}", (int)row_length, body);
    message_key(id, row, change, out);
    free(row);
}
