/* recordings_fetch: `did-optimizer-sync recordings fetch`, one recording from the PBX, to be played. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/mem.h"
#include "commands/recordings_command.h"
#include "commands/recordings_fetch.h"
#include "config/profile.h"
#include "engine/recording_locate.h"
#include "engine/route.h"
#include "ledger/recordings.h"
#include "recording/played.h"
#include "recording/recording_settings.h"

#define LONGEST_SEC 600 /* somebody waits for the sound */

struct download {
    struct fetch fetch;
    struct http_pool *pool;
    bool has_ended; /* the request */
};

static bool on_body(void *context, const struct http_answer *so_far, const char *bytes, size_t length)
{
    struct download *download = context;
    return fetch_take(&download->fetch, so_far, bytes, length);
}

static void on_answer(void *context, const struct http_answer *answer)
{
    struct download *download = context;
    download->has_ended = true;
    fetch_judge(&download->fetch, answer);
}

static int send_request(struct download *download, struct http_transfer *request, struct err *err)
{
    request->on_body = on_body;
    request->on_answer = on_answer;
    request->context = download;
    request->longest = LONGEST_SEC;
    download->has_ended = false;
    if (http_pool_start(download->pool, request, err) != 0 ||
        http_pool_await(download->pool, &download->has_ended, err) != 0)
        return -1;
    return download->has_ended ? 0 : err_set(err, EX_TEMPFAIL, "interrupted: the recording was not fetched");
}

static int follow(struct download *download, struct err *err)
{
    struct transfer_failure failure = { .fault = TRANSFER_RETRY };
    for (;;) {
        struct http_transfer request = { .file = -1 };
        enum transfer_turn turn = fetch_next(&download->fetch, &request, &failure);
        if (turn == TRANSFER_DONE)
            return 0;
        if (turn == TRANSFER_FAILED)
            return err_set(err, failure.fault == TRANSFER_NO_ROOM ? EX_IOERR : EX_UNAVAILABLE, "%s%s", failure.reason,
                           failure.remedy);
        if (turn == TRANSFER_WORK)
            fetch_work(&download->fetch);
        else if (send_request(download, &request, err) != 0)
            return -1;
    }
}

static int fetch(const struct recording_settings *settings, struct spool *spool, const char *call, const char *path,
                 struct err *err)
{
    char *host = NULL;
    struct fetch_source source = settings->source;
    struct download download = { .fetch = { .source = &source, .spool = spool, .call = call, .size = -1 } };
    download.fetch.path = recording_locate_address(path, &source, &host);
    int result = recording_locate_check(host, settings->allow_insecure_http, err);
    if (result == 0)
        result = http_pool_open(1, &download.pool, err);
    if (result == 0) {
        fetch_begin(&download.fetch);
        result = follow(&download, err);
        http_pool_close(download.pool);
        fetch_end(&download.fetch);
        if (result != 0) /* without what the ledger keeps of a part, it cannot be continued */
            spool_forget(spool, call);
    }
    free(host);
    return result;
}

/* ---- what is fetched ---- */

static void keep_path(void *context, const struct recordings_row *row)
{
    *(char **)context = mem_copy(row->path);
}

static int read_path(const struct options *options, char **ret_path, struct err *err)
{
    struct ledger *ledger = NULL;
    const char *call = options->arguments[0];
    if (ledger_open(options->state_dir, LEDGER_READ_ONLY, &ledger, NULL, err) != 0)
        return -1;
    int result = recordings_list(ledger, RECORDINGS_PENDING, call, keep_path, ret_path, err);
    ledger_close(ledger);
    if (result == 0 && *ret_path == NULL)
        result = recordings_command_unknown(options, call, err);
    if (result == 0 && **ret_path == RECORDING_LOCATE_MARK && recording_locate_url(*ret_path) == NULL)
        result = err_set(err, EX_UNAVAILABLE, "the dialer's table did not have the address of this recording yet; see: "
                         "did-optimizer-sync%s recordings why %s", options->profile_option, call);
    return result;
}

/* One at a time: two downloads of one recording would write the same file, and many would be a burden for the PBX. The
 * kernel unlocks the directory when the process ends. */
static int lock_spool(const struct spool *spool, struct err *err)
{
    int directory = open(spool->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0 && flock(directory, LOCK_EX | LOCK_NB) == 0)
        return 0;
    int reason = errno;
    if (directory >= 0)
        (void)close(directory);
    return reason == EWOULDBLOCK
               ? err_set(err, EX_TEMPFAIL, "another recording is being fetched: try again in a moment")
               : err_set(err, EX_IOERR, "could not lock %s: %s", spool->directory, strerror(reason));
}

static int fetch_unless_there(const struct options *options, const struct recording_settings *settings,
                              const char *path, struct err *err)
{
    struct spool spool;
    const char *call = options->arguments[0];
    if (played_open(options->state_dir, settings->spool_bytes, &spool, err) != 0)
        return -1;
    int result = lock_spool(&spool, err);
    char *done = spool_done(&spool, call);
    if (result == 0 && (done == NULL || spool_size(done) <= 0 || !played_keep(done)))
        result = fetch(settings, &spool, call, path, err);
    free(done);
    spool_close(&spool);
    return result;
}

static int fetch_recording(const struct options *options, const struct config *config, struct err *err)
{
    struct recording_settings settings = { .url = NULL };
    char *path = NULL;
    interrupt_install();
    int result = recording_settings_read(&config->recordings_params, &config->source_params, &settings, err);
    if (result == 0)
        result = read_path(options, &path, err);
    if (result == 0)
        result = fetch_unless_there(options, &settings, path, err);
    free(path);
    recording_settings_clear(&settings);
    return result;
}

int recordings_fetch_command(struct options *options)
{
    struct err err = { .code = EX_OK };
    struct config config;
    struct route_kinds kinds;
    struct config_problems problems;
    route_load(&options->config, &config, &kinds, &problems); /* now: the state's owner may not read the settings */
    int result = profile_drop_privileges(options, &err);
    if (result == 0 && problems.count > 0)
        result = err_set(&err, problems.code, "%s", problems.texts[0]);
    if (result == 0 && kinds.place == NULL)
        result = err_set(&err, EX_CONFIG, "upload is not set under [recordings] in %s, so no recording can be fetched; "
                         "set it, then run: did-optimizer-sync%s check", options->config.own, options->profile_option);
    if (result == 0)
        result = fetch_recording(options, &config, &err);
    if (result == 0)
        (void)printf("the recording is here for an hour, and the live page can play it\n");
    else
        (void)fprintf(stderr, "did-optimizer-sync: %s\n", err.message);
    config_problems_free(&problems);
    config_free(&config);
    return result == 0 ? EX_OK : err.code;
}
