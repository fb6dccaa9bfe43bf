/* recorder_script: runs a file of SQL one statement after another, because SQLite does not say which one failed. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "sink/recorder_script.h"

#define SHOWN 60

/* Whether the byte is not the first one of a character of UTF-8. */
static bool is_inside_character(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

const char *recorder_script_place(const char *sql, size_t at, char out[RECORDER_SCRIPT_PLACE_SIZE])
{
    char text[SHOWN + 1];
    size_t line = 1, used = 0;
    for (size_t i = 0; i < at; i++)
        line += sql[i] == '\n' ? 1 : 0;
    const char *from = sql + at;
    for (; used < SHOWN && *from != '\0' && strchr("'\"`$;", *from) == NULL; from++) {
        bool is_space = isspace((unsigned char)*from) != 0;
        if (!is_space || (used > 0 && text[used - 1] != ' '))
            text[used++] = is_space ? ' ' : *from;
    }
    if (is_inside_character(*from))
        while (used > 0 && is_inside_character(text[--used]))
            continue;
    used -= used > 0 && text[used - 1] == ' ' ? 1 : 0;
    text[used] = '\0';
    (void)snprintf(out, RECORDER_SCRIPT_PLACE_SIZE, "line %zu, `%s`", line, text);
    return out;
}

size_t recorder_script_line_of(const char *sql, size_t character)
{
    size_t at = 0, begin = 0;
    for (size_t count = 0; sql[at] != '\0'; at++) {
        count += is_inside_character(sql[at]) ? 0 : 1;
        if (count >= character)
            break;
        begin = sql[at] == '\n' ? at + 1 : begin;
    }
    while (begin < at && isspace((unsigned char)sql[begin]))
        begin++;
    return begin;
}

/* Skips white space, comments and empty statements. */
static const char *find_statement(const char *sql)
{
    for (;;) {
        size_t blank = strspn(sql, " \t\r\n\f\v;");
        if (strncmp(sql + blank, "--", 2) == 0)
            blank += strcspn(sql + blank, "\n");
        else if (strncmp(sql + blank, "/*", 2) == 0) {
            const char *end = strstr(sql + blank + 2, "*/");
            blank = end != NULL ? (size_t)(end + 2 - sql) : strlen(sql);
        }
        if (blank == 0)
            return sql;
        sql += blank;
    }
}

int recorder_script_run(struct store *store, const char *sql, struct err *err)
{
    char place[RECORDER_SCRIPT_PLACE_SIZE];
    struct err why;
    for (const char *at = find_statement(sql); *at != '\0'; at = find_statement(at)) {
        const char *begin = at;
        if (store_execute_first(store, begin, &at, &why) != 0)
            return err_set(err, why.code, "%s: %.900s", recorder_script_place(sql, (size_t)(begin - sql), place),
                           why.message);
    }
    return 0;
}
