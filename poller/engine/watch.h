/* watch: calls that had not ended when a scan found them. Each run reads them by their ids, so it finds the end of a
 * call that began long ago. */
#ifndef WATCH_H
#define WATCH_H

#include "engine/engine.h"

/* A row under another id may have its begin from another machine's clock. So kin that began this much earlier may still
 * be the same call. */
#define WATCH_KIN_SLACK_SEC 3600

/* watch_horizon: a call is watched for this many seconds after its begin. Some rows never get an end, because the
 * dialer crashed or lost the event. */
int64_t watch_horizon(const struct engine *engine);

/* watch_add: a scan has found a call that has not ended. Durable: with the next commit. Errors: those of the ledger. */
int watch_add(struct engine *engine, const struct call *call, struct err *err) MUST_CHECK;

/* watch_scan_again: makes the scan go back to began. A call that began then has another id now, and the source could
 * not read its kin. The scan finds the call under its new id, in this run or in the next one. Durable: with the next
 * commit. Errors: those of the ledger. */
int watch_scan_again(struct engine *engine, int64_t began, struct err *err) MUST_CHECK;

/* The callbacks of a reader of the watch list. */
struct watch_reader {
    int64_t ended_by; /* epoch: this run treats calls that ended later as open */
    bool only_looks;  /* the list does not change, and calls that were not found are not searched */
    /* The call has ended. It stays on the list until the ledger has it (watch_tidy). *ret_over: nothing is to be done
     * for this call, so watch_read removes it from the list. */
    int (*on_ended)(void *context, const struct call *call, bool *ret_over, struct err *err);
    /* Called after each page of calls. 0 goes on, 1 ends the reading, -1 with *err ends it with that error. */
    int (*on_page)(void *context, struct err *err);
    void *context; /* passed to both */
};

/* watch_read: reads the watched calls from the source. If the source has no call with an id, the id was rewritten or
 * the row was deleted. Then this function reads the call's kin (source_find_kin), and without kin the archive. Errors:
 * those of source, ledger and reader. */
int watch_read(struct engine *engine, const struct watch_reader *reader, struct err *err) MUST_CHECK;

/* watch_tidy: removes from the list the calls that the ledger has now, and calls older than watch_horizon. Call it only
 * after all calls from watch_read were settled. Errors: those of the ledger. */
int watch_tidy(struct engine *engine, struct err *err) MUST_CHECK;

#endif
