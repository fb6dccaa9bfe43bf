"""reconcile proves that no call is missing, or sends the missing calls."""
import collections
import contextlib
import re
import shlex
import time

import pytest

HOUR = 3600


def delivered(api):
    return collections.Counter(body["uniqueid"] for body in api.recorded())


def totals(run):
    """The table's last line, by column."""
    lines = run.out.splitlines()
    heading = next(line for line in lines if line.startswith("day "))
    names = [name.replace(" ", "_") for name in re.split(r"  +", heading.replace("day", "", 1).strip())]
    numbers = next(line for line in lines if line.startswith("all ")).split()[1:]
    assert len(names) == len(numbers)
    return dict(zip(names, map(int, numbers)))


@pytest.fixture
def lived(sync, db, api):
    """An installation that has run for two days and has sent all calls of these days."""
    now = db.now()
    sync.set_checkpoint(now - 47 * HOUR)
    sync.calls = db.insert_many([{"end_epoch": now - 46 * HOUR + n * 600} for n in range(250)])  # up to 4 hours ago
    assert sync.run().code == 0
    sync.set_checkpoint(now - 1)  # no call has ended since, because runs would have found it
    assert sync.run().code == 0
    with __import__("contextlib").closing(__import__("sqlite3").connect(sync.state / "ledger.db")) as ledger:
        ledger.execute("UPDATE note SET number = ?, text = '' WHERE name = 'floor'", (now - 47 * HOUR,))
        ledger.commit()
    return sync


def test_reconcile_finds_nothing_wrong_after_two_days_of_runs(lived, db, api):
    run = lived.run("reconcile", "--days", "2")
    assert run.code == 0, run.out + run.err
    assert totals(run) == {"finished": 250, "accepted": 250, "pending": 0, "waiting": 0, "rejected": 0, "missing": 0,
                           "changed": 0, "out_of_scope": 0}
    assert len(api.log()) == 250
    days = [line for line in run.out.splitlines() if re.match(r"\d{4}-\d\d-\d\d ", line) and "INFO" not in line]
    assert 2 <= len(days) <= 3
    quiet = lived.run("reconcile", "--days", "2", "--cron")
    assert quiet.code == 0 and quiet.out == "" and quiet.err == ""
    assert lived.ledger("SELECT kind FROM run ORDER BY id DESC LIMIT 1") == [("reconcile",)]


def make_trouble(db, lived):
    """Makes calls that no run has seen, in the table and in the archive, and calls that changed long after they were
    sent."""
    now = db.now()
    late = db.insert_many([{"end_epoch": now - 30 * HOUR + n} for n in range(3)])
    archived = db.insert_many([{"end_epoch": now - 31 * HOUR + n} for n in range(2)], table="vicidial_log_archive")
    changed = lived.calls[20]
    db.query("UPDATE vicidial_log SET status = 'DNC' WHERE uniqueid = %s", (changed,))
    return late + archived, changed


def test_what_is_missing_or_changed_is_named_and_sent(lived, db, api):
    missing, changed = make_trouble(db, lived)
    run = lived.run("reconcile", "--days", "2")
    assert run.code == 0, run.out
    shown = totals(run)
    assert (shown["finished"], shown["missing"], shown["changed"], shown["accepted"]) == (255, 5, 1, 249)
    for uniqueid in missing:
        assert f"{uniqueid}: missing" in run.log
    assert f"{changed}: has changed" in run.log
    assert set(delivered(api)) == {*lived.calls, *missing}
    assert api.by_uniqueid()[changed][-1]["disposition"] == "DNC"
    again = lived.run("reconcile", "--days", "2")
    assert again.code == 0 and totals(again)["accepted"] == 255 and totals(again)["missing"] == 0


def test_report_only_sends_nothing_and_its_exit_code_says_so(lived, db, api):
    missing, _ = make_trouble(db, lived)
    before = lived.ledger("SELECT * FROM call ORDER BY uniqueid")
    run = lived.run("reconcile", "--days", "2", "--report-only")
    assert run.code == 75
    assert totals(run)["missing"] == 5 and totals(run)["changed"] == 1
    assert f"{missing[0]}: missing" in run.log
    assert len(api.log()) == 250
    assert lived.ledger("SELECT * FROM call ORDER BY uniqueid") == before
    cron = lived.run("reconcile", "--days", "2", "--report-only", "--cron")
    assert cron.code == 75 and "missing" in cron.out


def test_what_stays_missing_ends_in_75_and_is_pending(lived, db, api):
    missing, _ = make_trouble(db, lived)
    api.rules([{"uniqueid": missing[0], "status": 500}])
    run = lived.run("reconcile", "--days", "2")
    assert run.code == 75
    assert lived.ledger("SELECT state FROM call WHERE uniqueid = ?", missing[0]) == [(2,)]
    assert missing[1] in delivered(api)
    shown = totals(lived.run("reconcile", "--days", "2", "--report-only"))
    assert (shown["pending"], shown["missing"]) == (1, 0)


def test_every_state_has_its_column(lived, db, api):
    now = db.now()
    rejected, pending = db.insert_many([{"end_epoch": now - 30}, {"end_epoch": now - 29}])
    waiting = db.insert(end_epoch=now - 28, status="DISPO")
    db.insert(end_epoch=None, status="INCALL")
    last = db.insert(end_epoch=now - 20)
    api.rules([{"uniqueid": rejected, "status": 422, "body": '{"success":false,"error":"no such DID"}'},
               {"uniqueid": pending, "status": 500}])
    assert lived.run().code == 75
    lived.configure(config={"sync": {"overlap": 0}})  # so that reconcile reads all of them
    make_trouble(db, lived)
    run = lived.run("reconcile", "--days", "2", "--report-only")
    assert run.code == 75
    assert totals(run) == {"finished": 259, "accepted": 250, "pending": 1, "waiting": 1, "rejected": 1, "missing": 5,
                           "changed": 1, "out_of_scope": 0}
    assert waiting not in delivered(api) and last in delivered(api)


# ---- calls that a checkpoint set forward has skipped ----

def test_calls_before_the_first_run_were_never_to_be_sent(lived, db, api):
    db.insert_many([{"end_epoch": db.now() - 47 * HOUR - 600 + n} for n in range(3)])
    run = lived.run("reconcile", "--days", "3")
    assert run.code == 0 and totals(run)["finished"] == 250
    assert len(api.log()) == 250


def by_command(sync, db):
    assert sync.run("checkpoint", "set", "10 minutes ago", "--yes").code == 0


def by_hand(sync, db):
    sync.set_checkpoint(db.now() - 600)


def by_reset(sync, db):
    """The next run starts five minutes ago; a setting below says so."""
    assert sync.run("checkpoint", "reset", "--yes").code == 0


def named_command(run):
    """The words of the backfill command that the output names."""
    (line,) = [line for line in run.out.splitlines() if "backfill --from" in line]
    words = shlex.split(line.partition("To send them: ")[2])
    assert words[0] == "did-optimizer-sync"
    return words[1:]


@pytest.mark.parametrize("skip", [by_command, by_hand, by_reset])
def test_skipped_calls_are_counted_and_can_be_sent(sync, db, api, skip):
    sync.configure(config={"sync": {"first_run_lookback": 300}})
    now = db.now()
    known = db.insert(end_epoch=now - 3000)
    assert sync.run().code == 0
    skipped = db.insert_many([{"end_epoch": now - 2500 + n * 100} for n in range(5)])
    waiting = db.insert(end_epoch=now - 2200, status="DISPO")  # no agent has to choose its disposition
    db.insert(end_epoch=None, status="INCALL")
    wanted = db.insert(end_epoch=now - 100)
    skip(sync, db)
    assert sync.run().code == 0
    assert set(delivered(api)) == {known, wanted}

    run = sync.run("reconcile", "--days", "1")
    assert run.code == 75
    shown = totals(run)
    assert (shown["out_of_scope"], shown["missing"], shown["accepted"]) == (6, 0, 1)  # the newest is in the overlap
    assert set(delivered(api)) == {known, wanted}
    assert "6 calls are out of scope" in run.log
    cron = sync.run("reconcile", "--days", "1", "--report-only", "--cron")
    assert cron.code == 75 and totals(cron)["out_of_scope"] == 6 and named_command(cron) == named_command(run)

    assert sync.run(*named_command(run)).code == 0
    assert set(delivered(api)) == {known, wanted, *skipped}
    run = sync.run("reconcile", "--days", "1")
    assert totals(run)["out_of_scope"] == 0 and totals(run)["waiting"] == 1
    db.update(waiting, status="SALE")
    assert sync.run().code == 0 and waiting in delivered(api)
    run = sync.run("reconcile", "--days", "1", "--cron")
    assert (run.code, run.out, run.err) == (0, "", "")


def test_a_checkpoint_set_since_the_last_run_counts_already(sync, db, api):
    now = db.now()
    db.insert(end_epoch=now - 3000)
    assert sync.run().code == 0
    db.insert_many([{"end_epoch": now - 2000 + n} for n in range(4)])
    db.insert(end_epoch=now - 70)  # in the overlap, which no run reads again
    sync.set_checkpoint(now - 60)
    run = sync.run("reconcile", "--days", "1", "--report-only")
    assert run.code == 75 and totals(run)["out_of_scope"] == 5
    assert sync.checkpoint() == str(now - 60)


def test_a_change_of_an_accepted_and_skipped_call_is_out_of_scope_too(sync, db, api):
    now = db.now()
    known = db.insert(end_epoch=now - 3000)
    assert sync.run().code == 0
    sync.set_checkpoint(now - 60)
    assert sync.run().code == 0
    db.update(known, status="DNC")
    run = sync.run("reconcile", "--days", "1")
    assert run.code == 75 and (totals(run)["out_of_scope"], totals(run)["changed"]) == (1, 0)
    assert sync.run(*named_command(run)).code == 0
    assert api.by_uniqueid()[known][-1]["disposition"] == "DNC"


def test_a_profile_is_named_in_the_command(sync, db, api):
    profiles = sync.directory / "profiles"
    profiles.mkdir()
    (profiles / "acme.conf").write_text(sync.config_file.read_text())
    sync.run_as = ("--profiles-dir", profiles, "--profile", "acme")
    now = db.now()
    db.insert(end_epoch=now - 3000)
    assert sync.run(*sync.run_as).code == 0
    db.insert(end_epoch=now - 2000)
    sync.set_checkpoint(now - 60)
    assert sync.run(*sync.run_as).code == 0
    assert named_command(sync.run(*sync.run_as, "reconcile", "--days", "1"))[:3] == ["--profile", "acme", "backfill"]


# ---- what reconcile needs, and when it prints ----

def test_report_only_needs_no_api_key(lived, db, api):
    lived.configure(dids={"api_key": None, "api_base_url": "http://api.example.com"})
    run = lived.run("reconcile", "--days", "2", "--report-only")
    assert run.code == 0 and totals(run)["accepted"] == 250
    assert "API key" not in run.log
    assert lived.run("reconcile", "--days", "2").code == 78  # without --report-only it would send


def test_under_cron_reconcile_never_prints_progress(lived, db, api):
    """Reading the archive is slow: another connection locks it for longer than the meter waits before its first
    line."""
    db.insert_many([{"end_epoch": db.now() - 20 * HOUR}], table="vicidial_log_archive")
    lived.configure(config={"database": {"max_statement_time": 60, "read_timeout": 60}})
    holder = db.connect(user="root", password="")
    with contextlib.closing(holder), holder.cursor() as cursor:
        cursor.execute("LOCK TABLES vicidial_log WRITE, vicidial_log_archive WRITE")
        process = lived.start("reconcile", "--days", "2", "--cron")
        time.sleep(11)  # the meter's first line comes after 10 s
        cursor.execute("UNLOCK TABLES")
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")


def test_under_cron_reconcile_prints_that_it_could_not_read_the_calls(lived, db, api):
    lived.configure(config={"database": {"socket": lived.directory / "nowhere.sock"}})
    run = lived.run("reconcile", "--days", "2", "--cron")
    assert run.code == 69 and "❌" in run.err


@pytest.mark.parametrize("words, said", [
    (["--days", "0"], "--days takes a whole number of days from 1"),
    (["--days", "many"], "--days takes a whole number of days from 1"),
    (["--days", "7"], "remembered for 7 days only"),
    (["--dry-run"], "--dry-run cannot be used with reconcile"),
])
def test_impossible_arguments_are_refused(lived, words, said):
    run = lived.run("reconcile", *words)
    assert run.code == 64 and said in run.err + run.log


def test_without_an_earlier_run_reconcile_has_nothing_to_compare_with(sync, db, api):
    sync.checkpoint_file.unlink()
    run = sync.run("reconcile")
    assert run.code == 78 and "no run is recorded yet" in run.err + run.log
