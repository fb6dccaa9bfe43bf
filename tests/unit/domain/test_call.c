/* Tests of call: its texts, its source's extras, its fingerprint. */
#include "../unit.h"

#include "base/str.h"
#include "domain/call.h"

/* The extras of VICIdial's source, so that the fixed values below are those of existing ledgers. */
static const struct call_shape shape = { .extras = { { .name = "list_id" },
                                                     { .name = "term_reason", .in_fingerprint = true },
                                                     { .name = "comments" } } };
enum { LIST_ID, TERM_REASON, COMMENTS };

static void test_call_copy_owns_its_texts_and_keeps_null_and_empty(void **state)
{
    (void)state;
    char id[] = "1729771200.5", comments[] = "";
    struct call call = { .id = id, .ended = 1729771260, .age = -1, .finality = CALL_NOT_FINAL, .wait_until = 5,
                         .shape = &shape };
    call.extras[COMMENTS] = comments;
    struct call *copy = call_copy(&call);
    memset(id, 'x', sizeof id - 1);
    comments[0] = 'x';
    assert_string_equal(copy->id, "1729771200.5");
    assert_string_equal(call_extra(copy, "comments"), "");
    assert_null(call_extra(copy, "term_reason"));
    assert_null(copy->status);
    assert_int_equal(copy->ended, 1729771260);
    assert_int_equal(copy->age, -1);
    assert_int_equal(copy->finality, CALL_NOT_FINAL);
    assert_int_equal(copy->wait_until, 5);
    free(copy);
}

/* Each text of a call. */
enum { TEXTS = 5 + CALL_MAX_EXTRAS };
static const char **text_at(struct call *call, int i)
{
    const char **texts[] = { &call->id, &call->campaign, &call->number, &call->agent, &call->status };
    return i < 5 ? texts[i] : &call->extras[i - 5];
}

static void test_call_copy_is_equal_for_an_empty_and_a_full_call(void **state)
{
    (void)state;
    struct call call = { .age = 7 };
    struct call *copy = call_copy(&call);
    for (int i = 0; i < TEXTS; i++)
        assert_null(*text_at(copy, i));
    assert_int_equal(copy->age, 7);
    free(copy);

    char texts[TEXTS][300];
    for (int i = 0; i < TEXTS; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "%02d%0250d", i, 0);
        *text_at(&call, i) = texts[i];
    }
    copy = call_copy(&call);
    for (int i = 0; i < TEXTS; i++) {
        unit_same_text("text", *text_at(copy, i), texts[i]);
        unit_true("own memory", *text_at(copy, i) != texts[i]);
    }
    free(copy);
}

static void test_call_extra_is_found_by_its_name(void **state)
{
    (void)state;
    struct call call = { .shape = &shape, .extras = { "101", "CALLER", NULL } }, bare = { .extras = { "101" } };
    assert_string_equal(call_extra(&call, "list_id"), "101");
    assert_string_equal(call_extra(&call, "term_reason"), "CALLER");
    assert_null(call_extra(&call, "comments"));
    assert_null(call_extra(&call, "lead_id"));
    assert_null(call_extra(&bare, "list_id"));
    struct call_shape full = { .extras = { { .name = "" } } };
    for (int i = 0; i < CALL_MAX_EXTRAS; i++)
        full.extras[i].name = i < CALL_MAX_EXTRAS - 1 ? "other" : "last";
    call.shape = &full;
    call.extras[CALL_MAX_EXTRAS - 1] = "here";
    assert_string_equal(call_extra(&call, "last"), "here");
    assert_null(call_extra(&call, "none"));
}

static void test_call_number_returns_the_fallback_for_no_number(void **state)
{
    (void)state;
    assert_int_equal(call_number(45, 99), 45);
    assert_int_equal(call_number(0, 99), 0);
    assert_int_equal(call_number(-3, 99), -3);
    assert_int_equal(call_number(CALL_NO_NUMBER, 99), 99);
}

static struct call typical_call(void)
{
    return (struct call){ .id = "old", .campaign = "old", .number = "old", .status = "SALE", .agent = "agent1",
                          .started = 1, .ended = 2, .length = 45, .age = 60,
                          .shape = &shape, .extras = { "old", "CALLER", "old" } };
}

static void test_call_matches_accepted_needs_a_known_version_and_its_fingerprint(void **state)
{
    (void)state;
    const struct call call = typical_call();
    const uint64_t print = call_fingerprint(&call);
    assert_true(call_matches_accepted(&call, &(struct call_record){ .sent_before = true, .fingerprint = print }));
    assert_false(call_matches_accepted(&call, &(struct call_record){ .sent_before = true, .fingerprint = print + 1 }));
    assert_false(call_matches_accepted(&call, &(struct call_record){ .fingerprint = print }));
    assert_false(call_matches_accepted(&call, &(struct call_record){ .sent_before = true, .fingerprint = print,
                                                                   .version_unknown = 1 }));
}

/* Ledgers store this value. If it changed, the program would send every call of the ledger again. */
static void test_call_fingerprint_never_changes_its_algorithm(void **state)
{
    (void)state;
    struct call call = typical_call(), empty = { .length = CALL_NO_NUMBER, .shape = &shape };
    assert_true(call_fingerprint(&call) == UINT64_C(0x8d29874d729b1236));
    assert_true(call_fingerprint(&empty) == UINT64_C(0x4d25767f9dce13f5));
    /* The length is hashed as decimal text, as in the first ledgers. */
    static const int64_t lengths[] = { 0, 9, 10, 4294967295, INT64_MAX, -1, -10, -3600, INT64_MIN + 1 };
    for (size_t i = 0; i < UNIT_COUNT(lengths); i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "SALE%c%lld%cagent1%cCALLER", 0, (long long)lengths[i], 0, 0);
        size_t size = strlen(text) + 1;
        size += strlen(text + size) + 1;
        size += strlen(text + size) + 1;
        size += strlen(text + size) + 1;
        call.length = lengths[i];
        unit_true(text + 5, call_fingerprint(&call) == str_hash(STR_HASH_START, text, size));
    }
}

static void test_call_fingerprint_covers_status_length_agent_and_marked_extras(void **state)
{
    (void)state;
    const struct call call = typical_call();
    uint64_t before = call_fingerprint(&call);
    for (int text = 0; text < TEXTS; text++) {
        static const char *const others[] = { "new", "", NULL };
        struct call named = call;
        const char *const *at = text_at(&named, text);
        bool seen = at == &named.status || at == &named.agent || at == &named.extras[TERM_REASON];
        for (size_t i = 0; i < UNIT_COUNT(others); i++) {
            struct call changed = call;
            char row[32];
            (void)snprintf(row, sizeof row, "text %d, other %zu", text, i);
            *text_at(&changed, text) = others[i];
            unit_same_int(row, call_fingerprint(&changed) != before, seen);
        }
    }
    static const int64_t lengths[] = { 0, 44, -45, CALL_NO_NUMBER };
    for (size_t i = 0; i < UNIT_COUNT(lengths); i++) {
        struct call changed = call;
        changed.length = lengths[i];
        assert_true(call_fingerprint(&changed) != before);
    }
    struct call other = call;
    other.age = other.started = other.ended = other.wait_until = 1000;
    other.finality = CALL_NOT_FINAL;
    other.direction = CALL_INBOUND;
    other.is_oddly_dated = true;
    assert_true(call_fingerprint(&other) == before);
}

static void test_call_fingerprint_separates_neighbouring_fields(void **state)
{
    (void)state;
    struct call a = { .status = "A1", .length = 23 }, b = { .status = "A", .length = 123 };
    struct call c = { .status = "A1", .length = CALL_NO_NUMBER, .agent = "23" };
    struct call d = { .agent = "a", .length = 1, .shape = &shape }, e = { .length = 1, .shape = &shape };
    e.extras[TERM_REASON] = "a";
    assert_true(call_fingerprint(&a) != call_fingerprint(&b));
    assert_true(call_fingerprint(&a) != call_fingerprint(&c));
    assert_true(call_fingerprint(&d) != call_fingerprint(&e));
}

static void test_call_states_keep_their_stored_numbers(void **state)
{
    (void)state;
    assert_int_equal(CALL_UNKNOWN, 0);
    assert_int_equal(CALL_ACCEPTED, 1);
    assert_int_equal(CALL_PENDING, 2);
    assert_int_equal(CALL_WAITING, 3);
    assert_int_equal(CALL_REJECTED, 4);
    assert_int_equal(CALL_DISCARDED, 5);
}

static void test_call_directions_have_names(void **state)
{
    (void)state;
    assert_string_equal(call_direction_name(CALL_OUTBOUND), "outbound");
    assert_string_equal(call_direction_name(CALL_INBOUND), "inbound");
    assert_string_equal(call_direction_name(CALL_INTERNAL), "internal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call_directions_have_names),
        cmocka_unit_test(test_call_copy_owns_its_texts_and_keeps_null_and_empty),
        cmocka_unit_test(test_call_copy_is_equal_for_an_empty_and_a_full_call),
        cmocka_unit_test(test_call_extra_is_found_by_its_name),
        cmocka_unit_test(test_call_number_returns_the_fallback_for_no_number),
        cmocka_unit_test(test_call_matches_accepted_needs_a_known_version_and_its_fingerprint),
        cmocka_unit_test(test_call_fingerprint_never_changes_its_algorithm),
        cmocka_unit_test(test_call_fingerprint_covers_status_length_agent_and_marked_extras),
        cmocka_unit_test(test_call_fingerprint_separates_neighbouring_fields),
        cmocka_unit_test(test_call_states_keep_their_stored_numbers),
    };
    return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
