/* tenants: `did-optimizer-sync run --all-profiles`, runs every profile in parallel. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "base/program.h"
#include "commands/tenants.h"
#include "config/profile.h"
#include "engine/route.h"

/* The terminal shows the lines of all profiles, one among the other. cron's mail names the profile itself. */
static int name_failure(const struct options *options, int code)
{
    bool is_default = options->profile == NULL;
    if (code != EX_OK && code != EX_TEMPFAIL && !options->cron)
        (void)fprintf(stderr, "did-optimizer-sync: the run of the %s %s failed (exit %d); do: "
                              "did-optimizer-sync%s status\n", is_default ? "default" : "profile",
                      is_default ? "profile" : options->profile, code, options->profile_option);
    return code;
}

/* Calls run for one profile (NULL: the default profile) in a new process. Returns -1 if no process could start. */
static pid_t start(const struct options *options, const char *name, int (*run)(const struct options *))
{
    (void)fflush(NULL);
    pid_t child = fork();
    if (child < 0)
        (void)fprintf(stderr, "did-optimizer-sync: could not start a run of the %s %s: %s\n",
                      name != NULL ? "profile" : "default", name != NULL ? name : "profile", strerror(errno));
    if (child != 0)
        return child;
    if (name == NULL)
        exit(name_failure(options, run(options)));
    struct options own = *options;
    struct err err;
    /* A path on the command line belongs to the default profile. This profile's own path is beside or below that
     * one. */
    own.config.required_own = own.config.required_dids = own.named_state_dir = own.named_log = own.named_legacy = false;
    if (profile_select(&own, name, &err) == 0) {
        program_set_profile(own.profile_option);
        exit(name_failure(&own, run(&own)));
    }
    (void)fprintf(stderr, "did-optimizer-sync: %s\n", err.message);
    exit(err.code);
}

/* The worse of two exit codes. EX_TEMPFAIL is the least bad error: pending calls are sent later without help. */
static int worse(int a, int b)
{
    if (a == EX_OK || (a == EX_TEMPFAIL && b != EX_OK))
        return b;
    return b == EX_OK || b == EX_TEMPFAIL || a > b ? a : b;
}

static int wait_for_all(pid_t *children, size_t count)
{
    static const struct timespec moment = { .tv_nsec = 50L * 1000 * 1000 };
    int worst = EX_OK, status = 0;
    bool told = false;
    for (size_t ended = 0; ended < count;) {
        pid_t child = waitpid(-1, &status, WNOHANG);
        for (size_t i = 0; child > 0 && i < count; i++) {
            if (children[i] != child)
                continue;
            worst = worse(worst, WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE);
            children[i] = 0;
            ended++;
        }
        if (interrupt_requested() && !told) {
            told = true;
            for (size_t i = 0; i < count; i++)
                if (children[i] > 0)
                    (void)kill(children[i], SIGTERM);
        }
        if (child <= 0)
            (void)nanosleep(&moment, NULL);
    }
    return worst;
}

int tenants_command(const struct options *options, int (*run)(const struct options *))
{
    char **names = NULL;
    size_t count = profile_list(options->profiles_dir, &names), started = 0;
    if (count == 0)
        return run(options);
    int worst = EX_OK;
    pid_t *children = mem_zero(count + 1, sizeof *children);
    interrupt_install();
    for (size_t i = 0; i <= count; i++) {
        const char *name = i == 0 ? NULL : names[i - 1];
        if (name == NULL && !route_is_set_up(&options->config))
            continue; /* this host has calls of tenants only */
        pid_t child = start(options, name, run);
        if (child > 0)
            children[started++] = child;
        else
            worst = EX_SOFTWARE;
    }
    worst = worse(worst, wait_for_all(children, started));
    profile_list_free(names, count);
    free(children);
    return worst;
}
