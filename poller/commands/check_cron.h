/* check_cron: the part of `check` that looks at what starts the runs. */
#ifndef CHECK_CRON_H
#define CHECK_CRON_H

#include <stdint.h>

#include "commands/check_report.h"
#include "commands/cron.h"

/* What was seen of the host, as root: crontabs may be root's alone. */
struct check_cron {
    const char *file; /* our crontab, of /etc/cron.d */
    struct cron cron;
    enum cron_daemon daemon;
};

/* check_cron_look: looks at the crontab file and for a daemon. file is borrowed. */
struct check_cron check_cron_look(const char *file);

/* check_cron: says what starts the runs; last_run_age: seconds since the last one, negative: there was none. */
void check_cron(struct check_report *report, const struct check_cron *seen, int64_t last_run_age);

/* check_other_crontabs: warns of older scripts that a crontab beside file, or root's own, starts; how many were found.
 * As root. */
int check_other_crontabs(struct check_report *report, const char *file);

#endif
