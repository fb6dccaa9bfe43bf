/* api_graphql_routes: the profiles and their runs, for the queries getCallCenterConfig and getCallCenterSyncLogs. */
#ifndef API_GRAPHQL_ROUTES_H
#define API_GRAPHQL_ROUTES_H

#include "serve/graphql_types.h"
#include "serve/profiles.h"

/* The argument `profile`; for the runs also `pagination`. */
graphql_resolver api_graphql_config;
graphql_resolver api_graphql_configs;
graphql_resolver api_graphql_sync_logs;

/* api_graphql_config_of: the configuration of a profile, as a value; NULL: the calls cannot be counted. */
struct graphql_value *api_graphql_config_of(const struct graphql_call *call, struct serve_profile *profile,
                                            struct err *err) MUST_CHECK;

#endif
