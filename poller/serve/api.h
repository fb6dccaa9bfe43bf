/* api: what the answers of the live page's API share: the request as a handler sees it, and the reply.
 *
 * A handler reads view and ledgers, and answers within some ms. It knows nothing of sockets. Numbers of callers are
 * masked here, and only here: see api_masks. */
#ifndef API_H
#define API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/json_writer.h"
#include "serve/profiles.h"
#include "serve/view.h"

/* What the handlers work on. One thread uses it. */
struct api {
    struct profiles *profiles;
    struct view *view;
    const int64_t *changes; /* grows when the view changes; another thread writes it: read it with __atomic_load_n */
};

/* A request that was allowed. Texts are borrowed until the handler returns. */
struct api_request {
    const char *profile, *id; /* parts of the path, decoded; NULL: the path has none */
    const char *range;        /* the header Range; NULL: none */
    bool is_viewer;           /* the user sees masked numbers where masking is on */
    /* The value of a query parameter, decoded; NULL: none. */
    const char *(*query)(const void *context, const char *name);
    const void *context;
};

/* Writes at most size bytes. Returns their number; 0: nothing yet, ask again later; -1: that was all; -2: it failed. */
typedef ssize_t api_read(void *context, char *out, size_t size);

enum { API_HEADERS = 4, API_HEADER_SIZE = 300 };

/* The body is a text, a stream or a part of a file. Begin with api_reply_new. Ownership: api_reply_free frees what the
 * server has not taken. */
struct api_reply {
    int status;
    const char *type; /* the content's type, a constant */
    char *text;       /* NULL: one of the others */
    size_t length;    /* bytes of text; of the part of the file */
    api_read *read;   /* NULL: no stream */
    void (*end)(void *context);
    void *context;
    int file;         /* -1: no file */
    int64_t from;     /* the part's first byte */
    struct {
        const char *name;
        char value[API_HEADER_SIZE];
    } headers[API_HEADERS];
    int header_count;
};

void api_reply_new(struct api_reply *reply);
void api_reply_free(struct api_reply *reply);

/* api_reply_header: adds a header. The value is made safe: control characters become '?'. */
void api_reply_header(struct api_reply *reply, const char *name, const char *format, ...) PRINTF_LIKE(3, 4);

/* api_reply_json: answers 200 with the object. Ownership: takes the writer's text. */
void api_reply_json(struct api_reply *reply, struct json_writer *object);

/* api_reply_error: answers with {"error":{"code":...,"message":...}}. api_reply_failure: the same for an error of a
 * function: 400, 503, 404 or 500 by its code. */
void api_reply_error(struct api_reply *reply, int status, const char *code, const char *message);
void api_reply_failure(struct api_reply *reply, const struct err *err);

/* api_text: a query parameter; NULL: none, or it is empty. api_number: the same as a number from least to most; without
 * one, *ret_number is fallback. False: it is wrong, and *reply says so. */
const char *api_text(const struct api_request *request, const char *name);
bool api_number(const struct api_request *request, const char *name, int64_t fallback, int64_t least, int64_t most,
                int64_t *ret_number, struct api_reply *reply) MUST_CHECK;

/* api_masks: whether this user sees masked numbers of that profile; NULL or "": of any profile. */
bool api_masks(const struct api *api, const struct api_request *request, const char *profile);

/* api_add_masked: adds the text, with the number hidden if masks is set. */
void api_add_masked(struct json_writer *object, const char *name, const char *text, const char *number, bool masks);

/* A list of JSON values. Begin with all zero. api_list_add: takes the writer's object. api_list_add_text: a string.
 * api_list_end: the list's text, which the caller frees. */
struct api_list {
    char *text;
    size_t length, size;
};
void api_list_add(struct api_list *list, struct json_writer *object);
void api_list_add_text(struct api_list *list, const char *text);
char *api_list_end(struct api_list *list) MUST_CHECK;

/* api_begin_json: begins the answer of a query that made list and returned result: {"name":[...]. False: the query
 * failed, and *reply says why. Ownership: frees the list. */
bool api_begin_json(struct json_writer *object, const char *name, struct api_list *list, int result,
                    const struct err *err, struct api_reply *reply) MUST_CHECK;

/* The handlers. Each fills *reply. */
typedef void api_handler(struct api *api, const struct api_request *request, struct api_reply *reply);

#endif
