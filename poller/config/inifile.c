/* inifile: parses INI text, over inih. */
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "config/inifile.h"

/* inih has a buffer of 200 bytes: it cuts a longer line and parses the rest as another line. So inih gets only the
 * beginning of a line, with section or key; the value comes from the whole line. */
#define INIH_LINE 190

/* Gives inih one trimmed line after the other, and finds the lines that inih cannot parse. */
struct parser {
    const struct inifile_reader *reader;
    char *rest;      /* the unread text */
    char *current;   /* the line that inih parses now */
    int line;        /* the number of that line, from 1 */
    char section[64]; /* the section of that line */
    bool needs_value; /* that line must be `key = value`, and inih has not reported a value yet */
};

/* inih reports only the first line that it cannot parse. So a line is wrong if inih reports no value for it. */
static void report_missing_value(struct parser *parser)
{
    if (parser->needs_value)
        parser->reader->on_problem(parser->reader->context, parser->section, parser->current, "is not 'key = value'",
                                   parser->line);
    parser->needs_value = false;
}

/* By inih's rules: a comment may begin before the closing bracket. */
static bool is_heading(const char *line)
{
    const char *end = strchr(line, ']'), *comment = strstr(line, " ;");
    return *line == '[' && end != NULL && end - line < INIH_LINE && (comment == NULL || end < comment);
}

static char *next_line(char *out, int size, void *context)
{
    struct parser *parser = context;
    report_missing_value(parser);
    if (*parser->rest == '\0')
        return NULL;
    size_t length = strcspn(parser->rest, "\n");
    char *line = parser->rest;
    parser->rest += length;
    if (*parser->rest == '\n')
        *parser->rest++ = '\0';
    parser->line++;
    parser->current = line = str_trim(line);

    bool comment = *line == '\0' || *line == ';' || *line == '#';
    bool heading = is_heading(line);
    if (heading)
        (void)snprintf(parser->section, sizeof parser->section, "%.*s", (int)strcspn(line + 1, "]"), line + 1);
    bool too_long = strlen(line) > INIFILE_MAX_LINE;
    if (too_long && !comment)
        parser->reader->on_problem(parser->reader->context, parser->section, line, "is longer than 4096 characters",
                                   parser->line);
    parser->needs_value = !comment && !heading && !too_long;
    (void)snprintf(out, (size_t)size, "%.*s\n", INIH_LINE, comment || too_long ? "" : line);
    return out;
}

/* Removes a comment: a blank followed by ; or #, up to the end. */
static void cut_comment(char *value)
{
    while (*value != '\0' && !((value[0] == ' ' || value[0] == '\t') && (value[1] == ';' || value[1] == '#')))
        value++;
    *value = '\0';
}

static int on_inih_value(void *context, const char *section, const char *key, const char *beginning)
{
    struct parser *parser = context;
    const struct inifile_reader *reader = parser->reader;
    (void)beginning;
    parser->needs_value = false;
    char *value = parser->current + strcspn(parser->current, "=:");
    if (*value != '\0')
        value++;
    if (!str_in_list(reader->verbatim != NULL ? reader->verbatim : "", key))
        cut_comment(value);
    reader->on_value(reader->context, section, key, str_trim(value), parser->line);
    return 1;
}

void inifile_read(const char *text, const struct inifile_reader *reader)
{
    char *copy = mem_copy(text);
    bool byte_order_mark = strncmp(copy, "\xEF\xBB\xBF", 3) == 0;
    struct parser parser = { .reader = reader, .rest = copy + (byte_order_mark ? 3 : 0) };
    if (ini_parse_stream(next_line, &parser, on_inih_value, &parser) == -2)
        mem_out_of_memory();
    report_missing_value(&parser);
    free(copy);
}

struct inifile_key {
    char *name; /* "section key" */
    int line;
};

int inifile_add_key(struct inifile_keys *keys, const char *section, const char *key, int line)
{
    char *name = mem_format("%s %s", section, key);
    for (size_t i = 0; i < keys->count; i++)
        if (strcasecmp(keys->items[i].name, name) == 0) {
            free(name);
            return keys->items[i].line;
        }
    keys->items = mem_resize(keys->items, keys->count + 1, sizeof *keys->items);
    keys->items[keys->count++] = (struct inifile_key){ .name = name, .line = line };
    return 0;
}

void inifile_keys_free(struct inifile_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        free(keys->items[i].name);
    free(keys->items);
    *keys = (struct inifile_keys){ .count = 0 };
}
