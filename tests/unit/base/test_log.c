/* Tests of log: the lines in the file, on the terminal and in syslog, and the texts that every line hides. */
#include "../unit.h"

#include <cjson/cJSON.h>
#include <stdarg.h>

#include "base/log.h"
#include "base/mask.h"
#include "base/program.h"

static int close_log_and_directory(void **state)
{
    log_close();
    log_configure(LOG_FORMAT_TEXT, LOG_INFO);
    mask_enable(false);
    return unit_remove_directory(state);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, unit_create_directory, close_log_and_directory)

static void open_log(const char *path, enum log_terminal terminal)
{
    log_open(path, terminal);
    assert_string_equal(log_problem(), "");
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

static void test_log_line_has_time_level_and_message(void **state)
{
    const char *path = unit_path(*state, "log");
    open_log(path, LOG_TERMINAL_NONE);
    log_info("📞 Found %d new call results", 7);
    log_warn("w");
    log_error("❌ e");
    char *text = unit_read(path);
    assert_int_equal(count_lines(text), 3);
    int year = 0, used = 0;
    assert_int_equal(sscanf(text, "%4d-%*2d-%*2d %*2d:%*2d:%*2d %*5s%n", &year, &used), 1);
    unit_in_range(year, 2020, 2200);
    assert_int_equal(used, strlen("2024-10-24 12:00:00 +0200"));
    unit_has("info", text, " INFO  📞 Found 7 new call results\n");
    unit_has("warn", text, " WARN  w\n");
    unit_has("error", text, " ERROR ❌ e\n");
    free(text);
}

static void test_log_line_names_the_profile(void **state)
{
    const char *path = unit_path(*state, "log");
    program_set_profile(" --profile acme");
    open_log(path, LOG_TERMINAL_NONE);
    log_error("❌ e");
    log_configure(LOG_FORMAT_JSON, LOG_INFO);
    log_info("i");
    program_set_profile("");
    log_info("default");
    char *text = unit_read(path);
    unit_has("text", text, " ERROR [acme] ❌ e\n");
    unit_has("json", text, "\"message\":\"i\",\"context\":{\"profile\":\"acme\"}}\n");
    unit_has("default", text, "\"message\":\"default\",\"context\":{}}\n");
    free(text);
}

static void test_log_replaces_control_characters_and_invalid_utf8(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "two\nlines\r", " two?lines?\n" },
        { "\x1B[31mred\x07", " ?[31mred?\n" },
        { "c1 \xC2\x9B" "2J", " c1 ?2J\n" },
        { "bad \xFF\xC0\x80", " bad \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\n" },
        { "✓ 1.5: A/49 → SALE (45s)", " ✓ 1.5: A/49 → SALE (45s)\n" },
        { "%s%n%d", " %s%n%d\n" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *path = unit_path(*state, "log");
        (void)unlink(path);
        open_log(path, LOG_TERMINAL_NONE);
        log_info("%s", rows[i].text);
        log_close();
        char *text = unit_read(path);
        unit_has(rows[i].text, text, rows[i].want);
        unit_same_int(rows[i].text, count_lines(text), 1);
        free(text);
    }
}

static void test_log_hides_the_secret_everywhere_in_a_line(void **state)
{
    static const char secret[] = "k-5f3a9";
    for (int format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++) {
        const char *path = unit_path(*state, format == LOG_FORMAT_TEXT ? "text" : "json");
        open_log(path, LOG_TERMINAL_NONE);
        log_configure((enum log_format)format, LOG_DEBUG);
        log_hide_secret(secret);
        log_hide_secret("another-secret");
        log_hide_secret("");
        log_info("key %s, again xk-5f3a9k-5f3a9x another-secret", secret);
        log_debug("%s", secret);
        log_error("❌ nothing to hide, k-5f3a8");
        log_close();
        char *text = unit_read(path);
        unit_lacks(path, text, secret);
        unit_lacks(path, text, "another");
        unit_has(path, text, "key ***");
        unit_has(path, text, "k-5f3a8");
        free(text);
    }
}

static void test_log_hides_a_secret_at_the_end_of_a_cut_line(void **state)
{
    static const char secret[] = "SECRET0123456789";
    const char *path = unit_path(*state, "log");
    open_log(path, LOG_TERMINAL_NONE);
    log_hide_secret(secret);
    for (int fill = 2030; fill <= 2050; fill++)
        log_info("%0*d%s", fill, 0, secret);
    char *text = unit_read(path);
    unit_lacks("over-long line", text, "SECRET");
    free(text);
}

static void test_log_hides_nothing_for_an_empty_or_no_secret(void **state)
{
    static const char *const rows[] = { "", NULL };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *path = unit_path(*state, "log");
        open_log(path, LOG_TERMINAL_NONE);
        log_hide_secret(rows[i]);
        log_info("plain text");
        log_close();
        char *text = unit_read(path);
        unit_has("no secret", text, " plain text\n");
        free(text);
    }
}

static void test_log_shows_the_level_that_was_set_and_above(void **state)
{
    static const char *const names[] = { "DEBUG", "INFO", "WARN", "ERROR" };
    for (int lowest = LOG_DEBUG; lowest <= LOG_ERROR; lowest++) {
        const char *path = unit_path(*state, names[lowest]);
        open_log(path, LOG_TERMINAL_NONE);
        log_configure(LOG_FORMAT_TEXT, (enum log_level)lowest);
        log_debug("x");
        log_info("x");
        log_warn("x");
        log_error("x");
        log_close();
        char *text = unit_read(path);
        for (int level = LOG_DEBUG; level <= LOG_ERROR; level++)
            unit_same_int(names[lowest], strstr(text, names[level]) != NULL, level >= lowest);
        free(text);
    }
}

static void test_log_json_is_one_object_a_line(void **state)
{
    const char *path = unit_path(*state, "log");
    open_log(path, LOG_TERMINAL_NONE);
    log_configure(LOG_FORMAT_JSON, LOG_INFO);
    log_warn("say \"%s\"\n\\ \xFF 📞", "hi");
    char *text = unit_read(path);
    assert_int_equal(count_lines(text), 1);
    cJSON *line = cJSON_Parse(text);
    assert_non_null(line);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(line, "message")), "say \"hi\"?\\ \xEF\xBF\xBD 📞");
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(line, "level")), "WARN");
    const char *timestamp = cJSON_GetStringValue(cJSON_GetObjectItem(line, "timestamp"));
    int used = 0;
    assert_int_equal(sscanf(timestamp, "%*4d-%*2d-%*2dT%*2d:%*2d:%*2d%*3d:%*2d%n", &used), 0);
    assert_int_equal(used, strlen("2024-10-24T12:00:00+02:00"));
    assert_int_equal(strlen(timestamp), used);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(line, "logger")), "test_log");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(line, "context")), 0);
    assert_int_equal(cJSON_GetArraySize(line), 5);
    cJSON_Delete(line);
    free(text);
}

static const struct log_call some_call = { .uniqueid = "1.5",
                                           .campaign = "TEST\n\x1B",
                                           .phone = "3125550001",
                                           .status = "SALE",
                                           .result = NULL,
                                           .answer = 422,
                                           .attempt = -1 };

static void test_log_json_shows_the_call_of_a_line(void **state)
{
    const char *path = unit_path(*state, "log");
    open_log(path, LOG_TERMINAL_NONE);
    log_configure(LOG_FORMAT_JSON, LOG_INFO);
    log_set_run(7);
    log_for_call(LOG_WARN, &some_call, "✗ %s", some_call.uniqueid);
    char *text = unit_read(path);
    unit_has("context", text, ",\"context\":{\"run\":7,\"uniqueid\":\"1.5\",\"campaign\":\"TEST??\","
                              "\"phone\":\"3125550001\",\"status\":\"SALE\",\"answer\":422}}\n");
    free(text);
}

static void test_log_masks_the_number_of_the_call_wherever_it_stands(void **state)
{
    for (int format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++) {
        const char *path = unit_path(*state, format == LOG_FORMAT_TEXT ? "text" : "json");
        open_log(path, LOG_TERMINAL_NONE);
        log_configure((enum log_format)format, LOG_INFO);
        mask_enable(true);
        log_for_call(LOG_WARN, &some_call, "✗ 1.5: A/3125550001: HTTP 422: bad number 3125550001");
        log_close();
        char *text = unit_read(path);
        unit_has(path, text, "✗ 1.5: A/******0001: HTTP 422: bad number ******0001");
        unit_true(path, strstr(text, "3125550001") == NULL);
        free(text);
    }
}

static void test_log_masks_a_number_with_unprintable_bytes(void **state)
{
    const char *path = unit_path(*state, "log");
    struct log_call odd = { .uniqueid = "1.5", .phone = "31255\x01\xFF" "1234", .answer = -1, .attempt = -1 };
    open_log(path, LOG_TERMINAL_NONE);
    log_configure(LOG_FORMAT_JSON, LOG_INFO);
    mask_enable(true);
    log_for_call(LOG_INFO, &odd, "✓ 1.5: A/%s", odd.phone);
    char *text = unit_read(path);
    unit_has(path, text, "✓ 1.5: A/*******1234");
    unit_has(path, text, "\"phone\":\"*******1234\"");
    free(text);
}

static void test_log_cuts_a_line_that_is_too_long(void **state)
{
    const char *path = unit_path(*state, "log");
    open_log(path, LOG_TERMINAL_NONE);
    log_info("%05000d", 7);
    log_info("next");
    char *text = unit_read(path);
    assert_int_equal(count_lines(text), 2);
    assert_true(strlen(text) < 2300);
    unit_has("next", text, " next\n");
    free(text);
}

static void test_log_file_is_made_with_mode_0640_and_appended_to(void **state)
{
    const char *path = unit_path(*state, "log");
    mode_t mask = umask(0);
    open_log(path, LOG_TERMINAL_NONE);
    (void)umask(mask);
    assert_int_equal(unit_mode(path), 0640);
    log_info("first");
    log_close();
    assert_int_equal(chmod(path, 0600), 0); /* the administrator's mode stays */
    open_log(path, LOG_TERMINAL_NONE);
    log_info("second");
    assert_int_equal(unit_mode(path), 0600);
    char *text = unit_read(path);
    assert_int_equal(count_lines(text), 2);
    unit_has("first", text, " first\n");
    free(text);
}

static void test_log_keeps_writing_to_a_renamed_file(void **state)
{
    open_log(unit_path(*state, "log"), LOG_TERMINAL_NONE);
    assert_int_equal(rename(unit_path(*state, "log"), unit_path(*state, "log.1")), 0);
    log_info("late");
    log_close();
    open_log(unit_path(*state, "log"), LOG_TERMINAL_NONE);
    log_info("new");
    char *old = unit_read(unit_path(*state, "log.1")), *new = unit_read(unit_path(*state, "log"));
    unit_has("old", old, " late\n");
    unit_has("new", new, " new\n");
    free(old);
    free(new);
}

/* The text that the program sends to syslog(3). The compiler may call either of the two functions below. */
static char syslog_text[4096];

static void PRINTF_LIKE(1, 0) catch_syslog(const char *format, va_list args)
{
    size_t used = strlen(syslog_text);
    (void)vsnprintf(syslog_text + used, sizeof syslog_text - used, format, args);
    strncat(syslog_text, "\n", sizeof syslog_text - strlen(syslog_text) - 1);
}

void PRINTF_LIKE(2, 3) syslog(int priority, const char *format, ...);
void syslog(int priority, const char *format, ...)
{
    va_list args;
    (void)priority;
    va_start(args, format);
    catch_syslog(format, args);
    va_end(args);
}

/* NOLINTNEXTLINE: glibc's name for syslog when fortified */
void PRINTF_LIKE(3, 4) __syslog_chk(int priority, int flag, const char *format, ...);
void __syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list args;
    (void)priority;
    (void)flag;
    va_start(args, format);
    catch_syslog(format, args);
    va_end(args);
}

static void test_log_goes_to_syslog_if_the_path_is_no_regular_file(void **state)
{
    static const struct {
        const char *name, *want;
    } rows[] = {
        { "link", "symbolic link" }, { "dangling", "symbolic link" }, { "directory", "could not open the log" },
        { "pipe", "could not open the log" }, { "missing/log", "No such file or directory" },
    };
    unit_write(unit_path(*state, "target"), "");
    assert_int_equal(symlink("target", unit_path(*state, "link")), 0);
    assert_int_equal(symlink("nowhere", unit_path(*state, "dangling")), 0);
    assert_int_equal(mkdir(unit_path(*state, "directory"), 0755), 0);
    assert_int_equal(mkfifo(unit_path(*state, "pipe"), 0600), 0);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        syslog_text[0] = '\0';
        log_open(unit_path(*state, rows[i].name), LOG_TERMINAL_NONE);
        unit_has(rows[i].name, log_problem(), rows[i].want);
        log_hide_secret("s3cret");
        log_info("a line with s3cret\nand more");
        unit_has(rows[i].name, syslog_text, rows[i].want);
        unit_has(rows[i].name, syslog_text, "a line with ******?and more\n");
        log_close();
    }
    char *target = unit_read(unit_path(*state, "target"));
    assert_string_equal(target, "");
    free(target);
    assert_false(unit_exists(unit_path(*state, "nowhere")));
    log_open(unit_path(*state, "good"), LOG_TERMINAL_NONE);
    assert_string_equal(log_problem(), "");
    syslog_text[0] = '\0';
    log_info("in the file");
    log_close();
    log_info("to the terminal only");
    assert_string_equal(syslog_text, "");
}

static void test_log_goes_to_syslog_without_the_right_to_write(void **state)
{
    unit_write(unit_path(*state, "log"), "");
    assert_int_equal(chmod(unit_path(*state, "log"), 0400), 0);
    unit_act_as_nobody();
    log_open(unit_path(*state, "log"), LOG_TERMINAL_NONE);
    unit_act_as_self();
    unit_has("a file of others", log_problem(), "Permission denied");
}

/* /dev/full acts like a full disk. The report of the problem goes to syslog too, once. */
static void test_log_lines_go_to_syslog_if_the_disk_is_full(void **state)
{
    (void)state;
    syslog_text[0] = '\0';
    log_open("/dev/full", LOG_TERMINAL_NONE);
    assert_string_equal(log_problem(), "");
    log_buffer_lines();
    log_info("first");
    log_info("second");
    assert_string_equal(syslog_text, "");
    log_flush();
    unit_has("why", log_problem(), "could not write the log /dev/full: No space left on device");
    for (int i = 0; i < 2; i++)
        log_warn("third");
    assert_int_equal(count_lines(syslog_text), 5);
    unit_has("waiting", syslog_text, " first\n");
    unit_has("waiting", syslog_text, " second\n");
    unit_has("told once", syslog_text, " No space left on device; calls are still sent");
}

static void test_log_lines_go_to_the_chosen_terminal(void **state)
{
    static const struct {
        const char *name, *file; /* file NULL: none */
        enum log_terminal terminal;
        bool want_out, want_err;
    } rows[] = {
        { "none", "a", LOG_TERMINAL_NONE, false, false },     { "out", "b", LOG_TERMINAL_STDOUT, true, false },
        { "err", "c", LOG_TERMINAL_STDERR, false, true },     { "out only", NULL, LOG_TERMINAL_STDOUT, true, false },
        { "err only", NULL, LOG_TERMINAL_STDERR, false, true }, { "nowhere", NULL, LOG_TERMINAL_NONE, false, false },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *out_path = unit_path(*state, "out"), *err_path = unit_path(*state, "err");
        open_log(rows[i].file != NULL ? unit_path(*state, rows[i].file) : "-", rows[i].terminal);
        int out = unit_catch_stream(STDOUT_FILENO, out_path), err = unit_catch_stream(STDERR_FILENO, err_path);
        log_info("hello");
        unit_release_stream(STDOUT_FILENO, out);
        unit_release_stream(STDERR_FILENO, err);
        log_close();
        char *out_text = unit_read(out_path), *err_text = unit_read(err_path);
        char *file_text = rows[i].file != NULL ? unit_read(unit_path(*state, rows[i].file)) : NULL;
        unit_same_int(rows[i].name, strstr(out_text, " hello\n") != NULL, rows[i].want_out);
        unit_same_int(rows[i].name, strstr(err_text, " hello\n") != NULL, rows[i].want_err);
        unit_true(rows[i].name, rows[i].file == NULL || strstr(file_text, " hello\n") != NULL);
        free(out_text);
        free(err_text);
        free(file_text);
    }
}

static void test_log_can_print_only_errors_on_standard_error(void **state)
{
    open_log(unit_path(*state, "log"), LOG_TERMINAL_ERRORS);
    int out = unit_catch_stream(STDOUT_FILENO, unit_path(*state, "out"));
    int err = unit_catch_stream(STDERR_FILENO, unit_path(*state, "err"));
    log_info("quiet");
    log_warn("hush");
    log_error("loud");
    unit_release_stream(STDOUT_FILENO, out);
    unit_release_stream(STDERR_FILENO, err);
    char *out_text = unit_read(unit_path(*state, "out")), *err_text = unit_read(unit_path(*state, "err"));
    assert_string_equal(out_text, "");
    assert_int_equal(count_lines(err_text), 1);
    unit_has("error", err_text, " loud\n");
    free(out_text);
    free(err_text);
    char *text = unit_read(unit_path(*state, "log"));
    assert_int_equal(count_lines(text), 3);
    free(text);
}

static void test_log_on_a_full_disk_does_not_stop_the_caller(void **state)
{
    (void)state;
    if (access("/dev/full", W_OK) != 0)
        skip();
    open_log("/dev/full", LOG_TERMINAL_NONE);
    log_info("lost");
    log_close();
    log_close(); /* a second close does no harm */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_log_line_has_time_level_and_message),
        in_directory(test_log_line_names_the_profile),
        in_directory(test_log_replaces_control_characters_and_invalid_utf8),
        in_directory(test_log_hides_the_secret_everywhere_in_a_line),
        in_directory(test_log_hides_a_secret_at_the_end_of_a_cut_line),
        in_directory(test_log_hides_nothing_for_an_empty_or_no_secret),
        in_directory(test_log_shows_the_level_that_was_set_and_above),
        in_directory(test_log_json_is_one_object_a_line),
        in_directory(test_log_json_shows_the_call_of_a_line),
        in_directory(test_log_masks_the_number_of_the_call_wherever_it_stands),
        in_directory(test_log_masks_a_number_with_unprintable_bytes),
        in_directory(test_log_cuts_a_line_that_is_too_long),
        in_directory(test_log_file_is_made_with_mode_0640_and_appended_to),
        in_directory(test_log_keeps_writing_to_a_renamed_file),
        in_directory(test_log_goes_to_syslog_if_the_path_is_no_regular_file),
        in_directory(test_log_goes_to_syslog_without_the_right_to_write),
        in_directory(test_log_lines_go_to_syslog_if_the_disk_is_full),
        in_directory(test_log_lines_go_to_the_chosen_terminal),
        in_directory(test_log_can_print_only_errors_on_standard_error),
        in_directory(test_log_on_a_full_disk_does_not_stop_the_caller),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
