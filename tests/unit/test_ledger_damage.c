/* Tests of ledger: a crash, a damaged file, and what is saved of it. */
#include "unit.h"

#include "ledger.h"

static struct err err;

static struct ledger *open_ledger(const char *directory, enum ledger_mode mode, struct ledger_repair *ret_repair)
{
    struct ledger *ledger = NULL;
    if (ledger_open(directory, mode, &ledger, ret_repair, &err) != 0)
        fail_msg("%s", err.message);
    return ledger;
}

/* Makes a ledger of count accepted calls and one of each other state, and closes it. */
static void make_ledger(const char *directory, int count)
{
    static const enum call_state others[] = { CALL_OWED, CALL_HELD, CALL_REJECTED };
    struct ledger_repair repair;
    struct ledger *ledger = open_ledger(directory, LEDGER_WRITE, &repair);
    for (int i = 0; i < count; i++) {
        char uniqueid[32];
        (void)snprintf(uniqueid, sizeof uniqueid, "%010d.1", i);
        struct ledger_entry entry = { .uniqueid = uniqueid, .record = { CALL_ACCEPTED, true, 42, 0 }, .end_epoch = i };
        assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    }
    for (size_t i = 0; i < UNIT_COUNT(others); i++) {
        char uniqueid[32];
        (void)snprintf(uniqueid, sizeof uniqueid, "other.%d", (int)others[i]);
        struct ledger_entry entry = { .uniqueid = uniqueid,
                                      .record = { .state = others[i], .attempts = 2 },
                                      .end_epoch = 5,
                                      .due = 6,
                                      .reason = "why",
                                      .payload = "{}" };
        assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    }
    assert_int_equal(ledger_commit(ledger, &err), 0);
    ledger_close(ledger);
}

static enum call_state state_of(struct ledger *ledger, const char *uniqueid)
{
    struct call_record record = { .state = CALL_DROPPED };
    assert_int_equal(ledger_find(ledger, uniqueid, &record, &err), 0);
    return record.state;
}

/* Overwrites length bytes at offset with 0xFF. */
static void damage(const char *path, long offset, size_t length)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    for (size_t i = 0; i < length; i++)
        assert_int_equal(fputc(0xFF, file), 0xFF);
    assert_int_equal(fclose(file), 0);
}

static void test_ledger_keeps_what_was_committed_before_a_crash(void **state)
{
    static const enum ledger_mode modes[] = { LEDGER_LOOK, LEDGER_WRITE, LEDGER_LOOK };
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct ledger_repair repair;
        struct ledger *ledger = NULL;
        struct ledger_entry kept = { .uniqueid = "kept", .record = { .state = CALL_HELD } };
        struct ledger_entry lost = { .uniqueid = "lost", .record = { .state = CALL_HELD } };
        bool done = ledger_open(*state, LEDGER_WRITE, &ledger, &repair, NULL) == 0 &&
                    ledger_put(ledger, &kept, NULL) == 0 && ledger_commit(ledger, NULL) == 0 &&
                    ledger_put(ledger, &lost, NULL) == 0;
        _exit(done ? 0 : 1); /* without closing anything */
    }
    assert_int_equal(unit_wait(child), 0);
    for (size_t i = 0; i < UNIT_COUNT(modes); i++) {
        struct ledger_repair repair;
        struct ledger *ledger = open_ledger(*state, modes[i], &repair);
        assert_false(repair.rebuilt);
        assert_int_equal(state_of(ledger, "kept"), CALL_HELD);
        assert_int_equal(state_of(ledger, "lost"), CALL_UNKNOWN);
        ledger_close(ledger);
    }
}

static void test_ledger_that_is_no_database_is_moved_aside(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t length;
    } rows[] = {
        { "garbage",
          "this is no database, but it is long enough to have a header ........................................", 100 },
        { "zero bytes", "", 0 }, /* filled below */
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        static const char zeros[8192];
        bool zero = rows[i].length == 0;
        struct ledger_repair repair;
        size_t kept = 0;
        unit_write_bytes(unit_path(*state, "ledger.db"), zero ? zeros : rows[i].bytes,
                         zero ? sizeof zeros : rows[i].length);
        struct ledger *ledger = open_ledger(*state, LEDGER_WRITE, &repair);
        unit_true(rows[i].name, repair.rebuilt);
        unit_same_int(rows[i].name, repair.saved, 0);
        unit_same_int(rows[i].name, state_of(ledger, "1.1"), CALL_UNKNOWN);
        ledger_close(ledger);
        unit_has(rows[i].name, repair.aside, unit_path(*state, "ledger.db.damaged-"));
        char *bytes = unit_read_bytes(repair.aside, &kept);
        unit_same_int(rows[i].name, kept, zero ? sizeof zeros : rows[i].length);
        free(bytes);
        assert_int_equal(unlink(repair.aside), 0);
        unit_same_int(rows[i].name, unit_mode(unit_path(*state, "ledger.db")), 0640);
    }
}

static void test_ledger_look_leaves_a_damaged_file_alone(void **state)
{
    unit_write(unit_path(*state, "ledger.db"), "this is no database, but a text that is long enough .................");
    struct ledger *ledger = NULL;
    struct ledger_repair repair;
    err = (struct err){ .message = "" };
    assert_int_equal(ledger_open(*state, LEDGER_LOOK, &ledger, &repair, &err), -1);
    assert_int_equal(err.code, EX_IOERR);
    assert_false(repair.rebuilt);
    unit_has("garbage", err.message, "not a database");
    char *text = unit_read(unit_path(*state, "ledger.db"));
    unit_has("garbage", text, "this is no database");
    free(text);
}

static void test_ledger_that_was_cut_off_is_rebuilt(void **state)
{
    struct stat info;
    struct ledger_repair repair;
    const char *path = unit_path(*state, "ledger.db");
    make_ledger(*state, 5000);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(truncate(path, info.st_size / 2 / 4096 * 4096), 0);
    struct ledger *ledger = open_ledger(*state, LEDGER_WRITE, &repair);
    assert_true(repair.rebuilt);
    assert_int_equal(state_of(ledger, "never.seen"), CALL_UNKNOWN);
    ledger_close(ledger);
    assert_int_equal(stat(repair.aside, &info), 0);
}

static void test_ledger_damaged_inside_is_noticed_and_rebuilt_with_what_can_be_read(void **state)
{
    struct stat info;
    struct ledger_repair repair;
    const char *path = unit_path(*state, "ledger.db");
    make_ledger(*state, 5000);
    assert_int_equal(stat(path, &info), 0);
    damage(path, info.st_size / 2 / 4096 * 4096, 8 * 4096);
    struct ledger *ledger = open_ledger(*state, LEDGER_WRITE, &repair);
    int failures = 0;
    for (int i = 0; i < 5000; i++) {
        struct call_record record;
        char uniqueid[32];
        (void)snprintf(uniqueid, sizeof uniqueid, "%010d.1", i);
        failures += ledger_find(ledger, uniqueid, &record, &err) != 0;
    }
    assert_true(failures > 0);
    assert_true(ledger_is_damaged(ledger));
    ledger_close(ledger);
    assert_int_equal(ledger_rebuild(*state, &ledger, &repair, &err), 0);
    assert_true(repair.rebuilt);
    assert_false(ledger_is_damaged(ledger));
    unit_in_range(repair.saved, 1, 5003);
    assert_true(unit_exists(repair.aside));
    struct ledger_entry entry = { .uniqueid = "new", .record = { .state = CALL_HELD } };
    assert_int_equal(ledger_put(ledger, &entry, &err), 0);
    assert_int_equal(ledger_commit(ledger, &err), 0);
    ledger_close(ledger);
}

static void test_ledger_rebuild_saves_every_call_of_a_sound_file(void **state)
{
    struct ledger_repair repair;
    struct ledger *ledger = NULL;
    struct call_record record;
    make_ledger(*state, 1000);
    assert_int_equal(ledger_rebuild(*state, &ledger, &repair, &err), 0);
    assert_int_equal(repair.saved, 1003);
    assert_int_equal(ledger_find(ledger, "0000000999.1", &record, &err), 0);
    assert_true(record.state == CALL_ACCEPTED && record.sent_before && record.fingerprint == 42);
    assert_int_equal(ledger_find(ledger, "other.2", &record, &err), 0);
    assert_true(record.state == CALL_OWED && !record.sent_before && record.attempts == 2);
    assert_int_equal(state_of(ledger, "other.3"), CALL_HELD);
    assert_int_equal(state_of(ledger, "other.4"), CALL_REJECTED);
    ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_directory(test_ledger_keeps_what_was_committed_before_a_crash),
        unit_test_in_directory(test_ledger_that_is_no_database_is_moved_aside),
        unit_test_in_directory(test_ledger_look_leaves_a_damaged_file_alone),
        unit_test_in_directory(test_ledger_that_was_cut_off_is_rebuilt),
        unit_test_in_directory(test_ledger_damaged_inside_is_noticed_and_rebuilt_with_what_can_be_read),
        unit_test_in_directory(test_ledger_rebuild_saves_every_call_of_a_sound_file),
    };
    return cmocka_run_group_tests_name("ledger_damage", tests, NULL, NULL);
}
