/* Tests of source: the table of kinds, and the functions of a source. */
#include "../memory_source.h"
#include "../unit.h"

#include "source/pbx.h"
#include "source/vicidial.h"
#include "source/vicidial_inbound.h"

#define NOW INT64_C(1729771200)

static void test_source_find_knows_the_default(void **state)
{
    (void)state;
    struct err err;
    const struct source_ops *ops = NULL;
    assert_int_equal(source_find("vicidial", "default", &ops, &err), 0);
    assert_ptr_equal(ops, &vicidial_source);
    assert_int_equal(source_find("vicidial-inbound", "default", &ops, &err), 0);
    assert_ptr_equal(ops, &vicidial_inbound_source);
    assert_int_equal(source_find("pbx-api", "default", &ops, &err), 0);
    assert_ptr_equal(ops, &pbx_source);
}

static void test_source_find_lists_the_kinds_for_any_other_name(void **state)
{
    (void)state;
    static const char *const names[] = { "", "memory", "VICIdial", "vicidial ", "vicidial_inbound" };
    for (size_t i = 0; i < UNIT_COUNT(names); i++) {
        struct err err;
        const struct source_ops *ops = NULL;
        unit_same_int(names[i], source_find(names[i], "/etc/own.conf:3", &ops, &err), -1);
        unit_same_int(names[i], err.code, EX_CONFIG);
        unit_has(names[i], err.message, "/etc/own.conf:3: ");
        unit_has(names[i], err.message, names[i]);
        unit_has(names[i], err.message, "is one of: vicidial");
        unit_true(names[i], ops == NULL);
    }
}

/* The calls that were handed out: "1.1 1.2 ". */
struct seen {
    char ids[200];
    int64_t ended_before;
    size_t stop_after; /* the number of slices; 0: no stop */
};

static int see(void *context, const struct call *call, struct err *err)
{
    struct seen *seen = context;
    size_t used = strlen(seen->ids);
    (void)err;
    (void)snprintf(seen->ids + used, sizeof seen->ids - used, "%s ", call->id);
    return 0;
}

static int on_slice(void *context, int64_t ended_before, struct err *err)
{
    struct seen *seen = context;
    (void)err;
    seen->ended_before = ended_before;
    return seen->stop_after > 0 && --seen->stop_after == 0 ? 1 : 0;
}

static void fill(struct memory_source *memory)
{
    *memory = (struct memory_source){ .now = NOW };
    for (int i = 0; i < 5; i++) {
        static const char *const ids[] = { "1.0", "1.1", "1.2", "1.3", "1.4" };
        (void)memory_source_add(memory, ids[i], "SALE", NOW - 500 + i * 100);
    }
    memory->archived[0] = true;
}

static void test_source_scan_and_fetch_reach_the_kind(void **state)
{
    (void)state;
    static struct memory_source memory;
    struct err err;
    struct seen live = { .ids = "" }, archive = { .ids = "" }, some = { .ids = "" }, two = { .stop_after = 2 };
    static const char *const ids[] = { "1.3", "1.0", "none" };
    fill(&memory);
    const struct source source = memory_source_open(&memory);
    struct source_range range = source_range_ended(&source, SOURCE_LIVE, NOW - 500, NOW - 200);
    assert_int_equal(range.call_from, NOW - 500 - 14400);
    assert_int_equal(range.call_to, NOW - 200 + 600);
    assert_true(range.whole_rows);
    assert_int_equal(source_scan(&source, &range, see, on_slice, &live, &err), 0);
    assert_string_equal(live.ids, "1.1 1.2 1.3 ");
    assert_int_equal(live.ended_before, NOW - 199);
    assert_int_equal(source_scan(&source, &range, see, on_slice, &two, &err), 0);
    assert_string_equal(two.ids, "1.1 1.2 ");
    range.table = SOURCE_ARCHIVE;
    assert_int_equal(source_scan(&source, &range, see, NULL, &archive, &err), 0);
    assert_string_equal(archive.ids, "1.0 ");
    assert_int_equal(source_fetch(&source, SOURCE_LIVE, ids, 3, see, &some, &err), 0);
    assert_int_equal(source_fetch(&source, SOURCE_ARCHIVE, ids, 3, see, &some, &err), 0);
    assert_string_equal(some.ids, "1.3 1.0 ");
    memory.fails = true;
    assert_int_equal(source_scan(&source, &range, see, NULL, &archive, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
}

static int fail_to_hand_out(void *state, enum source_table table, const char *const *ids, size_t count,
                            source_on_call *on_call, void *context, struct err *err)
{
    (void)state;
    (void)table;
    (void)ids;
    (void)count;
    (void)on_call;
    (void)context;
    return err_set(err, EX_SOFTWARE, "asked for what it has not");
}

static int fail_to_inspect(void *state, struct err *err)
{
    (void)state;
    return err_set(err, EX_CONFIG, "no table; make one");
}

static void count_campaign(void *context, const char *id)
{
    (void)id;
    (*(int *)context)++;
}

/* The first result counts. */
static void keep_finding(void *context, const struct source_finding *finding)
{
    struct source_finding *kept = context;
    *kept = *finding;
    kept->text = strstr(finding->text, "make one") != NULL ? "make one" : "";
}

static void test_source_of_a_kind_without_the_optional_members(void **state)
{
    (void)state;
    static const struct source_ops bare = { .type = "bare", .title = "bare", .fetch = fail_to_hand_out,
                                            .inspect = fail_to_inspect };
    const struct source source = { .ops = &bare };
    const struct source_range archive = { .table = SOURCE_ARCHIVE };
    static const char *const ids[] = { "1.0" };
    char memory[SOURCE_MEMORY_SIZE] = "x", problem[SOURCE_PROBLEM_SIZE] = "x";
    struct source_finding finding = { .kind = SOURCE_GOOD };
    struct err err;
    bool usable = true;
    int campaigns = 0;
    assert_int_equal(source_inspect_archive(&source, &usable, &err), 0);
    assert_false(usable);
    assert_int_equal(source_scan(&source, &archive, see, NULL, NULL, &err), 0);
    assert_int_equal(source_fetch(&source, SOURCE_ARCHIVE, ids, 1, see, NULL, &err), 0);
    assert_int_equal(source_fetch(&source, SOURCE_LIVE, ids, 1, see, NULL, &err), -1);
    assert_string_equal(source_archive_problem(&source), "");
    assert_int_equal(source_effort(&source).statements, 0);
    assert_int_equal(source_spread(&source), 0);
    source_recall(&source, "earlier", memory, problem);
    assert_string_equal(memory, "");
    assert_string_equal(problem, "");
    assert_int_equal(source_list_campaigns(&source, count_campaign, &campaigns, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    assert_int_equal(campaigns, 0);
    assert_false(locks_exist(&source));
    source_check(&source, keep_finding, &finding);
    assert_int_equal(finding.kind, SOURCE_FAILS);
    assert_int_equal(finding.exit_code, EX_CONFIG);
    assert_string_equal(finding.text, "make one");
}

static void test_source_explains_the_memory_of_any_type(void **state)
{
    (void)state;
    struct source_zones zones = { .count = 99, .names = "x", .problem = "x" };
    static const char *const types[] = { "vicidial", "asterisk-cdr" };
    static const char *const unknown[] = { "", "what no type has written", " server 3600" };
    for (size_t i = 0; i < UNIT_COUNT(types); i++) {
        struct err err;
        const struct source_ops *ops = NULL;
        unit_same_int(types[i], source_find(types[i], "default", &ops, &err), 0);
        unit_true(types[i], ops->explain_memory != NULL && ops->explain_memory("3600@1764000000", &zones));
    }
    assert_true(source_explain_memory("-25200@1764000000 server -25200", &zones));
    assert_int_equal(zones.count, 1);
    assert_int_equal(zones.utc_offsets[0], -25200);
    assert_string_equal(zones.names, "UTC-07:00");
    assert_string_equal(zones.problem, "");
    for (size_t i = 0; i < UNIT_COUNT(unknown); i++) {
        zones = (struct source_zones){ .count = 99, .names = "x", .problem = "x" };
        unit_true(unknown[i], !source_explain_memory(unknown[i], &zones));
        unit_same_int(unknown[i], (int64_t)zones.count, 0);
        unit_same_text(unknown[i], zones.names, "");
        unit_same_text(unknown[i], zones.problem, "");
    }
}

static void test_source_close_of_a_closed_source_is_no_error(void **state)
{
    (void)state;
    struct source source = { .ops = NULL };
    source_close(&source);
    static struct memory_source memory;
    source = memory_source_open(&memory);
    source_close(&source);
    assert_null(source.ops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_source_find_knows_the_default),
        cmocka_unit_test(test_source_find_lists_the_kinds_for_any_other_name),
        cmocka_unit_test(test_source_scan_and_fetch_reach_the_kind),
        cmocka_unit_test(test_source_of_a_kind_without_the_optional_members),
        cmocka_unit_test(test_source_explains_the_memory_of_any_type),
        cmocka_unit_test(test_source_close_of_a_closed_source_is_no_error),
    };
    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
