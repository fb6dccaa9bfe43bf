/* route: the source and the sink that the settings name, and the settings of these two types. */
#ifndef ROUTE_H
#define ROUTE_H

#include "config/config.h"
#include "recording/place.h"
#include "sink/sink.h"
#include "source/source.h"

/* NULL: an unknown type. */
struct route_kinds {
    const struct source_ops *source;
    const struct sink_ops *sink;
    const struct place_ops *place; /* also NULL: recordings stay where they are */
};

/* route_load: config_load; finds the types, checks their settings, and reads the files with their secrets. Reads only
 * the files that these types need. Call it while the process may read files that only root may read. Ownership: as
 * config_load. */
void route_load(const struct config_paths *paths, struct config *ret_config, struct route_kinds *ret_kinds,
                struct config_problems *ret_problems);

/* route_load_sink: checks the sink's own settings and reads the files with their secrets, which route_load leaves out
 * with without_api. Adds their problems to *ret_problems, which begins as zero. Ownership: as route_load. */
void route_load_sink(struct config *config, const struct route_kinds *kinds, struct config_problems *ret_problems);

/* route_load_to_show: route_load for a process that only shows the settings: reads the own file alone, no secret of
 * another file, and checks neither the source's nor the sink's settings. *ret_config keeps no secret: their texts are
 * overwritten, and empty. */
void route_load_to_show(const struct config_paths *paths, struct config *ret_config, struct route_kinds *ret_kinds,
                        struct config_problems *ret_problems);

/* route_check_lines: whether a line of the three files is wrong, for a process that may have other rights and another
 * environment than the runs: a setting that is missing here may be there. So a file that it may not read is no error.
 * Errors: EX_CONFIG, with file and line. */
int route_check_lines(const struct config_paths *paths, struct err *err) MUST_CHECK;

/* route_name_file: puts the name of the own file before an error of the configuration that names no file: what is
 * missing has no line. */
void route_name_file(const struct config_paths *paths, struct err *err);

/* route_is_set_up: whether the route has a key, if the sink needs one, or its own file has a wrong line: then nobody
 * knows what it needs. */
bool route_is_set_up(const struct config_paths *paths);

/* route_is_secret: whether a type of source, sink or place has a secret of that name in this section, whatever type is
 * chosen. */
bool route_is_secret(const char *section, const char *key);

/* route_hide: hides all secrets of the settings from the log. */
void route_hide(const struct config *config, const struct route_kinds *kinds);

/* route_source_settings, route_sink_settings: the settings to open source and sink. Ownership: borrowed from config. */
struct source_settings route_source_settings(const struct config *config);
struct sink_settings route_sink_settings(const struct config *config, const char *state_dir,
                                         const char *profile_option);

#endif
