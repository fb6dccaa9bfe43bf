"""Every statement that reaches the dialer's database, looked at as the server would run it.

No statement compares columns of two tables: where their character sets differ the server converts one of them, reads the
live table from end to end for each row of the archive, and the dialer's UPDATEs wait."""
import collections
import contextlib
import re

import pytest

HOUR = 3600
ROWS = 4000  # in the live table: enough that reading all of it shows

UTF8 = "utf8mb3 COLLATE utf8mb3_unicode_ci"  # as VICIdial's manual makes the database
PAIRS = [(UTF8, UTF8), (UTF8, "utf8mb3 COLLATE utf8mb3_general_ci"), (UTF8, "utf8mb4"), (UTF8, "latin1"),
         (UTF8, "utf8mb4 COLLATE utf8mb4_bin"), (UTF8, "ascii"), ("latin1", UTF8), ("latin1", "utf8mb4"),
         ("utf8mb4 COLLATE utf8mb4_unicode_ci", "latin1")]


def delivered(api):
    return collections.Counter(body["uniqueid"] for body in api.recorded())


@contextlib.contextmanager
def watched(db):
    """The statements of the program, in a list that is filled at the end."""
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
    return set(re.findall(r"\bvicidial_log(?:_archive)?\b", statement))


def shape(statement):
    """The statement without its literals: those of one shape have one plan, but for what the literals select."""
    return re.sub(r"\d+", "0", re.sub(r"'(?:[^'\\]|\\.)*'(?:,'(?:[^'\\]|\\.)*')*", "'x'", statement))


def assert_sound(db, statements):
    """Each reads one table, through an index."""
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
def lived(request, db, api, sync):
    """Two days of a dialer whose tables have these character sets. The archive has copies of what the live table has, and
    what it has no more."""
    live, archive = request.param
    db.query(f"ALTER TABLE vicidial_log CONVERT TO CHARACTER SET {live}")
    db.query(f"ALTER TABLE vicidial_log_archive CONVERT TO CHARACTER SET {archive}")
    now = db.now()
    sync.live = db.insert_many([{"end_epoch": now - 40 * HOUR + n * 30} for n in range(ROWS)])
    db.query("INSERT INTO vicidial_log_archive SELECT * FROM vicidial_log WHERE end_epoch < %s", (now - 39 * HOUR,))
    db.query("UPDATE vicidial_log_archive SET status = 'INCALL'")  # as they were when they were copied
    sync.archived = db.insert_many([{"end_epoch": now - 45 * HOUR + n * 60} for n in range(250)],
                                   table="vicidial_log_archive")
    sync.set_checkpoint(now - 60)
    sync.configure(config={"sync": {"backfill_rate": 0}})
    assert sync.run().code == 0
    return sync


def test_no_statement_reads_a_whole_table_or_two_tables(lived, db, api):
    now = db.now()
    with watched(db) as said:
        assert lived.run().code == 0
        backfill = lived.run("backfill", "--from", str(now - 48 * HOUR), "--to", str(now - 30 * HOUR))
        assert backfill.code == 0, backfill.out + backfill.err
        reconcile = lived.run("reconcile", "--days", "2")
        assert reconcile.code == 0, reconcile.out + reconcile.err
        assert lived.run("why", lived.archived[7]).code == 0
        assert lived.run("check").code == 0
    shapes = assert_sound(db, said)
    for part in ("FROM vicidial_log FORCE INDEX (`call_date`)", "FROM vicidial_log_archive FORCE INDEX (`call_date`)",
                 "FROM vicidial_log FORCE INDEX (`PRIMARY`)", "FROM vicidial_log_archive FORCE INDEX (`PRIMARY`)",
                 "SELECT uniqueid FROM vicidial_log WHERE uniqueid IN ('x')",
                 "FROM vicidial_log_archive WHERE uniqueid IN ('x')"):
        assert any(part in one for one in shapes), f"no statement with {part}"
    wanted = [one for n, one in enumerate(lived.live) if now - 40 * HOUR + n * 30 <= now - 30 * HOUR]
    assert set(wanted) <= set(delivered(api)) and set(lived.archived) <= set(delivered(api))
    assert set(delivered(api).values()) == {1}
    assert {body["disposition"] for body in api.recorded()} == {"SALE"}, "a frozen copy was sent"


def test_a_backfill_looks_at_few_rows(lived, db, api):
    """Where the server reads the live table for each row of the archive these are millions."""
    now = db.now()
    run = lived.run("backfill", "--from", str(now - 46 * HOUR), "--to", str(now - 39 * HOUR))
    assert run.code == 0, run.out + run.err
    wanted = [one for n, one in enumerate(lived.live) if now - 40 * HOUR + n * 30 <= now - 39 * HOUR]
    assert set(lived.archived) < set(delivered(api)) and set(wanted) - set(delivered(api)) <= set(wanted[-1:])
    examined, = lived.ledger("SELECT rows_examined FROM run WHERE kind = 'backfill' ORDER BY id DESC LIMIT 1")[0]
    assert 0 < examined < 2 * ROWS


def test_a_uniqueid_that_the_live_table_cannot_hold_ends_nothing(db, api, sync):
    """A restored archive has a character set that knows more letters."""
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
    db.query("ALTER TABLE vicidial_log CONVERT TO CHARACTER SET utf8mb3")  # restored from elsewhere
    db.query("ALTER TABLE vicidial_log_archive CONVERT TO CHARACTER SET latin1")
    plain = db.insert(end_epoch=now - 20)
    assert sync.run().code == 0
    assert delivered(api) == collections.Counter([plain])
    assert sync.run("why", "1795000000.😀").code == 0


@pytest.mark.parametrize("lived", [(UTF8, "utf8mb4")], indirect=True)
def test_the_dialer_s_update_goes_on_while_the_archive_is_read(lived, db, api):
    """The statement on the archive is held up by a lock; the live table is free meanwhile."""
    now = db.now()
    with contextlib.closing(db.connect()) as archiver, archiver.cursor() as cursor:
        cursor.execute("LOCK TABLES vicidial_log_archive WRITE")
        running = lived.start("backfill", "--from", str(now - 48 * HOUR), "--to", str(now - 30 * HOUR))
        while not db.query("SELECT 1 FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for table%%' "
                           "AND INFO LIKE '%%vicidial_log_archive%%'"):
            assert running.poll() is None
        with contextlib.closing(db.connect()) as dialer, dialer.cursor() as update:
            update.execute("SET lock_wait_timeout = 1")
            update.execute("UPDATE vicidial_log SET status = 'SALE' WHERE uniqueid = %s", (lived.live[0],))
        assert db.query("SELECT 1 FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for table%%' "
                        "AND INFO LIKE '%%vicidial_log_archive%%'")
        cursor.execute("UNLOCK TABLES")
    assert running.wait(60) == 0
