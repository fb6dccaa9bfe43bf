/* settings: what can be set, as plain data; config.c fills it, everybody reads it. Texts are never NULL. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct settings_database {
    char *host, *user, *password, *name;
    bool password_is_ours; /* it stands in our own file */
    char *socket; /* "": the usual places */
    char *ssl_ca; /* "": no TLS asked for */
    int64_t port;
    int64_t connect_timeout, read_timeout, max_statement_time; /* seconds */
};

struct settings_api {
    char *base_url;        /* without a slash at the end */
    char *base_url_origin; /* where it was found, for people: "/etc/asterisk/dids.conf:4" */
    char *key;
    char *key_origin;
    char *ca_file;                    /* "": the system's certificates */
    int64_t timeout, connect_timeout; /* seconds a request */
    int64_t concurrency;              /* requests in flight; 0: as many as the API can handle, up to ... */
    int64_t max_concurrency;
    bool verify_ssl;
    bool allow_insecure_http;
};

struct settings_sync {
    int64_t batch_size;         /* calls handled and committed together */
    int64_t time_budget;        /* seconds a run may take */
    int64_t splay;              /* seconds within which this host's cron runs begin, at a moment of its own */
    int64_t takeover_after;     /* seconds without a leader until another host of a cluster takes over */
    int64_t overlap;            /* seconds before the checkpoint that are looked at again */
    int64_t settle;             /* seconds that a call must have ended ago */
    int64_t poll_window;        /* seconds: the longest call that the poll can see */
    int64_t first_run_lookback; /* seconds */
    int64_t sweep_interval;     /* seconds */
    int64_t sweep_window;       /* seconds, by call_date */
    char *campaigns;            /* whose calls are in scope; "": all ... */
    char *exclude_campaigns;    /* ... but these */
    char *not_final;            /* statuses that no call ends with */
    int64_t not_final_horizon;  /* seconds after call_date when nobody will write a disposition any more */
    char *unsettled;            /* statuses that may still change in the next moments */
    int64_t unsettled_hold;     /* seconds after end_epoch to wait for that */
    bool resend_changed;        /* send a call again when it changes after it was accepted */
    int64_t max_attempts;       /* failed tries before a call is rejected */
    int64_t retry_base;         /* seconds before the second try; doubled for each further one ... */
    int64_t retry_cap;          /* ... up to this many */
    int64_t backfill_rate;      /* calls a second that a backfill sends at most; 0: no limit */
    int64_t retention_days;     /* how long accepted calls are remembered ... */
    int64_t rejected_retention_days; /* ... and those that were rejected or dropped, if that is longer */
};

#endif
