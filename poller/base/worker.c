/* worker: a list of tasks, and threads that take the first one. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/worker.h"

struct worker {
    void (*on_end)(void *context);
    void *context;
    size_t count;
    pthread_t *threads;
    pthread_mutex_t mutex;  /* of all below, and of the states of the tasks */
    pthread_cond_t changed; /* there is a task, or the end */
    pthread_cond_t ended;   /* a thread has ended; its clock is the monotonic one */
    struct worker_task *first, *last;
    size_t running;         /* threads */
    bool stop;
};

/* Waits for the next task. NULL: the thread shall end. */
static struct worker_task *take(struct worker *worker)
{
    while (worker->first == NULL && !worker->stop)
        (void)pthread_cond_wait(&worker->changed, &worker->mutex);
    struct worker_task *task = worker->stop ? NULL : worker->first;
    if (task != NULL)
        worker->first = task->next;
    return task;
}

static void *run(void *context)
{
    struct worker *worker = context;
    (void)pthread_mutex_lock(&worker->mutex);
    for (struct worker_task *task = take(worker); task != NULL; task = take(worker)) {
        (void)pthread_mutex_unlock(&worker->mutex);
        task->run(task->context);
        (void)pthread_mutex_lock(&worker->mutex);
        task->state = WORKER_ENDED;
        if (worker->on_end != NULL)
            worker->on_end(worker->context);
    }
    worker->running--;
    (void)pthread_cond_signal(&worker->ended);
    (void)pthread_mutex_unlock(&worker->mutex);
    return NULL;
}

static void init_ended(pthread_cond_t *ended)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(ended, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

int worker_open(size_t threads, void (*on_end)(void *context), void *context, struct worker **ret_worker,
                struct err *err)
{
    struct worker *worker = mem_zero(1, sizeof *worker);
    sigset_t all, before;
    int error = 0;
    worker->on_end = on_end;
    worker->context = context;
    worker->threads = mem_zero(threads, sizeof *worker->threads);
    (void)pthread_mutex_init(&worker->mutex, NULL);
    (void)pthread_cond_init(&worker->changed, NULL);
    init_ended(&worker->ended);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* a new thread has the mask of its maker */
    (void)pthread_mutex_lock(&worker->mutex);
    for (; worker->count < threads && error == 0; worker->count += error == 0 ? 1 : 0)
        error = pthread_create(&worker->threads[worker->count], NULL, run, worker);
    worker->running = worker->count;
    (void)pthread_mutex_unlock(&worker->mutex);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (worker->count == 0 && error != 0) {
        (void)worker_close(worker, 0);
        return err_set(err, EX_IOERR, "could not start a thread: %s", strerror(error));
    }
    *ret_worker = worker;
    return 0;
}

void worker_start(struct worker *worker, struct worker_task *task)
{
    (void)pthread_mutex_lock(&worker->mutex);
    task->state = WORKER_WAITING;
    task->next = NULL;
    if (worker->first == NULL)
        worker->first = task;
    else
        worker->last->next = task;
    worker->last = task;
    (void)pthread_cond_signal(&worker->changed);
    (void)pthread_mutex_unlock(&worker->mutex);
}

bool worker_has_ended(struct worker *worker, const struct worker_task *task)
{
    (void)pthread_mutex_lock(&worker->mutex);
    bool has_ended = task->state == WORKER_ENDED;
    (void)pthread_mutex_unlock(&worker->mutex);
    return has_ended;
}

/* Waits until all threads have ended. False: it takes longer than wait_ms. */
static bool wait_for_threads(struct worker *worker, int64_t wait_ms)
{
    struct timespec until;
    int error = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t nanoseconds = until.tv_nsec + wait_ms % 1000 * 1000000;
    until.tv_sec += (time_t)(wait_ms / 1000 + nanoseconds / 1000000000);
    until.tv_nsec = (long)(nanoseconds % 1000000000);
    while (worker->running > 0 && error == 0)
        error = pthread_cond_timedwait(&worker->ended, &worker->mutex, &until);
    return worker->running == 0;
}

bool worker_close(struct worker *worker, int64_t wait_ms)
{
    if (worker == NULL)
        return true;
    (void)pthread_mutex_lock(&worker->mutex);
    worker->stop = true;
    (void)pthread_cond_broadcast(&worker->changed);
    bool has_ended = wait_for_threads(worker, wait_ms);
    (void)pthread_mutex_unlock(&worker->mutex);
    if (!has_ended)
        return false;
    for (size_t i = 0; i < worker->count; i++)
        (void)pthread_join(worker->threads[i], NULL);
    (void)pthread_cond_destroy(&worker->changed);
    (void)pthread_cond_destroy(&worker->ended);
    (void)pthread_mutex_destroy(&worker->mutex);
    free(worker->threads);
    free(worker);
    return true;
}
