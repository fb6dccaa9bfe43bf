/* asterisk_account: the account with which the PBX's own software reads its calls. For asterisk's files only. */
#ifndef ASTERISK_ACCOUNT_H
#define ASTERISK_ACCOUNT_H

#include "domain/params.h"
#include "domain/settings.h"

/* asterisk_account_find: see find_database in struct source_ops. What [database] does not set is taken from the file that
 * the setting freepbx_conf names, else from the first of the usual ones that is there. Errors: EX_CONFIG (no user or
 * password anywhere), EX_NOPERM. */
int asterisk_account_find(const struct params *params, struct settings_database *database, struct err *err) MUST_CHECK;

#endif
