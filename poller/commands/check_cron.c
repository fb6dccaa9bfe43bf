/* check_cron: the part of `check` that tests what starts the runs. */
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/fileutil.h"
#include "base/mem.h"
#include "commands/check_cron.h"

#define AREA "cron"

/* Cron starts a run each minute, and a run may take nearly a minute. */
#define RECENT_SEC 300

struct check_cron check_cron_inspect(const char *file)
{
    return (struct check_cron){ .file = file, .cron = cron_inspect(file), .daemon = cron_daemon("/proc") };
}

/* ---- our own line ---- */

static void check_line(struct check_report *report, const struct check_cron *seen, int64_t last_run_age)
{
    const char *file = seen->file;
    const char *where = seen->cron.state == CRON_NO_FILE ? "is not there" : "has no line for this program";
    switch (seen->cron.state) {
    case CRON_ON:
        check_good(report, AREA, "%s starts the runs", file);
        break;
    case CRON_OFF:
        check_warn(report, AREA, "to continue, remove the # from that line",
                   "paused: the line in %s is commented out, so cron starts no run", file);
        break;
    case CRON_IGNORED: {
        char *remedy = mem_format("chown root:root %s; chmod 644 %s; and add a newline at its end", file, file);
        check_fail(report, AREA, EX_CONFIG, remedy, "cron ignores %s: %s", file, seen->cron.problem);
        free(remedy);
        break;
    }
    case CRON_UNKNOWN:
        check_warn(report, AREA, "run check as root", "%s", seen->cron.problem);
        break;
    default:
        if (last_run_age >= 0 && last_run_age < RECENT_SEC)
            check_good(report, AREA, "%s %s; a run began a short time ago, so something else starts the runs", file,
                       where);
        else
            check_warn(report, AREA,
                       "install the package's file again, or copy packaging/cron.d/did-optimizer-sync there",
                       "%s %s, so cron starts no run", file, where);
    }
}

void check_cron(struct check_report *report, const struct check_cron *seen, int64_t last_run_age)
{
    bool recent = last_run_age >= 0 && last_run_age < RECENT_SEC;
    check_line(report, seen, last_run_age);
    if (seen->cron.state == CRON_ON && seen->daemon == CRON_DAEMON_MISSING && !recent)
        check_warn(report, AREA, "start it: systemctl enable --now cron (cronie's daemon is named crond)",
                   "no cron daemon is running on this host, so nothing starts a run");
}

/* ---- others ---- */

static int check_crontab(struct check_report *report, const char *path)
{
    static const char *const scripts[] = { "AST_DID_optimizer_sync.pl", "process-call-results.pl" };
    int found = 0;
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
        if (cron_has_line(path, scripts[i])) {
            check_warn(report, "older script", "remove that line: otherwise both programs send every call",
                       "%s starts %s", path,
                       scripts[i]);
            found++;
        }
    return found;
}

int check_other_crontabs(struct check_report *report, const char *file)
{
    static const char *const crontabs[] = { "/etc/crontab", "/var/spool/cron/crontabs/root", /* Debian */
                                            "/var/spool/cron/tabs/root",                     /* openSUSE */
                                            "/var/spool/cron/root" };                        /* AlmaLinux */
    int found = 0;
    for (size_t i = 0; i < sizeof crontabs / sizeof crontabs[0]; i++)
        found += check_crontab(report, crontabs[i]);
    char *directory = fileutil_directory_of(file);
    DIR *files = opendir(directory);
    const struct dirent *entry;
    while (files != NULL && (entry = readdir(files)) != NULL) {
        char *path = mem_format("%s/%s", directory, entry->d_name);
        found += check_crontab(report, path);
        free(path);
    }
    if (files != NULL)
        (void)closedir(files);
    free(directory);
    return found;
}
