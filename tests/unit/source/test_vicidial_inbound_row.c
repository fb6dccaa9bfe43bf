/* Tests of vicidial_inbound_row: a row of vicidial_closer_log as a call. */
#include "../unit.h"

#include "sink/did_optimizer_payload.h"
#include "source/vicidial_inbound_row.h"

#define NOW 1729780000
#define COLUMNS (INBOUND_NOW + 1)

static const struct settings_sync settings = {
    .not_final = (char[]){ "INCALL QUEUE DISPO" },
    .unsettled = (char[]){ "XFER DONEM" },
    .unsettled_hold = 120,
};
static const struct vicidial_inbound_rules rules = { .settings = &settings, .disposition_wait_sec = 43200 };

/* A row that began some seconds before NOW; its local time is UTC. */
struct row {
    const char *columns[COLUMNS];
    char start[24], end[24], local[24], now[24];
    struct vicidial_inbound_room room;
};

static void fill(struct row *row, int64_t began_ago, int64_t ended_ago)
{
    static const char *const usual[INBOUND_COLUMNS] = {
        [INBOUND_CLOSECALLID] = "31", [INBOUND_UNIQUEID] = "1729771100.5", [INBOUND_LEAD_ID] = "7",
        [INBOUND_CAMPAIGN_ID] = "SUPPORT", [INBOUND_PHONE_NUMBER] = "3125550199", [INBOUND_STATUS] = "SALE",
        [INBOUND_LENGTH_IN_SEC] = "100", [INBOUND_QUEUE_SECONDS] = "40.00", [INBOUND_USER] = "6666",
        [INBOUND_TERM_REASON] = "CALLER", [INBOUND_COMMENTS] = "AUTO", [INBOUND_XFERCALLID] = "0",
    };
    *row = (struct row){ .columns = { NULL } };
    memcpy(row->columns, usual, sizeof usual);
    (void)snprintf(row->start, sizeof row->start, "%lld", (long long)(NOW - began_ago));
    (void)snprintf(row->local, sizeof row->local, "%lld", (long long)(NOW - began_ago));
    (void)snprintf(row->now, sizeof row->now, "%d", NOW);
    row->columns[INBOUND_START_EPOCH] = row->start;
    row->columns[INBOUND_LOCAL_SEC] = row->local;
    row->columns[INBOUND_NOW] = row->now;
    if (ended_ago < 0)
        return;
    (void)snprintf(row->end, sizeof row->end, "%lld", (long long)(NOW - ended_ago));
    row->columns[INBOUND_END_EPOCH] = row->end;
}

static struct call call_of(struct row *row, bool *ret_wanted)
{
    struct zone zone = { .count = 0 };
    bool ignored = false;
    zone_add(&zone, 0, 0);
    return vicidial_inbound_row_call(row->columns, &zone, &rules, &row->room,
                                     ret_wanted != NULL ? ret_wanted : &ignored);
}

static void test_vicidial_inbound_row_ids_name_uniqueid_and_counter(void **state)
{
    (void)state;
    static const struct { const char *uniqueid, *start, *closecallid, *id; } ids[] = {
        { "1729771100.5", "1729771155", "31", "1729771100.5/c31" },
        { "", "1729771155", "31", "1729771155/c31" },
        { "web1-1729771100.5", NULL, "4294967295", "web1-1729771100.5/c4294967295" },
        { NULL, NULL, "1", "/c1" },
    };
    char id[160];
    for (size_t i = 0; i < UNIT_COUNT(ids); i++) {
        vicidial_inbound_row_id(ids[i].uniqueid, ids[i].start, ids[i].closecallid, id, sizeof id);
        assert_string_equal(id, ids[i].id);
        assert_string_equal(vicidial_inbound_row_closecallid(id), ids[i].closecallid);
    }
    static const char *const others[] = { "", "1729771100.5", "1729771100.5/31", "1729771100.5/c", "1729771100.5/cx",
                                          "1729771100.5/c1'", "1729771100.5/c-1", "1729771100.5/c 1" };
    for (size_t i = 0; i < UNIT_COUNT(others); i++)
        assert_null(vicidial_inbound_row_closecallid(others[i]));
}

static void test_vicidial_inbound_row_says_when_a_call_is_final(void **state)
{
    (void)state;
    static const struct {
        const char *status, *comments;
        enum call_finality finality;
        int64_t wait_sec; /* after the end */
    } cases[] = {
        { "SALE", "AUTO", CALL_FINAL, 0 },
        { "DROP", NULL, CALL_FINAL, 0 },
        { "INCALL", "AUTO", CALL_NOT_FINAL, 43200 },
        { "queue", "AUTO", CALL_NOT_FINAL, 43200 },
        { "DISPO", "AUTO", CALL_NOT_FINAL, 43200 },
        { "ALTNUM", "AUTO", CALL_NOT_FINAL, 43200 },
        { "", "AUTO", CALL_NOT_FINAL, 43200 },
        { NULL, "AUTO", CALL_NOT_FINAL, 43200 },
        { "XFER", "AUTO", CALL_NOT_FINAL, 3600 },
        { "XFER", NULL, CALL_NOT_FINAL, 3600 },
        { "XFER", "REMOTE", CALL_FINAL, 0 },
        { "RAXFER", "AUTO", CALL_FINAL, 0 },
        { "DONEM", "AUTO", CALL_NOT_FINAL, 120 },
    };
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        struct row row;
        fill(&row, 300, 200);
        row.columns[INBOUND_STATUS] = cases[i].status;
        row.columns[INBOUND_COMMENTS] = cases[i].comments;
        struct call call = call_of(&row, NULL);
        assert_int_equal(call.finality, cases[i].finality);
        if (call.finality == CALL_NOT_FINAL)
            assert_int_equal(call.wait_until, NOW - 200 + cases[i].wait_sec);
    }
}

/* FastAGI_log.pl writes an end within 6 hours, an agent's screen within 4. A disposition can come later. */
static void test_vicidial_inbound_row_a_long_call_without_an_end_ends_after_6_hours(void **state)
{
    (void)state;
    static const struct { const char *status; int64_t began_ago; bool ended; } cases[] = {
        { "SALE", 6 * 3600 - 1, false }, { "SALE", 6 * 3600, true },    { "XFER", 6 * 3600, false },
        { "QUEUE", 7 * 86400, false },   { "INCALL", 86400, false },    { "DISPO", 86400, false },
        { "SALE", 7 * 86400, true },
    };
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        struct row row;
        fill(&row, cases[i].began_ago, -1);
        row.columns[INBOUND_STATUS] = cases[i].status;
        struct call call = call_of(&row, NULL);
        assert_int_equal(call.finality, cases[i].ended ? CALL_FINAL : CALL_NOT_ENDED);
        assert_int_equal(call.ended, cases[i].ended ? NOW - cases[i].began_ago + 6 * 3600 : 0);
    }
}

static void test_vicidial_inbound_row_duration_is_without_the_queue(void **state)
{
    (void)state;
    static const struct { const char *length, *queue; int64_t duration; const char *seconds; } cases[] = {
        { "100", "40.00", 60, "40" }, { "100", "40.49", 60, "40" }, { "100", "40.50", 59, "41" },
        { "100", "0.00", 100, "0" },  { "30", "45.00", 0, "45" },   { "-5", "0.00", 0, "0" },
        { "100", NULL, 100, NULL },   { "100", "x", 100, NULL },    { NULL, "40.00", CALL_NO_NUMBER, "40" },
        { "100", "40", 60, "40" },    { "100", "99999999999999999999.9", 100, NULL },
    };
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        struct row row;
        fill(&row, 300, 200);
        row.columns[INBOUND_LENGTH_IN_SEC] = cases[i].length;
        row.columns[INBOUND_QUEUE_SECONDS] = cases[i].queue;
        struct call call = call_of(&row, NULL);
        assert_true(call.length == cases[i].duration);
        if (cases[i].seconds == NULL)
            assert_null(call_extra(&call, "queue_seconds"));
        else
            assert_string_equal(call_extra(&call, "queue_seconds"), cases[i].seconds);
    }
}

static void test_vicidial_inbound_row_knows_direction_did_and_transfer(void **state)
{
    (void)state;
    struct row row;
    fill(&row, 300, 200);
    struct call call = call_of(&row, NULL);
    assert_int_equal(call.direction, CALL_INBOUND);
    assert_string_equal(call_extra(&call, "direction"), "inbound");
    assert_null(call_extra(&call, "did"));
    assert_null(call_extra(&call, "transfer_of"));
    assert_string_equal(call.campaign, "SUPPORT");
    assert_int_equal(call.began, NOW - 300);
    assert_int_equal(call.age, 300);
    vicidial_inbound_row_set_did(&call, "8005550100");
    assert_string_equal(call_extra(&call, "did"), "8005550100");
    fill(&row, 300, 200);
    row.columns[INBOUND_XFERCALLID] = "12";
    call = call_of(&row, NULL);
    assert_string_equal(call_extra(&call, "transfer_of"), "1729771100.5");
}

static void test_vicidial_inbound_row_leaves_emails_and_chats_out(void **state)
{
    (void)state;
    static const struct { const char *comments; bool wanted; } cases[] = {
        { "AUTO", true }, { "", true }, { NULL, true }, { "EMAIL", false }, { "chat", false }, { "REMOTE", true } };
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        struct row row;
        bool wanted = false;
        fill(&row, 300, 200);
        row.columns[INBOUND_COMMENTS] = cases[i].comments;
        (void)call_of(&row, &wanted);
        assert_int_equal(wanted, cases[i].wanted);
    }
}

/* With other fingerprints or bodies, every call that a ledger has would be sent again. */
static void test_vicidial_inbound_row_keeps_fingerprint_and_body(void **state)
{
    (void)state;
    struct row row;
    struct disposition_map *map = disposition_map_new();
    fill(&row, 300, 200);
    struct call call = call_of(&row, NULL);
    vicidial_inbound_row_set_did(&call, "8005550100");
    size_t row_length = 0;
    char *body = did_optimizer_payload_body(&call, map, NULL, &row_length);
    assert_string_equal(body, "{\"uniqueid\":\"1729771100.5/c31\",\"leadId\":\"7\",\"listId\":null,"
                        "\"campaignId\":\"SUPPORT\",\"phoneNumber\":\"8005550100\",\"phoneCode\":null,"
                        "\"disposition\":\"SALE\",\"duration\":60,\"agentId\":\"6666\",\"userGroup\":null,"
                        "\"termReason\":\"CALLER\",\"comments\":\"AUTO\",\"altDial\":null,\"calledCount\":null,"
                        "\"callDate\":null,\"startEpoch\":1729779700,\"endEpoch\":1729779800,\"timestamp\":1729779800,"
                        "\"direction\":\"inbound\",\"queueSeconds\":40,\"result\":\"answered\",\"did\":\"8005550100\","
                        "\"customerPhone\":\"3125550199\"}");
    assert_true(call_fingerprint(&call) == UINT64_C(0xe15d5e4397c1cba9));
    free(body);
    disposition_map_free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vicidial_inbound_row_ids_name_uniqueid_and_counter),
        cmocka_unit_test(test_vicidial_inbound_row_says_when_a_call_is_final),
        cmocka_unit_test(test_vicidial_inbound_row_a_long_call_without_an_end_ends_after_6_hours),
        cmocka_unit_test(test_vicidial_inbound_row_duration_is_without_the_queue),
        cmocka_unit_test(test_vicidial_inbound_row_knows_direction_did_and_transfer),
        cmocka_unit_test(test_vicidial_inbound_row_leaves_emails_and_chats_out),
        cmocka_unit_test(test_vicidial_inbound_row_keeps_fingerprint_and_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
