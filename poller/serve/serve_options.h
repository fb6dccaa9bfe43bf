/* serve_options: parses the command line of did-optimizer-sync-serve. */
#ifndef SERVE_OPTIONS_H
#define SERVE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/options.h"
#include "serve/request.h"

enum serve_command {
    SERVE_RUN,
    SERVE_USER_ADD,
    SERVE_USER_LIST,
    SERVE_USER_REMOVE,
    SERVE_USER_PASSWORD,
    SERVE_TOKEN,
    SERVE_FORGET,
    SERVE_HELP,
    SERVE_VERSION
};

enum { SERVE_OPTIONS_PASSED = 16 };

/* Texts are borrowed from argv. */
struct serve_options {
    enum serve_command command;
    const char *name;      /* user, token: the user's name */
    enum role role;        /* user add: of the user; ROLE_NONE: not given */
    int64_t days;          /* token: how long it is valid; 0: not given */
    const char *config;    /* the settings of this program */
    const char *state_dir; /* its own state */
    bool as_root;          /* a process of root may stay one */
    const char *page_dir;  /* the page's files */
    const char *program;   /* did-optimizer-sync; NULL: beside this program */
    struct options paths;  /* the files of the profiles */
    /* The options that name these files, as they were given, for did-optimizer-sync. NULL ends them. */
    char *passed[SERVE_OPTIONS_PASSED + 1];
    int passed_count;
};

/* serve_options_parse: parses the command line. Errors: EX_USAGE. */
int serve_options_parse(int argc, char **argv, struct serve_options *ret_options, struct err *err) MUST_CHECK;

/* serve_options_help: the text of --help, a constant. */
const char *serve_options_help(void);

#endif
