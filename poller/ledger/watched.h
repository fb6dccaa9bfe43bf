/* watched: the calls that had not ended when a scan found them. Each run reads them again by their ids, until they end.
 * A call that waits for its disposition stays on the list, because VICIdial may still rewrite its id. The list has its
 * kin, which finds the call then. */
#ifndef WATCHED_H
#define WATCHED_H

#include "ledger/ledger.h"

/* A call on the watch list. */
struct watched {
    const char *id;
    const char *kin; /* see struct call; NULL: none */
    int64_t began;   /* epoch */
};

/* All functions return -1 and EX_IOERR if the ledger cannot be read or written. Changes are durable with the next
 * ledger_commit. */

/* watched_add: puts a call on the list. If it is there already, nothing changes. */
int watched_add(struct ledger *ledger, const struct watched *call, struct err *err) MUST_CHECK;

/* watched_remove: takes a call from the list. A call that is not there is no error. */
int watched_remove(struct ledger *ledger, const char *id, struct err *err) MUST_CHECK;

/* watched_has: whether the call is on the list. watched_kin: reads the call's kin and begin. *ret_kin is NULL if the
 * call has no kin or is not on the list. Ownership: the caller frees *ret_kin. */
int watched_has(struct ledger *ledger, const char *id, bool *ret_has, struct err *err) MUST_CHECK;
int watched_kin(struct ledger *ledger, const char *id, char **ret_kin, int64_t *ret_began, struct err *err) MUST_CHECK;

/* watched_list: hands out at most limit calls that are only on the list and nowhere else in the ledger. It begins
 * behind the id after ("": with the first id), in the order of ids. The texts are borrowed until on_watched returns.
 * on_watched must not change the ledger. */
typedef void watched_on_call(void *context, const struct watched *call);
int watched_list(struct ledger *ledger, const char *after, int64_t limit, watched_on_call *on_watched, void *context,
                 struct err *err) MUST_CHECK;

/* watched_tidy: removes from the list the calls that are pending, accepted or rejected in the ledger, and the calls
 * that began before an epoch. */
int watched_tidy(struct ledger *ledger, int64_t began_before, struct err *err) MUST_CHECK;

/* watched_count: the number of calls that watched_list hands out. */
int watched_count(struct ledger *ledger, int64_t *ret_count, struct err *err) MUST_CHECK;

/* watched_oldest: the earliest begin of all calls on the list, an epoch; INT64_MAX: the list is empty. */
int watched_oldest(struct ledger *ledger, int64_t *ret_began, struct err *err) MUST_CHECK;

#endif
