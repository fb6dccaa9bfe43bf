/* options: parses the command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"

enum command {
    COMMAND_RUN,
    COMMAND_CHECK,
    COMMAND_ENABLE,
    COMMAND_DISABLE,
    COMMAND_CHECKPOINT_SHOW,
    COMMAND_CHECKPOINT_SET,
    COMMAND_CHECKPOINT_RESET,
    COMMAND_STATUS,
    COMMAND_FAILED_LIST,
    COMMAND_FAILED_RETRY,
    COMMAND_FAILED_DROP,
    COMMAND_FAILED_RESTORE,
    COMMAND_BACKFILL,
    COMMAND_RECONCILE,
    COMMAND_HISTORY,
    COMMAND_WHY,
    COMMAND_DISPOSITIONS,
    COMMAND_RECORDINGS_LIST,
    COMMAND_RECORDINGS_RETRY,
    COMMAND_RECORDINGS_WHY,
    COMMAND_RECORDINGS_FETCH,
    COMMAND_METRICS,
    COMMAND_HEALTH,
    COMMAND_REPORT,
    COMMAND_SETTINGS_SHOW,
    COMMAND_SETTINGS_SET,
    COMMAND_SERVE,
    COMMAND_HELP,
    COMMAND_VERSION
};

#define OPTIONS_PATH_SIZE 1024

/* The paths of a profile, see profile.h. */
struct options_paths {
    char config[OPTIONS_PATH_SIZE], dids[OPTIONS_PATH_SIZE], log[OPTIONS_PATH_SIZE];
    char state_dir[OPTIONS_PATH_SIZE], state_parent[OPTIONS_PATH_SIZE];
};

/* The command line. With a profile, paths point into own_paths, so a copy is valid only as long as the original. */
struct options {
    enum command command;
    char **arguments;     /* the command's arguments, borrowed from argv */
    int argument_count;
    struct config_paths config;
    const char *state_dir;
    const char *log;      /* the log file; "-": none */
    const char *legacy;   /* the older script's checkpoint file */
    const char *cron_file; /* check: the file that starts runs */
    bool help, version;
    bool named_state_dir, named_log, named_legacy; /* the command line has the option */
    const char *profile;  /* NULL: the default profile */
    char profile_option[48]; /* " --profile NAME", for commands in messages; "" for the default profile */
    const char *profiles_dir;
    const char *state_base; /* the directory above the profile's state, with the same owner; NULL: no profile */
    struct options_paths own_paths;
    bool all_profiles;
    bool cron;
    bool dry_run;
    const char *job;      /* run: all, call, customer or staffgroup; NULL: all */
    int64_t every;        /* seconds from one run to the next; 0: a single run */
    bool json;
    bool yes;             /* do not ask */
    bool all;             /* failed, recordings: all rejected calls, or recordings ... */
    const char *reason;   /* ... or only those with this text in their reason (NULL: any) ... */
    const char *before;   /* ... and that ended before this time (NULL: any) */
    const char *from, *to; /* backfill: the time range of the calls ... */
    const char *campaign, *status; /* ... and their campaign and status (NULL: any) */
    bool force;           /* backfill: also send accepted calls */
    int64_t days;         /* reconcile: the last days to compare; 0: the default */
    bool report_only;     /* reconcile: send nothing */
    const char *limit;    /* history: at most this many runs (NULL: the default) ... */
    const char *since;    /* ... that started at this time or later (NULL: any) */
    char settings_problem[600]; /* commands that show the state: the wrong line of the settings, see state_view.h */
    int64_t action;       /* the live page started the command: its number in the page's journal; 0: it did not */
    const char *warning, *critical; /* health: thresholds in seconds; NULL: the defaults */
    const char *html;     /* report: the file to write; "-": standard output; NULL: missing */
    const char *template; /* report: the template file; NULL: the installed one */
};

/* options_parse: parses the command line. Ownership: all texts are borrowed from argv. Errors: EX_USAGE. */
int options_parse(int argc, char **argv, struct options *ret_options, struct err *err) MUST_CHECK;

/* options_help: the text of --help, a constant. */
const char *options_help(void);

/* options_command_exists: whether there is a command of these two words; second NULL: a command that begins with first.
 */
bool options_command_exists(const char *first, const char *second);

/* options_command_accepts: whether this command accepts the option. second NULL: whether any command that begins with
 * first accepts it. Do not ask about options that every command accepts. */
bool options_command_accepts(const char *first, const char *second, const char *option);

#endif
