/* log: writes one line per event to the log file and to the terminal. */
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
#include "base/program.h"
#include "base/str.h"
#include "base/systemlog.h"

/* The one piece of global state in the program: a log is a property of the process. */
static struct {
    int fd;
    const char *path; /* NULL: log to no file. If path is set and fd is -1, lines go to syslog */
    char problem[1200]; /* the first failure to open or write the file */
    bool problem_is_reported;
    enum log_terminal terminal;
    enum log_format format;
    enum log_level lowest;
    const char **secrets; /* the texts are borrowed, the list is owned */
    size_t secret_count;
    int64_t run; /* 0: none */
    bool buffers;
    char waiting[8192]; /* whole lines for the file */
    size_t waiting_length;
} state = { .fd = -1, .terminal = LOG_TERMINAL_STDERR, .lowest = LOG_INFO };

static const char *const level_names[] = { "DEBUG", "INFO", "WARN", "ERROR" };

/* Does not log the problem: it occurs while a line is being written. report_problem logs it afterwards. */
static void PRINTF_LIKE(1, 2) keep_first_problem(const char *format, ...)
{
    va_list args;
    if (*state.problem != '\0')
        return;
    va_start(args, format);
    (void)vsnprintf(state.problem, sizeof state.problem, format, args);
    va_end(args);
}

const char *log_problem(void)
{
    return state.problem;
}

void log_set_terminal(enum log_terminal terminal)
{
    state.terminal = terminal;
}

void log_configure(enum log_format format, enum log_level lowest)
{
    state.format = format;
    state.lowest = lowest;
}

void log_hide_secret(const char *secret)
{
    if (secret == NULL || *secret == '\0')
        return;
    state.secrets = mem_resize(state.secrets, state.secret_count + 1, sizeof *state.secrets);
    state.secrets[state.secret_count++] = secret;
}

void log_set_run(int64_t run)
{
    state.run = run;
}

static void write_to_terminal(int fd, const char *text, size_t length)
{
    /* Ignored on purpose: by the contract of log_write, a failed write must not stop the run. */
    (void)!write(fd, text, length);
}

void log_buffer_lines(void)
{
    state.buffers = true;
}

/* Writes whole lines to the file. Lines that fail, a partly written one included, go to syslog. */
static void write_lines(const char *lines, size_t length)
{
    size_t written = 0;
    while (written < length) {
        ssize_t count = write(state.fd, lines + written, length - written);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        written += (size_t)count;
    }
    if (written == length)
        return;
    int error_number = errno;
    while (written > 0 && lines[written - 1] != '\n')
        written--;
    systemlog_write(LOG_WARN, lines + written, length - written);
    keep_first_problem("could not write the log %s: %s", state.path, strerror(error_number));
}

static void write_waiting(void)
{
    if (state.fd >= 0 && state.waiting_length > 0)
        write_lines(state.waiting, state.waiting_length);
    state.waiting_length = 0;
}

static void append_to_file(enum log_level level, const char *line, size_t length)
{
    if (length > sizeof state.waiting - state.waiting_length)
        write_waiting();
    if (length > sizeof state.waiting) {
        write_lines(line, length);
        return;
    }
    memcpy(state.waiting + state.waiting_length, line, length);
    state.waiting_length += length;
    if (!state.buffers || level > LOG_INFO)
        write_waiting();
}

/* The local time as text, formatted once per second: a busy run writes thousands of lines in a second. */
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
    return texts[state.format];
}

/* "poller/engine/forward.c" -> "forward" */
static void name_module(const char *file, char *out, size_t size)
{
    const char *slash = strrchr(file, '/'), *name = slash != NULL ? slash + 1 : file;
    (void)snprintf(out, size, "%.*s", (int)strcspn(name, "."), name);
}

/* The JSON context of a line. The object borrows its texts from the first count rows of shown. */
struct context {
    struct json *object;
    char shown[6][256];
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
    mask_if_enabled(phone, call->phone);
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
    char module[64];
    struct json *object = json_object();
    name_module(file, module, sizeof module);
    json_add_text(object, "timestamp", time_text());
    json_add_text(object, "level", level_names[level]);
    json_add_text(object, "logger", module);
    json_add_text(object, "message", message);
    struct context context = { .object = json_add(object, "context", json_object()) };
    add_text(&context, "profile", program_profile());
    if (state.run != 0)
        json_add_int(context.object, "run", state.run);
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
    const char *profile = program_profile(); /* several profiles may share a terminal, the journal or syslog */
    bool is_named = *profile != '\0';
    if (state.format == LOG_FORMAT_JSON)
        return format_json(file, level, call, message);
    return mem_format("%s %-5s %s%s%s%s\n", time_text(), level_names[level], is_named ? "[" : "", profile,
                      is_named ? "] " : "", message);
}

/* Writes a line to the file or syslog, and to the terminal. Replaces secrets and masked numbers in text. */
static void emit(const char *file, enum log_level level, const struct log_call *call, char *text)
{
    char message[2048];
    for (size_t i = 0; i < state.secret_count; i++)
        str_hide(text, state.secrets[i]); /* before the line is cut, or the beginning of the secret could stay */
    if (call != NULL)
        mask_if_enabled(text, call->phone);
    (void)str_printable(text, message, sizeof message);

    char *line = format_line(file, level, call, message);
    size_t length = strlen(line);
    if (state.fd >= 0)
        append_to_file(level, line, length);
    else if (state.path != NULL)
        systemlog_write((int)level, line, length);
    if (state.terminal == LOG_TERMINAL_STDOUT)
        write_to_terminal(STDOUT_FILENO, line, length);
    else if (state.terminal == LOG_TERMINAL_STDERR || (state.terminal == LOG_TERMINAL_ERRORS && level == LOG_ERROR))
        write_to_terminal(STDERR_FILENO, line, length);
    free(line);
}

static void report_problem(void)
{
    if (*state.problem == '\0' || state.problem_is_reported)
        return;
    state.problem_is_reported = true;
    char *text = mem_format("❌ %s; calls are still sent, and the log's lines go to syslog", state.problem);
    emit(__FILE__, LOG_ERROR, NULL, text);
    free(text);
}

void log_write(const char *file, enum log_level level, const struct log_call *call, const char *format, ...)
{
    if (level < state.lowest)
        return;
    va_list args;
    va_start(args, format);
    char *text = mem_format_list(format, args);
    va_end(args);
    emit(file, level, call, text);
    free(text);
    report_problem();
}

/* ---- opening and closing ---- */

static void open_file(const char *path)
{
    struct stat info;
    state.fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
    if (state.fd < 0) {
        keep_first_problem("could not open the log %s: %s; name another with --log FILE", path,
                           errno == ELOOP ? "it is a symbolic link; put a regular file there" : strerror(errno));
    } else if (fstat(state.fd, &info) != 0 || !(S_ISREG(info.st_mode) || S_ISCHR(info.st_mode))) {
        (void)close(state.fd);
        state.fd = -1;
        keep_first_problem("could not open the log %s: it is not a regular file; name another with --log FILE", path);
    }
}

void log_open(const char *path, enum log_terminal terminal)
{
    state.terminal = terminal;
    state.problem[0] = '\0';
    state.problem_is_reported = false;
    state.path = path != NULL && strcmp(path, "-") != 0 ? path : NULL;
    if (state.path != NULL)
        open_file(state.path);
    report_problem();
}

void log_flush(void)
{
    write_waiting();
    report_problem();
}

void log_close(void)
{
    log_flush();
    state.buffers = false;
    if (state.fd >= 0)
        (void)close(state.fd);
    state.fd = -1;
    state.path = NULL;
    free(state.secrets);
    state.secrets = NULL;
    state.secret_count = 0;
    state.run = 0;
}
