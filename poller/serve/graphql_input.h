/* graphql_input: values that a client gives, held against the types of a GraphQL schema. */
#ifndef GRAPHQL_INPUT_H
#define GRAPHQL_INPUT_H

#include "base/json.h"
#include "serve/graphql_errors.h"
#include "serve/graphql_types.h"

struct graphql_input {
    const struct graphql_schema *schema;
    struct arena *arena;
    struct graphql_errors *errors;
    const struct graphql_value *variables; /* an object: those that have a value; NULL: only check */
    struct graphql_usage **usages;         /* while only checking: where the uses of variables are added; or NULL */
    const char *variable;                  /* the name of the variable that JSON gives; NULL: a literal of the query */
};

/* graphql_input_value: value as one of the type, with fallbacks put in. NULL: it is wrong, and errors says why. */
struct graphql_value *graphql_input_value(const struct graphql_input *input, struct graphql_ref ref,
                                          const struct graphql_value *value) MUST_CHECK;

/* graphql_input_arguments: the same for arguments, as an object. given: the first one, or NULL. at, owner: whose they
 * are, for messages. */
struct graphql_value *graphql_input_arguments(const struct graphql_input *input, const struct graphql_argument *wanted,
                                              const struct graphql_value *given, const char *at,
                                              const char *owner) MUST_CHECK;

/* graphql_input_variables: the values of an operation's variables, from a JSON object or NULL, as an object. NULL: one
 * is wrong, and errors says why. */
struct graphql_value *graphql_input_variables(const struct graphql_input *input,
                                              const struct graphql_variable *variables,
                                              const struct json *json) MUST_CHECK;

#endif
