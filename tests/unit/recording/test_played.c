/* Tests of played: how long recordings stay that were fetched to be played. */
#include "../unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "recording/played.h"

static void write_aged(const char *path, int64_t age_sec)
{
    const struct timespec time = { .tv_sec = clock_now_epoch() - age_sec };
    const struct timespec times[2] = { time, time };
    unit_write(path, "0123456789");
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_a_recording_stays_for_an_hour_after_it_was_last_asked_for(void **state)
{
    struct spool spool;
    struct err err;
    assert_int_equal(played_open(*state, 1000, &spool, &err), 0);
    char *old = played_path(*state, "1.old"), *fresh = played_path(*state, "2.fresh");
    char *asked = played_path(*state, "3.asked"), *part = spool_part(&spool, "4.part");
    spool_close(&spool);
    write_aged(old, 3700);
    write_aged(fresh, 3500);
    write_aged(asked, 3700);
    write_aged(part, 3700);
    assert_true(played_keep(asked));
    played_prune(*state);
    assert_int_equal(spool_size(old), -1);
    assert_int_equal(spool_size(part), -1);
    assert_int_equal(spool_size(fresh), 10);
    assert_int_equal(spool_size(asked), 10);
    assert_false(played_keep(old));
    free(old);
    free(fresh);
    free(asked);
    free(part);
}

static void test_without_such_recordings_pruning_makes_no_directory(void **state)
{
    char id[300] = "";
    memset(id, 'x', sizeof id - 1);
    played_prune(*state);
    assert_false(unit_exists(unit_path(*state, "played")));
    assert_null(played_path(*state, id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_directory(test_a_recording_stays_for_an_hour_after_it_was_last_asked_for),
        unit_test_in_directory(test_without_such_recordings_pruning_makes_no_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
