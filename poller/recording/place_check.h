/* place_check: stores a small file in a place, and deletes it again. For `check`. */
#ifndef PLACE_CHECK_H
#define PLACE_CHECK_H

#include "recording/place.h"

/* What the place did. */
struct place_finding {
    bool is_stored, is_deleted;
    bool is_dead;                    /* a disk does not answer; a thread waits for it until the process ends */
    char name[96];                   /* the name of the file */
    char room[PLACE_ROOM_SIZE];      /* "11 GB are free"; "": the place does not say it */
    struct transfer_failure failure; /* why the file was not stored, or not deleted */
};

/* place_check: settings are those that opened the place. directory is where the file is made on this host, for as long
 * as it takes. Takes up to some seconds a request, and at most 30 for a disk. Ownership: all is borrowed; the thread of
 * a dead disk uses none of it. Errors: EX_IOERR (directory, no thread), EX_SOFTWARE (libcurl); what the place refuses
 * is a finding. */
int place_check(const struct place *place, const struct place_settings *settings, const char *directory,
                struct place_finding *ret_finding, struct err *err) MUST_CHECK;

#endif
