/* cron: whether the host's cron starts the runs. Changes nothing. */
#ifndef CRON_H
#define CRON_H

#include <stdbool.h>

enum cron_state {
    CRON_NO_FILE,
    CRON_NO_LINE, /* the file has no line for this program */
    CRON_OFF,     /* the line is commented out */
    CRON_IGNORED, /* cron ignores this file, see problem */
    CRON_ON,
    CRON_UNKNOWN  /* this user may not read the file */
};

struct cron {
    enum cron_state state;
    char problem[160]; /* IGNORED and UNKNOWN: why */
};

/* cron_inspect: whether the crontab at path, a file of /etc/cron.d, starts this program. */
struct cron cron_inspect(const char *path);

/* cron_has_line: whether the crontab at path starts a command that contains words. False too if the file is not
 * readable. */
bool cron_has_line(const char *path, const char *words);

enum cron_daemon { CRON_DAEMON_RUNS, CRON_DAEMON_MISSING, CRON_DAEMON_UNKNOWN };

/* cron_daemon: whether proc ("/proc") shows a process named cron, crond or fcron. UNKNOWN if proc hides other users'
 * processes. */
enum cron_daemon cron_daemon(const char *proc);

#endif
