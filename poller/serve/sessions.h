/* sessions: who has logged in. Kept in memory: a restart of the page ends them. */
#ifndef SESSIONS_H
#define SESSIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The value of the cookie, and of the CSRF token: 32 random bytes as hexadecimal digits. */
enum { SESSIONS_TOKEN_SIZE = 65, SESSIONS_NAME_SIZE = 33, SESSIONS_MOST = 1000, SESSIONS_MOST_OF_USER = 20 };

struct session {
    char token[SESSIONS_TOKEN_SIZE]; /* "": this place is free */
    char csrf[SESSIONS_TOKEN_SIZE];
    char user[SESSIONS_NAME_SIZE];
    uint64_t stamp;           /* the user's when the session began; see users.h */
    int64_t began, used;      /* by clock_mono_ms */
};

struct sessions {
    int64_t life_ms, idle_ms; /* a session ends after life_ms, and when it was not used for idle_ms */
    struct session list[SESSIONS_MOST];
};

/* sessions_begin: a new session. A user's 21st ends the one that was not used longest; so does the 1001st of all.
 * Borrowed until the next call. */
const struct session *sessions_begin(struct sessions *sessions, const char *user, uint64_t stamp, int64_t now_ms);

/* sessions_find: the session with that token, which counts as used now; NULL: there is none, or it has ended.
 * sessions_look: the same, and it does not count as used. */
const struct session *sessions_look(struct sessions *sessions, const char *token, int64_t now_ms);
const struct session *sessions_find(struct sessions *sessions, const char *token, int64_t now_ms);

/* sessions_end: ends the session with that token, if there is one. */
void sessions_end(struct sessions *sessions, const char *token);

#endif
