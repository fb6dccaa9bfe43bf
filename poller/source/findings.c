/* findings: reports a source's findings to `check`, one line each. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "source/findings.h"

void findings_tell(const struct findings *findings, struct source_finding finding, const char *format, ...)
{
    char text[1200];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    finding.text = text;
    findings->on_finding(findings->context, &finding);
}

void findings_tell_failure(const struct findings *findings, const struct err *err)
{
    const struct source_finding failed = { .kind = SOURCE_FAILS, .about = "table", .exit_code = err->code };
    findings_tell(findings, failed, "%s", err->message);
}

void findings_tell_server(const struct findings *findings, const struct session *session)
{
    const struct session_facts facts = session_facts(session);
    const struct source_finding good = { .kind = SOURCE_GOOD, .about = "database" },
                                old = { .kind = SOURCE_WARNS, .about = "database",
                                        .remedy = "MariaDB 10.1 and MySQL 5.7.8 support it" };
    if (facts.max_server_time > 0)
        findings_tell(findings, good, "connected to %s; runs keep it busy for at most %" PRId64 " s of each minute "
                      "(max_server_time)", facts.server, facts.max_server_time);
    else
        findings_tell(findings, good, "connected to %s; runs keep it busy without a limit (max_server_time)",
                      facts.server);
    if (*facts.missing != '\0')
        findings_tell(findings, old, "this server is too old for %s; calls are still sent", facts.missing);
}
