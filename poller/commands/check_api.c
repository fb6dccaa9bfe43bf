/* check_api: the part of `check` that tests the sink. */
#include "commands/check_api.h"
#include "engine/route.h"
#include "sink/sink.h"

static void report_health(struct check_report *report, const char *area, const struct sink_health *health)
{
    switch (health->state) {
    case SINK_WORKS:
        check_good(report, area, "%s", health->text);
        break;
    case SINK_UNSURE:
        check_warn(report, area, health->remedy, "%s", health->text);
        break;
    case SINK_FAILS:
        check_fail(report, area, health->exit_code, health->remedy, "%s", health->text);
        break;
    }
}

void check_api(struct check_report *report, const struct options *options, const struct config *config,
               const struct sink_ops *kind)
{
    struct err err;
    struct sink sink = { .ops = NULL };
    struct sink_health health;
    const struct sink_settings settings = route_sink_settings(config, options->state_dir, options->profile_option);
    bool is_open = sink_open(kind, &settings, &sink, &err) == 0;
    if (!is_open)
        route_name_file(&options->config, &err);
    if (!is_open || sink_check(&sink, &health, &err) != 0)
        check_fail_err(report, kind->title, &err);
    else
        report_health(report, kind->title, &health);
    if (kind->uses_api && config->sync.resend_changed != RESEND_NO)
        check_good(report, kind->title, "resend_changed = %s: a call is sent again when %s changes. The API's "
                   "published server stores it as a second record and counts its DID again",
                   config->sync.resend_changed == RESEND_FINAL ? "final" : "yes",
                   config->sync.resend_changed == RESEND_FINAL ? "its final status" : "its row");
    sink_close(&sink);
}
