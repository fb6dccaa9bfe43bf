/* graphql_lexer: cuts a GraphQL query into tokens. */
#ifndef GRAPHQL_LEXER_H
#define GRAPHQL_LEXER_H

#include <stddef.h>

/* A punctuator's kind is its character. */
enum graphql_token_kind {
    GRAPHQL_TOKEN_END = 256,
    GRAPHQL_TOKEN_WRONG,
    GRAPHQL_TOKEN_SPREAD, /* ... */
    GRAPHQL_TOKEN_NAME,
    GRAPHQL_TOKEN_INTEGER,
    GRAPHQL_TOKEN_REAL,
    GRAPHQL_TOKEN_STRING, /* with its quotes; graphql_string reads it */
    GRAPHQL_TOKEN_BLOCK   /* a string between """ */
};

struct graphql_token {
    int kind;
    const char *at;
    size_t length;
};

/* at begins as the text, which ends with NUL and is valid UTF-8. */
struct graphql_lexer {
    const char *at;
    const char *problem; /* of a token that is wrong; a constant */
};

/* graphql_lexer_next: the next token. Blanks, line ends, commas, comments and byte order marks are between tokens.
 * After a wrong token there is no further one. */
void graphql_lexer_next(struct graphql_lexer *lexer, struct graphql_token *ret_token);

#endif
