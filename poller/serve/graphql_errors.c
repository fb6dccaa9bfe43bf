/* graphql_errors: what is wrong with a GraphQL query, or with a part of its answer. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "serve/graphql_document.h"
#include "serve/graphql_errors.h"

struct graphql_error {
    const char *message, *at;
    const char *path; /* JSON; NULL: none */
    struct graphql_error *next;
};

int graphql_errors_are_full(const struct graphql_errors *errors)
{
    return errors->count >= GRAPHQL_MOST_ERRORS;
}

static void *add(struct graphql_errors *errors, const char *at, const char *message, const char *path)
{
    if (graphql_errors_are_full(errors))
        return NULL;
    struct graphql_error *error = arena_zero(errors->arena, 1, sizeof *error);
    *error = (struct graphql_error){ .message = message, .at = at, .path = path };
    if (errors->last != NULL)
        errors->last->next = error;
    else
        errors->first = error;
    errors->last = error;
    errors->count++;
    return NULL;
}

void *graphql_error_add(struct graphql_errors *errors, const char *at, const char *format, ...)
{
    va_list args;
    if (graphql_errors_are_full(errors))
        return NULL;
    va_start(args, format);
    char *text = mem_format_list(format, args);
    va_end(args);
    const char *message = arena_copy(errors->arena, text, strlen(text));
    free(text);
    return add(errors, at, message, NULL);
}

/* ["calls",3,"number"]. A key is a name, so it needs no escape. */
static const char *path_text(struct arena *arena, const struct graphql_path *path)
{
    const char *text = "";
    for (const struct graphql_path *at = path; at != NULL; at = at->up) {
        const char *comma = at == path ? "" : ",";
        text = at->key != NULL ? arena_format(arena, "\"%s\"%s%s", at->key, comma, text)
                               : arena_format(arena, "%zu%s%s", at->index, comma, text);
    }
    return arena_format(arena, "[%s]", text);
}

void *graphql_error_add_at(struct graphql_errors *errors, const struct graphql_path *path, const char *at,
                           const char *message)
{
    if (graphql_errors_are_full(errors))
        return NULL;
    return add(errors, at, arena_copy(errors->arena, message, strlen(message)), path_text(errors->arena, path));
}

/* Lines and columns are counted from 1, columns in characters. */
static void find_place(const char *source, const char *at, int64_t *ret_line, int64_t *ret_column)
{
    *ret_line = *ret_column = 1;
    for (const char *here = source; here < at; here++) {
        bool ends_line = *here == '\n' || (*here == '\r' && here[1] != '\n');
        if (ends_line) {
            ++*ret_line;
            *ret_column = 1;
        } else if (((unsigned char)*here & 0xC0) != 0x80) {
            ++*ret_column;
        }
    }
}

static void write_locations(const struct graphql_errors *errors, const char *at, struct json_writer *object)
{
    char list[100];
    int64_t line = 0, column = 0;
    find_place(errors->source, at, &line, &column);
    (void)snprintf(list, sizeof list, "[{\"line\":%lld,\"column\":%lld}]", (long long)line, (long long)column);
    json_writer_add_json(object, "locations", list);
}

void graphql_errors_write(const struct graphql_errors *errors, struct json_writer *out)
{
    json_writer_put(out, "[");
    for (const struct graphql_error *error = errors->first; error != NULL; error = error->next) {
        struct json_writer object = { .text = NULL };
        json_writer_add_text(&object, "message", error->message);
        if (error->at != NULL)
            write_locations(errors, error->at, &object);
        if (error->path != NULL)
            json_writer_add_json(&object, "path", error->path);
        char *text = json_writer_end(&object);
        json_writer_put(out, error == errors->first ? "" : ",");
        json_writer_put(out, text);
        free(text);
    }
    json_writer_put(out, "]");
}
