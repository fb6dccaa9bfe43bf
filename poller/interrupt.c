/* interrupt: SIGTERM and SIGINT ask the run to stop cleanly: no new request, what is in flight is recorded. */
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "clock.h"
#include "interrupt.h"

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

void interrupt_pause(int64_t deadline_ms)
{
    static const struct timespec moment = { .tv_nsec = 50L * 1000 * 1000 };
    while (!interrupt_requested() && clock_mono_ms() < deadline_ms)
        (void)nanosleep(&moment, NULL);
}
