/* identity: who sends a request. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "serve/identity.h"

/* The value of the cookie `session` in the header Cookie; "": there is none. */
static const char *read_cookie(const char *header, char out[SESSIONS_TOKEN_SIZE])
{
    static const char name[] = "session=";
    out[0] = '\0';
    for (const char *at = header; at != NULL; at = strchr(at, ';')) {
        at += strspn(at, "; ");
        size_t length = strcspn(at, "; ");
        if (strncmp(at, name, sizeof name - 1) != 0 || length >= sizeof name - 1 + SESSIONS_TOKEN_SIZE)
            continue;
        (void)snprintf(out, SESSIONS_TOKEN_SIZE, "%.*s", (int)(length - (sizeof name - 1)), at + sizeof name - 1);
        return out;
    }
    return out;
}

static void by_token(const struct serve *serve, struct request *request, const char *authorization)
{
    static const char kind[] = "Bearer ";
    const struct user *user = NULL;
    if (strncasecmp(authorization, kind, sizeof kind - 1) == 0)
        user = bearer_user(&serve->secret, serve->users, authorization + sizeof kind - 1, clock_now_epoch());
    if (user == NULL)
        return;
    request->user = user->name;
    request->role = user->role;
}

static void by_cookie(struct serve *serve, struct request *request, const char *header)
{
    char token[SESSIONS_TOKEN_SIZE];
    const struct session *session = sessions_find(serve->sessions, read_cookie(header, token), clock_mono_ms());
    const struct user *user = session != NULL ? users_find(serve->users, session->user) : NULL;
    if (user == NULL || user->stamp != session->stamp) /* the user was removed, or has a new password */
        return;
    request->user = user->name;
    request->role = user->role;
    request->session = session->token;
    request->csrf = session->csrf;
}

void identity_find(struct serve *serve, struct request *request)
{
    const char *authorization = request->header(request->context, "Authorization");
    const char *cookie = request->header(request->context, "Cookie");
    struct err err;
    if (users_refresh(serve->users, &err) != 0)
        log_error("nobody can log in: %s", err.message);
    if (authorization != NULL)
        by_token(serve, request, authorization);
    else if (cookie != NULL)
        by_cookie(serve, request, cookie);
}
