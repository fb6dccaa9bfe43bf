/* diagnosis: the one verdict on the current state. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "ledger/diagnosis.h"

/* After the clock was set back by more than this, the times in the ledger prove nothing. */
#define CLOCK_TOLERANCE_SEC 300

/* Two messages that are the same for so long are the same. */
#define SAME_BYTES 300

#define CHECK "check"
#define LOOK_AT_CRON "check that cron runs and reads /etc/cron.d/did-optimizer-sync"

struct findings {
    const struct standing *standing;
    const struct diagnosis_limits *limits;
    const char *profile;
    struct diagnosis *diagnosis;
    size_t used;
};

/* ---- findings ---- */

static void PRINTF_LIKE(3, 4) add(struct findings *findings, enum diagnosis_level level, const char *format, ...)
{
    struct diagnosis *diagnosis = findings->diagnosis;
    size_t size = sizeof diagnosis->text;
    va_list args;
    if (level > diagnosis->level) {
        diagnosis->level = level;
        diagnosis->action[0] = '\0';
    }
    if (findings->used > 0 && findings->used < size)
        findings->used += (size_t)snprintf(diagnosis->text + findings->used, size - findings->used, "; ");
    if (findings->used >= size)
        return;
    va_start(args, format);
    findings->used += (size_t)vsnprintf(diagnosis->text + findings->used, size - findings->used, format, args);
    va_end(args);
}

/* Adds the action for the finding just added, unless an earlier finding was as bad. */
static void advise(struct findings *findings, enum diagnosis_level level, const char *action)
{
    struct diagnosis *diagnosis = findings->diagnosis;
    if (level == diagnosis->level && diagnosis->action[0] == '\0')
        (void)snprintf(diagnosis->action, sizeof diagnosis->action, "%s", action);
}

static void advise_command(struct findings *findings, enum diagnosis_level level, const char *command)
{
    char *text = findings->profile != NULL
                     ? mem_format("did-optimizer-sync --profile %s %s", findings->profile, command)
                     : mem_format("did-optimizer-sync %s", command);
    advise(findings, level, text);
    free(text);
}

static enum diagnosis_level level_of_age(const struct findings *findings, int64_t age)
{
    return age > findings->limits->critical  ? DIAGNOSIS_CRITICAL
           : age > findings->limits->warning ? DIAGNOSIS_WARNING
                                             : DIAGNOSIS_OK;
}

/* ---- the runs ---- */

/* Whether a step after the calls failed the run: judge_steps says so. The run's message may say more behind it. */
static bool is_failure_of_step(const struct standing *standing)
{
    for (int i = 0; i < STEPS; i++) {
        const char *message = standing->steps[i].message;
        size_t length = strnlen(message, SAME_BYTES);
        if (standing->steps[i].since != 0 && strncmp(standing->overview.last_run_message, message, length) == 0)
            return true;
    }
    return false;
}

static void judge_last_end(struct findings *findings)
{
    const struct records_overview *overview = &findings->standing->overview;
    if (overview->last_run_exit_code == EX_OK || overview->last_run_exit_code == EX_TEMPFAIL ||
        is_failure_of_step(findings->standing))
        return;
    add(findings, DIAGNOSIS_WARNING, "the last run failed (exit %" PRId64 "): %s", overview->last_run_exit_code,
        overview->last_run_message);
    advise_command(findings, DIAGNOSIS_WARNING, CHECK);
}

/* Wrong settings may keep runs from beginning, and then no run says so. A run that does begin records them itself. */
static void judge_settings(struct findings *findings)
{
    const struct standing *standing = findings->standing;
    int64_t last = standing_last_activity(standing);
    enum diagnosis_level level = level_of_age(findings, standing_age(standing, last));
    if (*standing->settings_problem == '\0' || standing->off || (last != 0 && level == DIAGNOSIS_OK))
        return;
    if (last == 0)
        level = DIAGNOSIS_CRITICAL;
    add(findings, level, "the settings are wrong: %s", standing->settings_problem);
    advise_command(findings, level, CHECK);
}

/* Runs start, but perhaps none of them can read the source's calls. */
static void judge_last_look(struct findings *findings)
{
    const struct standing *standing = findings->standing;
    int64_t unknown_for = standing_age(standing, standing_unknown_since(standing));
    enum diagnosis_level level = level_of_age(findings, unknown_for);
    if (standing_is_standby(standing) && !standing_has_other_leader(standing)) {
        level = level == DIAGNOSIS_OK ? DIAGNOSIS_WARNING : level;
        add(findings, level, "no host of the cluster sends calls now; this host takes over after takeover_after");
        advise_command(findings, level, CHECK);
    } else if (level != DIAGNOSIS_OK) {
        add(findings, level, "no run could read the source's calls for %" PRId64 " min: newer ones are not known",
            unknown_for / 60);
        advise_command(findings, level, CHECK);
    }
}

static void judge_runs(struct findings *findings)
{
    const struct standing *standing = findings->standing;
    int64_t last = standing_last_activity(standing), ago = standing_age(standing, last);
    enum diagnosis_level level = level_of_age(findings, ago);
    if (standing->off) {
        add(findings, DIAGNOSIS_CRITICAL, "not enabled: cron sends no calls");
        advise_command(findings, DIAGNOSIS_CRITICAL, "enable");
    } else if (last == 0) {
        add(findings, DIAGNOSIS_CRITICAL, "no run yet");
        advise_command(findings, DIAGNOSIS_CRITICAL, CHECK);
    } else if (last > standing->now + CLOCK_TOLERANCE_SEC) {
        add(findings, DIAGNOSIS_WARNING,
            "the last run lies %" PRId64 " min in the future: this host's clock was set back",
            (last - standing->now) / 60);
        advise(findings, DIAGNOSIS_WARNING, "correct this host's clock, then wait for the next run");
    } else if (level != DIAGNOSIS_OK) {
        add(findings, level, "no run for %" PRId64 " min, so newer calls are not known", ago / 60);
        advise(findings, level, LOOK_AT_CRON);
    }
    if (standing->overview.last_run > standing->last_standby)
        judge_last_end(findings);
    if (level == DIAGNOSIS_OK)
        judge_last_look(findings);
}

/* ---- the calls ---- */

static void judge_waiting(struct findings *findings)
{
    const struct standing *standing = findings->standing;
    int64_t age = standing_age(standing, standing->oldest_pending), unsent = standing_unsent(standing);
    enum diagnosis_level level = level_of_age(findings, age - standing->load_interval);
    char local[CLOCK_TEXT_SIZE];
    const char *sink = standing_sink(standing);
    bool one_is_in_doubt = standing->in_doubt && standing->outage_since == 0;
    if (one_is_in_doubt) {
        add(findings, DIAGNOSIS_WARNING, "the %s failed on a call, and there was no other call to test the %s with",
            sink, sink);
        advise_command(findings, DIAGNOSIS_WARNING, CHECK);
        if (level == DIAGNOSIS_CRITICAL && standing->oldest_pending == standing->doubtful_ended &&
            standing->overview.counts.pending == 1 && unsent <= 0)
            level = DIAGNOSIS_WARNING; /* nobody is to be woken for a single call that makes the sink fail */
    }
    if (standing->outage_since != 0) {
        add(findings, DIAGNOSIS_CRITICAL, "%s down since %s", sink,
            clock_local(standing->outage_since, local, sizeof local));
        advise_command(findings, DIAGNOSIS_CRITICAL, CHECK);
    }
    if (level != DIAGNOSIS_OK) {
        add(findings, level, "a call that ended %" PRId64 " min ago is not sent yet", age / 60);
        advise_command(findings, level, "history");
    }
    if (unsent > 0)
        add(findings, DIAGNOSIS_OK, "at least %" PRId64 " finished call%s after the checkpoint %s not sent yet", unsent,
            unsent == 1 ? "" : "s", unsent == 1 ? "is" : "are");
    if (standing->wait_until != 0)
        add(findings, DIAGNOSIS_OK, "rate limited until %s",
            clock_local(standing->wait_until, local, sizeof local));
}

static void judge_rejected(struct findings *findings)
{
    int64_t count = findings->standing->overview.counts.rejected;
    if (count == 0)
        return;
    add(findings, DIAGNOSIS_WARNING, "%" PRId64 " call%s rejected", count, count == 1 ? " is" : "s are");
    advise_command(findings, DIAGNOSIS_WARNING, "failed list");
}

static void judge_unread(struct findings *findings)
{
    const struct standing *standing = findings->standing;
    char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE], command[2 * CLOCK_TEXT_SIZE + 40];
    if (standing->unread_from == 0)
        return;
    (void)snprintf(command, sizeof command, "backfill --from '%s' --to '%s'",
                   clock_local(standing->unread_from, from, sizeof from),
                   clock_local(standing->unread_to, to, sizeof to));
    add(findings, DIAGNOSIS_WARNING, "archived calls from %s to %s were not sent, as the archive could not be read",
        from, to);
    advise_command(findings, DIAGNOSIS_WARNING, command);
}

/* ---- what follows the calls ---- */

static void judge_steps(struct findings *findings)
{
    char since[CLOCK_TEXT_SIZE];
    for (int i = 0; i < STEPS; i++) {
        const struct step_failure *failure = &findings->standing->steps[i];
        if (failure->since == 0)
            continue;
        add(findings, DIAGNOSIS_WARNING, "%s since %s: %s", step_failure_what((enum step)i),
            clock_local(failure->since, since, sizeof since), failure->message);
        advise_command(findings, DIAGNOSIS_WARNING, CHECK);
    }
}

/* ---- the log ---- */

static void judge_log(struct findings *findings)
{
    if (!findings->standing->log_fails)
        return;
    add(findings, DIAGNOSIS_WARNING, "the last run could not write its log, so the log's lines go to syslog");
    advise_command(findings, DIAGNOSIS_WARNING, CHECK);
}

/* ---- the whole ---- */

struct diagnosis_limits diagnosis_usual_limits(const struct standing *standing)
{
    return (struct diagnosis_limits){ .warning = 300 + standing->longest_pause,
                                      .critical = 900 + standing->longest_pause };
}

struct diagnosis diagnosis_of(const struct standing *standing, const struct diagnosis_limits *limits,
                              const char *profile)
{
    struct diagnosis found = { .level = DIAGNOSIS_OK };
    struct findings findings = { standing, limits, profile, &found, 0 };
    bool standby = standing_is_standby(standing);
    judge_settings(&findings); /* before a missing run: they may be its cause */
    judge_runs(&findings);
    if (!standby) /* the leader sends the calls that are still pending here */
        judge_waiting(&findings);
    judge_rejected(&findings);
    judge_unread(&findings);
    if (!standby)
        judge_steps(&findings);
    judge_log(&findings);
    if (findings.used == 0)
        add(&findings, DIAGNOSIS_OK, standby ? "standby, another host sends the calls; last look %" PRId64 " s ago"
                                             : "last run %" PRId64 " s ago",
            standing_age(standing, standing_last_activity(standing)));
    char *text = mem_copy(found.text);
    (void)str_printable(text, found.text, sizeof found.text); /* a run's message may contain an answer of the sink */
    free(text);
    return found;
}

const char *diagnosis_name(enum diagnosis_level level)
{
    static const char *const names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
    return names[level];
}

char *diagnosis_line(const struct diagnosis *diagnosis)
{
    return mem_format("%s%s%s", diagnosis->text, diagnosis->action[0] != '\0' ? "; do: " : "", diagnosis->action);
}
