/* Tests of callio_page: the shapes of a page, and where a list ends. */
#include <stdlib.h>

#include "../unit.h"

#include "source/callio_page.h"

static void test_callio_page_finds_the_end_of_a_list(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int64_t number, total;
        size_t count;
        bool is_last;
    } rows[] = {
        { "{\"docs\":[{},{}],\"totalDocs\":5,\"limit\":2,\"totalPages\":3,\"page\":1,\"hasNextPage\":true}", 1, 5, 2,
          false },
        { "{\"docs\":[{}],\"totalDocs\":5,\"hasNextPage\":false}", 3, 5, 1, true },
        { "{\"docs\":[],\"totalDocs\":0,\"hasNextPage\":true}", 1, 0, 0, true },
        { "{\"docs\":[{}],\"totalPages\":3}", 2, -1, 1, false },
        { "{\"docs\":[{}],\"totalPages\":\"3\"}", 3, -1, 1, true },
        { "{\"docs\":[{},{}],\"totalDocs\":4,\"limit\":2}", 1, 4, 2, false },
        { "{\"docs\":[{},{}],\"totalDocs\":4,\"limit\":2}", 2, 4, 2, true },
        { "{\"docs\":[{}],\"totalDocs\":\"9223372036854775807\",\"limit\":\"9223372036854775807\"}", 2, -1, 1, false },
        { "{\"docs\":[{}],\"totalDocs\":-4,\"totalPages\":-1,\"limit\":-2}", 2, -1, 1, false },
        { " [{},{}]", 1, -1, 2, false },
        { "[]", 2, -1, 0, true },
    };
    const char *const secrets[API_WORDS_SECRETS] = { NULL };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct callio_page page;
        struct err err = { .message = "" };
        unit_same_int(rows[i].body, callio_page_read(callio_page_parse(rows[i].body), rows[i].number, secrets, &page,
                                                     &err), 0);
        unit_same_int(rows[i].body, page.total, rows[i].total);
        unit_same_int(rows[i].body, page.count, rows[i].count);
        unit_same_int(rows[i].body, page.is_last, rows[i].is_last);
        callio_page_clear(&page);
    }
}

static void test_callio_page_takes_no_other_answer_for_an_empty_list(void **state)
{
    (void)state;
    static const char *const rows[] = { "{}", "{\"docs\":null}", "{\"docs\":{}}", "{\"message\":\"busy t0ken\"}" };
    const char *const secrets[API_WORDS_SECRETS] = { "t0ken", NULL };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct callio_page page;
        struct err err = { .message = "" };
        unit_same_int(rows[i], callio_page_read(callio_page_parse(rows[i]), 1, secrets, &page, &err), -1);
        unit_same_text(rows[i], err.message, i == 3 ? "the answer of Callio's API has no list in `docs`: busy *****"
                                                    : "the answer of Callio's API has no list in `docs`: it gives no "
                                                      "reason");
        callio_page_clear(&page);
    }
    assert_null(callio_page_parse("[{}"));
    assert_null(callio_page_parse("<html>"));
    assert_null(callio_page_parse(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_callio_page_finds_the_end_of_a_list),
        cmocka_unit_test(test_callio_page_takes_no_other_answer_for_an_empty_list),
    };
    return cmocka_run_group_tests_name("callio_page", tests, NULL, NULL);
}
