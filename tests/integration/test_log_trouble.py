"""If the log cannot be opened or written, runs continue. Neither such a log nor a lost state causes a mail each
minute."""
import os
import socket
import sqlite3
import threading
import time

import pytest

from fault import shim
from harness.process import program

NAME = "did-optimizer-sync"
needs_shim = pytest.mark.skipif(shim.cannot_load() is not None, reason=str(shim.cannot_load()))


@pytest.fixture
def syslog(tmp_path, monkeypatch):
    """Catches what the program writes to syslog. Returns a function that returns the messages so far. The program runs
    in a mount namespace with another /dev, which has /dev/log and only the devices that the program needs."""
    if os.geteuid() != 0:
        pytest.skip("only root may have a /dev of its own")
    path, old, script = tmp_path / "log.socket", tmp_path / "dev", tmp_path / "with-syslog"
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(str(path))
    receiver.settimeout(0.1)
    old.mkdir()
    mounts = "".join(f"touch /dev/{name} && mount --bind {old}/{name} /dev/{name} && " for name in
                     ("null", "zero", "random", "urandom"))
    script.write_text(f"""#!/bin/sh
exec unshare --mount sh -c 'mount --rbind /dev {old} && mount -t tmpfs none /dev && {mounts} ln -s {path} /dev/log &&
    exec "$0" "$@"' "{program("SYNC_BINARY", f"build/{NAME}")}" "$@"
""")
    script.chmod(0o755)
    monkeypatch.setenv("SYNC_BINARY", str(script))
    got, over = [], threading.Event()

    def receive():  # reads continuously, as a syslog daemon does, because the socket has room for ten messages
        while True:
            try:
                got.append(receiver.recv(65536).decode("utf-8", "replace"))
            except TimeoutError:
                if over.is_set():
                    return

    reader = threading.Thread(target=receive)
    reader.start()

    def messages():
        time.sleep(0.3)  # now all sent messages have been received
        return got

    yield messages
    over.set()
    reader.join()
    receiver.close()


def no_directory(sync):
    return sync.directory / "missing" / "a.log"


def a_directory(sync):
    (sync.directory / "odd.log").mkdir()
    return sync.directory / "odd.log"


def a_link(sync):
    (sync.directory / "odd.log").symlink_to("/dev/null")
    return sync.directory / "odd.log"


TROUBLES = {"no directory": no_directory, "a directory": a_directory, "a link": a_link,
            "full disk": lambda sync: "/dev/full"}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=list(TROUBLES))
def test_calls_are_sent_and_cron_mails_once(sync, db, api, trouble):
    assert sync.run("--cron").out == ""
    log = trouble(sync)
    calls = [db.insert()]
    first = sync.run("--cron", "--log", log)
    assert first.code == 0 and first.err == ""
    assert first.out.startswith(f"{NAME}: could not ") and str(log) in first.out and "go to syslog" in first.out
    for _ in range(3):
        calls.append(db.insert())
        later = sync.run("--cron", "--log", log)
        assert (later.code, later.out, later.err) == (0, "", "")
    assert sorted(api.by_uniqueid()) == sorted(calls) and len(api.log()) == len(calls)
    assert sync.run("--cron").out == f"{NAME}: its log can be written again.\n"
    assert sync.run("--cron").out == ""


@needs_shim
@pytest.mark.parametrize("error", ["EROFS", "ENOSPC", "EDQUOT", "EACCES"])
def test_a_log_that_cannot_be_opened_for_any_reason_stops_nothing(sync, db, api, error):
    call = db.insert()
    strike = shim.Strike(sync, 1, error, kinds=("open",), lasting=0, root=sync.log_file)
    done = sync.run(env=strike.env)
    assert done.code == 0 and f"could not open the log {sync.log_file}: " in done.err
    assert list(api.by_uniqueid()) == [call] and done.log == ""


def test_the_lines_go_to_syslog_without_a_secret(sync, db, api, syslog):
    call = db.insert()
    assert sync.run("--cron", "--log", no_directory(sync)).code == 0
    said = "\n".join(syslog())
    assert list(api.by_uniqueid()) == [call]
    for words in ("could not open the log ", "🚀 Starting call results sync...", f"✓ {call}: ",
                  "📊 Summary: 1 processed"):
        assert words in said
    assert all(f" {NAME}[" in message for message in syslog())
    assert api.api_key not in said and "1234" not in said.replace(call, "")


@needs_shim
def test_lines_that_a_full_disk_does_not_take_go_to_syslog(sync, db, api, syslog):
    call = db.insert()
    assert sync.run("--cron").code == 0 and syslog() == []
    again = db.insert()
    strike = shim.Strike(sync, 1, "ENOSPC", kinds=("write",), lasting=0, root=sync.log_file)
    assert sync.run("--cron", env=strike.env).code == 0
    said = "\n".join(syslog())
    assert f"✓ {again}: " in said and f"✓ {call}: " not in said
    assert f"could not write the log {sync.log_file}: No space left on device" in said


def test_every_command_that_logs_goes_on_without_its_log(sync, db, api):
    log = no_directory(sync)
    call = db.insert()
    for command in (["run"], ["backfill", "--from", "1 day ago", "--to", "now"], ["reconcile"], ["enable"]):
        done = sync.run(*command, "--log", log)
        assert done.code == 0, (command, done)
    assert list(api.by_uniqueid()) == [call]


# ---- the state directory cannot record what was mailed ----

def newer_ledger(sync):

    with sqlite3.connect(sync.state / "ledger.db") as ledger:
        (version,) = ledger.execute("PRAGMA user_version").fetchone()
        ledger.execute("PRAGMA user_version = 99")

    def mend():
        with sqlite3.connect(sync.state / "ledger.db") as ledger:
            ledger.execute(f"PRAGMA user_version = {version}")
    return mend


def read_only_state(sync):
    sync.state.chmod(0o500)
    return lambda: sync.state.chmod(0o700)


def no_state(sync):
    aside = sync.directory / "aside"
    sync.state.rename(aside)
    return lambda: aside.rename(sync.state)


def full_state(sync):
    """The disk has no room for a checkpoint or a ledger. Existing files can be read."""
    for name in ("ledger.db-wal", "ledger.db-shm"):
        (sync.state / name).unlink(missing_ok=True)
    sync.state.chmod(0o500)
    for path in sync.state.iterdir():
        path.chmod(0o400)

    def mend():
        sync.state.chmod(0o700)
        for path in sync.state.iterdir():
            path.chmod(0o600)
    return mend


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a memory below /run")
@pytest.mark.parametrize("trouble", [newer_ledger, read_only_state, no_state, full_state],
                         ids=lambda trouble: trouble.__name__)
def test_a_state_that_cannot_be_used_is_mailed_once(sync, db, api, ordinary, trouble):
    assert sync.run("--cron").out == ""
    mend = trouble(sync)
    call = db.insert()
    runs = [sync.run("--cron") for _ in range(3)]
    assert runs[0].code in (74, 77, 78) and f"{NAME} does not work: " in runs[0].out
    assert [(run.code, run.out) for run in runs[1:]] == [(runs[0].code, "")] * 2 and api.log() == []
    mend()
    assert sync.run("--cron").out == f"{NAME} works again.\n"
    assert sync.run("--cron").out == ""
    assert list(api.by_uniqueid()) == [call]
