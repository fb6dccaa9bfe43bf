/* astguiclient: reads /etc/astguiclient.conf exactly as VICIdial does. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/astguiclient.h"

/* Copies one line without the characters that VICIdial removes, and without its comment. */
static void strip_line(const char *line, size_t length, char *out)
{
    for (size_t i = 0; i < length && line[i] != '#' && line[i] != ';'; i++)
        if (strchr(" \t\r>", line[i]) == NULL)
            *out++ = line[i];
    *out = '\0';
}

/* In the form $NAME => 'value' the quotes are Perl's, not part of the value. */
static void strip_quotes(char *value)
{
    size_t length = strlen(value);
    if (length >= 2 && (value[0] == '\'' || value[0] == '"') && value[length - 1] == value[0]) {
        memmove(value, value + 1, length - 2);
        value[length - 2] = '\0';
    }
}

char *astguiclient_value(const char *text, const char *key, int *ret_line)
{
    char *value = NULL;
    char *line = mem_zero(strlen(text) + 1, 1);
    for (int number = 1; *text != '\0'; number++) {
        size_t length = strcspn(text, "\n");
        strip_line(text, length, line);
        text += length + (text[length] == '\n' ? 1 : 0);

        char *start = *line == '$' ? line + 1 : line;
        if (strncmp(start, key, strlen(key)) != 0)
            continue;
        char *last = strrchr(start, '=');
        free(value);
        *ret_line = number;
        value = mem_copy(last != NULL ? last + 1 : start); /* no '=': Perl's s/.*=// changes nothing */
        if (*line == '$')
            strip_quotes(value);
    }
    free(line);
    return value;
}
