"""Cron's line and a service send nothing before the operator has enabled them."""
import json
import time

import pytest

from harness.process import until
from harness.sync import Sync

NAME = "did-optimizer-sync"
WAITS = f"⏸ Not enabled: cron sends no calls until you run `{NAME} enable`"


@pytest.fixture
def new(db, api, tmp_path):
    """A new installation: it has settings, but nobody has enabled it."""
    installation = Sync(tmp_path / "host", db, api, timezone=db.dialer.timezone, enabled=False)
    installation.configure(config={"sync": {"settle": 0, "splay": 0}})
    yield installation
    installation.close()


def word(sync):
    """The first word of the file, or None if there is no file."""
    return sync.enabled_file.read_text().split()[0] if sync.enabled_file.exists() else None


def test_cron_sends_nothing_before_it_is_enabled_and_everything_afterwards(new, db, api):
    call = db.insert(end_epoch=db.now() - 60)
    first = new.run("--cron")
    assert (first.code, first.out, first.err) == (0, "", "")
    assert first.log.count("\n") == 1 and WAITS in first.log
    for _ in range(2):  # the log does not get a line each minute
        later = new.run("--cron")
        assert (later.code, later.out, later.err, later.log) == (0, "", "", "")
    assert api.state()["requests"] == 0 and new.checkpoint() is None
    enabled = new.run("enable")
    assert enabled.code == 0 and "▶ Enabled" in enabled.log
    assert enabled.out == ("enabled: cron sends calls, starting with its next run\n"
                           "The first run starts 60 minutes back (first_run_lookback).\n")
    assert new.run("--cron").code == 0
    assert list(api.by_uniqueid()) == [call]


def test_missing_settings_send_no_mail_before_enable(new, api):
    new.configure(dids={"api_key": None})
    first, second = new.run("--cron"), new.run("--cron")
    assert (first.code, first.out, first.log.count("\n")) == (0, "", 1)
    assert (second.code, second.out, second.log) == (0, "", "")
    enabled = new.run("enable")
    assert enabled.code == 0 and "⚠ The configuration has a problem: " in enabled.out and "api_key" in enabled.out
    assert "does not work: " in new.run("--cron").out


def test_disable_stops_cron_and_enable_continues_without_a_loss(sync, db, api):
    sent = db.insert()
    assert sync.run("--cron").code == 0
    disabled = sync.run("disable")
    assert (disabled.code, disabled.out) == (
        0, f"disabled: cron sends no calls until you run `{NAME} enable`; no call is lost\n")
    assert "⏸ Disabled" in disabled.log
    waits = db.insert()
    for _ in range(2):
        done = sync.run("--cron")
        assert (done.code, done.out, done.log) == (0, "", "")
    assert list(api.by_uniqueid()) == [sent]
    assert "The next run continues from the checkpoint, " in sync.run("enable").out
    assert sync.run("--cron").code == 0
    assert sorted(api.by_uniqueid()) == sorted([sent, waits])


def test_a_run_by_hand_sends_and_says_that_cron_does_not(new, db, api):
    """The run leaves a ledger and a checkpoint. They must not make the program believe that cron was sending before."""
    by_hand = db.insert()
    done = new.run()
    assert done.code == 0 and list(api.by_uniqueid()) == [by_hand]
    assert done.log.splitlines()[-1].endswith(f"⚠ cron does not send calls yet; to start: {NAME} enable")
    db.insert()
    silent = new.run("--cron")
    assert (silent.code, silent.out, silent.log) == (0, "", "")
    assert list(api.by_uniqueid()) == [by_hand]
    new.run("enable")
    assert "cron does not send" not in new.run().log


def test_other_commands_do_not_enable_sending(new, db, api):
    db.insert(end_epoch=db.now() - 60)
    assert new.run("checkpoint", "set", "1 day ago").code == 0
    assert new.run("backfill", "--from", "2 days ago", "--to", "1 day ago").code == 0
    assert new.run("failed", "retry", "--all").code == 0
    assert new.run("--dry-run").code == 0 and word(new) is None
    assert WAITS in new.run("--cron").log
    assert api.log() == []


@pytest.mark.parametrize("spoil", [lambda sync: None, lambda sync: sync.checkpoint_file.unlink(),
                                   lambda sync: (sync.state / "ledger.db").write_bytes(b"no ledger" * 1000)],
                         ids=["whole", "no checkpoint", "damaged ledger"])
def test_an_older_installation_that_was_sending_continues(sync, db, api, spoil):
    """A state directory of a version without `enable` counts as enabled. The program records this in the file."""
    sync.run("--cron")
    for journal in ("ledger.db-wal", "ledger.db-shm"):
        (sync.state / journal).unlink(missing_ok=True)
    sync.enabled_file.unlink()
    spoil(sync)
    call = db.insert()
    assert sync.run("--cron").code == 0
    assert list(api.by_uniqueid()) == [call] and word(sync) == "yes"


def test_read_only_commands_show_an_older_installation_as_enabled(sync, db, api):
    sync.run("--cron")
    sync.enabled_file.unlink()
    assert json.loads(sync.run("status", "--json").out)["enabled"] is True
    assert sync.run("health").out.startswith("OK - ")
    assert word(sync) is None


def test_an_older_standby_stays_ready_to_take_over(sync, db, api):
    """The standby has sent nothing. Only the ledger's copy of the checkpoint shows that the standby was running."""
    with db.connect() as leader, leader.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, 0)", [db.leader_lock()])
        assert "standby" in sync.run("--cron").log
    sync.enabled_file.unlink()
    call = db.insert()
    assert sync.run("--cron").code == 0
    assert list(api.by_uniqueid()) == [call] and word(sync) == "yes"


def test_a_rebuilt_ledger_stays_enabled(sync, db, api):
    sync.run()
    sync.run("disable")
    for journal in ("ledger.db-wal", "ledger.db-shm"):
        (sync.state / journal).unlink(missing_ok=True)
    (sync.state / "ledger.db").write_bytes(b"no ledger" * 1000)
    db.insert()
    assert sync.run("--cron").log == "" and api.log() == []
    assert "was damaged" in sync.run().log
    assert word(sync) == "no"


def test_migration_from_the_older_script_is_one_step(new, db, api):
    now = db.now()
    new.legacy_file.write_text(f"{now - 7200}.123")
    db.insert(end_epoch=now - 7300)
    call = db.insert(end_epoch=now - 7100)
    new.run("--cron")
    assert api.log() == []
    said = new.run("enable").out
    assert "continues from where the older script stopped" in said and str(new.legacy_file) in said
    assert "AST_DID_optimizer_sync.pl" in said  # the older script is still writing the file
    assert new.run("--cron").code == 0
    assert list(api.by_uniqueid()) == [call]


def test_a_loop_waits_too_and_says_so_once_each_time_it_starts(new, db, api):
    new.run("--cron")
    call = db.insert()
    loop = new.start("run", "--every", "1")
    until(lambda: new.log_file.read_text().count(WAITS) == 2)
    time.sleep(2.5)
    assert new.log_file.read_text().count(WAITS) == 2 and api.log() == []
    assert new.run("enable").code == 0
    until(lambda: call in api.by_uniqueid())
    loop.terminate()
    assert loop.wait(20) == 0


def test_reconcile_by_cron_waits_too_and_by_hand_sends(new, db, api):
    db.insert()
    new.run()
    call = db.insert(end_epoch=db.now() - 1800)
    waiting = new.run("reconcile", "--cron")
    assert (waiting.code, waiting.out) == (0, "") and WAITS in waiting.log and len(api.log()) == 1
    new.run("reconcile")
    assert call in api.by_uniqueid()


def test_every_view_says_that_it_is_not_enabled(new, db, api):
    assert "not enabled" in new.run("status").out
    assert json.loads(new.run("status", "--json").out)["enabled"] is False
    health = new.run("health")
    assert health.code == 2 and health.out.startswith("CRITICAL - not enabled: ")
    verdict = new.run("check").out.splitlines()[-1]
    assert " verdict: READY" in verdict and verdict.endswith(f"; cron sends no calls until you run: {NAME} enable")
    new.run()
    assert new.run("health").code == 2  # a run by hand does not enable sending
    new.run("enable")
    assert new.run("health").code == 0
    assert "✓ sending: enabled" in new.run("check").out and "not enabled" not in new.run("status").out


def test_each_profile_is_enabled_by_itself(new, db, api):
    profile = ["--profile", "acme"]
    call = db.insert()
    state = new.directory / "acme-state"
    state.mkdir()
    of_acme = ["--state-dir", state, *profile]
    log = new.run("--cron", *of_acme).log
    assert f"`{NAME} --profile acme enable`" in log
    assert f"until you run `{NAME} --profile acme enable`" in new.run("disable", *of_acme).out
    assert f"until you run: {NAME} --profile acme enable" in new.run("check", *of_acme).out
    api.clear()
    assert new.run("enable", *of_acme).code == 0
    assert word(new) is None and (state / "enabled").read_text().startswith("yes\n")
    assert new.run("--cron").code == 0 and api.log() == []
    assert new.run("--cron", *of_acme).code == 0
    assert list(api.by_uniqueid()) == [call]


@pytest.mark.parametrize("content", ["", "maybe\n", "yes"], ids=["empty", "garbage", "by hand"])
def test_a_file_that_says_neither_sends_nothing_and_says_what_to_do(sync, db, api, content):
    sync.enabled_file.write_text(content)
    db.insert()
    done = sync.run("--cron")
    if content == "yes":
        assert done.code == 0 and len(api.log()) == 1
    else:
        assert done.code == 74 and "contains neither yes nor no" in done.out and f"{NAME} enable" in done.out
        assert api.log() == []
        assert sync.run("enable").code == 0 and sync.run("--cron").code == 0 and len(api.log()) == 1


def test_enable_needs_a_state_directory_that_can_be_written(new, ordinary):
    new.state.chmod(0o500)
    done = new.run("enable")
    assert done.code == 77 and str(new.state) in done.err
    new.state.chmod(0o700)
    new.state.rmdir()
    done = new.run("enable")
    assert done.code == 74 and "install -d" in done.err
