/* check_api: the part of `check` that asks where calls go. */
#include "commands/check_api.h"
#include "sink/sink.h"

#define AREA "API"

static void report_health(struct check_report *report, const struct sink_health *health)
{
    switch (health->state) {
    case SINK_WORKS:
        check_good(report, AREA, "%s", health->text);
        break;
    case SINK_UNSURE:
        check_warn(report, AREA, health->remedy, "%s", health->text);
        break;
    case SINK_FAILS:
        check_fail(report, AREA, health->exit_code, health->remedy, "%s", health->text);
        break;
    }
}

void check_api(struct check_report *report, const struct config *config)
{
    struct err err;
    struct sink sink = { .ops = NULL };
    struct sink_health health;
    const struct sink_ops *kind = NULL;
    const struct sink_settings settings = { .api = &config->api, .dispositions = config->dispositions };
    if (sink_find(config->sink_type, config->sink_origin, &kind, &err) != 0 ||
        sink_open(kind, &settings, &sink, &err) != 0 || sink_check(&sink, &health, &err) != 0)
        check_fail_err(report, AREA, &err);
    else
        report_health(report, &health);
    sink_close(&sink);
}
