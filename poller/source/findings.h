/* findings: reports a source's findings to `check`, one line each. For the files of sources only. */
#ifndef FINDINGS_H
#define FINDINGS_H

#include "source/session.h"
#include "source/source.h"

/* The receiver of findings; both members are borrowed. */
struct findings {
    source_on_finding *on_finding;
    void *context;
};

/* findings_tell: reports a finding with the formatted text, cut to fit. */
void findings_tell(const struct findings *findings, struct source_finding finding, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* findings_tell_failure: reports that the table cannot be used, and why. */
void findings_tell_failure(const struct findings *findings, const struct err *err);

/* findings_tell_server: reports the session's server, and the protections for which that server is too old. */
void findings_tell_server(const struct findings *findings, const struct session *session);

#endif
