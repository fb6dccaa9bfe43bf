/* unit_host: a host that chooses the leader with other hosts, by the locks of memory_locks. The test moves the clock of
 * the process that holds the leader's lock (the holder). Include this header in one file of a program only. */
#ifndef UNIT_HOST_H
#define UNIT_HOST_H

#include "unit.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "engine/leader_holder.h"
#include "memory_locks.h"
#include "unit_clock.h"

/* In memory that the test and the holder share. */
static struct {
    volatile int64_t granted, wanted; /* seconds that may pass in the holder, and that it asked for */
} *unit_host_clock;
static pid_t unit_host_test;

/* Sleeps for a moment of real time, so that the other process can run. */
static void unit_host_wait(void)
{
    const struct timespec moment = { .tv_nsec = 20000 };
    (void)syscall(SYS_nanosleep, &moment, NULL);
}

/* The holder sleeps for one second at a time. The test decides when the second is over. */
static void unit_host_sleep(void)
{
    if (getpid() == unit_host_test)
        return;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int64_t wanted = ++unit_host_clock->wanted;
    while (unit_host_clock->granted < wanted)
        unit_host_wait();
}

/* unit_host_pass: moves the clocks of the server and the holder. On return the holder has done its work for that time.
 * False: the holder has ended. */
static inline bool unit_host_pass(int64_t seconds)
{
    memory_locks->now += seconds;
    unit_host_clock->granted += seconds;
    for (; unit_host_clock->wanted <= unit_host_clock->granted; unit_host_wait())
        if (waitpid(-1, NULL, WNOHANG) != 0)
            return false;
    return true;
}

/* unit_host_begin: sets the clock for the next holder. */
static inline void unit_host_begin(void)
{
    unit_host_clock->granted = unit_host_clock->wanted = 0;
}

static inline int unit_host_enter(void **state)
{
    memory_locks_start();
    memory_locks->now = 1000000;
    memory_locks->started = 900000;
    memory_locks->servers = 2;
    unit_host_clock = mmap(NULL, sizeof *unit_host_clock, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unit_host_test = getpid();
    unit_clock_on_sleep = unit_host_sleep;
    (void)alarm(100); /* ends a run that waits forever for its holder */
    return unit_host_clock != MAP_FAILED ? unit_create_directory(state) : -1;
}

/* Without a lease the holder ends. No process of the test may stay. */
static inline int unit_host_leave(void **state)
{
    leader_holder_end(*state);
    bool stays = unit_host_pass(1000) || waitpid(-1, NULL, WNOHANG) >= 0;
    (void)alarm(0);
    memory_locks_stop();
    (void)munmap(unit_host_clock, sizeof *unit_host_clock);
    return unit_remove_directory(state) == 0 && !stays ? 0 : -1;
}

#define on_host(test) cmocka_unit_test_setup_teardown(test, unit_host_enter, unit_host_leave)

#endif
