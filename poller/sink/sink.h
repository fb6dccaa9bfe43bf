/* sink: the interface of all sinks. A type of sink is a struct of functions and a row in the table of sink.c. A sink
 * makes the message of a call, sends messages and judges the answers. Only its own files know its protocol. */
#ifndef SINK_H
#define SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/call.h"
#include "domain/disposition.h"
#include "domain/outcome.h"
#include "domain/params.h"
#include "domain/settings.h"
#include "domain/table.h"

/* The settings of a sink. Ownership: borrowed until sink_close. */
struct sink_settings {
    const struct settings_api *api;
    const struct disposition_map *dispositions;
    const char *source;              /* the type of the source: an id is unique only within one source */
    const struct call_shape *shape;  /* the extras of its calls; NULL: none */
    const struct params *params; /* the type's own settings, checked by params_check; NULL: none */
    const char *state_dir;       /* a sink may keep a file here */
    const char
        *profile_option; /* " --profile NAME", for commands in messages; "": the default profile; NULL: the same */
};

/* The message of one call. key is the idempotency key: the same content has the same key. */
#define SINK_KEY_SIZE 96
struct sink_message {
    char *body; /* NULL: there is none */
    char key[SINK_KEY_SIZE];
};

/* The callbacks of sink_send. */
struct sink_observer {
    /* The message with this index has been sent, or has failed. Ownership: outcome is borrowed until the callback
     * returns. */
    void (*on_outcome)(void *context, size_t index, const struct outcome *outcome);
    /* Called before messages are started and while the sink waits for answers, at least every 50 ms. Returns how many
     * requests may be in flight; a request may have several messages. After a 0 no request is started any more. */
    size_t (*on_turn)(void *context);
    void *context;
};

/* How a run ended, for a type that records runs. */
struct sink_run {
    int exit_code;
    const char *message; /* why the run stopped early; "": it did not */
    int64_t took_ms;
    int64_t pending; /* calls that the ledger still has to send; -1: unknown, as the ledger failed */
    bool is_complete; /* the run did all that it had to do with calls, and none is pending */
};

/* The end of a recording, for a type that keeps calls. Texts may be NULL. */
struct sink_recording {
    const char *call; /* the call's id */
    bool is_stored;   /* false: it was rejected */
    const char *file_id, *link, *md5;
    int64_t attempts; /* failed attempts */
};

/* Which row read_row reads, and how. */
struct sink_row_query {
    const char *id;  /* the call's */
    bool masks;      /* numbers show their last four digits; what may have one in another form is left out */
    bool is_at_once; /* for a caller that may neither wait nor know a secret: reads a file of this host, or fails */
};

/* The result of sink_check. */
struct sink_health {
    enum { SINK_WORKS, SINK_UNSURE, SINK_FAILS } state;
    int exit_code;     /* SINK_FAILS */
    char text[2048];   /* the finding */
    char remedy[400];  /* what to do; "" for SINK_WORKS */
};

/* A type of sink. state is the result of open. Optional members may be NULL. */
struct sink_ops {
    const char *type;  /* the value of type in [sink] */
    const char *title; /* the receiver of calls, for messages: "API" */
    bool uses_api;     /* needs the address and the key of dids.conf */
    const struct param_spec *params; /* optional: the settings of [sink] that only this type has, see params.h */
    void (*read_environment)(struct params *params); /* optional: adds settings that params does not have */
    bool (*ignores_extras)(const struct params *params); /* optional: see sink_ignores_extras */
    const struct param *(*asks_dial_status)(const struct params *params); /* optional: see sink_asks_dial_status */
    int64_t (*longest_sec)(const struct sink_settings *settings); /* optional: see sink_longest_sec */
    size_t batch; /* see sink_batch */
    int64_t (*opens_at)(const void *state); /* optional: see sink_opens_at */
    int64_t (*interval)(const void *state); /* optional: see sink_interval */
    /* Optional: prepares sending, and sends nothing yet. Errors: EX_CONFIG. */
    int (*open)(const struct sink_settings *settings, void **ret_state, struct err *err);
    /* Optional: see sink_begin, sink_end. */
    void (*begin)(void *state, const char *kind);
    void (*end)(void *state, const struct sink_run *run);
    /* See sink_make. */
    void (*make)(void *state, const struct call *call, uint32_t change, struct sink_message *ret_message);
    /* See sink_send. */
    int (*send)(void *state, const struct sink_message *const *messages, size_t count,
                const struct sink_observer *observer, struct err *err);
    /* Optional: see sink_check. */
    int (*check)(void *state, struct sink_health *ret_health, struct err *err);
    /* Optional: see sink_describe. */
    bool (*describe)(int64_t code, char *out, size_t size);
    /* Optional: see sink_address. */
    const char *(*address)(const void *state);
    /* Optional: see sink_recall, sink_memory. */
    void (*recall)(void *state, const char *earlier);
    const char *(*memory)(const void *state);
    /* Optional: see sink_note_recordings. */
    int (*note_recordings)(void *state, const struct sink_recording *recordings, size_t count, struct err *err);
    /* Optional: the row that the sink has of a call, for people. *ret_row: a JSON object of texts, without empty ones;
     * NULL: there is no such row yet. Ownership: the caller frees it. The errors' messages say why it cannot be read,
     * and have no secret. */
    int (*read_row)(const struct sink_settings *settings, const struct sink_row_query *query, char **ret_row,
                    struct err *err);
    /* Optional, both or none: the tables beside the calls, see table_store in table.h. */
    int (*table_newest)(void *state, const struct table *table, const char *tenant, int64_t *ret_ms, struct err *err);
    int (*table_load)(void *state, const struct table_load *load, struct err *err);
    size_t table_rows; /* table_store.rows */
    /* Optional: runs the statements of a file of `after`, until about until_ms (monotonic). Errors: EX_UNAVAILABLE,
     * EX_CONFIG. */
    int (*run_after)(void *state, const char *sql, int64_t until_ms, struct err *err);
    /* Optional, both or none: whether the store has changed since note_after, which says that all files of `after` have
     * been run. Without them the files are run after each run. */
    bool (*is_after_due)(const void *state);
    void (*note_after)(void *state);
    /* Optional: frees state. */
    void (*close)(void *state);
};

/* An open sink; ops is NULL if the sink is closed. */
struct sink {
    const struct sink_ops *ops;
    void *state;
};

/* sink_find: finds a type by its name. place is the file and line that set the name. Errors: EX_CONFIG, with a list of
 * all types. */
int sink_find(const char *type, const char *place, const struct sink_ops **ret_ops, struct err *err) MUST_CHECK;

/* sink_is_secret: whether a type has a setting of that name that is a secret. */
bool sink_is_secret(const char *key);

/* sink_longest_sec: how many seconds a message of that type takes at most; 0: unknown.
 * ops may be NULL. */
int64_t sink_longest_sec(const struct sink_ops *ops, const struct sink_settings *settings);

/* sink_ignores_extras: whether a receiver of that type, with these settings, reads no extra that is in_fingerprint. ops
 * may be NULL. */
bool sink_ignores_extras(const struct sink_ops *ops, const struct params *params);

/* sink_asks_dial_status: the setting that tells a sink of that type to send the extra dial_status, which the source may
 * not look up; NULL: none. ops may be NULL. Ownership: borrowed from params. */
const struct param *sink_asks_dial_status(const struct sink_ops *ops, const struct params *params);

/* sink_open: opens a sink of this type. Ownership: sink_close. Errors: those of the type. */
int sink_open(const struct sink_ops *ops, const struct sink_settings *settings, struct sink *ret_sink,
              struct err *err) MUST_CHECK;

/* sink_title: the receiver's name for messages, after "the"; "API" if the type has no title. */
const char *sink_title(const struct sink *sink);

/* sink_begin: announces the begin of a run of this kind ("poll", "backfill"). Ownership: kind is borrowed until
 * sink_end. sink_end: announces its end, after its outcomes are durable. A type that records runs logs its failures to
 * do so. sink may be closed. */
void sink_begin(const struct sink *sink, const char *kind);
void sink_end(const struct sink *sink, const struct sink_run *run);

/* sink_make: makes the message of call. change: 0, or the number of a change after the call was accepted. A call that
 * changes back needs another key than before, or the sink would ignore it. Ownership: sink_message_free. */
void sink_make(const struct sink *sink, const struct call *call, uint32_t change, struct sink_message *ret_message);
void sink_message_free(struct sink_message *message);

/* sink_batch: how many messages the sink sends as one request, if it can get so many; 0: each message is a request of
 * its own. The engine sends such a sink whole batches, and no single call as a test. If a batch fails, the sink may
 * report only some of its messages. */
size_t sink_batch(const struct sink *sink);

/* sink_opens_at: the epoch, by this host's clock, until which the sink takes no batch; 0 or a past time: it takes one.
 * Until then the calls of runs are pending in the ledger, and use up no retry. Long work, as a backfill, does not wait:
 * its batches are full ones. */
int64_t sink_opens_at(const struct sink *sink);

/* sink_interval: the seconds from one batch to the next, for which calls wait without a fault; 0: the sink takes calls
 * at any time. */
int64_t sink_interval(const struct sink *sink);

/* sink_send: sends messages in their order, several at once, and returns when each one that was started has its
 * outcome. Messages that were never started are not reported. Errors: EX_SOFTWARE (nothing can be sent at all). */
int sink_send(const struct sink *sink, const struct sink_message *const *messages, size_t count,
              const struct sink_observer *observer, struct err *err) MUST_CHECK;

/* sink_check: tests whether the sink would accept calls, and changes nothing in it. Errors: those of sink_send. */
int sink_check(const struct sink *sink, struct sink_health *ret_health, struct err *err) MUST_CHECK;

/* sink_note_recordings: writes where the recordings of accepted calls are to the rows of the calls, and touches nothing
 * else there. Does nothing if the type has no place for it. Repeating it changes nothing. Errors: EX_UNAVAILABLE. */
int sink_note_recordings(const struct sink *sink, const struct sink_recording *recordings, size_t count,
                         struct err *err) MUST_CHECK;

/* sink_describe: writes the code of an outcome in the words of the type to out ("HTTP 500"). Returns whether the code
 * alone says that the call was accepted. ops NULL: an unknown type. */
bool sink_describe(const struct sink_ops *ops, int64_t code, char *out, size_t size);

/* sink_address: the receiver's address, because facts about one address say nothing about another. "" if the type has
 * none. May contain a secret. Ownership: borrowed until sink_close. */
const char *sink_address(const struct sink *sink);

/* sink_memory: a word of at most 15 letters that the sink wants to know in the next run; "" if there is none.
 * sink_recall: gives the word back to the sink, if the address is still the same. */
const char *sink_memory(const struct sink *sink);
void sink_recall(const struct sink *sink, const char *earlier);

/* sink_close: closes the sink, which may be closed already. */
void sink_close(struct sink *sink);

#endif
