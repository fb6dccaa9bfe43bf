/* Tests of campaigns: the dialer lacks campaigns of the settings, and runs warn about them. */
#include "../scene.h"

#include "engine/campaigns.h"

#include <time.h>

#define DAY 86400
#define MIDNIGHT (INT64_C(19700) * DAY) /* UTC */

static struct source source;
static int64_t epoch = MIDNIGHT + DAY - 10;

/* Replaces the function of the C library. */
time_t time(time_t *out)
{
    if (out != NULL)
        *out = (time_t)epoch;
    return (time_t)epoch;
}

static void set(struct scene *scene, const char *const *present, const char *campaigns, const char *excluded)
{
    static char selects[1000], excludes[200];
    (void)snprintf(selects, sizeof selects, "%s", campaigns);
    (void)snprintf(excludes, sizeof excludes, "%s", excluded);
    scene->calls.campaigns = present;
    scene->settings.campaigns = selects;
    scene->settings.exclude_campaigns = excludes;
    source = memory_source_open(&scene->calls);
}

static struct campaigns look(struct scene *scene)
{
    struct err err;
    struct campaigns found;
    if (campaigns_look(&source, &scene->settings, &found, &err) != 0)
        fail_msg("%s", err.message);
    return found;
}

static const char *const present[] = { "SALES", "TEST", "IN_1", NULL };

static void test_campaigns_that_the_dialer_lacks_are_found(void **state)
{
    static const struct {
        const char *campaigns, *excluded;
        size_t selected, unknown_selected;
        const char *unknown, *unknown_excluded, *present;
    } rows[] = {
        { "", "", 0, 0, "", "", "" }, /* the dialer is not asked */
        { "SALES", "", 1, 0, "", "", "SALES, TEST, IN_1" },
        { "SALES TEST", "IN_1", 2, 0, "", "", "SALES, TEST, IN_1" },
        { " \tSALES,TEST, IN_1 ", "", 3, 0, "", "", "SALES, TEST, IN_1" },
        { "SALE", "", 1, 1, "SALE", "", "SALES, TEST, IN_1" },
        { "SALES SALEZ TESTS", "", 3, 2, "SALEZ, TESTS", "", "SALES, TEST, IN_1" },
        { "", "X", 0, 0, "", "X", "SALES, TEST, IN_1" },
        { "A,B", "C D,SALES", 2, 2, "A, B", "C, D", "SALES, TEST, IN_1" },
        { " ", "", 0, 0, "", "", "SALES, TEST, IN_1" },
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        set(scene, present, rows[i].campaigns, rows[i].excluded);
        struct campaigns found = look(scene);
        unit_same_int(rows[i].campaigns, found.selected, rows[i].selected);
        unit_same_int(rows[i].campaigns, found.unknown_selected, rows[i].unknown_selected);
        unit_same_text(rows[i].campaigns, found.unknown, rows[i].unknown);
        unit_same_text(rows[i].campaigns, found.unknown_excluded, rows[i].unknown_excluded);
        unit_same_text(rows[i].campaigns, found.present, rows[i].present);
    }
    assert_int_equal(scene->calls.listed, UNIT_COUNT(rows) - 1);
}

static void test_a_dialer_without_campaigns_lacks_all(void **state)
{
    struct scene *scene = *state;
    set(scene, NULL, "TEST", "");
    struct campaigns found = look(scene);
    assert_string_equal(found.unknown, "TEST");
    assert_string_equal(found.present, "none");
}

/* Long lists are cut: unknown campaigns at any byte, the dialer's campaigns after a whole name. */
static void test_long_lists_of_names_are_cut(void **state)
{
    struct scene *scene = *state;
    static char names[100][12], text[1000];
    static const char *many[101];
    for (size_t i = 0; i < 100; i++) {
        (void)snprintf(names[i], sizeof names[i], "CAMP%04zu", i);
        many[i] = names[i];
        (void)snprintf(text + i * 9, sizeof text - i * 9, "XAMP%04zu ", i);
    }
    set(scene, many, text, "");
    struct campaigns found = look(scene);
    assert_int_equal(found.unknown_selected, 100);
    assert_int_equal(strlen(found.unknown), sizeof found.unknown - 1);
    /* Each is ", " and 8 bytes: 63 of them and ", ..." take 633 bytes of 640. */
    assert_int_equal(strlen(found.present), 633);
    assert_string_equal(found.present + 618, ", CAMP0062, ...");
    many[64] = NULL; /* 64 names fit in 638 bytes, but a next name would not */
    set(scene, many, "X", "");
    found = look(scene);
    assert_int_equal(strlen(found.present), 633);
}

static void test_a_list_is_cut_at_the_last_possible_byte(void **state)
{
    struct scene *scene = *state;
    static char first[640];
    static const char *two[] = { first, "LAST", NULL };
    static const struct {
        size_t length, whole; /* of the first name, and of the whole text */
        const char *end;
    } rows[] = {
        { 627, 633, "A, LAST" }, { 628, 634, "A, LAST" },
        { 629, 634, "A, ..." }, { 632, 637, "A, ..." }, /* with one more byte, ", ..." would not fit */
        { 633, 5, ", ..." },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        memset(first, '\0', sizeof first);
        memset(first, 'A', rows[i].length);
        set(scene, two, "X", "");
        struct campaigns found = look(scene);
        unit_same_int(rows[i].end, strlen(found.present), rows[i].whole);
        unit_has(rows[i].end, found.present, rows[i].end);
    }
}

/* The message has at most sixty bytes of a long name in the settings. */
static void test_a_long_name_is_cut(void **state)
{
    struct scene *scene = *state;
    char name[101];
    memset(name, 'N', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    set(scene, present, name, "");
    assert_int_equal(strlen(look(scene).unknown), 60);
}

static void test_an_error_of_the_source_gives_no_warning(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct campaigns found;
    set(scene, present, "X", "");
    scene->calls.fails = true;
    assert_int_equal(campaigns_look(&source, &scene->settings, &found, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_CAMPAIGNS), 0); /* so the next run asks again */
    assert_int_equal(scene_count_log(scene, "WARN"), 0);
}

/* ---- warnings of runs ---- */

static void test_the_same_warning_comes_once(void **state)
{
    struct scene *scene = *state;
    set(scene, present, "SALES", "TEST");
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    assert_int_equal(scene_count_log(scene, "WARN"), 0);
    set(scene, present, "SALEZ", "TEST");
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    scene_check_log(scene, "one", "campaigns names SALEZ, which the memory does not have, so no call of it is sent");
    assert_int_equal(scene_count_log(scene, "WARN"), 1);
    campaigns_warn(&source, scene_ledger(scene), &scene->settings); /* no second warning today */
    assert_int_equal(scene->calls.listed, 2);
    assert_int_equal(scene_count_log(scene, "WARN"), 1);
    set(scene, present, "SALEZ X", "Y");
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    scene_check_log(scene, "two", "SALEZ, X, which the memory does not have, so no call of them is sent");
    scene_check_log(scene, "excluded", "exclude_campaigns names Y, which the memory does not have");
    assert_int_equal(scene_count_log(scene, "WARN"), 3);
    set(scene, present, "SALEZ", "X Y"); /* the same names in the other setting */
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    assert_int_equal(scene_count_log(scene, "WARN"), 5);
}

static void test_the_warning_comes_once_a_day(void **state)
{
    struct scene *scene = *state;
    static const struct {
        int64_t epoch;
        size_t warnings;
    } rows[] = { { MIDNIGHT, 1 }, { MIDNIGHT + 60, 1 }, { MIDNIGHT + DAY - 1, 1 }, { MIDNIGHT + DAY, 2 },
                 { MIDNIGHT + 2 * DAY - 1, 2 }, { MIDNIGHT + 2 * DAY, 3 } };
    set(scene, present, "SALEZ", "");
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        epoch = rows[i].epoch;
        campaigns_warn(&source, scene_ledger(scene), &scene->settings);
        assert_int_equal(scene_count_log(scene, "WARN"), rows[i].warnings);
    }
}

/* AB and C differ from A and BC. */
static void test_a_name_moved_to_the_other_setting_is_a_new_warning(void **state)
{
    struct scene *scene = *state;
    set(scene, present, "SALEZ", "X");
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    set(scene, present, "SALEZX", "");
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    assert_int_equal(scene_count_log(scene, "WARN"), 3);
}

static void test_without_a_ledger_each_run_warns(void **state)
{
    struct scene *scene = *state;
    set(scene, present, "SALEZ", "");
    for (size_t i = 1; i <= 2; i++) {
        campaigns_warn(&source, NULL, &scene->settings);
        assert_int_equal(scene_count_log(scene, "WARN"), i);
    }
}

static void test_without_campaigns_in_the_settings_the_dialer_is_not_asked(void **state)
{
    struct scene *scene = *state;
    set(scene, present, "", "");
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    assert_int_equal(scene->calls.listed, 0);
    set(scene, present, "", "X");
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    assert_int_equal(scene->calls.listed, 1);
}

/* The ledger cannot note the warning. So no run warns, instead of a warning each minute. */
static void test_with_a_failing_ledger_no_run_warns(void **state)
{
    struct scene *scene = *state;
    set(scene, present, "SALEZ", "");
    scene_break(scene, "note");
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    assert_int_equal(scene->calls.listed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scene(test_campaigns_that_the_dialer_lacks_are_found),
        in_scene(test_a_dialer_without_campaigns_lacks_all),
        in_scene(test_long_lists_of_names_are_cut),
        in_scene(test_a_list_is_cut_at_the_last_possible_byte),
        in_scene(test_a_long_name_is_cut),
        in_scene(test_an_error_of_the_source_gives_no_warning),
        in_scene(test_the_same_warning_comes_once),
        in_scene(test_the_warning_comes_once_a_day),
        in_scene(test_a_name_moved_to_the_other_setting_is_a_new_warning),
        in_scene(test_without_a_ledger_each_run_warns),
        in_scene(test_without_campaigns_in_the_settings_the_dialer_is_not_asked),
        in_scene(test_with_a_failing_ledger_no_run_warns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
