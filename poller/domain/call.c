/* call: a call from its source, and the ledger's record of it. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "domain/call.h"

/* The texts that every call has, then its extras. */
#define TEXTS 6
#define MAX_TEXTS (TEXTS + CALL_MAX_EXTRAS)

static const char **text_at(struct call *call, int i)
{
    const char **texts[TEXTS] = { &call->id, &call->campaign, &call->number, &call->agent, &call->status,
                                   &call->kin };
    return i < TEXTS ? texts[i] : &call->extras[i - TEXTS];
}

static size_t text_size(const char *text)
{
    return text != NULL ? strlen(text) + 1 : 0;
}

size_t call_size(const struct call *call)
{
    size_t size = sizeof *call + text_size(call->id) + text_size(call->campaign) + text_size(call->number) +
                  text_size(call->agent) + text_size(call->status) + text_size(call->kin);
    for (int i = 0; i < CALL_MAX_EXTRAS; i++)
        size += text_size(call->extras[i]);
    return size;
}

struct call *call_copy_to(void *memory, const struct call *call)
{
    struct call *copy = memory;
    *copy = *call;
    char *room = (char *)(copy + 1);
    for (int i = 0; i < MAX_TEXTS; i++) {
        const char **text = text_at(copy, i);
        size_t size = text_size(*text);
        if (size == 0)
            continue;
        *text = memcpy(room, *text, size);
        room += size;
    }
    return copy;
}

struct call *call_copy(const struct call *call)
{
    return call_copy_to(mem_zero(1, call_size(call)), call);
}

const char *call_direction_name(enum call_direction direction)
{
    static const char *const names[] = { [CALL_OUTBOUND] = "outbound", [CALL_INBOUND] = "inbound",
                                         [CALL_INTERNAL] = "internal" };
    return names[direction];
}

int64_t call_number(int64_t number, int64_t fallback)
{
    return number != CALL_NO_NUMBER ? number : fallback;
}

/* The index of the extra with this name; -1: none. */
static int find_extra(const struct call *call, const char *name)
{
    for (int i = 0; call->shape != NULL && i < CALL_MAX_EXTRAS && call->shape->extras[i].name != NULL; i++)
        if (*call->shape->extras[i].name == *name && strcmp(call->shape->extras[i].name, name) == 0)
            return i;
    return -1;
}

const char *call_extra(const struct call *call, const char *name)
{
    int i = find_extra(call, name);
    return i >= 0 ? call->extras[i] : NULL;
}

bool call_was_looked_up(const struct call *call, const char *name)
{
    int i = find_extra(call, name);
    return i >= 0 && (call->looked_up >> i & 1) != 0;
}

bool call_shows(const struct call *call, int i)
{
    return !call->shape->extras[i].is_looked_up || (call->looked_up >> i & 1) != 0;
}

/* Hashes the NUL too, so that "1","23" differs from "12","3". */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    return str_hash(hash, str_or_empty(text), strlen(str_or_empty(text)) + 1);
}

/* Hashes the number in decimal; CALL_NO_NUMBER as "". */
static uint64_t hash_number(uint64_t hash, int64_t number)
{
    char room[STR_INT_SIZE];
    return hash_text(hash, number != CALL_NO_NUMBER ? str_of_int(number, room) : "");
}

uint64_t call_fingerprint(const struct call *call)
{
    uint64_t hash = hash_text(hash_number(hash_text(STR_HASH_START, call->status), call->length), call->agent);
    for (int i = 0; call->shape != NULL && i < CALL_MAX_EXTRAS; i++)
        if (call->shape->extras[i].in_fingerprint)
            hash = hash_text(hash, call->extras[i]);
    return hash;
}

bool call_matches_accepted(const struct call *call, const struct call_record *record)
{
    return record->sent_before && record->version_unknown == 0 && record->fingerprint == call_fingerprint(call);
}

bool call_is_open(const struct call_record *record)
{
    return record->state == CALL_PENDING || record->state == CALL_WAITING;
}
