/* page_user: who the page runs as. What speaks HTTP must not be root. */
#ifndef PAGE_USER_H
#define PAGE_USER_H

#include "base/err.h"

/* page_user_settle: for a process of root: if root owns state_dir, which is then the page's alone, gives the directory
 * and its files to the owner of dialer_dir, the state directory of did-optimizer-sync: the page reads the ledger there.
 * Does nothing for another user. Errors: EX_CONFIG (root owns dialer_dir too, or others may write in state_dir; with
 * the remedy), EX_NOPERM, EX_IOERR. */
int page_user_settle(const char *state_dir, const char *dialer_dir, struct err *err) MUST_CHECK;

/* page_user_become: page_user_settle, and then the process becomes the owner of state_dir for good. Errors also: those
 * of privileges_drop_to_owner. */
int page_user_become(const char *state_dir, const char *dialer_dir, struct err *err) MUST_CHECK;

#endif
