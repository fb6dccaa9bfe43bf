/* feed: hands out the calls of a ledger to a view of them.
 *
 * The first row of touched is the last change that was consumed. It stays, so the numbers of changes only grow, and so
 * it tells how far the view has come. The note touched_by has the view's token. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/store.h"
#include "ledger/feed.h"
#include "ledger/records.h"
#include "ledger/schema.h"

/* A million changes take about 25 MB of the ledger. */
#define MOST_CHANGES 1000000

/* The number of the first row. After feed_prune the numbers begin with 1: so they show that changes are missing. */
#define FIRST 2
#define TEXT_OF(number) TEXT_OF_VALUE(number)
#define TEXT_OF_VALUE(number) #number

/* A run waits 5 s for a lock. A view can wait for its next turn. */
#define LOCK_MS 1000

struct feed {
    struct store *store;
    char *path;
    dev_t device; /* of the open file ... */
    ino_t file;
    int64_t version; /* SQLite's number of the file's state, as this connection sees it; -1: not read yet */
    int64_t direction; /* of calls whose rows have none; or RECORDS_UNKNOWN */
};

#define NOTE(table, when, of) \
    "CREATE TRIGGER " table "_touched_" when " AFTER " of " BEGIN INSERT INTO touched (uniqueid) VALUES "
#define DROP_TRIGGERS                                                                                                  \
    "DROP TRIGGER IF EXISTS call_touched_new; DROP TRIGGER IF EXISTS call_touched_change; "                            \
    "DROP TRIGGER IF EXISTS call_touched_end; DROP TRIGGER IF EXISTS recording_touched_new; "                          \
    "DROP TRIGGER IF EXISTS recording_touched_change; DROP TRIGGER IF EXISTS recording_touched_end; "                  \
    "DELETE FROM touched; DELETE FROM note WHERE name = 'touched_by';"
#define CREATE_TRIGGERS                                                                                                \
    NOTE("call", "new", "INSERT ON call") "(NEW.uniqueid); END; "                                                      \
    NOTE("call", "change", "UPDATE ON call") "(NEW.uniqueid); END; "                                                   \
    NOTE("call", "end", "DELETE ON call") "(OLD.uniqueid); END; "                                                      \
    NOTE("recording", "new", "INSERT ON recording") "(NEW.call); END; "                                                \
    NOTE("recording", "change", "UPDATE OF state ON recording WHEN OLD.state <> NEW.state") "(NEW.call); END; "        \
    NOTE("recording", "end", "DELETE ON recording") "(OLD.call); END; "
enum { TRIGGERS = 6 };

/* ---- opening ---- */

/* *ret_open: the file exists and has today's tables. */
static int open_store(struct feed *feed, bool *ret_open, struct err *err)
{
    struct stat info;
    *ret_open = false;
    if (stat(feed->path, &info) != 0 || info.st_size <= 1)
        return 0;
    feed->device = info.st_dev;
    feed->file = info.st_ino;
    if (store_open("the ledger", feed->path, STORE_WRITE, &feed->store, err) != 0 ||
        schema_is_current(feed->store, ret_open, err) != 0)
        return -1;
    store_wait_for_locks(feed->store, LOCK_MS);
    /* A power cut may undo feed_consume; feed_read_consumed shows it. */
    return store_execute(feed->store, "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -1024", err);
}

int feed_open(const char *state_dir, struct feed **ret_feed, struct err *err)
{
    struct feed *feed = mem_zero(1, sizeof *feed);
    bool is_open = false;
    feed->path = mem_format("%s/ledger.db", state_dir);
    feed->version = -1;
    int result = open_store(feed, &is_open, err);
    if (result != 0 || !is_open) {
        feed_close(feed);
        feed = NULL;
    }
    *ret_feed = feed;
    return result;
}

void feed_close(struct feed *feed)
{
    if (feed == NULL)
        return;
    store_close(feed->store);
    free(feed->path);
    free(feed);
}

bool feed_is_current(const struct feed *feed)
{
    struct stat info;
    return stat(feed->path, &info) == 0 && info.st_dev == feed->device && info.st_ino == feed->file;
}

int feed_has_changed(struct feed *feed, bool *ret_changed, struct err *err)
{
    int64_t version = 0;
    if (store_number(feed->store, "PRAGMA data_version", &version, err) != 0)
        return -1;
    *ret_changed = version != feed->version;
    feed->version = version;
    return 0;
}

/* ---- the begin and the end of a feed ---- */

/* Rows of older versions lack the direction. The ledger's source tells it, if all of that source's calls have one. */
static int read_direction(struct feed *feed, struct err *err)
{
    return store_number(feed->store, "SELECT CASE ifnull((SELECT text FROM note WHERE name = '" LEDGER_NOTE_SOURCE
                        "'), 'vicidial') WHEN 'vicidial' THEN 0 WHEN 'vicidial-inbound' THEN 1 "
                        "ELSE -9223372036854775808 END", &feed->direction, err);
}

int feed_begin(struct feed *feed, struct err *err)
{
    return store_execute(feed->store, "BEGIN", err) == 0 ? read_direction(feed, err) : -1;
}

void feed_end(struct feed *feed)
{
    store_roll_back(feed->store);
}

int feed_start(struct feed *feed, const char *token, int64_t *ret_consumed, struct err *err)
{
    static const char first[] = "INSERT INTO touched (id, uniqueid) VALUES (" TEXT_OF(FIRST) ", '')";
    static const char sql[] = "INSERT INTO note (name, text) VALUES ('touched_by', ?1)";
    struct store *store = feed->store;
    int result = store_begin(store, err);
    if (result == 0)
        result = store_execute(store, DROP_TRIGGERS CREATE_TRIGGERS, err);
    if (result == 0)
        result = store_execute(store, first, err);
    if (result == 0) {
        struct statement *statement = store_prepare(store, sql);
        store_bind_text(statement, 1, token);
        result = store_change(store, statement, err);
    }
    if (result == 0)
        result = store_commit(store, err);
    if (result != 0)
        store_roll_back(store);
    *ret_consumed = FIRST;
    return result;
}

int feed_stop(struct feed *feed, struct err *err)
{
    int result = store_begin(feed->store, err);
    if (result == 0)
        result = store_execute(feed->store, DROP_TRIGGERS, err);
    if (result == 0)
        result = store_commit(feed->store, err);
    if (result != 0)
        store_roll_back(feed->store);
    return result;
}

int feed_read_consumed(struct feed *feed, const char *token, int64_t *ret_consumed, struct err *err)
{
    static const char sql[] =
        "SELECT ifnull((SELECT min(id) FROM touched), -1), (SELECT text FROM note WHERE name = 'touched_by'), "
        "(SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%\\_touched\\_%' ESCAPE '\\')";
    struct statement *statement = store_prepare(feed->store, sql);
    int row = store_next(feed->store, statement, err);
    if (row < 0)
        return -1;
    const char *owner = store_text(statement, 1);
    bool is_ours = owner != NULL && strcmp(owner, token) == 0 && store_int(statement, 2) == TRIGGERS;
    *ret_consumed = is_ours ? store_int(statement, 0) : FEED_NOT_OURS;
    store_reset(statement);
    return 0;
}

int feed_consume(struct feed *feed, int64_t last, struct err *err)
{
    static const char sql[] = "DELETE FROM touched WHERE id < ?1";
    struct statement *statement = store_prepare(feed->store, sql);
    store_bind_int(statement, 1, last);
    int result = store_change(feed->store, statement, err);
    if (result == 0)
        result = store_commit(feed->store, err);
    if (result != 0)
        store_roll_back(feed->store);
    return result;
}

int feed_prune(struct store *store, struct err *err)
{
    static const char sql[] = "SELECT (SELECT max(id) FROM touched) - (SELECT min(id) FROM touched)";
    struct statement *statement = store_prepare(store, sql);
    int row = store_next(store, statement, err);
    if (row < 0)
        return -1;
    int64_t changes = store_int(statement, 0);
    store_reset(statement);
    return changes > MOST_CHANGES ? store_change(store, store_prepare(store, "DELETE FROM touched"), err) : 0;
}

/* ---- rows ---- */

#define COLUMNS                                                                                                        \
    "state, end_epoch, direction, length, answer, took_ms, tries, tried, due, " SCHEMA_UPDATED ", " SCHEMA_SEEN ", "   \
    "status, " SCHEMA_RESULT ", " SCHEMA_CAMPAIGN ", agent, phone, reason, "                                           \
    "ifnull((SELECT recording.state FROM recording WHERE recording.call = uniqueid), 0), uniqueid "

static int64_t number(struct statement *statement, int column)
{
    return store_is_null(statement, column) ? RECORDS_UNKNOWN : store_int(statement, column);
}

/* The columns must be those of COLUMNS. */
static struct feed_row read_row(const struct feed *feed, struct statement *statement)
{
    struct feed_row row = { .exists = true };
    int64_t *const numbers[] = { &row.state, &row.ended, &row.direction, &row.length, &row.answer, &row.took_ms,
                                 &row.tries, &row.tried, &row.due, &row.updated, &row.seen };
    const char **const texts[] = { &row.status, &row.result, &row.campaign, &row.agent, &row.number, &row.reason };
    enum { NUMBERS = sizeof numbers / sizeof numbers[0], TEXTS = sizeof texts / sizeof texts[0] };
    for (int i = 0; i < NUMBERS; i++)
        *numbers[i] = number(statement, i);
    for (int i = 0; i < TEXTS; i++)
        *texts[i] = store_text(statement, NUMBERS + i);
    row.recording = store_int(statement, NUMBERS + TEXTS);
    row.uniqueid = store_text(statement, NUMBERS + TEXTS + 1);
    if (row.direction == RECORDS_UNKNOWN)
        row.direction = feed->direction;
    return row;
}

int feed_list_all(struct feed *feed, const char *after, int64_t limit, feed_on_row *on_row, void *context,
                  int64_t *ret_count, struct err *err)
{
    static const char sql[] = "SELECT " COLUMNS "FROM call WHERE uniqueid > ?1 ORDER BY uniqueid LIMIT ?2";
    struct statement *statement = store_prepare(feed->store, sql);
    int row = 0;
    store_bind_text(statement, 1, after);
    store_bind_int(statement, 2, limit);
    *ret_count = 0;
    while ((row = store_next(feed->store, statement, err)) > 0) {
        const struct feed_row call = read_row(feed, statement);
        if (on_row(context, &call, err) != 0) {
            store_reset(statement);
            return -1;
        }
        (*ret_count)++;
    }
    return row;
}

static int hand_out(struct feed *feed, const char *uniqueid, feed_on_row *on_row, void *context, struct err *err)
{
    static const char sql[] = "SELECT " COLUMNS "FROM call WHERE uniqueid = ?1";
    struct statement *statement = store_prepare(feed->store, sql);
    store_bind_text(statement, 1, uniqueid);
    int found = store_next(feed->store, statement, err);
    if (found < 0)
        return -1;
    const struct feed_row call = found > 0 ? read_row(feed, statement) : (struct feed_row){ .uniqueid = uniqueid };
    int result = on_row(context, &call, err);
    if (found > 0)
        store_reset(statement);
    return result;
}

int feed_list_changed(struct feed *feed, int64_t after, int64_t limit, feed_on_row *on_row, void *context,
                      int64_t *ret_last, struct err *err)
{
    static const char sql[] = "SELECT id, uniqueid FROM touched WHERE id > ?1 ORDER BY id LIMIT ?2";
    struct statement *statement = store_prepare(feed->store, sql);
    int row = 0;
    store_bind_int(statement, 1, after);
    store_bind_int(statement, 2, limit);
    *ret_last = after;
    while ((row = store_next(feed->store, statement, err)) > 0) {
        *ret_last = store_int(statement, 0);
        if (hand_out(feed, store_text(statement, 1), on_row, context, err) != 0) {
            store_reset(statement);
            return -1;
        }
    }
    return row;
}

int feed_count(struct feed *feed, int64_t *ret_count, struct err *err)
{
    return store_number(feed->store, "SELECT count(*) FROM call", ret_count, err);
}
