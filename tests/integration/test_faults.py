"""Whatever fails around the program, the run says so, ends with the right code and loses no call. A later run completes
the work."""
import collections
import contextlib
import datetime
import json
import os
import sqlite3
import time

import pytest

from fault import scene as scenes
from fault import shim
from fault.scene import HOUR, damage_page, leaves
from fault.sweeps import FILES, allocation_sweep, error_sweep
from harness.dialer import Dialer
from harness.process import program
from harness.sync import Sync

needs_shim = pytest.mark.skipif(shim.cannot_load() is not None, reason=f"no shim: {shim.cannot_load()}")


def delivered(api):
    return collections.Counter(body["uniqueid"] for body in api.recorded())


def assert_each_once(api, uniqueids):
    """The API has exactly these calls, one version of each, and got one request for each."""
    assert delivered(api) == collections.Counter(uniqueids)
    assert collections.Counter(entry["uniqueid"] for entry in api.log()) == collections.Counter(uniqueids)


def assert_same_keys(api):
    """However often a call came, it had one idempotency key."""
    keys = collections.defaultdict(set)
    for entry in api.log():
        keys[entry["uniqueid"]].add(entry["idempotency_key"])
    assert all(len(kinds) == 1 for kinds in keys.values())


def insert_some(db, count=20, ended_ago=100):
    now = db.now()
    return db.insert_many([{"end_epoch": now - ended_ago + n} for n in range(count)])


# ---- the disk ----

@needs_shim
@pytest.mark.parametrize("error", ["ENOSPC", "EDQUOT", "EIO"])
def test_a_disk_that_becomes_full_ends_the_run_with_74_and_loses_nothing(staged, error):
    """Goal: from some write on, every write fails. The run sends no call whose outcome cannot be recorded."""
    error_sweep(staged(scenes.every_kind), error, kinds=("write",), lasting=0, share=0.25)


@needs_shim
@pytest.mark.parametrize("kinds", [("sync",), ("rename",), FILES])
def test_a_single_failing_step_ends_the_run_with_74_and_loses_nothing(staged, kinds):
    """Goal: the program ignores no failure of a write, sync or rename that matters."""
    error_sweep(staged(scenes.every_kind), "EIO", kinds=kinds, share=0.2 if kinds == FILES else 0.4)


@needs_shim
@pytest.mark.parametrize("kind", [scenes.backfill, scenes.reconcile], ids=["backfill", "reconcile"])
@pytest.mark.parametrize("error, kinds, lasting", [("ENOSPC", ("write",), 0), ("EIO", FILES, 1)],
                         ids=["disk full", "one failing step"])
def test_long_work_ends_with_74_when_its_state_cannot_be_written(staged, kind, error, kinds, lasting):
    """Goal: the same for backfill and reconcile. The same command, run again, continues."""
    error_sweep(staged(kind), error, kinds=kinds, lasting=lasting, share=0.1)


@needs_shim
def test_writes_that_take_half_of_the_bytes_change_nothing(staged):
    """Goal: every write and send continues where it stopped."""
    scene = staged(scenes.every_kind)
    scene.reset()
    code, wanted = scene.run().code, scene.outcome()
    scene.reset()
    strike = shim.Strike(scene.sync, 1, "short", kinds=("write", "send"), lasting=0)
    assert scene.run(strike.env).code == code
    assert strike.report().hits > 90
    outcome = scene.outcome()
    assert (outcome.sent, outcome.calls, outcome.checkpoint) == (wanted.sent, wanted.calls, wanted.checkpoint)


@needs_shim
def test_a_log_that_cannot_be_written_stops_nothing(sync, db, api):
    """Goal: a full disk under /var/log delays no result."""
    uniqueids = insert_some(db)
    strike = shim.Strike(sync, 1, "ENOSPC", kinds=("write",), lasting=0, root=sync.log_file)
    assert sync.run(env=strike.env).code == 0
    assert strike.report().hits >= 3  # one write may have several lines
    assert_each_once(api, uniqueids)


@needs_shim
def test_a_read_only_file_system_stops_the_run_before_anything_is_sent(sync, db, api):
    """Goal: the first open of a file for writing fails with EROFS. The run exits with 74 and makes no request."""
    uniqueids = insert_some(db)
    strike = shim.Strike(sync, 1, "EROFS", kinds=("open", *FILES), lasting=0)
    run = sync.run(env=strike.env)
    assert run.code == 74 and "Read-only file system" in run.log
    assert api.log() == []
    assert sync.run().code == 0
    assert_each_once(api, uniqueids)


def test_a_state_directory_that_may_not_be_written_stops_the_run_before_anything_is_sent(sync, db, api, tmp_path,
                                                                                         monkeypatch):
    """Goal: a person has changed the permissions. The run exits with 77, names the directory and makes no request."""
    uniqueids = insert_some(db)
    ordinary = tmp_path / "ordinary"  # as root, but without root's right to write every file
    become = "setpriv --bounding-set=-all" if os.geteuid() == 0 else ""
    ordinary.write_text(f'#!/bin/sh\nexec {become} "{program("SYNC_BINARY", "build/did-optimizer-sync")}" "$@"\n')
    ordinary.chmod(0o755)
    monkeypatch.setenv("SYNC_BINARY", str(ordinary))
    sync.state.chmod(0o500)
    run = sync.run()
    sync.state.chmod(0o700)
    assert run.code == 77 and f"could not write in the state directory {sync.state}" in run.log
    assert "; run as root or as its owner" in run.log
    assert api.log() == []
    assert sync.run().code == 0
    assert_each_once(api, uniqueids)


# ---- the ledger ----

@contextlib.contextmanager
def ledger_waiting(sync):
    """Another program holds a transaction on the ledger."""
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield other
        if other.in_transaction:
            other.execute("ROLLBACK")


def test_a_ledger_held_by_another_program_is_waited_for_five_seconds(sync, db, api):
    """Goal: the run exits with 74 and sends nothing. The next run works as usual."""
    sync.run()
    uniqueids = insert_some(db)
    with ledger_waiting(sync):
        began = time.monotonic()
        run = sync.run()
        waited = time.monotonic() - began
    assert run.code == 74 and "another program has locked it" in run.log
    assert 4.5 < waited < 20
    assert api.log() == []
    assert sync.run().code == 0
    assert_each_once(api, uniqueids)


def test_a_ledger_that_is_unlocked_in_time_only_delays_the_run(sync, db, api):
    """Goal: a backup that reads the ledger for a second delays the run by a second."""
    sync.run()
    uniqueids = insert_some(db)
    with ledger_waiting(sync) as other:
        run = sync.start()
        time.sleep(1)
        assert run.poll() is None and api.log() == []
        other.execute("ROLLBACK")
        assert run.wait(30) == 0
    assert_each_once(api, uniqueids)


def assert_rebuilt(sync, run):
    """The run has logged an error and kept the damaged file."""
    assert "ERROR ❌ the ledger was damaged; it was rebuilt" in run.log
    (kept,) = [file for file in sync.state.glob("ledger.db.damaged-*") if not file.name.endswith(("-wal", "-shm"))]
    assert str(kept) in run.log
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger:
        assert ledger.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def _garbage(path):
    path.write_bytes(os.urandom(40000))


def _zeros(path):
    path.write_bytes(b"\0" * path.stat().st_size)


def _cut_short(path):
    path.write_bytes(path.read_bytes()[:5000])


def _first_page(path):
    damage_page(path, 1)


@pytest.mark.parametrize("damage", [_garbage, _zeros, _cut_short, _first_page])
def test_an_unreadable_ledger_is_rebuilt_and_the_run_continues(sync, db, api, damage):
    """Goal: the ledger cannot be read at all. The program finds the pending calls by reading the last hours again."""
    accepted = insert_some(db)
    api.rules([{"uniqueid": accepted[3], "status": 503}])
    assert sync.run().code == 75
    api.rules([])
    damage(sync.state / "ledger.db")
    new = insert_some(db, 5, ended_ago=20)
    run = sync.run()
    assert run.code == 0, run.log
    assert_rebuilt(sync, run)
    assert delivered(api) == collections.Counter([*accepted, *new])
    assert_same_keys(api)
    assert sync.ledger("SELECT count(*) FROM call WHERE state = 1") == [(25,)]
    sent = len(api.log())
    assert sync.run().code == 0 and len(api.log()) == sent


@pytest.fixture
def long_known(sync, db, api):
    """The ledger has thousands of accepted calls. One of the first calls is pending, and one is rejected. Both ended
    before any scan looks back, so only the ledger knows of them. Returns their uniqueids (pending, rejected)."""
    now = db.now()
    sync.set_checkpoint(now - 21 * HOUR)
    early = db.insert_many([{"end_epoch": now - 20 * HOUR + n} for n in range(5)])
    db.insert_many([{"end_epoch": now - 19 * HOUR + 10 * n} for n in range(3500)])
    api.rules([{"uniqueid": early[1], "status": 503}, {"uniqueid": early[2], "status": 422}])
    sync.configure(config={"sync": {"retry_base": 600, "backfill_rate": 0}})
    assert sync.run().code == 75
    api.rules([])
    yield early[1], early[2]
    db.query("SET GLOBAL init_connect = ''")


@pytest.mark.parametrize("where, which", [("call", 0.5), ("call", 0.99), ("call_open", 0), ("note", 0),
                                          ("run", 0)])
def test_damage_deep_in_the_ledger_costs_no_call(sync, db, api, long_known, where, which):
    """Goal: the damage is anywhere in the ledger except in the page of the pending call, and shows only in use. The run
    continues, new calls are sent, rejected calls stay rejected, and pending calls are sent when they are due."""
    pending, rejected = long_known
    pages = leaves(sync.state / "ledger.db", where)
    assert where != "call" or len(pages) > 20
    damage_page(sync.state / "ledger.db", pages[int(which * len(pages))])
    new = insert_some(db, 10)
    run = sync.run()
    assert run.code == 75, run.log
    assert set(new) <= set(delivered(api)) and pending not in delivered(api)
    if where != "run" and which != 0.5:  # this run does not read the table of runs, nor the middle of the calls
        assert_rebuilt(sync, run)
    (due,), = sync.ledger("SELECT due FROM call WHERE uniqueid = ?", pending)
    db.query("SET GLOBAL init_connect = %s", [f"SET timestamp = {due + 1}"])  # the limit for every user except root
    assert sync.run().code == 0
    assert delivered(api)[pending] == 1
    assert max(delivered(api).values()) == 1
    assert_same_keys(api)
    assert sync.ledger("SELECT uniqueid FROM call WHERE state <> 1 AND state = 4") == [(rejected,)]


@needs_shim
@pytest.mark.parametrize("at", [0.2, 0.5, 0.8])
def test_a_full_disk_during_a_rebuild_loses_no_pending_call(staged, at):
    """Goal: the readable part of a damaged ledger is not lost, even if the disk is full at present."""
    scene = staged(scenes.damaged_ledger)
    strike = shim.Strike(scene.sync, kinds=("write", "send"))
    scene.run(strike.env)
    trace = strike.report().trace
    standing = {"/ledger.db", "/ledger.db-wal", "/ledger.db-shm"}
    # from here on, the program writes the new ledger
    begin = next(i for i, (_, name) in enumerate(trace) if name not in standing)
    end = trace.index(("send", "api"))
    scene.reset()
    strike = shim.Strike(scene.sync, begin + 1 + int(at * (end - begin)), "ENOSPC", kinds=("write",), lasting=0)
    assert scene.run(strike.env).code == 74
    assert scene.run().code == 0
    assert {scene.pending, *scene.new} <= set(delivered(scene.api))


# ---- the database ----

def test_a_database_that_is_down_ends_the_run_with_69(sync, db, api):
    """Goal: nothing is sent, the message says what to check, and the next run sends every call."""
    uniqueids = insert_some(db)
    checkpoint = sync.checkpoint()
    db.dialer.halt()
    run = sync.run()
    assert run.code == 69
    assert "❌ could not connect to the VICIdial database" in run.log and "is the server running" in run.log
    assert api.log() == [] and sync.checkpoint() == checkpoint
    db.dialer.start()
    assert sync.run().code == 0
    assert_each_once(api, uniqueids)


def test_a_database_killed_in_mid_run_loses_nothing_and_repeats_nothing(sync, db, api):
    """Goal: the run fails, but records the calls that were accepted before. The next run sends each of the others
    once."""
    now = db.now()  # more calls than one statement may return
    uniqueids = db.insert_many([{"end_epoch": now - 3500 + n} for n in range(3000)])
    db.query("FLUSH TABLES")  # MyISAM would lose rows that are not on disk, and this test is about the program
    sync.configure(config={"sync": {"batch_size": 50}})
    api.rules([{"delay_ms": 20}])
    run = sync.start()
    while len(api.log()) < 20:
        assert run.poll() is None
        time.sleep(0.005)
    db.dialer.kill()
    code = run.wait(30)
    assert code == 69, sync.log_file.read_text()
    assert 20 <= len(api.log()) < 2000
    api.rules([])
    db.dialer.start()
    uniqueids.append(db.insert())  # the dialer continues, and so repairs the table
    assert sync.run().code == 0
    assert_each_once(api, uniqueids)


def test_a_server_without_free_connections_is_named(sync, db, api):
    """Goal: the run exits with 69. Its message has "too many connections" and says that the next run tries again. The
    next run succeeds."""
    uniqueids = insert_some(db)
    before = db.query("SELECT @@max_connections AS n")[0]["n"]
    db.query("SET GLOBAL max_connections = 10")
    with contextlib.ExitStack() as others:
        for _ in range(12):
            with contextlib.suppress(Exception):
                others.enter_context(contextlib.closing(db.connect()))
        try:
            run = sync.run()
        finally:
            db.query(f"SET GLOBAL max_connections = {before}")
    assert run.code == 69 and "connection limit" in run.log
    assert api.log() == []
    assert sync.run().code == 0
    assert_each_once(api, uniqueids)


def test_a_locked_table_is_given_up_within_the_statement_s_time(sync, db, api):
    """Goal: another connection holds the table, and max_statement_time is 1. The run soon exits with 69, and says that
    the table is locked or busy. So the program does not stand in the dialer's way for long."""
    uniqueids = insert_some(db)
    sync.configure(config={"database": {"max_statement_time": 1}})
    with contextlib.closing(db.connect()) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLES vicidial_log WRITE")
        began = time.monotonic()
        run = sync.run()
        took = time.monotonic() - began
    assert run.code == 69 and "locked or very busy" in run.log, run.log
    assert took < 30  # the lock lasts longer than the run
    assert api.log() == []
    assert sync.run().code == 0
    assert_each_once(api, uniqueids)


@pytest.fixture
def fragile(tmp_path, api):
    """A database that does not repair its tables by itself, and an installation that reads from it."""
    with Dialer(options=["--myisam-recover-options=OFF"]) as server:
        database = server.database()
        installation = Sync(tmp_path / "fragile", database, api, timezone=server.timezone)
        installation.configure(config={"sync": {"settle": 0}})
        installation.set_checkpoint(database.now() - HOUR)
        yield database, installation
        installation.close()


def _overwrite_keys(index):
    """Leaves what a power cut leaves of an index that was not yet on disk: its header, and blocks with other
    content."""
    size = index.stat().st_size
    with index.open("r+b") as file:
        file.seek(2048)
        file.write(b"\xa5" * (size - 2048))


def test_a_crashed_table_is_named_with_its_remedy(fragile, api):
    """Goal: the run exits with 69, and its message has REPAIR TABLE vicidial_log. After the repair, no call is lost."""
    db, sync = fragile
    uniqueids = insert_some(db, 200, ended_ago=300)
    db.query("FLUSH TABLES")
    _overwrite_keys(db.dialer.directory / "data" / db.name / "vicidial_log.MYI")
    run = sync.run()
    assert run.code == 69, run.log
    assert "REPAIR TABLE vicidial_log" in run.log, run.log
    assert api.log() == []
    db.query("REPAIR TABLE vicidial_log USE_FRM")
    assert sync.run().code == 0
    assert_each_once(api, uniqueids)


def _cut_off_keys(index):
    index.write_bytes(index.read_bytes()[:100])


def _zero_header(index):
    with index.open("r+b") as file:
        file.write(b"\0" * 24)


def _remove(index):
    index.unlink()


def _remove_rows(index):
    index.with_suffix(".MYD").unlink()


@pytest.mark.parametrize("damage", [_overwrite_keys, _cut_off_keys, _zero_header, _remove, _remove_rows])
def test_a_crashed_archive_delays_no_other_call(fragile, api, damage):
    """The row of a waiting call is gone, and the archive that may have the row is damaged. The call stays waiting, and
    the others are sent."""
    db, sync = fragile
    waiting = db.insert(end_epoch=db.now() - 60, status="DISPO")
    assert sync.run().code == 0
    db.query("INSERT INTO vicidial_log_archive SELECT * FROM vicidial_log")
    db.query("UPDATE vicidial_log_archive SET status = 'SALE'")
    db.insert_many([{"end_epoch": db.now() - 86400 - n} for n in range(200)], table="vicidial_log_archive")
    db.delete(waiting)
    db.query("FLUSH TABLES")
    files = db.dialer.directory / "data" / db.name
    whole = {file: file.read_bytes() for file in files.glob("vicidial_log_archive.MY?")}
    damage(files / "vicidial_log_archive.MYI")
    call = db.insert()
    run = sync.run()
    assert run.code == 0 and "REPAIR TABLE vicidial_log" in run.log, run.log
    assert list(api.by_uniqueid()) == [call]
    db.query("FLUSH TABLES")
    for file, content in whole.items():
        file.write_bytes(content)
    assert sync.run().code == 0
    assert sorted(api.by_uniqueid()) == sorted([waiting, call])


def test_an_archive_that_is_locked_delays_no_other_call(sync, db, api):
    """VICIdial's archiver locks the archive for minutes while it optimizes. It has just moved the rows of waiting calls
    there."""
    sync.configure(config={"database": {"max_statement_time": 1}})
    waiting = db.insert(end_epoch=db.now() - 60, status="DISPO")
    assert sync.run().code == 0
    db.query("INSERT INTO vicidial_log_archive SELECT * FROM vicidial_log")
    db.query("UPDATE vicidial_log_archive SET status = 'SALE'")
    db.delete(waiting)
    call = db.insert()
    with contextlib.closing(db.connect()) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLES vicidial_log_archive WRITE")
        run = sync.run()
    assert run.code == 0 and "perhaps archived: could not read vicidial_log_archive" in run.log, run.log
    assert list(api.by_uniqueid()) == [call]
    assert sync.run().code == 0
    assert sorted(api.by_uniqueid()) == sorted([waiting, call])


# ---- the API and the way to it ----

def assert_outage_and_then_all(sync, api, uniqueids, *words):
    """The run exits with 69 and says why, and no retry is used up. The caller removes the fault before the next run."""
    run = sync.run()
    assert run.code == 69, run.log
    for word in ("❌ the API is down", *words):
        assert word in run.log
    assert sync.ledger("SELECT count(*) FROM call") == [(0,)]
    return run


def test_a_refused_connection_is_an_outage(sync, db, api):
    """Goal: at first no server listens. Later all calls arrive once."""
    uniqueids = insert_some(db)
    api.stop()
    assert_outage_and_then_all(sync, api, uniqueids, "Failed to connect", "no call is lost")
    api.start()
    assert sync.run().code == 0
    assert_each_once(api, uniqueids)


def test_a_name_that_does_not_resolve_is_an_outage(sync, db, api):
    """Goal: a failure of DNS counts as an outage and not as a fault of the calls."""
    uniqueids = insert_some(db)
    sync.configure(dids={"api_base_url": "https://api.invalid"})
    assert_outage_and_then_all(sync, api, uniqueids, "api.invalid")
    sync.configure(dids={"api_base_url": api.url})
    assert sync.run().code == 0
    assert_each_once(api, uniqueids)


def test_an_api_that_sends_a_byte_a_second_times_out(sync, db, api):
    """Goal: the timeout limits the whole answer. Such answers do not delay a run by one timeout for each call."""
    uniqueids = insert_some(db)
    sync.configure(dids={"api_timeout": 1})
    api.rules([{"action": "drip"}])
    began = time.monotonic()
    assert_outage_and_then_all(sync, api, uniqueids, "timed out")
    assert time.monotonic() - began < 15
    api.rules([])
    assert sync.run().code == 0
    assert delivered(api) == collections.Counter(uniqueids)
    assert_same_keys(api)


@pytest.mark.parametrize("action", ["reset", "record-then-reset", "partial"])
def test_a_cut_off_answer_makes_the_call_sent_again_with_the_same_key(sync, db, api, action):
    """Goal: nobody knows whether the API has a call that it did not confirm, so the call is sent again, once."""
    uniqueids = insert_some(db)
    cut = uniqueids[3::4]
    api.rules([{"uniqueid": uniqueid, "times": 1, "action": action} for uniqueid in cut])
    sync.configure(config={"sync": {"retry_base": 0}})
    if sync.run().code == 75:  # libcurl itself repeats a request if a kept-alive connection breaks
        time.sleep(1.1)
        assert sync.run().code == 0
    assert delivered(api) == collections.Counter(uniqueids)
    assert collections.Counter(entry["uniqueid"] for entry in api.log()) == collections.Counter(uniqueids + cut)
    assert_same_keys(api)


def test_an_answer_of_a_hundred_megabytes_is_not_read(sync, db, api):
    """Goal: the program ends the request, and the call is pending."""
    uniqueids = insert_some(db, 5)
    api.rules([{"uniqueid": uniqueids[2], "times": 1, "action": "huge"}])
    sync.configure(config={"sync": {"retry_base": 0}})
    run = sync.run()
    assert run.code == 75 and "longer than 64 KiB" in run.log
    time.sleep(1.1)
    assert sync.run().code == 0
    assert delivered(api) == collections.Counter(uniqueids)
    assert_same_keys(api)


@pytest.mark.parametrize("ended_ago", [100, 2 * HOUR])
def test_a_call_that_makes_the_api_fail_does_not_delay_later_calls(sync, db, api, ended_ago):
    """Goal: such a call, alone at the head of the queue, looks like an outage, but not forever. The last call of the
    evening fails, and at night there is no other call. In the morning the API accepts other calls, and this call uses
    up a retry."""
    now = db.now()
    sync.set_checkpoint(now - 10 * HOUR)
    bad = db.insert(end_epoch=now - 10 * HOUR + 60)
    morning = insert_some(db, ended_ago=ended_ago)
    api.rules([{"uniqueid": bad, "status": 500}])
    sync.configure(config={"sync": {"retry_base": 0}})
    codes = [sync.run().code for _ in range(4)]
    assert set(morning) <= set(delivered(api)), f"held up; exit codes {codes}"
    assert sync.ledger("SELECT state FROM call WHERE uniqueid = ?", bad) == [(2,)]


def test_a_dry_run_in_an_outage_shows_each_call_once(sync, db, api):
    """Goal: the dry run shows what the next run would send. It does not test whether the API works again."""
    uniqueids = insert_some(db)
    api.rules([{"status": 500}])
    assert sync.run().code == 69
    api.clear()
    shown = [json.loads(line)["uniqueid"] for line in sync.run("--dry-run").out.splitlines()]
    assert sorted(shown) == sorted(uniqueids)
    assert api.log() == []


# ---- clocks ----

@needs_shim
@pytest.mark.parametrize("hours", [-3, 3])
def test_a_host_s_clock_that_is_hours_off_changes_nothing(sync, db, api, hours):
    """Goal: the database's clock decides. The same calls are found and due as with the right time."""
    wrong = shim.Strike(sync, clock_ahead=hours * HOUR).env
    uniqueids = insert_some(db)
    api.rules([{"uniqueid": uniqueids[5], "times": 1, "status": 503}])
    sync.configure(config={"sync": {"retry_base": 0}})
    began = db.now()
    first = sync.run(env=wrong)
    assert first.code == 75
    stamp = datetime.datetime.strptime(first.log[:25], "%Y-%m-%d %H:%M:%S %z").timestamp()
    assert abs(stamp - time.time() - hours * HOUR) < 60, "the clock was not moved"
    (due,), = sync.ledger("SELECT due FROM call WHERE state = 2")
    assert began < due <= db.now() + 2
    assert sync.checkpoint().split()[0] == str(db.row(uniqueids[-1])["end_epoch"])
    time.sleep(1.1)
    assert sync.run(env=wrong).code == 0
    later = insert_some(db, 5, ended_ago=10)
    assert sync.run().code == 0  # the clock is corrected
    assert delivered(api) == collections.Counter(uniqueids + later)
    assert len(api.log()) == len(uniqueids + later) + 1


def test_a_database_s_clock_set_back_and_forward_loses_and_repeats_nothing(sync, db, api):
    """Goal: calls are found at once after the clock is set back, and also after it is set forward."""
    now = db.now()
    stage = scenes.Scene(db, api, sync)
    sync.set_checkpoint(now - HOUR)
    try:
        uniqueids = insert_some(db)
        stage.set_clock(now)
        assert sync.run().code == 0
        for jump in (-3 * HOUR, 5 * HOUR, -4 * HOUR):
            now += jump
            stage.set_clock(now)
            run = sync.run()
            assert run.code == 0, run.log
            uniqueids += db.insert_many([{"uniqueid": f"{now}.{len(uniqueids) + n}", "end_epoch": now + 60 + n}
                                         for n in range(5)])
            stage.set_clock(now + 120)
            assert sync.run().code == 0
            assert sorted(uniqueids) == sorted(delivered(api)), f"after {jump / HOUR:+} hours"
    finally:
        stage.close()
    assert_each_once(api, uniqueids)


def test_a_database_s_clock_that_was_days_ahead_for_a_while_puts_off_and_repeats_nothing(sync, db, api):
    """Goal: calls that were due by that clock are due now. Accepted calls are not forgotten too early."""
    now = db.now()
    stage = scenes.Scene(db, api, sync)
    try:
        stage.set_clock(now)
        uniqueids = insert_some(db, 30, ended_ago=1800)
        assert sync.run().code == 0
        stage.set_clock(now + 10 * 24 * HOUR)
        bad, *others = insert_some(db, 5)
        api.rules([{"uniqueid": bad, "times": 1, "status": 500}])
        assert sync.run().code == 75
        stage.set_clock(now + 2 * HOUR)
        assert sync.run().code == 0
        assert delivered(api) == collections.Counter([*uniqueids, bad, *others])
        assert len(api.log()) == len(uniqueids) + 5 + 1
    finally:
        stage.close()


# ---- memory ----

@needs_shim
@pytest.mark.parametrize("lasting, share", [(1, 0.0075), (0, 0.0024)])
def test_a_failed_allocation_never_crashes_the_program(staged, lasting, share):
    """Goal: the n-th malloc, calloc or realloc fails, alone or with all later ones. The run ends cleanly or completes,
    and the next run sends the rest. `make soak` tries every n."""
    done = allocation_sweep(staged(scenes.every_kind), share, lasting)
    assert done.tried > (50 if lasting else 15)


@needs_shim
@pytest.mark.parametrize("kind", [scenes.backfill, scenes.reconcile], ids=["backfill", "reconcile"])
def test_a_failed_allocation_never_crashes_long_work(staged, kind):
    """Goal: the same for backfill and reconcile. The same command, run again, completes the work."""
    done = allocation_sweep(staged(kind), 0.003)
    assert done.tried > 10
