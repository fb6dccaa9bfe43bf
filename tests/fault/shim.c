/* shim: makes the program under test end, or its system calls fail, at a chosen step. Loaded with LD_PRELOAD.
 *
 * A step is a call that changes a file under FAULT_ROOT, or moves bytes over a TCP connection; with the kinds "open"
 * and "alloc" also the opening of such a file for writing, and an allocation. Steps are counted from the start of main
 * to its end. The database's Unix socket and all other files are left alone. Environment, read before main can clear
 * it:
 *
 *   FAULT_ROOT     watch the files below this directory (or with this beginning of their paths)
 *   FAULT_KINDS    which kinds of steps are counted, separated by commas; default: all but open and alloc
 *   FAULT_AT       the number of the step where it happens, from 1; 0 or unset: nothing happens, steps are only counted
 *   FAULT_FOR      for so many steps from there on; 0: for all the rest; default 1
 *   FAULT_ACTION   kill: the process is killed there (SIGKILL); short: half the bytes are written; hang: the call never
 *                  returns, as on a network disk whose server is gone; or the name of an error (ENOSPC EDQUOT EIO
 *                  EROFS EACCES), which the call then fails with; an allocation always fails with ENOMEM
 *   FAULT_WHEN     for kill: before the call, after it, or in the middle (half the bytes are written)
 *   FAULT_CLOCK    how many seconds the clock of the host is ahead, negative: behind; from the start of main on
 *   FAULT_COUNT    file that receives "STEPS HITS" when something happened and at the end of main
 *   FAULT_TRACE    file that receives one line a step, "KIND NAME", at the same moments; of allocations only those that
 *                  failed where no program can help it */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define TRACE_BYTES (1 << 20)

enum kind { WRITE, SYNC, RENAME, UNLINK, TRUNCATE, SEND, RECV, OPEN, ALLOC, KIND_COUNT };
static const char *const kind_names[KIND_COUNT] = { "write",  "sync", "rename", "unlink", "truncate",
                                                    "send",   "recv", "open",   "alloc" };

/* What is to become of one call. */
enum fate { PASS, FAIL, HALF, HALF_THEN_END, PASS_THEN_END };

static struct {
    bool armed;
    char root[PATH_MAX], count_file[PATH_MAX], trace_file[PATH_MAX];
    bool counted[KIND_COUNT];
    long at, last;
    enum { END_BEFORE, END_MIDDLE, END_AFTER, SHORT, HANG, ERROR } action;
    int error_number;
    time_t clock_ahead;
    const char *within; /* a library function that does not survive a failed allocation */
    atomic_long steps, hits;
    char trace[TRACE_BYTES];
    size_t traced;
} plan;

/* The C library's own allocator. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

/* ---- the next definition of a function that is replaced here ---- */

static void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL)
        abort();
    return found;
}

#define REAL(name)                                  \
    static __typeof__(&name) real;                  \
    do {                                            \
        if (real == NULL)                           \
            real = (__typeof__(real))next(#name);   \
    } while (0)

/* ---- reporting, past everything that is replaced here ---- */

static void write_file(const char *path, const char *text, size_t size)
{
    long fd = *path != '\0' ? syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
    if (fd < 0)
        return;
    (void)!syscall(SYS_write, (int)fd, text, size);
    (void)syscall(SYS_close, (int)fd);
}

static void report(void)
{
    char text[64];
    int length = snprintf(text, sizeof text, "%ld %ld\n", atomic_load(&plan.steps), atomic_load(&plan.hits));
    write_file(plan.count_file, text, (size_t)length);
    write_file(plan.trace_file, plan.trace, plan.traced);
}

static _Noreturn void end(void)
{
    report();
    /* By the kernel, in no time: what watches the process must not take it for an end of its own. */
    struct sigevent killing = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
    const struct itimerspec now = { .it_value = { .tv_nsec = 1 } };
    timer_t timer;
    if (timer_create(CLOCK_MONOTONIC, &killing, &timer) != 0 || timer_settime(timer, 0, &now, NULL) != 0)
        abort();
    for (;;)
        (void)pause();
}

static void trace(enum kind kind, const char *name)
{
    size_t room = sizeof plan.trace - plan.traced;
    if (*plan.trace_file == '\0')
        return;
    int length = snprintf(plan.trace + plan.traced, room, "%s %s\n", kind_names[kind], name);
    if (length > 0 && (size_t)length < room)
        plan.traced += (size_t)length;
}

/* ---- what is watched ---- */

static bool is_under_root(const char *path)
{
    size_t length = strlen(plan.root);
    return length > 0 && strncmp(path, plan.root, length) == 0;
}

/* Where fd leads, "" when that is no file under the root. The path without the root, for the trace. */
static const char *watched_file(int fd, char path[PATH_MAX])
{
    char link[64];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = '\0';
    if (!is_under_root(path))
        return "";
    const char *rest = path + strlen(plan.root);
    return *rest != '\0' ? rest : ".";
}

static bool is_tcp(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    int type = 0;
    socklen_t type_size = sizeof type;
    int before = errno;
    bool tcp = getsockname(fd, (struct sockaddr *)&address, &size) == 0 &&
               (address.ss_family == AF_INET || address.ss_family == AF_INET6) &&
               getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_STREAM;
    errno = before;
    return tcp;
}

/* Whether reading would bring bytes: an empty socket is asked again and again, and that is no step. */
static bool has_bytes(int fd)
{
    char byte;
    int before = errno;
    REAL(recv);
    bool has = real(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    errno = before;
    return has;
}

/* ---- steps ---- */

/* Counts a step; its fate. On FAIL errno is set. */
static enum fate step(enum kind kind, const char *name)
{
    if (!plan.armed || !plan.counted[kind])
        return PASS;
    long number = atomic_fetch_add(&plan.steps, 1) + 1;
    if (kind != ALLOC)
        trace(kind, name);
    if (plan.at == 0 || number < plan.at || number > plan.last)
        return PASS;
    if (kind == ALLOC && plan.within != NULL)
        trace(kind, plan.within);
    if (atomic_fetch_add(&plan.hits, 1) == 0)
        report();
    if (kind == ALLOC) {
        errno = ENOMEM;
        return FAIL;
    }
    bool has_middle = kind == WRITE || kind == SEND;
    switch (plan.action) {
    case END_BEFORE:
        end();
    case END_MIDDLE:
        if (!has_middle)
            end();
        return HALF_THEN_END;
    case END_AFTER:
        return PASS_THEN_END;
    case SHORT:
        return has_middle ? HALF : PASS;
    case HANG:
        for (;;)
            (void)pause();
    case ERROR:
        break;
    }
    errno = plan.error_number;
    return FAIL;
}

static enum fate step_on_file(enum kind kind, int fd)
{
    char path[PATH_MAX];
    int before = errno;
    if (!plan.armed)
        return PASS;
    const char *name = watched_file(fd, path);
    errno = before;
    return *name != '\0' ? step(kind, name) : PASS;
}

/* Output goes to a file or to a connection. */
static enum fate step_on_output(int fd)
{
    if (!plan.armed)
        return PASS;
    return is_tcp(fd) ? step(SEND, "api") : step_on_file(WRITE, fd);
}

static enum fate step_on_input(int fd)
{
    return plan.armed && is_tcp(fd) && has_bytes(fd) ? step(RECV, "api") : PASS;
}

static enum fate step_on_path(enum kind kind, const char *path)
{
    return plan.armed && is_under_root(path) ? step(kind, path + strlen(plan.root)) : PASS;
}

static size_t share(enum fate fate, size_t size)
{
    return (fate == HALF || fate == HALF_THEN_END) && size > 1 ? size / 2 : size;
}

static void done(enum fate fate)
{
    if (fate == HALF_THEN_END || fate == PASS_THEN_END)
        end();
}

/* ---- the calls ---- */

ssize_t write(int fd, const void *data, size_t size)
{
    REAL(write);
    enum fate fate = step_on_output(fd);
    ssize_t result = fate == FAIL ? -1 : real(fd, data, share(fate, size));
    done(fate);
    return result;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    REAL(pwrite);
    enum fate fate = step_on_file(WRITE, fd);
    ssize_t result = fate == FAIL ? -1 : real(fd, data, share(fate, size), offset);
    done(fate);
    return result;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    REAL(pwrite64);
    enum fate fate = step_on_file(WRITE, fd);
    ssize_t result = fate == FAIL ? -1 : real(fd, data, share(fate, size), offset);
    done(fate);
    return result;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    REAL(writev);
    enum fate fate = step_on_output(fd);
    bool half = fate == HALF || fate == HALF_THEN_END;
    struct iovec first = { .iov_base = parts[0].iov_base, .iov_len = share(fate, parts[0].iov_len) };
    ssize_t result = fate == FAIL ? -1 : half ? real(fd, &first, 1) : real(fd, parts, count);
    done(fate);
    return result;
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    REAL(send);
    enum fate fate = step_on_output(fd);
    ssize_t result = fate == FAIL ? -1 : real(fd, data, share(fate, size), flags);
    done(fate);
    return result;
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t to_size)
{
    REAL(sendto);
    enum fate fate = step_on_output(fd);
    ssize_t result = fate == FAIL ? -1 : real(fd, data, share(fate, size), flags, to, to_size);
    done(fate);
    return result;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    REAL(sendmsg);
    enum fate fate = step_on_output(fd);
    ssize_t result = fate == FAIL ? -1 : real(fd, message, flags);
    done(fate);
    return result;
}

ssize_t read(int fd, void *data, size_t size)
{
    REAL(read);
    enum fate fate = step_on_input(fd);
    ssize_t result = fate == FAIL ? -1 : real(fd, data, size);
    done(fate);
    return result;
}

ssize_t recv(int fd, void *data, size_t size, int flags)
{
    REAL(recv);
    enum fate fate = (flags & MSG_PEEK) != 0 ? PASS : step_on_input(fd);
    ssize_t result = fate == FAIL ? -1 : real(fd, data, size, flags);
    done(fate);
    return result;
}

int fsync(int fd)
{
    REAL(fsync);
    enum fate fate = step_on_file(SYNC, fd);
    int result = fate == FAIL ? -1 : real(fd);
    done(fate);
    return result;
}

int fdatasync(int fd)
{
    REAL(fdatasync);
    enum fate fate = step_on_file(SYNC, fd);
    int result = fate == FAIL ? -1 : real(fd);
    done(fate);
    return result;
}

int ftruncate(int fd, off_t size)
{
    REAL(ftruncate);
    enum fate fate = step_on_file(TRUNCATE, fd);
    int result = fate == FAIL ? -1 : real(fd, size);
    done(fate);
    return result;
}

int ftruncate64(int fd, off64_t size)
{
    REAL(ftruncate64);
    enum fate fate = step_on_file(TRUNCATE, fd);
    int result = fate == FAIL ? -1 : real(fd, size);
    done(fate);
    return result;
}

int rename(const char *from, const char *to)
{
    REAL(rename);
    enum fate fate = step_on_path(RENAME, to);
    int result = fate == FAIL ? -1 : real(from, to);
    done(fate);
    return result;
}

int unlink(const char *path)
{
    REAL(unlink);
    enum fate fate = step_on_path(UNLINK, path);
    int result = fate == FAIL ? -1 : real(path);
    done(fate);
    return result;
}

static bool makes_a_file(int flags)
{
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

static bool opens_for_writing(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY || makes_a_file(flags);
}

int open(const char *path, int flags, ...)
{
    REAL(open);
    va_list args;
    va_start(args, flags);
    mode_t mode = makes_a_file(flags) ? va_arg(args, mode_t) : 0;
    va_end(args);
    enum fate fate = opens_for_writing(flags) ? step_on_path(OPEN, path) : PASS;
    int result = fate == FAIL ? -1 : real(path, flags, mode);
    done(fate);
    return result;
}

int open64(const char *path, int flags, ...)
{
    REAL(open64);
    va_list args;
    va_start(args, flags);
    mode_t mode = makes_a_file(flags) ? va_arg(args, mode_t) : 0;
    va_end(args);
    enum fate fate = opens_for_writing(flags) ? step_on_path(OPEN, path) : PASS;
    int result = fate == FAIL ? -1 : real(path, flags, mode);
    done(fate);
    return result;
}

/* A read-only file system says so here too. */
int access(const char *path, int how)
{
    REAL(access);
    enum fate fate = (how & W_OK) != 0 ? step_on_path(OPEN, path) : PASS;
    int result = fate == FAIL ? -1 : real(path, how);
    done(fate);
    return result;
}

void *malloc(size_t size)
{
    return step(ALLOC, "") == FAIL ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return step(ALLOC, "") == FAIL ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return size > 0 && step(ALLOC, "") == FAIL ? NULL : __libc_realloc(old, size);
}

/* ---- the host's clock; how time passes stays as it is ---- */

int clock_gettime(clockid_t clock, struct timespec *now)
{
    REAL(clock_gettime);
    int result = real(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += plan.clock_ahead;
    return result;
}

int gettimeofday(struct timeval *now, void *zone)
{
    REAL(gettimeofday);
    int result = real(now, zone);
    if (result == 0)
        now->tv_sec += plan.clock_ahead;
    return result;
}

time_t time(time_t *also)
{
    REAL(time);
    time_t now = real(NULL) + plan.clock_ahead;
    if (also != NULL)
        *also = now;
    return now;
}

/* ---- what libraries cannot stand ----
 *
 * glibc 2.36 crashes when it cannot load /etc/nsswitch.conf for lack of memory (nss_database.c), which libmariadb makes
 * it do in mysql_init; and mysql_real_connect itself uses copies of its arguments without looking whether there are
 * any. No program can prevent that, so the trace tells allocations that failed in there. */

struct servent *getservbyname(const char *name, const char *protocol)
{
    REAL(getservbyname);
    plan.within = "getservbyname";
    struct servent *found = real(name, protocol);
    plan.within = NULL;
    return found;
}

void *mysql_real_connect(void *mysql, const char *host, const char *user, const char *password, const char *database,
                         unsigned port, const char *socket, unsigned long flags);

void *mysql_real_connect(void *mysql, const char *host, const char *user, const char *password, const char *database,
                         unsigned port, const char *socket, unsigned long flags)
{
    REAL(mysql_real_connect);
    plan.within = "mysql_real_connect";
    void *connected = real(mysql, host, user, password, database, port, socket, flags);
    plan.within = NULL;
    return connected;
}

/* ---- from the start of main to its end ---- */

typedef int main_function(int argc, char **argv, char **environment);
int __libc_start_main(main_function *program, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end);

static main_function *real_main;

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value != NULL ? value : "";
}

static bool listed(const char *list, const char *word)
{
    char padded_list[256], padded_word[32];
    (void)snprintf(padded_list, sizeof padded_list, ",%s,", list);
    (void)snprintf(padded_word, sizeof padded_word, ",%s,", word);
    return strstr(padded_list, padded_word) != NULL;
}

static _Noreturn void refuse(const char *name)
{
    (void)fprintf(stderr, "fault shim: bad %s '%s'\n", name, setting(name));
    _exit(101); /* a misspelt plan would make a test pass for the wrong reason */
}

static void read_action(void)
{
    static const struct { const char *name; int number; } errors[] = {
        { "ENOSPC", ENOSPC }, { "EDQUOT", EDQUOT }, { "EIO", EIO }, { "EROFS", EROFS }, { "EACCES", EACCES } };
    const char *action = setting("FAULT_ACTION"), *when = setting("FAULT_WHEN");
    if (strcmp(action, "kill") == 0 && strcmp(when, "before") == 0) {
        plan.action = END_BEFORE;
    } else if (strcmp(action, "kill") == 0 && strcmp(when, "middle") == 0) {
        plan.action = END_MIDDLE;
    } else if (strcmp(action, "kill") == 0 && strcmp(when, "after") == 0) {
        plan.action = END_AFTER;
    } else if (strcmp(action, "kill") == 0) {
        refuse("FAULT_WHEN");
    } else if (strcmp(action, "short") == 0) {
        plan.action = SHORT;
    } else if (strcmp(action, "hang") == 0) {
        plan.action = HANG;
    } else {
        plan.action = ERROR;
        for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
            if (strcmp(action, errors[i].name) == 0)
                plan.error_number = errors[i].number;
        if (plan.error_number == 0)
            refuse("FAULT_ACTION");
    }
}

static void read_plan(void)
{
    const char *kinds = setting("FAULT_KINDS");
    for (int kind = 0; kind < KIND_COUNT; kind++)
        plan.counted[kind] = *kinds != '\0' ? listed(kinds, kind_names[kind]) : kind != OPEN && kind != ALLOC;
    (void)snprintf(plan.root, sizeof plan.root, "%s", setting("FAULT_ROOT"));
    (void)snprintf(plan.count_file, sizeof plan.count_file, "%s", setting("FAULT_COUNT"));
    (void)snprintf(plan.trace_file, sizeof plan.trace_file, "%s", setting("FAULT_TRACE"));
    plan.clock_ahead = strtol(setting("FAULT_CLOCK"), NULL, 10);
    plan.at = strtol(setting("FAULT_AT"), NULL, 10);
    long count = *setting("FAULT_FOR") != '\0' ? strtol(setting("FAULT_FOR"), NULL, 10) : 1;
    plan.last = count > 0 ? plan.at + count - 1 : LONG_MAX;
    if (plan.at > 0 && !plan.counted[ALLOC])
        read_action();
}

static int counted_main(int argc, char **argv, char **environment)
{
    read_plan();
    plan.armed = true;
    int status = real_main(argc, argv, environment);
    plan.armed = false;
    report();
    return status;
}

int __libc_start_main(main_function *program, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack_end)
{
    REAL(__libc_start_main);
    real_main = program;
    return real(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}
