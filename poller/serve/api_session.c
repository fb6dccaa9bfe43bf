/* api_session: who is logged in. */
#include "serve/api_session.h"

void api_session_show(struct serve *serve, const struct request *request, struct reply *reply)
{
    struct json_writer object = { .text = NULL };
    (void)serve;
    json_writer_add_text(&object, "name", request->user);
    json_writer_add_text(&object, "role", request->role == ROLE_ADMIN ? "admin" : "viewer");
    json_writer_add_text(&object, "csrf", request->csrf);
    reply_json(reply, &object);
}
