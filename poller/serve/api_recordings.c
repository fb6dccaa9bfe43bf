/* api_recordings: the recordings of the live page's API. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "ledger/recordings.h"
#include "recording/played.h"
#include "serve/api_calls.h"
#include "serve/api_recordings.h"

/* ---- one recording ---- */

struct kept {
    bool masks, found;
    struct json_writer object;
};

static void keep(void *context, const struct recordings_row *row)
{
    struct kept *kept = context;
    struct json_writer *object = &kept->object;
    kept->found = true;
    json_writer_add_text(object, "state", view_recording_name((int64_t)row->state));
    json_writer_add_int(object, "started", row->started);
    json_writer_add_int(object, "seen", row->seen);
    json_writer_add_known(object, "asked", row->asked, 0);
    json_writer_add_int(object, "attempts", row->attempts);
    json_writer_add_known(object, "due", row->due, 0);
    json_writer_add_known(object, "size", row->size, RECORDINGS_NO_SIZE);
    json_writer_add_text(object, "content_type", row->content_type);
    json_writer_add_text(object, "md5", row->md5);
    json_writer_add_text(object, "path", kept->masks ? NULL : row->path);
    json_writer_add_text(object, "link", kept->masks ? NULL : row->link);
    json_writer_add_text(object, "reason", kept->masks ? NULL : row->reason);
}

int api_recordings_of(struct ledger *ledger, const char *id, bool masks, char **ret_text, struct err *err)
{
    struct kept kept = { .masks = masks };
    *ret_text = NULL;
    int result = recordings_list(ledger, RECORDINGS_PENDING, id, keep, &kept, err);
    if (result == 0 && kept.found)
        *ret_text = json_writer_end(&kept.object);
    else
        free(kept.object.text);
    return result;
}

/* ---- the list ---- */

struct listing {
    struct api *api;
    const struct request *request;
    struct api_list rows;
    int result; /* -1: a ledger could not be read, and err says why */
    struct err err;
};

static void add_row(void *context, const struct view_row *row)
{
    struct listing *listing = context;
    struct serve_profile *profile = profiles_find(listing->api->profiles, row->profile);
    struct ledger *ledger = NULL;
    struct json_writer object = { .text = NULL };
    bool masks = api_masks(listing->api, listing->request, row->profile);
    char *file = NULL;
    if (listing->result != 0 || profile == NULL)
        return;
    listing->result = profiles_ledger(profile, &ledger, &listing->err);
    if (listing->result == 0)
        listing->result = api_recordings_of(ledger, row->id, masks, &file, &listing->err);
    api_calls_add_row(&object, row, masks);
    json_writer_add_json(&object, "file", file != NULL ? file : "null");
    api_list_add(&listing->rows, &object);
    free(file);
}

void api_recordings(struct api *api, const struct request *request, struct reply *reply)
{
    struct listing listing = { .api = api, .request = request };
    struct view_query query;
    struct err err;
    char next[VIEW_CURSOR_SIZE];
    int64_t total = 0;
    if (!api_calls_query(api, request, &query, reply))
        return;
    if (query.filter.recording == NULL)
        query.filter.recording = query.filter.state != NULL ? query.filter.state : "stored";
    query.filter.state = NULL;
    int result = view_list(api->view, &query, add_row, &listing, next, &err);
    if (result == 0)
        result = view_count(api->view, &query.filter, &total, &err);
    struct json_writer object;
    if (listing.result != 0)
        err = listing.err;
    if (!api_begin_json(&object, "recordings", &listing.rows, result != 0 ? result : listing.result, &err, reply))
        return;
    api_calls_add_page(&object, &query, total, next);
    reply_json(reply, &object);
}

/* ---- the sound ---- */

/* A number without a sign; *at moves behind it. */
static bool read_digits(const char **at, int64_t *ret_number)
{
    char digits[20];
    size_t length = strspn(*at, "0123456789");
    if (length == 0 || length >= sizeof digits)
        return false;
    (void)snprintf(digits, sizeof digits, "%.*s", (int)length, *at);
    *at += length;
    return str_to_int(digits, ret_number);
}

/* Several parts at once are not understood, and a server may then send the whole (RFC 9110, 14.2). */
enum api_range api_recordings_range(const char *range, int64_t size, int64_t *ret_from, int64_t *ret_length)
{
    static const char unit[] = "bytes=";
    int64_t first = -1, last = -1;
    *ret_from = 0;
    *ret_length = size;
    if (range == NULL || strncmp(range, unit, sizeof unit - 1) != 0)
        return API_RANGE_WHOLE;
    const char *at = range + sizeof unit - 1;
    bool has_first = read_digits(&at, &first);
    if (*at++ != '-')
        return API_RANGE_WHOLE;
    bool has_last = read_digits(&at, &last);
    if (*at != '\0' || (!has_first && !has_last) || (has_first && has_last && last < first))
        return API_RANGE_WHOLE;
    if (!has_first) { /* the last bytes */
        first = last < size ? size - last : 0;
        last = size - 1;
    }
    if (!has_last || last >= size)
        last = size - 1;
    if (first >= size)
        return API_RANGE_NONE;
    *ret_from = first;
    *ret_length = last - first + 1;
    return API_RANGE_PART;
}

struct place_of_sound {
    enum recordings_state state;
    char *link, *path, *type; /* path: at the PBX */
    bool found;
};

static void keep_place(void *context, const struct recordings_row *row)
{
    struct place_of_sound *place = context;
    place->found = true;
    place->state = row->state;
    place->link = mem_copy(str_or_empty(row->link));
    place->path = mem_copy(str_or_empty(row->path));
    place->type = mem_copy(str_or_empty(row->content_type));
}

/* Only types of sound: a browser must never take a recording for a page. */
static const char *type_of(const char *type, const char *path)
{
    static const struct {
        const char *ending, *type;
    } types[] = { { ".mp3", "audio/mpeg" }, { ".wav", "audio/wav" },  { ".ogg", "audio/ogg" },
                  { ".m4a", "audio/mp4" },  { ".gsm", "audio/gsm" },  { ".opus", "audio/ogg" },
                  { ".flac", "audio/flac" }, { ".webm", "audio/webm" } };
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        size_t ending = strlen(types[i].ending);
        if (length > ending && strcmp(path + length - ending, types[i].ending) == 0)
            return types[i].type;
    }
    return strncmp(type, "audio/wav", 9) == 0 || strncmp(type, "audio/x-wav", 11) == 0 ? "audio/wav" : "audio/mpeg";
}

/* Whether path is below the directory that [recordings] names now: the ledger must not lead to other files. */
static bool is_below(const struct serve_profile *profile, const char *path)
{
    const struct param *folder = params_find(&profile->config.recordings_params, "folder");
    if (folder == NULL || *folder->value != '/')
        return false;
    char *root = realpath(folder->value, NULL), *real = realpath(path, NULL);
    size_t length = root != NULL ? strlen(root) : 0;
    bool below = root != NULL && real != NULL && strncmp(real, root, length) == 0 && real[length] == '/';
    free(root);
    free(real);
    return below;
}

/* A file that may be sent; -1: there is none. */
static int open_sound(const char *path)
{
    struct stat info;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file >= 0 && (fstat(file, &info) != 0 || !S_ISREG(info.st_mode))) {
        (void)close(file);
        file = -1;
    }
    return file;
}

/* What somebody has fetched from the PBX to play it. */
static int open_fetched(const struct serve_profile *profile, const char *id)
{
    char *path = played_path(profile->options.state_dir, id);
    int file = path != NULL ? open_sound(path) : -1;
    if (file >= 0)
        (void)played_keep(path);
    free(path);
    return file;
}

/* Ownership: reply takes the file. */
static void send_file(int file, const char *type, const struct request *request, struct reply *reply)
{
    struct stat info = { .st_size = 0 };
    (void)fstat(file, &info);
    reply->file = file;
    reply->type = type;
    reply_header(reply, "Accept-Ranges", "bytes");
    int64_t length = 0;
    enum api_range part = api_recordings_range(request->range, info.st_size, &reply->from, &length);
    reply->length = (size_t)length;
    if (part == API_RANGE_PART) {
        reply->status = 206;
        reply_header(reply, "Content-Range", "bytes %" PRId64 "-%" PRId64 "/%" PRId64, reply->from,
                         reply->from + length - 1, (int64_t)info.st_size);
    } else if (part == API_RANGE_NONE) {
        reply_error(reply, REPLY_RANGE, "the recording has no such bytes");
        reply_header(reply, "Content-Range", "bytes */%" PRId64, (int64_t)info.st_size);
    }
}

/* A recording in the directory of [recordings], or on the web. */
static void send_stored(const struct serve_profile *profile, const struct place_of_sound *place,
                        const struct request *request, bool masks, struct reply *reply)
{
    bool is_file = *place->link == '/';
    int file = is_file && is_below(profile, place->link) ? open_sound(place->link) : -1;
    if (file >= 0) {
        send_file(file, type_of(place->type, place->link), request, reply);
    } else if (is_file) {
        reply_error(reply, REPLY_NOT_FOUND, "the recording's file is not in its directory, or this user may not "
                        "read it");
    } else if (strncmp(place->link, "https://", 8) == 0 && !masks) {
        reply_free(reply);
        reply->status = 302;
        reply_header(reply, "Location", "%s", place->link);
    } else {
        reply_error(reply, REPLY_NOT_FOUND,
                        masks ? "the recording is elsewhere, and its address may show the number"
                              : "the recording cannot be played from here");
    }
}

static void send_sound(const struct serve_profile *profile, const struct place_of_sound *place,
                       const struct request *request, bool masks, struct reply *reply)
{
    int file = place->found ? open_fetched(profile, request->id) : -1;
    if (file >= 0)
        send_file(file, type_of(place->type, place->path), request, reply);
    else if (!place->found)
        reply_error(reply, REPLY_NOT_FOUND, "this call has no recording");
    else if (place->state != RECORDINGS_STORED)
        reply_error(reply, REPLY_NOT_STORED, "the recording is not stored yet");
    else
        send_stored(profile, place, request, masks, reply);
}

void api_recordings_audio(struct api *api, const struct request *request, struct reply *reply)
{
    struct serve_profile *profile = profiles_find(api->profiles, request->profile);
    struct ledger *ledger = NULL;
    struct place_of_sound place = { .found = false };
    struct err err;
    if (profile == NULL || request->id == NULL)
        reply_error(reply, REPLY_NOT_FOUND, "there is no such profile");
    else if (profiles_ledger(profile, &ledger, &err) != 0 ||
             recordings_list(ledger, RECORDINGS_STORED, request->id, keep_place, &place, &err) != 0)
        reply_failure(reply, &err);
    else
        send_sound(profile, &place, request, api_masks(api, request, request->profile), reply);
    free(place.link);
    free(place.path);
    free(place.type);
}
