/* lock: one run at a time on this host. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "lock.h"
#include "mem.h"

/* A run ends within its time budget and a request's time-out. */
#define WAIT_FOR_RUN_SEC 70

/* Long work lets others in every second, unless the API is slow at that moment. */
#define WAIT_FOR_TURN_SEC 15

/* Stands in the file while the lock is held by work that lets others in. */
#define SHARED "shared\n"

struct lock {
    int fd;
};

/* 1: held, 0: another has it, -1 with errno. */
static int try_lock(int fd, int64_t deadline_ms)
{
    static const struct timespec pause = { .tv_nsec = 20L * 1000 * 1000 };
    for (;;) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return 1;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return -1;
        if (clock_mono_ms() >= deadline_ms)
            return 0;
        (void)nanosleep(&pause, NULL);
    }
}

int lock_acquire(const char *state_dir, int wait_sec, struct lock **ret_lock, struct err *err)
{
    *ret_lock = NULL;
    char *path = mem_format("%s/lock", state_dir);
    int result = 0;
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0640);
    int held = fd >= 0 ? try_lock(fd, clock_mono_ms() + (int64_t)wait_sec * 1000) : -1;
    if (held < 0)
        result = err_set(err, errno == EACCES || errno == EPERM ? EX_NOPERM : EX_IOERR, "could not lock %s: %s", path,
                         errno == ELOOP ? "it is a symbolic link" : strerror(errno));
    if (held > 0) {
        *ret_lock = mem_zero(1, sizeof **ret_lock);
        (*ret_lock)->fd = fd;
        struct stat info;
        if (fstat(fd, &info) == 0 && info.st_size > 0)
            (void)!ftruncate(fd, 0); /* the word of a holder that shared; it only makes others wait */
    } else if (fd >= 0) {
        (void)close(fd);
    }
    free(path);
    return result;
}

int lock_acquire_after_run(const char *state_dir, struct lock **ret_lock, struct err *err)
{
    if (lock_acquire(state_dir, WAIT_FOR_RUN_SEC, ret_lock, err) != 0)
        return -1;
    return *ret_lock != NULL ? 0 : err_set(err, EX_TEMPFAIL, "a run in progress does not end; try again");
}

static bool is_shared(const char *state_dir)
{
    struct stat info;
    char *path = mem_format("%s/lock", state_dir);
    bool shared = stat(path, &info) == 0 && info.st_size > 0;
    free(path);
    return shared;
}

int lock_acquire_in_turn(const char *state_dir, struct lock **ret_lock, struct err *err)
{
    int result = lock_acquire(state_dir, 0, ret_lock, err);
    if (result == 0 && *ret_lock == NULL && is_shared(state_dir))
        result = lock_acquire(state_dir, WAIT_FOR_TURN_SEC, ret_lock, err);
    return result;
}

int lock_acquire_to_share(const char *state_dir, struct lock **ret_lock, struct err *err)
{
    if (lock_acquire_after_run(state_dir, ret_lock, err) != 0 || *ret_lock == NULL)
        return -1;
    (void)!write((*ret_lock)->fd, SHARED, sizeof SHARED - 1); /* without it others do not wait, which loses nothing */
    return 0;
}

void lock_release(struct lock *lock)
{
    if (lock == NULL)
        return;
    (void)close(lock->fd);
    free(lock);
}
