/* config: the settings of one run, from three files and the environment. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>

#include "base/log.h"
#include "domain/disposition.h"
#include "domain/params.h"
#include "domain/settings.h"

/* What may be wrong or unused: the settings of the sink, and those of the source. The API's address and key belong to the
 * former, VICIdial's database to the latter. */
enum config_part { CONFIG_API = 1 << 0, CONFIG_DATABASE = 1 << 1 };

/* Which of these parts the kinds of those names use. */
typedef unsigned config_parts_of(const char *source_type, const char *sink_type);

/* Where the settings are read from. required_*: the path was named on the command line, so the file must exist. */
struct config_paths {
    const char *astguiclient;
    const char *dids;
    const char *own;
    bool required_astguiclient, required_dids, required_own;
    bool without_api; /* the command does not contact the sink: its settings may be missing or wrong */
    config_parts_of *parts_of; /* NULL: both are used */
};

struct config {
    struct settings_database database;
    struct settings_api api;
    struct settings_sync sync;
    enum log_format log_format;
    enum log_level log_level;
    bool mask_phone; /* only the last four digits of a telephone number are shown */
    struct disposition_map *dispositions;
    char *source_type;   /* where calls come from; the kinds are known to source.h ... */
    char *source_origin; /* ... and where that was set, for people */
    char *sink_type;   /* where calls go; the kinds are known to sink.h ... */
    char *sink_origin; /* ... and where that was set, for people */
    struct params source_params, sink_params; /* what only that kind knows; unchecked */
    unsigned parts; /* of enum config_part: those that the kinds use */
};

/* What is wrong with the settings, each a whole message that names place and remedy. code: EX_CONFIG, or EX_NOPERM when
 * a file may not be read; EX_OK when there is nothing wrong. */
struct config_problems {
    char **texts;
    int count;
    int code;
    unsigned parts; /* of enum config_part: those that must not be used; the others may be tested */
};

/* config_load: reads everything and reports all problems at once. Precedence, highest first. Database: environment, own
 * [database], astguiclient.conf, dids.conf, defaults. API: environment, dids.conf, default.
 * Where the kinds do not use the API, dids.conf and the API's variables are not read; nor are astguiclient.conf and the
 * database's variables where they do not use VICIdial's database.
 * Ownership: *ret_config and *ret_problems are the caller's, to be released with config_free and config_problems_free,
 * also when there are problems; then no run must use the configuration. */
void config_load(const struct config_paths *paths, struct config *ret_config, struct config_problems *ret_problems);

/* config_add_problem: adds what another layer has found wrong with a setting; parts must not be used then. */
void config_add_problem(struct config_problems *problems, unsigned parts, const struct err *err);

/* config_masks_phones: whether mask_phone is set, for commands that need no other setting. True as well if a file is
 * unreadable: that file may set mask_phone. */
bool config_masks_phones(const struct config_paths *paths);

/* config_has_key: whether there is an API key for these files, or in the environment; also where no key is used. */
bool config_has_key(const struct config_paths *paths);

/* config_free: wipes the secrets first. *config is empty afterwards. */
void config_free(struct config *config);
void config_problems_free(struct config_problems *problems);

#endif
