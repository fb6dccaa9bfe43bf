/* check_cron: the part of `check` that tests what starts the runs. */
#ifndef CHECK_CRON_H
#define CHECK_CRON_H

#include <stdint.h>

#include "commands/check_report.h"
#include "commands/cron.h"

/* The host's cron, as root sees it: other users may not read the crontabs. */
struct check_cron {
    const char *file; /* this program's crontab in /etc/cron.d */
    struct cron cron;
    enum cron_daemon daemon;
};

/* check_cron_inspect: reads the crontab file and looks for a cron daemon. file is borrowed. */
struct check_cron check_cron_inspect(const char *file);

/* check_cron: reports whether cron starts the runs. last_run_age: seconds since the last run; negative: no run yet. */
void check_cron(struct check_report *report, const struct check_cron *seen, int64_t last_run_age);

/* check_other_crontabs: warns if root's crontab, or one in file's directory, starts an older script that sends the same
 * calls. Call it as root. Returns the number of such lines. */
int check_other_crontabs(struct check_report *report, const char *file);

#endif
