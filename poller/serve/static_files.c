/* static_files: the page's own files. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fileutil.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/static_files.h"

enum { FILE_MOST = 1024 * 1024 };

static const struct {
    const char *ending, *type;
} types[] = {
    { ".html", "text/html; charset=utf-8" }, { ".js", "text/javascript; charset=utf-8" },
    { ".css", "text/css; charset=utf-8" },   { ".json", "application/json" },
    { ".svg", "image/svg+xml" },
};

/* NULL: no file of the page has such a name. */
static const char *type_of(const char *name)
{
    size_t length = strlen(name);
    if (name[0] == '.' || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") != length)
        return NULL;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        size_t ending = strlen(types[i].ending);
        if (length > ending && strcmp(name + length - ending, types[i].ending) == 0)
            return types[i].type;
    }
    return NULL;
}

static void send_file(const struct serve *serve, const struct request *request, const char *name, const char *type,
                      struct reply *reply)
{
    char *path = mem_format("%s/%s", serve->page_dir, name), *text = NULL;
    char etag[24];
    bool missing = false;
    struct err err;
    if (fileutil_read(path, FILE_MOST, FILEUTIL_FOLLOW_LINK, &text, &missing, &err) != 0 || missing) {
        reply_error(reply, REPLY_NOT_FOUND, "there is nothing at this address");
        free(path);
        return;
    }
    free(path);
    (void)snprintf(etag, sizeof etag, "\"%016" PRIx64 "\"", str_hash(STR_HASH_START, text, strlen(text)));
    const char *known = request->header(request->context, "If-None-Match");
    reply->type = type;
    reply_header(reply, "ETag", "%s", etag);
    reply_header(reply, "Cache-Control", "no-cache");
    if (known != NULL && strstr(known, etag) != NULL) {
        reply->status = 304;
        free(text);
        return;
    }
    reply->text = text;
    reply->length = strlen(text);
}

void static_files_page(struct serve *serve, const struct request *request, struct reply *reply)
{
    send_file(serve, request, "index.html", types[0].type, reply);
}

void static_files_named(struct serve *serve, const struct request *request, struct reply *reply)
{
    const char *type = type_of(request->id);
    if (type == NULL)
        reply_error(reply, REPLY_NOT_FOUND, "there is nothing at this address");
    else
        send_file(serve, request, request->id, type, reply);
}

void static_files_openapi(struct serve *serve, const struct request *request, struct reply *reply)
{
    send_file(serve, request, "openapi.json", "application/json", reply);
}
