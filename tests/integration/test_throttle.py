"""The limit of the database's time for a run (max_server_time), and the longer pauses while the database is busy."""
import contextlib
import re

import pytest

from harness.process import until

pytestmark = pytest.mark.plain_only  # rates and pauses, which the sanitizers' slowness distorts

HOURS = 3
USED_UP = "this run has used its share of the VICIdial database's time (max_server_time)"


def insert_many(db, count):
    """Inserts calls that are evenly spread over the last hours."""
    now = db.now()
    return db.insert_many([{"end_epoch": now - HOURS * 3600 + 5 + number * (HOURS * 3600 - 60) // count,
                            "length_in_sec": 30} for number in range(count)])


def prepare(sync, db, **database):
    sync.configure(config={"sync": {"settle": 0, "splay": 0, "sweep_interval": 0, "backfill_rate": 0},
                           "database": database})
    sync.set_checkpoint(db.now() - HOURS * 3600)


def test_runs_with_a_small_share_send_every_call_once(sync, db, api):
    """Runs may use one second of each minute. With one run each second, a run may use 1/60 of a second."""
    calls = insert_many(db, 12000)
    prepare(sync, db, max_server_time=1)
    loop = sync.start("run", "--every", "1")
    until(lambda: len(api.recorded()) >= len(calls), lambda: sync.log_file.read_text()[-2000:], 180)
    loop.terminate()
    loop.communicate(timeout=20)
    assert sorted(entry["uniqueid"] for entry in api.recorded()) == sorted(calls)
    assert USED_UP in sync.log_file.read_text()
    assert sync.run().code in (0, 75)  # 75: a slow machine has used up the share of this minute


def test_without_a_limit_one_run_sends_all_calls(sync, db, api):
    calls = insert_many(db, 12000)
    prepare(sync, db, max_server_time=0)
    run = sync.run()
    assert run.code == 0 and USED_UP not in run.log
    assert len(api.recorded()) == len(calls)


def test_a_busy_database_is_read_more_slowly(sync, db, api):
    """40 statements run at once, as while a table is locked."""
    calls = insert_many(db, 12000)
    prepare(sync, db, max_server_time=0)
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            connection = stack.enter_context(contextlib.closing(db.dialer.connect()))
            connection._execute_command(3, "SELECT SLEEP(60)")  # COM_QUERY; the test does not wait for the result
            stack.callback(db.query, f"KILL {connection.thread_id()}")
        run = sync.run()
    found = re.search(r"The VICIdial database is busy \(the longest statement took \d+ ms, up to (\d+) ran at", run.log)
    assert run.code == 0 and len(api.recorded()) == len(calls)
    assert found and int(found[1]) >= 40, run.log[-3000:]


def test_the_longest_statement_is_a_metric(sync, db):
    db.insert()
    assert sync.run().code == 0
    page = sync.run("metrics").out
    found = re.search(r"^did_optimizer_sync_last_run_longest_statement_seconds\S* ([\d.]+)$", page, re.M)
    assert found and float(found[1]) < 5
