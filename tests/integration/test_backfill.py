"""backfill: the missing calls of the past arrive once, while cron's runs continue."""
import collections
import contextlib
import datetime
import fcntl
import json
import os
import re
import select
import signal
import time
import zoneinfo

import pytest

from harness.process import program, until
from harness.sync import Sync

HOUR, DAY = 3600, 86400


def delivered(api):
    return collections.Counter(body["uniqueid"] for body in api.recorded())


def asked(api):
    return collections.Counter(entry["uniqueid"] for entry in api.log() if entry["uniqueid"])


def taken(api):
    return collections.Counter(entry["uniqueid"] for entry in api.log() if entry["status"] == 200)


def spread(db, count, first_ago, last_ago, table="vicidial_log", **columns):
    """Inserts calls. Their ends are evenly spread between two moments."""
    now = db.now()
    return db.insert_many([{"end_epoch": now - first_ago + (first_ago - last_ago) * n // count, **columns}
                           for n in range(count)], table=table)


@pytest.fixture
def older(sync, db):
    """An installation whose first run was a minute ago. The dialer also has calls of the days before."""
    sync.set_checkpoint(db.now() - 60)
    assert sync.run().code == 0
    return sync


def when(db, ago):
    return str(db.now() - ago)


def test_backfill_sends_only_the_missing_calls_of_the_range(older, db, api):
    wanted = spread(db, 300, 30 * HOUR - 600, 6 * HOUR + 600)
    spread(db, 20, 40 * HOUR, 31 * HOUR)   # before it
    spread(db, 20, 5 * HOUR, 3 * HOUR)     # after it
    before = older.checkpoint()
    run = older.run("backfill", "--from", when(db, 30 * HOUR), "--to", when(db, 6 * HOUR))
    assert run.code == 0, run.out + run.err
    assert delivered(api) == asked(api) == collections.Counter(wanted)
    assert "300 processed, 0 failed" in run.out
    assert older.checkpoint() == before
    assert older.ledger("SELECT kind, found, accepted, exit_code FROM run ORDER BY id DESC LIMIT 1") == [
        ("backfill", 300, 300, 0)]
    again = older.run("backfill", "--from", when(db, 30 * HOUR), "--to", when(db, 6 * HOUR))
    assert again.code == 0 and "0 processed, 0 failed" in again.out
    assert asked(api) == collections.Counter(wanted)


def test_named_days_are_read_whole(older, db, api):
    """Goal: the days are those of the dialer's time zone, and the last day counts to its last second."""
    (first, last), begin, end = db.dialer.days(3, 2)
    db.insert_many([{"end_epoch": begin - 1}, {"end_epoch": end}])
    wanted = db.insert_many([{"end_epoch": at} for at in (begin, begin + DAY // 2, end - 1)])
    run = older.run("backfill", "--from", first, "--to", last)
    assert run.code == 0, run.out + run.err
    assert delivered(api) == asked(api) == collections.Counter(wanted)


def test_archived_calls_are_sent_from_the_archive(older, db, api):
    """The archive may have a copy that was made in the middle of a call. The live row changed later."""
    live = spread(db, 5, 20 * HOUR, 19 * HOUR)
    archived = spread(db, 5, 20 * HOUR, 19 * HOUR, table="vicidial_log_archive")
    now = db.now()
    both = {"uniqueid": f"{now - 19 * HOUR - 50}.77", "end_epoch": now - 19 * HOUR}
    db.insert_many([{**both, "status": "SALE"}])
    db.insert_many([{**both, "status": "INCALL"}], table="vicidial_log_archive")
    run = older.run("backfill", "--from", when(db, 24 * HOUR), "--to", when(db, 12 * HOUR))
    assert run.code == 0, run.out
    assert delivered(api) == asked(api) == collections.Counter([*live, *archived, both["uniqueid"]])
    assert api.by_uniqueid()[both["uniqueid"]][-1]["disposition"] == "SALE"


def test_a_dialer_needs_no_archive(older, db, api):
    wanted = spread(db, 5, 20 * HOUR, 19 * HOUR)
    db.query("DROP TABLE vicidial_log_archive")
    assert older.run("backfill", "--from", when(db, 24 * HOUR), "--to", when(db, 12 * HOUR)).code == 0
    assert delivered(api) == collections.Counter(wanted)


def test_campaign_and_status_select_the_calls(older, db, api):
    spread(db, 5, 20 * HOUR, 19 * HOUR)
    spread(db, 5, 20 * HOUR, 19 * HOUR, campaign_id="OTHER")
    wanted = spread(db, 5, 20 * HOUR, 19 * HOUR, campaign_id="OTHER", status="DNC")
    run = older.run("backfill", "--from", when(db, 24 * HOUR), "--to", "now", "--campaign", "other", "--status", "dnc")
    assert run.code == 0
    assert delivered(api) == collections.Counter(wanted)


def test_force_sends_accepted_calls_again_with_the_same_key(older, db, api):
    wanted = spread(db, 7, 20 * HOUR, 19 * HOUR)
    words = ["backfill", "--from", when(db, 24 * HOUR), "--to", when(db, 12 * HOUR)]
    assert older.run(*words).code == 0
    assert older.run(*words, "--force").code == 0
    assert asked(api) == collections.Counter({uniqueid: 2 for uniqueid in wanted})
    assert len({entry["idempotency_key"] for entry in api.log()}) == 7


def test_a_dry_run_prints_and_changes_nothing(older, db, api):
    wanted = spread(db, 7, 20 * HOUR, 19 * HOUR)
    runs = older.ledger("SELECT count(*) FROM run")
    run = older.run("backfill", "--from", when(db, 24 * HOUR), "--to", when(db, 12 * HOUR), "--dry-run")
    assert run.code == 0
    assert [re.search(r'"uniqueid":"([^"]+)"', line)[1] for line in run.out.splitlines()] == wanted
    assert api.log() == [] and run.log == ""
    assert older.ledger("SELECT count(*) FROM run") == runs
    assert older.ledger("SELECT count(*) FROM call") == [(0,)]


def test_a_dry_run_counts_the_calls_that_wait(older, db):
    """The dry run counts both: calls that a run has seen before, and calls that the backfill finds first."""
    now = db.now()
    db.insert_many([{"end_epoch": now - 60, "status": "DISPO"}] * 2)
    words = ["backfill", "--from", when(db, 24 * HOUR), "--to", "now", "--dry-run"]
    assert "0 would be sent, 2 waiting" in older.run(*words).err
    assert older.run().code == 0
    db.insert(end_epoch=now - 30, status="DISPO")
    assert "0 would be sent, 3 waiting" in older.run(*words).err
    db.query("UPDATE vicidial_log SET status = 'SALE' WHERE end_epoch = %s", [now - 60])
    assert "0 would be sent, 1 waiting" in older.run(*words).err  # the next run sends both calls


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_backfill_continues_where_it_stopped(older, db, api, kill):
    """Goal: no call is lost, and after Ctrl-C no call is repeated. The second backfill does not start over."""
    wanted = spread(db, 3000, 20 * HOUR, 10 * HOUR)
    older.configure(config={"sync": {"backfill_rate": 0}})
    api.rules([{"delay_ms": 10}])
    words = ["backfill", "--from", when(db, 24 * HOUR), "--to", when(db, 9 * HOUR)]
    first = older.start(*words)
    while len(api.log()) < 1500:
        assert first.poll() is None
        time.sleep(0.1)  # a look costs much: the log has each request
    first.send_signal(kill)
    code = first.wait(30)
    assert code == (-9 if kill == signal.SIGKILL else 75)
    sent = asked(api)
    assert len(sent) < 3000
    places = older.ledger("SELECT number FROM note WHERE name LIKE 'backfill % live'")
    if kill == signal.SIGINT:
        assert places and places[0][0] > db.now() - 20 * HOUR
    api.rules([])
    second = older.run(*words)
    assert second.code == 0, second.out
    if kill == signal.SIGINT:
        assert "Continuing the stopped backfill from" in second.log
        assert asked(api) == collections.Counter(wanted)
    assert delivered(api) == collections.Counter(wanted)
    assert older.ledger("SELECT count(*) FROM note WHERE name LIKE 'backfill %'") == [(0,)]


@pytest.mark.plain_only  # mostly pauses
def test_a_forced_backfill_completes_under_a_rate_limit(older, db, api):
    """A scan continues some minutes before the place where it stopped. In a range of months it continues hours
    before."""
    began = db.now() - 20 * HOUR
    wanted = db.insert_many([{"uniqueid": f"{began + n}.{n}", "end_epoch": began + n} for n in range(3000)])
    words = ("backfill", "--from", when(db, 1000 * HOUR), "--to", when(db, 10 * HOUR))
    # One request at a time: if the API accepted other calls, a refusal would blame its call.
    older.configure(config={"sync": {"backfill_rate": 0, "retry_base": 0}, "api": {"concurrency": 1}})
    assert older.run(*words).code == 0
    api.clear()
    for answers in (0, *[1200] * 20):  # on a slow machine a backfill takes more runs
        api.rules([{"after": answers, "status": 401}])
        done = older.run(*words, "--force")
        if done.code in (0, 75):
            break
        time.sleep(1.1)
    assert done.code in (0, 75), "75: complete, and refused calls are pending; once more would begin anew"
    api.rules([])
    until(lambda: older.run().code == 0)
    assert taken(api) == collections.Counter(wanted)
    assert older.run(*words, "--force").code == 0  # the same command sends these calls again
    assert taken(api) == collections.Counter(wanted * 2)
    assert older.ledger("SELECT count(*) FROM note WHERE name LIKE 'backfill %'") == [(0,)]


@pytest.mark.parametrize("answers", [200, *(pytest.param(n, marks=pytest.mark.plain_only) for n in (260, 320))])
def test_a_backfill_across_clock_changes_continues_where_it_stopped(sync, db, api, answers):
    """Neither end of the range shows the summer time in the middle. There are many calls, and some last two hours. If
    the refusals are the last answers of a batch, a run sends these calls again."""
    zone = zoneinfo.ZoneInfo(db.dialer.timezone)
    noon = int(datetime.datetime(2026, 7, 1, 12, tzinfo=zone).timestamp())
    wanted = db.insert_many([{"uniqueid": f"{noon + 60 * n}.{n}", "start_epoch": noon + 60 * n,
                              "end_epoch": noon + 60 * n + (7200 if n % 30 == 0 else 30)} for n in range(600)])
    sync.configure(config={"sync": {"backfill_rate": 0, "retry_base": 0}, "api": {"concurrency": 1}})
    assert sync.run().code == 0
    for _ in range(5):
        api.rules([{"after": answers, "status": 401}])
        if sync.run("backfill", "--from", "2026-01-10", "--to", "2026-11-20").code in (0, 75):
            break
    api.rules([])
    until(lambda: sync.run().code == 0)  # a slow machine has used up the share of the database's time
    assert delivered(api) == collections.Counter(wanted)


def test_runs_work_during_a_backfill_and_no_call_is_sent_twice(older, db, api):
    """Goal: during a backfill, runs find and send the current calls. Calls that both see arrive once."""
    wanted = spread(db, 500, 20 * HOUR, 60)
    older.configure(config={"sync": {"backfill_rate": 0}, "api": {"concurrency": 4}})
    api.rules([{"delay_ms": 60}])  # so the backfill works nearly all the time, and must let runs work in between
    backfill = older.start("backfill", "--from", when(db, 24 * HOUR), "--to", "now")
    while len(api.log()) < 30:
        assert backfill.poll() is None
        time.sleep(0.02)
    fresh, meanwhile = [], 0
    while backfill.poll() is None:
        fresh.append(db.insert(end_epoch=db.now() - 1))
        run = older.run("run")
        assert run.code in (0, 75), run.log
        assert "Another run is at work" not in run.log
        if backfill.poll() is None:
            meanwhile += 1
            assert fresh[-1] in delivered(api), "the run sent nothing"
        time.sleep(0.3)
    assert backfill.wait() == 0
    assert meanwhile >= 2
    assert set(delivered(api)) == {*wanted, *fresh}
    assert set(asked(api).values()) == {1}


def test_the_rate_is_kept(older, db, api):
    """At 100 a second, 300 calls need about three seconds. The test checks only that they do not arrive sooner."""
    spread(db, 300, 20 * HOUR, 19 * HOUR)
    older.configure(config={"sync": {"backfill_rate": 100}})
    began = time.monotonic()
    assert older.run("backfill", "--from", when(db, 24 * HOUR), "--to", when(db, 12 * HOUR)).code == 0
    assert time.monotonic() - began >= 2.0  # the backfill does not wait after its last batch


def busiest_second(api):
    """The most requests that arrived within one second."""
    arrived = sorted(entry["at_ms"] for entry in api.log())
    return max(sum(1 for other in arrived if at <= other < at + 1000) for at in arrived)


def test_waiting_for_the_lock_changes_neither_rate_nor_age(older, db, api):
    """The rate was once an average that included the wait. The wait was also added to the database's clock, so the
    program sent a call before `settle` had passed."""
    hold, rate = 600, 50
    older.configure(config={"sync": {"unsettled_hold": hold, "backfill_rate": rate}})
    wanted = spread(db, 500, 20 * HOUR, 19 * HOUR)
    with (older.state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        settled_at = db.now() + 25
        unsettled = db.insert(end_epoch=settled_at - hold, status="PU")
        backfill = older.start("backfill", "--from", when(db, 24 * HOUR), "--to", "now")
        time.sleep(10)
        assert api.log() == []
    assert backfill.wait(60) == 0
    sent = {entry["uniqueid"]: entry["at_ms"] for entry in api.log()}
    assert set(wanted) <= set(sent)
    # The batch in flight, the saved calls of one second, and the calls that this second allows.
    assert busiest_second(api) <= 3 * rate
    assert sent.get(unsettled, float("inf")) >= settled_at * 1000, "sent before it was settled"


def test_an_outage_stops_a_backfill_which_continues_later(older, db, api):
    wanted = spread(db, 50, 20 * HOUR, 19 * HOUR)
    api.rules([{"status": 503}])
    words = ["backfill", "--from", when(db, 24 * HOUR), "--to", when(db, 12 * HOUR)]
    run = older.run(*words)
    assert run.code == 69
    assert "run the same command again to continue from here" in run.out
    api.rules([])
    assert older.run(*words).code == 0
    assert delivered(api) == collections.Counter(wanted)


def test_a_terminal_shows_a_progress_bar(older, db, api, tmp_path, monkeypatch):
    spread(db, 400, 20 * HOUR, 19 * HOUR)
    older.configure(config={"sync": {"backfill_rate": 2, "batch_size": 1}})
    screen, terminal = os.openpty()
    script = tmp_path / "on-terminal"
    script.write_text(f'#!/bin/sh\nexec "{program("SYNC_BINARY", "build/did-optimizer-sync")}" "$@" '
                      f'2>"{os.ttyname(terminal)}"\n')
    script.chmod(0o755)
    monkeypatch.setenv("SYNC_BINARY", str(script))
    backfill = older.start("backfill", "--from", when(db, 20 * HOUR + 600), "--to", when(db, 19 * HOUR - 600))
    shown = b""
    while not re.search(rb"\r\[#*-+\] +\d+ %, \d+ calls, [12]/s, \d+ min left", shown):
        assert backfill.poll() is None, shown
        if select.select([screen], [], [], 0.1)[0]:
            shown += os.read(screen, 4096)
    assert b"\n" not in shown
    backfill.terminate()
    assert backfill.wait(30) == 75
    os.close(terminal)
    with contextlib.suppress(OSError):  # EIO is a terminal's end
        while more := os.read(screen, 4096):
            shown += more
    assert re.search(rb"\r +\r[^\r\[]*$", shown), "the bar is wiped away"
    os.close(screen)


def test_status_shows_how_far_a_backfill_has_come(older, db, api):
    spread(db, 400, 20 * HOUR, 19 * HOUR)
    older.configure(config={"sync": {"backfill_rate": 20, "batch_size": 5}})
    backfill = older.start("backfill", "--from", when(db, 20 * HOUR + 600), "--to", when(db, 19 * HOUR - 600))
    running, seen = None, []
    while len(seen) < 3:
        assert backfill.poll() is None
        running = json.loads(older.run("status", "--json").out)["running"]
        if running and running["permille"] not in seen:
            seen.append(running["permille"])
    assert seen == sorted(seen) and seen[-1] <= 1000
    assert running["kind"] == "backfill" and running["from"] <= running["reached"] <= running["to"]
    assert 4000 < running["to"] - running["from"] < 5000
    assert re.search(r"running +backfill since .* ago\n  done +\d+ % of the time from .*, \d+ % left; now at ",
                     older.run("status").out)
    backfill.terminate()
    assert backfill.wait(30) == 75
    assert json.loads(older.run("status", "--json").out)["running"] is None
    assert "running" not in older.run("status").out


def test_backfill_is_refused_on_a_standby(older, db, api, tmp_path):
    """The other host sends the calls of this database."""
    wanted = spread(db, 5, 20 * HOUR, 19 * HOUR)
    words = ["backfill", "--from", when(db, 24 * HOUR), "--to", when(db, 12 * HOUR)]
    other = Sync(tmp_path / "other", db, api, timezone="Europe/Berlin")
    other.set_checkpoint(db.now() - 60)
    other.configure(config={"sync": {"settle": 0, "splay": 0}})
    last = db.insert()
    api.rules([{"delay_ms": 3000}])
    leader = other.start()
    while not api.log():
        assert leader.poll() is None
        time.sleep(0.02)
    run = older.run(*words)
    assert run.code == 69 and "another host sends the calls of this database" in run.out + run.err
    other.close()
    api.rules([])
    assert set(delivered(api)) <= {last}
    assert older.run(*words).code == 0
    assert set(delivered(api)) - {last} == set(wanted)


@pytest.mark.parametrize("words, said", [
    (["--from", "yesterday"], "--from WHEN and --to WHEN"),
    ([], "--from WHEN and --to WHEN"),
    (["--from", "sometime", "--to", "now"], "sometime"),
    (["--from", "now", "--to", "1 hour ago"], "--from must be earlier than --to"),
    (["--from", "1 hour ago", "--to", "now", "extra"], "one word too many"),
    (["--from", "1 hour ago", "--to", "now", "--json"], "--json cannot be used with backfill"),
    (["--from", "1 hour ago", "--to", "now", "--days", "2"], "--days cannot be used with backfill"),
])
def test_impossible_arguments_are_refused(sync, api, words, said):
    run = sync.run("backfill", *words)
    assert run.code == 64 and said in run.err
    assert api.log() == []
