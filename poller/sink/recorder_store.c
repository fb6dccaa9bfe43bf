/* recorder_store: the code that SQLite and PostgreSQL share. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sink/recorder_store.h"

int recorder_store_timeout(const struct params *params, int64_t *ret_timeout, struct err *err)
{
    return params_integer(params, "timeout", 10, 1, 300, ret_timeout, err);
}

void recorder_store_count(struct recorder_counts *counts, const struct recorder_result *results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        counts->created += results[i].what == RECORDER_CREATED ? 1 : 0;
        counts->updated += results[i].what == RECORDER_UPDATED ? 1 : 0;
        counts->kept += results[i].what == RECORDER_KEPT ? 1 : 0;
        counts->failed += results[i].what >= RECORDER_REFUSED ? 1 : 0;
    }
}

static bool has(char *const *names, size_t count, const char *wanted)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], wanted) == 0)
            return true;
    return false;
}

int recorder_store_missing(const struct recorder_tables *tables, char *const *names, size_t count, int from)
{
    while (from < RECORDER_COLUMNS && (tables->columns[from] == NULL || has(names, count, tables->columns[from])))
        from++;
    return from;
}

/* If a table lacks these columns, another program created it for another purpose. The program adds no column to it. */
bool recorder_store_is_ours(const struct recorder_tables *tables, char *const *names, size_t count,
                            struct outcome *ret_failure)
{
    static const int needed[] = { RECORDER_SOURCE, RECORDER_UUID, RECORDER_HASH };
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        const char *name = tables->columns[needed[i]];
        if (name == NULL || has(names, count, name))
            continue;
        (void)recorder_store_fail(ret_failure, OUTCOME_MISCONFIGURED, 0, "; name another table with `table` in [sink], "
                                  "or its columns with `column.NAME`", "the table %.100s has no column %.60s, so it is "
                                  "not a table of this program", tables->records, name);
        return false;
    }
    return true;
}

int recorder_store_fail(struct outcome *failure, enum outcome_kind kind, int64_t code, const char *advice,
                        const char *format, ...)
{
    *failure = (struct outcome){ .kind = kind, .code = code };
    va_list args;
    va_start(args, format);
    (void)vsnprintf(failure->reason, sizeof failure->reason, format, args);
    va_end(args);
    (void)snprintf(failure->advice, sizeof failure->advice, "%s", advice);
    return -1;
}
