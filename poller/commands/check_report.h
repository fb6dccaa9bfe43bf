/* check_report: what `check` has found, one line a test, and the verdict. */
#ifndef CHECK_REPORT_H
#define CHECK_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum check_level { CHECK_GOOD, CHECK_WARNING, CHECK_FAILED };

struct check_report;

/* check_report_new: json: nothing is printed before check_report_end, and then one object; else each line at once, as
 * some tests take seconds. Ownership: check_report_end. */
struct check_report *check_report_new(bool json) MUST_CHECK;

/* One line each. area is a literal, the part that was tested. The text is formatted; remedy says what to do, NULL: that
 * is nothing. The first failure's exit code is that of the command. */
void check_good(struct check_report *report, const char *area, const char *text, ...) PRINTF_LIKE(3, 4);
void check_warn(struct check_report *report, const char *area, const char *remedy, const char *text, ...)
    PRINTF_LIKE(4, 5);
void check_fail(struct check_report *report, const char *area, int exit_code, const char *remedy, const char *text, ...)
    PRINTF_LIKE(5, 6);

/* check_fail_err: a line for an error as it came, which names its remedy, if any, behind the last "; ". */
void check_fail_err(struct check_report *report, const char *area, const struct err *err);

/* check_warn_message: the same for a message of this form, as a warning. */
void check_warn_message(struct check_report *report, const char *area, const char *message);

/* check_report_end: prints the verdict, or the whole as JSON, and frees report. next says what is left to do when
 * nothing failed; NULL: nothing. Returns the exit code. */
int check_report_end(struct check_report *report, const char *next);

#endif
