/* Any text as the older script's checkpoint, a file that others could have written. */
#include "fuzz.h"

#include "base/when.h"
#include "ledger/legacy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int64_t now = 1729771200;
    struct err err;
    char *text = fuzz_text(data, size);
    struct legacy legacy = legacy_load(fuzz_file("legacy", text), now, &err);
    if (legacy.found)
        HOLDS(legacy.position.end_epoch >= WHEN_EARLIEST && legacy.position.end_epoch <= now);
    else
        HOLDS(*text == '\0' || *err.message != '\0');
    free(text);
    return 0;
}
