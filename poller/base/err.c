/* err: the one error value that travels up from where something failed to where it is reported. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

int err_set(struct err *err, int code, const char *format, ...)
{
    if (err == NULL)
        return -1;
    /* The arguments may point into err->message (a reason wrapped in a longer one): format aside, then copy. */
    struct err made = { .code = code };
    va_list args;
    va_start(args, format);
    (void)vsnprintf(made.message, sizeof made.message, format, args);
    va_end(args);
    *err = made;
    return -1;
}
