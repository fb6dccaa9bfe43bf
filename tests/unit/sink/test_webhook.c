/* Tests of webhook: settings, messages, and the time limit of a message. */
#include "../unit.h"

#include "sink/webhook.h"

#define SECRET "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u"

static struct disposition_map *map;

static int enter(void **state)
{
    (void)state;
    map = disposition_map_new();
    return 0;
}

static int leave(void **state)
{
    (void)state;
    disposition_map_free(map);
    return 0;
}

/* Opens a sink with these settings, "key", "value" and so on, NULL at the end. */
static int open_with(const char *const *pairs, struct params *params, struct sink *sink, struct err *err)
{
    static const struct settings_api api = { .max_concurrency = 4 };
    *params = (struct params){ NULL, 0 };
    for (; *pairs != NULL; pairs += 2)
        params_add(params, pairs[0], pairs[1], "own.conf:7");
    struct sink_settings settings = { .api = &api, .source = "vicidial", .params = params, .dispositions = map };
    *sink = (struct sink){ .ops = NULL };
    return sink_open(&webhook_sink, &settings, sink, err);
}

#define WITH(...) (const char *const[]){ "url", "https://a.example/x", "secret", SECRET, __VA_ARGS__, NULL }

static void test_webhook_names_what_is_wrong_in_its_settings(void **state)
{
    (void)state;
    static const struct {
        const char *pairs[8];
        const char *want;
    } rows[] = {
        { { NULL }, "the sink webhook has no url: write `url = https://...` under [sink]" },
        { { "url", "https://a.example/", NULL }, "the sink webhook has no secret" },
        { { "url", "", "secret", SECRET, NULL }, "own.conf:7: url is not an http(s) address" },
        { { "url", "http://a.example/t0ken", "secret", SECRET, NULL }, "own.conf:7: url is 'http://...', plain http" },
        { { "url", "https://a.example/", "secret", "t0ken", NULL }, "own.conf:7: secret does not begin with whsec_" },
        { { "url", "https://a.example/", "secret", SECRET, "timeout", "301", NULL }, "own.conf:7: timeout: '301'" },
        { { "url", "https://a.example/", "secret", SECRET, "connect_timeout", "0", NULL },
          "own.conf:7: connect_timeout: '0'" },
        { { "url", "https://a.example/", "secret", SECRET, "verify", "x", NULL }, "own.conf:7: verify: 'x'" },
        { { "url", "https://a.example/", "secret", SECRET, "allow_insecure_http", "", NULL },
          "own.conf:7: allow_insecure_http: ''" },
        { { "url", "https://a.example/", "secret", SECRET, "ca_file", "/no/such/file", NULL },
          "own.conf:7: could not read the certificates in /no/such/file" },
        { { "url", "https://a.example/", "secret", SECRET, "name.id", "number", NULL },
          "own.conf:7: name.id: another" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct params params;
        struct sink sink;
        struct err err = { .message = "" };
        unit_same_int(rows[i].want, open_with(rows[i].pairs, &params, &sink, &err), -1);
        unit_same_int(rows[i].want, err.code, EX_CONFIG);
        unit_has(rows[i].want, err.message, rows[i].want);
        unit_lacks(rows[i].want, err.message, "t0ken");
        params_free(&params);
    }
}

static void test_webhook_accepts_plain_http_if_it_is_allowed(void **state)
{
    (void)state;
    struct params params;
    struct sink sink;
    struct err err = { .message = "" };
    const char *const here[] = { "url", "http://127.0.0.1:1/x?y=z", "secret", SECRET, NULL };
    const char *const there[] = { "url", "http://a.example/", "secret", SECRET, "allow_insecure_http", "yes", NULL };
    assert_int_equal(open_with(here, &params, &sink, &err), 0);
    sink_close(&sink);
    params_free(&params);
    assert_int_equal(open_with(there, &params, &sink, &err), 0);
    sink_close(&sink);
    params_free(&params);
}

/* The same content has the same id, other content has another id. The id contains the source's name and no dot. */
static void test_webhook_id_names_source_and_call(void **state)
{
    (void)state;
    struct params params, named_params;
    struct sink sink, named;
    struct sink_message first, again, other, changed, renamed;
    struct call call = { .id = "1729771100.5", .number = "3125550001", .status = "SALE", .started = CALL_NO_NUMBER };
    assert_int_equal(open_with(WITH("timeout", "9"), &params, &sink, NULL), 0);
    assert_int_equal(open_with(WITH("source", "a.b"), &named_params, &named, NULL), 0);
    sink_make(&sink, &call, 0, &first);
    sink_make(&sink, &call, 0, &again);
    sink_make(&sink, &call, 3, &changed);
    sink_make(&named, &call, 0, &renamed);
    call.status = "NA";
    sink_make(&sink, &call, 0, &other);
    unit_has("id", first.key, "vicidial-1729771100_5-");
    unit_has("id", renamed.key, "a_b-1729771100_5-");
    unit_has("body", renamed.body, "{\"source\":\"a.b\",");
    assert_string_equal(first.key, again.key);
    assert_string_equal(first.body, again.body);
    assert_string_not_equal(first.key, changed.key);
    assert_string_not_equal(first.key, other.key);
    assert_null(strchr(first.key, '.'));
    struct sink_message *const all[] = { &first, &again, &other, &changed, &renamed };
    for (size_t i = 0; i < UNIT_COUNT(all); i++)
        sink_message_free(all[i]);
    sink_close(&sink);
    sink_close(&named);
    params_free(&params);
    params_free(&named_params);
}

/* Long ids of channels have the same beginning, and the settings may leave out all members of the body. */
static void test_webhook_ids_of_long_calls_differ(void **state)
{
    (void)state;
    struct params params;
    struct sink sink;
    struct sink_message one, again, other;
    struct call call = { .id = "a-branch-office-with-a-long-name-in-asterisk.conf-1729771100.500001",
                         .number = "3125550001", .status = "SALE", .started = CALL_NO_NUMBER };
    assert_int_equal(open_with(WITH("name.id", ""), &params, &sink, NULL), 0);
    sink_make(&sink, &call, 0, &one);
    sink_make(&sink, &call, 0, &again);
    call.id = "a-branch-office-with-a-long-name-in-asterisk.conf-1729771100.500002";
    sink_make(&sink, &call, 0, &other);
    assert_string_equal(one.body, other.body);
    assert_string_equal(one.key, again.key);
    assert_string_not_equal(one.key, other.key);
    sink_message_free(&one);
    sink_message_free(&again);
    sink_message_free(&other);
    sink_close(&sink);
    params_free(&params);
}

static void test_webhook_says_how_long_a_message_may_take(void **state)
{
    (void)state;
    struct params params = { NULL, 0 };
    struct sink_settings settings = { .params = &params };
    assert_int_equal(sink_longest_sec(&webhook_sink, &settings), 25);
    params_add(&params, "timeout", "100", "x");
    params_add(&params, "connect_timeout", "7", "x");
    assert_int_equal(sink_longest_sec(&webhook_sink, &settings), 107);
    assert_int_equal(sink_longest_sec(NULL, &settings), 0);
    params_free(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_webhook_names_what_is_wrong_in_its_settings),
        cmocka_unit_test(test_webhook_accepts_plain_http_if_it_is_allowed),
        cmocka_unit_test(test_webhook_id_names_source_and_call),
        cmocka_unit_test(test_webhook_ids_of_long_calls_differ),
        cmocka_unit_test(test_webhook_says_how_long_a_message_may_take),
    };
    return cmocka_run_group_tests_name("webhook", tests, enter, leave);
}
