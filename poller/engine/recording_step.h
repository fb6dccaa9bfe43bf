/* recording_step: the step of a run that transfers recordings, after the calls: from the PBX to the spool, from there
 * to the place, and then the link to the sink.
 *
 * No recording is lost, and none is stored twice, if the process is killed anywhere: the ledger has the row in one
 * transaction with the accepted call. What a request depends on (the file's id, the upload's session) is durable before
 * the request. The spool's file is deleted after the ledger says that the recording is stored. */
#ifndef RECORDING_STEP_H
#define RECORDING_STEP_H

#include "ledger/ledger.h"
#include "recording/place.h"
#include "recording/recording_settings.h"
#include "sink/sink.h"
#include "source/source.h"

/* All pointers are borrowed. */
struct recording_step {
    struct ledger *ledger;
    const struct sink *sink;
    const struct source *source; /* that says where recordings are (source_finds_recordings) */
    const struct recording_settings *settings;
    const struct place *place;
    const char *state_dir;
    const char *profile_option; /* for commands that the log names */
    int64_t deadline_ms;        /* monotonic: the step ends then; the next run continues unfinished transfers */
};

/* recording_step_run: transfers the recordings that are due, many at once, until none is left or the time is over. What
 * prevents a transfer is logged and is no error: calls are sent anyway. Durable: on return. Errors: EX_IOERR (ledger),
 * EX_SOFTWARE (libcurl). */
int recording_step_run(const struct recording_step *step, struct err *err) MUST_CHECK;

/* recording_step_forget_trouble: no recording waits for a transfer, so nothing stands in the way of any. Durable: on
 * return. */
int recording_step_forget_trouble(struct ledger *ledger, struct err *err) MUST_CHECK;

/* recording_step_delay: the seconds until the next try of a recording whose failure does not count: the longer it is
 * known, the later, from a minute to an hour. */
int64_t recording_step_delay(int64_t known_sec);

#endif
