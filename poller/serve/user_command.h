/* user_command: `did-optimizer-sync-serve user ...` and `... token NAME`. */
#ifndef USER_COMMAND_H
#define USER_COMMAND_H

#include "serve/serve_options.h"
#include "serve/serve_settings.h"

/* user_command: adds, lists, changes or removes users, or prints a token. Errors: those of users.h and bearer.h. */
int user_command(const struct serve_options *options, const struct serve_settings *settings,
                 struct err *err) MUST_CHECK;

#endif
