/* pbx_pages: reads all calls of a window of time, page by page. For pbx's files only.
 *
 * The list is newest first and moves while it is paged: new calls shift it. So the pages overlap by some rows, which
 * are handed out twice. */
#ifndef PBX_PAGES_H
#define PBX_PAGES_H

#include "source/pbx_client.h"
#include "source/pbx_known.h"

/* Calls are dated by their start; longer ones are not looked for. */
#define PBX_LONGEST_SEC (6 * 3600)

struct pbx_pages {
    struct pbx_client *client;     /* borrowed, like the texts */
    const char *domain;
    const struct pbx_zone *zone;   /* of the times in requests */
    const char *zone_place;        /* where to set it, for messages: "under [source]" */
    enum pbx_dialect dialect;      /* as set: which dates a request has */
    enum pbx_dialect seen;         /* as the answers show it; PBX_AUTO: not known yet */
    int64_t page_size, overlap;    /* rows */
    int64_t skipped;               /* rows so far that were no calls of their window */
};

/* A window of time. The API may filter on the start or the end of calls; nothing here depends on which. */
struct pbx_window {
    int64_t from, to;  /* epochs, included */
    int64_t slack_sec; /* rows this far outside are no error: the time zone is not known yet */
    int64_t limit;     /* read one page of this many rows; 0: all */
    int64_t settled_by;             /* known calls that ended later, or have not ended, must be read again */
    const struct pbx_known *known;  /* the end of the list that need not be read again; NULL: read it all */
    struct pbx_known *ret_known;    /* gets the list and the anchors when the window was read; NULL: not needed */
};

/* Called for each row, which is borrowed until the callback returns. 1 ends the reading, -1 with *err ends it with that
 * error. */
typedef int pbx_on_row(void *context, const struct pbx_row *row, struct err *err);

/* Called between two pages. 1 ends the reading. NULL: no callback. */
typedef int pbx_on_page(void *context, struct err *err);

/* pbx_pages_read: reads a window. Returns 0 when every row of it was read, 1 if a callback or the limit ended it.
 * A row that is no call of the window is skipped, and the log has a warning. It is an error if a page has such rows
 * alone and one of them is outside of the window, if no row of a page has a member of a call, or if more than a few
 * rows of the window, and more than there are calls, cannot be read. Errors: those of pbx_client_get and of the
 * callbacks; EX_UNAVAILABLE, EX_CONFIG if the list cannot be complete. */
int pbx_pages_read(struct pbx_pages *pages, const struct pbx_window *window, pbx_on_row *on_row, pbx_on_page *on_page,
                   void *context, struct err *err) MUST_CHECK;

#endif
