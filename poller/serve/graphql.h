/* graphql: answers GraphQL queries about a schema: reads, checks and executes them. */
#ifndef GRAPHQL_H
#define GRAPHQL_H

#include <stdbool.h>

#include "base/json.h"
#include "serve/graphql_types.h"

struct graphql_query {
    const char *text;
    const char *operation;        /* the name of the one to execute; NULL: there is only one */
    const struct json *variables; /* an object; NULL: none */
    void *context;                /* for the resolvers */
};

/* graphql_answer: {"data":...,"errors":[...]}, without what is empty. *ret_is_refused: nothing was executed, because
 * the query is wrong. Ownership: the caller frees the text. */
char *graphql_answer(const struct graphql_schema *schema, const struct graphql_query *query,
                     bool *ret_is_refused) MUST_CHECK;

#endif
