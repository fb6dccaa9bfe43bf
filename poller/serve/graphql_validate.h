/* graphql_validate: whether a GraphQL query makes sense for a schema, before anything of it is executed.
 *
 * All rules of the specification's chapter 5 that a schema without interfaces and unions can break, but one: whether
 * fields with the same name in the answer are the same, which graphql_plan finds. */
#ifndef GRAPHQL_VALIDATE_H
#define GRAPHQL_VALIDATE_H

#include "serve/graphql_errors.h"
#include "serve/graphql_types.h"

/* graphql_validate: adds what is wrong to errors. False: something is. */
bool graphql_validate(const struct graphql_schema *schema, struct graphql_document *document, struct arena *arena,
                      struct graphql_errors *errors) MUST_CHECK;

/* graphql_fragment_of: NULL: there is none with that name. */
struct graphql_definition *graphql_fragment_of(const struct graphql_document *document, const char *name);

#endif
