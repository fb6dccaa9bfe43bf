/* log: one line an event, to the log file and to the terminal. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mask.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/systemlog.h"

/* The one piece of global state in the program: a log is a property of the process. */
static struct {
    int fd;
    const char *path; /* NULL: no file is wanted; where fd is -1 its lines go to syslog */
    char problem[1200]; /* the first thing that kept lines out of the file */
    bool problem_is_told;
    enum log_terminal terminal;
    enum log_format format;
    enum log_level lowest;
    const char **secrets; /* borrowed, but for the list */
    size_t secret_count;
    int64_t run; /* 0: none */
    bool hold;
    char waiting[8192]; /* whole lines for the file */
    size_t waiting_length;
} sink = { .fd = -1, .terminal = LOG_TERMINAL_STDERR, .lowest = LOG_INFO };

static const char *const level_names[] = { "DEBUG", "INFO", "WARN", "ERROR" };

/* Only notes it, as it is met in the middle of a line; tell_problem says it. */
static void PRINTF_LIKE(1, 2) note_problem(const char *format, ...)
{
    va_list args;
    if (*sink.problem != '\0')
        return;
    va_start(args, format);
    (void)vsnprintf(sink.problem, sizeof sink.problem, format, args);
    va_end(args);
}

const char *log_problem(void)
{
    return sink.problem;
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
    if (secret == NULL || *secret == '\0')
        return;
    sink.secrets = mem_resize(sink.secrets, sink.secret_count + 1, sizeof *sink.secrets);
    sink.secrets[sink.secret_count++] = secret;
}

void log_run(int64_t run)
{
    sink.run = run;
}

static void write_out(int fd, const char *text, size_t length)
{
    /* The result is ignored on purpose: see log_write's contract. */
    (void)!write(fd, text, length);
}

void log_hold(void)
{
    sink.hold = true;
}

/* Writes whole lines; those that the file does not take, one that was cut off included, go to syslog. */
static void write_lines(const char *lines, size_t length)
{
    size_t wrote = 0;
    while (wrote < length) {
        ssize_t count = write(sink.fd, lines + wrote, length - wrote);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        wrote += (size_t)count;
    }
    if (wrote == length)
        return;
    int error_number = errno;
    while (wrote > 0 && lines[wrote - 1] != '\n')
        wrote--;
    systemlog_write(LOG_WARN, lines + wrote, length - wrote);
    note_problem("could not write the log %s: %s", sink.path, strerror(error_number));
}

static void write_waiting(void)
{
    if (sink.fd >= 0 && sink.waiting_length > 0)
        write_lines(sink.waiting, sink.waiting_length);
    sink.waiting_length = 0;
}

static void to_file(enum log_level level, const char *line, size_t length)
{
    if (length > sizeof sink.waiting - sink.waiting_length)
        write_waiting();
    if (length > sizeof sink.waiting) {
        write_lines(line, length);
        return;
    }
    memcpy(sink.waiting + sink.waiting_length, line, length);
    sink.waiting_length += length;
    if (!sink.hold || level > LOG_INFO)
        write_waiting();
}

/* The local time of this second; a busy run writes thousands of lines in one. */
static const char *time_text(void)
{
    static char texts[2][CLOCK_TEXT_SIZE];
    static int64_t second = -1;
    int64_t now = clock_now_epoch();
    if (now != second) {
        (void)clock_local(now, texts[LOG_FORMAT_TEXT], sizeof texts[0]);
        (void)clock_iso(now, texts[LOG_FORMAT_JSON], sizeof texts[0]);
    }
    second = now;
    return texts[sink.format];
}

/* Each file of the program is one part of it. "poller/forward.c" -> "forward" */
static void name_part(const char *file, char *out, size_t size)
{
    const char *slash = strrchr(file, '/'), *name = slash != NULL ? slash + 1 : file;
    (void)snprintf(out, size, "%.*s", (int)strcspn(name, "."), name);
}

/* What the line is about. The texts of the object lie in shown, as many as there are. */
struct context {
    struct json *object;
    char shown[5][256];
    size_t count;
};

static void add_text(struct context *context, const char *name, const char *value)
{
    if (value == NULL || *value == '\0')
        return;
    char *shown = context->shown[context->count++];
    json_add_text(context->object, name, str_printable(value, shown, sizeof context->shown[0]));
}

static void add_call(struct context *context, const struct log_call *call)
{
    char *phone = call->phone != NULL ? mem_copy(call->phone) : NULL;
    mask_shown(phone, call->phone);
    add_text(context, "uniqueid", call->uniqueid);
    add_text(context, "campaign", call->campaign);
    add_text(context, "phone", phone);
    add_text(context, "status", call->status);
    add_text(context, "result", call->result);
    free(phone);
    if (call->answer >= 0)
        json_add_int(context->object, "answer", call->answer);
    if (call->attempt >= 0)
        json_add_int(context->object, "attempt", call->attempt);
}

static char *format_json(const char *file, enum log_level level, const struct log_call *call, const char *message)
{
    char part[64];
    struct json *object = json_object();
    name_part(file, part, sizeof part);
    json_add_text(object, "timestamp", time_text());
    json_add_text(object, "level", level_names[level]);
    json_add_text(object, "logger", part);
    json_add_text(object, "message", message);
    struct context context = { .object = json_add(object, "context", json_object()) };
    if (sink.run != 0)
        json_add_int(context.object, "run", sink.run);
    if (call != NULL)
        add_call(&context, call);
    char *text = json_print(object);
    char *line = mem_format("%s\n", text);
    free(text);
    json_free(object);
    return line;
}

static char *format_line(const char *file, enum log_level level, const struct log_call *call, const char *message)
{
    return sink.format == LOG_FORMAT_JSON ? format_json(file, level, call, message)
                                          : mem_format("%s %-5s %s\n", time_text(), level_names[level], message);
}

/* Writes a line to each place that it belongs to. Takes out of text what must not be shown. */
static void emit(const char *file, enum log_level level, const struct log_call *call, char *text)
{
    char message[2048];
    for (size_t i = 0; i < sink.secret_count; i++)
        str_hide(text, sink.secrets[i]); /* before the line is cut, or the beginning of the secret could stay */
    if (call != NULL)
        mask_shown(text, call->phone);
    (void)str_printable(text, message, sizeof message);

    char *line = format_line(file, level, call, message);
    size_t length = strlen(line);
    if (sink.fd >= 0)
        to_file(level, line, length);
    else if (sink.path != NULL)
        systemlog_write((int)level, line, length);
    if (sink.terminal == LOG_TERMINAL_STDOUT)
        write_out(STDOUT_FILENO, line, length);
    else if (sink.terminal == LOG_TERMINAL_STDERR || (sink.terminal == LOG_TERMINAL_ERRORS && level == LOG_ERROR))
        write_out(STDERR_FILENO, line, length);
    free(line);
}

static void tell_problem(void)
{
    if (*sink.problem == '\0' || sink.problem_is_told)
        return;
    sink.problem_is_told = true;
    char *text = mem_format("❌ %s; calls are still sent, and the log's lines go to syslog", sink.problem);
    emit(__FILE__, LOG_ERROR, NULL, text);
    free(text);
}

void log_write(const char *file, enum log_level level, const struct log_call *call, const char *format, ...)
{
    if (level < sink.lowest)
        return;
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0)
        mem_out();
    emit(file, level, call, text);
    free(text);
    tell_problem();
}

/* ---- opening and closing ---- */

static void open_file(const char *path)
{
    struct stat info;
    sink.fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
    if (sink.fd < 0) {
        note_problem("could not open the log %s: %s; name another with --log FILE", path,
                     errno == ELOOP ? "it is a symbolic link; put a regular file there" : strerror(errno));
    } else if (fstat(sink.fd, &info) != 0 || !(S_ISREG(info.st_mode) || S_ISCHR(info.st_mode))) {
        (void)close(sink.fd);
        sink.fd = -1;
        note_problem("could not open the log %s: it is not a regular file; name another with --log FILE", path);
    }
}

void log_open(const char *path, enum log_terminal terminal)
{
    sink.terminal = terminal;
    sink.problem[0] = '\0';
    sink.problem_is_told = false;
    sink.path = path != NULL && strcmp(path, "-") != 0 ? path : NULL;
    if (sink.path != NULL)
        open_file(sink.path);
    tell_problem();
}

void log_flush(void)
{
    write_waiting();
    tell_problem();
}

void log_close(void)
{
    log_flush();
    sink.hold = false;
    if (sink.fd >= 0)
        (void)close(sink.fd);
    sink.fd = -1;
    sink.path = NULL;
    free(sink.secrets);
    sink.secrets = NULL;
    sink.secret_count = 0;
    sink.run = 0;
}
