/* poll: one run, from the checkpoint to now. */
#ifndef POLL_H
#define POLL_H

#include <stdbool.h>

#include "engine/engine.h"
#include "recording/place.h"
#include "recording/recording_settings.h"

/* The parts and options of a run; all borrowed. */
struct poll {
    struct route route;
    const char *state_dir;
    const char *legacy; /* an older script's checkpoint */
    /* Optional: does what follows the calls, once they are recorded. Its failure is the run's, see summary_fail. */
    void (*follow_up)(void *context, struct summary *summary);
    void *follow_up_context;
    const char *profile_option; /* for commands that the log names, see struct options */
    const struct settings_api *api;
    const struct place *place;   /* for recordings; closed: they stay where they are */
    const struct recording_settings *recordings;
    int64_t every;       /* seconds from one run to the next, where they follow each other in a loop; 0: they do not */
    bool dry_run;        /* print the messages on standard output instead of sending them; change nothing */
};

/* poll_run: finds the calls that ended and sends them, until none is left or the time is over. *ret_summary says what
 * was done and how it ended, failures of source, ledger, sink and checkpoint included. Durable on return, if the disk
 * is writable: all outcomes, the checkpoint and the run's metrics. */
void poll_run(const struct poll *poll, struct summary *ret_summary);

/* poll_stand_by: the run of a standby host, which sends no calls. another_leads: another host sends them; false: no
 * host does yet. settled: see progress_stand_by. It needs no sink. Errors: those of the source and of progress_load. */
int poll_stand_by(const struct poll *poll, bool another_leads, int64_t settled, struct err *err) MUST_CHECK;

#endif
