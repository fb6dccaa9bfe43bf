/* check_database: the part of `check` that asks the dialer's database. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "commands/check_database.h"
#include "engine/campaigns.h"
#include "engine/leader.h"
#include "source/source.h"

/* Clocks that differ by less are of no consequence. */
#define CLOCKS_DIFFER_SEC 5

static const char *const no_call[] = { "" }; /* reading it costs nothing, and shows whether calls may be read */

static void check_server(struct check_report *report, struct source *source)
{
    struct source_facts facts = source_facts(source);
    check_good(report, "database", "connected to %s", facts.server);
    if (*facts.missing_protections != '\0')
        check_warn(report, "database", "MariaDB 10.1 and MySQL 5.7.8 have it",
                   "this server is too old for %s; calls are sent all the same", facts.missing_protections);
}

static void check_table(struct check_report *report, struct source *source)
{
    struct err err;
    struct source_facts facts = source_facts(source);
    check_good(report, "table", "vicidial_log has what is needed; reads use the index %s", facts.index);
    if (*facts.missing_columns != '\0')
        check_warn(report, "table", NULL, "this VICIdial is too old for %s; null is sent instead", facts.missing_columns);
    if (source_fetch(source, SOURCE_LIVE, no_call, 1, NULL, NULL, &err) != 0)
        check_fail_err(report, "table", &err);
    else
        check_good(report, "table", "SELECT is granted");
}

static void check_zone(struct check_report *report, const struct zone *zone)
{
    char names[ZONE_NAMES_SIZE], problem[ZONE_PROBLEM_SIZE];
    if (*zone_problem(zone, problem) != '\0')
        check_warn_message(report, "time zone", problem);
    else
        check_good(report, "time zone", "call_date is written in %s", zone_names(zone, names));
}

static void check_archive(struct check_report *report, struct source *source)
{
    struct err err;
    if (source_fetch(source, SOURCE_ARCHIVE, no_call, 1, NULL, NULL, &err) == 0 &&
        *source_archive_problem(source) != '\0')
        check_warn(report, "table", "until then pending calls whose rows move to the archive cannot be sent", "%s",
                   source_archive_problem(source));
}

static void check_clock(struct check_report *report, struct source *source)
{
    struct err err;
    int64_t now = 0, here = clock_now_epoch();
    if (source_now_epoch(source, &now, &err) != 0)
        return;
    int64_t apart = llabs((long long)(now - here));
    if (apart > CLOCKS_DIFFER_SEC)
        check_warn(report, "clock", "set both by NTP: timedatectl",
                   "the database's clock is %" PRId64 " s %s this host's; the database's is used", apart,
                   now > here ? "ahead of" : "behind");
}

/* A name that is written wrong selects nothing; where none is right, nothing at all would ever be sent. */
static void check_campaigns(struct check_report *report, struct source *source, const struct settings_sync *sync)
{
    struct err err;
    struct campaigns found;
    if (*sync->campaigns == '\0' && *sync->exclude_campaigns == '\0')
        return;
    if (campaigns_look(source, sync, &found, &err) != 0) {
        check_warn(report, "campaigns", "let this user read them: GRANT SELECT (campaign_id) ON vicidial_campaigns",
                   "cannot be looked for: %s", err.message);
        return;
    }
    const char *remedy = found.selected > 0 ? "correct campaigns under [sync]; the setting has to name them as the dialer does"
                                            : NULL;
    if (found.unknown_selected > 0 && found.unknown_selected == found.selected)
        check_fail(report, "campaigns", EX_CONFIG, remedy, "the dialer has no campaign %s, so no call at all is sent; it has: %s",
                   found.unknown, found.present);
    else if (found.unknown_selected > 0)
        check_warn(report, "campaigns", remedy, "the dialer has no campaign %s; it has: %s", found.unknown, found.present);
    if (*found.unknown_excluded != '\0')
        check_warn(report, "campaigns", "correct exclude_campaigns under [sync]",
                   "the dialer has no campaign %s to exclude; it has: %s", found.unknown_excluded, found.present);
    if (found.unknown_selected == 0 && *found.unknown_excluded == '\0')
        check_good(report, "campaigns", "the dialer has each one that the settings name");
}

/* Without it no run sends anything. */
static void check_leader(struct check_report *report, const struct options *options,
                         const struct settings_database *database, struct source *source)
{
    struct err err;
    char said[160];
    struct leader leader = { .state_dir = options->state_dir, .session = source_session(source) };
    leader_lock_name(database->name, options->profile, leader.lock);
    if (leader_check(&leader, said, sizeof said, &err) != 0)
        check_fail_err(report, "leader", &err);
    else
        check_good(report, "leader", "%s", said);
}

void check_database(struct check_report *report, const struct options *options,
                    const struct settings_database *database, const struct settings_sync *sync)
{
    struct err err;
    struct source *source = NULL;
    if (source_connect(database, sync, &source, &err) != 0) {
        check_fail_err(report, "database", &err);
        return;
    }
    check_server(report, source);
    if (source_inspect(source, &err) != 0) {
        check_fail_err(report, "table", &err);
    } else {
        check_table(report, source);
        check_zone(report, source_zone(source));
        check_archive(report, source);
    }
    check_clock(report, source);
    check_leader(report, options, database, source);
    check_campaigns(report, source, sync);
    source_close(source);
}
