/* graphql_execute: answers a planned operation of a GraphQL query, as JSON. */
#ifndef GRAPHQL_EXECUTE_H
#define GRAPHQL_EXECUTE_H

#include "base/json_writer.h"
#include "serve/graphql_errors.h"
#include "serve/graphql_plan.h"
#include "serve/graphql_types.h"

/* graphql_execute: calls the resolvers, in the order of the query, and writes the object `data`. A field that fails is
 * null, with an error that names it; so is the object around a failed field that must not be null, and so on up to null
 * in place of everything. An answer above the bounds of graphql_document.h is null, with an error. context is for the
 * resolvers. */
void graphql_execute(const struct graphql_schema *schema, const struct graphql_plan *plan, void *context,
                     struct graphql_errors *errors, struct json_writer *out);

/* graphql_asks: whether the query selects that field in what a resolver makes. */
bool graphql_asks(const struct graphql_call *call, const char *name);

#endif
