/* resources: what a command that looks at the dialer's calls holds open: settings, lock, ledger, database, API. */
#ifndef RESOURCES_H
#define RESOURCES_H

#include "config.h"
#include "delivery.h"
#include "forward.h"
#include "ledger.h"
#include "lock.h"
#include "options.h"
#include "source.h"

/* All NULL at first. Closed in reverse: resources_close_state, then resources_close. */
struct resources {
    struct config config;
    struct lock *lock;
    struct ledger *ledger;
    struct source *source;
    struct delivery *delivery;
    struct ledger_repair repair;
    bool off, off_is_new; /* what starts by itself may not send (enabled.h), which was noted just now */
    bool elected;         /* this host is the one that sends the calls of this database ... */
    bool elected_by_this; /* ... and it is source's own connection that keeps it elected */
};

/* resources_load: reads the settings, each problem is one line in the log, and sets up the log as they say.
 * Errors: EX_CONFIG, EX_NOPERM. */
int resources_load(const struct options *options, struct resources *resources, struct err *err) MUST_CHECK;

/* resources_open_ledger, _source, _delivery: open one thing each, say so in the log, and inspect the dialer's table. A
 * dry run only looks at the ledger. Errors: those of ledger_open, source_connect, source_inspect, delivery_open. */
int resources_open_ledger(const struct options *options, struct resources *resources, struct err *err) MUST_CHECK;
int resources_open_source(struct resources *resources, struct err *err) MUST_CHECK;
int resources_open_delivery(struct resources *resources, struct err *err) MUST_CHECK;

/* resources_report_repair: says in the log that a damaged ledger was made anew, if it was. */
void resources_report_repair(const struct ledger_repair *repair);

/* resources_elect: hosts that share a database elect one, for each profile; resources->elected says whether it is this
 * one. That is durable on return. Errors: EX_UNAVAILABLE, EX_IOERR. */
int resources_elect(const struct options *options, struct resources *resources, struct err *err) MUST_CHECK;

/* resources_forward: what long work sends calls with: what is open now, no end of its time, and summary, which is
 * borrowed. The ledger comes with each turn (turn.h). */
struct forward resources_forward(const struct resources *resources, struct summary *summary);

/* resources_close_state: closes what changes the state. The database's connection may have to stay. */
void resources_close_state(struct resources *resources);

/* resources_close: closes the rest. */
void resources_close(struct resources *resources);

#endif
