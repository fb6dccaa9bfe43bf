/* api_settings: the settings that the sources share which read an HTTP API: address, secrets, certificates, time-outs.
 */
#ifndef API_SETTINGS_H
#define API_SETTINGS_H

#include "base/err.h"
#include "domain/params.h"

/* All functions return -1 and EX_CONFIG with file and line. Ownership: texts are borrowed from the parameters. */

/* api_settings_url: checks an address that a key goes to. exposed: what plain http would show to anyone. */
int api_settings_url(const struct params *params, const char *url, const char *origin, const char *exposed,
                     struct err *err) MUST_CHECK;

/* api_settings_secret: checks a secret. words names it in messages: "the key". */
int api_settings_secret(const char *secret, const char *origin, const char *words, struct err *err) MUST_CHECK;

/* api_settings_connection: the certificates, "" for the system's; and the seconds that a request and a connection may
 * take, with their defaults. */
struct api_connection {
    const char *ca_file;
    int64_t timeout, connect_timeout;
};
int api_settings_connection(const struct params *params, int64_t timeout, int64_t connect_timeout,
                            struct api_connection *ret_connection, struct err *err) MUST_CHECK;

#endif
