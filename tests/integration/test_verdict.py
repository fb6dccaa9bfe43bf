"""All views give the same verdict on a state. The verdict is never OK if no run has read the calls."""
import contextlib
import json
import os
import re
import sqlite3
import stat
import subprocess
import tempfile
import threading
import time

import pytest

from harness.metrics import Metrics
from harness.process import ROOT, program
from harness.sync import Sync

P = "did_optimizer_sync_"
LEVELS = ["OK", "WARNING", "CRITICAL"]
CHECK, HISTORY = "did-optimizer-sync check", "did-optimizer-sync history"


def line_of(path, word):
    """The number of the first line with this word."""
    return [word in line for line in path.read_text().splitlines()].index(True) + 1


def write_ledger(sync, *statements):
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger:
        for statement in statements:
            ledger.execute(statement)
        ledger.commit()


def let_pass(sync, minutes):
    """Makes the ledger as it would be `minutes` later without another run."""
    write_ledger(sync, f"UPDATE run SET started = started - {minutes * 60}, finished = finished - {minutes * 60}, "
                       f"unsent_oldest = unsent_oldest - {minutes * 60}")


def status(sync):
    done = sync.run("status", "--json")
    return json.loads(done.out), done.code


def health(sync, *args):
    done = sync.run("health", *args)
    assert done.err == "" and done.out.count("\n") == 1
    return done.code, done.out.rstrip("\n")


def sane(text):
    """The text without its seconds, which change while the views are read."""
    return re.sub(r"\d+ s ago", "N s ago", text)


def verdict_of_all_views(sync):
    """(level, "text; do: action"), the same in every view. If two views differ, AssertionError."""
    told, code = status(sync)
    level, text, action = told["verdict"], sane(told["verdict_text"]), told["verdict_action"]
    line = text + ("; do: " + action if action else "")
    assert code == {"OK": 0, "WARNING": 75, "CRITICAL": 69}[level]
    shown = sync.run("status")
    assert shown.code == code and sane(shown.out.splitlines()[0]) == f"{'verdict':19} {level} - {line}"
    assert health(sync)[0] == LEVELS.index(level)
    assert sane(health(sync)[1]).partition(" | ")[0] == f"{level} - {line}"
    assert sane(sync.run("history").out.splitlines()[-1]) == f"now: {level} - {line}"
    assert Metrics(sync.run("metrics").out).value(P + "verdict") == LEVELS.index(level)
    page = sync.run("report", "--html", "-", "--template", ROOT / "packaging/report.html").out
    moment = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S).group(1))["moment"]
    assert (moment["verdict"], sane(moment["verdict_text"]), moment["verdict_action"]) == (level, text, action)
    return level, line


# ---- every view says the same ----

def test_after_a_good_run_the_verdict_is_ok(sync, db):
    db.insert()
    sync.run()
    assert verdict_of_all_views(sync) == ("OK", "last run N s ago")


@pytest.mark.parametrize("minutes, level", [(6, "WARNING"), (20, "CRITICAL"), (600, "CRITICAL")])
def test_without_runs_the_verdict_gets_worse(sync, db, minutes, level):
    db.insert()
    sync.run()
    let_pass(sync, minutes)
    told, line = verdict_of_all_views(sync)
    assert told == level and f"no run for {minutes} min, so newer calls are not known" in line
    assert line.endswith("; do: check that cron runs and reads /etc/cron.d/did-optimizer-sync")
    shown, _ = status(sync)
    assert shown["unsent"] is None and minutes * 60 <= shown["freshness_seconds"] <= minutes * 60 + 60
    page = Metrics(sync.run("metrics").out)
    assert minutes * 60 <= page.value(P + "freshness_seconds") <= minutes * 60 + 60 and page.value(P + "unsent") is None
    assert re.search(r"^unsent +not known since 20", sync.run("status").out, re.M)


def test_before_the_first_run_the_verdict_is_not_ok(sync, db):
    assert verdict_of_all_views(sync) == ("CRITICAL", "no run yet; do: " + CHECK)


@pytest.mark.plain_only
def test_a_pause_that_the_settings_name_is_no_fault(sync, db):
    """Goal: all views know it from the last run, whoever may read the settings."""
    sync.configure(config={"sync": {"longest_pause": 46800}})
    assert sync.run("run").code == 0
    let_pass(sync, 780)
    assert verdict_of_all_views(sync)[0] == "OK"
    let_pass(sync, 6)
    assert verdict_of_all_views(sync)[0] == "WARNING"
    let_pass(sync, 10)
    assert verdict_of_all_views(sync)[0] == "CRITICAL"


@pytest.mark.plain_only
@pytest.mark.parametrize("words", [["run"], ["run", "--cron"]])
def test_a_typo_in_the_settings_is_a_failed_run(sync, db, words):
    sync.configure(config={"sync": {"batch_siz": 5}})
    said = f"{sync.config_file}:{line_of(sync.config_file, 'batch_siz')}: there is no setting 'batch_siz' in [sync]"
    level, line = verdict_of_all_views(sync)  # no run could record it yet
    assert level == "CRITICAL" and line.startswith("the settings are wrong: " + said) and line.endswith(CHECK)
    assert sync.run(*words).code == 78
    told = json.loads(sync.run("history", "--json").out)
    assert told["outcome"] == "failed (78)" and said in told["message"]
    level, line = verdict_of_all_views(sync)
    assert level == "WARNING" and said in line and line.endswith("; do: " + CHECK)
    let_pass(sync, 20)  # whatever keeps runs from beginning now, cron is not the first suspect
    level, line = verdict_of_all_views(sync)
    assert level == "CRITICAL" and line.startswith("the settings are wrong: " + said) and line.endswith(CHECK)


@pytest.mark.plain_only
def test_a_state_that_cannot_be_shown_hides_no_wrong_settings(sync, db):
    sync.configure(config={"sync": {"batch_siz": 5}})
    (sync.state / "ledger.db").mkdir()
    for view in ("status", "health", "history", "metrics"):
        done = sync.run(view)
        assert done.code != 0 and "there is no setting 'batch_siz' in [sync]" in done.out + done.err, view


def test_rejected_calls_are_a_warning(sync, db, api):
    refused = db.insert()
    api.rules([{"uniqueid": refused, "status": 422}])
    sync.run()
    assert verdict_of_all_views(sync) == ("WARNING", "1 call is rejected; do: did-optimizer-sync failed list")


def test_a_short_retry_is_no_fault_and_a_long_one_is(sync, db, api):
    pending, _ = db.insert(end_epoch=db.now() - 30), db.insert()
    api.rules([{"uniqueid": pending, "status": 500}])
    assert sync.run().code == 75
    assert verdict_of_all_views(sync) == ("OK", "last run N s ago")
    write_ledger(sync, "UPDATE call SET end_epoch = end_epoch - 600 WHERE state = 2")
    assert verdict_of_all_views(sync) == ("WARNING", "a call that ended 10 min ago is not sent yet; do: " + HISTORY)


def test_a_profile_s_verdict_names_its_own_command(sync, db):
    (sync.directory / "acme.conf").write_text("")
    words = ("--profile", "acme", "--profiles-dir", str(sync.directory))
    told = json.loads(sync.run(*words, "status", "--json").out)
    assert told["verdict_action"] == "did-optimizer-sync --profile acme check"


def test_a_standby_is_ok_while_it_checks_the_leader(sync, db):
    sync.run()
    let_pass(sync, 600)
    with contextlib.closing(db.connect()) as leader, leader.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, 0)", [db.leader_lock()])
        assert "standby" in sync.run().log
    assert verdict_of_all_views(sync) == ("OK", "standby, another host sends the calls; last look N s ago")
    page = Metrics(sync.run("metrics").out)
    assert page.value(P + "standby") == 1 and time.time() - page.value(P + "last_run_timestamp_seconds") < 60
    assert page.value(P + "freshness_seconds") < 60
    write_ledger(sync, "UPDATE note SET number = number - 1200 WHERE name IN ('stood_by', 'leader_seen')")
    assert verdict_of_all_views(sync)[0] == "CRITICAL"


def test_a_cluster_without_a_leader_is_not_ok(sync, db):
    db.make_cluster()
    assert "💤 standby: no host sends" in sync.run().log
    level, line = verdict_of_all_views(sync)
    assert level == "WARNING" and "no host of the cluster sends calls now; this host takes over" in line
    page = Metrics(sync.run("metrics").out)
    assert page.value(P + "standby") == 1 and page.value(P + "freshness_seconds") is None


# ---- what a run saw and did not send ----

def test_a_refused_key_shows_the_number_of_unsent_calls(sync, db, api):
    now = db.now()
    db.insert_many([{"end_epoch": now - 400 + n} for n in range(175)])
    sync.configure(dids={"api_key": "wrong"})
    assert sync.run().code == 78
    told, code = status(sync)
    assert (told["pending"], told["unsent"], code) == (0, 175, 69)
    assert told["oldest_unsent"] == now - 400 and 400 <= told["freshness_seconds"] <= 500
    level, line = verdict_of_all_views(sync)
    assert level == "CRITICAL" and "at least 175 finished calls after the checkpoint are not sent yet" in line
    assert health(sync)[1].endswith(" pending=0 waiting=0 rejected=0 unsent=175")
    assert Metrics(sync.run("metrics").out).value(P + "unsent") == 175
    assert json.loads(sync.run("history", "--json").out)["unsent"] == 175
    sync.configure(dids={"api_key": api.api_key})
    assert sync.run().code == 0
    assert status(sync)[0]["unsent"] == 0


@pytest.mark.parametrize("rule", [{"status": 503}, {"status": 429, "headers": {"Retry-After": "600"}}],
                         ids=["api_down", "rate_limited"])
def test_each_run_counts_unsent_calls_even_if_it_sends_none(sync, db, api, rule):
    now = db.now()
    db.insert_many([{"end_epoch": now - 100 + n} for n in range(20)])
    api.rules([rule])
    for more in range(4):  # after an outage, every second run probes with one of the latest calls
        sync.run()
        assert status(sync)[0]["unsent"] == 20 + more
        db.insert(end_epoch=now - 50)


def test_a_lasting_rate_limit_is_not_ok(sync, db, api):
    db.insert_many([{"end_epoch": db.now() - 20 + n} for n in range(3)])
    api.rules([{"status": 429, "headers": {"Retry-After": "600"}}])
    assert sync.run().code == 75
    level, line = verdict_of_all_views(sync)
    assert level == "OK" and "at least 3 finished calls" in line and "rate limited until 20" in line
    assert [sync.run().code for _ in range(2)] == [75, 69]
    level, line = verdict_of_all_views(sync)
    assert level == "WARNING" and line.startswith("the last run failed (exit 69): ") and line.endswith("; do: " + CHECK)


def test_unsent_calls_are_counted_up_to_a_bound(sync, db, api):
    """The dialer comes first, so in a long outage no run reads all unsent calls."""
    now = db.now()
    db.insert_many([{"end_epoch": now - 3000 + n // 2} for n in range(5000)])
    api.rules([{"status": 503}])
    sync.run()
    assert 1000 <= status(sync)[0]["unsent"] < 5000


def test_calls_in_the_ledger_and_out_of_scope_are_not_counted_as_unsent(sync, db, api):
    now = db.now()
    pending, refused, changed = (db.insert(end_epoch=now - age) for age in (50, 40, 30))
    db.insert(end_epoch=now - 20, status="DISPO")
    db.insert(end_epoch=now - 9000)  # before the time at which the first run began to read
    api.rules([{"uniqueid": pending, "status": 500}, {"uniqueid": refused, "status": 422}])
    assert sync.run().code == 75
    db.update(changed, status="NI")
    db.insert(end_epoch=now - 10)
    api.rules([{"status": 503}])
    assert sync.run().code == 69
    told, _ = status(sync)
    assert (told["pending"], told["waiting"], told["rejected"], told["unsent"]) == (2, 1, 1, 1)


def test_a_failed_run_without_calls_reports_no_unsent_call(sync, db):
    sync.set_checkpoint(db.now() - 9000)
    db.insert(end_epoch=db.now() - 7200)  # the last call of the day
    assert sync.run().code == 0
    db.dialer.halt()
    assert sync.run().code == 69
    level, line = verdict_of_all_views(sync)
    assert level == "WARNING" and line.startswith("the last run failed (exit 69): ") and "is not sent yet" not in line
    told, _ = status(sync)
    assert told["unsent"] is None and told["oldest_unsent"] is None and told["freshness_seconds"] < 60
    assert "unsent=U" in health(sync)[1]
    write_ledger(sync, "UPDATE run SET started = started - 1200 WHERE id = 1")  # the last run that could read the calls
    level, line = verdict_of_all_views(sync)
    assert level == "CRITICAL"
    assert "no run could read the source's calls for 20 min: newer ones are not known" in line
    assert re.search(r"^unsent +not known since 20.*, 20 min ago$", sync.run("status").out, re.M)


def test_a_host_that_could_never_read_calls_stays_critical(sync, db):
    db.dialer.halt()
    assert sync.run("--cron").code == 69
    assert verdict_of_all_views(sync)[0] == "WARNING"
    write_ledger(sync, "UPDATE run SET started = started - 3600")
    assert sync.run("--cron").code == 69
    assert verdict_of_all_views(sync)[0] == "CRITICAL"


# ---- metrics of several profiles, and of backfills ----

def test_metrics_of_two_profiles_have_no_sample_in_common(sync, db, api):
    """node_exporter drops a sample that it finds twice, so one of two files in a folder would be lost."""
    db.insert()
    (sync.directory / "acme.conf").write_text(sync.config_file.read_text())
    (sync.directory / "dids-acme.conf").write_text(sync.dids_file.read_text())
    words = ("--profile", "acme", "--profiles-dir", str(sync.directory))
    config = ("--config", str(sync.directory / "acme.conf"), "--dids", str(sync.directory / "dids-acme.conf"))
    own = ("--state-dir", str(sync.directory / "acme-state"))
    (sync.directory / "acme-state").mkdir()
    assert sync.run("run").code == 0 and sync.run(*words, *config, *own, "run").code == 0
    pages = [Metrics(sync.run(*(words + own if name else ()), "metrics").out) for name in ("", "acme")]
    assert {dict(labels)["profile"] for _, labels in pages[0].samples} == {""}
    assert {dict(labels)["profile"] for _, labels in pages[1].samples} == {"acme"}
    assert not set(pages[0].samples) & set(pages[1].samples) and pages[0].types == pages[1].types


def test_a_backfill_does_not_change_the_acceptance_delay(sync, db, api):
    now = db.now()
    sync.run()
    fresh, old = db.insert(end_epoch=now - 20), db.insert(end_epoch=now - 90000)
    sync.run()
    delay = P + "acceptance_delay_seconds"
    before = Metrics(sync.run("metrics").out)
    assert before.value(delay + "_count") == 1
    assert sync.run("backfill", "--from", "2 days ago", "--to", "1 hour ago").code == 0
    page = Metrics(sync.run("metrics").out)
    assert set(api.by_uniqueid()) == {fresh, old}
    assert page.value(delay + "_count") == 1 and page.value(delay + "_sum") == before.value(delay + "_sum")
    assert page.value(P + "calls_total", outcome="accepted", result="answered") == 2


# ---- users who may only read ----

NOBODY = 65534


@pytest.fixture
def watched(db, api):
    """An installation with a state that the group nogroup may read. watched.look(*words) runs a command as a user of
    that group, and fails if the command changes a file."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    with tempfile.TemporaryDirectory() as directory:  # other users cannot read pytest's own directory
        os.chmod(directory, 0o755)
        sync = Sync(f"{directory}/host", db, api)

        def look(*words):
            sync.state.chmod(0o750)
            for path in (sync.state, *sync.state.iterdir()):
                os.chown(path, 0, NOBODY)
            command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                       str(program("SYNC_BINARY", "build/did-optimizer-sync")), "--state-dir", str(sync.state), *words]
            before = {path.name: path.stat().st_mtime_ns for path in sync.state.iterdir()}
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
            assert {path.name: path.stat().st_mtime_ns for path in sync.state.iterdir()} == before
            return done

        sync.look = look
        yield sync
        sync.close()


def test_a_monitoring_user_needs_no_right_to_write(watched, db):
    db.insert()
    assert watched.run().code == 0
    assert not (watched.state / "ledger.db-wal").exists()
    done = watched.look("health")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"OK - last run \d+ s ago \| ", done.stdout)
    assert watched.look("status").returncode == 0 and "now: OK" in watched.look("history").stdout
    assert Metrics(watched.look("metrics").stdout).value(P + "verdict") == 0


def test_a_monitoring_user_sees_what_a_run_at_work_has_written(watched, db):
    watched.run()
    with contextlib.closing(sqlite3.connect(watched.state / "ledger.db")) as ledger:
        ledger.execute("UPDATE run SET started = started - 1200")
        ledger.commit()
        assert (watched.state / "ledger.db-wal").stat().st_size > 0  # these data are still in the WAL
        assert "CRITICAL - no run for 20 min" in watched.look("health").stdout
    assert "CRITICAL - no run for 20 min" in watched.look("health").stdout


def test_a_monitoring_user_sees_what_a_killed_run_has_left(watched, db):
    watched.run()
    with contextlib.closing(sqlite3.connect(watched.state / "ledger.db")) as ledger:
        ledger.execute("UPDATE run SET started = started - 1200")
        ledger.commit()
        kept = {name: (watched.state / name).read_bytes() for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm")}
    for name, content in kept.items():
        (watched.state / name).write_bytes(content)
    assert "CRITICAL - no run for 20 min" in watched.look("health").stdout
    (watched.state / "ledger.db-shm").unlink()  # without this file, a user who may not write cannot read the WAL
    done = watched.look("health")
    assert (done.returncode, done.stdout[:10]) == (3, "UNKNOWN - ")


def test_a_monitoring_user_waits_for_a_ledger_that_another_program_has_locked(watched, db):
    """Goal: the answer is not UNKNOWN if a maintenance job locks the ledger for a second."""
    watched.run()
    ledger = watched.state / "ledger.db"
    with contextlib.closing(sqlite3.connect(ledger, isolation_level=None, check_same_thread=False)) as other:
        other.execute("SELECT count(*) FROM run").fetchall()
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("UPDATE run SET started = started")

        def let_go():
            other.execute("PRAGMA locking_mode = NORMAL")
            other.execute("SELECT count(*) FROM run").fetchall()  # only then is the lock released

        timer = threading.Timer(1, let_go)
        timer.start()
        done = watched.look("health")
        timer.join()
    assert done.stdout.startswith("OK - last run"), done.stdout


def test_a_state_that_a_monitoring_user_may_not_read_is_unknown(watched, db):
    watched.run()
    (watched.state / "ledger.db").chmod(stat.S_IRUSR | stat.S_IWUSR)
    done = watched.look("health")
    assert (done.returncode, done.stdout[:10]) == (3, "UNKNOWN - ")
    (watched.state / "ledger.db").chmod(0o640)
    watched.state.chmod(0o700)
    done = subprocess.run(["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                           str(program("SYNC_BINARY", "build/did-optimizer-sync")), "--state-dir", str(watched.state),
                           "health"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout[:10]) == (3, "UNKNOWN - ") and "as a member of its group" in done.stdout


def test_a_monitoring_user_who_looks_while_runs_come_and_go_sees_a_whole_ledger(watched, db):
    """Goal: the copy of a ledger without a WAL is never a mixture of old and new pages."""
    watched.run()
    stop = threading.Event()
    path = watched.state / "ledger.db"

    def churn():
        number = 0
        while not stop.is_set():
            number += 1
            # closing the ledger moves the WAL into it
            with contextlib.closing(sqlite3.connect(path, timeout=10)) as ledger:
                ledger.execute("INSERT INTO run (kind, started, finished, exit_code, unsent, message) VALUES "
                               "('poll', unixepoch(), unixepoch(), 0, 0, ?)", ("x" * 9000 + str(number),))
                ledger.commit()
            for file in watched.state.iterdir():
                with contextlib.suppress(FileNotFoundError):
                    os.chown(file, 0, NOBODY)
                    os.chmod(file, 0o640)
            time.sleep(0.02 if number % 5 else 0.2)

    worker = threading.Thread(target=churn)
    worker.start()
    try:
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                   str(program("SYNC_BINARY", "build/did-optimizer-sync")), "--state-dir", str(watched.state), "health"]
        watched.state.chmod(0o750)
        os.chown(watched.state, 0, NOBODY)
        said = [subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
                for _ in range(25)]
    finally:
        stop.set()
        worker.join()
    assert all(line.startswith(("OK - last run", "UNKNOWN - ")) for line in said), said
    assert watched.look("health").stdout.startswith("OK - last run")
