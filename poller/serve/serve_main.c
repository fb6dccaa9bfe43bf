/* did-optimizer-sync-serve: the live page of did-optimizer-sync. */
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fileutil.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/privileges.h"
#include "base/version.h"
#include "serve/api_actions.h"
#include "serve/forget_command.h"
#include "serve/identity.h"
#include "serve/listener.h"
#include "serve/notify.h"
#include "serve/page_user.h"
#include "serve/routes.h"
#include "serve/serve.h"
#include "serve/serve_options.h"
#include "serve/server.h"
#include "serve/stream_guard.h"
#include "serve/user_command.h"
#include "serve/view_thread.h"

enum { STEP_MS = 1000, STREAM_MS = 300000, PEM_MOST = 256 * 1024, PROFILES_MS = 2000 };

/* All that the page needs, from its start to its end. */
struct page {
    const struct serve_options *options;
    size_t inherited; /* sockets of systemd */
    struct serve_settings settings;
    char *program; /* did-optimizer-sync */
    struct profiles profiles;
    struct view_feed_profile *sources;
    int64_t followed_ms; /* when somebody last looked for added and removed profiles */
    struct view_thread *feed;
    char feed_problem[VIEW_THREAD_PROBLEM_SIZE]; /* the last one that was logged */
    struct serve serve;
    struct server *server;
};

/* Users and settings are those of now: whoever changes a file need not start the page again. */
static void handle(void *context, struct request *request, struct reply *reply)
{
    struct serve *serve = context;
    profiles_read_changed(serve->api.profiles);
    identity_find(serve, request);
    routes_answer(serve, request, reply);
    stream_guard_add(serve, request, reply);
}

/* Once for each problem. */
static void log_feed_problem(struct page *page)
{
    char problem[VIEW_THREAD_PROBLEM_SIZE];
    if (strcmp(view_thread_problem(page->feed, problem), page->feed_problem) == 0)
        return;
    if (*problem != '\0')
        log_error("the list of calls cannot be kept up to date: %s", problem);
    else
        log_info("the list of calls is kept up to date again");
    (void)snprintf(page->feed_problem, sizeof page->feed_problem, "%s", problem);
}

/* Whoever is between reads passwords and calls. */
static void add_listener(const struct page *page, int socket, const char *address)
{
    server_listen(page->server, socket);
    log_info("listening on %s", address);
    if (listener_is_public(socket) && *page->settings.tls_key == '\0')
        log_warn("anyone on the network path can read passwords and calls: %s has no TLS; set tls_certificate and "
                 "tls_key, or listen on 127.0.0.1 behind a web server that does TLS", address);
}

static int open_addresses(struct page *page, struct err *err)
{
    char *addresses = mem_copy(page->settings.listen), *rest = addresses;
    int result = 0;
    while (result == 0 && *(rest += strspn(rest, " ,")) != '\0') {
        size_t length = strcspn(rest, " ,");
        bool is_last = rest[length] == '\0';
        int socket = -1;
        rest[length] = '\0';
        result = listener_open(rest, page->settings.socket_group, &socket, err);
        if (result == 0)
            add_listener(page, socket, rest);
        rest += length + !is_last;
    }
    free(addresses);
    return result;
}

/* As the user who started the program: the addresses may need its rights. systemd's sockets are in the place of the
 * setting. */
static int open_listeners(struct page *page, struct err *err)
{
    for (size_t i = 0; i < page->inherited; i++)
        add_listener(page, LISTENER_FIRST + (int)i, "a socket of systemd");
    return page->inherited > 0 ? 0 : open_addresses(page, err);
}

/* Ownership: the caller frees *ret_text. */
static int read_pem(const char *path, char **ret_text, struct err *err)
{
    bool missing = false;
    if (fileutil_read(path, PEM_MOST, FILEUTIL_FOLLOW_LINK, ret_text, &missing, err) != 0)
        return -1;
    return missing ? err_set(err, EX_CONFIG, "%s does not exist: see tls_certificate and tls_key", path) : 0;
}

static int start_server(struct page *page, struct err *err)
{
    char *certificate = NULL, *key = NULL;
    int result = 0;
    if (*page->settings.tls_key != '\0') {
        result = read_pem(page->settings.tls_certificate, &certificate, err);
        if (result == 0)
            result = read_pem(page->settings.tls_key, &key, err);
    }
    if (result == 0)
        result = server_start(certificate, key, handle, &page->serve, &page->server, err);
    mem_free_secret(key);
    free(certificate);
    return result;
}

/* What logs people in. */
static int open_doors(struct page *page, struct err *err)
{
    struct serve *serve = &page->serve;
    serve->users = users_open(page->settings.users);
    serve->sessions = mem_zero(1, sizeof *serve->sessions);
    serve->sessions->life_ms = page->settings.session_hours * 3600 * 1000;
    serve->sessions->idle_ms = page->settings.idle_minutes * 60 * 1000;
    serve->throttle = mem_zero(1, sizeof *serve->throttle);
    serve->throttle->attempts = page->settings.login_attempts;
    if (users_refresh(serve->users, err) != 0 || bearer_load(page->options->state_dir, &serve->secret, err) != 0)
        return -1;
    if (users_at(serve->users, 0) == NULL)
        log_warn("nobody can log in yet: run did-optimizer-sync-serve user add NAME --role admin");
    return 0;
}

static int open_view(struct page *page, struct err *err)
{
    char *path = mem_format("%s/view.db", page->options->state_dir);
    page->sources = profiles_sources(&page->profiles);
    page->serve.api.profiles = &page->profiles;
    page->serve.api.stream_ms = STREAM_MS;
    page->serve.api.view = view_open(path);
    int result = view_thread_start(path, page->sources, page->profiles.count, &page->feed, err);
    page->serve.api.feed = page->feed;
    if (result == 0)
        page->serve.api.changes = view_thread_changes(page->feed);
    free(path);
    return result;
}

/* Between requests: no handler keeps a profile. */
static int follow_profiles(struct page *page, struct err *err)
{
    struct profiles now;
    if (clock_mono_ms() - page->followed_ms < PROFILES_MS)
        return 0;
    page->followed_ms = clock_mono_ms();
    if (!profiles_follow(&page->options->paths, &page->profiles, &now))
        return 0;
    struct view_feed_profile *sources = profiles_sources(&now);
    int result = view_thread_change(page->feed, sources, now.count, err);
    free(page->sources);
    page->sources = sources;
    profiles_free(&page->profiles);
    page->profiles = now;
    log_info("the profiles of this host are now: %s", now.names);
    return result;
}

/* did-optimizer-sync is beside this program. Ownership: the caller frees it. */
static char *find_program(const struct serve_options *options)
{
    char own[OPTIONS_PATH_SIZE];
    if (options->program != NULL)
        return mem_copy(options->program);
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    own[length > 0 ? length : 0] = '\0';
    char *directory = fileutil_directory_of(own);
    char *program = mem_format("%s/did-optimizer-sync", directory);
    free(directory);
    return program;
}

/* First of all: it must have neither the sockets nor the threads of the page. */
static int start_actor(struct page *page, struct err *err)
{
    if (page->settings.read_only)
        return 0;
    page->program = find_program(page->options);
    if (access(page->program, X_OK) != 0)
        return err_set(err, EX_CONFIG, "%s cannot be started: %s; name it with --program, or set read_only = yes",
                       page->program, strerror(errno));
    return actor_start(page->program, page->options->passed, &page->serve.actor, err);
}

/* The API's key may be in the environment. The process that starts commands has it; this one needs none. */
static void forget_environment(void)
{
    const char *zone = getenv("TZ");
    char *kept = zone != NULL ? mem_copy(zone) : NULL;
    if (clearenv() != 0 || (kept != NULL && setenv("TZ", kept, 1) != 0))
        mem_out_of_memory();
    free(kept);
}

static int open_journal(struct page *page, struct err *err)
{
    char *path = mem_format("%s/journal.db", page->options->state_dir);
    int result = action_journal_open(path, &page->serve.journal, err);
    free(path);
    return result;
}

static int give_up_rights(const struct serve_options *options, struct err *err)
{
    if (!options->as_root)
        return page_user_become(options->state_dir, options->paths.state_dir, err);
    if (geteuid() == 0)
        log_warn("the page runs as root, because of --as-root");
    return 0;
}

static int open_page(struct page *page, struct err *err)
{
    page->serve.settings = &page->settings;
    page->serve.page_dir = page->options->page_dir;
    if (start_actor(page, err) != 0 || start_server(page, err) != 0 || open_listeners(page, err) != 0)
        return -1;
    profiles_load(&page->options->paths, &page->profiles);
    forget_environment();
    if (give_up_rights(page->options, err) != 0 || open_doors(page, err) != 0 || open_journal(page, err) != 0)
        return -1;
    return open_view(page, err);
}

static void close_page(struct page *page)
{
    server_stop(page->server);
    view_thread_stop(page->feed);
    view_close(page->serve.api.view);
    free(page->sources);
    profiles_free(&page->profiles);
    users_close(page->serve.users);
    free(page->serve.sessions);
    free(page->serve.throttle);
    actor_stop(page->serve.actor);
    action_journal_close(page->serve.journal);
    free(page->program);
}

static int serve_until_signal(struct page *page, struct err *err)
{
    struct pollfd actor = { .fd = page->serve.actor != NULL ? actor_socket(page->serve.actor) : -1, .events = POLLIN };
    log_info("the page is ready");
    notify_say("READY=1");
    while (!interrupt_requested()) {
        server_step(page->server, &actor, page->serve.actor != NULL ? 1 : 0, notify_pause(STEP_MS));
        if (actor.revents != 0 && !api_actions_take_news(&page->serve))
            return err_set(err, EX_SOFTWARE, "the process that starts commands has ended");
        if (follow_profiles(page, err) != 0)
            return -1;
        log_feed_problem(page);
        notify_alive(clock_mono_ms());
    }
    notify_say("STOPPING=1");
    return 0;
}

static int run(struct page *page, struct err *err)
{
    interrupt_install();
    int result = open_page(page, err);
    if (result == 0)
        result = serve_until_signal(page, err);
    close_page(page);
    return result;
}

static int run_command(const struct serve_options *options, size_t inherited, struct err *err)
{
    struct page page = { .options = options, .inherited = inherited };
    log_open("-", LOG_TERMINAL_STDERR);
    int result = serve_settings_load(options->config, false, &page.settings, err);
    if (result == 0)
        result = options->command == SERVE_RUN      ? run(&page, err)
                 : options->command == SERVE_FORGET ? forget_command(options, err)
                                                    : user_command(options, &page.settings, err);
    serve_settings_free(&page.settings);
    return result;
}

int main(int argc, char **argv)
{
    struct serve_options options = { .command = SERVE_RUN };
    struct err err = { .code = EX_OK };
    size_t inherited = 0;
    (void)umask(0027);
    (void)setlocale(LC_ALL, "C");
    int result = listener_inherited(&inherited, &err);
    notify_begin();
    if (result != 0 || privileges_harden_with_files((int)inherited, &err) != 0)
        result = -1;
    else
        result = serve_options_parse(argc, argv, &options, &err);
    if (result == 0 && options.command == SERVE_HELP)
        (void)fputs(serve_options_help(), stdout);
    else if (result == 0 && options.command == SERVE_VERSION)
        (void)printf("did-optimizer-sync-serve %s\n", VERSION);
    else if (result == 0)
        result = run_command(&options, inherited, &err);
    if (result == 0)
        return EX_OK;
    (void)fprintf(stderr, "did-optimizer-sync-serve: %s\n", err.message);
    return err.code;
}
