/* records: what the ledger says, for people: the views behind status, failed, history, why, metrics and report. */
#ifndef RECORDS_H
#define RECORDS_H

#include "ledger.h"

/* All functions return -1 and EX_IOERR when the ledger cannot be read or written. Texts that are handed out are borrowed for
 * the call. */

/* Which of the calls that are set aside are meant: those for which all of this holds. */
struct records_selection {
    const char *uniqueid; /* NULL: any */
    const char *reason;   /* part of the reason; NULL: any */
    int64_t before;       /* ended before this epoch; 0: any */
};

/* records_list_rejected: hands out the calls that are set aside, oldest first. */
typedef void records_on_entry(void *context, const struct ledger_entry *entry);
int records_list_rejected(struct ledger *ledger, const struct records_selection *selection, records_on_entry *on_entry,
                          void *context, struct err *err) MUST_CHECK;

/* records_release: makes calls that are set aside CALL_OWED, due at once and with no attempts charged, or CALL_DROPPED.
 * *ret_count is how many. */
int records_release(struct ledger *ledger, const struct records_selection *selection, enum call_state state,
                    int64_t *ret_count, struct err *err) MUST_CHECK;

/* How things stand. Times are epochs, 0 where there is none. */
struct records_overview {
    struct ledger_counts counts;
    int64_t accepted;          /* calls that are remembered as accepted */
    int64_t oldest_pending;    /* end of the oldest call that is owed or held */
    int64_t next_due;          /* when the next owed call is tried again */
    int64_t last_run, last_run_accepted, last_run_exit_code;
    int64_t last_success;      /* start of the last run that ended well */
    char last_run_message[256];
};
int records_overview(struct ledger *ledger, struct records_overview *ret_overview, struct err *err) MUST_CHECK;

#endif
