/* call: one row of vicidial_log as the dialer tells it, and what this program knows of it. */
#ifndef CALL_H
#define CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The columns of vicidial_log that are read (VICIdial's MySQL_AST_CREATE_tables.sql, table vicidial_log). */
enum call_field {
    CALL_UNIQUEID,
    CALL_LEAD_ID,
    CALL_LIST_ID,
    CALL_CAMPAIGN_ID,
    CALL_PHONE_NUMBER,
    CALL_PHONE_CODE,
    CALL_STATUS,
    CALL_LENGTH_IN_SEC,
    CALL_USER,
    CALL_USER_GROUP,
    CALL_TERM_REASON,
    CALL_COMMENTS,
    CALL_ALT_DIAL,
    CALL_CALLED_COUNT,
    CALL_CALL_DATE,
    CALL_START_EPOCH,
    CALL_END_EPOCH,
    CALL_FIELD_COUNT
};

/* A row. value[field] is the column's text exactly as the database gave it, NULL for SQL NULL and for a column that was
 * not read or that the table lacks. age_sec: seconds since the call was made, by the database's clock; -1 when the row
 * does not tell. went_back_sec: by how much the clocks of who wrote it were put back since, as in autumn: so much longer
 * VICIdial's own screens take the call for a recent one (vdc_db_query.php: call_date within 4 hours).
 * is_oddly_dated: call_date is in no known time zone, so a scan by time may pass the row by. */
struct call {
    const char *value[CALL_FIELD_COUNT];
    int64_t age_sec, went_back_sec;
    bool is_oddly_dated;
};

/* call_size: the bytes that a copy of call takes, with its text. */
size_t call_size(const struct call *call);

/* call_copy_to: makes a copy that owns its text in memory of call_size bytes, which are aligned for any type. */
struct call *call_copy_to(void *memory, const struct call *call);

/* call_copy: the same in memory of its own. Ownership: the caller frees it with free(). */
struct call *call_copy(const struct call *call) MUST_CHECK;

/* call_text: a column's text, or "" for NULL. Borrowed from call. */
const char *call_text(const struct call *call, enum call_field field);

/* call_number: a column as a number; fallback for NULL and for anything that is no number. */
int64_t call_number(const struct call *call, enum call_field field, int64_t fallback);

/* call_ended: whether the row says when the call ended. VICIdial leaves end_epoch NULL while a call runs, and 0 where
 * it copied an unfinished row (AST_VDadapt.pl). */
bool call_ended(const struct call *call);

/* call_fingerprint: a number that changes when what the API should know has changed: status, duration, agent, term
 * reason. It is stored on disk: the way it is made must never change. */
uint64_t call_fingerprint(const struct call *call);

/* What is known of a call. The numbers are stored on disk: never renumber. */
enum call_state {
    CALL_UNKNOWN = 0,  /* never seen */
    CALL_ACCEPTED = 1, /* the API has it, as fingerprint says */
    CALL_OWED = 2,     /* to be sent (again) when due */
    CALL_HELD = 3,     /* ended, but its disposition is not final yet */
    CALL_REJECTED = 4, /* set aside: the API refused it, or its attempts are used up */
    CALL_DROPPED = 5   /* set aside, and dropped by a person: never to be sent */
};

struct call_record {
    enum call_state state;
    bool sent_before;     /* the API has accepted some content of this call ... */
    uint64_t fingerprint; /* ... namely this, or see call_is_in_doubt */
    int64_t attempts;     /* failed tries charged to the content that is owed */
    int64_t tries;        /* all attempts to send it so far; only read */
    int64_t tried;        /* when the last one was, by this host's clock; 0: none; only read */
};

/* call_is_in_doubt: whether the API may have the content it accepted or a later one: other content is on its way, or
 * was and no answer came. The fingerprint is then the number of tries before that, smaller than any real one is likely
 * to be. */
bool call_is_in_doubt(const struct call_record *record);

#endif
