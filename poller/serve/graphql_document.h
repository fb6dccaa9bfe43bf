/* graphql_document: a GraphQL query as a tree, as graphql_parser makes it, and the values that the others work with.
 *
 * Everything lies in one arena. `at` is a place in the query's text, for messages; NULL: the thing is not from there.
 */
#ifndef GRAPHQL_DOCUMENT_H
#define GRAPHQL_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

/* What one query may have at most. A program that asks for calls needs a tenth of it; the usual query for the schema
 * needs 18 levels and some 300 fields. */
enum {
    GRAPHQL_MOST_BYTES = 32768,
    GRAPHQL_MOST_TOKENS = 4000,
    GRAPHQL_MOST_DEPTH = 24,       /* braces and brackets within each other, with the fragments put in */
    GRAPHQL_MOST_DEFINITIONS = 100,
    GRAPHQL_MOST_FIELDS = 1500,    /* with the fragments put in */
    GRAPHQL_MOST_ROOT_FIELDS = 10, /* each of them may read the list of calls */
    GRAPHQL_MOST_VALUES = 100000,  /* in the answer */
    GRAPHQL_MOST_ANSWER = 8388608, /* bytes of the answer */
    GRAPHQL_MOST_ERRORS = 20
};

/* A literal of the query, a variable's value, an argument, or what a resolver returns. */
enum graphql_value_kind {
    GRAPHQL_NULL,
    GRAPHQL_BOOLEAN,  /* integer: 0 or 1 */
    GRAPHQL_INTEGER,  /* integer; a literal also has its digits as text, and may be too large for integer */
    GRAPHQL_REAL,     /* real; a literal has its text, too */
    GRAPHQL_TEXT,     /* text */
    GRAPHQL_NAME,     /* text: a value of an enumeration */
    GRAPHQL_VARIABLE, /* text: the variable's name without the $ */
    GRAPHQL_LIST,     /* first */
    GRAPHQL_OBJECT,   /* first; each member has another name */
    GRAPHQL_NATIVE    /* native: an object that only its type's resolvers understand */
};
struct graphql_value {
    enum graphql_value_kind kind;
    const char *name; /* of this member of an object, or argument; otherwise NULL */
    const char *at;
    const char *text;
    int64_t integer;
    double real;
    const void *native;
    struct graphql_value *first, *last; /* elements or members */
    struct graphql_value *next;         /* in the list or object that this value is in */
};

/* @name(arguments) */
struct graphql_directive {
    const char *name, *at;
    struct graphql_value *arguments; /* the first one; NULL: none */
    struct graphql_directive *next;
};

/* key: name(arguments) @directives { selections }, ...name, or ... on condition { selections } */
enum graphql_selection_kind { GRAPHQL_FIELD, GRAPHQL_SPREAD, GRAPHQL_INLINE };
struct graphql_selection {
    enum graphql_selection_kind kind;
    const char *at;
    const char *key;       /* of a field: how the answer names it */
    const char *name;      /* of a field or a fragment */
    const char *condition; /* the type of an inline fragment; NULL: none */
    struct graphql_value *arguments;
    struct graphql_directive *directives;
    struct graphql_selection *selections; /* the first one; NULL: none */
    struct graphql_selection *next;
};

/* $name: type = fallback @directives */
struct graphql_variable {
    const char *name, *at;
    const char *type; /* without blanks */
    struct graphql_value *fallback;
    struct graphql_directive *directives;
    struct graphql_variable *next;
};

/* A place that uses a variable, where a value of that type belongs. */
struct graphql_usage {
    const char *name, *at;
    const char *type;
    bool has_fallback; /* the place has a value of its own if the variable has none */
    struct graphql_usage *next;
};

enum graphql_definition_kind { GRAPHQL_QUERY, GRAPHQL_MUTATION, GRAPHQL_SUBSCRIPTION, GRAPHQL_FRAGMENT };
struct graphql_definition {
    enum graphql_definition_kind kind;
    const char *at;
    const char *name;      /* NULL: an operation without a name */
    const char *condition; /* of a fragment: its type */
    struct graphql_variable *variables;
    struct graphql_directive *directives;
    struct graphql_selection *selections;
    struct graphql_usage *usages; /* graphql_validate fills this */
    int64_t mark;                 /* for one walk at a time */
    bool is_used;                 /* an operation needs this fragment */
    struct graphql_definition *next;
};

struct graphql_document {
    struct graphql_definition *definitions;
};

#endif
