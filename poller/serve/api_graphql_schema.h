/* api_graphql_schema: the types of /graphql, with the names that call-centre dashboards ask for. */
#ifndef API_GRAPHQL_SCHEMA_H
#define API_GRAPHQL_SCHEMA_H

#include "serve/graphql_types.h"

extern const struct graphql_schema api_graphql_schema;

#endif
