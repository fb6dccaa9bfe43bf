/* recorder_tables: reads the names of tables and columns from the settings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "sink/own_tables.h"
#include "sink/recorder_tables.h"

#define PREFIX "column."
#define NONE "-" /* the setting for "no such table" or "no such column" */

static int column_of(const char *name)
{
    for (int i = 0; i < RECORDER_COLUMNS; i++)
        if (strcasecmp(recorder_columns[i].name, name) == 0)
            return i;
    return -1;
}

static int fail_unknown(const struct param *param, struct err *err)
{
    char list[600] = "";
    for (int i = 0; i < RECORDER_COLUMNS; i++) {
        size_t used = strlen(list);
        (void)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "", recorder_columns[i].name);
    }
    return err_set(err, EX_CONFIG, "%s: %s: callcenter_records has no such column; its columns are: %s", param->origin,
                   param->key, list);
}

static int rename_column(struct recorder_tables *tables, const struct param *param, struct err *err)
{
    int column = column_of(param->key + strlen(PREFIX));
    bool without = strcmp(param->value, NONE) == 0;
    if (column < 0)
        return fail_unknown(param, err);
    if (*param->value == '\0' || (without && (column == RECORDER_UUID || column == RECORDER_HASH)))
        return err_set(err, EX_CONFIG, "%s: %s must name a column of the table: it is part of the key",
                       param->origin, param->key);
    free(tables->columns[column]);
    tables->columns[column] = without ? NULL : mem_copy(param->value);
    return 0;
}

int recorder_tables_read(const struct params *params, struct recorder_tables *ret_tables, struct err *err)
{
    const char *logs = params_text(params, "logs_table", "callcenter_sync_logs");
    *ret_tables = (struct recorder_tables){ .records = mem_copy(params_text(params, "table", "callcenter_records")),
                                            .logs = strcmp(logs, NONE) == 0 ? NULL : mem_copy(logs) };
    for (int i = 0; i < RECORDER_COLUMNS; i++)
        ret_tables->columns[i] = mem_copy(recorder_columns[i].name);
    if (*ret_tables->records == '\0' || strcmp(logs, "") == 0)
        return err_set(err, EX_CONFIG, "%s: %s is empty; write the name of a table",
                       params_find(params, *logs == '\0' ? "logs_table" : "table")->origin,
                       *logs == '\0' ? "logs_table" : "table");
    if (own_tables_check(params, "table", err) != 0 || own_tables_check(params, "logs_table", err) != 0)
        return -1;
    for (size_t i = 0; params != NULL && i < params->count; i++)
        if (strncasecmp(params->items[i].key, PREFIX, strlen(PREFIX)) == 0 &&
            rename_column(ret_tables, &params->items[i], err) != 0)
            return -1;
    return 0;
}

void recorder_tables_free(struct recorder_tables *tables)
{
    for (int i = 0; i < RECORDER_COLUMNS; i++)
        free(tables->columns[i]);
    free(tables->records);
    free(tables->logs);
    *tables = (struct recorder_tables){ .records = NULL };
}
