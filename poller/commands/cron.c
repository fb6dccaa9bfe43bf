/* cron: whether the host's cron starts the runs. Changes nothing. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fileutil.h"
#include "base/mem.h"
#include "base/str.h"
#include "commands/cron.h"

#define MAX_BYTES ((size_t)1 << 20)
#define BLANKS " \t"

/* Skips blanks and a leading #. */
static const char *beginning(const char *line, bool *ret_off)
{
    line += strspn(line, BLANKS);
    *ret_off = *line == '#';
    return line + strspn(line, "# \t");
}

/* Whether a crontab's line starts a command. Otherwise the line is a comment or sets a variable. */
static bool has_times(const char *line)
{
    return *line == '*' || *line == '@' || (*line >= '0' && *line <= '9');
}

/* Whether a line starts a command that contains words; *ret_off: all such lines are commented out. */
static bool find_line(const char *text, const char *words, bool *ret_off)
{
    bool found_off = false;
    for (const char *at = text; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        char *line = mem_copy_bytes(at, length);
        bool off = false, fits = has_times(beginning(line, &off)) && strstr(line, words) != NULL;
        free(line);
        *ret_off = false;
        if (fits && !off)
            return true;
        found_off = found_off || fits;
        at += length + (at[length] == '\n' ? 1 : 0);
    }
    *ret_off = found_off;
    return found_off;
}

/* Debian's cron skips such files and reports that to syslog only (load_database, crontab(5)). Other crons are less
 * strict. */
static bool is_ignored(const char *path, const char *text, char *problem, size_t size)
{
    struct stat info;
    size_t length = strlen(text);
    if (stat(path, &info) != 0)
        return false;
    if (info.st_uid != 0 && info.st_uid != geteuid())
        (void)snprintf(problem, size, "root does not own it");
    else if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        (void)snprintf(problem, size, "users other than root can write it");
    else if (length > 0 && text[length - 1] != '\n')
        (void)snprintf(problem, size, "its last line has no newline at the end");
    else
        return false;
    return true;
}

struct cron cron_inspect(const char *path)
{
    struct cron cron = { .state = CRON_ON };
    struct err err;
    char *text = NULL;
    bool missing = false, off = false;
    if (fileutil_read(path, MAX_BYTES, FILEUTIL_FOLLOW_LINK, &text, &missing, &err) != 0) {
        cron.state = CRON_UNKNOWN;
        (void)snprintf(cron.problem, sizeof cron.problem, "%.150s", err.message);
    } else if (missing) {
        cron.state = CRON_NO_FILE;
    } else if (!find_line(text, "did-optimizer-sync", &off)) {
        cron.state = CRON_NO_LINE;
    } else if (off) {
        cron.state = CRON_OFF;
    } else if (is_ignored(path, text, cron.problem, sizeof cron.problem)) {
        cron.state = CRON_IGNORED;
    }
    free(text);
    return cron;
}

bool cron_has_line(const char *path, const char *words)
{
    char *text = NULL;
    bool missing = false, off = false;
    bool found = fileutil_read(path, MAX_BYTES, FILEUTIL_FOLLOW_LINK, &text, &missing, NULL) == 0 && !missing &&
                 find_line(text, words, &off) && !off;
    free(text);
    return found;
}

/* ---- the daemon ---- */

/* The name of a process; "" if the kernel does not show it. */
static void read_name(const char *proc, const char *id, char *out, size_t size)
{
    char *path = mem_format("%s/%s/comm", proc, id);
    FILE *file = fopen(path, "re");
    *out = '\0';
    if (file != NULL) {
        if (fgets(out, (int)size, file) == NULL)
            *out = '\0';
        (void)fclose(file);
        out[strcspn(out, "\n")] = '\0';
    }
    free(path);
}

enum cron_daemon cron_daemon(const char *proc)
{
    char name[32];
    read_name(proc, "1", name, sizeof name);
    DIR *processes = *name != '\0' ? opendir(proc) : NULL; /* with hidepid the kernel hides other users' processes */
    if (processes == NULL)
        return CRON_DAEMON_UNKNOWN;
    enum cron_daemon found = CRON_DAEMON_MISSING;
    const struct dirent *entry;
    int64_t id = 0;
    while (found == CRON_DAEMON_MISSING && (entry = readdir(processes)) != NULL) {
        if (!str_to_int(entry->d_name, &id))
            continue;
        read_name(proc, entry->d_name, name, sizeof name);
        if (strcmp(name, "cron") == 0 || strcmp(name, "crond") == 0 || strcmp(name, "fcron") == 0)
            found = CRON_DAEMON_RUNS;
    }
    (void)closedir(processes);
    return found;
}
