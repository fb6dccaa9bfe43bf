/* vicidial_inbound: the source that reads inbound calls from VICIdial's database; it never writes.
 *
 * The calls are the rows of vicidial_closer_log, the log of queues (in-groups). The table is MyISAM, like vicidial_log.
 * vicidial.h has the rules for statements that follow from this. */
#ifndef VICIDIAL_INBOUND_H
#define VICIDIAL_INBOUND_H

#include "source/source.h"

/* vicidial_inbound_source: a scan reads by call_date, in all time zones that hosts write it in. source_fetch uses the
 * primary key. The archive is vicidial_closer_log_archive. */
extern const struct source_ops vicidial_inbound_source;

#endif
