/* Tests of pbx_page: what is a page, and what is an error. */
#include "../unit.h"

#include "source/pbx_page.h"

static const char *const no_secrets[API_WORDS_SECRETS] = { NULL };

static void test_pbx_page_reads_both_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        size_t count;
        int64_t total, next_offset;
        enum pbx_dialect dialect;
    } rows[] = {
        { "{\"status\":\"success\",\"start_offset\":\"0\",\"next_offset\":1,\"data\":[{\"uuid\":\"a\"}]}", 1, -1, 1,
          PBX_EPOCH },
        { "{\"status\":\"Success\",\"next_offset\":\"2\",\"data\":[{\"uuid\":\"b\"},{\"uuid\":\"a\"}]}", 2, -1, 2,
          PBX_EPOCH },
        { "{\"success\":true,\"data\":[{\"uuid\":\"a\"}],\"total\":7,\"limit\":1,\"offset\":0}", 1, 7, -1,
          PBX_DOCUMENTED },
        { "{\"success\":true,\"data\":[],\"total\":\"0\"}", 0, 0, -1, PBX_DOCUMENTED },
        { "{\"status\":\"success\",\"data\":null,\"next_offset\":null}", 0, -1, -1, PBX_EPOCH },
        { "{\"status\":\"success\",\"data\":\"\",\"total\":-3}", 0, -1, -1, PBX_EPOCH },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct pbx_page page;
        struct err err = { .message = "" };
        unit_same_int(rows[i].body, pbx_page_read(rows[i].body, no_secrets, &page, &err), 0);
        unit_same_int(rows[i].body, page.count, rows[i].count);
        unit_true(rows[i].body, (page.first != NULL) == (rows[i].count > 0));
        unit_same_int(rows[i].body, page.total, rows[i].total);
        unit_same_int(rows[i].body, page.next_offset, rows[i].next_offset);
        unit_same_int(rows[i].body, page.dialect, rows[i].dialect);
        unit_true(rows[i].body, pbx_page_has(&page, "a") == (rows[i].count > 0));
        unit_true(rows[i].body, !pbx_page_has(&page, "c"));
        pbx_page_clear(&page);
    }
}

static void test_pbx_page_takes_nothing_else_for_a_page(void **state)
{
    (void)state;
    static const struct {
        const char *body, *want;
    } rows[] = {
        { "", "not a JSON object" },
        { "<html></html>", "not a JSON object" },
        { "[]", "not a JSON object" },
        { "{\"success\":true,\"data\":[", "not a JSON object" },
        { "{}", "neither success nor status" },
        { "{\"data\":[]}", "neither success nor status" },
        { "{\"success\":\"true\",\"data\":[]}", "neither success nor status" },
        { "{\"success\":false,\"data\":[]}", "(success is false): it gives no reason" },
        { "{\"success\":false,\"message\":\"no\\u001b[2Jright\"}", "(success is false): no?[2Jright" },
        { "{\"success\":true,\"status\":\"error\",\"data\":[]}", "(error)" },
        { "{\"status\":\"fail\",\"error\":{\"message\":\"locked\"}}", "(fail): locked" },
        { "{\"status\":\"\",\"data\":[]}", "(): it gives no reason" },
        { "{\"success\":true}", "no list of calls" },
        { "{\"success\":true,\"data\":{}}", "no list of calls" },
        { "{\"success\":true,\"data\":\"none\"}", "no list of calls" },
        { "{\"success\":true,\"data\":0}", "no list of calls" },
        { "{\"success\":true,\"data\":false}", "no list of calls" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct pbx_page page;
        struct err err = { .code = EX_OK };
        unit_same_int(rows[i].body, pbx_page_read(rows[i].body, no_secrets, &page, &err), -1);
        unit_same_int(rows[i].body, err.code, EX_UNAVAILABLE);
        unit_has(rows[i].body, err.message, rows[i].want);
        pbx_page_clear(&page);
    }
}

static void test_pbx_page_hides_secrets(void **state)
{
    (void)state;
    static const char *const secrets[API_WORDS_SECRETS] = { "k/3y\tof\xE9", "p4ss" };
    static const struct {
        const char *message, *want;
    } rows[] = {
        { "bad k/3y\\tof\xE9 here", "bad ******** here" },
        { "bad k\\/3y\\u0009of\xE9", "bad ********" }, /* as PHP writes it */
        { "p4ss, P4SS", "****, P4SS" },
        { "got 'Bearer abc.def', BEARER x", "got 'Bearer *******', BEARER *" },
        { "basic dXNlcjpwNHNz\\n", "basic ************?" },
        { "Basic ", "Basic " },
        { "Bearer", "Bearer" },
    };
    char body[300], reason[API_WORDS_REASON_SIZE];
    struct pbx_page page;
    struct err err = { .code = EX_OK };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        (void)snprintf(body, sizeof body, "{\"success\":false,\"message\":\"%s\"}", rows[i].message);
        unit_same_text(body, api_words_reason(body, secrets, reason), rows[i].want);
        unit_same_int(body, pbx_page_read(body, secrets, &page, &err), -1);
        unit_has(body, err.message, rows[i].want);
        pbx_page_clear(&page);
    }
    /* the end of the reason, and of the status, is within the secret */
    (void)snprintf(body, sizeof body, "{\"status\":\"%36sp4ss\",\"message\":\"%196sp4ss\"}", "", "");
    unit_same_int(body, pbx_page_read(body, secrets, &page, &err), -1);
    unit_lacks(body, err.message, "p4");
    pbx_page_clear(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pbx_page_reads_both_shapes),
        cmocka_unit_test(test_pbx_page_takes_nothing_else_for_a_page),
        cmocka_unit_test(test_pbx_page_hides_secrets),
    };
    return cmocka_run_group_tests_name("pbx_page", tests, NULL, NULL);
}
