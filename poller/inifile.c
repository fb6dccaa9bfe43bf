/* inifile: INI text read line by line, over inih. */
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inifile.h"
#include "mem.h"
#include "str.h"

/* What feeds inih one trimmed line after the other and watches what it makes of each. */
struct feed {
    const struct inifile_reader *reader;
    char *rest;      /* what is left to read */
    const char *current; /* the line that inih is looking at */
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
    return *line == '[' && end != NULL && (comment == NULL || end < comment);
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
    /* inih cuts longer lines in two and would take the second half for a line of its own. */
    bool too_long = strlen(line) > INIFILE_MAX_LINE;
    if (too_long && !comment)
        feed->reader->on_problem(feed->reader->context, feed->section, line, "is longer than 190 characters",
                                 feed->line);
    feed->needs_value = !comment && !heading && !too_long;
    (void)snprintf(out, (size_t)size, "%s\n", comment || too_long ? "" : line);
    return out;
}

static int take_value(void *context, const char *section, const char *key, const char *value)
{
    struct feed *feed = context;
    feed->needs_value = false;
    feed->reader->on_value(feed->reader->context, section, key, value, feed->line);
    return 1;
}

void inifile_read(const char *text, const struct inifile_reader *reader)
{
    char *copy = mem_copy(text);
    bool byte_order_mark = strncmp(copy, "\xEF\xBB\xBF", 3) == 0;
    struct feed feed = { .reader = reader, .rest = copy + (byte_order_mark ? 3 : 0) };
    if (ini_parse_stream(next_line, &feed, take_value, &feed) == -2)
        mem_out();
    settle_line(&feed);
    free(copy);
}
