/* mask: hides all but the last four digits of telephone numbers. */
#include <ctype.h>
#include <string.h>

#include "base/mask.h"

enum {
    SHOWN = 4,
    LEAST = 7 /* the digits of the shortest telephone number of a public network */
};

static bool is_digit(char character)
{
    return isdigit((unsigned char)character) != 0;
}

/* Whether people write this within a number, as in +1 (312) 555-0100. */
static bool is_sign(char character)
{
    return character != '\0' && strchr(" -.()+/", character) != NULL;
}

/* The end of the digits that begin at `at`, perhaps with signs between them; NULL: there are others. */
static char *match_digits(char *at, const char *digits)
{
    for (int signs = 0; *digits != '\0'; at++) {
        bool is_same = *at == *digits;
        if (!is_same && (!is_sign(*at) || ++signs > 2))
            return NULL;
        digits += is_same;
        signs = is_same ? 0 : signs;
    }
    return !is_digit(*at) ? at : NULL;
}

/* The last LEAST digits of the phone; a phone with fewer digits cannot be known again. */
static bool read_last_digits(const char *phone, char out[LEAST + 1])
{
    size_t missing = LEAST;
    out[LEAST] = '\0';
    for (const char *at = phone + strlen(phone); at > phone && missing > 0; at--)
        if (is_digit(at[-1]))
            out[--missing] = at[-1];
    return missing == 0;
}

/* An API may write the number with signs, and with a country's code or without it: so its last digits tell, and what is
 * before them goes too. */
static void mask_with_signs(char *text, const char *phone)
{
    char last[LEAST + 1];
    if (!read_last_digits(phone, last))
        return;
    for (char *at = text; *at != '\0'; at++) {
        if (*at != last[0] || match_digits(at, last) == NULL)
            continue;
        char *shown = at;
        for (int hidden = 0; hidden < LEAST - SHOWN; shown++)
            hidden += is_digit(*shown);
        for (char *hide = shown; hide > text && (is_digit(hide[-1]) || is_sign(hide[-1])); hide--)
            if (is_digit(hide[-1]))
                hide[-1] = '*';
        at = shown;
    }
}

void mask_phone(char *text, const char *phone)
{
    size_t length = text != NULL && phone != NULL ? strlen(phone) : 0;
    if (length <= SHOWN)
        return;
    for (char *at = strstr(text, phone); at != NULL; at = strstr(at + length, phone))
        memset(at, '*', length - SHOWN);
    mask_with_signs(text, phone);
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
    mask_between(text, "value '", "'");
    mask_between(text, "(`", "`)");
}

/* The bytes of a digit at `at`: of full width (U+FF10 to U+FF19), Arabic-Indic (U+0660 to U+0669) or its Persian form
 * (U+06F0 to U+06F9); 0: it is none. */
static size_t wide_digit(const char *at)
{
    const unsigned char *byte = (const unsigned char *)at;
    if (byte[0] == 0xEF && byte[1] == 0xBC && byte[2] >= 0x90 && byte[2] <= 0x99)
        return 3;
    return (byte[0] == 0xD9 && byte[1] >= 0xA0 && byte[1] <= 0xA9) || (byte[0] == 0xDB && byte[1] >= 0xB0 &&
                                                                       byte[1] <= 0xB9) ? 2 : 0;
}

/* A row of digits of any script that has a wide one, perhaps with signs between them: each but the last four becomes
 * stars. Ours have no such digits, so no id of a call is meant. */
static void mask_wide_numbers(char *text)
{
    for (char *at = text, *end = at; *at != '\0'; at = end > at ? end : at + 1) {
        size_t digits = 0, wide = 0, left = 0;
        end = at;
        for (size_t length = 0; (length = is_digit(*end) ? 1 : wide_digit(end)) > 0 || (digits > 0 && is_sign(*end));
             end += length > 0 ? length : 1) {
            digits += length > 0;
            wide += length > 1;
        }
        left = wide > 0 && digits >= LEAST ? digits - SHOWN : 0;
        for (char *hide = at; left > 0;) {
            size_t length = is_digit(*hide) ? 1 : wide_digit(hide);
            memset(hide, length > 0 ? '*' : *hide, length > 0 ? length : 1);
            left -= length > 0;
            hide += length > 0 ? length : 1;
        }
    }
}

void mask_numbers(char *text)
{
    size_t length = 0;
    if (text != NULL)
        mask_wide_numbers(text);
    for (size_t at = 0; text != NULL && text[at] != '\0'; at += length > 0 ? length : 1) {
        length = strspn(text + at, "0123456789");
        bool is_part = (at > 1 && text[at - 1] == '.' && is_digit(text[at - 2])) ||
                       (text[at + length] == '.' && is_digit(text[at + length + 1]));
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
