/* Unit tests of graphql, graphql_execute and graphql_introspection: the answers. */
#include "graphql_scene.h"

static void test_an_answer_has_the_fields_in_the_order_of_the_query(void **state)
{
    static const struct right_query rows[] = {
        { "{dog{name id}}", NULL, "{\"dog\":{\"name\":\"Rex\",\"id\":\"1\"}}" },
        { "{b:dog{id} a:dog{name}}", NULL, "{\"b\":{\"id\":\"1\"},\"a\":{\"name\":\"Rex\"}}" },
        { "{dogs{id name nick}}", NULL,
          "{\"dogs\":[{\"id\":\"1\",\"name\":\"Rex\",\"nick\":\"R\"},"
          "{\"id\":\"2\",\"name\":\"Odd \\\"dog\\\"\",\"nick\":null}]}" },
        { "{dogs(count:0){id}}", NULL, "{\"dogs\":[]}" },
        { "{dog(id:0){id}}", NULL, "{\"dog\":null}" },
        { "{matrix}", NULL, "{\"matrix\":[[1,null],[]]}" },
        { "{float(value:1)}", NULL, "{\"float\":1}" },
        { "{float(value:-2.5e-3)}", NULL, "{\"float\":-0.0025}" },
        { "{dog{...f friend{...f}}} fragment f on Dog{id}", NULL,
          "{\"dog\":{\"id\":\"1\",\"friend\":{\"id\":\"1\"}}}" },
        { "{...on Query{...{dog{...on Dog{id}}}}}", NULL, "{\"dog\":{\"id\":\"1\"}}" },
        { "{__typename dog{__typename t:__typename}}", NULL,
          "{\"__typename\":\"Query\",\"dog\":{\"__typename\":\"Dog\",\"t\":\"Dog\"}}" },
    };
    (void)state;
    check_right(rows, UNIT_COUNT(rows));
    unit_has("a time", ask("{time(value:\"2026-01-02T03:04:05Z\")}", NULL), "{\"time\":\"2026-01-");
}

static void test_skip_and_include_leave_out(void **state)
{
    static const struct right_query rows[] = {
        { "{dog{id @skip(if:true) name}}", NULL, "{\"dog\":{\"name\":\"Rex\"}}" },
        { "{dog{id @skip(if:false)}}", NULL, "{\"dog\":{\"id\":\"1\"}}" },
        { "{dog{id @include(if:false) name}}", NULL, "{\"dog\":{\"name\":\"Rex\"}}" },
        { "{dog{id @include(if:true)}}", NULL, "{\"dog\":{\"id\":\"1\"}}" },
        { "{dog{id @include(if:true) @skip(if:true) name}}", NULL, "{\"dog\":{\"name\":\"Rex\"}}" },
        { "{dog{id @include(if:false) @skip(if:false) name}}", NULL, "{\"dog\":{\"name\":\"Rex\"}}" },
        { "{dog{...f @skip(if:true) name}} fragment f on Dog{id}", NULL, "{\"dog\":{\"name\":\"Rex\"}}" },
        { "{dog{...f @skip(if:true) ...f}} fragment f on Dog{id}", NULL, "{\"dog\":{\"id\":\"1\"}}" },
        { "{dog{...@include(if:false){id} name}}", NULL, "{\"dog\":{\"name\":\"Rex\"}}" },
        { "{dog{id id @skip(if:true)}}", NULL, "{\"dog\":{\"id\":\"1\"}}" },
        { "{dog{id @skip(if:true)}}", NULL, "{\"dog\":{}}" },
        { "{dog{id} large @skip(if:true)}", NULL, "{\"dog\":{\"id\":\"1\"}}" },
        { "{large @skip(if:true)}", NULL, "{}" },
        { "query($a:Boolean!){dog{id @skip(if:$a) name @include(if:$a)}}", "{\"a\":true}",
          "{\"dog\":{\"name\":\"Rex\"}}" },
        { "query($a:Boolean!){dog{id @skip(if:$a) name @include(if:$a)}}", "{\"a\":false}",
          "{\"dog\":{\"id\":\"1\"}}" },
        { "query($a:Boolean=true){dog{name id @skip(if:$a)}}", NULL, "{\"dog\":{\"name\":\"Rex\"}}" },
    };
    (void)state;
    check_right(rows, UNIT_COUNT(rows));
}

static void test_a_field_that_fails_is_null_and_named(void **state)
{
    static const struct {
        const char *text, *answer;
    } rows[] = {
        { "{dog{id} fail}",
          "{\"data\":{\"dog\":{\"id\":\"1\"},\"fail\":null},\"errors\":[{\"message\":\"the dog \\\"ate\\\" it\","
          "\"locations\":[{\"line\":1,\"column\":10}],\"path\":[\"fail\"]}]}" },
        { "{x:silent}", "{\"data\":{\"x\":null},\"errors\":[{\"message\":\"the server could not answer this\","
                        "\"locations\":[{\"line\":1,\"column\":2}],\"path\":[\"x\"]}]}" },
        { "{dog{id fail} large}", /* null moves up to dog; large does not fit its type */
          "{\"data\":{\"dog\":null,\"large\":null},\"errors\":[{\"message\":\"the dog \\\"ate\\\" it\","
          "\"locations\":[{\"line\":1,\"column\":9}],\"path\":[\"dog\",\"fail\"]},"
          "{\"message\":\"the server made no value of type Int here\",\"locations\":[{\"line\":1,\"column\":15}],"
          "\"path\":[\"large\"]}]}" },
        { "{dog{a:friends(count:2){id fail}}}", /* up to the list, which may be null */
          "{\"data\":{\"dog\":{\"a\":null}},\"errors\":[{\"message\":\"the dog \\\"ate\\\" it\","
          "\"locations\":[{\"line\":1,\"column\":28}],\"path\":[\"dog\",\"a\",0,\"fail\"]}]}" },
        { "{dogs{fail}}", /* up to the top */
          "{\"data\":null,\"errors\":[{\"message\":\"the dog \\\"ate\\\" it\","
          "\"locations\":[{\"line\":1,\"column\":7}],\"path\":[\"dogs\",0,\"fail\"]}]}" },
        { "{dog{id} failAll}", "{\"data\":null,\"errors\":[{\"message\":\"the dog \\\"ate\\\" it\","
                               "\"locations\":[{\"line\":1,\"column\":10}],\"path\":[\"failAll\"]}]}" },
        { "{dog{missing}}",
          "{\"data\":{\"dog\":null},\"errors\":[{\"message\":\"the server has no value here, and null is not allowed\","
          "\"locations\":[{\"line\":1,\"column\":6}],\"path\":[\"dog\",\"missing\"]}]}" },
        { "{strict}", /* an element of an element */
          "{\"data\":{\"strict\":null},\"errors\":[{\"message\":\"the server has no value here, and null is not "
          "allowed\","
          "\"locations\":[{\"line\":1,\"column\":2}],\"path\":[\"strict\",0,1]}]}" },
        { "{color list}", "{\"data\":{\"color\":null,\"list\":null},\"errors\":[{\"message\":\"the server made no "
                          "value of type Color here\","
                          "\"locations\":[{\"line\":1,\"column\":2}],\"path\":[\"color\"]},{\"message\":\"the server "
                          "made no list here\","
                          "\"locations\":[{\"line\":1,\"column\":8}],\"path\":[\"list\"]}]}" },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        unit_same_text(rows[i].text, ask(rows[i].text, NULL), rows[i].answer);
        unit_true(rows[i].text, !scene_refused);
    }
}

static void test_mutations_run_one_after_the_other_and_only_when_the_query_is_right(void **state)
{
    (void)state;
    unit_same_text("three", ask("mutation{b:set(value:2) a:set(value:1) b:set(value:2)}", NULL),
                   "{\"data\":{\"b\":2,\"a\":1}}");
    assert_string_equal(scene_done, "2 1 ");
    unit_has("one fails", ask("mutation{a:set(value:1) b:set(value:13) c:set(value:3)}", NULL),
             "{\"data\":{\"a\":1,\"b\":null,\"c\":3},\"errors\":[{\"message\":\"not 13\"");
    assert_string_equal(scene_done, "1 13 3 ");
    unit_has("wrong", ask("mutation{a:set(value:1) b:set(value:x)}", NULL), "errors");
    assert_string_equal(scene_done, "");
    unit_has("wrong variable", ask("mutation($a:Int!){set(value:1) b:set(value:$a)}", "{\"a\":\"x\"}"), "errors");
    assert_string_equal(scene_done, "");
    unit_has("left out", ask("mutation{a:set(value:1) @skip(if:true) b:set(value:2)}", NULL), "{\"b\":2}");
    assert_string_equal(scene_done, "2 ");
    unit_has("its name", ask("mutation{__typename}", NULL), "Mutation");
}

static void test_a_resolver_knows_what_is_asked_of_it(void **state)
{
    (void)state;
    (void)ask("{dog{id}}", NULL);
    assert_int_equal(scene_asked, 0);
    (void)ask("{dog{id ...{x:name}}}", NULL);
    assert_int_equal(scene_asked, 1);
    (void)ask("{dog{name @skip(if:true) friend{id}}}", NULL);
    assert_int_equal(scene_asked, 0);
}

/* Lists within lists: a short query for more than memory holds. */
static void test_an_answer_is_bounded(void **state)
{
    const char *answer = ask("{dogs(count:100){friends(count:100){friends(count:100){friends(count:100){id}}}}}", NULL);
    (void)state;
    unit_same_text("dogs", answer,
                   "{\"data\":null,\"errors\":[{\"message\":"
                   "\"the answer is too large: ask for fewer calls at once, or fewer fields\"}]}");
}

static void test_the_schema_describes_itself(void **state)
{
    static const struct right_query rows[] = {
        { "{__schema{description queryType{name} mutationType{name} subscriptionType{name}}}", NULL,
          "{\"__schema\":{\"description\":\"Dogs.\",\"queryType\":{\"name\":\"Query\"},\"mutationType\":{\"name\":"
          "\"Mutation\"},"
          "\"subscriptionType\":null}}" },
        { "{__type(name:\"Dog\"){kind name description interfaces{name} possibleTypes{name} enumValues{name} "
          "inputFields{name} ofType{name} specifiedByURL}}",
          NULL,
          "{\"__type\":{\"kind\":\"OBJECT\",\"name\":\"Dog\",\"description\":\"It barks.\",\"interfaces\":[],"
          "\"possibleTypes\":null,\"enumValues\":null,\"inputFields\":null,\"ofType\":null,\"specifiedByURL\":null}}" },
        { "{__type(name:\"Query\"){fields(includeDeprecated:true){name}}}", NULL, NULL },
        { "{__type(name:\"Mutation\"){fields{name description isDeprecated deprecationReason "
          "args{name type{kind name ofType{kind name ofType{name}}} defaultValue}}}}",
          NULL,
          "{\"__type\":{\"fields\":[{\"name\":\"set\",\"description\":null,\"isDeprecated\":false,"
          "\"deprecationReason\":null,"
          "\"args\":[{\"name\":\"value\",\"type\":{\"kind\":\"NON_NULL\",\"name\":null,\"ofType\":{\"kind\":\"SCALAR\","
          "\"name\":\"Int\",\"ofType\":null}},\"defaultValue\":null}]}]}}" },
        { "{__type(name:\"DogInput\"){kind inputFields{name description defaultValue type{kind name ofType{kind name "
          "ofType{kind name}}}}}}",
          NULL,
          "{\"__type\":{\"kind\":\"INPUT_OBJECT\",\"inputFields\":["
          "{\"name\":\"name\",\"description\":\"The dog's "
          "name.\",\"defaultValue\":null,\"type\":{\"kind\":\"NON_NULL\","
          "\"name\":null,\"ofType\":{\"kind\":\"SCALAR\",\"name\":\"String\",\"ofType\":null}}},"
          "{\"name\":\"age\",\"description\":null,\"defaultValue\":\"3\",\"type\":{\"kind\":\"SCALAR\",\"name\":"
          "\"Int\","
          "\"ofType\":null}},"
          "{\"name\":\"tags\",\"description\":null,\"defaultValue\":null,\"type\":{\"kind\":\"LIST\",\"name\":null,"
          "\"ofType\":{\"kind\":\"NON_NULL\",\"name\":null,\"ofType\":{\"kind\":\"SCALAR\",\"name\":\"String\"}}}},"
          "{\"name\":\"friend\",\"description\":null,\"defaultValue\":null,\"type\":{\"kind\":\"INPUT_OBJECT\","
          "\"name\":\"DogInput\",\"ofType\":null}}]}}" },
        { "{__type(name:\"Color\"){kind fields{name} enumValues{name description isDeprecated deprecationReason}}}",
          NULL,
          "{\"__type\":{\"kind\":\"ENUM\",\"fields\":null,\"enumValues\":[{\"name\":\"RED\",\"description\":\"As "
          "blood.\","
          "\"isDeprecated\":false,\"deprecationReason\":null},{\"name\":\"GREEN\",\"description\":null,"
          "\"isDeprecated\":false,\"deprecationReason\":null}]}}" },
        { "{__type(name:\"Time\"){kind specifiedByURL interfaces{name}}}", NULL,
          "{\"__type\":{\"kind\":\"SCALAR\",\"specifiedByURL\":\"https://example.com/time\",\"interfaces\":null}}" },
        { "{__type(name:\"Cat\"){name}}", NULL, "{\"__type\":null}" },
        { "{__type(name:\"\"){name}}", NULL, "{\"__type\":null}" },
        { "{__type(name:\"[Dog]\"){name}}", NULL, "{\"__type\":null}" },
        { "{__type(name:\"__Type\"){name}}", NULL, "{\"__type\":{\"name\":\"__Type\"}}" },
        { "{__schema{__typename directives{name isRepeatable locations args{name type{ofType{name}} defaultValue}}}}",
          NULL,
          "{\"__schema\":{\"__typename\":\"__Schema\",\"directives\":["
          "{\"name\":\"include\",\"isRepeatable\":false,\"locations\":[\"FIELD\",\"FRAGMENT_SPREAD\",\"INLINE_"
          "FRAGMENT\"],"
          "\"args\":[{\"name\":\"if\",\"type\":{\"ofType\":{\"name\":\"Boolean\"}},\"defaultValue\":null}]},"
          "{\"name\":\"skip\",\"isRepeatable\":false,\"locations\":[\"FIELD\",\"FRAGMENT_SPREAD\",\"INLINE_FRAGMENT\"],"
          "\"args\":[{\"name\":\"if\",\"type\":{\"ofType\":{\"name\":\"Boolean\"}},\"defaultValue\":null}]},"
          "{\"name\":\"deprecated\",\"isRepeatable\":false,\"locations\":[\"FIELD_DEFINITION\",\"ARGUMENT_DEFINITION\","
          "\"INPUT_FIELD_DEFINITION\",\"ENUM_VALUE\"],\"args\":[{\"name\":\"reason\",\"type\":{\"ofType\":null},"
          "\"defaultValue\":\"\\\"No longer supported\\\"\"}]},"
          "{\"name\":\"specifiedBy\",\"isRepeatable\":false,\"locations\":[\"SCALAR\"],\"args\":[{\"name\":\"url\","
          "\"type\":{\"ofType\":{\"name\":\"String\"}},\"defaultValue\":null}]}]}}" },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        if (rows[i].data != NULL)
            check_right(&rows[i], 1);
    unit_has("types", ask(rows[2].text, NULL), "{\"fields\":[{\"name\":\"show\"},{\"name\":\"dog\"},");
    unit_has("all types", ask("{__schema{types{name}}}", NULL),
             "{\"types\":[{\"name\":\"Query\"},{\"name\":\"Mutation\"},{\"name\":\"Dog\"},{\"name\":\"DogInput\"},"
             "{\"name\":\"Color\"},{\"name\":\"Word\"},{\"name\":\"Time\"},{\"name\":\"Int\"},");
}

/* As GraphiQL and Apollo's tools ask. */
static void test_the_usual_query_for_the_schema_is_answered(void **state)
{
    static const char query[] =
        "query IntrospectionQuery { __schema { description queryType { name } mutationType { name } subscriptionType { "
        "name }"
        " types { ...FullType } directives { name description isRepeatable locations args(includeDeprecated: true) "
        "{ ...InputValue } } } }"
        " fragment FullType on __Type { kind name description specifiedByURL fields(includeDeprecated: true) { name "
        "description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated "
        "deprecationReason }"
        " inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef } "
        "enumValues(includeDeprecated: "
        "true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }"
        " fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated "
        "deprecationReason }"
        " fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { "
        "kind name"
        " ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } "
        "} } }";
    const char *answer = ask(query, NULL);
    (void)state;
    assert_false(scene_refused);
    unit_lacks("errors", answer, "\"errors\"");
    struct json *json = json_parse(answer);
    assert_non_null(json);
    assert_int_equal(json_count(json_member(json_member(json_member(json, "data"), "__schema"), "types")), 20);
    json_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_has_the_fields_in_the_order_of_the_query),
        cmocka_unit_test(test_skip_and_include_leave_out),
        cmocka_unit_test(test_a_field_that_fails_is_null_and_named),
        cmocka_unit_test(test_mutations_run_one_after_the_other_and_only_when_the_query_is_right),
        cmocka_unit_test(test_a_resolver_knows_what_is_asked_of_it),
        cmocka_unit_test(test_an_answer_is_bounded),
        cmocka_unit_test(test_the_schema_describes_itself),
        cmocka_unit_test(test_the_usual_query_for_the_schema_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
