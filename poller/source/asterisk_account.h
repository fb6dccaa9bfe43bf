/* asterisk_account: finds the database account of the PBX's own software. For asterisk's files only. */
#ifndef ASTERISK_ACCOUNT_H
#define ASTERISK_ACCOUNT_H

#include "domain/params.h"
#include "domain/settings.h"

/* asterisk_account_find: see find_database in struct source_ops. Takes what [database] does not set from the file that
 * freepbx_conf names. Without that setting, from the first usual file that has an account. Errors: EX_CONFIG (no file
 * has a user and a password), EX_NOPERM. */
int asterisk_account_find(const struct params *params, struct settings_database *database, struct err *err) MUST_CHECK;

#endif
