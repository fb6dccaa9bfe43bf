/* asterisk: the source that reads the cdr table of FreePBX, Issabel or plain Asterisk, and never writes it.
 *
 * Asterisk writes a row when its channel hangs up, but calldate is the start of the call. So a scan by calldate reads
 * back as far as the longest call lasts, and groups the rows by linkedid. A call has ended when its latest end is
 * settle_sec old. CEL's LINKEDID_END would give the exact end, but cannot replace the scan: cel may be off or filtered,
 * its rows may be as late as those of cdr, and it has no index on time or event type. */
#ifndef ASTERISK_H
#define ASTERISK_H

#include "source/source.h"

/* asterisk_source: fetches calls by an index on linkedid; without the index, by calldate from the epoch in the id. */
extern const struct source_ops asterisk_source;

#endif
