/* lock: one run at a time on this host. */
#ifndef LOCK_H
#define LOCK_H

#include <stdint.h>

#include "base/err.h"

struct lock;

/* lock_acquire: takes the kernel lock on state_dir/lock, waiting at most wait_sec seconds. The kernel releases the lock
 * when the process ends, also after a crash; the file stays. If another process has the lock, *ret_lock is NULL and the
 * result 0. Ownership: lock_release. Errors: EX_IOERR, EX_NOPERM. */
int lock_acquire(const char *state_dir, int64_t wait_sec, struct lock **ret_lock, struct err *err) MUST_CHECK;

/* lock_acquire_for_command: takes the lock for a command that changes the state. Waits for a run in progress, as long
 * as that run has announced (lock_announce_longest_hold). Errors: those of lock_acquire, and EX_TEMPFAIL after that
 * wait. */
int lock_acquire_for_command(const char *state_dir, struct lock **ret_lock, struct err *err) MUST_CHECK;

/* lock_announce_longest_hold: tells waiting processes that this one may hold the lock for so many seconds. */
void lock_announce_longest_hold(const struct lock *lock, int64_t seconds);

/* lock_acquire_for_run: lock_acquire for a run that cron started. It waits some seconds if long work holds the lock, as
 * long work lets runs in between. It does not wait for any other holder. */
int lock_acquire_for_run(const char *state_dir, struct lock **ret_lock, struct err *err) MUST_CHECK;

/* lock_acquire_for_long_work: lock_acquire_for_command for long work. The caller must let runs in between: it releases
 * the lock about every second for a tenth of a second. */
int lock_acquire_for_long_work(const char *state_dir, struct lock **ret_lock, struct err *err) MUST_CHECK;

/* lock_acquire_to_change: takes the kernel lock on the file at path, for a command that reads it and puts a changed one
 * in its place. Waits for another such command. *ret_lock is NULL if there is no file yet. Ownership: lock_release.
 * Errors: EX_IOERR, EX_NOPERM; EX_TEMPFAIL: the other command has not ended within 10 seconds. */
int lock_acquire_to_change(const char *path, struct lock **ret_lock, struct err *err) MUST_CHECK;

/* lock_release: releases the lock and frees it. lock may be NULL. */
void lock_release(struct lock *lock);

#endif
