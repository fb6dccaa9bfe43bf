/* pbx_check: what `check` says about the API of a hosted PBX. */
#include <inttypes.h>

#include "base/clock.h"
#include "source/findings.h"
#include "source/pbx_check.h"
#include "source/pbx_verify.h"

/* Clocks may differ by this much without a word. */
#define CLOCK_SEC 60

/* Time zones differ by quarters of an hour; all that are met differ by half an hour at least. */
#define ZONE_STEP_MIN 25

static void check_calls(const struct pbx_pages *pages, const struct pbx_verified *verified,
                        const struct findings *findings)
{
    static const struct source_finding good = { .kind = SOURCE_GOOD, .about = "calls" };
    static const struct source_finding none = {
        .kind = SOURCE_WARNS, .about = "calls", .remedy = "check domain under [source], unless nobody called",
    };
    char local[CLOCK_TEXT_SIZE];
    if (verified->newest == 0)
        findings_tell(findings, none, "the PBX lists no call of the domain %s in the last 2 days", pages->domain);
    else
        findings_tell(findings, good, "the PBX lists calls of the domain %s, in the %s shape; one of the latest "
                      "began at %s", pages->domain, pages->seen == PBX_DOCUMENTED ? "documented" : "epoch",
                      clock_local(verified->newest, local, sizeof local));
}

/* The documented shape may name local times, which a wrong time zone moves by hours. But the uuid of a call has the
 * time of its making in UTC, and no call begins in the future. */
static void check_times(const struct pbx_verified *verified, const struct findings *findings)
{
    static const struct source_finding wrong = {
        .kind = SOURCE_WARNS, .about = "time zone", .remedy = "correct time_zone under [source], or the PBX's clock",
    };
    int64_t off = verified->made != 0 ? verified->newest - verified->made : verified->newest - clock_now_epoch();
    int64_t minutes = (off < 0 ? -off : off) / 60;
    bool is_off = verified->made != 0 ? minutes >= ZONE_STEP_MIN : off > 0 && minutes >= ZONE_STEP_MIN;
    if (verified->newest == 0 || !is_off)
        return;
    if (verified->made != 0)
        findings_tell(findings, wrong, "one of the latest calls began %" PRId64 " h %" PRId64
                      " min %s its uuid was made", minutes / 60, minutes % 60, off > 0 ? "after" : "before");
    else
        findings_tell(findings, wrong, "one of the latest calls began %" PRId64 " h %" PRId64 " min in the future",
                      minutes / 60, minutes % 60);
}

static void check_zone(const struct pbx_pages *pages, const struct pbx_verified *verified,
                       const struct findings *findings)
{
    static const struct source_finding good = { .kind = SOURCE_GOOD, .about = "time zone" };
    static const struct source_finding unknown = {
        .kind = SOURCE_WARNS, .about = "time zone", .remedy = "run check again after a call",
    };
    const char *name = *pages->zone->name != '\0' ? pages->zone->name : "of this host";
    if (!verified->zone_fits)
        findings_tell(findings, unknown, "the time zone %s (time_zone) could not be tested without a call", name);
    else if (pages->seen == PBX_DOCUMENTED)
        findings_tell(findings, good, "requests name days only, so runs ask for a day more at both ends; times "
                      "without an offset are read in the zone %s (time_zone)", name);
    else
        findings_tell(findings, good, "the PBX finds a call by its time in the zone %s (time_zone)", name);
}

static void check_clock(const struct pbx_pages *pages, const struct findings *findings)
{
    static const struct source_finding good = { .kind = SOURCE_GOOD, .about = "clock" };
    static const struct source_finding wrong = {
        .kind = SOURCE_WARNS, .about = "clock",
        .remedy = "set this host's clock by NTP, or tell the PBX's provider; until then calls may be sent late",
    };
    int64_t ahead = 0;
    if (!pbx_client_ahead(pages->client, &ahead))
        return;
    if (ahead >= -CLOCK_SEC && ahead <= CLOCK_SEC)
        findings_tell(findings, good, "this host's clock and the PBX's agree (%+" PRId64 " s)", ahead);
    else
        findings_tell(findings, wrong, "this host's clock is %" PRId64 " s %s the PBX's", ahead > 0 ? ahead : -ahead,
                      ahead > 0 ? "ahead of" : "behind");
}

void pbx_check_run(struct pbx_pages *pages, source_on_finding *on_finding, void *context)
{
    static const struct source_finding good = { .kind = SOURCE_GOOD, .about = "PBX" };
    const struct findings findings = { .on_finding = on_finding, .context = context };
    struct source_finding failed = { .kind = SOURCE_FAILS, .about = "PBX" };
    struct pbx_verified verified;
    struct err err;
    if (pbx_verify(pages, &verified, &err) != 0) {
        failed.exit_code = err.code;
        findings_tell(&findings, failed, "%s", err.message);
        return;
    }
    findings_tell(&findings, good, "%s answers, and accepts the account; not tested: the account's right to all calls",
                  pbx_client_address(pages->client));
    check_calls(pages, &verified, &findings);
    check_zone(pages, &verified, &findings);
    check_times(&verified, &findings);
    check_clock(pages, &findings);
}
