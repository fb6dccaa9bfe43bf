/* asterisk: the kind of source that reads the cdr table of FreePBX, Issabel or plain Asterisk, and never writes it.
 *
 * A row is written when its channel hangs up, with calldate = start: it is late by the length of the call. So a scan goes
 * by calldate, as far back as calls last, groups rows by linkedid, and takes a call as ended when its newest end is a
 * settle time old. CEL's LINKEDID_END would tell the end exactly. It is not used: cel may be off or filtered, may lack
 * calls' rows for as long as cdr does, has an index on neither time nor event type, and could replace none of this. */
#ifndef ASTERISK_H
#define ASTERISK_H

#include "source/source.h"

/* asterisk_source: calls are fetched by an index on linkedid, else by calldate from the epoch in the id on. */
extern const struct source_ops asterisk_source;

#endif
