/* config: reads the settings of a run from three files and the environment. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "domain/disposition.h"
#include "domain/params.h"
#include "domain/settings.h"

/* The parts of the settings that can be wrong or unused: of the sink (the API's address and key) and of the source
 * (VICIdial's database). */
enum config_part { CONFIG_API = 1 << 0, CONFIG_DATABASE = 1 << 1 };

/* Returns the parts that these types of source and sink use. */
typedef unsigned config_parts_of(const char *source_type, const char *sink_type);

/* Whether this type of the section, "source" or "sink", has a setting of that name. */
typedef bool config_has_param(const char *section, const char *type, const char *key);

/* The files of the settings; own is /etc/did-optimizer-sync.conf. required_*: the command line names the path, so the
 * file must exist. */
struct config_paths {
    const char *astguiclient;
    const char *dids;
    const char *own;
    bool required_astguiclient, required_dids, required_own;
    bool without_api; /* the command does not contact the sink: its settings may be missing or wrong */
    config_parts_of *parts_of; /* NULL: both parts are used */
    config_has_param *has_param; /* NULL: the types have no settings of their own */
};

struct config {
    struct settings_database database;
    struct settings_api api;
    struct settings_sync sync;
    struct settings_enrich enrich;
    enum log_format log_format;
    enum log_level log_level;
    bool mask_phone; /* only the last four digits of a telephone number are shown */
    struct disposition_map *dispositions;
    char *source_type;   /* a type of source.h ... */
    char *source_origin; /* ... and the place that sets it, for messages: "FILE:LINE" */
    char *sink_type;   /* a type of sink.h ... */
    char *sink_origin; /* ... and the place that sets it */
    char *recordings_type;   /* a type of place.h; "": recordings stay where they are ... */
    char *recordings_origin; /* ... and the place that sets it */
    struct params source_params, sink_params, recordings_params; /* the settings that only this type has; not checked
                                                                  * here */
    unsigned parts; /* of enum config_part: the parts that the types use */
};

/* The problems of the settings. Each text is a message with place and remedy. code is EX_OK without problems, EX_NOPERM
 * if the process has no right to read a file, otherwise EX_CONFIG. */
struct config_problems {
    char **texts;
    int count;
    int code;
    unsigned parts; /* of enum config_part: the wrong parts; `check` may test the others */
};

/* config_load: reads all settings and reports all problems at once. Precedence, highest first. Database: environment,
 * own [database], astguiclient.conf, dids.conf, defaults. API: environment, dids.conf, defaults. If the types do not
 * use the API, dids.conf and the API's environment variables are not read. If they do not use VICIdial's database,
 * astguiclient.conf and the database's environment variables are not read.
 * Ownership: the caller frees *ret_config and *ret_problems with config_free and config_problems_free, also if there
 * are problems. Then no run may use *ret_config. */
void config_load(const struct config_paths *paths, struct config *ret_config, struct config_problems *ret_problems);

/* config_add_problem: adds a problem that another layer has found, and marks these parts as wrong. */
void config_add_problem(struct config_problems *problems, unsigned parts, const struct err *err);

/* config_home: writes to out the sections that have a setting of this name, "[enrich] or [sink]"; "": none. For
 * messages about a setting in another section. Returns out. */
#define CONFIG_HOME_SIZE 80
const char *config_home(const struct config *config, config_has_param *has_param, const char *key,
                        char out[CONFIG_HOME_SIZE]);

/* config_known: the settings of our own file that every type has, by their place: section, key and default, constants.
 * False: there are no more. */
bool config_known(size_t index, const char **ret_section, const char **ret_key, const char **ret_default);

/* config_check_number: whether the setting of our own file, a number, may have this value. -1: it may not, and err says
 * which numbers it may have. */
int config_check_number(const char *section, const char *key, int64_t number, struct err *err) MUST_CHECK;

/* config_masks_phones: whether mask_phone is set, for commands that need no other setting. Also true if the process has
 * no right to read the own file, which may set mask_phone. */
bool config_masks_phones(const struct config_paths *paths);

/* config_has_key: whether these files or the environment have an API key; also true if the types use no API. */
bool config_has_key(const struct config_paths *paths);

/* config_free: overwrites the secrets and frees all texts. *config is empty afterwards. */
void config_free(struct config *config);
void config_problems_free(struct config_problems *problems);

#endif
