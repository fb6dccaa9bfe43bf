/* reply: what a handler answers to a request of the live page. It knows nothing of sockets. */
#ifndef REPLY_H
#define REPLY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/json_writer.h"

/* Writes at most size bytes. Returns their number; 0: nothing yet, ask again later; -1: that was all; -2: it failed. */
typedef ssize_t reply_read(void *context, char *out, size_t size);

/* The longest value is a recording's address, of up to 1200 bytes. */
enum { REPLY_HEADERS = 4, REPLY_HEADER_SIZE = 1300 };

/* The body is a text, a stream or a part of a file. Begin with reply_new. Ownership: reply_free frees what the
 * server has not taken. */
struct reply {
    int status;
    const char *type; /* the content's type, a constant */
    char *text;       /* NULL: one of the others */
    size_t length;    /* bytes of text; of the part of the file */
    reply_read *read;   /* NULL: no stream */
    void (*end)(void *context);
    void *context;
    int file;         /* -1: no file */
    int64_t from;     /* the part's first byte */
    struct {
        const char *name;
        char value[REPLY_HEADER_SIZE];
    } headers[REPLY_HEADERS];
    int header_count;
};

void reply_new(struct reply *reply);
void reply_free(struct reply *reply);

/* reply_header: adds a header. The value is made safe: control characters become '?'. */
void reply_header(struct reply *reply, const char *name, const char *format, ...) PRINTF_LIKE(3, 4);

/* reply_json: answers 200 with the object. Ownership: takes the writer's text. */
void reply_json(struct reply *reply, struct json_writer *object);

/* What is wrong with a request. The page has a sentence for each in each of its languages. */
enum reply_problem {
    REPLY_BAD_REQUEST, REPLY_BUSY, REPLY_CSRF, REPLY_FAILED, REPLY_NOT_ALLOWED, REPLY_NOT_FOUND, REPLY_NOT_LOGGED_IN,
    REPLY_NOT_READY, REPLY_NOT_STORED, REPLY_NO_PROFILE, REPLY_RANGE, REPLY_READ_ONLY, REPLY_TOO_LARGE,
    REPLY_TOO_MANY_ATTEMPTS, REPLY_TOO_MANY_LOGINS, REPLY_TOO_MANY_STREAMS, REPLY_WRONG_METHOD, REPLY_WRONG_PASSWORD,
    REPLY_WRONG_TYPE,
    REPLY_PROBLEMS
};

/* reply_code: its code in an answer, a constant. */
const char *reply_code(enum reply_problem problem);

/* reply_error: answers with {"error":{"code":...,"message":...}} and the problem's status. reply_failure: the same for
 * an error of a function: 400, 503 or 500 by its code. */
void reply_error(struct reply *reply, enum reply_problem problem, const char *message);
void reply_failure(struct reply *reply, const struct err *err);

#endif
