/* payload: what is sent to the API for one call. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "sink/payload.h"

/* The API's names, in the order they are sent. A NULL column is null, whatever its kind. */
static const struct {
    const char *name;
    enum call_field field;
    enum { TEXT, NUMBER, NUMBER_FROM_ZERO } kind;
} members[] = {
    { "uniqueid", CALL_UNIQUEID, TEXT },
    { "leadId", CALL_LEAD_ID, TEXT },
    { "listId", CALL_LIST_ID, TEXT },
    { "campaignId", CALL_CAMPAIGN_ID, TEXT },
    { "phoneNumber", CALL_PHONE_NUMBER, TEXT },
    { "phoneCode", CALL_PHONE_CODE, TEXT },
    { "disposition", CALL_STATUS, TEXT },
    /* The dialer writes a negative length where two machines' clocks differ (AST_cleanup_agent_log.pl expects it). */
    { "duration", CALL_LENGTH_IN_SEC, NUMBER_FROM_ZERO },
    { "agentId", CALL_USER, TEXT },
    { "userGroup", CALL_USER_GROUP, TEXT },
    { "termReason", CALL_TERM_REASON, TEXT },
    { "comments", CALL_COMMENTS, TEXT },
    { "altDial", CALL_ALT_DIAL, TEXT },
    { "calledCount", CALL_CALLED_COUNT, NUMBER },
    { "callDate", CALL_CALL_DATE, TEXT },
    { "startEpoch", CALL_START_EPOCH, NUMBER },
    { "endEpoch", CALL_END_EPOCH, NUMBER },
    { "timestamp", CALL_END_EPOCH, NUMBER },
};

static void add_number(struct json *object, const char *name, const char *text, bool from_zero)
{
    int64_t number = 0;
    if (text == NULL || !str_to_int(text, &number))
        json_add_null(object, name);
    else
        json_add_int(object, name, from_zero && number < 0 ? 0 : number);
}

char *payload_body(const struct call *call, const struct disposition_map *map)
{
    struct json *object = json_object();
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const char *text = call->value[members[i].field];
        if (members[i].kind == TEXT)
            json_add_text(object, members[i].name, text);
        else
            add_number(object, members[i].name, text, members[i].kind == NUMBER_FROM_ZERO);
    }
    json_add_text(object, "result", disposition_result(map, call_text(call, CALL_STATUS)));
    char *body = json_print(object);
    json_free(object);
    return body;
}

void payload_idempotency_key(const char *uniqueid, const char *body, uint32_t change, char out[PAYLOAD_KEY_SIZE])
{
    char name[64];
    size_t length = 0;
    for (; length < sizeof name - 1 && uniqueid[length] != '\0'; length++) {
        unsigned char c = (unsigned char)uniqueid[length];
        name[length] = (char)(c < 0x80 && (isalnum(c) || c == '.' || c == '-') ? c : '_');
    }
    name[length] = '\0';
    uint64_t hash = str_hash(STR_HASH_START, body, strlen(body));
    if (change == 0)
        (void)snprintf(out, PAYLOAD_KEY_SIZE, "%s-%016" PRIx64, name, hash);
    else
        (void)snprintf(out, PAYLOAD_KEY_SIZE, "%s-%016" PRIx64 "-%" PRIu32, name, hash, change);
}
