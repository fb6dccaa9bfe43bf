/* campaigns: whether the dialer has the campaigns that the settings name. A misspelled name selects no call, and nobody
 * would notice. */
#ifndef CAMPAIGNS_H
#define CAMPAIGNS_H

#include <stddef.h>

#include "domain/settings.h"
#include "ledger/ledger.h"
#include "source/source.h"

struct campaigns {
    size_t selected;         /* number of names in `campaigns`; 0: all are selected */
    size_t unknown_selected; /* number of these that the dialer does not have ... */
    char unknown[320];       /* ... and their names: "SALEZ, TEST" */
    char unknown_excluded[320]; /* the same for `exclude_campaigns` */
    char present[640];       /* the dialer's campaigns, cut to this size */
};

/* campaigns_look: compares the two settings with the dialer's campaigns. If neither is set, sends no statement. Errors:
 * EX_CONFIG (no right to read the table, no such table), EX_UNAVAILABLE. */
int campaigns_look(const struct source *source, const struct settings_sync *settings, struct campaigns *ret_campaigns,
                   struct err *err) MUST_CHECK;

/* campaigns_warn: logs a warning for each setting that names an unknown campaign, once a day and after a change of the
 * settings. ledger NULL: always warns, and records nothing. Ignores errors. */
void campaigns_warn(const struct source *source, struct ledger *ledger, const struct settings_sync *settings);

#endif
