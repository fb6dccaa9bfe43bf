/* graphql_links: what the definitions of a GraphQL query have to do with each other. */
#include <string.h>

#include "serve/graphql_links.h"
#include "serve/graphql_types.h"
#include "serve/graphql_validate.h"

/* ---- names ---- */

static bool is_operation(const struct graphql_definition *definition)
{
    return definition->kind != GRAPHQL_FRAGMENT;
}

static bool have_same_name(const struct graphql_definition *one, const struct graphql_definition *other)
{
    return is_operation(one) == is_operation(other) && one->name != NULL && other->name != NULL &&
           strcmp(one->name, other->name) == 0;
}

static void check_names(const struct graphql_document *document, struct graphql_errors *errors)
{
    int operations = 0;
    for (const struct graphql_definition *at = document->definitions; at != NULL; at = at->next) {
        const struct graphql_definition *first = document->definitions;
        while (first != at && !have_same_name(first, at))
            first = first->next;
        if (first != at)
            (void)graphql_error_add(errors, at->at, "the name %s is given twice", at->name);
        operations += is_operation(at);
    }
    for (const struct graphql_definition *at = document->definitions; at != NULL; at = at->next)
        if (operations > 1 && is_operation(at) && at->name == NULL)
            (void)graphql_error_add(errors, at->at, "an operation without a name must be the only one");
}

/* ---- fragments that contain themselves ---- */

enum { NEW, UNDER_WAY, DONE }; /* marks */

static void enter_fragment(const struct graphql_document *document, struct graphql_definition *fragment,
                           struct graphql_errors *errors);

static void find_cycles(const struct graphql_document *document, const struct graphql_selection *selections,
                        struct graphql_errors *errors)
{
    for (; selections != NULL; selections = selections->next) {
        struct graphql_definition *used =
            selections->kind == GRAPHQL_SPREAD ? graphql_fragment_of(document, selections->name) : NULL;
        if (used != NULL && used->mark == UNDER_WAY)
            (void)graphql_error_add(errors, selections->at, "the fragment %s contains itself", used->name);
        else if (used != NULL)
            enter_fragment(document, used, errors);
        else
            find_cycles(document, selections->selections, errors);
    }
}

/* Looks into each fragment once. */
static void enter_fragment(const struct graphql_document *document, struct graphql_definition *fragment,
                           struct graphql_errors *errors)
{
    if (fragment->mark == DONE)
        return;
    fragment->mark = UNDER_WAY;
    find_cycles(document, fragment->selections, errors);
    fragment->mark = DONE;
}

/* ---- variables, and the fragments that an operation needs ---- */

/* One operation, with all fragments that it needs. */
struct reach {
    const struct graphql_document *document;
    struct graphql_errors *errors;
    const struct graphql_definition *operation;
    bool *is_used; /* for each variable of the operation, in their order */
    int64_t mark;
};

/* A variable that may be null fits where null may not be, if it or the place has a fallback. */
static bool usage_fits(const struct graphql_variable *variable, const struct graphql_usage *usage)
{
    struct graphql_ref to = graphql_ref_of(usage->type);
    bool has_value = usage->has_fallback || (variable->fallback != NULL && variable->fallback->kind != GRAPHQL_NULL);
    if (graphql_ref_is_required(to) && has_value)
        to = graphql_ref_nullable(to);
    return graphql_ref_fits(graphql_ref_of(variable->type), to);
}

static void check_usages(struct reach *reach, const struct graphql_definition *definition)
{
    for (const struct graphql_usage *usage = definition->usages; usage != NULL; usage = usage->next) {
        const struct graphql_variable *variable = reach->operation->variables;
        size_t index = 0;
        for (; variable != NULL && strcmp(variable->name, usage->name) != 0; variable = variable->next)
            index++;
        if (variable == NULL) {
            (void)graphql_error_add(reach->errors, usage->at, "the variable $%s is not defined", usage->name);
            continue;
        }
        reach->is_used[index] = true;
        if (!usage_fits(variable, usage))
            (void)graphql_error_add(reach->errors, usage->at, "the variable $%s is of type %s, but %s is expected",
                                    usage->name, variable->type, usage->type);
    }
}

static void reach_selections(struct reach *reach, const struct graphql_selection *selections);

static void reach_fragment(struct reach *reach, struct graphql_definition *fragment)
{
    if (fragment->mark == reach->mark)
        return;
    fragment->mark = reach->mark;
    fragment->is_used = true;
    check_usages(reach, fragment);
    reach_selections(reach, fragment->selections);
}

static void reach_selections(struct reach *reach, const struct graphql_selection *selections)
{
    for (; selections != NULL; selections = selections->next) {
        struct graphql_definition *used =
            selections->kind == GRAPHQL_SPREAD ? graphql_fragment_of(reach->document, selections->name) : NULL;
        if (used != NULL)
            reach_fragment(reach, used);
        reach_selections(reach, selections->selections);
    }
}

static void check_operation(struct reach *reach)
{
    const struct graphql_variable *variable = reach->operation->variables;
    size_t count = 0;
    for (; variable != NULL; variable = variable->next)
        count++;
    reach->is_used = arena_zero(reach->errors->arena, count, sizeof *reach->is_used);
    check_usages(reach, reach->operation);
    reach_selections(reach, reach->operation->selections);
    variable = reach->operation->variables;
    for (size_t i = 0; i < count; i++, variable = variable->next)
        if (!reach->is_used[i])
            (void)graphql_error_add(reach->errors, variable->at, "the variable $%s is not used", variable->name);
}

void graphql_links_check(struct graphql_document *document, struct graphql_errors *errors)
{
    struct reach reach = { .document = document, .errors = errors, .mark = DONE };
    check_names(document, errors);
    for (struct graphql_definition *at = document->definitions; at != NULL; at = at->next)
        if (!is_operation(at))
            enter_fragment(document, at, errors);
    for (struct graphql_definition *at = document->definitions; at != NULL; at = at->next) {
        if (!is_operation(at))
            continue;
        reach.operation = at;
        reach.mark++;
        check_operation(&reach);
    }
    for (const struct graphql_definition *at = document->definitions; at != NULL; at = at->next)
        if (!is_operation(at) && !at->is_used)
            (void)graphql_error_add(errors, at->at, "the fragment %s is not used", at->name);
}
