/* Tests of campaigns: which names of the settings the dialer does not have, and how often a run says so. */
#include "../scene.h"

#include "engine/campaigns.h"

#include <time.h>

#define DAY 86400
#define MIDNIGHT (INT64_C(19700) * DAY) /* UTC */

static struct source source;
static int64_t epoch = MIDNIGHT + DAY - 10;

/* Stands in for the C library's. */
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

static void test_which_are_unknown(void **state)
{
    static const struct {
        const char *campaigns, *excluded;
        size_t selected, unknown_selected;
        const char *unknown, *unknown_excluded, *present;
    } rows[] = {
        { "", "", 0, 0, "", "", "" }, /* nothing is asked */
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

static void test_a_dialer_without_campaigns(void **state)
{
    struct scene *scene = *state;
    set(scene, NULL, "TEST", "");
    struct campaigns found = look(scene);
    assert_string_equal(found.unknown, "TEST");
    assert_string_equal(found.present, "");
}

/* What does not fit is cut: unknown ones anywhere, those that there are at a whole word. */
static void test_many_names(void **state)
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
    many[64] = NULL; /* 64 fit in 638 bytes, but nobody knows that none follows */
    set(scene, many, "X", "");
    found = look(scene);
    assert_int_equal(strlen(found.present), 633);
}

static void test_the_room_is_used_to_the_last_byte(void **state)
{
    struct scene *scene = *state;
    static char first[640];
    static const char *two[] = { first, "LAST", NULL };
    static const struct {
        size_t length, whole; /* of the first name, and of all that is shown */
        const char *end;
    } rows[] = {
        { 627, 633, "A, LAST" }, { 628, 634, "A, LAST" },
        { 629, 634, "A, ..." }, { 632, 637, "A, ..." }, /* a byte more would not leave room for ", ..." and another */
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

/* A long word of the settings takes no more than sixty bytes of the message. */
static void test_a_long_name_is_cut(void **state)
{
    struct scene *scene = *state;
    char name[101];
    memset(name, 'N', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    set(scene, present, name, "");
    assert_int_equal(strlen(look(scene).unknown), 60);
}

static void test_the_source_fails(void **state)
{
    struct scene *scene = *state;
    struct err err;
    struct campaigns found;
    set(scene, present, "X", "");
    scene->calls.fails = true;
    assert_int_equal(campaigns_look(&source, &scene->settings, &found, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    assert_int_equal(scene_note(scene, LEDGER_NOTE_CAMPAIGNS), 0); /* the next run asks again */
    assert_int_equal(scene_count_log(scene, "WARN"), 0);
}

/* ---- what a run says ---- */

static void test_it_warns_once(void **state)
{
    struct scene *scene = *state;
    set(scene, present, "SALES", "TEST");
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    assert_int_equal(scene_count_log(scene, "WARN"), 0);
    set(scene, present, "SALEZ", "TEST");
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    scene_check_log(scene, "one", "campaigns names SALEZ, which the dialer does not have, so no call of it is sent");
    assert_int_equal(scene_count_log(scene, "WARN"), 1);
    campaigns_warn(&source, scene_ledger(scene), &scene->settings); /* not again today */
    assert_int_equal(scene->calls.listed, 2);
    assert_int_equal(scene_count_log(scene, "WARN"), 1);
    set(scene, present, "SALEZ X", "Y");
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    scene_check_log(scene, "two", "SALEZ, X, which the dialer does not have, so no call of them is sent");
    scene_check_log(scene, "excluded", "exclude_campaigns names Y, which the dialer does not have");
    assert_int_equal(scene_count_log(scene, "WARN"), 3);
    set(scene, present, "SALEZ", "X Y"); /* the same words, elsewhere */
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    assert_int_equal(scene_count_log(scene, "WARN"), 5);
}

static void test_it_warns_once_a_day(void **state)
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

/* AB and C are not A and BC. */
static void test_a_name_that_moves_to_the_other_setting(void **state)
{
    struct scene *scene = *state;
    set(scene, present, "SALEZ", "X");
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    set(scene, present, "SALEZX", "");
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    assert_int_equal(scene_count_log(scene, "WARN"), 3);
}

static void test_without_a_ledger_it_warns_each_time(void **state)
{
    struct scene *scene = *state;
    set(scene, present, "SALEZ", "");
    for (size_t i = 1; i <= 2; i++) {
        campaigns_warn(&source, NULL, &scene->settings);
        assert_int_equal(scene_count_log(scene, "WARN"), i);
    }
}

static void test_where_nothing_is_set_nothing_is_asked(void **state)
{
    struct scene *scene = *state;
    set(scene, present, "", "");
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    assert_int_equal(scene->calls.listed, 0);
    set(scene, present, "", "X");
    campaigns_warn(&source, scene_ledger(scene), &scene->settings);
    assert_int_equal(scene->calls.listed, 1);
}

/* Then it cannot be noted that it was said, and it is not said each minute. */
static void test_a_ledger_that_fails(void **state)
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
        in_scene(test_which_are_unknown),
        in_scene(test_a_dialer_without_campaigns),
        in_scene(test_many_names),
        in_scene(test_the_room_is_used_to_the_last_byte),
        in_scene(test_a_long_name_is_cut),
        in_scene(test_the_source_fails),
        in_scene(test_it_warns_once),
        in_scene(test_it_warns_once_a_day),
        in_scene(test_a_name_that_moves_to_the_other_setting),
        in_scene(test_without_a_ledger_it_warns_each_time),
        in_scene(test_where_nothing_is_set_nothing_is_asked),
        in_scene(test_a_ledger_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
