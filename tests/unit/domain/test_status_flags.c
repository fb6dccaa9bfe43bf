/* Tests of status_flags: what VICIdial's own flags make of a call. */
#include "../unit.h"

#include "domain/disposition.h"
#include "domain/status_flags.h"

enum {
    H = STATUS_HUMAN_ANSWERED,
    S = STATUS_SALE,
    D = STATUS_DNC,
    C = STATUS_CUSTOMER_CONTACT,
    N = STATUS_NOT_INTERESTED,
    K = STATUS_SCHEDULED_CALLBACK
};

static void test_status_flags_give_the_stock_statuses_their_results(void **state)
{
    (void)state;
    static const struct {
        const char *status;
        unsigned flags;
        const char *want;
    } rows[] = {
        { "SALE", H | S, "answered" }, { "CALLBK", H | C | K, "answered" }, { "CBHOLD", H | C | K, "answered" },
        { "DEC", H | C, "answered" },  { "NI", H | C | N, "answered" },     { "XFER", H | C, "answered" },
        { "NP", H, "answered" },       { "DNC", H | D, "dnc" },             { "DNCL", D, "dnc" },
        { "DNCC", D, "dnc" },          { "DNCCAR", 0, "dnc" },              { "B", 0, "busy" },
        { "AB", 0, "busy" },           { "CPDB", 0, "busy" },               { "NA", 0, "no_answer" },
        { "N", 0, "no_answer" },       { "A", 0, "completed" },             { "DROP", H, "dropped" },
        { "XDROP", H, "dropped" },     { "PDROP", H, "dropped" },           { "TIMEOT", H, "dropped" },
        { "QVMAIL", 0, "dropped" },    { "SRDROP", 0, "dropped" },          { "MYDROP", 0, "dropped" },
        { "AA", 0, "completed" },      { "ADC", 0, "completed" },           { "DAIR", 0, "completed" },
        { "LRERR", H, "completed" },   { "MLINAT", H, "completed" },        { "ERI", 0, "completed" },
        { "SVYCLM", H, "answered" },   { "PU", 0, "completed" },            { "OWN", C, "answered" },
        { "OWN", 0, "completed" },     { NULL, 0, "completed" },            { "", 0, "completed" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct call call = { .status = rows[i].status, .length = 45, .agent = "1001" };
        unit_same_text(rows[i].status != NULL ? rows[i].status : "NULL", status_flags_result(&call, rows[i].flags),
                       rows[i].want);
    }
}

static void test_status_flags_use_the_length_if_the_agent_chose_nothing(void **state)
{
    (void)state;
    struct call call = { .status = "DISMX", .length = 45, .agent = "1001" };
    assert_string_equal(status_flags_result(&call, 0), "answered");
    call.length = 0;
    assert_string_equal(status_flags_result(&call, 0), "completed");
    call.length = 45;
    call.agent = "VDAD";
    assert_string_equal(status_flags_result(&call, 0), "completed");
}

/* A dead route and a busy line are NA too while VICIdial does not log causes. */
static void test_status_flags_use_the_carrier_s_cause_if_nobody_answered(void **state)
{
    (void)state;
    static const struct call_shape shape = { .extras = { { .name = "dial_status", .is_looked_up = true },
                                                        { .name = "hangup_cause", .is_looked_up = true },
                                                        { .name = "sip_hangup_cause", .is_looked_up = true } } };
    static const struct {
        const char *extras[3], *status, *want;
    } rows[] = {
        { { "CONGESTION" }, "NA", "failed" },        { { "CHANUNAVAIL" }, "N", "failed" },
        { { "NOANSWER", "1" }, "NA", "failed" },     { { "NOANSWER", "28" }, "NA", "failed" },
        { { "CANCEL", "16", "404" }, "NA", "failed" }, { { "BUSY", "17" }, "NA", "busy" },
        { { "CANCEL", "16", "487" }, "NA", "no_answer" }, { { NULL }, "NA", "no_answer" },
        { { "CONGESTION" }, "SALE", "answered" },    { { "CONGESTION" }, "AA", "completed" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct call call = { .status = rows[i].status, .shape = &shape };
        for (size_t k = 0; k < UNIT_COUNT(rows[i].extras); k++)
            call.extras[k] = rows[i].extras[k];
        unit_same_text(rows[i].status, status_flags_result(&call, strcmp(rows[i].status, "SALE") == 0 ? S : 0),
                       rows[i].want);
    }
}

/* A flag counts if the system's row or the campaign's row has Y (AST_VDadapt.pl): an N in one removes no Y. */
static void test_disposition_flags_are_the_union(void **state)
{
    (void)state;
    static const struct status_flags rows[] = {
        { "OWN", NULL, NULL, C }, { "OWN", "ACME", NULL, D }, { "LOCAL", "ACME", NULL, S }, { "NONE", NULL, NULL, 0 },
        { "NONE", "OTHER", NULL, S },
    };
    struct disposition_map *map = disposition_map_new();
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        disposition_map_add_flags(map, &rows[i]);
    assert_int_equal(disposition_flags(map, &(struct call){ .status = "OWN", .campaign = "acme" }), C | D);
    assert_int_equal(disposition_flags(map, &(struct call){ .status = "own", .campaign = "B" }), C);
    assert_int_equal(disposition_flags(map, &(struct call){ .status = "LOCAL", .campaign = "B" }), S);
    assert_int_equal(disposition_flags(map, &(struct call){ .status = "NONE", .campaign = "B" }), 0);
    assert_int_equal(disposition_flags(map, &(struct call){ .status = "NEVER" }), 0);
    disposition_map_free(map);
}

static void test_disposition_of_uses_the_flags_only_if_set_and_own_lines_first(void **state)
{
    (void)state;
    struct err err;
    const struct call busy = { .status = "B" }, own = { .status = "AB" };
    struct disposition_map *map = disposition_map_new();
    assert_int_equal(disposition_map_set(map, "AB", "failed", &err), 0);
    assert_string_equal(disposition_of(map, &busy), "dnc");
    assert_string_equal(disposition_by_flags(map, &busy), "busy");
    assert_false(disposition_map_uses_flags(map));
    disposition_map_use_flags(map, true);
    assert_true(disposition_map_uses_flags(map));
    assert_string_equal(disposition_of(map, &busy), "busy");
    assert_string_equal(disposition_of(map, &own), "failed");
    const struct call no = { .status = "NO" };
    const struct status_flags row = { .status = "NO" };
    assert_string_equal(disposition_of(map, &no), "no_answer"); /* VICIdial does not list this status, but the program's
                                                                   table has it */
    disposition_map_add_flags(map, &row);
    assert_string_equal(disposition_of(map, &no), "completed"); /* a site's own status, without a flag */
    assert_string_equal(disposition_result(map, "B"), "dnc");
    disposition_map_free(map);
}

static void test_status_flags_have_one_letter_each(void **state)
{
    (void)state;
    char text[STATUS_FLAGS_LETTERS_SIZE];
    assert_string_equal(status_flags_letters(0, text), "-");
    assert_string_equal(status_flags_letters(H | S, text), "H$");
    assert_string_equal(status_flags_letters(H | S | D | C | N | K, text), "H$DCNK");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_flags_give_the_stock_statuses_their_results),
        cmocka_unit_test(test_status_flags_use_the_length_if_the_agent_chose_nothing),
        cmocka_unit_test(test_status_flags_use_the_carrier_s_cause_if_nobody_answered),
        cmocka_unit_test(test_disposition_flags_are_the_union),
        cmocka_unit_test(test_disposition_of_uses_the_flags_only_if_set_and_own_lines_first),
        cmocka_unit_test(test_status_flags_have_one_letter_each),
    };
    return cmocka_run_group_tests_name("status_flags", tests, NULL, NULL);
}
