/* webhook_body: a call as a JSON object for the receiver. */
#ifndef WEBHOOK_BODY_H
#define WEBHOOK_BODY_H

#include "sink/sink.h"

/* The settings that a body depends on. Ownership: all borrowed. */
struct webhook_template {
    const char *source;
    const struct call_shape *shape;            /* NULL: no extras */
    const struct disposition_map *dispositions;
    const struct params *params;               /* name.MEMBER: another name, or "" to leave the member out */
};

/* webhook_body_check: checks that each name.MEMBER of the settings names a member, and that all members have different
 * names. Errors: EX_CONFIG, with file and line. */
int webhook_body_check(const struct webhook_template *names, struct err *err) MUST_CHECK;

/* webhook_body: the JSON object of call, always valid UTF-8. Ownership: the caller frees it. */
char *webhook_body(const struct webhook_template *names, const struct call *call) MUST_CHECK;

#endif
