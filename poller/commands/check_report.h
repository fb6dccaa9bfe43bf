/* check_report: the findings of `check`, one line per test, and the verdict. */
#ifndef CHECK_REPORT_H
#define CHECK_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum check_level { CHECK_GOOD, CHECK_WARNING, CHECK_FAILED };

struct check_report;

/* check_report_new: json: check_report_end prints one object. Otherwise each line is printed at once, because some
 * tests take seconds. Ownership: check_report_end. */
struct check_report *check_report_new(bool json) MUST_CHECK;

/* Each adds one line. area, a literal, names the part that was tested. text is a format. remedy says what to do; NULL:
 * nothing to do. The first failure sets the exit code of the command. */
void check_good(struct check_report *report, const char *area, const char *text, ...) PRINTF_LIKE(3, 4);
void check_warn(struct check_report *report, const char *area, const char *remedy, const char *text, ...)
    PRINTF_LIKE(4, 5);
void check_fail(struct check_report *report, const char *area, int exit_code, const char *remedy, const char *text, ...)
    PRINTF_LIKE(5, 6);

/* check_fail_err: adds a line for err. The remedy, if any, is the part of its message behind the last "; ". */
void check_fail_err(struct check_report *report, const char *area, const struct err *err);

/* check_warn_message: adds a warning from a message of the same form. */
void check_warn_message(struct check_report *report, const char *area, const char *message);

/* check_report_end: prints the verdict, or all findings as JSON, and frees report. next names the next step if
 * no test failed; NULL: there is none. Returns the exit code. */
int check_report_end(struct check_report *report, const char *next);

#endif
