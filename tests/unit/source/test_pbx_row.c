/* Tests of pbx_row: both shapes of a row become the same call. */
#include "../unit.h"

#include "source/pbx_row.h"

static const struct pbx_zone utc = { .name = "UTC", .is_fixed = true };

#define UUID "c232ab00-9414-11ec-b3c8-9f6bdeced846"
#define UUID_EPOCH 1645557742

/* Reads a row and makes its call, for as long as no other one is made. */
static const char *read_row(const char *text, struct pbx_row *row, struct pbx_call *made)
{
    static const struct pbx_rules rules = { .zone = &utc, .campaign = "C", .now = 1760000100 };
    struct json *json = json_parse(text);
    assert_non_null(json);
    const char *problem = pbx_row_read(json, &utc, row);
    json_free(json);
    if (problem == NULL)
        pbx_row_call(row, &rules, made);
    return problem;
}

static void check_call(const char *name, const struct call *call)
{
    unit_same_text(name, call->id, "7b0e");
    unit_same_text(name, call->campaign, "C");
    unit_same_text(name, call->number, "0900000001");
    unit_same_text(name, call->agent, "2001");
    unit_same_int(name, call->direction, CALL_OUTBOUND);
    unit_same_int(name, call->finality, CALL_FINAL);
    unit_same_int(name, call->began, 1760000000);
    unit_same_int(name, call->started, 1760000000);
    unit_same_int(name, call->ended, 1760000070);
    unit_same_int(name, call->length, 70);
    unit_same_int(name, call->age, 100);
    unit_same_text(name, call_extra(call, "billsec"), "60");
    unit_same_text(name, call_extra(call, "answer_epoch"), "1760000010");
    unit_same_text(name, call_extra(call, "dial_status"), "ANSWER");
    unit_same_text(name, call_extra(call, "caller_id"), "2001");
    unit_same_text(name, call_extra(call, "destination"), "0900000001");
    unit_same_text(name, call_extra(call, "call_date"), "2025-10-09 08:53:20");
    unit_same_text(name, call_extra(call, "did"), NULL);
}

static void test_pbx_row_makes_the_same_call_of_both_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *status, *recording;
        enum pbx_dialect dialect;
    } rows[] = {
        { "{\"uuid\":\"7b0e\",\"direction\":\"outbound\",\"caller_id_number\":\"2001\",\"outbound_caller_id_number\":"
          "\"84280000001\",\"destination_number\":\"0900000001\",\"start_epoch\":\"1760000000\",\"answer_epoch\":"
          "\"1760000010\",\"end_epoch\":\"1760000070\",\"duration\":\"70\",\"billsec\":\"60\",\"call_status\":"
          "\"ANSWER\","
          "\"record_path\":\"/demo/a.mp3\"}",
          "ANSWER", "/demo/a.mp3", PBX_EPOCH },
        { "{\"uuid\":\"7b0e\",\"direction\":\"outbound\",\"caller_id\":2001,\"destination\":\"0900000001\",\"start_"
          "time\":"
          "\"2025-10-09T15:53:20+07:00\",\"answer_time\":\"2025-10-09T15:53:30+07:00\",\"end_time\":"
          "\"2025-10-09T15:54:30+07:00\",\"duration\":70,\"billsec\":60,\"disposition\":\"ANSWERED\","
          "\"recording_path\":\"a.wav\"}",
          "ANSWERED", "a.wav", PBX_DOCUMENTED },
        { "{\"uuid\":\"7b0e\",\"caller_id_number\":\"2001\",\"destination_number\":\"0900000001\",\"start_epoch\":"
          "1760000000,\"answer_epoch\":1760000010.0,\"end_epoch\":1760000070,\"billsec\":60,\"call_status\":"
          "\"answer\"}",
          "answer", NULL, PBX_EPOCH },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct pbx_row row;
        struct pbx_call made;
        unit_same_text(rows[i].text, read_row(rows[i].text, &row, &made), NULL);
        check_call(rows[i].text, &made.call);
        unit_same_text(rows[i].text, made.call.status, rows[i].status);
        unit_same_text(rows[i].text, call_extra(&made.call, "recording_path"), rows[i].recording);
        unit_same_int(rows[i].text, row.dialect, rows[i].dialect);
        pbx_row_clear(&row);
    }
}

static void test_pbx_row_takes_zero_null_and_nothing_for_absent(void **state)
{
    (void)state;
    static const char *const ends[] = { "\"end_epoch\":\"0\"", "\"end_epoch\":0", "\"end_epoch\":\"\"",
                                        "\"end_epoch\":null", "\"end_time\":null", "\"end_time\":\"\"", "\"x\":1",
                                        "\"end_epoch\":-5", "\"end_time\":\"0000-00-00 00:00:00\"",
                                        "\"answer_time\":\"soon\"" };
    for (size_t i = 0; i < UNIT_COUNT(ends); i++) {
        struct pbx_row row;
        struct pbx_call made;
        char text[300];
        (void)snprintf(text, sizeof text, "{\"uuid\":\"u\",\"start_epoch\":\"1760000000\",\"caller_id\":null,"
                       "\"destination\":\"\",%s}", ends[i]);
        unit_same_text(ends[i], read_row(text, &row, &made), NULL);
        unit_same_int(ends[i], made.call.finality, CALL_NOT_ENDED);
        unit_same_int(ends[i], made.call.ended, 0);
        unit_same_int(ends[i], made.call.length, CALL_NO_NUMBER);
        unit_same_text(ends[i], made.call.number, NULL);
        unit_same_text(ends[i], made.call.agent, NULL);
        unit_same_text(ends[i], made.call.status, "UNKNOWN");
        unit_same_text(ends[i], call_extra(&made.call, "billsec"), NULL);
        unit_same_text(ends[i], call_extra(&made.call, "answer_epoch"), NULL);
        pbx_row_clear(&row);
    }
}

static void test_pbx_row_knows_who_called_whom(void **state)
{
    (void)state;
    static const struct {
        const char *direction, *caller, *callee; /* JSON */
        enum call_direction want;
        const char *number, *agent, *did;
    } rows[] = {
        { "\"outbound\"", "\"2001\"", "\"0900\"", CALL_OUTBOUND, "0900", "2001", NULL },
        { "\"outbound\"", "\"84280000001\"", "\"0900\"", CALL_OUTBOUND, "0900", NULL, NULL },
        { "\"Inbound\"", "\"0900\"", "\"2001\"", CALL_INBOUND, "0900", "2001", NULL },
        { "\"inbound\"", "\"0900\"", "\"84280000001\"", CALL_INBOUND, "0900", NULL, "84280000001" },
        { "\"inbound\"", "null", "\"2001\"", CALL_INBOUND, "anonymous", "2001", NULL },
        { "\"local\"", "\"2001\"", "\"2002\"", CALL_INTERNAL, "2002", "2001", NULL },
        { "null", "\"2001\"", "\"0900\"", CALL_OUTBOUND, "0900", "2001", NULL },
        { "7", "\"1000001\"", "\"0900\"", CALL_OUTBOUND, "0900", NULL, NULL },
        { "\"outbound\"", "\"20a\"", "\"0900\"", CALL_OUTBOUND, "0900", NULL, NULL },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct pbx_row row;
        struct pbx_call made;
        char text[300];
        (void)snprintf(text, sizeof text, "{\"uuid\":\"u\",\"start_epoch\":\"1760000000\",\"direction\":%s,"
                       "\"caller_id_number\":%s,\"destination_number\":%s}", rows[i].direction, rows[i].caller,
                       rows[i].callee);
        unit_same_text(text, read_row(text, &row, &made), NULL);
        unit_same_int(text, made.call.direction, rows[i].want);
        unit_same_text(text, made.call.number, rows[i].number);
        unit_same_text(text, made.call.agent, rows[i].agent);
        unit_same_text(text, call_extra(&made.call, "did"), rows[i].did);
        pbx_row_clear(&row);
    }
}

static void test_pbx_row_refuses_what_is_no_call(void **state)
{
    (void)state;
    struct pbx_row row;
    struct pbx_call made;
    assert_string_equal(read_row("{}", &row, &made), "a row has no uuid");
    pbx_row_clear(&row);
    assert_string_equal(read_row("{\"uuid\":\"\",\"start_epoch\":1760000000}", &row, &made), "a row has no uuid");
    pbx_row_clear(&row);
    assert_string_equal(read_row("{\"uuid\":\"u\",\"end_epoch\":1760000000}", &row, &made), "a row has no start");
    pbx_row_clear(&row);
    assert_string_equal(read_row("{\"uuid\":\"u\",\"start_epoch\":1760000000,\"end_epoch\":\"x\"}", &row, &made),
                        "a row has an unreadable end");
    pbx_row_clear(&row);
    assert_string_equal(read_row("{\"uuid\":\"" UUID "\",\"start_time\":\"soon\"}", &row, &made),
                        "a row has an unreadable start");
    pbx_row_clear(&row);
    assert_null(read_row("{\"uuid\":\"" UUID "\"}", &row, &made)); /* the id tells the time */
    assert_int_equal(made.call.started, UUID_EPOCH);
    pbx_row_clear(&row);
}

static void test_pbx_row_maps_the_results(void **state)
{
    (void)state;
    static const struct {
        const char *status, *result;
    } rows[] = {
        { "ANSWER", "answered" },     { "answered", "answered" },  { "NO_ANSWER", "no_answer" },
        { "NO ANSWER", "no_answer" }, { "NOANSWER", "no_answer" }, { "CANCELED", "no_answer" },
        { "Cancelled", "no_answer" }, { "BUSY", "busy" },          { "FAILED", "failed" },
        { "VOICEMAIL", "completed" },
    };
    struct disposition_map *map = disposition_map_new();
    disposition_map_add_defaults(map, pbx_row_dispositions);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        unit_same_text(rows[i].status, disposition_result(map, rows[i].status), rows[i].result);
    disposition_map_free(map);
}

static void test_pbx_row_is_sent_again_when_its_talk_time_changes_but_not_for_its_recording(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"uuid\":\"u\",\"start_epoch\":1760000000,\"end_epoch\":1760000070,\"billsec\":60}",
        "{\"uuid\":\"u\",\"start_epoch\":1760000000,\"end_epoch\":1760000070,\"billsec\":60,\"record_path\":\"a\"}",
        "{\"uuid\":\"u\",\"start_epoch\":1760000000,\"end_epoch\":1760000070,\"billsec\":61}",
    };
    uint64_t prints[UNIT_COUNT(texts)];
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        struct pbx_row row;
        struct pbx_call made;
        unit_same_text(texts[i], read_row(texts[i], &row, &made), NULL);
        prints[i] = call_fingerprint(&made.call);
        pbx_row_clear(&row);
    }
    assert_true(prints[0] == prints[1]);
    assert_true(prints[0] != prints[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pbx_row_makes_the_same_call_of_both_shapes),
        cmocka_unit_test(test_pbx_row_takes_zero_null_and_nothing_for_absent),
        cmocka_unit_test(test_pbx_row_knows_who_called_whom),
        cmocka_unit_test(test_pbx_row_refuses_what_is_no_call),
        cmocka_unit_test(test_pbx_row_maps_the_results),
        cmocka_unit_test(test_pbx_row_is_sent_again_when_its_talk_time_changes_but_not_for_its_recording),
    };
    return cmocka_run_group_tests_name("pbx_row", tests, NULL, NULL);
}
