/* profile: a tenant of a dialer that several tenants share, with its own settings, key, state and log. */
#ifndef PROFILE_H
#define PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "config/options.h"

/* profile_is_name: whether text can name a profile: 1 to 32 letters, digits, - and _. */
bool profile_is_name(const char *text);

/* profile_select: sets each path of options that the command line does not name to the path of the profile name:
 * settings in profiles_dir, dids file and log beside the default ones, state below the default one. Ownership: name is
 * borrowed as long as options. Errors: EX_USAGE (invalid name, path too long). */
int profile_select(struct options *options, const char *name, struct err *err) MUST_CHECK;

/* profile_check: checks that the settings file of the selected profile exists. Does nothing if no profile is selected.
 * Errors: EX_CONFIG. */
int profile_check(const struct options *options, struct err *err) MUST_CHECK;

/* profile_drop_privileges: privileges_drop_to_owner for the state directory. For a profile the new user then creates a
 * missing state directory, with the mode of its parent. Errors: EX_NOPERM, EX_IOERR, EX_SOFTWARE. */
int profile_drop_privileges(const struct options *options, struct err *err) MUST_CHECK;

/* profile_list: sets *ret_names to the sorted names of the profiles that have a settings file in directory, and returns
 * their number. A directory that cannot be read is reported on standard error. Ownership: profile_list_free. */
size_t profile_list(const char *directory, char ***ret_names);
void profile_list_free(char **names, size_t count);

#endif
