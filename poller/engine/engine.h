/* engine: the parts, the orders and the state of one run. */
#ifndef ENGINE_H
#define ENGINE_H

#include "base/clock.h"
#include "domain/breaker.h"
#include "domain/decision.h"
#include "domain/disposition.h"
#include "domain/pace.h"
#include "domain/position.h"
#include "domain/settings.h"
#include "domain/tally.h"
#include "engine/summary.h"
#include "ledger/ledger.h"
#include "sink/sink.h"
#include "source/source.h"

/* The parts of a run: one source, one sink, one ledger, and their settings. All pointers are borrowed. */
struct route {
    const struct source *source;
    struct ledger *ledger;
    const struct sink *sink;
    const struct settings_sync *settings;
    const struct disposition_map *dispositions;
    bool stores_recordings; /* the settings name a place for recordings */
};

/* The orders for a run. */
struct terms {
    int64_t deadline_ms; /* monotonic: start no request after it */
    bool of_the_past;    /* a person sends old calls: their delay says nothing about the minute's runs */
    bool lets_others_in; /* on_batch gives the ledger to other runs for a moment (turn.h) */
    bool sends_at_once;  /* a dry run: also shows the calls that a run would record as pending */
    int64_t force_since; /* send also accepted calls that were not tried since then, by this host's clock; 0: off */
    /* Called after each batch with the end of its last call; -1 with *err ends the work. NULL: not called. */
    int (*on_batch)(void *context, int64_t end_epoch, struct err *err);
    void *batch_context;
};

struct engine {
    struct route route;
    struct terms terms;
    /* The run's state. */
    int64_t run;         /* its number */
    int64_t started_ms;  /* monotonic: when the work began, its waits included */
    struct clock_reading clock; /* the source's, see journal_resume */
    struct summary *summary; /* borrowed; counted up; stop is set when nothing more may be sent in this run */
    struct breaker breaker;
    int64_t scan_again_from; /* epoch: the next scan for new calls begins there or earlier; 0: no order, see watch.h */
    struct position
        doubt; /* the call that failed alone in an earlier run, and was not tried since; uniqueid "": none */
    struct pace pace;
    struct tally tally;
    int64_t uncommitted;          /* changes of the ledger that are not durable yet ... */
    int64_t first_uncommitted_ms; /* ... and when the first of them was made, monotonic */
};

/* engine_now: the time by the source's clock, in epoch seconds. */
int64_t engine_now(const struct engine *engine);

/* engine_may_go_on: whether this run may start another call. Sets summary->stop after a signal, and at the end of the
 * run's time. */
bool engine_may_go_on(struct engine *engine);

/* engine_may_read: whether this run may read further from the source (source_may_read). Sets summary->stop if not. Call
 * it after something was read and sent. Then each run makes progress, even if the source's server is slow. */
bool engine_may_read(struct engine *engine);

/* engine_is_closed: whether the sink takes no calls now (sink_opens_at). Then calls that are found become pending. Long
 * work is never kept out: its batches are full ones, so they are few. Its calls would wait for days, because pending
 * calls are read again by their ids, and an API may take a request for each. */
bool engine_is_closed(const struct engine *engine);

/* engine_must_send_now: whether half of the run's time is over, and the sink takes whole batches, or the source reads
 * calls one by one. Then the sink gets what was read so far: a run that only reads until its time is over would begin
 * at the same place each time. */
bool engine_must_send_now(const struct engine *engine);

/* engine_stop: ends sending in this run. The first reason counts. call: the call that the message is about; NULL: none.
 * This function masks the call's number in the message, because the log, the ledger and mails get only the text. */
void engine_stop(struct engine *engine, enum summary_stop why, const struct call *call, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* engine_judge: reads the ledger's record of call, and decides on call. Errors: those of ledger_find. */
int engine_judge(const struct engine *engine, const struct call *call, struct call_record *ret_record,
                 struct decision *ret_decision, struct err *err) MUST_CHECK;

/* engine_put, engine_forget, engine_note, engine_place: ledger_put, ledger_forget, ledger_set_note and
 * ledger_set_place, counted as uncommitted. engine_expect_recording: the same for recordings_expect, if the call, which
 * was accepted, has a recording and the settings name a place for it. Errors: EX_IOERR. */
int engine_put(struct engine *engine, const struct ledger_entry *entry, struct err *err) MUST_CHECK;
int engine_forget(struct engine *engine, const char *id, struct err *err) MUST_CHECK;
int engine_note(struct engine *engine, const char *name, int64_t value, struct err *err) MUST_CHECK;
int engine_expect_recording(struct engine *engine, const struct call *call, struct err *err) MUST_CHECK;

/* engine_look_for_recording: the same for an accepted call whose recording the source's table may have. */
int engine_look_for_recording(struct engine *engine, const struct call *call, struct err *err) MUST_CHECK;
int engine_place(struct engine *engine, enum ledger_place which, const struct position *position, struct err *err)
    MUST_CHECK;

/* engine_commit: makes every change of the ledger durable. engine_commit_if_due: the same if 1000 changes wait, or if
 * the first of them has waited for 50 ms. Errors: EX_IOERR. */
int engine_commit(struct engine *engine, struct err *err) MUST_CHECK;
int engine_commit_if_due(struct engine *engine, struct err *err) MUST_CHECK;

#endif
