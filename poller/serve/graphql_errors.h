/* graphql_errors: what is wrong with a GraphQL query, or with a part of its answer. */
#ifndef GRAPHQL_ERRORS_H
#define GRAPHQL_ERRORS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/json_writer.h"

/* A place in the answer: a member of an object, or, without a key, an element of a list. */
struct graphql_path {
    const struct graphql_path *up; /* NULL: the place is at the top */
    const char *key;
    size_t index;
};

/* Begin with arena and source. Only the first GRAPHQL_MOST_ERRORS are kept. */
struct graphql_errors {
    struct arena *arena;
    const char *source; /* the query's text */
    struct graphql_error *first, *last;
    int count;
};

/* graphql_error_add: at is a place in source, or NULL. graphql_error_add_at: the same, for a place in the answer.
 * Always return NULL, so that a function can end with it. */
void *graphql_error_add(struct graphql_errors *errors, const char *at, const char *format, ...) PRINTF_LIKE(3, 4);
void *graphql_error_add_at(struct graphql_errors *errors, const struct graphql_path *path, const char *at,
                           const char *message);

/* graphql_errors_are_full: no further error is kept. */
int graphql_errors_are_full(const struct graphql_errors *errors);

/* graphql_errors_write: writes the list as JSON: message, locations, path. */
void graphql_errors_write(const struct graphql_errors *errors, struct json_writer *out);

#endif
