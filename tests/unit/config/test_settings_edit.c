/* Tests of settings_edit: one value changes, and nothing else. */
#include "../unit.h"

#include "config/settings_edit.h"

static void test_settings_edit_changes_one_line_only(void **state)
{
    static const struct {
        const char *text, *section, *key, *want;
    } rows[] = {
        { "", "sync", "settle", "[sync]\nsettle = 9\n" },
        { "# c\n", "sync", "settle", "# c\n\n[sync]\nsettle = 9\n" },
        { "[sync]\nsettle = 2\n", "sync", "settle", "[sync]\nsettle = 9\n" },
        { "[sync]\nsettle=2", "sync", "settle", "[sync]\nsettle = 9\n" },
        { "[sync]\n  settle = 2 ; why\n# c\n", "sync", "settle", "[sync]\n  settle = 9 ; why\n# c\n" },
        { "[sync]\nsettle = 2\t# why\n", "sync", "settle", "[sync]\nsettle = 9\t# why\n" },
        { "[sync]\nsettle = a;b\n", "sync", "settle", "[sync]\nsettle = 9\n" },
        { "[SYNC]\nSettle : 2\n", "sync", "settle", "[SYNC]\nsettle = 9\n" },
        { "[sync]\n;settle = 2\n;more = 1\n\n[log]\n", "sync", "settle",
          "[sync]\n;settle = 2\nsettle = 9\n;more = 1\n\n[log]\n" },
        { "[sync]\nmore = 1\n\n[log]\nsettle = 3\n", "sync", "settle",
          "[sync]\nmore = 1\nsettle = 9\n\n[log]\nsettle = 3\n" },
        { "[sync]\nsettle_more = 1\n", "sync", "settle", "[sync]\nsettle_more = 1\nsettle = 9\n" },
        { "[log]\nlevel = info", "sync", "settle", "[log]\nlevel = info\n\n[sync]\nsettle = 9\n" },
        { "[a]\n[sync]\n[b]\nsettle = 1\n", "sync", "settle", "[a]\n[sync]\nsettle = 9\n[b]\nsettle = 1\n" },
        { "; settle is a word\n[sync]\n; settle is a word\nx = 1\n", "sync", "settle",
          "; settle is a word\n[sync]\n; settle is a word\nx = 1\nsettle = 9\n" },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *got = settings_edit(rows[i].text, rows[i].section, rows[i].key, "9");
        unit_same_text(rows[i].text, got, rows[i].want);
        char *again = settings_edit(got, rows[i].section, rows[i].key, "9");
        unit_same_text(rows[i].text, again, rows[i].want);
        free(again);
        free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_edit_changes_one_line_only),
    };
    return cmocka_run_group_tests_name("settings_edit", tests, NULL, NULL);
}
