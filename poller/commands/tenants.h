/* tenants: `did-optimizer-sync run --all-profiles`, runs every profile in parallel. */
#ifndef TENANTS_H
#define TENANTS_H

#include "config/options.h"

/* tenants_command: starts run in a process of its own for each profile with settings in profiles_dir, and for the
 * default profile if that has a key. So a slow profile delays no other. Without profiles, run starts in this process.
 * Passes SIGTERM and SIGINT on. Returns the worst of the exit codes. */
int tenants_command(const struct options *options, int (*run)(const struct options *options));

#endif
