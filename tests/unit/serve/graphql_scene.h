/* graphql_scene: a small schema about dogs, and queries of it. */
#ifndef GRAPHQL_SCENE_H
#define GRAPHQL_SCENE_H

#include "../unit.h"

#include "base/json.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "serve/graphql.h"
#include "serve/graphql_execute.h"

/* ---- resolvers ---- */

static char scene_done[400]; /* what the resolvers of mutations did */
static int scene_asked;      /* how many resolvers saw that the query asks for `name` */

/* The arguments as they came, "name:\"you\" ". */
static inline void show_value(const struct graphql_value *value, char *out, size_t size)
{
    size_t used = strlen(out);
    if (value->name != NULL)
        used += (size_t)snprintf(out + used, size - used, "%s:", value->name);
    if (value->kind == GRAPHQL_TEXT)
        (void)snprintf(out + used, size - used, "'%s' ", value->text);
    else if (value->kind == GRAPHQL_INTEGER || value->kind == GRAPHQL_BOOLEAN)
        (void)snprintf(out + used, size - used, "%s%lld ", value->kind == GRAPHQL_BOOLEAN ? "bool " : "",
                       (long long)value->integer);
    else if (value->kind == GRAPHQL_REAL)
        (void)snprintf(out + used, size - used, "%g ", value->real);
    else
        (void)snprintf(out + used, size - used, "%s", value->kind == GRAPHQL_NULL ? "null "
                       : value->kind == GRAPHQL_LIST ? "[ " : "{ ");
    for (const struct graphql_value *at = value->first; at != NULL; at = at->next)
        show_value(at, out, size);
    used = strlen(out);
    if (value->kind == GRAPHQL_LIST || value->kind == GRAPHQL_OBJECT)
        (void)snprintf(out + used, size - used, "%s", value->kind == GRAPHQL_LIST ? "] " : "} ");
}

static inline int resolve_show(const struct graphql_call *call, struct graphql_value **ret_value, struct err *error)
{
    char text[2000] = "";
    (void)error;
    for (const struct graphql_value *at = call->arguments->first; at != NULL; at = at->next)
        show_value(at, text, sizeof text);
    *ret_value = graphql_new_text(call->arena, text);
    return 0;
}

/* Gives back the argument `value`. */
static inline int resolve_same(const struct graphql_call *call, struct graphql_value **ret_value, struct err *error)
{
    const struct graphql_value *value = graphql_member(call->arguments, "value");
    (void)error;
    if (value == NULL)
        return 0;
    *ret_value = graphql_new(call->arena, value->kind);
    **ret_value = *value;
    (*ret_value)->next = NULL;
    return 0;
}

static inline struct graphql_value *new_dog(struct arena *arena, int64_t id)
{
    struct graphql_value *dog = graphql_new(arena, GRAPHQL_OBJECT);
    (void)graphql_add(dog, "id", graphql_new_integer(arena, id));
    (void)graphql_add(dog, "name", graphql_new_text(arena, id == 1 ? "Rex" : "Odd \"dog\""));
    (void)graphql_add(dog, "nick", graphql_new_text(arena, id == 1 ? "R" : NULL));
    return dog;
}

static inline int resolve_dog(const struct graphql_call *call, struct graphql_value **ret_value, struct err *error)
{
    const char *id = graphql_text_of(call->arguments, "id");
    (void)error;
    scene_asked += graphql_asks(call, "name");
    if (id == NULL || strcmp(id, "0") != 0)
        *ret_value = new_dog(call->arena, 1);
    return 0;
}

static inline int resolve_dogs(const struct graphql_call *call, struct graphql_value **ret_value, struct err *error)
{
    (void)error;
    *ret_value = graphql_new(call->arena, GRAPHQL_LIST);
    for (int64_t i = 1; i <= graphql_integer_of(call->arguments, "count", 0); i++)
        (void)graphql_add(*ret_value, NULL, new_dog(call->arena, i));
    return 0;
}

static inline int resolve_fail(const struct graphql_call *call, struct graphql_value **ret_value, struct err *error)
{
    (void)call;
    (void)ret_value;
    return err_set(error, EX_IOERR, "the dog \"ate\" it");
}

static inline int resolve_fail_silently(const struct graphql_call *call, struct graphql_value **ret_value,
                                        struct err *error)
{
    (void)call;
    (void)ret_value;
    (void)error;
    return -1;
}

static inline int resolve_large(const struct graphql_call *call, struct graphql_value **ret_value, struct err *error)
{
    (void)error;
    *ret_value = graphql_new_integer(call->arena, INT64_C(1) << 40);
    return 0;
}

static inline int resolve_matrix(const struct graphql_call *call, struct graphql_value **ret_value, struct err *error)
{
    struct graphql_value *row = graphql_new(call->arena, GRAPHQL_LIST);
    (void)error;
    (void)graphql_add(row, NULL, graphql_new_integer(call->arena, 1));
    (void)graphql_add(row, NULL, graphql_new(call->arena, GRAPHQL_NULL));
    *ret_value = graphql_new(call->arena, GRAPHQL_LIST);
    (void)graphql_add(*ret_value, NULL, row);
    (void)graphql_add(*ret_value, NULL, graphql_new(call->arena, GRAPHQL_LIST));
    return 0;
}

static inline int resolve_set(const struct graphql_call *call, struct graphql_value **ret_value, struct err *error)
{
    size_t used = strlen(scene_done);
    int64_t value = graphql_integer_of(call->arguments, "value", -1);
    (void)snprintf(scene_done + used, sizeof scene_done - used, "%lld ", (long long)value);
    if (value == 13)
        return err_set(error, EX_USAGE, "not 13");
    *ret_value = graphql_new_integer(call->arena, value);
    return 0;
}

/* ---- the schema ---- */

static const struct graphql_argument dog_input[] = { { "name", "String!", NULL, "The dog's name." },
                                                     { "age", "Int", "3", NULL },
                                                     { "tags", "[String!]", NULL, NULL },
                                                     { "friend", "DogInput", NULL, NULL },
                                                     { .name = NULL } };
static const struct graphql_argument show_arguments[] = {
    { "text", "String", NULL, NULL },      { "int", "Int", NULL, NULL },        { "float", "Float", NULL, NULL },
    { "boolean", "Boolean", NULL, NULL },  { "id", "ID", NULL, NULL },          { "color", "Color", NULL, NULL },
    { "ints", "[Int!]", NULL, NULL },      { "rows", "[[Int]]", NULL, NULL },   { "dog", "DogInput", NULL, NULL },
    { "needed", "Int!", "7", NULL },       { "word", "Word", NULL, NULL },      { "time", "Time", NULL, NULL },
    { .name = NULL }
};
static const struct graphql_argument id_arguments[] = { { "id", "ID", NULL, NULL }, { .name = NULL } };
static const struct graphql_argument must_arguments[] = { { "value", "Int!", NULL, NULL }, { .name = NULL } };
static const struct graphql_argument count_arguments[] = { { "count", "Int", "2", "How many." }, { .name = NULL } };
static const struct graphql_argument time_arguments[] = { { "value", "Time", NULL, NULL }, { .name = NULL } };
static const struct graphql_argument float_arguments[] = { { "value", "Float", NULL, NULL }, { .name = NULL } };

static const struct graphql_field query_fields[] = {
    { "show", "String!", "Shows its arguments.", show_arguments, resolve_show },
    { "dog", "Dog", NULL, id_arguments, resolve_dog },
    { "dogs", "[Dog!]!", NULL, count_arguments, resolve_dogs },
    { "matrix", "[[Int]]", NULL, NULL, resolve_matrix },
    { "strict", "[[Int!]!]", NULL, NULL, resolve_matrix },
    { "must", "Int", NULL, must_arguments, resolve_same },
    { "float", "Float", NULL, float_arguments, resolve_same },
    { "time", "Time", NULL, time_arguments, resolve_same },
    { "large", "Int", NULL, NULL, resolve_large },
    { "color", "Color", NULL, NULL, resolve_large },
    { "list", "[Int]", NULL, NULL, resolve_large },
    { "fail", "String", NULL, NULL, resolve_fail },
    { "silent", "String", NULL, NULL, resolve_fail_silently },
    { "failAll", "String!", NULL, NULL, resolve_fail },
    { .name = NULL }
};
static const struct graphql_field dog_fields[] = { { "id", "ID!", "Its number.", NULL, NULL },
                                                   { "name", "String!", NULL, NULL, NULL },
                                                   { "nick", "String", NULL, NULL, NULL },
                                                   { "missing", "String!", NULL, NULL, NULL },
                                                   { "friend", "Dog", NULL, id_arguments, resolve_dog },
                                                   { "friends", "[Dog!]", NULL, count_arguments, resolve_dogs },
                                                   { "fail", "String!", NULL, NULL, resolve_fail },
                                                   { .name = NULL } };
static const struct graphql_field mutation_fields[] = { { "set", "Int", NULL, must_arguments, resolve_set },
                                                        { .name = NULL } };
static const struct graphql_enum_value colors[] = { { "RED", "As blood." }, { "GREEN", NULL }, { NULL, NULL } };

static const struct graphql_type scene_types[] = {
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "Query", .fields = query_fields },
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "Mutation", .fields = mutation_fields },
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "Dog", .fields = dog_fields, .description = "It barks." },
    { .kind = GRAPHQL_INPUT, .name = "DogInput", .inputs = dog_input },
    { .kind = GRAPHQL_ENUM, .name = "Color", .values = colors },
    { .kind = GRAPHQL_SCALAR, .name = "Word", .scalar = GRAPHQL_IS_WORD },
    { .kind = GRAPHQL_SCALAR, .name = "Time", .scalar = GRAPHQL_IS_TIME, .url = "https://example.com/time" },
    { .name = NULL }
};
static const struct graphql_schema scene_schema = { "Dogs.", scene_types, "Query", "Mutation" };

/* ---- queries ---- */

static bool scene_refused;

/* The answer, valid until the next call. variables: JSON, or NULL. */
static inline const char *ask_for(const char *operation, const char *text, const char *variables)
{
    static char answer[200000];
    struct json *json = variables != NULL ? json_parse(variables) : NULL;
    const struct graphql_query query = { .text = text, .operation = operation, .variables = json };
    assert_true(variables == NULL || json != NULL);
    *scene_done = '\0';
    scene_asked = 0;
    char *made = graphql_answer(&scene_schema, &query, &scene_refused);
    assert_true(strlen(made) < sizeof answer);
    (void)snprintf(answer, sizeof answer, "%s", made);
    free(made);
    json_free(json);
    return answer;
}

static inline const char *ask(const char *text, const char *variables)
{
    return ask_for(NULL, text, variables);
}

/* A query that is right, and its data. */
struct right_query {
    const char *text, *variables, *data;
};

static inline void check_right(const struct right_query *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *want = mem_format("{\"data\":%s}", rows[i].data);
        unit_same_text(rows[i].text, ask(rows[i].text, rows[i].variables), want);
        unit_true(rows[i].text, !scene_refused);
        free(want);
    }
}

/* A query that is refused: its first message, and where that is. */
struct wrong_query {
    const char *text, *variables, *message;
    int line, column; /* 0: nowhere */
};

static inline void check_wrong(const struct wrong_query *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *place = rows[i].line == 0 ? mem_copy("")
                      : mem_format(",\"locations\":[{\"line\":%d,\"column\":%d}]", rows[i].line, rows[i].column);
        struct json_writer message = { .text = NULL };
        json_writer_add_text(&message, "message", rows[i].message);
        char *object = json_writer_end(&message), *want = mem_format("{\"errors\":[%.*s%s}", (int)strlen(object) - 1,
                                                                     object, place);
        unit_has(rows[i].text, ask(rows[i].text, rows[i].variables), want);
        unit_true(rows[i].text, scene_refused);
        free(place);
        free(object);
        free(want);
    }
}

#endif
