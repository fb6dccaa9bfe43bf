/* callio_page: one page of a list of Callio's API. For callio's files only. */
#ifndef CALLIO_PAGE_H
#define CALLIO_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "source/api_words.h"

struct callio_page {
    struct json *json;        /* the whole answer; NULL: no page */
    const struct json *first; /* its first document, for json_next; NULL: it has none */
    size_t count;             /* its documents */
    int64_t total;            /* the documents of all pages; -1: the API does not say */
    int64_t limit;            /* the most documents of a page; -1: the API does not say */
    bool is_last;             /* no further page */
};

/* callio_page_read: reads an answer, which may be a bare list: number is the page's, from 1. Takes json over:
 * ownership: callio_page_clear, also after an error. An answer without a list is an error, and never an empty page.
 * Errors: EX_UNAVAILABLE, with the API's words. */
int callio_page_read(struct json *json, int64_t number, const char *const secrets[API_WORDS_SECRETS],
                     struct callio_page *ret_page, struct err *err) MUST_CHECK;

/* callio_page_parse: parses the body of an answer. A bare list becomes an object with the member docs. NULL: it is
 * neither. Ownership: json_free. */
struct json *callio_page_parse(const char *body) MUST_CHECK;

/* callio_page_clear: frees the page. */
void callio_page_clear(struct callio_page *page);

#endif
