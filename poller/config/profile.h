/* profile: one of several tenants of a dialer, with settings, key, state and log of its own. */
#ifndef PROFILE_H
#define PROFILE_H

#include <stdbool.h>

#include "base/err.h"
#include "config/options.h"

/* profile_is_name: whether text is a profile's name: 1 to 32 letters, digits, - and _. */
bool profile_is_name(const char *text);

/* profile_select: makes each path of options that is not named on the command line that of the profile name: settings
 * in profiles_dir, dids file and log beside the default ones, state below the default one. name is borrowed. Errors:
 * EX_USAGE (no such name can be). */
int profile_select(struct options *options, const char *name, struct err *err) MUST_CHECK;

/* profile_check: whether the settings of the selected profile exist; fine where none is selected. Errors: EX_CONFIG. */
int profile_check(const struct options *options, struct err *err) MUST_CHECK;

/* profile_enter_state: privileges_drop_to_owner of the state. That of a profile is made where it is missing, by that
 * owner and like the directory it lies in. Errors: EX_NOPERM, EX_IOERR. */
int profile_enter_state(const struct options *options, struct err *err) MUST_CHECK;

#endif
