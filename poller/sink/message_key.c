/* message_key: makes the idempotency key, by which a receiver recognizes a repeated message. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "sink/message_key.h"

void message_key(const char *id, const char *body, uint32_t change, char out[SINK_KEY_SIZE])
{
    char name[MESSAGE_KEY_ID_BYTES + 1];
    size_t length = 0;
    for (; length < sizeof name - 1 && id[length] != '\0'; length++) {
        unsigned char c = (unsigned char)id[length];
        name[length] = (char)(c < 0x80 && (isalnum(c) || c == '.' || c == '-') ? c : '_');
    }
    name[length] = '\0';
    uint64_t hash = str_hash(STR_HASH_START, body, strlen(body));
    if (change == 0)
        (void)snprintf(out, SINK_KEY_SIZE, "%s-%016" PRIx64, name, hash);
    else
        (void)snprintf(out, SINK_KEY_SIZE, "%s-%016" PRIx64 "-%" PRIu32, name, hash, change);
}
