/* vicidial_enrich_tables: the tables of the look-ups. */
#include "source/stretch.h"
#include "source/vicidial_enrich_tables.h"
#include "source/vicidial_table.h"

#define LOCAL_SEC TABLE_LOCAL_SEC
#define NEW_CARRIER "dialstatus, hangup_cause, sip_hangup_cause, sip_hangup_reason, dial_time, answered_time"
#define OLD_CARRIER "dialstatus, hangup_cause, NULL, NULL, dial_time, answered_time"

/* Sources: VICIdial's MySQL_AST_CREATE_tables.sql; upgrade_2.4.sql and upgrade_2.6.sql for the older columns. */
#define TABLES(suffix)                                                                                                 \
    {                                                                                                                  \
        [ENRICH_EXTENDED] = { .table = "vicidial_log_extended" suffix, .columns = "uniqueid, caller_code, NULL",       \
                              .key = "uniqueid", .index = "PRIMARY" },                                                 \
        [ENRICH_CALL_LOG] = { .table = "call_log" suffix, .columns = "uniqueid, caller_code, NULL",                    \
                              .key = "uniqueid", .index = "PRIMARY" },                                                 \
        [ENRICH_INBOUND_CODES] = { .table = "vicidial_inbound_caller_codes" suffix,                                    \
                                   .columns = "uniqueid, prev_caller_code, " LOCAL_SEC,                                \
                                   .key = "uniqueid", .index = "uniqueid" },                                           \
        [ENRICH_DIAL_CID_LOG] = { .table = "vicidial_dial_cid_log" suffix,                                             \
                                  .columns = "caller_code, outbound_cid, " LOCAL_SEC,                                  \
                                  .key = "caller_code", .index = "caller_code", .date = "call_date" },                 \
        [ENRICH_DIAL_LOG] = { .table = "vicidial_dial_log" suffix,                                                     \
                              .columns = "caller_code, outbound_cid, " LOCAL_SEC ", sip_hangup_cause",                 \
                              .older_columns = "caller_code, outbound_cid, " LOCAL_SEC ", NULL",                       \
                              .key = "caller_code", .index = "caller_code", .date = "call_date" },                     \
        [ENRICH_CARRIER] = { .table = "vicidial_carrier_log" suffix,                                                   \
                             .columns = "uniqueid, lead_id, caller_code, " NEW_CARRIER,                                \
                             .key = "lead_id", .index = "lead_id", .date = "call_date" },                              \
        [ENRICH_CARRIER_BY_ID] = { .table = "vicidial_carrier_log" suffix,                                             \
                                   .columns = "uniqueid, lead_id, NULL, " NEW_CARRIER,                                 \
                                   .older_columns = "uniqueid, lead_id, NULL, " OLD_CARRIER,                           \
                                   .key = "uniqueid", .index = "PRIMARY" },                                            \
        [ENRICH_AMD] = { .table = "vicidial_amd_log" suffix, .columns = "lead_id, uniqueid, AMDSTATUS",                \
                         .key = "lead_id", .index = "lead_id", .date = "call_date" },                                  \
        [ENRICH_AGENT] = { .table = "vicidial_agent_log" suffix,                                                       \
                           .columns = "lead_id, uniqueid, talk_sec, dead_sec, dispo_epoch",                            \
                           .older_columns = "lead_id, uniqueid, talk_sec, NULL, dispo_epoch",                          \
                           .key = "lead_id", .index = "lead_id", .date = "event_time" },                               \
        [ENRICH_LEAD] = { .table = "vicidial_list" suffix,                                                             \
                          .columns = "lead_id, state, postal_code, vendor_lead_code",                                  \
                          .key = "lead_id", .index = "PRIMARY" },                                                      \
    }

const struct enrich_lookup enrich_live_tables[ENRICH_TABLES] = TABLES("");
const struct enrich_lookup enrich_archive_tables[ENRICH_TABLES] = TABLES("_archive");

int enrich_pass_run(const struct enrich_pass *pass, enum enrich_table table, const struct enrich_keys *keys,
                    int64_t since_sec, enrich_on_row *on_row, void *context, struct err *err)
{
    char since[STRETCH_DATETIME_SIZE];
    int64_t from = pass->batch->oldest_sec > since_sec ? pass->batch->oldest_sec - since_sec : 0;
    const struct enrich_request request = { .keys = keys->keys, .count = keys->count,
                                            .since = stretch_datetime(from, since) };
    return enrich_lookup_run(pass->session, &pass->tables[table], &request, on_row, context, err);
}
