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
#include "source/locks.h"

/* The settings of a source. Ownership: borrowed until source_close. */
struct source_settings {
    const struct settings_database *database;
    const struct settings_sync *sync;
    const struct params *params; /* the type's own settings, checked by params_check; NULL: none */
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
};

/* Called for each call, which is borrowed until the callback returns. -1 with *err ends the reading with that error. */
typedef int source_on_call(void *context, const struct call *call, struct err *err);

/* Called between the steps of a scan, while nothing in the source is locked. Every call that ended before ended_before
 * has been read, so a later scan may begin there; a source that uses call_from has also read every call that began
 * before it. 0 goes on, 1 ends the scan, -1 with *err ends it with that error. NULL: no callback. */
typedef int source_on_slice(void *context, int64_t ended_before, struct err *err);

typedef void source_on_campaign(void *context, const char *id);

/* The cost for the source's server so far. */
struct source_effort {
    int64_t statements, took_ms; /* measured here, so with the network */
    int64_t rows_examined;       /* as the server counts them; 0: unknown */
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

/* What a source remembers from run to run, a line of text, and a problem that it reports to operators. */
#define SOURCE_MEMORY_SIZE 512
#define SOURCE_PROBLEM_SIZE 600

/* The time zones in which a source's calls are dated, as its memory has them. */
#define SOURCE_ZONES_MOST 8
struct source_zones {
    int64_t utc_offsets[SOURCE_ZONES_MOST]; /* seconds; the most frequent first */
    size_t count;                           /* 0: none is known */
    char names[SOURCE_ZONES_MOST * 16];     /* for people: "UTC-07:00, UTC+00:00" */
    char problem[SOURCE_PROBLEM_SIZE];      /* what is wrong with them, and behind "; " what to do; "": nothing */
};

/* A type of source. state is the result of open. Optional members may be NULL. */
struct source_ops {
    const char *type;      /* the value of type in [source] */
    const struct call_shape *shape; /* the extras of its calls; NULL: none */
    bool uses_dialer;      /* needs the database of astguiclient.conf */
    const struct param_spec *params; /* optional: the settings of [source] that only this type has, see params.h */
    const struct disposition_default *dispositions; /* optional: results of its own statuses; [dispositions] has priority */
    const char *title;     /* for messages: "VICIdial database" */
    const char *places[2]; /* by enum source_table: the names of the tables, for messages */
    const char *campaigns_remedy; /* what an operator can do if list_campaigns fails; NULL: nothing */
    int64_t longest_sec;   /* source_range_ended finds calls of at most this length ... */
    int64_t after_end_sec; /* ... whose begin is at most this long after their end, as the clocks of machines differ */
    /* Optional: sets the database settings that our own file does not set. Called while the process may read files that
     * only root may read. Ownership: the texts belong to *database. Errors: EX_CONFIG, EX_NOPERM. */
    int (*find_database)(const struct params *params, struct settings_database *database, struct err *err);
    /* See source_open, source_inspect, source_now, source_scan and source_fetch. */
    int (*open)(const struct source_settings *settings, void **ret_state, struct err *err);
    int (*inspect)(void *state, struct err *err);
    int (*now)(void *state, int64_t *ret_epoch, struct err *err);
    int (*scan)(void *state, const struct source_range *range, source_on_call *on_call, source_on_slice *on_slice,
                void *context, struct err *err);
    int (*fetch)(void *state, enum source_table table, const char *const *ids, size_t count, source_on_call *on_call,
                 void *context, struct err *err);
    void (*close)(void *state);
    /* Optional: see source_check, source_effort, source_spread, source_recall and source_list_campaigns. */
    void (*check)(void *state, source_on_finding *on_finding, void *context);
    struct source_effort (*effort)(void *state);
    int64_t (*spread)(const void *state);
    void (*recall)(void *state, const char *earlier, char memory[SOURCE_MEMORY_SIZE],
                   char problem[SOURCE_PROBLEM_SIZE]);
    /* Optional: see source_explain_memory. Needs no open source. */
    bool (*explain_memory)(const char *memory, struct source_zones *ret_zones);
    int (*list_campaigns)(void *state, source_on_campaign *on_campaign, void *context, struct err *err);
    /* Optional, both or none: the archive, see source_inspect_archive and source_archive_problem. */
    int (*inspect_archive)(void *state, bool *ret_usable, struct err *err);
    const char *(*archive_problem)(const void *state);
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

/* source_archive_problem: why the last source_fetch could not read the archive (refused, damaged, locked), with the
 * remedy; it is then unknown whether a call is there. "" if there was no problem. Ownership: borrowed from source. */
const char *source_archive_problem(const struct source *source);

/* source_effort: the cost so far. Runs at most one more short statement. */
struct source_effort source_effort(const struct source *source);

/* source_spread: the seconds by which the end of a call may be wrong, if the hosts that write calls use several
 * zones. */
int64_t source_spread(const struct source *source);

/* source_recall: takes over what an earlier run remembered ("": nothing). Writes to memory what a later run needs, and
 * to problem a problem that is new since then; "": none. */
void source_recall(const struct source *source, const char *earlier, char memory[SOURCE_MEMORY_SIZE],
                   char problem[SOURCE_PROBLEM_SIZE]);

/* source_explain_memory: what the memory of an earlier run says of time zones. `status` may have no right to read the
 * settings, so it does not know the type: the first type that can read memory explains it. False: none can; then
 * *ret_zones is empty. */
bool source_explain_memory(const char *memory, struct source_zones *ret_zones);

/* source_list_campaigns: reports the id of each campaign. Errors: EX_CONFIG (no right), EX_UNAVAILABLE; also if there
 * are implausibly many, or if the type has no list of campaigns. */
int source_list_campaigns(const struct source *source, source_on_campaign *on_campaign, void *context, struct err *err)
    MUST_CHECK;

/* source_close: closes the source, which may be closed already. */
void source_close(struct source *source);

#endif
