/* params: the settings that only one kind of source or sink knows: what [source] or [sink] holds beside `type`. */
#ifndef PARAMS_H
#define PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* One setting as the operator wrote it. */
struct param {
    char *key, *value;
    char *origin; /* where it was set, for people: "/etc/did-optimizer-sync.conf:12" */
    char *file;   /* the file that the value was read from; NULL: it stands in the settings */
};

/* Empty at first: { NULL, 0 }. */
struct params {
    struct param *items;
    size_t count;
};

/* A setting that a kind knows. A table of them ends with the key NULL. A key that ends with * stands for every key that
 * begins with what is before it. */
struct param_spec {
    const char *key;
    bool secret;       /* never shown; KEY_file may name a file that holds it */
    const char *about; /* one line for people */
};

/* params_add: adds a setting; the texts are copied. */
void params_add(struct params *params, const char *key, const char *value, const char *origin);

/* params_find: the setting of that key, NULL where it is not set. Letters compare without case. params may be NULL, here
 * and below: nothing is set. Borrowed from params. */
const struct param *params_find(const struct params *params, const char *key);

/* params_text: its value, or fallback. Borrowed from params. */
const char *params_text(const struct params *params, const char *key, const char *fallback);

/* params_integer, params_yes_no: its value, or fallback. Errors: EX_CONFIG; the message names file, line and what to
 * write instead. */
int params_integer(const struct params *params, const char *key, int64_t fallback, int64_t lowest, int64_t highest,
                   int64_t *ret_number, struct err *err) MUST_CHECK;
int params_yes_no(const struct params *params, const char *key, bool fallback, bool *ret_yes, struct err *err) MUST_CHECK;

/* params_spec_of: the row of specs (NULL: a table without rows) that key belongs to; NULL: the kind does not know it. */
const struct param_spec *params_spec_of(const struct param_spec *specs, const char *key);

/* params_secret_of: the same for a key that ends with _file: the secret's row. */
const struct param_spec *params_secret_of(const struct param_spec *specs, const char *key);

/* params_check: whether the kind named type knows a setting; section is "source" or "sink". Errors: EX_CONFIG; the
 * message names file, line and the settings that the kind knows. */
int params_check(const struct param *param, const struct param_spec *specs, const char *section, const char *type,
                 struct err *err) MUST_CHECK;

/* params_free: wipes every value first: any may be a secret. */
void params_free(struct params *params);

#endif
