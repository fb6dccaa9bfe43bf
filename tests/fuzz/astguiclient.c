/* Any text as /etc/astguiclient.conf. */
#include "fuzz.h"

#include "config/astguiclient.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const keys[] = {
        "VARDB_server", "VARDB_database", "VARDB_user", "VARDB_pass", "VARDB_port", "V"
    };
    char *text = fuzz_text(data, size);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        int line = 0;
        char *value = astguiclient_value(text, keys[i], &line);
        HOLDS(value == NULL || (line > 0 && strpbrk(value, " \t\r\n>#;=") == NULL));
        free(value);
    }
    free(text);
    return 0;
}
