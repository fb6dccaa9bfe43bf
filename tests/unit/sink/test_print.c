/* Tests of print: the sink of a dry run. */
#include "../memory_sink.h"
#include "../unit.h"

#include "base/mask.h"
#include "sink/did_optimizer.h"
#include "sink/print.h"

static const struct settings_api api = { .ca_file = "", .base_url = "http://127.0.0.1:1", .key = "k",
                                         .concurrency = 1 };
static const char number[] = "03012345678";

struct watch {
    size_t turns, shown;
};

static size_t on_turn(void *context)
{
    struct watch *watch = context;
    return watch->turns > 0 ? watch->turns-- : 0;
}

static void on_outcome(void *context, size_t index, const struct outcome *outcome)
{
    struct watch *watch = context;
    assert_int_equal(index, watch->shown++);
    assert_int_equal(outcome->kind, OUTCOME_SHOWN);
}

/* Writes to out the output of a dry run for count calls. on_turn stops the run after the number turns of calls. */
static void print(const char *path, bool masked, size_t count, size_t turns, char *out, size_t size)
{
    struct disposition_map *map = disposition_map_new();
    struct sink sink = { .ops = NULL };
    struct err err;
    struct call call = { .id = "1.5", .number = number, .status = "SALE" };
    struct sink_message message;
    const struct sink_message *messages[3] = { &message, &message, &message };
    struct watch watch = { .turns = turns };
    struct sink_observer observer = { .on_outcome = on_outcome, .on_turn = on_turn, .context = &watch };
    const struct sink_settings settings = { .api = &api, .dispositions = map };
    assert_int_equal(print_sink_open(&did_optimizer_sink, &settings, &sink, &err), 0);
    mask_enable(masked);
    sink_make(&sink, &call, 0, &message);
    mask_enable(false);
    int saved = dup(STDOUT_FILENO);
    assert_non_null(freopen(path, "w", stdout));
    int result = sink_send(&sink, messages, count, &observer, &err);
    (void)fflush(stdout);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    (void)close(saved);
    assert_int_equal(result, 0);
    assert_int_equal(watch.shown, count < turns ? count : turns);
    sink_message_free(&message);
    sink_close(&sink);
    disposition_map_free(map);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    out[fread(out, 1, size - 1, file)] = '\0';
    (void)fclose(file);
}

static void test_print_shows_each_message_on_its_own_line(void **state)
{
    char text[4000];
    print(unit_path(*state, "out"), false, 2, 3, text, sizeof text);
    const char *second = strchr(text, '\n');
    assert_non_null(second);
    unit_has("first", text, "{\"uniqueid\":\"1.5\"");
    unit_has("second", second + 1, "{\"uniqueid\":\"1.5\"");
    unit_has("number", text, number);
    assert_string_equal(strchr(second + 1, '\n'), "\n");
}

static void test_print_hides_the_number_with_mask_phone(void **state)
{
    char text[4000];
    print(unit_path(*state, "out"), true, 1, 1, text, sizeof text);
    unit_lacks("number", text, number);
    unit_has("number", text, "\"*******5678\"");
}

static void test_print_stops_when_on_turn_says_so(void **state)
{
    char text[4000];
    print(unit_path(*state, "out"), false, 3, 1, text, sizeof text);
    assert_string_equal(strchr(text, '\n'), "\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_directory(test_print_shows_each_message_on_its_own_line),
        unit_test_in_directory(test_print_hides_the_number_with_mask_phone),
        unit_test_in_directory(test_print_stops_when_on_turn_says_so),
    };
    return cmocka_run_group_tests_name("print", tests, NULL, NULL);
}
