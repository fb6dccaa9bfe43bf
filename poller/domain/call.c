/* call: one row of vicidial_log as the dialer tells it, and what this program knows of it. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "domain/call.h"

size_t call_size(const struct call *call)
{
    size_t size = sizeof *call;
    for (int field = 0; field < CALL_FIELD_COUNT; field++)
        if (call->value[field] != NULL)
            size += strlen(call->value[field]) + 1;
    return size;
}

struct call *call_copy_to(void *memory, const struct call *call)
{
    struct call *copy = memory;
    *copy = *call;
    char *text = (char *)(copy + 1);
    for (int field = 0; field < CALL_FIELD_COUNT; field++) {
        if (call->value[field] == NULL)
            continue;
        size_t length = strlen(call->value[field]) + 1;
        memcpy(text, call->value[field], length);
        copy->value[field] = text;
        text += length;
    }
    return copy;
}

struct call *call_copy(const struct call *call)
{
    return call_copy_to(mem_zero(1, call_size(call)), call);
}

const char *call_text(const struct call *call, enum call_field field)
{
    return call->value[field] != NULL ? call->value[field] : "";
}

int64_t call_number(const struct call *call, enum call_field field, int64_t fallback)
{
    int64_t number = 0;
    return call->value[field] != NULL && str_to_int(call->value[field], &number) ? number : fallback;
}

bool call_ended(const struct call *call)
{
    return call_number(call, CALL_END_EPOCH, 0) > 0;
}

uint64_t call_fingerprint(const struct call *call)
{
    static const enum call_field fields[] = { CALL_STATUS, CALL_LENGTH_IN_SEC, CALL_USER, CALL_TERM_REASON };
    uint64_t hash = STR_HASH_START;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const char *text = call_text(call, fields[i]);
        hash = str_hash(hash, text, strlen(text) + 1); /* with its NUL: "1","23" differs from "12","3" */
    }
    return hash;
}

bool call_is_in_doubt(const struct call_record *record)
{
    return record->sent_before && record->fingerprint <= UINT32_MAX;
}
