/* did_optimizer_reason: reads the API's own words for a failure. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sink/did_optimizer_reason.h"

/* Appends separator and more to *text. */
static void append(char **text, const char *separator, const char *more)
{
    char *longer = mem_format("%s%s%s", *text, **text != '\0' ? separator : "", more);
    free(*text);
    *text = longer;
}

/* One fault of detail's list: the place, joined by dots, and the fault. */
static char *fault_text(const struct json *fault)
{
    char *place = mem_copy("");
    for (const struct json *step = json_first(json_member(fault, "loc")); step != NULL; step = json_next(step)) {
        char *word = json_text_or_number(step);
        append(&place, ".", word != NULL ? word : "?");
        free(word);
    }
    const char *wrong = json_text(fault, "msg");
    append(&place, ": ", wrong != NULL ? wrong : "");
    return place;
}

static char *detail_text(const struct json *detail)
{
    char *text = json_text_or_number(detail);
    if (text != NULL)
        return text;
    text = mem_copy("");
    for (const struct json *fault = json_first(detail); fault != NULL; fault = json_next(fault)) {
        char *one = fault_text(fault);
        append(&text, "; ", one);
        free(one);
    }
    return text;
}

/* The first line of a text for people; "" for an HTML page, and for JSON in another form. */
static char *first_line(const char *text)
{
    text += strspn(text, " \t\r\n");
    bool for_people = strchr("<{[\"", *text) == NULL;
    return mem_format("%.*s", for_people ? (int)strcspn(text, "\r\n") : 0, text);
}

char *did_optimizer_reason_of(const struct json *object, const char *text)
{
    if (object == NULL)
        return first_line(text);
    char *words = detail_text(json_member(object, "detail"));
    const char *const others[] = { json_text(object, "error"), json_text(json_member(object, "error"), "message"),
                                   json_text(object, "message") };
    for (size_t i = 0; i < sizeof others / sizeof others[0] && *words == '\0'; i++)
        if (others[i] != NULL) {
            free(words);
            words = mem_copy(others[i]);
        }
    return words;
}

bool did_optimizer_reason_blames_header(const struct json *object)
{
    const struct json *fault = json_first(json_member(object, "detail"));
    for (; fault != NULL; fault = json_next(fault)) {
        char *word = json_text_or_number(json_first(json_member(fault, "loc")));
        bool blamed = word != NULL && strcmp(word, "header") == 0;
        free(word);
        if (blamed)
            return true;
    }
    return false;
}

bool did_optimizer_reason_blames_call(const struct json *object, const char *words)
{
    /* The API says "API key validation failed" while its database is down. */
    const char *message = json_text(object, "message");
    if (message != NULL && strncmp(message, "API key", 7) == 0)
        return false;
    return strstr(words, "validation failed: ") != NULL || strstr(words, "Cast to ") != NULL ||
           strstr(words, "is not a function") != NULL;
}
