/* graphql_links: what the definitions of a GraphQL query have to do with each other: names, fragments, variables. */
#ifndef GRAPHQL_LINKS_H
#define GRAPHQL_LINKS_H

#include "serve/graphql_document.h"
#include "serve/graphql_errors.h"

/* graphql_links_check: adds to errors: names given twice, operations without a name beside others, fragments that
 * nobody uses or that contain themselves, variables that are not defined, not used, or of the wrong type. The uses of
 * variables are known already. */
void graphql_links_check(struct graphql_document *document, struct graphql_errors *errors);

#endif
