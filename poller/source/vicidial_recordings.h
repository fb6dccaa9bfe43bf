/* vicidial_recordings: where VICIdial says that the recordings of calls are. For vicidial's files only. */
#ifndef VICIDIAL_RECORDINGS_H
#define VICIDIAL_RECORDINGS_H

#include "source/findings.h"
#include "source/session.h"
#include "source/source.h"

/* vicidial_recordings_find: see source_find_recordings. At most two statements on recording_log, by index: by the id of
 * the call, and by the lead for the calls that were not found. */
int vicidial_recordings_find(struct session *session, const struct source_recording_key *keys, size_t count,
                             source_on_recording *on_recording, void *context, struct err *err) MUST_CHECK;

/* vicidial_recordings_check: a line of `check`. */
void vicidial_recordings_check(struct session *session, const struct findings *findings);

#endif
