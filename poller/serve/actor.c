/* actor: the process that starts commands for administrators. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json_writer.h"
#include "base/mem.h"
#include "base/privileges.h"
#include "base/str.h"
#include "serve/actions.h"
#include "serve/actor.h"
#include "serve/users.h"

enum { MESSAGE_MOST = 96 * 1024, LINE_SIZE = 1024, RUNNING_MOST = 4, OWN_SOCKET = 3, LOOK_MS = 100 };

/* ---- the process ---- */

/* A command that runs. */
struct running {
    int64_t id;
    pid_t process; /* 0: this place is free */
    int output; /* -1: it has ended */
    char line[LINE_SIZE]; /* a line that has no end yet */
    size_t length;
};

struct work {
    int socket;
    const char *program;
    char *const *passed;
    char state_dir[PATH_MAX]; /* the option for the command that is started */
    struct running running[RUNNING_MOST];
};

/* What the page does not take, because it is gone, needs nobody. */
static void tell(const struct work *work, struct json *news)
{
    char *text = json_print(news);
    (void)send(work->socket, text, strlen(text), MSG_NOSIGNAL);
    free(text);
    json_free(news);
}

static void tell_line(const struct work *work, int64_t id, const char *line)
{
    char plain[LINE_SIZE];
    struct json *news = json_object();
    json_add_int(news, "id", id);
    json_add_text(news, "line", str_printable(line, plain, sizeof plain));
    tell(work, news);
}

static void tell_end(const struct work *work, int64_t id, int exit_code)
{
    struct json *news = json_object();
    json_add_int(news, "id", id);
    json_add_int(news, "exit", exit_code);
    tell(work, news);
}

static void refuse(const struct work *work, int64_t id, const struct err *err)
{
    tell_line(work, id, err->message);
    tell_end(work, id, err->code);
}

static bool is_option(const char *word, const char *name)
{
    size_t length = strlen(name);
    return strncmp(word, name, length) == 0 && (word[length] == '=' || word[length] == '\0');
}

/* Adds a path option for the profile. Beside --profile, --config, --dids and --state-dir would name the profile's own
 * files: so it finds its files as --all-profiles does. name NULL: the default profile. */
static size_t add_path(struct work *work, const char *name, const char *word, const char *value, char **list)
{
    bool is_whole = strchr(word, '=') != NULL;
    if (name != NULL && (is_option(word, "--config") || is_option(word, "--dids")))
        return 0;
    if (name != NULL && is_option(word, "--state-dir")) {
        (void)snprintf(work->state_dir, sizeof work->state_dir, "--state-dir=%s/profiles/%s", value, name);
        list[0] = work->state_dir;
        return 1;
    }
    list[0] = (char *)(uintptr_t)word;
    list[1] = (char *)(uintptr_t)value;
    return is_whole ? 1 : 2;
}

/* The program, its path options, and the words of the action. Ownership: the caller frees the list alone. */
static char **join(struct work *work, const struct actions_words *words)
{
    static const char profile[] = "--profile=";
    bool is_named = words->count > 0 && strncmp(words->list[0], profile, strlen(profile)) == 0;
    const char *name = is_named ? words->list[0] + strlen(profile) : NULL;
    size_t count = 0, passed = 0;
    while (work->passed[passed] != NULL)
        passed++;
    char **list = mem_zero(passed + words->count + 3, sizeof *list);
    list[count++] = (char *)(uintptr_t)work->program;
    for (size_t i = 0; i < passed; i++) {
        const char *word = work->passed[i], *equals = strchr(word, '=');
        const char *value = equals != NULL ? equals + 1 : str_or_empty(work->passed[++i]);
        count += add_path(work, name, word, value, list + count);
    }
    for (size_t i = 0; i < words->count; i++)
        list[count++] = words->list[i];
    return list;
}

/* This process ignores signals that its commands must not ignore. */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t usual;
    (void)sigemptyset(&usual);
    (void)sigaddset(&usual, SIGINT);
    (void)sigaddset(&usual, SIGTERM);
    (void)sigaddset(&usual, SIGPIPE);
    int result = posix_spawnattr_setsigdefault(attributes, &usual);
    return result != 0 ? result : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF);
}

static int set_files(posix_spawn_file_actions_t *files, int output)
{
    int result = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (result == 0)
        result = posix_spawn_file_actions_adddup2(files, output, STDOUT_FILENO);
    return result != 0 ? result : posix_spawn_file_actions_adddup2(files, output, STDERR_FILENO);
}

/* Without a shell, with nothing open but the output. */
static int spawn(const struct work *work, char *const *words, int output, pid_t *ret_process)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&files) != 0 || posix_spawnattr_init(&attributes) != 0)
        mem_out_of_memory();
    int result = set_files(&files, output);
    if (result == 0)
        result = set_signals(&attributes);
    if (result == 0)
        result = posix_spawn(ret_process, work->program, &files, &attributes, words, environ);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&files);
    return result;
}

static struct running *free_place(struct work *work)
{
    for (int i = 0; i < RUNNING_MOST; i++)
        if (work->running[i].process == 0)
            return &work->running[i];
    return NULL;
}

static int start(struct work *work, int64_t id, const char *by, const struct actions_words *words, struct err *err)
{
    struct running *running = free_place(work);
    int ends[2];
    if (running == NULL)
        return err_set(err, EX_UNAVAILABLE, "%d commands are running: wait until one has ended", RUNNING_MOST);
    char number[STR_INT_SIZE];
    if (setenv("DID_OPTIMIZER_SYNC_BY", by, 1) != 0 ||
        setenv("DID_OPTIMIZER_SYNC_ACTION", str_of_int(id, number), 1) != 0 || pipe2(ends, O_CLOEXEC) != 0 ||
        fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
        return err_set(err, EX_SOFTWARE, "could not start the command: %s", strerror(errno));
    char **list = join(work, words);
    int reason = spawn(work, list, ends[1], &running->process);
    free(list);
    (void)close(ends[1]);
    if (reason != 0) {
        (void)close(ends[0]);
        running->process = 0;
        return err_set(err, EX_SOFTWARE, "could not start %s: %s", work->program, strerror(reason));
    }
    running->id = id;
    running->output = ends[0];
    running->length = 0;
    return 0;
}

/* The page has checked all of it; this process believes nothing of that. */
static void handle(struct work *work, const char *message)
{
    struct json *asked = json_parse(message);
    struct actions_words words = { .list = NULL };
    struct err err = { .code = EX_USAGE, .message = "the request cannot be read" };
    char *number = asked != NULL ? json_text_or_number(json_member(asked, "id")) : NULL;
    const char *by = asked != NULL ? json_text(asked, "by") : NULL;
    const char *profile = asked != NULL ? json_text(asked, "profile") : NULL;
    const char *action = asked != NULL ? json_text(asked, "action") : NULL;
    int64_t id = 0;
    if (number != NULL && str_to_int(number, &id) &&
        (by == NULL || !users_is_name(by) || profile == NULL || action == NULL ||
         actions_build(action, profile, json_member(asked, "arguments"), &words, &err) != 0 ||
         start(work, id, by, &words, &err) != 0))
        refuse(work, id, &err);
    actions_free(&words);
    free(number);
    json_free_secret(asked);
}

static void end_line(const struct work *work, struct running *running)
{
    running->line[running->length] = '\0';
    if (running->length > 0)
        tell_line(work, running->id, running->line);
    running->length = 0;
}

/* A longer line comes in pieces. */
static void take_output(const struct work *work, struct running *running, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n' || running->length == LINE_SIZE - 1)
            end_line(work, running);
        if (bytes[i] != '\n')
            running->line[running->length++] = bytes[i] != '\0' ? bytes[i] : '?';
    }
}

/* Reads what is there, without waiting, and at most what a pipe holds: a command that prints without end must not keep
 * others waiting. */
static void read_output(const struct work *work, struct running *running)
{
    enum { PIECE = 4096, PIPE = 65536 };
    char bytes[PIECE];
    ssize_t got = 0;
    for (int i = 0; running->output >= 0 && i <= PIPE / PIECE; i++) {
        got = read(running->output, bytes, sizeof bytes);
        if (got <= 0)
            break;
        take_output(work, running, bytes, (size_t)got);
    }
    if (running->output < 0 || got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    (void)close(running->output);
    running->output = -1;
}

/* The end of the process counts, not that of its output: a process that it has left behind may keep the output open. */
static void finish_if_ended(const struct work *work, struct running *running)
{
    int status = 0;
    if (running->process == 0 || waitpid(running->process, &status, WNOHANG) != running->process)
        return;
    read_output(work, running);
    end_line(work, running);
    if (running->output >= 0)
        (void)close(running->output);
    tell_end(work, running->id, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    running->process = 0;
}

static bool is_working(const struct work *work)
{
    for (int i = 0; i < RUNNING_MOST; i++)
        if (work->running[i].process != 0)
            return true;
    return false;
}

/* Waits for output, a request or some ms, and passes on what the commands have printed. socket -1: no request. Returns
 * whether there is a request. */
static bool wait_and_read(struct work *work, int socket)
{
    struct pollfd all[1 + RUNNING_MOST] = { { .fd = socket, .events = POLLIN } };
    for (int i = 0; i < RUNNING_MOST; i++)
        all[1 + i] = (struct pollfd){ .fd = work->running[i].process != 0 ? work->running[i].output : -1,
                                      .events = POLLIN };
    if (poll(all, 1 + RUNNING_MOST, is_working(work) ? LOOK_MS : -1) < 0)
        return false;
    for (int i = 0; i < RUNNING_MOST; i++) {
        if (all[1 + i].revents != 0)
            read_output(work, &work->running[i]);
        finish_if_ended(work, &work->running[i]);
    }
    return all[0].revents != 0;
}

/* The page is gone: what runs records what it has done, and ends. */
static void end_all(struct work *work)
{
    for (int i = 0; i < RUNNING_MOST; i++)
        if (work->running[i].process != 0)
            (void)kill(work->running[i].process, SIGTERM);
    while (is_working(work))
        (void)wait_and_read(work, -1);
}

/* False: the page is gone. */
static bool receive(struct work *work)
{
    static char message[MESSAGE_MOST + 1];
    ssize_t got = recv(work->socket, message, MESSAGE_MOST, 0);
    if (got > 0) {
        message[got] = '\0';
        handle(work, message);
    }
    return got > 0 || (got < 0 && errno == EINTR);
}

int actor_run(int socket, const char *program, char *const *passed)
{
    struct work work = { .socket = socket, .program = program, .passed = passed };
    bool goes_on = true;
    while (goes_on)
        if (wait_and_read(&work, socket))
            goes_on = receive(&work);
    end_all(&work);
    return EX_OK;
}

/* ---- the page's end ---- */

struct actor {
    int socket;
    pid_t process;
};

/* A signal to the whole group, such as Ctrl+C, must not end this process before the page has ended. */
static _Noreturn void be_actor(int socket, const char *program, char *const *passed)
{
    static const struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct err err;
    /* Nothing else that is open, such as the sockets of systemd, is this process's. */
    if ((socket != OWN_SOCKET && dup2(socket, OWN_SOCKET) != OWN_SOCKET) ||
        fcntl(OWN_SOCKET, F_SETFD, FD_CLOEXEC) != 0 || privileges_harden_with_files(1, &err) != 0)
        exit(EX_SOFTWARE);
    (void)sigaction(SIGINT, &ignore, NULL);
    (void)sigaction(SIGTERM, &ignore, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
    (void)prctl(PR_SET_NAME, "serve-actor", 0, 0, 0);
    exit(actor_run(OWN_SOCKET, program, passed));
}

int actor_start(const char *program, char *const *passed, struct actor **ret_actor, struct err *err)
{
    int ends[2], size = 2 * MESSAGE_MOST;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return err_set(err, EX_SOFTWARE, "could not start the process that starts commands: %s", strerror(errno));
    (void)fflush(NULL);
    pid_t process = fork();
    if (process == 0) {
        (void)close(ends[0]);
        be_actor(ends[1], program, passed);
    }
    (void)close(ends[1]);
    if (process < 0) {
        (void)close(ends[0]);
        return err_set(err, EX_SOFTWARE, "could not start the process that starts commands: %s", strerror(errno));
    }
    (void)setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    struct actor *actor = mem_zero(1, sizeof *actor);
    actor->socket = ends[0];
    actor->process = process;
    *ret_actor = actor;
    return 0;
}

void actor_stop(struct actor *actor)
{
    int status = 0;
    if (actor == NULL)
        return;
    (void)close(actor->socket);
    while (waitpid(actor->process, &status, 0) < 0 && errno == EINTR) {
    }
    free(actor);
}

int actor_socket(const struct actor *actor)
{
    return actor->socket;
}

int actor_ask(struct actor *actor, int64_t id, const char *by, const char *profile, const char *action,
              const struct json *arguments, struct err *err)
{
    struct json_writer request = { .text = NULL };
    char *inner = arguments != NULL ? json_print(arguments) : mem_copy("null");
    json_writer_add_int(&request, "id", id);
    json_writer_add_text(&request, "by", by);
    json_writer_add_text(&request, "profile", profile);
    json_writer_add_text(&request, "action", action);
    json_writer_add_json(&request, "arguments", inner);
    char *text = json_writer_end(&request);
    bool sent = strlen(text) <= MESSAGE_MOST &&
                send(actor->socket, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)strlen(text);
    int reason = errno;
    mem_free_secret(text);
    mem_free_secret(inner);
    if (sent)
        return 0;
    return reason == EAGAIN ? err_set(err, EX_TEMPFAIL, "too much is running: wait, and try again")
                            : err_set(err, EX_SOFTWARE, "the process that starts commands is gone: restart the page");
}

int actor_receive(struct actor *actor, struct actor_news *ret_news)
{
    char text[8 * LINE_SIZE];
    ssize_t got = recv(actor->socket, text, sizeof text - 1, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got <= 0)
        return -1;
    text[got] = '\0';
    struct json *news = json_parse(text);
    if (news == NULL)
        return 0;
    char *id = json_text_or_number(json_member(news, "id")), *code = json_text_or_number(json_member(news, "exit"));
    int64_t number = 0;
    *ret_news = (struct actor_news){ .is_end = code != NULL };
    if (id != NULL && !str_to_int(id, &ret_news->id))
        ret_news->id = 0;
    if (code != NULL && str_to_int(code, &number))
        ret_news->exit_code = (int)number;
    (void)snprintf(ret_news->line, sizeof ret_news->line, "%s", str_or_empty(json_text(news, "line")));
    free(code);
    free(id);
    json_free(news);
    return 1;
}
