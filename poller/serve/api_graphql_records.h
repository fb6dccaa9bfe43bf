/* api_graphql_records: the calls, for the queries getCallCenterRecords and getCallCenterRecordById. */
#ifndef API_GRAPHQL_RECORDS_H
#define API_GRAPHQL_RECORDS_H

#include "serve/graphql_types.h"

/* The arguments `pagination` and `filters`; the argument `id`. */
graphql_resolver api_graphql_records;
graphql_resolver api_graphql_record;

/* api_graphql_masked: the text; if masks is set, after api_hide. Both texts may be NULL. */
struct graphql_value *api_graphql_masked(struct arena *arena, const char *text, const char *number, bool masks);

#endif
