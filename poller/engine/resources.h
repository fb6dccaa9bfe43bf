/* resources: what a command that looks at the dialer's calls holds open: settings, lock, ledger, database, API. */
#ifndef RESOURCES_H
#define RESOURCES_H

#include "base/lock.h"
#include "config/config.h"
#include "config/options.h"
#include "engine/engine.h"
#include "engine/leader.h"
#include "ledger/ledger.h"
#include "sink/sink.h"
#include "source/source.h"

/* All NULL at first. Closed in reverse: resources_close_state, then resources_close. */
struct resources {
    struct config config;
    struct lock *lock;
    struct ledger *ledger;
    const struct source_ops *source_kind;
    struct source source;
    const struct sink_ops *sink_kind;
    struct sink sink;
    struct ledger_repair repair;
    bool off, off_is_new; /* what starts by itself may not send (enabled.h), which was noted just now */
    struct leader leader; /* see resources_leader */
};

/* resources_load: reads the settings, each problem is one line in the log, and sets up the log as they say.
 * Errors: EX_CONFIG, EX_NOPERM. */
int resources_load(const struct options *options, struct resources *resources, struct err *err) MUST_CHECK;

/* resources_open_ledger, _source, _sink: open one thing each, say so in the log, and inspect the dialer's table. A
 * dry run forgets what it writes to the ledger, and prints instead of sending. Errors: those of ledger_open,
 * source_open, source_inspect, sink_open. */
int resources_open_ledger(const struct options *options, struct resources *resources, struct err *err) MUST_CHECK;
int resources_open_source(struct resources *resources, struct err *err) MUST_CHECK;
int resources_open_sink(const struct options *options, struct resources *resources, struct err *err) MUST_CHECK;

/* resources_connect: opens the source that config names, for a command that holds nothing else of this. Ownership:
 * source_close. Errors: those of source_find and source_open. */
int resources_connect(const struct config *config, struct source *ret_source, struct err *err) MUST_CHECK;

/* resources_report_repair: logs that a damaged ledger was rebuilt, if it was. */
void resources_report_repair(const struct ledger_repair *repair);

/* resources_leader: what is known of which host leads; nobody has looked at first. source has to be open. Borrowed. */
struct leader *resources_leader(const struct options *options, struct resources *resources);

/* resources_route: what is open now, as an engine works with it. Borrowed. */
struct route resources_route(const struct resources *resources);

/* resources_engine: what long work sends calls with: what is open now, no end of its time, and summary, which is
 * borrowed. The ledger comes with each turn (turn.h). */
struct engine resources_engine(const struct resources *resources, struct summary *summary);

/* resources_close_state: closes what changes the state, this host's lock last. */
void resources_close_state(struct resources *resources);

/* resources_close: closes the rest. */
void resources_close(struct resources *resources);

#endif
