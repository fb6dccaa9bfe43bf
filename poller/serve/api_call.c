/* api_call: one call's whole story. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "commands/why_record.h"
#include "commands/why_story.h"
#include "serve/api_call.h"
#include "serve/api_calls.h"
#include "serve/api_recordings.h"

static void hide_nothing(char *text, const char *phone)
{
    (void)text;
    (void)phone;
}

/* Ownership: the caller frees *ret_text. */
static int tell(struct serve_profile *profile, struct ledger *ledger, const struct request *request, bool masks,
                bool *ret_known, char **ret_text, struct err *err)
{
    struct why_story story = { .uniqueid = request->id, .where = EXPLANATION_ROW_UNKNOWN, .sink = profile->kinds.sink,
                               .facts = { .profile_option = profile->options.profile_option } };
    int result = why_story_read(ledger, &story, err);
    if (result == 0) {
        (void)snprintf(story.problem, sizeof story.problem, "the page does not read the dialer's table; "
                       "`did-optimizer-sync why` does");
        story.facts.now = clock_now_epoch();
        why_story_use_source(&story, profile->kinds.source);
        why_story_mask(&story, masks ? api_hide : hide_nothing);
        why_story_explain(&story, &profile->config.sync);
        struct json *json = why_story_json(&story);
        *ret_text = json_print(json);
        json_free(json);
    }
    *ret_known = story.known;
    why_story_free(&story);
    return result;
}

/* Ownership: the caller frees it. */
static char *record_of(const struct serve_profile *profile, const char *id, bool masks)
{
    const struct sink_row_query query = { .id = id, .masks = masks, .is_at_once = true };
    const struct sink_settings settings = route_sink_settings(&profile->config, profile->options.state_dir, "");
    return why_record(profile->kinds.sink, &settings, &query, NULL);
}

struct found {
    struct json_writer *object;
    bool masks;
};

static void add_row(void *context, const struct view_row *row)
{
    struct found *found = context;
    api_calls_add_row(found->object, row, found->masks);
}

void api_call(struct api *api, const struct request *request, struct reply *reply)
{
    struct serve_profile *profile = profiles_find(api->profiles, request->profile);
    struct ledger *ledger = NULL;
    struct err err;
    bool known = false, masks = api_masks(api, request, request->profile);
    char *story = NULL, *recording = NULL;
    if (profile == NULL || request->id == NULL) {
        reply_error(reply, REPLY_NOT_FOUND, "there is no such profile");
        return;
    }
    struct json_writer object = { .text = NULL };
    struct found found = { .object = &object, .masks = masks };
    int result = profiles_ledger(profile, &ledger, &err);
    if (result == 0)
        result = tell(profile, ledger, request, masks, &known, &story, &err);
    if (result == 0)
        result = view_find(api->view, request->profile, request->id, add_row, &found, &err);
    if (result == 0)
        result = api_recordings_of(ledger, request->id, masks, &recording, &err);
    if (result == 0 && !known) {
        reply_error(reply, REPLY_NOT_FOUND, "the ledger has no such call");
    } else if (result != 0) {
        reply_failure(reply, &err);
    } else {
        char *record = record_of(profile, request->id, masks);
        json_writer_add_json(&object, "record", record);
        free(record);
        json_writer_add_json(&object, "story", story);
        json_writer_add_json(&object, "file", recording != NULL ? recording : "null");
        reply_json(reply, &object);
    }
    free(object.text);
    free(story);
    free(recording);
}
