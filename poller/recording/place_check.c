/* place_check: the same requests as for a recording, so `check` fails for the same reasons as a run. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/worker.h"
#include "recording/place_check.h"
#include "recording/spool.h"

#define TURNS_MOST 40 /* of a place that never ends */
#define PATIENCE_MOST_SEC 30 /* a disk that sleeps needs some seconds; a person waits for the answer */
#define DISK_TURN_MS 10

/* On a dead disk the work outlives place_check, so all that the work uses is here and stays in memory. */
struct trial {
    const struct place_ops *ops;
    void *state; /* the place's */
    char call[64], name[96], md5[SPOOL_MD5_SIZE];
    char *path;
    struct place_file file;
    void *transfer;
    struct worker *worker; /* NULL: no work waits for a disk */
    struct worker_task task;
    struct http_pool *pool;
    const struct place_settings *settings;
    bool is_answered;
};

static void on_answer(void *context, const struct http_answer *answer)
{
    struct trial *trial = context;
    trial->is_answered = true;
    trial->ops->judge(trial->state, trial->transfer, answer);
}

static int send_request(struct trial *trial, struct http_transfer *request, struct err *err)
{
    request->on_answer = on_answer;
    request->context = trial;
    request->longest = request->timeout; /* the file is short */
    trial->is_answered = false;
    if (http_pool_start(trial->pool, request, err) != 0)
        return -1;
    return http_pool_await(trial->pool, &trial->is_answered, err);
}

static void work(void *context)
{
    struct trial *trial = context;
    trial->ops->work(trial->transfer);
}

/* Does in a thread what waits for a disk. *ret_is_dead: the disk does not answer, and the thread still waits for it. */
static int do_work(struct trial *trial, bool *ret_is_dead, struct err *err)
{
    int64_t patience_sec = trial->settings->timeout < PATIENCE_MOST_SEC ? trial->settings->timeout : PATIENCE_MOST_SEC;
    int64_t until_ms = clock_mono_ms() + patience_sec * 1000;
    if (worker_open(1, NULL, NULL, &trial->worker, err) != 0)
        return -1;
    trial->task = (struct worker_task){ .run = work, .context = trial };
    worker_start(trial->worker, &trial->task);
    while (!worker_has_ended(trial->worker, &trial->task) && clock_mono_ms() < until_ms && !interrupt_requested())
        interrupt_sleep_until(clock_mono_ms() + DISK_TURN_MS);
    *ret_is_dead = !worker_has_ended(trial->worker, &trial->task);
    if (!*ret_is_dead && worker_close(trial->worker, 60000)) /* the thread only has to end */
        trial->worker = NULL;
    return 0;
}

/* *ret_turn is DONE or FAILED. */
static int follow(struct trial *trial, struct place_finding *finding, enum transfer_turn *ret_turn, struct err *err)
{
    struct transfer_failure *failure = &finding->failure;
    *ret_turn = TRANSFER_AGAIN;
    for (int turns = 0; turns < TURNS_MOST && !interrupt_requested(); turns++) {
        struct http_transfer request = { .file = -1 };
        *ret_turn = trial->ops->next(trial->state, trial->transfer, &request, failure);
        if (*ret_turn == TRANSFER_DONE || *ret_turn == TRANSFER_FAILED)
            return 0;
        if ((*ret_turn == TRANSFER_WORK && do_work(trial, &finding->is_dead, err) != 0) ||
            (*ret_turn == TRANSFER_SEND && send_request(trial, &request, err) != 0))
            return -1;
        if (finding->is_dead) {
            *ret_turn = transfer_fail(failure, TRANSFER_RETRY, "; mend the disk, or unmount it",
                                      "the disk of %.300s does not answer", trial->settings->folder);
            return 0;
        }
    }
    *ret_turn = transfer_fail(failure, TRANSFER_RETRY, "", "the test was cut short");
    return 0;
}

static int try_place(struct trial *trial, struct place_finding *finding, struct err *err)
{
    enum transfer_turn turn = TRANSFER_FAILED;
    if (http_pool_open(1, &trial->pool, err) != 0)
        return -1;
    trial->ops->begin(trial->state, &trial->file, &trial->transfer);
    int result = follow(trial, finding, &turn, err);
    finding->is_stored = turn == TRANSFER_DONE;
    if (result == 0 && finding->is_stored) {
        trial->ops->undo(trial->state, trial->transfer);
        result = follow(trial, finding, &turn, err);
        finding->is_deleted = turn == TRANSFER_DONE;
    }
    http_pool_close(trial->pool);
    if (!finding->is_dead) {
        (void)snprintf(finding->room, sizeof finding->room, "%s", trial->file.room);
        trial->ops->end(trial->state, trial->transfer);
    }
    return result;
}

static int write_file(const char *directory, char **ret_path, struct err *err)
{
    static const char text[] = "did-optimizer-sync check stores this file and deletes it again.\n";
    char *path = mem_format("%s/check-XXXXXX", directory);
    int file = mkstemp(path);
    bool good = file >= 0 && write(file, text, sizeof text - 1) == (ssize_t)(sizeof text - 1);
    if (good) {
        (void)close(file);
        *ret_path = path;
        return 0;
    }
    (void)err_set(err, EX_IOERR, "could not write %s: %s", path, strerror(errno));
    if (file >= 0) {
        (void)close(file);
        (void)unlink(path);
    }
    free(path);
    return -1;
}

int place_check(const struct place *place, const struct place_settings *settings, const char *directory,
                struct place_finding *ret_finding, struct err *err)
{
    char *path = NULL;
    *ret_finding = (struct place_finding){ .is_stored = false };
    if (write_file(directory, &path, err) != 0)
        return -1;
    struct trial *trial = mem_zero(1, sizeof *trial);
    *trial = (struct trial){ .ops = place->ops, .state = place->state, .settings = settings, .path = path };
    (void)snprintf(trial->call, sizeof trial->call, "check-%" PRId64 "-%ld", clock_now_epoch(), (long)getpid());
    (void)snprintf(trial->name, sizeof trial->name, "did-optimizer-sync-%s.txt", trial->call);
    (void)snprintf(ret_finding->name, sizeof ret_finding->name, "%s", trial->name);
    trial->file = (struct place_file){ .call = trial->call, .name = trial->name, .folder = "",
                                       .content_type = "text/plain", .path = path, .size = spool_size(path),
                                       .md5 = trial->md5 };
    int result = spool_md5(path, trial->md5, err);
    if (result == 0)
        result = try_place(trial, ret_finding, err);
    (void)unlink(path);
    if (!ret_finding->is_dead) {
        free(path);
        free(trial);
    }
    return result;
}
