/* actions: what an administrator can do over the page. Each is a command of did-optimizer-sync, so it does what the
 * command does. Pure data: nothing is started here.
 *
 * The page checks a request with this table before it passes the request on, and the process that starts commands
 * checks it again, because it does not trust the page. */
#ifndef ACTIONS_H
#define ACTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json.h"

/* The words of a command. Ownership: actions_free. */
struct actions_words {
    char **list; /* NULL ends it */
    size_t count;
};

/* actions_build: the words after the program's name and its path options: options first, then "--" and the command with
 * its arguments, so that no value can be taken for an option. action is a name of the table; arguments is an object
 * with the action's parameters, and may be NULL; profile is a profile's name, or "default". Errors: EX_USAGE: there is
 * no such action or parameter, one is missing, or a value is wrong; the message never has the value. */
int actions_build(const char *action_name, const char *profile, const struct json *arguments,
                  struct actions_words *ret_words, struct err *err) MUST_CHECK;
void actions_free(struct actions_words *words);

/* actions_may_set: whether the action settings_set changes settings of this section. */
bool actions_may_set(const char *section);

/* actions_name: the names in the table, by their place; NULL: no more. For documents and tests. */
const char *actions_name(size_t index);

#endif
