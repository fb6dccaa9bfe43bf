/* serve_settings: the settings of did-optimizer-sync-serve. */
#ifndef SERVE_SETTINGS_H
#define SERVE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Section [serve] of /etc/did-optimizer-sync-serve.conf. */
struct serve_settings {
    char *listen;           /* addresses, separated by blanks; see listener.h */
    char *socket_group;     /* the group of a Unix socket; "": root's */
    char *tls_certificate;  /* PEM files; "": no TLS */
    char *tls_key;
    char *users;            /* the file of the users */
    bool read_only;         /* the page only shows: nobody can act */
    int64_t session_hours;  /* a session ends after that, even if it is used */
    int64_t idle_minutes;   /* a session ends when it was not used for so long */
    int64_t login_attempts; /* wrong passwords before a name or an address must wait */
};

/* serve_settings_load: reads the file at path. A missing file gives the defaults, unless required. Ownership:
 * serve_settings_free, also after an error. Errors: EX_CONFIG, EX_NOPERM, EX_IOERR; the message names file and line. */
int serve_settings_load(const char *path, bool required, struct serve_settings *ret_settings,
                        struct err *err) MUST_CHECK;
void serve_settings_free(struct serve_settings *settings);

#endif
