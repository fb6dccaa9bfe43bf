/* Any bytes as a GraphQL query, with a name of an operation and variables behind it: the answer is always JSON. */
#include "fuzz.h"

#include "base/json.h"
#include "serve/graphql.h"

/* A type with each kind of thing in it. */
static int resolve_node(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    int64_t count = graphql_integer_of(call->arguments, "count", 1);
    (void)err;
    *ret_value = graphql_new(call->arena, GRAPHQL_LIST);
    for (int64_t i = 0; i < count && i < 50; i++) {
        struct graphql_value *node = graphql_add(*ret_value, NULL, graphql_new(call->arena, GRAPHQL_OBJECT));
        (void)graphql_add(node, "id", graphql_new_integer(call->arena, i));
        (void)graphql_add(node, "name", graphql_new_text(call->arena, i % 2 == 0 ? "n" : NULL));
    }
    return 0;
}

static int resolve_fail(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    (void)call;
    (void)ret_value;
    return err_set(err, EX_IOERR, "x");
}

static int resolve_same(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    (void)err;
    for (const struct graphql_value *at = call->arguments->first; at != NULL; at = at->next)
        HOLDS(at->kind != GRAPHQL_VARIABLE && at->kind != GRAPHQL_NAME);
    *ret_value = graphql_new_text(call->arena, graphql_text_of(call->arguments, "text"));
    return 0;
}

static const struct graphql_argument input[] = { { "name", "String!", NULL, NULL },
                                                 { "in", "[In!]", NULL, NULL },
                                                 { .name = NULL } };
static const struct graphql_argument node_arguments[] = { { "count", "Int", "2", NULL }, { .name = NULL } };
static const struct graphql_argument same_arguments[] = {
    { "text", "String", NULL, NULL },  { "id", "ID", NULL, NULL },          { "real", "Float", NULL, NULL },
    { "in", "In", NULL, NULL },        { "color", "Color!", "RED", NULL },  { "time", "Time", NULL, NULL },
    { "word", "Word", NULL, NULL },    { "rows", "[[Boolean!]]", NULL, NULL }, { .name = NULL }
};
static const struct graphql_enum_value colors[] = { { "RED", NULL }, { "BLUE", NULL }, { NULL, NULL } };
static const struct graphql_field node_fields[] = { { "id", "ID!", NULL, NULL, NULL },
                                                    { "name", "String", NULL, NULL, NULL },
                                                    { "must", "String!", NULL, NULL, resolve_fail },
                                                    { "nodes", "[Node!]!", NULL, node_arguments, resolve_node },
                                                    { .name = NULL } };
static const struct graphql_field query_fields[] = { { "nodes", "[Node]", NULL, node_arguments, resolve_node },
                                                     { "same", "String", NULL, same_arguments, resolve_same },
                                                     { "fail", "String", NULL, NULL, resolve_fail },
                                                     { .name = NULL } };
static const struct graphql_type types[] = {
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "Query", .fields = query_fields },
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "Node", .fields = node_fields },
    { .kind = GRAPHQL_INPUT, .name = "In", .inputs = input },
    { .kind = GRAPHQL_ENUM, .name = "Color", .values = colors },
    { .kind = GRAPHQL_SCALAR, .name = "Time", .scalar = GRAPHQL_IS_TIME },
    { .kind = GRAPHQL_SCALAR, .name = "Word", .scalar = GRAPHQL_IS_WORD },
    { .name = NULL }
};
static const struct graphql_schema schema = { "Nodes.", types, "Query", "Query" };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_part(&data, &size), *name = fuzz_part(&data, &size), *variables = fuzz_part(&data, &size);
    struct json *json = json_parse(variables);
    const struct graphql_query query = { .text = text, .operation = *name != '\0' ? name : NULL, .variables = json };
    bool is_refused = false;
    char *answer = graphql_answer(&schema, &query, &is_refused);
    struct json *read = json_parse(answer);
    HOLDS(str_is_utf8(answer));
    HOLDS(read != NULL);
    HOLDS((json_member(read, "data") == NULL) == is_refused);
    HOLDS(!is_refused || json_count(json_member(read, "errors")) > 0);
    const struct json *error = json_first(json_member(read, "errors"));
    for (; error != NULL; error = json_next(error))
        HOLDS(json_text(error, "message") != NULL);
    json_free(read);
    json_free(json);
    free(answer);
    free(variables);
    free(name);
    free(text);
    return 0;
}
