/* Any text as a checkpoint; what is understood is written and read again. */
#include "fuzz.h"

#include "base/when.h"
#include "ledger/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct position position, again;
    struct err err;
    char *text = fuzz_text(data, size);
    if (checkpoint_parse(text, &position, &err) == 0) {
        char line[200], uniqueid[POSITION_UNIQUEID_SIZE];
        HOLDS(position.end_epoch >= WHEN_EARLIEST);
        HOLDS(memchr(position.uniqueid, '\0', sizeof position.uniqueid) != NULL);
        /* As checkpoint_save writes it. */
        (void)snprintf(line, sizeof line, "%lld %s\n# a comment\n", (long long)position.end_epoch,
                       str_printable(position.uniqueid, uniqueid, sizeof uniqueid));
        HOLDS(checkpoint_parse(line, &again, &err) == 0);
        HOLDS(again.end_epoch == position.end_epoch);
    } else {
        HOLDS(*err.message != '\0');
        fuzz_printable(err.message, sizeof err.message);
    }
    free(text);
    return 0;
}
