/* view_file: the file view.db.
 *
 *   profile  the profiles whose calls it has. token: of the ledger's feed (feed.h). mark: the last change that this
 *            file has; before: the mark before that one. copied: the id up to which the first copy has come; NULL: it
 *            is complete. done, total: the calls that the first copy has and will have, for people. problem: why it
 *            cannot be fed now.
 *   word     each text of the filters, once. Number 0 is no text.
 *   call     one row per call. status, result, campaign, agent: numbers of words. number: as the ledger has it; tail:
 *            the same backwards, so that an index finds the last digits. recording: enum recordings_state, or 0.
 *   half     how many calls ended in each half hour, for charts. half: epoch / 1800. Triggers keep it.
 *
 * An index has the end of the call behind the filter, so the newest calls come first without sorting. call_ended has
 * each filter too: it serves any mix of filters without reading rows. Accepted calls (1) are nearly all, so they are
 * not in call_state; nor are outbound ones (0) in call_direction. */
#include <unistd.h>

#include "base/fileutil.h"
#include "serve/view_file.h"

/* Another version's file is deleted and made again. */
enum { VERSION = 2 };

static const char tables[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE profile (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, token TEXT, mark INTEGER, before INTEGER,"
    "  copied TEXT, done INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL DEFAULT 0, problem TEXT);"
    "CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
    "INSERT INTO word (id, text) VALUES (0, '');"
    "CREATE TABLE call (id INTEGER PRIMARY KEY, profile INTEGER NOT NULL, uniqueid TEXT NOT NULL, ended INTEGER NOT "
    "NULL,"
    "  state INTEGER NOT NULL, direction INTEGER, status INTEGER NOT NULL, result INTEGER NOT NULL,"
    "  campaign INTEGER NOT NULL, agent INTEGER NOT NULL, recording INTEGER NOT NULL, length INTEGER, number TEXT,"
    "  tail TEXT, answer INTEGER, took_ms INTEGER, tries INTEGER, tried INTEGER, due INTEGER, updated INTEGER,"
    "  seen INTEGER, reason TEXT, UNIQUE (profile, uniqueid));"
    "CREATE TABLE half (profile INTEGER NOT NULL, half INTEGER NOT NULL, direction INTEGER NOT NULL,"
    "  state INTEGER NOT NULL, result INTEGER NOT NULL, calls INTEGER NOT NULL,"
    "  PRIMARY KEY (profile, half, direction, state, result)) WITHOUT ROWID;"
    "PRAGMA user_version = 2;"
    "COMMIT;";

#define COUNT(row, by)                                                                                                 \
    "INSERT INTO half VALUES (" row ".profile, " row ".ended / 1800, ifnull(" row ".direction, -1), " row ".state, "   \
    row ".result, " by ") ON CONFLICT DO UPDATE SET calls = calls + excluded.calls; "

/* The last one says that the file is ready. */
#define LAST_INDEX "call_tail"
static const char indexes[] =
    "BEGIN IMMEDIATE;"
    "CREATE INDEX call_ended ON call (ended, id, profile, direction, state, status, result, campaign, agent, "
    "recording);"
    "CREATE INDEX call_status ON call (status, ended);"
    "CREATE INDEX call_result ON call (result, ended);"
    "CREATE INDEX call_campaign ON call (campaign, ended);"
    "CREATE INDEX call_agent ON call (agent, ended);"
    "CREATE INDEX call_profile ON call (profile, ended);"
    "CREATE INDEX call_direction ON call (direction, ended) WHERE direction <> 0;"
    "CREATE INDEX call_state ON call (state, ended) WHERE state <> 1;"
    "CREATE INDEX call_recording ON call (recording, ended) WHERE recording <> 0;"
    "CREATE INDEX call_length ON call (length, ended);"
    "CREATE INDEX call_number ON call (number, ended);"
    "CREATE INDEX " LAST_INDEX " ON call (tail);"
    "INSERT INTO half SELECT profile, ended / 1800, ifnull(direction, -1), state, result, count(*) FROM call"
    "  GROUP BY 1, 2, 3, 4, 5;"
    "CREATE TRIGGER call_new AFTER INSERT ON call BEGIN " COUNT("NEW", "1") "END;"
    "CREATE TRIGGER call_end AFTER DELETE ON call BEGIN " COUNT("OLD", "-1") "END;"
    "CREATE TRIGGER call_change AFTER UPDATE OF ended, direction, state, result ON call BEGIN "
    COUNT("OLD", "-1") COUNT("NEW", "1") "END;"
    "COMMIT; PRAGMA wal_checkpoint(TRUNCATE);";

/* ---- opening ---- */

static int read_version(struct store *store, int64_t *ret_version, struct err *err)
{
    return store_number(store, "PRAGMA user_version", ret_version, err);
}

static int set_up(struct store *store, struct err *err)
{
    /* Each commit may be lost in a power cut: the feed then sees that the copy is not complete (feed.h). */
    return store_execute(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768;"
                         "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 4194304;", err);
}

static int open_or_create(const char *path, struct store **ret_store, bool *ret_usable, struct err *err)
{
    int64_t version = 0;
    *ret_usable = false;
    if (store_open("the page's view", path, STORE_WRITE, ret_store, err) != 0 ||
        read_version(*ret_store, &version, err) != 0)
        return -1;
    if (version == 0 && (set_up(*ret_store, err) != 0 || store_execute(*ret_store, tables, err) != 0))
        return -1;
    *ret_usable = version == 0 || version == VERSION;
    return *ret_usable ? set_up(*ret_store, err) : 0;
}

int view_file_delete(const char *path, struct err *err)
{
    return store_delete_journal(path, err) == 0 ? fileutil_delete(path, err) : -1;
}

int view_file_open(const char *path, struct store **ret_store, struct err *err)
{
    bool usable = false;
    int result = open_or_create(path, ret_store, &usable, err);
    if (result == 0 ? usable : !store_is_damaged(*ret_store)) {
        if (result != 0) {
            store_close(*ret_store);
            *ret_store = NULL;
        }
        return result;
    }
    store_close(*ret_store);
    *ret_store = NULL;
    return view_file_delete(path, err) == 0 ? open_or_create(path, ret_store, &usable, err) : -1;
}

int view_file_open_to_read(const char *path, struct store **ret_store, struct err *err)
{
    int64_t version = 0;
    *ret_store = NULL;
    if (access(path, F_OK) != 0)
        return 0;
    /* No mmap: where somebody cuts the file, a read then fails, and no signal ends the process. */
    bool is_read = store_open("the page's view", path, STORE_WRITE, ret_store, err) == 0 &&
                   store_execute(*ret_store, "PRAGMA query_only = 1; PRAGMA cache_size = -8192;"
                                 "PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;", err) == 0 &&
                   read_version(*ret_store, &version, err) == 0;
    if (is_read && version == VERSION)
        return 0;
    if (store_is_damaged(*ret_store))
        (void)!view_file_delete(path, NULL);
    store_close(*ret_store);
    *ret_store = NULL;
    return is_read ? 0 : -1; /* 0: the feed has just begun to make the file, or another version is being replaced */
}

int view_file_is_ready(struct store *store, bool *ret_ready, struct err *err)
{
    int64_t count = 0;
    if (store_number(store, "SELECT count(*) FROM sqlite_master WHERE name = '" LAST_INDEX "'", &count, err) != 0)
        return -1;
    *ret_ready = count > 0;
    return 0;
}

int view_file_finish(struct store *store, struct err *err)
{
    if (store_execute(store, indexes, err) == 0)
        return 0;
    store_roll_back(store);
    return -1;
}
