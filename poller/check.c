/* check: `did-optimizer-sync check`, what works and what to mend. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "checkpoint.h"
#include "clock.h"
#include "delivery.h"
#include "fileutil.h"
#include "ledger.h"
#include "legacy.h"
#include "profile.h"
#include "source.h"
#include "str.h"

/* What was found so far: the exit code of the first failure. */
struct report {
    int exit_code;
};

static void PRINTF_LIKE(2, 0) print_line(const char *mark, const char *format, va_list args)
{
    char text[1400], shown[1400];
    (void)vsnprintf(text, sizeof text, format, args);
    (void)printf("%s %s\n", mark, str_printable(text, shown, sizeof shown));
}

static void PRINTF_LIKE(1, 2) good(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line("✓", format, args);
    va_end(args);
}

static void PRINTF_LIKE(1, 2) warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line("⚠", format, args);
    va_end(args);
}

static void PRINTF_LIKE(3, 4) bad(struct report *report, int exit_code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line("✗", format, args);
    va_end(args);
    if (report->exit_code == EX_OK)
        report->exit_code = exit_code;
}

static void check_configuration(struct report *report, const struct options *options, const struct config *config,
                                const struct config_problems *problems)
{
    struct stat info;
    for (int i = 0; i < problems->count; i++)
        bad(report, problems->code, "configuration: %s", problems->texts[i]);
    if (problems->count == 0)
        good("configuration: %s (from %s), key from %s, database %s on %s as %s", config->api.base_url,
             config->api.base_url_origin, config->api.key_origin, config->database.name, config->database.host,
             config->database.user);
    if (!config->api.verify_ssl)
        warn("configuration: verify_ssl = 0: whoever stands between can read the key; remove that line from %s",
             options->config.dids);
    if (access(options->config.astguiclient, F_OK) != 0)
        warn("configuration: there is no %s; is this a VICIdial host? VICIdial's defaults are used",
             options->config.astguiclient);
    if (*config->database.password != '\0' && stat(options->config.own, &info) == 0 && (info.st_mode & S_IROTH) != 0 &&
        config->database.password_is_ours)
        warn("configuration: %s holds a password and can be read by other users: chmod 640 it", options->config.own);
    if (stat(options->config.dids, &info) == 0 && (info.st_mode & (S_IRGRP | S_IROTH)) != 0)
        warn("configuration: %s can be read by other users and holds the key: chmod 600 it (and let Asterisk's user own "
             "it)", options->config.dids);
}

static void check_database(struct report *report, const struct config *config)
{
    struct err err;
    struct source *source = NULL;
    int64_t now = 0;
    if (source_connect(&config->database, &source, &err) != 0) {
        bad(report, err.code, "database: %s", err.message);
        return;
    }
    good("database: connected to %s", source_facts(source).server);
    if (*source_facts(source).missing_protections != '\0')
        warn("database: this server is too old for %s; calls are sent all the same. MariaDB 10.1 and MySQL 5.7.8 have it",
             source_facts(source).missing_protections);
    static const char *const no_call[] = { "" }; /* reading it costs nothing, and shows whether calls may be read */
    int64_t here = clock_now_epoch();
    if (source_inspect(source, &err) != 0) {
        bad(report, err.code, "table: %s", err.message);
    } else {
        struct source_facts facts = source_facts(source);
        good("table: vicidial_log has what is needed; reads use the index %s", facts.index);
        if (*facts.missing_columns != '\0')
            warn("table: this VICIdial is too old for %s; null is sent instead", facts.missing_columns);
        if (source_fetch(source, SOURCE_LIVE, no_call, 1, NULL, NULL, &err) != 0)
            bad(report, err.code, "table: %s", err.message);
        else
            good("table: SELECT is granted");
        if (source_fetch(source, SOURCE_ARCHIVE, no_call, 1, NULL, NULL, &err) == 0 &&
            *source_archive_problem(source) != '\0')
            warn("table: %s; until then no call can be sent that is archived while it waits",
                 source_archive_problem(source));
        if (source_now_epoch(source, &now, &err) == 0 && llabs((long long)(now - here)) > 5)
            warn("clock: the database's clock differs from this host's by %lld s; the database's is used",
                 llabs((long long)(now - here)));
    }
    source_close(source);
}

/* The answer to the one request of check_api. */
static void note_answer(void *context, size_t index, const struct answer *answer)
{
    (void)index;
    struct judgement *judgement = context;
    *judgement = verdict_of(answer);
    if (answer->status == 400)
        judgement->verdict = VERDICT_ACCEPTED; /* it reads our key and misses the call in {}: all is well */
}

static size_t one_at_a_time(void *context)
{
    (void)context;
    return 1;
}

static void check_api(struct report *report, const struct config *config)
{
    struct err err;
    struct delivery *delivery = NULL;
    struct judgement judgement = { .verdict = VERDICT_RETRY };
    struct delivery_request empty = { .body = "{}" };
    struct delivery_observer observer = { .on_answer = note_answer, .on_turn = one_at_a_time, .context = &judgement };
    if (delivery_open(&config->api, &delivery, &err) != 0 || delivery_run(delivery, &empty, 1, &observer, &err) != 0)
        bad(report, err.code, "API: %s", err.message);
    else if (judgement.verdict == VERDICT_ACCEPTED || judgement.verdict == VERDICT_REJECTED)
        good("API: %s answers and accepts the key", config->api.base_url);
    else if (judgement.verdict == VERDICT_STOP)
        bad(report, EX_CONFIG, "API: %s: %s", config->api.base_url, judgement.reason);
    else
        bad(report, EX_UNAVAILABLE, "API: %s does not work: %s", config->api.base_url, judgement.reason);
    delivery_close(delivery);
}

static void check_checkpoint(struct report *report, const struct options *options)
{
    struct err err = { .code = EX_OK };
    struct position position;
    enum checkpoint_found found = CHECKPOINT_MISSING;
    char local[CLOCK_TEXT_SIZE];
    if (checkpoint_load(options->state_dir, &found, &position, &err) != 0 || found == CHECKPOINT_DAMAGED)
        bad(report, EX_IOERR, "checkpoint: %s", err.message);
    else if (found == CHECKPOINT_MISSING)
        good("checkpoint: none yet; the first run starts some time ago (first_run_lookback)");
    else
        good("checkpoint: %s", clock_local(position.end_epoch, local, sizeof local));
}

static void check_state(struct report *report, const struct options *options)
{
    struct err err;
    struct ledger *ledger = NULL;
    if (fileutil_need_directory(options->state_dir, &err) != 0) {
        bad(report, err.code, "state: %s", err.message);
        return;
    }
    check_checkpoint(report, options);
    if (ledger_open(options->state_dir, LEDGER_LOOK, &ledger, NULL, &err) != 0)
        bad(report, err.code, "state: %s", err.message);
    else
        good("state: %s can be written", options->state_dir);
    ledger_close(ledger);
}

static void check_log(struct report *report, const struct options *options)
{
    struct stat info;
    if (strcmp(options->log, "-") == 0)
        return;
    if (lstat(options->log, &info) == 0) {
        if (!S_ISREG(info.st_mode) && !S_ISCHR(info.st_mode))
            bad(report, EX_IOERR, "log: %s is not a regular file; name another with --log", options->log);
        else if (access(options->log, W_OK) != 0)
            bad(report, EX_NOPERM, "log: %s cannot be written: %s", options->log, strerror(errno));
        else
            good("log: %s can be written", options->log);
        return;
    }
    char *directory = fileutil_directory_of(options->log);
    if (access(directory, W_OK | X_OK) != 0)
        bad(report, errno == ENOENT ? EX_IOERR : EX_NOPERM, "log: %s cannot be made: %s; name another with --log",
            options->log, strerror(errno));
    else
        good("log: %s can be made", options->log);
    free(directory);
}

static void check_older_script(const struct options *options)
{
    struct err err;
    struct legacy legacy = legacy_load(options->legacy, clock_now_epoch(), &err);
    if (legacy.still_written)
        warn(LEGACY_ADVICE, options->legacy);
}

int check_command(const struct options *options)
{
    struct report report = { .exit_code = EX_OK };
    struct config config;
    struct config_problems problems;
    struct err err;
    config_load(&options->config, &config, &problems);
    check_configuration(&report, options, &config, &problems);
    check_log(&report, options);
    check_older_script(options);
    if (profile_enter_state(options, &err) != 0) {
        bad(&report, err.code, "state: %s", err.message);
    } else {
        if (problems.count == 0) {
            check_database(&report, &config);
            check_api(&report, &config);
        }
        check_state(&report, options);
    }
    config_problems_free(&problems);
    config_free(&config);
    return report.exit_code;
}
