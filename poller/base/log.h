/* log: writes one line per event to the log file and to the terminal. A line names the profile of program.h, if any.
 *
 * Each run opens the file again and only appends to it, so logrotate needs no signal. A run in progress goes on writing
 * to the renamed file, so the logrotate stanza has `create` and `delaycompress`. A write has only whole lines. */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* What the process prints besides the log file: nothing; only errors, on standard error (for a run without a terminal);
 * every line on standard output; every line on standard error (for a command that prints its result). */
enum log_terminal { LOG_TERMINAL_NONE, LOG_TERMINAL_ERRORS, LOG_TERMINAL_STDOUT, LOG_TERMINAL_STDERR };

/* log_open: from now on lines go to the file path (created with mode 0640; NULL or "-": no file) and to terminal.
 * Before log_open they go to standard error. Ownership: path is borrowed until log_close.
 * Errors: none, as calls must be sent without a log too. If the file cannot be opened or written, lines go to syslog. A
 * symbolic link, a directory or a pipe is not opened. */
void log_open(const char *path, enum log_terminal terminal);

/* log_problem: why lines went to syslog since log_open; "" if none did. */
const char *log_problem(void);

/* log_set_terminal: from now on lines go to the terminal as terminal says. */
void log_set_terminal(enum log_terminal terminal);

/* log_configure: sets the log's format and its lowest level. The configuration is read after log_open, so they come
 * later. */
void log_configure(enum log_format format, enum log_level lowest);

/* log_hide_secret: from now on each line has a * for each character of this secret, too. NULL and "" hide nothing.
 * Ownership: secret is borrowed until log_close. */
void log_hide_secret(const char *secret);

/* log_set_run: from now on JSON lines carry this run's number; 0: none. */
void log_set_run(int64_t run);

/* The call that a line reports. LOG_FORMAT_JSON prints it as the line's context, without members that are NULL, "" or
 * negative. */
struct log_call {
    const char *uniqueid, *campaign, *phone, *status, *result;
    int64_t answer;  /* the sink's answer code, such as an HTTP status; 0: no answer */
    int64_t attempt; /* the number of the attempt, from 1 */
};

/* log_write: writes one line. file is the source file that logs; call is the call that the line reports, or NULL.
 * Control characters become '?', so that no text from outside can forge a line or control a terminal. Errors: none: a
 * full disk must not stop calls from being sent (see log_open). */
void log_write(const char *file, enum log_level level, const struct log_call *call, const char *format, ...)
    PRINTF_LIKE(4, 5);

#define log_for_call(level, call, ...) log_write(__FILE__, level, call, __VA_ARGS__)
#define log_debug(...) log_write(__FILE__, LOG_DEBUG, NULL, __VA_ARGS__)
#define log_info(...) log_write(__FILE__, LOG_INFO, NULL, __VA_ARGS__)
#define log_warn(...) log_write(__FILE__, LOG_WARN, NULL, __VA_ARGS__)
#define log_error(...) log_write(__FILE__, LOG_ERROR, NULL, __VA_ARGS__)

/* log_buffer_lines: from now on lines of LOG_INFO and below may stay in memory until log_flush, log_close or a line of
 * a higher level. */
void log_buffer_lines(void);

/* log_flush: writes the buffered lines. */
void log_flush(void);

/* log_close: writes the buffered lines and closes the file. From now on lines go to the terminal only. */
void log_close(void);

#endif
