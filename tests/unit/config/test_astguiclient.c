/* Tests of astguiclient: VICIdial's file, read by VICIdial's rules. */
#include "../unit.h"

#include "config/astguiclient.h"

static const char pass[] = "VARDB_pass", server[] = "VARDB_server", port[] = "VARDB_port";

struct row {
    const char *text, *key, *want; /* want NULL: no line sets the key */
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int line = 0;
        char *value = astguiclient_value(rows[i].text, rows[i].key, &line);
        unit_same_text(rows[i].text, value, rows[i].want);
        free(value);
    }
}

static void test_astguiclient_reads_each_line_as_vicidial_does(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "VARDB_pass => 1234", pass, "1234" },
        { "VARDB_pass => 1234\n", pass, "1234" },
        { "VARDB_pass => 1234\r\n", pass, "1234" },
        { "\tVARDB_pass\t=>\t1234\t\r\n", pass, "1234" },
        { "   VARDB_pass => 1234   \n", pass, "1234" },
        { "VARDB_pass=1234", pass, "1234" },
        { "VARDB_pass => a#b", pass, "a" },
        { "VARDB_pass => a;b", pass, "a" },
        { "VARDB_pass => a ; b # c", pass, "a" },
        { "VARDB_pass => a=b", pass, "b" },
        { "VARDB_pass => a=b=", pass, "" },
        { "VARDB_pass => a>b c", pass, "abc" },
        { "VARDB_pass => a\tb\rc", pass, "abc" },
        { "VARDB_pass => \"q\"", pass, "\"q\"" },
        { "VARDB_pass => 'q'", pass, "'q'" },
        { "VARDB_password => z", pass, "z" },
        { "VARDB_pass =>", pass, "" },
        { "VARDB_pass => # none", pass, "" },
        { "VARDB_pass => p\xC3\xA4ss\xFF", pass, "p\xC3\xA4ss\xFF" },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static void test_astguiclient_ignores_comments_and_other_keys(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "", pass, NULL },
        { "\n\n \r\n", pass, NULL },
        { "#VARDB_pass => x", pass, NULL },
        { "  # VARDB_pass => x", pass, NULL },
        { ";VARDB_pass => x", pass, NULL },
        { "vardb_pass => x", pass, NULL },
        { "Vardb_pass => x", pass, NULL },
        { "xVARDB_pass => x", pass, NULL },
        { "VARDB_pas => x", pass, NULL },
        { "VARDB_custom_pass => x", pass, NULL },
        { "VARDB_user => VARDB_pass => x", pass, NULL },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static void test_astguiclient_last_line_wins(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "VARDB_pass => a\nVARDB_pass => b\n", pass, "b" },
        { "VARDB_pass => a\nVARDB_password => b\n", pass, "b" }, /* the second line begins with the same key */
        { "VARDB_password => b\nVARDB_pass => a\n", pass, "a" },
        { "VARDB_pass => a\nVARDB_pass =>\n", pass, "" },
        { "VARDB_pass => a\n#VARDB_pass => b\n", pass, "a" },
        { "VARDB_port => 3306\nVARDB_port_spare => 3307\n", port, "3307" },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static void test_astguiclient_reads_the_quoted_form_with_a_dollar(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "$VARDB_server => 'localhost';", server, "localhost" },
        { "$VARDB_server = \"db.example\";\n", server, "db.example" },
        { "  $VARDB_server => 'localhost' ;\r\n", server, "localhost" },
        { "$VARDB_server => localhost;", server, "localhost" },
        { "$VARDB_pass => '';", pass, "" },
        { "$VARDB_pass => ''';", pass, "'" },
        { "$VARDB_pass => 'a\";", pass, "'a\"" },
        { "$VARDB_pass => ';", pass, "'" },
        { "$$VARDB_pass => 'a';", pass, NULL },
        { "VARDB_server => a\n$VARDB_server => 'b';\n", server, "b" },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

/* The lines that VICIdial's installer writes, in its order. */
static void test_astguiclient_reads_a_whole_installed_file(void **state)
{
    (void)state;
    static const char text[] = "# astguiclient.conf - configuration elements for the astguiclient package\n"
                               "#\n"
                               "PATHhome => /usr/share/astguiclient\n"
                               "VARserver_ip => 10.10.10.15\n"
                               "VARDB_server => localhost\n"
                               "VARDB_database => asterisk\n"
                               "VARDB_user => cron\n"
                               "VARDB_pass => 1234\n"
                               "VARDB_custom_user => custom\n"
                               "VARDB_custom_pass => custom1234\n"
                               "VARDB_port => 3306\n"
                               "VARCS_server => \nVARCS_pass => \n"
                               "VARactive_keepalives => 123456\n"
                               "ExpectedDBSchema => 1720\n";
    static const struct row rows[] = {
        { text, server, "localhost" }, { text, "VARDB_database", "asterisk" }, { text, "VARDB_user", "cron" },
        { text, pass, "1234" },        { text, port, "3306" },                 { text, "VARDB_socket", NULL },
        { text, "VARCS_pass", "" },    { text, "ExpectedDBSchema", "1720" },
    };
    check_rows(rows, UNIT_COUNT(rows));
}

static void test_astguiclient_reads_lines_of_any_length(void **state)
{
    (void)state;
    int line = 0;
    char text[20100] = "VARDB_pass => ";
    size_t start = strlen(text);
    memset(text + start, 'x', 20000);
    (void)strcpy(text + start + 20000, "\nVARDB_port => 1\n");
    char *value = astguiclient_value(text, pass, &line);
    assert_non_null(value);
    assert_int_equal(strlen(value), 20000);
    free(value);
    value = astguiclient_value(text, port, &line);
    assert_int_equal(line, 2);
    assert_string_equal(value, "1");
    free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_astguiclient_reads_each_line_as_vicidial_does),
        cmocka_unit_test(test_astguiclient_ignores_comments_and_other_keys),
        cmocka_unit_test(test_astguiclient_last_line_wins),
        cmocka_unit_test(test_astguiclient_reads_the_quoted_form_with_a_dollar),
        cmocka_unit_test(test_astguiclient_reads_a_whole_installed_file),
        cmocka_unit_test(test_astguiclient_reads_lines_of_any_length),
    };
    return cmocka_run_group_tests_name("astguiclient", tests, NULL, NULL);
}
