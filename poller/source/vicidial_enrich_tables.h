/* vicidial_enrich_tables: the tables of the look-ups. For vicidial_enrich's files only. */
#ifndef VICIDIAL_ENRICH_TABLES_H
#define VICIDIAL_ENRICH_TABLES_H

#include "source/vicidial_enrich_batch.h"
#include "source/vicidial_enrich_lookup.h"

enum enrich_table {
    ENRICH_EXTENDED,      /* vicidial_log_extended: uniqueid to dial code */
    ENRICH_CALL_LOG,      /* call_log: the same, for calls that lost their code in a transfer */
    ENRICH_INBOUND_CODES, /* vicidial_inbound_caller_codes: the same */
    ENRICH_DIAL_CID_LOG,  /* vicidial_dial_cid_log: dial code to DID */
    ENRICH_DIAL_LOG,      /* vicidial_dial_log: the same, before schema 1657 */
    ENRICH_CARRIER,       /* vicidial_carrier_log, by lead */
    ENRICH_CARRIER_BY_ID, /* the same by uniqueid, before schema 1343 */
    ENRICH_AMD,           /* vicidial_amd_log */
    ENRICH_AGENT,         /* vicidial_agent_log */
    ENRICH_LEAD,          /* vicidial_list */
    ENRICH_TABLES
};

/* Make a copy: enrich_lookup_run changes it. By enum enrich_table. */
extern const struct enrich_lookup enrich_live_tables[ENRICH_TABLES];
extern const struct enrich_lookup enrich_archive_tables[ENRICH_TABLES];

/* One pass over the live tables, or over their archives. */
struct enrich_pass {
    struct session *session;
    struct enrich_lookup *tables; /* by enum enrich_table */
    struct enrich_batch *batch;
    bool is_archive; /* look up only calls that may be archived and were not found in the live table */
};

/* enrich_pass_run: looks up in table the calls for which wants returns true, by the key of key_of. A row may be dated
 * at most since_sec seconds before the oldest call. context is passed to on_row. Errors: those of enrich_lookup_run. */
int enrich_pass_run(const struct enrich_pass *pass, enum enrich_table table, const struct enrich_keys *keys,
                    int64_t since_sec, enrich_on_row *on_row, void *context, struct err *err) MUST_CHECK;

#endif
