/* did-optimizer-sync: sends every finished call of a phone system to the API, table or service that wants it, once. */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/privileges.h"
#include "base/program.h"
#include "base/version.h"
#include "commands/backfill.h"
#include "commands/check.h"
#include "commands/checkpoint_command.h"
#include "commands/dispositions.h"
#include "commands/enable.h"
#include "commands/every.h"
#include "commands/failed.h"
#include "commands/health.h"
#include "commands/help.h"
#include "commands/history.h"
#include "commands/metrics.h"
#include "commands/reconcile.h"
#include "commands/recordings_command.h"
#include "commands/recordings_fetch.h"
#include "commands/report.h"
#include "commands/run.h"
#include "commands/serve_command.h"
#include "commands/settings_command.h"
#include "commands/started_by.h"
#include "commands/status.h"
#include "commands/tenants.h"
#include "commands/state_view.h"
#include "commands/why.h"
#include "config/options.h"
#include "config/profile.h"

/* Whether the command shows the state. It may fail for a reason that also keeps runs from recording theirs. */
static bool is_view(const struct options *options)
{
    return options->command == COMMAND_HISTORY || options->command == COMMAND_METRICS ||
           options->command == COMMAND_REPORT;
}

/* Runs a command that needs only the state directory, as that directory's owner. */
static int state_command(struct options *options, int (*command)(const struct options *, struct err *))
{
    struct err err = { .code = EX_OK };
    state_view_prepare(options); /* now: the state's owner may not read the settings */
    if (profile_drop_privileges(options, &err) == 0 && command(options, &err) == 0)
        return EX_OK;
    (void)fprintf(stderr, "did-optimizer-sync: %s\n", is_view(options) ? state_view_explain(options, &err)->message
                                                                        : err.message);
    return err.code;
}

static int show(struct options *options, int (*command)(const struct options *))
{
    state_view_prepare(options); /* now: the state's owner may not read the settings */
    return command(options);
}

static int run(const struct options *options)
{
    return options->every > 0 ? every_command(options) : run_command(options);
}

/* Returns the command's exit code; end_output then checks whether the output could be written. */
static int run_command_line(struct options *options)
{
    switch (options->command) {
    case COMMAND_RUN:
        return options->all_profiles ? tenants_command(options, run) : run(options);
    case COMMAND_CHECK:
        return check_command(options);
    case COMMAND_ENABLE:
    case COMMAND_DISABLE:
        return enable_command(options);
    case COMMAND_STATUS:
        return show(options, status_command);
    case COMMAND_CHECKPOINT_SHOW:
    case COMMAND_CHECKPOINT_SET:
    case COMMAND_CHECKPOINT_RESET:
        return checkpoint_command(options);
    case COMMAND_FAILED_LIST:
    case COMMAND_FAILED_RETRY:
    case COMMAND_FAILED_DROP:
    case COMMAND_FAILED_RESTORE:
        return state_command(options, failed_command);
    case COMMAND_RECORDINGS_LIST:
    case COMMAND_RECORDINGS_RETRY:
    case COMMAND_RECORDINGS_WHY:
        return state_command(options, recordings_command);
    case COMMAND_RECORDINGS_FETCH:
        return recordings_fetch_command(options);
    case COMMAND_BACKFILL:
        return backfill_command(options);
    case COMMAND_RECONCILE:
        return reconcile_command(options);
    case COMMAND_DISPOSITIONS:
        return dispositions_command(options);
    case COMMAND_HISTORY:
        return state_command(options, history_command);
    case COMMAND_WHY:
        return why_command(options);
    case COMMAND_METRICS:
        return state_command(options, metrics_command);
    case COMMAND_HEALTH:
        return show(options, health_command);
    case COMMAND_REPORT:
        return state_command(options, report_command);
    case COMMAND_SETTINGS_SHOW:
    case COMMAND_SETTINGS_SET:
        return settings_command(options);
    case COMMAND_SERVE: /* it must be the first word: its options are its own */
        (void)fprintf(stderr, "did-optimizer-sync: write the options behind the word serve\n");
        return EX_USAGE;
    case COMMAND_HELP:
        return help_command(options);
    case COMMAND_VERSION:
        (void)printf("did-optimizer-sync %s\n", VERSION);
        return EX_OK;
    }
    return EX_SOFTWARE;
}

/* A list that a full disk cut off must not look complete. */
static int end_output(int code)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return code;
    (void)fprintf(stderr,
                  "did-optimizer-sync: could not write to the standard output: the printed text is incomplete\n");
    return code == EX_OK || code == EX_TEMPFAIL ? EX_IOERR : code; /* with 75 a script would trust the list */
}

int main(int argc, char **argv)
{
    struct options options;
    struct err err;
    (void)umask(0027);
    (void)setlocale(LC_ALL, "C");
    if (argc > 1 && strcmp(argv[1], "serve") == 0)
        return serve_command(argv); /* before the sockets of systemd are closed */
    if (privileges_harden(&err) != 0 || options_parse(argc, argv, &options, &err) != 0 ||
        profile_check(&options, &err) != 0) {
        (void)fprintf(stderr, "did-optimizer-sync: %s\n", err.message);
        return err.code;
    }
    program_set_profile(options.profile_option);
    options.action = started_by_action();
    started_by_log(&options, argv + optind, argc - optind);
    return end_output(run_command_line(&options));
}
