/* options: the command line. */
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
    COMMAND_METRICS,
    COMMAND_HEALTH,
    COMMAND_REPORT,
    COMMAND_HELP,
    COMMAND_VERSION
};

#define OPTIONS_PATH_SIZE 1024

/* Paths that a profile has of its own, see profile.h. */
struct options_paths {
    char config[OPTIONS_PATH_SIZE], dids[OPTIONS_PATH_SIZE], log[OPTIONS_PATH_SIZE];
    char state_dir[OPTIONS_PATH_SIZE], state_parent[OPTIONS_PATH_SIZE];
};

/* Where a profile is selected, paths point into own_paths: a copy is good for as long as the original lives. */
struct options {
    enum command command;
    char **arguments;     /* of the command, borrowed from argv */
    int argument_count;
    struct config_paths config;
    const char *state_dir;
    const char *log;      /* "-": no file */
    const char *legacy;   /* an older script's checkpoint */
    const char *cron_file; /* check: what cron reads */
    bool help, version;
    bool named_state_dir, named_log, named_legacy; /* on the command line */
    const char *profile;  /* NULL: the default one */
    char profile_words[48]; /* " --profile NAME", for a command that a person is to type; "" for the default one */
    const char *profiles_dir;
    const char *state_base; /* below which a profile's state is, and whose owner it has; NULL: there is none */
    struct options_paths own_paths;
    bool all_profiles;
    bool cron;
    bool dry_run;
    int64_t every;        /* seconds from one run to the next; 0: a single run */
    bool json;
    bool yes;             /* do not ask */
    bool all;             /* failed: every call that is rejected ... */
    const char *reason;   /* ... or those whose reason holds this text (NULL: any) ... */
    const char *before;   /* ... and that ended before this time (NULL: any) */
    const char *from, *to; /* backfill: of which time ... */
    const char *campaign, *status; /* ... and of which calls (NULL: any) */
    bool force;           /* backfill: accepted calls too */
    int64_t days;         /* reconcile: how many; 0: the usual number */
    bool report_only;     /* reconcile: send nothing */
    const char *limit;    /* history: at most so many runs (NULL: the usual number) ... */
    const char *since;    /* ... that started at this time or later (NULL: any) */
    const char *warning, *critical; /* health: thresholds in seconds; NULL: the usual ones */
    const char *html;     /* report: the file to write; "-": standard output; NULL: not said */
    const char *template; /* report: NULL: the one that was installed */
};

/* options_parse: reads the command line; all texts are borrowed from argv. Errors: EX_USAGE. */
int options_parse(int argc, char **argv, struct options *ret_options, struct err *err) MUST_CHECK;

/* options_help: the text of --help. Borrowed, static. */
const char *options_help(void);

/* options_command_exists: whether a command is named by these words; second NULL: whether one begins with first. */
bool options_command_exists(const char *first, const char *second);

/* options_are_taken: whether that command (second NULL: one of those that begin with first) takes the option of this
 * name, which not every command takes. */
bool options_are_taken(const char *first, const char *second, const char *option);

#endif
