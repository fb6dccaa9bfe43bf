/* interrupt: SIGTERM and SIGINT stop the run cleanly: it starts no request and records the requests in flight. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

/* interrupt_install: from now on SIGTERM and SIGINT set a flag, and SIGPIPE is ignored. */
void interrupt_install(void);

/* interrupt_requested: whether SIGTERM or SIGINT has arrived. */
bool interrupt_requested(void);

/* interrupt_sleep_until: sleeps until clock_mono_ms is deadline_ms, or SIGTERM or SIGINT arrives. */
void interrupt_sleep_until(int64_t deadline_ms);

#endif
