/* ledger: the status of each call at the API, on disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ledger/enriched.h"
#include "ledger/feed.h"
#include "ledger/ledger.h"
#include "ledger/rebuild.h"
#include "ledger/schema.h"
#include "ledger/words.h"
#include "base/store.h"

struct ledger {
    struct store *store;
    struct words *words;
    char *path;
    int64_t changes; /* calls written since ledger_prune */
    int64_t action;  /* see ledger_set_action */
};

/* ---- opening ---- */

static struct ledger *new_handle(const char *state_dir)
{
    struct ledger *ledger = mem_zero(1, sizeof *ledger);
    ledger->path = mem_format("%s/ledger.db", state_dir);
    ledger->words = words_new();
    return ledger;
}

static int open_store(struct ledger *ledger, enum store_mode mode, struct err *err)
{
    if (store_open("the ledger", ledger->path, mode, &ledger->store, err) != 0)
        return -1;
    return schema_prepare(ledger->store, mode, err);
}

int ledger_rebuild(const char *state_dir, struct ledger **ret_ledger, struct ledger_repair *ret_repair, struct err *err)
{
    struct ledger *ledger = new_handle(state_dir);
    *ret_repair = (struct ledger_repair){ .rebuilt = true };
    if (rebuild_ledger(state_dir, ledger->path, ret_repair->aside, sizeof ret_repair->aside, &ret_repair->saved,
                       err) != 0 ||
        open_store(ledger, STORE_WRITE, err) != 0) {
        ledger_close(ledger);
        return -1;
    }
    *ret_ledger = ledger;
    return 0;
}

int ledger_open(const char *state_dir, enum ledger_mode mode, struct ledger **ret_ledger,
                struct ledger_repair *ret_repair, struct err *err)
{
    struct ledger *ledger = new_handle(state_dir);
    bool read_only = mode != LEDGER_WRITE;
    struct ledger_repair ignored;
    if (ret_repair == NULL)
        ret_repair = &ignored;
    *ret_repair = (struct ledger_repair){ .rebuilt = false };
    if ((read_only || rebuild_finish(state_dir, ledger->path, &ret_repair->rebuilt, ret_repair->aside,
                                     sizeof ret_repair->aside, err) == 0) &&
        open_store(ledger, read_only ? STORE_READ_ONLY : STORE_WRITE, err) == 0) {
        if (mode == LEDGER_DRY_RUN)
            store_ignore_changes(ledger->store);
        *ret_ledger = ledger;
        return 0;
    }
    bool rebuild = !read_only && ledger_is_damaged(ledger);
    ledger_close(ledger);
    return rebuild ? ledger_rebuild(state_dir, ret_ledger, ret_repair, err) : -1;
}

bool ledger_is_damaged(const struct ledger *ledger)
{
    return store_is_damaged(ledger->store);
}

struct store *ledger_store(struct ledger *ledger)
{
    return ledger->store;
}

void ledger_close(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    store_close(ledger->store);
    words_free(ledger->words);
    free(ledger->path);
    free(ledger);
}

int ledger_commit(struct ledger *ledger, struct err *err)
{
    return store_commit(ledger->store, err);
}

/* ---- calls ---- */

int ledger_find(struct ledger *ledger, const char *uniqueid, struct call_record *ret_record, struct err *err)
{
    static const char sql[] = "SELECT state, fingerprint, attempts, tries, tried, version_unknown FROM call "
                              "WHERE uniqueid = ?1";
    if (store_begin(ledger->store, err) != 0)
        return -1;
    struct statement *statement = store_prepare(ledger->store, sql);
    store_bind_text(statement, 1, uniqueid);
    int row = store_next(ledger->store, statement, err);
    *ret_record = (struct call_record){ .state = CALL_UNKNOWN, .is_new = row == 0 };
    if (row <= 0)
        return row;
    ret_record->state = (enum call_state)store_int(statement, 0);
    ret_record->sent_before = !store_is_null(statement, 1);
    ret_record->fingerprint = (uint64_t)store_int(statement, 1);
    ret_record->attempts = store_int(statement, 2);
    ret_record->tries = store_int(statement, 3);
    ret_record->tried = store_int(statement, 4);
    ret_record->version_unknown = store_int(statement, 5);
    store_reset(statement);
    return 0;
}

int ledger_has_other_payload(struct ledger *ledger, const char *uniqueid, const char *payload, bool *ret_other,
                             struct err *err)
{
    static const char sql[] = "SELECT 1 FROM call WHERE uniqueid = ?1 AND payload <> ?2";
    struct statement *statement = store_prepare(ledger->store, sql);
    store_bind_text(statement, 1, uniqueid);
    store_bind_text(statement, 2, payload);
    int row = store_next(ledger->store, statement, err);
    *ret_other = row > 0;
    if (row > 0)
        store_reset(statement);
    return row < 0 ? -1 : 0;
}

/* Binds the call itself, for people. A text that became a word is bound as its number. */
static int bind_call(struct ledger *ledger, struct statement *statement, const struct ledger_entry *entry,
                     struct err *err)
{
    const struct call *call = entry->call;
    int64_t campaign = 0, result = 0;
    if (words_number(ledger->words, ledger->store, call != NULL ? call->campaign : NULL, &campaign, err) != 0 ||
        words_number(ledger->words, ledger->store, entry->result, &result, err) != 0)
        return -1;
    if (result != 0)
        store_bind_int(statement, 22, result);
    else
        store_bind_text(statement, 15, entry->result);
    if (call == NULL)
        return 0;
    store_bind_text(statement, 14, call->status);
    store_bind_int(statement, 16, call_number(call->length, 0));
    store_bind_text(statement, 17, call->agent);
    store_bind_text(statement, 19, call->number);
    store_bind_int(statement, 24, (int64_t)call->direction);
    if (campaign != 0)
        store_bind_int(statement, 21, campaign);
    else
        store_bind_text(statement, 18, call->campaign);
    return 0;
}

/* Binds the rest. Parameters 4, 7 to 9, 11 to 13, 20, 23 and 24 stay NULL where there is nothing to say. */
static void bind_record(struct statement *statement, const struct ledger_entry *entry)
{
    const struct call_record *record = &entry->record;
    int64_t now = clock_now_epoch();
    bool tried = entry->attempt != NULL;
    store_bind_text(statement, 1, entry->uniqueid);
    store_bind_int(statement, 2, (int64_t)record->state);
    store_bind_int(statement, 3, entry->end_epoch);
    if (record->sent_before)
        store_bind_int(statement, 4, (int64_t)record->fingerprint);
    store_bind_int(statement, 5, tried && record->state == CALL_ACCEPTED ? 0 : now);
    store_bind_int(statement, 6, record->attempts);
    if (record->state != CALL_ACCEPTED) {
        store_bind_int(statement, 7, entry->due);
        store_bind_text(statement, 8, entry->reason);
        store_bind_text(statement, 9, entry->payload);
    }
    store_bind_int(statement, 10, tried ? 1 : 0);
    if (tried) {
        store_bind_int(statement, 11, now);
        store_bind_int(statement, 12, entry->attempt->answer);
        store_bind_int(statement, 13, entry->attempt->took_ms);
    } else {
        store_bind_int(statement, 23, now);
    }
    if (record->version_unknown != 0)
        store_bind_int(statement, 20, record->version_unknown);
}

static int put(struct ledger *ledger, const char *sql, const struct ledger_entry *entry, struct err *err)
{
    struct statement *statement = store_prepare(ledger->store, sql);
    if (bind_call(ledger, statement, entry, err) != 0)
        return -1;
    bind_record(statement, entry);
    return store_change(ledger->store, statement, err);
}

#define COLUMNS_OF_CALL                                                                                                \
    "call (uniqueid, state, end_epoch, fingerprint, updated, attempts, due, reason, payload, seen, tries, tried, "     \
    "answer, took_ms, status, result, length, agent, campaign, phone, version_unknown, campaign_word, result_word, "   \
    "direction) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?23, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, "   \
    "?20, ?21, ?22, ?24) "

int ledger_put(struct ledger *ledger, const struct ledger_entry *entry, struct err *err)
{
    /* An upsert takes SQLite half as long again as this insert, and nearly all calls are new. */
    static const char insert[] = "INSERT OR IGNORE INTO " COLUMNS_OF_CALL;
    /* NULL leaves a column unchanged: those of the last attempt, if this is none, and those of an unknown row. */
    static const char sql[] = "INSERT INTO " COLUMNS_OF_CALL "ON CONFLICT (uniqueid) DO UPDATE SET state = ?2, "
                                                             "end_epoch = ?3, fingerprint = ?4, updated = ?5, "
                              "attempts = ?6, due = ?7, reason = ?8, payload = ?9, seen = " SCHEMA_SEEN ", tries = "
                              "tries + ?10, tried = ifnull(?11, tried), answer = ifnull(?12, answer), took_ms = "
                              "ifnull(?13, took_ms), status = ifnull(?14, status), length = ifnull(?16, length), agent "
                              "= ifnull(?17, agent), phone = ifnull(?19, phone), direction = ifnull(?24, direction), "
                              "version_unknown = ?20, campaign = "
                              "CASE WHEN ?21 NOT NULL THEN NULL ELSE ifnull(?18, campaign) END, campaign_word = CASE "
                              "WHEN ?18 NOT NULL THEN NULL ELSE ifnull(?21, campaign_word) END, result = CASE WHEN ?22 "
                              "NOT NULL THEN NULL ELSE ifnull(?15, result) END, result_word = CASE WHEN ?15 NOT NULL "
                              "THEN NULL ELSE ifnull(?22, result_word) END";
    bool is_new = entry->record.is_new, is_open = call_is_open(&entry->record);
    ledger->changes++;
    if (is_new && put(ledger, insert, entry, err) != 0)
        return -1;
    if ((!is_new || store_changed(ledger->store) != 1) && put(ledger, sql, entry, err) != 0)
        return -1;
    return is_open ? 0 : enriched_forget(ledger, entry->uniqueid, err);
}

int ledger_forget(struct ledger *ledger, const char *uniqueid, struct err *err)
{
    static const char sql[] = "DELETE FROM call WHERE uniqueid = ?1";
    struct statement *statement = store_prepare(ledger->store, sql);
    store_bind_text(statement, 1, uniqueid);
    return store_change(ledger->store, statement, err) == 0 ? enriched_forget(ledger, uniqueid, err) : -1;
}

int ledger_forget_untried(struct ledger *ledger, int64_t ended_before, int64_t *ret_count, struct err *err)
{
    static const char sql[] = "DELETE FROM call WHERE state <> 1 AND state = 2 AND end_epoch < ?1 AND tries = 0 "
                              "AND fingerprint IS NULL";
    struct statement *statement = store_prepare(ledger->store, sql);
    store_bind_int(statement, 1, ended_before);
    if (store_change(ledger->store, statement, err) != 0)
        return -1;
    *ret_count = store_changed(ledger->store);
    return 0;
}

int ledger_due(struct ledger *ledger, const struct ledger_time *time, const struct ledger_stretch *stretch,
               ledger_on_due *on_due, void *context, struct err *err)
{
    /* The index call_open has every column of both halves, in this order: nothing is sorted. */
    static const char sql[] = "SELECT uniqueid, end_epoch FROM call WHERE state <> 1 AND state = 2 AND (due <= ?1 OR "
                              "due > ?2) AND end_epoch >= ?3 AND end_epoch < ?4 AND (end_epoch, uniqueid) > (?5, ?6) "
                              "AND (end_epoch, uniqueid) <= (?9, ?10) UNION ALL SELECT uniqueid, end_epoch FROM call "
                              "WHERE state <> 1 AND state = 3 AND ?7 AND (end_epoch, uniqueid) > (?5, ?6) AND "
                              "(end_epoch, uniqueid) <= (?9, ?10) ORDER BY end_epoch, uniqueid LIMIT ?8";
    /* The bounds of end_epoch let SQLite skip, in the index, the calls that were handed out before. */
    bool has_begun = stretch->after.end_epoch > stretch->ended_from;
    int64_t from = has_begun ? stretch->after.end_epoch : stretch->ended_from;
    int row = 0;
    struct statement *statement = store_prepare(ledger->store, sql);
    store_bind_int(statement, 1, time->now);
    store_bind_int(statement, 2, time->latest);
    store_bind_int(statement, 3, from);
    store_bind_int(statement, 4, stretch->ended_before);
    store_bind_int(statement, 5, stretch->after.end_epoch);
    store_bind_text(statement, 6, stretch->after.uniqueid);
    store_bind_int(statement, 7, stretch->with_waiting ? 1 : 0);
    store_bind_int(statement, 8, stretch->limit);
    store_bind_int(statement, 9, stretch->until != NULL ? stretch->until->end_epoch : INT64_MAX);
    store_bind_text(statement, 10, stretch->until != NULL ? stretch->until->uniqueid : "");
    while ((row = store_next(ledger->store, statement, err)) > 0) {
        const char *uniqueid = store_text(statement, 0);
        on_due(context, uniqueid != NULL ? uniqueid : "", store_int(statement, 1));
    }
    return row;
}

int ledger_count(struct ledger *ledger, struct ledger_counts *ret_counts, struct err *err)
{
    static const char sql[] = "SELECT (SELECT count(*) FROM call WHERE state <> 1 AND state = 2), "
                              "(SELECT count(*) FROM call WHERE state <> 1 AND state = 3), "
                              "(SELECT count(*) FROM call WHERE state <> 1 AND state = 4)";
    struct statement *statement = store_prepare(ledger->store, sql);
    if (store_next(ledger->store, statement, err) < 0)
        return -1;
    *ret_counts = (struct ledger_counts){ .pending = store_int(statement, 0),
                                          .waiting = store_int(statement, 1),
                                          .rejected = store_int(statement, 2) };
    store_reset(statement);
    return 0;
}

/* ---- pruning ---- */

/* No index lists accepted calls by age, because such an index would take a third of the ledger. So each prune continues
 * where the last prune stopped, in the order of ids, and starts over at the end. It visits at least this many calls,
 * and two calls for each call that was written since. So a round takes less than half of retention_days. */
#define PRUNE_VISITS 1000

/* *ret_last: the id of the count-th call after an id; "" if there are not so many. */
static int skip(struct ledger *ledger, const char *after, int64_t count, char *ret_last, size_t size, struct err *err)
{
    static const char sql[] = "SELECT uniqueid FROM call WHERE uniqueid > ?1 ORDER BY uniqueid LIMIT 1 OFFSET ?2";
    struct statement *statement = store_prepare(ledger->store, sql);
    store_bind_text(statement, 1, after);
    store_bind_int(statement, 2, count - 1);
    int row = store_next(ledger->store, statement, err);
    const char *last = row > 0 ? store_text(statement, 0) : NULL;
    (void)snprintf(ret_last, size, "%s", last != NULL ? last : "");
    if (row > 0)
        store_reset(statement);
    return row < 0 ? -1 : 0;
}

static int prune_accepted(struct ledger *ledger, const struct ledger_age *age, struct err *err)
{
    static const char sql[] = "DELETE FROM call WHERE uniqueid > ?1 AND uniqueid <= ifnull(?2, x'ff') AND end_epoch < "
                              "?3 AND state = 1"; /* any text is less than x'ff' */
    char from[POSITION_UNIQUEID_SIZE], to[POSITION_UNIQUEID_SIZE];
    int64_t visits = PRUNE_VISITS + 2 * ledger->changes;
    if (visits > age->limit)
        visits = age->limit;
    ledger->changes = 0;
    if (visits == 0)
        return 0;
    if (ledger_read_text_note(ledger, LEDGER_NOTE_PRUNED_TO, from, sizeof from, err) != 0 ||
        skip(ledger, from, visits, to, sizeof to, err) != 0)
        return -1;
    struct statement *statement = store_prepare(ledger->store, sql);
    store_bind_text(statement, 1, from);
    store_bind_text(statement, 2, *to != '\0' ? to : NULL);
    store_bind_int(statement, 3, age->before);
    if (store_change(ledger->store, statement, err) != 0)
        return -1;
    return strcmp(from, to) == 0 ? 0 : ledger_set_text_note(ledger, LEDGER_NOTE_PRUNED_TO, to, err);
}

int ledger_prune(struct ledger *ledger, const struct ledger_age *age, struct err *err)
{
    static const char *const texts[] = {
        /* `updated`: an operator needs time to retry or restore even an old call that was rejected today. */
        ("DELETE FROM call WHERE uniqueid IN (SELECT uniqueid FROM call WHERE state <> 1 AND state IN (4, 5) AND "
         "end_epoch < ?3 AND updated < ?3 ORDER BY end_epoch LIMIT ?2)"),
        "DELETE FROM attempt WHERE id IN (SELECT id FROM attempt WHERE tried < ?1 ORDER BY tried LIMIT ?2)",
        "DELETE FROM run WHERE id IN (SELECT id FROM run WHERE started < ?1 ORDER BY id LIMIT ?2)",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct statement *statement = store_prepare(ledger->store, texts[i]);
        store_bind_int(statement, 1, age->before);
        store_bind_int(statement, 2, age->limit);
        store_bind_int(statement, 3, age->set_aside_before);
        if (store_change(ledger->store, statement, err) != 0)
            return -1;
    }
    if (enriched_prune(ledger, age->before, err) != 0 || feed_prune(ledger->store, err) != 0)
        return -1;
    return prune_accepted(ledger, age, err);
}

/* ---- notes ---- */

static const char *const place_names[] = { [LEDGER_CHECKPOINT] = "checkpoint", [LEDGER_FLOOR] = "floor",
                                           [LEDGER_START] = "start", [LEDGER_DOUBT] = "doubt",
                                           [LEDGER_REVISITED] = "revisited" };

/* *ret_known: there is a note of that name. text may be NULL. */
static int read_note(struct ledger *ledger, const char *name, int64_t *ret_number, char *text, size_t size,
                     bool *ret_known, struct err *err)
{
    static const char sql[] = "SELECT number, text FROM note WHERE name = ?1";
    struct statement *statement = store_prepare(ledger->store, sql);
    store_bind_text(statement, 1, name);
    int row = store_next(ledger->store, statement, err);
    *ret_known = row > 0;
    if (row <= 0)
        return row;
    const char *stored = store_text(statement, 1);
    *ret_number = store_int(statement, 0);
    if (text != NULL)
        (void)snprintf(text, size, "%s", stored != NULL ? stored : "");
    store_reset(statement);
    return 0;
}

static int write_note(struct ledger *ledger, const char *name, int64_t number, const char *text, struct err *err)
{
    static const char sql[] = "INSERT INTO note (name, number, text) VALUES (?1, ?2, ?3) "
                              "ON CONFLICT (name) DO UPDATE SET number = ?2, text = ?3";
    struct statement *statement = store_prepare(ledger->store, sql);
    store_bind_text(statement, 1, name);
    store_bind_int(statement, 2, number);
    store_bind_text(statement, 3, text);
    return store_change(ledger->store, statement, err);
}

int ledger_read_note(struct ledger *ledger, const char *name, int64_t fallback, int64_t *ret_value, struct err *err)
{
    bool known = false;
    *ret_value = fallback;
    return read_note(ledger, name, ret_value, NULL, 0, &known, err);
}

int ledger_set_note(struct ledger *ledger, const char *name, int64_t value, struct err *err)
{
    return write_note(ledger, name, value, NULL, err);
}

int ledger_read_text_note(struct ledger *ledger, const char *name, char *out, size_t size, struct err *err)
{
    bool known = false;
    int64_t ignored = 0;
    *out = '\0';
    return read_note(ledger, name, &ignored, out, size, &known, err);
}

int ledger_set_text_note(struct ledger *ledger, const char *name, const char *text, struct err *err)
{
    return write_note(ledger, name, 0, text, err);
}

int ledger_delete_note(struct ledger *ledger, const char *name, struct err *err)
{
    static const char sql[] = "DELETE FROM note WHERE name = ?1";
    struct statement *statement = store_prepare(ledger->store, sql);
    store_bind_text(statement, 1, name);
    return store_change(ledger->store, statement, err);
}

int ledger_confirm_source(struct ledger *ledger, const char *type, struct err *err)
{
    char noted[80];
    if (ledger_read_text_note(ledger, LEDGER_NOTE_SOURCE, noted, sizeof noted, err) != 0)
        return -1;
    if (*noted == '\0' || strcmp(noted, type) == 0)
        return 0;
    return err_set(err, EX_CONFIG,
                   "the ledger %s has the calls of a source of the type %s, but type in [source] is %s: no call is "
                   "sent, because the calls of two sources must not mix in one ledger; write type = %s under [source], "
                   "or give the new source its own profile or --state-dir",
                   store_path(ledger->store), noted, type, noted);
}

int ledger_claim_for_source(struct ledger *ledger, const char *type, struct err *err)
{
    char noted[80];
    if (ledger_confirm_source(ledger, type, err) != 0 ||
        ledger_read_text_note(ledger, LEDGER_NOTE_SOURCE, noted, sizeof noted, err) != 0)
        return -1;
    if (*noted != '\0')
        return 0;
    return ledger_set_text_note(ledger, LEDGER_NOTE_SOURCE, type, err) == 0 ? ledger_commit(ledger, err) : -1;
}

int ledger_read_place(struct ledger *ledger, enum ledger_place which, struct position *ret_position, bool *ret_known,
                 struct err *err)
{
    return read_note(ledger, place_names[which], &ret_position->end_epoch, ret_position->uniqueid,
                     sizeof ret_position->uniqueid, ret_known, err);
}

int ledger_set_place(struct ledger *ledger, enum ledger_place which, const struct position *position, struct err *err)
{
    return write_note(ledger, place_names[which], position->end_epoch, position->uniqueid, err);
}

int ledger_delete_place(struct ledger *ledger, enum ledger_place which, struct err *err)
{
    return ledger_delete_note(ledger, place_names[which], err);
}

int ledger_delete_checkpoint(struct ledger *ledger, struct err *err)
{
    return ledger_delete_note(ledger, place_names[LEDGER_CHECKPOINT], err) == 0
               ? ledger_delete_note(ledger, place_names[LEDGER_FLOOR], err) : -1;
}

/* ---- runs ---- */

void ledger_set_action(struct ledger *ledger, int64_t action)
{
    ledger->action = action;
}

int ledger_run_start(struct ledger *ledger, const char *kind, int64_t *ret_run, struct err *err)
{
    static const char sql[] = "INSERT INTO run (kind, started, action) VALUES (?1, ?2, nullif(?3, 0))";
    struct statement *statement = store_prepare(ledger->store, sql);
    store_bind_text(statement, 1, kind);
    store_bind_int(statement, 2, clock_now_epoch());
    store_bind_int(statement, 3, ledger->action);
    if (store_change(ledger->store, statement, err) != 0)
        return -1;
    *ret_run = store_last_id(ledger->store);
    return ledger_commit(ledger, err);
}

/* A counter, because old runs are deleted. */
static int count_run(struct ledger *ledger, int64_t run, struct err *err)
{
    static const char sql[] = "INSERT INTO counter (name, label, value) SELECT ?2, exit_code || ' ' || kind, 1 "
                              "FROM run WHERE id = ?1 ON CONFLICT (name, label) DO UPDATE SET value = value + 1";
    struct statement *statement = store_prepare(ledger->store, sql);
    store_bind_int(statement, 1, run);
    store_bind_text(statement, 2, LEDGER_RUNS);
    return store_change(ledger->store, statement, err);
}

int ledger_run_finish(struct ledger *ledger, int64_t run, const struct ledger_run *counts, struct err *err)
{
    static const char sql[] = "UPDATE run SET finished = ?2, duration_ms = ?3, found = ?4, accepted = ?5, repeated = "
                              "?6, pending = ?7, waiting = ?8, rejected = ?9, failed = ?10, statements = ?11, "
                              "database_ms = ?12, rows_examined = ?13, exit_code = ?14, longest_ms = ?15, message = "
                              "?16, unsent = ?17, unsent_oldest = ?18 WHERE id = ?1";
    struct statement *statement = store_prepare(ledger->store, sql);
    const int64_t numbers[] = { run, clock_now_epoch(), counts->duration_ms, counts->found,
                                counts->accepted, counts->repeated, counts->pending, counts->waiting, counts->rejected,
                                counts->failed, counts->statements, counts->database_ms, counts->rows_examined,
                                counts->exit_code, counts->longest_ms };
    enum { COUNT = sizeof numbers / sizeof numbers[0] };
    for (int i = 0; i < COUNT; i++)
        store_bind_int(statement, i + 1, numbers[i]);
    store_bind_text(statement, COUNT + 1, counts->message);
    if (counts->looked)
        store_bind_int(statement, COUNT + 2, counts->unsent);
    if (counts->looked && counts->unsent > 0)
        store_bind_int(statement, COUNT + 3, counts->unsent_oldest);
    return store_change(ledger->store, statement, err) == 0 ? count_run(ledger, run, err) : -1;
}

int ledger_add_to_counter(struct ledger *ledger, const char *name, const char *label, int64_t by, struct err *err)
{
    static const char sql[] = "INSERT INTO counter (name, label, value) VALUES (?1, ?2, ?3) "
                              "ON CONFLICT (name, label) DO UPDATE SET value = value + ?3";
    if (by == 0)
        return 0;
    struct statement *statement = store_prepare(ledger->store, sql);
    store_bind_text(statement, 1, name);
    store_bind_text(statement, 2, label);
    store_bind_int(statement, 3, by);
    return store_change(ledger->store, statement, err);
}
