/* every: `did-optimizer-sync run --every SECONDS`, runs in a loop.
 *
 * Each round is a process of its own. It begins with the rights of this one, which may be root's, and gives them up as
 * a single run does. So each round reads the settings and opens the log anew, nothing of one stays for the next, and
 * this process touches neither network nor state. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "every.h"
#include "interrupt.h"
#include "run.h"

#define LOOK_MS 200

/* Waits for the round's end, which is the end of its pipe: its process may stay for longer. Passes a signal on. */
static void wait_for_round(pid_t child, int done)
{
    struct pollfd end = { .fd = done };
    bool told = false;
    while (poll(&end, 1, LOOK_MS) <= 0) {
        if (!interrupt_requested() || told)
            continue;
        (void)kill(child, SIGTERM);
        told = true;
    }
}

static void say_how_rounds_ended(void)
{
    int status = 0;
    while (waitpid(-1, &status, WNOHANG) > 0)
        if (WIFSIGNALED(status))
            (void)fprintf(stderr, "did-optimizer-sync: a run was ended by signal %d\n", WTERMSIG(status));
}

static void run_once(const struct options *options, bool is_first)
{
    int ends[2];
    struct run_loop loop = { .pid = getpid(), .is_first = is_first };
    if (pipe2(ends, O_CLOEXEC) != 0) {
        (void)fprintf(stderr, "did-optimizer-sync: could not begin a run: %s\n", strerror(errno));
        return;
    }
    loop.done = ends[1];
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        exit(run_round(options, &loop));
    }
    if (child < 0)
        (void)fprintf(stderr, "did-optimizer-sync: could not begin a run: %s\n", strerror(errno));
    (void)close(ends[1]);
    if (child > 0)
        wait_for_round(child, ends[0]);
    (void)close(ends[0]);
    say_how_rounds_ended();
}

int every_command(const struct options *options)
{
    interrupt_install();
    for (bool is_first = true; !interrupt_requested(); is_first = false) {
        int64_t next_ms = clock_mono_ms() + options->every * 1000;
        run_once(options, is_first);
        interrupt_pause(next_ms);
    }
    return EX_OK;
}
