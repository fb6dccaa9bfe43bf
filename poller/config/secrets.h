/* secrets: reads a secret from the file that KEY_file in [source] or [sink] names. */
#ifndef SECRETS_H
#define SECRETS_H

#include "config/config.h"
#include "domain/params.h"

/* secrets_read: handles each setting KEY_file of params if KEY is a secret in specs. Renames the setting to KEY, and
 * sets its value to the text of the file, without white space at both ends. Adds each failure to problems, with these
 * parts; the value is then "". Call it before privileges_drop_to_owner, because perhaps only root may read the file. */
void secrets_read(struct params *params, const struct param_spec *specs, unsigned parts,
                  struct config_problems *problems);

/* secrets_readable_by_all: the next file with a secret of params that every user may read; NULL: no further one. A
 * password in an address is a secret too. own is the file of the settings. *at is 0 at first. Ownership: borrowed from
 * params or own. */
const char *secrets_readable_by_all(const struct params *params, const struct param_spec *specs, const char *own,
                                    size_t *at);

#endif
