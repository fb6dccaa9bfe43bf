/* store: a file of tables, over SQLite. */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fileutil.h"
#include "base/mem.h"
#include "base/store.h"

#define MOST_STATEMENTS 48

/* How long to wait for another program that has locked the file. */
#define BUSY_MS 5000

/* One thread at a time uses a store, so SQLite takes no lock of its own for each call of its functions. */
#define READ_WRITE (SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX)

struct store {
    sqlite3 *database;
    const char *title;
    char *path;
    enum store_fault fault; /* of the last failure */
    struct {
        const char *sql; /* compared by address */
        sqlite3_stmt *statement;
    } prepared[MOST_STATEMENTS];
    int prepared_count;
    bool in_transaction;
    bool read_only;
    bool ignores_changes;
    bool damaged;
};

/* struct statement is never defined: callers see SQLite's statement under that name. */
static sqlite3_stmt *to_sqlite(struct statement *statement)
{
    return (sqlite3_stmt *)statement;
}

/* If the index of the write-ahead log cannot grow, SQLite reports an I/O error, even if the disk is full. */
static bool is_full(sqlite3 *database)
{
    int reason = sqlite3_system_errno(database);
    return reason == ENOSPC || reason == EDQUOT;
}

static enum store_fault fault_of(sqlite3 *database)
{
    switch (sqlite3_errcode(database)) {
    case SQLITE_IOERR:
        return is_full(database) ? STORE_FULL : STORE_OTHER;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        return STORE_VALUE_REFUSED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return STORE_LOCKED;
    case SQLITE_FULL:
        return STORE_FULL;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        return STORE_NOT_WRITABLE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return STORE_DAMAGED;
    default:
        return STORE_OTHER;
    }
}

static int fail(struct store *store, const char *action, struct err *err)
{
    const char *reason = sqlite3_errmsg(store->database);
    const char *remedy = "";
    store->fault = fault_of(store->database);
    bool has_ended = store->in_transaction && sqlite3_get_autocommit(store->database) != 0;
    if (store->fault == STORE_VALUE_REFUSED && has_ended) /* RAISE(ROLLBACK) undid earlier values too */
        store->fault = STORE_OTHER;
    switch (store->fault) {
    case STORE_DAMAGED:
        store->damaged = true;
        break;
    case STORE_FULL:
        remedy = "; free some space on that disk";
        break;
    case STORE_NOT_WRITABLE:
        remedy = "; is the disk mounted read-only, or does the directory belong to another user?";
        break;
    case STORE_LOCKED:
        remedy = "; another program has locked it";
        break;
    case STORE_VALUE_REFUSED:
    case STORE_OTHER:
        break;
    }
    return err_set(err, EX_IOERR, "could not %s %s %s: %s%s", action, store->title, store->path, reason, remedy);
}

static int execute(struct store *store, const char *sql, const char *action, struct err *err)
{
    return sqlite3_exec(store->database, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(store, action, err);
}

static int check_path(const char *title, const char *path, bool *ret_exists, struct err *err)
{
    struct stat info;
    bool found = lstat(path, &info) == 0;
    /* A crash may leave an empty file. SQLite treats a file of one byte as empty too. */
    *ret_exists = found && info.st_size > 1;
    if (!found && errno != ENOENT)
        return err_set(err, errno == EACCES ? EX_NOPERM : EX_IOERR, "could not open %s %s: %s", title, path,
                       strerror(errno));
    if (found && S_ISLNK(info.st_mode))
        return err_set(err, EX_IOERR, "could not open %s %s: it is a symbolic link; put the file itself there",
                       title, path);
    if (*ret_exists && faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0 && errno == EACCES)
        return err_set(err, EX_NOPERM,
                       "could not open %s %s: this user may not read it; run as root or as the owner of the state "
                       "directory",
                       title, path);
    return 0;
}

/* ---- reading without the right to write ---- */

/* A reader of a WAL creates files beside the store's file, or takes locks in them. A user who may not write there, such
 * as a monitoring user of the group, uses the files that exist. If there are none, that user reads the store's file
 * alone. */

enum { UNSTABLE_MS = 50, MOST_ATTEMPTS = 20 };

static bool may_write(const char *path)
{
    char *directory = fileutil_directory_of(path);
    bool may = faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 &&
               faccessat(AT_FDCWD, directory, W_OK, AT_EACCESS) == 0;
    free(directory);
    return may;
}

/* With this name SQLite treats the file as immutable: it reads no WAL and takes no lock. */
static char *immutable_name(const char *path)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
    static const char digits[] = "0123456789ABCDEF";
    char *escaped = mem_zero(strlen(path) + 1, 3), *end = escaped;
    for (const unsigned char *at = (const unsigned char *)path; *at != '\0'; at++) {
        if (strchr(plain, *at) != NULL) {
            *end++ = (char)*at;
        } else {
            *end++ = '%';
            *end++ = digits[*at / 16];
            *end++ = digits[*at % 16];
        }
    }
    char *name = mem_format("file:%s%s?immutable=1", *path == '/' ? "//" : "", escaped);
    free(escaped);
    return name;
}

/* Whether the file alone is the whole store: there is no WAL, and the last change is some time ago. The file's time
 * has the granularity of the kernel's clock, so a second change right after the first would not show. */
static bool is_at_rest(const char *path, struct stat *ret_info)
{
    struct stat wal;
    struct timespec now;
    char *name = mem_format("%s-wal", path);
    bool has_wal = stat(name, &wal) == 0 ? wal.st_size > 0 : errno != ENOENT;
    free(name);
    if (has_wal || stat(path, ret_info) != 0 || clock_gettime(CLOCK_REALTIME, &now) != 0)
        return false;
    int64_t age_ms =
        (now.tv_sec - ret_info->st_mtim.tv_sec) * 1000 + (now.tv_nsec - ret_info->st_mtim.tv_nsec) / 1000000;
    return age_ms < 0 || age_ms > UNSTABLE_MS;
}

/* Copies the file into memory. False: the file changed meanwhile, or SQLite cannot read it without its WAL. */
static bool copy_file(struct store *store, struct err *err)
{
    struct stat before, after;
    char *name = immutable_name(store->path);
    bool copied = is_at_rest(store->path, &before) &&
                  sqlite3_open_v2(name, &store->database, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) == SQLITE_OK &&
                  store_use_copy(store, err) == 0 && stat(store->path, &after) == 0 &&
                  before.st_mtim.tv_sec == after.st_mtim.tv_sec && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec &&
                  before.st_size == after.st_size && before.st_ino == after.st_ino;
    free(name);
    return copied;
}

static int open_without_writing(struct store *store, struct err *err)
{
    for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
        int64_t ignored = 0;
        (void)sqlite3_close(store->database);
        store->database = NULL;
        if (sqlite3_open_v2(store->path, &store->database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
            sqlite3_busy_timeout(store->database, BUSY_MS) == SQLITE_OK &&
            store_number(store, "SELECT count(*) FROM sqlite_master", &ignored, err) == 0)
            return 0;
        if (sqlite3_errcode(store->database) != SQLITE_CANTOPEN && sqlite3_errcode(store->database) != SQLITE_READONLY)
            return fail(store, "read", err);
        (void)sqlite3_close(store->database);
        store->database = NULL;
        if (copy_file(store, err))
            return 0;
        if (store->damaged)
            return -1;
        (void)usleep(UNSTABLE_MS * 1000); /* a run has just begun or ended */
    }
    return err_set(err, EX_IOERR, "could not read %s %s: it kept changing, and this user may not write to its "
                   "directory; run as root or as the owner of the state directory", store->title, store->path);
}

/* ---- opening ---- */

static int open_file(struct store *store, const char *name, struct err *err)
{
    /* Otherwise SQLite locks a counter for each block of memory. Has no effect once SQLite has started. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    /* Otherwise SQLite writes to 200 KiB for its own use when it opens a file; an idle run needs a tenth of that. */
    (void)sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 128, 100);
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
    mode_t mask = umask(0027); /* SQLite creates its files with mode 0644 less this mask */
    int code = sqlite3_open_v2(name, &store->database, READ_WRITE, NULL);
    (void)umask(mask);
    return code == SQLITE_OK ? 0 : fail(store, "open", err);
}

int store_open_temporary(const char *title, struct store **ret_store, struct err *err)
{
    static const char settings[] = "PRAGMA journal_mode = OFF; PRAGMA temp_store = FILE"; /* nothing is rolled back */
    struct store *store = *ret_store = mem_zero(1, sizeof *store);
    store->title = title;
    store->path = mem_copy("");
    return open_file(store, "", err) == 0 ? store_execute(store, settings, err) : -1;
}

int store_open(const char *title, const char *path, enum store_mode mode, struct store **ret_store, struct err *err)
{
    bool exists = false;
    *ret_store = NULL;
    if (check_path(title, path, &exists, err) != 0)
        return -1;
    struct store *store = *ret_store = mem_zero(1, sizeof *store);
    store->title = title;
    store->path = mem_copy(path);
    store->read_only = mode == STORE_READ_ONLY;
    if (mode == STORE_READ_ONLY && exists && !may_write(path)) {
        if (open_without_writing(store, err) != 0)
            return -1;
    } else if (open_file(store, mode == STORE_READ_ONLY && !exists ? ":memory:" : path, err) != 0) {
        return -1;
    }
    (void)sqlite3_busy_timeout(store->database, BUSY_MS);
    return 0;
}

const char *store_path(const struct store *store)
{
    return store->path;
}

enum store_fault store_fault(const struct store *store)
{
    return store->fault;
}

const char *store_reason(const struct store *store)
{
    return sqlite3_errmsg(store->database);
}

void store_wait_for_locks(struct store *store, int most_ms)
{
    (void)sqlite3_busy_timeout(store->database, most_ms);
}

int store_start_journal(struct store *store, struct err *err)
{
    return execute(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -1024;", "open",
                   err);
}

int store_delete_journal(const char *path, struct err *err)
{
    char *wal = mem_format("%s-wal", path), *index = mem_format("%s-shm", path);
    int result = fileutil_delete(wal, err) == 0 ? fileutil_delete(index, err) : -1;
    free(index);
    free(wal);
    return result;
}

int store_forbid_changes(struct store *store, struct err *err)
{
    return execute(store, "PRAGMA query_only = 1", "open", err);
}

int store_use_copy(struct store *store, struct err *err)
{
    sqlite3 *file = store->database;
    sqlite3_backup *backup = NULL;
    store->database = NULL;
    int code = sqlite3_open_v2(":memory:", &store->database, READ_WRITE, NULL);
    if (code == SQLITE_OK)
        backup = sqlite3_backup_init(store->database, "main", file, "main");
    if (backup != NULL) {
        (void)sqlite3_backup_step(backup, -1);
        code = sqlite3_backup_finish(backup);
    }
    int result = backup != NULL && code == SQLITE_OK ? 0 : fail(store, "read", err); /* SQLite sets the copy's error */
    (void)sqlite3_close(file);
    return result;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    for (int i = 0; i < store->prepared_count; i++)
        (void)sqlite3_finalize(store->prepared[i].statement);
    (void)sqlite3_close(store->database);
    free(store->path);
    free(store);
}

bool store_is_damaged(const struct store *store)
{
    return store != NULL && store->damaged;
}

/* ---- statements ---- */

int store_execute(struct store *store, const char *sql, struct err *err)
{
    return execute(store, sql, "write to", err);
}

int store_execute_first(struct store *store, const char *sql, const char **ret_rest, struct err *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->database, sql, -1, &statement, ret_rest);
    while (code == SQLITE_OK || code == SQLITE_ROW)
        code = statement != NULL ? sqlite3_step(statement) : SQLITE_DONE;
    int result = code == SQLITE_DONE ? 0 : fail(store, "write to", err);
    (void)sqlite3_finalize(statement);
    return result;
}

struct statement *store_prepare(struct store *store, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    for (int i = 0; i < store->prepared_count && statement == NULL; i++)
        if (store->prepared[i].sql == sql)
            statement = store->prepared[i].statement;
    if (statement == NULL) {
        if (store->prepared_count == MOST_STATEMENTS ||
            sqlite3_prepare_v3(store->database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
            return NULL;
        store->prepared[store->prepared_count].sql = sql;
        store->prepared[store->prepared_count++].statement = statement;
    }
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return (struct statement *)statement;
}

struct statement *store_compile(struct store *store, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    return sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL) == SQLITE_OK ? (struct statement *)statement
                                                                                       : NULL;
}

void store_discard(struct statement *statement)
{
    (void)sqlite3_finalize(to_sqlite(statement));
}

void store_bind_int(struct statement *statement, int index, int64_t number)
{
    (void)sqlite3_bind_int64(to_sqlite(statement), index, number);
}

void store_bind_text(struct statement *statement, int index, const char *text)
{
    (void)sqlite3_bind_text(to_sqlite(statement), index, text, -1, SQLITE_STATIC);
}

int store_next(struct store *store, struct statement *statement, struct err *err)
{
    static const char action[] = "read";
    if (statement == NULL)
        return fail(store, action, err);
    int code = sqlite3_step(to_sqlite(statement));
    if (code == SQLITE_ROW)
        return 1;
    int result = code == SQLITE_DONE ? 0 : fail(store, action, err);
    (void)sqlite3_reset(to_sqlite(statement));
    return result;
}

void store_reset(struct statement *statement)
{
    (void)sqlite3_reset(to_sqlite(statement));
}

int64_t store_int(struct statement *statement, int column)
{
    return sqlite3_column_int64(to_sqlite(statement), column);
}

const char *store_text(struct statement *statement, int column)
{
    return (const char *)sqlite3_column_text(to_sqlite(statement), column);
}

bool store_is_null(struct statement *statement, int column)
{
    return sqlite3_column_type(to_sqlite(statement), column) == SQLITE_NULL;
}

int store_number(struct store *store, const char *sql, int64_t *ret_number, struct err *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *ret_number = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return code == SQLITE_ROW ? 0 : fail(store, "read", err);
}

/* ---- changes ---- */

int store_begin(struct store *store, struct err *err)
{
    if (store->in_transaction || store->read_only)
        return 0;
    if (execute(store, "BEGIN IMMEDIATE", "write to", err) != 0)
        return -1;
    store->in_transaction = true;
    return 0;
}

void store_ignore_changes(struct store *store)
{
    store->ignores_changes = true;
}

int store_change(struct store *store, struct statement *statement, struct err *err)
{
    static const char action[] = "write to";
    if (store->ignores_changes)
        return 0;
    if (statement == NULL)
        return fail(store, action, err);
    if (store_begin(store, err) != 0)
        return -1;
    int code = sqlite3_step(to_sqlite(statement));
    int result = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : fail(store, action, err);
    (void)sqlite3_reset(to_sqlite(statement));
    return result;
}

int64_t store_changed(const struct store *store)
{
    return store->ignores_changes ? 0 : sqlite3_changes(store->database);
}

int64_t store_last_id(const struct store *store)
{
    return sqlite3_last_insert_rowid(store->database);
}

int store_commit(struct store *store, struct err *err)
{
    if (!store->in_transaction)
        return 0;
    if (execute(store, "COMMIT", "write to", err) != 0)
        return -1;
    store->in_transaction = false;
    return 0;
}

void store_roll_back(struct store *store)
{
    if (sqlite3_get_autocommit(store->database) == 0) /* some failures have rolled back already */
        (void)sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
    store->in_transaction = false;
}

/* ---- damaged files ---- */

void store_copy_rows(struct store *store, const char *path, const char *query, const char *insert)
{
    sqlite3 *old = NULL;
    sqlite3_stmt *from = NULL;
    bool written = true;
    if (sqlite3_open_v2(path, &old, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(old, query, -1, &from, NULL) == SQLITE_OK) {
        while (written && sqlite3_step(from) == SQLITE_ROW) {
            struct statement *to = store_prepare(store, insert);
            for (int i = 0; i < sqlite3_column_count(from); i++)
                (void)sqlite3_bind_value(to_sqlite(to), i + 1, sqlite3_column_value(from, i));
            /* If this fails, the commit fails too, and the old file stays. */
            written = store_change(store, to, NULL) == 0;
        }
    }
    (void)sqlite3_finalize(from);
    (void)sqlite3_close(old);
}
