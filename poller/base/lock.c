/* lock: one run at a time on this host. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/str.h"

/* If the holder's note does not say how long the holder may take. */
#define WAIT_FOR_RUN_SEC 70

/* A change of a file takes some ms. */
#define WAIT_FOR_CHANGE_SEC 10

/* Long work releases the lock every second, later only while the API answers slowly. */
#define WAIT_FOR_TURN_SEC 15

/* The holder's note in the lock file: this text for long work that lets other runs in between, otherwise the most
 * seconds that the holder may take, or nothing. */
#define SHARED_NOTE "shared\n"

struct lock {
    int fd;
};

/* 1: this process has the lock, 0: another process has it, -1 with errno. */
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

int lock_acquire(const char *state_dir, int64_t wait_sec, struct lock **ret_lock, struct err *err)
{
    *ret_lock = NULL;
    char *path = mem_format("%s/lock", state_dir);
    int result = 0;
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0640);
    int held = fd >= 0 ? try_lock(fd, clock_mono_ms() + wait_sec * 1000) : -1;
    if (held < 0)
        result = err_set(err, errno == EACCES || errno == EPERM ? EX_NOPERM : EX_IOERR, "could not lock %s: %s", path,
                         errno == ELOOP ? "it is a symbolic link" : strerror(errno));
    if (held > 0) {
        *ret_lock = mem_zero(1, sizeof **ret_lock);
        (*ret_lock)->fd = fd;
        struct stat info;
        if (fstat(fd, &info) == 0 && info.st_size > 0)
            (void)!ftruncate(fd, 0); /* the note of the last holder; an old note only makes others wait longer */
    } else if (fd >= 0) {
        (void)close(fd);
    }
    free(path);
    return result;
}

/* Reads the holder's note; "" if there is none or the file cannot be read. */
static void read_note(const char *state_dir, char out[32])
{
    char *path = mem_format("%s/lock", state_dir), *text = NULL;
    bool missing = false;
    out[0] = '\0';
    if (fileutil_read(path, 31, FILEUTIL_REFUSE_LINK, &text, &missing, NULL) == 0 && !missing)
        (void)snprintf(out, 32, "%s", text);
    free(text);
    free(path);
}

static void write_note(const struct lock *lock, const char *note)
{
    (void)!write(lock->fd, note, strlen(note)); /* without a note others wait a shorter time, which loses no call */
}

/* How long to wait for the holder of the lock: as long as its note says. */
static int64_t longest_wait_sec(const char *state_dir)
{
    char note[32];
    int64_t seconds = 0;
    read_note(state_dir, note);
    return str_to_int(str_trim(note), &seconds) && seconds > 0 ? seconds : WAIT_FOR_RUN_SEC;
}

int lock_acquire_for_command(const char *state_dir, struct lock **ret_lock, struct err *err)
{
    int result = lock_acquire(state_dir, 0, ret_lock, err);
    if (result != 0 || *ret_lock != NULL)
        return result;
    int64_t wait_sec = longest_wait_sec(state_dir);
    if (lock_acquire(state_dir, wait_sec, ret_lock, err) != 0)
        return -1;
    return *ret_lock != NULL ? 0 : err_set(err, EX_TEMPFAIL, "another run was still at work after %" PRId64
                                           " seconds, so this command did nothing; try again", wait_sec);
}

void lock_announce_longest_hold(const struct lock *lock, int64_t seconds)
{
    char note[32];
    (void)snprintf(note, sizeof note, "%" PRId64 "\n", seconds);
    write_note(lock, note);
}

static bool is_shared(const char *state_dir)
{
    char note[32];
    read_note(state_dir, note);
    return strcmp(note, SHARED_NOTE) == 0;
}

int lock_acquire_for_run(const char *state_dir, struct lock **ret_lock, struct err *err)
{
    int result = lock_acquire(state_dir, 0, ret_lock, err);
    if (result == 0 && *ret_lock == NULL && is_shared(state_dir))
        result = lock_acquire(state_dir, WAIT_FOR_TURN_SEC, ret_lock, err);
    return result;
}

int lock_acquire_for_long_work(const char *state_dir, struct lock **ret_lock, struct err *err)
{
    if (lock_acquire_for_command(state_dir, ret_lock, err) != 0 || *ret_lock == NULL)
        return -1;
    write_note(*ret_lock, SHARED_NOTE);
    return 0;
}

/* Whether path still leads to the open file. */
static bool is_same_file(int fd, const char *path)
{
    struct stat own, now;
    return fstat(fd, &own) == 0 && stat(path, &now) == 0 && own.st_dev == now.st_dev && own.st_ino == now.st_ino;
}

/* The command that was waited for has put another file in the place: then that one is to be locked. */
int lock_acquire_to_change(const char *path, struct lock **ret_lock, struct err *err)
{
    int64_t deadline_ms = clock_mono_ms() + WAIT_FOR_CHANGE_SEC * 1000;
    int held = 1;
    *ret_lock = NULL;
    while (held > 0) {
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0 && errno == ENOENT)
            return 0;
        held = fd >= 0 ? try_lock(fd, deadline_ms) : -1;
        if (held > 0 && is_same_file(fd, path)) {
            *ret_lock = mem_zero(1, sizeof **ret_lock);
            (*ret_lock)->fd = fd;
            return 0;
        }
        int reason = errno;
        if (fd >= 0)
            (void)close(fd);
        errno = reason;
    }
    if (held == 0)
        return err_set(err, EX_TEMPFAIL, "another command is changing %s, so this one did nothing; try again", path);
    return err_set(err, errno == EACCES || errno == EPERM ? EX_NOPERM : EX_IOERR, "could not lock %s: %s", path,
                   strerror(errno));
}

void lock_release(struct lock *lock)
{
    if (lock == NULL)
        return;
    (void)close(lock->fd);
    free(lock);
}
