/* graphql_types: the types that GraphQL queries are about, as tables.
 *
 * A schema is a constant table of types; validation, execution and introspection read the same one. There are objects,
 * inputs, enumerations and scalars, but no interfaces and no unions: so each selection has exactly one type. */
#ifndef GRAPHQL_TYPES_H
#define GRAPHQL_TYPES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "serve/graphql_document.h"

/* A type as the language writes it, "[Call!]!": borrowed. */
struct graphql_ref {
    const char *text;
    size_t length;
};

/* One call of a resolver. */
struct graphql_call {
    const struct graphql_schema *schema;
    void *context;                         /* as the request has it */
    const struct graphql_value *parent;    /* the object that the field is of; NULL: it is at the top */
    const struct graphql_value *arguments; /* an object: given or by default, and of the right types */
    const struct graphql_plan *plan;       /* for graphql_asks */
    struct arena *arena;                   /* lives until the answer is written */
};

/* Makes the value of a field. *ret_value is NULL already, which stands for null. Returns -1 and the reason: null, and
 * the error is in the answer. */
typedef int graphql_resolver(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err);

/* Tables end with a line without a name. */
struct graphql_argument { /* or a field of an input */
    const char *name, *type;
    const char *fallback; /* as the language writes it; NULL: none */
    const char *description;
};
struct graphql_field {
    const char *name, *type, *description;
    const struct graphql_argument *arguments; /* NULL: none */
    graphql_resolver *resolve;                /* NULL: the member of the parent with this name */
};
struct graphql_enum_value {
    const char *name, *description;
};

enum graphql_type_kind { GRAPHQL_SCALAR, GRAPHQL_OBJECT_TYPE, GRAPHQL_ENUM, GRAPHQL_INPUT };
/* Of a WORD, a literal may be a string or a name. A TIME is a text for the client; resolvers take its epoch seconds (a
 * given one has its text, too) and return epoch seconds. */
enum graphql_scalar {
    GRAPHQL_IS_INT, GRAPHQL_IS_FLOAT, GRAPHQL_IS_STRING, GRAPHQL_IS_BOOLEAN, GRAPHQL_IS_ID, GRAPHQL_IS_WORD,
    GRAPHQL_IS_TIME
};
struct graphql_type {
    enum graphql_type_kind kind;
    const char *name, *description;
    const struct graphql_field *fields;      /* of an object */
    const struct graphql_argument *inputs;   /* of an input */
    const struct graphql_enum_value *values; /* of an enumeration */
    enum graphql_scalar scalar;
    const char *url;                         /* of a scalar's specification; NULL: none */
};

struct graphql_directive_type {
    const char *name, *description;
    const char *locations; /* words with blanks between them */
    const struct graphql_argument *arguments;
};

struct graphql_schema {
    const char *description;
    const struct graphql_type *types; /* without those that every schema has */
    const char *query, *mutation;     /* names of types; mutation may be NULL */
};

/* ---- references ---- */

struct graphql_ref graphql_ref_of(const char *text);
bool graphql_ref_is_required(struct graphql_ref ref);           /* it ends with ! */
struct graphql_ref graphql_ref_nullable(struct graphql_ref ref); /* without that */
bool graphql_ref_is_list(struct graphql_ref ref);               /* of a nullable one */
struct graphql_ref graphql_ref_item(struct graphql_ref ref);     /* what that is a list of */

/* graphql_ref_fits: whether a value of that type may be where the other is expected. */
bool graphql_ref_fits(struct graphql_ref from, struct graphql_ref to);

/* ---- finding: NULL: there is none ---- */

/* graphql_type_of: the type with the name within the reference. */
const struct graphql_type *graphql_type_of(const struct graphql_schema *schema, struct graphql_ref ref);
const struct graphql_field *graphql_field_of(const struct graphql_schema *schema, const struct graphql_type *type,
                                             const char *name);
const struct graphql_argument *graphql_argument_of(const struct graphql_argument *table, const char *name);
const struct graphql_enum_value *graphql_enum_value_of(const struct graphql_type *type, const char *name);
const struct graphql_directive_type *graphql_directive_of(const char *name);

/* graphql_type_is_input: values of the type can be given. graphql_type_is_leaf: it has no fields to select. */
bool graphql_type_is_input(const struct graphql_type *type);
bool graphql_type_is_leaf(const struct graphql_type *type);

/* ---- values ---- */

/* graphql_member: of an object; NULL: there is none. */
const struct graphql_value *graphql_member(const struct graphql_value *object, const char *name);

/* graphql_text_of, graphql_integer_of: of a member; NULL or fallback: there is none, or it is null. */
const char *graphql_text_of(const struct graphql_value *object, const char *name);
int64_t graphql_integer_of(const struct graphql_value *object, const char *name, int64_t fallback);

/* Making values. graphql_add: adds value to a list, or under the borrowed name to an object; NULL is left out. Returns
 * value. Texts are copied, and NULL gives NULL. graphql_new_known: NULL if number equals unknown. */
struct graphql_value *graphql_new(struct arena *arena, enum graphql_value_kind kind) MUST_CHECK;
struct graphql_value *graphql_new_text(struct arena *arena, const char *text) MUST_CHECK;
struct graphql_value *graphql_new_integer(struct arena *arena, int64_t number) MUST_CHECK;
struct graphql_value *graphql_new_known(struct arena *arena, int64_t number, int64_t unknown) MUST_CHECK;
struct graphql_value *graphql_new_boolean(struct arena *arena, bool truth) MUST_CHECK;
struct graphql_value *graphql_new_native(struct arena *arena, const void *native) MUST_CHECK;
struct graphql_value *graphql_add(struct graphql_value *parent, const char *name, struct graphql_value *value);

#endif
