/* api_settings: the settings of a profile. */
#include <stdlib.h>

#include "commands/settings_command.h"
#include "serve/actions.h"
#include "serve/api_settings.h"

static void add_row(void *context, const struct settings_command_row *row)
{
    struct api_list *list = context;
    struct json_writer object = { .text = NULL };
    json_writer_add_text(&object, "section", row->section);
    json_writer_add_text(&object, "key", row->key);
    json_writer_add_text(&object, "value", row->value);
    json_writer_add_bool(&object, "is_set", row->is_set);
    json_writer_add_bool(&object, "is_secret", row->value == NULL);
    json_writer_add_bool(&object, "can_change", row->value != NULL && actions_may_set(row->section));
    api_list_add(list, &object);
}

void api_settings(struct serve *serve, const struct request *request, struct reply *reply)
{
    const char *name = api_text(request, "profile");
    const struct serve_profile *profile = profiles_find(serve->api.profiles, name != NULL ? name : "default");
    struct api_list list = { .text = NULL };
    struct json_writer object;
    struct err err;
    if (profile == NULL) {
        reply_error(reply, REPLY_NO_PROFILE, "there is no such profile");
        return;
    }
    int result = settings_command_list(profile->options.config.own, add_row, &list, &err);
    if (!api_begin_json(&object, "settings", &list, result, &err, reply))
        return;
    json_writer_add_text(&object, "profile", profile->name);
    json_writer_add_text(&object, "file", profile->options.config.own);
    reply_json(reply, &object);
}
