/* options: the command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#include "config.h"
#include "err.h"

enum command {
    COMMAND_RUN,
    COMMAND_CHECK,
    COMMAND_CHECKPOINT_SHOW,
    COMMAND_CHECKPOINT_SET,
    COMMAND_CHECKPOINT_RESET,
    COMMAND_HELP,
    COMMAND_VERSION
};

struct options {
    enum command command;
    const char *argument; /* of the command, borrowed from argv; NULL when it takes none */
    struct config_paths config;
    const char *state_dir;
    const char *log;      /* "-": no file */
    bool cron;
    bool dry_run;
};

/* options_parse: reads the command line; all texts are borrowed from argv. Errors: EX_USAGE. */
int options_parse(int argc, char **argv, struct options *ret_options, struct err *err) MUST_CHECK;

/* options_help: the text of --help. Borrowed, static. */
const char *options_help(void);

#endif
