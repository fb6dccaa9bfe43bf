/* check: `did-optimizer-sync check`, tests the setup and names the remedies. */
#ifndef CHECK_H
#define CHECK_H

#include "config/options.h"

/* check_command: prints one line for each test, with a remedy if the test fails, and then a verdict; or one JSON
 * object. Changes nothing, sends no call. Returns the exit code: 0, or that of the first failed test. */
int check_command(const struct options *options);

#endif
