/* api_graphql_schema: the types of /graphql, with the names that call-centre dashboards ask for. */
#include "serve/api_graphql_actions.h"
#include "serve/api_graphql_records.h"
#include "serve/api_graphql_routes.h"
#include "serve/api_graphql_schema.h"
#include "serve/api_runs.h"

/* ---- what clients give ---- */

static const struct graphql_argument pagination_inputs[] = {
    { "page", "Int", "1", "Counted from 1." },
    { "limit", "Int", NULL, "Calls on a page; the same as pageSize." },
    { "pageSize", "Int", NULL, "Calls on a page, at most 1000." },
    { "sortBy", "String", NULL, "endTime, duration, callStatus, disposition, campaign, agent or number." },
    { "sortOrder", "Word", NULL, "ASC or DESC." },
    { .name = NULL }
};
static const struct graphql_argument filter_inputs[] = {
    { "profile", "String", NULL, "The route; without it all of them." },
    { "direction", "CallDirection", NULL, NULL },
    { "disposition", "Word", NULL, "The phone system's own status, or the agent's." },
    { "status", "Word", NULL, "The same." },
    { "callStatus", "Word", NULL, "The result that was sent: answered, busy, ..." },
    { "result", "Word", NULL, "The same." },
    { "campaign", "String", NULL, NULL },
    { "agent", "String", NULL, NULL },
    { "state", "Word", NULL, "accepted, pending, waiting, rejected or discarded." },
    { "recording", "Word", NULL, "stored, pending, rejected or none." },
    { "search", "String", NULL, "A number, or its beginning or end." },
    { "number", "String", NULL, "The same." },
    { "callerIdNumber", "String", NULL, "The same." },
    { "destinationNumber", "String", NULL, "The same." },
    { "domain", "String", NULL, "Of a hosted phone system." },
    { "from", "DateTime", NULL, "Calls that ended then or later." },
    { "to", "DateTime", NULL, "Calls that ended then or earlier; a day means its end." },
    { "startDateFrom", "DateTime", NULL, "The same as from." },
    { "startDateTo", "DateTime", NULL, "The same as to." },
    { .name = NULL }
};
static const struct graphql_argument config_inputs[] = {
    { "apiUrl", "String", NULL, "Only the present one: another one is set on the host." },
    { "domain", "String", NULL, "The same." },
    { "apiKey", "String", NULL, "Refused: keys are set on the host." },
    { "syncMode", "CallCenterSyncMode", NULL, NULL },
    { "cronExpression", "String", NULL, "Only * * * * *." },
    { "isActive", "Boolean", NULL, "Whether calls are sent." },
    { "defaultDaysBack", "Int", NULL, "Where the first run begins." },
    { "batchSize", "Int", NULL, NULL },
    { .name = NULL }
};
static const struct graphql_argument sync_inputs[] = {
    { "configId", "String", NULL, "The profile; without it the first one." },
    { "fromDate", "String", NULL, "Sends what ended from then on and is not accepted yet; needs toDate." },
    { "toDate", "String", NULL, "The end of that time; a day counts to its end. Needs fromDate." },
    { "fullSync", "Boolean", "false", "Needs fromDate and toDate. Accepted calls are not sent again." },
    { .name = NULL }
};

/* ---- what they get ---- */

#define PLAIN(name, type) { name, type, NULL, NULL, NULL }
#define SAYS(name, type, text) { name, type, text, NULL, NULL }
#define END { .name = NULL }
#define FROM_TABLE "From the table of the sink records in SQLite; in getCallCenterRecordById only."

static const struct graphql_field record_fields[] = {
    SAYS("id", "ID!", "PROFILE/UUID"),
    SAYS("uuid", "String!", "The phone system's id of the call."),
    SAYS("externalUuid", "String!", "The same."),
    PLAIN("profile", "String!"),
    PLAIN("direction", "CallDirection"),
    PLAIN("callerId", "String"),
    PLAIN("callerName", "String"),
    PLAIN("destination", "String"),
    PLAIN("callerIdNumber", "String"),
    PLAIN("outboundCallerIdNumber", "String"),
    PLAIN("destinationNumber", "String"),
    SAYS("number", "String", "Of the customer."),
    PLAIN("agent", "String"),
    PLAIN("campaign", "String"),
    SAYS("startEpoch", "String", "Seconds."),
    SAYS("answerEpoch", "String", FROM_TABLE),
    PLAIN("endEpoch", "String"),
    PLAIN("startTime", "DateTime"),
    SAYS("answerTime", "DateTime", FROM_TABLE),
    PLAIN("endTime", "DateTime"),
    SAYS("duration", "String", "Seconds."),
    SAYS("billsec", "String", FROM_TABLE),
    SAYS("disposition", "String", "The phone system's own status, or the agent's."),
    SAYS("callStatus", "String", "The result that was sent: answered, busy, ..."),
    PLAIN("sipHangupDisposition", "String"),
    SAYS("recordPath", "String", "Where this server plays the recording."),
    SAYS("recordingPath", "String", "The same."),
    SAYS("recording", "String!", "stored, pending, rejected or none."),
    SAYS("googleDriveUrl", "String", FROM_TABLE),
    PLAIN("domain", "String"),
    SAYS("rawData", "String", FROM_TABLE),
    SAYS("state", "String!", "accepted, pending, waiting, rejected or discarded."),
    SAYS("reason", "String", "Why it was not accepted."),
    SAYS("answerCode", "Int", "Of the last attempt to send it."),
    PLAIN("retryCount", "Int"),
    SAYS("syncedAt", "DateTime", "When it was accepted."),
    PLAIN("createdAt", "DateTime"),
    PLAIN("updatedAt", "DateTime"),
    END
};
static const struct graphql_field page_info_fields[] = {
    PLAIN("currentPage", "Int!"),  PLAIN("pageSize", "Int!"),        PLAIN("totalPages", "Int!"),
    PLAIN("totalItems", "Int!"),   PLAIN("hasNextPage", "Boolean!"), PLAIN("hasPreviousPage", "Boolean!"),
    END
};
static const struct graphql_field page_fields[] = { PLAIN("items", "[CallCenterRecord!]!"),
                                                    PLAIN("pagination", "CallCenterRecordPaginationInfo!"),
                                                    PLAIN("total", "Int!"),
                                                    PLAIN("pages", "Int!"),
                                                    END };
static const struct graphql_field config_fields[] = {
    SAYS("id", "ID!", "The profile's name."),
    PLAIN("profile", "String!"),
    PLAIN("apiUrl", "String!"),
    PLAIN("domain", "String!"),
    SAYS("apiKey", "String", "Always null: no key leaves the host."),
    PLAIN("source", "String"),
    PLAIN("sink", "String"),
    PLAIN("recordings", "String"),
    PLAIN("syncMode", "CallCenterSyncMode!"),
    PLAIN("cronExpression", "String"),
    SAYS("isActive", "Boolean!", "Whether calls are sent."),
    PLAIN("defaultDaysBack", "Int!"),
    PLAIN("batchSize", "Int!"),
    PLAIN("retentionDays", "Int!"),
    PLAIN("masksNumbers", "Boolean!"),
    PLAIN("pending", "Int!"),
    PLAIN("waiting", "Int!"),
    PLAIN("rejected", "Int!"),
    PLAIN("lastSyncAt", "DateTime"),
    PLAIN("lastSyncStatus", "String"),
    PLAIN("lastSyncError", "String"),
    PLAIN("totalRecordsSynced", "Int!"),
    SAYS("problem", "String", "Why the settings cannot be read."),
    PLAIN("createdAt", "DateTime"),
    PLAIN("updatedAt", "DateTime"),
    END
};
static const struct graphql_field log_fields[] = {
    SAYS("id", "ID!", "PROFILE/NUMBER, or PROFILE/action-NUMBER if this page started the run."),
    PLAIN("configId", "String!"),
    PLAIN("kind", "String!"),
    PLAIN("syncType", "CallCenterSyncMode!"),
    SAYS("status", "String!", "running, completed, partial or failed."),
    PLAIN("outcome", "String!"),
    SAYS("fromDate", "DateTime", "Of a backfill that this page started."),
    SAYS("toDate", "DateTime", "The same."),
    PLAIN("recordsFetched", "Int"),
    PLAIN("totalRecords", "Int"),
    PLAIN("recordsCreated", "Int"),
    PLAIN("successCount", "Int"),
    PLAIN("recordsUpdated", "Int"),
    PLAIN("recordsSkipped", "Int"),
    PLAIN("recordsFailed", "Int"),
    PLAIN("failedCount", "Int"),
    PLAIN("recordsPending", "Int"),
    PLAIN("recordsWaiting", "Int"),
    PLAIN("recordsRejected", "Int"),
    PLAIN("errorMessage", "String"),
    PLAIN("exitCode", "Int"),
    PLAIN("startedAt", "DateTime!"),
    PLAIN("completedAt", "DateTime"),
    SAYS("duration", "Int", "Milliseconds."),
    PLAIN("createdAt", "DateTime!"),
    PLAIN("updatedAt", "DateTime"),
    END
};
static const struct graphql_field sync_fields[] = {
    PLAIN("success", "Boolean!"),
    PLAIN("message", "String!"),
    SAYS("syncLogId", "String", "The id of the run's log in getCallCenterSyncLogs."),
    PLAIN("recordsFetched", "Int!"),
    PLAIN("recordsCreated", "Int!"),
    PLAIN("recordsUpdated", "Int!"),
    PLAIN("recordsSkipped", "Int!"),
    PLAIN("totalFetched", "Int!"),
    PLAIN("error", "String"),
    END
};

/* ---- the operations ---- */

static const struct graphql_argument records_arguments[] = { { "pagination", "PaginationInput", NULL, NULL },
                                                             { "filters", "CallCenterRecordFiltersInput", NULL, NULL },
                                                             END };
static const struct graphql_argument logs_arguments[] = {
    { "pagination", "PaginationInput", NULL, NULL },
    { "profile", "String", NULL, "Without it the first one." },
    { "kind", "String", NULL, API_RUNS_KINDS "." },
    { "id", "String", NULL, "Only this log, even before its run has begun." },
    END
};
static const struct graphql_argument profile_arguments[] = { { "profile", "String", NULL, "Without it the first one." },
                                                             END };
static const struct graphql_argument id_arguments[] = { { "id", "String!", NULL, NULL }, END };
static const struct graphql_argument create_arguments[] = { { "input", "CreateCallCenterConfigInput!", NULL, NULL },
                                                            { "profile", "String", NULL, NULL },
                                                            END };
static const struct graphql_argument update_arguments[] = { { "id", "String!", NULL, "The profile's name." },
                                                            { "input", "UpdateCallCenterConfigInput!", NULL, NULL },
                                                            END };
static const struct graphql_argument sync_arguments[] = { { "input", "SyncCallCenterInput", NULL, NULL }, END };

static const struct graphql_field query_fields[] = {
    { "getCallCenterRecords", "PaginatedCallCenterRecords!", "A page of calls, newest first.", records_arguments,
      api_graphql_records },
    { "getCallCenterRecordById", "CallCenterRecord", "One call.", id_arguments, api_graphql_record },
    { "getCallCenterSyncLogs", "[CallCenterSyncLog!]!", "The runs of a profile, newest first.", logs_arguments,
      api_graphql_sync_logs },
    { "getCallCenterConfig", "CallCenterConfig", "A profile and how it is.", profile_arguments, api_graphql_config },
    { "getCallCenterConfigs", "[CallCenterConfig!]!", "All profiles of this host.", NULL, api_graphql_configs },
    END
};
static const struct graphql_field mutation_fields[] = {
    { "syncCallCenterData", "SyncCallCenterResponse!",
      "Sends now, or what ended between two times and is not accepted yet.", sync_arguments, api_graphql_sync },
    { "createCallCenterConfig", "CallCenterConfig!", "Fills the settings of a profile that is not enabled yet, "
      "and shows them as they will be.",
      create_arguments, api_graphql_create_config },
    { "updateCallCenterConfig", "CallCenterConfig!", "Changes settings of a profile, and shows them as they will be.",
      update_arguments, api_graphql_update_config },
    { "deleteCallCenterConfig", "CallCenterConfig!", "Disables a profile; its settings stay.", id_arguments,
      api_graphql_delete_config },
    END
};

static const struct graphql_enum_value directions[] = { { "INBOUND", NULL },
                                                        { "OUTBOUND", NULL },
                                                        { "LOCAL", "Between extensions." },
                                                        END };
static const struct graphql_enum_value modes[] = { { "MANUAL", "Only when somebody asks." },
                                                   { "SCHEDULED", "Each minute." },
                                                   END };

static const struct graphql_type types[] = {
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "Query", .fields = query_fields },
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "Mutation", .fields = mutation_fields },
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "CallCenterRecord", .fields = record_fields },
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "PaginatedCallCenterRecords", .fields = page_fields },
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "CallCenterRecordPaginationInfo", .fields = page_info_fields },
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "CallCenterConfig", .fields = config_fields },
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "CallCenterSyncLog", .fields = log_fields },
    { .kind = GRAPHQL_OBJECT_TYPE, .name = "SyncCallCenterResponse", .fields = sync_fields },
    { .kind = GRAPHQL_INPUT, .name = "PaginationInput", .inputs = pagination_inputs },
    { .kind = GRAPHQL_INPUT, .name = "CallCenterRecordFiltersInput", .inputs = filter_inputs },
    { .kind = GRAPHQL_INPUT, .name = "CreateCallCenterConfigInput", .inputs = config_inputs },
    { .kind = GRAPHQL_INPUT, .name = "UpdateCallCenterConfigInput", .inputs = config_inputs },
    { .kind = GRAPHQL_INPUT, .name = "SyncCallCenterInput", .inputs = sync_inputs },
    { .kind = GRAPHQL_ENUM, .name = "CallDirection", .values = directions },
    { .kind = GRAPHQL_ENUM, .name = "CallCenterSyncMode", .values = modes },
    { .kind = GRAPHQL_SCALAR,
      .name = "DateTime",
      .scalar = GRAPHQL_IS_TIME,
      .description = "A time, 2024-10-24T12:00:00+02:00; given, it may also be a day or an epoch in seconds." },
    { .kind = GRAPHQL_SCALAR,
      .name = "Word",
      .scalar = GRAPHQL_IS_WORD,
      .description = "A text that may be written without quotes." },
    END
};

const struct graphql_schema api_graphql_schema = { "The calls of this host's phone systems.", types, "Query",
                                                   "Mutation" };
