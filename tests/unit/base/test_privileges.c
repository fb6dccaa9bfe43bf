/* Tests of privileges: the rights that a process keeps. Each test runs in its own child process. */
#include "../unit.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/privileges.h"

#define NOBODY 65534

/* Ends the child with exit code 1, and writes the failed condition to the file where. */
#define CHILD_CHECK(condition)                                                                                         \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            FILE *told = fopen(where, "w");                                                                            \
            if (told != NULL) {                                                                                        \
                (void)fprintf(told, "line %d: %s", __LINE__, #condition);                                              \
                (void)fclose(told);                                                                                    \
            }                                                                                                          \
            _exit(1);                                                                                                  \
        }                                                                                                              \
    } while (0)

static void run_child(const char *directory, void (*act)(const char *directory, const char *where))
{
    const char *where = unit_path(directory, "failed");
    pid_t child = fork();
    if (child == 0) {
        act(directory, where);
        _exit(0);
    }
    int code = unit_wait(child);
    char *told = unit_read(where);
    if (code != 0)
        print_error("the child ended with %d: %s\n", code, told != NULL ? told : "it says nothing");
    free(told);
    assert_int_equal(code, 0);
}

static void harden(const char *directory, const char *where)
{
    (void)directory;
    struct err err = { 0 };
    CHILD_CHECK(privileges_harden(&err) == 0);
}

static void keep_only_known_variables(const char *directory, const char *where)
{
    static const char *const steering[] = { "SSLKEYLOGFILE", "http_proxy", "HTTPS_PROXY", "LD_PRELOAD", "HOME",
                                            "MYSQL_UNIX_PORT", "MARIADB_PLUGIN_DIR", "SSL_CERT_FILE", "CURL_HOME",
                                            "SQLITE_TMPDIR", "TMPDIR", "MALLOC_TRACE", "RES_OPTIONS" };
    static const char *const known[] = { "API_KEY", "DID_OPTIMIZER_API_URL", "VICIDIAL_DB_HOST", "VICIDIAL_DB_USER",
                                         "VICIDIAL_DB_PASSWORD", "VICIDIAL_DB_NAME", "VICIDIAL_DB_PORT", "PGPASSFILE",
                                         "TZ", "PATH" };
    for (size_t i = 0; i < UNIT_COUNT(steering); i++)
        CHILD_CHECK(setenv(steering[i], "/elsewhere", 1) == 0);
    for (size_t i = 0; i < UNIT_COUNT(known); i++)
        CHILD_CHECK(setenv(known[i], known[i], 1) == 0);
    harden(directory, where);
    size_t count = 0;
    for (char **variable = environ; *variable != NULL; variable++)
        count++;
    CHILD_CHECK(count == UNIT_COUNT(known));
    for (size_t i = 0; i < UNIT_COUNT(known); i++)
        CHILD_CHECK(getenv(known[i]) != NULL && strcmp(getenv(known[i]), known[i]) == 0);
}

static void test_privileges_harden_keeps_only_known_environment_variables(void **state)
{
    run_child(*state, keep_only_known_variables);
}

static void start_with_closed_standard_files(const char *directory, const char *where)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        (void)close(fd);
    harden(directory, where);
    struct stat null, info;
    CHILD_CHECK(stat("/dev/null", &null) == 0);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        CHILD_CHECK(fstat(fd, &info) == 0 && info.st_rdev == null.st_rdev);
    int opened = open(unit_path(directory, "state"), O_CREAT | O_WRONLY, 0600);
    CHILD_CHECK(opened > STDERR_FILENO);
}

static void test_privileges_harden_fills_closed_standard_files(void **state)
{
    run_child(*state, start_with_closed_standard_files);
}

static void inherit_files(const char *directory, const char *where)
{
    static const int places[] = { 3, 4, 5, 6, 7, 40, 41, 255, 511 };
    CHILD_CHECK(dup2(open(directory, O_RDONLY | O_DIRECTORY), 512) == 512);
    for (size_t i = 0; i < UNIT_COUNT(places); i++)
        CHILD_CHECK(dup2(512, places[i]) == places[i]);
    harden(directory, where);
    for (int fd = STDERR_FILENO + 1; fd <= 512; fd++)
        CHILD_CHECK(fcntl(fd, F_GETFD) < 0);
    CHILD_CHECK(fcntl(STDERR_FILENO, F_GETFD) >= 0);
}

static void keep_two_files(const char *directory, const char *where)
{
    struct err err;
    (void)directory;
    for (int fd = STDERR_FILENO + 1; fd <= 10; fd++)
        (void)dup2(STDERR_FILENO, fd);
    CHILD_CHECK(privileges_harden_with_files(2, &err) == 0);
    for (int fd = STDERR_FILENO + 1; fd <= 10; fd++)
        CHILD_CHECK((fcntl(fd, F_GETFD) >= 0) == (fd <= STDERR_FILENO + 2));
}

static void test_privileges_harden_keeps_the_files_that_are_wanted(void **state)
{
    run_child(*state, keep_two_files);
}

static void test_privileges_harden_closes_inherited_files(void **state)
{
    run_child(*state, inherit_files);
}

static void inherit_signals(const char *directory, const char *where)
{
    static const int numbers[] = { SIGCHLD, SIGTERM, SIGINT, SIGPIPE, SIGALRM, SIGUSR1, SIGXFSZ };
    struct sigaction found;
    sigset_t blocked;
    CHILD_CHECK(sigfillset(&blocked) == 0 && sigprocmask(SIG_SETMASK, &blocked, NULL) == 0);
    CHILD_CHECK(signal(SIGHUP, SIG_IGN) != SIG_ERR);
    for (size_t i = 0; i < UNIT_COUNT(numbers); i++)
        CHILD_CHECK(signal(numbers[i], SIG_IGN) != SIG_ERR);
    harden(directory, where);
    for (size_t i = 0; i < UNIT_COUNT(numbers); i++)
        CHILD_CHECK(sigaction(numbers[i], NULL, &found) == 0 && found.sa_handler == SIG_DFL);
    CHILD_CHECK(sigaction(SIGHUP, NULL, &found) == 0 && found.sa_handler == SIG_IGN); /* started with nohup */
    CHILD_CHECK(sigprocmask(SIG_SETMASK, NULL, &blocked) == 0);
    for (int number = 1; number < NSIG; number++)
        CHILD_CHECK(sigismember(&blocked, number) != 1);
}

static void test_privileges_harden_resets_ignored_and_blocked_signals(void **state)
{
    run_child(*state, inherit_signals);
}

static void forbid_cores(const char *directory, const char *where)
{
    struct rlimit limit;
    harden(directory, where);
    CHILD_CHECK(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 && limit.rlim_max == 0);
    CHILD_CHECK(prctl(PR_GET_DUMPABLE) == 0);
}

static void test_privileges_harden_forbids_core_dumps(void **state)
{
    run_child(*state, forbid_cores);
}

static void become_the_owner(const char *directory, const char *where)
{
    struct err err = { 0 };
    gid_t groups[8];
    CHILD_CHECK(privileges_drop_to_owner(directory, &err) == 0);
    CHILD_CHECK(getuid() == NOBODY && geteuid() == NOBODY && getgid() == NOBODY && getegid() == NOBODY);
    CHILD_CHECK(getgroups(8, groups) == 1 && groups[0] == NOBODY);
    CHILD_CHECK(setuid(0) != 0 && seteuid(0) != 0 && setgid(0) != 0);
    CHILD_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl(PR_GET_DUMPABLE) == 0);
}

static void test_privileges_drop_cannot_be_undone(void **state)
{
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(*state, NOBODY, NOBODY), 0);
    run_child(*state, become_the_owner);
}

static void stay_root(const char *directory, const char *where)
{
    struct err err = { 0 };
    CHILD_CHECK(privileges_drop_to_owner(directory, &err) == 0);
    CHILD_CHECK(geteuid() == 0);
}

static void test_privileges_drop_stays_root_where_root_owns_the_directory(void **state)
{
    if (geteuid() != 0)
        skip();
    run_child(*state, stay_root);
}

static void find_no_directory(const char *directory, const char *where)
{
    struct err err = { 0 };
    CHILD_CHECK(symlink("nowhere", unit_path(directory, "link")) == 0);
    unit_write(unit_path(directory, "file"), "");
    CHILD_CHECK(privileges_drop_to_owner(unit_path(directory, "file"), &err) == -1 && err.code == EX_IOERR);
    CHILD_CHECK(privileges_drop_to_owner(unit_path(directory, "link"), &err) == -1 && err.code == EX_IOERR);
    CHILD_CHECK(strstr(err.message, "a symbolic link that leads to no directory") != NULL);
    CHILD_CHECK(privileges_drop_to_owner(unit_path(directory, "none"), &err) == -1 && err.code == EX_IOERR);
    CHILD_CHECK(strstr(err.message, "install -d -m 0750") != NULL && geteuid() == 0);
}

/* root or the owner made the link: the process becomes the owner of the directory behind it. */
static void follow_a_link(const char *directory, const char *where)
{
    struct err err = { 0 };
    CHILD_CHECK(privileges_drop_to_owner(unit_path(directory, "link"), &err) == 0);
    CHILD_CHECK(getuid() == NOBODY && getgid() == NOBODY);
}

static void refuse_a_link(const char *directory, const char *where)
{
    struct err err = { 0 };
    CHILD_CHECK(privileges_drop_to_owner(unit_path(directory, "link"), &err) == -1 && err.code == EX_NOPERM);
    CHILD_CHECK(strstr(err.message, "made by a user who is neither root nor the owner") != NULL && geteuid() == 0);
}

static void test_privileges_drop_follows_only_a_link_of_root_or_the_owner(void **state)
{
    static const struct {
        uid_t link, target;
        void (*want)(const char *directory, const char *where);
    } rows[] = { { 0, NOBODY, follow_a_link }, { NOBODY, NOBODY, follow_a_link }, { 12345, NOBODY, refuse_a_link },
                 { 12345, 0, refuse_a_link }, { NOBODY, 0, refuse_a_link } };
    if (geteuid() != 0)
        skip();
    assert_int_equal(mkdir(unit_path(*state, "target"), 0700), 0);
    assert_int_equal(symlink("target", unit_path(*state, "link")), 0);
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        assert_int_equal(lchown(unit_path(*state, "link"), rows[i].link, 0), 0);
        assert_int_equal(chown(unit_path(*state, "target"), rows[i].target, rows[i].target), 0);
        run_child(*state, rows[i].want);
    }
}

static void test_privileges_drop_needs_a_directory(void **state)
{
    if (geteuid() != 0)
        skip();
    run_child(*state, find_no_directory);
}

static void be_nobody_already(const char *directory, const char *where)
{
    struct err err = { 0 };
    CHILD_CHECK(setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
    CHILD_CHECK(privileges_drop_to_owner(directory, &err) == 0 && getuid() == NOBODY);
    CHILD_CHECK(privileges_drop_to_owner(unit_path(directory, "none"), &err) == 0);
}

static void test_privileges_drop_changes_nothing_for_an_ordinary_user(void **state)
{
    if (geteuid() != 0)
        skip();
    run_child(*state, be_nobody_already);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_directory(test_privileges_harden_keeps_only_known_environment_variables),
        unit_test_in_directory(test_privileges_harden_fills_closed_standard_files),
        unit_test_in_directory(test_privileges_harden_keeps_the_files_that_are_wanted),
        unit_test_in_directory(test_privileges_harden_closes_inherited_files),
        unit_test_in_directory(test_privileges_harden_resets_ignored_and_blocked_signals),
        unit_test_in_directory(test_privileges_harden_forbids_core_dumps),
        unit_test_in_directory(test_privileges_drop_cannot_be_undone),
        unit_test_in_directory(test_privileges_drop_stays_root_where_root_owns_the_directory),
        unit_test_in_directory(test_privileges_drop_follows_only_a_link_of_root_or_the_owner),
        unit_test_in_directory(test_privileges_drop_needs_a_directory),
        unit_test_in_directory(test_privileges_drop_changes_nothing_for_an_ordinary_user),
    };
    return cmocka_run_group_tests_name("privileges", tests, NULL, NULL);
}
