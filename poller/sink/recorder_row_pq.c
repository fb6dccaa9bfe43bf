/* recorder_row_pq: reads a call's row from PostgreSQL. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sink/recorder_postgresql.h"
#include "sink/recorder_pq.h"
#include "sink/recorder_row_pq.h"

static const char *text_of(void *context, int column)
{
    return recorder_pq_text(context, 0, column);
}

/* In a transaction, so that the settings end with it: a pool may lend the connection to others. */
static int ask(struct recorder_pq *pq, const struct recorder_tables *tables, const char *key,
               struct outcome *ret_failure)
{
    char *begin = mem_format("BEGIN READ ONLY; SET LOCAL statement_timeout = %" PRId64 "; SET LOCAL timezone = 'UTC'",
                             recorder_pq_timeout(pq) * 1000);
    char *query = recorder_row_query(&recorder_postgresql_dialect, tables);
    int result = recorder_pq_connect(pq, NULL, ret_failure);
    if (result == 0)
        result = recorder_pq_run(pq, begin, NULL, ret_failure);
    if (result == 0)
        result = recorder_pq_ask(pq, query, key, NULL, ret_failure);
    free(query);
    free(begin);
    return result;
}

int recorder_row_pq(const struct params *params, const struct recorder_tables *tables, const char *key, bool masks,
                    char **ret_row, struct err *err)
{
    struct recorder_pq *pq = NULL;
    struct outcome failure, ignored;
    if (recorder_pq_new(params, &pq, err) != 0)
        return -1;
    int result = ask(pq, tables, key, &failure);
    if (result != 0) {
        const char *reason = strstr(failure.reason, ": "); /* skips "could not ..." */
        result = err_set(err, EX_UNAVAILABLE, "could not read the row from PostgreSQL: %s",
                         reason != NULL ? reason + 2 : failure.reason);
    }
    if (result == 0 && recorder_pq_rows(pq) > 0)
        *ret_row = recorder_row_take(tables, masks, text_of, pq);
    if (recorder_pq_is_connected(pq))
        (void)recorder_pq_run(pq, "ROLLBACK", NULL, &ignored);
    recorder_pq_free(pq);
    return result;
}
