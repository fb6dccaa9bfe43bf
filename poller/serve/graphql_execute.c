/* graphql_execute: answers a planned operation of a GraphQL query, as JSON. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "serve/graphql_execute.h"

struct execution {
    const struct graphql_schema *schema;
    void *context;
    struct graphql_errors *errors;
    struct json_writer *out;
    int values;
    bool is_too_large;
};

bool graphql_asks(const struct graphql_call *call, const char *name)
{
    const struct graphql_plan *plan = call->plan->fields;
    while (plan != NULL && strcmp(plan->field->name, name) != 0)
        plan = plan->next;
    return plan != NULL;
}

/* ---- leaves: false: the value does not fit its type, which is a mistake in a resolver ---- */

static void put_integer(struct execution *execution, int64_t number)
{
    char room[STR_INT_SIZE];
    json_writer_put(execution->out, str_of_int(number, room));
}

static bool put_real(struct execution *execution, const struct graphql_value *value)
{
    char text[40];
    double real = value->kind == GRAPHQL_INTEGER ? (double)value->integer : value->real;
    if ((value->kind != GRAPHQL_INTEGER && value->kind != GRAPHQL_REAL) || !isfinite(real))
        return false;
    (void)snprintf(text, sizeof text, "%.15g", real);
    json_writer_put(execution->out, text);
    return true;
}

static bool put_time(struct execution *execution, const struct graphql_value *value)
{
    char text[CLOCK_TEXT_SIZE];
    if (value->kind != GRAPHQL_INTEGER)
        return false;
    json_writer_put_text(execution->out, clock_iso(value->integer, text, sizeof text));
    return true;
}

static bool put_text(struct execution *execution, const struct graphql_value *value)
{
    if (value->kind == GRAPHQL_TEXT)
        json_writer_put_text(execution->out, value->text);
    return value->kind == GRAPHQL_TEXT;
}

static bool put_id(struct execution *execution, const struct graphql_value *value)
{
    char room[STR_INT_SIZE];
    if (value->kind != GRAPHQL_INTEGER)
        return put_text(execution, value);
    json_writer_put_text(execution->out, str_of_int(value->integer, room));
    return true;
}

static bool put_scalar(struct execution *execution, enum graphql_scalar scalar, const struct graphql_value *value)
{
    switch (scalar) {
    case GRAPHQL_IS_INT:
        if (value->kind != GRAPHQL_INTEGER || value->integer < INT32_MIN || value->integer > INT32_MAX)
            return false;
        put_integer(execution, value->integer);
        return true;
    case GRAPHQL_IS_FLOAT:
        return put_real(execution, value);
    case GRAPHQL_IS_BOOLEAN:
        if (value->kind == GRAPHQL_BOOLEAN)
            json_writer_put(execution->out, value->integer != 0 ? "true" : "false");
        return value->kind == GRAPHQL_BOOLEAN;
    case GRAPHQL_IS_TIME:
        return put_time(execution, value);
    case GRAPHQL_IS_ID:
        return put_id(execution, value);
    default:
        return put_text(execution, value);
    }
}

static bool put_leaf(struct execution *execution, const struct graphql_type *type, const struct graphql_value *value)
{
    if (type->kind == GRAPHQL_SCALAR)
        return put_scalar(execution, type->scalar, value);
    return value->kind == GRAPHQL_TEXT && graphql_enum_value_of(type, value->text) != NULL &&
           put_text(execution, value);
}

/* ---- any value ---- */

/* One value to write. */
struct place {
    const struct graphql_plan *plan;
    const struct graphql_path *path;
    struct graphql_ref ref;
};

static bool put_fields(struct execution *execution, const struct graphql_plan *fields,
                       const struct graphql_value *parent, const struct graphql_path *path);
static bool put_value(struct execution *execution, const struct place *place, const struct graphql_value *value);

static void fail_at(struct execution *execution, const struct place *place, const char *message)
{
    (void)graphql_error_add_at(execution->errors, place->path, place->plan->at, message);
}

/* Resolvers can be asked for lists within lists without end: the bounds hold for all of them together. */
static bool spend(struct execution *execution)
{
    if (++execution->values > GRAPHQL_MOST_VALUES || execution->out->length > GRAPHQL_MOST_ANSWER)
        execution->is_too_large = true;
    return !execution->is_too_large;
}

static bool put_list(struct execution *execution, const struct place *place, const struct graphql_value *list)
{
    struct graphql_path path = { .up = place->path };
    const struct place item = { place->plan, &path, graphql_ref_item(place->ref) };
    if (list->kind != GRAPHQL_LIST) {
        fail_at(execution, place, "the server made no list here");
        return false;
    }
    json_writer_put(execution->out, "[");
    for (const struct graphql_value *at = list->first; at != NULL; at = at->next) {
        if (path.index > 0)
            json_writer_put(execution->out, ",");
        if (!put_value(execution, &item, at))
            return false;
        path.index++;
    }
    json_writer_put(execution->out, "]");
    return true;
}

static bool put_present(struct execution *execution, const struct place *place, const struct graphql_value *value)
{
    if (graphql_ref_is_list(place->ref))
        return put_list(execution, place, value);
    const struct graphql_type *type = graphql_type_of(execution->schema, place->ref);
    if (type->kind == GRAPHQL_OBJECT_TYPE)
        return put_fields(execution, place->plan->fields, value, place->path);
    bool fits = put_leaf(execution, type, value);
    if (!fits)
        fail_at(execution, place, arena_format(execution->errors->arena, "the server made no value of type %s here",
                                               type->name));
    return fits;
}

/* False: null is here where it must not be, so that what is around it becomes null. */
static bool put_value(struct execution *execution, const struct place *place, const struct graphql_value *value)
{
    bool is_required = graphql_ref_is_required(place->ref);
    size_t begin = execution->out->length;
    const struct place nullable = { place->plan, place->path, graphql_ref_nullable(place->ref) };
    if (!spend(execution))
        return false;
    if (value != NULL && value->kind != GRAPHQL_NULL) {
        if (put_present(execution, &nullable, value))
            return true;
    } else if (is_required) {
        fail_at(execution, place, "the server has no value here, and null is not allowed");
    }
    execution->out->length = begin;
    if (is_required || execution->is_too_large)
        return false;
    json_writer_put(execution->out, "null");
    return true;
}

static struct graphql_value *resolve(struct execution *execution, const struct graphql_plan *plan,
                                     const struct graphql_value *parent, struct err *err)
{
    const struct graphql_call call = { .schema = execution->schema, .context = execution->context, .parent = parent,
                                       .arguments = plan->arguments, .plan = plan,
                                       .arena = execution->errors->arena };
    struct graphql_value *value = NULL;
    err->code = EX_OK;
    if (plan->field->resolve(&call, &value, err) == 0)
        return value;
    if (err->code == EX_OK)
        (void)err_set(err, EX_SOFTWARE, "the server could not answer this");
    return NULL;
}

/* As put_value. */
static bool put_field(struct execution *execution, const struct graphql_plan *plan, const struct graphql_value *parent,
                      const struct graphql_path *path)
{
    const struct place place = { plan, path, graphql_ref_of(plan->field->type) };
    struct err err = { .code = EX_OK };
    const struct graphql_value *value = NULL;
    if (plan->field->resolve != NULL)
        value = resolve(execution, plan, parent, &err);
    else if (parent != NULL)
        value = graphql_member(parent, plan->field->name);
    if (err.code == EX_OK)
        return put_value(execution, &place, value);
    fail_at(execution, &place, err.message);
    if (graphql_ref_is_required(place.ref))
        return false;
    json_writer_put(execution->out, "null");
    return true;
}

static bool put_fields(struct execution *execution, const struct graphql_plan *fields,
                       const struct graphql_value *parent, const struct graphql_path *path)
{
    json_writer_put(execution->out, "{");
    for (const struct graphql_plan *plan = fields; plan != NULL; plan = plan->next) {
        const struct graphql_path here = { .up = path, .key = plan->key };
        json_writer_put_text(execution->out, plan->key);
        json_writer_put(execution->out, ":");
        if (!put_field(execution, plan, parent, &here))
            return false;
        if (plan->next != NULL)
            json_writer_put(execution->out, ",");
    }
    json_writer_put(execution->out, "}");
    return true;
}

void graphql_execute(const struct graphql_schema *schema, const struct graphql_plan *plan, void *context,
                     struct graphql_errors *errors, struct json_writer *out)
{
    struct execution execution = { .schema = schema, .context = context, .errors = errors, .out = out };
    size_t begin = out->length;
    if (put_fields(&execution, plan, NULL, NULL))
        return;
    out->length = begin;
    json_writer_put(out, "null");
    if (execution.is_too_large)
        (void)graphql_error_add(errors, NULL, "the answer is too large: ask for fewer calls at once, or fewer fields");
}
