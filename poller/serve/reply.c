/* reply: what a handler answers to a request of the live page. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "serve/reply.h"

void reply_new(struct reply *reply)
{
    *reply = (struct reply){ .status = 200, .type = "application/json", .file = -1 };
}

void reply_free(struct reply *reply)
{
    free(reply->text);
    if (reply->end != NULL)
        reply->end(reply->context);
    if (reply->file >= 0)
        (void)close(reply->file);
    reply_new(reply);
}

void reply_header(struct reply *reply, const char *name, const char *format, ...)
{
    char value[REPLY_HEADER_SIZE];
    va_list args;
    if (reply->header_count == REPLY_HEADERS)
        return;
    va_start(args, format);
    (void)vsnprintf(value, sizeof value, format, args);
    va_end(args);
    (void)str_printable(value, reply->headers[reply->header_count].value, REPLY_HEADER_SIZE);
    reply->headers[reply->header_count++].name = name;
}

void reply_json(struct reply *reply, struct json_writer *object)
{
    free(reply->text);
    reply->text = json_writer_end(object);
    reply->length = strlen(reply->text);
}

static const struct {
    int status;
    const char *code;
} problems[REPLY_PROBLEMS] = {
    [REPLY_BAD_REQUEST] = { 400, "bad_request" },
    [REPLY_BUSY] = { 503, "busy" },
    [REPLY_CSRF] = { 403, "csrf" },
    [REPLY_FAILED] = { 500, "failed" },
    [REPLY_NOT_ALLOWED] = { 403, "not_allowed" },
    [REPLY_NOT_FOUND] = { 404, "not_found" },
    [REPLY_NOT_LOGGED_IN] = { 401, "not_logged_in" },
    [REPLY_NOT_READY] = { 503, "not_ready" },
    [REPLY_NOT_STORED] = { 409, "not_stored" },
    [REPLY_NO_PROFILE] = { 404, "no_profile" },
    [REPLY_RANGE] = { 416, "range" },
    [REPLY_READ_ONLY] = { 409, "read_only" },
    [REPLY_TOO_LARGE] = { 413, "too_large" },
    [REPLY_TOO_MANY_ATTEMPTS] = { 429, "too_many_attempts" },
    [REPLY_TOO_MANY_LOGINS] = { 429, "too_many_logins" },
    [REPLY_TOO_MANY_STREAMS] = { 429, "too_many_streams" },
    [REPLY_WRONG_METHOD] = { 405, "wrong_method" },
    [REPLY_WRONG_PASSWORD] = { 401, "wrong_password" },
    [REPLY_WRONG_TYPE] = { 415, "wrong_type" },
};

const char *reply_code(enum reply_problem problem)
{
    return problems[problem].code;
}

void reply_error(struct reply *reply, enum reply_problem problem, const char *message)
{
    struct json_writer error = { .text = NULL }, object = { .text = NULL };
    json_writer_add_text(&error, "code", reply_code(problem));
    json_writer_add_text(&error, "message", message);
    char *text = json_writer_end(&error);
    json_writer_add_json(&object, "error", text);
    free(text);
    reply_free(reply);
    reply->status = problems[problem].status;
    reply_json(reply, &object);
}

void reply_failure(struct reply *reply, const struct err *err)
{
    if (err->code == EX_USAGE)
        reply_error(reply, REPLY_BAD_REQUEST, err->message);
    else if (err->code == EX_TEMPFAIL)
        reply_error(reply, REPLY_NOT_READY, err->message);
    else
        reply_error(reply, REPLY_FAILED, err->message);
}
