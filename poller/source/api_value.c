/* api_value: the members of a row in JSON, whose types an API does not promise. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "source/api_value.h"

char *api_value_text(const struct json *row, const char *name)
{
    char *text = name != NULL ? json_text_or_number(json_member(row, name)) : NULL;
    if (text != NULL && *text == '\0') {
        free(text);
        text = NULL;
    }
    return text;
}

int64_t api_value_number(const struct json *row, const char *name, int64_t fallback)
{
    int64_t number = fallback;
    char *text = api_value_text(row, name);
    if (text != NULL) {
        text[strcspn(text, ".")] = '\0';
        number = str_to_int(text, &number) ? number : fallback;
    }
    free(text);
    return number;
}
