/* api_session: who is logged in: /session of the live page's API. */
#ifndef API_SESSION_H
#define API_SESSION_H

#include "serve/serve.h"

/* api_session_show: GET: {"name","role","csrf"}. */
serve_handler api_session_show;

#endif
