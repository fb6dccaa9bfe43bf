/* params: the settings that only one type of source or sink has: those in [source] or [sink] other than `type`. */
#ifndef PARAMS_H
#define PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* One setting, as the operator wrote it. */
struct param {
    char *key, *value;
    char *origin; /* the place that sets it, for messages: "/etc/did-optimizer-sync.conf:12" */
    char *file;   /* the file with the value; NULL: the value is in the settings */
};

/* A list of settings; { NULL, 0 } at first. */
struct params {
    struct param *items;
    size_t count;
};

/* A setting that a type has. The key NULL ends a table of them. A key that ends with * matches every longer key with
 * the same beginning. */
struct param_spec {
    const char *key;
    bool secret;       /* never shown; KEY_file may name a file with the value */
    const char *about; /* one line for operators */
};

/* params_add: adds a setting. Ownership: the texts are copied. */
void params_add(struct params *params, const char *key, const char *value, const char *origin);

/* params_find: the setting with this key; NULL if it is not set. Ignores the case of letters. Here and below, params
 * NULL means an empty list. Ownership: borrowed from params. */
const struct param *params_find(const struct params *params, const char *key);

/* params_text: the value of key, or fallback if it is not set. Ownership: borrowed from params. */
const char *params_text(const struct params *params, const char *key, const char *fallback);

/* params_integer, params_yes_no: the value of key, or fallback if it is not set. Errors: EX_CONFIG; the message names
 * file and line, and the values that are allowed. */
int params_integer(const struct params *params, const char *key, int64_t fallback, int64_t lowest, int64_t highest,
                   int64_t *ret_number, struct err *err) MUST_CHECK;
int params_yes_no(const struct params *params, const char *key, bool fallback, bool *ret_yes,
                  struct err *err) MUST_CHECK;

/* params_spec_of: the row of specs that matches key; NULL if the type has no such setting. specs NULL: an empty
 * table. */
const struct param_spec *params_spec_of(const struct param_spec *specs, const char *key);

/* params_secret_of: for a key SECRET_file: the row of the secret; NULL if key is not the file of a secret. */
const struct param_spec *params_secret_of(const struct param_spec *specs, const char *key);

/* params_check: checks that specs, the settings of this type, contain param. section is "source", "sink" or
 * "recordings". Errors: EX_CONFIG; the message names file and line, and the type's settings. */
int params_check(const struct param *param, const struct param_spec *specs, const char *section, const char *type,
                 struct err *err) MUST_CHECK;

/* params_free: overwrites each value, as it may be a secret, and frees the list. */
void params_free(struct params *params);

/* params_find_type: finds the value of type in that section, "source" or "sink", or of upload in "recordings", among
 * the types that exist. place is the file and line that set it. Errors: EX_CONFIG, with a list of all types. */
int params_find_type(const char *section, const char *const *types, size_t count, const char *type, const char *place,
                     size_t *ret_which, struct err *err) MUST_CHECK;

#endif
