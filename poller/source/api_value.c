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
        char *fraction = text + strcspn(text, ".");
        bool is_plain = *fraction == '\0' || fraction[1 + strspn(fraction + 1, "0123456789")] == '\0';
        *fraction = '\0';
        number = is_plain && str_to_int(text, &number) ? number : fallback; /* 1.5e+15 is not 1 */
    }
    free(text);
    return number;
}
