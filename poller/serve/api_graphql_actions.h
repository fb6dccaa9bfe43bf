/* api_graphql_actions: what changes something: the mutations syncCallCenterData and create-, update- and
 * deleteCallCenterConfig. Each is an action of the page, for administrators. */
#ifndef API_GRAPHQL_ACTIONS_H
#define API_GRAPHQL_ACTIONS_H

#include "serve/graphql_types.h"

/* Sends now, or with fromDate and toDate again what ended between them. */
graphql_resolver api_graphql_sync;

/* Changes the settings of a profile that differ, and enables or disables it. Keys are never set from here. A profile
 * has one configuration as long as it exists: to create one fills that of a profile that is not enabled, and to delete
 * one disables it, with its settings kept. */
graphql_resolver api_graphql_create_config;
graphql_resolver api_graphql_update_config;
graphql_resolver api_graphql_delete_config;

#endif
