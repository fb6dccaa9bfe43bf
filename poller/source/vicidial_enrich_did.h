/* vicidial_enrich_did: the DID that VICIdial asked for. For vicidial_enrich's files only. */
#ifndef VICIDIAL_ENRICH_DID_H
#define VICIDIAL_ENRICH_DID_H

#include "source/vicidial_enrich_tables.h"

/* enrich_codes: finds the dial code of each call. enrich_dids: finds the DID of each call that has a code. Errors:
 * those of enrich_lookup_run. */
int enrich_codes(const struct enrich_pass *pass, struct err *err) MUST_CHECK;
int enrich_dids(const struct enrich_pass *pass, struct err *err) MUST_CHECK;

#endif
