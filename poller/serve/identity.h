/* identity: who sends a request. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "serve/serve.h"

/* identity_find: sets user, role, session and csrf of the request, from its bearer token or its session's cookie. A
 * request with an Authorization header is judged by that alone. */
void identity_find(struct serve *serve, struct request *request);

#endif
