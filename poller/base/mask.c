/* mask: telephone numbers of which only the last four digits are shown. */
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
        size_t length = end != NULL ? (size_t)(end - at) : strlen(at); /* the reason may have been cut */
        memset(at, '*', length);
        at += length;
    }
}

void mask_reason(char *text, const char *phone)
{
    mask_phone(text, phone);
    mask_between(text, "value \"", "\"");
    mask_between(text, "(`", "`)");
}

static bool masks;

void mask_set(bool on)
{
    masks = on;
}

void mask_shown(char *text, const char *phone)
{
    if (masks && text != NULL)
        mask_reason(text, phone);
}
