/* Tests of pbx_query: which window is asked for, and which rows may come. */
#include "../unit.h"

#include "source/pbx_query.h"

static const struct pbx_zone vietnam = { .name = "+07:00", .is_fixed = true, .fixed_sec = 25200 };
static const struct pbx_zone berlin = { .name = "Europe/Berlin" };

static void test_pbx_query_names_the_window_in_the_pbx_s_time(void **state)
{
    (void)state;
    static const struct {
        enum pbx_dialect dialect;
        const struct pbx_zone *zone;
        int64_t from, to;
        const char *want;
    } rows[] = {
        { PBX_EPOCH, &vietnam, 1760000000, 1760003600,
          "domain=a%26b.c&from=2025-10-09%2015%3A52%3A20&to=2025-10-09%2016%3A54%3A20&limit=5&offset=7" },
        { PBX_DOCUMENTED, &vietnam, 1760000000, 1760003600,
          "domain=a%26b.c&date_from=2025-10-08&date_to=2025-10-10&limit=5&offset=7" },
        { PBX_AUTO, &vietnam, 1760000000, 1760003600,
          "domain=a%26b.c&from=2025-10-09%2015%3A52%3A20&to=2025-10-09%2016%3A54%3A20"
          "&date_from=2025-10-08&date_to=2025-10-10&limit=5&offset=7" },
        /* From the second 02:30 of that night: an hour more, as the PBX may take it for the first one. */
        { PBX_EPOCH, &berlin, 1761442200, 1761500000,
          "domain=a%26b.c&from=2025-10-26%2002%3A29%3A00&to=2025-10-26%2018%3A34%3A20&limit=5&offset=7" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const struct pbx_pages pages = { .domain = "a&b.c", .zone = rows[i].zone, .dialect = rows[i].dialect };
        const struct pbx_window window = { .from = rows[i].from, .to = rows[i].to };
        char *query = pbx_query_make(&pages, &window, 5, 7);
        unit_same_text(rows[i].want, query, rows[i].want);
        free(query);
    }
}

static void test_pbx_query_covers_calls_that_touch_the_window(void **state)
{
    (void)state;
    static const struct pbx_window window = { .from = 1760000000, .to = 1760003600 };
    static const struct {
        const char *name;
        int64_t started, ended;
        enum pbx_dialect dialect;
        bool want;
    } rows[] = {
        { "within", 1760000100, 1760000200, PBX_EPOCH, true },
        { "longer than the window", 1759000000, 1761000000, PBX_EPOCH, true },
        { "not ended", 1760000100, 0, PBX_EPOCH, true },
        { "hours before", 1759980000, 1759980060, PBX_EPOCH, false },
        { "hours behind", 1760020000, 1760020060, PBX_EPOCH, false },
        { "not ended, hours before", 1759980000, 0, PBX_EPOCH, false },
        { "a day before, in a list of days", 1759913700, 1759913760, PBX_DOCUMENTED, true },
        { "a week before, in a list of days", 1759395200, 1759395260, PBX_DOCUMENTED, false },
        { "a week behind, in a list of days", 1760604800, 1760604860, PBX_DOCUMENTED, false },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const struct pbx_row row = { .started = rows[i].started, .ended = rows[i].ended, .dialect = rows[i].dialect };
        unit_true(rows[i].name, pbx_query_covers(&window, &row) == rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pbx_query_names_the_window_in_the_pbx_s_time),
        cmocka_unit_test(test_pbx_query_covers_calls_that_touch_the_window),
    };
    return cmocka_run_group_tests_name("pbx_query", tests, NULL, NULL);
}
