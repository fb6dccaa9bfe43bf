/* Tests of did_optimizer_payload: a call's JSON for the API, and the idempotency key of that JSON. */
#include "../unit.h"

#include <cjson/cJSON.h>

#include "sink/did_optimizer_payload.h"
#include "sink/message_key.h"

static struct disposition_map *map;
static size_t row_length;

static int make_map(void **state)
{
    (void)state;
    map = disposition_map_new();
    return 0;
}

static int free_map(void **state)
{
    (void)state;
    disposition_map_free(map);
    return 0;
}

static const struct call_shape shape = {
    .extras = { { .name = "lead_id" }, { .name = "list_id" }, { .name = "phone_code" }, { .name = "user_group" },
                { .name = "term_reason" }, { .name = "comments" }, { .name = "alt_dial" }, { .name = "called_count" },
                { .name = "call_date" } },
};
enum { LEAD_ID, LIST_ID, PHONE_CODE, USER_GROUP, TERM_REASON, COMMENTS, ALT_DIAL, CALLED_COUNT, CALL_DATE, EXTRAS };

static struct call full_call(void)
{
    return (struct call){ .id = "1729771100.5",
                          .campaign = "SALES01",
                          .number = "03012345678",
                          .status = "SALE",
                          .agent = "007",
                          .length = 45,
                          .started = 1729771155,
                          .ended = 1729771200,
                          .age = 45,
                          .shape = &shape,
                          .extras = { [LEAD_ID] = "1234567",
                                      [LIST_ID] = "99000101",
                                      [PHONE_CODE] = "49",
                                      [USER_GROUP] = "AGENTS",
                                      [TERM_REASON] = "CALLER",
                                      [COMMENTS] = "AUTO",
                                      [ALT_DIAL] = "MAIN",
                                      [CALLED_COUNT] = "3",
                                      [CALL_DATE] = "2024-10-24 12:00:00" } };
}

/* The API's names of a call's texts. */
static const char *const names[] = { "uniqueid", "campaignId", "phoneNumber", "agentId", "disposition", "leadId",
                                     "listId", "phoneCode", "userGroup", "termReason", "comments", "altDial",
                                     "calledCount", "callDate" };
static const char **text_at(struct call *call, size_t i)
{
    const char **texts[] = { &call->id, &call->campaign, &call->number, &call->agent, &call->status };
    return i < UNIT_COUNT(texts) ? texts[i] : &call->extras[i - UNIT_COUNT(texts)];
}

static void test_payload_of_a_full_row_is_what_the_api_documents(void **state)
{
    (void)state;
    struct call call = full_call();
    char *body = did_optimizer_payload_body(&call, map, NULL, &row_length);
    assert_string_equal(body, "{\"uniqueid\":\"1729771100.5\",\"leadId\":\"1234567\",\"listId\":\"99000101\","
                              "\"campaignId\":\"SALES01\",\"phoneNumber\":\"03012345678\",\"phoneCode\":\"49\","
                              "\"disposition\":\"SALE\",\"duration\":45,\"agentId\":\"007\",\"userGroup\":\"AGENTS\","
                              "\"termReason\":\"CALLER\",\"comments\":\"AUTO\",\"altDial\":\"MAIN\",\"calledCount\":3,"
                              "\"callDate\":\"2024-10-24 12:00:00\",\"startEpoch\":1729771155,\"endEpoch\":1729771200,"
                              "\"timestamp\":1729771200,\"result\":\"answered\"}");
    free(body);
}

static void test_payload_of_an_empty_row_is_null_in_every_field_but_the_result(void **state)
{
    (void)state;
    struct call call = { .started = CALL_NO_NUMBER, .length = CALL_NO_NUMBER, .age = -1 };
    char *body = did_optimizer_payload_body(&call, map, NULL, &row_length);
    assert_string_equal(body,
                        "{\"uniqueid\":null,\"leadId\":null,\"listId\":null,\"campaignId\":null,\"phoneNumber\":null,"
                        "\"phoneCode\":null,\"disposition\":null,\"duration\":null,\"agentId\":null,\"userGroup\":null,"
                        "\"termReason\":null,\"comments\":null,\"altDial\":null,\"calledCount\":null,\"callDate\":null,"
                        "\"startEpoch\":null,\"endEpoch\":null,\"timestamp\":null,\"result\":\"completed\"}");
    free(body);
}

static void test_payload_keeps_empty_texts_apart_from_null(void **state)
{
    (void)state;
    struct call call = full_call();
    call.extras[TERM_REASON] = "";
    call.extras[COMMENTS] = NULL;
    char *body = did_optimizer_payload_body(&call, map, NULL, &row_length);
    unit_has("term reason", body, "\"termReason\":\"\",\"comments\":null");
    free(body);
}

/* The numbers that every call has. A duration is never below 0, and an end of 0 or less means that there is none. */
static void test_payload_numbers_are_exact_integers_or_null(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        const char *want, *want_duration, *want_end;
    } rows[] = {
        { 0, "0", "0", "null" },
        { 1, "1", "1", "1" },
        { -1, "-1", "0", "null" },
        { -3600, "-3600", "0", "null" },
        /* the dialer itself writes such a length, counted from 1970 */
        { 1729771200, "1729771200", "1729771200", "1729771200" },
        { 4294967295, "4294967295", "4294967295", "4294967295" },
        { 9007199254740993, "9007199254740993", "9007199254740993", "9007199254740993" }, /* a double would round it */
        { INT64_MAX, "9223372036854775807", "9223372036854775807", "9223372036854775807" },
        { INT64_MIN + 1, "-9223372036854775807", "0", "null" },
        { CALL_NO_NUMBER, "null", "null", "null" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char want[300];
        struct call call = full_call();
        call.length = call.started = call.ended = rows[i].number;
        char *body = did_optimizer_payload_body(&call, map, NULL, &row_length);
        (void)snprintf(want, sizeof want, "\"duration\":%s,", rows[i].want_duration);
        unit_has(rows[i].want, body, want);
        (void)snprintf(want, sizeof want, "\"startEpoch\":%s,\"endEpoch\":%s,\"timestamp\":%s,", rows[i].want,
                       rows[i].want_end, rows[i].want_end);
        unit_has(rows[i].want, body, want);
        free(body);
    }
}

/* The expected JSON of an extra that is a number. */
static void test_payload_number_of_an_extra_is_an_exact_integer_or_null(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "0", "0" },
        { "1", "1" },
        { "-1", "-1" },
        { "-3600", "-3600" },
        { "1729771200", "1729771200" }, /* the dialer itself writes such a length, counted from 1970 */
        { "4294967295", "4294967295" },
        { "9007199254740993", "9007199254740993" }, /* a double would round it */
        { "9223372036854775807", "9223372036854775807" },
        { "-9223372036854775808", "-9223372036854775808" },
        { "007", "7" },
        { "", "null" },
        { "abc", "null" },
        { "12abc", "null" },
        { "1.5", "null" },
        { "1e9", "null" },
        { "9223372036854775808", "null" },
        { "1,\"evil\":1", "null" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char want[300];
        struct call call = full_call();
        call.extras[CALLED_COUNT] = rows[i].text;
        char *body = did_optimizer_payload_body(&call, map, NULL, &row_length);
        (void)snprintf(want, sizeof want, "\"calledCount\":%s,", rows[i].want);
        unit_has(rows[i].text, body, want);
        free(body);
    }
}

static void test_payload_maps_the_status_to_the_result(void **state)
{
    (void)state;
    static const struct {
        const char *status, *want;
    } rows[] = {
        { "SALE", "answered" }, { "A", "answered" },    { "DNC", "dnc" },        { "B", "dnc" },
        { "NA", "no_answer" },  { "NO", "no_answer" },  { "BUSY", "busy" },      { "DROP", "dropped" },
        { "AMD", "dropped" },   { "sale", "answered" }, { "XFER", "completed" }, { "", "completed" },
        { NULL, "completed" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct call call = full_call();
        call.status = rows[i].status;
        char *body = did_optimizer_payload_body(&call, map, NULL, &row_length);
        cJSON *parsed = cJSON_Parse(body);
        const char *row = rows[i].status != NULL ? rows[i].status : "NULL";
        unit_same_text(row, cJSON_GetStringValue(cJSON_GetObjectItem(parsed, "result")), rows[i].want);
        unit_same_text(row, cJSON_GetStringValue(cJSON_GetObjectItem(parsed, "disposition")), rows[i].status);
        cJSON_Delete(parsed);
        free(body);
    }
}

static void test_payload_keeps_any_text_unchanged(void **state)
{
    (void)state;
    char longest[256];
    memset(longest, 'x', 255);
    longest[255] = '\0';
    const struct {
        const char *name, *text, *want;
    } rows[] = {
        { "quotes", "say \"hi\"", "say \"hi\"" },
        { "backslashes", "C:\\x\\\\n", "C:\\x\\\\n" },
        { "controls", "a\nb\tc\x01\x1F" "d\x7F", "a\nb\tc\x01\x1F" "d\x7F" },
        { "JSON inside", "\",\"result\":\"answered", "\",\"result\":\"answered" },
        { "unicode", "Z\xC3\xBCrich \xF0\x9F\x93\x9E", "Z\xC3\xBCrich \xF0\x9F\x93\x9E" },
        { "latin1", "Z\xFC" "rich", "Z\xEF\xBF\xBDrich" },
        { "overlong", "a\xC0\x80" "b", "a\xEF\xBF\xBD\xEF\xBF\xBD" "b" },
        { "surrogate", "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
        { "truncated", "a\xE2\x82", "a\xEF\xBF\xBD\xEF\xBF\xBD" },
        { "255 characters", longest, longest },
        { "a number", "42", "42" },
        { "a literal", "null", "null" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        for (size_t k = 0; k < UNIT_COUNT(names); k++) {
            char row[80];
            if (strcmp(names[k], "calledCount") == 0)
                continue;
            struct call call = full_call();
            *text_at(&call, k) = rows[i].text;
            char *body = did_optimizer_payload_body(&call, map, NULL, &row_length);
            cJSON *parsed = cJSON_Parse(body);
            (void)snprintf(row, sizeof row, "%s in %s", rows[i].name, names[k]);
            unit_same_int(row, cJSON_GetArraySize(parsed), 19);
            unit_same_text(row, cJSON_GetStringValue(cJSON_GetObjectItem(parsed, names[k])), rows[i].want);
            cJSON_Delete(parsed);
            free(body);
        }
}

static void test_payload_is_one_line_without_raw_control_characters(void **state)
{
    (void)state;
    struct call call = full_call();
    call.extras[COMMENTS] = "a\r\nX-Header: 1\x01\x1B";
    char *body = did_optimizer_payload_body(&call, map, NULL, &row_length);
    for (const char *at = body; *at != '\0'; at++)
        unit_true(body, (unsigned char)*at >= 0x20);
    free(body);
}

static void test_payload_key_is_the_same_for_the_same_body_only(void **state)
{
    (void)state;
    static const char id[] = "1729771100.5";
    char first[SINK_KEY_SIZE], again[SINK_KEY_SIZE], other[SINK_KEY_SIZE];
    struct call call = full_call();
    char *body = did_optimizer_payload_body(&call, map, NULL, &row_length);
    char *same = did_optimizer_payload_body(&call, map, NULL, &row_length);
    message_key(id, body, 0, first);
    message_key(id, same, 0, again);
    assert_string_equal(first, again);
    free(same);
    for (size_t i = 0; i < UNIT_COUNT(names) + 3; i++) {
        char row[32];
        struct call changed = call;
        int64_t *numbers[] = { &changed.length, &changed.started, &changed.ended };
        if (i < UNIT_COUNT(names))
            *text_at(&changed, i) = "1";
        else
            *numbers[i - UNIT_COUNT(names)] = 1;
        char *other_body = did_optimizer_payload_body(&changed, map, NULL, &row_length);
        message_key(id, other_body, 0, other);
        (void)snprintf(row, sizeof row, "member %zu", i);
        unit_true(row, strcmp(first, other) != 0);
        free(other_body);
    }
    message_key("1729771100.6", body, 0, other);
    assert_string_not_equal(first, other);
    message_key(id, body, 7, again);
    assert_string_not_equal(first, again);
    message_key(id, body, 8, other);
    assert_string_not_equal(again, other);
    free(body);
}

/* ---- looked-up data ---- */

static const struct call_shape looked_up = {
    .extras = { { .name = "call_date" }, { .name = "did", .is_looked_up = true },
                { .name = "dial_status", .is_looked_up = true }, { .name = "hangup_cause", .is_looked_up = true },
                { .name = "sip_hangup_reason", .is_looked_up = true }, { .name = "ring_time", .is_looked_up = true },
                { .name = "talk_time", .is_looked_up = true }, { .name = "amd_result", .is_looked_up = true },
                { .name = "customer_state", .is_looked_up = true }, { .name = "customer_zip", .is_looked_up = true },
                { .name = "vendor_lead_code", .is_looked_up = true } },
};

static struct call looked_up_call(void)
{
    struct call call = full_call();
    const char *found[] = { "2024-10-24 12:00:00", "13125550100", "ANSWER", "16", "OK", "12", "33", "HUMAN", "IL",
                            "60601", "X-7" };
    call.shape = &looked_up;
    for (size_t i = 0; i < CALL_MAX_EXTRAS; i++)
        call.extras[i] = i < UNIT_COUNT(found) ? found[i] : NULL;
    call.looked_up = 0x7fe;
    return call;
}

static void test_did_optimizer_payload_has_looked_up_data_after_the_result(void **state)
{
    (void)state;
    struct call call = looked_up_call();
    char *body = did_optimizer_payload_body(&call, map, NULL, &row_length);
    assert_string_equal(body + row_length,
                        ",\"did\":\"13125550100\",\"customerPhone\":\"03012345678\",\"hangupCause\":16,"
                        "\"sipHangupReason\":\"OK\",\"ringTime\":12,\"talkTime\":33,\"amdResult\":\"HUMAN\","
                        "\"customerState\":\"IL\",\"customerZip\":\"60601\",\"vendorLeadCode\":\"X-7\"}");
    unit_has("called", body, "\"phoneNumber\":\"03012345678\"");
    unit_lacks("not asked for", body, "dialStatus");
    free(body);
}

/* The published server answers 500 if a member is null that should be a string. */
static void test_did_optimizer_payload_sends_no_member_that_was_not_looked_up(void **state)
{
    (void)state;
    static const struct did_optimizer_reading all = { .number_is_did = true, .takes_dial_status = true };
    struct call call = looked_up_call();
    for (size_t i = 1; i < CALL_MAX_EXTRAS; i++)
        call.extras[i] = NULL;
    char *body = did_optimizer_payload_body(&call, map, &all, &row_length);
    assert_string_equal(body + row_length, ",\"did\":null,\"customerPhone\":\"03012345678\",\"hangupCause\":null,"
                                           "\"sipHangupReason\":null,\"ringTime\":null,\"amdResult\":null,"
                                           "\"vendorLeadCode\":null}");
    unit_has("no DID", body, "\"phoneNumber\":\"03012345678\"");
    free(body);
    call.looked_up = 0;
    body = did_optimizer_payload_body(&call, map, &all, &row_length);
    assert_string_equal(body + row_length, ",\"customerPhone\":\"03012345678\"}");
    free(body);
}

static void test_did_optimizer_payload_may_name_the_did_as_the_number(void **state)
{
    (void)state;
    static const struct did_optimizer_reading published = { .number_is_did = true, .takes_dial_status = true };
    struct call call = looked_up_call();
    char *body = did_optimizer_payload_body(&call, map, &published, &row_length);
    unit_has("number", body, "\"phoneNumber\":\"13125550100\"");
    unit_has("customer", body, "\"customerPhone\":\"03012345678\",\"dialStatus\":\"ANSWER\"");
    free(body);
}

/* A message that is repeated after a crash or an upgrade keeps its key, even if other data was looked up. */
static void test_did_optimizer_payload_key_depends_on_the_row_only(void **state)
{
    (void)state;
    char with[SINK_KEY_SIZE], without[SINK_KEY_SIZE];
    struct call call = looked_up_call(), plain = call;
    plain.looked_up = 0;
    for (size_t i = 1; i < CALL_MAX_EXTRAS; i++)
        plain.extras[i] = NULL;
    char *body = did_optimizer_payload_body(&call, map, NULL, &row_length);
    did_optimizer_payload_key(call.id, body, row_length, 3, with);
    free(body);
    body = did_optimizer_payload_body(&plain, map, NULL, &row_length);
    did_optimizer_payload_key(call.id, body, row_length, 3, without);
    assert_string_equal(with, without);
    free(body);
}

/* The published server derives its own result from Asterisk's dial status. VICIdial's rows have no dial status. */
static void test_did_optimizer_payload_has_dial_status_and_talk_time_if_the_source_has_them(void **state)
{
    (void)state;
    static const struct call_shape asterisk = { .extras = { { .name = "dial_status" }, { .name = "billsec" } } };
    struct call call = full_call();
    char *body = did_optimizer_payload_body(&call, map, NULL, &row_length);
    unit_lacks("vicidial", body, "dialStatus");
    unit_lacks("vicidial", body, "talkTime");
    free(body);
    call.shape = &asterisk;
    call.extras[0] = "NOANSWER";
    call.extras[1] = "12";
    body = did_optimizer_payload_body(&call, map, NULL, &row_length);
    unit_has("asterisk", body, "\"timestamp\":1729771200,\"dialStatus\":\"NOANSWER\",\"talkTime\":12,\"result\"");
    free(body);
    call.extras[0] = NULL;
    body = did_optimizer_payload_body(&call, map, NULL, &row_length);
    unit_lacks("no word", body, "dialStatus");
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_did_optimizer_payload_has_dial_status_and_talk_time_if_the_source_has_them),
        cmocka_unit_test(test_payload_of_a_full_row_is_what_the_api_documents),
        cmocka_unit_test(test_payload_of_an_empty_row_is_null_in_every_field_but_the_result),
        cmocka_unit_test(test_payload_keeps_empty_texts_apart_from_null),
        cmocka_unit_test(test_payload_numbers_are_exact_integers_or_null),
        cmocka_unit_test(test_payload_number_of_an_extra_is_an_exact_integer_or_null),
        cmocka_unit_test(test_payload_maps_the_status_to_the_result),
        cmocka_unit_test(test_payload_keeps_any_text_unchanged),
        cmocka_unit_test(test_payload_is_one_line_without_raw_control_characters),
        cmocka_unit_test(test_payload_key_is_the_same_for_the_same_body_only),
        cmocka_unit_test(test_did_optimizer_payload_has_looked_up_data_after_the_result),
        cmocka_unit_test(test_did_optimizer_payload_sends_no_member_that_was_not_looked_up),
        cmocka_unit_test(test_did_optimizer_payload_may_name_the_did_as_the_number),
        cmocka_unit_test(test_did_optimizer_payload_key_depends_on_the_row_only),
    };
    return cmocka_run_group_tests_name("did_optimizer_payload", tests, make_map, free_map);
}
