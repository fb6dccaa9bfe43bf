/* source: VICIdial's database, read and never written. All knowledge of its tables is in source.c.
 *
 * vicidial_log is MyISAM: a running SELECT holds up every UPDATE, and later readers queue behind that. So every
 * statement is bounded by an index and by max_statement_time, touches a short stretch of the table, and its whole
 * result is in this process's memory before the first row is handed out. */
#ifndef SOURCE_H
#define SOURCE_H

#include <stddef.h>

#include "base/err.h"
#include "domain/call.h"
#include "domain/settings.h"
#include "domain/zone.h"

struct source;

/* source_connect: opens a read-only session. Both are borrowed for the life of the source. Ownership: source_close.
 * Errors: EX_UNAVAILABLE (no server), EX_CONFIG (user, password or database refused), with the remedy. */
int source_connect(const struct settings_database *database, const struct settings_sync *settings,
                   struct source **ret_source, struct err *err) MUST_CHECK;

/* source_inspect: learns which columns and indexes vicidial_log has, and in which time zones its latest rows are
 * written; needed before any read.
 * Errors: EX_CONFIG (no table, no right to read it, a column is missing, no index that bounds a read). */
int source_inspect(struct source *source, struct err *err) MUST_CHECK;

/* source_inspect_archive: the same for the archive, needed before a scan of it. *ret_usable is false where there is
 * none. Errors: as source_inspect. */
int source_inspect_archive(struct source *source, bool *ret_usable, struct err *err) MUST_CHECK;

/* What source_inspect found, for people; borrowed from source. */
struct source_facts {
    const char *server;          /* version */
    const char *index;           /* the index that reads use, and its column */
    const char *missing_protections; /* of the session, see session_facts; "": none */
    const char *missing_columns; /* blank separated, "" when there are none: an old VICIdial; null is sent for them */
};
struct source_facts source_facts(const struct source *source);

/* source_zone: in which time zones rows are written; borrowed from source. source_recall_zone: adds what earlier runs
 * knew of them, see zone_recall. */
const struct zone *source_zone(const struct source *source);
void source_recall_zone(struct source *source, const struct zone *earlier);

/* source_now_epoch: the database's clock, in seconds since 1970 UTC. The dialer's rows are compared with this one. */
int source_now_epoch(struct source *source, int64_t *ret_epoch, struct err *err) MUST_CHECK;

/* Receives a row, borrowed for the call. -1 with *err ends the reading, which then fails with that error. */
typedef int source_on_call(void *context, const struct call *call, struct err *err);

/* Told between the statements of a scan, when nothing of the table is held: every row that ended before ended_before
 * has been handed out. 0 goes on, 1 ends the scan here, -1 with *err ends it with that error. NULL: nobody asks. */
typedef int source_on_slice(void *context, int64_t ended_before, struct err *err);

/* Where rows are read. The archive is what ADMIN_archive_log_tables.pl moves old rows to; its copy of a row that was
 * still changing stays as it was then. A scan of the archive leaves out what stands in the live table. A dialer without
 * that table has nothing in it. */
enum source_table { SOURCE_LIVE, SOURCE_ARCHIVE };

/* Which rows a scan covers, in epochs: those that ended from end_from to end_to, both included, of calls made (by
 * call_date, in whatever zone) from call_from to call_to. call_to 0: no bound. */
struct source_range {
    int64_t end_from, end_to;
    int64_t call_from, call_to;
    enum source_table table;
    bool whole_rows; /* hand out every column; else only those that decide on a call */
};

/* source_range_ended: the whole rows of the calls that ended in that time; those that lasted longer than an agent's
 * screen allows, four hours, are left out at its very beginning. */
struct source_range source_range_ended(enum source_table table, int64_t end_from, int64_t end_to);

/* source_scan: hands out the rows of range, roughly in the order of time, in whatever time zones they are written. The
 * columns that decide on a call are uniqueid, campaign_id, status, length_in_sec, user, term_reason, comments,
 * start_epoch and end_epoch. Where the site has an index
 * on end_epoch, that bounds the read, and call_from and call_to are not needed. Errors: EX_UNAVAILABLE (connection
 * lost, statement too slow, table locked or crashed). */
int source_scan(struct source *source, const struct source_range *range, source_on_call *on_call,
                source_on_slice *on_slice, void *context, struct err *err) MUST_CHECK;

/* source_fetch: hands out whole rows by primary key, in no particular order; rows that do not exist (any more) are left
 * out. An archive that may not be read, is damaged or locked hands out nothing (more), see source_archive_problem.
 * Errors: as source_scan. */
int source_fetch(struct source *source, enum source_table table, const char *const *uniqueids, size_t count,
                 source_on_call *on_call, void *context, struct err *err) MUST_CHECK;

/* source_archive_problem: why the archive could not be read by the last source_fetch of it (refused, damaged, locked),
 * with the remedy: what stands there is not known then. "" where it could. Borrowed from source. */
const char *source_archive_problem(const struct source *source);

/* What the session has cost the server so far. */
struct source_effort {
    int64_t statements, took_ms; /* as measured here, the way included */
    int64_t rows_examined;       /* as the server counts them */
};

/* source_effort: one more short statement; where the server does not tell, rows_examined is 0. */
struct source_effort source_effort(struct source *source);

/* source_session: the session with its server, for the leader's lock. Borrowed. */
struct session *source_session(struct source *source);

/* source_list_campaigns: hands out the ids of the dialer's campaigns. Errors: EX_CONFIG (no right, no such table),
 * EX_UNAVAILABLE; also where there are more than anybody can have. */
typedef void source_on_campaign(void *context, const char *id);
int source_list_campaigns(struct source *source, source_on_campaign *on_campaign, void *context, struct err *err)
    MUST_CHECK;

/* source_close: NULL is fine. */
void source_close(struct source *source);

#endif
