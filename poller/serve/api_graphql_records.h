/* api_graphql_records: the calls, for the queries getCallCenterRecords and getCallCenterRecordById. */
#ifndef API_GRAPHQL_RECORDS_H
#define API_GRAPHQL_RECORDS_H

#include "serve/graphql_types.h"

/* The arguments `pagination` and `filters`; the argument `id`. */
graphql_resolver api_graphql_records;
graphql_resolver api_graphql_record;

#endif
