/* vicidial: the kind of source that reads VICIdial's database, and never writes it.
 *
 * vicidial_log is MyISAM: a running SELECT holds up every UPDATE, and later readers queue behind that. So every
 * statement is bounded by an index and by max_statement_time, touches a short stretch of the table, and its whole
 * result is in this process's memory before the first call is handed out. */
#ifndef VICIDIAL_H
#define VICIDIAL_H

#include "source/session.h"
#include "source/source.h"

/* vicidial_source: a scan reads by call_date, in whatever time zones that is written; where the site has an index on
 * end_epoch, by that. Calls are fetched by primary key. The archive is vicidial_log_archive, to which
 * ADMIN_archive_log_tables.pl moves old rows. */
extern const struct source_ops vicidial_source;

/* vicidial_session, vicidial_database: of what vicidial_source has opened, for vicidial_locks. Borrowed. */
struct session *vicidial_session(void *state);
const struct settings_database *vicidial_database(const void *state);

#endif
