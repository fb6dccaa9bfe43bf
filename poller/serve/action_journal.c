/* action_journal: who did what over the page. */
#include <stdlib.h>

#include "base/fileutil.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/store.h"
#include "base/str.h"
#include "serve/action_journal.h"

enum { ASIDE_SIZE = 4096 };

struct action_journal {
    struct store *store;
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS actions (id INTEGER PRIMARY KEY AUTOINCREMENT, began INTEGER NOT NULL,"
    " ended INTEGER NOT NULL DEFAULT 0, user TEXT NOT NULL, address TEXT NOT NULL, profile TEXT NOT NULL,"
    " action TEXT NOT NULL, arguments TEXT NOT NULL, exit INTEGER NOT NULL DEFAULT -1,"
    " output TEXT NOT NULL DEFAULT '')";

static int open_file(struct action_journal *journal, const char *path, struct err *err)
{
    if (store_open("the journal of actions", path, STORE_WRITE, &journal->store, err) != 0 ||
        store_start_journal(journal->store, err) != 0 || store_execute(journal->store, schema, err) != 0)
        return -1;
    return store_execute(journal->store, "UPDATE actions SET ended = began WHERE ended = 0", err);
}

/* The file stays for people. Its WAL goes first, so that it is never taken for that of the new file. */
static int move_aside(struct action_journal *journal, const char *path, struct err *err)
{
    char aside[ASIDE_SIZE];
    store_close(journal->store);
    journal->store = NULL;
    if (store_delete_journal(path, err) != 0 || fileutil_keep_damaged(path, aside, sizeof aside, err) != 0)
        return -1;
    log_warn("the journal of actions is damaged: it is kept as %s, and a new journal begins", aside);
    return 0;
}

int action_journal_open(const char *path, struct action_journal **ret_journal, struct err *err)
{
    struct action_journal *journal = mem_zero(1, sizeof *journal);
    int result = open_file(journal, path, err);
    if (result != 0 && store_is_damaged(journal->store) && move_aside(journal, path, err) == 0)
        result = open_file(journal, path, err);
    if (result == 0)
        *ret_journal = journal;
    else
        action_journal_close(journal);
    return result;
}

void action_journal_close(struct action_journal *journal)
{
    if (journal == NULL)
        return;
    store_close(journal->store);
    free(journal);
}

/* An action that could not be noted does not begin, so a later commit must not note it. */
static int undo(struct action_journal *journal)
{
    store_roll_back(journal->store);
    return -1;
}

/* Viewers fetch recordings: what they do must not push out of the journal what administrators did. */
static int forget_oldest(struct action_journal *journal, struct err *err)
{
    struct statement *fetches = store_prepare(
        journal->store, "DELETE FROM actions WHERE action = 'recordings_fetch' AND id <= (SELECT id FROM actions"
                        " WHERE action = 'recordings_fetch' ORDER BY id DESC LIMIT 1 OFFSET ?1)");
    store_bind_int(fetches, 1, ACTION_JOURNAL_FETCHES_MOST);
    if (store_change(journal->store, fetches, err) != 0)
        return -1;
    struct statement *all = store_prepare(
        journal->store, "DELETE FROM actions WHERE id <= (SELECT id FROM actions ORDER BY id DESC LIMIT 1 OFFSET ?1)");
    store_bind_int(all, 1, ACTION_JOURNAL_MOST);
    return store_change(journal->store, all, err);
}

int action_journal_begin(struct action_journal *journal, const struct action_journal_row *row, int64_t *ret_id,
                         struct err *err)
{
    struct statement *statement = store_prepare(
        journal->store, "INSERT INTO actions (began, user, address, profile, action, arguments)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    store_bind_int(statement, 1, row->began);
    store_bind_text(statement, 2, row->user);
    store_bind_text(statement, 3, row->address);
    store_bind_text(statement, 4, row->profile);
    store_bind_text(statement, 5, row->action);
    store_bind_text(statement, 6, row->arguments);
    if (store_change(journal->store, statement, err) != 0)
        return undo(journal);
    *ret_id = store_last_id(journal->store);
    if (forget_oldest(journal, err) != 0 || store_commit(journal->store, err) != 0)
        return undo(journal);
    return 0;
}

/* The first lines go when there are too many: the end of the output says how the command ended. */
int action_journal_line(struct action_journal *journal, int64_t id, const char *line, struct err *err)
{
    struct statement *statement = store_prepare(
        journal->store, "UPDATE actions SET output = substr(output || ?2 || char(10), -?3) WHERE id = ?1");
    store_bind_int(statement, 1, id);
    store_bind_text(statement, 2, line);
    store_bind_int(statement, 3, ACTION_JOURNAL_OUTPUT_MOST);
    return store_change(journal->store, statement, err);
}

int action_journal_end(struct action_journal *journal, int64_t id, int64_t now, int exit_code, struct err *err)
{
    struct statement *statement = store_prepare(
        journal->store, "UPDATE actions SET ended = max(?2, began, 1), exit = ?3 WHERE id = ?1");
    store_bind_int(statement, 1, id);
    store_bind_int(statement, 2, now);
    store_bind_int(statement, 3, exit_code);
    return store_change(journal->store, statement, err) == 0 ? store_commit(journal->store, err) : -1;
}

static void hand_out(struct statement *statement, action_journal_on_row *on_row, void *context)
{
    const struct action_journal_row row = {
        .id = store_int(statement, 0), .began = store_int(statement, 1), .ended = store_int(statement, 2),
        .user = store_text(statement, 3), .address = store_text(statement, 4), .profile = store_text(statement, 5),
        .action = store_text(statement, 6), .arguments = store_text(statement, 7),
        .exit_code = store_int(statement, 8), .output = str_or_empty(store_text(statement, 9)),
    };
    on_row(context, &row);
}

int action_journal_list(struct action_journal *journal, int64_t id, int64_t skip, int64_t most,
                        action_journal_on_row *on_row, void *context, int64_t *ret_total, struct err *err)
{
    struct statement *statement = store_prepare(
        journal->store, "SELECT id, began, ended, user, address, profile, action, arguments, exit, output FROM actions"
                        " WHERE ?1 = 0 OR id = ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3");
    int row = 0;
    store_bind_int(statement, 1, id);
    store_bind_int(statement, 2, most);
    store_bind_int(statement, 3, skip);
    while ((row = store_next(journal->store, statement, err)) == 1)
        hand_out(statement, on_row, context);
    if (row != 0)
        return -1;
    return ret_total != NULL ? store_number(journal->store, "SELECT count(*) FROM actions", ret_total, err) : 0;
}
