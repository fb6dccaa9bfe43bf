"""The plans by which the server runs each of the program's statements on the dialer's database.

No statement compares columns of two tables. If their character sets differ, the server converts one of the columns. It
then reads the whole live table for each row of the archive, and the dialer's UPDATEs wait."""
import collections
import contextlib
import re

import pytest

pytestmark = pytest.mark.plain_only

HOUR = 3600
ROWS = 4000  # so many rows in the live table that reading all of them shows in the counts

UTF8 = "utf8mb3 COLLATE utf8mb3_unicode_ci"  # the default of VICIdial's manual
PAIRS = [(UTF8, UTF8), (UTF8, "utf8mb3 COLLATE utf8mb3_general_ci"), (UTF8, "utf8mb4"), (UTF8, "latin1"),
         (UTF8, "utf8mb4 COLLATE utf8mb4_bin"), (UTF8, "ascii"), ("latin1", UTF8), ("latin1", "utf8mb4"),
         ("utf8mb4 COLLATE utf8mb4_unicode_ci", "latin1")]


def delivered(api):
    return collections.Counter(body["uniqueid"] for body in api.recorded())


@contextlib.contextmanager
def watched(db):
    """A list of the program's statements, which is filled at the end."""
    db.query("SET GLOBAL log_output = 'TABLE'")
    db.query("TRUNCATE mysql.general_log")
    db.query("SET GLOBAL general_log = 1")
    said = []
    try:
        yield said
    finally:
        db.query("SET GLOBAL general_log = 0")
    rows = db.query("SELECT argument FROM mysql.general_log WHERE command_type = 'Query' AND user_host LIKE 'cron%%'")
    said += [row["argument"].decode() if isinstance(row["argument"], bytes) else row["argument"] for row in rows]


def tables_of(statement):
    return set(re.findall(r"\bvicidial_(?:closer_log|did_log|log)(?:_archive)?\b", statement))


def shape(statement):
    """The statement without its literals. Statements of one shape have one plan, except for what the literals
    select."""
    return re.sub(r"\d+", "0", re.sub(r"'(?:[^'\\]|\\.)*'(?:,'(?:[^'\\]|\\.)*')*", "'x'", statement))


def assert_sound(db, statements):
    """Each statement reads one table, by an index."""
    seen = set()
    for statement in statements:
        assert len(tables_of(statement)) <= 1, statement
        if not tables_of(statement) or statement.startswith("SHOW ") or shape(statement) in seen:
            continue
        seen.add(shape(statement))
        assert statement.startswith("SELECT "), statement
        for step in db.query("EXPLAIN " + statement.replace("%", "%%")):
            nothing = step["table"] is None or step["table"].startswith("<")  # the union itself, or an empty result
            assert nothing or step["type"] in ("range", "const", "ref", "eq_ref"), (statement, step)
            assert "filesort" not in (step["Extra"] or "") and "join buffer" not in (step["Extra"] or ""), statement
    return seen


@pytest.fixture(params=PAIRS, ids=lambda pair: " beside ".join(pair).replace(" COLLATE", ""))
def lived_dialer(request, db, api, sync):
    """Two days of calls in tables with these character sets. The archive has copies of the live table's rows, and rows
    that the live table no longer has."""
    live, archive = request.param
    db.query(f"ALTER TABLE vicidial_log CONVERT TO CHARACTER SET {live}")
    db.query(f"ALTER TABLE vicidial_log_archive CONVERT TO CHARACTER SET {archive}")
    now = db.now()
    sync.live = db.insert_many([{"end_epoch": now - 40 * HOUR + n * 30} for n in range(ROWS)])
    db.query("INSERT INTO vicidial_log_archive SELECT * FROM vicidial_log WHERE end_epoch < %s", (now - 39 * HOUR,))
    db.query("UPDATE vicidial_log_archive SET status = 'INCALL'")  # their state at the time of the copy
    sync.archived = db.insert_many([{"end_epoch": now - 45 * HOUR + n * 60} for n in range(250)],
                                   table="vicidial_log_archive")
    sync.set_checkpoint(now - 60)
    sync.configure(config={"sync": {"backfill_rate": 0}})
    assert sync.run().code == 0
    return sync


def test_no_statement_reads_a_whole_table_or_two_tables(lived_dialer, db, api):
    now = db.now()
    with watched(db) as said:
        assert lived_dialer.run().code == 0
        backfill = lived_dialer.run("backfill", "--from", str(now - 48 * HOUR), "--to", str(now - 30 * HOUR))
        assert backfill.code == 0, backfill.out + backfill.err
        reconcile = lived_dialer.run("reconcile", "--days", "2")
        assert reconcile.code == 0, reconcile.out + reconcile.err
        assert lived_dialer.run("why", lived_dialer.archived[7]).code == 0
        assert lived_dialer.run("check").code == 0
    shapes = assert_sound(db, said)
    for part in ("FROM vicidial_log FORCE INDEX (`call_date`)", "FROM vicidial_log_archive FORCE INDEX (`call_date`)",
                 "FROM vicidial_log FORCE INDEX (`PRIMARY`)", "FROM vicidial_log_archive FORCE INDEX (`PRIMARY`)",
                 "SELECT uniqueid FROM vicidial_log WHERE uniqueid IN ('x')",
                 "FROM vicidial_log_archive WHERE uniqueid IN ('x')"):
        assert any(part in one for one in shapes), f"no statement with {part}"
    wanted = [one for n, one in enumerate(lived_dialer.live) if now - 40 * HOUR + n * 30 <= now - 30 * HOUR]
    assert set(wanted) <= set(delivered(api)) and set(lived_dialer.archived) <= set(delivered(api))
    assert set(delivered(api).values()) == {1}
    assert {body["disposition"] for body in api.recorded()} == {"SALE"}, "a frozen copy was sent"


@pytest.mark.parametrize("lived_dialer", [PAIRS[0], PAIRS[3]], indirect=True)
def test_a_run_after_a_long_outage_reads_by_index(lived_dialer, db, api):
    lived_dialer.configure(config={"database": {"max_server_time": 0}})
    with watched(db) as said:
        lived_dialer.set_checkpoint(db.now() - 46 * HOUR)
        assert lived_dialer.run().code == 0
        db.query("ALTER TABLE vicidial_log ADD INDEX on_end (end_epoch)")
        lived_dialer.set_checkpoint(db.now() - 46 * HOUR)
        assert lived_dialer.run().code == 0
    shapes = assert_sound(db, said)
    for part in ("FROM vicidial_log FORCE INDEX (`call_date`) WHERE call_date >= 'x' ORDER BY call_date LIMIT 0",
                 "FROM vicidial_log FORCE INDEX (`on_end`) WHERE end_epoch >= 0 ORDER BY end_epoch LIMIT 0",
                 "FROM vicidial_log_archive FORCE INDEX (`call_date`)"):
        assert any(part in one for one in shapes), f"no statement with {part}"
    assert set(lived_dialer.archived) < set(delivered(api)) and set(delivered(api).values()) == {1}


def test_a_backfill_reads_few_rows(lived_dialer, db, api):
    """If the server read the live table for each row of the archive, it would read millions of rows."""
    now = db.now()
    run = lived_dialer.run("backfill", "--from", str(now - 46 * HOUR), "--to", str(now - 39 * HOUR))
    assert run.code == 0, run.out + run.err
    wanted = [one for n, one in enumerate(lived_dialer.live) if now - 40 * HOUR + n * 30 <= now - 39 * HOUR]
    assert set(lived_dialer.archived) < set(delivered(api)) and set(wanted) - set(delivered(api)) <= set(wanted[-1:])
    examined, = lived_dialer.ledger("SELECT rows_examined FROM run WHERE kind = 'backfill' ORDER BY id DESC LIMIT 1")[0]
    assert 0 < examined < 2 * ROWS


def test_a_uniqueid_that_the_live_table_cannot_store_stops_no_run(db, api, sync):
    """A restored archive has a character set with more letters."""
    db.query("ALTER TABLE vicidial_log CONVERT TO CHARACTER SET latin1")
    db.query("ALTER TABLE vicidial_log_archive CONVERT TO CHARACTER SET utf8mb4")
    now = db.now()
    odd = ["☎1795000000.1", "1795000000.é", "1795000000.😀"]
    plain = db.insert_many([{"end_epoch": now - 20 * HOUR + n} for n in range(3)], table="vicidial_log_archive")
    db.insert_many([{"uniqueid": one, "end_epoch": now - 20 * HOUR + 7} for one in odd], table="vicidial_log_archive")
    both = db.insert_many([{"uniqueid": "1795000000.ü", "end_epoch": now - 20 * HOUR, "status": "DNC"}])
    db.insert_many([{"uniqueid": both[0], "end_epoch": now - 20 * HOUR}], table="vicidial_log_archive")
    sync.set_checkpoint(now - 60)
    assert sync.run().code == 0
    run = sync.run("backfill", "--from", str(now - 22 * HOUR), "--to", str(now - 18 * HOUR))
    assert run.code == 0, run.out + run.err
    assert delivered(api) == collections.Counter([*plain, *odd, *both])
    assert api.by_uniqueid()[both[0]][-1]["disposition"] == "DNC"


def test_a_call_that_waits_under_such_an_id_delays_no_other(db, api, sync):
    db.query("ALTER TABLE vicidial_log CONVERT TO CHARACTER SET utf8mb4")
    now = db.now()
    db.insert(uniqueid="1795000000.😀", end_epoch=now - 30, status="DISPO")
    assert sync.run().code == 0
    db.query("DELETE FROM vicidial_log")
    db.query("ALTER TABLE vicidial_log CONVERT TO CHARACTER SET utf8mb3")  # a row that was restored from elsewhere
    db.query("ALTER TABLE vicidial_log_archive CONVERT TO CHARACTER SET latin1")
    plain = db.insert(end_epoch=now - 20)
    assert sync.run().code == 0
    assert delivered(api) == collections.Counter([plain])
    assert sync.run("why", "1795000000.😀").code == 1  # there is no such call


@pytest.mark.parametrize("lived_dialer", [(UTF8, "utf8mb4")], indirect=True)
def test_the_dialer_s_update_goes_on_while_the_archive_is_read(lived_dialer, db, api):
    """A lock delays the statement on the archive. Meanwhile the live table is free."""
    now = db.now()
    with contextlib.closing(db.connect()) as archiver, archiver.cursor() as cursor:
        cursor.execute("LOCK TABLES vicidial_log_archive WRITE")
        running = lived_dialer.start("backfill", "--from", str(now - 48 * HOUR), "--to", str(now - 30 * HOUR))
        while not db.query("SELECT 1 FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for table%%' "
                           "AND INFO LIKE '%%vicidial_log_archive%%'"):
            assert running.poll() is None
        with contextlib.closing(db.connect()) as dialer, dialer.cursor() as update:
            update.execute("SET lock_wait_timeout = 1")
            update.execute("UPDATE vicidial_log SET status = 'SALE' WHERE uniqueid = %s", (lived_dialer.live[0],))
        assert db.query("SELECT 1 FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for table%%' "
                        "AND INFO LIKE '%%vicidial_log_archive%%'")
        cursor.execute("UNLOCK TABLES")
    assert running.wait(60) == 0


@pytest.mark.parametrize("version", ["newest", "2.4"])
def test_no_statement_for_inbound_calls_reads_a_whole_table(db, api, sync, version):
    """The statements use the indexes on call_date and closecallid of vicidial_closer_log, and on uniqueid of
    vicidial_did_log."""
    db.make_vicidial(version)
    now = db.now()
    db.query("INSERT INTO vicidial_closer_log "
             "(lead_id,campaign_id,call_date,start_epoch,end_epoch,length_in_sec,status,phone_number,uniqueid) SELECT "
             "seq, 'GROUP', FROM_UNIXTIME(%s + seq * 30), %s + seq * 30, %s + seq * 30 + 20, 20, IF(seq %% 50, 'SALE', "
             "'DISPO'), '3125550199', CONCAT(%s + seq * 30, '.', seq) FROM seq_1_to_4000", [now - 40 * HOUR] * 4)
    db.query("INSERT INTO vicidial_did_log (uniqueid,channel,server_ip,extension,call_date) SELECT uniqueid, '', '', "
             "'8005550100', call_date FROM vicidial_closer_log")
    db.query("INSERT INTO vicidial_closer_log_archive SELECT * FROM vicidial_closer_log WHERE closecallid < 500")
    db.query("DELETE FROM vicidial_closer_log WHERE closecallid < 250")
    sync.configure(config={"source": {"type": "vicidial-inbound"}, "sync": {"backfill_rate": 0}})
    sync.set_checkpoint(now - 9 * HOUR)
    with watched(db) as said:
        for _ in range(2):
            assert sync.run().code == 0
        backfill = sync.run("backfill", "--from", str(now - 48 * HOUR), "--to", str(now - 36 * HOUR))
        assert backfill.code == 0, backfill.out + backfill.err
        assert sync.run("reconcile", "--days", "2").code == 0
        assert sync.run("why", f"{now - 40 * HOUR + 3000}.100/c100").code == 0
        assert sync.run("check").code == 0
    tables = {row["name"] for row in db.query("SELECT TABLE_NAME AS name FROM information_schema.TABLES")}
    shapes = assert_sound(db, [one for one in said if tables_of(one) <= tables])
    for part in ("FROM vicidial_closer_log FORCE INDEX (`call_date`)",
                 "FROM vicidial_closer_log FORCE INDEX (`PRIMARY`)",
                 "FROM vicidial_closer_log FORCE INDEX (`call_date`) WHERE call_date >= 'x' ORDER BY call_date LIMIT 0",
                 "FROM vicidial_closer_log_archive FORCE INDEX (`call_date`)",
                 "FROM vicidial_did_log FORCE INDEX (`uniqueid`)",
                 "FROM vicidial_closer_log_archive FORCE INDEX (`PRIMARY`)"):
        assert any(part in one for one in shapes), f"no statement with {part}"
    assert set(delivered(api).values()) == {1} and len(delivered(api)) > 500
    assert {body["phoneNumber"] for body in api.recorded()} == {"8005550100"}
