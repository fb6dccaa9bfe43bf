/* recorder_columns: the columns of callcenter_records and their values for a call. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sink/recorder_columns.h"

const struct recorder_column recorder_columns[RECORDER_COLUMNS] = {
    { "source", RECORDER_TEXT, RECORDER_KEY, "source" },
    { "uuid", RECORDER_TEXT, RECORDER_KEY, "uuid" },
    { "direction", RECORDER_TEXT, RECORDER_VALUE, "direction" },
    { "caller_id", RECORDER_TEXT, RECORDER_VALUE, "caller_id" },
    { "destination", RECORDER_TEXT, RECORDER_VALUE, "destination" },
    { "phone_number", RECORDER_TEXT, RECORDER_VALUE, "phone_number" },
    { "campaign", RECORDER_TEXT, RECORDER_VALUE, "campaign" },
    { "agent", RECORDER_TEXT, RECORDER_VALUE, "agent" },
    { "disposition", RECORDER_TEXT, RECORDER_VALUE, "disposition" },
    { "call_status", RECORDER_TEXT, RECORDER_VALUE, "call_status" },
    { "start_epoch", RECORDER_NUMBER, RECORDER_VALUE, "start_epoch" },
    { "answer_epoch", RECORDER_NUMBER, RECORDER_LASTING, "answer_epoch" },
    { "end_epoch", RECORDER_NUMBER, RECORDER_LASTING, "end_epoch" },
    { "start_time", RECORDER_TIME, RECORDER_VALUE, "start_epoch" },
    { "answer_time", RECORDER_TIME, RECORDER_LASTING, "answer_epoch" },
    { "end_time", RECORDER_TIME, RECORDER_LASTING, "end_epoch" },
    { "duration", RECORDER_NUMBER, RECORDER_VALUE, "duration" },
    { "billsec", RECORDER_NUMBER, RECORDER_VALUE, "billsec" },
    { "recording_path", RECORDER_TEXT, RECORDER_LASTING, "recording_path" },
    { "raw_data", RECORDER_JSON, RECORDER_VALUE, "raw_data" },
    { "record_hash", RECORDER_TEXT, RECORDER_VALUE, "record_hash" },
    { "google_drive_id", RECORDER_TEXT, RECORDER_FOREIGN, NULL },
    { "google_drive_url", RECORDER_TEXT, RECORDER_FOREIGN, NULL },
    { "upload_status", RECORDER_TEXT, RECORDER_FOREIGN, NULL },
    { "upload_retry_count", RECORDER_NUMBER, RECORDER_FOREIGN, NULL },
    { "recording_md5", RECORDER_TEXT, RECORDER_FOREIGN, NULL },
    { "first_seen", RECORDER_TIME, RECORDER_MADE, NULL },
    { "created_at", RECORDER_TIME, RECORDER_MADE, NULL },
    { "updated_at", RECORDER_TIME, RECORDER_CHANGED, NULL },
};

/* The first of the two extras that the source has; fallback if it has neither. */
static const char *extra_of(const struct call *call, const char *name, const char *other_name, const char *fallback)
{
    const char *text = call_extra(call, name);
    if (text == NULL && other_name != NULL)
        text = call_extra(call, other_name);
    return text != NULL ? text : fallback;
}

static void add_extra_number(struct json *object, const char *name, const struct call *call)
{
    int64_t number = 0;
    const char *text = call_extra(call, name);
    bool known = text != NULL && str_to_int(text, &number);
    json_add_known(object, name, number, known ? CALL_NO_NUMBER : number);
}

static void add_extras(struct json *object, const struct call *call)
{
    struct json *extras = json_add(object, "raw_data", json_object());
    for (int i = 0; call->shape != NULL && i < CALL_MAX_EXTRAS && call->shape->extras[i].name != NULL; i++)
        if (call_shows(call, i))
            json_add_text(extras, call->shape->extras[i].name, call->extras[i]);
}

static char *print_values(const char *source, const struct call *call, const struct disposition_map *map)
{
    struct json *object = json_object();
    bool inbound = call->direction == CALL_INBOUND;
    /* A dialer writes a negative length if the clocks of two machines differ. */
    int64_t length = call->length != CALL_NO_NUMBER && call->length < 0 ? 0 : call->length;
    json_add_text(object, "source", source);
    json_add_text(object, "uuid", call->id);
    json_add_text(object, "direction", call_direction_name(call->direction));
    json_add_text(object, "caller_id", extra_of(call, "caller_id", NULL, inbound ? call->number : NULL));
    json_add_text(object, "destination", extra_of(call, "destination", NULL, inbound ? NULL : call->number));
    json_add_text(object, "phone_number", call->number);
    json_add_text(object, "campaign", call->campaign);
    json_add_text(object, "agent", call->agent);
    json_add_text(object, "disposition", call->status);
    json_add_text(object, "call_status", disposition_of(map, call));
    json_add_known(object, "start_epoch", call->started, CALL_NO_NUMBER);
    add_extra_number(object, "answer_epoch", call);
    json_add_known(object, "end_epoch", call->ended > 0 ? call->ended : CALL_NO_NUMBER, CALL_NO_NUMBER);
    json_add_known(object, "duration", length, CALL_NO_NUMBER);
    add_extra_number(object, "billsec", call);
    json_add_text(object, "recording_path", extra_of(call, "recording_path", "recordingfile", NULL));
    add_extras(object, call);
    char *text = json_print(object);
    json_free(object);
    return text;
}

void recorder_columns_message(const char *source, const struct call *call, const struct disposition_map *map,
                              struct sink_message *ret_message)
{
    char *values = print_values(source, call, map);
    size_t length = strlen(values);
    uint64_t hash = str_hash(STR_HASH_START, values, length);
    (void)snprintf(ret_message->key, sizeof ret_message->key, "%016" PRIx64, hash);
    ret_message->body = mem_format("%.*s,\"record_hash\":\"%s\"}", (int)length - 1, values, ret_message->key);
    free(values);
}

char *recorder_columns_note(const char *source, const struct sink_recording *recording)
{
    struct json *object = json_object();
    json_add_text(object, "source", source);
    json_add_text(object, "uuid", recording->call);
    json_add_text(object, "google_drive_id", recording->file_id);
    json_add_text(object, "google_drive_url", recording->link);
    json_add_text(object, "upload_status", recording->is_stored ? "stored" : "rejected");
    json_add_int(object, "upload_retry_count", recording->attempts);
    json_add_text(object, "recording_md5", recording->md5);
    char *text = json_print(object);
    json_free(object);
    return text;
}
