/* Tests of vicidial_table: a row of vicidial_log as a call. */
#include "../unit.h"

#include "sink/did_optimizer_payload.h"
#include "source/vicidial_table.h"

#define NOW "1729771260"

static const struct settings_sync settings = {
    .not_final = (char[]){ "INCALL QUEUE DISPO" },
    .not_final_horizon = 15000,
    .unsettled = (char[]){ "XFER" },
    .unsettled_hold = 120,
};

/* After the columns: call_date in seconds, read as if it were UTC (here two hours ahead), and the database's clock. */
enum { LOCAL_SEC = TABLE_COLUMNS, NOW_EPOCH, COLUMNS };

static struct zone zone(void)
{
    struct zone zone = { .count = 0 };
    zone_add(&zone, 7200, 0);
    return zone;
}

static struct call call_of(const char *const *row)
{
    struct zone known = zone();
    return vicidial_table_call(row, &known, &settings);
}

/* The expected values are from the version of 2026-11-26. With other fingerprints, every accepted call would be sent
 * again. With other bodies or keys, the API would count each repeated message as a new call. */
static void test_vicidial_table_calls_keep_fingerprint_body_and_key(void **state)
{
    (void)state;
    static const struct {
        const char *row[COLUMNS];
        uint64_t fingerprint;
        const char *key, *body;
    } rows[] = {
        { { "1729771100.5", "1234567", "99000101", "SALES01", "03012345678", "49", "SALE", "45", "007", "AGENTS",
            "CALLER", "AUTO", "MAIN", "3", "2024-10-24 12:00:00", "1729771155", "1729771200", "1729778400", NOW },
          UINT64_C(0xe83377b4aae7573d), "1729771100.5-a8ea85ba7e7ef87c",
          "{\"uniqueid\":\"1729771100.5\",\"leadId\":\"1234567\",\"listId\":\"99000101\",\"campaignId\":\"SALES01\","
          "\"phoneNumber\":\"03012345678\",\"phoneCode\":\"49\",\"disposition\":\"SALE\",\"duration\":45,"
          "\"agentId\":\"007\",\"userGroup\":\"AGENTS\",\"termReason\":\"CALLER\",\"comments\":\"AUTO\","
          "\"altDial\":\"MAIN\",\"calledCount\":3,\"callDate\":\"2024-10-24 12:00:00\",\"startEpoch\":1729771155,"
          "\"endEpoch\":1729771200,\"timestamp\":1729771200,\"result\":\"answered\"}" },
        { { "1729771100.6", "1234567", "99000101", "SALES01", "03012345678", "49", "NA", "0", "VDAD", NULL, NULL, NULL,
            NULL, NULL, "2024-10-24 12:00:00", "1729771155", "1729771200", "1729778400", NOW },
          UINT64_C(0x3043fbbabb7a204f), "1729771100.6-148a0b4ac68695e4",
          "{\"uniqueid\":\"1729771100.6\",\"leadId\":\"1234567\",\"listId\":\"99000101\",\"campaignId\":\"SALES01\","
          "\"phoneNumber\":\"03012345678\",\"phoneCode\":\"49\",\"disposition\":\"NA\",\"duration\":0,"
          "\"agentId\":\"VDAD\",\"userGroup\":null,\"termReason\":null,\"comments\":null,\"altDial\":null,"
          "\"calledCount\":null,\"callDate\":\"2024-10-24 12:00:00\",\"startEpoch\":1729771155,"
          "\"endEpoch\":1729771200,\"timestamp\":1729771200,\"result\":\"no_answer\"}" },
        { { "1729771100.7", "0", "0", "", "", "", NULL, NULL, NULL, "", "", "", "", "0", NULL, NULL, "1729771200",
            NULL, NOW },
          UINT64_C(0x4d25767f9dce13f5), "1729771100.7-68226d4892da8240",
          "{\"uniqueid\":\"1729771100.7\",\"leadId\":\"0\",\"listId\":\"0\",\"campaignId\":\"\",\"phoneNumber\":\"\","
          "\"phoneCode\":\"\",\"disposition\":null,\"duration\":null,\"agentId\":null,\"userGroup\":\"\","
          "\"termReason\":\"\",\"comments\":\"\",\"altDial\":\"\",\"calledCount\":0,\"callDate\":null,"
          "\"startEpoch\":null,\"endEpoch\":1729771200,\"timestamp\":1729771200,\"result\":\"completed\"}" },
        { { "1729771100.8", "1", "2", "C", "5", "1", "DROP", "-3", "", "", "NONE", "", "NONE", "1",
            "2024-10-24 12:00:00", "0", "1729771200", "1729778400", NOW },
          UINT64_C(0x0c5acf0bd34dab5e), "1729771100.8-3d6a27c8fa4d7c39",
          "{\"uniqueid\":\"1729771100.8\",\"leadId\":\"1\",\"listId\":\"2\",\"campaignId\":\"C\",\"phoneNumber\":\"5\","
          "\"phoneCode\":\"1\",\"disposition\":\"DROP\",\"duration\":0,\"agentId\":\"\",\"userGroup\":\"\","
          "\"termReason\":\"NONE\",\"comments\":\"\",\"altDial\":\"NONE\",\"calledCount\":1,"
          "\"callDate\":\"2024-10-24 12:00:00\",\"startEpoch\":0,\"endEpoch\":1729771200,\"timestamp\":1729771200,"
          "\"result\":\"dropped\"}" },
    };
    struct disposition_map *map = disposition_map_new();
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char key[SINK_KEY_SIZE];
        size_t row_length = 0;
        struct call call = call_of(rows[i].row);
        char *body = did_optimizer_payload_body(&call, map, NULL, &row_length);
        did_optimizer_payload_key(call.id, body, row_length, 0, key);
        if (call.number != NULL) /* this member is new since the DID is looked up; it is not in the key */
            unit_has(call.id, body + row_length, ",\"customerPhone\":\"");
        body[row_length] = '}';
        body[row_length + 1] = '\0';
        unit_true(call.id, call_fingerprint(&call) == rows[i].fingerprint);
        unit_same_text(call.id, body, rows[i].body);
        unit_same_text(call.id, key, rows[i].key);
        free(body);
    }
    disposition_map_free(map);
}

static void test_vicidial_table_call_has_numbers_only_where_the_columns_have(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want_length, want_start, want_end;
    } rows[] = {
        { "45", 45, 45, 45 },
        { "0", 0, 0, 0 },
        { "-3", -3, -3, 0 },
        { "4294967295", 4294967295, 4294967295, 4294967295 }, /* the greatest values of the columns */
        { "1099511627776", 1099511627776, 1099511627776, 1099511627776 },
        { "1099511627777", 1099511627777, CALL_NO_NUMBER, 0 },
        { "-1099511627777", -1099511627777, CALL_NO_NUMBER, 0 },
        { "9223372036854775807", INT64_MAX, CALL_NO_NUMBER, 0 },
        { NULL, CALL_NO_NUMBER, CALL_NO_NUMBER, 0 },
        { "", CALL_NO_NUMBER, CALL_NO_NUMBER, 0 },
        { " 45", CALL_NO_NUMBER, CALL_NO_NUMBER, 0 },
        { "45s", CALL_NO_NUMBER, CALL_NO_NUMBER, 0 },
        { "9223372036854775808", CALL_NO_NUMBER, CALL_NO_NUMBER, 0 },
        { "x", CALL_NO_NUMBER, CALL_NO_NUMBER, 0 },
        { "4.5", CALL_NO_NUMBER, CALL_NO_NUMBER, 0 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *name = rows[i].text != NULL ? rows[i].text : "NULL";
        const char *row[COLUMNS] = { [TABLE_LENGTH_IN_SEC] = rows[i].text, [TABLE_START_EPOCH] = rows[i].text,
                                     [TABLE_END_EPOCH] = rows[i].text };
        struct call call = call_of(row);
        unit_same_int(name, call.length, rows[i].want_length);
        unit_same_int(name, call.started, rows[i].want_start);
        unit_same_int(name, call.ended, rows[i].want_end);
        unit_same_int(name, call.finality == CALL_NOT_ENDED, rows[i].want_end == 0);
    }
}

static void test_vicidial_table_call_knows_its_age_where_the_row_tells(void **state)
{
    (void)state;
    static const struct {
        const char *name, *local, *start, *end, *now;
        int64_t want;
    } rows[] = {
        { "by start_epoch", "1729778300", "1729771100", "1729771200", NOW, 160 },
        { "by call_date", "1729778300", NULL, NULL, NOW, 160 },
        { "by its end", NULL, NULL, "1729771200", NOW, 60 },
        { "of the future", "1729778500", "1729771300", NULL, NOW, 0 },
        { "the clock is not known", "1729778300", "1729771100", NULL, NULL, -1 },
        { "nothing is known", NULL, NULL, NULL, NOW, -1 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *row[COLUMNS] = { [TABLE_START_EPOCH] = rows[i].start, [TABLE_END_EPOCH] = rows[i].end,
                                     [LOCAL_SEC] = rows[i].local, [NOW_EPOCH] = rows[i].now };
        unit_same_int(rows[i].name, call_of(row).age, rows[i].want);
    }
}

/* The rules are tested in test_vicidial_finality.c; this test gives them a row. */
static void test_vicidial_table_call_is_final_as_its_row_says(void **state)
{
    (void)state;
    const char *row[COLUMNS] = { [TABLE_UNIQUEID] = "1.1", [TABLE_STATUS] = "XFER", [TABLE_COMMENTS] = "AUTO",
                                 [TABLE_START_EPOCH] = "1729771100", [TABLE_END_EPOCH] = "1729771200",
                                 [LOCAL_SEC] = "1729778300", [NOW_EPOCH] = NOW };
    assert_int_equal(call_of(row).finality, CALL_NOT_FINAL);
    assert_int_equal(call_of(row).wait_until, 1729771200 + 120);
    row[TABLE_COMMENTS] = "REMOTE";
    assert_int_equal(call_of(row).finality, CALL_FINAL);
    row[TABLE_STATUS] = "DISPO";
    assert_int_equal(call_of(row).finality, CALL_NOT_FINAL);
    assert_int_equal(call_of(row).wait_until, 1729771100 + 15000);
    row[TABLE_END_EPOCH] = NULL;
    assert_int_equal(call_of(row).finality, CALL_NOT_ENDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vicidial_table_calls_keep_fingerprint_body_and_key),
        cmocka_unit_test(test_vicidial_table_call_has_numbers_only_where_the_columns_have),
        cmocka_unit_test(test_vicidial_table_call_knows_its_age_where_the_row_tells),
        cmocka_unit_test(test_vicidial_table_call_is_final_as_its_row_says),
    };
    return cmocka_run_group_tests_name("vicidial_table", tests, NULL, NULL);
}
