/* campaigns: whether the campaigns that the settings name are on the dialer. A name that is written wrong selects
 * nothing, and nobody would miss those calls. */
#ifndef CAMPAIGNS_H
#define CAMPAIGNS_H

#include <stddef.h>

#include "domain/settings.h"
#include "ledger/ledger.h"
#include "source/source.h"

struct campaigns {
    size_t selected;         /* how many `campaigns` names; 0: all are selected */
    size_t unknown_selected; /* so many of these the dialer does not have ... */
    char unknown[320];       /* ... namely "SALEZ, TEST" */
    char unknown_excluded[320]; /* the same of `exclude_campaigns` */
    char present[640];       /* those that the dialer has, as far as there is room */
};

/* campaigns_look: compares the two settings with the dialer's campaigns; asks nothing where neither is set. Errors:
 * EX_CONFIG (no right to read them, no such table), EX_UNAVAILABLE. */
int campaigns_look(const struct source *source, const struct settings_sync *settings, struct campaigns *ret_campaigns,
                   struct err *err) MUST_CHECK;

/* campaigns_warn: logs a warning for each setting that names an unknown campaign, once a day and after a change of the
 * settings. ledger: NULL: always, and nothing is noted. What cannot be found out is no error. */
void campaigns_warn(const struct source *source, struct ledger *ledger, const struct settings_sync *settings);

#endif
