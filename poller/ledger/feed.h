/* feed: hands out the calls of a ledger to a view of them, such as that of the live page: first all calls, then
 * those that changed.
 *
 * Triggers note each changed call in the table touched. They exist only while somebody wants them, so a ledger
 * without a view pays nothing. The view applies the changes first, durably or not, and then calls feed_consume. A
 * crash between the two repeats changes, and loses none. A run never waits long: each of these functions that writes
 * is one short transaction. */
#ifndef FEED_H
#define FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct feed;

/* All functions that can fail return -1 and EX_IOERR, if nothing else is said. */

/* feed_open: opens state_dir/ledger.db. *ret_feed is NULL if there is no ledger yet, or if it has an older version's
 * tables: the next run creates or migrates it. Never creates, migrates or rebuilds a ledger. Ownership: feed_close.
 * Errors also: EX_NOPERM, EX_CONFIG (written by a newer version, or by another program). */
int feed_open(const char *state_dir, struct feed **ret_feed, struct err *err) MUST_CHECK;

/* feed_close: NULL is allowed. */
void feed_close(struct feed *feed);

/* feed_is_current: whether state_dir/ledger.db is still the file that is open, and not one that replaced it. */
bool feed_is_current(const struct feed *feed);

/* feed_has_changed: whether another program has changed the ledger since the last call of this function. True at the
 * first call. */
int feed_has_changed(struct feed *feed, bool *ret_changed, struct err *err) MUST_CHECK;

/* feed_begin, feed_end: between the two, all reading functions see one state of the ledger. Do not stay there long:
 * meanwhile the ledger's journal grows. */
int feed_begin(struct feed *feed, struct err *err) MUST_CHECK;
void feed_end(struct feed *feed);

/* feed_start: begins to note the changes for a view with this token, a text that is new each time. Ends what another
 * view had. *ret_consumed: the number of the last consumed change. feed_stop: ends it; the ledger notes nothing
 * more. */
int feed_start(struct feed *feed, const char *token, int64_t *ret_consumed, struct err *err) MUST_CHECK;
int feed_stop(struct feed *feed, struct err *err) MUST_CHECK;

/* feed_read_consumed: the number of the last consumed change, if the ledger notes changes for this token; or
 * FEED_NOT_OURS: the ledger was replaced, nobody consumed for too long, or another view took over. Then the view's copy
 * is worth nothing: begin again with feed_start. So is a copy that did not apply exactly the changes up to that number,
 * or up to that of the next feed_consume. */
#define FEED_NOT_OURS (-1)
int feed_read_consumed(struct feed *feed, const char *token, int64_t *ret_consumed, struct err *err) MUST_CHECK;

/* One call as it is now. Numbers may be RECORDS_UNKNOWN, texts NULL. Borrowed until the callback returns. */
struct feed_row {
    const char *uniqueid;
    bool exists; /* the ledger has it; otherwise nothing else is set */
    int64_t state, ended, direction, length, answer, took_ms, tries, tried, due, updated, seen;
    const char *status, *result, *campaign, *agent, *number, *reason;
    int64_t recording; /* enum recordings_state; 0: the ledger has no recording of the call */
};
typedef int feed_on_row(void *context, const struct feed_row *row, struct err *err);

/* feed_list_all: hands out at most limit calls with ids after the id `after`, in their order. *ret_count is their
 * number. A callback that returns -1 ends the list, and the function returns -1. */
int feed_list_all(struct feed *feed, const char *after, int64_t limit, feed_on_row *on_row, void *context,
                  int64_t *ret_count, struct err *err) MUST_CHECK;

/* feed_list_changed: hands out, as they are now, the calls of at most limit changes after the change `after`; a call
 * may come more than once. *ret_last is the number of the last of these changes, or `after`. */
int feed_list_changed(struct feed *feed, int64_t after, int64_t limit, feed_on_row *on_row, void *context,
                      int64_t *ret_last, struct err *err) MUST_CHECK;

/* feed_count: the number of calls. It reads the whole ledger's inner pages. */
int feed_count(struct feed *feed, int64_t *ret_count, struct err *err) MUST_CHECK;

/* feed_consume: the view has applied the changes up to this number. Deletes them. */
int feed_consume(struct feed *feed, int64_t last, struct err *err) MUST_CHECK;

/* feed_prune: for each run. Forgets the changes if nobody consumes them, so that the ledger does not grow; then
 * feed_read_consumed shows a number that fits no view. Durable: with the next store_commit. */
struct store;
int feed_prune(struct store *store, struct err *err) MUST_CHECK;

#endif
