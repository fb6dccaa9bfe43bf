/* recorder_columns: the columns of callcenter_records, and what a call puts into them. For recorder's files only. */
#ifndef RECORDER_COLUMNS_H
#define RECORDER_COLUMNS_H

#include "domain/call.h"
#include "domain/disposition.h"
#include "sink/sink.h"

enum recorder_type { RECORDER_TEXT, RECORDER_NUMBER, RECORDER_TIME, RECORDER_JSON, RECORDER_TYPES };

enum recorder_role {
    RECORDER_KEY,     /* tells one call from another */
    RECORDER_VALUE,   /* says what the source says ... */
    RECORDER_LASTING, /* ... but a known value stays where the source has none any more */
    RECORDER_MADE,    /* when the row was made */
    RECORDER_CHANGED, /* when the row last changed */
    RECORDER_FOREIGN  /* written by other programs only: what became of the recording */
};

struct recorder_column {
    const char *name;
    enum recorder_type type;
    enum recorder_role role;
    const char *member; /* of the message, where the value comes from; NULL: not from there */
};

/* In the order of the table. uuid is the call's id at its source, which two dialers may have in common; so source is
 * part of the key. */
enum recorder_column_number { RECORDER_SOURCE, RECORDER_UUID, RECORDER_HASH = 20, RECORDER_COLUMNS = 29 };
extern const struct recorder_column recorder_columns[RECORDER_COLUMNS];

/* recorder_columns_message: the message for a call: an object with a member for each value, in the names of the
 * columns, and as its last one the hash of all others. The key is that hash. No clock is in it: the same call gives
 * the same message. Ownership: sink_message_free. */
void recorder_columns_message(const char *source, const struct call *call, const struct disposition_map *map,
                              struct sink_message *ret_message);

#endif
