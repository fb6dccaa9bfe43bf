/* cron: whether the host's cron starts the runs. Changes nothing. */
#ifndef CRON_H
#define CRON_H

#include <stdbool.h>

enum cron_state {
    CRON_NO_FILE,
    CRON_NO_LINE, /* the file has no line for this program */
    CRON_OFF,     /* the line is there, behind a # */
    CRON_IGNORED, /* cron ignores this file, see problem */
    CRON_ON,
    CRON_UNKNOWN  /* the file may not be read */
};

struct cron {
    enum cron_state state;
    char problem[160]; /* IGNORED and UNKNOWN: why */
};

/* cron_look: what the crontab at path, one of /etc/cron.d, does about this program. */
struct cron cron_look(const char *path);

/* cron_has_line: whether a line of the crontab at path that is in force holds words. False too where it may not be
 * read. */
bool cron_has_line(const char *path, const char *words);

enum cron_daemon { CRON_DAEMON_RUNS, CRON_DAEMON_MISSING, CRON_DAEMON_UNKNOWN };

/* cron_daemon: whether a process named cron, crond or fcron is among those that proc, as a rule "/proc", shows. UNKNOWN
 * where it does not show the processes of others. */
enum cron_daemon cron_daemon(const char *proc);

#endif
