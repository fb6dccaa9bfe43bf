/* log: one line an event, to the log file and to the terminal.
 *
 * The file is opened afresh by every run and only appended to, so logrotate needs no signal; a run in progress goes on
 * writing to the renamed file (hence `create` and `delaycompress` in the logrotate stanza). Lines are written whole,
 * several at once while calls pass quickly. */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* What the process prints besides the file: nothing; errors alone, on standard error (no terminal is there to read the
 * rest); every line on standard output; every line on standard error, which leaves standard output to other text. */
enum log_terminal { LOG_TERMINAL_NONE, LOG_TERMINAL_ERRORS, LOG_TERMINAL_STDOUT, LOG_TERMINAL_STDERR };

/* log_open: from here on lines go to the file path (created with mode 0640; NULL or "-": no file) and to the terminal
 * as told. Until it is called they go to standard error. path is borrowed until log_close.
 * Never fails the caller: results matter more than the log. Lines that the file does not take go to syslog; a symbolic
 * link, a directory or a pipe in its place is not opened. */
void log_open(const char *path, enum log_terminal terminal);

/* log_problem: why lines went to syslog since log_open; "" when none did. */
const char *log_problem(void);

/* log_show_on: from now on lines go to that part of the terminal too. */
void log_show_on(enum log_terminal terminal);

/* log_set: what the configuration says of the log, known only after it is open. */
void log_set(enum log_format format, enum log_level lowest);

/* log_hide: from now on this secret, too, is replaced by *** in every line. Borrowed: it must live as long as the log. NULL
 * and "" hide nothing. */
void log_hide(const char *secret);

/* log_run: the number of the run that the lines from now on belong to; 0: none. */
void log_run(int64_t run);

/* The call that a line is about. LOG_FORMAT_JSON shows it as the line's context; what is NULL, "" or negative is left
 * out. */
struct log_call {
    const char *uniqueid, *campaign, *phone, *status, *result;
    int64_t answer;  /* a code; 0: no answer came */
    int64_t attempt; /* which one it was, from 1 */
};

/* log_write: writes one line, of the part of the program that file names, about call (NULL: about none). Control
 * characters become '?', so no text from outside can forge a line or steer a terminal. Writing never fails the caller:
 * a full disk must not stop calls from being sent (see log_open). */
void log_write(const char *file, enum log_level level, const struct log_call *call, const char *format, ...)
    PRINTF_LIKE(4, 5);

#define log_about(level, call, ...) log_write(__FILE__, level, call, __VA_ARGS__)
#define log_debug(...) log_write(__FILE__, LOG_DEBUG, NULL, __VA_ARGS__)
#define log_info(...) log_write(__FILE__, LOG_INFO, NULL, __VA_ARGS__)
#define log_warn(...) log_write(__FILE__, LOG_WARN, NULL, __VA_ARGS__)
#define log_error(...) log_write(__FILE__, LOG_ERROR, NULL, __VA_ARGS__)

/* log_hold: from now on lines of LOG_INFO and below may wait in memory until log_flush, a graver line or log_close. */
void log_hold(void);

/* log_flush: writes out what waits. */
void log_flush(void);

/* log_close: writes out what waits, and closes the file. From here on lines go to the terminal only. */
void log_close(void);

#endif
