/* api_graphql: POST /graphql of the live page. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "serve/api_actions.h"
#include "serve/api_graphql.h"
#include "serve/api_graphql_schema.h"
#include "serve/graphql.h"
#include "serve/request_body.h"

static const char RESPONSE_TYPE[] = "application/graphql-response+json";

static const char *header_of(const struct request *request, const char *name)
{
    const char *value = request->header != NULL ? request->header(request->context, name) : NULL;
    return value != NULL ? value : "";
}

/* A form of another site can send neither of these types. */
static bool is_json(const char *type)
{
    static const char *const types[] = { "application/json", "application/graphql+json" };
    size_t length = strcspn(type, "; ");
    for (int i = 0; i < 2; i++)
        if (length == strlen(types[i]) && strncasecmp(type, types[i], length) == 0)
            return true;
    return false;
}

static int act(void *context, const char *profile, const char *action, const struct json *arguments, int64_t *ret_id,
               struct err *err)
{
    const struct api_graphql *graphql = context;
    return api_actions_start(graphql->serve, graphql->request, profile, action, arguments, ret_id, err);
}

static void answer(struct serve *serve, const struct request *request, const struct json *body, struct reply *reply)
{
    struct api_graphql context = { .api = &serve->api, .request = request, .serve = serve,
                                   .act = serve->actor != NULL ? act : NULL };
    context.act_context = &context;
    const struct json *variables = json_member(body, "variables");
    const struct graphql_query query = { .text = json_text(body, "query"),
                                         .operation = json_text(body, "operationName"),
                                         .variables = json_is_null(variables) ? NULL : variables,
                                         .context = &context };
    bool is_new = strstr(header_of(request, "Accept"), RESPONSE_TYPE) != NULL, is_refused = false;
    reply->text = graphql_answer(&api_graphql_schema, &query, &is_refused);
    reply->length = strlen(reply->text);
    reply->type = is_new ? RESPONSE_TYPE : "application/json";
    reply->status = is_new && is_refused ? 400 : 200;
}

/* Apollo's clients first send only the hash of a query, and send all of it when they read this. */
static void refuse_hash(struct reply *reply)
{
    struct json_writer object = { .text = NULL };
    json_writer_add_json(&object, "errors", "[{\"message\":\"PersistedQueryNotSupported\"}]");
    reply_json(reply, &object);
}

void api_graphql(struct serve *serve, const struct request *request, struct reply *reply)
{
    if (!is_json(header_of(request, "Content-Type"))) {
        reply_error(reply, REPLY_WRONG_TYPE, "send a body of the type application/json");
        return;
    }
    struct json *body = request_body(request);
    enum json_kind variables = json_kind(body != NULL ? json_member(body, "variables") : NULL);
    if (body == NULL)
        reply_error(reply, REPLY_BAD_REQUEST, "the body must be one JSON object");
    else if (json_text(body, "query") == NULL && json_member(body, "extensions") != NULL)
        refuse_hash(reply);
    else if (json_text(body, "query") == NULL)
        reply_error(reply, REPLY_BAD_REQUEST, "the body must have a text `query`");
    else if (variables != JSON_NULL && variables != JSON_OBJECT)
        reply_error(reply, REPLY_BAD_REQUEST, "`variables` must be an object");
    else
        answer(serve, request, body, reply);
    json_free(body);
}
