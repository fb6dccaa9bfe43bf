/* fetch: downloads a recording from the PBX into the spool. A broken download continues where it ended, if the PBX says
 * that the file is still the same. */
#ifndef FETCH_H
#define FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/http.h"
#include "recording/place.h"
#include "recording/spool.h"

/* Where recordings are. Ownership: the texts are borrowed. */
struct fetch_source {
    const char *url;           /* without a slash at the end */
    const char *authorization; /* the header line: a secret; NULL: none */
    const char *ca_file;       /* "": the system's certificates */
    int64_t timeout;           /* seconds */
};

#define FETCH_VALIDATOR_SIZE 256

/* One download. The caller sets the first members; fetch_begin the others. */
struct fetch {
    const struct fetch_source *source; /* borrowed, as the next three */
    struct spool *spool;
    const char *call, *path;
    int64_t size;                         /* of the recording, as the PBX says; -1: unknown. Kept in the ledger */
    char validator[FETCH_VALIDATOR_SIZE]; /* ETag or Last-Modified of the part; "": none. Kept in the ledger */
    bool changed;                         /* one of these has to be written to the ledger; the caller clears it */
    char content_type[64];                /* of the recording; "": the PBX did not say it. Kept in the ledger */

    char md5[SPOOL_MD5_SIZE];             /* of the recording; set when it is DONE */
    enum { FETCH_BEGUN, FETCH_RECEIVED, FETCH_DONE, FETCH_FAILED } state;
    struct transfer_failure failure;
    char *url, *part, *done;
    const char *headers[4];
    char range[64], if_range[FETCH_VALIDATOR_SIZE + 16];
    int file;
    int64_t offset;   /* of the next byte */
    int64_t reserved; /* bytes of the spool that are kept for the rest */
    bool has_head;        /* the headers of the answer were read */
    bool cannot_continue; /* the PBX cannot send the rest of a broken download: the next one begins anew */
};

/* fetch_url: writes the address of a recording: base, one slash, and the segments of path, each percent-encoded.
 * Returns NULL, or why the path is none: it names another host, has a segment .., or a control character. Ownership:
 * the caller frees *ret_url. */
const char *fetch_url(const char *base, const char *path, char **ret_url);

/* fetch_begin: prepares the download; the caller has set the members above. fetch_end: frees what belongs to it; the
 * files stay. */
void fetch_begin(struct fetch *fetch);
void fetch_end(struct fetch *fetch);

/* fetch_next, fetch_judge, fetch_work: as next, judge and work of a place. DONE: the recording is the file fetch->done,
 * which is durable.
 * fetch_take: the request's on_body. */
enum transfer_turn fetch_next(struct fetch *fetch, struct http_transfer *ret_request,
                              struct transfer_failure *ret_failure);
bool fetch_take(struct fetch *fetch, const struct http_answer *so_far, const char *bytes, size_t length);
void fetch_judge(struct fetch *fetch, const struct http_answer *answer);
void fetch_work(struct fetch *fetch);

#endif
