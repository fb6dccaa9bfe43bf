/* view_thread: the thread that feeds view.db from the ledgers. */
#ifndef VIEW_THREAD_H
#define VIEW_THREAD_H

#include <stddef.h>
#include <stdint.h>

#include "serve/view_feed.h"

struct view_thread;

/* view_thread_start: begins to feed the file at path. The path is copied; the profiles are borrowed until
 * view_thread_stop. What goes wrong with view.db is tried again after some seconds. The thread itself never logs: the
 * log belongs to one thread. Errors: EX_IOERR (no thread could start; *ret_thread is to be stopped too). */
int view_thread_start(const char *path, const struct view_feed_profile *profiles, size_t count,
                      struct view_thread **ret_thread, struct err *err) MUST_CHECK;

/* view_thread_change: feeds these profiles from now on; the earlier ones are no longer borrowed. Waits for the present
 * portion. Errors: EX_IOERR (no thread could start; view_thread_stop is still allowed). */
int view_thread_change(struct view_thread *thread, const struct view_feed_profile *profiles, size_t count,
                       struct err *err) MUST_CHECK;

/* view_thread_problem: why view.db cannot be kept up to date now; "": it can. thread NULL: "". Returns out. */
enum { VIEW_THREAD_PROBLEM_SIZE = 1024 };
const char *view_thread_problem(struct view_thread *thread, char out[VIEW_THREAD_PROBLEM_SIZE]);

/* view_thread_changes: a number that grows with each change of view.db; read it with __atomic_load_n. Valid until
 * view_thread_stop. */
const int64_t *view_thread_changes(const struct view_thread *thread);

/* view_thread_stop: ends the thread after its present portion, and frees it. NULL is allowed. */
void view_thread_stop(struct view_thread *thread);

#endif
