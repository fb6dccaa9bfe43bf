/* Tests of call: a row of the dialer's log, its numbers, its fingerprint. */
#include "../unit.h"

#include "domain/call.h"

static void test_call_copy_owns_its_text_and_keeps_null_apart_from_empty(void **state)
{
    (void)state;
    char uniqueid[] = "1729771200.5", comments[] = "";
    struct call call = { .age_sec = -1 };
    call.value[CALL_UNIQUEID] = uniqueid;
    call.value[CALL_COMMENTS] = comments;
    call.value[CALL_END_EPOCH] = "1729771260";
    struct call *copy = call_copy(&call);
    memset(uniqueid, 'x', sizeof uniqueid - 1);
    comments[0] = 'x';
    assert_string_equal(copy->value[CALL_UNIQUEID], "1729771200.5");
    assert_string_equal(copy->value[CALL_COMMENTS], "");
    assert_string_equal(copy->value[CALL_END_EPOCH], "1729771260");
    assert_null(copy->value[CALL_STATUS]);
    assert_int_equal(copy->age_sec, -1);
    free(copy);
}

static void test_call_copy_of_an_all_null_and_of_a_full_row(void **state)
{
    (void)state;
    struct call call = { .age_sec = 7 };
    struct call *copy = call_copy(&call);
    for (int field = 0; field < CALL_FIELD_COUNT; field++)
        assert_null(copy->value[field]);
    assert_int_equal(copy->age_sec, 7);
    free(copy);

    char texts[CALL_FIELD_COUNT][300];
    for (int field = 0; field < CALL_FIELD_COUNT; field++) {
        (void)snprintf(texts[field], sizeof texts[field], "%02d%0250d", field, 0);
        call.value[field] = texts[field];
    }
    copy = call_copy(&call);
    for (int field = 0; field < CALL_FIELD_COUNT; field++) {
        unit_same_text("field", copy->value[field], texts[field]);
        unit_true("own memory", copy->value[field] != texts[field]);
    }
    free(copy);
}

static void test_call_text_is_empty_for_null(void **state)
{
    (void)state;
    struct call call = { .value = { [CALL_STATUS] = "SALE" } };
    assert_string_equal(call_text(&call, CALL_STATUS), "SALE");
    assert_string_equal(call_text(&call, CALL_COMMENTS), "");
}

static void test_call_number_falls_back_for_null_and_for_no_number(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want;
    } rows[] = {
        { "45", 45 }, { "0", 0 },    { "-3", -3 },  { "1729771260", 1729771260 }, { "9223372036854775807", INT64_MAX },
        { NULL, 99 }, { "", 99 },    { " 45", 99 }, { "45s", 99 },                { "9223372036854775808", 99 },
        { "x", 99 },  { "4.5", 99 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct call call = { .value = { [CALL_LENGTH_IN_SEC] = rows[i].text } };
        unit_same_int(rows[i].text != NULL ? rows[i].text : "NULL", call_number(&call, CALL_LENGTH_IN_SEC, 99),
                      rows[i].want);
    }
}

static void test_call_has_ended_when_end_epoch_is_above_zero(void **state)
{
    (void)state;
    static const struct {
        const char *end_epoch;
        bool want;
    } rows[] = {
        { NULL, false }, { "", false }, { "0", false },         { "-1", false },
        { "x", false },  { "1", true }, { "1729771260", true },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct call call = { .value = { [CALL_END_EPOCH] = rows[i].end_epoch, [CALL_START_EPOCH] = "1729771200" } };
        unit_same_int(rows[i].end_epoch != NULL ? rows[i].end_epoch : "NULL", call_ended(&call), rows[i].want);
    }
}

static struct call typical_call(void)
{
    struct call call = { .age_sec = 60 };
    for (int field = 0; field < CALL_FIELD_COUNT; field++)
        call.value[field] = "old";
    call.value[CALL_STATUS] = "SALE";
    call.value[CALL_LENGTH_IN_SEC] = "45";
    call.value[CALL_USER] = "agent1";
    call.value[CALL_TERM_REASON] = "CALLER";
    return call;
}

static void test_call_is_in_doubt_while_a_count_stands_for_the_fingerprint(void **state)
{
    (void)state;
    assert_true(call_is_in_doubt(&(struct call_record){ .sent_before = true, .fingerprint = 1 }));
    assert_true(call_is_in_doubt(&(struct call_record){ .sent_before = true, .fingerprint = UINT32_MAX }));
    assert_false(call_is_in_doubt(&(struct call_record){ .sent_before = true, .fingerprint = UINT64_C(1) << 32 }));
    assert_false(call_is_in_doubt(&(struct call_record){ .fingerprint = 1 }));
}

/* The value is stored in every ledger: another one would send every remembered call again. */
static void test_call_fingerprint_never_changes_its_way(void **state)
{
    (void)state;
    struct call call = typical_call(), empty = { .age_sec = 0 };
    assert_true(call_fingerprint(&call) == UINT64_C(0x8d29874d729b1236));
    assert_true(call_fingerprint(&empty) == UINT64_C(0x4d25767f9dce13f5));
}

static void test_call_fingerprint_sees_status_duration_agent_and_term_reason_only(void **state)
{
    (void)state;
    const struct call call = typical_call();
    uint64_t before = call_fingerprint(&call);
    for (int field = 0; field < CALL_FIELD_COUNT; field++) {
        static const char *const others[] = { "new", "", NULL };
        bool seen =
            field == CALL_STATUS || field == CALL_LENGTH_IN_SEC || field == CALL_USER || field == CALL_TERM_REASON;
        for (size_t i = 0; i < UNIT_COUNT(others); i++) {
            struct call changed = call;
            char row[32];
            (void)snprintf(row, sizeof row, "field %d, text %zu", field, i);
            changed.value[field] = others[i];
            unit_same_int(row, call_fingerprint(&changed) != before, seen);
        }
    }
    struct call older = call;
    older.age_sec++;
    assert_true(call_fingerprint(&older) == before);
}

static void test_call_fingerprint_keeps_neighbouring_fields_apart(void **state)
{
    (void)state;
    struct call a = { .value = { [CALL_STATUS] = "A1", [CALL_LENGTH_IN_SEC] = "23" } };
    struct call b = { .value = { [CALL_STATUS] = "A", [CALL_LENGTH_IN_SEC] = "123" } };
    struct call c = { .value = { [CALL_STATUS] = "A1", [CALL_USER] = "23" } };
    assert_true(call_fingerprint(&a) != call_fingerprint(&b));
    assert_true(call_fingerprint(&a) != call_fingerprint(&c));
}

static void test_call_states_keep_their_stored_numbers(void **state)
{
    (void)state;
    assert_int_equal(CALL_UNKNOWN, 0);
    assert_int_equal(CALL_ACCEPTED, 1);
    assert_int_equal(CALL_OWED, 2);
    assert_int_equal(CALL_HELD, 3);
    assert_int_equal(CALL_REJECTED, 4);
    assert_int_equal(CALL_DROPPED, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call_copy_owns_its_text_and_keeps_null_apart_from_empty),
        cmocka_unit_test(test_call_copy_of_an_all_null_and_of_a_full_row),
        cmocka_unit_test(test_call_text_is_empty_for_null),
        cmocka_unit_test(test_call_number_falls_back_for_null_and_for_no_number),
        cmocka_unit_test(test_call_has_ended_when_end_epoch_is_above_zero),
        cmocka_unit_test(test_call_is_in_doubt_while_a_count_stands_for_the_fingerprint),
        cmocka_unit_test(test_call_fingerprint_never_changes_its_way),
        cmocka_unit_test(test_call_fingerprint_sees_status_duration_agent_and_term_reason_only),
        cmocka_unit_test(test_call_fingerprint_keeps_neighbouring_fields_apart),
        cmocka_unit_test(test_call_states_keep_their_stored_numbers),
    };
    return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
