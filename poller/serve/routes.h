/* routes: which handler answers which request, and who may ask. */
#ifndef ROUTES_H
#define ROUTES_H

#include <stddef.h>

#include "serve/serve.h"

/* One line of the table. path is below /, and may have the parts {profile} and {id}. Exactly one handler is set. */
struct route {
    const char *method, *path;
    enum role role; /* who may ask; ROLE_NONE: everybody */
    serve_handler *serve;
    api_handler *api;
    const char *query; /* the parameters that its query may have, with a blank between; NULL: anything, unread */
};

/* routes_answer: finds the route of request, checks the user's role and, for a change, the CSRF token, then the names
 * in the query and the profile, and calls the handler. The user is known already. reply is new. */
void routes_answer(struct serve *serve, struct request *request, struct reply *reply);

/* routes_list: the table, for tests and documents. */
const struct route *routes_list(size_t *ret_count);

#endif
