/* check_database: the part of `check` that tests the source. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "commands/check_database.h"
#include "engine/campaigns.h"
#include "engine/leader.h"
#include "engine/resources.h"

#define CLOCK_TOLERANCE_SEC 5

static void report_finding(void *context, const struct source_finding *finding)
{
    struct check_report *report = context;
    struct err err = { .code = finding->exit_code };
    const char *remedy = finding->remedy != NULL && *finding->remedy != '\0' ? finding->remedy : NULL;
    switch (finding->kind) {
    case SOURCE_GOOD:
        check_good(report, finding->about, "%s", finding->text);
        break;
    case SOURCE_WARNS:
        if (finding->remedy == NULL)
            check_warn_message(report, finding->about, finding->text);
        else
            check_warn(report, finding->about, remedy, "%s", finding->text);
        break;
    case SOURCE_FAILS:
        (void)err_set(&err, finding->exit_code, "%s", finding->text);
        check_fail_err(report, finding->about, &err);
        break;
    }
}

static void check_clock(struct check_report *report, const struct source *source)
{
    struct err err;
    int64_t now = 0, here = clock_now_epoch();
    if (source_now(source, &now, &err) != 0)
        return;
    int64_t apart = llabs((long long)(now - here));
    if (apart > CLOCK_TOLERANCE_SEC)
        check_warn(report, "clock", "synchronize both clocks with NTP: timedatectl",
                   "the database's clock is %" PRId64 " s %s this host's; the database's clock is used", apart,
                   now > here ? "ahead of" : "behind");
}

/* A misspelled campaign selects nothing. If all are misspelled, no call would ever be sent. */
static void check_campaigns(struct check_report *report, const struct source *source, const struct settings_sync *sync)
{
    struct err err;
    struct campaigns found;
    const char *title = source->ops->title;
    if (*sync->campaigns == '\0' && *sync->exclude_campaigns == '\0')
        return;
    if (campaigns_look(source, sync, &found, &err) != 0) {
        check_warn(report, "campaigns", source->ops->campaigns_remedy, "could not be compared with those of the %s: %s",
                   title, err.message);
        return;
    }
    const char *remedy =
        found.selected > 0 ? "correct campaigns under [sync]: write each campaign ID as the source has it" : NULL;
    if (found.unknown_selected > 0 && found.unknown_selected == found.selected)
        check_fail(report, "campaigns", EX_CONFIG, remedy,
                   "the %s has no campaign %s, so no call is sent; the %s has: %s", title, found.unknown, title,
                   found.present);
    else if (found.unknown_selected > 0)
        check_warn(report, "campaigns", remedy, "the %s has no campaign %s; the %s has: %s", title, found.unknown,
                   title, found.present);
    if (*found.unknown_excluded != '\0')
        check_warn(report, "campaigns", "correct exclude_campaigns under [sync]",
                   "the %s has no campaign %s to exclude; the %s has: %s", title, found.unknown_excluded, title,
                   found.present);
    if (found.unknown_selected == 0 && *found.unknown_excluded == '\0')
        check_good(report, "campaigns", "the %s has every campaign that the settings name", title);
}

/* Without the leader's lock no run sends calls. */
static void check_leader(struct check_report *report, const struct options *options, const struct source *source)
{
    struct err err;
    char said[160];
    struct leader leader = { .state_dir = options->state_dir, .source = source };
    leader_set_profile(&leader, options->profile);
    if (leader_check(&leader, said, sizeof said, &err) != 0)
        check_fail_err(report, "leader", &err);
    else
        check_good(report, "leader", "%s", said);
}

static void count_status(void *context, const struct status_flags *status)
{
    (void)status;
    (*(int64_t *)context)++;
}

static void check_flags(struct check_report *report, const struct source *source, const struct disposition_map *map)
{
    struct err err;
    int64_t count = 0;
    if (!disposition_map_uses_flags(map))
        return;
    if (source_list_statuses(source, count_status, &count, &err) != 0)
        check_fail_err(report, "dispositions", &err);
    else
        check_good(report, "dispositions", "the flags of %" PRId64 " statuses give the results (use = flags)", count);
}

void check_database(struct check_report *report, const char *area, const struct options *options,
                    const struct config *config)
{
    struct err err;
    struct source source = { .ops = NULL };
    if (resources_connect(config, &source, &err) != 0) {
        check_fail_err(report, area, &err);
        return;
    }
    source_check(&source, report_finding, report);
    check_clock(report, &source);
    check_flags(report, &source, config->dispositions);
    check_leader(report, options, &source);
    check_campaigns(report, &source, &config->sync);
    source_close(&source);
}
