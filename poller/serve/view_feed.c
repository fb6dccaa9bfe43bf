/* view_feed: feeds view.db from the ledgers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/mem.h"
#include "base/str.h"
#include "ledger/feed.h"
#include "ledger/records.h"
#include "serve/view_feed.h"
#include "serve/view_file.h"
#include "serve/view_words.h"

/* A portion takes some 50 ms: so the ledger's journal can be written back between two portions. */
enum { DAY_MS = 24 * 3600 * 1000, PORTION = 5000, TOKEN_BYTES = 16, TOKEN_SIZE = CRYPTO_HEX_SIZE(TOKEN_BYTES) };

/* What view.db knows of a profile's ledger. */
struct progress {
    int64_t profile; /* its number */
    char token[TOKEN_SIZE];
    int64_t mark, before, done;
    char *copied; /* NULL: the first copy is complete */
};

struct view_feed {
    struct store *store;
    char *path;
    dev_t device; /* of the open file ... */
    ino_t file;
    struct view_words *words;
    const struct view_feed_profile *profiles;
    struct connection {
        struct feed *ledger; /* NULL: not open */
        bool has_more;       /* the last step did not copy everything */
    } *connections;          /* one a profile */
    size_t count;
    int64_t changes;
    bool is_ready;     /* the indexes exist */
    int64_t pruned_ms; /* when the words were last pruned; 0: not yet */
};

/* ---- profiles ---- */

static int add_profile(struct store *store, const char *name, struct err *err)
{
    static const char sql[] = "INSERT OR IGNORE INTO profile (name, copied) VALUES (?1, '')";
    struct statement *statement = store_prepare(store, sql);
    store_bind_text(statement, 1, name);
    return store_change(store, statement, err);
}

static bool is_profile(const struct view_feed *feed, const char *name)
{
    for (size_t i = 0; i < feed->count; i++)
        if (strcmp(feed->profiles[i].name, name) == 0)
            return true;
    return false;
}

static int delete_calls(struct store *store, int64_t profile, struct err *err)
{
    static const char *const texts[] = { "DELETE FROM call WHERE profile = ?1", "DELETE FROM half WHERE profile = ?1" };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct statement *statement = store_prepare(store, texts[i]);
        store_bind_int(statement, 1, profile);
        if (store_change(store, statement, err) != 0)
            return -1;
    }
    return 0;
}

/* *ret_profile: the number of a profile that this host no longer has; 0: none. */
static int find_stranger(struct view_feed *feed, int64_t *ret_profile, struct err *err)
{
    struct statement *statement = store_prepare(feed->store, "SELECT id, name FROM profile");
    int row = 0;
    *ret_profile = 0;
    while ((row = store_next(feed->store, statement, err)) > 0)
        if (!is_profile(feed, str_or_empty(store_text(statement, 1))))
            *ret_profile = store_int(statement, 0);
    return row;
}

static int delete_strangers(struct view_feed *feed, struct err *err)
{
    static const char sql[] = "DELETE FROM profile WHERE id = ?1";
    for (int64_t profile = 0; find_stranger(feed, &profile, err) == 0;) {
        if (profile == 0)
            return 0;
        struct statement *statement = store_prepare(feed->store, sql);
        store_bind_int(statement, 1, profile);
        if (store_change(feed->store, statement, err) != 0 || delete_calls(feed->store, profile, err) != 0)
            return -1;
    }
    return -1;
}

static int write_profiles(struct view_feed *feed, struct err *err)
{
    int result = store_begin(feed->store, err);
    if (result == 0)
        result = delete_strangers(feed, err);
    for (size_t i = 0; result == 0 && i < feed->count; i++)
        result = add_profile(feed->store, feed->profiles[i].name, err);
    return result == 0 ? store_commit(feed->store, err) : -1;
}

/* Which file is open: another one may take its place. */
static int keep_place(struct view_feed *feed, struct err *err)
{
    struct stat info;
    if (stat(feed->path, &info) != 0)
        return err_set(err, EX_IOERR, "could not open %s: %s", feed->path, strerror(errno));
    feed->device = info.st_dev;
    feed->file = info.st_ino;
    return 0;
}

static bool is_in_place(const struct view_feed *feed)
{
    struct stat info;
    return stat(feed->path, &info) == 0 && info.st_dev == feed->device && info.st_ino == feed->file;
}

int view_feed_open(const char *path, const struct view_feed_profile *profiles, size_t count,
                   struct view_feed **ret_feed, struct err *err)
{
    struct view_feed *feed = mem_zero(1, sizeof *feed);
    feed->path = mem_copy(path);
    feed->words = view_words_new();
    feed->profiles = profiles;
    feed->count = count;
    feed->connections = mem_zero(count + 1, sizeof feed->connections[0]);
    *ret_feed = feed;
    if (view_file_open(path, &feed->store, err) == 0 && keep_place(feed, err) == 0 &&
        view_file_is_ready(feed->store, &feed->is_ready, err) == 0 && write_profiles(feed, err) == 0)
        return 0;
    view_feed_close(feed);
    *ret_feed = NULL;
    return -1;
}

void view_feed_close(struct view_feed *feed)
{
    if (feed == NULL)
        return;
    for (size_t i = 0; i < feed->count; i++)
        feed_close(feed->connections[i].ledger);
    bool is_damaged = store_is_damaged(feed->store);
    store_close(feed->store);
    if (is_damaged)
        (void)!view_file_delete(feed->path, NULL);
    view_words_free(feed->words);
    free(feed->connections);
    free(feed->path);
    free(feed);
}

int64_t view_feed_changes(const struct view_feed *feed)
{
    return feed->changes;
}

/* ---- the progress of one profile ---- */

static int read_progress(struct view_feed *feed, size_t at, struct progress *progress, struct err *err)
{
    static const char sql[] = "SELECT id, token, mark, before, copied, done FROM profile WHERE name = ?1";
    struct statement *statement = store_prepare(feed->store, sql);
    store_bind_text(statement, 1, feed->profiles[at].name);
    int row = store_next(feed->store, statement, err);
    if (row < 0)
        return -1;
    const char *copied = store_text(statement, 4);
    progress->profile = store_int(statement, 0);
    (void)snprintf(progress->token, sizeof progress->token, "%s", str_or_empty(store_text(statement, 1)));
    progress->mark = store_int(statement, 2);
    progress->before = store_int(statement, 3);
    progress->done = store_int(statement, 5);
    progress->copied = copied != NULL ? mem_copy(copied) : NULL;
    store_reset(statement);
    return 0;
}

static int write_progress(struct view_feed *feed, const struct progress *progress, struct err *err)
{
    static const char sql[] = "UPDATE profile SET token = ?2, mark = ?3, before = ?4, copied = ?5, done = ?6, "
                              "problem = NULL WHERE id = ?1";
    struct statement *statement = store_prepare(feed->store, sql);
    store_bind_int(statement, 1, progress->profile);
    store_bind_text(statement, 2, progress->token);
    store_bind_int(statement, 3, progress->mark);
    store_bind_int(statement, 4, progress->before);
    store_bind_text(statement, 5, progress->copied);
    store_bind_int(statement, 6, progress->done);
    return store_change(feed->store, statement, err);
}

/* A profile whose ledger cannot be read keeps its rows. */
static int write_problem(struct view_feed *feed, size_t at, const char *problem, struct err *err)
{
    static const char sql[] = "UPDATE profile SET problem = ?2 WHERE name = ?1 AND problem IS NOT ?2";
    struct statement *statement = store_prepare(feed->store, sql);
    store_bind_text(statement, 1, feed->profiles[at].name);
    store_bind_text(statement, 2, problem);
    if (store_change(feed->store, statement, err) != 0)
        return -1;
    feed->changes += store_changed(feed->store);
    return store_commit(feed->store, err);
}

static int write_total(struct view_feed *feed, int64_t profile, int64_t total, struct err *err)
{
    struct statement *statement = store_prepare(feed->store, "UPDATE profile SET total = ?2 WHERE id = ?1");
    store_bind_int(statement, 1, profile);
    store_bind_int(statement, 2, total);
    return store_change(feed->store, statement, err);
}

/* ---- rows ---- */

struct copying {
    struct view_feed *feed;
    int64_t profile;
    char *last;  /* the id of the last row */
    bool failed; /* view.db could not be written: the ledger is not at fault */
};

static void bind_known(struct statement *statement, int index, int64_t number)
{
    if (number != RECORDS_UNKNOWN)
        store_bind_int(statement, index, number);
}

/* The text backwards, byte for byte. Ownership: the caller frees it. */
static char *reverse(const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;
    char *tail = mem_zero(length + 1, 1);
    for (size_t i = 0; i < length; i++)
        tail[i] = text[length - 1 - i];
    return tail;
}

static int delete_call(struct view_feed *feed, int64_t profile, const char *uniqueid, struct err *err)
{
    static const char sql[] = "DELETE FROM call WHERE profile = ?1 AND uniqueid = ?2";
    struct statement *statement = store_prepare(feed->store, sql);
    store_bind_int(statement, 1, profile);
    store_bind_text(statement, 2, uniqueid);
    return store_change(feed->store, statement, err);
}

static int put_call(struct view_feed *feed, int64_t profile, const struct feed_row *row, struct err *err)
{
    static const char sql[] =
        "INSERT INTO call (profile, uniqueid, ended, state, direction, status, result, campaign, agent, recording, "
        "length, "
        "number, tail, answer, took_ms, tries, tried, due, updated, seen, reason) VALUES "
        "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21) "
        "ON CONFLICT (profile, uniqueid) DO UPDATE SET ended = ?3, state = ?4, direction = ?5, status = ?6, result "
        "= ?7, "
        "campaign = ?8, agent = ?9, recording = ?10, length = ?11, number = ?12, tail = ?13, answer = ?14, took_ms "
        "= ?15, "
        "tries = ?16, tried = ?17, due = ?18, updated = ?19, seen = ?20, reason = ?21";
    const char *const texts[] = { row->status, row->result, row->campaign, row->agent };
    int64_t words[4] = { 0 };
    for (int i = 0; i < 4; i++)
        if (view_words_number(feed->words, feed->store, texts[i], &words[i], err) != 0)
            return -1;
    char *tail = reverse(row->number);
    struct statement *statement = store_prepare(feed->store, sql);
    store_bind_int(statement, 1, profile);
    store_bind_text(statement, 2, row->uniqueid);
    store_bind_int(statement, 3, row->ended != RECORDS_UNKNOWN ? row->ended : 0);
    store_bind_int(statement, 4, row->state);
    bind_known(statement, 5, row->direction);
    for (int i = 0; i < 4; i++)
        store_bind_int(statement, 6 + i, words[i]);
    store_bind_int(statement, 10, row->recording);
    bind_known(statement, 11, row->length);
    store_bind_text(statement, 12, row->number);
    store_bind_text(statement, 13, row->number != NULL ? tail : NULL);
    const int64_t numbers[] = { row->answer, row->took_ms, row->tries, row->tried, row->due, row->updated, row->seen };
    for (int i = 0; i < (int)(sizeof numbers / sizeof numbers[0]); i++)
        bind_known(statement, 14 + i, numbers[i]);
    store_bind_text(statement, 21, row->reason);
    int result = store_change(feed->store, statement, err);
    free(tail);
    return result;
}

static int copy_row(void *context, const struct feed_row *row, struct err *err)
{
    struct copying *copying = context;
    int result = row->exists ? put_call(copying->feed, copying->profile, row, err)
                             : delete_call(copying->feed, copying->profile, row->uniqueid, err);
    copying->failed = result != 0;
    copying->feed->changes++;
    free(copying->last);
    copying->last = mem_copy(row->uniqueid);
    return result;
}

/* ---- portions ---- */

/* What a step of one profile came to. */
enum outcome {
    STEP_DONE,
    STEP_MORE,
    STEP_COPYING,       /* more of the first copy */
    STEP_LEDGER_FAILED, /* err says why */
    STEP_VIEW_FAILED
};

/* There is no copy, or it is worth nothing. The ledger notes changes before the first row is read, so none is
 * missed. */
static enum outcome start_over(struct view_feed *feed, struct feed *ledger, struct progress *progress, struct err *err)
{
    unsigned char bytes[TOKEN_BYTES];
    int64_t total = 0;
    crypto_random(bytes, sizeof bytes);
    (void)crypto_hex(bytes, sizeof bytes, progress->token);
    if (feed_start(ledger, progress->token, &progress->mark, err) != 0 || feed_count(ledger, &total, err) != 0)
        return STEP_LEDGER_FAILED;
    progress->before = progress->mark;
    progress->done = 0;
    free(progress->copied);
    progress->copied = mem_copy("");
    feed->changes++;
    return delete_calls(feed->store, progress->profile, err) == 0 &&
                   write_total(feed, progress->profile, total, err) == 0
               ? STEP_COPYING : STEP_VIEW_FAILED;
}

static enum outcome copy_all(struct view_feed *feed, struct feed *ledger, struct progress *progress, struct err *err)
{
    struct copying copying = { .feed = feed, .profile = progress->profile };
    int64_t count = 0;
    int result = feed_list_all(ledger, progress->copied, PORTION, copy_row, &copying, &count, err);
    if (result == 0 && copying.last != NULL) {
        free(progress->copied);
        progress->copied = copying.last;
        copying.last = NULL;
    }
    free(copying.last);
    if (result != 0)
        return copying.failed ? STEP_VIEW_FAILED : STEP_LEDGER_FAILED;
    progress->done += count;
    if (count == PORTION)
        return STEP_COPYING;
    free(progress->copied);
    progress->copied = NULL;
    return STEP_MORE;
}

static enum outcome copy_changes(struct view_feed *feed, struct feed *ledger, struct progress *progress,
                                 struct err *err)
{
    struct copying copying = { .feed = feed, .profile = progress->profile };
    int64_t last = progress->mark;
    int result = feed_list_changed(ledger, progress->mark, PORTION, copy_row, &copying, &last, err);
    free(copying.last);
    if (result != 0)
        return copying.failed ? STEP_VIEW_FAILED : STEP_LEDGER_FAILED;
    if (last == progress->mark)
        return STEP_DONE;
    bool is_full = last - progress->mark >= PORTION;
    progress->before = progress->mark;
    progress->mark = last;
    return is_full ? STEP_MORE : STEP_DONE;
}

/* Within one state of the ledger. *ret_consumed: the ledger's, if the copy goes on. */
static enum outcome copy_portion(struct view_feed *feed, struct feed *ledger, struct progress *progress,
                                 int64_t *ret_consumed, struct err *err)
{
    if (feed_begin(ledger, err) != 0 || feed_read_consumed(ledger, progress->token, ret_consumed, err) != 0) {
        feed_end(ledger);
        return STEP_LEDGER_FAILED;
    }
    enum outcome outcome = STEP_MORE;
    if (*ret_consumed != progress->mark && *ret_consumed != progress->before)
        *ret_consumed = FEED_NOT_OURS;
    else if (*ret_consumed == progress->mark) /* otherwise the last portion must be consumed first: see before */
        outcome = progress->copied != NULL ? copy_all(feed, ledger, progress, err)
                                           : copy_changes(feed, ledger, progress, err);
    feed_end(ledger);
    return *ret_consumed == FEED_NOT_OURS ? start_over(feed, ledger, progress, err) : outcome;
}

static enum outcome step_ledger(struct view_feed *feed, size_t at, struct feed *ledger, struct err *err)
{
    struct progress progress = { .copied = NULL };
    int64_t consumed = 0;
    if (store_begin(feed->store, err) != 0 || read_progress(feed, at, &progress, err) != 0)
        return STEP_VIEW_FAILED;
    enum outcome outcome = copy_portion(feed, ledger, &progress, &consumed, err);
    if (outcome == STEP_LEDGER_FAILED) {
        store_roll_back(feed->store);
        view_words_undo(feed->words);
    } else if (outcome != STEP_VIEW_FAILED &&
               (write_progress(feed, &progress, err) != 0 || store_commit(feed->store, err) != 0)) {
        outcome = STEP_VIEW_FAILED;
    }
    /* From here on the copy has the changes: a crash repeats this alone. */
    if (outcome != STEP_VIEW_FAILED && outcome != STEP_LEDGER_FAILED && consumed >= 0 && consumed < progress.mark &&
        feed_consume(ledger, progress.mark, err) != 0)
        outcome = STEP_LEDGER_FAILED;
    free(progress.copied);
    return outcome;
}

/* ---- steps ---- */

/* *ret_ledger is NULL if there is none yet. */
static int connect(struct view_feed *feed, size_t at, struct feed **ret_ledger, struct err *err)
{
    struct connection *connection = &feed->connections[at];
    if (connection->ledger != NULL && !feed_is_current(connection->ledger)) {
        feed_close(connection->ledger);
        connection->ledger = NULL;
    }
    if (connection->ledger == NULL && feed_open(feed->profiles[at].state_dir, &connection->ledger, err) != 0)
        return -1;
    *ret_ledger = connection->ledger;
    return 0;
}

static enum outcome step_profile(struct view_feed *feed, size_t at, struct err *err)
{
    struct connection *connection = &feed->connections[at];
    struct feed *ledger = NULL;
    bool has_changed = false;
    if (connect(feed, at, &ledger, err) != 0)
        return STEP_LEDGER_FAILED;
    if (ledger == NULL)
        return STEP_DONE;
    if (feed_has_changed(ledger, &has_changed, err) != 0)
        return STEP_LEDGER_FAILED;
    if (!has_changed && !connection->has_more)
        return STEP_DONE;
    enum outcome outcome = step_ledger(feed, at, ledger, err);
    connection->has_more = outcome != STEP_DONE;
    return outcome;
}

/* A site has new agents and campaigns for years, and the ledger forgets its calls by age. */
static int prune_words(struct view_feed *feed, struct err *err)
{
    int64_t now = clock_mono_ms();
    if (feed->pruned_ms != 0 && now - feed->pruned_ms < DAY_MS)
        return 0;
    feed->pruned_ms = now;
    if (store_begin(feed->store, err) == 0 && view_words_prune(feed->words, feed->store, err) == 0 &&
        store_commit(feed->store, err) == 0)
        return 0;
    store_roll_back(feed->store);
    return -1;
}

int view_feed_step(struct view_feed *feed, bool *ret_busy, struct err *err)
{
    struct err why = { .code = EX_OK };
    bool is_copying = false;
    *ret_busy = false;
    if (!is_in_place(feed))
        return err_set(err, EX_IOERR, "%s was deleted or replaced: it is made again", feed->path);
    for (size_t i = 0; i < feed->count; i++) {
        enum outcome outcome = step_profile(feed, i, &why);
        if (outcome == STEP_LEDGER_FAILED && write_problem(feed, i, why.message, err) != 0)
            return -1;
        if (outcome == STEP_VIEW_FAILED) {
            store_roll_back(feed->store);
            view_words_undo(feed->words);
            return err_set(err, why.code, "%s", why.message);
        }
        is_copying = is_copying || outcome == STEP_COPYING;
        *ret_busy = *ret_busy || outcome == STEP_MORE || outcome == STEP_COPYING;
    }
    if (feed->is_ready && !*ret_busy)
        return prune_words(feed, err);
    if (feed->is_ready || is_copying)
        return 0;
    feed->is_ready = view_file_finish(feed->store, err) == 0;
    feed->changes++;
    return feed->is_ready ? 0 : -1;
}

int view_feed_forget(const struct view_feed_profile *profiles, size_t count, struct err *err)
{
    int result = 0;
    for (size_t i = 0; i < count; i++) {
        struct feed *ledger = NULL;
        struct err ignored = { .code = EX_OK };
        struct err *why = result == 0 ? err : &ignored;
        if (feed_open(profiles[i].state_dir, &ledger, why) != 0 || (ledger != NULL && feed_stop(ledger, why) != 0))
            result = -1;
        feed_close(ledger);
    }
    return result;
}
