/* str: trims, compares and parses text, and makes it safe to print or send. */
#include <ctype.h>
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

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool str_to_int(const char *text, int64_t *ret_number)
{
    const char *at = (*text == '-' || *text == '+') ? text + 1 : text;
    int64_t number = 0; /* negative: INT64_MIN has no positive counterpart */
    if (!is_digit(*at))
        return false;
    for (; is_digit(*at); at++)
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_sub_overflow(number, *at - '0', &number))
            return false;
    if (*at != '\0' || (*text != '-' && number == INT64_MIN))
        return false;
    *ret_number = *text == '-' ? number : -number;
    return true;
}

int str_yes_no(const char *word)
{
    static const char *const words[] = { "no", "yes", "false", "true", "0", "1", "off", "on" };
    for (int i = 0; i < (int)(sizeof words / sizeof words[0]); i++)
        if (strcasecmp(word, words[i]) == 0)
            return i % 2; /* words at even places mean no, at odd places yes */
    return -1;
}

const char *str_of_int(int64_t number, char room[STR_INT_SIZE])
{
    char *at = room + STR_INT_SIZE - 1;
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
    *at = '\0';
    do
        *--at = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (number < 0)
        *--at = '-';
    return at;
}

static bool is_separator(char c)
{
    return c <= ',' && (c == ' ' || c == '\t' || c == ','); /* most letters need one comparison */
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* A sweep calls this for each row. With strspn, strcspn and strncasecmp, this alone would take half of the sweep's
 * time. */
bool str_in_list(const char *list, const char *word)
{
    for (const char *at = list; *word != '\0' && *at != '\0'; at++) {
        size_t same = 0;
        while (word[same] != '\0' && !is_separator(at[same]) && lower(at[same]) == lower(word[same]))
            same++;
        at += same;
        if (word[same] == '\0' && (*at == '\0' || is_separator(*at)))
            return true;
        while (*at != '\0' && !is_separator(*at))
            at++;
        if (*at == '\0')
            break;
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

const char *str_cut(const char *text, char *out, size_t size)
{
    size_t length = strlen(text);
    if (length < size) {
        memcpy(out, text, length + 1);
        return out;
    }
    size_t most = size - sizeof "...", at = most;
    while (at > most / 2 && text[at] != ' ')
        at--;
    if (text[at] != ' ')
        for (at = most; at > 0 && ((unsigned char)text[at] & 0xC0) == 0x80;)
            at--;
    memcpy(out, text, at);
    memcpy(out + at, "...", sizeof "...");
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
