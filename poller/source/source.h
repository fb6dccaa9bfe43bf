/* source: where calls come from. A kind of source is a struct of functions and a row in the table of source.c. It hands
 * out calls and says when each is final; it only reads. Nobody above it knows its tables or its language. */
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

/* What a kind is opened with. Borrowed for the life of the source. */
struct source_settings {
    const struct settings_database *database;
    const struct settings_sync *sync;
    const struct params *params; /* the kind's own settings, all of them known to it; NULL: none is set */
};

/* Where calls are read. The archive is where a source that has one moves old calls to; its copy of a call that was
 * still changing stays as it was then. */
enum source_table { SOURCE_LIVE, SOURCE_ARCHIVE };

/* Which calls a scan covers, in epochs: those that ended from end_from to end_to, both included, of those made from
 * call_from to call_to. call_to 0: no bound. A source that finds calls by their end needs only the former. */
struct source_range {
    int64_t end_from, end_to;
    int64_t call_from, call_to;
    enum source_table table;
    bool whole_rows; /* hand out all that is known; else at least what decides on a call, see source_scan */
};

/* Receives a call, borrowed for this moment. -1 with *err ends the reading, which then fails with that error. */
typedef int source_on_call(void *context, const struct call *call, struct err *err);

/* Told between the steps of a scan, when nothing of the source is held: every call that ended before ended_before has
 * been handed out, and by a source that heeds call_from every call made before it: a later scan may begin there. 0 goes
 * on, 1 ends the scan here, -1 with *err ends it with that error. NULL: nobody asks. */
typedef int source_on_slice(void *context, int64_t ended_before, struct err *err);

typedef void source_on_campaign(void *context, const char *id);

/* What a source has cost its server so far. */
struct source_effort {
    int64_t statements, took_ms; /* as measured here, the way included */
    int64_t rows_examined;       /* as the server counts them; 0: it does not say */
};

/* What `check` finds of a source, a line each; text is borrowed for this moment, the others are literals. */
struct source_finding {
    enum { SOURCE_GOOD, SOURCE_WARNS, SOURCE_FAILS } kind;
    const char *about;  /* the part that was tested */
    const char *text;   /* what was found */
    const char *remedy; /* what to do about it; "": nothing, NULL: that stands behind the last "; " of text */
    int exit_code;      /* SOURCE_FAILS */
};
typedef void source_on_finding(void *context, const struct source_finding *finding);

/* What a source knows from run to run, as a line of text, and what is wrong with it, for people. */
#define SOURCE_MEMORY_SIZE 512
#define SOURCE_PROBLEM_SIZE 600

/* A kind of source. state is what open made. Members that are said to be optional may be NULL. */
struct source_ops {
    const char *type;      /* as [source] type names it */
    const struct call_shape *shape; /* the extras of its calls; NULL: none */
    bool uses_dialer;      /* needs the database of astguiclient.conf */
    const struct param_spec *params; /* optional: the settings of [source] that only this kind knows, see params.h */
    const struct disposition_default *dispositions; /* optional: results of its own statuses, until [dispositions] says so */
    const char *title;     /* for people: "VICIdial database" */
    const char *places[2]; /* by enum source_table: where calls stand, for people */
    const char *campaigns_remedy; /* what to do where list_campaigns fails, for people; NULL: nothing */
    int64_t longest_sec;   /* calls that last longer change no more where they are looked for by their end ... */
    int64_t after_end_sec; /* ... and that are made so long after their end, as machines' clocks differ */
    /* Optional: sets what our own file does not say of the database, and what may be read by root alone; texts are the
     * owner's to free. Errors: EX_CONFIG, EX_NOPERM. */
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
    int (*list_campaigns)(void *state, source_on_campaign *on_campaign, void *context, struct err *err);
    /* Optional, both or none: the archive, see source_inspect_archive and source_archive_problem. */
    int (*inspect_archive)(void *state, bool *ret_usable, struct err *err);
    const char *(*archive_problem)(const void *state);
    /* Optional: what several hosts that read the same calls agree by. */
    const struct locks_ops *locks;
};

/* An open source; ops is NULL where none is open. */
struct source {
    const struct source_ops *ops;
    void *state;
};

/* source_find: the kind of that name. Errors: EX_CONFIG, with a list of the kinds; place is where the name was set. */
int source_find(const char *type, const char *place, const struct source_ops **ret_ops, struct err *err) MUST_CHECK;

/* source_open: opens a source of a kind, to be read only. Ownership: source_close. Errors: EX_UNAVAILABLE (out of
 * reach), EX_CONFIG (user, password or the like refused), with the remedy. */
int source_open(const struct source_ops *ops, const struct source_settings *settings, struct source *ret_source,
                struct err *err) MUST_CHECK;

/* source_inspect: learns what the source looks like; needed before any call is read.
 * Errors: EX_CONFIG (what is needed is not there, or may not be read), EX_UNAVAILABLE. */
int source_inspect(const struct source *source, struct err *err) MUST_CHECK;

/* source_inspect_archive: the same for the archive, needed before a scan of it. *ret_usable is false where there is
 * none. Errors: as source_inspect. */
int source_inspect_archive(const struct source *source, bool *ret_usable, struct err *err) MUST_CHECK;

/* source_check: inspects the source and tells what it finds, whatever fails. */
void source_check(const struct source *source, source_on_finding *on_finding, void *context);

/* source_now: the source's clock, in seconds since 1970 UTC. Its calls are compared with this one. */
int source_now(const struct source *source, int64_t *ret_epoch, struct err *err) MUST_CHECK;

/* source_range_ended: all of the calls that ended in that time, whole; at its very beginning without those that lasted
 * longer than longest_sec. */
struct source_range source_range_ended(const struct source *source, enum source_table table, int64_t end_from,
                                       int64_t end_to);

/* source_scan: hands out the calls of range, roughly in the order of time. A scan of the archive leaves out what stands
 * in the live table; a source without an archive has nothing in it. What decides on a call is its id, campaign, agent,
 * status, length, end, finality and the extras that are news. Errors: EX_UNAVAILABLE. */
int source_scan(const struct source *source, const struct source_range *range, source_on_call *on_call,
                source_on_slice *on_slice, void *context, struct err *err) MUST_CHECK;

/* source_fetch: hands out whole calls by their ids, in no particular order; those that do not exist (any more) are left
 * out. An archive that may not be read, is damaged or locked hands out nothing (more), see source_archive_problem.
 * Errors: as source_scan. */
int source_fetch(const struct source *source, enum source_table table, const char *const *ids, size_t count,
                 source_on_call *on_call, void *context, struct err *err) MUST_CHECK;

/* source_archive_problem: why the archive could not be read by the last source_fetch of it (refused, damaged, locked),
 * with the remedy: what stands there is not known then. "" where it could. Borrowed from source. */
const char *source_archive_problem(const struct source *source);

/* source_effort: at most one more short statement. */
struct source_effort source_effort(const struct source *source);

/* source_spread: by how many seconds the end that a call tells may be wrong, as its writers' time zones differ. */
int64_t source_spread(const struct source *source);

/* source_recall: uses what an earlier run knew ("": nothing), and writes what is known now, for a later run, and a
 * problem that was not there earlier. */
void source_recall(const struct source *source, const char *earlier, char memory[SOURCE_MEMORY_SIZE],
                   char problem[SOURCE_PROBLEM_SIZE]);

/* source_list_campaigns: hands out the ids of the campaigns that there are. Errors: EX_CONFIG (no right),
 * EX_UNAVAILABLE; also where there are more than anybody can have, or the kind has no such list. */
int source_list_campaigns(const struct source *source, source_on_campaign *on_campaign, void *context, struct err *err)
    MUST_CHECK;

/* source_close: closes what is open; nothing open is fine. */
void source_close(struct source *source);

#endif
