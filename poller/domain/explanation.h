/* explanation: the status of a call and the next step, in one sentence for operators. */
#ifndef EXPLANATION_H
#define EXPLANATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/call.h"
#include "domain/position.h"
#include "domain/settings.h"

/* Where the source has the row of a call. */
enum explanation_row {
    EXPLANATION_ROW_UNKNOWN, /* the source could not be read */
    EXPLANATION_NO_ROW,
    EXPLANATION_LIVE,
    EXPLANATION_ARCHIVED
};

struct explanation_facts {
    struct call_record record;  /* the ledger's record */
    int64_t accepted;           /* the epoch of the last acceptance, if record.sent_before */
    int64_t due;                /* PENDING and WAITING: the epoch of the next try */
    const char *reason;         /* of a rejection, or of the last failed attempt; otherwise NULL */
    enum explanation_row row;
    const struct call *call;    /* LIVE and ARCHIVED: the row */
    bool started;               /* a run is recorded, so floor and checkpoint are known */
    struct position floor, checkpoint;
    bool outage;                /* the sink is down */
    const char *profile_option; /* for commands, as in struct options; NULL: the default profile */
    const char *source, *sink;  /* their names in messages, after "the"; NULL: source, API */
    const struct settings_sync *settings; /* NULL if the row is unknown */
    int64_t now;                /* epoch, by the source's clock if there is a row */
};

/* explanation_of: writes the sentence to out. Returns out. Pure. */
const char *explanation_of(const struct explanation_facts *facts, char *out, size_t size);

#endif
