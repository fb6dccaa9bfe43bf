/* api_graphql_routes: the profiles and their runs, for the queries getCallCenterConfig and getCallCenterSyncLogs. */
#ifndef API_GRAPHQL_ROUTES_H
#define API_GRAPHQL_ROUTES_H

#include "serve/graphql_types.h"
#include "serve/profiles.h"

/* The argument `profile`; for the runs also `pagination`. */
graphql_resolver api_graphql_config;
graphql_resolver api_graphql_configs;
graphql_resolver api_graphql_sync_logs;

/* What a mutation changes, as it will be when the commands that it began have ended. */
struct api_graphql_change {
    int64_t batch_size, days_back;
    bool is_off;
};

/* api_graphql_config_of: the configuration of a profile, as a value; NULL: the calls cannot be counted.
 * api_graphql_days_back: the whole days that the first run starts back. change NULL: nothing changes. */
struct graphql_value *api_graphql_config_of(const struct graphql_call *call, struct serve_profile *profile,
                                            const struct api_graphql_change *change, struct err *err) MUST_CHECK;
int64_t api_graphql_days_back(const struct serve_profile *profile);

/* api_graphql_log_id: the id of the log of the run that an action starts. */
char *api_graphql_log_id(struct arena *arena, const char *profile, int64_t action) MUST_CHECK;

#endif
