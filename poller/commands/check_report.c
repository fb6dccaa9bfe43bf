/* check_report: the findings of `check`, one line per test, and the verdict. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "commands/check_report.h"

#define LINE_SIZE 1400

struct line {
    const char *area;
    enum check_level level;
    char *text, *remedy; /* remedy NULL: none */
};

struct check_report {
    bool json;
    int exit_code; /* of the first failure */
    struct line *lines;
    size_t count;
    size_t levels[CHECK_FAILED + 1]; /* number of lines, by level */
};

struct check_report *check_report_new(bool json)
{
    struct check_report *report = mem_zero(1, sizeof *report);
    report->json = json;
    return report;
}

/* ---- lines ---- */

static void print_line(const struct line *line)
{
    static const char *const marks[] = { [CHECK_GOOD] = "✓", [CHECK_WARNING] = "⚠", [CHECK_FAILED] = "✗" };
    (void)printf("%s %s: %s%s%s\n", marks[line->level], line->area, line->text, line->remedy != NULL ? "; " : "",
                 line->remedy != NULL ? line->remedy : "");
    (void)fflush(stdout);
}

static void add(struct check_report *report, enum check_level level, const char *area, const char *text,
                const char *remedy)
{
    char shown[LINE_SIZE];
    report->lines = mem_resize(report->lines, report->count + 1, sizeof *report->lines);
    struct line *line = &report->lines[report->count++];
    *line = (struct line){ .area = area, .level = level };
    line->text = mem_copy(str_printable(text, shown, sizeof shown));
    if (remedy != NULL && *remedy != '\0')
        line->remedy = mem_copy(str_printable(remedy, shown, sizeof shown));
    report->levels[level]++;
    if (!report->json)
        print_line(line);
}

static void PRINTF_LIKE(5, 0) add_formatted(struct check_report *report, enum check_level level, const char *area,
                                            const char *remedy, const char *format, va_list args)
{
    char text[LINE_SIZE];
    (void)vsnprintf(text, sizeof text, format, args);
    add(report, level, area, text, remedy);
}

void check_good(struct check_report *report, const char *area, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    add_formatted(report, CHECK_GOOD, area, NULL, text, args);
    va_end(args);
}

void check_warn(struct check_report *report, const char *area, const char *remedy, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    add_formatted(report, CHECK_WARNING, area, remedy, text, args);
    va_end(args);
}

static void note_failure(struct check_report *report, int exit_code)
{
    if (report->exit_code == EX_OK)
        report->exit_code = exit_code;
}

void check_fail(struct check_report *report, const char *area, int exit_code, const char *remedy, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    add_formatted(report, CHECK_FAILED, area, remedy, text, args);
    va_end(args);
    note_failure(report, exit_code);
}

/* Splits a message at its last "; ": "could not read X: why; what to do". */
static void add_message(struct check_report *report, enum check_level level, const char *area, const char *message)
{
    char *text = mem_copy(message), *split = NULL;
    for (char *at = strstr(text, "; "); at != NULL; at = strstr(at + 1, "; "))
        split = at;
    if (split != NULL)
        *split = '\0';
    add(report, level, area, text, split != NULL ? split + 2 : NULL);
    free(text);
}

void check_fail_err(struct check_report *report, const char *area, const struct err *err)
{
    add_message(report, CHECK_FAILED, area, err->message);
    note_failure(report, err->code);
}

void check_warn_message(struct check_report *report, const char *area, const char *message)
{
    add_message(report, CHECK_WARNING, area, message);
}

/* ---- the end ---- */

static void name_failed(const struct check_report *report, char *out, size_t size)
{
    size_t used = 0;
    const char *last = "";
    *out = '\0';
    for (size_t i = 0; i < report->count && used < size; i++) {
        const struct line *line = &report->lines[i];
        if (line->level != CHECK_FAILED || strcmp(line->area, last) == 0)
            continue;
        used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", line->area);
        last = line->area;
    }
}

static void print_verdict(const struct check_report *report, const char *next)
{
    char failed[200];
    const size_t *levels = report->levels;
    name_failed(report, failed, sizeof failed);
    if (levels[CHECK_FAILED] > 0)
        (void)printf("✗ verdict: NOT READY, %zu of %zu checks failed (%s): fix the first ✗, then run check again\n",
                     levels[CHECK_FAILED], report->count, failed);
    else if (levels[CHECK_WARNING] > 0)
        (void)printf("⚠ verdict: READY, with %zu warning%s%s%s\n", levels[CHECK_WARNING],
                     levels[CHECK_WARNING] == 1 ? "" : "s", next != NULL ? "; " : "", next != NULL ? next : "");
    else
        (void)printf("✓ verdict: READY, all %zu checks passed%s%s\n", report->count, next != NULL ? "; " : "",
                     next != NULL ? next : "");
}

static void print_json(const struct check_report *report, const char *next)
{
    static const char *const words[] = {
        [CHECK_GOOD] = "good", [CHECK_WARNING] = "warning", [CHECK_FAILED] = "failed"
    };
    enum check_level worst = report->levels[CHECK_FAILED] > 0    ? CHECK_FAILED
                             : report->levels[CHECK_WARNING] > 0 ? CHECK_WARNING
                                                                 : CHECK_GOOD;
    struct json *object = json_object();
    json_add_text(object, "verdict", words[worst]);
    json_add_int(object, "exit_code", report->exit_code);
    json_add_text(object, "next", worst != CHECK_FAILED ? next : NULL);
    struct json *checks = json_add(object, "checks", json_array());
    for (size_t i = 0; i < report->count; i++) {
        struct json *check = json_append(checks, json_object());
        json_add_text(check, "area", report->lines[i].area);
        json_add_text(check, "level", words[report->lines[i].level]);
        json_add_text(check, "text", report->lines[i].text);
        json_add_text(check, "remedy", report->lines[i].remedy);
    }
    json_print_line(object);
}

int check_report_end(struct check_report *report, const char *next)
{
    int exit_code = report->exit_code;
    if (report->json)
        print_json(report, next);
    else
        print_verdict(report, next);
    for (size_t i = 0; i < report->count; i++) {
        free(report->lines[i].text);
        free(report->lines[i].remedy);
    }
    free(report->lines);
    free(report);
    return exit_code;
}
