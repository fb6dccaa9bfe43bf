/* own_tables: the names of the tables that the program itself makes beside the calls. */
#include <string.h>
#include <strings.h>

#include "sink/own_tables.h"

/* Copies of customers, staff and groups, and the log of loads: with calls in the same table, each would spoil the
 * other's rows. */
static const char *const names[] = { "customer", "staff", "group", "update_log" };

int own_tables_check(const struct params *params, const char *key, struct err *err)
{
    const struct param *param = params_find(params, key);
    const char *dot = param != NULL ? strrchr(param->value, '.') : NULL;
    for (size_t i = 0; param != NULL && i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(dot != NULL ? dot + 1 : param->value, names[i]) == 0)
            return err_set(err, EX_CONFIG,
                           "%s: %s = %s: the program makes a table of that name itself, for other rows; "
                           "choose another name", param->origin, key, param->value);
    return 0;
}
