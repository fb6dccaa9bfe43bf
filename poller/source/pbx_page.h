/* pbx_page: one page of the list of calls, as the API of a hosted PBX answers it. For pbx's files only. */
#ifndef PBX_PAGE_H
#define PBX_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "source/api_words.h"
#include "source/pbx_row.h"

struct pbx_page {
    struct json *json;        /* the whole answer; NULL: no page */
    const struct json *first; /* its first row, for json_next; NULL: it has none */
    size_t count;             /* its rows */
    int64_t total;            /* the calls that the API counts in all; -1: it does not say */
    int64_t next_offset;      /* -1: it does not say */
    enum pbx_dialect dialect; /* as the answer around the rows shows it */
};

/* pbx_page_read: reads the body of an answer. A body that says that something failed, or that is no list of calls, is
 * an error and never an empty page. Ownership: pbx_page_clear, also after an error. Errors: EX_UNAVAILABLE, with the
 * API's words. */
int pbx_page_read(const char *body, const char *const secrets[API_WORDS_SECRETS], struct pbx_page *ret_page,
                  struct err *err) MUST_CHECK;

/* pbx_page_has: whether a row of this page has this uuid. */
bool pbx_page_has(const struct pbx_page *page, const char *uuid);

/* pbx_page_clear: frees the page. */
void pbx_page_clear(struct pbx_page *page);

#endif
