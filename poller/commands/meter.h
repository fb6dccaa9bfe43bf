/* meter: the progress of long work: a bar on a terminal; elsewhere a line on standard output and in the log
 * every 10 seconds. */
#ifndef METER_H
#define METER_H

#include <stdbool.h>
#include <stdint.h>

struct meter {
    bool terminal;       /* standard error is one */
    int64_t started_ms, shown_ms;
    int width;           /* of what stands on the terminal's line */
};

/* meter_start: from now on time is counted. */
struct meter meter_start(void);

/* meter_show: share, from 0 to 1, is done, with so many calls sent. Shows it where it is time to. */
void meter_show(struct meter *meter, double share, int64_t calls);

/* meter_end: wipes the bar. */
void meter_end(struct meter *meter);

#endif
