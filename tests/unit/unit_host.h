/* unit_host: a host that agrees with others on a leader by the locks of a server in memory. The process that holds its
 * leader's lock runs by a clock that the test moves. At most one file of a program includes it. */
#ifndef UNIT_HOST_H
#define UNIT_HOST_H

#include "unit.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "engine/leader_holder.h"
#include "memory_locks.h"
#include "unit_clock.h"

/* Shared with the holder. */
static struct {
    volatile int64_t granted, wanted; /* seconds that may pass in it, and that it has asked for */
} *unit_host_clock;
static pid_t unit_host_test;

/* In the holder, which sleeps a second at a time: the test says when that is over. */
static void unit_host_sleep(void)
{
    if (getpid() == unit_host_test)
        return;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int64_t wanted = ++unit_host_clock->wanted;
    while (unit_host_clock->granted < wanted)
        (void)sched_yield();
}

/* unit_host_pass: so many seconds pass on the server and in the holder, which is done with them on return. Whether the
 * holder still lives. */
static inline bool unit_host_pass(int64_t seconds)
{
    memory_locks->now += seconds;
    unit_host_clock->granted += seconds;
    while (unit_host_clock->wanted <= unit_host_clock->granted)
        if (waitpid(-1, NULL, WNOHANG) != 0)
            return false;
    return true;
}

/* unit_host_begin: so the next holder begins its time. */
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
    return unit_host_clock != MAP_FAILED ? unit_create_directory(state) : -1;
}

static inline int unit_host_leave(void **state)
{
    leader_holder_end(*state);
    (void)unit_host_pass(1000);
    memory_locks_stop();
    (void)munmap(unit_host_clock, sizeof *unit_host_clock);
    return unit_remove_directory(state);
}

#define on_host(test) cmocka_unit_test_setup_teardown(test, unit_host_enter, unit_host_leave)

#endif
