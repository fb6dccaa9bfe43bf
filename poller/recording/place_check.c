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
#include "recording/place_check.h"
#include "recording/spool.h"

#define TURNS_MOST 40 /* of a place that never ends */

struct trial {
    const struct place *place;
    struct place_file file;
    void *transfer;
    struct http_pool *pool;
    bool is_answered;
};

static void on_answer(void *context, const struct http_answer *answer)
{
    struct trial *trial = context;
    trial->is_answered = true;
    trial->place->ops->judge(trial->place->state, trial->transfer, answer);
}

static int send_request(struct trial *trial, struct http_transfer *request, struct err *err)
{
    request->on_answer = on_answer;
    request->context = trial;
    trial->is_answered = false;
    if (http_pool_start(trial->pool, request, err) != 0)
        return -1;
    while (!trial->is_answered && !interrupt_requested())
        if (http_pool_turn(trial->pool, 100, err) != 0)
            return -1;
    return 0;
}

/* *ret_turn is DONE or FAILED. */
static int follow(struct trial *trial, enum transfer_turn *ret_turn, struct transfer_failure *failure, struct err *err)
{
    *ret_turn = TRANSFER_AGAIN;
    for (int turns = 0; turns < TURNS_MOST && !interrupt_requested(); turns++) {
        struct http_transfer request = { .file = -1 };
        *ret_turn = trial->place->ops->next(trial->place->state, trial->transfer, &request, failure);
        if (*ret_turn == TRANSFER_DONE || *ret_turn == TRANSFER_FAILED)
            return 0;
        if (*ret_turn == TRANSFER_WORK)
            trial->place->ops->work(trial->transfer);
        else if (*ret_turn == TRANSFER_SEND && send_request(trial, &request, err) != 0)
            return -1;
    }
    *ret_turn = transfer_fail(failure, TRANSFER_RETRY, "", "the test was cut short");
    return 0;
}

static int try_place(struct trial *trial, struct place_finding *finding, struct err *err)
{
    const struct place_ops *ops = trial->place->ops;
    enum transfer_turn turn = TRANSFER_FAILED;
    if (http_pool_open(1, &trial->pool, err) != 0)
        return -1;
    ops->begin(trial->place->state, &trial->file, &trial->transfer);
    int result = follow(trial, &turn, &finding->failure, err);
    finding->is_stored = turn == TRANSFER_DONE;
    if (result == 0 && finding->is_stored) {
        ops->undo(trial->place->state, trial->transfer);
        result = follow(trial, &turn, &finding->failure, err);
        finding->is_deleted = turn == TRANSFER_DONE;
    }
    (void)snprintf(finding->room, sizeof finding->room, "%s", trial->file.room);
    http_pool_close(trial->pool);
    ops->end(trial->place->state, trial->transfer);
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

int place_check(const struct place *place, const char *directory, struct place_finding *ret_finding, struct err *err)
{
    char call[64], md5[SPOOL_MD5_SIZE], *path = NULL;
    *ret_finding = (struct place_finding){ .is_stored = false };
    (void)snprintf(call, sizeof call, "check-%" PRId64 "-%ld", clock_now_epoch(), (long)getpid());
    (void)snprintf(ret_finding->name, sizeof ret_finding->name, "did-optimizer-sync-%s.txt", call);
    if (write_file(directory, &path, err) != 0)
        return -1;
    struct trial trial = { .place = place,
                           .file = { .call = call,
                                     .name = ret_finding->name,
                                     .folder = "",
                                     .content_type = "text/plain",
                                     .path = path,
                                     .size = spool_size(path),
                                     .md5 = md5 } };
    int result = spool_md5(path, md5, err);
    if (result == 0)
        result = try_place(&trial, ret_finding, err);
    (void)unlink(path);
    free(path);
    return result;
}
