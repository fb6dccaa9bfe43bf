/* api_recordings: the recordings: GET /recordings and /recordings/{profile}/{id}/audio of the live page's API. */
#ifndef API_RECORDINGS_H
#define API_RECORDINGS_H

#include "ledger/ledger.h"
#include "serve/api.h"

/* api_recordings: a page of calls that have a recording, as GET /calls, each with its file. Without the parameter
 * recording, state chooses that of the recording. */
api_handler api_recordings;

/* api_recordings_audio: the sound, as it was fetched from the PBX or from the directory of [recordings]; a part of it
 * if the request has a Range. A recording that is only on the web is answered with its link, 302. */
api_handler api_recordings_audio;

/* api_recordings_of: the recording of one call as a JSON object; *ret_text is NULL if the ledger has none. With masks,
 * it has neither the PBX's path nor the link: both may contain the number. Ownership: the caller frees *ret_text.
 * Errors: EX_IOERR. */
int api_recordings_of(struct ledger *ledger, const char *id, bool masks, char **ret_text, struct err *err) MUST_CHECK;

/* api_recordings_range: the part of size bytes that the header Range asks for. range NULL, or one that is not
 * understood: the whole. */
enum api_range { API_RANGE_WHOLE, API_RANGE_PART, API_RANGE_NONE /* nothing of it exists: 416 */ };
enum api_range api_recordings_range(const char *range, int64_t size, int64_t *ret_from, int64_t *ret_length);

#endif
