"""After a long outage the live table no longer has the oldest calls. The runs find these calls in the archive."""
import collections
import contextlib
import shlex
import sqlite3

import pytest

HOUR, DAY = 3600, 86400
UTF8 = "utf8mb3 COLLATE utf8mb3_unicode_ci"


def delivered(api):
    return collections.Counter(body["uniqueid"] for body in api.recorded())


def calls(db, now, first_hours_ago, last_hours_ago, count=40, **columns):
    step = (first_hours_ago - last_hours_ago) * HOUR // count
    return db.insert_many([{"end_epoch": now - first_hours_ago * HOUR + n * step, **columns} for n in range(count)])


def archive(db, cutoff, table="vicidial_log"):
    """Does what ADMIN_archive_log_tables.pl does: it copies all rows, then deletes the old rows. The first copy of a
    row stays."""
    db.query(f"INSERT IGNORE INTO {table}_archive SELECT * FROM {table}")
    db.query(f"DELETE FROM {table} WHERE call_date < FROM_UNIXTIME(%s)", (cutoff,))


def run_until_done(sync, most=20):
    logs = []
    for _ in range(most):
        run = sync.run()
        logs.append(run.log)
        if run.code == 0:
            return logs
        assert run.code == 75, run.log
    raise AssertionError(logs[-1])


@pytest.fixture
def away(sync, db):
    """An installation that has not run for three days. The dialer's live table has one day."""
    sync.configure(config={"sync": {"backfill_rate": 1000}})
    sync.set_checkpoint(db.now() - 72 * HOUR)
    sync.wanted = calls(db, db.now(), 71, 0.05)
    archive(db, db.now() - DAY)
    db.query("UPDATE vicidial_log_archive SET status = 'INCALL' WHERE call_date >= FROM_UNIXTIME(%s)",
             (db.now() - DAY,))
    return sync


@pytest.fixture(params=["call_date", "end_epoch"])
def index(request, db):
    if request.param == "end_epoch":
        db.query("ALTER TABLE vicidial_log ADD INDEX on_end (end_epoch)")
        db.query("ALTER TABLE vicidial_log_archive ADD INDEX on_end (end_epoch)")
    return request.param


def test_a_run_continues_in_the_archive(index, away, db, api):
    run = away.run()
    assert run.code == 0, run.log
    assert delivered(api) == collections.Counter(away.wanted)
    assert {body["disposition"] for body in api.recorded()} == {"SALE"}, "a copy was sent, not the live row"
    assert run.log.count("🗄 vicidial_log may no longer have all of these calls: "
                         "this run also reads vicidial_log_archive, from ") == 1
    assert away.checkpoint().split()[1] == away.wanted[-1]
    assert away.ledger("SELECT count(*) FROM call WHERE state = 1") == [(len(away.wanted),)]
    again = away.run()
    assert again.code == 0 and "archive" not in again.log and "Found 0 new call results" in again.log
    assert delivered(api) == collections.Counter(away.wanted)


@pytest.mark.parametrize("only", ["vicidial_log", "vicidial_log_archive"])
def test_an_index_on_end_epoch_in_one_table_is_enough(only, away, db, api):
    db.query(f"ALTER TABLE {only} ADD INDEX on_end (end_epoch)")
    assert away.run().code == 0
    assert delivered(api) == collections.Counter(away.wanted)


@pytest.mark.parametrize("charset", ["utf8mb4", "latin1", "utf8mb4 COLLATE utf8mb4_bin"])
def test_the_archive_may_have_another_character_set(charset, away, db, api):
    db.query(f"ALTER TABLE vicidial_log_archive CONVERT TO CHARACTER SET {charset}")
    assert away.run().code == 0
    assert delivered(api) == collections.Counter(away.wanted)


def test_calls_arrive_if_the_live_table_is_empty(away, db, api):
    archive(db, db.now() + DAY)
    db.query("UPDATE vicidial_log_archive SET status = 'SALE'")
    assert away.run().code == 0
    assert delivered(api) == collections.Counter(away.wanted)
    new = db.insert(end_epoch=db.now() - 1)
    away.configure(config={"sync": {"settle": 0}})
    assert away.run().code == 0
    assert delivered(api) == collections.Counter([*away.wanted, new])


def test_a_checkpoint_set_far_back_sends_archived_calls(sync, db, api):
    sync.configure(config={"sync": {"backfill_rate": 1000}})
    assert sync.run().code == 0
    wanted = calls(db, db.now(), 30 * 24, 3 * 24)
    archive(db, db.now() - DAY)
    assert sync.run("checkpoint", "set", "31 days ago", "--yes").code == 0
    run = sync.run()
    assert run.code == 0 and "also reads vicidial_log_archive" in run.log, run.log
    assert delivered(api) == collections.Counter(wanted)


@pytest.mark.plain_only  # mostly pauses
def test_the_archive_is_read_over_several_runs(away, db, api):
    """On a busy dialer, a run has used up its max_server_time before it has read the archive."""
    away.configure(config={"database": {"max_server_time": 1}, "sync": {"exclude_campaigns": "OTHER"}})
    first, = calls(db, db.now(), 70, 30, count=1, campaign_id="OTHER")
    columns = [row["Field"] for row in db.query("SHOW COLUMNS FROM vicidial_log")]
    moved = {"uniqueid": "CONCAT('other.', seq)", "call_date": "call_date + INTERVAL seq * 144 DIV 400 SECOND",
             "start_epoch": "start_epoch + seq * 144 DIV 400", "end_epoch": "end_epoch + seq * 144 DIV 400"}
    db.query(f"INSERT INTO vicidial_log_archive ({','.join(columns)}) SELECT "
             + ",".join(moved.get(column, column) for column in columns)
             + " FROM vicidial_log, seq_1_to_400000 WHERE uniqueid = %s", (first,))
    db.delete(first)
    places, runs = [0], []
    while places[-1] < db.now() - DAY and len(runs) < 30:
        runs.append(away.run())
        places.append(away.ledger("SELECT number FROM note WHERE name = 'scanned_to'")[0][0])
        assert places[-1] > places[-2], "each run comes further"
        assert int(away.checkpoint().split()[0]) <= places[-1], "the checkpoint stays before what is unread"
    assert len(runs) > 1
    for run in runs[:-1]:
        assert run.code == 75 and "has used its share of the VICIdial database's time" in run.log, run.log
    assert {run.log.count("also reads vicidial_log_archive") for run in runs[:-1]} == {1}
    run_until_done(away)
    assert delivered(api) == collections.Counter(away.wanted)


@contextlib.contextmanager
def user(db, *tables):
    db.query("CREATE OR REPLACE USER meek@localhost IDENTIFIED BY 'meek'")
    for table in tables:
        db.query(f"GRANT SELECT ON {table} TO meek@localhost")
    try:
        yield {"VARDB_user": "meek", "VARDB_pass": "meek"}
    finally:
        db.query("DROP USER meek@localhost")


def assert_live_goes_on(away, api, reason):
    run = away.run()
    assert run.code == 0, run.log
    assert run.log.count("Those calls are not sent. Correct that, then send them: did-optimizer-sync backfill ") == 1
    assert reason in run.log
    live = collections.Counter(away.wanted[27:])
    assert not live - delivered(api) and set(delivered(api)) < set(away.wanted)
    assert "archive" not in away.run().log
    check = away.run("check")
    assert "vicidial_log_archive" in check.out and "long outage" in check.out, check.out
    return run.log.split("then send them: did-optimizer-sync ")[1].splitlines()[0]


def test_a_missing_right_to_read_the_archive_delays_only_archived_calls(away, db, api):
    with user(db, "vicidial_log") as account:
        away.configure(astguiclient=account)
        command = assert_live_goes_on(away, api, "command denied")
        assert f"did-optimizer-sync {command}" in away.run("status").out
        assert away.run("health").code == 1
        db.query("GRANT SELECT ON vicidial_log_archive TO meek@localhost")
        backfill = away.run(*shlex.split(command))
        assert backfill.code == 0, backfill.out + backfill.err
        assert away.run("health").code == 0
    assert delivered(api) == collections.Counter(away.wanted)


def test_a_missing_archive_delays_only_archived_calls(away, db, api):
    db.query("RENAME TABLE vicidial_log_archive TO vicidial_log_archive_2023")
    assert_live_goes_on(away, api, "there is no such table")


def test_an_archive_without_an_index_delays_only_archived_calls(away, db, api):
    db.query("ALTER TABLE vicidial_log_archive DROP INDEX call_date")
    assert_live_goes_on(away, api, "no usable index on call_date")


def test_a_locked_archive_fails_the_run_but_keeps_no_live_call_waiting(away, db, api):
    away.configure(config={"database": {"max_statement_time": 1}})
    before = away.checkpoint()
    live = {row["uniqueid"] for row in db.query("SELECT uniqueid FROM vicidial_log")}
    with contextlib.closing(db.connect()) as archiver, archiver.cursor() as cursor:
        cursor.execute("LOCK TABLES vicidial_log_archive WRITE")
        run = away.run()
        assert run.code == 69 and "vicidial_log_archive" in run.log, run.log
        cursor.execute("UNLOCK TABLES")
    assert set(delivered(api)) == live
    assert away.checkpoint().split()[0] == before.split()[0]
    assert away.run().code == 0
    assert delivered(api) == collections.Counter(away.wanted)


def overwrite_keys(index):
    with index.open("r+b") as file:
        file.seek(2048)
        file.write(b"\xa5" * (index.stat().st_size - 2048))


@pytest.mark.parametrize("damage", [overwrite_keys, lambda index: index.unlink(),
                                    lambda index: index.with_suffix(".MYD").unlink()],
                         ids=["keys overwritten", "no keys", "no rows"])
def test_a_damaged_archive_fails_the_run_but_keeps_no_live_call_waiting(damage, away, db, api):
    before = away.checkpoint()
    live = {row["uniqueid"] for row in db.query("SELECT uniqueid FROM vicidial_log")}
    db.query("FLUSH TABLES")
    files = db.dialer.directory / "data" / db.name
    whole = {file: file.read_bytes() for file in files.glob("vicidial_log_archive.MY?")}
    damage(files / "vicidial_log_archive.MYI")
    run = away.run()
    assert run.code == 69 and "REPAIR TABLE vicidial_log" in run.log, run.log
    assert set(delivered(api)) == live
    assert away.checkpoint().split()[0] == before.split()[0]
    db.query("FLUSH TABLES")
    for file, content in whole.items():
        file.write_bytes(content)
    assert away.run().code == 0
    assert delivered(api) == collections.Counter(away.wanted)


def test_a_row_that_is_dated_days_too_early_hides_no_archived_call(away, db, api):
    """A host whose clock was days behind wrote the row, and the archiver has not moved the row yet. The row does not
    prove that the live table goes back so far."""
    db.insert(end_epoch=db.now() - 10 * DAY)
    assert away.run().code == 0
    assert delivered(api) == collections.Counter(away.wanted)


def turn_the_ledger_back(sync, db, seconds):
    """Makes the ledger as if the program had been off for `seconds` after its last run."""
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE note SET number = number - ? WHERE name IN ('checkpoint', 'floor', 'scanned_to', "
                       "'last_sweep')", (seconds,))
        ledger.execute("UPDATE watched SET began = began - ?", (seconds,))
    sync.set_checkpoint(int(sync.checkpoint().split()[0]) - seconds)
    db.query("UPDATE vicidial_log SET start_epoch = start_epoch - %s, end_epoch = end_epoch - %s, "
             "call_date = call_date - INTERVAL %s SECOND", (seconds, seconds, seconds))


def test_a_call_that_got_another_id_in_the_outage_and_was_archived_arrives(sync, db, api):
    """VICIdial rewrites the uniqueid of a row when the agent hangs up. The row's lead has been called again since
    then."""
    call = db.insert(start_epoch=db.now() - 600, end_epoch=None, status="INCALL", lead_id=77)
    assert sync.run().code == 0 and delivered(api) == {}
    turn_the_ledger_back(sync, db, 72 * HOUR)
    db.query("UPDATE vicidial_log SET uniqueid = '1600000000.777', end_epoch = start_epoch + 660, status = 'SALE' "
             "WHERE uniqueid = %s", (call,))
    calls(db, db.now(), 71, 30)
    archive(db, db.now() - DAY)
    db.insert(end_epoch=db.now() - HOUR, lead_id=77)
    assert sync.run().code == 0
    assert delivered(api)["1600000000.777"] == 1


def test_calls_that_are_archived_while_the_run_reads_arrive(sync, db, api):
    """The archiver runs repeatedly, each time with a later cutoff."""
    sync.configure(config={"sync": {"backfill_rate": 1000}})
    sync.set_checkpoint(db.now() - 72 * HOUR)
    wanted = calls(db, db.now(), 70, 3, count=4000)
    cutoff = db.now() - 60 * HOUR
    archive(db, cutoff)
    running = sync.start("run")
    while running.poll() is None:
        cutoff = min(cutoff + HOUR, db.now() - 2 * HOUR)
        archive(db, cutoff)
    assert running.returncode in (0, 75)
    run_until_done(sync)
    assert delivered(api) == collections.Counter(wanted)


def test_archived_calls_of_hosts_in_two_time_zones_arrive(sync, db, api):
    """The archiver goes by local time, so it moves one host's calls later than the other host's."""
    sync.configure(config={"sync": {"backfill_rate": 1000}})
    sync.set_checkpoint(db.now() - 72 * HOUR)
    wanted = calls(db, db.now(), 60, 0.1, count=1200)
    db.query("UPDATE vicidial_log SET call_date = call_date - INTERVAL 6 HOUR WHERE end_epoch % 2".replace("%", "MOD"))
    archive(db, db.now() - DAY)
    moved, = db.query("SELECT MAX(start_epoch) AS latest FROM vicidial_log_archive WHERE uniqueid NOT IN "
                      "(SELECT uniqueid FROM vicidial_log)")
    kept, = db.query("SELECT MIN(start_epoch) AS first FROM vicidial_log")
    assert moved["latest"] - kept["first"] > 5 * HOUR, "the archive has later calls than the live table"
    run_until_done(sync)
    assert delivered(api) == collections.Counter(wanted)


@pytest.mark.parametrize("version", ["newest", "2.4"])
def test_archived_calls_of_the_queues_arrive(version, sync, db, api):
    db.make_vicidial(version)
    now = db.now()
    db.query("INSERT INTO vicidial_closer_log "
             "(lead_id,campaign_id,call_date,start_epoch,end_epoch,length_in_sec,status,phone_number,uniqueid) SELECT "
             "seq, 'GROUP', FROM_UNIXTIME(%s + seq * 600), %s + seq * 600, %s + seq * 600 + 20, 20, 'SALE', "
             "'3125550199', CONCAT(%s + seq * 600, '.', seq) FROM seq_1_to_420", [now - 71 * HOUR] * 4)
    sync.configure(config={"source": {"type": "vicidial-inbound"}, "sync": {"backfill_rate": 1000}})
    sync.set_checkpoint(now - 72 * HOUR)
    archive(db, now - DAY, "vicidial_closer_log")
    run = sync.run()
    assert run.code == 0 and "also reads vicidial_closer_log_archive" in run.log, run.log
    assert len(delivered(api)) == 420 and set(delivered(api).values()) == {1}
    assert "archive" not in sync.run().log


def test_an_ordinary_run_does_not_read_the_archive(sync, db, api):
    db.insert()
    assert sync.run().code == 0
    db.insert()
    db.query("SET GLOBAL log_output = 'TABLE'")
    db.query("TRUNCATE mysql.general_log")
    db.query("SET GLOBAL general_log = 1")
    assert sync.run().code == 0
    db.query("SET GLOBAL general_log = 0")
    rows = db.query("SELECT argument FROM mysql.general_log WHERE user_host LIKE 'cron%%'")
    said = [str(row["argument"]) for row in rows]
    assert said and not [one for one in said if "archive" in one or "ORDER BY call_date LIMIT 1" in one]
