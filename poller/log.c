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

void log_set(enum log_format format, enum log_level lowest)
{
    sink.format = format;
    sink.lowest = lowest;
}

void log_hide(const char *secret)
{
    sink.secret = secret != NULL && *secret != '\0' ? secret : NULL;
}

static void write_out(int fd, const char *line)
{
    /* The result is ignored on purpose: see log_line's contract. */
    (void)!write(fd, line, strlen(line));
}

static char *format_line(enum log_level level, const char *message)
{
    char now[CLOCK_TEXT_SIZE];
    (void)clock_local(clock_now_epoch(), now, sizeof now);
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
    if (sink.fd >= 0)
        write_out(sink.fd, line);
    if (sink.terminal == LOG_TERMINAL_STDOUT)
        write_out(STDOUT_FILENO, line);
    else if (sink.terminal == LOG_TERMINAL_STDERR || (sink.terminal == LOG_TERMINAL_ERRORS && level == LOG_ERROR))
        write_out(STDERR_FILENO, line);
    free(line);
}

void log_close(void)
{
    if (sink.fd >= 0)
        (void)close(sink.fd);
    sink.fd = -1;
    sink.secret = NULL;
}
