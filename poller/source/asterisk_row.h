/* asterisk_row: one row of Asterisk's cdr table, and the id of its call. For asterisk's files only. */
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

/* The widths of the id columns in characters; 0: no such column, or no limit. */
struct asterisk_widths {
    int64_t uniqueid, linkedid;
};

/* A row with its own copies of the texts. A column that is NULL, or that the table lacks, is "". */
struct asterisk_row {
    const char *text[ASTERISK_COLUMNS];
    const char *id;        /* the id of its call */
    bool is_weak;          /* linkedid or uniqueid is missing or cut, so no other row can share the id */
    int64_t channel_epoch; /* the epoch in uniqueid, when the channel was created; 0: none */
    int64_t call_epoch;    /* the epoch in id, when the call's first channel was created; 0: none */
    int64_t local_sec;     /* calldate in seconds since 1970, as if there were no time zones */
    int64_t duration, billsec, sequence;
    int64_t started;       /* epoch; set by asterisk_group_date */
};

/* asterisk_row_make: makes a row from the columns. Ownership: the caller frees it with free(). */
struct asterisk_row *asterisk_row_make(const char *const columns[ASTERISK_COLUMNS], int64_t local_sec,
                                       const struct asterisk_widths *widths);

/* asterisk_row_epoch: the epoch in an id: "1729771100.5", "pbx1-1729771100.5"; 0: there is none. */
int64_t asterisk_row_epoch(const char *id);

/* asterisk_row_weak_local: the calldate in the id of a weak row, as local_sec; 0: id is not of a weak row. */
int64_t asterisk_row_weak_local(const char *id);

/* asterisk_row_compare: orders rows by call, then by calldate and sequence; 0: one row repeats the other. */
int asterisk_row_compare(const struct asterisk_row *a, const struct asterisk_row *b);

/* asterisk_row_is: whether a column equals word. Ignores the case of letters. */
bool asterisk_row_is(const struct asterisk_row *row, enum asterisk_column column, const char *word);

/* asterisk_row_has: whether a column is not empty. */
bool asterisk_row_has(const struct asterisk_row *row, enum asterisk_column column);

#endif
