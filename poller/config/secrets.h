/* secrets: what a file holds that KEY_file in [source] or [sink] names, instead of a secret in the settings. */
#ifndef SECRETS_H
#define SECRETS_H

#include "config/config.h"
#include "domain/params.h"

/* secrets_read: gives each setting of params that names the file of a secret of specs the secret's key, and the file's
 * text without the white space at both ends. What is wrong is added to problems, as a fault of parts; then the setting
 * has the key still, and an empty value. Call this while the process may read what only root may read. */
void secrets_read(struct params *params, const struct param_spec *specs, unsigned parts,
                  struct config_problems *problems);

/* secrets_readable_by_all: the file that holds a secret of params and that every user may read; NULL: none. own is the
 * file of the settings themselves. Borrowed. */
const char *secrets_readable_by_all(const struct params *params, const struct param_spec *specs, const char *own);

#endif
