/* routes: which handler answers which request, and who may ask. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "serve/api_actions.h"
#include "serve/api_call.h"
#include "serve/api_calls.h"
#include "serve/api_events.h"
#include "serve/api_graphql.h"
#include "serve/api_recordings.h"
#include "serve/api_runs.h"
#include "serve/api_session.h"
#include "serve/api_settings.h"
#include "serve/api_summary.h"
#include "serve/percent.h"
#include "serve/routes.h"
#include "serve/static_files.h"

#define API "/api/v1"

static const struct route routes[] = {
    { "GET", "/", ROLE_NONE, static_files_page, NULL },
    { "GET", "/{id}", ROLE_NONE, static_files_named, NULL },
    { "GET", API "/openapi.json", ROLE_VIEWER, static_files_openapi, NULL },
    { "POST", API "/session", ROLE_NONE, api_session_begin, NULL },
    { "GET", API "/session", ROLE_VIEWER, api_session_show, NULL },
    { "DELETE", API "/session", ROLE_VIEWER, api_session_end, NULL },
    { "POST", API "/actions", ROLE_ADMIN, api_actions_begin, NULL },
    { "GET", API "/actions/{id}", ROLE_ADMIN, api_actions_show, NULL },
    { "GET", API "/journal", ROLE_ADMIN, api_actions_journal, NULL },
    { "GET", API "/settings", ROLE_ADMIN, api_settings, NULL },
    { "GET", API "/profiles", ROLE_VIEWER, NULL, api_profiles },
    { "GET", API "/summary", ROLE_VIEWER, NULL, api_summary },
    { "GET", API "/calls", ROLE_VIEWER, NULL, api_calls },
    { "GET", API "/calls.csv", ROLE_VIEWER, NULL, api_calls_csv },
    { "GET", API "/calls/{profile}/{id}", ROLE_VIEWER, NULL, api_call },
    { "GET", API "/choices", ROLE_VIEWER, NULL, api_choices },
    { "GET", API "/runs", ROLE_VIEWER, NULL, api_runs },
    { "GET", API "/charts", ROLE_VIEWER, NULL, api_charts },
    { "GET", API "/rejected", ROLE_VIEWER, NULL, api_rejected },
    { "GET", API "/recordings", ROLE_VIEWER, NULL, api_recordings },
    { "GET", API "/recordings/{profile}/{id}/audio", ROLE_VIEWER, NULL, api_recordings_audio },
    { "GET", API "/events", ROLE_VIEWER, NULL, api_events },
    { "POST", "/graphql", ROLE_VIEWER, api_graphql, NULL },
};
enum { COUNT = sizeof routes / sizeof routes[0] };

const struct route *routes_list(size_t *ret_count)
{
    *ret_count = COUNT;
    return routes;
}

/* The decoded parts of a path, which the caller frees. */
struct parts {
    char *profile, *id;
};

/* A part of the path against one of the pattern. False: they differ, or the part cannot be decoded. */
static bool match_part(const char *pattern, size_t pattern_length, const char *path, size_t length, struct parts *parts)
{
    if (*pattern != '{')
        return pattern_length == length && strncmp(pattern, path, length) == 0;
    char *text = mem_copy_bytes(path, length);
    if (length == 0 || !percent_decode(text)) {
        free(text);
        return false;
    }
    char **target = strncmp(pattern, "{id}", pattern_length) == 0 ? &parts->id : &parts->profile;
    free(*target);
    *target = text;
    return true;
}

/* Part by part: an encoded slash is within its part. */
static bool match(const char *pattern, const char *path, struct parts *parts)
{
    while (*pattern == '/' && *path == '/') {
        size_t pattern_length = strcspn(++pattern, "/"), length = strcspn(++path, "/");
        if (!match_part(pattern, pattern_length, path, length, parts))
            return false;
        pattern += pattern_length;
        path += length;
    }
    return *pattern == '\0' && *path == '\0';
}

/* *ret_other: a route of this path with another method; NULL: there is none. */
static const struct route *find(const struct request *request, struct parts *parts, const struct route **ret_other)
{
    *ret_other = NULL;
    for (int i = 0; i < COUNT; i++) {
        if (!match(routes[i].path, request->path, parts))
            continue;
        if (strcmp(routes[i].method, request->method) == 0)
            return &routes[i];
        *ret_other = &routes[i];
    }
    return NULL;
}

/* Another site can make a browser send the cookie, but cannot read the token. A machine's bearer token is never sent by
 * itself. */
static bool proves_intent(const struct request *request)
{
    if (strcmp(request->method, "GET") == 0 || request->session == NULL)
        return true;
    const char *token = request->header != NULL ? request->header(request->context, "X-CSRF-Token") : NULL;
    return token != NULL && request->csrf != NULL && strlen(token) == strlen(request->csrf) &&
           crypto_equal(token, request->csrf, strlen(token));
}

/* False: it is refused, and *reply says why. */
static bool is_allowed(const struct route *route, const struct request *request, struct reply *reply)
{
    if (request->role < route->role && request->role == ROLE_NONE)
        reply_error(reply, 401, "not_logged_in", "log in first");
    else if (request->role < route->role)
        reply_error(reply, 403, "not_allowed", "your user may not do this: an administrator may");
    else if (route->role != ROLE_NONE && !proves_intent(request))
        reply_error(reply, 403, "csrf", "the header X-CSRF-Token is missing or wrong: load the page again");
    else
        return true;
    return false;
}

void routes_answer(struct serve *serve, struct request *request, struct reply *reply)
{
    struct parts parts = { .profile = NULL };
    const struct route *other = NULL, *route = find(request, &parts, &other);
    request->profile = parts.profile;
    request->id = parts.id;
    if (route == NULL && other == NULL) {
        reply_error(reply, 404, "not_found", "there is nothing at this address");
    } else if (route == NULL) {
        reply_error(reply, 405, "wrong_method", "this address has another method");
        reply_header(reply, "Allow", "%s", other->method);
    } else if (is_allowed(route, request, reply)) {
        if (route->serve != NULL)
            route->serve(serve, request, reply);
        else
            route->api(&serve->api, request, reply);
    }
    free(parts.profile);
    free(parts.id);
}
