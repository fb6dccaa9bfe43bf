/* settings_edit: changes one value in the text of an INI file. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "config/settings_edit.h"

/* A line of the text, without its end. */
struct line {
    const char *start;
    size_t length;
};

static struct line next_line(const char **at)
{
    struct line line = { .start = *at, .length = strcspn(*at, "\n") };
    *at += line.length + ((*at)[line.length] == '\n');
    return line;
}

static bool is_word(const char *at, size_t length, const char *word)
{
    return strlen(word) == length && strncasecmp(at, word, length) == 0;
}

/* Returns 1 if the line begins this section, -1 if it begins another one, 0 if it begins none. */
static int heading(const struct line *line, const char *section)
{
    size_t blanks = strspn(line->start, " \t");
    const char *at = line->start + blanks;
    if (blanks >= line->length || *at != '[')
        return 0;
    size_t length = strcspn(++at, "]\n");
    return is_word(at, length, section) ? 1 : -1;
}

/* Whether the line is `key = ...`; with commented, whether it is `;key = ...`. */
static bool sets(const struct line *line, const char *key, bool commented)
{
    const char *at = line->start + strspn(line->start, " \t");
    bool is_comment = *at == ';' || *at == '#';
    if (is_comment != commented)
        return false;
    at += is_comment;
    at += strspn(at, " \t");
    size_t length = strcspn(at, " \t=:\n");
    const char *after = at + length + strspn(at + length, " \t");
    return is_word(at, length, key) && (*after == '=' || *after == ':');
}

static bool is_blank(char character)
{
    return character == ' ' || character == '\t';
}

/* The comment behind the value, with the blanks before it; "" if there is none. */
static struct line comment_of(const struct line *line)
{
    size_t at = strcspn(line->start, "=:") + 1;
    for (; at < line->length; at++)
        if ((line->start[at] == ';' || line->start[at] == '#') && is_blank(line->start[at - 1]))
            break;
    while (at < line->length && is_blank(line->start[at - 1]))
        at--;
    return (struct line){ .start = line->start + (at < line->length ? at : line->length),
                          .length = at < line->length ? line->length - at : 0 };
}

/* Where the value goes: in the place of [from, to), or at from. */
struct place {
    const char *from, *to;
    struct line comment; /* the comment that stays behind the value */
    bool has_section;
};

static struct place find(const char *text, const char *section, const char *key)
{
    const char *at = text, *after_comment = NULL, *end = NULL;
    bool inside = false;
    while (*at != '\0') {
        struct line line = next_line(&at);
        int begins = heading(&line, section);
        inside = begins == 0 ? inside : begins > 0;
        if (!inside)
            continue;
        if (sets(&line, key, false))
            return (struct place){ .from = line.start, .to = at, .comment = comment_of(&line), .has_section = true };
        if (sets(&line, key, true))
            after_comment = at;
        if (strspn(line.start, " \t") < line.length)
            end = at; /* behind the last line that is not empty */
    }
    const char *from = after_comment != NULL ? after_comment : end != NULL ? end : at;
    return (struct place){ .from = from, .to = from, .comment = { .start = "" }, .has_section = end != NULL };
}

char *settings_edit(const char *text, const char *section, const char *key, const char *value)
{
    struct place place = find(text, section, key);
    size_t before = (size_t)(place.from - text);
    const char *gap = before > 0 && text[before - 1] != '\n' ? "\n" : "";
    size_t indent = place.to > place.from ? strspn(place.from, " \t") : 0;
    char *heading_text = place.has_section ? mem_copy("") : mem_format("%s[%s]\n", before > 0 ? "\n" : "", section);
    char *made = mem_format("%.*s%s%s%.*s%s = %s%.*s\n%s", (int)before, text, gap, heading_text, (int)indent,
                            place.from, key, value, (int)place.comment.length, place.comment.start, place.to);
    free(heading_text);
    return made;
}
