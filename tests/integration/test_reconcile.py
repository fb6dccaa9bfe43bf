"""reconcile: the proof that nothing is missing, and what it does where something is."""
import collections
import re

import pytest

HOUR = 3600


def delivered(api):
    return collections.Counter(body["uniqueid"] for body in api.recorded())


def totals(run):
    """The table's last line, by column."""
    lines = run.out.splitlines()
    heading = next(line for line in lines if line.startswith("day "))
    names = re.split(r"  +", heading.replace("day", "", 1).strip())
    numbers = next(line for line in lines if line.startswith("all ")).split()[1:]
    return dict(zip(" ".join(names).replace("set aside", "set_aside").split(), map(int, numbers)))


@pytest.fixture
def lived(sync, db, api):
    """An installation that was there for two days, and a dialer whose calls of two days it has sent."""
    now = db.now()
    sync.set_checkpoint(now - 47 * HOUR)
    sync.calls = db.insert_many([{"end_epoch": now - 46 * HOUR + n * 600} for n in range(250)])  # up to 4 hours ago
    assert sync.run().code == 0
    sync.set_checkpoint(now - 1)  # nothing came since, as runs would have found
    assert sync.run().code == 0
    with __import__("contextlib").closing(__import__("sqlite3").connect(sync.state / "ledger.db")) as ledger:
        ledger.execute("UPDATE note SET number = ?, text = '' WHERE name = 'floor'", (now - 47 * HOUR,))
        ledger.commit()
    return sync


def test_all_is_well(lived, db, api):
    run = lived.run("reconcile", "--days", "2")
    assert run.code == 0, run.out + run.err
    assert totals(run) == {"finished": 250, "accepted": 250, "owed": 0, "held": 0, "set_aside": 0, "missing": 0,
                           "changed": 0}
    assert len(api.log()) == 250
    days = [line for line in run.out.splitlines() if re.match(r"\d{4}-\d\d-\d\d ", line) and "INFO" not in line]
    assert 2 <= len(days) <= 3
    quiet = lived.run("reconcile", "--days", "2", "--cron")
    assert quiet.code == 0 and quiet.out == "" and quiet.err == ""
    assert lived.ledger("SELECT kind FROM run ORDER BY id DESC LIMIT 1") == [("reconcile",)]


def make_trouble(db, lived):
    """Calls that no run has seen: in the table, in the archive, and changed long after they were sent."""
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


def test_a_report_sends_nothing_and_says_so_with_its_exit_code(lived, db, api):
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


def test_what_stays_missing_ends_in_75_and_is_owed(lived, db, api):
    missing, _ = make_trouble(db, lived)
    api.rules([{"uniqueid": missing[0], "status": 500}])
    run = lived.run("reconcile", "--days", "2")
    assert run.code == 75
    assert lived.ledger("SELECT state FROM call WHERE uniqueid = ?", missing[0]) == [(2,)]
    assert missing[1] in delivered(api)
    shown = totals(lived.run("reconcile", "--days", "2", "--report-only"))
    assert (shown["owed"], shown["missing"]) == (1, 0)


def test_every_state_has_its_column(lived, db, api):
    now = db.now()
    rejected = db.insert(end_epoch=now - 20)
    held = db.insert(end_epoch=now - 20, status="DISPO")
    db.insert(end_epoch=None, status="INCALL")
    api.rules([{"uniqueid": rejected, "status": 422, "body": '{"success":false,"error":"no such DID"}'}])
    assert lived.run().code == 0
    lived.configure(config={"sync": {"overlap": 0}})
    shown = totals(lived.run("reconcile", "--days", "2"))
    assert shown["set_aside"] == 1 and shown["finished"] in (251, 252)
    assert shown["held"] == shown["finished"] - 251  # the held one is the newest: at the checkpoint or behind it
    assert held not in delivered(api)


def test_calls_before_the_first_run_are_out_of_scope(lived, db, api):
    db.insert_many([{"end_epoch": db.now() - 47 * HOUR - 600 + n} for n in range(3)])
    run = lived.run("reconcile", "--days", "3")
    assert run.code == 0 and totals(run)["finished"] == 250
    assert len(api.log()) == 250


@pytest.mark.parametrize("words, said", [
    (["--days", "0"], "--days takes a whole number of days from 1"),
    (["--days", "many"], "--days takes a whole number of days from 1"),
    (["--days", "7"], "remembered for 7 days only"),
    (["--dry-run"], "--dry-run does not go with reconcile"),
])
def test_what_cannot_be_meant_is_refused(lived, words, said):
    run = lived.run("reconcile", *words)
    assert run.code == 64 and said in run.err + run.log


def test_without_a_run_before_there_is_nothing_to_hold_against(sync, db, api):
    sync.checkpoint_file.unlink()
    run = sync.run("reconcile")
    assert run.code == 78 and "there was no run yet" in run.err + run.log
