/* Tests of disposition: the dialer's status and the API's result. */
#include "../unit.h"

#include "domain/disposition.h"

struct row {
    const char *status, *want;
};

static void check_rows(const struct disposition_map *map, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        unit_same_text(rows[i].status, disposition_result(map, rows[i].status), rows[i].want);
}

static void test_disposition_has_the_documented_defaults(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "SALE", "answered" },  { "A", "answered" },     { "DNC", "dnc" },        { "B", "dnc" },
        { "NA", "no_answer" },   { "NO", "no_answer" },   { "BUSY", "busy" },      { "DROP", "dropped" },
        { "AMD", "dropped" },    { "sale", "answered" },  { "Drop", "dropped" },   { "XFER", "completed" },
        { "AB", "completed" },   { "AA", "completed" },   { "PDROP", "completed" }, { "DNCL", "completed" },
        { "SALES", "completed" }, { "SAL", "completed" }, { "", "completed" },     { " SALE", "completed" },
        { "*", "completed" },    { "\xFF", "completed" },
    };
    struct disposition_map *map = disposition_map_new();
    check_rows(map, rows, UNIT_COUNT(rows));
    disposition_map_free(map);
}

static void test_disposition_set_changes_and_adds_rows(void **state)
{
    (void)state;
    static const struct row changes[] = {
        { "AB", "busy" }, { "SALE", "completed" }, { "dnc", "no_answer" }, { "XYZ", "Answered" }, { "XYZ", "DROPPED" },
        { "UVW", "NO_ANSWER" }, { "RST", "ANSWERED" },
    };
    static const struct row wanted[] = {
        { "AB", "busy" },       { "ab", "busy" },      { "SALE", "completed" },
        { "DNC", "no_answer" }, { "B", "dnc" },        { "XYZ", "dropped" },
        { "UVW", "no_answer" }, { "RST", "answered" }, { "anything", "completed" },
    };
    struct disposition_map *map = disposition_map_new();
    struct err err;
    for (size_t i = 0; i < UNIT_COUNT(changes); i++)
        unit_same_int(changes[i].status, disposition_map_set(map, changes[i].status, changes[i].want, &err), 0);
    check_rows(map, wanted, UNIT_COUNT(wanted));
    disposition_map_free(map);
}

/* A source's own statuses fill what is open. The settings and the stock statuses of VICIdial come first. */
static void test_disposition_fills_what_is_open_from_the_source_s_defaults(void **state)
{
    (void)state;
    static const struct disposition_default defaults[] = { { "NO ANSWER", "no_answer" }, { "FAILED", "failed" },
                                                           { "CONGESTION", "failed" },   { "SALE", "busy" },
                                                           { NULL, NULL } };
    static const struct row wanted[] = { { "NO ANSWER", "no_answer" }, { "FAILED", "dropped" },
                                         { "congestion", "failed" },   { "SALE", "answered" }, { "x", "completed" } };
    struct disposition_map *map = disposition_map_new();
    struct err err;
    assert_int_equal(disposition_map_set(map, "failed", "dropped", &err), 0);
    disposition_map_add_defaults(map, defaults);
    disposition_map_add_defaults(map, NULL);
    check_rows(map, wanted, UNIT_COUNT(wanted));
    disposition_map_free(map);
}

static void test_disposition_star_maps_any_other_status(void **state)
{
    (void)state;
    static const struct row wanted[] = { { "XYZ", "no_answer" }, { "", "no_answer" }, { "SALE", "answered" } };
    struct disposition_map *map = disposition_map_new();
    struct err err;
    assert_int_equal(disposition_map_set(map, "*", "no_answer", &err), 0);
    check_rows(map, wanted, UNIT_COUNT(wanted));
    disposition_map_free(map);
}

static void test_disposition_refuses_an_unknown_result(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "", " ", "sold", "answer", "answered ", "answered dnc", "no answer", "no-answer", "\xFF", "answered\n",
    };
    struct disposition_map *map = disposition_map_new();
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err = { .message = "" };
        unit_same_int(rows[i], disposition_map_set(map, "SALE", rows[i], &err), -1);
        unit_same_int(rows[i], err.code, EX_CONFIG);
        unit_has(rows[i], err.message, "answered dnc no_answer busy dropped completed");
        unit_same_text(rows[i], disposition_result(map, "SALE"), "answered"); /* the mapping is unchanged */
    }
    disposition_map_free(map);
}

static void test_disposition_copies_its_texts(void **state)
{
    (void)state;
    char status[] = "XYZ", result[] = "busy";
    struct disposition_map *map = disposition_map_new();
    struct err err;
    assert_int_equal(disposition_map_set(map, status, result, &err), 0);
    memset(status, '-', sizeof status - 1);
    memset(result, '-', sizeof result - 1);
    assert_string_equal(disposition_result(map, "XYZ"), "busy");
    disposition_map_free(map);
    disposition_map_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_disposition_has_the_documented_defaults),
        cmocka_unit_test(test_disposition_set_changes_and_adds_rows),
        cmocka_unit_test(test_disposition_fills_what_is_open_from_the_source_s_defaults),
        cmocka_unit_test(test_disposition_star_maps_any_other_status),
        cmocka_unit_test(test_disposition_refuses_an_unknown_result),
        cmocka_unit_test(test_disposition_copies_its_texts),
    };
    return cmocka_run_group_tests_name("disposition", tests, NULL, NULL);
}
