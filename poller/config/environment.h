/* environment: settings of a type from environment variables. */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include "domain/params.h"

/* A variable and the setting that it stands for. The name NULL ends a table of them. */
struct environment_variable {
    const char *name, *key;
};

/* environment_read: adds the setting of each variable that is not empty, with the variable as its origin. A setting
 * that params has already, as KEY or KEY_file, wins over the variable. Of two variables for one setting the first
 * one wins. */
void environment_read(const struct environment_variable *variables, struct params *params);

#endif
