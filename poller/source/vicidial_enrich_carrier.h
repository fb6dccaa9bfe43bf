/* vicidial_enrich_carrier: the carrier's result of a call. For vicidial_enrich's files only. */
#ifndef VICIDIAL_ENRICH_CARRIER_H
#define VICIDIAL_ENRICH_CARRIER_H

#include "source/vicidial_enrich_tables.h"

/* enrich_carrier: finds ENRICH_DIAL_STATUS to ENRICH_RING_TIME, preferably by the dial code. Errors: those of
 * enrich_lookup_run. */
int enrich_carrier(const struct enrich_pass *pass, struct err *err) MUST_CHECK;

#endif
