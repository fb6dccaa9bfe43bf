/* api_actions: what administrators do, and what was done. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/actions.h"
#include "serve/api_actions.h"
#include "serve/request_body.h"

/* ---- begin ---- */

/* The output of an action that could not begin. Its code is never that of a command that goes on later. */
static void fail(struct serve *serve, int64_t id, const struct err *failure)
{
    struct err err;
    int code = failure->code == EX_TEMPFAIL ? EX_UNAVAILABLE : failure->code;
    if (action_journal_line(serve->journal, id, failure->message, &err) != 0 ||
        action_journal_end(serve->journal, id, clock_now_epoch(), code, &err) != 0)
        log_error("%s", err.message);
}

int api_actions_start(struct serve *serve, const struct request *request, const char *profile, const char *action,
                      const struct json *arguments, int64_t *ret_id, struct err *err)
{
    struct actions_words words;
    if (actions_build(action, profile, arguments, &words, err) != 0)
        return -1;
    actions_free(&words);
    char *text = arguments != NULL ? json_print(arguments) : mem_copy("{}");
    const struct action_journal_row row = { .began = clock_now_epoch(), .user = request->user,
                                            .address = request->address, .profile = profile, .action = action,
                                            .arguments = text };
    int result = action_journal_begin(serve->journal, &row, ret_id, err);
    free(text);
    if (result == 0 && actor_ask(serve->actor, *ret_id, request->user, profile, action, arguments, err) != 0) {
        fail(serve, *ret_id, err);
        result = -1;
    }
    if (result == 0)
        log_info("user %s starts %s for profile %s: action %lld", request->user, action, profile, (long long)*ret_id);
    return result;
}

static void begin_action(struct serve *serve, const struct request *request, const char *profile, const char *action,
                         const struct json *arguments, struct reply *reply)
{
    struct json_writer object = { .text = NULL };
    struct err err;
    int64_t id = 0;
    if (serve->actor == NULL) {
        reply_error(reply, REPLY_READ_ONLY, "this page only shows: read_only is set in its settings");
    } else if (profiles_find(serve->api.profiles, profile) == NULL) {
        reply_error(reply, REPLY_NO_PROFILE, "there is no such profile");
    } else if (api_actions_start(serve, request, profile, action, arguments, &id, &err) != 0) {
        reply_failure(reply, &err);
    } else {
        json_writer_add_int(&object, "id", id);
        reply_json(reply, &object);
        reply->status = 202;
    }
}

void api_actions_begin(struct serve *serve, const struct request *request, struct reply *reply)
{
    struct json *body = request_body(request);
    const struct json *arguments = body != NULL ? json_member(body, "arguments") : NULL;
    const char *profile = body != NULL ? json_text(body, "profile") : NULL;
    const char *action = body != NULL ? json_text(body, "action") : NULL;
    if (body == NULL)
        reply_error(reply, REPLY_BAD_REQUEST, "the body must be a JSON object");
    else if (profile == NULL || action == NULL)
        reply_error(reply, REPLY_BAD_REQUEST, "send {\"profile\":...,\"action\":...,\"arguments\":{...}}");
    else
        begin_action(serve, request, profile, action, json_is_null(arguments) ? NULL : arguments, reply);
    json_free(body);
}

void api_actions_fetch(struct serve *serve, const struct request *request, struct reply *reply)
{
    struct json *arguments = json_object();
    json_add_text(arguments, "id", request->id);
    begin_action(serve, request, request->profile, "recordings_fetch", arguments, reply);
    json_free(arguments);
}

bool api_actions_take_news(struct serve *serve)
{
    struct actor_news news;
    struct err err;
    int got = 0;
    for (int i = 0; i < API_ACTIONS_NEWS_MOST && (got = actor_receive(serve->actor, &news)) > 0; i++) {
        int result = news.is_end ? action_journal_end(serve->journal, news.id, clock_now_epoch(), news.exit_code, &err)
                                 : action_journal_line(serve->journal, news.id, news.line, &err);
        if (result != 0)
            log_error("%s", err.message);
    }
    return got >= 0;
}

/* ---- show ---- */

/* Of a command that sends, 75 is no failure: the rest is sent later, without help. Others have done nothing then. */
static bool is_good(const struct action_journal_row *row)
{
    static const char *const sending[] = { "sync", "backfill", "reconcile" };
    bool sends = false;
    for (size_t i = 0; i < sizeof sending / sizeof sending[0]; i++)
        sends = sends || strcmp(row->action, sending[i]) == 0;
    return row->exit_code == EX_OK || (sends && row->exit_code == EX_TEMPFAIL);
}

static const char *state_of(const struct action_journal_row *row)
{
    if (row->ended == 0)
        return "running";
    if (row->exit_code < 0)
        return "lost";
    return is_good(row) ? "done" : "failed";
}

struct shown {
    struct api_list list;
    const char *viewer; /* only recordings that this user fetched: a name may have been an administrator's; NULL: all */
};

static void add_row(void *context, const struct action_journal_row *row)
{
    struct shown *shown = context;
    struct json_writer object = { .text = NULL };
    if (shown->viewer != NULL &&
        (strcmp(row->user, shown->viewer) != 0 || strcmp(row->action, "recordings_fetch") != 0))
        return;
    json_writer_add_int(&object, "id", row->id);
    json_writer_add_int(&object, "began", row->began);
    json_writer_add_known(&object, "ended", row->ended, 0);
    json_writer_add_text(&object, "user", row->user);
    json_writer_add_text(&object, "address", row->address);
    json_writer_add_text(&object, "profile", row->profile);
    json_writer_add_text(&object, "action", row->action);
    json_writer_add_json(&object, "arguments", row->arguments);
    json_writer_add_text(&object, "state", state_of(row));
    json_writer_add_known(&object, "exit_code", row->exit_code, -1);
    json_writer_add_text(&object, "output", row->output);
    api_list_add(&shown->list, &object);
}

void api_actions_show(struct serve *serve, const struct request *request, struct reply *reply)
{
    struct shown shown = { .viewer = request->role == ROLE_ADMIN ? NULL : request->user };
    struct err err;
    int64_t id = 0;
    if (!str_to_int(request->id, &id) || id < 1) {
        reply_error(reply, REPLY_NOT_FOUND, "there is no such action");
        return;
    }
    int result = action_journal_list(serve->journal, id, 0, 1, add_row, &shown, NULL, &err);
    char *text = api_list_end(&shown.list);
    size_t length = strlen(text);
    if (result != 0) {
        reply_failure(reply, &err);
    } else if (length <= 2) {
        reply_error(reply, REPLY_NOT_FOUND, "there is no such action");
    } else {
        reply->text = mem_copy_bytes(text + 1, length - 2); /* the list's only object */
        reply->length = length - 2;
    }
    free(text);
}

void api_actions_journal(struct serve *serve, const struct request *request, struct reply *reply)
{
    struct shown shown = { .viewer = NULL };
    struct json_writer object;
    struct err err;
    int64_t page = 0, size = 0, total = 0;
    if (!api_number(request, "page", 1, 1, ACTION_JOURNAL_MOST, &page, reply) ||
        !api_number(request, "size", 50, 1, 200, &size, reply))
        return;
    int result = action_journal_list(serve->journal, 0, (page - 1) * size, size, add_row, &shown, &total, &err);
    if (!api_begin_json(&object, "actions", &shown.list, result, &err, reply))
        return;
    json_writer_add_int(&object, "page", page);
    json_writer_add_int(&object, "size", size);
    json_writer_add_int(&object, "total", total);
    reply_json(reply, &object);
}
