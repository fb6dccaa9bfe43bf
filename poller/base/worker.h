/* worker: threads that do work which waits for a disk, while their caller goes on. */
#ifndef WORKER_H
#define WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct worker;

/* One piece of work. run may not log, and shares nothing with the caller before worker_has_ended. */
struct worker_task {
    void (*run)(void *context);
    void *context;
    struct worker_task *next;                          /* worker's own, as the next */
    enum { WORKER_NONE, WORKER_WAITING, WORKER_ENDED } state;
};

/* worker_open: starts this many threads, which block all signals. on_end is called in such a thread after each task.
 * Ownership: worker_close. Errors: EX_IOERR (the system has no threads left). */
int worker_open(size_t threads, void (*on_end)(void *context), void *context, struct worker **ret_worker,
                struct err *err) MUST_CHECK;

/* worker_start: does the task after those that were started before. Ownership: task is borrowed until it has ended, or
 * until worker_close. */
void worker_start(struct worker *worker, struct worker_task *task);

/* worker_has_ended: whether the task has run to its end; its results may be read then. */
bool worker_has_ended(struct worker *worker, const struct worker_task *task);

/* worker_close: drops the tasks that wait, waits up to wait_ms for those that run, and ends the threads. False: a task
 * still runs. Then call it again, or leave the worker, and all that such a task uses, to the end of the process. worker
 * may be NULL. */
bool worker_close(struct worker *worker, int64_t wait_ms);

#endif
