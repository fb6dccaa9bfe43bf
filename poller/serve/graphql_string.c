/* graphql_string: the text that a string of a GraphQL query stands for. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "serve/graphql_string.h"

/* ---- escapes ---- */

static uint32_t hex_of(const char *digits)
{
    uint32_t number = 0;
    for (int i = 0; i < 4; i++) {
        char c = digits[i];
        number = 16 * number + (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return number;
}

/* Writes a character as UTF-8, at most three bytes for each six that stand for it. */
static char *put_character(char *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xC0 | (code >> 6));
        *out++ = (char)(0x80 | (code & 0x3F));
    } else {
        if (code < 0x10000) {
            *out++ = (char)(0xE0 | (code >> 12));
        } else {
            *out++ = (char)(0xF0 | (code >> 18));
            *out++ = (char)(0x80 | ((code >> 12) & 0x3F));
        }
        *out++ = (char)(0x80 | ((code >> 6) & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    }
    return out;
}

/* The escape \u at at, and a second one if the two are a pair of surrogates. Returns the end of what it read. */
static const char *put_unicode(char **out, const char *at, const char *end)
{
    uint32_t code = hex_of(at + 2);
    at += 6;
    if (code >= 0xD800 && code < 0xDC00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
        uint32_t low = hex_of(at + 2);
        if (low >= 0xDC00 && low < 0xE000) {
            *out = put_character(*out, 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00));
            return at + 6;
        }
    }
    *out = put_character(*out, code == 0 || (code >= 0xD800 && code < 0xE000) ? 0xFFFD : code);
    return at;
}

static const char *plain_text(struct arena *arena, const char *at, const char *end)
{
    static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
    char *text = arena_zero(arena, (size_t)(end - at) + 1, 1), *out = text;
    while (at < end) {
        if (*at != '\\') {
            *out++ = *at++;
        } else if (at[1] == 'u') {
            at = put_unicode(&out, at, end);
        } else {
            const char *letter = strchr(letters, at[1]);
            *out = at[1];
            if (letter != NULL)
                *out = meant[letter - letters];
            out++;
            at += 2;
        }
    }
    return text;
}

/* ---- blocks ---- */

struct line {
    const char *at;
    size_t length, indent;
};

/* The line at *at. False: there is none. */
static bool next_line(const char **at, const char *end, struct line *line)
{
    if (*at > end)
        return false;
    line->at = *at;
    while (*at < end && **at != '\n' && **at != '\r')
        ++*at;
    line->length = (size_t)(*at - line->at);
    line->indent = 0;
    while (line->indent < line->length && strchr(" \t", line->at[line->indent]) != NULL)
        line->indent++;
    *at += end - *at >= 2 && (*at)[0] == '\r' && (*at)[1] == '\n' ? 2 : 1;
    return true;
}

/* What a block leaves out: empty lines around it, and the blanks that all lines but the first begin with. */
struct margin {
    size_t first, last, indent;
};

static struct margin measure(const char *at, const char *end)
{
    struct margin margin = { .first = SIZE_MAX, .indent = SIZE_MAX };
    struct line line;
    for (size_t i = 0; next_line(&at, end, &line); i++) {
        if (line.indent == line.length)
            continue;
        if (margin.first == SIZE_MAX)
            margin.first = i;
        margin.last = i;
        if (i > 0 && line.indent < margin.indent)
            margin.indent = line.indent;
    }
    return margin;
}

static const char *block_text(struct arena *arena, const char *at, const char *end)
{
    char *raw = arena_zero(arena, (size_t)(end - at) + 1, 1), *raw_end = raw;
    for (; at < end; at++) {
        if (end - at >= 4 && memcmp(at, "\\\"\"\"", 4) == 0)
            at++;
        *raw_end++ = *at;
    }
    struct margin margin = measure(raw, raw_end);
    char *text = arena_zero(arena, (size_t)(raw_end - raw) + 1, 1), *out = text;
    const char *from = raw;
    struct line line;
    for (size_t i = 0; next_line(&from, raw_end, &line); i++) {
        if (i < margin.first || i > margin.last)
            continue;
        size_t cut = i == 0 ? 0 : margin.indent < line.length ? margin.indent : line.length;
        if (i > margin.first)
            *out++ = '\n';
        memcpy(out, line.at + cut, line.length - cut);
        out += line.length - cut;
    }
    return text;
}

const char *graphql_string_text(struct arena *arena, const struct graphql_token *token)
{
    const char *end = token->at + token->length;
    return token->kind == GRAPHQL_TOKEN_BLOCK ? block_text(arena, token->at + 3, end - 3)
                                              : plain_text(arena, token->at + 1, end - 1);
}
