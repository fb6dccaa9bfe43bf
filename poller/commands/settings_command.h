/* settings_command: `did-optimizer-sync settings show` and `settings set SECTION.KEY VALUE`. */
#ifndef SETTINGS_COMMAND_H
#define SETTINGS_COMMAND_H

#include <stdbool.h>

#include "config/options.h"

/* settings_command: shows the settings of our own file, or changes one. A change passes the checks of `check` first;
 * the file is replaced at once, its comments stay, and the old one is kept as FILE.old. Secrets are neither shown nor
 * set. Returns the exit code. */
int settings_command(const struct options *options) MUST_CHECK;

/* One setting. Texts are borrowed until the callback returns. */
struct settings_command_row {
    const char *section, *key;
    const char *value; /* NULL: it is a secret, or leads to one */
    bool is_set;       /* false: value is the default */
};
typedef void settings_command_on_row(void *context, const struct settings_command_row *row);

/* settings_command_list: the settings of the file at path, then the others with their defaults. Errors: EX_NOPERM,
 * EX_IOERR. */
int settings_command_list(const char *path, settings_command_on_row *on_row, void *context, struct err *err) MUST_CHECK;

#endif
