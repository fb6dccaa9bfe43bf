/* str: trims, compares and parses text, and makes it safe to print or send. */
#ifndef STR_H
#define STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* str_trim: removes white space from both ends of text, in place. Returns a pointer into text, to its first
 * character. */
char *str_trim(char *text);

/* str_or_empty: returns text, or "" if text is NULL. */
const char *str_or_empty(const char *text);

/* str_to_int: parses text, which must be exactly one decimal number, perhaps with a sign. Returns false if it is not or
 * does not fit; *ret_number is set on success only. */
bool str_to_int(const char *text, int64_t *ret_number) MUST_CHECK;

/* str_yes_no: returns 1 for yes, true, 1 and on; 0 for no, false, 0 and off; -1 for any other word. Ignores the case of
 * letters. */
int str_yes_no(const char *word) MUST_CHECK;

/* str_of_int: writes number in decimal. Returns a pointer into room, to its first character. */
#define STR_INT_SIZE 24
const char *str_of_int(int64_t number, char room[STR_INT_SIZE]);

/* str_in_list: whether list, words separated by blanks or commas, contains word. Ignores the case of A to Z, as
 * VICIdial's database does. No list contains an empty word. */
bool str_in_list(const char *list, const char *word) MUST_CHECK;

/* str_is_utf8: whether text is valid UTF-8. */
bool str_is_utf8(const char *text) MUST_CHECK;

/* str_make_utf8: a copy of length bytes as valid UTF-8: each invalid byte and each NUL becomes U+FFFD. Ownership: the
 * caller frees the copy. */
char *str_make_utf8(const char *bytes, size_t length) MUST_CHECK;

/* str_printable: writes text to out, of size bytes, as one line that cannot control a terminal or forge a log line.
 * Control characters (C0, DEL, C1) become '?', invalid UTF-8 becomes U+FFFD. Cuts a text that is too long after a whole
 * character. Returns out. */
const char *str_printable(const char *text, char *out, size_t size);

/* str_cut: copies text to out, of size bytes, 8 or more. Cuts a text that is too long at a blank, or within a long word
 * after a whole character, and ends it with "...". Returns out. */
const char *str_cut(const char *text, char *out, size_t size);

/* str_hide: replaces each occurrence of secret in text by a * per character. secret may be NULL or "". */
void str_hide(char *text, const char *secret);

/* str_hash: 64-bit FNV-1a of length bytes, continued from seed; the first seed is STR_HASH_START. The algorithm must
 * never change: hashes are stored (fingerprints) and sent (idempotency keys). */
#define STR_HASH_START UINT64_C(14695981039346656037)
uint64_t str_hash(uint64_t seed, const void *bytes, size_t length);

#endif
