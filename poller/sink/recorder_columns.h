/* recorder_columns: the columns of callcenter_records and their values for a call. For recorder's files only. */
#ifndef RECORDER_COLUMNS_H
#define RECORDER_COLUMNS_H

#include "domain/call.h"
#include "domain/disposition.h"
#include "sink/sink.h"

enum recorder_type { RECORDER_TEXT, RECORDER_NUMBER, RECORDER_TIME, RECORDER_JSON, RECORDER_TYPES };

enum recorder_role {
    RECORDER_KEY,     /* identifies the call */
    RECORDER_VALUE,   /* the source's value */
    RECORDER_LASTING, /* the source's value; keeps the old value if the source has none */
    RECORDER_MADE,    /* when the row was created */
    RECORDER_CHANGED, /* when the row last changed */
    RECORDER_FOREIGN  /* the state of the recording: written only after it was transferred */
};

struct recorder_column {
    const char *name;
    enum recorder_type type;
    enum recorder_role role;
    const char *member; /* the member of the message with the value; NULL: none */
};

/* In the order of the table. uuid is the call's id at its source. Two dialers may have the same id, so source is part
 * of the key. */
enum recorder_column_number { RECORDER_SOURCE, RECORDER_UUID, RECORDER_HASH = 20, RECORDER_COLUMNS = 29 };
extern const struct recorder_column recorder_columns[RECORDER_COLUMNS];

/* recorder_columns_message: makes the message for a call: an object with a member for each column with a value. The
 * last member is the hash of all other members; the hash is also the message's key. The message does not contain the
 * time of the run, so the same call always gives the same message. Ownership: sink_message_free. */
void recorder_columns_message(const char *source, const struct call *call, const struct disposition_map *map,
                              struct sink_message *ret_message);

/* recorder_columns_note: makes the message for a recording: an object with the key and the columns of RECORDER_FOREIGN
 * by their names. Ownership: the caller frees it. */
char *recorder_columns_note(const char *source, const struct sink_recording *recording) MUST_CHECK;

#endif
