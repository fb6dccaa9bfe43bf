/* Tests of callio_row: a document of Callio becomes a call. */
#include <string.h>

#include "../unit.h"

#include "source/callio_row.h"

/* Reads a document and makes its call, for as long as the row lives. */
static const char *read_row(const char *text, struct callio_row *row, struct callio_call *made)
{
    struct json *json = json_parse(text);
    assert_non_null(json);
    const char *problem = callio_row_read(json, row);
    json_free(json);
    if (problem == NULL)
        callio_row_call(row, "PK", 1760000100, made);
    return problem;
}

static void test_callio_row_makes_a_call_of_numbers_and_texts_alike(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"_id\":\"7b0e\",\"direction\":2,\"fromNumber\":\"0289\",\"toNumber\":\"0900000001\",\"createTime\":"
        "1760000000123,\"startTime\":1760000001123,\"answerTime\":1760000010999.0,\"endTime\":1760000070000,"
        "\"duration\":70,\"billDuration\":60,\"hangupCause\":\"NORMAL_CLEARING\",\"fromUser\":{\"_id\":\"u1\","
        "\"name\":\"Lan\"},\"fromGroup\":{\"_id\":\"g1\"}}",
        "{\"_id\":\"7b0e\",\"direction\":\"outbound\",\"fromNumber\":\"0289\",\"toNumber\":\"0900000001\","
        "\"createTime\":\"1760000000123\",\"startTime\":\"1760000001123\",\"answerTime\":\"1760000010999\","
        "\"endTime\":\"1760000070000\",\"duration\":\"70\",\"billDuration\":\"60\",\"hangupCause\":"
        "\"NORMAL_CLEARING\",\"fromUser\":\"{\\\"_id\\\":\\\"u1\\\",\\\"name\\\":\\\"Lan\\\",\\\"group\\\":"
        "\\\"g1\\\"}\"}",
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct callio_row row;
        struct callio_call made;
        const struct call *call = &made.call;
        unit_same_text(rows[i], read_row(rows[i], &row, &made), NULL);
        unit_same_text(rows[i], call->id, "PK:7b0e");
        unit_same_text(rows[i], call->campaign, "PK");
        unit_same_text(rows[i], call->number, "0900000001");
        unit_same_text(rows[i], call->agent, "u1");
        unit_same_text(rows[i], call->status, "ANSWERED");
        unit_same_int(rows[i], call->direction, CALL_OUTBOUND);
        unit_same_int(rows[i], call->finality, CALL_FINAL);
        unit_same_int(rows[i], call->began, 1760000000);
        unit_same_int(rows[i], call->started, 1760000001);
        unit_same_int(rows[i], call->ended, 1760000070);
        unit_same_int(rows[i], call->length, 70);
        unit_same_int(rows[i], call->age, 100);
        unit_same_text(rows[i], call_extra(call, "billsec"), "60");
        unit_same_text(rows[i], call_extra(call, "answer_epoch"), "1760000010");
        unit_same_text(rows[i], call_extra(call, "create_ms"), "1760000000123");
        unit_same_text(rows[i], call_extra(call, "dial_status"), "ANSWER");
        unit_same_text(rows[i], call_extra(call, "agent_name"), "Lan");
        unit_same_text(rows[i], call_extra(call, "group_id"), "g1");
        callio_row_clear(&row);
    }
}

#define ROW(MORE) "{\"_id\":\"a\",\"createTime\":1760000000000" MORE "}"

static void test_callio_row_finds_status_and_parties(void **state)
{
    (void)state;
    static const struct {
        const char *text, *status, *number, *agent;
        enum call_direction direction;
        enum call_finality finality;
    } rows[] = {
        { ROW(",\"direction\":1,\"fromNumber\":\"1\",\"toNumber\":\"2\",\"toExt\":\"101\""), "NO_ANSWER", "1", "101",
          CALL_INBOUND, CALL_NOT_ENDED },
        { ROW(",\"direction\":\"1\",\"toNumber\":\"2\",\"endTime\":1760000001000"), "NO_ANSWER", "anonymous", NULL,
          CALL_INBOUND, CALL_FINAL },
        { ROW(",\"direction\":3,\"toNumber\":\"102\",\"fromExt\":101,\"endTime\":0"), "NO_ANSWER", "102", "101",
          CALL_INTERNAL, CALL_NOT_ENDED },
        { ROW(",\"toNumber\":\"2\",\"hangupCause\":\"USER_BUSY\",\"billDuration\":0,\"fromUser\":\"u7\""), "USER_BUSY",
          "2", "u7", CALL_OUTBOUND, CALL_NOT_ENDED },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct callio_row row;
        struct callio_call made;
        unit_same_text(rows[i].text, read_row(rows[i].text, &row, &made), NULL);
        unit_same_text(rows[i].text, made.call.status, rows[i].status);
        unit_same_text(rows[i].text, made.call.number, rows[i].number);
        unit_same_text(rows[i].text, made.call.agent, rows[i].agent);
        unit_same_int(rows[i].text, made.call.direction, rows[i].direction);
        unit_same_int(rows[i].text, made.call.finality, rows[i].finality);
        callio_row_clear(&row);
    }
}

#define FIFTY "12345678901234567890123456789012345678901234567890"

static void test_callio_row_refuses_what_is_no_call(void **state)
{
    (void)state;
    static const struct {
        const char *text, *problem;
    } rows[] = {
        { "{\"createTime\":1760000000000}", "it has no _id" },
        { "{\"_id\":\"\",\"createTime\":1760000000000}", "it has no _id" },
        { "{\"_id\":\"a\"}", "it has neither createTime nor startTime" },
        { "{\"_id\":\"a\",\"createTime\":\"yesterday\",\"startTime\":0}", "it has neither createTime nor startTime" },
        { "{\"_id\":\"a\",\"createTime\":1.5e+15,\"startTime\":\"1760000000000.5e9\"}",
          "it has neither createTime nor startTime" },
        { "{\"_id\":\"a\",\"startTime\":1760000000000}", NULL },
        { "{\"_id\":\"" FIFTY FIFTY FIFTY "\",\"startTime\":1760000000000}", NULL },
        { "{\"_id\":\"" FIFTY FIFTY FIFTY "1\",\"startTime\":1760000000000}", "its _id is too long" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct callio_row row;
        struct callio_call made;
        unit_same_text(rows[i].text, read_row(rows[i].text, &row, &made), rows[i].problem);
        callio_row_clear(&row);
    }
}

static void test_callio_row_has_no_negative_length(void **state)
{
    (void)state;
    static const struct {
        const char *text, *billed;
    } rows[] = {
        { ROW(",\"billDuration\":-3,\"recordingDuration\":\"-1\""), "0" },
        { ROW(",\"billDuration\":\"-3.5\",\"recordingDuration\":0"), "0" },
        { ROW(",\"billDuration\":\"-\",\"recordingDuration\":-7"), NULL },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct callio_row row;
        struct callio_call made;
        unit_same_text(rows[i].text, read_row(rows[i].text, &row, &made), NULL);
        unit_same_text(rows[i].text, call_extra(&made.call, "billsec"), rows[i].billed);
        unit_same_text(rows[i].text, call_extra(&made.call, "recording_duration"), "0");
        unit_same_text(rows[i].text, made.call.status, "NO_ANSWER");
        callio_row_clear(&row);
    }
}

/* What the API fills in later must change the fingerprint; a user who is renamed must not. */
static void test_callio_row_changes_the_fingerprint_with_the_call(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool changes;
    } rows[] = {
        { ROW(",\"fromUser\":{\"_id\":\"u1\",\"name\":\"Lan\"}"), false },
        { ROW(",\"fromUser\":{\"_id\":\"u1\",\"name\":\"Hoa\"}"), false },
        { ROW(",\"fromUser\":{\"_id\":\"u2\",\"name\":\"Lan\"}"), true },
        { ROW(",\"fromUser\":{\"_id\":\"u1\"},\"recordingDuration\":3"), true },
        { ROW(",\"fromUser\":{\"_id\":\"u1\"},\"billDuration\":3"), true },
        { ROW(",\"fromUser\":{\"_id\":\"u1\"},\"chargeTime\":1760000000001"), true },
        { ROW(",\"fromUser\":{\"_id\":\"u1\"},\"hangupCause\":\"NO_ANSWER\""), true },
    };
    uint64_t first = 0;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct callio_row row;
        struct callio_call made;
        unit_same_text(rows[i].text, read_row(rows[i].text, &row, &made), NULL);
        uint64_t fingerprint = call_fingerprint(&made.call);
        first = i == 0 ? fingerprint : first;
        unit_same_int(rows[i].text, fingerprint != first, rows[i].changes);
        callio_row_clear(&row);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_callio_row_makes_a_call_of_numbers_and_texts_alike),
        cmocka_unit_test(test_callio_row_finds_status_and_parties),
        cmocka_unit_test(test_callio_row_refuses_what_is_no_call),
        cmocka_unit_test(test_callio_row_has_no_negative_length),
        cmocka_unit_test(test_callio_row_changes_the_fingerprint_with_the_call),
    };
    return cmocka_run_group_tests_name("callio_row", tests, NULL, NULL);
}
