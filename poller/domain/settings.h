/* settings: the settings as plain data, which config.c fills. Texts are never NULL. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct settings_database {
    char *host, *user, *password, *name;
    /* /etc/did-optimizer-sync.conf sets these */
    bool host_in_own_file, port_in_own_file, socket_in_own_file;
    bool user_in_own_file, password_in_own_file, name_in_own_file;
    char *socket; /* "": the usual places */
    char *ssl_ca; /* "": no TLS */
    int64_t port;
    int64_t connect_timeout, read_timeout, max_statement_time; /* seconds */
    int64_t max_server_time; /* seconds of each minute for which runs may keep the server busy; 0: no limit ... */
    int64_t run_period;      /* ... seconds from one run to the next; 0: a minute */
    bool is_long_work;       /* a backfill or a reconciliation: no limit, but longer pauses */
};

struct settings_api {
    char *base_url;        /* without a slash at the end */
    char *base_url_origin; /* the place that sets it, for messages: "/etc/asterisk/dids.conf:4" */
    char *key;
    char *key_origin;
    char *ca_file;                    /* "": the system's certificates */
    int64_t timeout, connect_timeout; /* seconds per request */
    int64_t concurrency;              /* requests in flight; 0: as many as the sink can handle, up to ... */
    int64_t max_concurrency;
    bool verify_ssl;
    bool allow_insecure_http;
};

struct settings_sync {
    int64_t batch_size;         /* calls handled and committed together */
    int64_t time_budget;        /* seconds a run may take */
    int64_t splay;              /* cron's runs start within this many seconds, each host at its own second */
    int64_t longest_pause;      /* seconds from one run to the next, where cron starts no run each minute; else 0 */
    int64_t takeover_after;     /* seconds without a leader until another host of a cluster takes over */
    int64_t overlap;            /* seconds before the checkpoint that each run scans again */
    int64_t settle;             /* seconds to wait after a call ends before it is sent */
    int64_t poll_window;        /* seconds: the length of the longest call that the poll can find */
    int64_t first_run_lookback; /* seconds */
    int64_t sweep_interval;     /* seconds */
    int64_t sweep_window;       /* seconds, by call_date */
    char *campaigns;            /* the campaigns in scope; "": all ... */
    char *exclude_campaigns;    /* ... but these */
    char *not_final;            /* statuses of calls without a disposition */
    int64_t not_final_horizon;  /* seconds after call_date; later no disposition is written any more */
    char *unsettled;            /* statuses that may still change shortly after the call */
    int64_t unsettled_hold;     /* seconds after end_epoch to wait for that change */
    enum settings_resend {
        RESEND_NO,
        RESEND_YES,
        RESEND_FINAL
    } resend_changed;           /* send a call again if it changes after
                                 * it was accepted; FINAL: only if its disposition changes */
    bool ignores_extras;        /* the receiver reads no extra that is in_fingerprint; set by the type of sink */
    int64_t max_attempts;       /* failed tries before a call is rejected */
    int64_t retry_base;         /* seconds before the second try; doubled for each further one ... */
    int64_t retry_cap;          /* ... up to this many */
    int64_t backfill_rate;      /* calls a second that a backfill sends at most; 0: no limit */
    int64_t retention_days;     /* how long the ledger keeps accepted calls ... */
    int64_t rejected_retention_days; /* ... and rejected and discarded ones, if that is longer */
};

/* The data of a call that a source looks up in other tables. */
struct settings_enrich {
    bool did;         /* the number that the called party saw */
    bool dial_status, hangup_cause, sip_hangup_cause, sip_hangup_reason, ring_time; /* the carrier's result */
    bool talk_time, amd_result;
    bool customer_state, customer_zip, vendor_lead_code; /* of the lead: personal data */
};

#endif
