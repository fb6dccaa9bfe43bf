/* view_feed: feeds view.db from the ledgers. One thread of the live page calls it, again and again.
 *
 * A profile's first copy comes in portions, then its changes. Each portion is one transaction of view.db, so that a
 * kill at any moment loses nothing: the next process goes on. */
#ifndef VIEW_FEED_H
#define VIEW_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct view_feed;

/* A profile of the host. Texts are borrowed. */
struct view_feed_profile {
    const char *name; /* "default" for the profile without a name */
    const char *state_dir;
};

/* view_feed_open: opens or creates view.db at path. Deletes the rows of profiles that are not among these. The profiles
 * are borrowed. Ownership: view_feed_close, which allows NULL, and deletes a view.db that was found damaged. Errors:
 * EX_IOERR, EX_NOPERM. */
int view_feed_open(const char *path, const struct view_feed_profile *profiles, size_t count,
                   struct view_feed **ret_feed, struct err *err) MUST_CHECK;
void view_feed_close(struct view_feed *feed);

/* view_feed_step: copies at most one portion from each ledger. *ret_busy: there is more to copy at once; otherwise the
 * caller waits a second. A ledger that cannot be read is noted as the profile's problem, and is no error. Errors:
 * EX_IOERR: view.db cannot be written, or somebody has deleted it: close, and open again, which makes a missing one. */
int view_feed_step(struct view_feed *feed, bool *ret_busy, struct err *err) MUST_CHECK;

/* view_feed_changes: grows with each change of view.db by this feed. For the event stream. */
int64_t view_feed_changes(const struct view_feed *feed);

/* view_feed_forget: ends the feed of each ledger: the ledgers note no changes any more. Errors: those of feed.h, the
 * first one; it goes on with the others. */
int view_feed_forget(const struct view_feed_profile *profiles, size_t count, struct err *err) MUST_CHECK;

#endif
