/* err: the one error value that travels up from where something failed to where it is reported. */
#ifndef ERR_H
#define ERR_H

#include <sysexits.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* code is the exit code the failure asks for, one of sysexits.h's EX_ numbers:
 * EX_USAGE EX_UNAVAILABLE EX_SOFTWARE EX_IOERR EX_TEMPFAIL EX_NOPERM EX_CONFIG.
 * message says "could not <verb> <object>: <reason>", lower case, no full stop; it never holds a secret. */
struct err {
    int code;
    char message[1024];
};

/* err_set: fills *err with code and the formatted message (cut to fit). Always returns -1, so that a failing
 * function can end with `return err_set(...)`. err may be NULL: the caller does not want to know why. */
int err_set(struct err *err, int code, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
