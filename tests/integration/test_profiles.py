"""Several tenants on one dialer: profiles, and the campaigns that each profile selects."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import tempfile
import time

import pytest

from harness.api import Api
from harness.process import program, until
from harness.sync import Sync

KEY = "the-tenants-own-key"


class Tenant:
    """A profile of an installation, in the directory that --all-profiles reads."""

    def __init__(self, sync, name, api, key=None, **settings):
        self.sync, self.name = sync, name
        self.directory = sync.directory / "did-optimizer-sync.d"
        self.directory.mkdir(exist_ok=True)
        self.state = sync.state / "profiles" / name
        self.log_file = sync.directory / f"did-optimizer-sync-{name}.log"
        (sync.directory / f"dids-{name}.conf").write_text(
            f"[general]\napi_base_url = {api.url}\napi_key = {key or api.api_key}\n")
        self.configure(**settings)

    def configure(self, **settings):
        database = self.sync.config.get("database", {})
        sections = {"sync": {"settle": 0, "splay": 0, **settings}, "database": database}
        (self.directory / f"{self.name}.conf").write_text("".join(
            f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())
            for section, values in sections.items()))

    def enable(self):
        """Does what `--profile NAME enable` does."""
        self.state.mkdir(parents=True)
        (self.state / "enabled").write_text("yes\n")

    def log(self):
        return self.log_file.read_text() if self.log_file.exists() else ""

    def states(self):
        with contextlib.closing(sqlite3.connect(self.state / "ledger.db")) as ledger:
            return dict(ledger.execute("SELECT uniqueid, state FROM call"))


@pytest.fixture
def other_api():
    with Api(api_key=KEY) as server:
        yield server


@pytest.fixture
def every_profile(sync):
    """The arguments for a run of every profile."""
    return "run", "--all-profiles", "--profiles-dir", sync.directory / "did-optimizer-sync.d"


def received(api):
    return sorted(api.by_uniqueid())


# ---- profiles ----

def test_each_tenant_has_its_own_settings_key_state_and_log(sync, db, api, other_api, every_profile):
    ours, theirs = db.insert(), db.insert(campaign_id="ACME")
    sync.configure(config={"sync": {"exclude_campaigns": "ACME"}})
    acme = Tenant(sync, "acme", other_api, campaigns="acme")
    run = sync.run(*every_profile)
    assert (run.code, run.out, run.err) == (0, "", "")
    assert (received(api), received(other_api)) == ([ours], [theirs])
    assert f"✓ {ours}" in run.log and f"✓ {theirs}" not in run.log
    assert f"✓ {theirs}" in acme.log() and f"✓ {ours}" not in acme.log()
    assert list(acme.states()) == [theirs]
    for name in ("ledger.db", "checkpoint", "lock"):
        assert (acme.state / name).exists()
    again = db.insert(campaign_id="ACME")
    assert sync.run(*every_profile).code == 0
    assert received(other_api) == sorted([theirs, again]) and len(other_api.recorded()) == 2


def test_a_call_belongs_to_each_profile_that_selects_it(sync, db, api, other_api, every_profile):
    call = db.insert(campaign_id="ACME")
    Tenant(sync, "acme", other_api, campaigns="ACME")
    Tenant(sync, "all", other_api)
    assert sync.run(*every_profile).code == 0
    assert [[entry["uniqueid"] for entry in server.log()] for server in (api, other_api)] == [[call], [call, call]]


def test_a_slow_tenant_delays_no_other(sync, db, api, other_api, every_profile):
    """Tenants of one database do not become standby for each other."""
    call = db.insert()
    slow = Tenant(sync, "slow", other_api)
    other_api.rules([{"delay_ms": 4000}])
    running = sync.start(*every_profile)
    until(lambda: sync.log_file.exists() and "✅ Sync completed" in sync.log_file.read_text())
    assert received(api) == [call] and running.poll() is None and "Summary" not in slow.log()
    assert running.wait(30) == 0
    assert received(other_api) == [call]
    assert "standby" not in slow.log() + sync.log_file.read_text()


@pytest.mark.parametrize("first, second, worst", [
    ({}, {}, 0), ({"status": 500}, {}, 69), ({}, {"status": 500}, 69), ({"status": 429}, {}, 75),
    ({"status": 429}, {"status": 500}, 69), ({"status": 401}, {"status": 500}, 78)])
def test_the_exit_code_is_the_worst_of_all(sync, db, api, other_api, every_profile, first, second, worst):
    db.insert_many([{}] * 2)
    Tenant(sync, "acme", other_api)
    api.rules([first] if first else [])
    other_api.rules([second] if second else [])
    assert sync.run(*every_profile).code == worst


def test_bad_settings_of_one_tenant_delay_no_other(sync, db, api, other_api, every_profile):
    call = db.insert()
    bad = Tenant(sync, "bad", other_api, batch_size="many")
    good = Tenant(sync, "good", other_api)
    assert sync.run(*every_profile).code == 78
    assert received(api) == received(other_api) == [call]
    assert "batch_size" in bad.log() and "batch_size" not in good.log()
    err = sync.run(*every_profile).err
    assert "the run of the profile bad failed (exit 78)" in err
    errors = [line for line in err.splitlines() if " ERROR " in line]
    assert errors and all(" ERROR [bad] " in line for line in errors), err


def test_the_default_profile_is_left_out_where_it_has_no_key_but_others_have(sync, db, other_api, every_profile):
    call = db.insert()
    sync.configure(dids={"api_key": None})
    alone = sync.run(*every_profile)
    assert alone.code == 78 and "there is no API key" in alone.log
    Tenant(sync, "acme", other_api)
    run = sync.run(*every_profile)
    assert (run.code, run.log, received(other_api)) == (0, "", [call])


@pytest.mark.plain_only
def test_a_default_profile_with_a_wrong_line_is_not_left_out(sync, db, other_api, every_profile):
    """Its type needs no key, but with a typo nobody knows that."""
    sync.configure(dids={"api_key": None}, config={"sink": {"type": "recrods"}})
    Tenant(sync, "acme", other_api)
    run = sync.run(*every_profile)
    assert run.code == 78 and "there is no sink of the type 'recrods'" in run.log


def test_files_that_are_no_profiles_settings_are_left_alone(sync, db, other_api, every_profile):
    acme = Tenant(sync, "acme", other_api)
    for name in ("acme.conf.dpkg-old", ".hidden.conf", "a b.conf", ".conf", "README"):
        (acme.directory / name).write_text("nonsense\n")
    assert sync.run(*every_profile).code == 0
    assert [path.name for path in (sync.state / "profiles").iterdir()] == ["acme"]


def test_without_profiles_all_profiles_makes_a_single_run(sync, db, api, every_profile):
    call = db.insert()
    assert sync.run(*every_profile).code == 0
    assert received(api) == [call] and not (sync.state / "profiles").exists()


def test_a_profile_s_state_has_the_mode_of_the_directory_above(sync, db, other_api, every_profile):
    sync.state.chmod(0o770)
    acme = Tenant(sync, "acme", other_api)
    assert sync.run(*every_profile).code == 0
    for directory in (sync.state / "profiles", acme.state):
        assert directory.stat().st_mode & 0o7777 == 0o770


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_a_profile_s_state_has_the_owner_of_the_directory_above(db, api, other_api):
    nobody = 65534
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        sync = Sync(pathlib.Path(directory) / "host", db, api)
        os.chown(sync.state, nobody, nobody)
        acme = Tenant(sync, "acme", other_api)
        sync.config_file.chmod(0o600)
        sync.run("run", "--all-profiles", "--profiles-dir", acme.directory)
        for path in (sync.state / "profiles", acme.state, acme.state / "lock"):
            assert (path.stat().st_uid, path.stat().st_gid) == (nobody, nobody), path
        # That owner may have made a link there, so root must not follow it.
        shutil.rmtree(sync.state / "profiles")
        elsewhere = pathlib.Path(directory) / "elsewhere"
        (elsewhere / "acme").mkdir(parents=True)
        (sync.state / "profiles").symlink_to(elsewhere)
        assert sync.run("run", "--all-profiles", "--profiles-dir", acme.directory).code != 0
        assert list((elsewhere / "acme").iterdir()) == []


def test_a_signal_is_passed_on(sync, db, api, other_api, every_profile):
    db.insert_many([{} for _ in range(200)])
    acme = Tenant(sync, "acme", other_api)
    for server in (api, other_api):
        server.rules([{"delay_ms": 200}])
    running = sync.start(*every_profile)
    until(lambda: len(api.log()) >= 3 and len(other_api.log()) >= 3)
    running.send_signal(signal.SIGTERM)
    assert running.wait(20) == 75
    assert "stopped by a signal" in acme.log() and "stopped by a signal" in sync.log_file.read_text()


def test_a_run_of_all_profiles_ends_although_its_parent_ignores_sigchld(sync, db, api, other_api, every_profile,
                                                                        tmp_path, monkeypatch):
    """A parent that ignores SIGCHLD, as some supervisors do, passes that on; SIGTERM was blocked too."""
    theirs = db.insert(campaign_id="ACME")
    Tenant(sync, "acme", other_api)
    script = tmp_path / "supervisor"
    script.write_text(f"""#!/usr/bin/python3
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGCHLD])
os.execv("{program("SYNC_BINARY", "build/did-optimizer-sync")}", sys.argv)
""")
    script.chmod(0o755)
    monkeypatch.setenv("SYNC_BINARY", str(script))
    assert sync.run(*every_profile).code == 0  # once it waited forever
    assert received(other_api) == [theirs]
    db.insert_many([{} for _ in range(200)])
    other_api.rules([{"delay_ms": 200}])
    running = sync.start(*every_profile)
    until(lambda: len(other_api.log()) >= 4)
    running.terminate()
    assert running.wait(20) == 75


def test_all_profiles_can_run_in_a_loop(sync, db, api, other_api, every_profile):
    acme = Tenant(sync, "acme", other_api)
    acme.enable()
    broken = Tenant(sync, "broken", other_api, batch_size="many")
    broken.enable()
    running = sync.start(*every_profile, "--every", "1")
    for _ in range(2):
        call = db.insert()
        until(lambda: call in api.by_uniqueid() and call in other_api.by_uniqueid())
    until(lambda: "batch_size" in broken.log())
    running.terminate()
    _, err = running.communicate(timeout=20)
    assert running.returncode == 0
    assert " ERROR [broken] " in err and err.count(" ERROR ") == err.count(" ERROR [broken] "), err
    assert "standby" not in acme.log()


def test_the_mail_of_cron_names_the_profile(sync, db, api, other_api, every_profile):
    Tenant(sync, "acme", other_api).enable()
    assert sync.run(*every_profile, "--cron").out == ""
    db.insert_many([{}] * 2)
    other_api.rules([{"status": 500}])
    said = sync.run(*every_profile, "--cron").out
    assert said.startswith("did-optimizer-sync --profile acme does not work: ")
    other_api.rules([])
    assert sync.run(*every_profile, "--cron").out == "did-optimizer-sync --profile acme works again.\n"


@pytest.mark.plain_only
def test_every_command_that_a_message_names_is_the_profile_s(sync, db, api):
    (sync.directory / "acme.conf").write_text(sync.config_file.read_text())
    words = ("--profile", "acme", "--profiles-dir", sync.directory)
    said = [sync.run(*words, *command) for command in (
        ["run"], ["disable"], ["status"], ["failed", "retry", "1.1"], ["failed", "drop", "--all"],
        ["failed", "restore", "--all"], ["recordings", "why", "1.1"], ["recordings", "retry", "1.1"])]
    text = "".join(done.out + done.err + done.log for done in said)
    named = re.findall(r"did-optimizer-sync((?: --profile \w+)?) (?:enable|failed|why|recordings)\b", text)
    assert len(named) > 6 and set(named) == {" --profile acme"}, text


def test_named_paths_win_over_a_profiles_own(sync, db, api):
    """Each command line of this test names the paths."""
    call = db.insert()
    assert sync.run("--profile", "acme").code == 0
    assert received(api) == [call] and sync.checkpoint().endswith(call)
    assert sync.run("--profile", "acme", "status").code == 0


@pytest.mark.parametrize("args, code, said", [
    (["--profile", "a/b"], 64, "'a/b' is no profile name"), (["--profile", ""], 64, "'' is no profile name"),
    (["--profile", "x" * 33, "status"], 64, "is no profile name"),
    (["--profile", "../x", "check"], 64, "is no profile"),
    (["--profile", "a", "--all-profiles"], 64, "--profile cannot be used with --all-profiles"),
    (["--dry-run", "--all-profiles"], 64, "--dry-run cannot be used with --all-profiles"),
    (["status", "--all-profiles"], 64, "--all-profiles cannot be used with status")])
def test_wrong_combinations_of_profile_options_are_refused(sync, args, code, said):
    done = sync.run(*args)
    assert done.code == code and said in done.err


@pytest.mark.parametrize("command", ["run", "check", "status", "failed list", "checkpoint show"])
def test_a_profile_without_settings_is_78_and_names_the_file(sync, command):
    sync.config_file.unlink()  # because this test names the file on the command line
    done = sync.run("--profile", "acme", *command.split())
    assert done.code == 78
    assert "there is no profile acme" in done.err and str(sync.config_file) in done.err


# ---- campaigns ----

def test_campaigns_that_are_not_selected_are_out_of_scope(sync, db, api):
    now = db.now()
    calls = {name: db.insert(campaign_id=name, end_epoch=now - 30) for name in ("SALES", "TEST", "OTHER")}
    db.insert(campaign_id="OTHER", status="DISPO")
    sync.configure(config={"sync": {"campaigns": "sales, TEST", "exclude_campaigns": "test"}})
    assert [json.loads(line)["campaignId"] for line in sync.run("--dry-run").out.splitlines()] == ["SALES"]
    assert sync.run().code == 0
    assert received(api) == [calls["SALES"]]
    assert sync.ledger("SELECT uniqueid FROM call") == [(calls["SALES"],)]  # and the other call is not waiting


def test_a_call_that_is_pending_or_waiting_is_forgotten_when_its_campaign_is_not_selected_any_more(sync, db, api):
    now = db.now()
    waiting = db.insert(campaign_id="GONE", status="DISPO", end_epoch=now - 30)
    pending = db.insert(campaign_id="GONE", end_epoch=now - 20)
    stays = db.insert(end_epoch=now - 10)
    api.rules([{"uniqueid": pending, "status": 500, "times": 1}])
    sync.configure(config={"sync": {"retry_base": 0}})
    assert sync.run().code == 75
    sync.configure(config={"sync": {"exclude_campaigns": "GONE"}})
    db.update(waiting, status="SALE")
    time.sleep(2.1)  # the pending calls are due a second later
    run = sync.run()
    assert run.code == 0
    for call in (waiting, pending):
        assert f"🗑 {call}: its campaign is not selected, forgotten" in run.log
    assert received(api) == [stays] and sync.ledger("SELECT uniqueid FROM call") == [(stays,)]


def test_accepted_calls_are_remembered_while_their_campaign_is_not_selected(sync, db, api):
    call = db.insert(campaign_id="SALES", end_epoch=db.now() - 10)
    sync.configure(config={"sync": {"sweep_interval": 1}})
    assert sync.run().code == 0
    db.update(call, status="DISPO")
    time.sleep(1.1)
    assert sync.run().code == 0  # the call is waiting again, because of the change
    sync.configure(config={"sync": {"exclude_campaigns": "SALES"}})
    db.update(call, status="SALE")
    assert sync.run().code == 0
    assert sync.ledger("SELECT uniqueid, state FROM call") == [(call, 1)]
    sync.configure(config={"sync": {"exclude_campaigns": None}})
    time.sleep(1.1)
    assert sync.run().code == 0
    assert len(api.by_uniqueid()[call]) == 1
