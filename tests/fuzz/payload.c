/* Any bytes in any column of a row; a part that begins with 0x01 is SQL NULL. */
#include "fuzz.h"

#include "base/json.h"
#include "sink/did_optimizer_payload.h"
#include "source/vicidial_table.h"

/* Behind the columns: the local time and the database's clock. */
enum { COLUMNS = TABLE_COLUMNS + 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct disposition_map *map;
    if (map == NULL)
        map = disposition_map_new();
    static const struct zone zone = { .count = 0 };
    static char not_final[] = "INCALL", unsettled[] = "XFER";
    static const struct settings_sync settings = { .not_final = not_final, .unsettled = unsettled };
    char *parts[COLUMNS];
    const char *row[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
        parts[i] = fuzz_part(&data, &size);
        row[i] = *parts[i] == 0x01 ? NULL : parts[i];
    }
    size_t row_length = 0;
    struct call call = vicidial_table_call(row, &zone, &settings);
    char *body = did_optimizer_payload_body(&call, map, NULL, &row_length);
    HOLDS(str_is_utf8(body) && strchr(body, '\n') == NULL);
    struct json *json = json_parse(body);
    HOLDS(json != NULL);
    if (row[TABLE_COMMENTS] != NULL) {
        char *valid = str_make_utf8(row[TABLE_COMMENTS], strlen(row[TABLE_COMMENTS]));
        const char *read = json_text(json, "comments");
        HOLDS(read != NULL && strcmp(read, valid) == 0);
        free(valid);
    }
    const char *result = json_text(json, "result");
    HOLDS(result != NULL && *result != '\0');
    json_free(json);

    char key[SINK_KEY_SIZE];
    did_optimizer_payload_key(call.id, body, row_length, 0, key);
    HOLDS(strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == strlen(key));

    struct call *copy = call_copy(&call);
    HOLDS(call_fingerprint(copy) == call_fingerprint(&call));
    free(copy);
    free(body);
    for (int i = 0; i < COLUMNS; i++)
        free(parts[i]);
    return 0;
}
