/* graphql_string: the text that a string of a GraphQL query stands for. */
#ifndef GRAPHQL_STRING_H
#define GRAPHQL_STRING_H

#include "base/arena.h"
#include "serve/graphql_lexer.h"

/* graphql_string_text: of a token of the kind STRING or BLOCK. A surrogate alone and U+0000 become U+FFFD, because no
 * text of this program can have them. */
const char *graphql_string_text(struct arena *arena, const struct graphql_token *token);

#endif
