/* tenants: `did-optimizer-sync run --all-profiles`, runs every profile in parallel. */
#ifndef TENANTS_H
#define TENANTS_H

#include "config/options.h"

/* tenants_command: calls run in a new process for each profile with settings in profiles_dir, and for the default
 * profile if it is set up. So a slow profile delays no other. Without profiles, calls run in this process. Forwards
 * SIGTERM and SIGINT as SIGTERM. Returns the worst of the exit codes. */
int tenants_command(const struct options *options, int (*run)(const struct options *options));

#endif
