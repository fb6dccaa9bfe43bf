/* api_events: GET /events of the live page's API: a stream of server-sent events. */
#ifndef API_EVENTS_H
#define API_EVENTS_H

#include "serve/api.h"

/* api_events: the stream ends after api->stream_ms. Browsers then connect again, and the page checks the session again.
 * So removed users and ended sessions get no further events. The stream has these events; data is JSON on one line:
 *   changed  {"changes":N}: view.db has changed: ask for what is shown.
 *   running  {"profiles":[{"name":...,"running":[...]}],"calls":N}: the runs that are under way, when they begin, go on
 *            or end. calls: changed since this stream saw a run begin or end.
 * A comment comes every 15 s, so that proxies keep the connection. At most one look at the ledgers a second. */
api_handler api_events;

#endif
