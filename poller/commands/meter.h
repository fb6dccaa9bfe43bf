/* meter: the progress of long work: a bar on a terminal; elsewhere a line on standard output and in the log
 * every 10 seconds. */
#ifndef METER_H
#define METER_H

#include <stdbool.h>
#include <stdint.h>

struct meter {
    bool terminal;                /* standard error is a terminal */
    int64_t started_ms, shown_ms; /* monotonic clock */
    int width;                    /* characters on the terminal's line */
};

/* meter_start: starts the clock. */
struct meter meter_start(void);

/* meter_show: shows the progress, at most 5 times a second on a terminal, else every 10 s. share: the part done, 0 to
 * 1; calls: the number of calls handled. */
void meter_show(struct meter *meter, double share, int64_t calls);

/* meter_end: clears the bar. */
void meter_end(struct meter *meter);

#endif
