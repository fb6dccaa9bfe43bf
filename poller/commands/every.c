/* every: `did-optimizer-sync run --every SECONDS`, runs in a loop.
 *
 * Each round is a process of its own. It starts with this process's rights, which may be root's, and gives them up as a
 * single run does. So each round reads the settings and opens the log again, and no memory of a round remains. This
 * process uses neither network nor state. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/program.h"
#include "commands/every.h"
#include "commands/run.h"

#define LOOK_MS 20

/* Sends the round SIGTERM if this process got a signal. */
static void wait_for_round(pid_t child)
{
    static const struct timespec moment = { .tv_nsec = LOOK_MS * 1000L * 1000 };
    int status = 0;
    bool told = false;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (interrupt_requested() && !told) {
            (void)kill(child, SIGTERM);
            told = true;
        }
        (void)nanosleep(&moment, NULL);
    }
    if (WIFSIGNALED(status))
        (void)fprintf(stderr, "did-optimizer-sync%s: a run was stopped by signal %d\n", program_option(),
                      WTERMSIG(status));
}

static void run_once(const struct options *options, bool is_first)
{
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        exit(run_round(options, is_first));
    if (child > 0)
        wait_for_round(child);
    else
        (void)fprintf(stderr, "did-optimizer-sync%s: could not start a run: %s\n", program_option(),
                      strerror(errno));
}

int every_command(const struct options *options)
{
    interrupt_install();
    for (bool is_first = true; !interrupt_requested(); is_first = false) {
        int64_t next_ms = clock_mono_ms() + options->every * 1000;
        run_once(options, is_first);
        interrupt_sleep_until(next_ms);
    }
    return EX_OK;
}
