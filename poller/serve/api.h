/* api: what the answers of the live page's API share.
 *
 * A handler reads view and ledgers, and answers within some ms. It knows nothing of sockets. Numbers of callers are
 * masked here, and only here: see api_masks. */
#ifndef API_H
#define API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json_writer.h"
#include "serve/profiles.h"
#include "serve/reply.h"
#include "serve/request.h"
#include "serve/view.h"
#include "serve/view_thread.h"

/* What the handlers work on. One thread uses it. */
struct api {
    struct profiles *profiles;
    struct view *view;
    const int64_t *changes; /* grows when the view changes; another thread writes it: read it with __atomic_load_n */
    struct view_thread *feed; /* keeps the view up to date; NULL: nothing does */
    int64_t stream_ms;      /* a stream of events ends after so long */
};

/* api_text: a query parameter; NULL: none, or it is empty. api_number: the same as a number from least to most; without
 * one, *ret_number is fallback. False: it is wrong, and *reply says so. */
const char *api_text(const struct request *request, const char *name);
bool api_number(const struct request *request, const char *name, int64_t fallback, int64_t least, int64_t most,
                int64_t *ret_number, struct reply *reply) MUST_CHECK;

/* api_masks: whether this user sees masked numbers of that profile; NULL or "": of any profile. */
bool api_masks(const struct api *api, const struct request *request, const char *profile);

/* api_hide: hides this number, and any other one that looks like a telephone number. Either may be NULL. */
void api_hide(char *text, const char *number);

/* api_add_masked: adds the text; if masks is set, after api_hide. number NULL: nobody knows which number the text may
 * have. A run's message has one if the run wrote it before masking was switched on. */
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
                    const struct err *err, struct reply *reply) MUST_CHECK;

/* The handlers. Each fills *reply. */
typedef void api_handler(struct api *api, const struct request *request, struct reply *reply);

#endif
