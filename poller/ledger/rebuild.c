/* rebuild: replaces a damaged ledger with a new one that has every readable call. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fileutil.h"
#include "base/mem.h"
#include "ledger/rebuild.h"
#include "ledger/schema.h"
#include "base/store.h"

#define UNFINISHED ".new"
#define COMPLETE ".rebuilt"

/* The columns of version 1, those that version 2 added, and the one that version 6 added. Version 9 has words: if their
 * table cannot be read, the rest of the call can. Version 13 added the direction. */
#define COLUMNS_1 "uniqueid, state, end_epoch, fingerprint, updated, attempts, due, reason, payload"
#define COLUMNS_2 COLUMNS_1 ", seen, tries, tried, answer, took_ms, status, result, length, agent, campaign, phone"
#define COLUMNS_9                                                                                                      \
    COLUMNS_1 ", seen, tries, tried, answer, took_ms, status, " SCHEMA_RESULT ", length, agent, "                      \
              SCHEMA_CAMPAIGN ", phone"
#define INSERT_1 "INSERT OR REPLACE INTO call (" COLUMNS_1 ", version_unknown) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define INSERT_2                                                                                                       \
    "INSERT OR REPLACE INTO call (" COLUMNS_2 ", version_unknown) "                                                    \
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define INSERT_13                                                                                                      \
    "INSERT OR REPLACE INTO call (" COLUMNS_2 ", version_unknown, direction) "                                         \
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

/* Copies each readable call: from both ends of the table up to the damage, and by the index of open calls. */
static void copy_readable_calls(struct store *store, const char *damaged)
{
    static const struct {
        const char *columns, *insert;
    } versions[] = { /* a query for a column that the file lacks would fail */
        { COLUMNS_1 ", " SCHEMA_VERSION_UNKNOWN_5, INSERT_1 },
        { COLUMNS_2 ", " SCHEMA_VERSION_UNKNOWN_5, INSERT_2 },
        { COLUMNS_2 ", version_unknown", INSERT_2 },
        { COLUMNS_9 ", version_unknown", INSERT_2 },
        { COLUMNS_9 ", version_unknown, direction", INSERT_13 },
    };
    static const char *const passes[] = { "NOT INDEXED ORDER BY uniqueid", "NOT INDEXED ORDER BY uniqueid DESC",
                                          "INDEXED BY call_open WHERE state <> 1" };
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
        for (size_t k = 0; k < sizeof passes / sizeof passes[0]; k++) {
            char *query = mem_format("SELECT %s FROM call %s", versions[i].columns, passes[k]);
            store_copy_rows(store, damaged, query, versions[i].insert);
            free(query);
        }
}

/* Copies the readable calls of path into a new ledger under another name, which is complete and durable on return. */
static int build_new_ledger(const char *state_dir, const char *path, int64_t *ret_saved, struct err *err)
{
    static const char source[] = "SELECT name, text FROM note WHERE name = 'source'"; /* see ledger_confirm_source */
    static const char recordings[] = "SELECT * FROM recording"; /* a damaged file may lack the end: see place_drive.c */
    static const char keep_recording[] = "INSERT OR REPLACE INTO recording VALUES "
                                         "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    static const char start_over[] = "INSERT INTO note (name, number) VALUES ('start_over', 1)"; /* see ledger.h */
    struct store *store = NULL;
    char *unfinished = mem_format("%s%s", path, UNFINISHED), *complete = mem_format("%s%s", path, COMPLETE);
    (void)unlink(unfinished); /* a crash may have left one */
    int result = store_open("the ledger", unfinished, STORE_WRITE, &store, err) == 0 ? schema_make(store, err) : -1;
    if (result == 0) {
        copy_readable_calls(store, path);
        store_copy_rows(store, path, source, "INSERT OR REPLACE INTO note (name, text) VALUES (?, ?)");
        store_copy_rows(store, path, recordings, keep_recording);
        if (store_change(store, store_prepare(store, start_over), err) != 0 || store_commit(store, err) != 0 ||
            store_number(store, "SELECT count(*) FROM call", ret_saved, err) != 0)
            result = -1;
    }
    if (result == 0 && rename(unfinished, complete) != 0)
        result = err_set(err, EX_IOERR, "could not rename %s: %s", unfinished, strerror(errno));
    store_close(store);
    free(unfinished);
    free(complete);
    return result == 0 ? fileutil_sync_directory(state_dir, err) : -1;
}

/* Renames the damaged ledger with its journal, then gives its name to the complete new ledger. */
static int move_into_place(const char *state_dir, const char *path, char *ret_aside, size_t size, struct err *err)
{
    static const char *const journals[] = { "-wal", "-shm" };
    char *complete = mem_format("%s%s", path, COMPLETE);
    int result = access(path, F_OK) == 0 ? fileutil_keep_damaged(path, ret_aside, size, err) : 0;
    for (size_t i = 0; result == 0 && i < sizeof journals / sizeof journals[0]; i++) {
        char *from = mem_format("%s%s", path, journals[i]);
        char *to = mem_format("%s%s", *ret_aside != '\0' ? ret_aside : complete, journals[i]);
        if (rename(from, to) != 0 && errno != ENOENT) /* SQLite would apply a journal left here to the new ledger */
            result = err_set(err, EX_IOERR, "could not move %s aside: %s", from, strerror(errno));
        free(from);
        free(to);
    }
    if (result == 0 && rename(complete, path) != 0)
        result = err_set(err, EX_IOERR, "could not rename %s: %s", complete, strerror(errno));
    free(complete);
    return result == 0 ? fileutil_sync_directory(state_dir, err) : -1;
}

int rebuild_ledger(const char *state_dir, const char *path, char *ret_aside, size_t size, int64_t *ret_saved,
                   struct err *err)
{
    return build_new_ledger(state_dir, path, ret_saved, err) == 0
               ? move_into_place(state_dir, path, ret_aside, size, err) : -1;
}

int rebuild_finish(const char *state_dir, const char *path, bool *ret_rebuilt, char *ret_aside, size_t size,
                   struct err *err)
{
    char *complete = mem_format("%s%s", path, COMPLETE);
    *ret_rebuilt = access(complete, F_OK) == 0;
    free(complete);
    return *ret_rebuilt ? move_into_place(state_dir, path, ret_aside, size, err) : 0;
}
