/* own_tables: the names of the tables that the program itself makes beside the calls. For sinks only. */
#ifndef OWN_TABLES_H
#define OWN_TABLES_H

#include "base/err.h"
#include "domain/params.h"

/* own_tables_check: refuses one of those names, also after a schema and a dot, as the value of the setting key. Errors:
 * EX_CONFIG; the message names file and line. */
int own_tables_check(const struct params *params, const char *key, struct err *err) MUST_CHECK;

#endif
