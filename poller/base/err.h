/* err: an error value, passed up from the failing function to the function that reports it. */
#ifndef ERR_H
#define ERR_H

#include <sysexits.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* code is the exit code for this failure, one of sysexits.h's EX_ numbers:
 * EX_USAGE EX_UNAVAILABLE EX_SOFTWARE EX_IOERR EX_TEMPFAIL EX_NOPERM EX_CONFIG.
 * message says "could not <verb> <object>: <reason>", lower case, without a full stop. It never contains a secret. */
struct err {
    int code;
    char message[1024];
};

/* err_set: sets *err to code and the formatted message; a message that is too long is cut. Always returns -1, so that a
 * failing function can end with `return err_set(...)`. err may be NULL if the caller does not need the reason. */
int err_set(struct err *err, int code, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
