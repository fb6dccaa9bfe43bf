/* str: bounded strings, word lists, and text made safe for where it goes. */
#ifndef STR_H
#define STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* str_trim: cuts white space off both ends of text, in place. Returns the first kept character, inside text. */
char *str_trim(char *text);

/* str_or_empty: text, or "" for NULL. */
const char *str_or_empty(const char *text);

/* str_to_int: reads a whole decimal number, sign allowed, nothing before or after. False when text is no such
 * number or does not fit; *ret_number is set on success only. */
bool str_to_int(const char *text, int64_t *ret_number) MUST_CHECK;

/* str_yes_no: 1 for yes, true, 1 and on, 0 for no, false, 0 and off, -1 for any other word. Letters compare without case. */
int str_yes_no(const char *word) MUST_CHECK;

/* str_in_list: whether word stands in list, words separated by blanks or commas. Letters compare without case, as
 * the dialer's database compares statuses. An empty word is never in a list. */
bool str_in_list(const char *list, const char *word) MUST_CHECK;

/* str_is_utf8: whether text is valid UTF-8. */
bool str_is_utf8(const char *text) MUST_CHECK;

/* str_utf8: a copy of length bytes that is valid UTF-8 and holds no NUL: each offending byte becomes U+FFFD.
 * Ownership: the caller frees the copy. */
char *str_utf8(const char *bytes, size_t length) MUST_CHECK;

/* str_printable: writes text to out as one line that cannot steer a terminal or forge a log line: control
 * characters (C0, DEL, C1) become '?', invalid UTF-8 becomes U+FFFD. What does not fit is cut, at a whole character.
 * Returns out. */
const char *str_printable(const char *text, char *out, size_t size);

/* str_hide: puts a * in the place of each character of secret, wherever it stands in text. secret may be NULL or "". */
void str_hide(char *text, const char *secret);

/* str_hash: 64-bit FNV-1a of length bytes, continued from seed; begin with STR_HASH_START. The value is stored on
 * disk (fingerprints) and sent (idempotency keys): it must never change. */
#define STR_HASH_START UINT64_C(14695981039346656037)
uint64_t str_hash(uint64_t seed, const void *bytes, size_t length);

#endif
