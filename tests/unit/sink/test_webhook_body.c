/* Tests of webhook_body: the members of the body, and their names. */
#include "../unit.h"

#include "sink/webhook_body.h"

/* Two of these have the name of a member that every call has. */
static const struct call_shape shape = { .extras = { { .name = "lead_id" }, { .name = "Status" }, { .name = "note" },
                                                     { .name = "SOURCE" } } };

static struct call some_call(void)
{
    return (struct call){ .id = "1729771100.5", .campaign = "C1", .number = "3125550001", .agent = "1001",
                          .status = "SALE", .started = 1729771100, .ended = 1729771145, .length = 45, .shape = &shape,
                          .extras = { "77", "hidden", "a \"b\"\n", "hidden too" } };
}

static struct params params_of(const char *const (*pairs)[2], size_t count)
{
    struct params params = { NULL, 0 };
    for (size_t i = 0; i < count; i++)
        params_add(&params, pairs[i][0], pairs[i][1], "own.conf:4");
    return params;
}

static void check(const char *row, const struct call *call, const struct params *params, const char *want)
{
    struct disposition_map *map = disposition_map_new();
    const struct webhook_template names = { .source = "vicidial", .shape = call->shape, .dispositions = map,
                                            .params = params };
    char *body = webhook_body(&names, call);
    unit_same_text(row, body, want);
    free(body);
    disposition_map_free(map);
}

static void test_body_has_every_member_in_its_order(void **state)
{
    (void)state;
    struct call call = some_call();
    check("a whole call", &call, NULL,
          "{\"source\":\"vicidial\",\"id\":\"1729771100.5\",\"direction\":\"outbound\",\"campaign\":\"C1\","
          "\"number\":\"3125550001\",\"agent\":\"1001\",\"status\":\"SALE\",\"result\":\"answered\","
          "\"started\":1729771100,\"started_at\":\"2024-10-24T11:58:20Z\","
          "\"ended\":1729771145,\"ended_at\":\"2024-10-24T11:59:05Z\",\"length\":45,"
          "\"lead_id\":\"77\",\"note\":\"a \\\"b\\\"\\n\"}");
}

static void test_body_has_null_for_unknown_values(void **state)
{
    (void)state;
    struct call call = { .id = "x", .started = CALL_NO_NUMBER, .length = CALL_NO_NUMBER, .direction = CALL_INBOUND };
    check("nothing", &call, NULL,
          "{\"source\":\"vicidial\",\"id\":\"x\",\"direction\":\"inbound\",\"campaign\":null,\"number\":null,"
          "\"agent\":null,\"status\":null,\"result\":\"completed\",\"started\":null,\"started_at\":null,"
          "\"ended\":null,\"ended_at\":null,\"length\":null}");
    call.started = call.ended = 1;
    check("the first second", &call, NULL,
          "{\"source\":\"vicidial\",\"id\":\"x\",\"direction\":\"inbound\",\"campaign\":null,\"number\":null,"
          "\"agent\":null,\"status\":null,\"result\":\"completed\",\"started\":1,"
          "\"started_at\":\"1970-01-01T00:00:01Z\",\"ended\":1,\"ended_at\":\"1970-01-01T00:00:01Z\",\"length\":null}");
    call.started = 0;
    call.ended = INT64_MAX;
    call.length = -7;
    call.status = "a\xFF";
    check("no times", &call, NULL,
          "{\"source\":\"vicidial\",\"id\":\"x\",\"direction\":\"inbound\",\"campaign\":null,\"number\":null,"
          "\"agent\":null,\"status\":\"a\xEF\xBF\xBD\",\"result\":\"completed\",\"started\":0,\"started_at\":null,"
          "\"ended\":9223372036854775807,\"ended_at\":null,\"length\":0}");
}

static void test_body_uses_the_names_in_the_settings(void **state)
{
    (void)state;
    static const char *const pairs[][2] = { { "url", "x" }, { "name.ID", "call_id" }, { "name.number", "" },
                                            { "name.lead_id", "lead" }, { "name.note", "" },
                                            { "name.source", "" }, { "name.result", "" },
                                            { "name.started", "" }, { "name.ended_at", "end" },
                                            { "name.started_at", "" } };
    struct params params = params_of(pairs, UNIT_COUNT(pairs));
    struct call call = some_call();
    check("renamed", &call, &params,
          "{\"call_id\":\"1729771100.5\",\"direction\":\"outbound\",\"campaign\":\"C1\",\"agent\":\"1001\","
          "\"status\":\"SALE\",\"ended\":1729771145,\"end\":\"2024-10-24T11:59:05Z\",\"length\":45,\"lead\":\"77\"}");
    params_free(&params);
}

static void test_body_refuses_unknown_members_and_duplicate_names(void **state)
{
    (void)state;
    static const struct {
        const char *pairs[2][2];
        const char *want; /* NULL: no error */
    } rows[] = {
        { { { "name.id", "x" }, { "name.note", "y" } }, NULL },
        { { { "name.id", "number" }, { "name.number", "id" } }, NULL }, /* two names swapped */
        { { { "name.id", "" }, { "name.number", "" } }, NULL },
        { { { "name.lead_id", "lead" }, { "NAME.NOTE", "remark" } }, NULL },
        { { { "name.note", "status" }, { "name.status", "" } }, NULL },
        { { { "timeout", "1" }, { "name.colour", "x" } },
          "own.conf:4: name.colour: a call from vicidial has no member 'colour'; its members are: source, id, "
          "direction, campaign, number, agent, status, result, started, started_at, ended, ended_at, length, lead_id, "
          "Status, note, SOURCE" },
        { { { "name.id", "number" }, { "url", "x" } },
          "own.conf:4: name.id: another member also has the name 'number'" },
        { { { "name.id", "x" }, { "name.note", "x" } }, "own.conf:4: name.id: another member also has the name 'x'" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err = { .message = "" };
        struct params params = params_of(rows[i].pairs, 2);
        const struct webhook_template names = { .source = "vicidial", .shape = &shape, .params = &params };
        unit_same_int(rows[i].pairs[0][0], webhook_body_check(&names, &err), rows[i].want == NULL ? 0 : -1);
        unit_has(rows[i].pairs[0][0], err.message, rows[i].want != NULL ? rows[i].want : "");
        params_free(&params);
    }
    const struct webhook_template none = { .source = "vicidial" };
    assert_int_equal(webhook_body_check(&none, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_body_has_every_member_in_its_order),
        cmocka_unit_test(test_body_has_null_for_unknown_values),
        cmocka_unit_test(test_body_uses_the_names_in_the_settings),
        cmocka_unit_test(test_body_refuses_unknown_members_and_duplicate_names),
    };
    return cmocka_run_group_tests_name("webhook_body", tests, NULL, NULL);
}
