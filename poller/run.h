/* run: `did-optimizer-sync run`, the command that cron starts. */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <sys/types.h>

#include "options.h"

/* run_command: one run from settings to summary; what it did and what went wrong is in the log. Returns the exit code. */
int run_command(const struct options *options);

/* A run that is one of many, in a process of its own. */
struct run_loop {
    pid_t pid; /* of the process that began it */
    bool is_first;
    int done;  /* a file that is closed when the run is over: the next one may begin */
};

/* run_round: as run_command. On a cluster the process of an elected host stays behind after the run, so that the host
 * remains elected, for as long as the loop goes on. */
int run_round(const struct options *options, const struct run_loop *loop);

#endif
