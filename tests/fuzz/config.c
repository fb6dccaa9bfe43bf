/* Any text as each of the three configuration files: our own, dids.conf, astguiclient.conf. */
#include "fuzz.h"

#include "base/url.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *parts[3];
    for (int i = 0; i < 3; i++)
        parts[i] = fuzz_part(&data, &size);
    struct config_paths paths = { .own = fuzz_file("own.conf", parts[0]),
                                  .dids = fuzz_file("dids.conf", parts[1]),
                                  .astguiclient = fuzz_file("astguiclient.conf", parts[2]) };
    struct config config;
    struct config_problems problems;
    struct err err;
    struct url_rules rules = { .what = "x", .setting = "x", .exposed = "x", .place = "x" };
    config_load(&paths, &config, &problems);
    HOLDS((problems.count == 0) == (problems.code == EX_OK));
    for (int i = 0; i < problems.count; i++)
        HOLDS(*problems.texts[i] != '\0');
    if (problems.count == 0) {
        rules.allow_insecure_http = config.api.allow_insecure_http;
        HOLDS(*config.api.key != '\0' && url_check(config.api.base_url, &rules, &err) == 0);
        HOLDS(config.database.port >= 1 && config.database.port <= 65535);
        HOLDS(config.sync.batch_size >= 1 && config.api.max_concurrency >= 1 && config.api.timeout >= 1);
        const char *result = disposition_result(config.dispositions, "SALE");
        HOLDS(result != NULL && *result != '\0');
    }
    config_problems_free(&problems);
    config_free(&config);
    for (int i = 0; i < 3; i++)
        free(parts[i]);
    return 0;
}
