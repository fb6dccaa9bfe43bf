/* api_session: log in, log out, and who is logged in. */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "serve/api_session.h"
#include "serve/request_body.h"

static void show(const struct serve *serve, const char *name, enum role role, const char *csrf, struct reply *reply)
{
    struct json_writer object = { .text = NULL };
    json_writer_add_text(&object, "name", name);
    json_writer_add_text(&object, "role", users_role_name(role));
    json_writer_add_text(&object, "csrf", csrf);
    json_writer_add_bool(&object, "read_only", serve->settings->read_only);
    reply_json(reply, &object);
}

void api_session_show(struct serve *serve, const struct request *request, struct reply *reply)
{
    show(serve, request->user, request->role, request->csrf, reply);
}

/* Not readable by scripts, and not sent with a request that another site started. */
static void set_cookie(struct reply *reply, const char *value, bool is_secure, bool is_over)
{
    reply_header(reply, "Set-Cookie", "session=%s; Path=/; HttpOnly; SameSite=Strict%s%s", value,
                 is_secure ? "; Secure" : "", is_over ? "; Max-Age=0" : "");
}

static void refuse(struct serve *serve, const struct request *request, const char *name, struct reply *reply)
{
    throttle_login_failed(serve->throttle, name, request->address, clock_mono_ms());
    log_warn("login refused: user %s, from %s", users_is_name(name) ? name : "(not a name)", request->address);
    reply_error(reply, REPLY_WRONG_PASSWORD, "the name or the password is wrong");
}

static void log_in(struct serve *serve, const struct request *request, const char *name, const char *password,
                   struct reply *reply)
{
    int64_t now = clock_mono_ms(), wait = throttle_login_wait(serve->throttle, name, request->address, now);
    if (wait > 0) {
        reply_error(reply, REPLY_TOO_MANY_ATTEMPTS, "there were too many wrong passwords: wait, and try again");
        reply_header(reply, "Retry-After", "%" PRId64, wait);
        return;
    }
    if (!throttle_login_begin(serve->throttle, now)) {
        reply_error(reply, REPLY_TOO_MANY_LOGINS, "too many people are logging in: wait some seconds, and try again");
        reply_header(reply, "Retry-After", "5");
        return;
    }
    const struct user *user = users_login(serve->users, name, password);
    if (user == NULL) {
        refuse(serve, request, name, reply);
        return;
    }
    throttle_login_passed(serve->throttle, name, request->address);
    const struct session *session = sessions_begin(serve->sessions, user->name, user->stamp, now);
    log_info("user %s logged in from %s", user->name, request->address);
    show(serve, user->name, user->role, session->csrf, reply);
    set_cookie(reply, session->token, request->is_secure, false);
}

/* A form of another site cannot send this type without asking first. */
static bool is_json(const struct request *request)
{
    static const char type[] = "application/json";
    const char *got = request->header(request->context, "Content-Type");
    return got != NULL && strncmp(got, type, sizeof type - 1) == 0;
}

void api_session_begin(struct serve *serve, const struct request *request, struct reply *reply)
{
    struct json *body = is_json(request) ? request_body(request) : NULL;
    const char *name = body != NULL ? json_text(body, "name") : NULL;
    const char *password = body != NULL ? json_text(body, "password") : NULL;
    if (name == NULL || password == NULL)
        reply_error(reply, REPLY_BAD_REQUEST, "send {\"name\":...,\"password\":...} as application/json");
    else
        log_in(serve, request, name, password, reply);
    json_free_secret(body);
}

void api_session_end(struct serve *serve, const struct request *request, struct reply *reply)
{
    struct json_writer object = { .text = NULL };
    if (request->session != NULL)
        sessions_end(serve->sessions, request->session);
    json_writer_add_bool(&object, "ended", request->session != NULL);
    reply_json(reply, &object);
    set_cookie(reply, "", request->is_secure, true);
}
