/* forget_command: `did-optimizer-sync-serve forget`. */
#ifndef FORGET_COMMAND_H
#define FORGET_COMMAND_H

#include "serve/serve_options.h"

/* forget_command: the ledgers of all profiles note no changes for the page any more; the page's next start begins
 * again. The process becomes the owner of did-optimizer-sync's state directory. Errors: those of
 * privileges_drop_to_owner and view_feed_forget. */
int forget_command(const struct serve_options *options, struct err *err) MUST_CHECK;

#endif
