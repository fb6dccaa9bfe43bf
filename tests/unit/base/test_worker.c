/* Tests of worker: each task runs once and in its order, beside its caller, and the end waits for what runs. */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "../unit.h"

#include "base/worker.h"

/* What the tasks of a test share. */
struct shop {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_open;     /* tasks may end */
    size_t order[64]; /* the tasks, as they began */
    size_t begun, told;
    bool blocks_signals;
};

struct piece {
    struct shop *shop;
    size_t number;
    struct worker_task task;
};

static struct shop closed_shop(void)
{
    return (struct shop){ .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
}

/* A task that ends when the shop is open. */
static void work(void *context)
{
    struct piece *piece = context;
    struct shop *shop = piece->shop;
    sigset_t mask;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &mask);
    (void)pthread_mutex_lock(&shop->mutex);
    shop->blocks_signals = sigismember(&mask, SIGTERM) == 1;
    shop->order[shop->begun++] = piece->number;
    (void)pthread_cond_broadcast(&shop->changed);
    while (!shop->is_open)
        (void)pthread_cond_wait(&shop->changed, &shop->mutex);
    (void)pthread_mutex_unlock(&shop->mutex);
}

static void tell(void *context)
{
    struct shop *shop = context;
    (void)pthread_mutex_lock(&shop->mutex);
    shop->told++;
    (void)pthread_mutex_unlock(&shop->mutex);
}

static void open_shop(struct shop *shop)
{
    (void)pthread_mutex_lock(&shop->mutex);
    shop->is_open = true;
    (void)pthread_cond_broadcast(&shop->changed);
    (void)pthread_mutex_unlock(&shop->mutex);
}

static void wait_until_begun(struct shop *shop, size_t count)
{
    (void)pthread_mutex_lock(&shop->mutex);
    while (shop->begun < count)
        (void)pthread_cond_wait(&shop->changed, &shop->mutex);
    (void)pthread_mutex_unlock(&shop->mutex);
}

static struct worker *opened(struct shop *shop, size_t threads)
{
    struct worker *worker = NULL;
    struct err err;
    assert_int_equal(worker_open(threads, tell, shop, &worker, &err), 0);
    return worker;
}

static void start(struct worker *worker, struct shop *shop, struct piece *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pieces[i] = (struct piece){ .shop = shop, .number = i, .task = { .run = work, .context = &pieces[i] } };
        worker_start(worker, &pieces[i].task);
    }
}

static void wait_until_ended(struct worker *worker, const struct piece *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++)
        while (!worker_has_ended(worker, &pieces[i].task))
            (void)usleep(1000);
}

static void test_tasks_run_once_and_in_order(void **state)
{
    (void)state;
    struct shop shop = closed_shop();
    struct piece pieces[64];
    struct worker *worker = opened(&shop, 1);
    open_shop(&shop);
    start(worker, &shop, pieces, 32);
    wait_until_ended(worker, pieces, 32);
    start(worker, &shop, pieces + 32, 32); /* the list was empty */
    wait_until_ended(worker, pieces + 32, 32);
    assert_true(worker_close(worker, 60000));
    assert_int_equal(shop.begun, 64);
    assert_int_equal(shop.told, 64);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(shop.order[i], i % 32);
}

static void test_tasks_run_beside_each_other_and_their_caller(void **state)
{
    (void)state;
    struct shop shop = closed_shop();
    struct piece pieces[3];
    struct worker *worker = opened(&shop, 3);
    start(worker, &shop, pieces, 3);
    wait_until_begun(&shop, 3); /* for ever, if one waited for another */
    for (size_t i = 0; i < 3; i++)
        assert_false(worker_has_ended(worker, &pieces[i].task));
    open_shop(&shop);
    wait_until_ended(worker, pieces, 3);
    assert_true(worker_close(worker, 60000));
    assert_true(shop.blocks_signals);
}

static void *open_later(void *context)
{
    (void)usleep(50000);
    open_shop(context);
    return NULL;
}

static void test_the_end_waits_for_what_runs(void **state)
{
    (void)state;
    struct shop shop = closed_shop();
    struct piece pieces[3];
    pthread_t other;
    struct worker *worker = opened(&shop, 1);
    start(worker, &shop, pieces, 3);
    wait_until_begun(&shop, 1);
    assert_int_equal(pthread_create(&other, NULL, open_later, &shop), 0);
    assert_true(worker_close(worker, 60000));
    (void)pthread_join(other, NULL);
    assert_true(shop.begun >= 1);
    for (size_t i = 0; i < 3; i++) /* a task that has not begun is dropped */
        assert_int_equal(pieces[i].task.state, i < shop.begun ? WORKER_ENDED : WORKER_WAITING);
    assert_int_equal(shop.told, shop.begun);
    assert_true(worker_close(NULL, 0));
}

static void test_the_end_does_not_wait_for_ever(void **state)
{
    (void)state;
    struct shop shop = closed_shop();
    struct piece piece;
    struct worker *worker = opened(&shop, 2);
    start(worker, &shop, &piece, 1);
    wait_until_begun(&shop, 1);
    assert_false(worker_close(worker, 20));
    assert_false(worker_has_ended(worker, &piece.task));
    open_shop(&shop);
    assert_true(worker_close(worker, 60000));
    assert_int_equal(piece.task.state, WORKER_ENDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tasks_run_once_and_in_order),
        cmocka_unit_test(test_tasks_run_beside_each_other_and_their_caller),
        cmocka_unit_test(test_the_end_waits_for_what_runs),
        cmocka_unit_test(test_the_end_does_not_wait_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
