"""`run --every SECONDS` makes runs in a loop."""
import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile

import pytest

from harness.process import ROOT, until
from harness.sync import Sync


def log_of(sync):
    return sync.log_file.read_text() if sync.log_file.exists() else ""


def rounds(sync):
    return log_of(sync).count("📊 Summary")


def stop(loop):
    """Ends the process as systemd does. Returns the output of the process."""
    loop.terminate()
    out, err = loop.communicate(timeout=20)
    assert loop.returncode == 0
    return out, err


def test_calls_are_sent_as_they_end(sync, db, api):
    loop = sync.start("run", "--every", "1")
    for _ in range(3):
        call = db.insert()
        until(lambda: call in api.by_uniqueid())
    assert stop(loop) == ("", "")
    assert len(api.recorded()) == 3 and rounds(sync) >= 3


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_loop_stops_at_once(sync, db, how):
    loop = sync.start("run", "--every", "3600")
    until(lambda: rounds(sync) == 1)
    loop.send_signal(how)
    assert loop.wait(10) == 0
    assert rounds(sync) == 1


def test_a_signal_lets_the_requests_in_flight_end(sync, db, api):
    db.insert_many([{} for _ in range(300)])
    api.rules([{"delay_ms": 200}])
    loop = sync.start("run", "--every", "1")
    until(lambda: len(api.log()) >= 5)
    stop(loop)
    api.rules([])
    assert "stopped by a signal" in log_of(sync)
    assert len(sync.ledger("SELECT 1 FROM call WHERE state = 1")) == len(api.recorded()) < 300
    assert sync.run().code == 0
    assert len(api.by_uniqueid()) == 300 and all(len(entries) == 1 for entries in api.by_uniqueid().values())


def test_changed_settings_take_effect_in_the_next_round(sync, db, api):
    loop = sync.start("run", "--every", "1")
    until(lambda: rounds(sync) >= 1)
    sync.configure(config={"log": {"format": "json"}, "dispositions": {"XYZ": "busy"}})
    until(lambda: log_of(sync).splitlines()[-1].startswith("{"))
    call = db.insert(status="XYZ")
    until(lambda: call in api.by_uniqueid())
    assert api.recorded()[-1]["result"] == "busy"
    stop(loop)


def test_rounds_fail_while_settings_are_bad_and_succeed_afterwards(sync, db, api):
    loop = sync.start("run", "--every", "1")
    until(lambda: rounds(sync) >= 1)
    sync.configure(config={"sync": {"batch_size": "many"}})
    until(lambda: "batch_size" in log_of(sync))
    call = db.insert()
    done = rounds(sync)
    until(lambda: log_of(sync).count("batch_size") >= 3)
    assert rounds(sync) <= done + 1 and api.recorded() == []
    sync.configure(config={"sync": {"batch_size": None}})
    until(lambda: call in api.by_uniqueid())
    out, err = stop(loop)
    assert out == "" and "batch_size: 'many' is not a whole number" in err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_each_round_reads_settings_as_root_and_works_as_the_owner_of_the_state():
    """The database cannot be reached. The test looks at who reads the settings and who makes files."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        sync = Sync(pathlib.Path(directory) / "host")
        for path in (sync.state, sync.enabled_file):
            os.chown(path, 65534, 65534)
        settings = {"database": {"socket": "/nonexistent"}, "sync": {"batch_size": 500}}
        sync.configure(dids={"api_key": "k"}, config=settings)
        for path in (sync.config_file, sync.dids_file, sync.astguiclient_file):
            path.chmod(0o600)
        loop = sync.start("run", "--every", "1")
        try:
            until(lambda: log_of(sync).count("🚀") >= 2)
            owners = set()
            for path in sync.state.iterdir():
                with contextlib.suppress(FileNotFoundError):  # the ledger's journal disappears when a round ends
                    owners.add(path.stat().st_uid)
            assert owners == {65534}
            sync.configure(config={"sync": {"batch_size": "many"}})
            until(lambda: "batch_size: 'many' is not a whole number" in log_of(sync))
            stop(loop)
        finally:
            sync.close()


def test_the_log_is_opened_anew_for_each_round(sync, db):
    loop = sync.start("run", "--every", "1")
    until(lambda: rounds(sync) >= 1)
    sync.log_file.rename(sync.directory / "rotated")
    until(lambda: rounds(sync) >= 1)
    stop(loop)


def test_between_rounds_the_lock_is_free(sync, db):
    loop = sync.start("run", "--every", "3600")
    until(lambda: rounds(sync) == 1)
    assert "Another run" not in sync.run().log and rounds(sync) == 2
    stop(loop)


def test_a_round_leaves_nothing_behind(sync, db):
    loop = sync.start("run", "--every", "1")
    until(lambda: rounds(sync) >= 2)
    files = len(os.listdir(f"/proc/{loop.pid}/fd"))
    size = int(pathlib.Path(f"/proc/{loop.pid}/statm").read_text().split()[1])
    until(lambda: rounds(sync) >= 6)
    until(lambda: len(os.listdir(f"/proc/{loop.pid}/fd")) <= files)
    assert int(pathlib.Path(f"/proc/{loop.pid}/statm").read_text().split()[1]) <= size + 64  # pages
    stop(loop)


@pytest.mark.parametrize("args, said", [
    (["--every", "0"], "1 to 3600"), (["--every", "x"], "1 to 3600"), (["--every", "3601"], "1 to 3600"),
    (["--every"], "needs a value"), (["--every", "5", "--cron"], "--cron cannot be used with --every"),
    (["--every", "5", "--dry-run"], "--dry-run cannot be used with --every"),
    (["check", "--every", "5"], "--every cannot be used with check")])
def test_options_that_exclude_every_are_refused(sync, args, said):
    done = sync.run(*args)
    assert done.code == 64 and said in done.err


def test_systemd_understands_the_shipped_unit(tmp_path):
    """Goal: no setting is misspelt. systemd would only warn."""
    unit = tmp_path / "did-optimizer-sync.service"
    text = (ROOT / "packaging/examples/did-optimizer-sync.service").read_text()
    unit.write_text(text.replace("/usr/sbin/did-optimizer-sync", "/bin/true"))
    try:
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True,
                              timeout=60)
    except FileNotFoundError:
        pytest.skip("there is no systemd-analyze")
    assert [line for line in done.stderr.splitlines() if "did-optimizer-sync" in line] == []
    assert "run --every" in text
