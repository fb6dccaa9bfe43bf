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

void reply_error(struct reply *reply, int status, const char *code, const char *message)
{
    struct json_writer error = { .text = NULL }, object = { .text = NULL };
    json_writer_add_text(&error, "code", code);
    json_writer_add_text(&error, "message", message);
    char *text = json_writer_end(&error);
    json_writer_add_json(&object, "error", text);
    free(text);
    reply_free(reply);
    reply->status = status;
    reply_json(reply, &object);
}

void reply_failure(struct reply *reply, const struct err *err)
{
    if (err->code == EX_USAGE)
        reply_error(reply, 400, "bad_request", err->message);
    else if (err->code == EX_TEMPFAIL)
        reply_error(reply, 503, "not_ready", err->message);
    else
        reply_error(reply, 500, "failed", err->message);
}
