/* why_record: the row that the sink has of one call, for `why` and for the live page. */
#ifndef WHY_RECORD_H
#define WHY_RECORD_H

#include "sink/sink.h"

/* why_record: an object with row (an object of texts; null: no row) and problem (why the row cannot be read; null:
 * it was read), or "null": sink is NULL or has no rows to read. wrong: what is wrong with the settings, and then no
 * row is read; NULL: nothing. Ownership: the caller frees it. */
char *why_record(const struct sink_ops *sink, const struct sink_settings *settings, const struct sink_row_query *query,
                 const char *wrong) MUST_CHECK;

#endif
