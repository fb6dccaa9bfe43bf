/* Tests of place_check: a place that works, and one whose disk never answers. */
#include <stdlib.h>

#include "../unit.h"

#include "recording/place_check.h"

/* A place on a disk. step counts the works; the one with the number `dead` never ends. */
static struct {
    struct place_file *file;
    int step, dead;
} disk;

static void begin(void *state, struct place_file *file, void **ret_transfer)
{
    (void)state;
    disk.file = file;
    *ret_transfer = &disk;
}

static bool is_due = true; /* the next turn is work */

static enum transfer_turn next(void *state, void *transfer, struct http_transfer *ret_request,
                               struct transfer_failure *ret_failure)
{
    (void)state;
    (void)transfer;
    (void)ret_request;
    (void)ret_failure;
    enum transfer_turn turn = is_due ? TRANSFER_WORK : TRANSFER_DONE;
    is_due = false;
    return turn;
}

static void work(void *transfer)
{
    (void)transfer;
    bool is_dead = ++disk.step == disk.dead;
    while (is_dead)
        (void)pause();
    (void)snprintf(disk.file->room, sizeof disk.file->room, "room");
}

static void undo(void *state, void *transfer)
{
    (void)state;
    (void)transfer;
    is_due = true;
}

static void end(void *state, void *transfer)
{
    (void)state;
    (void)transfer;
    disk.file = NULL;
}

static const struct place_ops ops = { .type = "disk", .begin = begin, .next = next, .work = work, .undo = undo,
                                      .end = end };

static struct place_finding checked(int dead)
{
    char directory[] = "/tmp/did-optimizer-sync-place-XXXXXX";
    const struct place place = { .ops = &ops };
    const struct place_settings settings = { .folder = "/mnt/recordings", .timeout = dead > 0 ? 1 : 3600 };
    struct place_finding finding;
    struct err err;
    disk.step = 0;
    disk.dead = dead;
    disk.file = NULL;
    is_due = true;
    assert_non_null(mkdtemp(directory));
    assert_int_equal(place_check(&place, &settings, directory, &finding, &err), 0);
    assert_int_equal(rmdir(directory), 0); /* the small file is gone again */
    return finding;
}

static void test_a_disk_that_answers_stores_and_deletes_the_file(void **state)
{
    (void)state;
    struct place_finding finding = checked(0);
    assert_true(finding.is_stored && finding.is_deleted && !finding.is_dead);
    assert_string_equal(finding.room, "room");
    assert_null(disk.file);
}

static void test_a_disk_that_never_answers_is_named(void **state)
{
    (void)state;
    for (int dead = 1; dead <= 2; dead++) {
        struct place_finding finding = checked(dead);
        assert_true(finding.is_dead && !finding.is_deleted);
        assert_int_equal(finding.is_stored, dead == 2);
        assert_string_equal(finding.failure.reason, "the disk of /mnt/recordings does not answer");
        assert_string_equal(finding.failure.remedy, "; mend the disk, or unmount it");
        assert_non_null(disk.file); /* the thread may still use it */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_disk_that_answers_stores_and_deletes_the_file),
        cmocka_unit_test(test_a_disk_that_never_answers_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
