/* vicidial_enrich_people: data about the people in a call. For vicidial_enrich's files only. */
#ifndef VICIDIAL_ENRICH_PEOPLE_H
#define VICIDIAL_ENRICH_PEOPLE_H

#include "source/vicidial_enrich_tables.h"

/* enrich_amd: finds the result of the answering machine detection. enrich_agent: finds the agent's talk time.
 * enrich_leads: finds the fields of the lead. Errors: those of enrich_lookup_run. */
int enrich_amd(const struct enrich_pass *pass, struct err *err) MUST_CHECK;
int enrich_agent(const struct enrich_pass *pass, struct err *err) MUST_CHECK;
int enrich_leads(const struct enrich_pass *pass, struct err *err) MUST_CHECK;

#endif
