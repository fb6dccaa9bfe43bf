/* interrupt: SIGTERM and SIGINT ask the run to stop cleanly: no new request, what is in flight is recorded. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>

/* interrupt_install: from now on the signals set a flag; SIGPIPE is ignored. */
void interrupt_install(void);

bool interrupt_requested(void);

#endif
