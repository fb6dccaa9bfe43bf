/* health: `did-optimizer-sync health`, one line for Nagios, Icinga and their kin. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "health.h"
#include "profile.h"
#include "str.h"

/* Cron starts a run each minute, and an owed call is tried again after one to two: five minutes are not usual. */
#define USUAL_WARNING_SEC 300
#define USUAL_CRITICAL_SEC 900

static const char *const names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

struct findings {
    enum health worst;
    char *text;
    size_t size, used;
};

/* Adds a finding to the line. */
static void PRINTF_LIKE(3, 4) add(struct findings *findings, enum health health, const char *format, ...)
{
    va_list args;
    if (health > findings->worst)
        findings->worst = health;
    if (findings->used > 0 && findings->used < findings->size)
        findings->used += (size_t)snprintf(findings->text + findings->used, findings->size - findings->used, "; ");
    if (findings->used >= findings->size)
        return;
    va_start(args, format);
    findings->used += (size_t)vsnprintf(findings->text + findings->used, findings->size - findings->used, format, args);
    va_end(args);
}

static void judge_runs(const struct standing *standing, const struct health_limits *limits, struct findings *findings)
{
    const struct records_overview *overview = &standing->overview;
    int64_t ago = standing_age(standing, overview->last_run);
    if (standing->off)
        add(findings, HEALTH_CRITICAL, "not enabled: no call is sent by itself (did-optimizer-sync enable)");
    else if (overview->last_run == 0)
        add(findings, HEALTH_CRITICAL, "no run yet");
    else if (ago > limits->critical)
        add(findings, HEALTH_CRITICAL, "no run for %" PRId64 " min", ago / 60);
    else if (overview->last_run_exit_code != EX_OK && overview->last_run_exit_code != EX_TEMPFAIL)
        add(findings, HEALTH_WARNING, "the last run failed (exit %" PRId64 "): %s", overview->last_run_exit_code,
            overview->last_run_message);
}

static void judge_calls(const struct standing *standing, const struct health_limits *limits, struct findings *findings)
{
    int64_t age = standing_age(standing, standing->oldest_owed), set_aside = standing->overview.counts.rejected;
    char local[CLOCK_TEXT_SIZE];
    if (standing->outage_since != 0)
        add(findings, HEALTH_CRITICAL, "the API does not work since %s",
            clock_local(standing->outage_since, local, sizeof local));
    if (age > limits->warning)
        add(findings, age > limits->critical ? HEALTH_CRITICAL : HEALTH_WARNING,
            "a call that ended %" PRId64 " min ago is not sent yet", age / 60);
    if (standing->wait_until != 0)
        add(findings, HEALTH_OK, "the API asks for silence until %s",
            clock_local(standing->wait_until, local, sizeof local));
    if (set_aside > 0)
        add(findings, HEALTH_WARNING, "%" PRId64 " calls are set aside (did-optimizer-sync failed list)", set_aside);
}

enum health health_judge(const struct standing *standing, const struct health_limits *limits, char *out, size_t size)
{
    struct findings findings = { .worst = HEALTH_OK, .text = out, .size = size };
    *out = '\0';
    judge_runs(standing, limits, &findings);
    judge_calls(standing, limits, &findings);
    if (findings.used == 0)
        add(&findings, HEALTH_OK, "last run %" PRId64 " s ago",
            standing_age(standing, standing->overview.last_run));
    return findings.worst;
}

/* Prints the line; what follows a | is for the machine, so none may stand in the text. */
static int print_line(enum health health, const char *text, const char *performance)
{
    char shown[1200];
    (void)str_printable(text, shown, sizeof shown);
    for (char *bar = strchr(shown, '|'); bar != NULL; bar = strchr(bar, '|'))
        *bar = '/';
    (void)printf("%s - %s%s\n", names[health], shown, performance);
    return (int)health;
}

static int read_limit(const char *text, const char *option, int64_t *limit, struct err *err)
{
    if (text != NULL && (!str_to_int(text, limit) || *limit < 0))
        return err_set(err, EX_USAGE, "could not take %s %.40s: write a number of seconds", option, text);
    return 0;
}

static int read_limits(const struct options *options, struct health_limits *limits, struct err *err)
{
    *limits = (struct health_limits){ USUAL_WARNING_SEC, USUAL_CRITICAL_SEC };
    if (read_limit(options->warning, "--warning", &limits->warning, err) != 0 ||
        read_limit(options->critical, "--critical", &limits->critical, err) != 0)
        return -1;
    if (limits->warning > limits->critical)
        return err_set(err, EX_USAGE, "could not take --warning %" PRId64 ": it is more than --critical, %" PRId64,
                       limits->warning, limits->critical);
    return 0;
}

int health_command(const struct options *options)
{
    struct health_limits limits;
    struct standing standing;
    struct err err;
    char text[1024], performance[256];
    if (read_limits(options, &limits, &err) != 0 || profile_enter_state(options, &err) != 0 ||
        standing_read(options->state_dir, &standing, &err) != 0)
        return print_line(HEALTH_UNKNOWN, err.message, "");
    const struct ledger_counts *counts = &standing.overview.counts;
    (void)snprintf(performance, sizeof performance,
                   " | freshness=%" PRId64 "s;%" PRId64 ";%" PRId64 ";0 owed=%" PRId64 " held=%" PRId64
                   " set_aside=%" PRId64, standing_age(&standing, standing.oldest_owed), limits.warning,
                   limits.critical, counts->owed, counts->held, counts->rejected);
    enum health health = health_judge(&standing, &limits, text, sizeof text);
    return print_line(health, text, performance);
}
