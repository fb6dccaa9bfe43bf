/* api_runs: what the runs did, by time and by reason: GET /runs, /charts and /rejected of the live page's API. */
#ifndef API_RUNS_H
#define API_RUNS_H

#include "ledger/ledger.h"
#include "serve/api.h"

/* api_runs: a page of a profile's runs, newest first. Parameters: profile, kind, page, size. */
api_handler api_runs;

/* api_runs_is_kind: whether runs can be of this kind. */
#define API_RUNS_KINDS "poll, backfill, reconcile or retry"
bool api_runs_is_kind(const char *word) MUST_CHECK;

/* api_charts: the calls of each hour or day: by state, result and direction. Parameters: profile, by=hour|day, from,
 * to, offset (seconds that the viewer's zone is ahead of UTC). */
api_handler api_charts;

/* api_rejected: the rejected calls by reason, the most frequent first. Parameters: profile, size. */
api_handler api_rejected;

/* api_runs_running: the runs that have begun and not ended, as a JSON list; with how far a backfill has come, or always
 * without it. Ownership: the caller frees it. */
char *api_runs_running(struct ledger *ledger, bool with_progress) MUST_CHECK;

#endif
