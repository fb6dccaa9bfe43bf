/* graphql_parser: reads a GraphQL query, as the edition of October 2021 has it, into a tree.
 *
 * Refused: definitions of types, and what is above the bounds of graphql_document.h. */
#ifndef GRAPHQL_PARSER_H
#define GRAPHQL_PARSER_H

#include "base/arena.h"
#include "serve/graphql_document.h"
#include "serve/graphql_errors.h"

/* graphql_parse: errors->source is the text. NULL: it cannot be read, and errors says why. Ownership: the arena's;
 * the tree points into the text. */
struct graphql_document *graphql_parse(struct arena *arena, struct graphql_errors *errors) MUST_CHECK;

/* graphql_parse_constant: a value without variables, as the table of types has it. NULL: it is wrong. */
struct graphql_value *graphql_parse_constant(struct arena *arena, const char *text) MUST_CHECK;

#endif
