/* sessions: who has logged in. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "serve/sessions.h"

static void make_token(char out[SESSIONS_TOKEN_SIZE])
{
    unsigned char bytes[(SESSIONS_TOKEN_SIZE - 1) / 2];
    crypto_random(bytes, sizeof bytes);
    (void)crypto_hex(bytes, sizeof bytes, out);
}

static bool is_over(const struct sessions *sessions, const struct session *session, int64_t now_ms)
{
    return now_ms - session->began >= sessions->life_ms || now_ms - session->used >= sessions->idle_ms;
}

static void end_old(struct sessions *sessions, int64_t now_ms)
{
    for (size_t i = 0; i < SESSIONS_MOST; i++)
        if (is_over(sessions, &sessions->list[i], now_ms))
            sessions->list[i] = (struct session){ .token = "" };
}

/* A free place; that of the user's session that was not used longest, if the user has too many; that of any. */
static struct session *find_place(struct sessions *sessions, const char *user)
{
    struct session *free_place = NULL, *oldest = NULL, *own = NULL;
    size_t count = 0;
    for (size_t i = 0; i < SESSIONS_MOST; i++) {
        struct session *one = &sessions->list[i];
        if (*one->token == '\0') {
            free_place = one;
            continue;
        }
        if (oldest == NULL || one->used < oldest->used)
            oldest = one;
        if (strcmp(one->user, user) != 0)
            continue;
        count++;
        if (own == NULL || one->used < own->used)
            own = one;
    }
    if (count >= SESSIONS_MOST_OF_USER)
        return own;
    return free_place != NULL ? free_place : oldest;
}

const struct session *sessions_begin(struct sessions *sessions, const char *user, uint64_t stamp, int64_t now_ms)
{
    end_old(sessions, now_ms);
    struct session *session = find_place(sessions, user);
    *session = (struct session){ .stamp = stamp, .began = now_ms, .used = now_ms };
    (void)snprintf(session->user, sizeof session->user, "%s", user);
    make_token(session->token);
    make_token(session->csrf);
    return session;
}

static struct session *find(struct sessions *sessions, const char *token)
{
    struct session *found = NULL;
    if (strlen(token) != SESSIONS_TOKEN_SIZE - 1)
        return NULL;
    for (size_t i = 0; i < SESSIONS_MOST; i++)
        if (crypto_equal(sessions->list[i].token, token, SESSIONS_TOKEN_SIZE))
            found = &sessions->list[i];
    return found;
}

const struct session *sessions_look(struct sessions *sessions, const char *token, int64_t now_ms)
{
    const struct session *session = find(sessions, token);
    return session != NULL && !is_over(sessions, session, now_ms) ? session : NULL;
}

const struct session *sessions_find(struct sessions *sessions, const char *token, int64_t now_ms)
{
    struct session *session = find(sessions, token);
    if (session == NULL || is_over(sessions, session, now_ms))
        return NULL;
    session->used = now_ms;
    return session;
}

void sessions_end(struct sessions *sessions, const char *token)
{
    struct session *session = find(sessions, token);
    if (session != NULL)
        *session = (struct session){ .token = "" };
}
