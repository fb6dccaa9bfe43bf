/* graphql_introspection: what every GraphQL schema has, and the fields by which a client asks for the schema. */
#ifndef GRAPHQL_INTROSPECTION_H
#define GRAPHQL_INTROSPECTION_H

#include "serve/graphql_types.h"

/* The five scalars and the types of introspection. */
extern const struct graphql_type graphql_common_types[];

/* skip, include, deprecated and specifiedBy. */
extern const struct graphql_directive_type graphql_directive_types[];

/* __typename, which every object has; and at the top of a query __schema and __type. */
extern const struct graphql_field graphql_typename_field;
extern const struct graphql_field graphql_schema_fields[];

#endif
