"""Time zones: call_date is in the zone of the host that wrote the row. Nevertheless every call arrives."""
import collections
import contextlib
import datetime
import json
import sqlite3
import zoneinfo

import pytest

from harness.dialer import Dialer
from harness.sync import Sync

HOUR = 3600


@pytest.fixture(scope="module")
def west():
    """A server whose time zone is not that of its host."""
    with Dialer(timezone="UTC", options=["--default-time-zone=-08:00"]) as server:
        yield server


@pytest.fixture(scope="module")
def east():
    with Dialer(timezone="UTC", options=["--default-time-zone=+05:30"]) as server:
        yield server


@pytest.fixture(scope="module")
def utc():
    with Dialer(timezone="UTC") as server:
        yield server


@pytest.fixture
def install(tmp_path, api):
    """install(dialer) makes a fresh database on that server, and an installation that has worked for an hour."""
    with contextlib.ExitStack() as stack:
        def make(dialer, since=HOUR):
            database = dialer.database()
            stack.callback(database.drop)
            sync = Sync(tmp_path / "host", database, api, timezone="UTC")
            stack.callback(sync.close)
            sync.configure(config={"sync": {"settle": 0, "splay": 0}})
            sync.set_checkpoint(database.now() - since)
            return database, sync

        yield make


def dated(epoch, offset):
    """call_date, as a host with that offset writes it."""
    return datetime.datetime.fromtimestamp(epoch + offset, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def calls(db, offset, ages, table="vicidial_log", **columns):
    """Inserts calls of two minutes, written with that offset, one call for each age of its end."""
    now = db.now()
    return db.insert_many([{"start_epoch": now - age - 120, "end_epoch": now - age,
                            "call_date": dated(now - age - 120, offset), **columns} for age in ages], table=table)


def delivered(api):
    return collections.Counter(body["uniqueid"] for body in api.recorded())


def assert_each_once(api, uniqueids):
    assert delivered(api) == collections.Counter(uniqueids)


def change_ledger(sync, sql, *args):
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger:
        ledger.execute(sql, args)
        ledger.commit()


def every(seconds, last, first=0):
    return range(first, last, seconds)


WRITERS = {
    "the server's, -08:00": ("west", [-8 * HOUR]),
    "the server's, +05:30": ("east", [5.5 * HOUR]),
    "web -7 h, dialer UTC": ("utc", [0, -7 * HOUR]),
    "web +7 h, dialer UTC": ("utc", [0, 7 * HOUR]),
    "an hour off": ("utc", [HOUR]),
    "an hour off, the other way": ("utc", [-HOUR]),
    "both sides of the server's": ("east", [0, 5.75 * HOUR, -3.5 * HOUR]),
    "the ends of the world": ("utc", [-12 * HOUR, 14 * HOUR]),
}


@pytest.fixture(params=WRITERS, ids=str)
def writers(request, install):
    """A dialer, and the offsets of the hosts that write."""
    server, offsets = WRITERS[request.param]
    db, sync = install(request.getfixturevalue(server))
    return db, sync, [int(offset) for offset in offsets]


def test_all_calls_are_sent_in_the_next_run(writers, api):
    db, sync, offsets = writers
    expected = [one for offset in offsets for one in calls(db, offset, every(60, 3000))]
    assert sync.run().code == 0
    assert_each_once(api, expected)
    expected += [one for offset in offsets for one in calls(db, offset, [0, 1, 30])]
    assert sync.run().code == 0
    assert_each_once(api, expected)


def test_a_call_without_a_disposition_waits_equally_long_in_every_zone(writers, api):
    db, sync, offsets = writers
    for offset in offsets:
        calls(db, offset, every(60, 600))
    open_ones = [one for offset in offsets for one in calls(db, offset, [60], status="DISPO")]
    assert sync.run().code == 0
    assert not set(open_ones) & set(delivered(api))
    waiting = dict(sync.ledger("SELECT uniqueid, due FROM call WHERE state = 3"))
    assert set(waiting) == set(open_ones)
    for uniqueid, until in waiting.items():
        started = db.row(uniqueid)["start_epoch"]
        assert abs(until - started - 4 * HOUR - 600) <= 5, "4 h 10 min after it was made"


def test_a_call_past_its_horizon_is_sent_with_its_status(writers, api):
    db, sync, offsets = writers
    sync.set_checkpoint(db.now() - 6 * HOUR)
    old = [one for offset in offsets for one in calls(db, offset, [5 * HOUR], status="DISPO")]
    for offset in offsets:
        calls(db, offset, every(60, 600))
    assert sync.run().code == 0
    assert set(old) <= set(delivered(api))


def test_the_sweep_finds_late_and_changed_calls(writers, api):
    db, sync, offsets = writers
    sync.set_checkpoint(db.now() - 6 * HOUR)
    known = [one for offset in offsets for one in calls(db, offset, every(600, 5 * HOUR))]
    assert sync.run().code == 0
    assert_each_once(api, known)
    late = [one for offset in offsets for one in calls(db, offset, every(1200, 4 * HOUR, HOUR))]
    db.update(known[3], status="DNC")
    sync.configure(config={"sync": {"sweep_interval": 1}})
    assert sync.run().code == 0
    assert_each_once(api, known + late + [known[3]])
    assert api.by_uniqueid()[known[3]][-1]["disposition"] == "DNC"


def test_a_backfill_finds_all_calls_in_both_tables(writers, api):
    db, sync, offsets = writers
    sync.set_checkpoint(db.now())
    now = db.now()
    wanted = []
    for offset in offsets:
        wanted += calls(db, offset, every(HOUR, 60 * HOUR, 10 * HOUR + 60))
        wanted += calls(db, offset, every(HOUR, 60 * HOUR, 10 * HOUR + 120), table="vicidial_log_archive")
        calls(db, offset, every(HOUR, 9 * HOUR, 60))
        calls(db, offset, every(HOUR, 80 * HOUR, 61 * HOUR))
    run = sync.run("backfill", "--from", str(now - 60 * HOUR), "--to", str(now - 10 * HOUR))
    assert run.code == 0, run.out + run.err
    assert_each_once(api, wanted)


def test_reconcile_counts_all_calls(writers, api):
    db, sync, offsets = writers
    sync.set_checkpoint(db.now() - 26 * HOUR)
    assert sync.run().code == 0
    sync.set_checkpoint(db.now())
    assert sync.run().code == 0
    change_ledger(sync, "UPDATE note SET number = ?, text = '' WHERE name = 'floor'", db.now() - 26 * HOUR)
    missing = [one for offset in offsets for one in calls(db, offset, every(600, 24 * HOUR, HOUR))]
    report = sync.run("reconcile", "--days", "1", "--report-only")
    assert report.code == 75, report.out
    for uniqueid in missing:
        assert f"{uniqueid}: missing" in report.log
    assert sync.run("reconcile", "--days", "1").code == 0
    assert_each_once(api, missing)


def moments(days):
    zone = zoneinfo.ZoneInfo("America/New_York")
    return [int(datetime.datetime(*day, hour, 30, tzinfo=zone).timestamp()) for day in days
            for hour in (0, 1, 4, 12, 23)]


YEAR = [(2025, 1, 10), (2025, 3, 8), (2025, 3, 9), (2025, 7, 4), (2025, 10, 31), (2025, 11, 1), (2025, 11, 2)]


@pytest.mark.plain_only
@pytest.mark.parametrize("move", [0, -6 * HOUR, 6 * HOUR], ids=["at home", "from the west", "from the east"])
@pytest.mark.parametrize("days", [YEAR, YEAR[:4], YEAR[3:], YEAR[3:4]],
                         ids=["the year", "to summer", "from summer", "summer alone"])
def test_a_backfill_over_a_year_sees_the_calls_of_both_summers(install, utc, api, days, move):
    """Today's zone does not show last summer's zone, nor the zone in which the server was then."""
    db, sync = install(utc, since=60)
    zone = zoneinfo.ZoneInfo("America/New_York")
    calls(db, -5 * HOUR, every(60, 600))

    def offset(moment):
        return int(datetime.datetime.fromtimestamp(moment, zone).utcoffset().total_seconds()) + move

    wanted = []
    for table in ("vicidial_log", "vicidial_log_archive"):
        wanted += db.insert_many([{"start_epoch": moment, "end_epoch": moment + 60,
                                   "call_date": dated(moment, offset(moment))} for moment in moments(days)],
                                 table=table)
    first, last = min(moments(days)), max(moments(days)) + 60
    assert sync.run("backfill", "--from", str(first), "--to", str(last)).code == 0
    assert_each_once(api, wanted)


def test_calls_from_before_the_clocks_changed_are_still_found(install, utc, api):
    """If only the latest rows counted, a run would miss an hour of calls in spring."""
    db, sync = install(utc, since=6 * HOUR)
    sync.configure(config={"sync": {"sweep_interval": 0}})
    before = calls(db, -5 * HOUR, every(300, 6 * HOUR - 300, 2 * HOUR))
    after = calls(db, -4 * HOUR, every(10, 2 * HOUR))
    assert sync.run().code == 0
    assert_each_once(api, before + after)
    assert "different time zones" not in sync.log_file.read_text()


def test_a_host_that_writes_rarely_is_remembered(install, utc, api):
    db, sync = install(utc)
    sync.configure(config={"sync": {"overlap": 1200}})
    expected = calls(db, 0, every(60, 3000)) + calls(db, -7 * HOUR, [100, 200, 300])
    assert sync.run().code == 0
    expected += calls(db, 0, every(1, 400)) + calls(db, -7 * HOUR, [500])  # this row is not among the latest
    assert sync.run().code == 0
    assert_each_once(api, expected)


def test_a_single_row_in_a_zone_of_its_own_is_found_by_the_sweep(install, utc, api):
    """A single row does not make the program read another zone, so only the sweep finds the row."""
    db, sync = install(utc)
    expected = calls(db, 0, every(30, 3000)) + calls(db, -3 * HOUR, [100])
    assert sync.run().code == 0
    assert_each_once(api, expected)


def test_call_date_gives_the_zone_if_uniqueids_have_no_time(install, utc, api):
    """The id begins with Asterisk's systemname, and then has the epoch."""
    db, sync = install(utc)
    now = db.now()
    expected = []
    for offset in (0, -7 * HOUR):
        expected += db.insert_many([{"uniqueid": f"pbx-{ended}.{offset // HOUR}", "start_epoch": ended - 40,
                                     "end_epoch": ended, "call_date": dated(ended - 40, offset)}
                                    for ended in range(now - 50, now - 3 * 24 * HOUR, -100)])
    assert sync.run().code == 0
    assert_each_once(api, [one for one in expected if int(one[4:].split(".")[0]) > now - HOUR])


def test_rows_with_absurd_times_are_ignored(install, utc, api):
    db, sync = install(utc)
    now = db.now()
    expected = calls(db, 0, every(30, 3000))
    expected += db.insert_many([
        {"start_epoch": 0, "end_epoch": now - 50, "call_date": dated(now - 60, 0)},
        {"start_epoch": None, "end_epoch": now - 51, "call_date": dated(now - 60, 0)},
        {"start_epoch": 4294967295, "end_epoch": now - 52, "call_date": dated(now - 60, 0)},
        {"start_epoch": 17, "end_epoch": now - 53, "call_date": dated(now - 60, 0)},
        {"start_epoch": now - 9 * HOUR, "end_epoch": now - 54, "call_date": dated(now - 60, 0)}])
    db.insert(uniqueid=f"{now}.99", start_epoch=0, end_epoch=0, call_date="0000-00-00 00:00:00")
    dispo = db.insert_many([{"uniqueid": f"{now - 60}.{n}", "start_epoch": start, "end_epoch": now - 50,
                             "status": "DISPO", "call_date": dated(now - 60, 0)}
                            for n, start in enumerate((0, None, 17, 4294967295))])
    run = sync.run()
    assert run.code == 0
    assert_each_once(api, expected)
    assert "Time zones" not in run.log
    assert {row[0] for row in sync.ledger("SELECT uniqueid FROM call WHERE state = 3")} == set(dispo)


def test_different_zones_are_logged_once_and_shown(install, utc, api):
    db, sync = install(utc)
    for offset in (0, -7 * HOUR):
        calls(db, offset, every(60, 1800))
    first, second = sync.run(), sync.run()
    assert first.log.count("different time zones: UTC-07:00, UTC+00:00") == 1
    assert "time zone" not in second.log.lower()
    shown = sync.run("status").out
    assert "time zone" in shown and "different time zones: UTC-07:00, UTC+00:00" in shown
    assert sorted(json.loads(sync.run("status", "--json").out)["utc_offsets"]) == [-7 * HOUR, 0]
    assert "⚠ time zone: the dialer's hosts write call_date in different time zones" in sync.run("check").out


def test_writers_in_another_zone_than_the_server_are_logged(install, utc, api):
    db, sync = install(utc)
    calls(db, HOUR, every(60, 1800))
    run = sync.run()
    assert "call_date is written in UTC+01:00, but the database server's time zone is UTC+00:00" in run.log
    assert "UTC+01:00, but" in sync.run("status").out and "UTC+01:00, but" in sync.run("check").out
    assert "Time zones" not in sync.run().log


def test_equal_zones_are_not_logged(install, west, api):
    db, sync = install(west)
    calls(db, -8 * HOUR, every(60, 1800))
    assert "Time zones" not in sync.run().log
    status = json.loads(sync.run("status", "--json").out)
    assert status["utc_offsets"] == [-8 * HOUR] and status["time_zone_problem"] is None
    assert "✓ time zone: call_date is written in UTC-08:00" in sync.run("check").out


def test_without_calls_the_server_s_zone_counts(install, east, api):
    db, sync = install(east)
    assert sync.run().code == 0
    assert json.loads(sync.run("status", "--json").out)["utc_offsets"] == [int(5.5 * HOUR)]


def test_an_end_that_vicidial_computed_in_the_wrong_zone_is_found(install, utc, api):
    """FastAGI_log.pl applies UNIX_TIMESTAMP to another host's local time, so such a call seems to have ended 8 hours
    ago."""
    db, sync = install(utc, since=12 * HOUR)
    expected = calls(db, -8 * HOUR, every(60, 1800))
    assert sync.run().code == 0
    now = db.now()
    expected += db.insert_many([{"uniqueid": f"{now - n}.{n}", "start_epoch": now - n - 8 * HOUR, "status": "AB",
                                 "end_epoch": now - n - 8 * HOUR, "call_date": dated(now - n, -8 * HOUR)}
                                for n in range(5)])
    sync.configure(config={"sync": {"sweep_interval": 1}})
    assert sync.run().code == 0
    assert_each_once(api, expected)
