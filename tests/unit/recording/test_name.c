/* Tests of name: the name of a recording's file. */
#include "../unit.h"

#include <time.h>

#include "recording/name.h"

static struct err err;

/* 2025-10-09 03:04:05 UTC */
#define STARTED INT64_C(1759979045)

static int enter(void **state)
{
    (void)state;
    (void)setenv("TZ", "UTC", 1);
    tzset();
    return 0;
}

static void test_name_follows_the_template(void **state)
{
    (void)state;
    static const struct {
        const char *template, *call, *name;
    } rows[] = {
        { NAME_DEFAULT, "7b0e-1", "7b0e-1_20251009_030405.mp3" },
        { "{uuid}_{YYYYMMDD_HHMMSS}.wav", "a", "a_20251009_030405.wav" },
        { "{YYYYMMDD} {HHMMSS} {uuid}", "a", "20251009 030405 a" },
        { "{uuid}", "../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd" },
        { "{uuid}", "1795714390.1", "1795714390.1" },
        { "{uuid}", "a b%\n\xc3\xa9", "a%20b%25%0A%C3%A9" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char name[NAME_SIZE], id[NAME_SIZE];
        const struct name_parts parts = { .call = rows[i].call, .ext = "mp3", .started = STARTED };
        unit_same_int(rows[i].template, name_check(rows[i].template, &err), 0);
        unit_same_int(rows[i].template, name_make(rows[i].template, &parts, name, &err), 0);
        unit_same_text(rows[i].template, name, rows[i].name);
        unit_true(rows[i].call, name_of_id(rows[i].call, name, sizeof name) && name_to_id(name, id, sizeof id));
        unit_same_text(rows[i].call, id, rows[i].call);
    }
}

static void test_name_refuses_a_template_that_could_lose_a_file(void **state)
{
    (void)state;
    static const char *const rows[] = { "", "{ext}", "{uuid}/{ext}", "../{uuid}", ".{uuid}", "{uuid}{year}",
                                        "{uuid}\n" };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        unit_same_int(rows[i], name_check(rows[i], &err), -1);
}

static void test_name_refuses_a_name_that_is_too_long_for_a_file(void **state)
{
    (void)state;
    char id[NAME_SIZE + 1], name[NAME_SIZE];
    memset(id, 'a', NAME_SIZE);
    id[NAME_SIZE] = '\0';
    const struct name_parts parts = { .call = id, .ext = "mp3", .started = STARTED };
    assert_int_equal(name_make("{uuid}", &parts, name, &err), -1);
    id[NAME_SIZE - 30] = '\0';
    assert_int_equal(name_make("{uuid}", &parts, name, &err), 0);
    assert_int_equal(name_make("{uuid}------------------------------", &parts, name, &err), -1);
}

static void test_name_folder_is_the_year_or_the_month(void **state)
{
    (void)state;
    char out[NAME_FOLDER_SIZE];
    assert_string_equal(name_folder(NAME_FOLDERS_NONE, STARTED, out), "");
    assert_string_equal(name_folder(NAME_FOLDERS_YEAR, STARTED, out), "2025");
    assert_string_equal(name_folder(NAME_FOLDERS_MONTH, STARTED, out), "2025/10");
}

static void test_name_takes_the_extension_from_the_path_or_the_content(void **state)
{
    (void)state;
    static const struct {
        const char *path, *type, *extension;
    } rows[] = {
        { "/demo/2025/a.mp3", "audio/wav", "mp3" }, { "/demo/a.WAV", NULL, "wav" },
        { "/demo/a", "audio/mpeg", "mp3" },         { "/demo/a", "Audio/MPEG; x=y", "mp3" },
        { "/demo.mp3/a", NULL, "wav" },             { "/demo/a.", "audio/ogg", "ogg" },
        { "/demo/a.p%h", "audio/x-wav", "wav" },    { "/demo/a.longextension", NULL, "wav" },
        { "a.ogg", NULL, "ogg" },                   { "/a", "audio/mpegurl", "wav" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char out[NAME_EXTENSION_SIZE];
        unit_same_text(rows[i].path, name_extension(rows[i].path, rows[i].type, out), rows[i].extension);
    }
    assert_string_equal(name_content_type("mp3"), "audio/mpeg");
    assert_string_equal(name_content_type("xyz"), "application/octet-stream");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_follows_the_template),
        cmocka_unit_test(test_name_refuses_a_template_that_could_lose_a_file),
        cmocka_unit_test(test_name_refuses_a_name_that_is_too_long_for_a_file),
        cmocka_unit_test(test_name_folder_is_the_year_or_the_month),
        cmocka_unit_test(test_name_takes_the_extension_from_the_path_or_the_content),
    };
    return cmocka_run_group_tests(tests, enter, NULL);
}
