/* did-optimizer-sync-serve: the live page of did-optimizer-sync. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/interrupt.h"
#include "base/log.h"
#include "base/mask.h"
#include "base/mem.h"
#include "base/privileges.h"
#include "base/version.h"
#include "config/profile.h"
#include "serve/listener.h"
#include "serve/routes.h"
#include "serve/serve.h"
#include "serve/serve_options.h"
#include "serve/server.h"
#include "serve/view_thread.h"

enum { STEP_MS = 1000 };

/* All that the page needs, from its start to its end. */
struct page {
    const struct serve_options *options;
    struct serve_settings settings;
    struct profiles profiles;
    struct view_feed_profile *sources;
    struct view_thread *feed;
    struct serve serve;
    struct server *server;
};

static void handle(void *context, struct request *request, struct reply *reply)
{
    routes_answer(context, request, reply);
}

static void on_feed_problem(void *context, const char *problem)
{
    (void)context;
    log_error("the list of calls cannot be kept up to date: %s", problem);
}

/* As the user who started the program: the addresses may need its rights. */
static int open_listeners(struct page *page, struct err *err)
{
    char *addresses = mem_copy(page->settings.listen), *rest = addresses;
    int result = 0;
    while (result == 0 && *(rest += strspn(rest, " ,")) != '\0') {
        size_t length = strcspn(rest, " ,");
        bool is_last = rest[length] == '\0';
        int socket = -1;
        rest[length] = '\0';
        result = listener_open(rest, page->settings.socket_group, &socket, err);
        if (result == 0) {
            server_listen(page->server, socket);
            log_info("listening on %s", rest);
        }
        rest += length + !is_last;
    }
    free(addresses);
    return result;
}

static int open_view(struct page *page, struct err *err)
{
    char *path = mem_format("%s/view.db", page->options->state_dir);
    page->sources = mem_zero(page->profiles.count + 1, sizeof *page->sources);
    for (size_t i = 0; i < page->profiles.count; i++)
        page->sources[i] = (struct view_feed_profile){ .name = page->profiles.list[i].name,
                                                       .state_dir = page->profiles.list[i].options.state_dir };
    page->serve.api.profiles = &page->profiles;
    page->serve.api.view = view_open(path);
    int result = view_thread_start(path, page->sources, page->profiles.count, on_feed_problem, NULL, &page->feed, err);
    if (result == 0)
        page->serve.api.changes = view_thread_changes(page->feed);
    free(path);
    return result;
}

static int open_page(struct page *page, struct err *err)
{
    page->serve.settings = &page->settings;
    if (serve_settings_load(page->options->config, false, &page->settings, err) != 0 ||
        server_start(NULL, NULL, handle, &page->serve, &page->server, err) != 0 || open_listeners(page, err) != 0)
        return -1;
    profiles_load(&page->options->paths, &page->profiles);
    if (privileges_drop_to_owner(page->options->state_dir, err) != 0)
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
    serve_settings_free(&page->settings);
}

static int run(const struct serve_options *options, struct err *err)
{
    struct page page = { .options = options };
    log_open("-", LOG_TERMINAL_STDERR);
    interrupt_install();
    int result = open_page(&page, err);
    while (result == 0 && !interrupt_requested())
        server_step(page.server, NULL, 0, STEP_MS);
    close_page(&page);
    return result;
}

int main(int argc, char **argv)
{
    struct serve_options options;
    struct err err = { .code = EX_OK };
    (void)umask(0027);
    (void)setlocale(LC_ALL, "C");
    int result = privileges_harden(&err) != 0 ? -1 : serve_options_parse(argc, argv, &options, &err);
    if (result == 0 && options.command == SERVE_HELP)
        (void)fputs(serve_options_help(), stdout);
    else if (result == 0 && options.command == SERVE_VERSION)
        (void)printf("did-optimizer-sync-serve %s\n", VERSION);
    else if (result == 0)
        result = run(&options, &err);
    if (result == 0)
        return EX_OK;
    (void)fprintf(stderr, "did-optimizer-sync-serve: %s\n", err.message);
    return err.code;
}
