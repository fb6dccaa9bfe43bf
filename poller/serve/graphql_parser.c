/* graphql_parser: reads a GraphQL query into a tree. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "serve/graphql_lexer.h"
#include "serve/graphql_parser.h"
#include "serve/graphql_string.h"
#include "serve/graphql_types.h"

/* After the first error there are no more tokens: each function then returns soon, whatever it returns. */
struct parser {
    struct arena *arena;
    struct graphql_errors *errors;
    struct graphql_lexer lexer;
    struct graphql_token token; /* the next one, not used yet */
    int tokens, depth, definitions;
    bool failed;
};

/* ---- tokens ---- */

static void fail(struct parser *parser, const char *at, const char *message)
{
    if (!parser->failed)
        (void)graphql_error_add(parser->errors, at, "could not read the query: %s", message);
    parser->failed = true;
    parser->token.kind = GRAPHQL_TOKEN_WRONG;
}

static void advance(struct parser *parser)
{
    if (parser->failed)
        return;
    graphql_lexer_next(&parser->lexer, &parser->token);
    if (parser->token.kind == GRAPHQL_TOKEN_WRONG)
        fail(parser, parser->token.at, parser->lexer.problem);
    else if (++parser->tokens > GRAPHQL_MOST_TOKENS)
        fail(parser, parser->token.at, "the query is too long");
}

static void fail_expecting(struct parser *parser, const char *what)
{
    const struct graphql_token *token = &parser->token;
    if (parser->failed)
        return;
    const char *found =
        token->kind == GRAPHQL_TOKEN_END
            ? "the end"
            : arena_format(parser->arena, "%.*s", (int)(token->length < 40 ? token->length : 40), token->at);
    fail(parser, token->at, arena_format(parser->arena, "expected %s, found %s", what, found));
}

static bool is(const struct parser *parser, int kind)
{
    return parser->token.kind == kind;
}

static bool accept(struct parser *parser, int kind)
{
    bool found = is(parser, kind);
    if (found)
        advance(parser);
    return found;
}

static void expect(struct parser *parser, int kind)
{
    const char what[] = { (char)kind, '\0' };
    if (!accept(parser, kind))
        fail_expecting(parser, what);
}

static bool is_word(const struct parser *parser, const char *word)
{
    return is(parser, GRAPHQL_TOKEN_NAME) && parser->token.length == strlen(word) &&
           memcmp(parser->token.at, word, parser->token.length) == 0;
}

/* Whether a list goes on that this character closes. */
static bool goes_on(struct parser *parser, int close)
{
    return !accept(parser, close) && !parser->failed;
}

/* "" after an error. */
static const char *read_name(struct parser *parser, const char *what)
{
    if (!is(parser, GRAPHQL_TOKEN_NAME)) {
        fail_expecting(parser, what);
        return "";
    }
    const char *name = arena_copy(parser->arena, parser->token.at, parser->token.length);
    advance(parser);
    return name;
}

static void enter(struct parser *parser)
{
    if (++parser->depth > GRAPHQL_MOST_DEPTH)
        fail(parser, parser->token.at, "the query is nested too deeply");
}

/* ---- values ---- */

static struct graphql_value *new_value(struct parser *parser, enum graphql_value_kind kind)
{
    struct graphql_value *value = graphql_new(parser->arena, kind);
    value->at = parser->token.at;
    return value;
}

static struct graphql_value *read_value(struct parser *parser, bool is_constant);

static struct graphql_value *read_list(struct parser *parser, bool is_constant)
{
    struct graphql_value *list = new_value(parser, GRAPHQL_LIST);
    enter(parser);
    advance(parser);
    while (goes_on(parser, ']'))
        (void)graphql_add(list, NULL, read_value(parser, is_constant));
    parser->depth--;
    return list;
}

/* name: value */
static void read_member(struct parser *parser, struct graphql_value *object, bool is_constant)
{
    const char *at = parser->token.at, *name = read_name(parser, "a name");
    expect(parser, ':');
    struct graphql_value *value = read_value(parser, is_constant);
    value->at = at;
    (void)graphql_add(object, name, value);
}

static struct graphql_value *read_object(struct parser *parser, bool is_constant)
{
    struct graphql_value *object = new_value(parser, GRAPHQL_OBJECT);
    enter(parser);
    advance(parser);
    while (goes_on(parser, '}'))
        read_member(parser, object, is_constant);
    parser->depth--;
    return object;
}

static struct graphql_value *read_word(struct parser *parser)
{
    struct graphql_value *value = new_value(parser, GRAPHQL_NAME);
    if (is_word(parser, "null"))
        value->kind = GRAPHQL_NULL;
    else if (is_word(parser, "true") || is_word(parser, "false"))
        value->kind = GRAPHQL_BOOLEAN;
    value->integer = is_word(parser, "true");
    value->text = read_name(parser, "a value");
    return value;
}

static struct graphql_value *read_number(struct parser *parser)
{
    bool is_integer = is(parser, GRAPHQL_TOKEN_INTEGER);
    struct graphql_value *value = new_value(parser, is_integer ? GRAPHQL_INTEGER : GRAPHQL_REAL);
    value->text = arena_copy(parser->arena, parser->token.at, parser->token.length);
    value->real = strtod(value->text, NULL);
    if (!str_to_int(value->text, &value->integer))
        value->integer = *value->text == '-' ? INT64_MIN : INT64_MAX;
    advance(parser);
    return value;
}

static struct graphql_value *read_string(struct parser *parser)
{
    struct graphql_value *value = new_value(parser, GRAPHQL_TEXT);
    value->text = graphql_string_text(parser->arena, &parser->token);
    advance(parser);
    return value;
}

static struct graphql_value *read_variable(struct parser *parser, bool is_constant)
{
    struct graphql_value *value = new_value(parser, GRAPHQL_VARIABLE);
    if (is_constant)
        fail(parser, parser->token.at, "a variable must not be in this value");
    advance(parser);
    value->text = read_name(parser, "the name of a variable");
    return value;
}

/* Never NULL. */
static struct graphql_value *read_value(struct parser *parser, bool is_constant)
{
    switch (parser->token.kind) {
    case '[':
        return read_list(parser, is_constant);
    case '{':
        return read_object(parser, is_constant);
    case '$':
        return read_variable(parser, is_constant);
    case GRAPHQL_TOKEN_INTEGER:
    case GRAPHQL_TOKEN_REAL:
        return read_number(parser);
    case GRAPHQL_TOKEN_STRING:
    case GRAPHQL_TOKEN_BLOCK:
        return read_string(parser);
    case GRAPHQL_TOKEN_NAME:
        return read_word(parser);
    default:
        fail_expecting(parser, "a value");
        return new_value(parser, GRAPHQL_NULL);
    }
}

/* (name: value ...), which may be missing but not empty. */
static struct graphql_value *read_arguments(struct parser *parser, bool is_constant)
{
    struct graphql_value list = { .kind = GRAPHQL_LIST };
    if (!accept(parser, '('))
        return NULL;
    do
        read_member(parser, &list, is_constant);
    while (goes_on(parser, ')'));
    return list.first;
}

static struct graphql_directive *read_directives(struct parser *parser, bool is_constant)
{
    struct graphql_directive *first = NULL, **end = &first;
    while (is(parser, '@')) {
        struct graphql_directive *directive = arena_zero(parser->arena, 1, sizeof *directive);
        directive->at = parser->token.at;
        advance(parser);
        directive->name = read_name(parser, "the name of a directive");
        directive->arguments = read_arguments(parser, is_constant);
        *end = directive;
        end = &directive->next;
    }
    return first;
}

/* ---- selections ---- */

static struct graphql_selection *read_selections(struct parser *parser);

static void read_field(struct parser *parser, struct graphql_selection *field)
{
    field->key = field->name = read_name(parser, "a field");
    if (accept(parser, ':'))
        field->name = read_name(parser, "a field");
    field->arguments = read_arguments(parser, false);
    field->directives = read_directives(parser, false);
    if (is(parser, '{'))
        field->selections = read_selections(parser);
}

static void read_fragment_use(struct parser *parser, struct graphql_selection *use)
{
    advance(parser);
    if (is(parser, GRAPHQL_TOKEN_NAME) && !is_word(parser, "on")) {
        use->kind = GRAPHQL_SPREAD;
        use->name = read_name(parser, "the name of a fragment");
        use->directives = read_directives(parser, false);
        return;
    }
    use->kind = GRAPHQL_INLINE;
    if (is_word(parser, "on")) {
        advance(parser);
        use->condition = read_name(parser, "a type");
    }
    use->directives = read_directives(parser, false);
    use->selections = read_selections(parser);
}

/* { ... }, which must not be empty. */
static struct graphql_selection *read_selections(struct parser *parser)
{
    struct graphql_selection *first = NULL, **end = &first;
    enter(parser);
    expect(parser, '{');
    do {
        struct graphql_selection *selection = arena_zero(parser->arena, 1, sizeof *selection);
        selection->at = parser->token.at;
        if (is(parser, GRAPHQL_TOKEN_SPREAD))
            read_fragment_use(parser, selection);
        else
            read_field(parser, selection);
        *end = selection;
        end = &selection->next;
    } while (goes_on(parser, '}'));
    parser->depth--;
    return first;
}

/* ---- definitions ---- */

/* [[Name!]]!, without blanks. */
static const char *read_type(struct parser *parser)
{
    size_t lists = 0;
    const char *type = "";
    while (accept(parser, '[')) {
        enter(parser);
        type = arena_format(parser->arena, "%s[", type);
        lists++;
    }
    type = arena_format(parser->arena, "%s%s", type, read_name(parser, "a type"));
    for (size_t i = 0; i <= lists; i++) {
        if (accept(parser, '!'))
            type = arena_format(parser->arena, "%s!", type);
        if (i < lists) {
            expect(parser, ']');
            type = arena_format(parser->arena, "%s]", type);
        }
    }
    parser->depth -= (int)lists;
    return type;
}

static struct graphql_variable *read_variables(struct parser *parser)
{
    struct graphql_variable *first = NULL, **end = &first;
    if (!accept(parser, '('))
        return NULL;
    do {
        struct graphql_variable *variable = arena_zero(parser->arena, 1, sizeof *variable);
        variable->at = parser->token.at;
        expect(parser, '$');
        variable->name = read_name(parser, "the name of a variable");
        expect(parser, ':');
        variable->type = read_type(parser);
        if (accept(parser, '='))
            variable->fallback = read_value(parser, true);
        variable->directives = read_directives(parser, true);
        *end = variable;
        end = &variable->next;
    } while (goes_on(parser, ')'));
    return first;
}

static void read_operation(struct parser *parser, struct graphql_definition *operation)
{
    advance(parser);
    if (is(parser, GRAPHQL_TOKEN_NAME))
        operation->name = read_name(parser, "a name");
    operation->variables = read_variables(parser);
    operation->directives = read_directives(parser, false);
    operation->selections = read_selections(parser);
}

static void read_fragment(struct parser *parser, struct graphql_definition *fragment)
{
    advance(parser);
    if (is_word(parser, "on"))
        fail_expecting(parser, "the name of a fragment");
    fragment->kind = GRAPHQL_FRAGMENT;
    fragment->name = read_name(parser, "the name of a fragment");
    if (!is_word(parser, "on"))
        fail_expecting(parser, "on");
    advance(parser);
    fragment->condition = read_name(parser, "a type");
    fragment->directives = read_directives(parser, false);
    fragment->selections = read_selections(parser);
}

static struct graphql_definition *read_definition(struct parser *parser)
{
    static const char *const operations[] = { "query", "mutation", "subscription" };
    struct graphql_definition *definition = arena_zero(parser->arena, 1, sizeof *definition);
    definition->at = parser->token.at;
    if (++parser->definitions > GRAPHQL_MOST_DEFINITIONS)
        fail(parser, parser->token.at, "the query has too many operations and fragments");
    if (is(parser, '{')) {
        definition->selections = read_selections(parser);
        return definition;
    }
    if (is_word(parser, "fragment")) {
        read_fragment(parser, definition);
        return definition;
    }
    for (int i = 0; i < 3; i++)
        if (is_word(parser, operations[i])) {
            definition->kind = (enum graphql_definition_kind)i;
            read_operation(parser, definition);
            return definition;
        }
    fail_expecting(parser, "query, mutation, fragment or {");
    return definition;
}

static void begin(struct parser *parser, struct arena *arena, struct graphql_errors *errors)
{
    *parser = (struct parser){ .arena = arena, .errors = errors, .lexer = { .at = errors->source } };
    parser->token.at = errors->source;
    if (!str_is_utf8(errors->source))
        fail(parser, NULL, "the text is not valid UTF-8");
    else if (strlen(errors->source) > GRAPHQL_MOST_BYTES)
        fail(parser, NULL, "the query is too long");
    advance(parser);
}

struct graphql_document *graphql_parse(struct arena *arena, struct graphql_errors *errors)
{
    struct graphql_document *document = arena_zero(arena, 1, sizeof *document);
    struct graphql_definition **end = &document->definitions;
    struct parser parser;
    begin(&parser, arena, errors);
    do {
        *end = read_definition(&parser);
        end = &(*end)->next;
    } while (!is(&parser, GRAPHQL_TOKEN_END) && !parser.failed);
    return parser.failed ? NULL : document;
}

struct graphql_value *graphql_parse_constant(struct arena *arena, const char *text)
{
    struct graphql_errors errors = { .arena = arena, .source = text };
    struct parser parser;
    begin(&parser, arena, &errors);
    struct graphql_value *value = read_value(&parser, true);
    if (!is(&parser, GRAPHQL_TOKEN_END))
        fail_expecting(&parser, "the end");
    return parser.failed ? NULL : value;
}
