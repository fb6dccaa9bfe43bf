/* source: the interface of all sources. A type of source is a struct of functions and a row in the table of source.c. A
 * source reads calls and says when each is final; it never writes. Only its own files know its tables and its
 * language. */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "domain/call.h"
#include "domain/disposition.h"
#include "domain/params.h"
#include "domain/settings.h"
#include "domain/status_flags.h"
#include "domain/table.h"
#include "source/locks.h"

/* The settings of a source. Ownership: borrowed until source_close. */
struct source_settings {
    const struct settings_database *database;
    const struct settings_sync *sync;
    const struct settings_enrich *enrich;
    const struct params *params; /* the type's own settings, checked by params_check; NULL: none */
    bool stores_recordings;      /* [recordings] names a place */
};

/* Where calls are read. The archive is where a source that has one moves old calls to; its copy of a call that was
 * still changing stays as it was then. */
enum source_table { SOURCE_LIVE, SOURCE_ARCHIVE };

/* The calls of a scan: those that ended from end_from to end_to and began from call_from to call_to; all four are
 * epochs, included. call_to 0: no limit. A source that finds calls by their end ignores call_from and call_to. */
struct source_range {
    int64_t end_from, end_to;
    int64_t call_from, call_to;
    enum source_table table;
    bool whole_rows; /* read all data of a call; otherwise at least the data for a decision, see source_scan */
    bool with_open;  /* read also the calls that have not ended, and those that ended at another time than end_from to
                      * end_to: a reader that watches them. Only if source_shows_open */
    bool is_repeated; /* each run asks for such a range; the source may leave out calls that an earlier run read, see
                       * source_remember */
};

/* Called for each call, which is borrowed until the callback returns. -1 with *err ends the reading with that error. */
typedef int source_on_call(void *context, const struct call *call, struct err *err);

/* Called between the steps of a scan, while nothing in the source is locked. Every call that ended before ended_before
 * has been read, so a later scan may begin there; a source that uses call_from has also read every call that began
 * before it. 0 goes on, 1 ends the scan, -1 with *err ends it with that error. NULL: no callback. */
typedef int source_on_slice(void *context, int64_t ended_before, struct err *err);

/* Called for each call of source_enrich. call is a copy of calls[index] with the extras that were looked up, borrowed
 * until the callback returns. -1 with *err ends the look-up with that error. */
typedef int source_on_enriched(void *context, size_t index, const struct call *call, struct err *err);

/* How far back the live table goes; an older call is in the archive alone. */
struct source_reach {
    int64_t first; /* epoch: the live table has no call that began or ended before it; INT64_MAX: it has none at all */
    int64_t whole; /* epoch: no call that began since then is in the archive alone. Later than first, as call_date is
                    * local time, and as a few rows may be dated much too early */
};

typedef void source_on_campaign(void *context, const char *id);

typedef void source_on_status(void *context, const struct status_flags *status);

/* The cost for the source's server so far. */
struct source_effort {
    int64_t statements, took_ms; /* measured here, so with the network */
    int64_t rows_examined;       /* as the server counts them; 0: unknown */
    int64_t longest_ms;          /* the longest statement, without the network */
    bool is_strained;            /* the server was in trouble, so the source read more slowly; then also ... */
    int64_t running;             /* ... the most statements that it ran at once; 0: unknown */
};

/* One line of `check` about a source. Ownership: text is borrowed until the callback returns, the others are
 * constants. */
struct source_finding {
    enum { SOURCE_GOOD, SOURCE_WARNS, SOURCE_FAILS } kind;
    const char *about;  /* the part that was tested */
    const char *text;   /* the result */
    const char *remedy; /* what to do; "": nothing, NULL: text has the remedy after its last "; " */
    int exit_code;      /* SOURCE_FAILS */
};
typedef void source_on_finding(void *context, const struct source_finding *finding);

/* Sizes of texts: a source's memory between runs, which is one line, and a problem for operators. */
#define SOURCE_MEMORY_SIZE 512
#define SOURCE_PROBLEM_SIZE 1200

/* Why an extra cannot be looked up. `check` has the same verdict: good, a warning, or what it finds at that time. */
enum source_gap {
    SOURCE_GAP_ABSENT, /* this system does not have the data; nothing needs to be done */
    SOURCE_GAP_SETUP,  /* a right or an index is missing, until a person acts */
    SOURCE_GAP_BUSY,   /* the system was too slow this time */
    SOURCE_GAPS
};

/* A time zone as a value of TZ. */
#define SOURCE_ZONE_SIZE 80

/* The time zones in which a source's calls are dated, as its memory has them. */
#define SOURCE_ZONES_MOST 8
struct source_zones {
    int64_t utc_offsets[SOURCE_ZONES_MOST]; /* seconds; the most frequent first */
    size_t count;                           /* 0: none is known */
    char names[SOURCE_ZONES_MOST * 16];     /* for people: "UTC-07:00, UTC+00:00" */
    char problem[SOURCE_PROBLEM_SIZE];      /* the problem, and behind "; " the remedy; "": none */
};

/* A call whose recording is looked for. Ownership: borrowed. */
struct source_recording_key {
    const char *call;     /* its id */
    const char *kin;      /* see call.h; NULL: none */
    int64_t began, ended; /* epochs */
};

/* A recording of a call. */
struct source_recording {
    const char *url;      /* where it is now: perhaps no web address yet. Borrowed */
    int64_t began, ended; /* epochs; ended 0: it is still recorded, or nobody knows */
    int64_t length;       /* seconds */
};

/* Called for each recording of keys[index]. */
typedef void source_on_recording(void *context, size_t index, const struct source_recording *recording);

/* A type of source. state is the result of open. Optional members may be NULL. */
struct source_ops {
    const char *type;      /* the value of type in [source] */
    const struct call_shape *shape; /* the extras of its calls; NULL: none */
    bool uses_dialer;      /* needs the database of astguiclient.conf */
    const struct param_spec *params; /* optional: the settings of [source] that only this type has, see params.h */
    /* Optional: adds settings from the environment that params does not have. */
    void (*read_environment)(struct params *params);
    const struct disposition_default
        *dispositions;     /* optional: results of its own statuses; [dispositions] has priority */
    const char *title;     /* for messages: "VICIdial database" */
    const char *places[2]; /* by enum source_table: the names of the tables, for messages */
    const char *campaigns_remedy; /* what an operator can do if list_campaigns fails; NULL: nothing */
    int64_t longest_sec;   /* source_range_ended finds calls of at most this length ... */
    int64_t after_end_sec; /* ... and their begin may be this long after their end, as the clocks of machines differ */
    const char *most_found_setting; /* the setting behind most_found, for messages */
    size_t fetch_most;     /* each id costs a request, so a run looks at its time after so many; 0: a fetch costs one */
    int64_t sweep_rest_sec; /* reading is slow, so the sweep reads a part only after this time; 0: in each run */
    /* Optional: sets the database settings that our own file does not set. Called while the process may read files that
     * only root may read. Ownership: the texts belong to *database. Errors: EX_CONFIG, EX_NOPERM. */
    int (*find_database)(const struct params *params, struct settings_database *database, struct err *err);
    /* Optional: writes the time zone in which the source's days begin, as a value of TZ; "": this host's. Needs no open
     * source; the settings need not be checked yet. */
    void (*find_zone)(const struct params *params, char out[SOURCE_ZONE_SIZE]);
    /* See source_open, source_inspect, source_now, source_scan and source_fetch. */
    int (*open)(const struct source_settings *settings, void **ret_state, struct err *err);
    int (*inspect)(void *state, struct err *err);
    int (*now)(void *state, int64_t *ret_epoch, struct err *err);
    int (*scan)(void *state, const struct source_range *range, source_on_call *on_call, source_on_slice *on_slice,
                void *context, struct err *err);
    int (*fetch)(void *state, enum source_table table, const char *const *ids, size_t count, source_on_call *on_call,
                 void *context, struct err *err);
    void (*close)(void *state);
    /* Optional, all or none: see source_enriches, source_enrich and source_enrich_problem. */
    bool (*enriches)(const void *state);
    int (*enrich)(void *state, const struct call *const *calls, size_t count, source_on_enriched *on_enriched,
                  void *context, struct err *err);
    void (*enrich_problem)(const void *state, enum source_gap gap, char problem[SOURCE_PROBLEM_SIZE]);
    /* Optional: see source_check, source_effort, source_may_read, source_most_found, source_spread, source_recall,
     * source_remember and source_list_campaigns. */
    void (*check)(void *state, source_on_finding *on_finding, void *context);
    struct source_effort (*effort)(void *state);
    bool (*may_read)(const void *state);
    int64_t (*most_found)(const void *state);
    int64_t (*spread)(const void *state);
    void (*recall)(void *state, const char *earlier, char memory[SOURCE_MEMORY_SIZE],
                   char problem[SOURCE_PROBLEM_SIZE]);
    void (*remember)(void *state, char memory[SOURCE_MEMORY_SIZE]);
    /* Optional: see source_explain_memory. Needs no open source. */
    bool (*explain_memory)(const char *memory, struct source_zones *ret_zones);
    int (*list_campaigns)(void *state, source_on_campaign *on_campaign, void *context, struct err *err);
    /* Optional: see source_list_statuses. */
    int (*list_statuses)(void *state, source_on_status *on_status, void *context, struct err *err);
    /* Optional: see source_find_recordings. */
    int (*find_recordings)(void *state, const struct source_recording_key *keys, size_t count,
                           source_on_recording *on_recording, void *context, struct err *err);
    /* Optional, both or none: the archive, see source_inspect_archive and source_archive_problem. */
    int (*inspect_archive)(void *state, bool *ret_usable, struct err *err);
    const char *(*archive_problem)(const void *state);
    /* Optional, only beside these: see source_moves_calls and source_find_reach. */
    int (*find_reach)(void *state, int64_t since, struct source_reach *ret_reach, struct err *err);
    /* Optional, both or none: see source_shows_open and source_find_kin. */
    bool (*shows_open)(const void *state);
    int (*find_kin)(void *state, const char *const *kins, size_t count, int64_t began_from, source_on_call *on_call,
                    void *context, struct err *err);
    /* Optional: see source_copy_tables. */
    int (*copy_tables)(void *state, unsigned jobs, const struct table_store *store, struct err *err);
    /* Optional: the locks by which several hosts elect a leader. */
    const struct locks_ops *locks;
};

/* An open source; ops is NULL if the source is closed. */
struct source {
    const struct source_ops *ops;
    void *state;
};

/* source_find: finds a type by its name. place is the file and line that set the name. Errors: EX_CONFIG, with a list
 * of all types. */
int source_find(const char *type, const char *place, const struct source_ops **ret_ops, struct err *err) MUST_CHECK;

/* source_is_secret: whether a type has a setting of that name that is a secret. */
bool source_is_secret(const char *key);

/* source_open: opens a source of this type for reading. Ownership: source_close. Errors: EX_UNAVAILABLE (unreachable),
 * EX_CONFIG (user or password refused), with the remedy. */
int source_open(const struct source_ops *ops, const struct source_settings *settings, struct source *ret_source,
                struct err *err) MUST_CHECK;

/* source_inspect: reads the columns, indexes and the like of the source. Call it before any call is read.
 * Errors: EX_CONFIG (a column or index is missing, or no right to read), EX_UNAVAILABLE. */
int source_inspect(const struct source *source, struct err *err) MUST_CHECK;

/* source_inspect_archive: the same for the archive. Call it before a scan of the archive. *ret_usable is false if there
 * is no archive. Errors: those of source_inspect. */
int source_inspect_archive(const struct source *source, bool *ret_usable, struct err *err) MUST_CHECK;

/* source_moves_calls: whether calls of this type of source move from the live table to the archive. That may still be
 * missing or not readable. */
bool source_moves_calls(const struct source *source);

/* source_find_reach: how far back the live table goes now, by its oldest calls since this epoch: some rows, by index. A
 * host with a wrong clock may have written older ones, and a few of these. Only if source_moves_calls. Errors:
 * EX_UNAVAILABLE. */
int source_find_reach(const struct source *source, int64_t since, struct source_reach *ret_reach, struct err *err)
    MUST_CHECK;

/* source_check: inspects the source and reports each finding. A failure is a finding too. */
void source_check(const struct source *source, source_on_finding *on_finding, void *context);

/* source_now: the source's clock, in seconds since 1970 UTC. Compare the times of its calls with this clock only.
 * Errors: EX_UNAVAILABLE. */
int source_now(const struct source *source, int64_t *ret_epoch, struct err *err) MUST_CHECK;

/* source_range_ended: the range of all calls that ended in this time, with all their data. At its beginning calls that
 * lasted longer than longest_sec may be missing. */
struct source_range source_range_ended(const struct source *source, enum source_table table, int64_t end_from,
                                       int64_t end_to);

/* source_scan: reads the calls of range, roughly in the order of time. A scan of the archive skips calls that are in
 * the live table; a source without an archive reads none. The data for a decision are id, campaign, agent, status,
 * length, end, finality and the extras that are in_fingerprint. Errors: EX_UNAVAILABLE, and those of the callbacks. */
int source_scan(const struct source *source, const struct source_range *range, source_on_call *on_call,
                source_on_slice *on_slice, void *context, struct err *err) MUST_CHECK;

/* source_fetch: reads calls by their ids, with all data, in any order. Skips ids that do not exist. An archive that is
 * damaged, locked or not readable is no error, but gives no (further) calls; see source_archive_problem. Errors: those
 * of source_scan. */
int source_fetch(const struct source *source, enum source_table table, const char *const *ids, size_t count,
                 source_on_call *on_call, void *context, struct err *err) MUST_CHECK;

/* source_shows_open: whether a scan can hand out calls that have not ended. Then a reader need not scan for them again:
 * it reads them by their ids until they end. False where a scan finds each call by its end. Call it after
 * source_inspect. */
bool source_shows_open(const struct source *source);

/* source_find_kin: reads the calls that began since began_from and have one of these kins (call.h). The dialer may
 * rewrite the id of a call; this function finds the call under its new id. It may hand out earlier calls too. Only if
 * source_shows_open. Returns 1 if it could not read all of them (no index, or too many rows); then scan for the call.
 * Errors: those of source_scan. */
int source_find_kin(const struct source *source, const char *const *kins, size_t count, int64_t began_from,
                    source_on_call *on_call, void *context, struct err *err) MUST_CHECK;

/* source_archive_problem: why the last source_fetch could not read the archive (refused, damaged, locked), with the
 * remedy; it is then unknown whether a call is there. "" if there was no problem. Ownership: borrowed from source. */
const char *source_archive_problem(const struct source *source);

/* source_enriches: whether the settings ask for anything to be looked up. */
bool source_enriches(const struct source *source);

/* source_enrich: looks up the extras that the settings ask for, and hands out each call with them. An extra that cannot
 * be read is unknown; see source_enrich_problem. Call it only if source_enriches. Errors: EX_UNAVAILABLE (the server is
 * gone), and those of the callback. */
int source_enrich(const struct source *source, const struct call *const *calls, size_t count,
                  source_on_enriched *on_enriched, void *context, struct err *err) MUST_CHECK;

/* source_enrich_problem: writes which extras cannot be looked up for a reason of this kind, each reason in a line. The
 * text is "" if there is none. */
void source_enrich_problem(const struct source *source, enum source_gap gap, char problem[SOURCE_PROBLEM_SIZE]);

/* source_effort: the cost so far. Runs at most one more short statement. */
struct source_effort source_effort(const struct source *source);

/* source_may_read: false where a run has used up the time of the source's server that it may use (max_server_time).
 * Reading on is no error: a run that has read nothing yet must go on, so that a slow server cannot stop all runs. */
bool source_may_read(const struct source *source);

/* source_most_found: how many new calls a run may find; INT64_MAX: any number. */
int64_t source_most_found(const struct source *source);

/* source_spread: the seconds by which the end of a call may be wrong, if the hosts that write calls use several
 * zones. */
int64_t source_spread(const struct source *source);

/* source_recall: takes over what an earlier run remembered ("": nothing). Writes to memory what a later run needs, and
 * to problem a problem that is new since then; "": none. */
void source_recall(const struct source *source, const char *earlier, char memory[SOURCE_MEMORY_SIZE],
                   char problem[SOURCE_PROBLEM_SIZE]);

/* source_remember: writes to memory what a later run needs after the scans of this run; "": nothing new. Call it only
 * if all calls that the scans handed out are settled or pending, and save the memory in the same transaction. */
void source_remember(const struct source *source, char memory[SOURCE_MEMORY_SIZE]);

/* source_explain_memory: reads the time zones from the memory of an earlier run. `status` may have no right to read the
 * settings, so it does not know the source's type. The first type that can read the memory explains it. False: none
 * can; then *ret_zones is empty. */
bool source_explain_memory(const char *memory, struct source_zones *ret_zones);

/* source_list_campaigns: reports the id of each campaign. Errors: EX_CONFIG (no right), EX_UNAVAILABLE; also if there
 * are implausibly many, or if the type has no list of campaigns. */
int source_list_campaigns(const struct source *source, source_on_campaign *on_campaign, void *context, struct err *err)
    MUST_CHECK;

/* source_list_statuses: reports each status with its flags: the system's and the campaigns'. Errors: EX_CONFIG (no
 * right; the type has no flags), EX_UNAVAILABLE. */
int source_list_statuses(const struct source *source, source_on_status *on_status, void *context, struct err *err)
    MUST_CHECK;

/* source_finds_recordings: whether the source has a table of recordings, so that their places must be looked up.
 * source_find_recordings: reports the recordings of these calls; of some calls there are none. Errors: EX_UNAVAILABLE,
 * EX_CONFIG (no right to read). */
bool source_finds_recordings(const struct source *source);
int source_find_recordings(const struct source *source, const struct source_recording_key *keys, size_t count,
                           source_on_recording *on_recording, void *context, struct err *err) MUST_CHECK;

/* source_has_tables: whether the source has tables beside the calls. source_copy_tables: copies the rows that are new
 * or have changed since the last time to store. jobs: a sum of enum table_jobs. A failure of one tenant comes after the
 * others were copied. Errors: those of source_scan and of the store. */
bool source_has_tables(const struct source *source);
int source_copy_tables(const struct source *source, unsigned jobs, const struct table_store *store,
                       struct err *err) MUST_CHECK;

/* source_close: closes the source, which may be closed already. */
void source_close(struct source *source);

#endif
