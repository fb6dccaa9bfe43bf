/* resources: opens the parts that a command needs to read the dialer's calls: settings, lock, ledger, database, API. */
#ifndef RESOURCES_H
#define RESOURCES_H

#include "base/lock.h"
#include "config/config.h"
#include "config/options.h"
#include "engine/engine.h"
#include "engine/leader.h"
#include "ledger/ledger.h"
#include "recording/place.h"
#include "recording/recording_settings.h"
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
    const struct place_ops *place_kind; /* NULL: recordings stay where they are */
    struct place place;                 /* see resources_open_place */
    struct recording_settings recordings;
    struct ledger_repair repair;
    bool off, off_is_new; /* cron and the service may not send (enabled.h); this was noted just now */
    struct leader leader; /* see resources_leader */
};

/* resources_load: reads the settings, logs each problem in one line, and sets up the log as the settings say.
 * Errors: EX_CONFIG, EX_NOPERM. */
int resources_load(const struct options *options, struct resources *resources, struct err *err) MUST_CHECK;

/* resources_open_ledger, _source, _sink: open one thing each, say so in the log, and inspect the dialer's table. A
 * dry run forgets what it writes to the ledger, and prints instead of sending. Errors: those of ledger_open,
 * source_open, source_inspect, sink_open. */
int resources_open_ledger(const struct options *options, struct resources *resources, struct err *err) MUST_CHECK;
int resources_open_source(struct resources *resources, struct err *err) MUST_CHECK;
int resources_open_sink(const struct options *options, struct resources *resources, struct err *err) MUST_CHECK;

/* resources_open_place: opens the place of recordings, if the settings name one. A place that cannot be opened is
 * logged, noted for status, and stays closed: calls are sent without it. Durable: on return. Errors: those of the
 * ledger. */
int resources_open_place(struct resources *resources, struct err *err) MUST_CHECK;

/* resources_connect: opens the source that config names, for a command that needs only the source. Ownership:
 * source_close. Errors: those of source_find and source_open. */
int resources_connect(const struct config *config, struct source *ret_source, struct err *err) MUST_CHECK;

/* resources_report_repair: logs that a damaged ledger was rebuilt, if it was. */
void resources_report_repair(const struct ledger_repair *repair);

/* resources_read_flags: reads the flags of the dialer's statuses, for [dispositions]. resources_open_source does so if
 * the settings use them. Errors: those of source_list_statuses. */
int resources_read_flags(struct resources *resources, struct err *err) MUST_CHECK;

/* resources_leader: the leader's state; at first the lock was not read. source must be open. Ownership: borrowed. */
struct leader *resources_leader(const struct options *options, struct resources *resources);

/* resources_route: the open source, sink and ledger, for an engine. Ownership: borrowed. */
struct route resources_route(const struct resources *resources);

/* resources_engine: the engine of long work: the open parts, without a deadline. summary is borrowed. The ledger comes
 * with each turn (turn.h). */
struct engine resources_engine(const struct resources *resources, struct summary *summary);

/* resources_close_state: closes the parts that change the state, and this host's lock last. */
void resources_close_state(struct resources *resources);

/* resources_close: closes the rest. */
void resources_close(struct resources *resources);

#endif
