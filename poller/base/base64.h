/* base64: bytes as text (RFC 4648, section 4), with padding. */
#ifndef BASE64_H
#define BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* BASE64_SIZE: the size of the base64 text of length bytes, with its NUL. */
#define BASE64_SIZE(length) (((length) + 2) / 3 * 4 + 1)

/* base64_encode: writes length bytes as text to out, which has room for BASE64_SIZE(length). */
void base64_encode(const unsigned char *bytes, size_t length, char *out);

/* base64_encode_url: the same in the letters of URLs and without padding (RFC 4648, section 5). Returns the length. */
size_t base64_encode_url(const unsigned char *bytes, size_t length, char *out);

/* base64_decode: decodes length characters of text; the padding may be missing. out has room for at least
 * length * 3 / 4 bytes; *ret_length is the number of bytes. False if a character is not base64. */
bool base64_decode(const char *text, size_t length, unsigned char *out, size_t *ret_length);

#endif
