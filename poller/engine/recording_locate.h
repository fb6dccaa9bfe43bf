/* recording_locate: finds out where the recordings are whose source has a table of them. */
#ifndef RECORDING_LOCATE_H
#define RECORDING_LOCATE_H

#include "ledger/ledger.h"
#include "ledger/recordings.h"
#include "recording/fetch.h"
#include "source/source.h"

/* What the ledger has as the path of such a recording: "?KIN ENDED", and its URL once that is known. */
#define RECORDING_LOCATE_MARK '?'
#define RECORDING_LOCATE_PATH_SIZE 1200

/* recording_locate_begin: writes the first such path of a call to out. */
void recording_locate_begin(const char *kin, int64_t ended, char out[RECORDING_LOCATE_PATH_SIZE]);

/* recording_locate_url: the URL in the path; NULL: it is not known yet. Ownership: borrowed from path. */
const char *recording_locate_url(const char *path);

/* recording_locate_address: where to fetch the recording with this path: the path below source->url. The dialer's table
 * has a whole URL instead. If the settings name no host, source->url becomes the host of that URL, and *ret_host keeps
 * it; otherwise *ret_host is NULL. Ownership: the returned path is borrowed from path; the caller frees *ret_host.
 * recording_locate_check: whether recordings may be fetched from that host, which may be NULL. Errors: EX_CONFIG. */
const char *recording_locate_address(const char *path, struct fetch_source *source, char **ret_host);
int recording_locate_check(const char *host, bool allow_insecure_http, struct err *err) MUST_CHECK;

/* recording_locate_run: looks up the recordings of these rows, whose URLs are not known, and writes to the ledger what
 * becomes of each: its URL, when to look again, that it is rejected, or that the call has no recording; then the row is
 * deleted. A table that cannot be read is logged; the rows wait. Durable with the next ledger_commit. Errors:
 * EX_IOERR. */
int recording_locate_run(struct ledger *ledger, const struct source *source, const struct recordings_row *rows,
                         size_t count, struct err *err) MUST_CHECK;

#endif
