/* tenants: `did-optimizer-sync run --all-profiles`, every profile side by side. */
#ifndef TENANTS_H
#define TENANTS_H

#include "config/options.h"

/* tenants_command: does run for the default profile, where it has a key, and for each one that has settings in
 * profiles_dir, in a process each, so that a slow one holds up no other. Where there are no profiles it does run for
 * the default one, here. Passes SIGTERM and SIGINT on. Returns the worst of the exit codes. */
int tenants_command(const struct options *options, int (*run)(const struct options *options));

#endif
