/* err: an error value, passed up from the failing function to the function that reports it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

int err_set(struct err *err, int code, const char *format, ...)
{
    if (err == NULL)
        return -1;
    /* Format into a copy first: an argument may be err->message itself, the reason within a longer message. */
    struct err made = { .code = code };
    va_list args;
    va_start(args, format);
    (void)vsnprintf(made.message, sizeof made.message, format, args);
    va_end(args);
    *err = made;
    return -1;
}
