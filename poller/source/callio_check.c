/* callio_check: what `check` says about Callio's API. */
#include <inttypes.h>

#include "base/clock.h"
#include "source/callio_check.h"
#include "source/findings.h"

#define DAYS 7
#define DAY 86400

static void check_tenant(const struct callio_scan *scan, struct callio_tenant *tenant, const struct findings *findings)
{
    static const struct source_finding good = { .kind = SOURCE_GOOD, .about = "Callio" };
    static const struct source_finding none = {
        .kind = SOURCE_WARNS, .about = "calls",
        .remedy = "check that the account may see all calls, unless nobody called",
    };
    struct source_finding failed = { .kind = SOURCE_FAILS, .about = "Callio" };
    const struct callio_list list = callio_scan_list(scan, tenant);
    int64_t now = clock_now_epoch(), count = 0;
    struct err err;
    if (callio_list_count(&list, (now - DAYS * DAY) * 1000, now * 1000, &count, &err) != 0) {
        failed.exit_code = err.code;
        findings_tell(findings, failed, "%s", err.message);
        return;
    }
    if (count == 0)
        findings_tell(findings, none, "Callio lists no call of the tenant %s in the last %d days", tenant->name, DAYS);
    else if (count < 0)
        findings_tell(findings, good, "%s answers the tenant %s", callio_client_address(scan->client), tenant->name);
    else
        findings_tell(findings, good, "%s answers the tenant %s, and counts %" PRId64 " calls of the last %d days",
                      callio_client_address(scan->client), tenant->name, count, DAYS);
}

void callio_check_run(struct callio_scan *scan, source_on_finding *on_finding, void *context)
{
    const struct findings findings = { .on_finding = on_finding, .context = context };
    for (size_t i = 0; i < scan->tenants.count; i++)
        check_tenant(scan, &scan->tenants.items[i], &findings);
}
