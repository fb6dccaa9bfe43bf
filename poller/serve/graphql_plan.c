/* graphql_plan: the fields of one operation of a GraphQL query, with its fragments put in and each field once. */
#include <string.h>

#include "serve/graphql_input.h"
#include "serve/graphql_plan.h"
#include "serve/graphql_validate.h"

struct graphql_part {
    const struct graphql_selection *selections;
    struct graphql_part *next;
};

struct planner {
    struct graphql_input input;
    const struct graphql_document *document;
    struct graphql_errors *errors;
    int64_t mark; /* of the fragments that are in the level being collected */
    int fields, depth;
    bool failed; /* a bound is reached */
};

/* ---- what is the same ---- */

static bool values_are_same(const struct graphql_value *one, const struct graphql_value *other);

static size_t count_values(const struct graphql_value *first)
{
    size_t count = 0;
    for (; first != NULL; first = first->next)
        count++;
    return count;
}

/* Members in any order: names within one object differ. */
static bool members_are_same(const struct graphql_value *one, const struct graphql_value *other)
{
    if (count_values(one) != count_values(other))
        return false;
    for (; one != NULL; one = one->next) {
        const struct graphql_value *match = other;
        while (match != NULL && strcmp(match->name, one->name) != 0)
            match = match->next;
        if (match == NULL || !values_are_same(one, match))
            return false;
    }
    return true;
}

static bool elements_are_same(const struct graphql_value *one, const struct graphql_value *other)
{
    for (; one != NULL && other != NULL; one = one->next, other = other->next)
        if (!values_are_same(one, other))
            return false;
    return one == other;
}

static bool values_are_same(const struct graphql_value *one, const struct graphql_value *other)
{
    if (one->kind != other->kind)
        return false;
    if (one->kind == GRAPHQL_OBJECT)
        return members_are_same(one->first, other->first);
    if (one->kind == GRAPHQL_LIST)
        return elements_are_same(one->first, other->first);
    return strcmp(one->text, other->text) == 0;
}

/* ---- collecting one level ---- */

/* The truth of the argument `if` of a directive; fallback: there is no such directive. */
static bool condition_of(struct planner *planner, const struct graphql_directive *directives, const char *name,
                         bool fallback)
{
    while (directives != NULL && strcmp(directives->name, name) != 0)
        directives = directives->next;
    if (directives == NULL)
        return fallback;
    const struct graphql_value *arguments =
        graphql_input_arguments(&planner->input, graphql_directive_of(name)->arguments, directives->arguments,
                                directives->at, directives->name);
    return arguments != NULL ? graphql_integer_of(arguments, "if", fallback) != 0 : fallback;
}

static bool is_left_out(struct planner *planner, const struct graphql_selection *selection)
{
    return planner->input.variables != NULL && (condition_of(planner, selection->directives, "skip", false) ||
                                                !condition_of(planner, selection->directives, "include", true));
}

static bool spend(struct planner *planner, const struct graphql_selection *selection)
{
    if (++planner->fields > GRAPHQL_MOST_FIELDS && !planner->failed) {
        (void)graphql_error_add(planner->errors, selection->at, "the query has more than %d fields",
                                GRAPHQL_MOST_FIELDS);
        planner->failed = true;
    }
    return !planner->failed;
}

static void add_part(struct planner *planner, struct graphql_plan *plan, const struct graphql_selection *selections)
{
    struct graphql_part *part = arena_zero(planner->input.arena, 1, sizeof *part);
    part->selections = selections;
    if (plan->last_part != NULL)
        plan->last_part->next = part;
    else
        plan->parts = part;
    plan->last_part = part;
}

static struct graphql_plan *add_plan(struct planner *planner, const struct graphql_type *type,
                                     const struct graphql_selection *selection)
{
    struct graphql_plan *plan = arena_zero(planner->input.arena, 1, sizeof *plan);
    plan->key = selection->key;
    plan->field = graphql_field_of(planner->input.schema, type, selection->name);
    plan->type = type;
    plan->at = selection->at;
    plan->first = selection;
    if (planner->input.variables != NULL)
        plan->arguments = graphql_input_arguments(&planner->input, plan->field->arguments, selection->arguments,
                                                  selection->at, selection->name);
    return plan;
}

static void collect_field(struct planner *planner, const struct graphql_type *type,
                          const struct graphql_selection *selection, struct graphql_plan **list)
{
    while (*list != NULL && strcmp((*list)->key, selection->key) != 0)
        list = &(*list)->next;
    if (*list == NULL)
        *list = add_plan(planner, type, selection);
    else if (strcmp((*list)->first->name, selection->name) != 0 ||
             !members_are_same((*list)->first->arguments, selection->arguments))
        (void)graphql_error_add(planner->errors, selection->at,
                                "%s stands for two different fields: name one with an alias", selection->key);
    if (selection->selections != NULL)
        add_part(planner, *list, selection->selections);
}

static void collect(struct planner *planner, const struct graphql_type *type,
                    const struct graphql_selection *selections, struct graphql_plan **list)
{
    for (; selections != NULL && spend(planner, selections); selections = selections->next) {
        if (is_left_out(planner, selections))
            continue;
        if (selections->kind == GRAPHQL_FIELD) {
            collect_field(planner, type, selections, list);
        } else if (selections->kind == GRAPHQL_INLINE) {
            collect(planner, type, selections->selections, list);
        } else {
            struct graphql_definition *fragment = graphql_fragment_of(planner->document, selections->name);
            if (fragment->mark == planner->mark)
                continue;
            fragment->mark = planner->mark;
            collect(planner, type, fragment->selections, list);
        }
    }
}

/* ---- all levels ---- */

static struct graphql_plan *plan_level(struct planner *planner, const struct graphql_type *type,
                                       const struct graphql_part *parts)
{
    struct graphql_plan *list = NULL;
    planner->mark++;
    for (; parts != NULL; parts = parts->next)
        collect(planner, type, parts->selections, &list);
    if (++planner->depth > GRAPHQL_MOST_DEPTH && !planner->failed) {
        (void)graphql_error_add(planner->errors, list != NULL ? list->at : NULL, "the query is nested too deeply");
        planner->failed = true;
    }
    for (struct graphql_plan *plan = list; plan != NULL && !planner->failed; plan = plan->next)
        if (plan->parts != NULL)
            plan->fields = plan_level(
                planner, graphql_type_of(planner->input.schema, graphql_ref_of(plan->field->type)), plan->parts);
    planner->depth--;
    return list;
}

struct graphql_plan *graphql_plan(const struct graphql_schema *schema, struct graphql_document *document,
                                  const struct graphql_definition *operation, const struct graphql_value *variables,
                                  struct graphql_errors *errors)
{
    const char *name = operation->kind == GRAPHQL_MUTATION ? schema->mutation : schema->query;
    const struct graphql_part part = { .selections = operation->selections };
    struct planner planner = { .document = document, .errors = errors };
    int root_fields = 0;
    planner.input = (struct graphql_input){ .schema = schema, .arena = errors->arena, .errors = errors,
                                            .variables = variables };
    for (struct graphql_definition *at = document->definitions; at != NULL; at = at->next)
        at->mark = 0;
    struct graphql_plan *plan = plan_level(&planner, graphql_type_of(schema, graphql_ref_of(name)), &part);
    for (const struct graphql_plan *at = plan; at != NULL; at = at->next)
        root_fields++;
    if (root_fields > GRAPHQL_MOST_ROOT_FIELDS)
        (void)graphql_error_add(errors, operation->at, "one operation may ask for at most %d things",
                                GRAPHQL_MOST_ROOT_FIELDS);
    return plan;
}
