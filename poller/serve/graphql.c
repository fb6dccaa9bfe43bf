/* graphql: answers GraphQL queries about a schema: reads, checks and executes them. */
#include <stdlib.h>
#include <string.h>

#include "serve/graphql.h"
#include "serve/graphql_execute.h"
#include "serve/graphql_input.h"
#include "serve/graphql_parser.h"
#include "serve/graphql_validate.h"

/* The operation to execute. NULL: errors says why there is none. */
static const struct graphql_definition *choose(const struct graphql_document *document, const char *name,
                                               struct graphql_errors *errors)
{
    const struct graphql_definition *chosen = NULL;
    int count = 0;
    for (const struct graphql_definition *at = document->definitions; at != NULL; at = at->next) {
        bool is_named = name == NULL || (at->name != NULL && strcmp(at->name, name) == 0);
        if (at->kind == GRAPHQL_FRAGMENT || !is_named)
            continue;
        chosen = at;
        count++;
    }
    if (count == 1)
        return chosen;
    return count > 1 ? graphql_error_add(errors, NULL, "the query has several operations: name one as operationName")
                     : graphql_error_add(errors, NULL, "the query has no operation %s", name != NULL ? name : "at all");
}

/* Fields that differ are wrong even in an operation that is not executed. */
static bool check_plans(const struct graphql_schema *schema, struct graphql_document *document,
                        struct graphql_errors *errors)
{
    for (const struct graphql_definition *at = document->definitions; at != NULL && errors->count == 0; at = at->next)
        if (at->kind != GRAPHQL_FRAGMENT)
            (void)!graphql_plan(schema, document, at, NULL, errors);
    return errors->count == 0;
}

/* Writes the value of data. False: nothing was executed. */
static bool answer(const struct graphql_schema *schema, const struct graphql_query *query,
                   struct graphql_errors *errors, struct json_writer *out)
{
    struct graphql_input input = { .schema = schema, .arena = errors->arena, .errors = errors };
    struct graphql_document *document = graphql_parse(errors->arena, errors);
    if (document == NULL || !graphql_validate(schema, document, errors->arena, errors) ||
        !check_plans(schema, document, errors))
        return false;
    const struct graphql_definition *operation = choose(document, query->operation, errors);
    if (operation == NULL)
        return false;
    const struct graphql_value *variables = graphql_input_variables(&input, operation->variables, query->variables);
    if (variables == NULL)
        return false;
    const struct graphql_plan *plan = graphql_plan(schema, document, operation, variables, errors);
    if (errors->count > 0)
        return false;
    graphql_execute(schema, plan, query->context, errors, out);
    return true;
}

char *graphql_answer(const struct graphql_schema *schema, const struct graphql_query *query, bool *ret_is_refused)
{
    struct arena arena = { .last = NULL };
    struct graphql_errors errors = { .arena = &arena, .source = query->text };
    struct json_writer data = { .text = NULL }, list = { .text = NULL }, object = { .text = NULL };
    *ret_is_refused = !answer(schema, query, &errors, &data);
    if (!*ret_is_refused)
        json_writer_add_json(&object, "data", data.text);
    if (errors.count > 0) {
        graphql_errors_write(&errors, &list);
        json_writer_add_json(&object, "errors", list.text);
    }
    free(data.text);
    free(list.text);
    arena_free(&arena);
    return json_writer_end(&object);
}
