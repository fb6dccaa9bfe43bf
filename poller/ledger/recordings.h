/* recordings: the recordings of accepted calls, from the PBX to the place that keeps them. Without a place in the
 * settings there are none.
 *
 * All functions return -1 and EX_IOERR if the ledger cannot be read or written. Changes are durable with the next
 * ledger_commit. */
#ifndef RECORDINGS_H
#define RECORDINGS_H

#include "ledger/ledger.h"

/* The numbers are stored: never renumber. */
enum recordings_state {
    RECORDINGS_PENDING = 1,
    RECORDINGS_STORED = 2,
    RECORDINGS_REJECTED = 3 /* set aside: not tried again by itself */
};

#define RECORDINGS_NO_SIZE (-1)

/* One recording. Texts are borrowed; NULL: there is none. */
struct recordings_row {
    const char *call; /* the call's id */
    const char *path; /* where it is at the PBX */
    int64_t started;  /* epoch: the call's begin, for the file's name */
    int64_t seen;     /* epoch: since when the ledger has this row */
    int64_t asked;    /* epoch: of the first try; 0: none yet */
    enum recordings_state state;
    int64_t attempts;      /* failed tries that count */
    int64_t due;           /* epoch: of the next try */
    int64_t size;          /* bytes, as the PBX says; or RECORDINGS_NO_SIZE */
    const char *validator; /* the PBX's ETag or Last-Modified for the part that is in the spool */
    const char *content_type; /* of the recording, as the PBX says */
    const char *md5;       /* of the whole recording, in hexadecimal digits */
    const char *file_id;   /* the place's name for the file; written before the file is made */
    const char *session;   /* the address of an unfinished upload: a secret */
    const char *link;      /* where people find the file */
    const char *reason;    /* why the last try failed */
};

/* recordings_expect: a call that was accepted has a recording at this path. A new row is pending and due at once. If
 * the row exists with another path and is not stored, it begins anew. *ret_changed: there was something to write. */
int recordings_expect(struct ledger *ledger, const char *call, const char *path, int64_t started, bool *ret_changed,
                      struct err *err) MUST_CHECK;

/* recordings_list_due: hands out at most limit pending recordings that are due, the oldest due first. on_row must not
 * change the ledger. */
typedef void recordings_on_row(void *context, const struct recordings_row *row);
int recordings_list_due(struct ledger *ledger, const struct ledger_time *time, int64_t limit,
                        recordings_on_row *on_row, void *context, struct err *err) MUST_CHECK;

/* recordings_set_path: the recording is at this path. recordings_forget: the call has no recording; deletes the row. */
int recordings_set_path(struct ledger *ledger, const char *call, const char *path, struct err *err) MUST_CHECK;
int recordings_forget(struct ledger *ledger, const char *call, struct err *err) MUST_CHECK;

/* recordings_put: writes everything of the row but path, started and seen. A state other than pending is not noted at
 * the sink yet. */
int recordings_put(struct ledger *ledger, const struct recordings_row *row, struct err *err) MUST_CHECK;

/* recordings_list_unnoted: hands out at most limit recordings whose end the sink does not know yet. recordings_noted:
 * the sink knows the end. Deletes the row if it is stored and the ledger no longer has its call. */
int recordings_list_unnoted(struct ledger *ledger, int64_t limit, recordings_on_row *on_row, void *context,
                            struct err *err) MUST_CHECK;
int recordings_noted(struct ledger *ledger, const char *call, struct err *err) MUST_CHECK;

/* recordings_list: hands out all recordings in that state, or the recording of one call in any state, without
 * sessions. call NULL: any call. */
int recordings_list(struct ledger *ledger, enum recordings_state state, const char *call, recordings_on_row *on_row,
                    void *context, struct err *err) MUST_CHECK;

/* recordings_retry: makes rejected recordings pending and due at once, with no attempt used up. call NULL: all.
 * *ret_count is their number. */
int recordings_retry(struct ledger *ledger, const char *call, int64_t *ret_count, struct err *err) MUST_CHECK;

/* recordings_forget_place: forgets the file ids and sessions of the recordings that are not stored yet. They belong to
 * another place. */
int recordings_forget_place(struct ledger *ledger, struct err *err) MUST_CHECK;

/* recordings_charge: the last failure of a pending recording counts after all; with most_attempts it is rejected. */
int recordings_charge(struct ledger *ledger, const char *call, int64_t most_attempts, struct err *err) MUST_CHECK;

/* recordings_count: counts the recordings that the ledger has. It reads the index of open ones; stored ones are
 * counted in the counter RECORDINGS_COUNTER when they are stored. */
#define RECORDINGS_COUNTER "recordings"
struct recordings_counts {
    int64_t pending, rejected, stored; /* stored: since the ledger was made */
};
int recordings_count(struct ledger *ledger, struct recordings_counts *ret_counts, struct err *err) MUST_CHECK;

/* recordings_prune: deletes rejected recordings that were rejected before an epoch, at most limit. */
int recordings_prune(struct ledger *ledger, int64_t before, int64_t limit, struct err *err) MUST_CHECK;

#endif
