/* interrupt: SIGTERM and SIGINT stop the run cleanly: it starts no request and records the requests in flight. */
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "base/clock.h"
#include "base/interrupt.h"

#define STEP_MS 50L

static volatile sig_atomic_t requested;

static void note_signal(int signal_number)
{
    (void)signal_number;
    requested = 1;
}

void interrupt_install(void)
{
    struct sigaction note = { .sa_handler = note_signal }, ignore = { .sa_handler = SIG_IGN };
    (void)sigaction(SIGTERM, &note, NULL);
    (void)sigaction(SIGINT, &note, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
}

bool interrupt_requested(void)
{
    return requested != 0;
}

void interrupt_sleep_until(int64_t deadline_ms)
{
    /* Short steps: a signal that arrives just before nanosleep does not end that sleep. */
    for (int64_t left_ms = 0; !interrupt_requested() && (left_ms = deadline_ms - clock_mono_ms()) > 0;) {
        struct timespec step = { .tv_nsec = (left_ms < STEP_MS ? (long)left_ms : STEP_MS) * 1000000L };
        (void)nanosleep(&step, NULL);
    }
}
