/* Tests of fileutil: safe reading and durable replacing. */
#include "../unit.h"

#include "base/fileutil.h"

static void test_fileutil_reads_a_file_up_to_its_limit(void **state)
{
    static const struct {
        size_t length;
        int want;
    } rows[] = { { 0, 0 }, { 1, 0 }, { 99, 0 }, { 100, 0 }, { 101, -1 }, { 5000, -1 } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char content[5000], row[32], *text = (char *)1;
        bool missing = true;
        struct err err = { .message = "" };
        memset(content, 'x', sizeof content);
        unit_write_bytes(unit_path(*state, "file"), content, rows[i].length);
        (void)snprintf(row, sizeof row, "%zu bytes", rows[i].length);
        unit_same_int(row, fileutil_read(unit_path(*state, "file"), 100, FILEUTIL_REFUSE_LINK, &text, &missing, &err),
                      rows[i].want);
        unit_same_int(row, missing, false);
        if (rows[i].want == 0) {
            unit_same_int(row, strlen(text), rows[i].length);
        } else {
            unit_true(row, text == NULL);
            unit_same_int(row, err.code, EX_IOERR);
            unit_has(row, err.message, "larger than 100 bytes");
        }
        free(text);
    }
}

static void test_fileutil_missing_file_is_not_an_error(void **state)
{
    char *text = (char *)1;
    bool missing = false;
    struct err err;
    assert_int_equal(fileutil_read(unit_path(*state, "none"), 100, FILEUTIL_REFUSE_LINK, &text, &missing, &err), 0);
    assert_true(missing);
    assert_null(text);
    assert_int_equal(fileutil_read(unit_path(*state, "none/none"), 100, FILEUTIL_FOLLOW_LINK, &text, &missing, &err),
                     0);
    assert_true(missing);
}

/* Checks that fileutil_read refuses path with this code, and that the message has the text want. */
static void check_refused(const char *path, enum fileutil_links links, int want_code, const char *want)
{
    char *text = (char *)1;
    bool missing = true;
    struct err err = { .message = "" };
    unit_same_int(path, fileutil_read(path, 100, links, &text, &missing, &err), -1);
    unit_same_int(path, err.code, want_code);
    unit_same_int(path, missing, false);
    unit_true(path, text == NULL);
    unit_has(path, err.message, want);
    unit_has(path, err.message, path);
}

static void test_fileutil_refuses_anything_but_a_text_file(void **state)
{
    const char *zero = unit_path(*state, "zero"), *directory = unit_path(*state, "directory");
    const char *pipe = unit_path(*state, "pipe"), *file = unit_path(*state, "file");
    unit_write_bytes(zero, "a\0b", 3);
    check_refused(zero, FILEUTIL_REFUSE_LINK, EX_IOERR, "zero bytes");
    assert_int_equal(mkdir(directory, 0755), 0);
    check_refused(directory, FILEUTIL_REFUSE_LINK, EX_IOERR, "a directory");
    check_refused(directory, FILEUTIL_FOLLOW_LINK, EX_IOERR, "a directory");
    assert_int_equal(mkfifo(pipe, 0644), 0);
    check_refused(pipe, FILEUTIL_REFUSE_LINK, EX_IOERR, "a special file"); /* without waiting for a writer */
    unit_write(file, "x");
    char below[700];
    (void)snprintf(below, sizeof below, "%s/below", file);
    check_refused(below, FILEUTIL_REFUSE_LINK, EX_IOERR, "Not a directory");
}

static void test_fileutil_follows_a_symbolic_link_only_when_told(void **state)
{
    const char *link = unit_path(*state, "link");
    char *text = NULL;
    bool missing = true;
    struct err err;
    unit_write(unit_path(*state, "target"), "content");
    assert_int_equal(symlink("target", link), 0);
    check_refused(link, FILEUTIL_REFUSE_LINK, EX_IOERR, "symbolic link");
    assert_int_equal(fileutil_read(link, 100, FILEUTIL_FOLLOW_LINK, &text, &missing, &err), 0);
    assert_string_equal(text, "content");
    free(text);
}

static void test_fileutil_exits_77_without_the_right_to_read(void **state)
{
    const char *path = unit_path(*state, "file");
    char *text = NULL;
    bool missing = false;
    struct err err = { .message = "" };
    unit_write(path, "x");
    assert_int_equal(chmod(path, 0), 0);
    unit_act_as_nobody();
    int result = fileutil_read(path, 100, FILEUTIL_REFUSE_LINK, &text, &missing, &err);
    unit_act_as_self();
    assert_int_equal(result, -1);
    assert_int_equal(err.code, EX_NOPERM);
    assert_null(text);
}

static void check_content(const char *path, const char *want)
{
    char *text = unit_read(path);
    unit_same_text(path, text, want);
    free(text);
}

static void test_fileutil_replaces_the_whole_content(void **state)
{
    static const char *const texts[] = { "first, which is longer\n", "second\n", "", "third\n" };
    const char *path = unit_path(*state, "name");
    struct err err;
    mode_t mask = umask(0);
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        unit_same_int(texts[i], fileutil_replace(*state, "name", texts[i], &err), 0);
        check_content(path, texts[i]);
        unit_same_int(texts[i], unit_mode(path), 0640);
        unit_true(texts[i], !unit_exists(unit_path(*state, ".name.new")));
    }
    (void)umask(mask);
}

static void test_fileutil_publishes_for_everybody_and_replaces_only_files(void **state)
{
    struct err err = { .message = "" };
    struct stat info;
    const char *path = unit_path(*state, "page");
    mode_t mask = umask(0077);
    assert_int_equal(fileutil_publish(path, "old", &err), 0);
    assert_int_equal(fileutil_publish(path, "new", &err), 0);
    (void)umask(mask);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0644);
    assert_int_equal(info.st_size, 3);
    assert_int_equal(symlink(path, unit_path(*state, "link")), 0);
    assert_int_equal(mkfifo(unit_path(*state, "pipe"), 0600), 0);
    const char *const refused[] = { unit_path(*state, "link"), *state, unit_path(*state, "new/"),
                                    unit_path(*state, "pipe"), "" };
    for (size_t i = 0; i < UNIT_COUNT(refused); i++) {
        unit_same_int(refused[i], fileutil_publish(refused[i], "x", &err), -1);
        unit_same_int(refused[i], err.code, EX_USAGE);
    }
}

static void test_fileutil_directory_of_a_path(void **state)
{
    static const char *const rows[][2] = {
        { "log", "." },       { "./log", "." },           { "/log", "/" },
        { "/var/log", "/var" }, { "var/log/", "var/log" }, { "", "." },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *directory = fileutil_directory_of(rows[i][0]);
        unit_same_text(rows[i][0], directory, rows[i][1]);
        free(directory);
    }
}

static void test_fileutil_absolute_is_right_in_another_working_directory(void **state)
{
    static const char *const kept[] = { "/var/log", "/", "" };
    for (size_t i = 0; i < UNIT_COUNT(kept); i++) {
        char *same = fileutil_absolute(kept[i]);
        unit_same_text(kept[i], same, kept[i]);
        free(same);
    }
    char *before = getcwd(NULL, 0);
    assert_int_equal(chdir(*state), 0);
    unit_write("name", "text");
    char *path = fileutil_absolute("name");
    assert_int_equal(chdir(before), 0);
    check_content(path, "text");
    free(path);
    free(before);
}

static void test_fileutil_replace_does_not_follow_links(void **state)
{
    struct err err;
    unit_write(unit_path(*state, "target"), "target");
    assert_int_equal(symlink("target", unit_path(*state, "name")), 0);
    assert_int_equal(symlink("target", unit_path(*state, ".name.new")), 0); /* an attacker's link */
    assert_int_equal(fileutil_replace(*state, "name", "new", &err), 0);
    check_content(unit_path(*state, "target"), "target");
    check_content(unit_path(*state, "name"), "new");
    struct stat info;
    assert_int_equal(lstat(unit_path(*state, "name"), &info), 0);
    assert_true(S_ISREG(info.st_mode));
}

static void test_fileutil_replace_overwrites_the_file_that_a_crash_left(void **state)
{
    struct err err;
    unit_write(unit_path(*state, "name"), "old");
    unit_write(unit_path(*state, ".name.new"), "half a li");
    assert_int_equal(fileutil_replace(*state, "name", "new", &err), 0);
    check_content(unit_path(*state, "name"), "new");
    assert_false(unit_exists(unit_path(*state, ".name.new")));
}

static void test_fileutil_replace_that_fails_changes_nothing(void **state)
{
    struct err err = { .message = "" };
    assert_int_equal(fileutil_replace(unit_path(*state, "missing"), "name", "x", &err), -1);
    assert_int_equal(err.code, EX_IOERR);
    assert_int_equal(mkdir(unit_path(*state, "name"), 0755), 0); /* a file cannot replace a directory */
    assert_int_equal(fileutil_replace(*state, "name", "x", &err), -1);
    assert_int_equal(err.code, EX_IOERR);
    unit_has("message", err.message, unit_path(*state, "name"));
    assert_true(unit_exists(unit_path(*state, "name")));
    assert_false(unit_exists(unit_path(*state, ".name.new")));
}

static void test_fileutil_keep_damaged_renames_the_file_with_the_time(void **state)
{
    const char *path = unit_path(*state, "file");
    char aside[600] = "", unchanged[4] = "abc";
    struct err err = { .message = "" };
    unit_write(path, "content");
    assert_int_equal(fileutil_keep_damaged(path, aside, sizeof aside, &err), 0);
    assert_false(unit_exists(path));
    check_content(aside, "content");
    int year = 0, used = 0;
    assert_int_equal(strncmp(aside, path, strlen(path)), 0);
    assert_int_equal(sscanf(aside + strlen(path), ".damaged-%4d%*4d-%*6d%n", &year, &used), 1);
    assert_int_equal(used, strlen(".damaged-20241024-120000"));
    unit_in_range(year, 2020, 2200);

    unit_write(unit_path(*state, "other"), "content");
    assert_int_equal(fileutil_keep_damaged(unit_path(*state, "other"), NULL, 0, &err), 0);
    assert_false(unit_exists(unit_path(*state, "other")));
    assert_int_equal(fileutil_keep_damaged(unit_path(*state, "none"), unchanged, sizeof unchanged, &err), -1);
    assert_int_equal(err.code, EX_IOERR);
}

static void test_fileutil_check_writable_dir_needs_a_directory(void **state)
{
    static const struct {
        const char *name, *want; /* want NULL: no error */
    } rows[] = {
        { "directory", NULL },
        { "missing", "install -d -m 0750" },
        { "file", "not a directory" },
        { "link", NULL }, /* for example to another disk */
        { "dangling", "a symbolic link that leads to no directory: No such file" },
        { "to a file", "not a directory" },
    };
    assert_int_equal(mkdir(unit_path(*state, "directory"), 0755), 0);
    assert_int_equal(symlink("nowhere", unit_path(*state, "dangling")), 0);
    assert_int_equal(symlink("file", unit_path(*state, "to a file")), 0);
    assert_int_equal(symlink("directory", unit_path(*state, "link")), 0);
    unit_write(unit_path(*state, "file"), "");
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct err err = { .message = "" };
        int result = fileutil_check_writable_dir(unit_path(*state, rows[i].name), &err);
        unit_same_int(rows[i].name, result, rows[i].want == NULL ? 0 : -1);
        if (rows[i].want != NULL) {
            unit_same_int(rows[i].name, err.code, EX_IOERR);
            unit_has(rows[i].name, err.message, rows[i].want);
            unit_has(rows[i].name, err.message, unit_path(*state, rows[i].name));
        }
    }
}

static void test_fileutil_exits_77_for_a_directory_of_another_user(void **state)
{
    static const mode_t modes[] = { 0700, 0555 };
    for (size_t i = 0; i < UNIT_COUNT(modes); i++) {
        struct err err = { .message = "" };
        char directory[600];
        (void)snprintf(directory, sizeof directory, "%s/state%zu", (const char *)*state, i);
        assert_int_equal(mkdir(directory, 0755), 0);
        assert_int_equal(chmod(directory, getuid() == 0 ? modes[i] : modes[i] & 0555), 0);
        /* access() checks the rights of the real user, so a child process changes its real user. */
        int result = 0;
        (void)fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            if (getuid() == 0 && setuid(65534) != 0)
                _exit(99);
            result = fileutil_check_writable_dir(directory, &err);
            _exit(result == -1 ? err.code : 0);
        }
        int status = unit_wait(child);
        unit_same_int(directory, status, EX_NOPERM);
    }
}

static void test_fileutil_publishes_for_everybody_whatever_the_umask(void **state)
{
    struct err err;
    mode_t mask = umask(0077);
    unit_write(unit_path(*state, "page"), "old");
    assert_int_equal(fileutil_publish(unit_path(*state, "page"), "new", &err), 0);
    assert_int_equal(fileutil_publish(unit_path(*state, "page"), "newer", &err), 0);
    (void)umask(mask);
    char *text = unit_read(unit_path(*state, "page"));
    assert_string_equal(text, "newer");
    free(text);
    assert_int_equal(unit_mode(unit_path(*state, "page")), 0644);
    assert_false(unit_exists(unit_path(*state, ".page.new")));
}

static void test_fileutil_rewrites_with_the_owner_group_and_mode_of_the_file(void **state)
{
    struct err err;
    struct stat info;
    const char *path = unit_path(*state, "conf"), *link = unit_path(*state, "link");
    assert_int_equal(fileutil_rewrite(path, "first", getegid(), &err), 0);
    assert_int_equal(unit_mode(path), 0640);
    assert_int_equal(chmod(path, 0604), 0);
    bool is_root = geteuid() == 0;
    if (is_root)
        assert_int_equal(chown(path, 12345, 23456), 0);
    assert_int_equal(symlink("conf", link), 0);
    assert_int_equal(fileutil_rewrite(link, "second", getegid(), &err), 0);
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(lstat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0604);
    if (is_root) {
        assert_int_equal(info.st_uid, 12345);
        assert_int_equal(info.st_gid, 23456);
    }
    char *text = unit_read(path);
    assert_string_equal(text, "second");
    free(text);
    assert_int_equal(fileutil_rewrite("/proc/nonexistent/x", "y", getegid(), &err), -1);
}

static void test_fileutil_publishes_to_a_relative_path(void **state)
{
    struct err err;
    char *before = getcwd(NULL, 0);
    assert_int_equal(chdir(*state), 0);
    assert_int_equal(fileutil_publish("page", "x", &err), 0);
    assert_int_equal(mkdir("below", 0755), 0);
    assert_int_equal(fileutil_publish("./below/page", "x", &err), 0);
    assert_true(unit_exists("page") && unit_exists("below/page"));
    assert_int_equal(chdir(before), 0);
    free(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_directory(test_fileutil_reads_a_file_up_to_its_limit),
        unit_test_in_directory(test_fileutil_missing_file_is_not_an_error),
        unit_test_in_directory(test_fileutil_refuses_anything_but_a_text_file),
        unit_test_in_directory(test_fileutil_follows_a_symbolic_link_only_when_told),
        unit_test_in_directory(test_fileutil_exits_77_without_the_right_to_read),
        unit_test_in_directory(test_fileutil_replaces_the_whole_content),
        unit_test_in_directory(test_fileutil_publishes_for_everybody_and_replaces_only_files),
        cmocka_unit_test(test_fileutil_directory_of_a_path),
        unit_test_in_directory(test_fileutil_absolute_is_right_in_another_working_directory),
        unit_test_in_directory(test_fileutil_replace_does_not_follow_links),
        unit_test_in_directory(test_fileutil_replace_overwrites_the_file_that_a_crash_left),
        unit_test_in_directory(test_fileutil_replace_that_fails_changes_nothing),
        unit_test_in_directory(test_fileutil_publishes_for_everybody_whatever_the_umask),
        unit_test_in_directory(test_fileutil_rewrites_with_the_owner_group_and_mode_of_the_file),
        unit_test_in_directory(test_fileutil_publishes_to_a_relative_path),
        unit_test_in_directory(test_fileutil_keep_damaged_renames_the_file_with_the_time),
        unit_test_in_directory(test_fileutil_check_writable_dir_needs_a_directory),
        unit_test_in_directory(test_fileutil_exits_77_for_a_directory_of_another_user),
    };
    return cmocka_run_group_tests_name("fileutil", tests, NULL, NULL);
}
