/* recording_locate: a recording is ready when its URL has not changed between two looks. VICIdial moves a recording up
 * to four times, and each move makes the URL before it invalid. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/url.h"
#include "engine/recording_locate.h"

/* VICIdial's scripts that move recordings run every three minutes: two rounds. */
#define LOOK_SEC 420

/* VICIdial ends a recording after this time (servers.vicidial_recording_limit). */
#define LONGEST_SEC 3600

/* So long a recording may have no web address. */
#define PATIENCE_SEC 86400

#define AFTER_FAILURE_SEC 1800

struct look {
    const struct recordings_row *row;
    char kin[64];
    int64_t ended;
    bool is_found;
    struct source_recording best; /* the longest one; its url is a copy */
};

void recording_locate_begin(const char *kin, int64_t ended, char out[RECORDING_LOCATE_PATH_SIZE])
{
    (void)snprintf(out, RECORDING_LOCATE_PATH_SIZE, "?%.60s %" PRId64, kin != NULL && *kin != '\0' ? kin : "-", ended);
}

const char *recording_locate_url(const char *path)
{
    const char *blank = strchr(path, ' '), *url = blank != NULL ? strchr(blank + 1, ' ') : NULL;
    return url != NULL ? url + 1 : NULL;
}

const char *recording_locate_address(const char *path, struct fetch_source *source, char **ret_host)
{
    const char *url = *path == RECORDING_LOCATE_MARK ? recording_locate_url(path) : NULL;
    *ret_host = NULL;
    if (url == NULL)
        return path;
    size_t host = strcspn(url, ":") + 3, length = host + strcspn(url + host, "/");
    if (source->url == NULL)
        source->url = *ret_host = mem_format("%.*s", (int)length, url);
    return url + length + strspn(url + length, "/");
}

int recording_locate_check(const char *host, bool allow_insecure_http, struct err *err)
{
    const struct url_rules rules = { .what = "the address in recording_log", .setting = "the address in recording_log",
                                     .place = "under [recordings]", .exposed = "every recording",
                                     .allow_insecure_http = allow_insecure_http };
    return host != NULL ? url_check(host, &rules, err) : 0;
}

static void read_path(struct look *look)
{
    const char *path = look->row->path + 1, *blank = strchr(path, ' ');
    size_t length = blank != NULL ? (size_t)(blank - path) : strlen(path);
    (void)snprintf(look->kin, sizeof look->kin, "%.*s", (int)(length < 60 ? length : 60), path);
    if (blank == NULL || !str_to_int(blank + 1, &look->ended))
        look->ended = look->row->started;
}

/* A call may have several recordings; the longest has most of it. */
static void on_recording(void *context, size_t index, const struct source_recording *recording)
{
    struct look *look = (struct look *)context + index;
    if (look->is_found && recording->length <= look->best.length)
        return;
    free((char *)look->best.url);
    look->best = *recording;
    look->best.url = mem_copy(recording->url);
    look->is_found = true;
}

static bool has_ended(const struct source_recording *recording, int64_t now)
{
    return recording->ended > 0 || recording->began < now - LONGEST_SEC;
}

static bool is_web_address(const char *url)
{
    return (strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0) && strchr(url, ' ') == NULL &&
           strlen(url) < RECORDING_LOCATE_PATH_SIZE - 100;
}

/* Writes what becomes of one row. link has the URL that was seen at the last look. */
static int settle(struct ledger *ledger, const struct look *look, struct err *err)
{
    int64_t now = clock_now_epoch();
    struct recordings_row row = *look->row;
    const char *url = look->is_found ? look->best.url : "";
    if (!look->is_found)
        return recordings_forget(ledger, row.call, err);
    row.asked = row.asked > 0 ? row.asked : now;
    row.due = now + LOOK_SEC;
    if (!has_ended(&look->best, now) || !is_web_address(url)) {
        bool is_deleted = strcmp(url, "DELETED") == 0;
        row.reason = is_deleted ? "the phone system has deleted the recording" : "the recording has no web address yet";
        if (is_deleted || now - row.asked > PATIENCE_SEC)
            row.state = RECORDINGS_REJECTED;
        return recordings_put(ledger, &row, err);
    }
    bool is_ready = row.link != NULL && strcmp(row.link, url) == 0;
    char *path = mem_format("%.120s %s", row.path, url);
    row.link = is_ready ? NULL : url;
    row.due = is_ready ? 0 : row.due;
    row.reason = "the recording may still be moved";
    int result = recordings_put(ledger, &row, err);
    if (result == 0 && is_ready)
        result = recordings_set_path(ledger, row.call, path, err);
    free(path);
    return result;
}

static int postpone(struct ledger *ledger, const struct recordings_row *rows, size_t count, const char *reason,
                    struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        struct recordings_row row = rows[i];
        row.due = clock_now_epoch() + AFTER_FAILURE_SEC;
        row.reason = reason;
        if (recordings_put(ledger, &row, err) != 0)
            return -1;
    }
    return 0;
}

int recording_locate_run(struct ledger *ledger, const struct source *source, const struct recordings_row *rows,
                         size_t count, struct err *err)
{
    struct err failure;
    struct look *looks = mem_zero(count, sizeof *looks);
    struct source_recording_key *keys = mem_zero(count, sizeof *keys);
    for (size_t i = 0; i < count; i++) {
        looks[i].row = &rows[i];
        read_path(&looks[i]);
        keys[i] = (struct source_recording_key){ .call = rows[i].call, .kin = looks[i].kin, .began = rows[i].started,
                                                 .ended = looks[i].ended };
    }
    int result = 0;
    if (source_find_recordings(source, keys, count, on_recording, looks, &failure) != 0) {
        log_warn("⚠ recordings cannot be looked up: %s; they wait, and calls are sent as usual", failure.message);
        result = postpone(ledger, rows, count, failure.message, err);
    } else
        for (size_t i = 0; result == 0 && i < count; i++)
            result = settle(ledger, &looks[i], err);
    for (size_t i = 0; i < count; i++)
        free((char *)looks[i].best.url);
    free(keys);
    free(looks);
    return result;
}
