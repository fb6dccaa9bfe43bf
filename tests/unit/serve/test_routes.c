/* Tests of routes: which requests find a handler, and whom the table lets in. */
#include "../unit.h"

#include "base/json.h"
#include "base/str.h"
#include "serve/percent.h"
#include "serve/routes.h"

static struct reply reply;

/* Headers of a request: name, value, name, value, NULL. */
static const char *find(const void *context, const char *name)
{
    for (const char *const *at = context; at != NULL && *at != NULL; at += 2)
        if (strcmp(at[0], name) == 0)
            return at[1];
    return NULL;
}

/* The query of the request: name, value, name, value, NULL. */
static const char *query[8];

static const char *find_query(const void *context, const char *name)
{
    (void)context;
    return find(query, name);
}

static const char *name_query(const void *context, size_t at)
{
    (void)context;
    return 2 * at < UNIT_COUNT(query) ? query[2 * at] : NULL;
}

static int status_of(const char *method, const char *path, enum role role)
{
    struct serve_settings settings = { .read_only = false };
    struct serve_profile profile = { .name = "default" };
    struct profiles profiles = { .list = &profile, .count = 1 };
    struct serve serve = { .settings = &settings, .page_dir = "/nonexistent", .api.profiles = &profiles };
    struct request request = { .method = method, .path = path, .role = role, .user = "ann", .header = find,
                               .query = find_query, .query_name = name_query };
    reply_free(&reply);
    routes_answer(&serve, &request, &reply);
    return reply.status;
}

static void test_routes_say_what_is_wrong(void **state)
{
    static const struct {
        const char *method, *path;
        enum role role;
        int status;
    } rows[] = {
        { "GET", "/api/v1/session", ROLE_VIEWER, 200 },
        { "GET", "/api/v1/session", ROLE_NONE, 401 },
        { "GET", "/api/v1/session/", ROLE_VIEWER, 404 },
        { "GET", "/api/v1/sessio", ROLE_VIEWER, 404 },
        { "GET", "/api/v1/sessions", ROLE_VIEWER, 404 },
        { "PUT", "/api/v1/calls", ROLE_ADMIN, 405 },
        { "GET", "/api/v1//session", ROLE_VIEWER, 404 },
        { "GET", "/api/v1/calls/default", ROLE_VIEWER, 404 },
        { "GET", "/api/v1/calls/default/", ROLE_VIEWER, 404 },
        { "GET", "/api/v1/calls/default/a/b", ROLE_VIEWER, 404 },
        { "GET", "/api/v1/calls/default/%zz", ROLE_VIEWER, 404 },
        { "GET", "/api/v1/calls/default/%00", ROLE_VIEWER, 404 },
        { "GET", "", ROLE_VIEWER, 404 },
        { "GET", "*", ROLE_VIEWER, 404 },
        { "GET", "/../../etc/passwd", ROLE_VIEWER, 404 },
        { "GET", "/%2e%2e/%2e%2e/etc/passwd", ROLE_VIEWER, 404 },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++)
        unit_same_int(rows[i].path, status_of(rows[i].method, rows[i].path, rows[i].role), rows[i].status);
    reply_free(&reply);
}

static const char *allowed(void)
{
    for (int i = 0; i < reply.header_count; i++)
        if (strcmp(reply.headers[i].name, "Allow") == 0)
            return reply.headers[i].value;
    return "";
}

static void test_routes_name_every_method_of_a_path(void **state)
{
    static const struct {
        const char *method, *path, *allow;
    } rows[] = {
        { "GET", "/graphql", "POST" },
        { "PUT", "/api/v1/session", "POST, GET, HEAD, DELETE" },
        { "POST", "/api/v1/calls", "GET, HEAD" },
        { "DELETE", "/api/v1/calls/default/a", "GET, HEAD" },
        { "OPTIONS", "/", "GET, HEAD" },
        { "POST", "/app.js", "GET, HEAD" },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        unit_same_int(rows[i].path, status_of(rows[i].method, rows[i].path, ROLE_NONE), 405);
        unit_same_text(rows[i].path, allowed(), rows[i].allow);
    }
    reply_free(&reply);
}

/* Goal: nobody adds a line that lets strangers in, or lets viewers change something. */
static void test_routes_let_in_whom_they_should(void **state)
{
    size_t count = 0;
    const struct route *routes = routes_list(&count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        bool is_login = strcmp(routes[i].path, "/api/v1/session") == 0;
        bool is_player = strcmp(routes[i].path, "/api/v1/recordings/{profile}/{id}/audio") == 0;
        bool reads = strcmp(routes[i].method, "GET") == 0;
        bool is_api = strncmp(routes[i].path, "/api/", 5) == 0;
        unit_true(routes[i].path, routes[i].role != ROLE_NONE || !is_api || is_login);
        unit_true(routes[i].path, reads || routes[i].role == ROLE_ADMIN || is_login || is_player ||
                                      strcmp(routes[i].path, "/graphql") == 0);
        unit_true(routes[i].path, (routes[i].serve != NULL) != (routes[i].api != NULL));
    }
}

/* The names of the description's parameters in the query, in its order. */
static void list_parameters(const struct json *operation, char out[300])
{
    out[0] = '\0';
    for (const struct json *at = json_first(json_member(operation, "parameters")); at != NULL; at = json_next(at))
        if (strcmp(json_text(at, "in"), "query") == 0)
            (void)snprintf(out + strlen(out), 300 - strlen(out), "%s%s", *out != '\0' ? " " : "",
                           json_text(at, "name"));
}

/* The description says who may ask, and which answers refuse. */
static void check_security(const struct route *route, const struct json *operation)
{
    const struct json *answers = json_member(operation, "responses"), *security = json_member(operation, "security");
    bool is_open = route->role == ROLE_NONE, changes = strcmp(route->method, "GET") != 0;
    bool may_forbid = route->role == ROLE_ADMIN || (changes && !is_open);
    unit_true(route->path, is_open == (security != NULL && json_first(security) == NULL));
    unit_true(route->path, json_member(answers, "400") != NULL && json_member(answers, "401") != NULL);
    unit_true(route->path, may_forbid == (json_member(answers, "403") != NULL));
    unit_true(route->path, strstr(route->query, "profile") == NULL || json_member(answers, "404") != NULL);
}

static void test_routes_are_those_of_the_description(void **state)
{
    size_t count = 0, found = 0;
    const struct route *routes = routes_list(&count);
    char *text = unit_read("packaging/serve/openapi.json");
    struct json *document = json_parse(text);
    const struct json *paths = json_member(document, "paths");
    (void)state;
    for (size_t i = 0; i < count; i++) {
        static const char base[] = "/api/v1";
        char method[10];
        bool is_api = strncmp(routes[i].path, base, sizeof base - 1) == 0;
        if (!is_api && strcmp(routes[i].path, "/graphql") != 0) /* the page's files */
            continue;
        (void)snprintf(method, sizeof method, "%s", routes[i].method);
        for (char *at = method; *at != '\0'; at++)
            *at = (char)(*at | 0x20);
        const struct json *path = json_member(paths, routes[i].path + (is_api ? sizeof base - 1 : 0));
        unit_true(routes[i].path, path != NULL && json_member(path, method) != NULL);
        char parameters[300];
        list_parameters(json_member(path, method), parameters);
        unit_same_text(routes[i].path, parameters, routes[i].query);
        check_security(&routes[i], json_member(path, method));
        found++;
    }
    for (const struct json *path = json_first_member(paths); path != NULL; path = json_next(path))
        for (const struct json *one = json_first_member(path); one != NULL; one = json_next(one))
            found -= strcmp(json_name(one), "servers") != 0;
    assert_int_equal(found, 0);
    const struct json *schemes = json_member(json_member(document, "components"), "securitySchemes");
    for (const struct json *at = json_first(json_member(document, "security")); at != NULL; at = json_next(at))
        unit_true("scheme", json_member(schemes, json_name(json_first_member(at))) != NULL);
    assert_true(json_member(schemes, "session") != NULL && json_member(schemes, "token") != NULL);
    json_free(document);
    free(text);
}

/* Goal: no parameter that a client has misspelt is left out in silence. */
static void test_routes_refuse_a_query_that_they_do_not_know(void **state)
{
    size_t count = 0;
    const struct route *routes = routes_list(&count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        char path[100] = "";
        for (const char *at = routes[i].path; *at != '\0'; at++) { /* each {part} becomes "default" */
            (void)snprintf(path + strlen(path), sizeof path - strlen(path), *at == '{' ? "default" : "%c", *at);
            at += *at == '{' ? strcspn(at, "}") : 0;
        }
        if (routes[i].query == NULL)
            continue;
        query[0] = "nothing";
        query[1] = "x";
        unit_same_int(path, status_of(routes[i].method, path, ROLE_ADMIN), 400);
        unit_has(path, reply.text, "there is no parameter 'nothing' here; this address has: ");
        query[0] = query[2] = "profile";
        query[3] = "default";
        if (strstr(routes[i].query, "profile") != NULL) {
            unit_same_int(path, status_of(routes[i].method, path, ROLE_ADMIN), 400);
            unit_has(path, reply.text, "the parameter profile is there twice");
            query[2] = NULL;
            unit_same_int(path, status_of(routes[i].method, path, ROLE_ADMIN), 404);
            unit_has(path, reply.text, "there is no profile 'x': GET /api/v1/profiles lists them");
        }
        (void)memset(query, 0, sizeof query);
    }
    unit_same_int("of the path", status_of("GET", "/api/v1/calls/x/1", ROLE_VIEWER), 404);
    unit_has("of the path", reply.text, "there is no profile 'x'");
    reply_free(&reply);
}

static void test_percent_decodes_and_refuses(void **state)
{
    static const struct {
        const char *text, *decoded; /* NULL: refused */
    } rows[] = {
        { "", "" }, { "abc", "abc" }, { "a%2Fb%2fc", "a/b/c" }, { "%41%5a", "AZ" }, { "%", NULL }, { "%4", NULL },
        { "%4g", NULL }, { "%g4", NULL }, { "%00", NULL }, { "a%00b", NULL }, { "%C3%A9", "\xc3\xa9" }, { "%C3", NULL },
        { "%%41", NULL }, { "%2541", "%41" }, { "\xff", NULL }, { "+", "+" }, { "%10", "\x10" }, { "%0A", "\n" },
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char text[40];
        (void)snprintf(text, sizeof text, "%s", rows[i].text);
        unit_true(rows[i].text, percent_decode(text) == (rows[i].decoded != NULL));
        if (rows[i].decoded != NULL)
            unit_same_text(rows[i].text, text, rows[i].decoded);
    }
}

/* What the code can send, its description and the page's languages name the same problems. */
static void test_routes_have_each_problem_in_each_language(void **state)
{
    static const char *const languages[] = { "packaging/serve/texts.en.json", "packaging/serve/texts.vi.json" };
    char *description = unit_read("packaging/serve/openapi.json");
    struct json *document = json_parse(description), *texts[UNIT_COUNT(languages)];
    const struct json *at = json_member(json_member(document, "components"), "schemas");
    at = json_member(json_member(json_member(at, "Error"), "properties"), "error");
    at = json_first(json_member(json_member(json_member(at, "properties"), "code"), "enum"));
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(languages); i++) {
        char *text = unit_read(languages[i]);
        texts[i] = json_parse(text);
        free(text);
    }
    for (int problem = 0; problem < REPLY_PROBLEMS; problem++, at = json_next(at)) {
        const char *code = reply_code((enum reply_problem)problem);
        char key[60];
        assert_non_null(code);
        (void)snprintf(key, sizeof key, "error.%s", code);
        unit_true(code, at != NULL && strcmp(json_string(at), code) == 0);
        for (size_t i = 0; i < UNIT_COUNT(languages); i++)
            unit_true(key, str_or_empty(json_text(texts[i], key))[0] != '\0');
    }
    assert_null(at);
    for (size_t i = 0; i < UNIT_COUNT(languages); i++)
        json_free(texts[i]);
    json_free(document);
    free(description);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes_say_what_is_wrong),
        cmocka_unit_test(test_routes_name_every_method_of_a_path),
        cmocka_unit_test(test_routes_let_in_whom_they_should),
        cmocka_unit_test(test_routes_are_those_of_the_description),
        cmocka_unit_test(test_routes_have_each_problem_in_each_language),
        cmocka_unit_test(test_routes_refuse_a_query_that_they_do_not_know),
        cmocka_unit_test(test_percent_decodes_and_refuses),
    };
    reply_new(&reply);
    return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
