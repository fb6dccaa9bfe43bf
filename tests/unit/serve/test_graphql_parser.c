/* Unit tests of graphql_lexer, graphql_string and graphql_parser: what is a query, and what its texts mean. */
#include "graphql_scene.h"

#include "serve/graphql_parser.h"

/* NULL: the text is a query; else the message. */
static const char *problem_of(const char *text)
{
    static char message[600];
    struct arena arena = { .last = NULL };
    struct graphql_errors errors = { .arena = &arena, .source = text };
    struct json_writer list = { .text = NULL };
    const struct graphql_document *document = graphql_parse(&arena, &errors);
    assert_int_equal(document == NULL, errors.count != 0);
    graphql_errors_write(&errors, &list);
    (void)snprintf(message, sizeof message, "%s", list.text);
    free(list.text);
    arena_free(&arena);
    return document != NULL ? NULL : message;
}

static void test_queries_that_the_grammar_has(void **state)
{
    static const char *const rows[] = {
        "{a}",
        "{a,b c\n d}",
        "\xEF\xBB\xBF{a}",
        "{a \xEF\xBB\xBF b}",
        "query{a}",
        "query q{a}",
        "mutation m{a}",
        "subscription s{a}",
        "query q($a:Int){a}",
        "query($a:[[Int!]]! = [[1]] $b:B){a}",
        "query q @d {a}",
        "query q($a:Int @d(x:1)){a}",
        "{a:b}",
        "{a(b:1)}",
        "{a(b:1,c:2)}",
        "{a{b{c}}}",
        "{a @d}",
        "{a @d(x:1)@e{b}}",
        "{...f}",
        "{...f @d}",
        "{...{a}}",
        "{...on T{a}}",
        "{...@d{a}}",
        "{...on T@d{a}}",
        "fragment f on T{a}",
        "fragment query on on{fragment}",
        "{query mutation on true null fragment}",
        "{a(b:$c)}",
        "{a(b:[$c,{d:$e}])}",
        "{a(b:null,c:true,d:false,e:NAME,f:on)}",
        "{a(b:[],c:{})}",
        "{a(b:0,c:-0,d:-1,e:1234567890123456789012345)}",
        "{a(b:0.5,c:-1.25e10,d:1E+2,e:2e-3,f:0e0)}",
        "{a(b:\"\",c:\"x\")}",
        "{a(b:\"\\u00e9\\n\\\"\\\\\\/\")}",
        "{a(b:\"\"\"\"\"\")}",
        "{a(b:\"\"\"x\n\"y\" \\\"\"\" \\z\"\"\")}",
        "#c\n{a#c\n}#c",
        "{a}#c\twith \"any\" {thing}",
        "{a} query b{c} fragment d on e{f}",
        "\r\n{\ra\t}\r",
        "{_a1 __b A9}",
        "{a(b:\"\xC3\xA9\xF0\x9F\x98\x80\")}",
        "{a(b:\"\t\x7F\")}",
        "query ($a: Int, $b: Int){a}",
        "{a(b:{c:1 d:2})}",
        "{a(b:\"#no comment\")}",
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        unit_same_text(rows[i], problem_of(rows[i]), NULL);
}

static void test_what_the_grammar_does_not_have_is_refused_where_it_is(void **state)
{
    static const struct {
        const char *text, *problem;
        int line, column;
    } rows[] = {
        { "", "expected query, mutation, fragment or {, found the end", 1, 1 },
        { " # only a comment", "expected query, mutation, fragment or {, found the end", 1, 18 },
        { "{}", "expected a field, found }", 1, 2 },
        { "{a", "expected a field, found the end", 1, 3 },
        { "{a}}", "expected query, mutation, fragment or {, found }", 1, 4 },
        { "{a{}}", "expected a field, found }", 1, 4 },
        { "{a()}", "expected a name, found )", 1, 4 },
        { "{a(b)}", "expected :, found )", 1, 5 },
        { "{a(b:)}", "expected a value, found )", 1, 6 },
        { "{a(1:b)}", "expected a name, found 1", 1, 4 },
        { "{a(b:1}", "expected a name, found }", 1, 7 },
        { "{a:}", "expected a field, found }", 1, 4 },
        { "{a:b:c}", "expected a field, found :", 1, 5 },
        { "{a@}", "expected the name of a directive, found }", 1, 4 },
        { "{a(b:[)}", "expected a value, found )", 1, 7 },
        { "{a(b:{c})}", "expected :, found }", 1, 8 },
        { "{a(b:{1:c})}", "expected a name, found 1", 1, 7 },
        { "{a(b:$)}", "expected the name of a variable, found )", 1, 7 },
        { "{...}", "expected {, found }", 1, 5 },
        { "{...on}", "expected a type, found }", 1, 7 },
        { "{...on T}", "expected {, found }", 1, 9 },
        { "{... on T @d}", "expected {, found }", 1, 13 },
        { "{..a}", "this character has no meaning here", 1, 2 },
        { "query", "expected {, found the end", 1, 6 },
        { "query(){a}", "expected $, found )", 1, 7 },
        { "query q q{a}", "expected {, found q", 1, 9 },
        { "query(a:Int){a}", "expected $, found a", 1, 7 },
        { "query($a){a}", "expected :, found )", 1, 9 },
        { "query($a:){a}", "expected a type, found )", 1, 10 },
        { "query($a:[Int){a}", "expected ], found )", 1, 14 },
        { "query($a:Int!!){a}", "expected $, found !", 1, 14 },
        { "query($a:Int=$b $b:Int){a}", "a variable must not be in this value", 1, 14 },
        { "query($a:[Int]=[$b]){a}", "a variable must not be in this value", 1, 17 },
        { "query($a:Int @d(x:$b)){a}", "a variable must not be in this value", 1, 19 },
        { "fragment on on T{a}", "expected the name of a fragment, found on", 1, 10 },
        { "fragment f T{a}", "expected on, found T", 1, 12 },
        { "fragment f on T", "expected {, found the end", 1, 16 },
        { "fragment f($a:Int) on T{a}", "expected on, found (", 1, 11 },
        { "fragment f on 1{a}", "expected a type, found 1", 1, 15 },
        { "type T{a:Int}", "expected query, mutation, fragment or {, found type", 1, 1 },
        { "extend type T{a:Int}", "expected query, mutation, fragment or {, found extend", 1, 1 },
        { "\"x\" query{a}", "expected query, mutation, fragment or {, found \"x\"", 1, 1 },
        { "{a(b:00)}", "a number must not begin with 0", 1, 6 },
        { "{a(b:-01)}", "a number must not begin with 0", 1, 7 },
        { "{a(b:-)}", "a digit is missing in this number", 1, 7 },
        { "{a(b:1.)}", "a digit is missing in this number", 1, 8 },
        { "{a(b:1.e5)}", "a digit is missing in this number", 1, 8 },
        { "{a(b:1e)}", "a digit is missing in this number", 1, 8 },
        { "{a(b:1e+)}", "a digit is missing in this number", 1, 9 },
        { "{a(b:1x)}", "a blank is missing behind this number", 1, 7 },
        { "{a(b:1.5_)}", "a blank is missing behind this number", 1, 9 },
        { "{a(b:1.2.3)}", "a blank is missing behind this number", 1, 9 },
        { "{a(b:0xF)}", "a blank is missing behind this number", 1, 7 },
        { "{a(b:.5)}", "this character has no meaning here", 1, 6 },
        { "{a(b:+1)}", "this character has no meaning here", 1, 6 },
        { "{a(b:\"x)}", "the closing \" is missing in this line", 1, 6 },
        { "{a(b:\"x\ny\")}", "the closing \" is missing in this line", 1, 6 },
        { "{a(b:\"x\ry\")}", "the closing \" is missing in this line", 1, 6 },
        { "{a(b:\"\\x\")}", "there is no such escape: write \\\\ for a backslash", 1, 7 },
        { "{a(b:\"\\", "there is no such escape: write \\\\ for a backslash", 1, 7 },
        { "{a(b:\"\\u12g4\")}", "\\u needs four hexadecimal digits", 1, 7 },
        { "{a(b:\"\\u12", "\\u needs four hexadecimal digits", 1, 7 },
        { "{a(b:\"\\u{41}\")}", "\\u needs four hexadecimal digits", 1, 7 },
        { "{a(b:\"\x01\")}", "a control character must be written as \\u and its number", 1, 7 },
        { "{a(b:\"\"\"x\"\")}", "the closing \"\"\" is missing", 1, 6 },
        { "{a(b:\"\"\"\x01\"\"\")}", "a control character must not be in a query", 1, 9 },
        { "{a #\x01\n}", "this character has no meaning here", 1, 5 },
        { "{a\x0B}", "this character has no meaning here", 1, 3 },
        { "{'a'}", "this character has no meaning here", 1, 2 },
        { "{a?}", "this character has no meaning here", 1, 3 },
        { "{\xC3\xA9}", "this character has no meaning here", 1, 2 },
        { "{a\n  b\r\n \xC3\xA9%}", "this character has no meaning here", 3, 2 },
        { "{a(b:\"\xC3\xA9\xC3\xA9\")%}", "this character has no meaning here", 1, 11 },
        { "{a\r\r%}", "this character has no meaning here", 3, 1 },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct json_writer message = { .text = NULL };
        char *text = mem_format("could not read the query: %s", rows[i].problem);
        json_writer_add_text(&message, "message", text);
        char *object = json_writer_end(&message);
        char *want = mem_format("[%.*s,\"locations\":[{\"line\":%d,\"column\":%d}]}]", (int)strlen(object) - 1, object,
                                rows[i].line, rows[i].column);
        unit_same_text(rows[i].text, problem_of(rows[i].text), want);
        free(want);
        free(object);
        free(text);
    }
    unit_same_text("not UTF-8", problem_of("{a(b:\"\xFF\")}"),
                   "[{\"message\":\"could not read the query: the text is not valid UTF-8\"}]");
}

static void test_a_string_means_what_its_escapes_say(void **state)
{
    static const struct right_query rows[] = {
        { "{show(text:\"\\\" \\\\ \\/ \\b\\f\\n\\r\\t\")}", NULL,
          "{\"show\":\"text:'\\\" \\\\ / \\b\\f\\n\\r\\t' needed:7 \"}" },
        { "{show(text:\"\\u0041\\u00e9\\u00C9\\u20ac\")}", NULL,
          "{\"show\":\"text:'A\xC3\xA9\xC3\x89\xE2\x82\xAC' needed:7 \"}" },
        { "{show(text:\"\\uD83D\\uDE00\")}", NULL, "{\"show\":\"text:'\xF0\x9F\x98\x80' needed:7 \"}" },
        { "{show(text:\"\\uDBFF\\uDFFF\")}", NULL, "{\"show\":\"text:'\xF4\x8F\xBF\xBF' needed:7 \"}" },
        { "{show(text:\"\\uD83D\")}", NULL, "{\"show\":\"text:'\xEF\xBF\xBD' needed:7 \"}" },
        { "{show(text:\"\\uD83D\\u0041\")}", NULL, "{\"show\":\"text:'\xEF\xBF\xBD" "A' needed:7 \"}" },
        { "{show(text:\"\\uDE00\\uD83Dx\")}", NULL, "{\"show\":\"text:'\xEF\xBF\xBD\xEF\xBF\xBDx' needed:7 \"}" },
        { "{show(text:\"\\u0000\\u007f\\u0080\\u07ff\\u0800\")}", NULL,
          "{\"show\":\"text:'\xEF\xBF\xBD\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80' needed:7 \"}" },
    };
    (void)state;
    check_right(rows, UNIT_COUNT(rows));
}

/* The examples of the specification, and its rule about blank lines and the common indentation. */
static void test_a_block_loses_its_margin(void **state)
{
    static const struct {
        const char *block, *text;
    } rows[] = {
        { "", "" },
        { "x", "x" },
        { "  x", "  x" },
        { "\n    Hello,\n      World!\n\n    Yours,\n      GraphQL.\n", "Hello,\\n  World!\\n\\nYours,\\n  GraphQL." },
        { "Hello,\n      World!\n    Bye", "Hello,\\n  World!\\nBye" },
        { "\n\n  \n  a\n \t\n  b\n\t\n\n", "a\\n\\nb" },
        { "\r\n  a\r  b\r\n", "a\\nb" },
        { "a\n\n\n  b", "a\\n\\n\\nb" },
        { "\n\ta\n\t\tb", "a\\n\\tb" },
        { " \n \t ", "" },
        { "a\r\n  b\r\r\n  c", "a\\nb\\n\\nc" },
        { "x \\\"\"\" y", "x \\\"\\\"\\\" y" },
        { "\\n \\u0041 \"\" \\ ", "\\\\n \\\\u0041 \\\"\\\" \\\\ " },
        { "a\n   \n  b\n c", "a\\n  \\n b\\nc" },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *query = mem_format("{show(text:\"\"\"%s\"\"\")}", rows[i].block);
        char *want = mem_format("{\"data\":{\"show\":\"text:'%s' needed:7 \"}}", rows[i].text);
        unit_same_text(rows[i].block, ask(query, NULL), want);
        free(query);
        free(want);
    }
}

/* text repeated count times between begin and end. The caller frees. */
static char *repeated(const char *begin, const char *text, size_t count, const char *end)
{
    size_t length = strlen(text);
    char *made = mem_zero(strlen(begin) + count * length + strlen(end) + 1, 1), *out = made;
    out = mempcpy(out, begin, strlen(begin));
    for (size_t i = 0; i < count; i++)
        out = mempcpy(out, text, length);
    memcpy(out, end, strlen(end));
    return made;
}

static void test_a_query_is_bounded(void **state)
{
    static const struct {
        const char *begin, *text, *end;
        size_t count;
        const char *problem;
    } rows[] = {
        { "{", "a ", "}", GRAPHQL_MOST_TOKENS - 3, NULL },
        { "{", "a ", "}", GRAPHQL_MOST_TOKENS - 2, "the query is too long" },
        { "{", " ", "a}", GRAPHQL_MOST_BYTES - 3, NULL },
        { "{", " ", "a}", GRAPHQL_MOST_BYTES - 2, "the query is too long" },
        { "", "{a", "", 2000, "the query is nested too deeply" },
        { "{a(b:", "[", "", 2000, "the query is nested too deeply" },
        { "{a(b:", "{a:", "", 2000, "the query is nested too deeply" },
        { "{", "...{", "", 2000, "the query is nested too deeply" },
        { "query($a:", "[", "", 2000, "the query is nested too deeply" },
        { "", "query a{b}", "", GRAPHQL_MOST_DEFINITIONS, NULL },
        { "", "query a{b}", "", GRAPHQL_MOST_DEFINITIONS + 1, "the query has too many operations and fragments" },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *query = repeated(rows[i].begin, rows[i].text, rows[i].count, rows[i].end);
        const char *problem = problem_of(query);
        if (rows[i].problem == NULL)
            unit_same_text(rows[i].text, problem, NULL);
        else
            unit_has(rows[i].text, problem, rows[i].problem);
        free(query);
    }
}

static void test_brackets_beside_each_other_are_not_nested(void **state)
{
    char *query = repeated("{", "a(b:[[]],c:{d:{}}){e} ", 100, "}");
    (void)state;
    unit_same_text("beside", problem_of(query), NULL);
    free(query);
    query = repeated("query(", "$a:[[[Int]]] ", 100, "){a}");
    unit_same_text("types", problem_of(query), NULL);
    free(query);
}

static void test_a_constant_of_the_tables_is_one_value(void **state)
{
    struct arena arena = { .last = NULL };
    (void)state;
    assert_int_equal(graphql_parse_constant(&arena, "-12")->integer, -12);
    assert_string_equal(graphql_parse_constant(&arena, "\"x\"")->text, "x");
    assert_null(graphql_parse_constant(&arena, ""));
    assert_null(graphql_parse_constant(&arena, "1 2"));
    assert_null(graphql_parse_constant(&arena, "$x"));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queries_that_the_grammar_has),
        cmocka_unit_test(test_what_the_grammar_does_not_have_is_refused_where_it_is),
        cmocka_unit_test(test_a_string_means_what_its_escapes_say),
        cmocka_unit_test(test_a_block_loses_its_margin),
        cmocka_unit_test(test_a_query_is_bounded),
        cmocka_unit_test(test_brackets_beside_each_other_are_not_nested),
        cmocka_unit_test(test_a_constant_of_the_tables_is_one_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
