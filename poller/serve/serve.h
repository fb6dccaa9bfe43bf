/* serve: what the handlers of the live page share. One thread uses it. */
#ifndef SERVE_H
#define SERVE_H

#include "serve/action_journal.h"
#include "serve/actor.h"
#include "serve/api.h"
#include "serve/bearer.h"
#include "serve/reply.h"
#include "serve/request.h"
#include "serve/serve_settings.h"
#include "serve/sessions.h"
#include "serve/throttle_login.h"
#include "serve/users.h"

struct serve {
    const struct serve_settings *settings;
    const char *page_dir; /* the page's files */
    struct api api;       /* the calls and their profiles */
    struct users *users;
    struct sessions *sessions;
    struct throttle_login *throttle;
    struct bearer_secret secret;
    struct actor *actor; /* NULL: read_only */
    struct action_journal *journal;
    uint64_t users_problem;       /* of the last problem of the file of users that was logged; 0: none */
    struct stream_guard *streams; /* that are open */
};

/* A handler fills *reply, which is new, and returns within some ms. */
typedef void serve_handler(struct serve *serve, const struct request *request, struct reply *reply);

#endif
