/* Any table of dispositions: STATUS, RESULT, STATUS, RESULT ... and then a status to look up. */
#include "fuzz.h"

#include "domain/disposition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char known[] = " answered dnc no_answer busy dropped completed failed ";
    struct disposition_map *map = disposition_map_new();
    char *status = fuzz_part(&data, &size);
    for (int i = 0; i < 20 && size > 0; i++) {
        char *result = fuzz_part(&data, &size);
        struct err err;
        if (disposition_map_set(map, status, result, &err) != 0)
            HOLDS(err.code == EX_CONFIG && *err.message != '\0');
        free(result);
        free(status);
        status = fuzz_part(&data, &size);
    }
    const char *result = disposition_result(map, status);
    char word[40];
    HOLDS(snprintf(word, sizeof word, " %s ", result) < (int)sizeof word && strstr(known, word) != NULL);
    free(status);
    disposition_map_free(map);
    return 0;
}
