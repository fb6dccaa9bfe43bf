/* str: trims, compares and parses text, and makes it safe to print or send. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"

static const char REPLACEMENT[] = "\xEF\xBF\xBD"; /* U+FFFD */

char *str_trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    text[length] = '\0';
    return text;
}

const char *str_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

bool str_to_int(const char *text, int64_t *ret_number)
{
    const char *digits = (*text == '-' || *text == '+') ? text + 1 : text;
    if (!isdigit((unsigned char)*digits))
        return false;
    char *end = NULL;
    errno = 0;
    intmax_t number = strtoimax(text, &end, 10);
    if (errno != 0 || *end != '\0' || number < INT64_MIN || number > INT64_MAX)
        return false;
    *ret_number = number;
    return true;
}

int str_yes_no(const char *word)
{
    static const char *const words[] = { "no", "yes", "false", "true", "0", "1", "off", "on" };
    for (int i = 0; i < (int)(sizeof words / sizeof words[0]); i++)
        if (strcasecmp(word, words[i]) == 0)
            return i % 2; /* the words say no and yes in turn */
    return -1;
}

bool str_in_list(const char *list, const char *word)
{
    static const char separators[] = " \t,";
    size_t length = strlen(word);
    if (length == 0)
        return false;
    for (const char *at = list + strspn(list, separators); *at != '\0'; at += strspn(at, separators)) {
        size_t span = strcspn(at, separators);
        if (span == length && strncasecmp(at, word, length) == 0)
            return true;
        at += span;
    }
    return false;
}

/* The length in bytes of the UTF-8 character at bytes; 0 if it is invalid (RFC 3629, no surrogates). */
static size_t utf8_span(const unsigned char *bytes, size_t length)
{
    unsigned char first = bytes[0];
    size_t span = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (span == 0 || span > length)
        return 0;
    for (size_t i = 1; i < span; i++)
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    if ((first == 0xE0 && bytes[1] < 0xA0) || (first == 0xED && bytes[1] > 0x9F) || /* overlong, surrogates */
        (first == 0xF0 && bytes[1] < 0x90) || (first == 0xF4 && bytes[1] > 0x8F))   /* overlong, beyond U+10FFFF */
        return 0;
    return span;
}

bool str_is_utf8(const char *text)
{
    const unsigned char *in = (const unsigned char *)text;
    size_t length = strlen(text);
    for (size_t i = 0; i < length;) {
        size_t span = in[i] < 0x80 ? 1 : utf8_span(in + i, length - i);
        if (span == 0)
            return false;
        i += span;
    }
    return true;
}

char *str_make_utf8(const char *bytes, size_t length)
{
    const unsigned char *in = (const unsigned char *)bytes;
    char *copy = mem_zero(length * 3 + 1, 1); /* in the worst case each byte becomes three */
    char *out = copy;
    for (size_t i = 0; i < length;) {
        size_t span = in[i] == '\0' ? 0 : utf8_span(in + i, length - i);
        if (span > 0) {
            memcpy(out, in + i, span);
            out += span;
            i += span;
        } else {
            memcpy(out, REPLACEMENT, 3);
            out += 3;
            i++;
        }
    }
    return copy;
}

const char *str_printable(const char *text, char *out, size_t size)
{
    const unsigned char *in = (const unsigned char *)text;
    size_t length = strlen(text), used = 0;
    for (size_t i = 0; i < length;) {
        size_t span = utf8_span(in + i, length - i);
        const char *piece = span > 0 ? text + i : REPLACEMENT;
        size_t piece_length = span > 0 ? span : 3;
        bool control = in[i] < 0x20 || in[i] == 0x7F || (span == 2 && in[i] == 0xC2 && in[i + 1] < 0xA0);
        if (control) {
            piece = "?";
            piece_length = 1;
        }
        if (used + piece_length >= size)
            break;
        memcpy(out + used, piece, piece_length);
        used += piece_length;
        i += span > 0 ? span : 1;
    }
    out[used] = '\0';
    return out;
}

void str_hide(char *text, const char *secret)
{
    size_t length = secret != NULL ? strlen(secret) : 0;
    for (char *at = length > 0 ? strstr(text, secret) : NULL; at != NULL; at = strstr(at + length, secret))
        memset(at, '*', length);
}

uint64_t str_hash(uint64_t seed, const void *bytes, size_t length)
{
    const unsigned char *in = bytes;
    for (size_t i = 0; i < length; i++)
        seed = (seed ^ in[i]) * UINT64_C(1099511628211);
    return seed;
}
