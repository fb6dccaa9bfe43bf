/* graphql_validate: whether a GraphQL query makes sense for a schema, before anything of it is executed. */
#include <string.h>

#include "base/str.h"
#include "serve/graphql_input.h"
#include "serve/graphql_links.h"
#include "serve/graphql_validate.h"

/* What the functions share. */
struct check {
    struct graphql_input input; /* usages: those of the definition being checked */
    const struct graphql_schema *schema;
    struct graphql_document *document;
    struct graphql_errors *errors;
};

struct graphql_definition *graphql_fragment_of(const struct graphql_document *document, const char *name)
{
    struct graphql_definition *at = document->definitions;
    while (at != NULL && (at->kind != GRAPHQL_FRAGMENT || strcmp(at->name, name) != 0))
        at = at->next;
    return at;
}

/* ---- directives ---- */

static bool is_repeated(const struct graphql_directive *first, const struct graphql_directive *directive)
{
    while (strcmp(first->name, directive->name) != 0)
        first = first->next;
    return first != directive;
}

static void check_directives(struct check *check, const struct graphql_directive *directives, const char *location)
{
    for (const struct graphql_directive *at = directives; at != NULL && !graphql_errors_are_full(check->errors);
         at = at->next) {
        const struct graphql_directive_type *type = graphql_directive_of(at->name);
        if (type == NULL)
            (void)graphql_error_add(check->errors, at->at, "there is no directive @%s", at->name);
        else if (!str_in_list(type->locations, location))
            (void)graphql_error_add(check->errors, at->at, "the directive @%s must not be here", at->name);
        else if (is_repeated(directives, at))
            (void)graphql_error_add(check->errors, at->at, "the directive @%s is given twice", at->name);
        else
            (void)!graphql_input_arguments(&check->input, type->arguments, at->arguments, at->at, at->name);
    }
}

/* ---- selections ---- */

static void check_selections(struct check *check, const struct graphql_type *type,
                             const struct graphql_selection *selections);

static void check_field(struct check *check, const struct graphql_type *type, const struct graphql_selection *selection)
{
    const struct graphql_field *field = graphql_field_of(check->schema, type, selection->name);
    if (field == NULL) {
        (void)graphql_error_add(check->errors, selection->at, "there is no field %s in %s", selection->name,
                                type->name);
        return;
    }
    (void)!graphql_input_arguments(&check->input, field->arguments, selection->arguments, selection->at, field->name);
    const struct graphql_type *own = graphql_type_of(check->schema, graphql_ref_of(field->type));
    if (graphql_type_is_leaf(own) && selection->selections != NULL)
        (void)graphql_error_add(check->errors, selection->at, "%s is a %s: there are no fields to select in it",
                                field->name, own->name);
    else if (!graphql_type_is_leaf(own) && selection->selections == NULL)
        (void)graphql_error_add(check->errors, selection->at, "%s is a %s: select fields of it", field->name,
                                own->name);
    else
        check_selections(check, own, selection->selections);
}

/* A fragment of another type can never apply, because each selection has exactly one type. */
static bool check_condition(struct check *check, const char *condition, const struct graphql_type *around,
                            const char *at)
{
    const struct graphql_type *type = graphql_type_of(check->schema, graphql_ref_of(condition));
    if (type == NULL)
        (void)graphql_error_add(check->errors, at, "there is no type %s", condition);
    else if (type->kind != GRAPHQL_OBJECT_TYPE)
        (void)graphql_error_add(check->errors, at, "a fragment cannot be on %s, which has no fields", condition);
    else if (around != NULL && type != around)
        (void)graphql_error_add(check->errors, at, "a fragment on %s cannot be in %s", condition, around->name);
    else
        return true;
    return false;
}

static void check_spread(struct check *check, const struct graphql_type *type, const struct graphql_selection *spread)
{
    const struct graphql_definition *fragment = graphql_fragment_of(check->document, spread->name);
    const struct graphql_type *own =
        fragment != NULL ? graphql_type_of(check->schema, graphql_ref_of(fragment->condition)) : NULL;
    check_directives(check, spread->directives, "FRAGMENT_SPREAD");
    if (fragment == NULL)
        (void)graphql_error_add(check->errors, spread->at, "there is no fragment %s", spread->name);
    else if (own != NULL && own->kind == GRAPHQL_OBJECT_TYPE) /* otherwise the fragment itself is wrong */
        (void)check_condition(check, fragment->condition, type, spread->at);
}

static void check_inline(struct check *check, const struct graphql_type *type, const struct graphql_selection *fragment)
{
    check_directives(check, fragment->directives, "INLINE_FRAGMENT");
    if (fragment->condition == NULL || check_condition(check, fragment->condition, type, fragment->at))
        check_selections(check, type, fragment->selections);
}

static void check_selections(struct check *check, const struct graphql_type *type,
                             const struct graphql_selection *selections)
{
    for (; selections != NULL && !graphql_errors_are_full(check->errors); selections = selections->next) {
        if (selections->kind == GRAPHQL_SPREAD) {
            check_spread(check, type, selections);
        } else if (selections->kind == GRAPHQL_INLINE) {
            check_inline(check, type, selections);
        } else {
            check_directives(check, selections->directives, "FIELD");
            check_field(check, type, selections);
        }
    }
}

/* ---- definitions ---- */

static void check_variables(struct check *check, const struct graphql_variable *variables)
{
    for (const struct graphql_variable *at = variables; at != NULL && !graphql_errors_are_full(check->errors);
         at = at->next) {
        const struct graphql_type *type = graphql_type_of(check->schema, graphql_ref_of(at->type));
        const struct graphql_variable *first = variables;
        while (strcmp(first->name, at->name) != 0)
            first = first->next;
        if (first != at)
            (void)graphql_error_add(check->errors, at->at, "the variable $%s is defined twice", at->name);
        else if (type == NULL)
            (void)graphql_error_add(check->errors, at->at, "there is no type %s", at->type);
        else if (!graphql_type_is_input(type))
            (void)graphql_error_add(check->errors, at->at, "a variable cannot be of type %s", at->type);
        else if (at->fallback != NULL)
            (void)!graphql_input_value(&check->input, graphql_ref_of(at->type), at->fallback);
        check_directives(check, at->directives, "VARIABLE_DEFINITION");
    }
}

static void check_operation(struct check *check, const struct graphql_definition *operation)
{
    bool is_query = operation->kind == GRAPHQL_QUERY;
    const char *name = is_query ? check->schema->query : check->schema->mutation;
    check_variables(check, operation->variables);
    check_directives(check, operation->directives, is_query ? "QUERY" : "MUTATION");
    if (operation->kind == GRAPHQL_SUBSCRIPTION || name == NULL)
        (void)graphql_error_add(check->errors, operation->at, "there are no %s here",
                                operation->kind == GRAPHQL_SUBSCRIPTION ? "subscriptions" : "mutations");
    else
        check_selections(check, graphql_type_of(check->schema, graphql_ref_of(name)), operation->selections);
}

bool graphql_validate(const struct graphql_schema *schema, struct graphql_document *document, struct arena *arena,
                      struct graphql_errors *errors)
{
    struct check check = { .schema = schema, .document = document, .errors = errors };
    for (struct graphql_definition *at = document->definitions; at != NULL && !graphql_errors_are_full(errors);
         at = at->next) {
        check.input = (struct graphql_input){ .schema = schema, .arena = arena, .errors = errors,
                                              .usages = &at->usages };
        if (at->kind != GRAPHQL_FRAGMENT) {
            check_operation(&check, at);
        } else {
            check_directives(&check, at->directives, "FRAGMENT_DEFINITION");
            if (check_condition(&check, at->condition, NULL, at->at))
                check_selections(&check, graphql_type_of(schema, graphql_ref_of(at->condition)), at->selections);
        }
    }
    graphql_links_check(document, errors);
    return errors->count == 0;
}
