/* environment: reads the variables of a table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/environment.h"

#define FILE_ENDING "_file"

/* Whether params has key; or KEY_file; or KEY, if key is KEY_file. */
static bool is_set(const struct params *params, const char *key)
{
    size_t length = strlen(key), ending = sizeof FILE_ENDING - 1;
    bool names_file = length > ending && strcmp(key + length - ending, FILE_ENDING) == 0;
    char *other = names_file ? mem_format("%.*s", (int)(length - ending), key) : mem_format("%s" FILE_ENDING, key);
    bool found = params_find(params, key) != NULL || params_find(params, other) != NULL;
    free(other);
    return found;
}

void environment_read(const struct environment_variable *variables, struct params *params)
{
    for (; variables->name != NULL; variables++) {
        char origin[120];
        const char *value = getenv(variables->name);
        if (value == NULL || *value == '\0' || is_set(params, variables->key))
            continue;
        (void)snprintf(origin, sizeof origin, "environment variable %s", variables->name);
        params_add(params, variables->key, value, origin);
    }
}
