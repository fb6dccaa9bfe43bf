/* graphql_types: the types that GraphQL queries are about, as tables. */
#include <string.h>

#include "serve/graphql_introspection.h"
#include "serve/graphql_types.h"

/* ---- references ---- */

struct graphql_ref graphql_ref_of(const char *text)
{
    return (struct graphql_ref){ text, strlen(text) };
}

bool graphql_ref_is_required(struct graphql_ref ref)
{
    return ref.length > 0 && ref.text[ref.length - 1] == '!';
}

struct graphql_ref graphql_ref_nullable(struct graphql_ref ref)
{
    return (struct graphql_ref){ ref.text, ref.length - graphql_ref_is_required(ref) };
}

bool graphql_ref_is_list(struct graphql_ref ref)
{
    return ref.length > 1 && ref.text[0] == '[';
}

struct graphql_ref graphql_ref_item(struct graphql_ref ref)
{
    return (struct graphql_ref){ ref.text + 1, ref.length - 2 };
}

bool graphql_ref_fits(struct graphql_ref from, struct graphql_ref to)
{
    for (;;) {
        if (graphql_ref_is_required(to) && !graphql_ref_is_required(from))
            return false;
        from = graphql_ref_nullable(from);
        to = graphql_ref_nullable(to);
        if (!graphql_ref_is_list(from) || !graphql_ref_is_list(to))
            return from.length == to.length && memcmp(from.text, to.text, to.length) == 0;
        from = graphql_ref_item(from);
        to = graphql_ref_item(to);
    }
}

/* ---- finding ---- */

static const struct graphql_type *find_type(const struct graphql_type *table, const char *name, size_t length)
{
    for (; table->name != NULL; table++)
        if (strncmp(table->name, name, length) == 0 && table->name[length] == '\0')
            return table;
    return NULL;
}

const struct graphql_type *graphql_type_of(const struct graphql_schema *schema, struct graphql_ref ref)
{
    const char *name = ref.text + strspn(ref.text, "[");
    size_t length = strcspn(name, "]!");
    const struct graphql_type *type = find_type(schema->types, name, length);
    return type != NULL ? type : find_type(graphql_common_types, name, length);
}

static const struct graphql_field *find_field(const struct graphql_field *table, const char *name)
{
    for (; table != NULL && table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

const struct graphql_field *graphql_field_of(const struct graphql_schema *schema, const struct graphql_type *type,
                                             const char *name)
{
    const struct graphql_field *field = find_field(type->fields, name);
    if (field == NULL && strcmp(name, graphql_typename_field.name) == 0)
        return &graphql_typename_field;
    if (field == NULL && strcmp(type->name, schema->query) == 0)
        field = find_field(graphql_schema_fields, name);
    return field;
}

const struct graphql_argument *graphql_argument_of(const struct graphql_argument *table, const char *name)
{
    for (; table != NULL && table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

const struct graphql_enum_value *graphql_enum_value_of(const struct graphql_type *type, const char *name)
{
    for (const struct graphql_enum_value *value = type->values; value->name != NULL; value++)
        if (strcmp(value->name, name) == 0)
            return value;
    return NULL;
}

const struct graphql_directive_type *graphql_directive_of(const char *name)
{
    for (const struct graphql_directive_type *type = graphql_directive_types; type->name != NULL; type++)
        if (strcmp(type->name, name) == 0)
            return type;
    return NULL;
}

bool graphql_type_is_input(const struct graphql_type *type)
{
    return type->kind != GRAPHQL_OBJECT_TYPE;
}

bool graphql_type_is_leaf(const struct graphql_type *type)
{
    return type->kind == GRAPHQL_SCALAR || type->kind == GRAPHQL_ENUM;
}

/* ---- values ---- */

const struct graphql_value *graphql_member(const struct graphql_value *object, const char *name)
{
    for (const struct graphql_value *value = object->first; value != NULL; value = value->next)
        if (strcmp(value->name, name) == 0)
            return value;
    return NULL;
}

const char *graphql_text_of(const struct graphql_value *object, const char *name)
{
    const struct graphql_value *value = graphql_member(object, name);
    return value != NULL && value->kind != GRAPHQL_NULL ? value->text : NULL;
}

int64_t graphql_integer_of(const struct graphql_value *object, const char *name, int64_t fallback)
{
    const struct graphql_value *value = graphql_member(object, name);
    return value != NULL && value->kind != GRAPHQL_NULL ? value->integer : fallback;
}

struct graphql_value *graphql_new(struct arena *arena, enum graphql_value_kind kind)
{
    struct graphql_value *value = arena_zero(arena, 1, sizeof *value);
    value->kind = kind;
    return value;
}

struct graphql_value *graphql_new_text(struct arena *arena, const char *text)
{
    if (text == NULL)
        return NULL;
    struct graphql_value *value = graphql_new(arena, GRAPHQL_TEXT);
    value->text = arena_copy(arena, text, strlen(text));
    return value;
}

struct graphql_value *graphql_new_integer(struct arena *arena, int64_t number)
{
    struct graphql_value *value = graphql_new(arena, GRAPHQL_INTEGER);
    value->integer = number;
    return value;
}

struct graphql_value *graphql_new_known(struct arena *arena, int64_t number, int64_t unknown)
{
    return number != unknown ? graphql_new_integer(arena, number) : NULL;
}

struct graphql_value *graphql_new_boolean(struct arena *arena, bool truth)
{
    struct graphql_value *value = graphql_new(arena, GRAPHQL_BOOLEAN);
    value->integer = truth;
    return value;
}

struct graphql_value *graphql_new_native(struct arena *arena, const void *native)
{
    struct graphql_value *value = graphql_new(arena, GRAPHQL_NATIVE);
    value->native = native;
    return value;
}

struct graphql_value *graphql_add(struct graphql_value *parent, const char *name, struct graphql_value *value)
{
    if (value == NULL)
        return NULL;
    value->name = name;
    if (parent->last != NULL)
        parent->last->next = value;
    else
        parent->first = value;
    parent->last = value;
    return value;
}
