/* action_journal: who did what over the page: the file journal.db, and the output of the commands that run. */
#ifndef ACTION_JOURNAL_H
#define ACTION_JOURNAL_H

#include <stdint.h>

#include "base/err.h"

struct action_journal;

/* One action. Texts are borrowed until the callback returns. */
struct action_journal_row {
    int64_t id, began, ended;   /* epochs; ended 0: it runs */
    const char *user, *address, *profile, *action;
    const char *arguments;      /* JSON */
    int64_t exit_code;          /* of the command; -1: it runs, or the page ended before the command */
    const char *output;         /* its last lines, each with a line end */
};
typedef void action_journal_on_row(void *context, const struct action_journal_row *row);

/* How many actions are kept, how many recordings_fetch among them, and how many bytes of output. */
enum { ACTION_JOURNAL_MOST = 10000, ACTION_JOURNAL_FETCHES_MOST = 1000, ACTION_JOURNAL_OUTPUT_MOST = 16 * 1024 };

/* All functions that can fail return -1 and EX_IOERR or EX_NOPERM. Changes are durable on return, unless noted. */

/* action_journal_open: opens or creates the file. Actions without an end get one: the page that waited for them is
 * gone. A damaged file is moved aside, with a warning in the log, and a new one begins. Ownership:
 * action_journal_close, which allows NULL. */
int action_journal_open(const char *path, struct action_journal **ret_journal, struct err *err) MUST_CHECK;
void action_journal_close(struct action_journal *journal);

/* action_journal_begin: notes the beginning of an action and gives it a number. */
int action_journal_begin(struct action_journal *journal, const struct action_journal_row *row, int64_t *ret_id,
                         struct err *err) MUST_CHECK;

/* action_journal_line: adds a line of output; it is durable with the end. action_journal_end: notes the end. */
int action_journal_line(struct action_journal *journal, int64_t id, const char *line, struct err *err) MUST_CHECK;
int action_journal_end(struct action_journal *journal, int64_t id, int64_t now, int exit_code,
                       struct err *err) MUST_CHECK;

/* action_journal_list: the rows, newest first; with id above 0 only that one. *ret_total: all there are; NULL: nobody
 * counts them. */
int action_journal_list(struct action_journal *journal, int64_t id, int64_t skip, int64_t most,
                        action_journal_on_row *on_row, void *context, int64_t *ret_total, struct err *err) MUST_CHECK;

#endif
