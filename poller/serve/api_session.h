/* api_session: log in, log out, and who is logged in: /session of the live page's API. */
#ifndef API_SESSION_H
#define API_SESSION_H

#include "serve/serve.h"

/* api_session_show: GET: {"name","role","csrf","read_only"}. */
serve_handler api_session_show;

/* api_session_begin: POST {"name","password"}: the same answer, and the cookie of a new session. 401: name or password
 * is wrong; 429: too many wrong ones, with Retry-After. */
serve_handler api_session_begin;

/* api_session_end: DELETE: the session is over. */
serve_handler api_session_end;

#endif
