/* Tests of str: trimming, numbers, word lists, text made safe, the stored hash. */
#include "../unit.h"

#include "base/str.h"

#define U_FFFD "\xEF\xBF\xBD"

static void test_str_trim_cuts_white_space_off_both_ends(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "", "" },           { " ", "" },
        { " \t\r\n\v\f", "" }, { "a", "a" },
        { " a", "a" },        { "a ", "a" },
        { "\t a  b \r\n", "a  b" },
        { "\xC2\xA0" "a", "\xC2\xA0" "a" }, /* a no-break space is not ASCII white space */
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "%s", rows[i].text);
        char *trimmed = str_trim(text);
        unit_same_text(rows[i].text, trimmed, rows[i].want);
        unit_true(rows[i].text, trimmed >= text && trimmed < text + sizeof text);
    }
}

static void test_str_to_int_reads_whole_decimal_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want;
    } rows[] = {
        { "0", 0 },
        { "-0", 0 },
        { "+7", 7 },
        { "-7", -7 },
        { "007", 7 },
        { "4294967296", INT64_C(4294967296) },
        { "9223372036854775807", INT64_MAX },
        { "-9223372036854775808", INT64_MIN },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        int64_t number = 4711;
        unit_true(rows[i].text, str_to_int(rows[i].text, &number));
        unit_same_int(rows[i].text, number, rows[i].want);
    }
}

static void test_str_to_int_refuses_other_text_and_keeps_the_result(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        " ",
        "+",
        "-",
        " 1",
        "1 ",
        "1\n",
        "\t1",
        "1x",
        "x1",
        "--1",
        "+-1",
        "- 1",
        "1.0",
        "1e3",
        "0x10",
        "1,000",
        "NULL",
        "9223372036854775808",
        "9223372036854775810",
        "18446744073709551617",
        "-9223372036854775809",
        "99999999999999999999999999",
        "\xEF\xBC\x91" /* full-width 1 */,
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        int64_t number = 4711;
        unit_true(rows[i], !str_to_int(rows[i], &number));
        unit_same_int(rows[i], number, 4711);
    }
}

static void test_str_yes_no_accepts_four_words_for_each(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        int want;
    } rows[] = { { "yes", 1 },  { "TRUE", 1 }, { "1", 1 },  { "On", 1 },  { "no", 0 },  { "False", 0 },
                 { "0", 0 },    { "off", 0 },  { "", -1 },  { "y", -1 },  { "2", -1 },  { "yes ", -1 } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        unit_same_int(rows[i].word, str_yes_no(rows[i].word), rows[i].want);
}

static void test_str_of_int_writes_what_str_to_int_reads(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        const char *want;
    } rows[] = {
        { 0, "0" },           { 7, "7" },     { -7, "-7" },
        { 10, "10" },         { 100, "100" }, { -100, "-100" },
        { INT64_C(4294967296), "4294967296" },
        { INT64_MAX, "9223372036854775807" },
        { INT64_MIN, "-9223372036854775808" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char room[STR_INT_SIZE];
        int64_t read = 4711;
        const char *text = str_of_int(rows[i].number, room);
        unit_same_text(rows[i].want, text, rows[i].want);
        unit_true(rows[i].want, text >= room && text < room + sizeof room);
        unit_true(rows[i].want, str_to_int(text, &read));
        unit_same_int(rows[i].want, read, rows[i].number);
    }
}

static void test_str_in_list_compares_whole_words_without_case(void **state)
{
    (void)state;
    static const struct {
        const char *list, *word;
        bool want;
    } rows[] = {
        { "INCALL QUEUE DISPO", "INCALL", true },  { "INCALL QUEUE DISPO", "QUEUE", true },
        { "INCALL QUEUE DISPO", "DISPO", true },   { "INCALL QUEUE DISPO", "dispo", true },
        { "incall", "INCALL", true },              { "A,B", "B", true },
        { ", A ,\tB,", "B", true },                { "A", "A", true },
        { "INCALL QUEUE DISPO", "DISP", false },   { "INCALL QUEUE DISPO", "DISPOS", false },
        { "INCALL QUEUE DISPO", "CALL", false },   { "AA AM", "A", false },
        { "", "A", false },                        { " , ", "A", false },
        { "A B", "A B", false },                   { "A B", "", false },
        { "", "", false },                         { " ", " ", false },
        { "ABAB ABA", "ABA", true },               { "ABC  AB\tC", "C", true },
        { "@[` {A}", "{a}", true },                { "@ [", "`", false },
        { "AZ", "az", true },                      { "az", "AZ", true },
        { "A B,", ",", false },                    { "\xC3\x89", "\xC3\xA9", false },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char row[80];
        (void)snprintf(row, sizeof row, "'%s' in '%s'", rows[i].word, rows[i].list);
        unit_same_int(row, str_in_list(rows[i].list, rows[i].word), rows[i].want);
    }
}

struct bytes_row {
    const char *name, *bytes;
    size_t length;
    const char *want;
};

#define BYTES(text) text, sizeof(text) - 1

static void test_str_make_utf8_replaces_each_invalid_byte(void **state)
{
    (void)state;
    static const struct bytes_row rows[] = {
        { "empty", BYTES(""), "" },
        { "ascii", BYTES("Az~ 09"), "Az~ 09" },
        { "controls stay", BYTES("\x01\t\n\x7F"), "\x01\t\n\x7F" },
        { "2, 3 and 4 bytes", BYTES("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x93\x9E"), "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x93\x9E" },
        { "first of 2, 3, 4", BYTES("\xC2\x80\xE0\xA0\x80\xF0\x90\x80\x80"), "\xC2\x80\xE0\xA0\x80\xF0\x90\x80\x80" },
        { "last of 2 and 3", BYTES("\xDF\xBF\xEF\xBF\xBF"), "\xDF\xBF\xEF\xBF\xBF" },
        { "U+10FFFF", BYTES("\xF4\x8F\xBF\xBF"), "\xF4\x8F\xBF\xBF" },
        { "beyond U+10FFFF", BYTES("\xF4\x90\x80\x80"), U_FFFD U_FFFD U_FFFD U_FFFD },
        { "around surrogates", BYTES("\xED\x9F\xBF\xEE\x80\x80"), "\xED\x9F\xBF\xEE\x80\x80" },
        { "surrogate", BYTES("\xED\xA0\x80"), U_FFFD U_FFFD U_FFFD },
        { "last surrogate", BYTES("\xED\xBF\xBF"), U_FFFD U_FFFD U_FFFD },
        { "overlong NUL", BYTES("\xC0\x80"), U_FFFD U_FFFD },
        { "overlong slash", BYTES("\xC1\xAF"), U_FFFD U_FFFD },
        { "overlong of 3", BYTES("\xE0\x9F\xBF"), U_FFFD U_FFFD U_FFFD },
        { "overlong of 4", BYTES("\xF0\x8F\xBF\xBF"), U_FFFD U_FFFD U_FFFD U_FFFD },
        { "lone continuation", BYTES("a\x80" "b"), "a" U_FFFD "b" },
        { "never a start", BYTES("\xF5\xFE\xFF"), U_FFFD U_FFFD U_FFFD },
        { "never a start, with all that would follow", BYTES("\xF5\x80\x80\x80"), U_FFFD U_FFFD U_FFFD U_FFFD },
        { "truncated at the end", BYTES("a\xE2\x82"), "a" U_FFFD U_FFFD },
        { "start byte at the end", BYTES("a\xF0"), "a" U_FFFD },
        { "truncated before ascii", BYTES("\xE2\x82" "A"), U_FFFD U_FFFD "A" },
        { "truncated before another", BYTES("\xE2\xC3\xA9"), U_FFFD "\xC3\xA9" },
        { "NUL inside", BYTES("a\0b"), "a" U_FFFD "b" },
        { "latin1", BYTES("caf\xE9"), "caf" U_FFFD },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *copy = str_make_utf8(rows[i].bytes, rows[i].length);
        unit_same_text(rows[i].name, copy, rows[i].want);
        free(copy);
        if (memchr(rows[i].bytes, '\0', rows[i].length) == NULL)
            unit_same_int(rows[i].name, str_is_utf8(rows[i].bytes), strcmp(rows[i].bytes, rows[i].want) == 0);
    }
}

static void test_str_make_utf8_reads_no_byte_beyond_the_length(void **state)
{
    (void)state;
    static const char euro_and_more[] = "\xE2\x82\xAC";
    char *copy = str_make_utf8(euro_and_more, 2); /* the third byte would complete the character */
    assert_string_equal(copy, U_FFFD U_FFFD);
    free(copy);
}

static void test_str_printable_replaces_control_characters(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "", "" },
        { "plain ~ text", "plain ~ text" },
        { "two\nlines\r\n", "two?lines??" },
        { "tab\there", "tab?here" },
        { "\x1B[31mred\x1B[0m", "?[31mred?[0m" },
        { "\x01\x1F\x7F", "???" },
        { "\xC2\x80\xC2\x85\xC2\x9F", "???" }, /* C1: NEL, CSI and the like */
        { "\xC2\xA0\xC3\xA9", "\xC2\xA0\xC3\xA9" },
        { "\xF0\x9F\x93\x9E \xE2\x86\x92", "\xF0\x9F\x93\x9E \xE2\x86\x92" },
        { "bad\xFF\xC0\x80", "bad" U_FFFD U_FFFD U_FFFD },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char out[128] = "old";
        unit_true(rows[i].text, str_printable(rows[i].text, out, sizeof out) == out);
        unit_same_text(rows[i].text, out, rows[i].want);
    }
}

static void test_str_printable_cuts_at_a_whole_character(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        const char *want;
    } rows[] = {
        { "abc", 5, "abc" },
        { "abc", 4, "abc" },
        { "abc", 3, "ab" },
        { "abc", 1, "" },
        { "a\xE2\x82\xAC", 5, "a\xE2\x82\xAC" },
        { "a\xE2\x82\xAC", 4, "a" },
        { "a\xE2\x82\xAC" "b", 4, "a" },
        { "a\xFF" "b", 5, "a" U_FFFD },
        { "a\xFF" "b", 4, "a" },
        { "\n\n\n", 3, "??" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char out[16];
        memset(out, '!', sizeof out);
        unit_same_text(rows[i].text, str_printable(rows[i].text, out, rows[i].size), rows[i].want);
        unit_same_int(rows[i].text, out[rows[i].size], '!'); /* no byte is written beyond size */
    }
}

static void test_str_cut_cuts_at_a_word_and_says_so(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        const char *want;
    } rows[] = {
        { "one two", 8, "one two" },
        { "", 8, "" },
        { "one two three", 12, "one two..." },
        { "one two three", 11, "one two..." },
        { "one two three", 10, "one..." },
        { "a verylongword", 12, "a verylo..." }, /* little would be left of it */
        { "abcd\xE2\x82\xAC" "efgh", 10, "abcd..." },
        { "abcd\xE2\x82\xAC" "efgh", 11, "abcd\xE2\x82\xAC..." },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char out[16];
        memset(out, '!', sizeof out);
        unit_same_text(rows[i].text, str_cut(rows[i].text, out, rows[i].size), rows[i].want);
        unit_same_int(rows[i].text, out[rows[i].size], '!'); /* no byte is written beyond size */
    }
}

static void test_str_hash_is_fnv1a_and_never_changes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t want;
    } rows[] = {
        { "", UINT64_C(0xcbf29ce484222325) },
        { "a", UINT64_C(0xaf63dc4c8601ec8c) },
        { "foobar", UINT64_C(0x85944171f73967e8) },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        unit_true(rows[i].text, str_hash(STR_HASH_START, rows[i].text, strlen(rows[i].text)) == rows[i].want);
    assert_true(str_hash(str_hash(STR_HASH_START, "foo", 3), "bar", 3) == UINT64_C(0x85944171f73967e8));
    assert_true(str_hash(STR_HASH_START, "\xFF", 1) == UINT64_C(0xaf64724c8602eb6e)); /* bytes, not signed characters */
}

static void test_str_hide_replaces_every_occurrence_and_ends(void **state)
{
    (void)state;
    static const struct {
        const char *text, *secret, *want;
    } rows[] = {
        { "key", "key", "***" },
        { "a key, keykey", "key", "a ***, ******" },
        { "aaa", "aa", "**a" },
        { "nothing", "key", "nothing" },
        { "text", "", "text" },
        { "text", NULL, "text" },
        { "", "key", "" },
        { "a-b-", "-", "a*b*" },
        { "a*b", "*", "a*b" }, /* found by fuzzing: an endless loop */
        { "a***b", "**", "a***b" },
        { "a*a*", "a*", "****" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "%s", rows[i].text);
        (void)alarm(10);
        str_hide(text, rows[i].secret);
        (void)alarm(0);
        unit_same_text(rows[i].text, text, rows[i].want);
    }
}

static void test_str_make_utf8_of_a_cut_character_stays_in_bounds(void **state)
{
    (void)state;
    char *bytes = malloc(3); /* without a NUL: the sanitizer reports a read beyond the end */
    assert_non_null(bytes);
    memcpy(bytes, "a\xE2\x82", 3);
    char *copy = str_make_utf8(bytes, 3);
    assert_string_equal(copy, "a" U_FFFD U_FFFD);
    free(copy);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_str_trim_cuts_white_space_off_both_ends),
        cmocka_unit_test(test_str_to_int_reads_whole_decimal_numbers),
        cmocka_unit_test(test_str_to_int_refuses_other_text_and_keeps_the_result),
        cmocka_unit_test(test_str_yes_no_accepts_four_words_for_each),
        cmocka_unit_test(test_str_of_int_writes_what_str_to_int_reads),
        cmocka_unit_test(test_str_in_list_compares_whole_words_without_case),
        cmocka_unit_test(test_str_make_utf8_replaces_each_invalid_byte),
        cmocka_unit_test(test_str_make_utf8_reads_no_byte_beyond_the_length),
        cmocka_unit_test(test_str_printable_replaces_control_characters),
        cmocka_unit_test(test_str_printable_cuts_at_a_whole_character),
        cmocka_unit_test(test_str_cut_cuts_at_a_word_and_says_so),
        cmocka_unit_test(test_str_hash_is_fnv1a_and_never_changes),
        cmocka_unit_test(test_str_hide_replaces_every_occurrence_and_ends),
        cmocka_unit_test(test_str_make_utf8_of_a_cut_character_stays_in_bounds),
    };
    return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
