/* Tests of sink: the table of kinds, and the functions of a sink. */
#include "../memory_sink.h"
#include "../unit.h"

#include "sink/did_optimizer.h"
#include "sink/recorder.h"

static void test_sink_find_knows_the_default(void **state)
{
    (void)state;
    struct err err;
    const struct sink_ops *ops = NULL;
    assert_int_equal(sink_find("did-optimizer", "default", &ops, &err), 0);
    assert_ptr_equal(ops, &did_optimizer_sink);
}

static void test_sink_find_lists_the_kinds_for_any_other_name(void **state)
{
    (void)state;
    static const char *const names[] = { "", "memory", "print", "DID-Optimizer", "did-optimizer ", "did-optimizer2" };
    for (size_t i = 0; i < UNIT_COUNT(names); i++) {
        struct err err;
        const struct sink_ops *ops = NULL;
        unit_same_int(names[i], sink_find(names[i], "/etc/own.conf:3", &ops, &err), -1);
        unit_same_int(names[i], err.code, EX_CONFIG);
        unit_has(names[i], err.message, "/etc/own.conf:3: ");
        unit_has(names[i], err.message, names[i]);
        unit_has(names[i], err.message, "is one of: did-optimizer");
        unit_true(names[i], ops == NULL);
    }
}

struct watch {
    size_t turns, outcomes;
    struct outcome last;
};

static size_t on_turn(void *context)
{
    struct watch *watch = context;
    return watch->turns > 0 ? watch->turns-- : 0;
}

static void on_outcome(void *context, size_t index, const struct outcome *outcome)
{
    struct watch *watch = context;
    assert_int_equal(index, watch->outcomes++);
    watch->last = *outcome;
}

static struct outcome refuse_the_second(void *context, size_t n, const struct sink_message *message)
{
    (void)context;
    (void)message;
    return n == 1 ? (struct outcome){ .kind = OUTCOME_REJECTED, .code = 7, .reason = "no" }
                  : (struct outcome){ .kind = OUTCOME_ACCEPTED };
}

static void test_sink_hands_messages_to_its_kind_and_outcomes_back(void **state)
{
    (void)state;
    struct memory_sink memory = { .answer = refuse_the_second };
    struct sink sink = memory_sink_open(&memory);
    struct sink_message messages[4], *const list[4] = { &messages[0], &messages[1], &messages[2], &messages[3] };
    struct watch watch = { .turns = 2 };
    struct sink_observer observer = { .on_outcome = on_outcome, .on_turn = on_turn, .context = &watch };
    struct err err;
    for (uint32_t i = 0; i < 4; i++) {
        char uniqueid[8];
        (void)snprintf(uniqueid, sizeof uniqueid, "1.%u", (unsigned)i);
        struct call call = { .id = uniqueid, .status = "SALE", .number = "3125550100" };
        sink_make(&sink, &call, i, &messages[i]);
    }
    assert_string_equal(messages[3].body, "1.3 SALE");
    assert_string_equal(messages[3].key, "1.3-3");
    assert_int_equal(sink_send(&sink, (const struct sink_message *const *)list, 4, &observer, &err), 0);
    assert_int_equal(watch.outcomes, 2); /* on_turn then stopped sending */
    assert_int_equal(watch.last.kind, OUTCOME_REJECTED);
    assert_int_equal(memory.count, 2);
    assert_string_equal(memory.keys[1], "1.1-1");
    for (int i = 0; i < 4; i++) {
        sink_message_free(&messages[i]);
        assert_null(messages[i].body);
    }
    memory_sink_free(&memory);
    sink_close(&sink);
    assert_null(sink.ops);
    sink_close(&sink); /* closing a closed sink is no error */
}

static void test_sink_works_without_the_optional_functions(void **state)
{
    (void)state;
    struct memory_sink memory = { .answer = NULL };
    struct sink sink = memory_sink_open(&memory), other = { .state = &memory };
    struct sink_health health;
    struct err err;
    char text[40];
    assert_int_equal(sink_check(&sink, &health, &err), 0);
    assert_int_equal(health.state, SINK_UNSURE);
    unit_has("text", health.text, "memory");
    assert_false(sink_describe(sink.ops, 200, text, sizeof text));
    assert_string_equal(text, "code 200");
    assert_false(sink_describe(NULL, 200, text, sizeof text));
    assert_int_equal(sink_open(sink.ops, &(struct sink_settings){ .api = NULL }, &other, &err), 0);
    assert_ptr_equal(other.ops, sink.ops);
    assert_null(other.state);
}

static void test_sink_has_a_title_for_people(void **state)
{
    (void)state;
    static const struct sink_ops plain = { .type = "plain" };
    assert_string_equal(sink_title(NULL), "API");
    assert_string_equal(sink_title(&(struct sink){ .ops = &plain }), "API");
    assert_string_equal(sink_title(&(struct sink){ .ops = &recorder_sink }), "record store");
}

static char told[80];

static void note_begin(void *state, const char *kind)
{
    assert_ptr_equal(state, told);
    (void)snprintf(told, sizeof told, "begin %s;", kind);
}

static void note_end(void *state, const struct sink_run *run)
{
    size_t used = strlen(state);
    (void)snprintf(told + used, sizeof told - used, "end %d %s", run->exit_code, run->message);
}

static void test_sink_announces_runs_to_a_kind_with_begin_and_end(void **state)
{
    (void)state;
    static const struct sink_ops noting = { .type = "noting", .begin = note_begin, .end = note_end };
    static const struct sink_ops other = { .type = "other" };
    static const struct sink_run run = { .exit_code = EX_UNAVAILABLE, .message = "no" };
    const struct sink *sinks[] = { NULL, &(struct sink){ .ops = NULL }, &(struct sink){ .ops = &other },
                                   &(struct sink){ .ops = &noting, .state = told } };
    for (size_t i = 0; i < UNIT_COUNT(sinks); i++) {
        sink_begin(sinks[i], "poll");
        sink_end(sinks[i], &run);
    }
    assert_string_equal(told, "begin poll;end 69 no");
}

static void test_did_optimizer_reads_its_codes(void **state)
{
    (void)state;
    static const struct {
        int64_t code;
        bool accepted;
        const char *text;
    } rows[] = { { 199, false, "HTTP 199" }, { 200, true, "HTTP 200" },  { 201, true, "HTTP 201" },
                 { 299, true, "HTTP 299" },  { 300, false, "HTTP 300" }, { 503, false, "HTTP 503" } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char text[40];
        bool accepted = sink_describe(&did_optimizer_sink, rows[i].code, text, sizeof text);
        unit_same_int(rows[i].text, accepted, rows[i].accepted);
        unit_same_text(rows[i].text, text, rows[i].text);
    }
}

static void test_did_optimizer_reads_its_certificates(void **state)
{
    (void)state;
    struct err err;
    struct sink sink = { .ops = NULL };
    struct settings_api api = { .ca_file = "/no/such/file.pem", .base_url = "https://a", .key = "k" };
    assert_int_equal(sink_open(&did_optimizer_sink, &(struct sink_settings){ .api = &api }, &sink, &err), -1);
    assert_int_equal(err.code, EX_CONFIG);
    unit_has("file", err.message, "/no/such/file.pem");
    assert_null(sink.ops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sink_find_knows_the_default),
        cmocka_unit_test(test_sink_find_lists_the_kinds_for_any_other_name),
        cmocka_unit_test(test_sink_hands_messages_to_its_kind_and_outcomes_back),
        cmocka_unit_test(test_sink_works_without_the_optional_functions),
        cmocka_unit_test(test_sink_has_a_title_for_people),
        cmocka_unit_test(test_sink_announces_runs_to_a_kind_with_begin_and_end),
        cmocka_unit_test(test_did_optimizer_reads_its_codes),
        cmocka_unit_test(test_did_optimizer_reads_its_certificates),
    };
    return cmocka_run_group_tests_name("sink", tests, NULL, NULL);
}
