/* Tests of store: statements, failures, and a copy in memory. For the ledger's tables, see test_ledger.c. */
#include "../unit.h"

#include <errno.h>

#include "base/store.h"

static struct store *store;
static struct err err;

static void open_store(const char *directory, enum store_mode mode)
{
    if (store_open("the ledger", unit_path(directory, "store.db"), mode, &store, &err) != 0)
        fail_msg("%s", err.message);
}

static int enter(void **state)
{
    if (unit_create_directory(state) != 0)
        return -1;
    open_store(*state, STORE_WRITE);
    return 0;
}

static int leave(void **state)
{
    store_close(store);
    store = NULL;
    return unit_remove_directory(state);
}

#define in_store(test) cmocka_unit_test_setup_teardown(test, enter, leave)

static int64_t number(const char *sql)
{
    int64_t got = -1;
    if (store_number(store, sql, &got, &err) != 0)
        fail_msg("%s", err.message);
    return got;
}

static void test_store_prepares_a_text_once(void **state)
{
    (void)state;
    static const char one[] = "SELECT 1", two[] = "SELECT 2";
    struct statement *first = store_prepare(store, one), *second = store_prepare(store, two);
    assert_non_null(first);
    assert_non_null(second);
    assert_ptr_not_equal(first, second);
    assert_ptr_equal(store_prepare(store, one), first);
    assert_ptr_equal(store_prepare(store, two), second);
    assert_int_equal(store_next(store, second, &err), 1);
    assert_int_equal(store_int(second, 0), 2);
    store_reset(second);
}

static void test_store_fails_if_there_are_too_many_statements(void **state)
{
    (void)state;
    static const char sql[] = "SELECT 1";
    static char texts[100][sizeof sql]; /* the store compares the addresses of texts */
    size_t fit = 0;
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        memcpy(texts[i], sql, sizeof sql);
        struct statement *statement = store_prepare(store, texts[i]);
        fit += statement != NULL;
        unit_same_int("run", store_next(store, statement, &err), statement != NULL ? 1 : -1);
    }
    assert_in_range(fit, 40, 99); /* the program has fewer statements */
    for (size_t i = 0; i < UNIT_COUNT(texts); i++)
        unit_same_int("again", store_prepare(store, texts[i]) != NULL, i < fit);
}

static void test_store_gives_back_a_statement_without_its_values(void **state)
{
    (void)state;
    static const char sql[] = "SELECT ?1, ?2";
    struct statement *statement = store_prepare(store, sql);
    store_bind_int(statement, 1, 7);
    store_bind_text(statement, 2, "seven");
    assert_int_equal(store_next(store, statement, &err), 1);
    assert_int_equal(store_int(statement, 0), 7);
    assert_string_equal(store_text(statement, 1), "seven");
    assert_int_equal(store_next(store, store_prepare(store, sql), &err), 1); /* a row was still to come */
    assert_true(store_is_null(statement, 0));
    assert_null(store_text(statement, 1));
    assert_int_equal(store_next(store, statement, &err), 0);
}

static void test_store_changes_a_copy_and_not_the_file(void **state)
{
    size_t before_length = 0, after_length = 0;
    assert_int_equal(store_start_journal(store, &err), 0);
    assert_int_equal(store_execute(store, "CREATE TABLE t (x); INSERT INTO t VALUES (1), (2);", &err), 0);
    store_close(store);
    char *before = unit_read_bytes(unit_path(*state, "store.db"), &before_length);
    open_store(*state, STORE_READ_ONLY);
    assert_int_equal(store_use_copy(store, &err), 0);
    assert_int_equal(number("SELECT sum(x) FROM t"), 3);
    assert_int_equal(store_execute(store, "ALTER TABLE t ADD COLUMN y; INSERT INTO t VALUES (4, 4);", &err), 0);
    assert_int_equal(number("SELECT sum(x) FROM t"), 7);
    store_close(store);
    char *after = unit_read_bytes(unit_path(*state, "store.db"), &after_length);
    assert_int_equal(after_length, before_length);
    assert_memory_equal(after, before, before_length);
    free(before);
    free(after);
    open_store(*state, STORE_READ_ONLY);
    assert_int_equal(number("SELECT sum(x) FROM t"), 3);
}

static void test_store_says_why_it_could_not_copy(void **state)
{
    assert_int_equal(store_execute(store, "CREATE TABLE t (x)", &err), 0);
    store_close(store);
    unit_write(unit_path(*state, "store.db"), "this is no database, but a text that is long enough .................");
    open_store(*state, STORE_READ_ONLY);
    assert_int_equal(store_use_copy(store, &err), -1);
    assert_int_equal(err.code, EX_IOERR);
    unit_has("no database", err.message, "could not read the ledger ");
    unit_has("no database", err.message, "not a database");
    assert_true(store_is_damaged(store));
}

static void test_store_ignores_an_earlier_errno(void **state)
{
    assert_int_equal(store_execute(store, "CREATE TABLE t (x)", &err), 0);
    store_close(store);
    errno = EACCES; /* left by an earlier call */
    open_store(*state, STORE_READ_ONLY);
    assert_int_equal(number("SELECT count(*) FROM t"), 0);
}

/* SQLite treats a file of one byte as empty, and would write into that file. */
static void test_store_look_does_not_change_a_nearly_empty_file(void **state)
{
    static const struct {
        const char *text;
        int want;
    } rows[] = { { "", 0 }, { "x", 0 }, { "xy", -1 } };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        store_close(store);
        unit_write(unit_path(*state, "store.db"), rows[i].text);
        open_store(*state, STORE_READ_ONLY);
        unit_same_int(rows[i].text, store_execute(store, "CREATE TABLE t (x)", &err), rows[i].want);
        char *after = unit_read(unit_path(*state, "store.db"));
        unit_same_text(rows[i].text, after, rows[i].text);
        free(after);
    }
}

static void test_store_refuses_a_link_with_the_shortest_name(void **state)
{
    struct store *refused = NULL;
    assert_int_equal(symlink("x", unit_path(*state, "link")), 0);
    assert_int_equal(store_open("the ledger", unit_path(*state, "link"), STORE_WRITE, &refused, &err), -1);
    unit_has("link", err.message, "it is a symbolic link");
    assert_false(unit_exists(unit_path(*state, "x")));
    store_close(refused);
}

static enum store_fault fault_of(const char *sql, const char *words)
{
    assert_int_equal(store_execute(store, sql, &err), -1);
    unit_has(sql, store_reason(store), words);
    return store_fault(store);
}

static void test_store_reports_the_kind_of_a_failure(void **state)
{
    assert_int_equal(store_execute(store, "CREATE TABLE t (x INTEGER PRIMARY KEY, y CHECK (y <> 10))", &err), 0);
    assert_int_equal(fault_of("INSERT INTO t VALUES (1, 10)", "CHECK constraint failed"), STORE_VALUE_REFUSED);
    assert_int_equal(fault_of("INSERT INTO t VALUES ('a', 1)", "datatype mismatch"), STORE_VALUE_REFUSED);
    assert_int_equal(fault_of("INSERT INTO nowhere VALUES (1)", "no such table"), STORE_OTHER);
    assert_int_equal(store_execute(store, "PRAGMA max_page_count = 2", &err), 0);
    assert_int_equal(fault_of("INSERT INTO t VALUES (2, zeroblob(9999))", "full"), STORE_FULL);
    struct store *other = NULL;
    assert_int_equal(store_open("the file", unit_path(*state, "store.db"), STORE_WRITE, &other, &err), 0);
    assert_int_equal(store_begin(other, &err), 0);
    store_wait_for_locks(store, 1);
    assert_int_equal(fault_of("INSERT INTO t VALUES (3, 3)", "locked"), STORE_LOCKED);
    store_close(other);
    assert_int_equal(store_execute(store, "INSERT INTO t VALUES (3, 3)", &err), 0);
    assert_int_equal(store_forbid_changes(store, &err), 0);
    assert_int_equal(fault_of("INSERT INTO t VALUES (4, 4)", "readonly"), STORE_NOT_WRITABLE);
}

static void test_store_rolls_back_what_was_not_committed(void **state)
{
    (void)state;
    static const char insert[] = "INSERT INTO t VALUES (?1)";
    assert_int_equal(store_execute(store, "CREATE TABLE t (x)", &err), 0);
    for (int64_t i = 1; i <= 3; i++) {
        struct statement *statement = store_prepare(store, insert);
        store_bind_int(statement, 1, i);
        assert_int_equal(store_change(store, statement, &err), 0);
        if (i == 1)
            assert_int_equal(store_commit(store, &err), 0);
        else
            store_roll_back(store);
    }
    store_roll_back(store); /* without a transaction this does no harm */
    assert_int_equal(store_commit(store, &err), 0);
    assert_int_equal(number("SELECT sum(x) FROM t"), 1);
}

static void test_store_names_the_file_that_it_could_not_open(void **state)
{
    struct store *refused = NULL;
    assert_int_equal(symlink("x", unit_path(*state, "link")), 0);
    assert_int_equal(store_open("the file of calls", unit_path(*state, "link"), STORE_WRITE, &refused, &err), -1);
    unit_has("title", err.message, "could not open the file of calls /");
    assert_null(refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_store(test_store_prepares_a_text_once),
        in_store(test_store_fails_if_there_are_too_many_statements),
        in_store(test_store_gives_back_a_statement_without_its_values),
        in_store(test_store_changes_a_copy_and_not_the_file),
        in_store(test_store_says_why_it_could_not_copy),
        in_store(test_store_ignores_an_earlier_errno),
        in_store(test_store_look_does_not_change_a_nearly_empty_file),
        in_store(test_store_refuses_a_link_with_the_shortest_name),
        in_store(test_store_reports_the_kind_of_a_failure),
        in_store(test_store_rolls_back_what_was_not_committed),
        in_store(test_store_names_the_file_that_it_could_not_open),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
