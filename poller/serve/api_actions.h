/* api_actions: what administrators do, and what was done: /actions and /journal of the live page's API. */
#ifndef API_ACTIONS_H
#define API_ACTIONS_H

#include "serve/serve.h"

/* api_actions_begin: POST {"profile","action","arguments"}: 202 {"id"}. 400: the action is wrong; 409: the page is
 * read-only. api_actions_show: GET /actions/{id}: the action with state (running, done, failed, lost), exit_code and
 * output; a viewer sees only recordings_fetch of this user. api_actions_journal: GET /journal: a page of actions,
 * newest first. Parameters: page, size. */
serve_handler api_actions_begin;
serve_handler api_actions_show;
serve_handler api_actions_journal;

/* api_actions_fetch: POST /recordings/{profile}/{id}/audio: begins the action recordings_fetch, for viewers too: 202
 * {"id"}. 409: the page is read-only. */
serve_handler api_actions_fetch;

/* api_actions_start: begins an action of actions.h for the user of the request. serve must have an actor; profile must
 * exist; arguments may be NULL. *ret_id: its number in the journal, which has it when this returns. Errors: EX_USAGE:
 * the action or an argument is wrong; those of actor_ask and of the journal. */
int api_actions_start(struct serve *serve, const struct request *request, const char *profile, const char *action,
                      const struct json *arguments, int64_t *ret_id, struct err *err) MUST_CHECK;

enum { API_ACTIONS_NEWS_MOST = 64 };

/* api_actions_take_news: notes what the commands have printed, a bounded number of lines at once: a command that prints
 * without end must not keep the page from answering. Call it again while there is more. False: the process that starts
 * them is gone. */
bool api_actions_take_news(struct serve *serve) MUST_CHECK;

#endif
