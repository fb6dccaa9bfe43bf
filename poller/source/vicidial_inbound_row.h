/* vicidial_inbound_row: a row of vicidial_closer_log as a call. A row is one visit to a queue (in-group): a caller who
 * is transferred to another queue is in two rows, which share a uniqueid. For vicidial_inbound's files only. */
#ifndef VICIDIAL_INBOUND_ROW_H
#define VICIDIAL_INBOUND_ROW_H

#include "domain/call.h"
#include "domain/settings.h"
#include "source/zone.h"

/* The extras that only inbound calls have. */
extern const struct call_shape vicidial_inbound_shape;

/* The columns of a statement (VICIdial's MySQL_AST_CREATE_tables.sql, table vicidial_closer_log). The last two are
 * computed: call_date in seconds, read as if it were UTC, and the database's clock. */
enum inbound_column {
    INBOUND_CLOSECALLID,
    INBOUND_UNIQUEID,
    INBOUND_LEAD_ID,
    INBOUND_LIST_ID,
    INBOUND_CAMPAIGN_ID,
    INBOUND_PHONE_NUMBER,
    INBOUND_PHONE_CODE,
    INBOUND_STATUS,
    INBOUND_LENGTH_IN_SEC,
    INBOUND_QUEUE_SECONDS,
    INBOUND_USER,
    INBOUND_USER_GROUP,
    INBOUND_TERM_REASON,
    INBOUND_COMMENTS,
    INBOUND_CALLED_COUNT,
    INBOUND_XFERCALLID,
    INBOUND_CALL_DATE,
    INBOUND_START_EPOCH,
    INBOUND_END_EPOCH,
    INBOUND_COLUMNS,
    INBOUND_LOCAL_SEC = INBOUND_COLUMNS,
    INBOUND_NOW
};

/* The settings for these calls. */
struct vicidial_inbound_rules {
    const struct settings_sync *settings;
    int64_t disposition_wait_sec; /* how long after its end a call waits for the agent's disposition */
    bool with_messages;           /* hand out e-mails and chats too: the table has rows for them */
};

/* Memory for the texts of a call that are made from several columns. */
struct vicidial_inbound_room {
    char id[160], queue[24];
};

/* vicidial_inbound_row_id: writes the id of the call in row: UNIQUEID/cCLOSECALLID. The counter closecallid starts
 * again when the table is emptied (TRUNCATE), so the counter alone is not unique. A row from a web page has no
 * uniqueid; its id begins with start_epoch instead. */
void vicidial_inbound_row_id(const char *uniqueid, const char *start_epoch, const char *closecallid, char *out,
                             size_t size);

/* vicidial_inbound_row_closecallid: returns the counter in id; NULL: id has another form. Ownership: borrowed from
 * id. */
const char *vicidial_inbound_row_closecallid(const char *id);

/* vicidial_inbound_row_call: returns the call in row; its texts are borrowed from row and room. *ret_wanted is false
 * for e-mails and chats, unless the settings ask for them. */
struct call vicidial_inbound_row_call(const char *const *row, const struct zone *zone,
                                      const struct vicidial_inbound_rules *rules, struct vicidial_inbound_room *room,
                                      bool *ret_wanted);

/* vicidial_inbound_row_set_did: sets the number that the caller dialled, and marks it as looked up; NULL: unknown.
 * Ownership: borrowed from did. */
void vicidial_inbound_row_set_did(struct call *call, const char *did);

#endif
