/* Tests of pbx_known: when the end of a list need not be read again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

#include "base/mem.h"
#include "source/pbx_known.h"

static const char *const no_secrets[API_WORDS_SECRETS];

/* A page with the rows of a list from offset on. Row n of the list has the uuid first - n, so the newest has the
 * highest number, and new rows come in front. */
static struct pbx_page page_of(int first, int offset, int count, int total)
{
    struct pbx_page page;
    struct err err = { .message = "" };
    char *body = mem_format("{\"success\":true,\"total\":%d,\"data\":[", total);
    for (int i = 0; i < count; i++) {
        char *more = mem_format("%s%s{\"uuid\":\"%d\"}", body, i > 0 ? "," : "", first - offset - i);
        free(body);
        body = more;
    }
    char *whole = mem_format("%s]}", body);
    assert_int_equal(pbx_page_read(whole, no_secrets, &page, &err), 0);
    free(whole);
    free(body);
    return page;
}

static bool is_met(const struct pbx_known *known, int first, int offset, int count, int total)
{
    struct pbx_page page = page_of(first, offset, count, total);
    bool met = pbx_known_is_met(known, &page, offset);
    pbx_page_clear(&page);
    return met;
}

static void add(struct pbx_known *known, int first, int offset, int count, int total)
{
    struct pbx_page page = page_of(first, offset, count, total);
    pbx_known_add(known, &page, offset);
    pbx_page_clear(&page);
}

static void test_pbx_known_meets_an_anchor_with_as_many_rows_behind_it(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int first, offset, count, total;
        bool want;
    } pages[] = {
        { "the same page", 1000, 0, 100, 300, true },
        { "30 new rows in front", 1030, 0, 100, 330, true },
        { "60 new rows in front: one anchor is left", 1060, 0, 100, 360, true },
        { "90 new rows in front: the anchors are on the next page", 1090, 0, 100, 390, false },
        { "that page", 1090, 90, 100, 390, true },
        { "a row has come behind the anchors", 1000, 0, 100, 301, false },
        { "a row has gone behind the anchors", 1000, 0, 100, 299, false },
        { "other rows at the same place", 2000, 0, 100, 300, false },
        { "the anchor is cut off", 1000, 0, 39, 300, false },
        { "the whole anchor", 1000, 0, 40, 300, true },
    };
    struct pbx_known known = { .count = 0 };
    add(&known, 1000, 0, 100, 300);
    unit_same_int("32 and 64", (int64_t)known.count, 2);
    for (size_t i = 0; i < UNIT_COUNT(pages); i++)
        unit_true(pages[i].name, is_met(&known, pages[i].first, pages[i].offset, pages[i].count, pages[i].total) ==
                                     pages[i].want);
}

static void test_pbx_known_has_anchors_of_all_pages(void **state)
{
    (void)state;
    static const int64_t want[] = { 32, 64, 128, 256, 512 };
    struct pbx_known known = { .count = 0 };
    for (int offset = 0; offset < 600; offset += 90)
        add(&known, 1000, offset, 100, 700);
    unit_same_int("count", (int64_t)known.count, UNIT_COUNT(want));
    for (size_t i = 0; i < UNIT_COUNT(want); i++) {
        unit_same_int("position", known.anchors[i].position, want[i]);
        unit_same_int("behind", known.anchors[i].behind, 700 - want[i] - PBX_KNOWN_ROWS);
    }
    for (int offset = 600; offset < 300000; offset += 90)
        add(&known, 400000, offset, 100, 400000);
    unit_same_int("never more", (int64_t)known.count, PBX_KNOWN_ANCHORS);
}

static void test_pbx_known_has_no_anchor_without_a_count_or_a_uuid(void **state)
{
    (void)state;
    struct pbx_known known = { .count = 0 };
    struct pbx_page page = page_of(1000, 0, 100, 300);
    page.total = -1;
    pbx_known_add(&known, &page, 0);
    unit_same_int("no total", (int64_t)known.count, 0);
    pbx_page_clear(&page);
    add(&known, 20, 0, 20, 20);
    unit_same_int("a short list", (int64_t)known.count, 0);
}

static void test_pbx_known_drops_what_is_not_behind_a_row(void **state)
{
    (void)state;
    struct pbx_known known = { .count = 0 };
    add(&known, 1000, 0, 200, 300);
    pbx_known_drop(&known, -1);
    unit_same_int("all are left", (int64_t)known.count, 3);
    pbx_known_drop(&known, 64);
    unit_same_int("one is left", (int64_t)known.count, 1);
    unit_same_int("the last one", known.anchors[0].position, 128);
}

static void test_pbx_known_inherits_only_what_is_behind(void **state)
{
    (void)state;
    struct pbx_known earlier = { .count = 0 }, known = { .count = 0 }, none = { .count = 0 };
    for (int offset = 0; offset < 600; offset += 90)
        add(&earlier, 1000, offset, 100, 700);
    add(&known, 1010, 0, 100, 710);
    pbx_known_inherit(&known, &earlier, 710);
    static const int64_t want[] = { 32, 64, 138, 266, 522 };
    unit_same_int("count", (int64_t)known.count, UNIT_COUNT(want));
    for (size_t i = 0; i < UNIT_COUNT(want); i++)
        unit_same_int("position", known.anchors[i].position, want[i]);
    pbx_known_inherit(&none, &earlier, 710);
    unit_same_int("all of them", (int64_t)none.count, 5);
}

static void test_pbx_known_survives_as_text(void **state)
{
    (void)state;
    struct pbx_known known = { .place = 1, .at = 1760000000, .started_from = 1759990000, .ended_from = 1759995000,
                               .ended_to = 1759999998, .list = UINT64_MAX };
    struct pbx_known again;
    char text[PBX_KNOWN_TEXT_SIZE], second[PBX_KNOWN_TEXT_SIZE];
    for (int offset = 0; offset < 300000; offset += 90)
        add(&known, 400000, offset, 100, 400000);
    pbx_known_write(&known, text);
    pbx_known_read(text, &again);
    unit_same_int("count", (int64_t)again.count, PBX_KNOWN_ANCHORS);
    pbx_known_write(&again, second);
    unit_same_text("the same text", text, second);
    static const char *const bad[] = { "", "-", "1 2 3", "x y z 1 2 3", " 1 2 3 4 5" };
    for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
        pbx_known_read(bad[i], &again);
        unit_same_int(bad[i], again.at, 0);
        unit_same_int(bad[i], (int64_t)again.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pbx_known_meets_an_anchor_with_as_many_rows_behind_it),
        cmocka_unit_test(test_pbx_known_has_anchors_of_all_pages),
        cmocka_unit_test(test_pbx_known_has_no_anchor_without_a_count_or_a_uuid),
        cmocka_unit_test(test_pbx_known_drops_what_is_not_behind_a_row),
        cmocka_unit_test(test_pbx_known_inherits_only_what_is_behind),
        cmocka_unit_test(test_pbx_known_survives_as_text),
    };
    return cmocka_run_group_tests_name("pbx_known", tests, NULL, NULL);
}
