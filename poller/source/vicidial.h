/* vicidial: the source that reads VICIdial's database, and never writes it.
 *
 * vicidial_log is MyISAM: a running SELECT blocks every UPDATE, and later readers wait behind that UPDATE. So every
 * statement uses an index, has a max_statement_time and reads a short part of the table. Its whole result is in memory
 * before the first call is reported. */
#ifndef VICIDIAL_H
#define VICIDIAL_H

#include "source/source.h"

/* vicidial_source: a scan reads by call_date, in all time zones in which hosts write it, or by end_epoch if the site
 * has an index on that column. source_fetch uses the primary key. The archive is vicidial_log_archive, to which
 * ADMIN_archive_log_tables.pl moves old rows. */
extern const struct source_ops vicidial_source;

#endif
