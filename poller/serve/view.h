/* view: queries of view.db, for the live page: its calls with filters, sorting and pages, and counts of them.
 *
 * One thread at a time uses a view. The feed writes meanwhile; each function sees one state of the file. Numbers that
 * nobody knows are VIEW_UNKNOWN. */
#ifndef VIEW_H
#define VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/call.h"

struct view;

#define VIEW_UNKNOWN INT64_MIN

/* All functions that can fail return -1 and EX_IOERR; EX_TEMPFAIL: the first copy of the calls is not complete yet;
 * EX_USAGE: the query is wrong, and the message says what is. */

/* view_open: for the file at path, which the feed may create later, or replace. path is copied. Ownership: view_close,
 * which allows NULL. */
struct view *view_open(const char *path) MUST_CHECK;
void view_close(struct view *view);

/* Which calls: all conditions must hold. A text that is NULL or "" is no condition. */
struct view_filter {
    const char *profile;
    const char *status, *result, *campaign, *agent; /* exactly this text */
    const char *direction; /* a name of enum call_direction */
    const char *state;     /* a name of view_state_name */
    const char *recording; /* a name of view_recording_name; "none": the call has no recording */
    const char *number;    /* the number begins or ends with these digits, * and #; blanks and -().+ do not count */
    bool masked;           /* the reader sees only the last four digits: number may be these alone */
    int64_t from, to;      /* ended at from or later, and before to; epochs; 0: no condition */
};

/* How calls are sorted; calls that are equal there come by their end. */
enum view_sort { VIEW_BY_ENDED, VIEW_BY_LENGTH, VIEW_BY_STATUS, VIEW_BY_RESULT, VIEW_BY_CAMPAIGN, VIEW_BY_AGENT,
                 VIEW_BY_NUMBER };

/* view_sort_of: the order with this name: "ended", "length", "status", "result", "campaign", "agent", "number". */
bool view_sort_of(const char *name, enum view_sort *ret_sort) MUST_CHECK;

#define VIEW_MOST_ROWS 1000
#define VIEW_CURSOR_SIZE 48

struct view_query {
    struct view_filter filter;
    enum view_sort sort; /* by number: not with masked */
    bool ascending;      /* otherwise the greatest, or newest, first */
    int64_t size;        /* rows of a page: 1 to VIEW_MOST_ROWS */
    int64_t page;        /* counted from 1; 0: as 1 */
    const char *after;   /* the `next` of another answer to the same query, by ended; "" or NULL: page counts */
};

/* A call. Texts are borrowed until the callback returns. Texts other than profile and id may be NULL. */
struct view_row {
    const char *profile, *id;
    const char *status, *result, *campaign, *agent, *number, *reason;
    int64_t ended, length, answer, took_ms, tries, tried, due, updated, seen;
    int64_t direction; /* enum call_direction */
    enum call_state state;
    int64_t recording; /* enum recordings_state; 0: none */
};
typedef void view_on_row(void *context, const struct view_row *row);

/* view_list: hands out a page of calls. next is the cursor for the following page; "": there are no more calls, or the
 * order has no cursor. */
int view_list(struct view *view, const struct view_query *query, view_on_row *on_row, void *context,
              char next[VIEW_CURSOR_SIZE], struct err *err) MUST_CHECK;

/* view_count: the number of calls, exactly. */
int view_count(struct view *view, const struct view_filter *filter, int64_t *ret_count, struct err *err) MUST_CHECK;

/* view_find: hands out one call, if there is such a call. */
int view_find(struct view *view, const char *profile, const char *id, view_on_row *on_row, void *context,
              struct err *err) MUST_CHECK;

/* view_chart: counts of calls by time. Hands out, oldest first, each bar that has calls: at is the epoch at which it
 * begins; a bar has seconds, a multiple of 1800, and begins at a multiple of it in a zone that is offset ahead of UTC
 * (a multiple of 1800; others are rounded). states by enum call_state. result NULL: none. */
struct view_bar {
    int64_t at;
    int64_t state, direction; /* VIEW_UNKNOWN: not known */
    const char *result;
    int64_t calls;
};
struct view_chart {
    const char *profile; /* NULL or "": all */
    int64_t from, to;    /* epochs */
    int64_t seconds, offset;
};
typedef void view_on_bar(void *context, const struct view_bar *bar);
int view_chart(struct view *view, const struct view_chart *chart, view_on_bar *on_bar, void *context,
               struct err *err) MUST_CHECK;

/* view_reasons: the reasons of rejected calls, the most frequent first, at most limit. number: of one such call, to
 * mask it in the reason. */
struct view_reason {
    const char *profile, *reason, *number;
    int64_t calls, first, last; /* first, last: ends of calls */
};
typedef void view_on_reason(void *context, const struct view_reason *reason);
int view_reasons(struct view *view, const char *profile, int64_t limit, view_on_reason *on_reason, void *context,
                 struct err *err) MUST_CHECK;

/* view_choices: the texts that calls have there, in the order of the alphabet, at most limit: the choices of a filter.
 * which: VIEW_BY_STATUS to VIEW_BY_AGENT. */
typedef void view_on_choice(void *context, const char *text);
int view_choices(struct view *view, enum view_sort which, int64_t limit, view_on_choice *on_choice, void *context,
                 struct err *err) MUST_CHECK;

/* view_list_profiles: how far the copy of a profile has come; name NULL: that of each profile. Works while the first
 * copy is not complete. */
struct view_profile {
    const char *name;
    bool is_complete;
    int64_t copied, total; /* calls; of the first copy, while it is not complete */
    const char *problem;   /* why its ledger cannot be read; NULL: it can */
};
typedef void view_on_profile(void *context, const struct view_profile *profile);
int view_list_profiles(struct view *view, const char *name, view_on_profile *on_profile, void *context,
                       struct err *err) MUST_CHECK;

/* view_state_name: "accepted", "pending", "waiting", "rejected", "discarded"; "unknown" for any other number.
 * view_recording_name: "pending", "stored", "rejected", and "none" for 0. */
const char *view_state_name(int64_t state);
const char *view_recording_name(int64_t recording);

#endif
