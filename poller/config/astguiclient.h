/* astguiclient: /etc/astguiclient.conf read exactly as VICIdial reads it. */
#ifndef ASTGUICLIENT_H
#define ASTGUICLIENT_H

#include "base/err.h"

/* astguiclient_value: the value VICIdial itself would use for key (VARDB_server, say), or NULL when no line sets it.
 * *ret_line is the number of the line that does, from 1.
 *
 * The rules are those of VICIdial's scripts (FastAGI_log.pl, dbconnect_mysqli.php): blanks, tabs, line ends and every
 * '>' are taken out; '#' or ';' ends a line; the key matches as a case-sensitive beginning of the line, so
 * VARDB_password sets VARDB_pass; the value is what follows the last '='; later lines win. Besides, lines of the form
 * `$VARDB_server => 'localhost';` are understood, which some installations have.
 * Ownership: the caller frees the value. */
char *astguiclient_value(const char *text, const char *key, int *ret_line) MUST_CHECK;

#endif
