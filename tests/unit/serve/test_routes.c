/* Tests of routes: which requests find a handler, and whom the table lets in. */
#include "../unit.h"

#include "base/json.h"
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

static int status_of(const char *method, const char *path, enum role role)
{
    struct serve_settings settings = { .read_only = false };
    struct serve serve = { .settings = &settings, .page_dir = "/nonexistent" };
    struct request request = { .method = method, .path = path, .role = role, .user = "ann", .header = find };
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

/* Goal: nobody adds a line that lets strangers in, or lets viewers change something. */
static void test_routes_let_in_whom_they_should(void **state)
{
    size_t count = 0;
    const struct route *routes = routes_list(&count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        bool is_login = strcmp(routes[i].path, "/api/v1/session") == 0;
        bool reads = strcmp(routes[i].method, "GET") == 0;
        bool is_api = strncmp(routes[i].path, "/api/", 5) == 0;
        unit_true(routes[i].path, routes[i].role != ROLE_NONE || !is_api || is_login);
        unit_true(routes[i].path, reads || routes[i].role == ROLE_ADMIN || is_login ||
                                      strcmp(routes[i].path, "/graphql") == 0);
        unit_true(routes[i].path, (routes[i].serve != NULL) != (routes[i].api != NULL));
    }
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
        found++;
    }
    for (const struct json *path = json_first_member(paths); path != NULL; path = json_next(path))
        for (const struct json *one = json_first_member(path); one != NULL; one = json_next(one))
            found -= strcmp(json_name(one), "servers") != 0;
    assert_int_equal(found, 0);
    json_free(document);
    free(text);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes_say_what_is_wrong),
        cmocka_unit_test(test_routes_let_in_whom_they_should),
        cmocka_unit_test(test_routes_are_those_of_the_description),
        cmocka_unit_test(test_percent_decodes_and_refuses),
    };
    reply_new(&reply);
    return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
