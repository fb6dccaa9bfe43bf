/* identity: who sends a request. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/identity.h"

/* The value of the cookie `session` in the header Cookie; "": there is none. */
static const char *read_cookie(const char *header, char out[SESSIONS_TOKEN_SIZE])
{
    static const char name[] = "session=";
    out[0] = '\0';
    for (const char *at = header; at != NULL; at = strchr(at, ';')) {
        at += strspn(at, "; ");
        size_t length = strcspn(at, "; ");
        if (strncmp(at, name, sizeof name - 1) != 0 || length != sizeof name - 1 + SESSIONS_TOKEN_SIZE - 1)
            continue; /* that of another program on this host may have the same name */
        (void)snprintf(out, SESSIONS_TOKEN_SIZE, "%.*s", (int)(length - (sizeof name - 1)), at + sizeof name - 1);
        return out;
    }
    return out;
}

/* The token of the header Authorization; NULL: it has none. A browser sends a password that a proxy asks for in the
 * same header. */
static const char *read_bearer(const char *authorization)
{
    static const char kind[] = "Bearer ";
    bool is_bearer = authorization != NULL && strncasecmp(authorization, kind, sizeof kind - 1) == 0;
    return is_bearer ? authorization + sizeof kind - 1 : NULL;
}

static void by_token(const struct serve *serve, struct request *request, const char *token)
{
    const struct user *user = bearer_user(&serve->secret, serve->users, token, clock_now_epoch());
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

/* Once for each problem, not with each request. */
static void refresh(struct serve *serve)
{
    struct err err;
    uint64_t problem = 0;
    if (users_refresh(serve->users, &err) != 0)
        problem = str_hash(STR_HASH_START, err.message, strlen(err.message));
    if (problem != 0 && problem != serve->users_problem)
        log_error("nobody can log in: %s", err.message);
    else if (problem == 0 && serve->users_problem != 0)
        log_info("the file of users can be read again");
    serve->users_problem = problem;
}

void identity_find(struct serve *serve, struct request *request)
{
    const char *bearer = read_bearer(request->header(request->context, "Authorization"));
    const char *cookie = request->header(request->context, "Cookie");
    refresh(serve);
    if (bearer != NULL)
        by_token(serve, request, bearer);
    else if (cookie != NULL)
        by_cookie(serve, request, cookie);
}

void identity_keep(const struct request *request, struct identity_proof *ret_proof)
{
    const char *bearer = read_bearer(request->header(request->context, "Authorization"));
    *ret_proof = (struct identity_proof){ .user = mem_copy(request->user), .role = request->role };
    if (request->session != NULL)
        ret_proof->session = mem_copy(request->session);
    else
        ret_proof->token = mem_copy(str_or_empty(bearer));
}

void identity_forget(struct identity_proof *proof)
{
    free(proof->user);
    mem_free_secret(proof->session);
    mem_free_secret(proof->token);
    *proof = (struct identity_proof){ .role = ROLE_NONE };
}

bool identity_holds(struct serve *serve, const struct identity_proof *proof)
{
    const struct user *user = NULL;
    refresh(serve);
    if (proof->session != NULL) {
        const struct session *session = sessions_look(serve->sessions, proof->session, clock_mono_ms());
        user = session != NULL ? users_find(serve->users, session->user) : NULL;
        if (user != NULL && user->stamp != session->stamp)
            user = NULL;
    } else {
        user = bearer_user(&serve->secret, serve->users, proof->token, clock_now_epoch());
    }
    return user != NULL && user->role == proof->role && strcmp(user->name, proof->user) == 0;
}
