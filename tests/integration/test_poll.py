"""Finding calls: every ended call arrives once, and the load on the dialer is small."""
import collections
import contextlib
import datetime
import random
import signal
import sqlite3
import time

import pytest

from harness.dialer import Dialer
from harness.process import until
from harness.sync import Sync

STATUSES = ["SALE", "A", "NI", "DNC", "B", "NA", "NO", "BUSY", "AB", "ADC", "DROP", "PDROP", "N", "CALLBK"]


def delivered(api):
    return collections.Counter(body["uniqueid"] for body in api.recorded())


def assert_each_once(api, uniqueids):
    """The API has exactly these calls, one version of each, and got one request for each."""
    assert delivered(api) == collections.Counter(uniqueids)
    assert collections.Counter(entry["uniqueid"] for entry in api.log()) == collections.Counter(uniqueids)


def mixed_calls(now, count, seed=1):
    """A busy half hour. Half of the calls have length 0, and hundreds end in the same second as others."""
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        length = 0 if number % 2 else chance.randrange(1, 900)
        ended = now - chance.randrange(5, 1800) // 10 * 10 - 5
        rows.append({"uniqueid": f"{ended - length}.{number}", "end_epoch": ended, "length_in_sec": length,
                     "status": chance.choice(STATUSES)})
    return rows


def server_reads(db):
    names = ("Handler_read_next", "Handler_read_rnd_next", "Handler_read_first", "Handler_read_key")
    rows = db.query("SHOW GLOBAL STATUS LIKE 'Handler_read%'")
    return sum(int(row["Value"]) for row in rows if row["Variable_name"] in names)


# ---- all of them, once ----

def test_two_thousand_calls_of_a_realistic_mix_arrive_each_once(sync, db, api):
    uniqueids = db.insert_many(mixed_calls(db.now(), 2000))
    assert sync.run().code == 0
    assert sync.run().code == 0
    assert_each_once(api, uniqueids)


def test_calls_of_one_second_across_a_batch_edge_all_arrive(sync, db, api):
    ended = db.now() - 60
    uniqueids = db.insert_many([{"uniqueid": f"{ended}.{n}", "end_epoch": ended} for n in range(25)])
    sync.configure(config={"sync": {"batch_size": 10, "overlap": 0}})
    assert sync.run().code == 0
    assert_each_once(api, uniqueids)
    assert sync.checkpoint() == f"{ended} {max(uniqueids)}"


def test_a_call_of_hours_is_sent_in_the_first_run_after_its_end(sync, db, api):
    """The scan has long passed the call's start, and the sweep is off."""
    now = db.now()
    sync.configure(config={"sync": {"sweep_interval": 0}})
    call = db.insert(uniqueid=f"{now - 9000}.1", start_epoch=now - 9000, end_epoch=None, status="INCALL")
    sync.run()
    assert api.log() == [] and sync.ledger("SELECT id FROM watched") == [(call,)]
    assert "did_optimizer_sync_watched{profile=\"\"} 1\n" in sync.run("metrics").out
    before = server_reads(db)
    sync.run()
    assert server_reads(db) - before < 300
    db.update(call, end_epoch=now - 10, status="SALE")
    sync.run()
    assert_each_once(api, [call])
    assert sync.ledger("SELECT id FROM watched") == []


def test_a_running_call_whose_uniqueid_is_rewritten_is_sent_under_its_new_name_only(sync, db, api):
    """vdc_db_query.php rewrites the uniqueid when the agent hangs up."""
    now = db.now()
    sync.configure(config={"sync": {"sweep_interval": 0}})
    old = db.insert(uniqueid=f"{now - 9000}.100", start_epoch=now - 9000, end_epoch=None, status="INCALL", lead_id=77)
    sync.run()
    db.query("UPDATE vicidial_log SET uniqueid = %s, status = 'SALE', end_epoch = %s WHERE uniqueid = %s",
             [f"{now - 9000}.99", now - 10, old])
    sync.run()
    assert_each_once(api, [f"{now - 9000}.99"])
    assert sync.ledger("SELECT id FROM watched") == []


@pytest.mark.parametrize("state", ["running", "pending"])
@pytest.mark.parametrize("why", ["no index on lead_id", "a lead of 25,000 rows"])
def test_a_rewritten_uniqueid_is_found_where_the_lead_cannot_be_read(sync, db, api, why, state):
    """Goal: the scan goes back to the call's start, without the sweep's help. Later runs do not go back again."""
    now = db.now()
    sync.configure(config={"sync": {"sweep_interval": 0}})
    if why == "no index on lead_id":
        db.query("ALTER TABLE vicidial_log DROP INDEX lead_id")
    else:
        db.insert_many([{"uniqueid": f"{now - 9999999 + n}.1", "end_epoch": now - 9999999 + n, "lead_id": 77}
                        for n in range(25000)])
    old = db.insert(uniqueid=f"{now - 9000}.100", start_epoch=now - 9000, end_epoch=None, status="INCALL", lead_id=77)
    sync.run()
    if state == "pending":
        db.update(old, status="DISPO", end_epoch=now - 30)
        sync.run()
    db.query("UPDATE vicidial_log SET uniqueid = %s, status = 'SALE', end_epoch = %s WHERE uniqueid = %s",
             [f"{now - 9000}.99", now - 10, old])
    assert sync.run().code == 0
    assert_each_once(api, [f"{now - 9000}.99"])
    time.sleep(1.1)
    sync.run()
    assert sync.ledger("SELECT id FROM watched") == []
    (scanned_to,), = sync.ledger("SELECT number FROM note WHERE name = 'scanned_to'")
    assert scanned_to >= now


def test_a_row_that_is_written_late_with_an_old_end_is_found(sync, db, api):
    first = db.insert(end_epoch=db.now() - 20)
    sync.run()
    late = db.insert(end_epoch=db.now() - 300)
    sync.run()
    assert_each_once(api, [first, late])


def test_another_call_of_the_checkpoint_s_own_second_is_found(sync, db, api):
    ended = db.now() - 30
    first = db.insert(uniqueid=f"{ended}.5", end_epoch=ended)
    sync.run()
    others = [db.insert(uniqueid=f"{ended}.{n}", end_epoch=ended) for n in (4, 6)]
    sync.run()
    assert_each_once(api, [first, *others])


def test_calls_wait_until_they_have_settled_by_the_database_s_clock(sync, db, api):
    sync.configure(config={"sync": {"settle": 100}})
    young, old = db.insert(end_epoch=db.now() - 50), db.insert(end_epoch=db.now() - 130)
    sync.run()
    assert list(delivered(api)) == [old]
    db.update(young, end_epoch=db.now() - 101)
    sync.run()
    assert sorted(delivered(api)) == sorted([young, old])


def test_a_running_call_and_one_with_end_zero_are_not_sent(sync, db, api):
    now = db.now()
    db.insert(end_epoch=None, start_epoch=now - 60, status="INCALL", length_in_sec=None)
    db.insert(end_epoch=0, start_epoch=now - 60, status="NA", length_in_sec=0)
    ended = db.insert(end_epoch=now - 10)
    sync.run()
    assert_each_once(api, [ended])


def test_calls_that_ended_before_the_first_checkpoint_are_out_of_scope(sync, db, api):
    edge = db.now() - 1000
    sync.set_checkpoint(edge)
    db.insert(end_epoch=edge - 1)
    at, after = db.insert(end_epoch=edge), db.insert(end_epoch=edge + 1)
    sync.run()
    sync.run()
    assert_each_once(api, [at, after])


def test_a_day_s_backlog_arrives_oldest_first(sync, db, api):
    now = db.now()
    sync.set_checkpoint(now - 86400)
    # test_backlog.py has the tests with a limit
    sync.configure(config={"api": {"concurrency": 1}, "sync": {"backfill_rate": 0}})
    rows = [{"uniqueid": f"{now - 80000 + 130 * n}.1", "end_epoch": now - 80000 + 130 * n, "length_in_sec": 0}
            for n in range(600)]
    db.insert_many(rows)
    assert sync.run().code == 0
    assert [entry["uniqueid"] for entry in api.log()] == [row["uniqueid"] for row in rows]


# ---- failures in the middle ----

def test_a_failing_call_in_mid_batch_arrives_later_and_delays_no_other(sync, db, api):
    now = db.now()
    uniqueids = db.insert_many([{"end_epoch": now - 100 + n} for n in range(50)])
    api.rules([{"uniqueid": uniqueids[20], "times": 1, "status": 500}])
    sync.configure(config={"sync": {"retry_base": 0}})
    first = sync.run()
    assert first.code == 75
    assert set(delivered(api)) == set(uniqueids) - {uniqueids[20]}
    time.sleep(1.1)  # the shortest delay before a second try is one second
    assert sync.run().code == 0
    assert delivered(api) == collections.Counter(uniqueids)


def test_an_api_that_is_down_for_a_whole_run_loses_nothing(sync, db, api):
    uniqueids = db.insert_many(mixed_calls(db.now(), 700))
    api.stop()
    before = sync.checkpoint()
    down = sync.run()
    assert down.code == 69
    assert "❌ the API is down" in down.log
    assert sync.checkpoint().split()[0] == before
    assert sync.ledger("SELECT count(*) FROM call") == [(0,)]
    api.start()
    assert sync.run().code == 0
    assert_each_once(api, uniqueids)


def test_three_runs_at_once_send_nothing_twice(sync, db, api):
    uniqueids = db.insert_many(mixed_calls(db.now(), 300))
    api.rules([{"delay_ms": 5}])
    runs = [sync.start() for _ in range(3)]
    codes = [run.wait(60) for run in runs]
    assert codes == [0, 0, 0]
    sync.run()
    assert_each_once(api, uniqueids)


def test_a_run_out_of_time_continues_in_the_next_run(sync, db, api):
    now = db.now()
    uniqueids = db.insert_many([{"end_epoch": now - 100 + n} for n in range(60)])
    api.rules([{"delay_ms": 100}])
    sync.configure(config={"sync": {"time_budget": 1, "batch_size": 60}, "api": {"concurrency": 2}})
    first = sync.run()
    assert first.code == 75
    assert "the time limit of this run is reached" in first.log
    assert 0 < len(delivered(api)) < 60
    api.rules([])
    assert sync.run().code == 0
    assert_each_once(api, uniqueids)


def test_a_signal_ends_the_run_cleanly(sync, db, api):
    now = db.now()
    uniqueids = db.insert_many([{"end_epoch": now - 100 + n} for n in range(60)])
    api.rules([{"delay_ms": 100}])
    run = sync.start()
    while not api.log():
        time.sleep(0.02)
    run.send_signal(signal.SIGTERM)
    assert run.wait(30) == 75
    api.rules([])
    assert sync.run().code == 0
    assert_each_once(api, uniqueids)


def test_a_killed_run_loses_nothing_and_repeats_only_what_was_in_flight(sync, db, api):
    """Goal: outcomes become durable while others of their batch are in flight. After a kill the other calls are sent
    again with the same key."""
    def accepted():
        return {uniqueid for uniqueid, in sync.ledger("SELECT uniqueid FROM call WHERE state = 1")}
    now = db.now()
    uniqueids = db.insert_many([{"end_epoch": now - 900 + n} for n in range(800)])
    sync.configure(config={"api": {"concurrency": 4}})
    api.rules([{"delay_ms": 20}])
    for _ in range(2):
        run = sync.start()
        seen = len(api.log())
        while len(api.log()) < seen + 20:
            assert run.poll() is None
            time.sleep(0.005)
        asked = {entry["uniqueid"] for entry in api.log()}
        until(lambda: asked <= accepted() or run.poll() is not None)  # a second is usual
        run.kill()
        assert run.wait() < 0, "the run was over before: this shows nothing"
        assert asked <= accepted() < set(uniqueids)
    api.rules([])
    assert sync.run().code == 0
    log = api.log()
    assert {entry["uniqueid"] for entry in log} == set(uniqueids)
    keys = collections.defaultdict(set)
    for entry in log:
        keys[entry["uniqueid"]].add(entry["idempotency_key"])
    assert all(len(kinds) == 1 for kinds in keys.values())
    assert delivered(api) == collections.Counter(uniqueids)


def test_outcomes_become_durable_while_a_request_of_the_same_batch_is_on_its_way(sync, db, api):
    """Goal: outcomes do not wait for the slowest answer of their batch."""
    uniqueids = db.insert_many([{"end_epoch": db.now() - 60 + n} for n in range(20)])
    api.rules([{"uniqueid": uniqueids[7], "delay_ms": 8000}])
    run = sync.start()

    def accepted():
        with contextlib.suppress(sqlite3.OperationalError):  # the ledger does not exist yet
            return len(sync.ledger("SELECT uniqueid FROM call WHERE state = 1"))
    until(lambda: run.poll() is not None or accepted() == 19, accepted)
    assert run.poll() is None, "the slow request was answered before the outcomes of the others were durable"
    assert run.wait(60) == 0


# ---- dispositions ----

def test_a_call_in_the_disposition_screen_is_waiting_until_the_agent_has_chosen(sync, db, api):
    call = db.insert(end_epoch=db.now() - 20, status="DISPO")
    sync.run()
    sync.run()
    assert api.log() == []
    assert sync.ledger("SELECT state FROM call") == [(3,)]
    db.update(call, status="SALE")
    sync.run()
    assert [body["disposition"] for body in api.recorded()] == ["SALE"]


@pytest.mark.parametrize("status", ["INCALL", "QUEUE", "DISPO", ""])
@pytest.mark.parametrize("age, sent", [(14900, False), (15060, True)])
def test_a_status_that_never_becomes_final_is_sent_when_the_horizon_is_past(sync, db, api, status, age, sent):
    now = db.now()
    sync.set_checkpoint(now - 3600)
    db.insert(uniqueid=f"{now - age}.1", start_epoch=now - age, end_epoch=now - 30, status=status)
    sync.run()
    assert [body["disposition"] for body in api.recorded()] == ([status] if sent else [])


@pytest.mark.parametrize("status, comments, ago, sent", [
    ("DONEM", "MANUAL", 60, False), ("DONEM", "MANUAL", 125, True), ("XFER", "AUTO", 60, False),
    ("XFER", "AUTO", 125, True), ("XFER", "REMOTE", 5, True), ("AA", "AUTO", 60, False), ("SALE", "AUTO", 5, True)])
def test_unsettled_calls_wait_two_minutes_at_most(sync, db, api, status, comments, ago, sent):
    db.insert(end_epoch=db.now() - ago, status=status, comments=comments)
    sync.run()
    assert len(api.recorded()) == (1 if sent else 0)


def test_a_waiting_call_with_a_rewritten_uniqueid_is_sent_under_the_new_one_only(sync, db, api):
    now = db.now()
    old = db.insert(uniqueid=f"{now - 90}.100", end_epoch=now - 20, status="INCALL")
    sync.run()
    db.query("UPDATE vicidial_log SET uniqueid = %s, status = 'SALE', end_epoch = %s WHERE uniqueid = %s",
             [f"{now - 90}.99", now - 10, old])
    sync.run()
    assert_each_once(api, [f"{now - 90}.99"])
    assert sync.ledger("SELECT uniqueid FROM call") == [(f"{now - 90}.99",)]


def test_a_waiting_row_that_is_deleted_is_forgotten(sync, db, api):
    call = db.insert(end_epoch=db.now() - 20, status="DISPO")
    sync.run()
    db.delete(call)
    assert sync.run().code == 0
    assert api.log() == [] and sync.ledger("SELECT * FROM call") == []


def test_a_call_that_changes_after_it_was_accepted_is_sent_again(sync, db, api):
    call = db.insert(end_epoch=db.now() - 20, status="DROP")
    sync.run()
    db.update(call, status="SALE")
    sync.run()
    sync.run()
    assert [body["disposition"] for body in api.recorded()] == ["DROP", "SALE"]
    assert len(api.log()) == 2


def test_a_changed_call_is_not_sent_again_when_the_settings_say_so(sync, db, api):
    sync.configure(config={"sync": {"resend_changed": "no"}})
    call = db.insert(end_epoch=db.now() - 20, status="DROP")
    sync.run()
    db.update(call, status="SALE")
    sync.run()
    assert len(api.log()) == 1


@pytest.mark.parametrize("settings, sent", [
    ({"sync": {"resend_changed": "yes"}}, ["reason", "length", "agent", "status"]),
    ({"sync": {"resend_changed": "final"}}, ["status"]),
    ({"sink": {"phone_number": "did"}}, ["length", "agent", "status"]),  # this server ignores the term reason
], ids=["yes", "final", "the server that reads DIDs"])
def test_only_a_changed_status_is_sent_again_with_resend_changed_final(sync, db, api, settings, sent):
    """A server without deduplication makes a new record of each POST."""
    sync.configure(config=settings)
    changes = {"reason": {"term_reason": "AGENT"}, "length": {"length_in_sec": 99}, "agent": {"user": "1002"},
               "status": {"status": "SALE"}}
    calls = {name: db.insert(end_epoch=db.now() - 20, status="NI", user="1001", term_reason="CALLER")
             for name in changes}
    assert sync.run().code == 0
    for name, change in changes.items():
        db.update(calls[name], **change)
    explained = {name: sync.run("why", call).out for name, call in calls.items()}
    assert sync.run().code == 0 and sync.run().code == 0
    assert [name for name, call in calls.items() if len(api.by_uniqueid()[call]) == 2] == sent
    for name, text in explained.items():
        assert ("changed since" in text) == (name in sent), text


# ---- the sweep ----

def sweep_again(sync):
    """Makes the next run sweep, as if the interval had passed."""
    sync.configure(config={"sync": {"sweep_interval": 1}})
    time.sleep(1.1)


def test_the_first_run_finds_long_calls(sync, db, api):
    now = db.now()
    sync.set_checkpoint(now - 5000)
    call = db.insert(uniqueid=f"{now - 9000}.1", start_epoch=now - 9000, end_epoch=now - 60)
    sync.run()
    assert_each_once(api, [call])



def test_a_row_that_is_written_after_the_overlap_is_found_by_the_sweep(sync, db, api):
    first = db.insert(end_epoch=db.now() - 20)
    sync.run()
    late = db.insert(end_epoch=db.now() - 2000)
    sync.run()
    assert list(delivered(api)) == [first]
    sweep_again(sync)
    sync.run()
    assert_each_once(api, [first, late])


def test_a_status_changed_hours_after_delivery_is_sent_again_by_the_sweep(sync, db, api):
    now = db.now()
    sync.set_checkpoint(now - 10000)
    edited = db.insert(end_epoch=now - 9000, status="SALE")
    newest = db.insert(end_epoch=now - 20)
    sync.run()
    db.update(edited, status="NI")
    sweep_again(sync)
    sync.run()
    sync.run()
    assert [body["disposition"] for body in api.by_uniqueid()[edited]] == ["SALE", "NI"]
    assert len(api.by_uniqueid()[newest]) == 1


def test_calls_that_the_sweep_found_survive_an_outage(sync, db, api):
    """These calls are below the checkpoint, so they must be in the ledger before the sweep counts as done."""
    db.insert(end_epoch=db.now() - 20)
    sync.run()
    late = db.insert(end_epoch=db.now() - 2000)
    sweep_again(sync)
    api.stop()
    assert sync.run().code == 69
    sync.configure(config={"sync": {"sweep_interval": 0}})
    api.start()
    assert sync.run().code == 0
    assert list(delivered(api)) == [late]


def note(sync, name):
    rows = sync.ledger("SELECT number FROM note WHERE name = ?", name)
    return rows[0][0] if rows else None


def set_note(sync, name, number):
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger, ledger:
        ledger.execute("INSERT OR REPLACE INTO note (name, number, text) VALUES (?, ?, '')", (name, number))


def pretend_no_run_since(sync, epoch):
    """Makes the ledger as if the last run had been at that time."""
    sync.set_checkpoint(epoch)
    for name in ("checkpoint", "last_sweep", "scanned_to"):
        set_note(sync, name, epoch)


def test_the_sweep_finds_calls_from_hours_without_a_run(sync, db, api):
    """One call was open at the end of the last run, and the status of another changed after that run."""
    now = db.now()
    stopped = now - 20 * 3600
    sync.set_checkpoint(stopped - 10000)
    changed = db.insert(start_epoch=stopped - 5000, end_epoch=stopped - 4000, status="SALE")
    sync.run()
    pretend_no_run_since(sync, stopped)
    db.update(changed, status="NI")
    sync.configure(config={"sync": {"sweep_interval": 1}})
    long_call = db.insert(start_epoch=stopped - 3000, end_epoch=stopped + 300)
    assert sync.run().code == 0
    assert [body["disposition"] for body in api.by_uniqueid()[changed]] == ["SALE", "NI"]
    assert list(delivered(api)) == [changed, long_call]
    assert abs(note(sync, "last_sweep") - now) < 60


def test_a_checkpoint_that_is_set_back_brings_long_calls_in_too(sync, db, api):
    now = db.now()
    long_call = db.insert(start_epoch=now - 12 * 3600, end_epoch=now - 10 * 3600)
    sync.run()
    assert api.log() == []
    assert sync.run("checkpoint", "set", "11 hours ago").code == 0
    assert sync.run().code == 0
    assert_each_once(api, [long_call])



def test_a_sweep_that_is_turned_on_again_skips_the_time_without_it(sync, db, api):
    """The ledger may have forgotten calls of that time, and the sweep would send them again."""
    now = db.now()
    sync.set_checkpoint(now - 40 * 86400)
    known = db.insert(end_epoch=now - 30 * 86400)
    newest = db.insert(end_epoch=now - 20)
    sync.run()
    set_note(sync, "last_sweep", now - 30 * 86400)
    set_note(sync, "swept_to", now - 30 * 86400)
    sync.configure(config={"sync": {"sweep_interval": 0}})
    sync.run()
    sync.run()
    assert sync.ledger("SELECT uniqueid FROM call") == [(newest,)]
    sync.configure(config={"sync": {"sweep_interval": 600}})
    sync.run()
    assert_each_once(api, [known, newest])


def test_no_call_is_pruned_that_the_sweep_still_reads(sync, db, api):
    """After a pause of days, the sweep continues where it stopped, a part in each run. The ledger keeps accepted calls
    for a day."""
    now = db.now()
    sync.set_checkpoint(now - 5 * 86400)
    uniqueids = [db.insert(end_epoch=now - 4 * 86400 + hour * 3600) for hour in (-5, -1)]
    newest = db.insert(end_epoch=now - 20)
    sync.run()
    sync.configure(config={"sync": {"retention_days": 1}})
    set_note(sync, "last_sweep", now - 4 * 86400)
    for _ in range(3):
        sync.run()
    assert now - 4 * 86400 - 6 * 3600 < note(sync, "swept_to") < now - 4 * 86400
    assert_each_once(api, [*uniqueids, newest])



def test_the_sweep_ignores_calls_that_ended_before_the_floor(sync, db, api):
    now = db.now()
    sync.set_checkpoint(now - 1000)
    db.insert(end_epoch=now - 2000)
    sync.run()
    sweep_again(sync)
    sync.run()
    assert api.log() == []


# ---- the dialer comes first ----

def test_a_long_history_is_not_read(sync, db, api):
    now = db.now()
    db.insert_many([{"uniqueid": f"{now - 2000000 + 90 * n}.1", "end_epoch": now - 2000000 + 90 * n,
                     "length_in_sec": 0} for n in range(20000)])
    recent = db.insert(end_epoch=now - 20)
    before = server_reads(db)
    sync.run()
    first_run = server_reads(db) - before
    assert list(delivered(api)) and recent in delivered(api)
    before = server_reads(db)
    sync.run()
    idle_run = server_reads(db) - before
    # The last 6 hours hold 240 of the 20,000 rows; each row takes a read of the index and one of the data.
    assert first_run < 2500, f"{first_run} rows read"
    assert idle_run < 700, f"{idle_run} rows read"


def test_a_call_behind_a_dense_stretch_of_the_table_is_not_overlooked(sync, db, api):
    """A statement ends early if the server would read too many rows. Then its result is incomplete, and the program
    must notice this. The long call begins after 30,000 others that are not to be sent."""
    now = db.now()
    sync.set_checkpoint(now - 100)
    sync.configure(config={"sync": {"sweep_interval": 0, "poll_window": 3600}})
    db.insert_many([{"uniqueid": f"{now - 3000 + n // 100}.{n}", "start_epoch": now - 3000 + n // 100,
                     "end_epoch": now - 2990 + n // 100} for n in range(30000)])
    long_call = db.insert(uniqueid=f"{now - 2690}.1", start_epoch=now - 2690, end_epoch=now - 30)
    assert sync.run().code == 0
    assert_each_once(api, [long_call])


def statements_of_a_run(sync, db):
    db.query("SET GLOBAL log_output = 'TABLE'")
    db.query("TRUNCATE mysql.general_log")
    db.query("SET GLOBAL general_log = 1")
    try:
        sync.run()
    finally:
        db.query("SET GLOBAL general_log = 0")
    return [row["argument"].decode() if isinstance(row["argument"], bytes) else row["argument"] for row in
            db.query("SELECT argument FROM mysql.general_log WHERE command_type = 'Query' AND user_host LIKE 'cron%%'")]


def test_an_idle_run_sends_few_statements_beside_its_reads(sync, db):
    """Goal: one statement sets the session's variables, and two read the table's columns and indexes. The clock, the
    lock, the run's cost and the release of the lock need one each."""
    db.query("CREATE TABLE servers (server_id VARCHAR(10))")
    db.query("INSERT INTO servers VALUES ('one')")
    sync.run()
    said = [text for text in statements_of_a_run(sync, db)
            if text.startswith("SHOW") or "FROM vicidial_log" not in text]
    said = [text for text in said if "Threads_running" not in text]  # after a slow read the run asks for the load
    assert [text.split()[0] for text in said] == ["SET", "SHOW", "SHOW", "SELECT", "SELECT", "SELECT", "SELECT"], said
    (locking,) = [text for text in said if "GET_LOCK" in text]
    assert "IS_USED_LOCK" in locking and "servers" in locking
    assert "RELEASE_LOCK" in said[-1]


def test_only_reading_statements_reach_the_database(sync, db, api):
    db.insert(end_epoch=db.now() - 20)
    said = statements_of_a_run(sync, db)
    assert any("FROM vicidial_log FORCE INDEX (`call_date`)" in text for text in said)
    assert {text.split()[0] for text in said} == {"SELECT", "SET", "SHOW"}
    assert sum(text.startswith("SET ") for text in said) == 1 and any("_read_only = 1" in text for text in said)
    assert not any("MD5(" in text for text in said)  # MySQL 9.6 has no such variable
    assert any(text.startswith("SET NAMES utf8mb4, ") and "SESSION max_statement_time = " in text for text in said)
    reads = [text for text in said if "FROM vicidial_log" in text and not text.startswith("SHOW")]
    bounded = ("call_date >=", "uniqueid IN", "uniqueid >= ")
    assert all(any(bound in text for bound in bounded) for text in reads)
    assert all(text.count("LIMIT") == text.count("ORDER BY uniqueid") for text in reads if "uniqueid >= " in text)


def test_a_user_who_may_only_select_is_enough(sync, db, api):
    user, password = db.READER
    call = db.insert(end_epoch=db.now() - 20)
    run = sync.run(env={"VICIDIAL_DB_USER": user, "VICIDIAL_DB_PASSWORD": password})
    assert run.code == 0
    assert_each_once(api, [call])


def test_a_site_s_own_index_on_end_epoch_is_used(sync, db, api):
    now = db.now()
    db.query("ALTER TABLE vicidial_log ADD INDEX site_end (end_epoch)")
    sync.configure(config={"sync": {"sweep_interval": 0}})
    long_call = db.insert(uniqueid=f"{now - 9000}.1", start_epoch=now - 9000, end_epoch=now - 60)
    assert sync.run().code == 0
    assert_each_once(api, [long_call])
    assert "site_end on end_epoch" in sync.run("check").out


def test_no_lock_is_held_while_the_api_is_slow(sync, db, api):
    """The whole batch is in memory before the first POST, so the dialer's own statements do not wait."""
    now = db.now()
    uniqueids = db.insert_many([{"end_epoch": now - 300 + n} for n in range(40)])
    api.rules([{"delay_ms": 2000}])
    run = sync.start()
    while not api.state()["max_in_flight"]:
        time.sleep(0.02)
    threads = db.query("SELECT COMMAND, STATE FROM information_schema.PROCESSLIST WHERE USER = 'cron'")
    assert [row["COMMAND"] for row in threads] == ["Sleep"]
    db.query("LOCK TABLES vicidial_log WRITE")  # this statement would wait for a reader
    db.query("UNLOCK TABLES")
    assert run.poll() is None, "the run was over before: this shows nothing"
    run.send_signal(signal.SIGTERM)
    run.wait(30)
    api.rules([])
    assert sync.run().code == 0
    assert_each_once(api, uniqueids)


# ---- clocks ----

# The nights on which the clocks went back. The repeated hour begins at this epoch.
AUTUMN = {"America/New_York": datetime.datetime(2026, 11, 1, 5, tzinfo=datetime.timezone.utc),
          "Europe/Berlin": datetime.datetime(2026, 10, 25, 0, tzinfo=datetime.timezone.utc)}
SPRING = {"America/New_York": datetime.datetime(2026, 3, 8, 6, tzinfo=datetime.timezone.utc)}


@pytest.mark.parametrize("host", ["America/New_York", "Europe/Berlin"])
@pytest.mark.parametrize("zone, night", [*AUTUMN.items(), *SPRING.items()],
                         ids=["NY-autumn", "Berlin-autumn", "NY-spring"])
def test_the_night_when_the_clocks_change_loses_and_repeats_nothing(tmp_path, api, zone, night, host):
    begins = int(night.timestamp())
    with Dialer(timezone=zone) as dialer:
        db = dialer.database()
        rows = [{"uniqueid": f"{begins - 7200 + 60 * n - 600}.{n}", "end_epoch": begins - 7200 + 60 * n,
                 "length_in_sec": 600} for n in range(360)]
        db.insert_many(rows)
        sync = Sync(tmp_path / "host", db, api, timezone=host)
        sync.configure(config={"sync": {"retention_days": 3650}})
        sync.set_checkpoint(f"{begins - 7200} ")
        assert sync.run().code == 0
        assert sync.run().code == 0
        assert_each_once(api, [row["uniqueid"] for row in rows])


def test_a_database_clock_that_is_set_back_stops_nothing(sync, db, api):
    """The ledger knows that a run wrote this checkpoint. So the checkpoint counts, but at most up to the present
    time."""
    first = db.insert(end_epoch=db.now() - 5)
    sync.run()
    ahead = db.now() + 7200
    sync.set_checkpoint(f"{ahead} {ahead}.1")
    with sqlite3.connect(sync.state / "ledger.db") as ledger:
        ledger.execute("UPDATE note SET number = ?, text = ? WHERE name = 'checkpoint'", (ahead, f"{ahead}.1"))
    second = db.insert(end_epoch=db.now() - 1)
    assert sync.run().code == 0
    assert_each_once(api, [first, second])
