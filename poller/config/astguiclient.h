/* astguiclient: reads /etc/astguiclient.conf exactly as VICIdial does. */
#ifndef ASTGUICLIENT_H
#define ASTGUICLIENT_H

#include "base/err.h"

/* astguiclient_value: the value that VICIdial uses for key (VARDB_server, say), or NULL if no line sets it. *ret_line
 * is the number of the line that sets it, from 1. text is the whole file.
 *
 * The rules are those of VICIdial's scripts (FastAGI_log.pl, dbconnect_mysqli.php). They remove blanks, tabs, line ends
 * and every '>'. '#' or ';' ends a line. A line sets key if it begins with key, case included, so VARDB_password sets
 * VARDB_pass. The value is the text after the last '='. The last line wins. Some installations have lines of the form
 * `$VARDB_server => 'localhost';`, which are accepted too. Ownership: the caller frees the value. */
char *astguiclient_value(const char *text, const char *key, int *ret_line) MUST_CHECK;

#endif
