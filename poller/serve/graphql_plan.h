/* graphql_plan: the fields of one operation of a GraphQL query, with its fragments put in and each field once. */
#ifndef GRAPHQL_PLAN_H
#define GRAPHQL_PLAN_H

#include "serve/graphql_errors.h"
#include "serve/graphql_types.h"

/* A field of the answer. */
struct graphql_plan {
    const char *key; /* its name in the answer */
    const struct graphql_field *field;
    const struct graphql_type *type;       /* the object whose field it is */
    const char *at;                        /* where the query has it first */
    const struct graphql_value *arguments; /* an object; NULL while only checking */
    struct graphql_plan *fields;           /* what is selected in it; NULL: nothing */
    struct graphql_plan *next;
    const struct graphql_selection *first; /* the selection that came first */
    struct graphql_part *parts, *last_part; /* all selections in it */
};

/* graphql_plan: what is to be executed: without what @skip and @include leave out. variables: an object with their
 * values; NULL: only check, with everything. NULL and no error: nothing is left. Adds to errors: two different fields
 * under one name, wrong arguments, more than the bounds of graphql_document.h. The query is valid otherwise. */
struct graphql_plan *graphql_plan(const struct graphql_schema *schema, struct graphql_document *document,
                                  const struct graphql_definition *operation, const struct graphql_value *variables,
                                  struct graphql_errors *errors) MUST_CHECK;

#endif
