/* schema: creates the ledger's tables and migrates older ones.
 *
 *   call     one row per known call. state: enum call_state. fingerprint: of the content last accepted, NULL before
 *            that. payload: content not accepted yet. tries: all attempts so far; attempts: the retries used up by this
 *            content. tried, answer, took_ms: the last attempt and the outcome's code (0: no answer). status to phone:
 *            the call as it was at that attempt. version_unknown: see struct call_record; NULL while we know the
 *            version. A row has no more than it must: campaign_word and result_word are numbers of words, and then
 *            campaign and result are NULL; seen is NULL where the first attempt came at once; updated is 0 where the
 *            last attempt was the last change. The macros of schema.h read all of these. direction: enum
 *            call_direction; NULL in rows of older versions.
 *   word     texts that many calls share.
 *   attempt  the attempts before a call's last one; the row of the call has the last one. Nearly all calls are accepted
 *            at the first attempt and need no row here.
 *   note     numbers and texts that outlive a run, by name.
 *   run      one row per run with its counts. unsent: the finished calls after the checkpoint that the run saw and did
 *            not send; 0 for a run that finished, NULL for a run that could not read the dialer's calls.
 *   enriched what was looked up for a call that is not settled yet, see enriched.h. made: epoch.
 *   counter  counts that only grow, for metrics.
 *   watched  calls that have not ended, see watched.h.
 *   recording  the recordings of accepted calls, see recordings.h. state: enum recordings_state. session is a secret.
 *   touched  the calls that changed, in the order of their changes, while somebody feeds a view from them: see feed.h.
 *
 * In SQL a state is its number in enum call_state. The index call_open leaves out accepted calls (1), which are nearly
 * all. SQLite uses that index only if a statement contains `state <> 1` literally, beside any other condition. */
#include <stdlib.h>

#include "base/mem.h"
#include "ledger/schema.h"

#define APPLICATION_ID 1145656147 /* "DIDS": marks a file of this program */

/* The text at index n turns version n into version n + 1. A released text never changes. */
static const char *const migrations[] = {
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
    ");",

    "ALTER TABLE call ADD COLUMN seen INTEGER;" /* epoch at which a run first recorded the call; all times are epochs */
    "ALTER TABLE call ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE call ADD COLUMN tried INTEGER;"
    "ALTER TABLE call ADD COLUMN answer INTEGER;"
    "ALTER TABLE call ADD COLUMN took_ms INTEGER;"
    "ALTER TABLE call ADD COLUMN status TEXT;"
    "ALTER TABLE call ADD COLUMN result TEXT;"
    "ALTER TABLE call ADD COLUMN length INTEGER;"
    "ALTER TABLE call ADD COLUMN agent TEXT;"
    "ALTER TABLE call ADD COLUMN campaign TEXT;"
    "ALTER TABLE call ADD COLUMN phone TEXT;"
    "CREATE TABLE attempt ("
    "  id INTEGER PRIMARY KEY, uniqueid TEXT NOT NULL, tried INTEGER, state INTEGER, answer INTEGER, took_ms INTEGER,"
    "  reason TEXT, status TEXT, result TEXT, length INTEGER, agent TEXT"
    ");"
    "CREATE INDEX attempt_of ON attempt (uniqueid);"
    "CREATE INDEX attempt_tried ON attempt (tried);"
    "CREATE TRIGGER call_tried BEFORE UPDATE ON call WHEN OLD.tries > 0 AND NEW.tries <> OLD.tries BEGIN"
    "  INSERT INTO attempt (uniqueid, tried, state, answer, took_ms, reason, status, result, length, agent) VALUES"
    "  (OLD.uniqueid, OLD.tried, OLD.state, OLD.answer, OLD.took_ms, OLD.reason, OLD.status, OLD.result, OLD.length,"
    "   OLD.agent);"
    "END;"
    "CREATE TABLE counter (name TEXT NOT NULL, label TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (name, label))"
    "  WITHOUT ROWID;"
    "ALTER TABLE run ADD COLUMN failed INTEGER;"
    "ALTER TABLE run ADD COLUMN statements INTEGER;" /* asked of the dialer's database ... */
    "ALTER TABLE run ADD COLUMN database_ms INTEGER;"
    "ALTER TABLE run ADD COLUMN rows_examined INTEGER;",

    /* call_open lists the open calls of a state by age and has the column that says whether a call is due. call_ended
     * finds old accepted calls without reading each rejected call. */
    "DROP INDEX IF EXISTS call_open;"
    "CREATE INDEX call_open ON call (state, end_epoch, uniqueid, due) WHERE state <> 1;"
    "DROP INDEX IF EXISTS call_ended;"
    "CREATE INDEX call_ended ON call (end_epoch, state);",

    "ALTER TABLE run ADD COLUMN unsent INTEGER;"
    "ALTER TABLE run ADD COLUMN unsent_oldest INTEGER;" /* epoch: the end of the oldest of them */
    "UPDATE run SET unsent = 0 WHERE exit_code IN (0, 75) AND ifnull(message, '') = '';",

    /* The names that other tools use. */
    "ALTER TABLE run RENAME COLUMN owed TO pending;"
    "ALTER TABLE run RENAME COLUMN held TO waiting;"
    "UPDATE run SET kind = 'retry' WHERE kind = 'replay';"
    "UPDATE counter SET label = replace(label, ' replay', ' retry') WHERE name = 'runs';"
    "UPDATE note SET name = 'api_down_since' WHERE name = 'outage_since';"
    "UPDATE note SET name = 'rate_limited_until' WHERE name = 'wait_until';",

    "ALTER TABLE call ADD COLUMN version_unknown INTEGER;"
    "UPDATE call SET version_unknown = " SCHEMA_VERSION_UNKNOWN_5 " WHERE " SCHEMA_VERSION_UNKNOWN_5 " NOT NULL;",

    "CREATE TABLE enriched (uniqueid TEXT PRIMARY KEY NOT NULL, extras TEXT NOT NULL, made INTEGER NOT NULL)"
    "  WITHOUT ROWID;",

    "CREATE TABLE watched (id TEXT PRIMARY KEY NOT NULL, kin TEXT, began INTEGER NOT NULL) WITHOUT ROWID;"
    /* A sweep is a part of every run now. */
    "DELETE FROM note WHERE name IN ('last_sweep', 'swept_to');"
    "UPDATE run SET kind = 'poll' WHERE kind = 'sweep';"
    "INSERT INTO counter (name, label, value) SELECT name, replace(label, ' sweep', ' poll'), value FROM counter   "
    "WHERE name = 'runs' AND label LIKE '% sweep' ON CONFLICT (name, label) DO UPDATE SET value = value + "
    "excluded.value;"
    "DELETE FROM counter WHERE name = 'runs' AND label LIKE '% sweep';",

    /* An accepted call took 147 bytes, now it takes 93. Older rows do not change. The index call_ended took 33 bytes a
     * call, only for reports and for deleting old calls; both read the table now. */
    "DROP INDEX IF EXISTS call_ended;"
    "CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
    "ALTER TABLE call ADD COLUMN campaign_word INTEGER;"
    "ALTER TABLE call ADD COLUMN result_word INTEGER;"
    "DROP TRIGGER IF EXISTS call_tried;"
    "CREATE TRIGGER call_tried BEFORE UPDATE ON call WHEN OLD.tries > 0 AND NEW.tries <> OLD.tries BEGIN"
    "  INSERT INTO attempt (uniqueid, tried, state, answer, took_ms, reason, status, result, length, agent) VALUES"
    "  (OLD.uniqueid, OLD.tried, OLD.state, OLD.answer, OLD.took_ms, OLD.reason, OLD.status,"
    "   ifnull(OLD.result, (SELECT text FROM word WHERE id = OLD.result_word)), OLD.length, OLD.agent);"
    "END;",

    "ALTER TABLE run ADD COLUMN longest_ms INTEGER;", /* the longest statement asked of the dialer's database */

    /* Few recordings are open at a time, so their indexes are small. */
    "CREATE TABLE recording ("
    "  call      TEXT PRIMARY KEY NOT NULL,"
    "  path      TEXT NOT NULL,"
    "  started   INTEGER NOT NULL,"
    "  seen      INTEGER NOT NULL,"
    "  state     INTEGER NOT NULL,"
    "  noted     INTEGER NOT NULL DEFAULT 0,"
    "  attempts  INTEGER NOT NULL DEFAULT 0,"
    "  due       INTEGER NOT NULL DEFAULT 0,"
    "  updated   INTEGER NOT NULL,"
    "  size      INTEGER,"
    "  validator TEXT,"
    "  md5       TEXT,"
    "  file_id   TEXT,"
    "  session   TEXT,"
    "  link      TEXT,"
    "  reason    TEXT"
    ") WITHOUT ROWID;"
    "CREATE INDEX recording_due ON recording (due) WHERE state = 1;"
    "CREATE INDEX recording_rejected ON recording (updated) WHERE state = 3;"
    "CREATE INDEX recording_unnoted ON recording (updated) WHERE noted = 0 AND state <> 1;"
    "CREATE TRIGGER call_forgotten AFTER DELETE ON call BEGIN"
    "  DELETE FROM recording WHERE call = OLD.uniqueid AND state = 2 AND noted = 1;"
    "END;",

    "ALTER TABLE recording ADD COLUMN asked INTEGER;" /* epoch of the first try */
    "ALTER TABLE recording ADD COLUMN content_type TEXT;",

    "ALTER TABLE call ADD COLUMN direction INTEGER;"
    "CREATE TABLE touched (id INTEGER PRIMARY KEY, uniqueid TEXT NOT NULL);",

    "ALTER TABLE run ADD COLUMN action INTEGER;" /* its number in the live page's journal; NULL: it has none */
};

enum { NEWEST = sizeof migrations / sizeof migrations[0] };

/* Runs the migrations from version on in one transaction. */
static int migrate(struct store *store, int64_t version, struct err *err)
{
    int result = store_execute(store, "BEGIN IMMEDIATE", err);
    for (; result == 0 && version < NEWEST; version++)
        result = store_execute(store, migrations[version], err);
    char *sql = mem_format("PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT;", APPLICATION_ID, NEWEST);
    if (result == 0)
        result = store_execute(store, sql, err);
    free(sql);
    return result;
}

int schema_make(struct store *store, struct err *err)
{
    return migrate(store, 0, err);
}

/* Only reads: another program's file must stay unchanged. */
static int find_version(struct store *store, int64_t *ret_version, struct err *err)
{
    int64_t application = 0, tables = 0;
    if (store_number(store, "PRAGMA user_version", ret_version, err) != 0 ||
        store_number(store, "PRAGMA application_id", &application, err) != 0 ||
        store_number(store, "SELECT count(*) FROM sqlite_master", &tables, err) != 0)
        return -1;
    bool is_new = tables == 0 && *ret_version == 0 && application == 0;
    if (!is_new && application != APPLICATION_ID)
        return err_set(err, EX_CONFIG, "could not use the ledger %s: it is another program's database; name another "
                       "state directory with --state-dir", store_path(store));
    if (*ret_version > NEWEST)
        return err_set(err, EX_CONFIG,
                       "could not use the ledger %s: it was written by a newer version of this program; "
                       "install that version again",
                       store_path(store));
    return 0;
}

int schema_is_current(struct store *store, bool *ret_current, struct err *err)
{
    int64_t version = 0;
    if (find_version(store, &version, err) != 0)
        return -1;
    *ret_current = version == NEWEST;
    return 0;
}

int schema_prepare(struct store *store, enum store_mode mode, struct err *err)
{
    int64_t version = 0;
    if (find_version(store, &version, err) != 0)
        return -1;
    if (mode == STORE_WRITE ? store_start_journal(store, err) != 0
                            : version < NEWEST && store_use_copy(store, err) != 0)
        return -1;
    if (version < NEWEST && migrate(store, version, err) != 0)
        return -1;
    return mode == STORE_READ_ONLY ? store_forbid_changes(store, err) : 0;
}
