/* api_words: what a JSON API says about an error, for messages: one printable line without secrets. For the sources
 * that read an HTTP API. */
#ifndef API_WORDS_H
#define API_WORDS_H

#include <stddef.h>

#include "base/json.h"

/* Each character of these secrets, and of what stands behind Basic and Bearer, is shown as a *. NULL and "": no
 * secret. */
#define API_WORDS_SECRETS 2

/* api_words_show: writes text to out, of size bytes. Returns out. */
const char *api_words_show(const char *text, const char *const secrets[API_WORDS_SECRETS], char *out, size_t size);

/* api_words_of, api_words_reason: write the reason that an answer gives for an error to out; "": it gives none. json
 * may be NULL; body may be no JSON. Return out. */
#define API_WORDS_REASON_SIZE 200
const char *api_words_of(const struct json *json, const char *const secrets[API_WORDS_SECRETS],
                         char out[API_WORDS_REASON_SIZE]);
const char *api_words_reason(const char *body, const char *const secrets[API_WORDS_SECRETS],
                             char out[API_WORDS_REASON_SIZE]);

#endif
