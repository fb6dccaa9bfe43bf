/* Tests of inifile: the reported values, problems and line numbers. */
#include "../unit.h"

#include "config/inifile.h"

/* The reported events, one per line: "LINE [SECTION] KEY=VALUE" or "LINE !PROBLEM". */
struct events {
    char text[9300];
    size_t used;
};

static void on_value(void *context, const char *section, const char *key, const char *value, int line)
{
    struct events *events = context;
    events->used += (size_t)snprintf(events->text + events->used, sizeof events->text - events->used, "%d [%s] %s=%s\n",
                                     line, section, key, value);
}

static void on_problem(void *context, const char *section, const char *text, const char *problem, int line)
{
    struct events *events = context;
    (void)section;
    (void)text;
    events->used += (size_t)snprintf(events->text + events->used, sizeof events->text - events->used, "%d !%s\n", line,
                                     problem);
}

struct row {
    const char *text, *want;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct events events = { .used = 0 };
        inifile_read(rows[i].text, &(struct inifile_reader){ on_value, on_problem, &events, "secret" });
        unit_same_text(rows[i].text, events.text, rows[i].want);
    }
}

static void test_inifile_reports_each_value_with_section_and_line(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "", "" },
        { "\n\n", "" },
        { "a = 1\n", "1 [] a=1\n" },
        { "a = 1", "1 [] a=1\n" },
        { "a=1\nb=2\n", "1 [] a=1\n2 [] b=2\n" },
        { "[s]\na = 1\n\n[t]\na = 2\n", "2 [s] a=1\n5 [t] a=2\n" },
        { "[s]\n[t]\na = 1\n", "3 [t] a=1\n" },
        { "[two words]\na = 1\n", "2 [two words] a=1\n" },
        { "a = 1\na = 2\n", "1 [] a=1\n2 [] a=2\n" },
        { "* = completed\n", "1 [] *=completed\n" },
        { "a : 1\n", "1 [] a=1\n" },
        { "a =\n", "1 [] a=\n" },
        { "a = b = c\n", "1 [] a=b = c\n" },
        { "a => b\n", "1 [] a=> b\n" },
        { "a b = c d\n", "1 [] a b=c d\n" },
        { "a = \"quoted\"\n", "1 [] a=\"quoted\"\n" },
        { "a = \xC3\xA9\xFF\n", "1 [] a=\xC3\xA9\xFF\n" },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static void test_inifile_ignores_indentation_and_line_ends(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "[s]\r\na = 1\r\nb = 2\r\n", "2 [s] a=1\n3 [s] b=2\n" },
        { "  [s]  \n\ta = 1  \n    b = 2\n", "2 [s] a=1\n3 [s] b=2\n" },
        /* inih alone would continue the first value with the second line */
        { "a = 1\n  b = 2\n", "1 [] a=1\n2 [] b=2\n" },
        { "\xEF\xBB\xBF[s]\na = 1\n", "2 [s] a=1\n" },
        { "\xEF\xBB\xBF" "a = 1\n", "1 [] a=1\n" },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static void test_inifile_skips_comments(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "; a = 1\n# b = 2\n  ;c = 3\n\t#d = 4\n", "" },
        { "a = 1 ; the first\n", "1 [] a=1\n" },
        { "a = 1;2\n", "1 [] a=1;2\n" },
        { "a = 1 # 2\n", "1 [] a=1\n" },
        { "a = 1\t;2\nb = 2\t#3\n", "1 [] a=1\n2 [] b=2\n" },
        { "a = 1 ;2 #3\n", "1 [] a=1\n" },
        { "a = 1#2\n", "1 [] a=1#2\n" },
        { "a = # 1\nb =; 2\nc = ;3\n", "1 [] a=\n2 [] b=; 2\n3 [] c=\n" },
        { "a = b = c ; d = e\n", "1 [] a=b = c\n" },
        { "a # = 1\n", "1 [] a #=1\n" },
        { "secret = 1 ; 2 # 3\nSECRET =  ;x\n[s]\nsecret : # \n",
          "1 [] secret=1 ; 2 # 3\n2 [] SECRET=;x\n4 [s] secret=#\n" },
        { "[s] ; the section\na = 1\n", "2 [s] a=1\n" },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

#define NO_VALUE "is not 'key = value'\n"

static void test_inifile_reports_each_line_that_is_not_ini_and_goes_on(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "garbage\n", "1 !" NO_VALUE },
        { "garbage", "1 !" NO_VALUE },
        { "a = 1\ngarbage\nb = 2\nmore\n", "1 [] a=1\n2 !" NO_VALUE "3 [] b=2\n4 !" NO_VALUE },
        { "[s\na = 1\n", "1 !" NO_VALUE "2 [] a=1\n" },
        { "a ; = 1\n", "1 !" NO_VALUE },
        { "<html>\n", "1 !" NO_VALUE },
        { "[s ; note]\na = 1\n", "1 !" NO_VALUE "2 [] a=1\n" }, /* inih takes the bracket as part of the comment */
    };
    check_rows(rows, UNIT_COUNT(rows));
}

/* inih receives only the beginning of a long line. */
static void test_inifile_reports_the_whole_value_of_a_long_line(void **state)
{
    (void)state;
    char list[2200] = "", text[5000], want[5000];
    for (int i = 0; i < 240; i++)
        (void)snprintf(list + strlen(list), sizeof list - strlen(list), "CAMP%d ", 1000 + i);
    (void)snprintf(text, sizeof text,
                   "[s]\na = %s# not these\nb = 1\n%0300d = 1\nc = %0180d ; x = y\n[%0250d]\nd = 1\n", list, 0, 0, 0);
    list[strlen(list) - 1] = '\0';
    (void)snprintf(want, sizeof want, "2 [s] a=%s\n3 [s] b=1\n4 !is not 'key = value'\n5 [s] c=%0180d\n"
                   "6 !is not 'key = value'\n7 [s] d=1\n", list, 0);
    struct events events = { .used = 0 };
    inifile_read(text, &(struct inifile_reader){ on_value, on_problem, &events, NULL });
    unit_same_text("long lines", events.text, want);
}

static void test_inifile_remembers_which_line_set_a_key(void **state)
{
    (void)state;
    struct inifile_keys keys = { .count = 0 };
    assert_int_equal(inifile_add_key(&keys, "s", "a", 2), 0);
    assert_int_equal(inifile_add_key(&keys, "s", "b", 3), 0);
    assert_int_equal(inifile_add_key(&keys, "t", "a", 5), 0);
    assert_int_equal(inifile_add_key(&keys, "S", "A", 7), 2);
    assert_int_equal(inifile_add_key(&keys, "t", "a", 9), 5);
    inifile_keys_free(&keys);
    assert_int_equal(inifile_add_key(&keys, "s", "a", 1), 0);
    inifile_keys_free(&keys);
}

static void test_inifile_reports_lines_that_are_too_long(void **state)
{
    (void)state;
    static const struct {
        size_t length;
        bool comment, refused;
    } rows[] = {
        { INIFILE_MAX_LINE - 1, false, false }, { INIFILE_MAX_LINE, false, false },
        { INIFILE_MAX_LINE + 1, false, true },  { 9000, false, true },
        { INIFILE_MAX_LINE + 1, true, false },  { 9000, true, false },
        { 189, false, false },                  { 190, false, false },
        { 191, false, false },                  { 200, false, false },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char text[9100], want[9200], row[40];
        struct events events = { .used = 0 };
        (void)snprintf(row, sizeof row, "%zu characters%s", rows[i].length, rows[i].comment ? " of comment" : "");
        memset(text, 'x', rows[i].length);
        memcpy(text, rows[i].comment ? "# " : "a=", 2);
        (void)strcpy(text + rows[i].length, "\nb = 2\n");
        if (rows[i].refused)
            (void)snprintf(want, sizeof want, "1 !is longer than 4096 characters\n2 [] b=2\n");
        else if (rows[i].comment)
            (void)snprintf(want, sizeof want, "2 [] b=2\n");
        else
            (void)snprintf(want, sizeof want, "1 [] a=%.*s\n2 [] b=2\n", (int)rows[i].length - 2, text + 2);
        inifile_read(text, &(struct inifile_reader){ on_value, on_problem, &events, "secret" });
        unit_same_text(row, events.text, want);
    }
}

static void keep_text(void *context, const char *section, const char *text, const char *problem, int line)
{
    (void)problem;
    (void)line;
    (void)snprintf(context, 64, "[%s] %s", section, text);
}

static void test_inifile_shows_the_beginning_of_a_problem_line(void **state)
{
    (void)state;
    char seen[64] = "";
    struct inifile_reader reader = { on_value, keep_text, seen, NULL };
    inifile_read("[x]\n[general]\n  api_key without a sign\n", &reader);
    assert_string_equal(seen, "[general] api_key without a sign");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inifile_reports_each_value_with_section_and_line),
        cmocka_unit_test(test_inifile_ignores_indentation_and_line_ends),
        cmocka_unit_test(test_inifile_skips_comments),
        cmocka_unit_test(test_inifile_reports_each_line_that_is_not_ini_and_goes_on),
        cmocka_unit_test(test_inifile_reports_the_whole_value_of_a_long_line),
        cmocka_unit_test(test_inifile_remembers_which_line_set_a_key),
        cmocka_unit_test(test_inifile_reports_lines_that_are_too_long),
        cmocka_unit_test(test_inifile_shows_the_beginning_of_a_problem_line),
    };
    return cmocka_run_group_tests_name("inifile", tests, NULL, NULL);
}
