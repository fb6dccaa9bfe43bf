/* Any text as an INI file. */
#include "fuzz.h"

#include "config/inifile.h"

static void on_value(void *context, const char *section, const char *key, const char *value, int line)
{
    int *last = context;
    HOLDS(line > 0 && line >= *last);
    HOLDS(strlen(section) < 64 && strlen(key) <= INIFILE_MAX_LINE && strlen(value) <= INIFILE_MAX_LINE);
    HOLDS(strchr(value, '\n') == NULL && strchr(key, '\n') == NULL);
    *last = line;
}

static void on_problem(void *context, const char *section, const char *text, const char *problem, int line)
{
    int *last = context;
    HOLDS(line > 0 && line >= *last);
    HOLDS(strlen(section) < 64 && strlen(problem) > 0 && strchr(text, '\n') == NULL);
    *last = line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int line = 0;
    char *text = fuzz_text(data, size);
    inifile_read(text, &(struct inifile_reader){ .on_value = on_value, .on_problem = on_problem, .context = &line });
    free(text);
    return 0;
}
