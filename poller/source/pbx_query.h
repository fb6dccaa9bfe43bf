/* pbx_query: the query of a request for a page. For pbx's files only. */
#ifndef PBX_QUERY_H
#define PBX_QUERY_H

#include "source/pbx_pages.h"

/* pbx_query_make: asks for limit rows from offset on. The dialect says which dates are named; PBX_AUTO: both, as the
 * API ignores those that it does not know. Times are named with some margin, days with one day more at both ends,
 * because the zone of the API's days is not known. Ownership: the caller frees it. */
char *pbx_query_make(const struct pbx_pages *pages, const struct pbx_window *window, int64_t limit, int64_t offset)
    MUST_CHECK;

/* pbx_query_covers: whether a call of that shape may be in the answer to such a query. False shows that the API ignored
 * the dates, or that the time zone is wrong. */
bool pbx_query_covers(const struct pbx_window *window, const struct pbx_row *row);

#endif
