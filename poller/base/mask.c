/* mask: hides all but the last four digits of telephone numbers. */
#include <string.h>

#include "base/mask.h"

#define SHOWN 4

void mask_phone(char *text, const char *phone)
{
    size_t length = phone != NULL ? strlen(phone) : 0;
    for (char *at = length > SHOWN ? strstr(text, phone) : NULL; at != NULL; at = strstr(at + length, phone))
        memset(at, '*', length - SHOWN);
}

static void mask_between(char *text, const char *before, const char *after)
{
    for (char *at = strstr(text, before); at != NULL; at = strstr(at, before)) {
        at += strlen(before);
        char *end = strstr(at, after);
        size_t length = end != NULL ? (size_t)(end - at) : strlen(at); /* a cut text may lack the end */
        memset(at, '*', length);
        at += length;
    }
}

void mask_api_text(char *text, const char *phone)
{
    mask_phone(text, phone);
    mask_between(text, "value \"", "\"");
    mask_between(text, "(`", "`)");
}

static bool masks;

void mask_enable(bool on)
{
    masks = on;
}

void mask_if_enabled(char *text, const char *phone)
{
    if (masks && text != NULL)
        mask_api_text(text, phone);
}
