/* recording_settings: the settings in [recordings] that all places share. */
#ifndef RECORDING_SETTINGS_H
#define RECORDING_SETTINGS_H

#include "recording/fetch.h"
#include "recording/name.h"
#include "recording/place.h"

/* Ownership: the texts that are const are borrowed from the params. */
struct recording_settings {
    struct fetch_source source; /* its url and authorization are owned by this struct */
    char *url, *authorization; /* url NULL: each recording has its own address, and no key goes there */
    bool allow_insecure_http;
    struct place_settings place;
    const char *name; /* the template of a file's name */
    enum name_folders folders;
    int64_t concurrency;
    int64_t rate;        /* recordings a minute; 0: no limit */
    int64_t spool_bytes;
    int64_t max_attempts;
};

/* recording_settings_read: reads [recordings]. Recordings are on the source's host, with the source's key, unless the
 * settings say otherwise; the source's key never goes to another host. source: the settings of [source]. Ownership:
 * recording_settings_clear, also after an error. Errors: EX_CONFIG, with file and line. */
int recording_settings_read(const struct params *params, const struct params *source,
                            struct recording_settings *ret_settings, struct err *err) MUST_CHECK;

/* recording_settings_from_environment: adds what params does not have from the variables of the script that pbx-api
 * replaces: PBX_RECORDING_BASE_URL, CALLCENTER_MAX_RETRIES, and for google-drive GOOGLE_DRIVE_FOLDER_ID and others. */
void recording_settings_from_environment(const struct place_ops *place, struct params *params);

/* recording_settings_clear: overwrites the secrets and frees the texts. */
void recording_settings_clear(struct recording_settings *settings);

#endif
