"""The command line: help, usage errors, and the options that change what a run does."""
import contextlib
import fcntl
import json
import re
import subprocess
import time

import pytest

from harness.process import ROOT, program

NOBODYS_PORT = "http://127.0.0.1:1"


def everything(sync):
    """All files of the installation: the content or the kind of each path."""
    return {str(path): path.read_bytes() if path.is_file() else "directory" for path in sync.directory.rglob("*")}


@contextlib.contextmanager
def locked(sync):
    with (sync.state / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# ---- words ----

def bare(*args):
    """Runs the program with these words only, and without the test's files."""
    return subprocess.run([program("SYNC_BINARY", "build/did-optimizer-sync"), *args], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", timeout=30)


def test_help_names_every_command_and_option():
    done = bare("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("run", "check", "checkpoint show", "checkpoint set", "checkpoint reset", "--dry-run", "--cron",
                 "--astguiclient", "--dids", "--config", "--state-dir", "--log", "--help", "--version",
                 "/etc/astguiclient.conf", "/etc/asterisk/dids.conf", "/etc/did-optimizer-sync.conf",
                 "/var/lib/did-optimizer-sync", "/var/log/did-optimizer-sync.log",
                 "64", "69", "70", "74", "75", "77", "78"):
        assert word in done.stdout


def test_short_options_and_the_command_help():
    """-h, help and --help print the same help."""
    for same in (["-h"], ["help"], ["--help", "nonsense"]):
        assert bare(*same).stdout == bare("--help").stdout
    assert bare("-V").stdout == bare("--version").stdout


@pytest.mark.parametrize("words, own, others", [
    (["failed"], ["retry", "failed drop", "failed restore", "WHICH is", "--yes", "--json"], ["backfill", "--cron"]),
    (["failed", "drop"], ["failed drop", "WHICH is", "--yes"], ["retry", "--json", "--every"]),
    (["backfill"], ["--from WHEN", "--campaign", "--force"], ["--days", "--yes", "reconcile   "]),
    (["check"], ["test configuration"], ["checkpoint", "WHICH is"]),
    (["checkpoint", "set"], ["'N minutes|hours|days ago'"], ["checkpoint reset", "--force"]),
], ids=lambda value: " ".join(value))
def test_help_prints_one_command(words, own, others):
    done = bare("help", *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert [word for word in own if word not in done.stdout] == []
    assert [word for word in others if word in done.stdout] == []
    assert bare(*words, "--help").stdout == bare(*words, "-h").stdout == done.stdout


def test_the_version_is_that_of_the_source():
    version = re.search(r'#define VERSION "(.+)"', (ROOT / "poller/base/version.h").read_text()).group(1)
    done = bare("--version")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, f"did-optimizer-sync {version}")


@pytest.mark.parametrize("words, told", [
    (["--bogus"], "no option --bogus"), (["-x"], "no option -x"), (["-help"], "no option -e"), (["help", "me"], "'me'"),
    (["help", "failed", "list", "now"], "'now'"), (["failed", "now"], "'failed now'"),
    (["--log"], "--log needs a value"),
    (["frobnicate"], "'frobnicate'"), (["checkpoint"], "'checkpoint'"), (["checkpoint", "erase"], "'checkpoint erase'"),
    (["run", "now"], "'now'"), (["check", "all"], "'all'"), (["checkpoint", "set"], "needs an argument"),
    (["checkpoint", "set", "1", "hour", "ago"], "put quotes around"), (["checkpoint", "show", "all"], "'all'"),
    (["checkpoint", "set", "-5"], "-5"), (["check", "--dry-run"], "--dry-run"),
    (["checkpoint", "reset", "--cron"], "--cron"),
    ([""], "''")], ids=lambda value: " ".join(value) if isinstance(value, list) else None)
def test_a_wrong_command_line_is_refused_with_64(sync, words, told):
    before = everything(sync)
    done = sync.run(*words)
    assert (done.code, done.out) == (64, "")
    assert told in done.err and "see --help" in done.err and done.err.count("\n") == 1
    assert everything(sync) == before


def test_run_is_the_default_and_options_may_follow_it(sync, db, api):
    db.insert()
    other_log = sync.directory / "other.log"
    assert sync.run("run", "--log", other_log).code == 0
    assert len(api.recorded()) == 1 and "✅ Sync completed successfully" in other_log.read_text()


# ---- what a run says ----

def test_a_run_that_is_not_on_a_terminal_prints_nothing(sync, db):
    db.insert()
    done = sync.run()
    assert (done.code, done.out, done.err) == (0, "", "") and "✅ Sync completed successfully" in done.log


def test_log_minus_prints_the_log_to_the_terminal_only(sync, db):
    uniqueid = db.insert()
    done = sync.run("--log", "-")
    assert (done.code, done.err, done.log) == (0, "", "")
    assert f"✓ {uniqueid}: " in done.out and not (sync.directory / "-").exists()


def test_the_log_has_the_lines_that_operators_look_for(sync, db):
    uniqueid = db.insert(campaign_id="CAMP", phone_number="3125551212", status="SALE", length_in_sec=45)
    lines = sync.run().log.splitlines()
    stamp = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} (INFO |WARN |ERROR) "
    assert all(re.match(stamp, line) for line in lines)
    said = [re.sub(stamp, "", line) for line in lines]
    for want in [r"🚀 Starting call results sync\.\.\.", r"✅ Connected to VICIdial database", r"📅 Last check: .+",
                 r"📞 Found 1 new call results", re.escape(f"✓ {uniqueid}: CAMP/3125551212 → SALE (45s)"),
                 r"💾 Saved checkpoint: .+" + re.escape(uniqueid) + r"\)",
                 r"📊 Summary: 1 processed, 0 failed in \d+\.\d\ds", r"✅ Sync completed successfully"]:
        (place,) = [i for i, line in enumerate(said) if re.fullmatch(want, line)]  # each line once, in this order
        said = said[place + 1:]
    assert said == []


def test_a_json_log_has_one_object_a_line(sync, db):
    uniqueid = db.insert()
    sync.configure(config={"log": {"format": "json"}})
    entries = [json.loads(line) for line in sync.run().log.splitlines()]
    assert all(set(entry) == {"timestamp", "level", "logger", "message", "context"} for entry in entries)
    assert any(entry["message"].startswith(f"✓ {uniqueid}: ") for entry in entries)


def test_the_log_level_leaves_out_lesser_lines(sync, db):
    db.insert()
    sync.configure(config={"log": {"level": "error"}})
    assert sync.run().log == ""


def test_the_log_is_appended_to_and_private(sync):
    sync.run()
    first = sync.log_file.read_text()
    sync.run()
    assert sync.log_file.read_text().startswith(first) and len(sync.log_file.read_text()) > len(first)
    assert sync.log_file.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("spoil", [lambda path: path.mkdir(), lambda path: path.symlink_to("/dev/null"),
                                   lambda path: subprocess.run(["mkfifo", path], check=True)],
                         ids=["directory", "symbolic link", "named pipe"])
def test_a_log_that_is_no_file_is_left_alone_and_stops_no_run(sync, db, api, spoil):
    """Results matter more than the log. So the calls are sent, as when the log cannot be written."""
    call, odd = db.insert(), sync.log_file.with_name("odd.log")
    spoil(odd)
    before = odd.lstat()
    done = sync.run("--log", odd)
    assert done.code == 0 and "--log" in done.err and list(api.by_uniqueid()) == [call]
    assert (odd.lstat().st_mode, odd.lstat().st_ino) == (before.st_mode, before.st_ino)


# ---- --dry-run ----

def test_dry_run_shows_what_a_run_would_send_and_changes_nothing(sync, db, api):
    """This holds on a new installation, and later with a ledger."""
    expected = []
    for calls in ([{}, {"status": "DISPO"}, {"comments": "line\nend"}], [{}]):
        db.insert_many(calls)
        before = everything(sync)
        done = sync.run("--dry-run")
        assert done.code == 0 and api.state()["requests"] == 0
        assert everything(sync) == before
        shown = [json.loads(line) for line in done.out.splitlines()]
        assert sync.run().code == 0
        arrived = api.recorded()
        assert sorted(shown, key=str) == sorted(arrived, key=str) and len(arrived) == len([
            call for call in calls if call.get("status") != "DISPO"])
        expected += arrived
        api.clear()
    assert len(expected) == 3


def test_dry_run_says_what_it_does_apart_from_the_json(sync, db):
    db.insert_many([{}, {"status": "DISPO"}])
    done = sync.run("--dry-run")
    assert "Dry run: 1 would be sent, 1 waiting" in done.err and done.out.count("\n") == 1 and done.log == ""
    assert sync.run().code == 0  # now the ledger has the waiting call
    assert "Dry run: 0 would be sent, 1 waiting" in sync.run("--dry-run").err


def test_dry_run_needs_no_api_and_no_lock(sync, db, api):
    db.insert()
    sync.configure(dids={"api_base_url": NOBODYS_PORT})
    with locked(sync):
        done = sync.run("--dry-run")
    assert done.code == 0 and len(done.out.splitlines()) == 1


@pytest.mark.parametrize("content", ["garbage\n", "", None], ids=["damaged", "empty", "missing"])
def test_dry_run_leaves_even_a_bad_checkpoint_alone(sync, db, content):
    db.insert()
    sync.checkpoint_file.unlink()
    if content is not None:
        sync.checkpoint_file.write_text(content)
    before = everything(sync)
    done = sync.run("--dry-run")
    assert done.code == 0 and len(done.out.splitlines()) == 1 and everything(sync) == before


def test_dry_run_shows_pending_calls(sync, db, api):
    """An earlier run could not deliver these calls."""
    good, bad = db.insert_many([{}, {}])
    sync.configure(config={"sync": {"retry_base": 0}})
    api.rules([{"uniqueid": bad, "status": 503}])
    assert sync.run().code == 75
    time.sleep(2)  # until the call is due
    shown = [json.loads(line)["uniqueid"] for line in sync.run("--dry-run").out.splitlines()]
    assert shown == [bad] and api.by_uniqueid().keys() == {good}
    assert sync.ledger("SELECT state, attempts FROM call WHERE uniqueid = ?", bad) == [(2, 1)]


# ---- --cron ----

FAILURES = {
    "API down": {"dids": {"api_base_url": NOBODYS_PORT}},
    "key refused": {"dids": {"api_key": "wrong"}},
    "no key": {"dids": {"api_key": None}},
    "database out of reach": {"config": {"database": {"socket": "/nonexistent/mysql.sock"}}},
    "database refuses": {"astguiclient": {"VARDB_pass": "wrong"}},
}


@pytest.mark.parametrize("new", [True, False], ids=["new", "in use"])
@pytest.mark.parametrize("failure", FAILURES.values(), ids=list(FAILURES))
def test_cron_mails_once_when_it_breaks_and_once_when_it_works_again(sync, db, api, failure, new):
    good = {"dids": dict(sync.dids), "astguiclient": dict(sync.astguiclient),
            "config": {"database": dict(sync.config["database"])}}
    if not new:
        assert sync.run("--cron").out == ""
    db.insert_many([{}] * 2)  # if a single call failed, that call could be at fault
    sync.configure(**failure)
    printed = [sync.run("--cron") for _ in range(3)]
    assert [done.code for done in printed] == [printed[0].code] * 3 and printed[0].code in (69, 78)
    assert "does not work: " in printed[0].out and [done.out for done in printed[1:]] == ["", ""]
    assert "❌" in printed[2].log  # the log continues to say so
    sync.configure(**good)
    mended, later = sync.run("--cron"), sync.run("--cron")
    assert (mended.code, mended.out) == (0, "did-optimizer-sync works again.\n")
    assert (later.code, later.out) == (0, "")
    assert [done.err for done in [*printed, mended, later]] == [""] * 5
    assert len(api.recorded()) == 2


def test_cron_is_silent_when_calls_are_pending(sync, db, api):
    good, bad = db.insert_many([{}, {}])
    api.rules([{"uniqueid": bad, "status": 500}])
    done = sync.run("--cron")
    assert (done.code, done.out, done.err) == (75, "", "") and f"✗ {bad}: failed: HTTP 500" in done.log


# ---- one run at a time ----

@pytest.mark.parametrize("options", [[], ["--cron"]], ids=["by hand", "cron"])
def test_another_run_holds_the_lock(sync, db, api, options):
    db.insert()
    with locked(sync):
        done = sync.run(*options)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert len(done.log.splitlines()) == 1 and "Another run is at work" in done.log
    assert api.state()["requests"] == 0


def test_bad_settings_leave_the_state_of_a_run_at_work_alone(sync, db, api):
    """Goal: the note that a mail was sent is written under the lock, too. The ledger looks damaged here, as it may look
    while a run rebuilds it."""
    assert sync.run("--cron").code == 0
    sync.configure(dids={"api_key": None})
    for journal in ("ledger.db-wal", "ledger.db-shm"):
        (sync.state / journal).unlink(missing_ok=True)
    (sync.state / "ledger.db").write_bytes(b"half of a page" * 300)
    with locked(sync):
        before = sorted((path.name, path.read_bytes()) for path in sync.state.iterdir())
        done = sync.run("--cron")
        assert sorted((path.name, path.read_bytes()) for path in sync.state.iterdir()) == before
    assert (done.code, done.out, done.err) == (78, "", "") and "Another run is at work" in done.log
    later = sync.run("--cron")  # the mail comes when the lock is free
    assert later.code == 78 and later.out.startswith("did-optimizer-sync does not work: the configuration has")


def test_the_lock_of_a_dead_run_delays_no_run(sync, db, api):
    """The kernel releases a lock when its process ends. The file stays."""
    uniqueid = db.insert()
    api.rules([{"action": "hang", "times": 1}])
    first = sync.start()
    while api.state()["requests"] == 0:
        assert first.poll() is None
    first.kill()
    first.wait()
    assert (sync.state / "lock").exists()
    assert sync.run().code == 0 and list(api.by_uniqueid()) == [uniqueid]
