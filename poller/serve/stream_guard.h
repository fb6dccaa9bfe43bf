/* stream_guard: who has a stream open, how many, and whether the user may still read it.
 *
 * A request is checked once, but a stream goes on for minutes. So the guard asks again while it sends. It ends the
 * stream if the user was removed, got another role or password, or logged out, or if the session or token is over. */
#ifndef STREAM_GUARD_H
#define STREAM_GUARD_H

#include "serve/serve.h"

/* A page has one stream in each of its windows. */
enum { STREAM_GUARD_MOST = 20, STREAM_GUARD_LOOK_MS = 500 };

/* stream_guard_add: guards the stream of the reply, if it has one. A user's 21st stream is refused with 429 instead.
 * The guard lives as long as the stream, and serve outlives it. */
void stream_guard_add(struct serve *serve, const struct request *request, struct reply *reply);

#endif
