"""Calls that ended more than an hour ago are sent at backfill_rate, and do not delay current calls."""
import collections
import re
import shlex
import signal
import time

import pytest

HOUR = 3600


def spread(db, count, first_ago, last_ago, **columns):
    """Inserts calls. Their ends are evenly spread between two moments."""
    now = db.now()
    return db.insert_many([{"end_epoch": now - first_ago + (first_ago - last_ago) * n // count, **columns}
                           for n in range(count)])


def asked(api):
    return collections.Counter(entry["uniqueid"] for entry in api.log() if entry["uniqueid"])


def busiest_second(api, uniqueids):
    """The most requests for those calls that arrived within one second."""
    arrived = sorted(entry["at_ms"] for entry in api.log() if entry["uniqueid"] in uniqueids)
    return max(sum(1 for other in arrived if at <= other < at + 1000) for at in arrived)


def pending(sync):
    return sync.ledger("SELECT count(*) FROM call WHERE state = 2")[0][0]


def until(condition, act):
    for _ in range(100):
        if condition():
            return
        act()
    assert condition()


@pytest.fixture
def behind(sync, db):
    """An installation with a checkpoint five hours back. A run lasts ten seconds and sends 50 old calls a second."""
    sync.set_checkpoint(db.now() - 5 * HOUR)
    sync.configure(config={"sync": {"backfill_rate": 50, "time_budget": 10}})
    return sync


def test_current_calls_go_first_and_old_ones_at_the_rate(behind, db, api):
    old, fresh = spread(db, 250, 4 * HOUR, 2 * HOUR), spread(db, 200, HOUR - 300, 10)
    behind.configure(config={"api": {"concurrency": 1}})  # for the order of arrival
    run = behind.run()
    assert run.code == 0, run.log
    order = [entry["uniqueid"] for entry in api.log()]
    assert asked(api) == collections.Counter(old + fresh)
    assert set(order[:250]) == set(old[:50] + fresh), "one second's worth goes with the calls of the moment"
    assert order[250:] == old[50:]
    assert busiest_second(api, set(old)) <= 3 * 50
    assert behind.checkpoint().split()[1] == fresh[-1]


def test_old_calls_beyond_the_time_budget_are_pending_for_the_next_runs(behind, db, api):
    old = spread(db, 900, 4 * HOUR, 2 * HOUR)
    fresh = [db.insert()]
    run = behind.run()
    assert run.code == 75 and "send 50 of them a second (backfill_rate)" in run.log
    assert "the time limit of this run is reached" not in run.log
    assert behind.checkpoint().split()[1] == fresh[0]
    assert 100 <= len(asked(api)) <= 1 + 50 * 11 and pending(behind) == 901 - len(asked(api))
    while pending(behind):
        fresh.append(db.insert())
        seen = len(api.log())
        assert behind.run().code in (0, 75)
        sent = [entry["uniqueid"] for entry in api.log()][seen:]
        assert fresh[-1] in sent[:51], "the call of the moment had to wait"
    assert asked(api) == collections.Counter(old + fresh)


def test_without_a_limit_all_calls_are_sent_at_once_and_none_is_pending(behind, db, api):
    behind.configure(config={"sync": {"backfill_rate": 0, "retry_base": 0}})
    old, fresh = spread(db, 1000, 4 * HOUR, 2 * HOUR), spread(db, 20, HOUR - 300, 10)
    api.rules([{"after": 600, "status": 401}])
    assert behind.run().code == 78
    assert behind.ledger("SELECT count(*) FROM call WHERE state = 2 AND tries = 0") == [(0,)]
    api.rules([])
    run_until_none_is_pending(behind)
    assert collections.Counter(body["uniqueid"] for body in api.recorded()) == collections.Counter(old + fresh)


def test_a_dry_run_shows_all_calls_and_records_none(behind, db, api):
    old, fresh = spread(db, 150, 4 * HOUR, 2 * HOUR), spread(db, 5, HOUR - 300, 10)
    run = behind.run("--dry-run")
    assert [re.search(r'"uniqueid":"([^"]+)"', line)[1] for line in run.out.splitlines()] == old + fresh
    assert api.log() == [] and not (behind.state / "ledger.db").exists()


@pytest.mark.parametrize("answers", [1, 60, 150])
def test_a_killed_run_loses_no_old_call(behind, db, api, answers):
    """After the kill the checkpoint is beyond calls that only the ledger knows of."""
    old, fresh = spread(db, 200, 4 * HOUR, 2 * HOUR), spread(db, 20, HOUR - 300, 10)
    running = behind.start("run")
    while len(api.log()) < answers:
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -9
    assert behind.run().code == 0
    assert set(asked(api)) == set(old + fresh) and pending(behind) == 0
    assert {row[0] for row in behind.ledger("SELECT uniqueid FROM call WHERE state = 1")} == set(old + fresh)


def test_a_signal_ends_it_cleanly(behind, db, api):
    old = spread(db, 400, 4 * HOUR, 2 * HOUR)
    running = behind.start("run")
    while len(api.log()) < 70:
        assert running.poll() is None
        time.sleep(0.01)
    running.terminate()
    assert running.wait(20) == 75
    assert pending(behind) == 400 - len(api.log())
    while pending(behind):
        assert behind.run().code in (0, 75)
    assert asked(api) == collections.Counter(old)


def test_during_an_outage_the_checkpoint_stays_an_hour_behind(behind, db, api):
    """Then a run need not read all of these calls again, and no call is lost when the API works again."""
    old, fresh = spread(db, 300, 4 * HOUR, 2 * HOUR), spread(db, 30, HOUR - 300, 10)
    api.rules([{"status": 503}])
    for _ in range(3):
        run = behind.run()
        assert run.code == 69, run.log
    reached = int(behind.checkpoint().split()[0])
    assert db.now() - 2 * HOUR - 30 <= reached <= db.now() - HOUR + 310
    assert pending(behind) == 300
    assert behind.ledger("SELECT max(attempts) FROM call") == [(0,)]
    api.clear(rules=True)
    while True:
        run = behind.run()
        assert run.code in (0, 75), run.log
        if run.code == 0:
            break
    assert asked(api) == collections.Counter(old + fresh)


def test_recent_calls_test_an_api_that_fails_on_the_oldest_ones(behind, db, api):
    """After an outage each run tests the API with one call. The oldest calls may be the ones that make the API fail,
    and at night there is no new call to show that the API works."""
    behind.configure(config={"sync": {"backfill_rate": 20, "retry_base": 600}})
    poison, good = spread(db, 40, 4 * HOUR, 3 * HOUR), spread(db, 40, 3 * HOUR, 2 * HOUR)
    api.rules([{"status": 500}])
    assert behind.run().code == 69
    api.rules([{"uniqueid": call, "status": 500} for call in poison])
    until(lambda: len(api.recorded()) >= 20, behind.run)

    def morning():
        db.insert()
        behind.run()

    until(lambda: set(good) <= {body["uniqueid"] for body in api.recorded()}, morning)


def test_setting_the_checkpoint_forward_skips_pending_old_calls(behind, db, api):
    """Otherwise a person who set the checkpoint far back by mistake could not undo this."""
    spread(db, 900, 4 * HOUR, 2 * HOUR)
    db.insert(end_epoch=db.now() - 30)
    behind.configure(config={"sync": {"time_budget": 2}})
    assert behind.run().code == 75
    left, sent = pending(behind), len(api.log())
    assert left > 0
    assert behind.run("checkpoint", "set", "now").code == 0
    run = behind.run()
    assert run.code == 0 and f"{left} of these calls were pending and not tried yet" in run.log
    assert len(api.log()) == sent and pending(behind) == 0
    assert behind.run().code == 0 and len(api.log()) == sent


def test_resetting_the_checkpoint_skips_pending_old_calls(behind, db, api):
    """Goal: all calls that `checkpoint reset` reports as skipped are skipped, also pending calls without a try."""
    spread(db, 900, 4 * HOUR, 2 * HOUR)
    behind.configure(config={"sync": {"time_budget": 2}})
    assert behind.run().code == 75
    left, sent = pending(behind), len(api.log())
    reset = behind.run("checkpoint", "reset")
    assert left > 0 and f"{900 - sent} finished calls are skipped" in reset.out  # a slow run has not noted all of them
    assert behind.run().code == 0
    assert len(api.log()) == sent and pending(behind) == 0


@pytest.fixture
def at_work(behind, db, api):
    """The same installation after five hours of work. It has sent every call, and has not swept yet."""
    behind.configure(config={"sync": {"sweep_interval": 0}})
    db.insert()
    assert behind.run().code == 0
    api.clear()
    return behind


def run_until_none_is_pending(sync):
    code = 75
    while code == 75:
        code = sync.run().code
    assert code == 0 and pending(sync) == 0


def test_the_sweep_s_calls_are_sent_at_the_rate(at_work, db, api):
    late = spread(db, 200, 4 * HOUR, 2 * HOUR)
    at_work.configure(config={"sync": {"sweep_interval": 1}})
    run_until_none_is_pending(at_work)
    assert asked(api) == collections.Counter(late)
    assert busiest_second(api, set(late)) <= 3 * 50


def test_retried_calls_are_sent_at_the_rate(at_work, db, api):
    late = spread(db, 200, 4 * HOUR, 2 * HOUR)
    at_work.configure(config={"sync": {"sweep_interval": 1}})
    api.rules([{"status": 400}])
    run_until_none_is_pending(at_work)
    api.clear(rules=True)
    assert at_work.run("failed", "retry", "--all").code == 0
    run_until_none_is_pending(at_work)
    assert asked(api) == collections.Counter(late)
    assert busiest_second(api, set(late)) <= 3 * 50


def test_reconcile_sends_at_the_rate(at_work, db, api):
    missing = spread(db, 250, 4 * HOUR, 2 * HOUR)
    assert at_work.run("reconcile").code == 0
    assert asked(api) == collections.Counter(missing)
    assert busiest_second(api, set(missing)) <= 3 * 50


def test_old_calls_do_not_delay_the_next_run_of_a_loop(behind, db, api):
    old = spread(db, 5000, 4 * HOUR, 2 * HOUR)
    running = behind.start("run", "--every", "1")
    for _ in range(3):
        call = db.insert()
        began = time.monotonic()
        while call not in asked(api):
            assert time.monotonic() - began < 60
            time.sleep(0.05)
        assert len(asked(api)) < 5000, "there was nothing to wait for"
    running.terminate()
    assert running.wait(20) == 0
    assert len(behind.ledger("SELECT id FROM run")) >= 3
    assert set(asked(api)) & set(old)


@pytest.mark.parametrize("loss", ["destroyed", "removed"])
def test_calls_that_only_the_lost_ledger_knew_are_sent(behind, db, api, loss):
    """Goal: the checkpoint is beyond calls that only the ledger had. The checkpoint file has the end of the oldest
    one."""
    behind.set_checkpoint(db.now() - 12 * HOUR)
    old, later = spread(db, 30, 10 * HOUR, 9 * HOUR), spread(db, 5, HOUR + 300, HOUR + 200)
    api.stop()
    behind.run()
    assert pending(behind) == len(old) + len(later)
    for file in behind.state.glob("ledger.db*"):
        file.write_bytes(b"\xff" * 4096) if loss == "destroyed" and file.name == "ledger.db" else file.unlink()
    api.start()
    run = behind.run()
    assert run.code == 0 and "The ledger was lost: the calls that ended after" in run.log
    assert asked(api) == collections.Counter(old + later)
    assert "not sent yet" not in behind.checkpoint_file.read_text()


def test_reconcile_finds_calls_that_a_lost_ledger_had_pending(behind, db, api):
    """Goal: the same after a person has written the checkpoint, so that the file does not name the oldest unsent call.
    The run says how to find these calls. reconcile counts them and names the command that sends them."""
    behind.set_checkpoint(db.now() - 12 * HOUR)
    old, later = spread(db, 30, 10 * HOUR, 9 * HOUR), spread(db, 5, HOUR + 300, HOUR + 200)
    api.stop()
    behind.run()
    assert pending(behind) == len(old) + len(later)
    for file in behind.state.glob("ledger.db*"):
        file.write_bytes(b"\xff" * 4096) if file.name == "ledger.db" else file.unlink()
    behind.set_checkpoint(behind.checkpoint())
    api.start()
    run = behind.run()
    assert "To list older ones that may be missing: did-optimizer-sync reconcile --report-only" in run.log
    assert asked(api) == collections.Counter(later)
    told = behind.run("reconcile", "--report-only")
    assert told.code == 75
    (line,) = [line for line in told.out.splitlines() if "backfill --from" in line]
    command = shlex.split(line.partition("To send them: ")[2])
    assert behind.run(*command[1:]).code == 0
    assert asked(api) == collections.Counter(old + later)
