/* status_flags: the result of a status by VICIdial's own flags. Pure. */
#ifndef STATUS_FLAGS_H
#define STATUS_FLAGS_H

#include "domain/call.h"

/* The flags of a status. */
enum {
    STATUS_HUMAN_ANSWERED = 1 << 0,
    STATUS_SALE = 1 << 1,
    STATUS_DNC = 1 << 2,
    STATUS_CUSTOMER_CONTACT = 1 << 3,
    STATUS_NOT_INTERESTED = 1 << 4,
    STATUS_SCHEDULED_CALLBACK = 1 << 5
};

/* A status with its flags. */
struct status_flags {
    const char *status;
    const char *campaign; /* the campaign that has this status; NULL: all campaigns have it */
    const char *name;     /* for people; NULL: none */
    unsigned flags;
};

/* status_flags_result: the result of a call, by the flags of its status. If no human answered, the carrier's
 * result decides, if it was looked up. Ownership: a constant. */
const char *status_flags_result(const struct call *call, unsigned flags);

/* status_flags_letters: writes flags in letters, for people: "H$DCNK"; "-": none. Returns out. */
#define STATUS_FLAGS_LETTERS_SIZE 8
const char *status_flags_letters(unsigned flags, char out[STATUS_FLAGS_LETTERS_SIZE]);

#endif
