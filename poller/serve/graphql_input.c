/* graphql_input: values that a client gives, held against the types of a GraphQL schema. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/when.h"
#include "serve/graphql_input.h"
#include "serve/graphql_parser.h"

/* ---- messages ---- */

static const char *shown(const struct graphql_input *input, const struct graphql_value *value)
{
    switch (value->kind) {
    case GRAPHQL_NULL:
        return "null";
    case GRAPHQL_BOOLEAN:
        return value->integer != 0 ? "true" : "false";
    case GRAPHQL_LIST:
        return "a list";
    case GRAPHQL_OBJECT:
        return "an object";
    case GRAPHQL_TEXT:
        return arena_format(input->arena, "\"%.40s\"", value->text);
    default:
        return value->text != NULL ? arena_format(input->arena, "%.40s", value->text) : "a number";
    }
}

static void *fail_at(const struct graphql_input *input, const struct graphql_value *value, struct graphql_ref ref)
{
    if (input->variable != NULL)
        return graphql_error_add(input->errors, value->at, "the value of $%s is wrong: expected %.*s, found %s",
                                 input->variable, (int)ref.length, ref.text, shown(input, value));
    return graphql_error_add(input->errors, value->at, "expected a value of type %.*s, found %s", (int)ref.length,
                             ref.text, shown(input, value));
}

/* ---- scalars ---- */

/* The forms of when.h, and fractions of a second as browsers write them. The text stays with the value. */
static bool take_time(const struct graphql_input *input, struct graphql_value *value)
{
    char *text = arena_copy(input->arena, value->text, strlen(value->text)), *point = strchr(text, '.');
    if (point != NULL) {
        const char *rest = point + 1 + strspn(point + 1, "0123456789");
        memmove(point, rest, strlen(rest) + 1);
    }
    value->kind = GRAPHQL_INTEGER;
    value->text = text;
    return when_parse(text, clock_now_epoch(), &value->integer, NULL) == 0;
}

/* Makes of *value what resolvers get. False: it does not fit. */
static bool take_text(const struct graphql_input *input, enum graphql_scalar scalar, struct graphql_value *value)
{
    bool is_text = value->kind == GRAPHQL_TEXT, is_number = value->kind == GRAPHQL_INTEGER;
    if ((scalar == GRAPHQL_IS_ID && is_number) || (scalar == GRAPHQL_IS_WORD && value->kind == GRAPHQL_NAME)) {
        value->kind = GRAPHQL_TEXT;
        return true;
    }
    return is_text && (scalar != GRAPHQL_IS_TIME || take_time(input, value));
}

static bool take_scalar(const struct graphql_input *input, enum graphql_scalar scalar, struct graphql_value *value)
{
    switch (scalar) {
    case GRAPHQL_IS_INT:
        return value->kind == GRAPHQL_INTEGER && value->integer >= INT32_MIN && value->integer <= INT32_MAX;
    case GRAPHQL_IS_FLOAT:
        if (value->kind != GRAPHQL_INTEGER && value->kind != GRAPHQL_REAL)
            return false;
        value->kind = GRAPHQL_REAL;
        return isfinite(value->real);
    case GRAPHQL_IS_BOOLEAN:
        return value->kind == GRAPHQL_BOOLEAN;
    default:
        return take_text(input, scalar, value);
    }
}

/* JSON has no names: there a value of an enumeration is a string. */
static bool take_enum(const struct graphql_input *input, const struct graphql_type *type, struct graphql_value *value)
{
    bool is_name = value->kind == GRAPHQL_NAME || (input->variable != NULL && value->kind == GRAPHQL_TEXT);
    if (!is_name || graphql_enum_value_of(type, value->text) == NULL)
        return false;
    value->kind = GRAPHQL_TEXT;
    return true;
}

/* ---- any value ---- */

static struct graphql_value *copy_of(const struct graphql_input *input, const struct graphql_value *value)
{
    struct graphql_value *copy = graphql_new(input->arena, value->kind);
    *copy = *value;
    copy->next = NULL;
    return copy;
}

static struct graphql_value *take_list(const struct graphql_input *input, struct graphql_ref ref,
                                       const struct graphql_value *value)
{
    struct graphql_value *list = graphql_new(input->arena, GRAPHQL_LIST);
    struct graphql_ref item = graphql_ref_item(ref);
    bool is_right = true;
    if (value->kind != GRAPHQL_LIST) { /* one value stands for a list with only it */
        struct graphql_value *only = graphql_input_value(input, item, value);
        return graphql_add(list, NULL, only) != NULL ? list : NULL;
    }
    for (const struct graphql_value *at = value->first; at != NULL && !graphql_errors_are_full(input->errors);
         at = at->next)
        is_right = graphql_add(list, NULL, graphql_input_value(input, item, at)) != NULL && is_right;
    return is_right ? list : NULL;
}

/* While only checking, notes the use. Otherwise the variable's value, which has its type already. */
static struct graphql_value *take_variable(const struct graphql_input *input, struct graphql_ref ref, bool has_fallback,
                                           const struct graphql_value *value)
{
    if (input->variables != NULL) {
        const struct graphql_value *found = graphql_member(input->variables, value->text);
        struct graphql_value *copy = found != NULL ? copy_of(input, found) : graphql_new(input->arena, GRAPHQL_NULL);
        copy->at = value->at;
        bool is_null = copy->kind == GRAPHQL_NULL && graphql_ref_is_required(ref);
        return is_null ? fail_at(input, copy, ref) : copy;
    }
    if (input->usages != NULL) {
        struct graphql_usage *usage = arena_zero(input->arena, 1, sizeof *usage);
        *usage = (struct graphql_usage){ .name = value->text,
                                         .at = value->at,
                                         .has_fallback = has_fallback,
                                         .type = arena_copy(input->arena, ref.text, ref.length),
                                         .next = *input->usages };
        *input->usages = usage;
    }
    return copy_of(input, value);
}

static struct graphql_value *take(const struct graphql_input *input, struct graphql_ref ref, bool has_fallback,
                                  const struct graphql_value *value)
{
    if (value->kind == GRAPHQL_VARIABLE)
        return take_variable(input, ref, has_fallback, value);
    if (value->kind == GRAPHQL_NULL)
        return graphql_ref_is_required(ref) ? fail_at(input, value, ref) : copy_of(input, value);
    if (graphql_ref_is_list(ref))
        return take_list(input, graphql_ref_nullable(ref), value);
    const struct graphql_type *type = graphql_type_of(input->schema, ref);
    if (type->kind == GRAPHQL_INPUT)
        return value->kind != GRAPHQL_OBJECT
                   ? fail_at(input, value, ref)
                   : graphql_input_arguments(input, type->inputs, value->first, value->at, type->name);
    struct graphql_value *copy = copy_of(input, value);
    bool is_right = type->kind == GRAPHQL_ENUM ? take_enum(input, type, copy) : take_scalar(input, type->scalar, copy);
    return is_right ? copy : fail_at(input, value, ref);
}

struct graphql_value *graphql_input_value(const struct graphql_input *input, struct graphql_ref ref,
                                          const struct graphql_value *value)
{
    return take(input, ref, false, value);
}

/* ---- arguments, and the fields of inputs ---- */

static const struct graphql_value *find(const struct graphql_value *first, const char *name)
{
    while (first != NULL && strcmp(first->name, name) != 0)
        first = first->next;
    return first;
}

/* Those that are not wanted, or given twice. */
static bool check_names(const struct graphql_input *input, const struct graphql_argument *wanted,
                        const struct graphql_value *given, const char *owner)
{
    bool is_right = true;
    for (const struct graphql_value *at = given; at != NULL && !graphql_errors_are_full(input->errors); at = at->next) {
        if (graphql_argument_of(wanted, at->name) == NULL)
            (void)graphql_error_add(input->errors, at->at, "%s does not take %s", owner, at->name);
        else if (find(given, at->name) != at)
            (void)graphql_error_add(input->errors, at->at, "%s is given twice", at->name);
        else
            continue;
        is_right = false;
    }
    return is_right;
}

/* A variable without a value is as if the argument were not there. */
static const struct graphql_value *find_given(const struct graphql_input *input, const struct graphql_value *first,
                                              const char *name)
{
    const struct graphql_value *value = find(first, name);
    bool is_absent = value != NULL && value->kind == GRAPHQL_VARIABLE && input->variables != NULL &&
                     graphql_member(input->variables, value->text) == NULL;
    return is_absent ? NULL : value;
}

struct graphql_value *graphql_input_arguments(const struct graphql_input *input, const struct graphql_argument *wanted,
                                              const struct graphql_value *given, const char *at, const char *owner)
{
    struct graphql_value *made = graphql_new(input->arena, GRAPHQL_OBJECT);
    bool is_right = check_names(input, wanted, given, owner);
    for (; wanted != NULL && wanted->name != NULL && !graphql_errors_are_full(input->errors); wanted++) {
        const struct graphql_value *value = find_given(input, given, wanted->name);
        struct graphql_ref ref = graphql_ref_of(wanted->type);
        if (value == NULL && wanted->fallback != NULL)
            value = graphql_parse_constant(input->arena, wanted->fallback);
        if (value == NULL && graphql_ref_is_required(ref)) {
            (void)graphql_error_add(input->errors, at, "%s needs %s, of type %s", owner, wanted->name, wanted->type);
            is_right = false;
        } else if (value != NULL) {
            struct graphql_value *taken = take(input, ref, wanted->fallback != NULL, value);
            is_right = graphql_add(made, wanted->name, taken) != NULL && is_right;
        }
    }
    made->at = at;
    return is_right ? made : NULL;
}

/* ---- variables ---- */

/* JSON has one kind of number: a whole one is an integer, up to where doubles have all of them. */
static void take_number(const struct graphql_input *input, struct graphql_value *value, double number)
{
    bool is_whole = fabs(number) <= (double)(INT64_C(1) << 53) && (double)(int64_t)number == number;
    value->kind = is_whole ? GRAPHQL_INTEGER : GRAPHQL_REAL;
    value->real = number;
    value->integer = is_whole ? (int64_t)number : 0;
    value->text = is_whole ? arena_format(input->arena, "%lld", (long long)number)
                           : arena_format(input->arena, "%.15g", number);
}

static struct graphql_value *of_json(const struct graphql_input *input, const struct json *json, const char *at,
                                     int depth)
{
    static const enum graphql_value_kind kinds[] = { [JSON_NULL] = GRAPHQL_NULL,     [JSON_FALSE] = GRAPHQL_BOOLEAN,
                                                     [JSON_TRUE] = GRAPHQL_BOOLEAN,  [JSON_NUMBER] = GRAPHQL_REAL,
                                                     [JSON_STRING] = GRAPHQL_TEXT,   [JSON_ARRAY] = GRAPHQL_LIST,
                                                     [JSON_OBJECT] = GRAPHQL_OBJECT };
    enum json_kind kind = json_kind(json);
    struct graphql_value *read = graphql_new(input->arena, kinds[kind]);
    read->at = at;
    if (depth > GRAPHQL_MOST_DEPTH)
        return graphql_error_add(input->errors, at, "the value of $%s is nested too deeply", input->variable);
    read->integer = kind == JSON_TRUE;
    if (kind == JSON_STRING)
        read->text = json_string(json);
    if (kind == JSON_NUMBER)
        take_number(input, read, json_number(json));
    const struct json *member = kind == JSON_ARRAY ? json_first(json) : json_first_member(json);
    for (; member != NULL; member = json_next(member)) {
        struct graphql_value *made = of_json(input, member, at, depth + 1);
        if (graphql_add(read, kind == JSON_OBJECT ? json_name(member) : NULL, made) == NULL)
            return NULL;
    }
    return read;
}

/* Adds the value of one variable. False: it is wrong. */
static bool add_variable(const struct graphql_input *input, const struct graphql_variable *variable,
                         const struct json *json, struct graphql_value *all)
{
    const struct json *found = json != NULL ? json_member(json, variable->name) : NULL;
    struct graphql_ref ref = graphql_ref_of(variable->type);
    struct graphql_input from_json = *input;
    const struct graphql_value *value = variable->fallback;
    from_json.variable = variable->name;
    if (found == NULL && value == NULL && graphql_ref_is_required(ref)) {
        (void)graphql_error_add(input->errors, variable->at, "the variable $%s needs a value, of type %s",
                                variable->name, variable->type);
        return false;
    }
    if (found != NULL)
        value = of_json(&from_json, found, variable->at, 0);
    else if (value == NULL)
        return true;
    if (value == NULL)
        return false;
    struct graphql_value *taken = graphql_input_value(found != NULL ? &from_json : input, ref, value);
    return graphql_add(all, variable->name, taken) != NULL;
}

struct graphql_value *graphql_input_variables(const struct graphql_input *input,
                                              const struct graphql_variable *variables, const struct json *json)
{
    struct graphql_value *values = graphql_new(input->arena, GRAPHQL_OBJECT);
    bool is_right = true;
    for (; variables != NULL; variables = variables->next)
        is_right = add_variable(input, variables, json, values) && is_right;
    return is_right ? values : NULL;
}
