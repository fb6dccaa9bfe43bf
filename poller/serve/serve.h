/* serve: what the handlers of the live page share. One thread uses it. */
#ifndef SERVE_H
#define SERVE_H

#include "serve/api.h"
#include "serve/reply.h"
#include "serve/request.h"
#include "serve/serve_settings.h"

struct serve {
    const struct serve_settings *settings;
    struct api api; /* the calls and their profiles */
};

/* A handler fills *reply, which is new, and returns within some ms. */
typedef void serve_handler(struct serve *serve, const struct request *request, struct reply *reply);

#endif
