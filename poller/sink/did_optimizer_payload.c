/* did_optimizer_payload: what is sent to the API for one call. */
#include <stddef.h>
#include <stdint.h>

#include "base/json_writer.h"
#include "base/str.h"
#include "sink/did_optimizer_payload.h"

/* The API's names, in the order they are sent, and where each comes from: what every call has, or an extra of its
 * source. What is not known is null, whatever its kind, or, IF_ANY, left out. */
static const struct {
    const char *name;
    enum { TEXT, NUMBER, NUMBER_FROM_ZERO, NUMBER_ABOVE_ZERO, EXTRA, EXTRA_NUMBER, EXTRA_IF_ANY,
           EXTRA_NUMBER_IF_ANY } kind;
    size_t at; /* in struct call */
    const char *extra;
} members[] = {
    { "uniqueid", TEXT, offsetof(struct call, id), NULL },
    { "leadId", EXTRA, 0, "lead_id" },
    { "listId", EXTRA, 0, "list_id" },
    { "campaignId", TEXT, offsetof(struct call, campaign), NULL },
    { "phoneNumber", TEXT, offsetof(struct call, number), NULL },
    { "phoneCode", EXTRA, 0, "phone_code" },
    { "disposition", TEXT, offsetof(struct call, status), NULL },
    /* The dialer writes a negative length where two machines' clocks differ (AST_cleanup_agent_log.pl expects it). */
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
    /* The published server makes its own result from this one first: it knows no word of Asterisk's dispositions. */
    { "dialStatus", EXTRA_IF_ANY, 0, "dial_status" },
    { "talkTime", EXTRA_NUMBER_IF_ANY, 0, "billsec" },
};

static void add_number_of(struct json_writer *object, const char *name, const char *text)
{
    int64_t number = 0;
    if (text == NULL || !str_to_int(text, &number))
        json_writer_add_text(object, name, NULL);
    else
        json_writer_add_int(object, name, number);
}

static void add_member(struct json_writer *object, const struct call *call, size_t i)
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
    }
}

char *did_optimizer_payload_body(const struct call *call, const struct disposition_map *map)
{
    struct json_writer object = { .text = NULL };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        add_member(&object, call, i);
    json_writer_add_text(&object, "result", disposition_result(map, str_or_empty(call->status)));
    return json_writer_end(&object);
}
