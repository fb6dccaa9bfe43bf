/* graphql_introspection: what every GraphQL schema has, and the fields by which a client asks for the schema. */
#include <string.h>

#include "serve/graphql_introspection.h"
#include "serve/graphql_plan.h"

/* Parents are natives: a type's is a struct graphql_ref; the others' are lines of the tables of graphql_types.h. */

static const void *native_of(const struct graphql_call *call)
{
    return call->parent->native;
}

/* ---- types ---- */

static struct graphql_value *new_type(struct arena *arena, struct graphql_ref ref)
{
    struct graphql_ref *copy = arena_zero(arena, 1, sizeof *copy);
    *copy = ref;
    return graphql_new_native(arena, copy);
}

static struct graphql_value *new_named(struct arena *arena, const char *name)
{
    return name != NULL ? new_type(arena, graphql_ref_of(name)) : NULL;
}

/* NULL: the parent is a list or must not be null, so it has a name only within. */
static const struct graphql_type *named_parent(const struct graphql_call *call)
{
    const struct graphql_ref *ref = native_of(call);
    bool is_wrapped = graphql_ref_is_required(*ref) || graphql_ref_is_list(*ref);
    return is_wrapped ? NULL : graphql_type_of(call->schema, *ref);
}

static int type_kind(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    static const char *const kinds[] = { [GRAPHQL_SCALAR] = "SCALAR", [GRAPHQL_OBJECT_TYPE] = "OBJECT",
                                         [GRAPHQL_ENUM] = "ENUM", [GRAPHQL_INPUT] = "INPUT_OBJECT" };
    const struct graphql_ref *ref = native_of(call);
    const struct graphql_type *type = named_parent(call);
    (void)err;
    *ret_value = graphql_new_text(call->arena, type != NULL ? kinds[type->kind]
                                               : graphql_ref_is_required(*ref) ? "NON_NULL" : "LIST");
    return 0;
}

static int type_name(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct graphql_type *type = named_parent(call);
    (void)err;
    *ret_value = type != NULL ? graphql_new_text(call->arena, type->name) : NULL;
    return 0;
}

static int type_description(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct graphql_type *type = named_parent(call);
    (void)err;
    *ret_value = type != NULL ? graphql_new_text(call->arena, type->description) : NULL;
    return 0;
}

static int type_url(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct graphql_type *type = named_parent(call);
    (void)err;
    *ret_value = type != NULL ? graphql_new_text(call->arena, type->url) : NULL;
    return 0;
}

static int type_fields(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct graphql_type *type = named_parent(call);
    (void)err;
    if (type == NULL || type->kind != GRAPHQL_OBJECT_TYPE)
        return 0;
    *ret_value = graphql_new(call->arena, GRAPHQL_LIST);
    for (const struct graphql_field *at = type->fields; at->name != NULL; at++)
        (void)graphql_add(*ret_value, NULL, graphql_new_native(call->arena, at));
    return 0;
}

static struct graphql_value *list_of_arguments(struct arena *arena, const struct graphql_argument *table)
{
    struct graphql_value *list = graphql_new(arena, GRAPHQL_LIST);
    for (; table != NULL && table->name != NULL; table++)
        (void)graphql_add(list, NULL, graphql_new_native(arena, table));
    return list;
}

static int type_inputs(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct graphql_type *type = named_parent(call);
    (void)err;
    if (type != NULL && type->kind == GRAPHQL_INPUT)
        *ret_value = list_of_arguments(call->arena, type->inputs);
    return 0;
}

static int type_values(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct graphql_type *type = named_parent(call);
    (void)err;
    if (type == NULL || type->kind != GRAPHQL_ENUM)
        return 0;
    *ret_value = graphql_new(call->arena, GRAPHQL_LIST);
    for (const struct graphql_enum_value *at = type->values; at->name != NULL; at++)
        (void)graphql_add(*ret_value, NULL, graphql_new_native(call->arena, at));
    return 0;
}

/* An object has an empty list of interfaces, and no other type has a list. */
static int type_interfaces(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct graphql_type *type = named_parent(call);
    (void)err;
    if (type != NULL && type->kind == GRAPHQL_OBJECT_TYPE)
        *ret_value = graphql_new(call->arena, GRAPHQL_LIST);
    return 0;
}

static int nothing(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    (void)call;
    (void)ret_value;
    (void)err;
    return 0;
}

static int no(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    (void)err;
    *ret_value = graphql_new_boolean(call->arena, false);
    return 0;
}

static int type_inner(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct graphql_ref *ref = native_of(call);
    (void)err;
    if (graphql_ref_is_required(*ref))
        *ret_value = new_type(call->arena, graphql_ref_nullable(*ref));
    else if (graphql_ref_is_list(*ref))
        *ret_value = new_type(call->arena, graphql_ref_item(*ref));
    return 0;
}

/* ---- fields, arguments, values of enumerations, directives ---- */

/* Their tables all begin with the name. */
static int line_name(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const char *const *name = native_of(call);
    (void)err;
    *ret_value = graphql_new_text(call->arena, *name);
    return 0;
}

static int field_description(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct graphql_field *field = native_of(call);
    (void)err;
    *ret_value = graphql_new_text(call->arena, field->description);
    return 0;
}

static int field_type(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct graphql_field *field = native_of(call);
    (void)err;
    *ret_value = new_named(call->arena, field->type);
    return 0;
}

static int field_arguments(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct graphql_field *field = native_of(call);
    (void)err;
    *ret_value = list_of_arguments(call->arena, field->arguments);
    return 0;
}

static int argument_description(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct graphql_argument *argument = native_of(call);
    (void)err;
    *ret_value = graphql_new_text(call->arena, argument->description);
    return 0;
}

static int argument_type(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct graphql_argument *argument = native_of(call);
    (void)err;
    *ret_value = new_named(call->arena, argument->type);
    return 0;
}

static int argument_fallback(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct graphql_argument *argument = native_of(call);
    (void)err;
    *ret_value = graphql_new_text(call->arena, argument->fallback);
    return 0;
}

static int enum_value_description(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct graphql_enum_value *value = native_of(call);
    (void)err;
    *ret_value = graphql_new_text(call->arena, value->description);
    return 0;
}

static int directive_description(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct graphql_directive_type *directive = native_of(call);
    (void)err;
    *ret_value = graphql_new_text(call->arena, directive->description);
    return 0;
}

static int directive_arguments(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct graphql_directive_type *directive = native_of(call);
    (void)err;
    *ret_value = list_of_arguments(call->arena, directive->arguments);
    return 0;
}

static int directive_locations(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const struct graphql_directive_type *directive = native_of(call);
    (void)err;
    *ret_value = graphql_new(call->arena, GRAPHQL_LIST);
    for (const char *at = directive->locations; *at != '\0';) {
        size_t length = strcspn(at, " ");
        (void)graphql_add(*ret_value, NULL, graphql_new_text(call->arena, arena_copy(call->arena, at, length)));
        at += length + strspn(at + length, " ");
    }
    return 0;
}

/* ---- the schema ---- */

static void add_types(struct graphql_value *list, struct arena *arena, const struct graphql_type *table)
{
    for (; table->name != NULL; table++)
        (void)graphql_add(list, NULL, new_named(arena, table->name));
}

static int schema_types(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    (void)err;
    *ret_value = graphql_new(call->arena, GRAPHQL_LIST);
    add_types(*ret_value, call->arena, call->schema->types);
    add_types(*ret_value, call->arena, graphql_common_types);
    return 0;
}

static int schema_description(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    (void)err;
    *ret_value = graphql_new_text(call->arena, call->schema->description);
    return 0;
}

static int schema_query(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    (void)err;
    *ret_value = new_named(call->arena, call->schema->query);
    return 0;
}

static int schema_mutation(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    (void)err;
    *ret_value = new_named(call->arena, call->schema->mutation);
    return 0;
}

static int schema_directives(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    (void)err;
    *ret_value = graphql_new(call->arena, GRAPHQL_LIST);
    for (const struct graphql_directive_type *at = graphql_directive_types; at->name != NULL; at++)
        (void)graphql_add(*ret_value, NULL, graphql_new_native(call->arena, at));
    return 0;
}

static int the_schema(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    (void)err;
    *ret_value = graphql_new_native(call->arena, call->schema);
    return 0;
}

static int the_type(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    const char *name = graphql_text_of(call->arguments, "name");
    (void)err;
    if (*name != '\0' && strpbrk(name, "[]!") == NULL && graphql_type_of(call->schema, graphql_ref_of(name)) != NULL)
        *ret_value = new_named(call->arena, name);
    return 0;
}

static int the_typename(const struct graphql_call *call, struct graphql_value **ret_value, struct err *err)
{
    (void)err;
    *ret_value = graphql_new_text(call->arena, call->plan->type->name);
    return 0;
}

/* ---- the tables ---- */

/* Nothing here is deprecated, so the argument changes nothing. */
static const struct graphql_argument with_deprecated[] = { { "includeDeprecated", "Boolean", "false", NULL },
                                                           { .name = NULL } };
static const struct graphql_argument with_name[] = { { "name", "String!", NULL, NULL }, { .name = NULL } };

static const struct graphql_field schema_fields[] = {
    { "description", "String", NULL, NULL, schema_description },
    { "types", "[__Type!]!", NULL, NULL, schema_types },
    { "queryType", "__Type!", NULL, NULL, schema_query },
    { "mutationType", "__Type", NULL, NULL, schema_mutation },
    { "subscriptionType", "__Type", NULL, NULL, nothing },
    { "directives", "[__Directive!]!", NULL, NULL, schema_directives },
    { .name = NULL }
};
static const struct graphql_field type_table[] = {
    { "kind", "__TypeKind!", NULL, NULL, type_kind },
    { "name", "String", NULL, NULL, type_name },
    { "description", "String", NULL, NULL, type_description },
    { "specifiedByURL", "String", NULL, NULL, type_url },
    { "fields", "[__Field!]", NULL, with_deprecated, type_fields },
    { "interfaces", "[__Type!]", NULL, NULL, type_interfaces },
    { "possibleTypes", "[__Type!]", NULL, NULL, nothing },
    { "enumValues", "[__EnumValue!]", NULL, with_deprecated, type_values },
    { "inputFields", "[__InputValue!]", NULL, with_deprecated, type_inputs },
    { "ofType", "__Type", NULL, NULL, type_inner },
    { .name = NULL }
};
static const struct graphql_field field_table[] = {
    { "name", "String!", NULL, NULL, line_name },
    { "description", "String", NULL, NULL, field_description },
    { "args", "[__InputValue!]!", NULL, with_deprecated, field_arguments },
    { "type", "__Type!", NULL, NULL, field_type },
    { "isDeprecated", "Boolean!", NULL, NULL, no },
    { "deprecationReason", "String", NULL, NULL, nothing },
    { .name = NULL }
};
static const struct graphql_field argument_table[] = {
    { "name", "String!", NULL, NULL, line_name },
    { "description", "String", NULL, NULL, argument_description },
    { "type", "__Type!", NULL, NULL, argument_type },
    { "defaultValue", "String", NULL, NULL, argument_fallback },
    { "isDeprecated", "Boolean!", NULL, NULL, no },
    { "deprecationReason", "String", NULL, NULL, nothing },
    { .name = NULL }
};
static const struct graphql_field enum_value_table[] = {
    { "name", "String!", NULL, NULL, line_name },
    { "description", "String", NULL, NULL, enum_value_description },
    { "isDeprecated", "Boolean!", NULL, NULL, no },
    { "deprecationReason", "String", NULL, NULL, nothing },
    { .name = NULL }
};
static const struct graphql_field directive_table[] = {
    { "name", "String!", NULL, NULL, line_name },
    { "description", "String", NULL, NULL, directive_description },
    { "isRepeatable", "Boolean!", NULL, NULL, no },
    { "locations", "[__DirectiveLocation!]!", NULL, NULL, directive_locations },
    { "args", "[__InputValue!]!", NULL, with_deprecated, directive_arguments },
    { .name = NULL }
};
static const struct graphql_enum_value type_kinds[] = { { "SCALAR", NULL },       { "OBJECT", NULL },
                                                        { "INTERFACE", NULL },    { "UNION", NULL },
                                                        { "ENUM", NULL },         { "INPUT_OBJECT", NULL },
                                                        { "LIST", NULL },         { "NON_NULL", NULL },
                                                        { NULL, NULL } };
static const struct graphql_enum_value locations[] = {
    { "QUERY", NULL },               { "MUTATION", NULL },        { "SUBSCRIPTION", NULL },
    { "FIELD", NULL },               { "FRAGMENT_DEFINITION", NULL }, { "FRAGMENT_SPREAD", NULL },
    { "INLINE_FRAGMENT", NULL },     { "VARIABLE_DEFINITION", NULL }, { "SCHEMA", NULL },
    { "SCALAR", NULL },              { "OBJECT", NULL },          { "FIELD_DEFINITION", NULL },
    { "ARGUMENT_DEFINITION", NULL }, { "INTERFACE", NULL },       { "UNION", NULL },
    { "ENUM", NULL },                { "ENUM_VALUE", NULL },      { "INPUT_OBJECT", NULL },
    { "INPUT_FIELD_DEFINITION", NULL }, { NULL, NULL }
};

const struct graphql_type graphql_common_types[] = {
    { .kind = GRAPHQL_SCALAR, .name = "Int", .scalar = GRAPHQL_IS_INT, .description = "A whole number of 32 bits." },
    { .kind = GRAPHQL_SCALAR, .name = "Float", .scalar = GRAPHQL_IS_FLOAT, .description = "A number." },
    { .kind = GRAPHQL_SCALAR, .name = "String", .scalar = GRAPHQL_IS_STRING, .description = "A text." },
    { .kind = GRAPHQL_SCALAR, .name = "Boolean", .scalar = GRAPHQL_IS_BOOLEAN, .description = "true or false." },
    { .kind = GRAPHQL_SCALAR,
      .name = "ID",
      .scalar = GRAPHQL_IS_ID,
      .description = "The name of a thing: a text, or a whole number." },
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "__Schema", .fields = schema_fields },
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "__Type", .fields = type_table },
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "__Field", .fields = field_table },
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "__InputValue", .fields = argument_table },
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "__EnumValue", .fields = enum_value_table },
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "__Directive", .fields = directive_table },
    { .kind = GRAPHQL_ENUM, .name = "__TypeKind", .values = type_kinds },
    { .kind = GRAPHQL_ENUM, .name = "__DirectiveLocation", .values = locations },
    { .name = NULL }
};

static const struct graphql_argument with_condition[] = { { "if", "Boolean!", NULL, "Whether it is so." },
                                                          { .name = NULL } };
static const struct graphql_argument with_reason[] = { { "reason", "String", "\"No longer supported\"", NULL },
                                                       { .name = NULL } };
static const struct graphql_argument with_url[] = { { "url", "String!", NULL, NULL }, { .name = NULL } };

const struct graphql_directive_type graphql_directive_types[] = {
    { "include", "Asks for this only if the condition is true.", "FIELD FRAGMENT_SPREAD INLINE_FRAGMENT",
      with_condition },
    { "skip", "Leaves this out if the condition is true.", "FIELD FRAGMENT_SPREAD INLINE_FRAGMENT", with_condition },
    { "deprecated", "Says that this will go.", "FIELD_DEFINITION ARGUMENT_DEFINITION INPUT_FIELD_DEFINITION ENUM_VALUE",
      with_reason },
    { "specifiedBy", "Names the specification of a scalar.", "SCALAR", with_url },
    { .name = NULL }
};

const struct graphql_field graphql_typename_field = { "__typename", "String!", NULL, NULL, the_typename };
const struct graphql_field graphql_schema_fields[] = { { "__schema", "__Schema!", NULL, NULL, the_schema },
                                                       { "__type", "__Type", NULL, with_name, the_type },
                                                       { .name = NULL } };
