/* inifile: INI text read line by line, over inih. */
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "config/inifile.h"

/* inih cuts longer lines in two and takes the second half for a line of its own: it is compiled with 200 for a line and
 * its end. So it is fed a line's beginning, which tells section and key; the value is taken from the whole line. */
#define INIH_LINE 190

/* What feeds inih one trimmed line after the other and watches what it makes of each. */
struct feed {
    const struct inifile_reader *reader;
    char *rest;      /* what is left to read */
    char *current;   /* the line that inih is looking at */
    int line;        /* its number, from 1 */
    char section[64]; /* the heading it stands under */
    bool needs_value; /* it ought to be `key = value`, and inih has not yet said so */
};

/* inih does not say which lines it could not read, only the first: a line that called for a value and brought none. */
static void settle_line(struct feed *feed)
{
    if (feed->needs_value)
        feed->reader->on_problem(feed->reader->context, feed->section, feed->current, "is not 'key = value'",
                                 feed->line);
    feed->needs_value = false;
}

/* As inih sees it: a comment may begin before the bracket is closed. */
static bool is_heading(const char *line)
{
    const char *end = strchr(line, ']'), *comment = strstr(line, " ;");
    return *line == '[' && end != NULL && end - line < INIH_LINE && (comment == NULL || end < comment);
}

static char *next_line(char *out, int size, void *context)
{
    struct feed *feed = context;
    settle_line(feed);
    if (*feed->rest == '\0')
        return NULL;
    size_t length = strcspn(feed->rest, "\n");
    char *line = feed->rest;
    feed->rest += length;
    if (*feed->rest == '\n')
        *feed->rest++ = '\0';
    feed->line++;
    feed->current = line = str_trim(line);

    bool comment = *line == '\0' || *line == ';' || *line == '#';
    bool heading = is_heading(line);
    if (heading)
        (void)snprintf(feed->section, sizeof feed->section, "%.*s", (int)strcspn(line + 1, "]"), line + 1);
    bool too_long = strlen(line) > INIFILE_MAX_LINE;
    if (too_long && !comment)
        feed->reader->on_problem(feed->reader->context, feed->section, line, "is longer than 4096 characters",
                                 feed->line);
    feed->needs_value = !comment && !heading && !too_long;
    (void)snprintf(out, (size_t)size, "%.*s\n", INIH_LINE, comment || too_long ? "" : line);
    return out;
}

/* Ends a value where a comment begins: at a blank with ; or # behind it. */
static void cut_comment(char *value)
{
    while (*value != '\0' && !((value[0] == ' ' || value[0] == '\t') && (value[1] == ';' || value[1] == '#')))
        value++;
    *value = '\0';
}

static int take_value(void *context, const char *section, const char *key, const char *beginning)
{
    struct feed *feed = context;
    const struct inifile_reader *reader = feed->reader;
    (void)beginning;
    feed->needs_value = false;
    char *value = feed->current + strcspn(feed->current, "=:");
    if (*value != '\0')
        value++;
    if (!str_in_list(reader->verbatim != NULL ? reader->verbatim : "", key))
        cut_comment(value);
    reader->on_value(reader->context, section, key, str_trim(value), feed->line);
    return 1;
}

void inifile_read(const char *text, const struct inifile_reader *reader)
{
    char *copy = mem_copy(text);
    bool byte_order_mark = strncmp(copy, "\xEF\xBB\xBF", 3) == 0;
    struct feed feed = { .reader = reader, .rest = copy + (byte_order_mark ? 3 : 0) };
    if (ini_parse_stream(next_line, &feed, take_value, &feed) == -2)
        mem_out_of_memory();
    settle_line(&feed);
    free(copy);
}

struct inifile_key {
    char *name; /* "section key" */
    int line;
};

int inifile_note_key(struct inifile_keys *keys, const char *section, const char *key, int line)
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
