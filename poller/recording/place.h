/* place: the interface of all places that keep recordings. A type of place is a struct of functions and a row in the
 * table of place.c. Only its own files know its protocol.
 *
 * Storing a file is a small state machine. next says the next request, or that the file is stored, or that storing it
 * failed. judge takes the answer to the request. Each of them may change what the ledger keeps (file_id, session): then
 * it sets changed, and the caller writes both durably before it sends the next request. So after a crash the next run
 * continues the same upload, and no file is stored twice. */
#ifndef PLACE_H
#define PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/http.h"
#include "domain/params.h"

enum transfer_turn {
    TRANSFER_SEND,  /* send this request, once the changes are durable */
    TRANSFER_AGAIN, /* call next again, once the changes are durable */
    TRANSFER_WORK,  /* call work, in any thread, once the changes are durable; then next again */
    TRANSFER_WAIT,  /* call next again after the next answer to another transfer of this place */
    TRANSFER_DONE,
    TRANSFER_FAILED
};

/* Why a transfer failed. */
struct transfer_failure {
    enum transfer_fault {
        TRANSFER_RETRY,         /* a later try may succeed */
        TRANSFER_NOT_YET,       /* the PBX does not have the recording yet */
        TRANSFER_NO_ROOM,       /* the spool or its disk is full: no recording is at fault */
        TRANSFER_RATE_LIMITED,  /* the server asks to slow down: no recording is at fault */
        TRANSFER_MISCONFIGURED, /* no recording can be transferred until a person acts */
        TRANSFER_REJECTED       /* a retry would not help */
    } fault;
    int64_t wait_sec;   /* how long the server asks us to wait; 0: it does not ask */
    char reason[512];   /* one line for operators, without a secret */
    char remedy[320];   /* what to do: "; share the folder ..."; "": nothing */
};

#define PLACE_ID_SIZE 1200
#define PLACE_SESSION_SIZE 4096
#define PLACE_ROOM_SIZE 80

/* A file in the spool, on its way to the place. */
struct place_file {
    const char *call;         /* the call's id */
    const char *name;         /* the file's name, without a slash */
    const char *folder;       /* its sub-folder: "", "2025" or "2025/10" */
    const char *content_type; /* "audio/mpeg" */
    const char *path;         /* in the spool, complete and synced */
    int64_t size;
    const char *md5;          /* in hexadecimal digits */
    char file_id[PLACE_ID_SIZE];       /* kept in the ledger; "": none yet */
    char session[PLACE_SESSION_SIZE];  /* kept in the ledger, a secret; "": none */
    char link[PLACE_ID_SIZE];          /* set when the file is stored */
    bool changed;                      /* file_id or session has to be written to the ledger; the caller clears it */
    char room[PLACE_ROOM_SIZE];        /* set by undo: "11 GB are free"; "": the place does not say it */
};

/* The settings of a place. Ownership: borrowed until place_close. */
struct place_settings {
    const struct params *params;
    const char *folder;   /* where the files go; "": the settings name none */
    int64_t timeout;      /* seconds */
};

struct place_ops {
    const char *type;                /* the value of upload in [recordings] */
    const struct param_spec *params; /* the settings of [recordings], with PLACE_COMMON_PARAMS */
    /* Sends nothing yet. Errors: EX_CONFIG, with file and line. */
    int (*open)(const struct place_settings *settings, void **ret_state, struct err *err);
    /* Begins a transfer; *ret_transfer is the place's own state of it. Ownership: file is borrowed until end. */
    void (*begin)(void *state, struct place_file *file, void **ret_transfer);
    /* SEND: *ret_request is filled, but on_answer and context; its texts live until the next call for this transfer.
     * FAILED: *ret_failure says why. */
    enum transfer_turn (*next)(void *state, void *transfer, struct http_transfer *ret_request,
                               struct transfer_failure *ret_failure);
    void (*judge)(void *state, void *transfer, const struct http_answer *answer);
    /* NULL if next never returns WORK. Does what waits for a disk; nothing else touches the transfer meanwhile. */
    void (*work)(void *transfer);
    /* After DONE: the next turns delete the file again. */
    void (*undo)(void *state, void *transfer);
    void (*end)(void *state, void *transfer);
    void (*close)(void *state);
};

/* The settings that all places share, as the first rows of their tables. */
#define PLACE_COMMON_PARAMS                                                                                            \
    { "folder", false, "where the recordings go: a directory, a prefix or a folder's id" },                            \
    { "url", false, "the address of the recordings; default: the host of url in [source]" },                           \
    { "key", true, "the key for the recordings; default: that of [source]" },                                          \
    { "user", false, "the user for the recordings, instead of a key" },                                                \
    { "password", true, "the user's password" },                                                                       \
    { "ca_file", false, "certificates to trust for that address; default: that of [source]" },                         \
    { "name", false, "the name of a file; it contains {uuid}" },                                                       \
    { "subfolders", false, "none, year or month" },                                                                    \
    { "concurrency", false, "how many recordings are transferred at once" },                                           \
    { "rate", false, "how many recordings may start in a minute; 0: no limit" },                                       \
    { "spool_mb", false, "how much the spool may hold, in MB" },                                                       \
    { "max_attempts", false, "failed tries before a recording is rejected" },                                          \
    { "timeout", false, "how many seconds a server may be silent" },                                                   \
    { "allow_insecure_http", false, "allow plain http to other hosts" }

/* An open place; ops is NULL if there is none. */
struct place {
    const struct place_ops *ops;
    void *state;
};

/* place_find: finds a type by its name; where is the file and line that set it. Errors: EX_CONFIG, with a list of all
 * types. */
int place_find(const char *type, const char *where, const struct place_ops **ret_ops, struct err *err) MUST_CHECK;

/* place_is_secret: whether a type has a setting of that name that is a secret. */
bool place_is_secret(const char *key);

/* place_open: Errors: EX_CONFIG. Ownership: place_close. */
int place_open(const struct place_ops *ops, const struct place_settings *settings, struct place *ret_place,
               struct err *err) MUST_CHECK;

/* place_close: place may be closed already. */
void place_close(struct place *place);

/* transfer_fail: sets *failure with the formatted reason. Returns TRANSFER_FAILED. remedy: "; do this", or "". */
enum transfer_turn transfer_fail(struct transfer_failure *failure, enum transfer_fault fault, const char *remedy,
                                 const char *format, ...) PRINTF_LIKE(4, 5);

#endif
