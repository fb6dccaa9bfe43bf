/* interrupt: SIGTERM and SIGINT ask the run to stop cleanly: no new request, what is in flight is recorded. */
#include <signal.h>
#include <stddef.h>

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
