/* Any text as a point in time, in a zone that the first byte chooses. */
#include <time.h>

#include "fuzz.h"

#include "base/when.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const zones[] = { "UTC", "America/New_York", "Europe/London", "Australia/Lord_Howe" };
    static int zone = -1;
    const int64_t now = 1729771200;
    int64_t epoch = -1;
    struct err err;
    if (size == 0)
        return 0;
    if (zone != data[0] % 4) {
        zone = data[0] % 4;
        HOLDS(setenv("TZ", zones[zone], 1) == 0);
        tzset();
    }
    char *text = fuzz_text(data + 1, size - 1);
    if (when_parse(text, now, &epoch, &err) == 0)
        HOLDS(epoch >= WHEN_EARLIEST);
    else
        HOLDS(epoch == -1 && *err.message != '\0');
    free(text);
    return 0;
}
