/* privileges: what the process may do, given up step by step. */
#ifndef PRIVILEGES_H
#define PRIVILEGES_H

#include "base/err.h"

/* privileges_harden: the first thing of all. Leaves only known environment variables (a library would obey others, such
 * as SSLKEYLOGFILE or http_proxy), no inherited files beyond the standard three, no signal that the starter ignored or
 * blocked (but for an ignored SIGHUP), no core dumps, no tracing by others.
 * Errors: EX_SOFTWARE. */
int privileges_harden(struct err *err) MUST_CHECK;

/* privileges_drop_to_owner: a process of root becomes, for good, the user and group that own directory, with no other
 * group and no way back. Does nothing where root owns it, or where the process is not root's.
 * Call it when all that only root may read is read, and before the first use of the network, of name look-ups and of
 * the state. Errors: EX_NOPERM, EX_IOERR. */
int privileges_drop_to_owner(const char *directory, struct err *err) MUST_CHECK;

#endif
