/* place_drive_verdict: judges the errors of Google Drive. For place_drive only. */
#ifndef PLACE_DRIVE_VERDICT_H
#define PLACE_DRIVE_VERDICT_H

#include "base/http.h"
#include "recording/place.h"

/* Who asked for what, for the remedy. Ownership: borrowed. */
struct drive_asker {
    const char *account;   /* the account's name */
    bool is_user;          /* a person, with storage of its own; not a service account */
    bool names_the_folder; /* the request names the folder, so a 404 is about the folder */
};

/* drive_verdict: sets *ret_failure for an answer that is no success. */
void drive_verdict(const struct http_answer *answer, const struct drive_asker *asker,
                   struct transfer_failure *ret_failure);

/* drive_reason: writes the reason of the error in the answer, such as "storageQuotaExceeded", to out; "": none. */
void drive_reason(const struct http_answer *answer, char *out, size_t size);

#endif
