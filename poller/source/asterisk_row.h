/* asterisk_row: one row of Asterisk's cdr table, and which call it belongs to. For asterisk's files only. */
#ifndef ASTERISK_ROW_H
#define ASTERISK_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The columns that are read (FreePBX: installlib/SQL/cdr.sql; Asterisk: contrib/ast-db-manage/cdr). */
enum asterisk_column {
    ASTERISK_CALLDATE,
    ASTERISK_CLID,
    ASTERISK_SRC,
    ASTERISK_DST,
    ASTERISK_DCONTEXT,
    ASTERISK_CHANNEL,
    ASTERISK_DSTCHANNEL,
    ASTERISK_LASTAPP,
    ASTERISK_LASTDATA,
    ASTERISK_DURATION,
    ASTERISK_BILLSEC,
    ASTERISK_DISPOSITION,
    ASTERISK_ACCOUNTCODE,
    ASTERISK_UNIQUEID,
    ASTERISK_USERFIELD,
    ASTERISK_DID,
    ASTERISK_RECORDINGFILE,
    ASTERISK_CNUM,
    ASTERISK_OUTBOUND_CNUM,
    ASTERISK_LINKEDID,
    ASTERISK_SEQUENCE,
    ASTERISK_COLUMNS
};

/* How many characters the table keeps of an id; 0: the table has no such column, or sets no limit. */
struct asterisk_widths {
    int64_t uniqueid, linkedid;
};

/* A row, with text of its own. A column that is NULL, or that the table lacks, is "". */
struct asterisk_row {
    const char *text[ASTERISK_COLUMNS];
    const char *id;        /* of its call ... */
    bool is_weak;          /* ... which this row alone tells: neither linkedid nor uniqueid is whole */
    int64_t channel_epoch; /* when its channel was made, as uniqueid says; 0: it does not say */
    int64_t call_epoch;    /* when the call's first channel was made, as id says; 0: it does not say */
    int64_t local_sec;     /* calldate in seconds since 1970, as if there were no time zones */
    int64_t duration, billsec, sequence;
    int64_t started;       /* epoch; only after asterisk_group_date */
};

/* asterisk_row_make: the row that columns tell of. Ownership: the caller frees it with free(). */
struct asterisk_row *asterisk_row_make(const char *const columns[ASTERISK_COLUMNS], int64_t local_sec,
                                       const struct asterisk_widths *widths);

/* asterisk_row_epoch: the epoch in an id: "1729771100.5", "pbx1-1729771100.5"; 0: there is none. */
int64_t asterisk_row_epoch(const char *id);

/* asterisk_row_weak_local: the calldate in the id of a weak row, as local_sec; 0: it is no such id. */
int64_t asterisk_row_weak_local(const char *id);

/* asterisk_row_compare: by call, then in the order of calldate and sequence; 0: one is a repetition of the other. */
int asterisk_row_compare(const struct asterisk_row *a, const struct asterisk_row *b);

/* asterisk_row_is: whether a column holds that word; letters compare without case. */
bool asterisk_row_is(const struct asterisk_row *row, enum asterisk_column column, const char *word);

/* asterisk_row_has: whether a column holds anything. */
bool asterisk_row_has(const struct asterisk_row *row, enum asterisk_column column);

#endif
