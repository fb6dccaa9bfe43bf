"""What an operator does and sees: status, failed, several hosts, and what the ledger keeps."""
import contextlib
import json
import os
import pty
import re
import sqlite3
import time

import pytest

from harness.ledgers import make_first_version
from harness.sync import Sync


def refuse(api, uniqueids, status=422, error="invalid campaign"):
    api.rules([{"uniqueid": uniqueid, "status": status, "body": json.dumps({"success": False, "error": error})}
               for uniqueid in uniqueids])


def states(sync):
    return dict(sync.ledger("SELECT uniqueid, state FROM call"))


@pytest.fixture
def rejected(sync, db, api):
    """Three calls; the API rejects two of them, ten minutes apart and for different reasons."""
    now = db.now()
    calls = [db.insert(end_epoch=now - 900), db.insert(end_epoch=now - 300), db.insert(end_epoch=now - 100)]
    api.rules([{"uniqueid": calls[0], "status": 422, "body": '{"success":false,"error":"invalid campaign"}'},
               {"uniqueid": calls[1], "status": 400, "body": '{"success":false,"error":"bad phone number"}'}])
    assert sync.run().code == 0
    api.rules([])
    return calls


# ---- failed ----

def test_failed_list_names_each_call_and_its_reason(sync, rejected):
    lines = sync.run("failed", "list").out.splitlines()
    assert len(lines) == 3 and lines[2] == "2 calls are rejected"
    assert lines[0].startswith(rejected[0]) and "HTTP 422: invalid campaign" in lines[0] and "TESTCAMP/312" in lines[0]
    assert lines[1].startswith(rejected[1]) and "HTTP 400: bad phone number" in lines[1]


def test_failed_list_as_json_is_one_object_a_line(sync, rejected):
    rows = [json.loads(line) for line in sync.run("failed", "list", "--json").out.splitlines()]
    assert [row["uniqueid"] for row in rows] == rejected[:2]
    assert rows[0]["reason"] == "HTTP 422: invalid campaign" and rows[0]["status"] == "SALE"


def test_failed_list_says_when_there_is_nothing(sync, db):
    assert sync.run("failed", "list").out == "no call is rejected\n"


@pytest.mark.parametrize("which, chosen", [
    (["--all"], [0, 1]), (["--reason", "CAMPAIGN"], [0]), (["--before", "10 minutes ago"], [0]),
    (["--before", "10 minutes ago", "--reason", "phone"], [])])
def test_failed_retry_sends_the_chosen_calls_again(sync, api, rejected, which, chosen):
    api.clear()
    done = sync.run("failed", "retry", *which)
    total = "1 call is" if len(chosen) == 1 else f"{len(chosen)} calls are"
    assert (done.code, done.out) == (0, f"{total} sent again with the next run\n")
    assert sync.run().code == 0
    assert sorted(body["uniqueid"] for body in api.recorded()) == [rejected[i] for i in chosen]


def test_failed_retry_takes_uniqueids(sync, api, rejected):
    api.clear()
    assert sync.run("failed", "retry", rejected[1]).out == "1 call is sent again with the next run\n"
    sync.run()
    assert [body["uniqueid"] for body in api.recorded()] == [rejected[1]]


def test_failed_without_a_word_lists_the_calls(sync, rejected):
    assert sync.run("failed").out == sync.run("failed", "list").out != ""
    assert sync.run("failed", "--json", "--reason", "phone").out.count("\n") == 1


@pytest.mark.parametrize("what", ["list", "retry", "drop", "restore"])
@pytest.mark.parametrize("unknown", ["1.1", "accepted"])
def test_a_uniqueid_that_is_no_such_call_is_an_error(sync, rejected, what, unknown):
    """A typing error must not look like success, and the command changes either all named calls or none."""
    unknown = rejected[2] if unknown == "accepted" else unknown
    if what == "restore":
        assert sync.run("failed", "drop", rejected[0]).code == 0
    before = states(sync)
    done = sync.run("failed", what, rejected[0], unknown)
    word = "discarded" if what == "restore" else "rejected"
    assert done.code == 64 and f"no call {unknown} is {word}" in done.err and f"why {unknown}" in done.err
    assert states(sync) == before
    assert (rejected[0] in done.out) == (what == "list")


@pytest.mark.parametrize("which", [["--all"], ["--reason", "phone"], ["--before", "10 minutes ago"]])
def test_discarded_calls_can_be_restored_and_sent(sync, api, rejected, which):
    listed = sync.run("failed").out
    api.clear()
    dropped = sync.run("failed", "drop", *which)
    assert dropped.code == 0 and "failed restore" in dropped.out
    assert sync.run().code == 0  # this run forgets calls that are too old
    done = sync.run("failed", "restore", *which)
    assert done.code == 0 and "retry" in done.out and done.out.split()[:3] == dropped.out.split()[:3]
    assert sync.run("failed").out == listed and api.log() == []
    assert sync.run("failed", "retry", "--all").code == 0 and sync.run().code == 0
    assert sorted(body["uniqueid"] for body in api.recorded()) == rejected[:2]


def test_a_call_that_was_discarded_late_can_still_be_restored(sync, rejected):
    """Goal: the days for an undo count from the day when the call was discarded. The call itself is the oldest in the
    ledger."""
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger:
        ledger.execute("UPDATE call SET end_epoch = end_epoch - 100 * 86400 WHERE state = 4")
        ledger.commit()
    assert sync.run("failed", "drop", "--all").code == 0
    assert sync.run().code == 0
    assert sync.run("failed", "restore", "--all").out.startswith("2 calls are rejected again")


def grow_older(sync, days):
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger:
        ledger.execute("UPDATE call SET end_epoch = end_epoch - ?1, updated = updated - ?1", [days * 86400])
        ledger.commit()


@pytest.mark.parametrize("settings, remembered", [({}, 90), ({"rejected_retention_days": 20}, 20),
                                                  ({"rejected_retention_days": 20, "retention_days": 200}, 200)])
def test_rejected_and_discarded_calls_have_their_own_retention(sync, db, rejected, settings, remembered):
    assert sync.run("failed", "drop", rejected[0]).code == 0
    sync.configure(config={"sync": settings})
    db.query("DELETE FROM vicidial_log")  # otherwise the next scan would find the forgotten calls at once
    grow_older(sync, remembered - 1)
    assert sync.run().code == 0
    assert [states(sync).get(call) for call in rejected[:2]] == [5, 4]
    grow_older(sync, 2)
    assert sync.run().code == 0
    assert states(sync) == {}


@contextlib.contextmanager
def at_a_terminal(sync, *args):
    """Starts the program on a terminal. Returns the process and the file to type into."""
    ours, its = pty.openpty()
    try:
        process = sync.start(*args, stdin=its)
        os.close(its)
        yield process, ours
    finally:
        os.close(ours)


@pytest.mark.parametrize("which", [["--all"], ["--before", "now"], ["--reason", "HTTP"]])
@pytest.mark.parametrize("typed, dropped", [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False),
                                            ("\x04", False), ("yet\n", False)])
def test_failed_drop_asks_on_a_terminal(sync, rejected, which, typed, dropped):
    with at_a_terminal(sync, "failed", "drop", *which) as (process, terminal):
        os.write(terminal, typed.encode())
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and "2 rejected calls would never be sent. Discard them? [y/N]" in err
    assert ("2 calls are discarded" in out) == dropped and ("nothing was changed" in out) != dropped
    assert sorted(states(sync).values()) == ([1, 5, 5] if dropped else [1, 4, 4])


@pytest.mark.parametrize("words", [["drop", "--all", "--yes"], ["drop", "NAMED"], ["retry", "--all"],
                                   ["drop", "--reason", "no such reason"]], ids=" ".join)
def test_failed_drop_does_not_ask_about_named_or_no_calls(sync, rejected, words):
    words = [rejected[0] if word == "NAMED" else word for word in words]
    with at_a_terminal(sync, "failed", *words) as (process, _):
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "") and re.match(r"\d calls? (is|are) ", out)


def test_discarded_calls_are_never_sent(sync, db, api, rejected):
    api.clear()
    assert sync.run("failed", "drop", "--all").out == \
        "2 calls are discarded and will not be sent; to undo this: did-optimizer-sync failed restore\n"
    db.update(rejected[0], status="NI")
    sync.configure(config={"sync": {"sweep_interval": 1}})
    time.sleep(1.1)
    assert sync.run().code == 0
    assert api.log() == []
    assert sync.run("failed", "list").out == "no call is rejected\n"


@pytest.mark.parametrize("what", ["retry", "drop", "restore"])
def test_failed_retry_and_drop_need_a_selection(sync, rejected, what):
    done = sync.run("failed", what)
    assert done.code == 64
    assert "--all" in done.err


def test_a_refused_call_is_not_sent_again_by_itself(sync, api, rejected):
    api.clear()
    sync.run()
    assert api.log() == []


# ---- status ----

def rows(text):
    """The rows of status, name -> text."""
    return {line[:19].strip(): line[20:] for line in text.splitlines()}


def test_status_works_before_the_first_run(sync, db):
    shown = rows(sync.run("status").out)
    assert shown["last run"] == "none yet" and shown["pending"] == "0"


def test_status_shows_pending_waiting_and_rejected_calls(sync, db, api, rejected):
    now = db.now()
    db.insert(end_epoch=now - 20, status="DISPO")
    pending = db.insert(end_epoch=now - 10)
    db.insert(end_epoch=now - 5)
    api.rules([{"uniqueid": pending, "status": 500}])
    assert sync.run().code == 75
    shown = rows(sync.run("status").out)
    assert shown["pending"] == "1" and shown["waiting"] == "1"
    assert shown["rejected"] == "2 (see: did-optimizer-sync failed list)"
    assert shown["ended"] == "partly sent (exit 75, 1 accepted)"
    assert shown["outage"] == "none"
    assert shown["oldest unsent"].endswith(" s ago")
    as_json = json.loads(sync.run("status", "--json").out)
    assert (as_json["pending"], as_json["waiting"], as_json["rejected"], as_json["accepted"]) == (1, 1, 2, 2)
    assert as_json["api_down"] is False and as_json["oldest_unsent"] == now - 20


def test_status_shows_an_outage_and_how_old_the_oldest_unsent_call_is(sync, db, api):
    now = db.now()
    db.insert(end_epoch=now - 60)
    sync.run()
    db.insert(end_epoch=now - 30)
    api.stop()
    assert sync.run().code == 69
    shown = json.loads(sync.run("status", "--json").out)
    assert shown["api_down"] is True
    assert shown["oldest_unsent"] == now - 30 and shown["unsent"] == 1  # the run saw the call, and did not send it
    assert shown["last_run_exit_code"] == 69 and "the API is down" in shown["last_run_message"]
    api.start()
    sync.run()
    shown = json.loads(sync.run("status", "--json").out)
    assert shown["api_down"] is False and shown["oldest_unsent"] is None


# ---- several hosts, one database ----

def test_one_of_two_hosts_is_the_leader_and_the_other_a_standby(sync, db, api, tmp_path):
    now = db.now()
    uniqueids = db.insert_many([{"end_epoch": now - 60 + n} for n in range(20)])
    other = Sync(tmp_path / "other", db, api, timezone="Europe/Berlin")
    other.set_checkpoint(now - 3600)
    api.rules([{"delay_ms": 300}])
    first = sync.start()
    while not api.log():
        time.sleep(0.02)
    second = other.run()
    assert (second.code, "💤 standby" in second.log) == (0, True)
    assert first.wait(30) == 0
    assert sorted(entry["uniqueid"] for entry in api.log()) == sorted(uniqueids)


def stands_by(other, db):
    """A run of another host while the first host is the leader."""
    with contextlib.closing(db.connect()) as elected, elected.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, 0)", [db.leader_lock()])
        run = other.run()
    assert (run.code, "💤 standby" in run.log) == (0, True), run.log


def test_a_new_leader_sends_the_former_leader_s_pending_calls(sync, db, api, tmp_path):
    """The second host was never the leader. It starts at the time when it became standby."""
    now = db.now()
    other = Sync(tmp_path / "other", db, api, timezone=sync.timezone)
    other.configure(config={"sync": {"settle": 0}})
    stands_by(other, db)
    began = int(other.checkpoint().split()[0])
    assert now - 3605 <= began <= db.now() - 3600
    other.set_checkpoint(now - 3 * 86400)  # as if this had been three days ago ...
    stands_by(other, db)
    pending = db.insert(end_epoch=now - 2 * 86400)  # ... and the former leader stopped a day later
    assert int(other.checkpoint().split()[0]) == now - 3 * 86400
    assert other.run().code == 0
    assert list(api.by_uniqueid()) == [pending]


def test_a_standby_follows_the_leader_at_a_distance(sync, db, api, tmp_path):
    other = Sync(tmp_path / "other", db, api, timezone=sync.timezone)
    other.configure(config={"sync": {"settle": 0, "retention_days": 2}})
    now = db.now()
    other.set_checkpoint(now - 90 * 86400)
    beyond, within = db.insert(end_epoch=now - 3 * 86400), db.insert(end_epoch=now - 2 * 86400 + 600)
    stands_by(other, db)
    assert now - 2 * 86400 <= int(other.checkpoint().split()[0]) <= db.now() - 2 * 86400
    assert other.run().code == 0
    assert list(api.by_uniqueid()) == [within] and beyond not in api.by_uniqueid()


# ---- what the ledger remembers ----

def test_accepted_calls_are_pruned_after_their_time_and_never_sent_again(sync, db, api):
    now = db.now()
    old = db.insert_many([{"uniqueid": f"{now - 3 * 86400 + n}.1", "end_epoch": now - 3 * 86400 + n}
                          for n in range(50)])
    sync.set_checkpoint(now - 4 * 86400)
    sync.configure(config={"sync": {"retention_days": 2}})
    new = db.insert(end_epoch=now - 30)
    assert sync.run().code == 0
    assert list(states(sync)) == [new]
    sync.run()
    assert sorted(entry["uniqueid"] for entry in api.log()) == sorted([*old, new])


def test_a_call_that_is_archived_while_it_is_pending_is_sent_all_the_same(sync, db, api):
    now = db.now()
    pending, good = db.insert(end_epoch=now - 60), db.insert(end_epoch=now - 50)
    api.rules([{"uniqueid": pending, "status": 500, "times": 1}])
    sync.configure(config={"sync": {"retry_base": 0}})
    sync.run()
    db.query("INSERT INTO vicidial_log_archive SELECT * FROM vicidial_log")
    db.query("DELETE FROM vicidial_log")
    time.sleep(1.1)
    assert sync.run().code == 0
    assert sorted(body["uniqueid"] for body in api.recorded()) == sorted([pending, good])


def test_a_call_that_waits_is_kept_while_the_archive_may_not_be_read(sync, db, api):
    """Goal: the row of a waiting call is not in the live table, so the row may be in the archive. The program keeps the
    call, and a run that cannot read the archive says so."""
    now = db.now()
    db.query("CREATE OR REPLACE USER half@localhost IDENTIFIED BY 'half'")
    db.query("GRANT SELECT ON vicidial_log TO half@localhost")
    pending, waiting, good = (db.insert(end_epoch=now - 60), db.insert(end_epoch=now - 55, status="DISPO"),
                        db.insert(end_epoch=now - 50))
    api.rules([{"uniqueid": pending, "status": 500, "times": 1}])
    sync.configure(astguiclient={"VARDB_user": "half", "VARDB_pass": "half"}, config={"sync": {"retry_base": 0}})
    sync.run()
    db.query("INSERT INTO vicidial_log_archive SELECT * FROM vicidial_log")
    db.query("DELETE FROM vicidial_log")
    time.sleep(1.1)
    blind = sync.run()
    assert blind.code == 75 and sorted(states(sync)) == sorted([pending, waiting, good])
    for uniqueid in (pending, waiting):
        assert f"✗ {uniqueid}: gone from vicidial_log, and perhaps archived: could not read vicidial_log_" in blind.log
    assert "; grant SELECT on it to this user" in blind.log
    assert "could not be read: could not read vicidial_log_archive" in sync.run("why", pending).out
    assert "⚠ table: could not read vicidial_log_archive: " in sync.run("check").out
    db.query("UPDATE vicidial_log_archive SET status = 'SALE' WHERE status = 'DISPO'")
    db.query("GRANT SELECT ON vicidial_log_archive TO half@localhost")
    assert sync.run().code == 0
    assert sorted(body["uniqueid"] for body in api.recorded()) == sorted([pending, waiting, good])
    db.query("DROP USER half@localhost")


def test_a_pending_call_that_the_dialer_has_deleted_is_forgotten(sync, db, api):
    now = db.now()
    pending = db.insert(end_epoch=now - 60)
    db.insert(end_epoch=now - 50)
    api.rules([{"uniqueid": pending, "status": 500, "times": 1}])
    sync.configure(config={"sync": {"retry_base": 0}})
    sync.run()
    db.delete(pending)
    time.sleep(1.1)
    assert sync.run().code == 0
    assert pending not in states(sync) and len(api.recorded()) == 1


def test_a_damaged_ledger_is_rebuilt_and_loses_no_pending_call(sync, db, api):
    """The damage is in the middle of the file. Opening the ledger does not show it, but using the ledger does."""
    now = db.now()
    uniqueids = db.insert_many([{"uniqueid": f"{now - 3000 + n}.1", "end_epoch": now - 3000 + n} for n in range(2500)])
    pending = uniqueids[7]
    api.rules([{"uniqueid": pending, "status": 500}])
    sync.run()
    with sqlite3.connect(sync.state / "ledger.db") as ledger:
        root = ledger.execute("SELECT rootpage FROM sqlite_master WHERE name = 'call'").fetchone()[0]
        ledger.execute("UPDATE call SET due = 0 WHERE state = 2")
    with open(sync.state / "ledger.db", "r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    api.rules([])
    late = db.insert(end_epoch=now - 2)
    run = sync.run()
    assert run.code == 0
    assert "the ledger was damaged; it was rebuilt" in run.log
    assert len(list(sync.state.glob("ledger.db.damaged-*"))) >= 1
    waiting = {body["uniqueid"] for body in api.recorded()}
    assert waiting == {*uniqueids, late}
    assert sync.run().code == 0


def test_a_ledger_of_a_newer_version_is_refused_and_nothing_is_sent(sync, db, api):
    sync.run()
    with sqlite3.connect(sync.state / "ledger.db") as ledger:
        ledger.execute("PRAGMA user_version = 99")
    db.insert(end_epoch=db.now() - 20)
    run = sync.run()
    assert run.code == 78
    assert "written by a newer version" in run.log
    assert api.log() == []


def test_a_ledger_of_the_first_version_is_brought_up_to_date(sync, db, api):
    """Goal: an upgrade forgets no call. Accepted calls are not sent again, and pending calls are sent. `status` works
    before the first run of the new version, and changes nothing."""
    accepted, pending = db.insert(), db.insert()
    assert sync.run().code == 0
    rows = sync.ledger("SELECT uniqueid, state, end_epoch, fingerprint, updated, attempts FROM call ORDER BY uniqueid")
    assert sorted(row[0] for row in rows) == sorted([accepted, pending])
    for file in sync.state.glob("ledger.db*"):
        file.unlink()
    make_first_version(sync.state / "ledger.db")
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger:
        for row in rows:
            ledger.execute("INSERT INTO call (uniqueid, state, end_epoch, fingerprint, updated, attempts, due) "
                           "VALUES (?, ?, ?, ?, ?, ?, 0)", (row[0], 1 if row[0] == accepted else 2, *row[2:]))
        ledger.execute("UPDATE call SET fingerprint = NULL WHERE state = 2")
        began = db.now() - 60
        ledger.execute("INSERT INTO run (kind, started, finished, owed, held, exit_code) VALUES ('replay', ?, 101, 3, "
                       "4, 0)", [began])
        # the time of the next try has passed
        ledger.execute("INSERT INTO note (name, number) VALUES ('wait_until', 1000)")
        ledger.commit()
    sent_before = len(api.log())
    shown = json.loads(sync.run("status", "--json").out)
    assert (shown["accepted"], shown["pending"]) == (1, 1)
    assert sync.ledger("PRAGMA user_version") == [(1,)]
    assert sync.run().code == 0
    assert sync.ledger("PRAGMA user_version") == [(14,)]
    assert sync.ledger("SELECT kind, pending, waiting FROM run WHERE finished = 101") == [("retry", 3, 4)]
    assert sync.ledger("SELECT 1 FROM note WHERE name = 'wait_until'") == []
    assert [entry["uniqueid"] for entry in api.log()[sent_before:]] == [pending]
    assert sync.ledger("SELECT uniqueid, state, tries, answer FROM call ORDER BY state, tries") == [
        (accepted, 1, 0, None), (pending, 1, 1, 200)]


# ---- a rate limit, an outage ----

def test_a_429_stops_sending_until_the_time_the_api_names_across_runs(sync, db, api):
    now = db.now()
    uniqueids = db.insert_many([{"end_epoch": now - 100 + n} for n in range(30)])
    api.rules([{"after": 5, "times": 30, "status": 429, "headers": {"Retry-After": "3"}}])
    sync.configure(config={"api": {"concurrency": 1}})
    first = sync.run()
    assert first.code == 75 and "⏸" in first.log and "allow this host's address" in first.log
    assert len(api.log()) == 6
    second = sync.run()
    assert second.code == 75 and len(api.log()) == 6
    api.rules([])
    time.sleep(4.1)
    assert sync.run().code == 0
    assert sorted(body["uniqueid"] for body in api.recorded()) == sorted(uniqueids)
    assert sync.ledger("SELECT max(attempts) FROM call") == [(0,)]


def test_in_an_outage_each_run_makes_one_request(sync, db, api):
    now = db.now()
    uniqueids = db.insert_many([{"end_epoch": now - 100 + n} for n in range(40)])
    api.rules([{"status": 503}])
    assert sync.run().code == 69
    first = len(api.log())
    assert first <= 5 + 8 + 1  # the failures in a row, the other requests in flight, and the probe
    for _ in range(3):
        assert sync.run().code == 69
    assert len(api.log()) == first + 3
    api.rules([])
    assert sync.run().code == 0
    assert sorted(body["uniqueid"] for body in api.recorded()) == sorted(uniqueids)
    assert sync.ledger("SELECT max(attempts) FROM call") == [(0,)]


# ---- the migration from an older script ----

@pytest.mark.parametrize("text", ["{}.123", "{}"])
def test_the_first_run_goes_on_from_where_an_older_script_stopped(sync, db, api, text):
    now = db.now()
    sync.checkpoint_file.unlink()
    sync.legacy_file.write_text(text.format(now - 7200))
    db.insert(end_epoch=now - 7300)
    call = db.insert(end_epoch=now - 7100)
    run = sync.run()
    assert run.code == 0 and "where the older script stopped" in run.log
    assert [entry["uniqueid"] for entry in api.log()] == [call]
    sync.legacy_file.write_text(text.format(now - 9000))  # only the first run reads it
    sync.run()
    assert len(api.log()) == 1


def test_an_older_script_still_at_work_is_warned_of(sync, db):
    sync.legacy_file.write_text(f"{db.now() - 100}.1")
    for said in (sync.run().log, sync.run("check").out):
        assert "AST_DID_optimizer_sync.pl from root's crontab" in said


@pytest.mark.parametrize("trick", ["link", "writable", "future", "old", "garbage"])
def test_an_older_checkpoint_that_cannot_be_trusted_is_not_used(sync, db, api, trick):
    now = db.now()
    sync.checkpoint_file.unlink()
    sync.legacy_file.write_text({"future": f"{now + 900}.1", "old": f"{now - 700000}.1", "garbage": "x y"}
                                .get(trick, f"{now - 7200}.1"))
    if trick == "link":
        target = sync.directory / "target"
        sync.legacy_file.rename(target)
        sync.legacy_file.symlink_to(target)
    if trick == "writable":
        sync.legacy_file.chmod(0o666)
    db.insert(end_epoch=now - 7100)
    call = db.insert(end_epoch=now - 3000)
    assert sync.run().code == 0
    assert [entry["uniqueid"] for entry in api.log()] == [call]


def test_without_a_key_cron_s_first_run_leaves_a_state_that_later_runs_can_use(sync, db, api):
    """The program is installed, but not configured yet. The state must belong to the user of later runs, not to
    root."""
    sync.configure(dids={"api_key": None})
    assert sync.run("--cron").code == 78
    sync.configure(dids={"api_key": api.api_key})
    db.insert(end_epoch=db.now() - 5)
    assert sync.run("--cron").code == 0
    assert len(api.log()) == 1


# ---- a state directory on another disk ----

def test_the_state_directory_may_be_a_link(sync, db, api):
    """Goal: every command works if the state directory is a link to another disk, and the link stays."""
    real = sync.directory / "other-disk"
    sync.state.rename(real)
    sync.state.symlink_to(real)
    calls = [db.insert(end_epoch=db.now() - 60)]
    assert sync.run("--cron").code == 0
    calls.append(db.insert(end_epoch=db.now() - 30))
    for command in (["check"], ["status"], ["health"], ["disable"], ["enable"], ["checkpoint", "set", "10 minutes ago"],
                    ["backfill", "--from", "1 hour ago", "--to", "now"], ["reconcile"], ["history"], ["run"]):
        done = sync.run(*command)
        assert done.code == 0, (command, done)
    assert sorted(api.by_uniqueid()) == sorted(calls)
    assert sync.state.is_symlink() and {"checkpoint", "enabled", "ledger.db"} <= {path.name for path in real.iterdir()}


def test_a_state_directory_that_is_a_link_to_nothing_is_named(sync, db, api):
    """The link leads to a disk that is not mounted. The program makes no directory there, and sends nothing."""
    real = sync.directory / "other-disk"
    sync.state.rename(real)
    sync.state.symlink_to(sync.directory / "not-mounted")
    db.insert()
    done = sync.run()
    assert done.code == 74 and "a symbolic link that leads to no directory" in done.err and api.log() == []
    assert not (sync.directory / "not-mounted").exists()
