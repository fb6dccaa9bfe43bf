/* log: one line an event, to the log file and to the terminal. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "json.h"
#include "log.h"
#include "mem.h"
#include "str.h"

/* The one piece of global state in the program: a log is a property of the process. */
static struct {
    int fd;
    enum log_terminal terminal;
    enum log_format format;
    enum log_level lowest;
    const char *secret;
    bool hold;
    char waiting[8192]; /* whole lines for the file */
    size_t waiting_length;
} sink = { .fd = -1, .terminal = LOG_TERMINAL_STDERR, .lowest = LOG_INFO };

static const char *const level_names[] = { "DEBUG", "INFO", "WARN", "ERROR" };

int log_open(const char *path, enum log_terminal terminal, struct err *err)
{
    sink.terminal = terminal;
    if (path == NULL || strcmp(path, "-") == 0)
        return 0;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
    if (fd < 0 && errno == ELOOP)
        return err_set(err, EX_IOERR, "could not open the log %s: it is a symbolic link; put a regular file there "
                       "or name another with --log", path);
    if (fd < 0)
        return err_set(err, errno == EACCES || errno == EPERM ? EX_NOPERM : EX_IOERR,
                       "could not open the log %s: %s; name another with --log FILE", path, strerror(errno));
    struct stat info;
    if (fstat(fd, &info) != 0 || !(S_ISREG(info.st_mode) || S_ISCHR(info.st_mode))) {
        (void)close(fd);
        return err_set(err, EX_IOERR, "could not open the log %s: it is not a regular file; name another with --log "
                       "FILE", path);
    }
    sink.fd = fd;
    return 0;
}

void log_show_on(enum log_terminal terminal)
{
    sink.terminal = terminal;
}

void log_set(enum log_format format, enum log_level lowest)
{
    sink.format = format;
    sink.lowest = lowest;
}

void log_hide(const char *secret)
{
    sink.secret = secret != NULL && *secret != '\0' ? secret : NULL;
}

static void write_out(int fd, const char *text, size_t length)
{
    /* The result is ignored on purpose: see log_line's contract. */
    (void)!write(fd, text, length);
}

void log_hold(void)
{
    sink.hold = true;
}

void log_flush(void)
{
    if (sink.fd >= 0 && sink.waiting_length > 0)
        write_out(sink.fd, sink.waiting, sink.waiting_length);
    sink.waiting_length = 0;
}

static void to_file(enum log_level level, const char *line, size_t length)
{
    if (length > sizeof sink.waiting - sink.waiting_length)
        log_flush();
    if (length > sizeof sink.waiting) {
        write_out(sink.fd, line, length);
        return;
    }
    memcpy(sink.waiting + sink.waiting_length, line, length);
    sink.waiting_length += length;
    if (!sink.hold || level > LOG_INFO)
        log_flush();
}

/* The local time of this second; a busy run writes thousands of lines in one. */
static const char *time_text(void)
{
    static char text[CLOCK_TEXT_SIZE];
    static int64_t second = -1;
    int64_t now = clock_now_epoch();
    if (now != second)
        (void)clock_local(now, text, sizeof text);
    second = now;
    return text;
}

static char *format_line(enum log_level level, const char *message)
{
    const char *now = time_text();
    if (sink.format == LOG_FORMAT_TEXT)
        return mem_format("%s %-5s %s\n", now, level_names[level], message);
    struct json *object = json_object();
    json_add_text(object, "timestamp", now);
    json_add_text(object, "level", level_names[level]);
    json_add_text(object, "message", message);
    char *text = json_print(object);
    char *line = mem_format("%s\n", text);
    free(text);
    json_free(object);
    return line;
}

void log_line(enum log_level level, const char *format, ...)
{
    if (level < sink.lowest)
        return;
    char message[2048];
    char *raw = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&raw, format, args);
    va_end(args);
    if (length < 0)
        mem_out();
    str_hide(raw, sink.secret); /* before the line is cut, or the beginning of the secret could stay */
    (void)str_printable(raw, message, sizeof message);
    free(raw);

    char *line = format_line(level, message);
    size_t line_length = strlen(line);
    if (sink.fd >= 0)
        to_file(level, line, line_length);
    if (sink.terminal == LOG_TERMINAL_STDOUT)
        write_out(STDOUT_FILENO, line, line_length);
    else if (sink.terminal == LOG_TERMINAL_STDERR || (sink.terminal == LOG_TERMINAL_ERRORS && level == LOG_ERROR))
        write_out(STDERR_FILENO, line, line_length);
    free(line);
}

void log_close(void)
{
    log_flush();
    sink.hold = false;
    if (sink.fd >= 0)
        (void)close(sink.fd);
    sink.fd = -1;
    sink.secret = NULL;
}
