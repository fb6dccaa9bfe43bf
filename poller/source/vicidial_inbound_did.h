/* vicidial_inbound_did: looks up the numbers that callers dialled, in vicidial_did_log. */
#ifndef VICIDIAL_INBOUND_DID_H
#define VICIDIAL_INBOUND_DID_H

#include "source/findings.h"
#include "source/source.h"
#include "source/vicidial_enrich_lookup.h"

struct vicidial_inbound_did {
    struct session *session;
    struct enrich_lookup live, archive;
};

/* vicidial_inbound_did_init: prepares the look-up. Ownership: session is borrowed. */
void vicidial_inbound_did_init(struct vicidial_inbound_did *did, struct session *session);

/* vicidial_inbound_did_run, vicidial_inbound_did_problem: see source_enrich and source_enrich_problem. One DID may
 * route a call to another DID, so the first DID of a uniqueid counts. */
int vicidial_inbound_did_run(struct vicidial_inbound_did *did, const struct call *const *calls, size_t count,
                             source_on_enriched *on_enriched, void *context, struct err *err) MUST_CHECK;
void vicidial_inbound_did_problem(const struct vicidial_inbound_did *did, enum source_gap gap,
                                  char problem[SOURCE_PROBLEM_SIZE]);

/* vicidial_inbound_did_check: the line of `check`. */
void vicidial_inbound_did_check(struct vicidial_inbound_did *did, const struct findings *findings);

#endif
