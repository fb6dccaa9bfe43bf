/* Tests of recorder_columns: the row of a call. */
#include "../unit.h"

#include "base/json.h"
#include "sink/recorder_columns.h"

static const struct call_shape shape = { .extras = { { .name = "lead_id" }, { .name = "answer_epoch" },
                                                     { .name = "billsec" }, { .name = "recordingfile" },
                                                     { .name = "caller_id" } } };

static struct call whole_call(void)
{
    return (struct call){ .id = "1729771200.5", .campaign = "SALES", .number = "3125550100", .agent = "6666",
                          .status = "SALE", .started = 1729771100, .ended = 1729771200, .length = 100, .shape = &shape,
                          .extras = { "77", "1729771110", "90", "a.wav", "18005550100" } };
}

static char *message_of(const struct call *call, char key[SINK_KEY_SIZE])
{
    struct disposition_map *map = disposition_map_new();
    struct sink_message message;
    recorder_columns_message("dialer1", call, map, &message);
    disposition_map_free(map);
    if (key != NULL)
        memcpy(key, message.key, SINK_KEY_SIZE);
    return message.body;
}

static void test_a_message_names_its_members_like_the_columns(void **state)
{
    (void)state;
    char key[SINK_KEY_SIZE], want[900];
    struct call call = whole_call();
    char *body = message_of(&call, key);
    (void)snprintf(want, sizeof want, "{\"source\":\"dialer1\",\"uuid\":\"1729771200.5\",\"direction\":\"outbound\","
                   "\"caller_id\":\"18005550100\",\"destination\":\"3125550100\",\"phone_number\":\"3125550100\","
                   "\"campaign\":\"SALES\",\"agent\":\"6666\",\"disposition\":\"SALE\",\"call_status\":\"answered\","
                   "\"start_epoch\":1729771100,\"answer_epoch\":1729771110,\"end_epoch\":1729771200,\"duration\":100,"
                   "\"billsec\":90,\"recording_path\":\"a.wav\",\"raw_data\":{\"lead_id\":\"77\","
                   "\"answer_epoch\":\"1729771110\",\"billsec\":\"90\",\"recordingfile\":\"a.wav\","
                   "\"caller_id\":\"18005550100\"},\"record_hash\":\"%s\"}", key);
    assert_string_equal(body, want);
    free(body);
}

static void test_each_member_of_the_table_is_in_the_message_and_no_other(void **state)
{
    (void)state;
    struct call call = whole_call();
    char *body = message_of(&call, NULL);
    struct json *object = json_parse(body);
    assert_non_null(object);
    for (int i = 0; i < RECORDER_COLUMNS; i++)
        if (recorder_columns[i].member != NULL)
            unit_true(recorder_columns[i].name, json_member(object, recorder_columns[i].member) != NULL);
    assert_string_equal(recorder_columns[RECORDER_SOURCE].name, "source");
    assert_string_equal(recorder_columns[RECORDER_UUID].name, "uuid");
    assert_string_equal(recorder_columns[RECORDER_HASH].name, "record_hash");
    json_free(object);
    free(body);
}

static void test_an_unknown_value_is_null(void **state)
{
    (void)state;
    struct call call = { .id = "1", .started = CALL_NO_NUMBER, .length = CALL_NO_NUMBER };
    char *body = message_of(&call, NULL);
    static const char *const nulls[] = { "caller_id", "destination", "phone_number", "agent", "disposition",
                                         "start_epoch",
                                         "answer_epoch", "end_epoch", "duration", "billsec", "recording_path" };
    for (size_t i = 0; i < UNIT_COUNT(nulls); i++) {
        char part[40];
        (void)snprintf(part, sizeof part, "\"%s\":null", nulls[i]);
        unit_has(nulls[i], body, part);
    }
    unit_has("extras", body, "\"raw_data\":{}");
    free(body);
}

static void test_odd_values_are_cleaned(void **state)
{
    (void)state;
    struct call call = whole_call();
    call.direction = CALL_INBOUND;
    call.length = -3;                  /* the clocks of two machines differ */
    call.number = "+31 20";
    call.agent = "O'Neil \"x\" \xff\x01";
    call.extras[1] = "soon";
    call.extras[2] = "+90";
    call.extras[4] = NULL;
    char *body = message_of(&call, NULL);
    unit_has("length", body, "\"duration\":0,");
    unit_has("caller", body, "\"caller_id\":\"+31 20\",\"destination\":null,");
    unit_has("no UTF-8", body, "\"agent\":\"O'Neil \\\"x\\\" \xef\xbf\xbd\\u0001\"");
    unit_has("no number", body, "\"answer_epoch\":null");
    unit_has("sign", body, "\"billsec\":90");
    free(body);
}

static void test_different_contents_have_different_keys(void **state)
{
    (void)state;
    char first[SINK_KEY_SIZE], again[SINK_KEY_SIZE], other[SINK_KEY_SIZE];
    struct call call = whole_call();
    free(message_of(&call, first));
    call.age = 99; /* the age depends on when the run looks */
    free(message_of(&call, again));
    call.extras[0] = "78";
    free(message_of(&call, other));
    assert_string_equal(first, again);
    assert_string_not_equal(first, other);
    assert_int_equal(strlen(first), 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_names_its_members_like_the_columns),
        cmocka_unit_test(test_each_member_of_the_table_is_in_the_message_and_no_other),
        cmocka_unit_test(test_an_unknown_value_is_null),
        cmocka_unit_test(test_odd_values_are_cleaned),
        cmocka_unit_test(test_different_contents_have_different_keys),
    };
    return cmocka_run_group_tests_name("recorder_columns", tests, NULL, NULL);
}
