/* Tests of leader: which host sends, on a cluster and without one, and what the leader announces to the others. */
#include "../unit_host.h"

#include "../broken_ledger.h"
#include "engine/leader.h"
#include "ledger/records.h"

#define LOCK "calls"
#define OTHER INT64_C(100) /* another host's connection */
#define T 180              /* takeover_after */
#define PERIOD 60

struct here {
    struct source source;
    struct ledger *ledger;
    struct settings_sync sync;
    struct leader leader;
};

static struct here open_here(const char *directory)
{
    struct err err;
    struct here here = { .sync = { .takeover_after = T, .time_budget = 50, .settle = 5, .overlap = 600,
                                   .sweep_interval = 600 } };
    here.source = memory_locks_connect();
    if (ledger_open(directory, LEDGER_WRITE, &here.ledger, NULL, &err) != 0)
        fail_msg("%s", err.message);
    return here;
}

/* The begin of a run: it knows only what the ledger has. */
static void begin(struct here *here, const char *directory)
{
    here->leader = (struct leader){ .state_dir = directory, .sync = &here->sync, .source = &here->source,
                                    .period = PERIOD };
    leader_set_profile(&here->leader, NULL);
}

static void close_here(struct here *here)
{
    source_close(&here->source);
    ledger_close(here->ledger);
}

static enum leader_role elect(struct here *here, const char *directory)
{
    struct err err;
    begin(here, directory);
    if (leader_elect(&here->leader, here->ledger, &err) != 0)
        fail_msg("%s", err.message);
    return here->leader.role;
}

static int64_t note(struct here *here, const char *name)
{
    struct err err;
    int64_t value = 0;
    assert_int_equal(ledger_read_note(here->ledger, name, 0, &value, &err), 0);
    return value;
}

static void set_note(struct here *here, const char *name, int64_t value)
{
    struct err err;
    assert_int_equal(ledger_set_note(here->ledger, name, value, &err), 0);
    assert_int_equal(ledger_commit(here->ledger, &err), 0);
}

/* This host was the leader a moment ago, and its holder works. */
static void lead(struct here *here, const char *directory)
{
    set_note(here, "leader_led", memory_locks->now);
    unit_host_begin();
    assert_int_equal(elect(here, directory), LEADER_THIS);
    assert_true(unit_host_pass(0));
}

/* ---- without a cluster ---- */

static void test_the_lock_is_named_after_the_profile(void **state)
{
    struct here here = open_here(*state);
    begin(&here, *state);
    assert_string_equal(here.leader.lock, "calls");
    leader_set_profile(&here.leader, "night");
    assert_string_equal(here.leader.lock, "calls/night");
    close_here(&here);
}

static void test_a_source_without_locks_makes_this_host_the_leader(void **state)
{
    static const struct source_ops kind = { .type = "none" };
    struct err err;
    char said[200];
    struct here here = open_here(*state);
    source_close(&here.source);
    here.source = (struct source){ .ops = &kind };
    assert_int_equal(elect(&here, *state), LEADER_THIS);
    assert_false(here.leader.holds);
    begin(&here, *state);
    assert_int_equal(leader_confirm(&here.leader, here.ledger, &err), 0);
    assert_int_equal(here.leader.role, LEADER_THIS);
    assert_int_equal(leader_check(&here.leader, said, sizeof said, &err), 0);
    unit_has("check", said, "on one host only");
    leader_leave(&here.leader);
    here.source.ops = NULL;
    close_here(&here);
}

static void test_with_one_server_a_run_takes_the_lock(void **state)
{
    struct here here = open_here(*state);
    memory_locks->servers = 1;
    assert_int_equal(elect(&here, *state), LEADER_THIS);
    assert_true(here.leader.holds);
    assert_false(here.leader.is_cluster);
    assert_int_equal(here.leader.looked, memory_locks->now);
    assert_int_equal(memory_locks_holder(LOCK), 1);
    assert_int_equal(memory_locks->longest_wait, 0); /* a run of cron does not wait for the lock ... */
    assert_int_equal(memory_locks->statements, 1);   /* ... and sends one statement */
    assert_false(unit_exists(unit_path(*state, "lease")));
    leader_leave(&here.leader);
    assert_int_equal(memory_locks_holder(LOCK), 0);
    assert_false(here.leader.holds);
    memory_locks_give(LOCK, OTHER);
    leader_leave(&here.leader); /* it holds no lock */
    assert_int_equal(memory_locks_holder(LOCK), OTHER);
    assert_int_equal(elect(&here, *state), LEADER_OTHER);
    assert_false(here.leader.holds);
    leader_leave(&here.leader);
    assert_int_equal(memory_locks_holder(LOCK), OTHER);
    close_here(&here);
}

static void test_a_run_that_has_the_lock_keeps_it(void **state)
{
    struct err err;
    struct here here = open_here(*state);
    memory_locks->servers = 1;
    assert_int_equal(elect(&here, *state), LEADER_THIS);
    size_t statements = memory_locks->statements;
    assert_int_equal(leader_elect(&here.leader, here.ledger, &err), 0); /* after its ledger was rebuilt */
    assert_int_equal(here.leader.role, LEADER_THIS);
    assert_int_equal(memory_locks->statements - statements, 1);
    leader_leave(&here.leader);
    close_here(&here);
}

/* The lock is lost with the connection. The next statement takes the lock again, or fails. */
static void test_after_a_broken_connection_the_lock_is_taken_again(void **state)
{
    struct err err;
    struct locks_look look;
    struct here here = open_here(*state);
    memory_locks->servers = 1;
    assert_int_equal(elect(&here, *state), LEADER_THIS);
    memory_locks->is_cut[1] = true;
    memory_locks_end(1);
    assert_int_equal(locks_look(&here.source, LOCK, false, &look, &err), 0);
    assert_int_equal(memory_locks_holder(LOCK), look.own);
    memory_locks->is_cut[look.own] = true;
    memory_locks_end(look.own);
    memory_locks_give(LOCK, OTHER);
    assert_int_equal(locks_look(&here.source, LOCK, false, &look, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    unit_has("why", err.message, "another host sends the calls now");
    assert_int_equal(here.leader.role, LEADER_OTHER);
    memory_locks->is_cut[memory_locks->connections] = true;
    assert_int_equal(locks_look(&here.source, LOCK, false, &look, &err), 0); /* it holds no lock */
    leader_leave(&here.leader);
    memory_locks_end(OTHER);
    assert_int_equal(elect(&here, *state), LEADER_THIS);
    memory_locks->is_cut[memory_locks->connections] = true;
    memory_locks->fails_at = memory_locks->statements + 2; /* the server goes away again while the lock is taken */
    assert_int_equal(locks_look(&here.source, LOCK, false, &look, &err), -1);
    unit_has("why", err.message, "out of reach");
    leader_leave(&here.leader);
    close_here(&here);
}

static void test_an_error_of_the_server_is_returned(void **state)
{
    struct err err;
    struct here here = open_here(*state);
    for (memory_locks->servers = 1; memory_locks->servers <= 2; memory_locks->servers++) {
        memory_locks->fails = true;
        begin(&here, *state);
        assert_int_equal(leader_elect(&here.leader, here.ledger, &err), -1);
        assert_int_equal(err.code, EX_UNAVAILABLE);
        assert_int_equal(leader_confirm(&here.leader, here.ledger, &err), -1);
        memory_locks->fails = false;
    }
    memory_locks->servers = 1;
    memory_locks->fails_at = memory_locks->statements + 2; /* the statement that takes the lock */
    assert_int_equal(leader_confirm(&here.leader, here.ledger, &err), -1);
    unit_has("why", err.message, "out of reach");
    memory_locks->servers = 2;
    memory_locks_give(LOCK, OTHER);
    for (size_t nth = 1; nth <= 3; nth++) { /* three reads: the lock, the server's start, the leader's progress */
        memory_locks->fails_at = memory_locks->statements + nth;
        begin(&here, *state);
        assert_int_equal(leader_elect(&here.leader, here.ledger, &err), -1);
        assert_int_equal(err.code, EX_UNAVAILABLE);
    }
    close_here(&here);
}

/* ---- on a cluster ---- */

static void test_a_fresh_host_waits(void **state)
{
    struct here here = open_here(*state);
    int64_t first = memory_locks->now;
    assert_int_equal(elect(&here, *state), LEADER_NOBODY);
    assert_true(here.leader.is_cluster);
    assert_int_equal(here.leader.due, first + T);
    ledger_close(here.ledger); /* its notes are durable */
    source_close(&here.source);
    here = open_here(*state);
    assert_int_equal(note(&here, "leader_vacant_since"), first);
    for (int i = 0; i < 2; i++) {
        memory_locks->now += PERIOD;
        assert_int_equal(elect(&here, *state), LEADER_NOBODY);
        assert_int_equal(here.leader.due, first + T);
    }
    memory_locks->now += PERIOD;
    unit_host_begin();
    assert_int_equal(elect(&here, *state), LEADER_THIS);
    assert_true(here.leader.took_over);
    assert_true(unit_host_pass(0));
    assert_int_equal(note(&here, "leader_led"), memory_locks->now);
    assert_int_equal(note(&here, "leader_vacant_since"), 0);
    assert_int_equal(note(&here, "leader_vacant_looked"), memory_locks->now);
    char *lease = unit_read(unit_path(*state, "lease"));
    assert_int_equal(strncmp(lease, "290 0 ", 6), 0); /* takeover_after, time_budget and the next run */
    free(lease);
    close_here(&here);
}

/* Two looks prove nothing about the time in between if they are further apart than takeover_after and two runs. */
static void test_after_a_gap_between_two_looks_the_wait_begins_again(void **state)
{
    struct here here = open_here(*state);
    assert_int_equal(elect(&here, *state), LEADER_NOBODY);
    memory_locks->now += T + 2 * PERIOD + 1;
    assert_int_equal(elect(&here, *state), LEADER_NOBODY);
    assert_int_equal(here.leader.due, memory_locks->now + T);
    memory_locks->now += T + 2 * PERIOD;
    unit_host_begin();
    assert_int_equal(elect(&here, *state), LEADER_THIS);
    close_here(&here);
}

static void test_the_leader_stays_the_leader(void **state)
{
    struct here here = open_here(*state);
    lead(&here, *state);
    assert_false(here.leader.took_over); /* it was the leader before */
    int64_t connection = memory_locks_holder(LOCK);
    assert_true(unit_host_pass(PERIOD));
    assert_int_equal(elect(&here, *state), LEADER_THIS);
    assert_false(here.leader.took_over);
    assert_int_equal(memory_locks_holder(LOCK), connection);
    assert_int_equal(note(&here, "leader_led"), memory_locks->now);
    memory_locks->servers = 1; /* no cluster any more: the holder's lock is enough */
    assert_int_equal(elect(&here, *state), LEADER_THIS);
    assert_false(here.leader.holds);
    close_here(&here);
}

static void test_a_host_is_standby_while_another_host_leads(void **state)
{
    struct here here = open_here(*state);
    struct err err;
    set_note(&here, "leader_led", memory_locks->now - 30);
    memory_locks_give(LOCK, OTHER);
    assert_int_equal(leader_holder_write_lease(*state, 290, 0, &err), 0);
    assert_int_equal(elect(&here, *state), LEADER_OTHER);
    assert_false(unit_exists(unit_path(*state, "lease"))); /* so a holder of this host would end */
    assert_int_equal(here.leader.settled, 0);              /* the other host announces nothing */
    ledger_close(here.ledger);
    source_close(&here.source);
    here = open_here(*state);
    assert_int_equal(note(&here, "leader_led"), 0);
    memory_locks_give(LOCK ".1", OTHER);
    assert_int_equal(elect(&here, *state), LEADER_OTHER);
    assert_int_equal(here.leader.settled, memory_locks->now - 1920);
    memory_locks_give(LOCK ".1", 0);
    memory_locks_give(LOCK ".0", OTHER);
    assert_int_equal(elect(&here, *state), LEADER_OTHER);
    assert_int_equal(here.leader.settled, memory_locks->now - 960);
    close_here(&here);
}

/* The server has just started, and its first connection belongs to the holder. */
static void test_connection_number_1_can_belong_to_the_holder(void **state)
{
    struct here here = open_here(*state);
    source_close(&here.source);
    here.source = memory_locks_connect();
    unit_write(unit_path(*state, "leader"), "1 900000 4711\n");
    memory_locks_give(LOCK, 1);
    assert_int_equal(elect(&here, *state), LEADER_THIS);
    close_here(&here);
}

/* After a restart the server counts connections from 1 again, so another host may have the same number. */
static void test_a_connection_number_from_before_a_restart_is_not_trusted(void **state)
{
    struct here here = open_here(*state);
    lead(&here, *state);
    memory_locks->started += 10;
    assert_int_equal(elect(&here, *state), LEADER_OTHER);
    close_here(&here);
}

static void test_a_host_is_standby_if_another_host_takes_the_lock_first(void **state)
{
    struct here here = open_here(*state);
    set_note(&here, "leader_led", memory_locks->now);
    memory_locks->refuses = true; /* the lock was free when this host looked */
    unit_host_begin();
    assert_int_equal(elect(&here, *state), LEADER_OTHER);
    assert_false(here.leader.took_over);
    assert_false(unit_exists(unit_path(*state, "lease")));
    assert_int_equal(note(&here, "leader_led"), 0);
    assert_false(unit_host_pass(0));
    close_here(&here);
}

static void test_without_a_holder_a_host_does_not_lead(void **state)
{
    struct here here = open_here(*state);
    struct err err;
    set_note(&here, "leader_led", memory_locks->now);
    begin(&here, *state);
    memory_locks->fails_at = memory_locks->statements + 3;
    unit_host_begin();
    assert_int_equal(leader_elect(&here.leader, here.ledger, &err), -1);
    unit_has("why", err.message, "could not keep the leader's lock");
    assert_false(unit_host_pass(0));
    here.leader.state_dir = "/nowhere"; /* the lease cannot be written */
    assert_int_equal(leader_elect(&here.leader, here.ledger, &err), -1);
    close_here(&here);
}

/* VICIdial's table of servers cannot be read at the moment, so the last known number counts. */
static void test_the_last_known_number_of_servers_counts(void **state)
{
    struct here here = open_here(*state);
    memory_locks->servers = 0;
    assert_int_equal(elect(&here, *state), LEADER_THIS); /* it never saw a cluster */
    assert_true(here.leader.holds);
    assert_false(here.leader.is_cluster);
    leader_leave(&here.leader);
    memory_locks->servers = 2;
    assert_int_equal(elect(&here, *state), LEADER_NOBODY);
    memory_locks->servers = 0;
    assert_int_equal(elect(&here, *state), LEADER_NOBODY);
    assert_true(here.leader.is_cluster);
    close_here(&here);
}

/* ---- long work ---- */

static int confirm(struct here *here, const char *directory, struct err *err)
{
    *err = (struct err){ .code = 0 };
    begin(here, directory);
    return leader_confirm(&here->leader, here->ledger, err);
}

static void test_long_work_needs_no_holder_without_a_cluster(void **state)
{
    struct here here = open_here(*state);
    struct err err;
    memory_locks->servers = 1;
    assert_int_equal(confirm(&here, *state, &err), 0);
    assert_int_equal(here.leader.role, LEADER_THIS);
    assert_int_equal(memory_locks_holder(LOCK), 0); /* the runs of cron need the lock */
    assert_int_equal(memory_locks->longest_wait, 2); /* a killed run may hold the lock for a moment */
    size_t statements = memory_locks->statements;
    assert_int_equal(leader_confirm(&here.leader, here.ledger, &err), 0); /* a second confirmation is harmless */
    assert_int_equal(memory_locks->statements, statements);
    memory_locks_give(LOCK, OTHER);
    assert_int_equal(confirm(&here, *state, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    unit_has("why", err.message, "another host sends");
    close_here(&here);
}

static void test_long_work_needs_the_leader_on_a_cluster(void **state)
{
    struct here here = open_here(*state);
    struct err err;
    assert_int_equal(confirm(&here, *state, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    unit_has("nobody", err.message, "no host of this cluster sends");
    assert_int_equal(memory_locks_holder(LOCK), 0); /* it does not take over */
    set_note(&here, "leader_led", memory_locks->now - T);
    assert_int_equal(confirm(&here, *state, &err), 0); /* its holder will take the lock again */
    assert_int_equal(here.leader.role, LEADER_THIS);
    set_note(&here, "leader_led", memory_locks->now - T - 1);
    assert_int_equal(confirm(&here, *state, &err), -1);
    lead(&here, *state);
    assert_int_equal(confirm(&here, *state, &err), 0);
    memory_locks_give(LOCK, OTHER); /* between two turns */
    assert_int_equal(leader_confirm(&here.leader, here.ledger, &err), -1);
    unit_has("another", err.message, "another host sends the calls of this database");
    close_here(&here);
}

/* ---- the leader's progress ---- */

static int64_t told(const char *directory)
{
    long long seconds = 0, settled = -1;
    char *text = unit_read(unit_path(directory, "lease"));
    if (text != NULL)
        assert_int_equal(sscanf(text, "%lld %lld", &seconds, &settled), 2);
    free(text);
    return settled;
}

static void test_the_leader_announces_its_progress(void **state)
{
    enum { LOOKED = 1000000, CHECKPOINT = LOOKED - 50 };
    static const struct {
        const char *name;
        bool known;
        int64_t open; /* 0: no open call */
        bool is_done;
        int64_t settled;
    } rows[] = {
        { "done", true, 0, true, LOOKED - 5 - 600 },
        { "not done", true, 0, false, CHECKPOINT - 600 },
        { "a call is open", true, LOOKED - 5000, true, LOOKED - 5001 },
        { "just later", true, LOOKED - 606, true, LOOKED - 607 },
        { "a recent one", true, LOOKED - 604, true, LOOKED - 605 },
        { "just then", true, LOOKED - 605, true, LOOKED - 606 },
        { "a later one", true, LOOKED - 300, true, LOOKED - 605 },
        { "no checkpoint", false, 0, true, 0 },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct here here = open_here(*state);
        struct err err;
        struct position checkpoint = position_at(CHECKPOINT, "x");
        begin(&here, *state);
        here.leader.role = LEADER_THIS;
        here.leader.is_cluster = true;
        here.leader.looked = LOOKED;
        if (rows[i].known)
            assert_int_equal(ledger_set_place(here.ledger, LEDGER_CHECKPOINT, &checkpoint, &err), 0);
        struct ledger_entry entry = { .uniqueid = "a", .record = { .state = CALL_PENDING },
                                      .end_epoch = rows[i].open };
        if (rows[i].open != 0)
            assert_int_equal(ledger_put(here.ledger, &entry, &err), 0);
        assert_int_equal(leader_report_settled(&here.leader, here.ledger, rows[i].is_done, &err), 0);
        unit_same_int(rows[i].name, told(*state), rows[i].settled);
        close_here(&here); /* nothing was committed */
    }
}

static void test_a_standby_host_announces_nothing(void **state)
{
    struct here here = open_here(*state);
    struct err err;
    begin(&here, *state);
    here.leader.is_cluster = true;
    here.leader.role = LEADER_OTHER;
    assert_int_equal(leader_report_settled(&here.leader, here.ledger, true, &err), 0);
    here.leader.is_cluster = false;
    here.leader.role = LEADER_THIS;
    assert_int_equal(leader_report_settled(&here.leader, here.ledger, true, &err), 0);
    assert_int_equal(told(*state), -1);
    close_here(&here);
}

static void test_a_run_renews_the_lease(void **state)
{
    struct err err;
    struct stat info;
    const char *path = unit_path(*state, "lease");
    const struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
    assert_int_equal(leader_holder_write_lease(*state, 290, 0, &err), 0);
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    leader_renew(*state);
    assert_int_equal(stat(path, &info), 0);
    assert_true(info.st_mtim.tv_sec > 1000);
}

/* ---- a ledger that fails ---- */

static int elect_once(void *context, struct err *err)
{
    struct here *here = context;
    begin(here, here->leader.state_dir);
    return leader_elect(&here->leader, here->ledger, err);
}

static int confirm_once(void *context, struct err *err)
{
    struct here *here = context;
    begin(here, here->leader.state_dir);
    return leader_confirm(&here->leader, here->ledger, err);
}

static int report_once(void *context, struct err *err)
{
    struct here *here = context;
    here->leader.is_cluster = true;
    here->leader.role = LEADER_THIS;
    return leader_report_settled(&here->leader, here->ledger, true, err);
}

static void test_a_ledger_that_fails(void **state)
{
    struct here here = open_here(*state);
    begin(&here, *state);
    assert_true(broken_ledger_sweep("elect", elect_once, NULL, &here) >= 7);
    set_note(&here, "leader_led", memory_locks->now);
    assert_true(broken_ledger_sweep("confirm", confirm_once, NULL, &here) >= 3);
    assert_true(broken_ledger_sweep("report", report_once, NULL, &here) >= 2);
    close_here(&here);
}

/* ---- check ---- */

static void test_check_tests_lock_and_number_of_servers(void **state)
{
    struct here here = open_here(*state);
    struct err err;
    char said[200];
    static const struct {
        int64_t servers, holder;
        const char *says;
    } rows[] = {
        { 1, 0, "the server's locks work" },
        { 2, 0, "the server's locks work; cluster: no host sends the calls now; the next runs choose a leader" },
        { 2, OTHER, "the server's locks work; cluster: another host sends the calls; this host is standby" },
        { 2, 1, "the server's locks work; cluster: this host sends the calls" },
    };
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        memory_locks->servers = rows[i].servers;
        memory_locks_give(LOCK, rows[i].holder);
        begin(&here, *state);
        assert_int_equal(leader_check(&here.leader, said, sizeof said, &err), 0);
        unit_same_text(rows[i].says, said, rows[i].says);
        assert_int_equal(memory_locks_holder(LOCK), rows[i].holder);
        assert_int_equal(memory_locks_holder(LOCK ".check"), 0); /* the test has released its lock */
    }
    memory_locks->refuses = true;
    assert_int_equal(leader_check(&here.leader, said, sizeof said, &err), -1);
    assert_int_equal(err.code, EX_UNAVAILABLE);
    unit_has("refused", err.message, "does not grant the lock calls.check");
    memory_locks->fails = true;
    assert_int_equal(leader_check(&here.leader, said, sizeof said, &err), -1);
    memory_locks->fails = memory_locks->refuses = false;
    for (size_t nth = 1; nth <= 3; nth += 2) { /* taking the lock, and the look after its release */
        memory_locks->fails_at = memory_locks->statements + nth;
        assert_int_equal(leader_check(&here.leader, said, sizeof said, &err), -1);
    }
    close_here(&here);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_host(test_the_lock_is_named_after_the_profile),
        on_host(test_a_source_without_locks_makes_this_host_the_leader),
        on_host(test_with_one_server_a_run_takes_the_lock),
        on_host(test_a_run_that_has_the_lock_keeps_it),
        on_host(test_after_a_broken_connection_the_lock_is_taken_again),
        on_host(test_an_error_of_the_server_is_returned),
        on_host(test_a_fresh_host_waits),
        on_host(test_after_a_gap_between_two_looks_the_wait_begins_again),
        on_host(test_the_leader_stays_the_leader),
        on_host(test_a_host_is_standby_while_another_host_leads),
        on_host(test_connection_number_1_can_belong_to_the_holder),
        on_host(test_a_connection_number_from_before_a_restart_is_not_trusted),
        on_host(test_a_host_is_standby_if_another_host_takes_the_lock_first),
        on_host(test_without_a_holder_a_host_does_not_lead),
        on_host(test_the_last_known_number_of_servers_counts),
        on_host(test_long_work_needs_no_holder_without_a_cluster),
        on_host(test_long_work_needs_the_leader_on_a_cluster),
        on_host(test_the_leader_announces_its_progress),
        on_host(test_a_standby_host_announces_nothing),
        on_host(test_a_run_renews_the_lease),
        on_host(test_a_ledger_that_fails),
        on_host(test_check_tests_lock_and_number_of_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
