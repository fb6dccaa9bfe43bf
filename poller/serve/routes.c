/* routes: which handler answers which request, and who may ask. */
#include <stdbool.h>
#include <stdio.h>
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
#define FILTERS "profile direction status result campaign agent state recording from to number"

static const struct route routes[] = {
    { "GET", "/", ROLE_NONE, static_files_page, NULL, NULL },
    { "GET", "/{id}", ROLE_NONE, static_files_named, NULL, NULL },
    { "GET", API "/openapi.json", ROLE_VIEWER, static_files_openapi, NULL, "" },
    { "POST", API "/session", ROLE_NONE, api_session_begin, NULL, "" },
    { "GET", API "/session", ROLE_VIEWER, api_session_show, NULL, "" },
    { "DELETE", API "/session", ROLE_VIEWER, api_session_end, NULL, "" },
    { "POST", API "/actions", ROLE_ADMIN, api_actions_begin, NULL, "" },
    { "GET", API "/actions/{id}", ROLE_VIEWER, api_actions_show, NULL, "" },
    { "GET", API "/journal", ROLE_ADMIN, api_actions_journal, NULL, "page size" },
    { "GET", API "/settings", ROLE_ADMIN, api_settings, NULL, "profile" },
    { "GET", API "/profiles", ROLE_VIEWER, NULL, api_profiles, "" },
    { "GET", API "/summary", ROLE_VIEWER, NULL, api_summary, "profile" },
    { "GET", API "/calls", ROLE_VIEWER, NULL, api_calls, FILTERS " sort order page size after count" },
    { "GET", API "/calls.csv", ROLE_VIEWER, NULL, api_calls_csv, FILTERS },
    { "GET", API "/calls/{profile}/{id}", ROLE_VIEWER, NULL, api_call, "" },
    { "GET", API "/choices", ROLE_VIEWER, NULL, api_choices, "" },
    { "GET", API "/runs", ROLE_VIEWER, NULL, api_runs, "profile kind page size" },
    { "GET", API "/charts", ROLE_VIEWER, NULL, api_charts, "profile by from to offset" },
    { "GET", API "/rejected", ROLE_VIEWER, NULL, api_rejected, "profile size" },
    { "GET", API "/recordings", ROLE_VIEWER, NULL, api_recordings, FILTERS " sort order page size after" },
    { "GET", API "/recordings/{profile}/{id}/audio", ROLE_VIEWER, NULL, api_recordings_audio, "" },
    { "POST", API "/recordings/{profile}/{id}/audio", ROLE_VIEWER, api_actions_fetch, NULL, "" },
    { "GET", API "/events", ROLE_VIEWER, NULL, api_events, "" },
    { "POST", "/graphql", ROLE_VIEWER, api_graphql, NULL, "" },
};
enum { COUNT = sizeof routes / sizeof routes[0], ALLOW_SIZE = 64 };

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

static bool has_parts(const struct route *route)
{
    return strchr(route->path, '{') != NULL;
}

/* Whether a route has just this path: it is then no part of another route's path. */
static bool is_whole_path(const char *path)
{
    for (int i = 0; i < COUNT; i++)
        if (!has_parts(&routes[i]) && strcmp(routes[i].path, path) == 0)
            return true;
    return false;
}

/* allow: the methods that the path has, if it has not the method of the request; "": there is no such path. The server
 * answers HEAD as GET. */
static const struct route *find(const struct request *request, struct parts *parts, char allow[ALLOW_SIZE])
{
    bool is_whole = is_whole_path(request->path);
    *allow = '\0';
    for (int i = 0; i < COUNT; i++) {
        if ((is_whole && has_parts(&routes[i])) || !match(routes[i].path, request->path, parts))
            continue;
        if (strcmp(routes[i].method, request->method) == 0)
            return &routes[i];
        size_t used = strlen(allow);
        (void)snprintf(allow + used, ALLOW_SIZE - used, "%s%s%s", used > 0 ? ", " : "", routes[i].method,
                       strcmp(routes[i].method, "GET") == 0 ? ", HEAD" : "");
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
        reply_error(reply, REPLY_NOT_LOGGED_IN, "log in first");
    else if (request->role < route->role)
        reply_error(reply, REPLY_NOT_ALLOWED, "your user may not do this: an administrator may");
    else if (route->role != ROLE_NONE && !proves_intent(request))
        reply_error(reply, REPLY_CSRF, "the header X-CSRF-Token is missing or wrong: load the page again");
    else
        return true;
    return false;
}

/* A word of a list with a blank between. */
static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; *at != '\0'; at += strcspn(at, " "), at += *at == ' ')
        if (length > 0 && strcspn(at, " ") == length && strncmp(at, word, length) == 0)
            return true;
    return false;
}

/* A parameter that is misspelt, or given twice, must not be left out: the answer would have other calls than the client
 * believes. False: *reply says so. */
static bool check_names(const struct route *route, const struct request *request, struct reply *reply)
{
    const char *name = NULL;
    if (route->query == NULL || request->query_name == NULL)
        return true;
    for (size_t at = 0; (name = request->query_name(request->context, at)) != NULL; at++) {
        bool is_double = false;
        for (size_t earlier = 0; earlier < at; earlier++)
            is_double = is_double || strcmp(request->query_name(request->context, earlier), name) == 0;
        if (has_word(route->query, name) && !is_double)
            continue;
        char *message = is_double ? mem_format("the parameter %s is there twice: send it once", name)
                                  : mem_format("there is no parameter '%s' here; this address has: %s", name,
                                               *route->query != '\0' ? route->query : "none");
        reply_error(reply, REPLY_BAD_REQUEST, message);
        free(message);
        return false;
    }
    return true;
}

/* The profile of the path or of the query. False: there is none of that name, and *reply says so. */
static bool check_profile(const struct serve *serve, const struct route *route, const struct request *request,
                          struct reply *reply)
{
    const char *name = request->profile;
    if (name == NULL && route->query != NULL && has_word(route->query, "profile"))
        name = api_text(request, "profile");
    if (name == NULL || profiles_find(serve->api.profiles, name) != NULL)
        return true;
    char *message = mem_format("there is no profile '%s': GET " API "/profiles lists them", name);
    reply_error(reply, REPLY_NO_PROFILE, message);
    free(message);
    return false;
}

void routes_answer(struct serve *serve, struct request *request, struct reply *reply)
{
    struct parts parts = { .profile = NULL };
    char allow[ALLOW_SIZE];
    const struct route *route = find(request, &parts, allow);
    request->profile = parts.profile;
    request->id = parts.id;
    if (route == NULL && *allow == '\0') {
        reply_error(reply, REPLY_NOT_FOUND, "there is nothing at this address");
    } else if (route == NULL) {
        reply_error(reply, REPLY_WRONG_METHOD, "this address has other methods: see the header Allow");
        reply_header(reply, "Allow", "%s", allow);
    } else if (is_allowed(route, request, reply) && check_names(route, request, reply) &&
               check_profile(serve, route, request, reply)) {
        if (route->serve != NULL)
            route->serve(serve, request, reply);
        else
            route->api(&serve->api, request, reply);
    }
    free(parts.profile);
    free(parts.id);
}
