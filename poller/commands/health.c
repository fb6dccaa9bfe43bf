/* health: `did-optimizer-sync health`, one line for Nagios, Icinga and similar monitors. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "commands/health.h"
#include "commands/state_view.h"
#include "config/profile.h"
#include "ledger/diagnosis.h"

/* In a plugin's line, performance data begins at the first |, so the text must have none. */
static int print_line(enum diagnosis_level level, const char *text, const char *performance)
{
    char shown[1400];
    (void)str_printable(text, shown, sizeof shown);
    for (char *bar = strchr(shown, '|'); bar != NULL; bar = strchr(bar, '|'))
        *bar = '/';
    (void)printf("%s - %s%s\n", diagnosis_name(level), shown, performance);
    return (int)level;
}

static int read_limit(const char *text, const char *option, int64_t *limit, struct err *err)
{
    if (text != NULL && (!str_to_int(text, limit) || *limit < 0))
        return err_set(err, EX_USAGE, "could not use %s %.40s: write a number of seconds", option, text);
    return 0;
}

/* standing: the usual limits depend on it. Before it is read (now 0), only the options are compared. */
static int read_limits(const struct options *options, const struct standing *standing, struct diagnosis_limits *limits,
                       struct err *err)
{
    *limits = diagnosis_usual_limits(standing);
    if (read_limit(options->warning, "--warning", &limits->warning, err) != 0 ||
        read_limit(options->critical, "--critical", &limits->critical, err) != 0)
        return -1;
    bool is_known = standing->now != 0 || (options->warning != NULL && options->critical != NULL);
    if (is_known && limits->warning > limits->critical)
        return err_set(err, EX_USAGE, "could not use --warning %" PRId64 ": it is more than --critical, %" PRId64,
                       limits->warning, limits->critical);
    return 0;
}

/* A value of performance data. Plugins write U for an unknown value. */
static const char *value_of(int64_t number, const char *unit, char out[32])
{
    if (number == RECORDS_UNKNOWN)
        return "U";
    (void)snprintf(out, 32, "%" PRId64 "%s", number, unit);
    return out;
}

int health_command(const struct options *options)
{
    struct diagnosis_limits limits;
    struct standing standing = { .now = 0 };
    struct err err;
    char performance[256], freshness[32], unsent[32];
    if (read_limits(options, &standing, &limits, &err) != 0) /* before all else: wrong words are the user's */
        return print_line(DIAGNOSIS_UNKNOWN, err.message, "");
    if (profile_drop_privileges(options, &err) != 0 || state_view_read(options, &standing, &err) != 0)
        return print_line(DIAGNOSIS_UNKNOWN, state_view_explain(options, &err)->message, "");
    if (read_limits(options, &standing, &limits, &err) != 0)
        return print_line(DIAGNOSIS_UNKNOWN, err.message, "");
    const struct ledger_counts *counts = &standing.overview.counts;
    (void)snprintf(performance, sizeof performance,
                   " | freshness=%s;%" PRId64 ";%" PRId64 ";0 pending=%" PRId64 " waiting=%" PRId64 " rejected=%" PRId64
                   " unsent=%s", value_of(standing_freshness(&standing), "s", freshness), limits.warning,
                   limits.critical, counts->pending, counts->waiting, counts->rejected,
                   value_of(standing_unsent(&standing), "", unsent));
    struct diagnosis diagnosis = diagnosis_of(&standing, &limits, options->profile);
    char *line = diagnosis_line(&diagnosis);
    int code = print_line(diagnosis.level, line, performance);
    free(line);
    return code;
}
