/* ledger: what became of each call, on disk.
 *
 *   call   one row a call that is known. state: 1 accepted, 2 owed, 3 held, 4 set aside (enum call_state).
 *          fingerprint: of the content last accepted, NULL before that. payload: content not accepted yet.
 *   note   numbers and texts that outlive a run, by name.
 *   run    one row a run and its figures.
 *
 * The journal is a WAL with synchronous=FULL: an answer that is committed survives a power cut. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "fileutil.h"
#include "ledger.h"
#include "mem.h"

#define APPLICATION_ID 1145656147 /* "DIDS": whose file this is */
#define SCHEMA_VERSION 1

static const char schema[] =
    "CREATE TABLE call ("
    "  uniqueid    TEXT PRIMARY KEY NOT NULL,"
    "  state       INTEGER NOT NULL,"
    "  end_epoch   INTEGER NOT NULL,"
    "  fingerprint INTEGER,"
    "  updated     INTEGER NOT NULL," /* epoch of the last change */
    "  attempts    INTEGER NOT NULL DEFAULT 0,"
    "  due         INTEGER,"
    "  reason      TEXT,"
    "  payload     TEXT"
    ") WITHOUT ROWID;"
    "CREATE INDEX call_open ON call (state, due) WHERE state <> 1;"
    "CREATE INDEX call_ended ON call (end_epoch);"
    "CREATE TABLE note (name TEXT PRIMARY KEY NOT NULL, number INTEGER, text TEXT) WITHOUT ROWID;"
    "CREATE TABLE run ("
    "  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, started INTEGER NOT NULL, finished INTEGER, duration_ms INTEGER,"
    "  found INTEGER, accepted INTEGER, repeated INTEGER, owed INTEGER, held INTEGER, rejected INTEGER,"
    "  exit_code INTEGER, message TEXT"
    ");";

enum statement {
    FIND, PUT, FORGET, DUE, COUNT, NOTE, SET_NOTE, CLEAR_PLACES, RUN_START, RUN_FINISH, PRUNE, PRUNE_RUNS, LIST_REJECTED,
    RELEASE, PENDING, LAST_RUN, LAST_SUCCESS, STATEMENT_COUNT
};

/* Which set-aside calls: parameters 1 to 3 are those of struct ledger_selection. */
#define SELECTED "state <> 1 AND state = 4 AND (?1 IS NULL OR uniqueid = ?1) " \
                 "AND (?2 IS NULL OR instr(lower(reason), lower(?2)) > 0) AND (?3 = 0 OR end_epoch < ?3)"

static const char *const statement_texts[STATEMENT_COUNT] = {
    [FIND] = "SELECT state, fingerprint, attempts FROM call WHERE uniqueid = ?1",
    [PUT] = "INSERT INTO call (uniqueid, state, end_epoch, fingerprint, updated, attempts, due, reason, payload) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (uniqueid) DO UPDATE SET state = ?2, "
            "end_epoch = ?3, fingerprint = ?4, updated = ?5, attempts = ?6, due = ?7, reason = ?8, payload = ?9",
    [FORGET] = "DELETE FROM call WHERE uniqueid = ?1",
    [DUE] = "SELECT uniqueid, end_epoch FROM call WHERE state <> 1 AND (state = 3 OR (state = 2 AND due <= ?1)) "
            /* +: by the index of open calls, which are few */ "ORDER BY +end_epoch, uniqueid",
    [COUNT] = "SELECT (SELECT count(*) FROM call WHERE state <> 1 AND state = 2), "
              "(SELECT count(*) FROM call WHERE state <> 1 AND state = 3), "
              "(SELECT count(*) FROM call WHERE state <> 1 AND state = 4)",
    [NOTE] = "SELECT number, text FROM note WHERE name = ?1",
    [SET_NOTE] = "INSERT INTO note (name, number, text) VALUES (?1, ?2, ?3) "
                 "ON CONFLICT (name) DO UPDATE SET number = ?2, text = ?3",
    [CLEAR_PLACES] = "DELETE FROM note WHERE name IN ('checkpoint', 'floor')",
    [RUN_START] = "INSERT INTO run (kind, started) VALUES (?1, ?2)",
    [RUN_FINISH] = "UPDATE run SET finished = ?2, duration_ms = ?3, found = ?4, accepted = ?5, repeated = ?6, owed = ?7, "
                   "held = ?8, rejected = ?9, exit_code = ?10, message = ?11 WHERE id = ?1",
    [PRUNE] = "DELETE FROM call WHERE uniqueid IN "
              "(SELECT uniqueid FROM call WHERE end_epoch < ?1 AND state IN (1, 5) ORDER BY end_epoch LIMIT ?2)",
    [PRUNE_RUNS] = "DELETE FROM run WHERE started < ?1",
    [LIST_REJECTED] = "SELECT uniqueid, end_epoch, attempts, reason, payload FROM call WHERE " SELECTED
                      " ORDER BY end_epoch, uniqueid",
    [RELEASE] = "UPDATE call SET state = ?4, attempts = 0, due = 0, updated = ?5 WHERE " SELECTED,
    [PENDING] = "SELECT min(end_epoch), min(CASE state WHEN 2 THEN due END), (SELECT count(*) FROM call WHERE state = 1) "
                "FROM call WHERE state <> 1 AND state IN (2, 3)",
    [LAST_RUN] = "SELECT started, accepted, exit_code, message FROM run WHERE finished IS NOT NULL ORDER BY id DESC LIMIT 1",
    [LAST_SUCCESS] = "SELECT started FROM run WHERE exit_code IN (0, 75) ORDER BY id DESC LIMIT 1",
};

static const char *const place_names[] = { [LEDGER_CHECKPOINT] = "checkpoint", [LEDGER_FLOOR] = "floor" };

struct ledger {
    sqlite3 *database;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    char *path;
    bool in_transaction;
    bool look_only;
    bool damaged;
    int64_t run_started_ms;
};

static int fail(struct ledger *ledger, const char *action, struct err *err)
{
    const char *reason = sqlite3_errmsg(ledger->database);
    const char *remedy = "";
    switch (sqlite3_errcode(ledger->database)) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        ledger->damaged = true;
        break;
    case SQLITE_FULL:
        remedy = "; free some space on that disk";
        break;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        remedy = "; is the disk mounted read-only, or the directory another user's?";
        break;
    case SQLITE_BUSY:
        remedy = "; another program holds it";
        break;
    default:
        break;
    }
    return err_set(err, EX_IOERR, "could not %s the ledger %s: %s%s", action, ledger->path, reason, remedy);
}

/* Runs SQL text that gives no rows. */
static int execute(struct ledger *ledger, const char *sql, const char *action, struct err *err)
{
    return sqlite3_exec(ledger->database, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(ledger, action, err);
}

/* The prepared statement, ready for new values. Preparing it can fail where the file is damaged: NULL. */
static sqlite3_stmt *prepared(struct ledger *ledger, enum statement which)
{
    sqlite3_stmt **statement = &ledger->statements[which];
    if (*statement == NULL && sqlite3_prepare_v3(ledger->database, statement_texts[which], -1, SQLITE_PREPARE_PERSISTENT,
                                                 statement, NULL) != SQLITE_OK)
        return NULL;
    (void)sqlite3_reset(*statement);
    (void)sqlite3_clear_bindings(*statement);
    return *statement;
}

/* Text is bound without a copy: every caller steps the statement before its text goes away. */
static void bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    (void)sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

static void bind_int(sqlite3_stmt *statement, int index, int64_t number)
{
    (void)sqlite3_bind_int64(statement, index, number);
}

/* Opens the transaction that lasts until the next commit. Looking up thousands of calls in it costs the file's locks once. */
static int begin(struct ledger *ledger, struct err *err)
{
    if (ledger->in_transaction || ledger->look_only)
        return 0;
    if (execute(ledger, "BEGIN IMMEDIATE", "write to", err) != 0)
        return -1;
    ledger->in_transaction = true;
    return 0;
}

/* Steps a statement that changes something. */
static int change(struct ledger *ledger, sqlite3_stmt *statement, struct err *err)
{
    static const char action[] = "write to";
    if (statement == NULL)
        return fail(ledger, action, err);
    if (begin(ledger, err) != 0)
        return -1;
    int code = sqlite3_step(statement);
    int result = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : fail(ledger, action, err);
    (void)sqlite3_reset(statement);
    return result;
}

/* ---- opening ---- */

static int query_int(struct ledger *ledger, const char *sql, int64_t *ret_number)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(ledger->database, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *ret_number = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return code == SQLITE_ROW ? 0 : -1;
}

static int make_schema(struct ledger *ledger, struct err *err)
{
    char *sql = mem_format("BEGIN IMMEDIATE; %s PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT;", schema,
                           APPLICATION_ID, SCHEMA_VERSION);
    int result = execute(ledger, sql, "create", err);
    free(sql);
    return result;
}

/* Whose file it is, and of which version; *ret_new: nobody's yet. Reads only: what is not ours stays untouched. */
static int check_schema(struct ledger *ledger, bool *ret_new, struct err *err)
{
    int64_t version = 0, application = 0, tables = 0;
    if (query_int(ledger, "PRAGMA user_version", &version) != 0 ||
        query_int(ledger, "PRAGMA application_id", &application) != 0 ||
        query_int(ledger, "SELECT count(*) FROM sqlite_master", &tables) != 0)
        return fail(ledger, "read", err);
    *ret_new = tables == 0 && version == 0 && application == 0;
    if (!*ret_new && application != APPLICATION_ID)
        return err_set(err, EX_CONFIG, "could not use the ledger %s: it is another program's database; name another "
                       "state directory with --state-dir", ledger->path);
    if (version > SCHEMA_VERSION)
        return err_set(err, EX_CONFIG, "could not use the ledger %s: it was written by a newer version of this program; "
                       "install that version again", ledger->path);
    return 0;
}

bool ledger_is_damaged(const struct ledger *ledger)
{
    return ledger->damaged;
}

static int check_path(const struct ledger *ledger, bool *ret_exists, struct err *err)
{
    struct stat info;
    *ret_exists = lstat(ledger->path, &info) == 0 && info.st_size > 0; /* a crash may leave an empty one */
    if (*ret_exists && S_ISLNK(info.st_mode))
        return err_set(err, EX_IOERR, "could not open the ledger %s: it is a symbolic link; put the file itself there",
                       ledger->path);
    if (*ret_exists && faccessat(AT_FDCWD, ledger->path, R_OK, AT_EACCESS) != 0 && errno == EACCES)
        return err_set(err, EX_NOPERM, "could not open the ledger %s: it may not be read by this user; run as root or as "
                       "the owner of the state directory", ledger->path);
    return 0;
}

static int open_file(struct ledger *ledger, const char *path, struct err *err)
{
    mode_t mask = umask(0027); /* SQLite makes its files with 0644 less this */
    int code = sqlite3_open_v2(path, &ledger->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    (void)umask(mask);
    return code == SQLITE_OK ? 0 : fail(ledger, "open", err);
}

static int open_database(struct ledger *ledger, enum ledger_mode mode, struct err *err)
{
    bool exists = false, is_new = false;
    ledger->look_only = mode == LEDGER_LOOK;
    if (check_path(ledger, &exists, err) != 0)
        return -1;
    if (open_file(ledger, mode == LEDGER_LOOK && !exists ? ":memory:" : ledger->path, err) != 0)
        return -1;
    (void)sqlite3_busy_timeout(ledger->database, 5000);
    if (check_schema(ledger, &is_new, err) != 0 ||
        (mode == LEDGER_WRITE &&
         execute(ledger, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -1024;", "open", err) != 0) ||
        (is_new && make_schema(ledger, err) != 0))
        return -1;
    return mode == LEDGER_LOOK ? execute(ledger, "PRAGMA query_only = 1", "open", err) : 0;
}

/* ---- rebuilding ----
 *
 * The new file is made beside the damaged one, complete and closed, before anything is moved; its name then says that it is
 * complete. A crash before that leaves the damaged file in place, to be found again; one after it is made good by the next
 * ledger_open. */

#define UNFINISHED ".new"
#define COMPLETE ".rebuilt"

static struct ledger *new_handle(const char *state_dir, const char *suffix)
{
    struct ledger *ledger = mem_zero(1, sizeof *ledger);
    ledger->path = mem_format("%s/ledger.db%s", state_dir, suffix);
    return ledger;
}

/* Copies the rows that query finds in old until one cannot be read. */
static void save_rows(struct ledger *ledger, sqlite3 *old, const char *query)
{
    enum { COLUMNS = 9 };
    sqlite3_stmt *from = NULL;
    bool written = true;
    if (sqlite3_prepare_v2(old, query, -1, &from, NULL) != SQLITE_OK)
        return;
    while (written && sqlite3_step(from) == SQLITE_ROW) {
        sqlite3_stmt *to = prepared(ledger, PUT);
        for (int i = 0; i < COLUMNS; i++)
            (void)sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
        written = change(ledger, to, NULL) == 0; /* when it is not, the commit fails too, and the old file stays */
    }
    (void)sqlite3_finalize(from);
}

/* Brings over what can still be read: from both ends of the table up to the damage, and by the index of what is open. */
static void save_what_is_left(struct ledger *ledger, const char *damaged)
{
#define COLUMNS_OF_CALL "SELECT uniqueid, state, end_epoch, fingerprint, updated, attempts, due, reason, payload FROM call "
    sqlite3 *old = NULL;
    if (sqlite3_open_v2(damaged, &old, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK) {
        save_rows(ledger, old, COLUMNS_OF_CALL "NOT INDEXED ORDER BY uniqueid");
        save_rows(ledger, old, COLUMNS_OF_CALL "NOT INDEXED ORDER BY uniqueid DESC");
        save_rows(ledger, old, COLUMNS_OF_CALL "INDEXED BY call_open WHERE state <> 1");
    }
    (void)sqlite3_close(old);
#undef COLUMNS_OF_CALL
}

/* Makes a new ledger of what is left of path under another name, complete and durable. */
static int make_anew(const char *state_dir, const char *path, int64_t *ret_saved, struct err *err)
{
    struct ledger *ledger = new_handle(state_dir, UNFINISHED);
    char *complete = mem_format("%s%s", path, COMPLETE);
    (void)unlink(ledger->path); /* left over from a crash */
    int result = open_file(ledger, ledger->path, err) == 0 ? make_schema(ledger, err) : -1;
    if (result == 0) {
        save_what_is_left(ledger, path);
        if (ledger_set_note(ledger, LEDGER_NOTE_START_OVER, 1, err) != 0 || ledger_commit(ledger, err) != 0 ||
            query_int(ledger, "SELECT count(*) FROM call", ret_saved) != 0)
            result = -1;
    }
    const char *made = ledger->path;
    if (result == 0 && rename(made, complete) != 0)
        result = err_set(err, EX_IOERR, "could not rename %s: %s", made, strerror(errno));
    ledger_close(ledger);
    free(complete);
    return result == 0 ? fileutil_sync_directory(state_dir, err) : -1;
}

/* Puts the complete new ledger into the damaged one's place, which is kept under another name with its journal. */
static int swap_in(const char *state_dir, const char *path, char *ret_aside, size_t size, struct err *err)
{
    static const char *const journals[] = { "-wal", "-shm" };
    char *complete = mem_format("%s%s", path, COMPLETE);
    int result = access(path, F_OK) == 0 ? fileutil_set_aside(path, ret_aside, size, err) : 0;
    for (size_t i = 0; result == 0 && i < sizeof journals / sizeof journals[0]; i++) {
        char *from = mem_format("%s%s", path, journals[i]);
        char *to = mem_format("%s%s", *ret_aside != '\0' ? ret_aside : complete, journals[i]);
        if (rename(from, to) != 0 && errno != ENOENT) /* left in place it would be taken for the new ledger's */
            result = err_set(err, EX_IOERR, "could not move %s aside: %s", from, strerror(errno));
        free(from);
        free(to);
    }
    if (result == 0 && rename(complete, path) != 0)
        result = err_set(err, EX_IOERR, "could not rename %s: %s", complete, strerror(errno));
    free(complete);
    return result == 0 ? fileutil_sync_directory(state_dir, err) : -1;
}

int ledger_rebuild(const char *state_dir, struct ledger **ret_ledger, struct ledger_repair *ret_repair, struct err *err)
{
    struct ledger *ledger = new_handle(state_dir, "");
    *ret_repair = (struct ledger_repair){ .rebuilt = true };
    if (make_anew(state_dir, ledger->path, &ret_repair->saved, err) != 0 ||
        swap_in(state_dir, ledger->path, ret_repair->aside, sizeof ret_repair->aside, err) != 0 ||
        open_database(ledger, LEDGER_WRITE, err) != 0) {
        ledger_close(ledger);
        return -1;
    }
    *ret_ledger = ledger;
    return 0;
}

/* Makes good a crash between the two halves of a rebuild. */
static int finish_rebuild(const char *state_dir, const char *path, struct ledger_repair *ret_repair, struct err *err)
{
    char *complete = mem_format("%s%s", path, COMPLETE);
    ret_repair->rebuilt = access(complete, F_OK) == 0;
    free(complete);
    return ret_repair->rebuilt ? swap_in(state_dir, path, ret_repair->aside, sizeof ret_repair->aside, err) : 0;
}

int ledger_open(const char *state_dir, enum ledger_mode mode, struct ledger **ret_ledger,
                struct ledger_repair *ret_repair, struct err *err)
{
    struct ledger *ledger = new_handle(state_dir, "");
    *ret_repair = (struct ledger_repair){ .rebuilt = false };
    if ((mode == LEDGER_LOOK || finish_rebuild(state_dir, ledger->path, ret_repair, err) == 0) &&
        open_database(ledger, mode, err) == 0) {
        *ret_ledger = ledger;
        return 0;
    }
    bool rebuild = mode == LEDGER_WRITE && ledger->damaged;
    ledger_close(ledger);
    return rebuild ? ledger_rebuild(state_dir, ret_ledger, ret_repair, err) : -1;
}

void ledger_close(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    for (int i = 0; i < STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(ledger->statements[i]);
    (void)sqlite3_close(ledger->database);
    free(ledger->path);
    free(ledger);
}

/* ---- calls ---- */

int ledger_find(struct ledger *ledger, const char *uniqueid, struct call_record *ret_record, struct err *err)
{
    sqlite3_stmt *statement = prepared(ledger, FIND);
    if (statement == NULL)
        return fail(ledger, "read", err);
    if (begin(ledger, err) != 0)
        return -1;
    bind_text(statement, 1, uniqueid);
    int code = sqlite3_step(statement);
    *ret_record = (struct call_record){ .state = CALL_UNKNOWN };
    if (code == SQLITE_ROW) {
        ret_record->state = (enum call_state)sqlite3_column_int(statement, 0);
        ret_record->sent_before = sqlite3_column_type(statement, 1) != SQLITE_NULL;
        ret_record->fingerprint = (uint64_t)sqlite3_column_int64(statement, 1);
        ret_record->attempts = sqlite3_column_int64(statement, 2);
    }
    int result = code == SQLITE_ROW || code == SQLITE_DONE ? 0 : fail(ledger, "read", err);
    (void)sqlite3_reset(statement);
    return result;
}

int ledger_put(struct ledger *ledger, const struct ledger_entry *entry, struct err *err)
{
    sqlite3_stmt *statement = prepared(ledger, PUT);
    bind_text(statement, 1, entry->uniqueid);
    bind_int(statement, 2, (int64_t)entry->record.state);
    bind_int(statement, 3, entry->end_epoch);
    if (entry->record.sent_before)
        bind_int(statement, 4, (int64_t)entry->record.fingerprint);
    bind_int(statement, 5, clock_now_epoch());
    bind_int(statement, 6, entry->record.attempts);
    if (entry->record.state != CALL_ACCEPTED) {
        bind_int(statement, 7, entry->due);
        bind_text(statement, 8, entry->reason);
        bind_text(statement, 9, entry->payload);
    }
    return change(ledger, statement, err);
}

int ledger_forget(struct ledger *ledger, const char *uniqueid, struct err *err)
{
    sqlite3_stmt *statement = prepared(ledger, FORGET);
    bind_text(statement, 1, uniqueid);
    return change(ledger, statement, err);
}

int ledger_due(struct ledger *ledger, int64_t now_epoch, ledger_on_due *on_due, void *context, struct err *err)
{
    sqlite3_stmt *statement = prepared(ledger, DUE);
    if (statement == NULL)
        return fail(ledger, "read", err);
    bind_int(statement, 1, now_epoch);
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *uniqueid = (const char *)sqlite3_column_text(statement, 0);
        on_due(context, uniqueid != NULL ? uniqueid : "", sqlite3_column_int64(statement, 1));
    }
    int result = code == SQLITE_DONE ? 0 : fail(ledger, "read", err);
    (void)sqlite3_reset(statement);
    return result;
}

int ledger_count(struct ledger *ledger, struct ledger_counts *ret_counts, struct err *err)
{
    sqlite3_stmt *statement = prepared(ledger, COUNT);
    if (statement == NULL || sqlite3_step(statement) != SQLITE_ROW)
        return fail(ledger, "read", err);
    *ret_counts = (struct ledger_counts){ .owed = sqlite3_column_int64(statement, 0),
                                          .held = sqlite3_column_int64(statement, 1),
                                          .rejected = sqlite3_column_int64(statement, 2) };
    (void)sqlite3_reset(statement);
    return 0;
}

/* ---- what is set aside ---- */

static sqlite3_stmt *prepared_for(struct ledger *ledger, enum statement which, const struct ledger_selection *selection)
{
    sqlite3_stmt *statement = prepared(ledger, which);
    if (selection->uniqueid != NULL)
        bind_text(statement, 1, selection->uniqueid);
    if (selection->reason != NULL)
        bind_text(statement, 2, selection->reason);
    bind_int(statement, 3, selection->before);
    return statement;
}

int ledger_list_rejected(struct ledger *ledger, const struct ledger_selection *selection, ledger_on_entry *on_entry,
                         void *context, struct err *err)
{
    sqlite3_stmt *statement = prepared_for(ledger, LIST_REJECTED, selection);
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct ledger_entry entry = { .uniqueid = (const char *)sqlite3_column_text(statement, 0),
                                      .record = { .state = CALL_REJECTED,
                                                  .attempts = sqlite3_column_int64(statement, 2) },
                                      .end_epoch = sqlite3_column_int64(statement, 1),
                                      .reason = (const char *)sqlite3_column_text(statement, 3),
                                      .payload = (const char *)sqlite3_column_text(statement, 4) };
        on_entry(context, &entry);
    }
    int result = code == SQLITE_DONE ? 0 : fail(ledger, "read", err);
    (void)sqlite3_reset(statement);
    return result;
}

int ledger_release(struct ledger *ledger, const struct ledger_selection *selection, enum call_state state,
                   int64_t *ret_count, struct err *err)
{
    sqlite3_stmt *statement = prepared_for(ledger, RELEASE, selection);
    bind_int(statement, 4, (int64_t)state);
    bind_int(statement, 5, clock_now_epoch());
    if (change(ledger, statement, err) != 0)
        return -1;
    *ret_count = sqlite3_changes(ledger->database);
    return 0;
}

/* Steps a statement that gives one row or none. *ret_row says which. */
static int step_once(struct ledger *ledger, sqlite3_stmt *statement, bool *ret_row, struct err *err)
{
    int code = sqlite3_step(statement);
    *ret_row = code == SQLITE_ROW;
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : fail(ledger, "read", err);
}

int ledger_overview(struct ledger *ledger, struct ledger_overview *ret_overview, struct err *err)
{
    bool row = false;
    *ret_overview = (struct ledger_overview){ .last_run = 0 };
    if (ledger_count(ledger, &ret_overview->counts, err) != 0)
        return -1;
    sqlite3_stmt *statement = prepared(ledger, PENDING);
    if (step_once(ledger, statement, &row, err) != 0)
        return -1;
    ret_overview->oldest_pending = sqlite3_column_int64(statement, 0);
    ret_overview->next_due = sqlite3_column_int64(statement, 1);
    ret_overview->accepted = sqlite3_column_int64(statement, 2);
    (void)sqlite3_reset(statement);

    statement = prepared(ledger, LAST_RUN);
    if (step_once(ledger, statement, &row, err) != 0)
        return -1;
    if (row) {
        const char *message = (const char *)sqlite3_column_text(statement, 3);
        ret_overview->last_run = sqlite3_column_int64(statement, 0);
        ret_overview->last_run_accepted = sqlite3_column_int64(statement, 1);
        ret_overview->last_run_exit_code = sqlite3_column_int64(statement, 2);
        (void)snprintf(ret_overview->last_run_message, sizeof ret_overview->last_run_message, "%s",
                       message != NULL ? message : "");
    }
    (void)sqlite3_reset(statement);

    statement = prepared(ledger, LAST_SUCCESS);
    if (step_once(ledger, statement, &row, err) != 0)
        return -1;
    if (row)
        ret_overview->last_success = sqlite3_column_int64(statement, 0);
    (void)sqlite3_reset(statement);
    return 0;
}

int ledger_prune(struct ledger *ledger, int64_t before_epoch, int64_t limit, struct err *err)
{
    sqlite3_stmt *statement = prepared(ledger, PRUNE);
    bind_int(statement, 1, before_epoch);
    bind_int(statement, 2, limit);
    if (change(ledger, statement, err) != 0)
        return -1;
    statement = prepared(ledger, PRUNE_RUNS);
    bind_int(statement, 1, before_epoch);
    return change(ledger, statement, err);
}

/* ---- notes ---- */

/* Reads a note; *ret_known is false where there is none. text may be NULL. */
static int read_note(struct ledger *ledger, const char *name, int64_t *ret_number, char *text, size_t size,
                     bool *ret_known, struct err *err)
{
    sqlite3_stmt *statement = prepared(ledger, NOTE);
    if (statement == NULL)
        return fail(ledger, "read", err);
    bind_text(statement, 1, name);
    int code = sqlite3_step(statement);
    *ret_known = code == SQLITE_ROW;
    if (*ret_known) {
        const char *stored = (const char *)sqlite3_column_text(statement, 1);
        *ret_number = sqlite3_column_int64(statement, 0);
        if (text != NULL)
            (void)snprintf(text, size, "%s", stored != NULL ? stored : "");
    }
    int result = code == SQLITE_ROW || code == SQLITE_DONE ? 0 : fail(ledger, "read", err);
    (void)sqlite3_reset(statement);
    return result;
}

static int write_note(struct ledger *ledger, const char *name, int64_t number, const char *text, struct err *err)
{
    sqlite3_stmt *statement = prepared(ledger, SET_NOTE);
    bind_text(statement, 1, name);
    bind_int(statement, 2, number);
    bind_text(statement, 3, text);
    return change(ledger, statement, err);
}

int ledger_note(struct ledger *ledger, const char *name, int64_t fallback, int64_t *ret_value, struct err *err)
{
    bool known = false;
    *ret_value = fallback;
    return read_note(ledger, name, ret_value, NULL, 0, &known, err);
}

int ledger_set_note(struct ledger *ledger, const char *name, int64_t value, struct err *err)
{
    return write_note(ledger, name, value, NULL, err);
}

int ledger_place(struct ledger *ledger, enum ledger_place which, struct position *ret_position, bool *ret_known,
                 struct err *err)
{
    return read_note(ledger, place_names[which], &ret_position->end_epoch, ret_position->uniqueid,
                     sizeof ret_position->uniqueid, ret_known, err);
}

int ledger_set_place(struct ledger *ledger, enum ledger_place which, const struct position *position, struct err *err)
{
    return write_note(ledger, place_names[which], position->end_epoch, position->uniqueid, err);
}

int ledger_clear_places(struct ledger *ledger, struct err *err)
{
    return change(ledger, prepared(ledger, CLEAR_PLACES), err);
}

/* ---- runs ---- */

int ledger_run_start(struct ledger *ledger, const char *kind, int64_t *ret_run, struct err *err)
{
    sqlite3_stmt *statement = prepared(ledger, RUN_START);
    bind_text(statement, 1, kind);
    bind_int(statement, 2, clock_now_epoch());
    ledger->run_started_ms = clock_mono_ms();
    if (change(ledger, statement, err) != 0)
        return -1;
    *ret_run = sqlite3_last_insert_rowid(ledger->database);
    return ledger_commit(ledger, err);
}

int ledger_run_finish(struct ledger *ledger, int64_t run, const struct ledger_run *figures, struct err *err)
{
    sqlite3_stmt *statement = prepared(ledger, RUN_FINISH);
    const int64_t numbers[] = { run, clock_now_epoch(), clock_mono_ms() - ledger->run_started_ms, figures->found,
                                figures->accepted, figures->repeated, figures->owed, figures->held, figures->rejected,
                                figures->exit_code };
    for (int i = 0; i < (int)(sizeof numbers / sizeof numbers[0]); i++)
        bind_int(statement, i + 1, numbers[i]);
    bind_text(statement, 11, figures->message);
    return change(ledger, statement, err);
}

int ledger_commit(struct ledger *ledger, struct err *err)
{
    if (!ledger->in_transaction)
        return 0;
    if (execute(ledger, "COMMIT", "write to", err) != 0)
        return -1;
    ledger->in_transaction = false;
    return 0;
}
