/* api_graphql: POST /graphql of the live page: the queries that call-centre dashboards ask, over the same data as the
 * rest of the API. */
#ifndef API_GRAPHQL_H
#define API_GRAPHQL_H

#include "base/json.h"
#include "serve/serve.h"

/* api_graphql: answers a JSON body {"query":...,"variables":{...},"operationName":...}. A query that is wrong is
 * answered with 200 and its errors, or with 400 for a client that accepts application/graphql-response+json, as the
 * draft "GraphQL over HTTP" says. A body that is no request at all: 400, 415. */
serve_handler api_graphql;

/* api_graphql_act: begins an action of actions.h for the user of the request. *ret_id: its number in the journal. */
typedef int api_graphql_act(void *context, const char *profile, const char *action, const struct json *arguments,
                            int64_t *ret_id, struct err *err);

/* What the resolvers get as their context. */
struct api_graphql {
    struct api *api;
    struct serve *serve;
    const struct request *request;
    api_graphql_act *act; /* NULL: this server only shows */
    void *act_context;
};

#endif
