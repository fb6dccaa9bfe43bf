/* explanation: where a call stands, and what happens to it next, in one sentence for people. */
#ifndef EXPLANATION_H
#define EXPLANATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/call.h"
#include "domain/position.h"
#include "domain/settings.h"

/* Where the dialer's row of a call was found. */
enum explanation_row {
    EXPLANATION_NOT_ASKED, /* the database is out of reach */
    EXPLANATION_NO_ROW,
    EXPLANATION_LIVE,
    EXPLANATION_ARCHIVED
};

struct explanation_facts {
    struct call_record record;  /* what the ledger knows */
    int64_t accepted;           /* record.sent_before: epoch */
    int64_t due;                /* PENDING and WAITING: epoch */
    const char *reason;         /* REJECTED, and PENDING after a failed attempt; else NULL */
    enum explanation_row row;
    const struct call *call;    /* LIVE and ARCHIVED: the row */
    bool started;               /* there was a run: floor and checkpoint are known */
    struct position floor, checkpoint;
    bool outage;                /* the API as a whole does not work */
    const struct settings_sync *settings; /* NULL where the row is not known */
    int64_t now;                /* epoch, by the clock of the row's database where there is a row */
};

/* explanation_of: writes the sentence to out. Returns out. Pure. */
const char *explanation_of(const struct explanation_facts *facts, char *out, size_t size);

#endif
