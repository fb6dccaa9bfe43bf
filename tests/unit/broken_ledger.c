/* broken_ledger: makes statements of the ledger fail, as on a disk with errors. */
#include "unit.h"

#include <sqlite3.h>

#include "broken_ledger.h"

static size_t first, last, count;

void broken_ledger_at(size_t nth, size_t many)
{
    first = nth;
    last = nth > 0 ? nth - 1 + many : 0;
    count = 0;
}

bool broken_ledger_has_failed(void)
{
    return first > 0 && count >= first;
}

static bool fails(void)
{
    count++;
    return first > 0 && count >= first && count <= last;
}

/* The linker (--wrap) makes the program call these functions instead of SQLite's. */
int __real_sqlite3_step(sqlite3_stmt *statement);
int __real_sqlite3_exec(sqlite3 *database, const char *sql, int (*on_row)(void *, int, char **, char **), void *context,
                        char **message);
int __wrap_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_exec(sqlite3 *database, const char *sql, int (*on_row)(void *, int, char **, char **), void *context,
                        char **message);

int __wrap_sqlite3_step(sqlite3_stmt *statement)
{
    return fails() ? SQLITE_IOERR : __real_sqlite3_step(statement);
}

int __wrap_sqlite3_exec(sqlite3 *database, const char *sql, int (*on_row)(void *, int, char **, char **), void *context,
                        char **message)
{
    return fails() ? SQLITE_IOERR : __real_sqlite3_exec(database, sql, on_row, context, message);
}

size_t broken_ledger_sweep(const char *row, broken_ledger_act *act, void (*again)(void *context), void *context)
{
    size_t nth = 1;
    for (bool failed = true; failed; nth++) {
        struct err err = { .code = 0 };
        char place[120];
        (void)snprintf(place, sizeof place, "%s, statement %zu fails", row, nth);
        broken_ledger_at(nth, 1);
        int result = act(context, &err);
        failed = broken_ledger_has_failed();
        broken_ledger_at(0, 0);
        unit_same_int(place, result, failed ? -1 : 0);
        unit_same_int(place, err.code, failed ? EX_IOERR : 0);
        if (again != NULL)
            again(context);
    }
    return nth - 2;
}
