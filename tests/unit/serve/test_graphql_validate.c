/* Unit tests of graphql_validate, graphql_links, graphql_input and graphql_plan: the rules of the specification's
 * chapter 5, in its order, and the values that arguments and variables can have. */
#include "graphql_scene.h"

static void test_operations_have_different_names(void **state)
{
    static const struct wrong_query rows[] = {
        { "query a{dog{id}} query a{dog{id}}", NULL, "the name a is given twice", 1, 18 },
        { "query a{dog{id}} mutation a{set(value:1)}", NULL, "the name a is given twice", 1, 18 },
        { "{dog{id}} query a{dog{id}}", NULL, "an operation without a name must be the only one", 1, 1 },
        { "{dog{id}} {dog{id}}", NULL, "an operation without a name must be the only one", 1, 1 },
        { "subscription{dog{id}}", NULL, "there are no subscriptions here", 1, 1 },
        { "query a{dog{id}} query b{dog{id}}", NULL,
          "the query has several operations: name one as operationName", 0, 0 },
        { "fragment f on Dog{id}", NULL, "the fragment f is not used", 1, 1 },
    };
    (void)state;
    check_wrong(rows, UNIT_COUNT(rows));
    unit_same_text("b", ask_for("b", "query a{dog{id}} query b{dog{name}}", NULL),
                   "{\"data\":{\"dog\":{\"name\":\"Rex\"}}}");
    unit_has("c", ask_for("c", "query a{dog{id}} query b{dog{id}}", NULL), "the query has no operation c");
    unit_has("c", ask_for("c", "{dog{id}}", NULL), "the query has no operation c");
    unit_same_text("a fragment may have an operation's name", ask("query a{dog{...a}} fragment a on Dog{id}", NULL),
                   "{\"data\":{\"dog\":{\"id\":\"1\"}}}");
}

static void test_fields_exist_and_only_objects_have_fields(void **state)
{
    static const struct wrong_query rows[] = {
        { "{cat}", NULL, "there is no field cat in Query", 1, 2 },
        { "{dog{bark}}", NULL, "there is no field bark in Dog", 1, 6 },
        { "{dog{x:bark}}", NULL, "there is no field bark in Dog", 1, 6 },
        { "{dog{__schema{types{name}}}}", NULL, "there is no field __schema in Dog", 1, 6 },
        { "mutation{__schema{types{name}}}", NULL, "there is no field __schema in Mutation", 1, 10 },
        { "mutation{dog{id}}", NULL, "there is no field dog in Mutation", 1, 10 },
        { "{dog}", NULL, "dog is a Dog: select fields of it", 1, 2 },
        { "{dogs}", NULL, "dogs is a Dog: select fields of it", 1, 2 },
        { "{large{id}}", NULL, "large is a Int: there are no fields to select in it", 1, 2 },
        { "{color{id}}", NULL, "color is a Color: there are no fields to select in it", 1, 2 },
        { "{__typename{id}}", NULL, "__typename is a String: there are no fields to select in it", 1, 2 },
    };
    (void)state;
    check_wrong(rows, UNIT_COUNT(rows));
}

static void test_one_name_in_the_answer_is_one_field(void **state)
{
    static const struct wrong_query wrong[] = {
        { "{dog{x:id x:name}}", NULL, "x stands for two different fields: name one with an alias", 1, 11 },
        { "{dog{id id:name}}", NULL, "id stands for two different fields: name one with an alias", 1, 9 },
        { "{show(int:1) show(int:2)}", NULL, "show stands for two different fields: name one with an alias", 1, 14 },
        { "{show show(int:1)}", NULL, "show stands for two different fields: name one with an alias", 1, 7 },
        { "query($a:Int $b:Int){show(int:$a) show(int:$b)}", NULL,
          "show stands for two different fields: name one with an alias", 1, 35 },
        { "{show(ints:[1,2]) show(ints:[1])}", NULL, "show stands for two different fields: name one with an alias", 1,
          19 },
        { "{show(dog:{name:\"a\"}) show(dog:{name:\"b\"})}", NULL,
          "show stands for two different fields: name one with an alias", 1, 23 },
        { "{dog{x:id} dog{x:name}}", NULL, "x stands for two different fields: name one with an alias", 1, 16 },
        { "{dog{friend{x:id}} ...{dog{...f}}} fragment f on Dog{friend{x:name}}", NULL,
          "x stands for two different fields: name one with an alias", 1, 61 },
        { "{dog{x:id ...f}} fragment f on Dog{x:name}", NULL,
          "x stands for two different fields: name one with an alias", 1, 36 },
        { "{dog{x:id x:name @skip(if:true)}}", NULL, "x stands for two different fields: name one with an alias", 1,
          11 },
        { "query a{dog{id}} query b{dog{x:id x:name}}", NULL,
          "x stands for two different fields: name one with an alias", 1, 35 },
    };
    static const struct right_query right[] = {
        { "{dog{id id}}", NULL, "{\"dog\":{\"id\":\"1\"}}" },
        { "{dog{x:id y:id}}", NULL, "{\"dog\":{\"x\":\"1\",\"y\":\"1\"}}" },
        { "{dog{id} dog{name}}", NULL, "{\"dog\":{\"id\":\"1\",\"name\":\"Rex\"}}" },
        { "{dog{name} x:dog{id} dog{id}}", NULL, "{\"dog\":{\"name\":\"Rex\",\"id\":\"1\"},\"x\":{\"id\":\"1\"}}" },
        { "{show(int:1 text:\"a\") show(text:\"a\" int:1)}", NULL, "{\"show\":\"text:'a' int:1 needed:7 \"}" },
        { "{show(dog:{name:\"a\" age:1}) show(dog:{age:1 name:\"a\"})}", NULL,
          "{\"show\":\"dog:{ name:'a' age:1 } needed:7 \"}" },
        { "{dog{friend{id}} ...on Query{dog{friend{name}}}}", NULL,
          "{\"dog\":{\"friend\":{\"id\":\"1\",\"name\":\"Rex\"}}}" },
        { "query($a:Int){show(int:$a) show(int:$a)}", "{\"a\":5}", "{\"show\":\"int:5 needed:7 \"}" },
    };
    (void)state;
    check_wrong(wrong, UNIT_COUNT(wrong) - 1);
    check_right(right, UNIT_COUNT(right));
    unit_has("an operation that is not executed", ask_for("a", wrong[UNIT_COUNT(wrong) - 1].text, NULL),
             "x stands for two different fields");
}

static void test_arguments_are_known_given_once_and_not_missing(void **state)
{
    static const struct wrong_query rows[] = {
        { "{show(what:1)}", NULL, "show does not take what", 1, 7 },
        { "{large(what:1)}", NULL, "large does not take what", 1, 8 },
        { "{dog{name(id:1)}}", NULL, "name does not take id", 1, 11 },
        { "{show(int:1 int:2)}", NULL, "int is given twice", 1, 13 },
        { "{must}", NULL, "must needs value, of type Int!", 1, 2 },
        { "{dog{id @skip}}", NULL, "skip needs if, of type Boolean!", 1, 9 },
        { "{dog{id @skip(unless:true)}}", NULL, "skip does not take unless", 1, 15 },
        { "{must(value:null)}", NULL, "expected a value of type Int!, found null", 1, 7 },
        { "{show(needed:null)}", NULL, "expected a value of type Int!, found null", 1, 7 },
        { "{__type{name}}", NULL, "__type needs name, of type String!", 1, 2 },
    };
    (void)state;
    check_wrong(rows, UNIT_COUNT(rows));
}

static void test_fragments_are_on_types_that_fit_and_are_used(void **state)
{
    static const struct wrong_query rows[] = {
        { "{dog{...f}} fragment f on Dog{id} fragment f on Dog{id}", NULL, "the name f is given twice", 1, 35 },
        { "{dog{...f}} fragment f on Cat{id}", NULL, "there is no type Cat", 1, 13 },
        { "{dog{...on Cat{id}}}", NULL, "there is no type Cat", 1, 6 },
        { "{dog{...f}} fragment f on Color{id}", NULL, "a fragment cannot be on Color, which has no fields", 1, 13 },
        { "{dog{...on DogInput{id}}}", NULL, "a fragment cannot be on DogInput, which has no fields", 1, 6 },
        { "{dog{id}} fragment f on Dog{id}", NULL, "the fragment f is not used", 1, 11 },
        { "{dog{id}} fragment f on Dog{...g} fragment g on Dog{id}", NULL, "the fragment f is not used", 1, 11 },
        { "{dog{...f}}", NULL, "there is no fragment f", 1, 6 },
        { "{dog{...f}} fragment f on Dog{...f}", NULL, "the fragment f contains itself", 1, 31 },
        { "{dog{...f}} fragment f on Dog{friend{...g}} fragment g on Dog{friend{...f}}", NULL,
          "the fragment f contains itself", 1, 70 },
        { "{dog{id}} fragment f on Dog{...f}", NULL, "the fragment f contains itself", 1, 29 },
        { "{...f} fragment f on Dog{id}", NULL, "a fragment on Dog cannot be in Query", 1, 2 },
        { "{dog{...on Query{matrix}}}", NULL, "a fragment on Query cannot be in Dog", 1, 6 },
        { "{dog{...f}} fragment f on Dog{bark}", NULL, "there is no field bark in Dog", 1, 31 },
    };
    (void)state;
    check_wrong(rows, UNIT_COUNT(rows));
}

static void test_literals_are_of_the_right_type(void **state)
{
    static const struct {
        const char *argument, *problem;
    } rows[] = {
        { "text:1", "expected a value of type String, found 1" },
        { "text:RED", "expected a value of type String, found RED" },
        { "text:true", "expected a value of type String, found true" },
        { "text:[\"a\"]", "expected a value of type String, found a list" },
        { "int:\"1\"", "expected a value of type Int, found \\\"1\\\"" },
        { "int:1.0", "expected a value of type Int, found 1.0" },
        { "int:1e3", "expected a value of type Int, found 1e3" },
        { "int:2147483648", "expected a value of type Int, found 2147483648" },
        { "int:-2147483649", "expected a value of type Int, found -2147483649" },
        { "int:99999999999999999999999", "expected a value of type Int, found 99999999999999999999999" },
        { "float:\"1\"", "expected a value of type Float, found \\\"1\\\"" },
        { "float:true", "expected a value of type Float, found true" },
        { "float:1e999", "expected a value of type Float, found 1e999" },
        { "boolean:1", "expected a value of type Boolean, found 1" },
        { "boolean:\"true\"", "expected a value of type Boolean, found \\\"true\\\"" },
        { "id:1.5", "expected a value of type ID, found 1.5" },
        { "id:true", "expected a value of type ID, found true" },
        { "color:BLUE", "expected a value of type Color, found BLUE" },
        { "color:\"RED\"", "expected a value of type Color, found \\\"RED\\\"" },
        { "ints:[1,\"2\"]", "expected a value of type Int!, found \\\"2\\\"" },
        { "ints:[1,null]", "expected a value of type Int!, found null" },
        { "ints:\"1\"", "expected a value of type Int!, found \\\"1\\\"" },
        { "rows:[[\"1\"]]", "expected a value of type Int, found \\\"1\\\"" },
        { "dog:1", "expected a value of type DogInput, found 1" },
        { "dog:{}", "DogInput needs name, of type String!" },
        { "dog:{name:null}", "expected a value of type String!, found null" },
        { "dog:{name:\"a\" bark:1}", "DogInput does not take bark" },
        { "dog:{name:\"a\" name:\"b\"}", "name is given twice" },
        { "dog:{name:\"a\" friend:{name:1}}", "expected a value of type String!, found 1" },
        { "word:1", "expected a value of type Word, found 1" },
        { "time:\"soon\"", "expected a value of type Time, found \\\"soon\\\"" },
        { "time:1", "expected a value of type Time, found 1" },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *query = mem_format("{show(%s)}", rows[i].argument);
        char *want = mem_format("{\"errors\":[{\"message\":\"%s\",\"locations\":[{\"line\":1,", rows[i].problem);
        unit_has(rows[i].argument, ask(query, NULL), want);
        unit_true(rows[i].argument, scene_refused);
        free(query);
        free(want);
    }
}

static void test_literals_become_what_resolvers_expect(void **state)
{
    static const struct {
        const char *argument, *shown;
    } rows[] = {
        { "text:null", "text:null " },
        { "int:-2147483648", "int:-2147483648 " },
        { "int:2147483647", "int:2147483647 " },
        { "float:1", "float:1 " },
        { "float:99999999999999999999999", "float:1e+23 " },
        { "float:-1.5e3", "float:-1500 " },
        { "boolean:true", "boolean:bool 1 " },
        { "id:\"a\"", "id:'a' " },
        { "id:007x", NULL },
        { "id:12345678901234567890", "id:'12345678901234567890' " },
        { "color:RED", "color:'RED' " },
        { "ints:[]", "ints:[ ] " },
        { "ints:[1 2]", "ints:[ 1 2 ] " },
        { "ints:1", "ints:[ 1 ] " },
        { "ints:null", "ints:null " },
        { "rows:[[1,null],null,[]]", "rows:[ [ 1 null ] null [ ] ] " },
        { "rows:1", "rows:[ [ 1 ] ] " },
        { "dog:{name:\"a\"}", "dog:{ name:'a' age:3 } " },
        { "dog:{name:\"a\" age:null tags:\"t\"}", "dog:{ name:'a' age:null tags:[ 't' ] } " },
        { "dog:{tags:[\"t\" \"u\"] friend:{name:\"b\"} name:\"a\"}",
          "dog:{ name:'a' age:3 tags:[ 't' 'u' ] friend:{ name:'b' age:3 } } " },
        { "word:SALE", "word:'SALE' " },
        { "word:\"NO ANSWER\"", "word:'NO ANSWER' " },
        { "time:\"2026-01-02T03:04:05Z\"", "time:1767323045 " },
        { "time:\"2026-01-02T03:04:05.678Z\"", "time:1767323045 " },
        { "time:\"1767323045\"", "time:1767323045 " },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *query = mem_format("{show(%s needed:1)}", rows[i].argument);
        char *want = mem_format("{\"data\":{\"show\":\"%sneeded:1 \"}}", rows[i].shown != NULL ? rows[i].shown : "");
        if (rows[i].shown == NULL)
            unit_has(rows[i].argument, ask(query, NULL), "errors");
        else if (strncmp(rows[i].argument, "word", 4) == 0 || strncmp(rows[i].argument, "time", 4) == 0)
            unit_has(rows[i].argument, ask(query, NULL), rows[i].shown);
        else
            unit_same_text(rows[i].argument, ask(query, NULL), want);
        free(query);
        free(want);
    }
}

static void test_directives_are_known_where_they_may_be_and_given_once(void **state)
{
    static const struct wrong_query rows[] = {
        { "{dog{id @what}}", NULL, "there is no directive @what", 1, 9 },
        { "{dog{id @skip(if:true) @skip(if:true)}}", NULL, "the directive @skip is given twice", 1, 24 },
        { "query @skip(if:true){dog{id}}", NULL, "the directive @skip must not be here", 1, 7 },
        { "mutation @skip(if:true){set(value:1)}", NULL, "the directive @skip must not be here", 1, 10 },
        { "query($a:Int @skip(if:true)){show(int:$a)}", NULL, "the directive @skip must not be here", 1, 14 },
        { "{dog{...f}} fragment f on Dog @include(if:true){id}", NULL, "the directive @include must not be here", 1,
          31 },
        { "{dog{id @deprecated}}", NULL, "the directive @deprecated must not be here", 1, 9 },
        { "{dog{...f @what}} fragment f on Dog{id}", NULL, "there is no directive @what", 1, 11 },
        { "{dog{...@what{id}}}", NULL, "there is no directive @what", 1, 9 },
        { "{dog{id @skip(if:1)}}", NULL, "expected a value of type Boolean!, found 1", 1, 15 },
    };
    (void)state;
    check_wrong(rows, UNIT_COUNT(rows));
}

static void test_variables_are_defined_once_used_and_of_types_that_fit(void **state)
{
    static const struct wrong_query rows[] = {
        { "query($a:Int $a:Int){show(int:$a)}", NULL, "the variable $a is defined twice", 1, 14 },
        { "query($a:Dog){show(int:1)}", NULL, "a variable cannot be of type Dog", 1, 7 },
        { "query($a:Cat){show(int:1)}", NULL, "there is no type Cat", 1, 7 },
        { "query($a:[Cat!]!){show(int:1)}", NULL, "there is no type [Cat!]!", 1, 7 },
        { "{show(int:$a)}", NULL, "the variable $a is not defined", 1, 7 },
        { "query a($a:Int){show(int:$a)} query b{show(int:$a)}", NULL, "the variable $a is not defined", 1, 44 },
        { "{...f} fragment f on Query{show(int:$a)}", NULL, "the variable $a is not defined", 1, 33 },
        { "query($a:Int){show}", NULL, "the variable $a is not used", 1, 7 },
        { "query($a:Int $b:Int){show(int:$b)}", NULL, "the variable $a is not used", 1, 7 },
        { "query($a:Int=\"x\"){show(int:$a)}", NULL, "expected a value of type Int, found \"x\"", 1, 14 },
        { "query($a:Int!=null){show(int:$a)}", NULL, "expected a value of type Int!, found null", 1, 15 },
        { "query($a:String){show(int:$a)}", NULL, "the variable $a is of type String, but Int is expected", 1, 23 },
        { "query($a:Int){must(value:$a)}", NULL, "the variable $a is of type Int, but Int! is expected", 1, 20 },
        { "query($a:Int=null){must(value:$a)}", NULL, "the variable $a is of type Int, but Int! is expected", 1, 25 },
        { "query($a:Int){show(ints:[$a])}", NULL, "the variable $a is of type Int, but Int! is expected", 1, 26 },
        { "query($a:Int!){show(ints:$a)}", NULL, "the variable $a is of type Int!, but [Int!] is expected", 1, 21 },
        { "query($a:[Int]){show(ints:$a)}", NULL, "the variable $a is of type [Int], but [Int!] is expected", 1, 22 },
        { "query($a:[Int]){show(int:$a)}", NULL, "the variable $a is of type [Int], but Int is expected", 1, 22 },
        { "query($a:[Int]){show(rows:$a)}", NULL, "the variable $a is of type [Int], but [[Int]] is expected", 1, 22 },
        { "query($a:Boolean){dog{id @skip(if:$a)}}", NULL,
          "the variable $a is of type Boolean, but Boolean! is expected", 1, 32 },
        { "query($a:String){show(dog:{name:$a})}", NULL, "the variable $a is of type String, but String! is expected",
          1, 28 },
        { "query($a:String){...f} fragment f on Query{show(int:$a)}", NULL,
          "the variable $a is of type String, but Int is expected", 1, 49 },
    };
    (void)state;
    check_wrong(rows, UNIT_COUNT(rows));
}

static void test_variables_have_their_values(void **state)
{
    static const struct right_query rows[] = {
        { "query($a:Int){show(int:$a)}", NULL, "{\"show\":\"needed:7 \"}" },
        { "query($a:Int){show(int:$a)}", "{\"b\":1}", "{\"show\":\"needed:7 \"}" },
        { "query($a:Int){show(int:$a)}", "{\"a\":null}", "{\"show\":\"int:null needed:7 \"}" },
        { "query($a:Int){show(int:$a)}", "{\"a\":5.0}", "{\"show\":\"int:5 needed:7 \"}" },
        { "query($a:Int=4){show(int:$a)}", NULL, "{\"show\":\"int:4 needed:7 \"}" },
        { "query($a:Int=4){show(int:$a)}", "{\"a\":null}", "{\"show\":\"int:null needed:7 \"}" },
        { "query($a:Int){show(needed:$a)}", NULL, "{\"show\":\"needed:7 \"}" },
        { "query($a:Int=4){must(value:$a)}", NULL, "{\"must\":4}" },
        { "query($a:Int!){must(value:$a)}", "{\"a\":-1}", "{\"must\":-1}" },
        { "query($a:Float){show(float:$a)}", "{\"a\":2}", "{\"show\":\"float:2 needed:7 \"}" },
        { "query($a:ID){show(id:$a)}", "{\"a\":12}", "{\"show\":\"id:'12' needed:7 \"}" },
        { "query($a:ID){show(id:$a)}", "{\"a\":\"x\"}", "{\"show\":\"id:'x' needed:7 \"}" },
        { "query($a:Color){show(color:$a)}", "{\"a\":\"GREEN\"}", "{\"show\":\"color:'GREEN' needed:7 \"}" },
        { "query($a:Color=RED){show(color:$a)}", NULL, "{\"show\":\"color:'RED' needed:7 \"}" },
        { "query($a:Boolean){show(boolean:$a)}", "{\"a\":false}", "{\"show\":\"boolean:bool 0 needed:7 \"}" },
        { "query($a:[Int!]){show(ints:$a)}", "{\"a\":[1,2]}", "{\"show\":\"ints:[ 1 2 ] needed:7 \"}" },
        { "query($a:[Int!]){show(ints:$a)}", "{\"a\":3}", "{\"show\":\"ints:[ 3 ] needed:7 \"}" },
        { "query($a:[Int!]!){show(ints:$a)}", "{\"a\":[]}", "{\"show\":\"ints:[ ] needed:7 \"}" },
        { "query($a:Int!){show(ints:[1,$a])}", "{\"a\":2}", "{\"show\":\"ints:[ 1 2 ] needed:7 \"}" },
        { "query($a:Int){show(rows:[[1,$a]])}", NULL, "{\"show\":\"rows:[ [ 1 null ] ] needed:7 \"}" },
        { "query($a:DogInput){show(dog:$a)}", "{\"a\":{\"name\":\"n\",\"friend\":{\"name\":\"m\",\"age\":1}}}",
          "{\"show\":\"dog:{ name:'n' age:3 friend:{ name:'m' age:1 } } needed:7 \"}" },
        { "query($a:String!$b:Int){show(dog:{name:$a age:$b})}", "{\"a\":\"n\"}",
          "{\"show\":\"dog:{ name:'n' age:3 } needed:7 \"}" },
        { "query($a:Int){...f} fragment f on Query{show(int:$a)}", "{\"a\":6}", "{\"show\":\"int:6 needed:7 \"}" },
        { "query($a:Word){show(word:$a)}", "{\"a\":\"SALE\"}", "{\"show\":\"needed:7 word:'SALE' \"}" },
    };
    static const struct wrong_query wrong[] = {
        { "query($a:Int!){must(value:$a)}", NULL, "the variable $a needs a value, of type Int!", 1, 7 },
        { "query($a:Int!){must(value:$a)}", "{\"a\":null}", "the value of $a is wrong: expected Int!, found null", 1,
          7 },
        { "query($a:Int=1){must(value:$a)}", "{\"a\":null}", "expected a value of type Int!, found null", 1, 22 },
        { "query($a:Int){show(int:$a)}", "{\"a\":\"5\"}", "the value of $a is wrong: expected Int, found \"5\"", 1, 7 },
        { "query($a:Int){show(int:$a)}", "{\"a\":5.5}", "the value of $a is wrong: expected Int, found 5.5", 1, 7 },
        { "query($a:Int){show(int:$a)}", "{\"a\":1e99}", "the value of $a is wrong: expected Int, found 1e+99", 1, 7 },
        { "query($a:Color){show(color:$a)}", "{\"a\":\"BLUE\"}",
          "the value of $a is wrong: expected Color, found \"BLUE\"", 1, 7 },
        { "query($a:DogInput){show(dog:$a)}", "{\"a\":{}}", "DogInput needs name, of type String!", 1, 7 },
        { "query($a:DogInput){show(dog:$a)}", "{\"a\":{\"name\":\"x\",\"bark\":1}}", "DogInput does not take bark", 1,
          7 },
        { "query($a:DogInput){show(dog:$a)}", "{\"a\":[]}", "the value of $a is wrong: expected DogInput, found a list",
          1, 7 },
        { "query($a:[Int!]){show(ints:$a)}", "{\"a\":[null]}", "the value of $a is wrong: expected Int!, found null", 1,
          7 },
        { "query($a:Boolean){show(boolean:$a)}", "{\"a\":1}", "the value of $a is wrong: expected Boolean, found 1", 1,
          7 },
        { "query($a:[Int!]){show(ints:$a)}", "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
          "the value of $a is nested too deeply", 1, 7 },
    };
    (void)state;
    check_right(rows, UNIT_COUNT(rows));
    check_wrong(wrong, UNIT_COUNT(wrong));
}

static void test_all_mistakes_are_named_up_to_a_bound(void **state)
{
    char query[2000] = "{";
    unit_same_text(
        "two", ask("{a b}", NULL),
        "{\"errors\":[{\"message\":\"there is no field a in Query\",\"locations\":[{\"line\":1,\"column\":2}]},"
        "{\"message\":\"there is no field b in Query\",\"locations\":[{\"line\":1,\"column\":4}]}]}");
    for (int i = 0; i < 50; i++)
        (void)snprintf(query + strlen(query), sizeof query - strlen(query), "x%d ", i);
    (void)snprintf(query + strlen(query), sizeof query - strlen(query), "}");
    const char *answer = ask(query, NULL);
    (void)state;
    unit_has("the last", answer, "there is no field x19 in Query");
    unit_lacks("one more", answer, "x20");
}

/* Each level doubles the fields of the level below. */
static void test_fragments_that_grow_without_end_are_stopped(void **state)
{
    char query[8000] = "{dog{...f0}}";
    (void)state;
    for (int i = 0; i < 20; i++)
        (void)snprintf(query + strlen(query), sizeof query - strlen(query),
                       " fragment f%d on Dog{a%d:friend{...f%d} b%d:friend{...f%d}}", i, i, i + 1, i, i + 1);
    (void)snprintf(query + strlen(query), sizeof query - strlen(query), " fragment f20 on Dog{id}");
    const char *answer = ask(query, NULL), *said = "the query has more than 1500 fields";
    unit_has("doubled", answer, said);
    unit_lacks("said once", strstr(answer, said) + 1, said);
    assert_true(scene_refused);
    for (int levels = 22; levels <= 23; levels++) { /* and two above them */
        (void)snprintf(query, sizeof query, "{dog{...f0}}");
        for (int i = 0; i < levels; i++)
            (void)snprintf(query + strlen(query), sizeof query - strlen(query), " fragment f%d on Dog{friend{...f%d}}",
                           i, i + 1);
        (void)snprintf(query + strlen(query), sizeof query - strlen(query), " fragment f%d on Dog{id}", levels);
        unit_has("deep", ask(query, NULL), levels == 22 ? "{\"id\":\"1\"}" : "the query is nested too deeply");
    }
    (void)snprintf(query, sizeof query, "{dog{...f0}}");
    for (int i = 0; i < 60; i++) /* the same fields again and again */
        (void)snprintf(query + strlen(query), sizeof query - strlen(query), " fragment f%d on Dog{id ...f%d ...f%d}", i,
                       i + 1, i + 1);
    (void)snprintf(query + strlen(query), sizeof query - strlen(query), " fragment f60 on Dog{id}");
    unit_same_text("repeated", ask(query, NULL), "{\"data\":{\"dog\":{\"id\":\"1\"}}}");
}

static void test_one_query_asks_for_few_things_at_the_top(void **state)
{
    (void)state;
    unit_has("ten", ask("{a:large b:large c:large d:large e:large f:large g:large h:large i:large j:large}", NULL),
             "data");
    unit_has("eleven", ask("{a:large b:large c:large d:large e:large f:large g:large h:large i:large j:large k:large}",
                           NULL),
             "one operation may ask for at most 10 things");
    assert_true(scene_refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations_have_different_names),
        cmocka_unit_test(test_fields_exist_and_only_objects_have_fields),
        cmocka_unit_test(test_one_name_in_the_answer_is_one_field),
        cmocka_unit_test(test_arguments_are_known_given_once_and_not_missing),
        cmocka_unit_test(test_fragments_are_on_types_that_fit_and_are_used),
        cmocka_unit_test(test_literals_are_of_the_right_type),
        cmocka_unit_test(test_literals_become_what_resolvers_expect),
        cmocka_unit_test(test_directives_are_known_where_they_may_be_and_given_once),
        cmocka_unit_test(test_variables_are_defined_once_used_and_of_types_that_fit),
        cmocka_unit_test(test_variables_have_their_values),
        cmocka_unit_test(test_all_mistakes_are_named_up_to_a_bound),
        cmocka_unit_test(test_fragments_that_grow_without_end_are_stopped),
        cmocka_unit_test(test_one_query_asks_for_few_things_at_the_top),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
