"""The sink `records` with an SQLite file: the dialer's calls in a table, also if the disk fails or readers lock the
file."""
import contextlib
import json
import shutil
import sqlite3

import pytest

from fault import shim
from fault.scene import run_when_elected
from harness.sync import Sync

needs_shim = pytest.mark.skipif(shim.cannot_load() is not None, reason=f"no shim: {shim.cannot_load()}")


@pytest.fixture
def place(tmp_path):
    """The directory of the file of records."""
    directory = tmp_path / "records"
    directory.mkdir()
    return directory


@pytest.fixture
def sync(db, tmp_path, place):
    installation = Sync(tmp_path / "host", db, timezone=db.dialer.timezone)
    installation.configure(config={"sync": {"settle": 0, "splay": 0},
                                   "sink": {"type": "records", "file": place / "calls.db", "timeout": 1}})
    installation.set_checkpoint(db.now() - 3600)
    yield installation
    installation.close()


def rows(place, sql, *args):
    with contextlib.closing(sqlite3.connect(place / "calls.db")) as file:
        file.row_factory = sqlite3.Row
        found = [dict(row) for row in file.execute(sql, args)]
        file.commit()
        return found


def by_uuid(place):
    found = rows(place, "SELECT * FROM callcenter_records")
    assert len({row["uuid"] for row in found}) == len(found)
    return {row["uuid"]: row for row in found}


def logs(place):
    return rows(place, "SELECT * FROM callcenter_sync_logs ORDER BY id")


def test_calls_of_the_dialer_become_rows_and_follow_it(db, sync, place):
    """Goal: the sink needs no key and no dids.conf. A changed call is updated, and keeps what other programs added."""
    sync.dids_file.unlink()
    now = db.now()
    first = db.insert(end_epoch=now - 60, length_in_sec=45, status="A", phone_number="3125550100", user="O'Neil")
    second = db.insert(end_epoch=now - 50, status="NA")
    run = sync.run("run")
    assert run.code == 0 and "✅ Sync completed successfully" in run.log, run.log
    made = by_uuid(place)
    assert sorted(made) == sorted([first, second])
    row = made[first]
    assert (row["source"], row["phone_number"], row["destination"], row["agent"]) == \
        ("vicidial", "3125550100", "3125550100", "O'Neil")
    assert (row["end_epoch"], row["duration"]) == (now - 60, 45)
    assert (row["disposition"], row["call_status"]) == ("A", "answered")
    assert json.loads(row["raw_data"])["lead_id"]
    assert (place / "calls.db").stat().st_mode & 0o777 == 0o640
    log, = logs(place)
    assert (log["status"], log["total_records"], log["created_count"], log["sync_type"]) == ("completed", 2, 2, "poll")

    rows(place, "UPDATE callcenter_records SET google_drive_url = 'https://drive/x', upload_status = 'done', "
         "updated_at = 'then'")
    db.update(first, status="SALE")
    sync.run("backfill", "--from", "1 hour ago", "--to", "now")
    again = by_uuid(place)
    assert again[second] == {**made[second], "google_drive_url": "https://drive/x", "upload_status": "done",
                             "updated_at": "then"}
    assert again[first]["disposition"] == "SALE" and again[first]["google_drive_url"] == "https://drive/x"
    assert again[first]["id"] == row["id"] and again[first]["created_at"] == row["created_at"]
    assert again[first]["updated_at"] != "then"
    assert [log["sync_type"] for log in logs(place)] == ["poll", "backfill"]

    why = sync.run("why", first)
    assert "updated" in why.out and "HTTP" not in why.out, why.out


def test_the_default_file_lies_in_the_state_directory(db, sync, place):
    sync.configure(config={"sink": {"file": None}})
    db.insert()
    assert sync.run("run").code == 0
    assert (sync.state / "records.db").exists() and not list(place.iterdir())


def test_a_dry_run_makes_no_file(db, sync, place):
    db.insert(phone_number="3125550100")
    run = sync.run("run", "--dry-run")
    assert run.code == 0 and json.loads(run.out)["phone_number"] == "3125550100"
    assert not (place / "calls.db").exists()


def test_the_check_needs_no_key_and_makes_no_file(db, sync, place):
    sync.dids_file.unlink()
    checked = sync.run("check")
    assert "the first run makes" in checked.out and "dids.conf" not in checked.out, checked.out
    assert list(place.iterdir()) == []


def test_a_bad_row_is_rejected_and_the_others_are_written(db, sync, place):
    db.insert(status="A")
    sync.run("run")
    rows(place, "CREATE TRIGGER t BEFORE INSERT ON callcenter_records WHEN NEW.campaign = 'BAD' "
         "BEGIN SELECT RAISE(ABORT, 'no BAD here'); END")
    good, bad = db.insert(), db.insert(campaign_id="BAD")
    run = sync.run("run")
    assert f"✗ {bad}: failed: no BAD here (rejected)" in run.log
    assert good in by_uuid(place) and bad not in by_uuid(place)
    listed = json.loads(sync.run("failed", "list", "--json").out)
    assert (listed["campaign"], listed["phone"], listed["status"]) == ("BAD", db.row(bad)["phone_number"], "SALE")
    assert logs(place)[-1]["status"] == "partial" and logs(place)[-1]["failed_count"] == 1
    rows(place, "DROP TRIGGER t")
    assert sync.run("failed", "retry", bad).code == 0
    sync.run("run")
    assert bad in by_uuid(place)


def test_a_file_that_another_program_has_locked_loses_nothing(db, sync, place):
    known = db.insert()
    sync.run("run")
    with contextlib.closing(sqlite3.connect(place / "calls.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        calls = [db.insert() for _ in range(3)]
        run = sync.run("run")
        assert run.code == 69 and "another program has locked it" in run.log, run.log
        assert by_uuid(place).keys() == {known}
        other.execute("ROLLBACK")
    assert sync.run("run").code == 0
    assert by_uuid(place).keys() == {known, *calls}


def test_a_file_that_may_not_be_written_loses_nothing(db, sync, place, ordinary):
    known = db.insert()
    sync.run("run")
    (place / "calls.db").chmod(0o440)
    calls = [db.insert() for _ in range(3)]
    run = sync.run("run")
    assert run.code == 69 and "calls.db: Permission denied; let the owner" in run.log, run.log
    assert "let the owner of the state directory write that file" in sync.run("check").out
    (place / "calls.db").chmod(0o640)
    assert sync.run("run").code == 0
    assert by_uuid(place).keys() == {known, *calls}


@needs_shim
def test_a_full_disk_loses_nothing(db, sync, place):
    """Goal: from some write on, only the disk with the records is full. No call is incomplete or lost."""
    known = db.insert()
    sync.run("run")
    calls = [db.insert() for _ in range(3)]
    for at in (1, 3, 5):
        strike = shim.Strike(sync, at=at, action="ENOSPC", kinds=("write",), lasting=0, root=place)
        run = sync.run("run", env=strike.env)
        assert run.code == 69 and strike.report().hits > 0, run.log
        assert "free some space on that disk" in run.log
        assert by_uuid(place).keys() in ({known}, {known, *calls})
    assert sync.run("run").code == 0
    assert by_uuid(place).keys() == {known, *calls}


@needs_shim
def test_a_run_that_is_killed_anywhere_loses_and_repeats_nothing(db, sync, place):
    """Goal: after a kill at any step, also between the commits of records and ledger, the next run makes the same
    table."""
    for _ in range(6):
        db.insert()
    kept = sync.directory.parent / "kept"
    shutil.copytree(sync.state, kept)
    root = sync.directory.parent

    def start_over():
        sync.end_leader()
        for directory in (sync.state, place):
            shutil.rmtree(directory)
        shutil.copytree(kept, sync.state)
        place.mkdir()

    watched = shim.Strike(sync, kinds=("write", "sync"), root=root)
    assert sync.run("run", env=watched.env).code == 0
    whole, steps = by_uuid(place), watched.report().steps
    assert len(whole) == 6 and steps > 20
    for at in range(2, steps, max(1, steps // 15)):
        start_over()
        strike = shim.Strike(sync, at=at, kinds=("write", "sync"), root=root)
        assert sync.run("run", env=strike.env).code == shim.END_STATUS
        run = run_when_elected(sync, command=("run",))
        assert run.code == 0, run.log
        found = by_uuid(place)
        assert found.keys() == whole.keys(), at
        assert all(found[uuid]["record_hash"] == whole[uuid]["record_hash"] for uuid in whole)
        assert sync.ledger("SELECT count(*) FROM call WHERE state = 1") == [(6,)]
        with contextlib.closing(sqlite3.connect(place / "calls.db")) as file:
            assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
