/* callio_list: reads all documents of a list of Callio's API within a window of time. For callio's files only.
 *
 * The API cannot page beyond 10,000 documents, and documents move between pages while they are paged. So each request
 * is for the first page of a window that ends where the page before it ended. Where the API does not sort, a window
 * with several pages is read in halves. The pages of one millisecond, and of a list without a window, are read by their
 * numbers, again until as many different documents were read as the API counts. */
#ifndef CALLIO_LIST_H
#define CALLIO_LIST_H

#include "source/callio_client.h"

struct callio_list {
    struct callio_client *client; /* borrowed, like the others */
    struct callio_tenant *tenant;
    const char *path;     /* "/call" */
    const char *time;     /* the member with the time of a document: "createTime" */
    const char *from, *to; /* the parameters that choose by this time; NULL: the API has none, and the window is all */
    int64_t page_size;
    bool *ret_ignored;    /* becomes true if the API ignores these parameters; NULL: not needed */
};

/* Called for each document, also again if it is read again: the later one is the newer. It is borrowed until the
 * callback returns. -1 with *err ends the reading with that error. */
typedef int callio_on_doc(void *context, const char *id, const struct json *doc, struct err *err);

/* callio_list_read: reads the documents from from_ms to to_ms, epochs in milliseconds, included. A document without _id
 * is skipped, and the log has a warning. Errors: those of callio_client_get and of the callback; EX_UNAVAILABLE if the
 * list cannot be complete; EX_CONFIG if the API ignores the window. */
int callio_list_read(const struct callio_list *list, int64_t from_ms, int64_t to_ms, callio_on_doc *on_doc,
                     void *context, struct err *err) MUST_CHECK;

/* callio_list_count: the documents of the window as the API counts them; -1: it does not say. Errors: those of
 * callio_client_get. */
int callio_list_count(const struct callio_list *list, int64_t from_ms, int64_t to_ms, int64_t *ret_count,
                      struct err *err) MUST_CHECK;

#endif
