/* Tests of checkpoint: every form that is read, and the file that is written. */
#include "../unit.h"

#include <time.h>

#include "base/when.h"
#include "ledger/checkpoint.h"

static void use_zone(const char *zone)
{
    assert_int_equal(setenv("TZ", zone, 1), 0);
    tzset();
}

static void test_checkpoint_reads_every_written_form(void **state)
{
    (void)state;
    static const char long_id[] = "123456789012345678901234567890123456789012345678901234567890.12"; /* 63 */
    static char longest_line[POSITION_UNIQUEID_SIZE + 20] = "1729771200 "; /* with the longest id */
    const char *longest_id = longest_line + strlen(longest_line);
    memset(longest_line + strlen(longest_line), '7', POSITION_UNIQUEID_SIZE - 1);
    const struct {
        const char *text;
        int64_t want_epoch;
        const char *want_uniqueid;
    } rows[] = {
        { longest_line, 1729771200, longest_id },
        { "1729771200 1729771100.5", 1729771200, "1729771100.5" },
        { "1729771200 1729771100.5\n", 1729771200, "1729771100.5" },
        { "1729771200 1729771100.5\n# 2024-10-24 14:00:00 +0200, a remark\n", 1729771200, "1729771100.5" },
        { "1729771200 1729771100.5\r\n# x\r\n", 1729771200, "1729771100.5" },
        { "  1729771200   1729771100.5  \n", 1729771200, "1729771100.5" },
        { "1729771200 dialer1-1729771100.5", 1729771200, "dialer1-1729771100.5" },
        { "1729771200 1729771100.000012345\nsecond line\n", 1729771200, "1729771100.000012345" },
        { "1729771200 123456789012345678901234567890123456789012345678901234567890.12", 1729771200, long_id },
        { "1729771200", 1729771200, "" },
        { "1729771200 \n", 1729771200, "" },
        { "1729771200\n1729771300\n", 1729771200, "" },
        { "946684800", WHEN_EARLIEST, "" },
        { "946684800 x", WHEN_EARLIEST, "x" },
        { "946684800.5", WHEN_EARLIEST, "" },
        { "1729771100.5", 1729771100, "" },
        { "1729771100.000012345\n", 1729771100, "" },
        { "dialer1-1729771100.5", 1729771100, "" },
        { "my-dialer-1729771100.5", 1729771100, "" },
        { "2024-10-24 12:00:00", 1729764000, "" },
        { "2024-10-24 12:00:00\n", 1729764000, "" },
        { "2024-10-24T12:00:00", 1729764000, "" },
        { "2024-10-24 12:00", 1729764000, "" },
        { "2024-10-27 02:30:00", 1729989000, "" }, /* the first of the two */
    };
    use_zone("Europe/Berlin");
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct position position = position_at(4711, "old");
        struct err err = { .message = "" };
        unit_same_int(rows[i].text, checkpoint_parse(rows[i].text, &position, &err), 0);
        unit_same_int(rows[i].text, position.end_epoch, rows[i].want_epoch);
        unit_same_text(rows[i].text, position.uniqueid, rows[i].want_uniqueid);
    }
}

static const char *const damaged[] = {
    "garbage",
    "# only a remark",
    "{}",
    "now",
    "-5",
    "0",
    "0 1729771100.5",
    "1",
    "17297712",
    "946684799",
    "946684799 x",
    "-1729771200",
    "+1729771200",
    "1729771200x",
    "1729771200,5",
    "1729771100.",
    "1729771100.5x",
    "1729771100.5.6",
    ".5",
    "946684799.5",
    "x1729771100.5",
    "dialer1-",
    "1729771200\t1729771100.5",
    "99999999999999999999 x",
    "99999999999999999999999999",
    "99999999999999999999.5",
    "12:00:00",
    "2024-02-30 12:00:00",
    "2024-10-24 25:00:00",
    "24.10.2024",
    "1999-12-31 00:00:00",
    "1729771200 " /* 256 characters: one too many */
    "1234567890123456789012345678901234567890123456789012345678901234"
    "1234567890123456789012345678901234567890123456789012345678901234"
    "1234567890123456789012345678901234567890123456789012345678901234"
    "1234567890123456789012345678901234567890123456789012345678901234",
    "172977120017297712001729 1.1", /* 24 digits */
    "172977120017297712001729.1",
    "\xFF\xFE",
    ("\xEF\xBB\xBF"
     "1729771200"),
    "\x1B[31m",
};

static void test_checkpoint_refuses_other_texts(void **state)
{
    (void)state;
    use_zone("UTC");
    for (size_t i = 0; i < UNIT_COUNT(damaged); i++) {
        struct position position = position_at(4711, "old");
        struct err err = { .message = "" };
        unit_same_int(damaged[i], checkpoint_parse(damaged[i], &position, &err), -1);
        unit_same_int(damaged[i], err.code, EX_IOERR);
        unit_has(damaged[i], err.message, "is no checkpoint");
        unit_lacks(damaged[i], err.message, "\x1B");
        unit_lacks(damaged[i], err.message, "\xFF");
    }
}

static void test_checkpoint_saves_and_loads_any_position(void **state)
{
    static const struct {
        int64_t end_epoch;
        const char *uniqueid, *want;
    } rows[] = {
        { 1729771200, "1729771100.5", "1729771100.5" },
        { 1729771201, "", "" },
        { 1729771202, "dialer1-1729771100.5", "dialer1-1729771100.5" },
        { 1729771203, "with blank", "with blank" },
        { WHEN_EARLIEST, "1", "1" },
        { INT64_C(4102444800), "x", "x" },
        { 1729771204, "a\nb", "a?b" }, /* never a second line */
    };
    use_zone("America/New_York");
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct position saved = position_at(rows[i].end_epoch, rows[i].uniqueid), loaded = position_at(4711, "old");
        enum checkpoint_found found = CHECKPOINT_MISSING;
        struct err err = { .message = "" };
        unit_same_int(rows[i].uniqueid, checkpoint_save(*state, &saved, &err), 0);
        unit_same_int(rows[i].uniqueid, checkpoint_load(*state, &found, &loaded, &err), 0);
        unit_same_int(rows[i].uniqueid, found, CHECKPOINT_READ);
        unit_same_int(rows[i].uniqueid, loaded.end_epoch, rows[i].end_epoch);
        unit_same_text(rows[i].uniqueid, loaded.uniqueid, rows[i].want);
    }
}

static void test_checkpoint_may_follow_blanks_and_empty_lines(void **state)
{
    enum checkpoint_found found = CHECKPOINT_DAMAGED;
    struct position position;
    struct err err;
    unit_write(unit_path(*state, "checkpoint"), "\n \r\n\t 1729771200 1729771199.5 \n");
    assert_int_equal(checkpoint_load(*state, &found, &position, &err), 0);
    assert_int_equal(found, CHECKPOINT_READ);
    assert_int_equal(position.end_epoch, 1729771200);
    assert_string_equal(position.uniqueid, "1729771199.5");
}

static void test_checkpoint_file_is_one_line_and_a_remark_in_local_time(void **state)
{
    struct position position = position_at(1729771200, "1729771100.5");
    struct err err;
    use_zone("America/New_York");
    mode_t mask = umask(0);
    int result = checkpoint_save(*state, &position, &err);
    (void)umask(mask);
    assert_int_equal(result, 0);
    char *text = unit_read(unit_path(*state, "checkpoint"));
    static const char wanted[] = "1729771200 1729771100.5\n# 2024-10-24 08:00:00 -0400";
    assert_non_null(text);
    unit_same_int(text, strncmp(text, wanted, strlen(wanted)), 0);
    unit_true(text, strchr(strchr(text, '\n') + 1, '\n') == text + strlen(text) - 1); /* two lines */
    free(text);
    assert_int_equal(unit_mode(unit_path(*state, "checkpoint")), 0640);
    assert_false(unit_exists(unit_path(*state, ".checkpoint.new")));
}

static void test_checkpoint_missing_or_empty_is_a_normal_state(void **state)
{
    static const char *const rows[] = { NULL, "", "\n", " \t\r\n\n" };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        enum checkpoint_found found = CHECKPOINT_READ;
        struct position position;
        struct err err;
        if (rows[i] != NULL)
            unit_write(unit_path(*state, "checkpoint"), rows[i]);
        unit_same_int(rows[i], checkpoint_load(*state, &found, &position, &err), 0);
        unit_same_int(rows[i], found, CHECKPOINT_MISSING);
    }
}

/* Loads and expects damage, with a message that names the file. */
static void check_damaged(const char *row, const char *directory)
{
    enum checkpoint_found found = CHECKPOINT_READ;
    struct position position;
    struct err err = { .message = "" };
    unit_same_int(row, checkpoint_load(directory, &found, &position, &err), 0);
    unit_same_int(row, found, CHECKPOINT_DAMAGED);
    unit_same_int(row, err.code, EX_IOERR);
    unit_has(row, err.message, unit_path(directory, "checkpoint"));
}

static void test_checkpoint_reports_damage_and_renames_the_file(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t length;
    } rows[] = {
        { "garbage", "garbage\n", 8 },
        { "remark only", "# remark\n", 9 },
        { "zero bytes", "\0\0\0\0\0\0\0\0", 8 },
        { "zero bytes behind", "1729771200 1.5\n\0\0", 17 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *path = unit_path(*state, "checkpoint");
        char aside[600] = "";
        size_t length = 0;
        struct err err;
        unit_write_bytes(path, rows[i].bytes, rows[i].length);
        check_damaged(rows[i].name, *state);
        unit_same_int(rows[i].name, checkpoint_set_aside(*state, aside, sizeof aside, &err), 0);
        unit_true(rows[i].name, !unit_exists(path));
        unit_has(rows[i].name, aside, path);
        unit_has(rows[i].name, aside, ".damaged-");
        char *kept = unit_read_bytes(aside, &length);
        unit_true(rows[i].name, kept != NULL && length == rows[i].length && memcmp(kept, rows[i].bytes, length) == 0);
        free(kept);
        assert_int_equal(unlink(aside), 0);
    }
}

static void test_checkpoint_that_is_a_directory_or_too_large_is_damaged(void **state)
{
    const char *path = unit_path(*state, "checkpoint");
    char aside[600], large[4097];
    struct err err;
    assert_int_equal(mkdir(path, 0755), 0);
    check_damaged("directory", *state);
    assert_int_equal(checkpoint_set_aside(*state, aside, sizeof aside, &err), 0);
    assert_true(unit_exists(aside));
    memset(large, '\n', sizeof large);
    memcpy(large, "1729771200", 10);
    unit_write_bytes(path, large, sizeof large);
    check_damaged("4097 bytes", *state);
    unit_write_bytes(path, large, sizeof large - 1);
    enum checkpoint_found found = CHECKPOINT_DAMAGED;
    struct position position;
    assert_int_equal(checkpoint_load(*state, &found, &position, &err), 0);
    assert_int_equal(found, CHECKPOINT_READ);
}

static void test_checkpoint_refuses_a_symbolic_link(void **state)
{
    static const char *const targets[] = { "target", "nowhere" };
    unit_write(unit_path(*state, "target"), "1729771200\n");
    for (size_t i = 0; i < UNIT_COUNT(targets); i++) {
        enum checkpoint_found found = CHECKPOINT_READ;
        struct position position;
        struct err err = { .message = "" };
        (void)unlink(unit_path(*state, "checkpoint"));
        assert_int_equal(symlink(targets[i], unit_path(*state, "checkpoint")), 0);
        unit_same_int(targets[i], checkpoint_load(*state, &found, &position, &err), -1);
        unit_same_int(targets[i], err.code, EX_IOERR);
        unit_has(targets[i], err.message, "symbolic link");
    }
}

static void test_checkpoint_without_the_right_to_read_is_an_error(void **state)
{
    enum checkpoint_found found = CHECKPOINT_READ;
    struct position position;
    struct err err = { .message = "" };
    unit_write(unit_path(*state, "checkpoint"), "1729771200\n");
    assert_int_equal(chmod(unit_path(*state, "checkpoint"), 0), 0);
    unit_act_as_nobody();
    int result = checkpoint_load(*state, &found, &position, &err);
    unit_act_as_self();
    assert_int_equal(result, -1);
    assert_int_equal(err.code, EX_NOPERM);
}

static void test_checkpoint_that_cannot_be_saved_leaves_the_old_one(void **state)
{
    struct position old = position_at(1729771200, "old"), new = position_at(1729771300, "new"), loaded;
    enum checkpoint_found found = CHECKPOINT_MISSING;
    struct err err = { .message = "" };
    assert_int_equal(checkpoint_save(*state, &old, &err), 0);
    assert_int_equal(mkdir(unit_path(*state, ".checkpoint.new"), 0755), 0); /* in the temporary file's place */
    assert_int_equal(checkpoint_save(*state, &new, &err), -1);
    assert_int_equal(err.code, EX_IOERR);
    assert_int_equal(checkpoint_load(*state, &found, &loaded, &err), 0);
    assert_int_equal(position_compare(&loaded, &old), 0);
    assert_int_equal(checkpoint_save(unit_path(*state, "missing"), &new, &err), -1);
    assert_int_equal(err.code, EX_IOERR);
}

static void test_checkpoint_has_the_end_of_the_oldest_unsent_call(void **state)
{
    static const struct { const char *content; int64_t want; } rows[] = {
        { NULL, 0 },
        { "1729771200 1.1\n# x\n# the oldest call before it that is not sent yet ended at 1729000000\n", 1729000000 },
        { "1729771200 1.1\n# the oldest call before it that is not sent yet ended at 17290000000000000000000\n", 0 },
        { "1729771200 1.1\n# the oldest call before it that is not sent yet ended at never\n", 0 },
        { "1729771200 1.1\n", 0 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        if (rows[i].content != NULL)
            unit_write(unit_path(*state, "checkpoint"), rows[i].content);
        unit_same_int(rows[i].content != NULL ? rows[i].content : "no file", checkpoint_oldest_unsent(*state),
                      rows[i].want);
    }
}

/* Saves over the content that mark stands for, and returns the result. *ret_text: the file's text afterwards; NULL: no
 * file. */
static enum checkpoint_saved save_over(const char *directory, uint64_t *mark, char **ret_text)
{
    struct position position = position_at(1729771200, "1729771100.5");
    enum checkpoint_saved saved = CHECKPOINT_CHANGED;
    struct err err;
    assert_int_equal(checkpoint_replace(directory, &position, 1729000000, mark, &saved, &err), 0);
    *ret_text = unit_read(unit_path(directory, "checkpoint"));
    assert_false(unit_exists(unit_path(directory, ".checkpoint.new")));
    return saved;
}

static void test_checkpoint_of_a_person_is_not_replaced(void **state)
{
    static const struct {
        const char *read, *now; /* the file's text when it was read, and now; NULL: no file */
        enum checkpoint_saved want;
    } rows[] = {
        { NULL, NULL, CHECKPOINT_SAVED },
        { "", "", CHECKPOINT_SAVED },
        { "1729771000\n", "1729771000\n", CHECKPOINT_SAVED },
        { "1729771000\n", "1729771001\n", CHECKPOINT_CHANGED },
        { "1729771000\n", "1729771000 1729771100.5\n", CHECKPOINT_CHANGED },
        { NULL, "1729771001\n", CHECKPOINT_CHANGED },
        { "", "garbage", CHECKPOINT_CHANGED },
        { "1729771000\n", "", CHECKPOINT_BEING_CHANGED },
        { "1729771000\n", NULL, CHECKPOINT_BEING_CHANGED },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *path = unit_path(*state, "checkpoint"), *name = rows[i].now != NULL ? rows[i].now : "none";
        char *text = NULL;
        (void)unlink(path);
        if (rows[i].read != NULL)
            unit_write(path, rows[i].read);
        uint64_t mark = checkpoint_mark(*state);
        (void)unlink(path);
        if (rows[i].now != NULL)
            unit_write(path, rows[i].now);
        unit_same_int(name, save_over(*state, &mark, &text), rows[i].want);
        if (rows[i].want == CHECKPOINT_SAVED)
            unit_has(name, text, "1729771200 1729771100.5\n");
        else if (rows[i].now != NULL)
            unit_same_text(name, text, rows[i].now);
        else
            unit_true(name, text == NULL);
        free(text);
        if (rows[i].want != CHECKPOINT_SAVED)
            continue;
        unit_same_int(name, save_over(*state, &mark, &text), CHECKPOINT_SAVED); /* over the program's own text */
        free(text);
    }
}

static void test_checkpoint_remove_deletes_the_file_or_finds_none(void **state)
{
    struct err err = { .message = "" };
    unit_write(unit_path(*state, "checkpoint"), "1729771200\n");
    assert_int_equal(checkpoint_remove(*state, &err), 0);
    assert_false(unit_exists(unit_path(*state, "checkpoint")));
    assert_int_equal(checkpoint_remove(*state, &err), 0);
    assert_int_equal(mkdir(unit_path(*state, "checkpoint"), 0755), 0);
    assert_int_equal(checkpoint_remove(*state, &err), -1);
    assert_int_equal(err.code, EX_IOERR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checkpoint_reads_every_written_form),
        cmocka_unit_test(test_checkpoint_refuses_other_texts),
        unit_test_in_directory(test_checkpoint_saves_and_loads_any_position),
        unit_test_in_directory(test_checkpoint_file_is_one_line_and_a_remark_in_local_time),
        unit_test_in_directory(test_checkpoint_missing_or_empty_is_a_normal_state),
        unit_test_in_directory(test_checkpoint_reports_damage_and_renames_the_file),
        unit_test_in_directory(test_checkpoint_that_is_a_directory_or_too_large_is_damaged),
        unit_test_in_directory(test_checkpoint_refuses_a_symbolic_link),
        unit_test_in_directory(test_checkpoint_without_the_right_to_read_is_an_error),
        unit_test_in_directory(test_checkpoint_that_cannot_be_saved_leaves_the_old_one),
        unit_test_in_directory(test_checkpoint_of_a_person_is_not_replaced),
        unit_test_in_directory(test_checkpoint_remove_deletes_the_file_or_finds_none),
        unit_test_in_directory(test_checkpoint_may_follow_blanks_and_empty_lines),
        unit_test_in_directory(test_checkpoint_has_the_end_of_the_oldest_unsent_call),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
