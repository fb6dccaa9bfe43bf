/* base64: bytes as text. */
#include <string.h>

#include "base/base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const unsigned char *bytes, size_t length, char *out)
{
    for (size_t i = 0; i < length; i += 3) {
        unsigned group = (unsigned)bytes[i] << 16;
        if (i + 1 < length)
            group |= (unsigned)bytes[i + 1] << 8;
        if (i + 2 < length)
            group |= bytes[i + 2];
        *out++ = letters[group >> 18];
        *out++ = letters[group >> 12 & 63];
        *out++ = i + 1 < length ? letters[group >> 6 & 63] : '=';
        *out++ = i + 2 < length ? letters[group & 63] : '=';
    }
    *out = '\0';
}

size_t base64_encode_url(const unsigned char *bytes, size_t length, char *out)
{
    base64_encode(bytes, length, out);
    size_t used = strcspn(out, "=");
    out[used] = '\0';
    for (size_t i = 0; i < used; i++)
        out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
    return used;
}

bool base64_decode(const char *text, size_t length, unsigned char *out, size_t *ret_length)
{
    size_t padding = 0, written = 0;
    unsigned group = 0, bits = 0;
    while (padding < 2 && padding < length && text[length - padding - 1] == '=')
        padding++;
    if (padding > 0 && length % 4 != 0)
        return false;
    for (size_t i = 0; i < length - padding; i++) {
        const char *at = text[i] != '\0' ? strchr(letters, text[i]) : NULL;
        if (at == NULL)
            return false;
        group = (group << 6 | (unsigned)(at - letters)) & 0xFFFFFF;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[written++] = (unsigned char)(group >> bits);
        }
    }
    *ret_length = written;
    return bits < 6 && (group & ((1U << bits) - 1)) == 0; /* unused bits are 0: no two texts mean the same bytes */
}
