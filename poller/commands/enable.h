/* enable: `did-optimizer-sync enable` and `disable`: whether cron or a service sends calls. */
#ifndef ENABLE_H
#define ENABLE_H

#include "config/options.h"

/* enable_command: records the operator's choice and prints where the next run continues. Durable: on return. Returns
 * the exit code. */
int enable_command(const struct options *options);

#endif
