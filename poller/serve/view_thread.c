/* view_thread: the thread that feeds view.db from the ledgers. */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "serve/view_thread.h"

/* A change is on the page within a second. */
enum { PAUSE_SEC = 1, PAUSE_AFTER_PROBLEM_SEC = 5 };

struct view_thread {
    char *path;
    const struct view_feed_profile *profiles;
    size_t count;
    int64_t changes; /* atomic */
    pthread_t thread;
    bool is_running;
    pthread_mutex_t mutex;
    pthread_cond_t stopped;
    bool stop;                              /* under mutex ... */
    char problem[VIEW_THREAD_PROBLEM_SIZE]; /* ... and this */
};

static void tell(struct view_thread *thread, const char *problem)
{
    (void)pthread_mutex_lock(&thread->mutex);
    (void)snprintf(thread->problem, sizeof thread->problem, "%s", problem);
    (void)pthread_mutex_unlock(&thread->mutex);
}

const char *view_thread_problem(struct view_thread *thread, char out[VIEW_THREAD_PROBLEM_SIZE])
{
    *out = '\0';
    if (thread == NULL)
        return out;
    (void)pthread_mutex_lock(&thread->mutex);
    (void)snprintf(out, VIEW_THREAD_PROBLEM_SIZE, "%s", thread->problem);
    (void)pthread_mutex_unlock(&thread->mutex);
    return out;
}

/* False: the thread shall end. */
static bool pause_for(struct view_thread *thread, int seconds)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    (void)pthread_mutex_lock(&thread->mutex);
    while (!thread->stop && seconds > 0 && pthread_cond_timedwait(&thread->stopped, &thread->mutex, &until) == 0) {
    }
    bool goes_on = !thread->stop;
    (void)pthread_mutex_unlock(&thread->mutex);
    return goes_on;
}

/* Feeds until the end, or until view.db fails: then -1. */
static int feed_until_end(struct view_thread *thread, struct err *err)
{
    struct view_feed *feed = NULL;
    bool busy = true;
    int64_t before = 0;
    if (view_feed_open(thread->path, thread->profiles, thread->count, &feed, err) != 0)
        return -1;
    int result = 0;
    do {
        result = view_feed_step(feed, &busy, err);
        if (result == 0)
            tell(thread, "");
        int64_t changes = view_feed_changes(feed);
        (void)__atomic_add_fetch(&thread->changes, changes - before, __ATOMIC_RELAXED);
        before = changes;
    } while (result == 0 && pause_for(thread, busy ? 0 : PAUSE_SEC));
    view_feed_close(feed);
    return result;
}

static void *run(void *context)
{
    struct view_thread *thread = context;
    struct err err;
    while (feed_until_end(thread, &err) != 0) {
        tell(thread, err.message);
        if (!pause_for(thread, PAUSE_AFTER_PROBLEM_SEC))
            break;
    }
    return NULL;
}

static int start(struct view_thread *thread, const struct view_feed_profile *profiles, size_t count, struct err *err)
{
    thread->profiles = profiles;
    thread->count = count;
    thread->stop = false;
    int error = pthread_create(&thread->thread, NULL, run, thread);
    thread->is_running = error == 0;
    return error == 0 ? 0 : err_set(err, EX_IOERR, "could not start a thread: %s", strerror(error));
}

static void end(struct view_thread *thread)
{
    if (!thread->is_running)
        return;
    (void)pthread_mutex_lock(&thread->mutex);
    thread->stop = true;
    (void)pthread_cond_signal(&thread->stopped);
    (void)pthread_mutex_unlock(&thread->mutex);
    (void)pthread_join(thread->thread, NULL);
    thread->is_running = false;
}

int view_thread_start(const char *path, const struct view_feed_profile *profiles, size_t count,
                      struct view_thread **ret_thread, struct err *err)
{
    struct view_thread *thread = mem_zero(1, sizeof *thread);
    pthread_condattr_t monotonic;
    thread->path = mem_copy(path);
    (void)pthread_mutex_init(&thread->mutex, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&thread->stopped, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    *ret_thread = thread;
    return start(thread, profiles, count, err);
}

int view_thread_change(struct view_thread *thread, const struct view_feed_profile *profiles, size_t count,
                       struct err *err)
{
    end(thread);
    return start(thread, profiles, count, err);
}

const int64_t *view_thread_changes(const struct view_thread *thread)
{
    return &thread->changes;
}

void view_thread_stop(struct view_thread *thread)
{
    if (thread == NULL)
        return;
    end(thread);
    (void)pthread_cond_destroy(&thread->stopped);
    (void)pthread_mutex_destroy(&thread->mutex);
    free(thread->path);
    free(thread);
}
