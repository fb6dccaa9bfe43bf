/* leader_holder: the process that keeps the leader's lock between two runs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/version.h"
#include "engine/leader_holder.h"

/* The file with "CONNECTION SERVER_STARTED PID" of the holder. It is not in the ledger, because the ledger may be
 * rebuilt while the connection lives. */
#define LEADER "leader"

/* The file with "SECONDS SETTLED VERSION". */
#define LEASE "lease"

/* How often the holder checks its lease and its lock, with one statement. */
#define LOOK_SEC 5

/* A call grows older between two announcements, and until a standby reads one. */
#define SLACK_SEC 60

struct lease {
    int64_t seconds, settled;
    struct timespec written;
    ino_t inode;
};

struct keeper {
    const struct leader_holder *holder;
    char *state_dir;      /* absolute */
    struct source source; /* the holder's own connection */
    struct lease lease;
    int64_t renewed_ms; /* when the lease was last seen to change; monotonic */
    int64_t number;     /* the number of the last connection that had the lock */
    bool can_announce;         /* the server lets one session hold several locks */
    int level;          /* the announced level; -1: none */
};

/* ---- the lease ---- */

int leader_holder_write_lease(const char *state_dir, int64_t seconds, int64_t settled, struct err *err)
{
    char text[96];
    (void)snprintf(text, sizeof text, "%" PRId64 " %" PRId64 " " VERSION "\n", seconds, settled);
    return fileutil_replace(state_dir, LEASE, text, err);
}

void leader_holder_renew(const char *state_dir)
{
    char *path = mem_format("%s/" LEASE, state_dir);
    (void)!utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
    free(path);
}

void leader_holder_end(const char *state_dir)
{
    char *path = mem_format("%s/" LEASE, state_dir);
    (void)unlink(path);
    free(path);
}

/* Splits a small file into words and returns their number. The words are parts of *ret_text, which the caller frees. */
static size_t read_words(const char *path, char *words[], size_t most, char **ret_text)
{
    bool missing = false;
    size_t count = 0;
    *ret_text = NULL;
    if (fileutil_read(path, 128, FILEUTIL_REFUSE_LINK, ret_text, &missing, NULL) != 0 || missing)
        return 0;
    for (char *at = str_trim(*ret_text); *at != '\0' && count < most;) {
        words[count++] = at;
        at += strcspn(at, " ");
        if (*at != '\0')
            *at++ = '\0';
    }
    return count;
}

/* False: there is no lease, or another version wrote it; that version's runs start their own holder. */
static bool read_lease(const char *state_dir, struct lease *ret_lease)
{
    struct stat info;
    char *path = mem_format("%s/" LEASE, state_dir), *words[3], *text = NULL;
    bool good = lstat(path, &info) == 0 && read_words(path, words, 3, &text) == 3 && strcmp(words[2], VERSION) == 0 &&
                str_to_int(words[0], &ret_lease->seconds) && str_to_int(words[1], &ret_lease->settled);
    ret_lease->written = info.st_mtim;
    ret_lease->inode = info.st_ino;
    free(text);
    free(path);
    return good;
}

/* Measures with the monotonic clock, so that setting the clock does not end the lease. */
static bool has_lease(struct keeper *keeper)
{
    struct lease now;
    if (!read_lease(keeper->state_dir, &now))
        return false;
    const struct lease *before = &keeper->lease; /* all zero at first, unlike any file */
    if (now.inode != before->inode || now.written.tv_sec != before->written.tv_sec ||
        now.written.tv_nsec != before->written.tv_nsec)
        keeper->renewed_ms = clock_mono_ms();
    keeper->lease = now;
    return clock_mono_ms() - keeper->renewed_ms < now.seconds * 1000;
}

/* ---- the lock ---- */

bool leader_holder_owns(const char *state_dir, int64_t number, int64_t server_started)
{
    int64_t noted = 0, started = 0;
    char *path = mem_format("%s/" LEADER, state_dir), *words[2], *text = NULL;
    bool good = read_words(path, words, 2, &text) == 2 && str_to_int(words[0], &noted) &&
                str_to_int(words[1], &started);
    free(text);
    free(path);
    return good && number != 0 && number == noted && llabs((long long)(started - server_started)) <= 2;
}

static int note_leader(const struct keeper *keeper, int64_t server_started, struct err *err)
{
    char text[96];
    (void)snprintf(text, sizeof text, "%" PRId64 " %" PRId64 " %ld\n", keeper->number, server_started, (long)getpid());
    return fileutil_replace(keeper->state_dir, LEADER, text, err);
}

static int take_on_new_connection(struct keeper *keeper, bool *ret_held, struct err *err)
{
    struct locks_look look;
    int64_t started = 0;
    if (source_open(keeper->holder->kind, keeper->holder->settings, &keeper->source, err) != 0 ||
        locks_are_many(&keeper->source, keeper->holder->lock, &keeper->can_announce, err) != 0 ||
        locks_take(&keeper->source, keeper->holder->lock, 0, ret_held, err) != 0)
        return -1;
    if (!*ret_held)
        return 0;
    if (locks_look(&keeper->source, keeper->holder->lock, false, &look, err) != 0 ||
        locks_started(&keeper->source, &started, err) != 0)
        return -1;
    keeper->number = look.own;
    return note_leader(keeper, started, err);
}

/* Takes the lock if it is free; *ret_held: this process has the lock now. Uses a new connection, because the old one
 * may still have some locks. Gives the lock up if the number cannot be written, because runs would not recognize it.
 */
static int take_lock(struct keeper *keeper, bool *ret_held, struct err *err)
{
    source_close(&keeper->source);
    keeper->level = -1;
    if (take_on_new_connection(keeper, ret_held, err) == 0)
        return 0;
    source_close(&keeper->source);
    return -1;
}

/* Announces the age of the open calls, if the age is known. After an error, the next check tries again. */
static void announce_age(struct keeper *keeper, int64_t now)
{
    const struct lease *lease = &keeper->lease;
    int level = lease->settled > 0 ? locks_level(now - lease->settled + SLACK_SEC) : -1;
    if (keeper->can_announce && locks_say(&keeper->source, keeper->holder->lock, keeper->level, level, NULL) == 0)
        keeper->level = level;
}

/* Checks that this process still has the lock, and takes the lock if it is free. False: another host has it. */
static bool keep_lock(struct keeper *keeper)
{
    struct locks_look look;
    bool held = true;
    if (keeper->source.ops != NULL && locks_look(&keeper->source, keeper->holder->lock, false, &look, NULL) != 0)
        return true; /* the server is down; when it is back, the lock is free and this process takes it again */
    if (keeper->source.ops == NULL || look.holder == 0)
        return take_lock(keeper, &held, NULL) != 0 || held;
    if (look.holder == look.own)
        announce_age(keeper, look.now);
    /* The lock may still have the old number: then the server has not noticed that our former connection ended. */
    return look.holder == look.own || look.holder == keeper->number;
}

static void keep_while_leased(struct keeper *keeper)
{
    static const struct timespec second = { .tv_sec = 1 };
    while (has_lease(keeper) && keep_lock(keeper))
        for (int i = 0; i < LOOK_SEC; i++) {
            if (interrupt_requested())
                return;
            (void)nanosleep(&second, NULL);
        }
}

/* ---- the process ---- */

/* Closes the run's files: lock, log and cron's pipe. Leaves the run's directory, so that its disk can be unmounted. */
static void detach(int report)
{
    DIR *open_files = opendir("/proc/self/fd");
    (void)setsid();
    (void)!chdir("/");
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= 2; fd++)
        (void)dup2(nothing, fd);
    for (const struct dirent *entry = open_files != NULL ? readdir(open_files) : NULL; entry != NULL;
         entry = readdir(open_files)) {
        int64_t fd = 0;
        if (str_to_int(entry->d_name, &fd) && fd > 2 && fd != report && fd != dirfd(open_files))
            (void)close((int)fd);
    }
    if (open_files != NULL)
        (void)closedir(open_files);
}

/* "1": the holder has the lock; "0": another connection has it; else "EXIT_CODE REASON". */
static void send_report(int report, int result, bool held, const struct err *err)
{
    char *text = result == 0 ? mem_format("%d", held ? 1 : 0) : mem_format("%d %s", err->code, err->message);
    (void)!write(report, text, strlen(text));
    (void)close(report);
    free(text);
}

static void run_holder(const struct leader_holder *holder, int report)
{
    struct err err = { .code = EX_UNAVAILABLE };
    struct keeper keeper = { .holder = holder, .state_dir = fileutil_absolute(holder->state_dir) };
    bool held = false;
    detach(report);
    int result = take_lock(&keeper, &held, &err);
    send_report(report, result, held, &err);
    if (result == 0 && held)
        keep_while_leased(&keeper);
    source_close(&keeper.source);
    free(keeper.state_dir);
}

static int read_report(int report, bool *ret_held, struct err *err)
{
    char text[1200];
    ssize_t got = read(report, text, sizeof text - 1); /* one write is one read: a report is shorter than PIPE_BUF */
    if (got < 0)
        return err_set(err, EX_UNAVAILABLE, "stopped by a signal before the leader's lock was taken");
    text[got] = '\0';
    char *reason = text + strcspn(text, " ");
    int64_t code = EX_UNAVAILABLE;
    if (got == 1) {
        *ret_held = *text == '1';
        return 0;
    }
    if (*reason != '\0')
        *reason++ = '\0';
    (void)!str_to_int(text, &code);
    return err_set(err, (int)code, "could not keep the leader's lock: %s",
                   *reason != '\0' ? reason : "the process that kept the lock ended");
}

int leader_holder_start(const struct leader_holder *holder, bool *ret_held, struct err *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_set(err, EX_UNAVAILABLE, "could not keep the leader's lock: %s", strerror(errno));
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        run_holder(holder, ends[1]);
        _exit(0);
    }
    (void)close(ends[1]);
    int result = child > 0 ? read_report(ends[0], ret_held, err)
                           : err_set(err, EX_UNAVAILABLE, "could not keep the leader's lock: %s", strerror(errno));
    (void)close(ends[0]);
    return result;
}
