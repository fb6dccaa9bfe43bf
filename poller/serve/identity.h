/* identity: who sends a request. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <stdbool.h>

#include "serve/serve.h"

/* identity_find: sets user, role, session and csrf of the request, from its bearer token or its session's cookie. A
 * request with an Authorization header is judged by that alone. */
void identity_find(struct serve *serve, struct request *request);

/* Who asked, and by what session or token, to check it again later. identity_keep: of a request whose user is known.
 * Ownership: identity_forget. identity_holds: whether the user still has this role and password, and the session or
 * token is not over. This is no use of the session. */
struct identity_proof {
    char *user, *session, *token; /* session or token is NULL */
    enum role role;
};
void identity_keep(const struct request *request, struct identity_proof *ret_proof);
void identity_forget(struct identity_proof *proof);
bool identity_holds(struct serve *serve, const struct identity_proof *proof) MUST_CHECK;

#endif
