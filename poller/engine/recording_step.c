/* recording_step: the step of a run that transfers recordings. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/worker.h"
#include "domain/backoff.h"
#include "domain/outcome.h"
#include "engine/recording_locate.h"
#include "engine/recording_step.h"
#include "ledger/recordings.h"
#include "ledger/step_failure.h"
#include "recording/played.h"

#define LEAST_DELAY_SEC 60
#define MOST_DELAY_SEC 3600

/* A PBX may need hours to archive a recording; and a server that is down for a day is no outage any more. */
#define PATIENCE_SEC 86400

/* So many recordings in turn fail, and none passes: the server is down, and no recording is at fault. */
#define OUTAGE_FAILURES 3

/* Rows that are read from the ledger at once, and told to the sink at once. */
#define QUEUE 200

/* What a download has said of itself may reach the ledger so much later, so that a commit serves many. */
#define HEADS_LATER_MS 500

/* While some recordings wait for the disk, others use the network. */
#define WORKERS 8

/* A disk that has not answered so long after the run's time is taken for a dead network mount: the next run must
 * begin, as calls are waiting. After a signal the run waits for the shorter time. */
#define DEAD_DISK_MS 120000
#define DEAD_DISK_SIGNAL_MS 10000
#define DISK_TURN_MS 200

enum stage { FETCHING, STORING, STAGES };

/* One recording on its way. */
struct job {
    struct work *work;
    bool is_busy, is_in_flight, is_working, has_request, has_work, has_ended;
    bool is_over; /* has_ended: its files in the spool are not needed any more */
    enum stage stage;
    char *call, *path, *reason;
    char *base;                 /* the address of the host that has this recording; NULL: that of the settings */
    struct fetch_source source; /* with that address */
    struct recordings_row row; /* texts: those above and below */
    struct fetch fetch;
    struct place_file file;
    void *transfer; /* the place's; STORING only */
    struct worker_task task;
    char name[NAME_SIZE], folder[NAME_FOLDER_SIZE];
    struct http_transfer request;
    struct transfer_failure failure;
    int64_t started_ms; /* monotonic */
};

/* A recording that failed before any other one passed. */
struct doubt {
    char *call;
    enum stage stage;
};

struct work {
    const struct recording_step *step;
    struct spool spool;
    struct http_pool *pool;
    size_t in_flight; /* requests; at most the setting concurrency */
    struct worker *worker;
    struct job *jobs;
    size_t job_count;
    struct recordings_row *queue; /* copies */
    size_t queue_count, queue_next;
    struct recordings_row *unlocated; /* copies of rows without an address; as many as the queue has */
    size_t unlocated_count;
    bool is_stopped; /* no further recording begins in this run */
    bool is_left_to_threads; /* a disk is dead, and a thread may use all this until the process ends */
    int64_t passed[STAGES], failed[STAGES];
    struct doubt *doubts;
    size_t doubt_count;
    int64_t stored, rejected;
    struct err trouble;    /* why no recording can be transferred; EX_OK: nothing stands in the way */
    int64_t started_ms;    /* monotonic */
    int64_t next_start_ms; /* monotonic, by the rate */
    bool is_uncommitted;
    int64_t committed_ms; /* monotonic */
};

int64_t recording_step_delay(int64_t known_sec)
{
    int64_t delay = known_sec / 4;
    return delay < LEAST_DELAY_SEC ? LEAST_DELAY_SEC : delay > MOST_DELAY_SEC ? MOST_DELAY_SEC : delay;
}

/* ---- the queue ---- */

static char *copy_text(const char *text)
{
    return text != NULL ? mem_copy(text) : NULL;
}

static bool is_in_hand(const struct work *work, const char *call)
{
    for (size_t i = 0; i < work->job_count; i++)
        if (work->jobs[i].is_busy && strcmp(work->jobs[i].call, call) == 0)
            return true;
    return false;
}

static void enqueue(void *context, const struct recordings_row *row)
{
    struct work *work = context;
    if (is_in_hand(work, row->call))
        return;
    bool is_located = *row->path != RECORDING_LOCATE_MARK || recording_locate_url(row->path) != NULL;
    struct recordings_row *copy = is_located ? &work->queue[work->queue_count++]
                                             : &work->unlocated[work->unlocated_count++];
    *copy = *row;
    copy->call = mem_copy(row->call);
    copy->path = mem_copy(row->path);
    copy->validator = copy_text(row->validator);
    copy->content_type = copy_text(row->content_type);
    copy->file_id = copy_text(row->file_id);
    copy->session = copy_text(row->session);
    copy->link = copy_text(row->link);
}

static void free_copy(struct recordings_row *row)
{
    free((char *)row->call);
    free((char *)row->path);
    free((char *)row->validator);
    free((char *)row->content_type);
    free((char *)row->file_id);
    mem_free_secret((char *)row->session);
    free((char *)row->link);
    *row = (struct recordings_row){ .call = NULL };
}

static void clear_queue(struct work *work)
{
    for (; work->queue_next < work->queue_count; work->queue_next++)
        free_copy(&work->queue[work->queue_next]);
    work->queue_next = work->queue_count = 0;
}

static int locate(struct work *work, struct err *err)
{
    work->is_uncommitted = true;
    int result = recording_locate_run(work->step->ledger, work->step->source, work->unlocated, work->unlocated_count,
                                      err);
    for (size_t i = 0; i < work->unlocated_count; i++)
        free_copy(&work->unlocated[i]);
    work->unlocated_count = 0;
    return result;
}

/* A recording whose address has just been found is due at once, so the list is read again if it has nothing else. */
static int fill_queue(struct work *work, struct err *err)
{
    int result = 0;
    bool has_located = true;
    clear_queue(work);
    while (result == 0 && work->queue_count == 0 && has_located) {
        int64_t now = clock_now_epoch();
        const struct ledger_time time = { .now = now, .latest = now + MOST_DELAY_SEC + OUTCOME_WAIT_MAX_SEC };
        result = recordings_list_due(work->step->ledger, &time, QUEUE, enqueue, work, err);
        has_located = work->unlocated_count > 0;
        if (result == 0 && has_located)
            result = locate(work, err);
    }
    return result;
}

/* ---- one recording ---- */

/* Checks the address that the dialer's table has. */
static bool may_fetch(struct job *job)
{
    struct err why;
    if (recording_locate_check(job->base, job->work->step->settings->allow_insecure_http, &why) == 0)
        return true;
    (void)transfer_fail(&job->failure, TRANSFER_MISCONFIGURED, "", "%.500s", why.message);
    return false;
}

static void begin_job(struct job *job, const struct recordings_row *row)
{
    const struct recording_step *step = job->work->step;
    *job = (struct job){ .work = job->work, .is_busy = true, .row = *row, .started_ms = clock_mono_ms() };
    job->row.call = job->call = mem_copy(row->call);
    job->row.path = job->path = mem_copy(row->path);
    job->row.session = job->row.file_id = job->row.validator = job->row.md5 = job->row.link = job->row.reason = NULL;
    job->row.content_type = NULL;
    job->row.asked = row->asked > 0 ? row->asked : clock_now_epoch();
    job->source = step->settings->source;
    job->fetch = (struct fetch){ .source = &job->source, .spool = &job->work->spool, .call = job->call,
                                 .path = recording_locate_address(job->path, &job->source, &job->base),
                                 .size = row->size };
    (void)snprintf(job->fetch.validator, sizeof job->fetch.validator, "%s", str_or_empty(row->validator));
    (void)snprintf(job->fetch.content_type, sizeof job->fetch.content_type, "%s", str_or_empty(row->content_type));
    (void)snprintf(job->file.file_id, sizeof job->file.file_id, "%s", str_or_empty(row->file_id));
    (void)snprintf(job->file.session, sizeof job->file.session, "%s", str_or_empty(row->session));
    fetch_begin(&job->fetch);
}

static void end_job(struct job *job)
{
    if (job->transfer != NULL)
        job->work->step->place->ops->end(job->work->step->place->state, job->transfer);
    fetch_end(&job->fetch);
    free(job->call);
    free(job->path);
    free(job->base);
    free(job->reason);
    struct work *work = job->work;
    explicit_bzero(job->file.session, sizeof job->file.session);
    *job = (struct job){ .work = work };
}

/* The recording is in the spool: prepares storing it. */
static enum transfer_turn begin_storing(struct job *job)
{
    const struct recording_step *step = job->work->step;
    struct err err;
    char extension[NAME_EXTENSION_SIZE];
    const struct name_parts parts = { .call = job->call, .started = job->row.started,
                                      .ext = name_extension(job->path, job->fetch.content_type, extension) };
    job->stage = STORING;
    if (name_make(step->settings->name, &parts, job->name, &err) != 0)
        return transfer_fail(&job->failure, TRANSFER_REJECTED, "", "%.500s", err.message);
    struct place_file *file = &job->file;
    file->call = job->call;
    file->name = job->name;
    file->folder = name_folder(step->settings->folders, job->row.started, job->folder);
    file->content_type = name_content_type(extension);
    file->path = job->fetch.done;
    file->size = spool_size(job->fetch.done);
    file->md5 = job->row.md5 = job->fetch.md5;
    job->fetch.size = file->size;
    step->place->ops->begin(step->place->state, file, &job->transfer);
    return TRANSFER_AGAIN;
}

static enum transfer_turn next_turn(struct job *job)
{
    const struct place *place = job->work->step->place;
    job->request = (struct http_transfer){ .file = -1 };
    if (job->stage == STORING)
        return place->ops->next(place->state, job->transfer, &job->request, &job->failure);
    if (!may_fetch(job))
        return TRANSFER_FAILED;
    enum transfer_turn turn = fetch_next(&job->fetch, &job->request, &job->failure);
    if (turn != TRANSFER_DONE)
        return turn;
    job->work->passed[FETCHING] += job->fetch.has_head ? 1 : 0; /* otherwise an earlier run has fetched it */
    return begin_storing(job);
}

static int put(struct job *job, struct err *err)
{
    struct recordings_row row = job->row;
    row.size = job->fetch.size;
    row.validator = *job->fetch.validator != '\0' ? job->fetch.validator : NULL;
    row.content_type = *job->fetch.content_type != '\0' ? job->fetch.content_type : NULL;
    row.file_id = *job->file.file_id != '\0' ? job->file.file_id : NULL;
    row.session = *job->file.session != '\0' ? job->file.session : NULL;
    row.reason = job->reason;
    job->fetch.changed = job->file.changed = false;
    job->work->is_uncommitted = true;
    return recordings_put(job->work->step->ledger, &row, err);
}

static int settle_stored(struct job *job, struct err *err)
{
    struct work *work = job->work;
    job->row.state = RECORDINGS_STORED;
    job->row.link = job->file.link;
    job->file.session[0] = '\0';
    job->has_ended = job->is_over = true;
    work->passed[STORING]++;
    work->stored++;
    if (put(job, err) != 0 || ledger_add_to_counter(work->step->ledger, RECORDINGS_COUNTER, "stored", 1, err) != 0)
        return -1;
    log_info("🎙 %s: recording stored as %s", job->call, job->name);
    return 0;
}

/* ---- failures ---- */

/* Ends the step for this run; the first reason counts. A server that asks to slow down is no trouble. */
static void stop(struct work *work, const struct transfer_failure *failure)
{
    bool is_slow = failure->fault == TRANSFER_RATE_LIMITED;
    int code = failure->fault == TRANSFER_MISCONFIGURED ? EX_CONFIG : EX_UNAVAILABLE;
    if (!work->is_stopped)
        log_error("❌ recordings: %s%s; recordings wait and none uses up an attempt; calls are sent as usual",
                  failure->reason, failure->remedy);
    if (!work->is_stopped && !is_slow)
        (void)err_set(&work->trouble, code, "%s%s", failure->reason, failure->remedy);
    work->is_stopped = true;
}

/* Whether a failure is this recording's: others pass, or it has failed for long. */
static bool is_to_blame(const struct job *job)
{
    return job->work->passed[job->stage] > 0 || clock_now_epoch() - job->row.asked > PATIENCE_SEC;
}

/* No other recording has passed yet: the end of the step decides whether this failure counts. */
static void doubt(struct job *job)
{
    struct work *work = job->work;
    work->doubts = mem_resize(work->doubts, work->doubt_count + 1, sizeof *work->doubts);
    work->doubts[work->doubt_count++] = (struct doubt){ .call = mem_copy(job->call), .stage = job->stage };
    if (++work->failed[job->stage] >= OUTAGE_FAILURES)
        stop(work, &job->failure);
}

/* Others passed where these failed. */
static int charge_doubts(struct work *work, struct err *err)
{
    int result = 0;
    for (size_t i = 0; i < work->doubt_count; i++) {
        if (result == 0 && work->passed[work->doubts[i].stage] > 0) {
            work->is_uncommitted = true;
            result =
                recordings_charge(work->step->ledger, work->doubts[i].call, work->step->settings->max_attempts, err);
        }
        free(work->doubts[i].call);
    }
    free(work->doubts);
    work->doubts = NULL;
    work->doubt_count = 0;
    return result;
}

/* Decides what becomes of a recording that failed, and for how long it waits. *ret_delay is 0: it is rejected. */
static void judge_failure(struct job *job, int64_t *ret_delay)
{
    struct work *work = job->work;
    const struct transfer_failure *failure = &job->failure;
    int64_t known_sec = clock_now_epoch() - job->row.asked, most = work->step->settings->max_attempts;
    bool refused_alone =
        failure->fault == TRANSFER_MISCONFIGURED && job->stage == FETCHING && work->passed[FETCHING] > 0;
    *ret_delay = recording_step_delay(known_sec);
    if (failure->fault == TRANSFER_REJECTED || (failure->fault == TRANSFER_NOT_YET && known_sec > PATIENCE_SEC)) {
        *ret_delay = 0;
    } else if (failure->fault == TRANSFER_NO_ROOM || failure->fault == TRANSFER_RATE_LIMITED ||
               (failure->fault == TRANSFER_MISCONFIGURED && !refused_alone)) {
        stop(work, failure);
    } else if (refused_alone || (failure->fault == TRANSFER_RETRY && is_to_blame(job))) {
        job->row.attempts++;
        uint32_t random = (uint32_t)str_hash(STR_HASH_START, job->call, strlen(job->call));
        *ret_delay = job->row.attempts >= most ? 0 : backoff_delay_sec(job->row.attempts, LEAST_DELAY_SEC,
                                                                       MOST_DELAY_SEC, random);
    } else if (failure->fault == TRANSFER_RETRY) {
        doubt(job);
    }
    int64_t asked = outcome_clamp_wait(failure->wait_sec);
    if (*ret_delay > 0 && asked > *ret_delay)
        *ret_delay = asked;
}

/* Forgets the URL, so that the next try looks it up again. */
static int look_again(struct job *job, struct err *err)
{
    const char *url = recording_locate_url(job->path);
    char *path = mem_format("%.*s", (int)(url - 1 - job->path), job->path);
    int result = recordings_set_path(job->work->step->ledger, job->call, path, err);
    free(path);
    return result;
}

static int settle_failed(struct job *job, struct err *err)
{
    int64_t delay = 0;
    char outlook[80] = "rejected";
    judge_failure(job, &delay);
    job->has_ended = true;
    job->is_over = delay == 0;
    job->row.state = delay == 0 ? RECORDINGS_REJECTED : RECORDINGS_PENDING;
    job->row.due = clock_now_epoch() + delay;
    job->reason = mem_format("%s%s", job->failure.reason, job->failure.remedy);
    job->work->rejected += delay == 0 ? 1 : 0;
    if (delay > 0)
        (void)snprintf(outlook, sizeof outlook, "next try in %" PRId64 " s", delay);
    bool is_usual = job->failure.fault == TRANSFER_NOT_YET && delay > 0;
    if (is_usual && *job->path == RECORDING_LOCATE_MARK && look_again(job, err) != 0) /* it was moved */
        return -1;
    if (!is_usual)
        log_warn("🎙 %s: recording not stored: %s (%s)", job->call, job->reason, outlook);
    return put(job, err);
}

/* ---- all recordings ---- */

static void on_answer(void *context, const struct http_answer *answer)
{
    struct job *job = context;
    const struct place *place = job->work->step->place;
    job->is_in_flight = false;
    job->work->in_flight--;
    if (job->stage == FETCHING)
        fetch_judge(&job->fetch, answer);
    else
        place->ops->judge(place->state, job->transfer, answer);
}

static bool on_body(void *context, const struct http_answer *so_far, const char *bytes, size_t length)
{
    struct job *job = context;
    return fetch_take(&job->fetch, so_far, bytes, length);
}

static bool may_go_on(const struct work *work)
{
    return !interrupt_requested() && clock_mono_ms() < work->step->deadline_ms;
}

static void work_on(void *context)
{
    struct job *job = context;
    if (job->stage == FETCHING)
        fetch_work(&job->fetch);
    else
        job->work->step->place->ops->work(job->transfer);
}

/* Whether the recording waits for nothing. */
static bool is_ready(struct job *job)
{
    if (job->is_working && worker_has_ended(job->work->worker, &job->task))
        job->is_working = false;
    return job->is_busy && !job->is_in_flight && !job->is_working && !job->has_request;
}

/* Lets a recording make its next turn. *ret_again: another turn can be made at once. */
static int advance(struct job *job, bool *ret_again, struct err *err)
{
    enum transfer_turn turn = next_turn(job);
    int result = 0;
    job->has_request = turn == TRANSFER_SEND;
    job->has_work = turn == TRANSFER_WORK;
    *ret_again = *ret_again || turn == TRANSFER_AGAIN || turn == TRANSFER_DONE || turn == TRANSFER_FAILED;
    if (turn == TRANSFER_DONE)
        result = settle_stored(job, err);
    else if (turn == TRANSFER_FAILED)
        result = settle_failed(job, err);
    if (result == 0 && !job->has_ended && (job->fetch.changed || job->file.changed))
        result = put(job, err);
    return result;
}

/* Notes how downloads can be continued after a crash. */
static int put_heads(struct work *work, struct err *err)
{
    if (!work->is_uncommitted && clock_mono_ms() - work->committed_ms < HEADS_LATER_MS)
        return 0;
    for (size_t i = 0; i < work->job_count; i++)
        if (work->jobs[i].is_in_flight && work->jobs[i].fetch.changed && put(&work->jobs[i], err) != 0)
            return -1;
    return 0;
}

/* A turn may take seconds, such as for a token. */
static int advance_all(struct work *work, bool *ret_again, struct err *err)
{
    for (size_t i = 0; i < work->job_count && may_go_on(work); i++)
        if (is_ready(&work->jobs[i]) && advance(&work->jobs[i], ret_again, err) != 0)
            return -1;
    return put_heads(work, err);
}

static int commit(struct work *work, struct err *err)
{
    if (!work->is_uncommitted)
        return 0;
    work->is_uncommitted = false;
    work->committed_ms = clock_mono_ms();
    return ledger_commit(work->step->ledger, err);
}

static int send_request(struct job *job, struct err *err)
{
    job->has_request = false;
    job->is_in_flight = true;
    job->work->in_flight++;
    job->request.on_answer = on_answer;
    job->request.on_body = job->stage == FETCHING ? on_body : NULL;
    job->request.context = job;
    return http_pool_start(job->work->pool, &job->request, err);
}

static void start_work(struct job *job)
{
    job->has_work = false;
    job->is_working = true;
    job->task = (struct worker_task){ .run = work_on, .context = job };
    worker_start(job->work->worker, &job->task);
}

/* After the commit: frees the recordings that ended, and sends the requests and starts the work of the others. */
static int send_all(struct work *work, struct err *err)
{
    for (size_t i = 0; i < work->job_count; i++) {
        struct job *job = &work->jobs[i];
        if (job->has_ended) {
            if (job->is_over)
                spool_forget(&work->spool, job->call);
            end_job(job);
        }
        if (job->has_work)
            start_work(job);
        if (job->has_request && work->in_flight < (size_t)work->step->settings->concurrency &&
            send_request(job, err) != 0)
            return -1;
    }
    return 0;
}

/* How many recordings use the network, or wait for it. */
static size_t count_transfers(const struct work *work)
{
    size_t count = 0;
    for (size_t i = 0; i < work->job_count; i++)
        count += work->jobs[i].is_busy && !work->jobs[i].is_working ? 1 : 0;
    return count;
}

/* Begins recordings where there is room. *ret_busy: how many are on their way. */
static int begin_all(struct work *work, size_t *ret_busy, struct err *err)
{
    int64_t rate = work->step->settings->rate;
    size_t transfers = count_transfers(work), most = (size_t)work->step->settings->concurrency;
    *ret_busy = 0;
    for (size_t i = 0; i < work->job_count; i++) {
        struct job *job = &work->jobs[i];
        bool may_begin = !job->is_busy && transfers < most && !work->is_stopped &&
                         clock_mono_ms() >= work->next_start_ms;
        if (may_begin && work->queue_next == work->queue_count && fill_queue(work, err) != 0)
            return -1;
        if (may_begin && work->queue_next < work->queue_count) {
            struct recordings_row *row = &work->queue[work->queue_next++];
            begin_job(job, row);
            free_copy(row);
            transfers++;
            work->next_start_ms = rate > 0 ? clock_mono_ms() + 60000 / rate : 0;
        }
        *ret_busy += job->is_busy ? 1 : 0;
    }
    return 0;
}

/* Whether only the rate keeps the next recording from beginning. */
static bool waits_for_rate(const struct work *work)
{
    return !work->is_stopped && clock_mono_ms() < work->next_start_ms;
}

static int transfer_all(struct work *work, struct err *err)
{
    size_t busy = 1;
    while (may_go_on(work)) {
        bool again = false;
        if (begin_all(work, &busy, err) != 0)
            return -1;
        if (busy == 0 && !waits_for_rate(work))
            return 0;
        if (advance_all(work, &again, err) != 0 || commit(work, err) != 0 || send_all(work, err) != 0)
            return -1;
        log_flush();
        if (busy == 0)
            interrupt_sleep_until(clock_mono_ms() + 50);
        else if (http_pool_turn(work->pool, again ? 0 : 50, err) != 0)
            return -1;
    }
    return 0;
}

/* Whether this run had time for the download, and the next one begins anew and gets no further. */
static bool is_too_slow(const struct job *job)
{
    const struct work *work = job->work;
    return job->stage == FETCHING && job->fetch.state == FETCH_BEGUN && job->fetch.cannot_continue &&
           work->step->deadline_ms - job->started_ms >= (work->step->deadline_ms - work->started_ms) / 2;
}

/* The run's time is over: the recording comes after all others that are due, so that a few large ones do not keep
 * these waiting. */
static int postpone(struct job *job, struct err *err)
{
    job->row.due = clock_now_epoch() + LEAST_DELAY_SEC;
    if (!is_too_slow(job)) {
        job->reason = mem_copy("the run's time was over; the next run goes on");
        return put(job, err);
    }
    const char *url = job->source.url;
    (void)transfer_fail(&job->failure, TRANSFER_RETRY,
                        "; let the PBX send parts of a recording (Range requests), or raise time_budget in [sync]",
                        "the run's time was over after %" PRId64 " MB, and %.200s sends a recording only as a whole",
                        job->fetch.offset >> 20, url);
    job->work->passed[FETCHING]++; /* the PBX works: this recording is at fault */
    return settle_failed(job, err);
}

/* Recordings that still wait for a dead disk stay as they are. */
static int postpone_unfinished(struct work *work, struct err *err)
{
    for (size_t i = 0; i < work->job_count; i++) {
        struct job *job = &work->jobs[i];
        if (job->is_busy && !job->is_working && !job->has_ended && postpone(job, err) != 0)
            return -1;
    }
    return 0;
}

static void say_dead_disk(struct work *work)
{
    bool stores = false;
    for (size_t i = 0; i < work->job_count; i++)
        stores = stores || (work->jobs[i].is_working && work->jobs[i].stage == STORING);
    (void)err_set(&work->trouble, EX_IOERR, "the disk of %.300s does not answer; mend it, or unmount it",
                  stores ? work->step->settings->place.folder : work->step->state_dir);
    log_error("❌ recordings: %s; recordings wait, and calls are sent as usual", work->trouble.message);
}

/* Ends the threads, so that nothing touches the recordings any more. False: a disk is dead, and everything that a
 * thread may still use must stay in memory. */
static bool end_disk_work(struct work *work)
{
    int64_t began_ms = clock_mono_ms();
    bool has_ended = false, may_wait = true;
    while (may_wait && !(has_ended = worker_close(work->worker, DISK_TURN_MS))) {
        int64_t longest_ms = interrupt_requested() ? DEAD_DISK_SIGNAL_MS : DEAD_DISK_MS;
        may_wait = clock_mono_ms() - began_ms < longest_ms;
    }
    for (size_t i = 0; i < work->job_count; i++) {
        struct job *job = &work->jobs[i];
        job->is_working = job->is_working && !has_ended && !worker_has_ended(work->worker, &job->task);
    }
    if (!has_ended)
        say_dead_disk(work);
    return has_ended;
}

/* ---- the links ---- */

struct notes {
    struct sink_recording items[QUEUE];
    size_t count;
};

static void add_note(void *context, const struct recordings_row *row)
{
    struct notes *notes = context;
    notes->items[notes->count++] = (struct sink_recording){ .call = mem_copy(row->call),
                                                            .is_stored = row->state == RECORDINGS_STORED,
                                                            .file_id = copy_text(row->file_id),
                                                            .link = copy_text(row->link),
                                                            .md5 = copy_text(row->md5),
                                                            .attempts = row->attempts };
}

static void clear_notes(struct notes *notes)
{
    for (size_t i = 0; i < notes->count; i++) {
        free((char *)notes->items[i].call);
        free((char *)notes->items[i].file_id);
        free((char *)notes->items[i].link);
        free((char *)notes->items[i].md5);
    }
    notes->count = 0;
}

static int mark_noted(const struct recording_step *step, const struct notes *notes, struct err *err)
{
    for (size_t i = 0; i < notes->count; i++)
        if (recordings_noted(step->ledger, notes->items[i].call, err) != 0)
            return -1;
    return ledger_commit(step->ledger, err);
}

/* Tells the sink which recordings are stored or rejected. A crash in between repeats it, which changes nothing. */
static int note_all(const struct recording_step *step, struct err *err)
{
    struct notes *notes = mem_zero(1, sizeof *notes);
    bool goes_on = true;
    int result = 0;
    while (result == 0 && goes_on) {
        struct err why;
        result = recordings_list_unnoted(step->ledger, QUEUE, add_note, notes, err);
        goes_on = notes->count == QUEUE;
        if (result == 0 && notes->count > 0 &&
            sink_note_recordings(step->sink, notes->items, notes->count, &why) != 0) {
            log_warn("⚠ could not write the links of recordings to the %s: %s; the next run writes them",
                     sink_title(step->sink), why.message);
            goes_on = false;
        } else if (result == 0 && notes->count > 0)
            result = mark_noted(step, notes, err);
        clear_notes(notes);
    }
    free(notes);
    return result;
}

/* ---- the step ---- */

#define NOTE_PLACE "recordings_place" /* text: the place whose file ids and sessions the ledger has */

/* After a change of the settings the ids of the place before mean nothing, or name a file somewhere else. */
static int check_place(const struct recording_step *step, struct err *err)
{
    char noted[1024];
    const struct place_settings *settings = &step->settings->place;
    char *place =
        mem_format("%s %.300s %.300s %.300s", step->place->ops->type, settings->folder,
                   params_text(settings->params, "endpoint", ""), params_text(settings->params, "bucket", ""));
    int result = ledger_read_text_note(step->ledger, NOTE_PLACE, noted, sizeof noted, err);
    if (result == 0 && strcmp(noted, place) != 0 &&
        ((*noted != '\0' && recordings_forget_place(step->ledger, err) != 0) ||
         ledger_set_text_note(step->ledger, NOTE_PLACE, place, err) != 0 || ledger_commit(step->ledger, err) != 0))
        result = -1;
    free(place);
    return result;
}

static void find_pending(void *context, const struct recordings_row *row)
{
    *(bool *)context = row->state == RECORDINGS_PENDING;
}

static bool is_wanted(void *context, const char *call)
{
    const struct work *work = context;
    const struct recording_step *step = work->step;
    bool pending = false;
    return recordings_list(step->ledger, RECORDINGS_PENDING, call, find_pending, &pending, NULL) != 0 || pending;
}

static void wake(void *pool)
{
    http_pool_wake(pool);
}

static int open_work(struct work *work, struct err *err)
{
    const struct recording_step *step = work->step;
    work->job_count = 2 * (size_t)step->settings->concurrency; /* half of them may wait for the disk */
    work->started_ms = clock_mono_ms();
    work->jobs = mem_zero(work->job_count, sizeof *work->jobs);
    for (size_t i = 0; i < work->job_count; i++)
        work->jobs[i].work = work;
    if (http_pool_open((size_t)step->settings->concurrency, &work->pool, err) != 0)
        return -1;
    return worker_open(WORKERS, wake, work->pool, &work->worker, err);
}

static void close_work(struct work *work)
{
    http_pool_close(work->pool);
    for (size_t i = 0; i < work->job_count; i++)
        if (work->jobs[i].is_busy)
            end_job(&work->jobs[i]);
    free(work->jobs);
    spool_close(&work->spool);
}

/* Notes what stands in the way of all recordings, for status and health; a stored one shows that nothing does. */
static int note_trouble(struct work *work, struct err *err)
{
    struct ledger *ledger = work->step->ledger;
    bool is_troubled = work->trouble.code != EX_OK;
    if (!is_troubled && work->stored == 0)
        return 0;
    work->is_uncommitted = true;
    return is_troubled ? step_failure_note(ledger, STEP_RECORDINGS, &work->trouble, err)
                       : step_failure_clear(ledger, STEP_RECORDINGS, err);
}

static int transfer_due(struct work *work, struct err *err)
{
    struct err why;
    const struct recording_step *step = work->step;
    if (spool_open(step->state_dir, SPOOL_ON_THEIR_WAY, step->settings->spool_bytes, is_wanted, work, &work->spool,
                   &why) != 0) {
        work->trouble = why;
        log_error("❌ recordings: %s; recordings wait, and calls are sent as usual", why.message);
        return note_trouble(work, err) == 0 ? commit(work, err) : -1;
    }
    if (work->queue_count == 0) { /* opening the spool has deleted what a crash left there */
        spool_close(&work->spool);
        return commit(work, err);
    }
    int result = open_work(work, err);
    if (result == 0)
        result = transfer_all(work, err);
    bool has_ended = end_disk_work(work);
    if (result == 0)
        result = postpone_unfinished(work, err);
    if (charge_doubts(work, result == 0 ? err : NULL) != 0)
        result = -1;
    if (result == 0)
        result = note_trouble(work, err);
    if (result == 0)
        result = commit(work, err);
    work->is_left_to_threads = !has_ended;
    if (has_ended)
        close_work(work);
    if (work->stored > 0 || work->rejected > 0)
        log_info("🎙 Recordings: %" PRId64 " stored, %" PRId64 " rejected", work->stored, work->rejected);
    return result;
}

/* *ret_waits: a disk was dead, and it is not time yet to wait for it again. Where no recording is pending, nothing
 * would show that the trouble is over. */
static int read_trouble(const struct recording_step *step, bool *ret_waits, struct err *err)
{
    struct recordings_counts counts;
    struct step_failure failure;
    struct err why;
    if (step_failure_read(step->ledger, STEP_RECORDINGS, &failure, err) != 0)
        return -1;
    if (failure.since == 0)
        return 0;
    if (recordings_count(step->ledger, &counts, err) != 0)
        return -1;
    if (counts.pending == 0)
        return recording_step_forget_trouble(step->ledger, err);
    *ret_waits = failure.code == EX_IOERR && step_failure_waits(&failure, clock_now_epoch());
    if (*ret_waits) {
        (void)step_failure_report(&failure, &why);
        log_warn("⚠ recordings wait: %s", why.message);
    }
    return 0;
}

int recording_step_forget_trouble(struct ledger *ledger, struct err *err)
{
    struct step_failure failure;
    if (step_failure_read(ledger, STEP_RECORDINGS, &failure, err) != 0)
        return -1;
    if (failure.since == 0)
        return 0;
    return step_failure_clear(ledger, STEP_RECORDINGS, err) == 0 ? ledger_commit(ledger, err) : -1;
}

int recording_step_run(const struct recording_step *step, struct err *err)
{
    bool waits = false;
    struct work *work = mem_zero(1, sizeof *work);
    *work = (struct work){ .step = step,
                           .trouble = { .code = EX_OK },
                           .queue = mem_zero(QUEUE, sizeof(struct recordings_row)),
                           .unlocated = mem_zero(QUEUE, sizeof(struct recordings_row)) };
    int result = check_place(step, err);
    played_prune(step->state_dir);
    if (result == 0)
        result = read_trouble(step, &waits, err);
    if (result == 0 && !waits)
        result = fill_queue(work, err);
    if (result == 0 && !waits && may_go_on(work))
        result = transfer_due(work, err);
    clear_queue(work);
    free(work->queue);
    free(work->unlocated);
    if (!work->is_left_to_threads)
        free(work);
    return result == 0 ? note_all(step, err) : -1;
}
