/* interrupt: SIGTERM and SIGINT ask the run to stop cleanly: no new request, what is in flight is recorded. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

/* interrupt_install: from now on the signals set a flag; SIGPIPE is ignored. */
void interrupt_install(void);

/* interrupt_requested: whether such a signal has come. */
bool interrupt_requested(void);

/* interrupt_pause: sleeps until the monotonic time is deadline_ms, or a signal asks to stop. */
void interrupt_pause(int64_t deadline_ms);

#endif
