/* findings: what a source tells `check`, a line each. For the files of sources only. */
#ifndef FINDINGS_H
#define FINDINGS_H

#include "source/session.h"
#include "source/source.h"

/* Who is told; both borrowed. */
struct findings {
    source_on_finding *on_finding;
    void *context;
};

/* findings_tell: tells a finding with the formatted text, cut to fit. */
void findings_tell(const struct findings *findings, struct source_finding finding, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* findings_tell_failure: tells that the table cannot be used, and why. */
void findings_tell_failure(const struct findings *findings, const struct err *err);

/* findings_tell_server: tells which server the session is connected to, and what that server is too old for. */
void findings_tell_server(const struct findings *findings, const struct session *session);

#endif
