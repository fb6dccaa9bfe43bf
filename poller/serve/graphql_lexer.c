/* graphql_lexer: cuts a GraphQL query into tokens. */
#include <stdbool.h>
#include <string.h>

#include "serve/graphql_lexer.h"

static const char BYTE_ORDER_MARK[] = "\xEF\xBB\xBF";

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool begins_name(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* The language has no control characters but these, not even in a comment. */
static bool is_control(char c)
{
    return (unsigned char)c < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

static void skip_between(struct graphql_lexer *lexer)
{
    for (;;) {
        lexer->at += strspn(lexer->at, " \t\n\r,");
        if (strncmp(lexer->at, BYTE_ORDER_MARK, 3) == 0)
            lexer->at += 3;
        else if (*lexer->at == '#')
            while (*lexer->at != '\n' && *lexer->at != '\r' && !is_control(*lexer->at)) /* NUL is a control character */
                lexer->at++;
        else
            return;
    }
}


/* A function that reads a token returns its end, or NULL if the token is wrong. */
static const char *wrong(struct graphql_lexer *lexer, const char *at, const char *problem)
{
    lexer->at = at;
    lexer->problem = problem;
    return NULL;
}

static const char *read_digits(struct graphql_lexer *lexer, const char *at)
{
    if (!is_digit(*at))
        return wrong(lexer, at, "a digit is missing in this number");
    while (is_digit(*at))
        at++;
    return at;
}

/* *ret_kind: a number with a fraction or an exponent is real. */
static const char *read_number(struct graphql_lexer *lexer, const char *at, int *ret_kind)
{
    *ret_kind = GRAPHQL_TOKEN_INTEGER;
    at += *at == '-';
    if (at[0] == '0' && is_digit(at[1]))
        return wrong(lexer, at, "a number must not begin with 0");
    at = read_digits(lexer, at);
    if (at != NULL && *at == '.') {
        *ret_kind = GRAPHQL_TOKEN_REAL;
        at = read_digits(lexer, at + 1);
    }
    if (at != NULL && (*at == 'e' || *at == 'E')) {
        *ret_kind = GRAPHQL_TOKEN_REAL;
        at += at[1] == '+' || at[1] == '-' ? 2 : 1;
        at = read_digits(lexer, at);
    }
    if (at != NULL && (*at == '.' || begins_name(*at)))
        return wrong(lexer, at, "a blank is missing behind this number");
    return at;
}

static const char *read_escape(struct graphql_lexer *lexer, const char *at)
{
    if (at[1] == 'u') {
        for (int i = 2; i < 6; i++)
            if (!is_hex(at[i]))
                return wrong(lexer, at, "\\u needs four hexadecimal digits");
        return at + 6;
    }
    if (at[1] == '\0' || strchr("\"\\/bfnrt", at[1]) == NULL)
        return wrong(lexer, at, "there is no such escape: write \\\\ for a backslash");
    return at + 2;
}

static const char *read_string(struct graphql_lexer *lexer, const char *at)
{
    const char *begin = at++;
    while (at != NULL && *at != '"') {
        if (*at == '\0' || *at == '\n' || *at == '\r')
            return wrong(lexer, begin, "the closing \" is missing in this line");
        if (is_control(*at))
            return wrong(lexer, at, "a control character must be written as \\u and its number");
        at = *at == '\\' ? read_escape(lexer, at) : at + 1;
    }
    return at != NULL ? at + 1 : NULL;
}

static const char *read_block(struct graphql_lexer *lexer, const char *at)
{
    const char *begin = at;
    for (at += 3; strncmp(at, "\"\"\"", 3) != 0; at++) {
        if (*at == '\0')
            return wrong(lexer, begin, "the closing \"\"\" is missing");
        if (is_control(*at))
            return wrong(lexer, at, "a control character must not be in a query");
        if (strncmp(at, "\\\"\"\"", 4) == 0)
            at += 3;
    }
    return at + 3;
}

static const char *read_name(const char *at)
{
    while (begins_name(*at) || is_digit(*at))
        at++;
    return at;
}

static const char *read_any(struct graphql_lexer *lexer, const char *at, int *ret_kind)
{
    *ret_kind = (unsigned char)*at;
    if (*at == '\0') {
        *ret_kind = GRAPHQL_TOKEN_END;
        return at;
    }
    if (strchr("!$&():=@[]{|}", *at) != NULL)
        return at + 1;
    if (begins_name(*at)) {
        *ret_kind = GRAPHQL_TOKEN_NAME;
        return read_name(at);
    }
    if (is_digit(*at) || *at == '-')
        return read_number(lexer, at, ret_kind);
    if (*at == '"') {
        bool is_block = strncmp(at, "\"\"\"", 3) == 0;
        *ret_kind = is_block ? GRAPHQL_TOKEN_BLOCK : GRAPHQL_TOKEN_STRING;
        return is_block ? read_block(lexer, at) : read_string(lexer, at);
    }
    if (strncmp(at, "...", 3) == 0) {
        *ret_kind = GRAPHQL_TOKEN_SPREAD;
        return at + 3;
    }
    return wrong(lexer, at, "this character has no meaning here");
}

void graphql_lexer_next(struct graphql_lexer *lexer, struct graphql_token *ret_token)
{
    skip_between(lexer);
    const char *at = lexer->at, *end = read_any(lexer, at, &ret_token->kind);
    if (end == NULL) {
        *ret_token = (struct graphql_token){ .kind = GRAPHQL_TOKEN_WRONG, .at = lexer->at };
        return;
    }
    ret_token->at = at;
    ret_token->length = (size_t)(end - at);
    lexer->at = end;
}
