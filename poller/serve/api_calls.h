/* api_calls: the calls: GET /calls, /calls.csv, /choices and /recordings of the live page's API. */
#ifndef API_CALLS_H
#define API_CALLS_H

#include "serve/api.h"

/* api_calls: a page of calls, with their number. Parameters: profile direction status result campaign agent state
 * recording from to number sort order page size after, and count=no to leave out the number. */
api_handler api_calls;

/* api_calls_csv: all calls of the same filters as CSV, newest first, as a stream. Each portion is a query of its
 * own, so the stream holds nothing. */
api_handler api_calls_csv;

/* api_choices: the texts that the filters status, result, campaign and agent can have. */
api_handler api_choices;

/* api_calls_filter: the filter of a request. False: it is wrong, and *reply says so. Texts are borrowed. */
bool api_calls_filter(const struct api *api, const struct request *request, struct view_filter *ret_filter,
                      struct reply *reply) MUST_CHECK;

/* api_calls_query: the same with order and page. */
bool api_calls_query(const struct api *api, const struct request *request, struct view_query *ret_query,
                     struct reply *reply) MUST_CHECK;

/* api_calls_add_row: adds the members of a call to an object. api_calls_add_page: those of a page of calls; total
 * may be VIEW_UNKNOWN. */
void api_calls_add_row(struct json_writer *object, const struct view_row *row, bool masks);
void api_calls_add_page(struct json_writer *object, const struct view_query *query, int64_t total, const char *next);

#endif
