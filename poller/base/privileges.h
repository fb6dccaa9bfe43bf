/* privileges: gives up rights that the process does not need. */
#ifndef PRIVILEGES_H
#define PRIVILEGES_H

#include "base/err.h"

/* privileges_harden: call it first of all. Removes all environment variables but the known ones: libraries read others,
 * such as SSLKEYLOGFILE or http_proxy. Closes inherited files but the standard three. Resets ignored and blocked
 * signals, except an ignored SIGHUP. Forbids core dumps and tracing. Errors: EX_SOFTWARE. */
int privileges_harden(struct err *err) MUST_CHECK;

/* privileges_harden_with_files: the same, but the inherited files 3 to 2 + count stay open. */
int privileges_harden_with_files(int count, struct err *err) MUST_CHECK;

/* privileges_drop_to_owner: if the process runs as root, it becomes the user and group that own directory, with no
 * other group, and cannot become root again. Does nothing if root owns directory, or if the process does not run as
 * root. Call it after reading the files that only root may read, and before any use of the network, of name look-ups
 * and of the state. Errors: EX_NOPERM, EX_IOERR, EX_SOFTWARE. */
int privileges_drop_to_owner(const char *directory, struct err *err) MUST_CHECK;

#endif
