/* privileges: gives up rights of the process that it does not need. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fileutil.h"
#include "base/mem.h"
#include "base/privileges.h"
#include "base/str.h"

static const char *const kept_variables[] = {
    "API_KEY", "DID_OPTIMIZER_API_URL", "VICIDIAL_DB_HOST", "VICIDIAL_DB_USER", "VICIDIAL_DB_PASSWORD",
    "VICIDIAL_DB_NAME", "VICIDIAL_DB_PORT", "PGPASSFILE", "TZ", "PATH", "DID_OPTIMIZER_SYNC_BY",
    "DID_OPTIMIZER_SYNC_ACTION",
    "BQ_PROJECT_ID", "BQ_DATASET_ID", "BQ_LOCATION", "SERVICE_ACCOUNT_KEY_JSON", "SERVICE_ACCOUNT_KEY_FILE",
    "PBX_API_URL", "PBX_DOMAIN", "PBX_API_KEY", "PBX_REQUEST_TIMEOUT", "PBX_RECORDING_BASE_URL", "TIMEZONE",
    "CALLCENTER_BATCH_SIZE", "CALLCENTER_MAX_RETRIES", "GOOGLE_DRIVE_FOLDER_ID", "GOOGLE_DRIVE_CREDENTIALS",
    "GOOGLE_DRIVE_CREDENTIALS_FILE", "GOOGLE_APPLICATION_CREDENTIALS",
    "CALLIO_API_BASE_URL", "CALLIO_ACCOUNTS_JSON", "CALLIO_ACCOUNTS_FILE", "API_TIMEOUT", "API_PAGE_SIZE",
    "LIMIT_RECORDS_PER_ENDPOINT", "OVERLAP_MS", "DAYS_TO_FETCH_IF_EMPTY",
};

static void clean_environment(void)
{
    enum { COUNT = sizeof kept_variables / sizeof kept_variables[0] };
    char *values[COUNT];
    for (int i = 0; i < COUNT; i++) {
        const char *value = getenv(kept_variables[i]);
        values[i] = value != NULL ? mem_copy(value) : NULL;
    }
    if (clearenv() != 0)
        mem_out_of_memory();
    for (int i = 0; i < COUNT; i++) {
        if (values[i] == NULL)
            continue;
        if (setenv(kept_variables[i], values[i], 1) != 0)
            mem_out_of_memory();
        mem_free_secret(values[i]);
    }
}

/* A file opened later must not get the number of a closed standard descriptor: a message would be written into it. */
static int fill_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            return -1;
    return 0;
}

/* Some supported systems are older than closefrom (glibc 2.34) and close_range (Linux 5.9). */
static int close_inherited_files(int from)
{
    DIR *files = opendir("/proc/self/fd");
    if (files == NULL)
        return -1;
    const struct dirent *entry;
    int64_t fd;
    while ((entry = readdir(files)) != NULL)
        if (str_to_int(entry->d_name, &fd) && fd >= from && fd != dirfd(files))
            (void)close((int)fd);
    return closedir(files);
}

static int forbid_core_dumps(void)
{
    static const struct rlimit none = { .rlim_cur = 0, .rlim_max = 0 };
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : -1;
}

/* A program inherits ignored and blocked signals. If SIGCHLD is ignored, a process cannot wait for its children; if
 * SIGTERM is blocked, nothing can stop the run. SIGHUP stays as it is: nohup ignores it on purpose. */
static int reset_signals(void)
{
    struct sigaction action;
    static const struct sigaction usual = { .sa_handler = SIG_DFL };
    sigset_t none;
    for (int number = 1; number <= SIGRTMAX; number++)
        if (number != SIGHUP && sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN &&
            sigaction(number, &usual, NULL) != 0)
            return -1;
    return sigemptyset(&none) == 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0 ? 0 : -1;
}

int privileges_harden(struct err *err)
{
    return privileges_harden_with_files(0, err);
}

int privileges_harden_with_files(int count, struct err *err)
{
    clean_environment();
    if (reset_signals() != 0)
        return err_set(err, EX_SOFTWARE, "could not reset the signals: %s", strerror(errno));
    if (fill_standard_files() != 0)
        return err_set(err, EX_SOFTWARE, "could not open /dev/null: %s", strerror(errno));
    if (close_inherited_files(STDERR_FILENO + 1 + count) != 0)
        return err_set(err, EX_SOFTWARE, "could not close inherited files: /proc/self/fd: %s", strerror(errno));
    if (forbid_core_dumps() != 0)
        return err_set(err, EX_SOFTWARE, "could not forbid core dumps: %s", strerror(errno));
    return 0;
}

static int become(uid_t user, gid_t group)
{
    if (setgroups(1, &group) != 0 || setresgid(group, group, group) != 0 || setresuid(user, user, user) != 0)
        return -1;
    uid_t users[3];
    gid_t groups[3];
    if (getresuid(&users[0], &users[1], &users[2]) != 0 || getresgid(&groups[0], &groups[1], &groups[2]) != 0)
        return -1;
    for (int i = 0; i < 3; i++)
        if (users[i] != user || groups[i] != group)
            return -1;
    errno = 0;
    return setuid(0) == 0 ? -1 : 0; /* the process must not be able to become root again */
}

int privileges_drop_to_owner(const char *directory, struct err *err)
{
    struct stat info;
    if (geteuid() != 0)
        return 0;
    if (fileutil_check_dir(directory, &info, err) != 0)
        return -1;
    if (info.st_uid == 0)
        return 0;
    if (become(info.st_uid, info.st_gid) != 0)
        return err_set(err, EX_NOPERM, "could not become the owner of %s: %s", directory, strerror(errno));
    /* Changing the user may have made the process dumpable again. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || forbid_core_dumps() != 0)
        return err_set(err, EX_SOFTWARE, "could not give up privileges: %s", strerror(errno));
    return 0;
}
