"""The checkpoint: every form that the program reads, damage, and the command that shows and changes the checkpoint."""
import contextlib
import datetime
import fcntl
import os
import re
import shlex
import shutil
import sqlite3
import stat
import time
import zoneinfo

import pytest

from harness.process import until


def ended(db, *seconds_ago):
    """Inserts a call for each age of its end, in seconds. Returns their uniqueids."""
    now = db.now()
    return db.insert_many([{"end_epoch": now - ago} for ago in seconds_ago])


def arrived(api):
    return sorted(api.by_uniqueid())


def run(sync, code=0):
    result = sync.run()
    assert result.code == code, result.log + result.err
    return result


def started_from(result):
    """The epoch from which the run continued, as the log says."""
    return int(re.search(r"📅 Last check: .*\((\d+)", result.log).group(1))


def local(epoch, timezone, form="%Y-%m-%d %H:%M:%S"):
    return datetime.datetime.fromtimestamp(epoch, zoneinfo.ZoneInfo(timezone)).strftime(form)


def kept_aside(sync):
    return [path for path in sync.state.iterdir() if path.name.startswith("checkpoint.damaged-")]


# ---- reading ----

FORMS = {
    "written by a run": "{epoch} {epoch}.77\n# for people, the last call\n",
    "pair, no line end": "{epoch} {epoch}.77",
    "bare epoch": "{epoch}\n",
    "blanks and CR LF": "  {epoch} \t\r\n",
    "blank line first": "\n{epoch}\n",
    "bare uniqueid": "{epoch}.000004711\n",
    "uniqueid with a system name": "pbx-1-{epoch}.77\n",
    "local time": "{local}\n",
    "local time, T": "{local_t}\n",
}


@pytest.mark.parametrize("timezone", ["America/New_York", "Europe/Berlin", "UTC"])
@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_every_form_is_read_on_a_host_anywhere(sync, db, api, form, timezone):
    """The database's server is in New York. Calls that ended before the checkpoint are out of scope, later calls are
    not."""
    sync.timezone = timezone
    point = db.now() - 1800
    db.insert(end_epoch=point - 30)
    after = db.insert(end_epoch=point + 30)
    sync.checkpoint_file.write_text(form.format(epoch=point, local=local(point, timezone),
                                                local_t=local(point, timezone, "%Y-%m-%dT%H:%M:%S")))
    result = run(sync)
    assert arrived(api) == [after]
    assert started_from(result) == point and kept_aside(sync) == []
    assert sync.checkpoint() == f"{point + 30} {after}"


def test_a_time_needs_no_seconds(sync, db, api):
    before, after = ended(db, 1900, 1700)
    sync.set_checkpoint(local(db.now() - 1800, sync.timezone, "%Y-%m-%d %H:%M"))
    run(sync)
    assert arrived(api) == [after]


def test_of_calls_with_the_same_end_the_uniqueid_decides(sync, db, api):
    end = db.now() - 1000
    db.insert_many([{"uniqueid": f"1700000000.{i}", "end_epoch": end} for i in (1, 2, 3)])
    sync.set_checkpoint(f"{end} 1700000000.2")
    run(sync)
    assert arrived(api) == ["1700000000.3"]


@pytest.mark.parametrize("uniqueid", ["\x01", " 17"], ids=["control character", "blank"])
def test_a_uniqueid_that_the_file_cannot_hold_as_it_is_puts_nothing_out_of_scope(sync, db, api, uniqueid):
    now = db.now()
    db.insert(uniqueid=uniqueid, start_epoch=now - 60, end_epoch=now - 20)
    run(sync)
    late = db.insert(end_epoch=now - 100)
    assert "set forward" not in run(sync).log
    assert arrived(api) == sorted([uniqueid, late])


def test_the_file_has_one_line_and_a_comment_and_is_private(sync, db, timezone="Europe/Berlin"):
    """The file has one line for the program and a comment for people. No temporary file is left, and other users cannot
    read it."""
    sync.timezone = timezone
    (uniqueid,) = ended(db, 60)
    run(sync)
    end = db.row(uniqueid)["end_epoch"]
    first, second, rest = sync.checkpoint_file.read_text().split("\n")
    assert first == f"{end} {uniqueid}" and rest == ""
    assert second.startswith(f"# {local(end, timezone, '%Y-%m-%d %H:%M:%S %z')}")
    assert sorted(os.listdir(sync.state)) == ["checkpoint", "enabled", "ledger.db", "lock"]
    assert stat.S_IMODE(sync.checkpoint_file.stat().st_mode) == 0o640


# ---- missing and damaged ----

def forget(sync):
    sync.checkpoint_file.unlink()


@pytest.mark.parametrize("spoil", [forget, lambda sync: sync.checkpoint_file.write_text("")], ids=["missing", "empty"])
def test_without_a_checkpoint_a_run_uses_the_ledger_or_starts_one_hour_back(sync, db, api, spoil):
    """Without a ledger, a run starts one hour back. Later runs continue from the ledger's copy."""
    spoil(sync)
    too_old, in_time = ended(db, 3700, 3500)
    result = run(sync)
    assert arrived(api) == [in_time]
    assert abs(started_from(result) - (db.now() - 3600)) < 10
    spoil(sync)
    (late,) = ended(db, 10)
    result = run(sync)
    assert arrived(api) == [in_time, late] and len(api.log()) == 2
    assert started_from(result) == db.row(in_time)["end_epoch"]
    assert "❌" not in result.log and kept_aside(sync) == []


def test_the_lookback_is_a_setting(sync, db, api):
    forget(sync)
    sync.configure(config={"sync": {"first_run_lookback": 900}})
    too_old, in_time = ended(db, 1000, 800)
    run(sync)
    assert arrived(api) == [in_time]


def a_directory(sync):
    sync.checkpoint_file.unlink()
    sync.checkpoint_file.mkdir()


def with_content(content):
    return lambda sync: sync.checkpoint_file.write_bytes(content)


DAMAGE = {
    "garbage": with_content(b"lorem ipsum\n"),
    "zero bytes": with_content(b"\0" * 64),
    "binary": with_content(bytes(range(1, 256))),
    "cut off": with_content(b"17\n"),
    "a number without end": with_content(b"9" * 400 + b"\n"),
    "another word": with_content(b"now\n"),
    "no such day": with_content(b"2024-02-30 12:00:00\n"),
    "before all calls": with_content(b"0 0.0\n"),
    "negative": with_content(b"-5\n"),
    "too long": with_content(b"# comment\n" * 1000),
    "the future": lambda sync: sync.set_checkpoint(f"{int(time.time()) + 7200} 1700000000.1"),
    "a future local time": lambda sync: sync.set_checkpoint(local(time.time() + 7200, sync.timezone)),
    "directory": a_directory,
}


@pytest.mark.parametrize("spoil", DAMAGE.values(), ids=list(DAMAGE))
def test_a_damaged_checkpoint_is_renamed_and_the_ledgers_copy_used(sync, db, api, spoil):
    first, = ended(db, 1200)
    run(sync)
    spoil(sync)
    was = sync.checkpoint_file.is_file() and sync.checkpoint_file.read_bytes()
    (second,) = ended(db, 10)
    result = run(sync)
    assert arrived(api) == [first, second] and len(api.log()) == 2
    assert started_from(result) == db.row(first)["end_epoch"]
    (aside,) = kept_aside(sync)
    assert (aside.is_file() and aside.read_bytes()) == was
    errors = [line for line in result.log.splitlines() if " ERROR ❌ " in line]
    assert len(errors) == 2 and str(aside) in errors[1]
    assert sync.checkpoint() == f"{db.row(second)['end_epoch']} {second}"
    assert "❌" not in run(sync).log  # the log says so only once


@pytest.mark.parametrize("spoil", [DAMAGE["garbage"], DAMAGE["before all calls"], a_directory])
def test_status_says_that_the_checkpoint_is_damaged(sync, db, spoil):
    run(sync)
    spoil(sync)
    line, = re.findall(r"^checkpoint .*", sync.run("status").out, re.MULTILINE)
    assert "damaged" in line and "the next run continues from the ledger's copy" in line and "none yet" not in line
    run(sync)
    line, = re.findall(r"^checkpoint .*", sync.run("status").out, re.MULTILINE)
    assert line.endswith(" ago") and "damaged" not in line


def test_with_a_damaged_checkpoint_a_new_installation_starts_one_hour_back(sync, db, api):
    too_old, in_time = ended(db, 3700, 3500)
    sync.set_checkpoint("lorem ipsum")
    run(sync)
    assert arrived(api) == [in_time] and len(kept_aside(sync)) == 1


def test_a_future_checkpoint_that_a_run_wrote_is_no_damage(sync, db, api):
    """The clock was set back after a run. That run's checkpoint is not damaged, and runs continue from the present
    time."""
    first, = ended(db, 30)
    run(sync)
    future = f"{db.now() + 7200} 1800000000.1"
    with contextlib.closing(sqlite3.connect(str(sync.state / "ledger.db"))) as ledger:
        ledger.execute("UPDATE note SET number = ?, text = ? WHERE name = 'checkpoint'", future.split())
        ledger.commit()
    sync.set_checkpoint(future)
    (second,) = ended(db, 0)
    result = run(sync)
    assert arrived(api) == [first, second] and len(api.log()) == 2
    assert "❌" not in result.log and kept_aside(sync) == []
    assert int(sync.checkpoint().split()[0]) <= db.now()


def test_a_symbolic_link_is_refused(sync, db, api, tmp_path):
    ended(db, 10)
    target = tmp_path / "target"
    target.write_text("1700000000\n")
    forget(sync)
    sync.checkpoint_file.symlink_to(target)
    result = run(sync, code=74)
    assert "symbolic link" in result.log and "checkpoint set" in result.log
    assert api.state()["requests"] == 0 and target.read_text() == "1700000000\n"
    assert sync.run("checkpoint", "show").code == 74
    assert sync.run("checkpoint", "set", "1 hour ago").code == 0  # the remedy
    assert not sync.checkpoint_file.is_symlink() and target.read_text() == "1700000000\n"
    run(sync)
    assert len(arrived(api)) == 1


@pytest.mark.parametrize("path, mode", [("state", 0o555), ("checkpoint_file", 0)], ids=["state directory", "file"])
def test_state_that_may_not_be_used_stops_the_run_before_anything_is_sent(sync, db, api, ordinary, path, mode):
    ended(db, 10)
    before = sync.checkpoint_file.read_text()
    getattr(sync, path).chmod(mode)
    result = run(sync, code=77)
    getattr(sync, path).chmod(0o755)
    assert str(getattr(sync, path)) in result.log and "Permission denied" in result.log
    assert api.state()["requests"] == 0 and sync.checkpoint_file.read_text() == before


def test_a_ledger_that_cannot_be_written_stops_the_run_before_anything_is_sent(sync, db, api, ordinary):
    run(sync)
    ended(db, 10)
    (sync.state / "ledger.db").chmod(0o444)
    result = run(sync, code=74)
    assert "ledger.db" in result.log and api.state()["requests"] == 0


# ---- checkpoint show ----

def test_show_prints_the_checkpoint_and_its_age(sync, db):
    point = db.now() - 500
    sync.timezone = "Europe/Berlin"
    sync.set_checkpoint(f"{point} 1700000000.7")
    shown = sync.run("checkpoint", "show")
    assert (shown.code, shown.err) == (0, "")
    assert f"{local(point, 'Europe/Berlin', '%Y-%m-%d %H:%M:%S %z')} ({point} 1700000000.7), 50" in shown.out


def test_show_changes_nothing(sync):
    for spoil, code, word in ((lambda: None, 0, "ago"), (lambda: sync.set_checkpoint("garbage"), 74, "garbage"),
                              (lambda: forget(sync), 0, "no checkpoint")):
        spoil()
        before = {path.name: path.read_bytes() for path in sync.state.iterdir()}
        shown = sync.run("checkpoint", "show")
        assert shown.code == code and word in shown.out + shown.err
        assert {path.name: path.read_bytes() for path in sync.state.iterdir()} == before


# ---- checkpoint set ----

@pytest.mark.parametrize("timezone", ["America/New_York", "Europe/Berlin"])
@pytest.mark.parametrize("when, ago", [
    ("now", 0), ("30 seconds ago", 30), ("90 minutes ago", 5400), ("1 hour ago", 3600), ("2 hours ago", 7200),
    ("3 days ago", 259200), ("{epoch}", 4000), ("{local}", 4000), ("{printed}", 4000), ("{iso}", 4000),
    ("{epoch}.123", 4000), ("pbx-{epoch}.123", 4000), ("{epoch} 1700000000.7", 4000)])
def test_set_accepts_each_form_of_a_time(sync, timezone, when, ago):
    sync.timezone = timezone
    expected = int(time.time()) - ago
    done = sync.run("checkpoint", "set", when.format(
        epoch=expected, local=local(expected, timezone), printed=local(expected, timezone, "%Y-%m-%d %H:%M:%S %z"),
        iso=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expected))))
    epoch = int(sync.checkpoint().split()[0])
    assert (done.code, done.err) == (0, "") and 0 <= epoch - expected <= 5
    assert local(epoch, timezone) in done.out
    assert local(epoch, timezone) in sync.run("checkpoint", "show").out


@pytest.mark.parametrize("timezone", ["America/New_York", "Europe/Berlin"])
@pytest.mark.parametrize("when, days", [("today", 0), ("yesterday", 1)])
def test_set_accepts_a_day(sync, timezone, when, days):
    sync.timezone = timezone
    today = datetime.datetime.now(zoneinfo.ZoneInfo(timezone)).date()
    assert sync.run("checkpoint", "set", when).code == 0
    epoch = int(sync.checkpoint().split()[0])
    assert local(epoch, timezone) == f"{today - datetime.timedelta(days=days)} 00:00:00"


@pytest.mark.parametrize("when, word", [
    ("{epoch}", "future"), ("{epoch}.5", "future"), ("{local}", "future"), ("tomorrow", "understand"),
    ("", "understand"), ("12:00", "understand"), ("1 fortnight ago", "understand"), ("1 hour", "understand"),
    ("1 hour ago or so", "understand"),
    ("2024-13-01 00:00:00", "understand"), ("2024-02-30 12:00:00", "understand"), ("2024-10-24 25:00:00", "understand"),
    ("2024-10-24 12:00:00 extra", "understand"), ("12", "before the year 2000"), ("9" * 40, "understand"),
    ("1999-12-31 23:59:59", "understand"), ("now; rm -rf /", "understand")])
def test_set_refuses_other_words(sync, when, word):
    before = sync.checkpoint_file.read_bytes()
    future = int(time.time()) + 3600
    done = sync.run("checkpoint", "set", when.format(epoch=future, local=local(future, sync.timezone)))
    assert (done.code, done.out) == (64, "") and word in done.err
    assert sync.checkpoint_file.read_bytes() == before


def test_set_waits_for_a_run_to_end(sync):
    before = sync.checkpoint()
    with (sync.state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        setting = sync.start("checkpoint", "set", "now")
        time.sleep(0.6)
        assert setting.poll() is None and sync.checkpoint() == before
    assert setting.wait(20) == 0 and sync.checkpoint() != before


def test_set_waits_as_long_as_the_settings_let_a_run_take(sync, db, api):
    """A run writes into its lock file how long the run may take. Other commands wait for that time; see test_lock.c."""
    sync.configure(config={"sync": {"time_budget": 300}})
    ended(db, 10)
    api.rules([{"delay_ms": 3000}])
    working = sync.start()
    until(lambda: api.log() or working.poll() is not None)
    said = int((sync.state / "lock").read_text())
    setting = sync.start("checkpoint", "set", "now", "--yes")
    assert 300 < said < 400
    assert working.wait(60) == 0
    said, err = setting.communicate(timeout=20)
    assert (setting.returncode, err) == (0, "")
    first, _, second = said.partition("another run finished just now; the checkpoint after that run:\n")
    assert first.startswith("1 finished call is skipped")  # the ledger as it was before the run had sent the call
    assert second.startswith("no finished call is skipped")


def test_set_names_a_missing_state_directory(sync):
    shutil.rmtree(sync.state)
    done = sync.run("checkpoint", "set", "now")
    assert done.code == 74 and f"install -d -m 0750 {sync.state}" in done.err


def test_set_forward_puts_older_calls_out_of_scope_and_back_brings_them_in(sync, db, api):
    """No call that the API has accepted is sent again."""
    sync.configure(config={"sync": {"sweep_interval": 1}})
    known, = ended(db, 3000)
    run(sync)
    skipped, wanted = ended(db, 1000, 100)
    assert sync.run("checkpoint", "set", "10 minutes ago").code == 0
    assert "set forward" in run(sync).log
    assert arrived(api) == [known, wanted]
    time.sleep(1.1)  # so that the run sweeps, too
    assert "set forward" not in run(sync).log
    assert arrived(api) == [known, wanted]
    assert sync.run("checkpoint", "set", "55 minutes ago").code == 0
    run(sync)
    assert arrived(api) == sorted([known, skipped, wanted])
    assert len(api.log()) == 3


def test_a_person_may_write_the_file(sync, db, api):
    """In place of the command, a person types: date -d "1 hour ago" > checkpoint."""
    run(sync)
    known, = ended(db, 100)
    run(sync)
    older, = ended(db, 3300)
    sync.set_checkpoint(local(db.now() - 3500, sync.timezone))
    run(sync)
    assert arrived(api) == [older, known] and len(api.log()) == 2


# ---- what a change means for the calls ----

def answered(sync, answer, *args):
    """Runs the command on a terminal where a person types the answer. Returns its output and exit code."""
    screen, terminal = os.openpty()
    process = sync.start(*args, stdin=terminal)
    os.write(screen, f"{answer}\n".encode())
    out, err = process.communicate(timeout=60)
    os.close(terminal)
    os.close(screen)
    return process.returncode, out + err


def totals(result):
    """The last line of reconcile's table, by column."""
    heading = next(line for line in result.out.splitlines() if line.startswith("day "))
    names = [name.replace(" ", "_") for name in re.split(r"  +", heading)]
    return dict(zip(names, next(line for line in result.out.splitlines() if line.startswith("all ")).split()))


def backfill_in(text):
    return shlex.split(re.search(r"did-optimizer-sync (backfill .*'$)", text, re.M).group(1))


def test_set_forward_says_what_is_skipped_and_how_to_send_it(sync, db, api):
    known, = ended(db, 3000)
    run(sync)
    skipped = ended(db, 2500, 2000, 1500)
    ended(db, 300)
    db.insert(end_epoch=None, status="INCALL")
    sync.configure(config={"sync": {"exclude_campaigns": "OTHER"}})
    db.insert(end_epoch=db.now() - 1800, campaign_id="OTHER")
    done = sync.run("checkpoint", "set", "10 minutes ago")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("3 finished calls are skipped: not sent yet")
    result = run(sync)
    assert "⏩ 3 finished calls are skipped" in result.log  # and the run says so, too
    assert backfill_in(result.log) == backfill_in(done.out)
    assert not set(skipped) & set(arrived(api))
    assert sync.run(*backfill_in(done.out)).code == 0
    assert set(skipped) < set(arrived(api)) and len(api.log()) == 5


def test_set_back_says_what_is_sent(sync, db, api):
    sync.set_checkpoint(db.now() - 600)
    ended(db, 100)
    run(sync)
    older = ended(db, 3000, 2000)
    done = sync.run("checkpoint", "set", "1 hour ago")
    assert done.out.startswith("2 finished calls will be sent with the next run")
    assert "⏪ 2 finished calls will be sent" in run(sync).log
    assert set(older) < set(arrived(api)) and len(api.log()) == 3
    done = sync.run("checkpoint", "set", "1 hour ago")  # the ledger knows all of them
    assert done.out.startswith("no additional finished call is sent")
    assert "finished call" not in run(sync).log


def test_calls_that_are_only_noted_to_be_sent_later_are_skipped_too(sync, db, api):
    """These calls are below the checkpoint. A run sends at most backfill_rate of them a second."""
    now = db.now()
    sync.set_checkpoint(now - 7200)
    sync.configure(config={"sync": {"backfill_rate": 1, "time_budget": 2}})
    db.insert_many([{"end_epoch": now - 7000 + n} for n in range(20)])
    run(sync, code=75)
    (noted,), = sync.ledger("SELECT count(*) FROM call WHERE state = 2 AND tries = 0")
    assert noted > 5
    done = sync.run("checkpoint", "set", "10 minutes ago")
    assert done.out.startswith(f"{noted} finished calls are skipped")
    assert f"⏩ {noted} finished calls are skipped" in run(sync).log
    assert totals(sync.run("reconcile", "--days", "1"))["out_of_scope"] == str(noted)
    assert sync.run(*backfill_in(done.out)).code == 0 and len(arrived(api)) == 20


def test_calls_that_were_tried_are_sent_wherever_the_checkpoint_is(sync, db, api):
    tried, _ = ended(db, 3000, 2900)
    api.rules([{"uniqueid": tried, "status": 500}])
    run(sync, code=75)
    ended(db, 2000)
    done = sync.run("checkpoint", "set", "10 minutes ago")
    assert done.out.startswith("1 finished call is skipped")
    api.rules([])
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger:
        ledger.execute("UPDATE call SET due = 0 WHERE state = 2")
        ledger.commit()
    run(sync)
    assert tried in arrived(api)


def test_reset_says_what_it_means(sync, db, api):
    sync.configure(config={"sync": {"first_run_lookback": 900}})
    ended(db, 3000)
    run(sync)
    ended(db, 2000, 100)
    done = sync.run("checkpoint", "reset")
    assert done.code == 0 and done.out.startswith("1 finished call is skipped")
    assert "1 hour back" in done.out


def test_before_the_first_run_set_says_what_it_will_send(sync, db):
    forget(sync)
    ended(db, 5000, 4000, 100)
    done = sync.run("checkpoint", "set", "75 minutes ago")
    assert done.out.startswith("2 finished calls will be sent with the next run")


@pytest.mark.parametrize("command", [("set", "now"), ("reset",)])
def test_on_a_terminal_it_asks(sync, db, api, command):
    ended(db, 3000)
    run(sync)
    ended(db, 2000)
    sync.configure(config={"sync": {"first_run_lookback": 900}})
    before = sync.checkpoint()
    code, said = answered(sync, "n", "checkpoint", *command)
    assert code == 0 and "1 finished call is skipped" in said and "[y/N]" in said and "nothing was changed" in said
    assert sync.checkpoint() == before
    for answer, words in (("", ("--yes",)), ("y", ())):
        code, said = answered(sync, answer, "checkpoint", *command, *words)
        assert code == 0 and ("[y/N]" in said) == (words == ()) and sync.checkpoint() != before
        sync.set_checkpoint(before)
        run(sync)
        ended(db, 1500)


def test_it_does_not_ask_if_no_call_is_affected(sync, db):
    ended(db, 3000)
    run(sync)
    code, said = answered(sync, "n", "checkpoint", "set", "now")
    assert code == 0 and "no finished call is skipped" in said and "[y/N]" not in said


@pytest.mark.parametrize("trouble", [
    {"config": {"database": {"socket": "/nowhere.sock"}}}, {"astguiclient": {"VARDB_pass": "wrong"}},
    {"config": {"sync": {"overlap": "much"}}}])
def test_a_failed_count_is_reported_and_confirmed(sync, db, trouble):
    """Goal: if the calls cannot be counted, the command asks on a terminal, and continues elsewhere."""
    run(sync)
    sync.configure(**trouble)
    before, words = sync.checkpoint(), ("checkpoint", "set", str(db.now() - 500))
    for answer, command in (("n", words), ("n", ("checkpoint", "reset")), ("y", words)):
        assert sync.checkpoint() == before
        code, said = answered(sync, answer, *command)
        assert code == 0 and "could not count the calls that this checkpoint skips or sends" in said and "[y/N]" in said
    assert sync.checkpoint() != before
    done = sync.run("checkpoint", "reset")
    assert done.code == 0 and "could not count" in done.err and sync.checkpoint() is None


def test_counting_needs_no_api_key(sync, db):
    run(sync)
    ended(db, 2000)
    sync.configure(dids={"api_key": None})
    done = sync.run("checkpoint", "set", "now")
    assert done.code == 0 and done.err == "" and done.out.startswith("1 finished call is skipped")


def test_counting_reads_by_an_index_and_compares_no_tables(sync, db):
    now = db.now()
    db.insert_many([{"end_epoch": now - 40 * 86400 + n * 30} for n in range(20000)])
    ended(db, 3000)
    run(sync)
    ended(db, 2000)
    db.dialer.query("SET GLOBAL general_log = 1, log_output = 'TABLE'")
    try:
        db.dialer.query("TRUNCATE mysql.general_log")
        done = sync.run("checkpoint", "set", "now")
    finally:
        db.dialer.query("SET GLOBAL general_log = 0")
    assert done.out.startswith("1 finished call is skipped")
    reads = [row["argument"] if isinstance(row["argument"], str) else row["argument"].decode()
             for row in db.dialer.query("SELECT argument FROM mysql.general_log WHERE command_type = 'Query'")]
    reads = [sql for sql in reads if " FROM vicidial_log " in sql and "end_epoch" in sql]
    assert reads
    for sql in reads:
        plans = [plan for plan in db.query("EXPLAIN " + sql) if plan["table"] == "vicidial_log"]
        assert plans and all(plan["key"] == "call_date" and int(plan["rows"]) < 1000 for plan in plans), sql


# ---- the old script's checkpoint, written by habit ----

def written_by_habit(sync, db, ago):
    sync.legacy_file.write_text(local(db.now() - 1800, sync.timezone) + "\n")
    os.utime(sync.legacy_file, (time.time() - ago, time.time() - ago))


def says_what_to_use(text, sync):
    return (str(sync.legacy_file) in text and "did-optimizer-sync checkpoint set WHEN" in text and
            "remove the line with AST_DID_optimizer_sync.pl from root's crontab" in text)


def test_a_person_who_writes_the_old_checkpoint_learns_what_to_use(sync, db):
    run(sync)
    before = sync.checkpoint()
    written_by_habit(sync, db, ago=-1)
    assert says_what_to_use(run(sync).log, sync)
    assert says_what_to_use(sync.run("checkpoint", "show").out, sync)
    assert says_what_to_use(sync.run("check").out, sync)
    assert sync.checkpoint() == before
    sync.legacy_file.unlink()
    for words in ((), ("checkpoint", "show"), ("check",)):
        done = sync.run(*words)
        assert str(sync.legacy_file) not in done.out + done.log


def test_the_advice_remains_but_ignores_a_file_from_before_the_migration(sync, db):
    def told():
        return [says_what_to_use(sync.run(*words).out, sync) for words in (("checkpoint", "show"), ("check",))]

    written_by_habit(sync, db, ago=1000)
    run(sync)
    assert told() == [False, False]
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger:  # the file is from two hours ago
        ledger.execute("UPDATE note SET number = number - 7200 WHERE name = 'taken_over'")
        ledger.commit()
    assert told() == [True, True]


def test_a_reset_does_not_go_back_to_the_old_script(sync, db, api):
    """The old script's checkpoint is for the very first run only."""
    forget(sync)
    sync.legacy_file.write_text(f"{db.now() - 7200}.1\n")
    old, = ended(db, 7000)
    run(sync)
    assert arrived(api) == [old]
    assert sync.run("checkpoint", "reset").code == 0
    ended(db, 6000)
    result = run(sync)
    assert abs(started_from(result) - (db.now() - 3600)) < 10 and arrived(api) == [old]


# ---- by hand, while a run is at work ----

def in_place(sync, text):
    sync.set_checkpoint(text)


def renamed(sync, text):
    (sync.state / "edited").write_text(f"{text}\n")
    (sync.state / "edited").rename(sync.checkpoint_file)


def slowly(sync, text):
    """Writes the file as `date > checkpoint` does with a slow `date`: the file is empty for a while."""
    with sync.checkpoint_file.open("w") as file:
        time.sleep(2.5)
        file.write(f"{text}\n")


def at_work(sync, db, api):
    """Starts a run that has many calls to read. Returns the run and the calls, the oldest call first."""
    now = db.now()
    calls = db.insert_many([{"end_epoch": now - 3000 + n * 10} for n in range(250)])
    sync.configure(config={"sync": {"batch_size": 5}, "api": {"concurrency": 1}})
    api.rules([{"delay_ms": 60}])
    process = sync.start()
    until(lambda: len(api.log()) >= 5 or process.poll() is not None)
    assert process.poll() is None
    return process, now, calls


def end_of(process):
    process.communicate(timeout=60)
    return process.returncode


@pytest.mark.parametrize("write", [in_place, renamed, slowly])
def test_a_checkpoint_set_forward_by_hand_during_a_run_is_obeyed(sync, db, api, write):
    process, now, calls = at_work(sync, db, api)
    wanted = str(now - 800)  # the last 30 calls did not end before that time
    write(sync, wanted)
    assert end_of(process) == 75
    assert sync.checkpoint() == wanted
    log = sync.log_file.read_text()
    assert "The checkpoint was changed by hand during this run" in log
    api.rules([])
    sent = set(arrived(api))
    assert len(sent) < 220  # then the run ended, and did not send what the person wants to skip
    result = run(sync)
    assert started_from(result) == now - 800 and "set forward" in result.log
    assert set(arrived(api)) - sent == set(calls[-30:])


def test_a_checkpoint_set_back_by_hand_during_a_run_is_obeyed(sync, db, api):
    older, = ended(db, 5000)
    process, now, calls = at_work(sync, db, api)
    sync.set_checkpoint(now - 5100)
    assert end_of(process) == 75
    assert sync.checkpoint() == str(now - 5100) and older not in arrived(api)
    api.rules([])
    result = run(sync)
    assert started_from(result) == now - 5100
    assert arrived(api) == sorted([older, *calls]) and len(api.log()) == 251


def test_a_checkpoint_emptied_during_a_run_is_left_alone_and_nothing_is_lost(sync, db, api):
    """Somebody may be writing the file at this moment. If the file is empty, a run continues from the ledger's copy."""
    process, _, calls = at_work(sync, db, api)
    sync.checkpoint_file.write_text("")
    assert end_of(process) == 0
    assert sync.checkpoint_file.read_text() == "" and arrived(api) == sorted(calls)
    result = run(sync)
    assert started_from(result) == db.row(calls[-1])["end_epoch"] and len(api.log()) == 250
    assert sync.checkpoint().endswith(calls[-1])


# ---- checkpoint reset ----

def test_reset_starts_one_hour_back(sync, db, api):
    """The next run starts one hour ago, and sends nothing again."""
    sync.set_checkpoint(db.now() - 600)
    too_old, known, older = ended(db, 3700, 100, 3300)
    run(sync)
    assert arrived(api) == [known]
    done = sync.run("checkpoint", "reset")
    assert (done.code, done.err) == (0, "") and "1 hour back" in done.out
    assert sync.checkpoint() is None
    result = run(sync)
    assert abs(started_from(result) - (db.now() - 3600)) < 10
    assert arrived(api) == [older, known] and len(api.log()) == 2


def test_reset_needs_no_good_checkpoint(sync, db, api):
    sync.set_checkpoint("garbage")
    for _ in range(2):
        assert sync.run("checkpoint", "reset").code == 0 and sync.checkpoint() is None
    assert "❌" not in run(sync).log


@pytest.mark.parametrize("loss", ["deleted", "an older copy"])
def test_calls_that_ended_before_the_checkpoint_survive_the_loss_of_the_ledger(sync, db, api, loss):
    """Goal: the checkpoint file is ahead of the ledger, but no call is skipped: no pending, waiting or open call, and
    no late row."""
    now = db.now()
    known = db.insert(end_epoch=now - 3000)
    assert sync.run("run").code == 0
    shutil.copytree(sync.state, sync.directory / "copy")
    pending, waiting = db.insert(end_epoch=now - 900), db.insert(end_epoch=now - 700, status="DISPO")
    running = db.insert(start_epoch=now - 500, end_epoch=None, status="INCALL")
    last = db.insert(end_epoch=now - 10)
    if loss == "an older copy":
        api.rules([{"uniqueid": pending, "status": 500}])
    sync.run("run")
    assert sync.checkpoint() == f"{now - 10} {last}"
    for file in sync.state.glob("ledger.db*"):
        file.unlink()
    for file in (sync.directory / "copy").glob("ledger.db*") if loss == "an older copy" else ():
        shutil.copy(file, sync.state)
    api.rules([])
    late = db.insert(end_epoch=now - 12)
    db.update(running, end_epoch=now - 11, status="SALE")
    db.update(waiting, status="SALE")
    run = sync.run("run")
    assert run.code == 0 and "The ledger was lost" in run.log and "set forward" not in run.log, run.log
    assert set(api.by_uniqueid()) == {known, pending, waiting, running, last, late}
    sent = len(api.log())
    run = sync.run("run")
    assert "The ledger was lost" not in run.log and len(api.log()) == sent


def test_a_checkpoint_that_a_person_set_is_obeyed_without_a_ledger(sync, db, api):
    """Goal: after `checkpoint set`, the program does not assume a lost ledger, and a new installation does not go
    back."""
    now = db.now()
    db.insert(end_epoch=now - 900)
    after = db.insert(end_epoch=now - 100)
    sync.checkpoint_file.unlink()
    assert sync.run("checkpoint", "set", str(now - 500), "--yes").code == 0
    run = sync.run("run")
    assert "The ledger was lost" not in run.log and set(api.by_uniqueid()) == {after}
