/* vicidial_enrich: looks up data of a call in other tables of the dialer: the shown DID, the carrier's result, the
 * agent's talk time, and fields of the lead. Each look-up is a short statement by key; no statement joins tables. */
#ifndef VICIDIAL_ENRICH_H
#define VICIDIAL_ENRICH_H

#include <stddef.h>

#include "base/err.h"
#include "domain/call.h"
#include "domain/settings.h"
#include "source/findings.h"
#include "source/session.h"
#include "source/source.h"

struct vicidial_enrich;

/* vicidial_enrich_open: both are borrowed. Ownership: vicidial_enrich_close. */
struct vicidial_enrich *vicidial_enrich_open(struct session *session, const struct settings_enrich *settings);
void vicidial_enrich_close(struct vicidial_enrich *enrich);

/* vicidial_enrich_is_on, vicidial_enrich_run, vicidial_enrich_problem: see source_enriches, source_enrich and
 * source_enrich_problem. */
bool vicidial_enrich_is_on(const struct vicidial_enrich *enrich);
int vicidial_enrich_run(struct vicidial_enrich *enrich, const struct call *const *calls, size_t count,
                        source_on_enriched *on_enriched, void *context, struct err *err) MUST_CHECK;
void vicidial_enrich_problem(const struct vicidial_enrich *enrich, enum source_gap gap,
                             char problem[SOURCE_PROBLEM_SIZE]);

/* vicidial_enrich_check: a line of `check` for each field. */
void vicidial_enrich_check(struct vicidial_enrich *enrich, const struct findings *findings);

#endif
