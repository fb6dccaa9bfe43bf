/* api_value: the members of a row in JSON, whose types an API does not promise. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
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

static bool is_nested(const char *text)
{
    return *text == '{' || *text == '[';
}

const struct json *api_value_nested(const struct json *row, const char *name, struct json **ret_parsed)
{
    const struct json *member = json_member(row, name);
    const char *text = json_text(row, name);
    *ret_parsed = NULL;
    if (json_is_object(member) || json_is_list(member))
        return member;
    if (text == NULL || !is_nested(text))
        return NULL;
    char *object = mem_format("{\"nested\":%s}", text); /* json_parse takes objects only */
    *ret_parsed = json_parse(object);
    free(object);
    return json_member(*ret_parsed, "nested");
}

char *api_value_id(const struct json *row, const char *name)
{
    struct json *parsed = NULL;
    const struct json *object = api_value_nested(row, name, &parsed);
    char *id = object != NULL ? api_value_text(object, "_id") : api_value_text(row, name);
    if (object == NULL && id != NULL && is_nested(id)) { /* what it holds cannot be read */
        free(id);
        id = NULL;
    }
    json_free(parsed);
    return id;
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

int64_t api_value_seconds(const struct json *row, const char *name, int64_t fallback)
{
    int64_t seconds = api_value_number(row, name, fallback);
    return seconds < 0 && seconds != fallback ? 0 : seconds;
}
