/* Any bytes in any column of a row; a part that begins with 0x01 is SQL NULL. */
#include "fuzz.h"

#include "base/json.h"
#include "sink/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct disposition_map *map;
    if (map == NULL)
        map = disposition_map_new();
    char *parts[CALL_FIELD_COUNT];
    struct call call = { .age_sec = 60 };
    for (int i = 0; i < CALL_FIELD_COUNT; i++) {
        parts[i] = fuzz_part(&data, &size);
        call.value[i] = *parts[i] == 0x01 ? NULL : parts[i];
    }
    char *body = payload_body(&call, map);
    HOLDS(str_is_utf8(body) && strchr(body, '\n') == NULL);
    struct json *json = json_parse(body);
    HOLDS(json != NULL);
    if (call.value[CALL_COMMENTS] != NULL) {
        char *valid = str_utf8(call.value[CALL_COMMENTS], strlen(call.value[CALL_COMMENTS]));
        const char *read = json_text(json, "comments");
        HOLDS(read != NULL && strcmp(read, valid) == 0);
        free(valid);
    }
    const char *result = json_text(json, "result");
    HOLDS(result != NULL && *result != '\0');
    json_free(json);

    char key[PAYLOAD_KEY_SIZE];
    payload_idempotency_key(call_text(&call, CALL_UNIQUEID), body, 0, key);
    HOLDS(strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == strlen(key));

    struct call *copy = call_copy(&call);
    HOLDS(call_fingerprint(copy) == call_fingerprint(&call));
    free(copy);
    free(body);
    for (int i = 0; i < CALL_FIELD_COUNT; i++)
        free(parts[i]);
    return 0;
}
