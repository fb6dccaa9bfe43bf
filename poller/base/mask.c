/* mask: hides all but the last four digits of telephone numbers. */
#include <ctype.h>
#include <string.h>

#include "base/mask.h"

enum {
    SHOWN = 4,
    LEAST = 7 /* the digits of the shortest telephone number of a public network that mask_numbers hides */
};

void mask_phone(char *text, const char *phone)
{
    size_t length = text != NULL && phone != NULL ? strlen(phone) : 0;
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
    if (text == NULL)
        return;
    mask_phone(text, phone);
    mask_between(text, "value \"", "\"");
    mask_between(text, "(`", "`)");
}

static bool is_digit_at(const char *text, size_t at)
{
    return isdigit((unsigned char)text[at]) != 0;
}

void mask_numbers(char *text)
{
    size_t length = 0;
    for (size_t at = 0; text != NULL && text[at] != '\0'; at += length > 0 ? length : 1) {
        length = strspn(text + at, "0123456789");
        bool is_part = (at > 1 && text[at - 1] == '.' && is_digit_at(text, at - 2)) ||
                       (text[at + length] == '.' && is_digit_at(text, at + length + 1));
        if (length >= LEAST && !is_part)
            memset(text + at, '*', length - SHOWN);
    }
}

static bool masks;

void mask_enable(bool on)
{
    masks = on;
}

void mask_numbers_if_enabled(char *text)
{
    if (masks)
        mask_numbers(text);
}

void mask_if_enabled(char *text, const char *phone)
{
    if (masks && text != NULL)
        mask_api_text(text, phone);
}
