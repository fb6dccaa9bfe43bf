/* place_drive: the place `google-drive`. A recording gets its file id before the upload, and the ledger keeps the id
 * and then the address of the upload. So an upload continues after a crash, and a repeated one makes no second file:
 * Drive refuses an id that it has. If the ledger was lost, the file is found by the call's id in its appProperties. */
#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/google_token.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/url.h"
#include "recording/place_drive.h"
#include "recording/place_drive_folders.h"
#include "recording/place_drive_verdict.h"

#define ENDPOINT "https://www.googleapis.com"
#define SCOPE "https://www.googleapis.com/auth/drive"
#define BEARER "Authorization: Bearer "
#define FIELDS "id,webViewLink,size,md5Checksum"

/* Drive allows 124 bytes for the name and the value of a property. */
#define PROPERTY "callUuid"
#define PROPERTY_MOST (124 - sizeof PROPERTY + 1)

/* So many answers in turn that keep nothing of what was sent end the try. */
#define STANDSTILLS 3

#define IDS 20

struct drive {
    const char *ca_file; /* borrowed */
    char *endpoint;
    int64_t timeout;
    struct google_token *token;
    char *ids[IDS]; /* made, and not used yet */
    size_t id_count;
    struct drive_folders folders;
    const void *finder; /* the upload that looks for a sub-folder or makes it: one at a time, so none is made twice */
    struct transfer_failure no_token; /* why there is no token ... */
    int64_t no_token_until_ms;        /* ... and until when nobody asks for one again, monotonic */
};

enum step {
    SEARCH, MAKE_ID, FIND_FOLDER, FOLDER_ID, MAKE_FOLDER, START, ASK, SEND, LOOK, DELETE, ROOM, STORED, FAILED
};

struct upload {
    struct drive *drive;
    struct place_file *file;
    enum step step;
    struct transfer_failure failure; /* FAILED */
    char *url, *body, *authorization;
    char range[96], length[64], type[80];
    char folder_path[NAME_FOLDER_SIZE], folder_id[80]; /* FIND_FOLDER to MAKE_FOLDER */
    const char *headers[6];
    int source; /* the file in the spool; -1: not open */
    int64_t offset;
    int standstills, restarts;
    bool has_asked;
    bool replaces; /* the file exists, and gets this content as its next revision */
};

#define NO_TOKEN_MS 30000

/* So many sessions or files of one upload may vanish in a run. */
#define RESTARTS 2

static const struct param_spec params[] = {
    PLACE_COMMON_PARAMS,
    { "credentials", true, "the key file of a service account, or of a person's access" },
    { "subject", false, "the e-mail address of the person for whom a service account acts" },
    { "endpoint", false, "another address than Google's" },
    { NULL, false, NULL },
};

/* ---- open and close ---- */

static void close_drive(void *context)
{
    struct drive *drive = context;
    google_token_close(drive->token);
    for (size_t i = 0; i < drive->id_count; i++)
        free(drive->ids[i]);
    drive_folders_clear(&drive->folders);
    free(drive->endpoint);
    free(drive);
}

static int check_settings(const struct place_settings *settings, struct err *err)
{
    const struct param *endpoint = params_find(settings->params, "endpoint");
    struct err why;
    if (*settings->folder == '\0')
        return err_set(err, EX_CONFIG,
                       "upload = google-drive needs `folder = ID` in [recordings]: the last part of the folder's "
                       "address");
    if (params_find(settings->params, "credentials") == NULL)
        return err_set(err, EX_CONFIG,
                       "upload = google-drive needs `credentials_file = /FILE` in [recordings]: the key file of a "
                       "service account");
    const struct url_rules rules = { .what = "endpoint", .setting = "endpoint", .place = "under [recordings]",
                                     .exposed = "the token and every recording" };
    if (endpoint != NULL && url_check(endpoint->value, &rules, &why) != 0)
        return err_set(err, why.code, "%s: %.900s", endpoint->origin, why.message);
    return 0;
}

static int open_drive(const struct place_settings *settings, void **ret_state, struct err *err)
{
    if (check_settings(settings, err) != 0)
        return -1;
    const struct param *credentials = params_find(settings->params, "credentials");
    struct drive *drive = mem_zero(1, sizeof *drive);
    drive->folders.root = settings->folder;
    drive->ca_file = "";
    drive->timeout = settings->timeout;
    drive->endpoint = mem_copy(params_text(settings->params, "endpoint", ENDPOINT));
    const struct google_token_settings token = {
        .credentials = credentials->value,
        .origin = credentials->file != NULL ? credentials->file : credentials->origin,
        .wish = { .scope = SCOPE, .subject = params_text(settings->params, "subject", "") },
        .ca_file = "",
        .timeout = 20,
        .connect_timeout = 10,
    };
    if (google_token_open(&token, &drive->token, err) != 0) {
        close_drive(drive);
        return -1;
    }
    *ret_state = drive;
    return 0;
}

static void begin(void *context, struct place_file *file, void **ret_transfer)
{
    struct upload *upload = mem_zero(1, sizeof *upload);
    upload->drive = context;
    upload->file = file;
    upload->source = -1;
    upload->step = *file->session != '\0' ? ASK : *file->file_id != '\0' ? START
                   : strlen(file->call) <= PROPERTY_MOST ? SEARCH : MAKE_ID;
    *ret_transfer = upload;
}

static void clear_request(struct upload *upload)
{
    free(upload->url);
    free(upload->body);
    mem_free_secret(upload->authorization);
    upload->url = upload->body = upload->authorization = NULL;
}

static void end(void *context, void *transfer)
{
    struct upload *upload = transfer;
    struct drive *drive = context;
    if (drive->finder == upload)
        drive->finder = NULL;
    clear_request(upload);
    if (upload->source >= 0)
        (void)close(upload->source);
    free(upload);
}

/* ---- requests ---- */

/* Percent-encodes text for a query. */
static char *encode(const char *text)
{
    char *out = mem_zero(3 * strlen(text) + 1, 1), *at = out;
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = c < 0x80 && (isalnum(c) || strchr("-._~", c) != NULL);
        at += snprintf(at, 4, plain ? "%c" : "%%%02X", c);
    }
    return out;
}

static char *search_url(const struct upload *upload)
{
    const char *call = upload->file->call;
    char *value = mem_zero(2 * strlen(call) + 1, 1), *at = value;
    for (; *call != '\0'; call++) {
        if (*call == '\'' || *call == '\\')
            *at++ = '\\';
        *at++ = *call;
    }
    char *query = mem_format("appProperties has { key='" PROPERTY "' and value='%s' } and trashed=false", value);
    char *coded = encode(query);
    char *url = mem_format("%s/drive/v3/files?q=%s&fields=files(" FIELDS ")&supportsAllDrives=true"
                           "&includeItemsFromAllDrives=true", upload->drive->endpoint, coded);
    free(coded);
    free(query);
    free(value);
    return url;
}

static char *folder_url(const struct upload *upload)
{
    char *query = drive_folders_query(&upload->drive->folders, upload->folder_path);
    char *coded = encode(query);
    char *url = mem_format("%s/drive/v3/files?q=%s&orderBy=createdTime&fields=files(id)&supportsAllDrives=true"
                           "&includeItemsFromAllDrives=true", upload->drive->endpoint, coded);
    free(coded);
    free(query);
    return url;
}

static void know_folder(struct upload *upload, const char *id)
{
    drive_folders_add(&upload->drive->folders, upload->folder_path, id);
    upload->drive->finder = NULL;
    upload->step = START;
}

static char *metadata_of(const struct upload *upload)
{
    const struct place_file *file = upload->file;
    struct json *object = json_object();
    json_add_text(object, "name", file->name);
    if (!upload->replaces) {
        json_add_text(object, "id", file->file_id);
        const char *parent = drive_folders_id(&upload->drive->folders, file->folder);
        json_append_text(json_add(object, "parents", json_array()), parent);
    }
    if (!upload->replaces && strlen(file->call) <= PROPERTY_MOST)
        json_add_text(json_add(object, "appProperties", json_object()), PROPERTY, file->call);
    char *text = json_print(object);
    json_free(object);
    return text;
}

/* Sets the header with the token. False: there is none, and the transfer failed. A request for a token takes up to 20
 * seconds, in which all else waits, so the other recordings of the run do not ask again. */
static bool authorize(struct upload *upload)
{
    struct drive *drive = upload->drive;
    const char *token = NULL;
    struct err err;
    bool may_ask = clock_mono_ms() >= drive->no_token_until_ms;
    if (may_ask && google_token_get(drive->token, &token, &err) == 0) {
        upload->authorization = mem_format(BEARER "%s", token);
        return true;
    }
    if (may_ask) {
        (void)transfer_fail(&drive->no_token, err.code == EX_CONFIG ? TRANSFER_MISCONFIGURED : TRANSFER_RETRY, "",
                            "%.500s", err.message);
        drive->no_token_until_ms = clock_mono_ms() + NO_TOKEN_MS;
    }
    upload->failure = drive->no_token;
    upload->step = FAILED;
    return false;
}

static bool open_source(struct upload *upload)
{
    if (upload->source < 0)
        upload->source = open(upload->file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (upload->source >= 0)
        return true;
    (void)transfer_fail(&upload->failure, TRANSFER_RETRY, "", "could not read the recording in the spool");
    upload->step = FAILED;
    return false;
}

/* The requests to the upload's own address, which is the secret itself: they have no token. */
static void fill_session_request(struct upload *upload, struct http_transfer *request)
{
    const struct place_file *file = upload->file;
    upload->url = mem_copy(file->session);
    request->method = "PUT";
    if (upload->step == ASK)
        (void)snprintf(upload->range, sizeof upload->range, "Content-Range: bytes */%" PRId64, file->size);
    else
        (void)snprintf(upload->range, sizeof upload->range, "Content-Range: bytes %" PRId64 "-%" PRId64 "/%" PRId64,
                       upload->offset, file->size - 1, file->size);
    upload->headers[0] = upload->range;
    upload->headers[1] = NULL;
    if (upload->step == SEND && open_source(upload)) {
        request->file = upload->source;
        request->from = upload->offset;
        request->length = file->size - upload->offset;
    }
}

static const char *method_of(const struct upload *upload)
{
    if (upload->step == START)
        return upload->replaces ? "PATCH" : "POST";
    return upload->step == DELETE ? "DELETE" : upload->step == MAKE_FOLDER ? "POST" : "GET";
}

static void fill_api_request(struct upload *upload, struct http_transfer *request)
{
    const struct place_file *file = upload->file;
    const char *endpoint = upload->drive->endpoint;
    size_t count = 0;
    upload->headers[count++] = upload->authorization;
    request->method = method_of(upload);
    if (upload->step == SEARCH)
        upload->url = search_url(upload);
    else if (upload->step == ROOM)
        upload->url = mem_format("%s/drive/v3/about?fields=storageQuota", endpoint);
    else if (upload->step == FIND_FOLDER)
        upload->url = folder_url(upload);
    else if (upload->step == MAKE_FOLDER) {
        upload->url = mem_format("%s/drive/v3/files?supportsAllDrives=true&fields=id", endpoint);
        upload->body = drive_folders_metadata(&upload->drive->folders, upload->folder_path,
                                              upload->folder_id);
        request->body = upload->body;
        upload->headers[count++] = "Content-Type: application/json; charset=UTF-8";
    } else if (upload->step == MAKE_ID || upload->step == FOLDER_ID)
        upload->url = mem_format("%s/drive/v3/files/generateIds?count=%d&space=drive&type=files", endpoint, IDS);
    else if (upload->step == START) {
        char *id = encode(upload->replaces ? file->file_id : "");
        upload->url = mem_format("%s/upload/drive/v3/files%s%s?uploadType=resumable&supportsAllDrives=true&fields="
                                 FIELDS, endpoint, upload->replaces ? "/" : "", id);
        free(id);
        upload->body = metadata_of(upload);
        request->body = upload->body;
        (void)snprintf(upload->type, sizeof upload->type, "X-Upload-Content-Type: %s", file->content_type);
        (void)snprintf(upload->length, sizeof upload->length, "X-Upload-Content-Length: %" PRId64, file->size);
        upload->headers[count++] = "Content-Type: application/json; charset=UTF-8";
        upload->headers[count++] = upload->type;
        upload->headers[count++] = upload->length;
    } else {
        char *id = encode(file->file_id);
        upload->url = mem_format("%s/drive/v3/files/%s?supportsAllDrives=true&fields=" FIELDS, endpoint, id);
        free(id);
    }
    upload->headers[count] = NULL;
}

static void take_id(struct upload *upload)
{
    struct drive *drive = upload->drive;
    char *id = drive->ids[--drive->id_count];
    (void)snprintf(upload->file->file_id, sizeof upload->file->file_id, "%s", id);
    free(id);
    upload->file->changed = true;
    upload->step = START;
}

static void take_folder_id(struct upload *upload)
{
    struct drive *drive = upload->drive;
    char *id = drive->ids[--drive->id_count];
    (void)snprintf(upload->folder_id, sizeof upload->folder_id, "%s", id);
    free(id);
    upload->step = MAKE_FOLDER;
}

static enum transfer_turn next(void *context, void *transfer, struct http_transfer *ret_request,
                               struct transfer_failure *ret_failure)
{
    struct upload *upload = transfer;
    (void)context;
    clear_request(upload);
    if (upload->step == MAKE_ID && upload->drive->id_count > 0) {
        take_id(upload);
        return TRANSFER_AGAIN;
    }
    if (upload->step == STORED)
        return TRANSFER_DONE;
    if (upload->step == START && !upload->replaces &&
        drive_folders_lack(&upload->drive->folders, upload->file->folder, upload->folder_path)) {
        if (upload->drive->finder != NULL)
            return TRANSFER_WAIT;
        upload->drive->finder = upload;
        upload->step = FIND_FOLDER;
    }
    if (upload->step == FOLDER_ID && upload->drive->id_count > 0)
        take_folder_id(upload);
    *ret_request = (struct http_transfer){ .file = -1, .ca_file = upload->drive->ca_file,
                                           .timeout = upload->drive->timeout, .headers = upload->headers };
    if (upload->step == ASK || upload->step == SEND)
        fill_session_request(upload, ret_request);
    else if (upload->step != FAILED && authorize(upload))
        fill_api_request(upload, ret_request);
    ret_request->url = upload->url;
    if (upload->step != FAILED)
        return TRANSFER_SEND;
    *ret_failure = upload->failure;
    return TRANSFER_FAILED;
}

/* ---- answers ---- */

static void fail(struct upload *upload, const struct http_answer *answer)
{
    const struct google_token *token = upload->drive->token;
    const struct drive_asker asker = { .account = google_token_name(token), .is_user = google_token_is_user(token),
                                       .names_the_folder = (upload->step == START && !upload->replaces) ||
                                                           upload->step == MAKE_FOLDER };
    drive_verdict(answer, &asker, &upload->failure);
    str_hide(upload->failure.reason, upload->file->session);
    upload->step = FAILED;
}

/* Forgets the upload's address, because it is over. */
static void forget_session(struct upload *upload)
{
    upload->file->session[0] = '\0';
    upload->file->changed = true;
}

/* Whether file, as Drive shows it, is our recording. UNSAID: Drive does not say its size or MD5. */
static enum likeness { SAME, OTHER, UNSAID } compare(const struct place_file *file, const struct json *json)
{
    int64_t size = -1;
    char *text = json_text_or_number(json_member(json, "size"));
    const char *md5 = json_text(json, "md5Checksum");
    bool is_said = text != NULL && str_to_int(text, &size) && md5 != NULL;
    free(text);
    return !is_said ? UNSAID : size == file->size && strcmp(md5, file->md5) == 0 ? SAME : OTHER;
}

static void finish(struct upload *upload, const struct json *json)
{
    struct place_file *file = upload->file;
    (void)snprintf(file->file_id, sizeof file->file_id, "%s", str_or_empty(json_text(json, "id")));
    (void)snprintf(file->link, sizeof file->link, "%s", str_or_empty(json_text(json, "webViewLink")));
    file->changed = true;
    upload->step = STORED;
}

/* The file with our id has another content: an upload was damaged, or the PBX has changed the recording. It is not
 * deleted, but gets this content as its next revision; Drive keeps the other one for 30 days. */
static void replace(struct upload *upload)
{
    if (!upload->replaces) {
        upload->replaces = true;
        upload->step = START;
        return;
    }
    (void)transfer_fail(&upload->failure, TRANSFER_RETRY, "", "Google Drive has another content than was sent");
    upload->step = FAILED;
}

/* Judges the file that the upload made, or that had its id already. */
static void judge_file(struct upload *upload, const struct http_answer *answer)
{
    struct json *json = json_parse(answer->body);
    bool is_file = json != NULL && json_text(json, "id") != NULL;
    enum likeness likeness = is_file ? compare(upload->file, json) : UNSAID;
    if (likeness == UNSAID || likeness == OTHER)
        forget_session(upload); /* the upload has ended */
    if (!is_file)
        fail(upload, &(struct http_answer){ .status = 502, .body = "" });
    else if (likeness == SAME)
        finish(upload, json);
    else if (likeness == OTHER)
        replace(upload);
    else {
        (void)transfer_fail(&upload->failure, TRANSFER_RETRY, "", "Google Drive does not say size and MD5 of the file");
        upload->step = FAILED;
    }
    json_free(json);
}

static void judge_search(struct upload *upload, const struct http_answer *answer)
{
    struct json *json = json_parse(answer->body);
    const struct json *found = json != NULL ? json_first(json_member(json, "files")) : NULL;
    while (found != NULL && compare(upload->file, found) != SAME)
        found = json_next(found);
    upload->step = MAKE_ID;
    if (found != NULL)
        finish(upload, found);
    json_free(json);
}

static void judge_found_folder(struct upload *upload, const struct http_answer *answer)
{
    struct json *json = json_parse(answer->body);
    const struct json *files = json != NULL ? json_member(json, "files") : NULL, *found = json_first(files);
    const char *id = found != NULL ? json_text(found, "id") : NULL;
    if (files == NULL)
        fail(upload, &(struct http_answer){ .status = 502, .body = "" });
    else if (id != NULL)
        know_folder(upload, id);
    else
        upload->step = FOLDER_ID;
    json_free(json);
}

static void judge_ids(struct upload *upload, const struct http_answer *answer)
{
    struct drive *drive = upload->drive;
    struct json *json = json_parse(answer->body);
    const struct json *id = json != NULL ? json_first(json_member(json, "ids")) : NULL;
    for (; id != NULL; id = json_next(id)) {
        char *text = json_text_or_number(id);
        if (text != NULL && drive->id_count < IDS)
            drive->ids[drive->id_count++] = text;
        else
            free(text);
    }
    json_free(json);
    if (drive->id_count == 0)
        fail(upload, &(struct http_answer){ .status = 502, .body = "" });
}

/* The recording goes to the address of the upload, which must not lead elsewhere: it is the endpoint's, or Google's. */
static bool is_safe(const struct upload *upload, const char *location)
{
    static const char google[] = ".googleapis.com";
    const char *endpoint = upload->drive->endpoint, *host = location + 8;
    size_t length = strlen(endpoint), least = sizeof google - 1;
    if (strncmp(location, endpoint, length) == 0 && location[length] == '/')
        return true;
    if (strcmp(endpoint, ENDPOINT) != 0 || strncmp(location, "https://", 8) != 0)
        return false;
    length = strcspn(host, "/?#@:\\");
    return host[length] == '/' && length > least && strncmp(host + length - least, google, least) == 0;
}

static void judge_start(struct upload *upload, const struct http_answer *answer)
{
    struct place_file *file = upload->file;
    char reason[80];
    drive_reason(answer, reason, sizeof reason);
    if (answer->status == 200 && http_header(answer, "Location", file->session, sizeof file->session) &&
        is_safe(upload, file->session)) {
        file->changed = true;
        upload->offset = 0;
        upload->step = SEND;
    } else if (answer->status == 409)
        upload->step = LOOK;
    else if (answer->status == 404 && upload->replaces) { /* deleted meanwhile */
        upload->replaces = false;
        file->file_id[0] = '\0';
        file->changed = true;
        upload->step = MAKE_ID;
        if (++upload->restarts > RESTARTS)
            fail(upload, answer);
    } else if (answer->status == 400 && strcmp(reason, "invalid") == 0) { /* ids do not last for ever */
        file->file_id[0] = '\0';
        file->changed = true;
        fail(upload, answer);
        upload->failure.fault = TRANSFER_RETRY;
    } else {
        if (answer->status == 200)
            forget_session(upload);
        fail(upload, answer);
    }
}

/* 308: how much of the file Drive has; the upload goes on there. */
static void judge_progress(struct upload *upload, const struct http_answer *answer)
{
    char range[64] = "";
    int64_t last = -1;
    if (http_header(answer, "Range", range, sizeof range)) {
        const char *dash = strchr(range, '-');
        if (strncmp(range, "bytes=0-", 8) != 0 || dash == NULL || !str_to_int(dash + 1, &last))
            last = -1;
    }
    bool moved = last + 1 > upload->offset || upload->step == ASK;
    upload->standstills = moved ? 0 : upload->standstills + 1;
    upload->offset = last + 1;
    upload->step = SEND;
    if (upload->standstills >= STANDSTILLS || upload->offset >= upload->file->size)
        fail(upload, &(struct http_answer){ .status = 503, .body = "" });
}

static void judge_session(struct upload *upload, const struct http_answer *answer)
{
    long status = answer->status;
    if (answer->failure == NULL && status == 308)
        judge_progress(upload, answer);
    else if (answer->failure == NULL && (status == 200 || status == 201))
        judge_file(upload, answer);
    else if (answer->failure == NULL && (status == 404 || status == 410)) {
        forget_session(upload); /* it lives for a week */
        upload->step = START;
        if (++upload->restarts > RESTARTS)
            fail(upload, &(struct http_answer){ .status = 503, .body = "" });
    } else if (answer->failure == NULL && status == 400 && upload->step == SEND && !upload->has_asked) {
        upload->has_asked = true; /* libcurl repeats a request on a broken connection; some of it may have arrived */
        upload->step = ASK;
    } else if (answer->failure == NULL && status == 409) {
        forget_session(upload);
        upload->step = LOOK;
    } else {
        if (answer->failure == NULL && status >= 400 && status <= 499 && status != 429 && status != 408)
            forget_session(upload);
        fail(upload, answer);
    }
}

static bool read_bytes(const struct json *quota, const char *name, int64_t *ret_bytes)
{
    char *text = json_text_or_number(json_member(quota, name));
    bool good = text != NULL && str_to_int(text, ret_bytes);
    free(text);
    return good;
}

/* A Shared drive has no such limit, and its answer speaks of the account's own storage. */
static void judge_room(struct upload *upload, const struct http_answer *answer)
{
    struct json *json = answer->status == 200 ? json_parse(answer->body) : NULL;
    const struct json *quota = json != NULL ? json_member(json, "storageQuota") : NULL;
    int64_t limit = 0, usage = 0;
    if (quota != NULL && google_token_is_user(upload->drive->token) && read_bytes(quota, "limit", &limit) &&
        read_bytes(quota, "usage", &usage))
        (void)snprintf(upload->file->room, sizeof upload->file->room, "%" PRId64 " of the account's %" PRId64
                       " GB are free", usage < limit ? (limit - usage) >> 30 : 0, limit >> 30);
    json_free(json);
    upload->step = STORED;
}

static void judge(void *context, void *transfer, const struct http_answer *answer)
{
    struct upload *upload = transfer;
    bool well = answer->failure == NULL && answer->status == 200;
    (void)context;
    if (upload->step == ASK || upload->step == SEND)
        judge_session(upload, answer);
    else if (answer->failure == NULL && answer->status == 401 &&
             google_token_refused(upload->drive->token, upload->authorization + strlen(BEARER)))
        return; /* the same request again, with another token */
    else if (upload->step == START && answer->failure == NULL)
        judge_start(upload, answer);
    else if (upload->step == MAKE_FOLDER && (well || answer->status == 409)) /* 409: a repeated request has made it */
        know_folder(upload, upload->folder_id);
    else if (upload->step == DELETE && (answer->status == 204 || answer->status == 404))
        upload->step = ROOM;
    else if (upload->step == ROOM)
        judge_room(upload, answer);
    else if (upload->step == LOOK && answer->failure == NULL && answer->status == 404) { /* the file was deleted */
        upload->file->file_id[0] = '\0';
        upload->file->changed = true;
        upload->step = MAKE_ID;
    }
    else if (!well)
        fail(upload, answer);
    else if (upload->step == SEARCH)
        judge_search(upload, answer);
    else if (upload->step == FIND_FOLDER)
        judge_found_folder(upload, answer);
    else if (upload->step == MAKE_ID || upload->step == FOLDER_ID)
        judge_ids(upload, answer);
    else
        judge_file(upload, answer);
}

static void undo(void *context, void *transfer)
{
    struct upload *upload = transfer;
    (void)context;
    upload->step = DELETE;
}

const struct place_ops place_drive = {
    .type = "google-drive",
    .params = params,
    .open = open_drive,
    .begin = begin,
    .next = next,
    .judge = judge,
    .undo = undo,
    .end = end,
    .close = close_drive,
};
