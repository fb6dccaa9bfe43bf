/* check_state: the part of `check` that tests the files: state directory, ledger, log. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/mem.h"
#include "commands/check_state.h"
#include "ledger/checkpoint.h"
#include "ledger/ledger.h"
#include "ledger/legacy.h"

/* A busy dialer's ledger grows by a few MB a day. Its journal can take as much for a moment. */
#define FEW_BYTES (INT64_C(64) * 1024 * 1024)
#define FEW_FILES 100

#define PROBE "check.probe"

/* ---- the log ---- */

/* A warning: a run that cannot write its log sends calls all the same (log.h). */
static void warn_about_log(struct check_report *report, const char *log, const char *reason, const char *remedy)
{
    check_warn(report, "log", remedy,
               "%s cannot be written: %s. Calls are still sent, and the log's lines go to syslog", log, reason);
}

static void check_existing_log(struct check_report *report, const char *log, const struct stat *info)
{
    if (!S_ISREG(info->st_mode) && !S_ISCHR(info->st_mode)) {
        warn_about_log(report, log, "it is not a regular file", "remove it, or name another with --log");
        return;
    }
    int fd = open(log, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        warn_about_log(report, log, strerror(errno),
                    "let its owner be the user that runs the program, or name another with --log");
    else
        check_good(report, "log", "%s can be written", log);
    if (fd >= 0)
        (void)close(fd);
}

void check_log(struct check_report *report, const struct options *options)
{
    struct stat info;
    if (strcmp(options->log, "-") == 0)
        return;
    if (lstat(options->log, &info) == 0) {
        check_existing_log(report, options->log, &info);
        return;
    }
    char *directory = fileutil_directory_of(options->log);
    char *inside = mem_format("%s/", directory); /* fails if this is not a directory */
    char *remedy =
        mem_format("make %s a directory that the program may write, or name another log with --log", directory);
    if (faccessat(AT_FDCWD, inside, W_OK | X_OK, AT_EACCESS) != 0)
        warn_about_log(report, options->log, strerror(errno), remedy);
    else
        check_good(report, "log", "%s can be created", options->log);
    free(remedy);
    free(inside);
    free(directory);
}

/* ---- the state ---- */

static void check_checkpoint(struct check_report *report, const char *state_dir)
{
    struct err err = { .code = EX_OK };
    struct position position;
    enum checkpoint_found found = CHECKPOINT_MISSING;
    char local[CLOCK_TEXT_SIZE];
    if (checkpoint_load(state_dir, &found, &position, &err) != 0) {
        check_fail_err(report, "checkpoint", &err);
    } else if (found == CHECKPOINT_DAMAGED) {
        check_warn(report, "checkpoint",
                   "the next run renames the file and continues from the ledger's copy; without a copy, from "
                   "first_run_lookback ago",
                   "%s", err.message);
    } else if (found == CHECKPOINT_MISSING) {
        check_good(report, "checkpoint", "none yet: the first run will start 1 hour back (first_run_lookback)");
    } else {
        check_good(report, "checkpoint", "%s", clock_local(position.end_epoch, local, sizeof local));
    }
}

/* Writes a file: the rights do not show whether the disk is full or read-only. */
static void check_writing(struct check_report *report, const char *state_dir)
{
    struct err err;
    char text[4096]; /* a full disk may still take a smaller file */
    memset(text, ' ', sizeof text);
    text[sizeof text - 1] = '\0';
    char *path = mem_format("%s/" PROBE, state_dir);
    if (fileutil_replace(state_dir, PROBE, text, &err) != 0)
        check_fail_err(report, "state", &err);
    else
        check_good(report, "state", "%s can be written", state_dir);
    (void)unlink(path);
    free(path);
}

/* A command run as another user may have left files that the owner cannot use. Returns false if there are such
 * files. */
static bool check_owner(struct check_report *report, const char *state_dir)
{
    static const char *const names[] = { "ledger.db", "ledger.db-wal", "ledger.db-shm", "lock" };
    bool good = true;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && good; i++) {
        char *path = mem_format("%s/%s", state_dir, names[i]);
        if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) != 0 && errno != ENOENT) {
            good = false;
            char *remedy =
                mem_format("give it to the owner of the directory: chown --reference=%s %s", state_dir, path);
            check_fail(report, "ledger", EX_NOPERM, remedy, "%s cannot be read and written: %s", path, strerror(errno));
            free(remedy);
        }
        free(path);
    }
    return good;
}

/* Warns if somebody has written the older script's checkpoint since this program took over: it has no effect any more.
 * A checkpoint of the last minutes means that the older script still runs; check.c reports that. */
static void check_old_checkpoint(struct check_report *report, const char *legacy, struct ledger *ledger)
{
    int64_t since = 0;
    char advice[LEGACY_ADVICE_SIZE];
    if (ledger_read_note(ledger, LEDGER_NOTE_TAKEN_OVER, 0, &since, NULL) == 0 && since != 0 &&
        !legacy_advice(legacy, 0, advice, sizeof advice) && legacy_advice(legacy, since, advice, sizeof advice))
        check_warn_message(report, "older script", advice);
}

static void check_ledger(struct check_report *report, const struct options *options, const char *source_type)
{
    struct err err;
    struct ledger *ledger = NULL;
    if (!check_owner(report, options->state_dir))
        return;
    if (ledger_open(options->state_dir, LEDGER_READ_ONLY, &ledger, NULL, &err) != 0 ||
        (source_type != NULL && ledger_confirm_source(ledger, source_type, &err) != 0))
        check_fail_err(report, "ledger", &err);
    else
        check_good(report, "ledger", "can be read and written");
    if (ledger != NULL)
        check_old_checkpoint(report, options->legacy, ledger);
    ledger_close(ledger);
}

static void check_space(struct check_report *report, const char *directory)
{
    struct statvfs disk;
    if (statvfs(directory, &disk) != 0)
        return;
    int64_t bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
    bool few_files = disk.f_files > 0 && disk.f_favail < FEW_FILES; /* some file systems count none */
    if (bytes < FEW_BYTES || few_files)
        check_warn(report, "disk", "free disk space: a run that cannot record its outcomes sends nothing",
                   "the disk of %s is nearly full: %" PRId64 " MB and %ju files are left", directory, bytes / 1000000,
                   (uintmax_t)disk.f_favail);
}

void check_state(struct check_report *report, const struct options *options, const char *source_type)
{
    struct err err;
    if (fileutil_check_writable_dir(options->state_dir, &err) != 0) {
        check_fail_err(report, "state", &err);
        return;
    }
    check_writing(report, options->state_dir);
    check_checkpoint(report, options->state_dir);
    check_ledger(report, options, source_type);
    check_space(report, options->state_dir);
    char *log_directory = fileutil_directory_of(options->log);
    struct stat state_info, log_info;
    if (strcmp(options->log, "-") != 0 && stat(log_directory, &log_info) == 0 &&
        stat(options->state_dir, &state_info) == 0 && log_info.st_dev != state_info.st_dev)
        check_space(report, log_directory);
    free(log_directory);
}
