/* unit: shared by the unit tests: checks that print the failed table row, and temporary directories. */
#ifndef UNIT_H
#define UNIT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* UNIT_FILTER, with * and ?, chooses tests by name; `make test T=name` sets it. */
__attribute__((constructor)) static void unit_filter(void)
{
    const char *filter = getenv("UNIT_FILTER");
    if (filter != NULL)
        cmocka_set_test_filter(filter);
}

#define UNIT_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A long sweep takes each step; with the sanitizers, which need four times as long, each third one. */
#ifdef __SANITIZE_ADDRESS__
#define UNIT_STRIDE 3
#else
#define UNIT_STRIDE 1
#endif

/* ---- checks; row names the case that failed ---- */

/* text in printable form: other bytes than plain ASCII become \xNN. Valid for the next seven calls. */
static inline const char *unit_shown(const char *text)
{
    static char buffers[8][400];
    static unsigned next;
    char *out = buffers[next++ % UNIT_COUNT(buffers)];
    size_t used = 0;
    if (text == NULL)
        return "(NULL)";
    for (; *text != '\0' && used + 5 < sizeof buffers[0]; text++) {
        bool plain = *text >= ' ' && *text <= '~';
        used += (size_t)snprintf(out + used, sizeof buffers[0] - used, plain ? "%c" : "\\x%02X", (unsigned char)*text);
    }
    out[used] = '\0';
    return out;
}

static inline void unit_check_true(const char *row, bool holds, const char *what, const char *file, int line)
{
    if (holds)
        return;
    print_error("%s: does not hold: %s\n", unit_shown(row), what);
    _fail(file, line);
}

static inline void unit_check_int(const char *row, int64_t got, int64_t want, const char *file, int line)
{
    if (got == want)
        return;
    print_error("%s: got %lld, want %lld\n", unit_shown(row), (long long)got, (long long)want);
    _fail(file, line);
}

static inline void unit_check_text(const char *row, const char *got, const char *want, const char *file, int line)
{
    if (got == want || (got != NULL && want != NULL && strcmp(got, want) == 0))
        return;
    print_error("%s: got '%s', want '%s'\n", unit_shown(row), unit_shown(got), unit_shown(want));
    _fail(file, line);
}

static inline void unit_check_has(const char *row, const char *text, const char *part, bool wanted, const char *file,
                                  int line)
{
    if (text != NULL && (strstr(text, part) != NULL) == wanted)
        return;
    print_error("%s: '%s' %s in '%s'\n", unit_shown(row), unit_shown(part), wanted ? "is missing" : "must not stand",
                unit_shown(text));
    _fail(file, line);
}

/* cmocka 2 renamed its own range check, so no name of it works with all versions. */
static inline void unit_check_range(int64_t got, int64_t least, int64_t most, const char *file, int line)
{
    if (got >= least && got <= most)
        return;
    print_error("got %lld, want %lld to %lld\n", (long long)got, (long long)least, (long long)most);
    _fail(file, line);
}

#define unit_in_range(got, least, most) \
    unit_check_range((int64_t)(got), (int64_t)(least), (int64_t)(most), __FILE__, __LINE__)
#define unit_true(row, condition) unit_check_true(row, condition, #condition, __FILE__, __LINE__)
#define unit_same_int(row, got, want) unit_check_int(row, (int64_t)(got), (int64_t)(want), __FILE__, __LINE__)
#define unit_same_text(row, got, want) unit_check_text(row, got, want, __FILE__, __LINE__)
#define unit_has(row, text, part) unit_check_has(row, text, part, true, __FILE__, __LINE__)
#define unit_lacks(row, text, part) unit_check_has(row, text, part, false, __FILE__, __LINE__)

/* ---- a temporary directory for each test ---- */

static inline int unit_remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline int unit_create_directory(void **state)
{
    const char *parent = getenv("TMPDIR");
    char *real = realpath(parent != NULL && *parent != '\0' ? parent : "/tmp", NULL), *directory = NULL;
    int result =
        real != NULL && asprintf(&directory, "%s/unit-XXXXXX", real) > 0 && mkdtemp(directory) != NULL ? 0 : -1;
    free(real);
    *state = directory;
    return result == 0 ? chmod(directory, 0755) : -1; /* for tests that act as another user */
}

static inline int unit_remove_directory(void **state)
{
    int result = nftw(*state, unit_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return result;
}

/* A test that gets the path of an empty directory as its state. The directory is removed after the test. */
#define unit_test_in_directory(test) cmocka_unit_test_setup_teardown(test, unit_create_directory, unit_remove_directory)

/* Returns directory/name. Valid for the next seven calls. */
static inline const char *unit_path(const char *directory, const char *name)
{
    static char paths[8][600];
    static unsigned next;
    char *path = paths[next++ % UNIT_COUNT(paths)];
    (void)snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

/* ---- files ---- */

static inline void unit_write_bytes(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static inline void unit_write(const char *path, const char *text)
{
    unit_write_bytes(path, text, strlen(text));
}

/* The content of the file and a NUL; NULL if the file cannot be opened. ret_length may be NULL. The caller frees. */
static inline char *unit_read_bytes(const char *path, size_t *ret_length)
{
    size_t capacity = (size_t)4 << 20;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    char *bytes = malloc(capacity);
    assert_non_null(bytes);
    size_t length = fread(bytes, 1, capacity - 1, file);
    assert_int_equal(fclose(file), 0);
    bytes[length] = '\0';
    if (ret_length != NULL)
        *ret_length = length;
    return bytes;
}

static inline char *unit_read(const char *path)
{
    return unit_read_bytes(path, NULL);
}

static inline bool unit_exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

/* The permission bits; -1 if the file does not exist. */
static inline int unit_mode(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 ? (int)(info.st_mode & 07777) : -1;
}

/* Redirects standard output or error to a file until unit_release_stream. Returns the saved descriptor. */
static inline int unit_catch_stream(int fd, const char *path)
{
    (void)fflush(NULL);
    int saved = dup(fd), file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(saved >= 0 && file >= 0);
    assert_true(dup2(file, fd) >= 0);
    (void)close(file);
    return saved;
}

static inline void unit_release_stream(int fd, int saved)
{
    (void)fflush(NULL);
    (void)dup2(saved, fd);
    (void)close(saved);
}

/* ---- child processes: they must end with _exit, or cmocka would report twice ---- */

/* Waits until the child ends. Returns its exit code, -1 if a signal killed it. */
static inline int unit_wait(pid_t child)
{
    int status = 0;
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- rights: root may read everything, so tests of missing rights act as another user for a moment ---- */

static inline void unit_act_as_nobody(void)
{
    if (geteuid() == 0)
        assert_int_equal(seteuid(65534), 0);
}

static inline void unit_act_as_self(void)
{
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
}

#endif
