/* lock: one run at a time on this host. */
#ifndef LOCK_H
#define LOCK_H

#include <stdint.h>

#include "base/err.h"

struct lock;

/* lock_acquire: takes the kernel lock on state_dir/lock, waiting at most wait_sec seconds. The lock ends with the
 * process, however it ends; the file stays. *ret_lock is NULL, and the result 0, when another process holds it.
 * Ownership: lock_release. Errors: EX_IOERR, EX_NOPERM. */
int lock_acquire(const char *state_dir, int64_t wait_sec, struct lock **ret_lock, struct err *err) MUST_CHECK;

/* lock_acquire_after_run: takes the lock for a command that changes the state, waiting for a run in progress to end, as
 * long as that run has said that it may take. Errors: those of lock_acquire, and EX_TEMPFAIL when it takes longer. */
int lock_acquire_after_run(const char *state_dir, struct lock **ret_lock, struct err *err) MUST_CHECK;

/* lock_say_longest: tells those who wait that the lock may be held for so many seconds. */
void lock_say_longest(const struct lock *lock, int64_t seconds);

/* lock_acquire_in_turn: as lock_acquire, for a run that takes its turn: it waits, some seconds, for a holder that lets
 * others in between, and not for one that does not. */
int lock_acquire_in_turn(const char *state_dir, struct lock **ret_lock, struct err *err) MUST_CHECK;

/* lock_acquire_to_share: as lock_acquire_after_run, for long work that lets others in between: it releases the lock
 * every second or so for a tenth of a second. */
int lock_acquire_to_share(const char *state_dir, struct lock **ret_lock, struct err *err) MUST_CHECK;

/* lock_release: NULL is fine. */
void lock_release(struct lock *lock);

#endif
