/* route: the source and the sink that the settings name, and the settings that only these two kinds know. */
#ifndef ROUTE_H
#define ROUTE_H

#include "config/config.h"
#include "sink/sink.h"
#include "source/source.h"

/* Where a kind is not known, NULL. */
struct route_kinds {
    const struct source_ops *source;
    const struct sink_ops *sink;
};

/* route_load: config_load; finds both kinds, checks that each knows its settings, and reads the files that hold their
 * secrets. Reads only what these kinds need. Call this while the process may read what only root may read. Ownership: as
 * config_load. */
void route_load(const struct config_paths *paths, struct config *ret_config, struct route_kinds *ret_kinds,
                struct config_problems *ret_problems);

/* route_is_set_up: whether there is a route: a key where the sink needs one. */
bool route_is_set_up(const struct config_paths *paths);

/* route_hide: hides all secrets of the settings from the log. */
void route_hide(const struct config *config, const struct route_kinds *kinds);

/* route_source_settings, route_sink_settings: what the kinds are opened with. Borrowed from config. */
struct source_settings route_source_settings(const struct config *config);
struct sink_settings route_sink_settings(const struct config *config, const char *state_dir);

#endif
