"""The sink `bigquery`: the dialer's calls in a table of BigQuery, one correct row a call, also with BigQuery's errors,
with its quotas, without a billing account, and with crashes."""
import datetime
import json
import re
import shutil
import time

import pytest

from fault import shim
from fault.sweeps import points
from harness.bigquery import BigQuery, Failed
from harness.keeping import change_ledger
from harness.sync import Sync
from harness.web import Reply

needs_shim = pytest.mark.skipif(shim.cannot_load() is not None, reason=f"no shim: {shim.cannot_load()}")
CALLS, LOG = "telephony.calls", "telephony.update_log"
STEPS = 10  # of all that a crash sweep could try, as each takes three runs; SWEEP_SHARE changes it


@pytest.fixture
def bigquery():
    with BigQuery() as server:
        yield server


@pytest.fixture
def sync(db, bigquery, tmp_path):
    key_file = tmp_path / "key.json"
    key_file.write_text(json.dumps(bigquery.accounts.service_account()))
    key_file.chmod(0o600)
    installation = Sync(tmp_path / "host", db, timezone=db.dialer.timezone)
    installation.configure(config={"sync": {"settle": 0, "splay": 0},
                                   "sink": {"type": "bigquery", "project": "calls", "dataset": "telephony",
                                            "credentials_file": key_file, "bigquery_url": bigquery.url}})
    installation.set_checkpoint(db.now() - 3600)
    yield installation
    installation.close()


def change_state(sync, **changes):
    """Adds to numbers in the file of what the sink remembers, if there is one."""
    path = sync.state / "bigquery.state"
    if path.exists():
        state = json.loads(path.read_text())
        path.write_text(json.dumps({name: value + changes.get(name, 0) if name in changes else value
                                    for name, value in state.items()}))


def is_open(sync):
    return json.loads((sync.state / "bigquery.state").read_text())["is_open"]


def wait_for_interval(sync):
    """As if load_interval had passed, and the calls that wait for it were due."""
    state = sync.state / "bigquery.state"
    opened = json.loads(state.read_text())["loaded"] + 300 if state.exists() else 0
    change_state(sync, loaded=-301)
    if (sync.state / "ledger.db").exists():
        change_ledger(sync, f"UPDATE call SET due = 0 WHERE state = 2 AND due <= {opened + 1}")


def make_due(sync):
    change_ledger(sync, "UPDATE call SET due = 0 WHERE state = 2")


def run(sync, *words, code=0, command=("run",)):
    wait_for_interval(sync)
    done = sync.run(*command)
    assert done.code == code, done.log + done.err
    for word in words:
        assert word in done.log, done.log
    return done


def rows(bigquery):
    """The rows of the table of calls by their ids; none twice, on no day."""
    found = bigquery.rows(CALLS)
    assert len({row["call_id"] for row in found}) == len(found), found
    return {row["call_id"]: row for row in found}


def modes(bigquery):
    return [(row["mode"], row["rows_loaded"]) for row in bigquery.rows(LOG)]


def assert_secrets_hidden(bigquery, done):
    for text in (done.log, done.out, done.err):
        assert "PRIVATE KEY" not in text and "/session/" not in text
        for token in bigquery.accounts.tokens:
            assert token not in text


def test_four_lines_of_settings_bring_the_calls_into_a_table_of_their_day(db, sync, bigquery):
    sync.dids_file.unlink()
    now = db.now()
    first = db.insert(end_epoch=now - 60, length_in_sec=45, status="A", phone_number="3125550100", user="O'Neil \"x\"")
    second = db.insert(end_epoch=now - 50, status="NA")
    done = run(sync, "✅ Sync completed successfully")
    made = rows(bigquery)
    assert sorted(made) == sorted([first, second])
    row = made[first]
    assert (row["tenant"], row["source"], row["phone_number"], row["agent"], row["disposition"], row["result"]) == \
        ("default", "vicidial", "3125550100", "O'Neil \"x\"", "A", "answered")
    assert row["ended_at"] == time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(now - 60))
    assert row["call_date"] == row["started_at"][:10] and row["duration"] == 45
    assert json.loads(row["extras"])["lead_id"]
    table = bigquery.tables[CALLS]
    assert (table.partition, table.clustering, table.needs_filter) == ("call_date", ["tenant", "source", "call_id"],
                                                                       True)
    assert modes(bigquery) == [("STAGED", 2), ("MERGED", 2)]
    assert not bigquery.staging_tables() and bigquery.kinds.count("token") == 1
    assert len([name for name in bigquery.loads if "_staging_" in name]) == 1
    assert_secrets_hidden(bigquery, done)
    assert "accepted" in sync.run("why", first).out.lower()


def test_calls_wait_for_the_next_load_without_using_up_a_try(db, sync, bigquery):
    first = db.insert()
    run(sync)
    later = [db.insert() for _ in range(3)]
    done = sync.run("run")
    assert done.code == 0 and "3 calls are pending until the next load" in done.log, done.log
    assert sorted(rows(bigquery)) == [first]
    assert sync.ledger("SELECT count(*) FROM call WHERE state = 2 AND attempts = 0") == [(3,)]
    until = re.search("takes calls again from (.*) on", done.log)[1]
    assert f"the call will be sent with the first run after {until}" in sync.run("why", later[0]).out
    asked = len(bigquery.kinds)
    sync.run("run")
    assert len(bigquery.kinds) == asked, "a run between two loads asks nothing"
    run(sync)
    assert sorted(rows(bigquery)) == sorted([first, *later])
    assert len(bigquery.loads) == 3, bigquery.loads  # two staging tables and update_log


def test_a_backfill_does_not_wait_for_the_next_load_and_delays_no_run(db, sync, bigquery):
    """Goal: nothing of a long backfill becomes pending, because pending calls are read again one by one. And a run
    during a backfill, here after it, loads as if the backfill had loaded nothing."""
    first = db.insert()
    run(sync)
    old = db.insert(end_epoch=db.now() - 10000)
    done = sync.run("backfill", "--from", "4 hours ago", "--to", "2 hours ago")
    assert done.code == 0 and sorted(rows(bigquery)) == sorted([first, old]), done.log
    later = db.insert()
    assert "1 calls are pending until the next load" in sync.run("run").log  # of the run, not of the backfill
    wait_for_interval(sync)
    older = db.insert(end_epoch=db.now() - 11000)
    sync.run("backfill", "--from", "4 hours ago", "--to", "2 hours ago")
    assert sorted(rows(bigquery)) == sorted([first, old, older])
    make_due(sync)
    sync.run("run")
    assert sorted(rows(bigquery)) == sorted([first, old, older, later])


def test_a_changed_call_changes_its_row_and_one_that_changes_back_too(db, sync, bigquery):
    """Goal: the batch with the first version again has the content of the first batch, but is another load."""
    call = db.insert(status="A")
    run(sync)
    for status in ("SALE", "A", "SALE"):
        db.update(call, status=status)
        run(sync, command=("backfill", "--from", "1 hour ago", "--to", "now"))
        assert rows(bigquery)[call]["disposition"] == status
    assert modes(bigquery)[-1] == ("MERGED", 1)


def test_a_changed_call_that_moved_to_another_day_leaves_no_row_behind(db, sync, bigquery):
    call, other = db.insert(status="A"), db.insert(status="A")
    run(sync)
    began = db.row(call)["start_epoch"]
    before = rows(bigquery)[call]["call_date"]
    db.update(call, status="SALE", start_epoch=began - 3 * 86400)
    run(sync, command=("backfill", "--from", "1 hour ago", "--to", "now"))
    after = rows(bigquery)
    assert after[call]["call_date"] < before and after[call]["disposition"] == "SALE" and other in after


def test_a_merge_of_new_calls_reads_only_their_days(db, sync, bigquery):
    """Goal: after the first load, or hours without one, another host may have loaded, so every day is read once."""
    pruned = []
    for age in (301, 301, 7 * 3600, 301):
        call = db.insert()
        change_state(sync, loaded=301 - age)
        run(sync)
        pruned.append(None if bigquery.pruned.pop() is None else rows(bigquery)[call]["call_date"])
    assert [day is None for day in pruned] == [True, False, True, False] and not bigquery.pruned


def test_a_lost_answer_to_any_request_loads_each_call_once(db, sync, bigquery):
    calls = [db.insert() for _ in range(3)]
    for kind in ("dataset.insert", "table.insert", "load", "query", "job.get", "table.delete"):
        bigquery.answers[kind].append("lost")
    run(sync, "✅ Sync completed successfully")
    assert sorted(rows(bigquery)) == sorted(calls)
    assert modes(bigquery) == [("STAGED", 3), ("MERGED", 3)]


def test_a_job_that_fails_is_run_anew_and_uses_up_no_try(db, sync, bigquery):
    call = db.insert()
    bigquery.job_errors["load"].append("backendError")
    run(sync, "The job failed: backendError", code=69)
    assert not rows(bigquery)
    bigquery.job_errors["merge"].append(Failed("invalidQuery", "Could not serialize access to table "
                                               "calls:telephony.calls due to concurrent update"))
    run(sync, "concurrent update", code=69)
    assert not rows(bigquery)
    run(sync)
    assert list(rows(bigquery)) == [call]
    assert sync.ledger("SELECT attempts FROM call") == [(0,)]


@pytest.mark.parametrize("count", [1, 6])
def test_a_request_that_is_refused_rejects_no_call(db, sync, bigquery, count):
    calls = [db.insert() for _ in range(count)]
    refused = {"error": {"code": 400, "message": "Invalid value", "errors": [{"reason": "invalid", "message": "x"}]}}
    bigquery.answers["load"].append(Reply.of_json(400, refused))
    run(sync, "BigQuery: HTTP 400 invalid", code=78)
    assert sync.ledger("SELECT count(*) FROM call WHERE state = 4") == [(0,)]
    run(sync)
    assert sorted(rows(bigquery)) == sorted(calls)


@pytest.mark.plain_only
@pytest.mark.parametrize("kind", ["load", "job.get"])
def test_a_load_job_that_only_seems_to_have_ended_well_is_not_believed(db, sync, bigquery, kind):
    """Goal: calls are accepted only when BigQuery has their rows, also if an answer is that of no job of ours."""
    call = db.insert()
    bigquery.answers[kind].append(Reply(200, b'{"status": {"state": "DONE"}}'))
    run(sync, "0 of its 1 rows are loaded", code=69)
    assert not bigquery.answers[kind] and sync.ledger("SELECT count(*) FROM call WHERE state = 1") == [(0,)]
    make_due(sync)
    run(sync)
    assert list(rows(bigquery)) == [call]


@pytest.mark.plain_only
@pytest.mark.parametrize("answer", [{}, {"jobComplete": False}, {"jobComplete": True, "totalRows": "1"}], ids=str)
def test_days_that_bigquery_has_not_listed_are_asked_for_again(db, sync, bigquery, answer):
    """Goal: without a billing account a batch replaces the days of a result. A day that is not in it would be lost."""
    bigquery.billing = False
    call = db.insert()
    bigquery.answers["rows"].append(Reply.of_json(200, answer))
    run(sync, "BigQuery has not given all rows of a result", code=69)
    assert sync.ledger("SELECT count(*) FROM call WHERE state = 1") == [(0,)]
    make_due(sync)
    run(sync)
    assert list(rows(bigquery)) == [call]


def test_an_answer_without_end_is_an_error_that_says_so(db, sync, bigquery):
    call = db.insert()
    bigquery.answers["load"].extend([Reply(200, b"{" + b" " * (5 << 20))] * 3)
    done = run(sync, "could not read the answer of BigQuery: the answer has more than 4 MB", code=69)
    assert "check the network" not in done.log
    run(sync)
    assert list(rows(bigquery)) == [call]


@pytest.mark.plain_only
def test_of_a_long_answer_only_what_is_read_is_asked_for(db, sync, bigquery):
    call = db.insert()
    bigquery.plans = 200  # some 6 MB
    run(sync)
    assert list(rows(bigquery)) == [call] and modes(bigquery) == [("STAGED", 1), ("MERGED", 1)]


def test_a_bad_row_is_rejected_with_its_reason_and_the_others_are_loaded(db, sync, bigquery):
    calls = [db.insert() for _ in range(4)]
    bigquery.refused = {calls[1], calls[3]}
    run(sync, f"✗ {calls[1]}: failed: BigQuery: invalid: ", "Could not convert value", "(rejected)", code=0)
    assert sorted(rows(bigquery)) == sorted([calls[0], calls[2]])
    listed = [json.loads(line)["uniqueid"] for line in sync.run("failed", "list", "--json").out.splitlines()]
    assert sorted(listed) == sorted([calls[1], calls[3]])
    bigquery.refused = set()
    sync.run("failed", "retry", "--all")
    run(sync)
    assert sorted(rows(bigquery)) == sorted(calls)


@pytest.mark.plain_only
def test_a_row_that_is_too_large_is_rejected_alone(db, sync, bigquery):
    calls = [db.insert(comments="x" * length) for length in (1, 250, 1)]
    run(sync)
    sizes = [len(json.dumps(row)) for row in bigquery.rows(CALLS)]
    bigquery.row_most = max(sizes) - 100
    later = [db.insert(comments="x" * length) for length in (1, 250, 1)]
    run(sync, f"✗ {later[1]}: failed: BigQuery: invalid: ", "Row size is larger than", "(rejected)")
    assert sorted(rows(bigquery)) == sorted([*calls, later[0], later[2]])


def test_many_bad_rows_stop_no_load_for_ever(db, sync, bigquery):
    """Goal: each load job finds one bad row, and a run begins only a few. Each run rejects those that it found."""
    calls = [db.insert() for _ in range(9)]
    bigquery.refused = set(calls[:7])
    run(sync, code=69)
    run(sync)
    assert sorted(rows(bigquery)) == sorted(calls[7:])
    assert len(sync.run("failed", "list", "--json").out.splitlines()) == 7
    assert set(sync.ledger("SELECT attempts FROM call")) == {(0,)}


@pytest.mark.plain_only
@pytest.mark.parametrize("as_text", [True, False])
def test_the_names_of_an_older_tool_are_read_from_the_environment(db, sync, bigquery, as_text):
    key_file = sync.config["sink"]["credentials_file"]
    names = {"BQ_PROJECT_ID": "calls", "BQ_DATASET_ID": "older", "BQ_LOCATION": "asia-southeast1",
             "SERVICE_ACCOUNT_KEY_JSON": key_file.read_text() if as_text else str(key_file)}
    sync.configure(config={"sink": {"project": None, "dataset": None, "credentials_file": None}})
    call = db.insert()
    done = sync.run("run", env=names)
    assert done.code == 0, done.log + done.err
    assert [row["call_id"] for row in bigquery.rows("older.calls")] == [call]
    assert bigquery.datasets["older"]["location"] == "asia-southeast1"
    assert_secrets_hidden(bigquery, done)


def test_an_expired_token_is_replaced_and_a_wrong_account_is_named(db, sync, bigquery):
    call = db.insert()
    bigquery.on_request = lambda kind, request: kind == "query" and bigquery.kinds.count("query") == 1 and \
        bigquery.accounts.revoke_tokens()
    run(sync)
    assert list(rows(bigquery)) == [call] and bigquery.kinds.count("token") == 2
    bigquery.editors = set()
    later = db.insert()
    done = run(sync, "accessDenied", "give sync@calls.iam.gserviceaccount.com the roles BigQuery Job User "
               "and BigQuery Data Editor in the project calls", code=78)
    assert_secrets_hidden(bigquery, done)
    bigquery.editors = None
    run(sync)
    assert later in rows(bigquery)


@pytest.mark.plain_only
def test_a_failed_login_is_noted_once_in_update_log(db, sync, bigquery):
    """Goal: also if the run after it is killed when update_log has the row, and another batch follows."""
    db.insert()
    bigquery.answers["token"].extend([Reply.of_json(503, {})] * 3)
    run(sync, code=69)
    wait_for_interval(sync)
    process = sync.start("run")
    bigquery.on_request = lambda kind, request: kind == "table.delete" and process.kill()
    process.communicate(timeout=300)
    bigquery.on_request = None
    assert [mode for mode, _ in modes(bigquery)] == ["STAGED", "MERGED", "ERROR_LOGIN"]
    db.insert()
    run(sync)
    assert [mode for mode, _ in modes(bigquery)].count("ERROR_LOGIN") == 1


def test_the_check_names_the_mode_and_changes_nothing(db, sync, bigquery):
    checked = sync.run("check")
    assert "the first load makes the dataset and its tables" in checked.out, checked.out
    assert not bigquery.datasets
    db.insert()
    run(sync)
    assert "mode: MERGE" in sync.run("check").out
    bigquery.billing = False
    assert "mode: whole days (WRITE_TRUNCATE)" in sync.run("check").out
    assert len([job for job in bigquery.jobs if job.startswith("check")]) == 0


@pytest.mark.parametrize("reason, code", [("quotaExceeded", 69), ("rateLimitExceeded", 69), ("accessDenied", 78)])
def test_the_check_tells_a_failure_that_passes_from_wrong_settings(db, sync, bigquery, reason, code):
    bigquery.answers["dataset.get"].append(reason)
    checked = sync.run("check")
    assert checked.code == code and reason in checked.out, checked.out


def test_a_redirect_is_not_followed(db, sync, bigquery):
    db.insert()
    bigquery.answers["dataset.get"].append(Reply(307, b"", {"Location": bigquery.url + "/elsewhere"}))
    run(sync, "a redirect is never followed", code=78)
    assert "other" not in bigquery.kinds


# ---- without a billing account ----

def test_without_a_billing_account_whole_days_are_replaced(db, sync, bigquery):
    """Goal: rows of the same days stay, those of another tenant too; a row that moved leaves its old day."""
    calls = [db.insert(status="A") for _ in range(3)]
    run(sync)
    bigquery.rows_of.execute(f'UPDATE "{CALLS}" SET tenant = \'other\' WHERE call_id = ?', (calls[2],))
    bigquery.billing = False
    before = rows(bigquery)
    moved = before[calls[0]]["call_date"]
    db.update(calls[0], status="SALE", start_epoch=db.row(calls[0])["start_epoch"] - 5 * 86400)
    later = db.insert()
    run(sync, "BigQuery refuses MERGE there", command=("backfill", "--from", "1 hour ago", "--to", "now"))
    after = rows(bigquery)
    assert sorted(after) == sorted([*calls, later])
    assert after[calls[0]]["call_date"] < moved and after[calls[0]]["disposition"] == "SALE"
    assert after[calls[1]] == before[calls[1]] and after[calls[2]] == before[calls[2]]
    assert modes(bigquery)[-1] == ("TRUNCATE", 2)

    asked = bigquery.kinds.count("query")
    last = db.insert()
    done = run(sync)
    assert "refuses MERGE" not in done.log and last in rows(bigquery)
    assert bigquery.kinds.count("query") - asked == 2, "the days that change, and one day"


@pytest.mark.plain_only
def test_more_days_than_one_small_answer_lists_are_replaced(db, sync, bigquery):
    days, now = 200, db.now()
    calls = [db.insert(end_epoch=now - 3600 - day * 86400) for day in range(days)]
    bigquery.billing, bigquery.slow = False, 0
    done = sync.run("backfill", "--from", f"{days + 1} days ago", "--to", "now")
    assert done.code == 0, done.log
    assert sorted(rows(bigquery)) == sorted(calls)
    assert len({row["call_date"] for row in bigquery.rows(CALLS)}) >= days - 1  # a change of clocks may join two


def test_a_project_that_got_a_billing_account_is_merged_into_again(db, sync, bigquery):
    bigquery.billing = False
    db.insert()
    run(sync)
    bigquery.billing = True
    change_state(sync, sandbox=-86401)
    db.insert()
    run(sync)
    assert [mode for mode, _ in modes(bigquery)] == ["STAGED", "TRUNCATE", "STAGED", "MERGED"]
    assert len(rows(bigquery)) == 2


# ---- quotas ----

def test_a_quota_that_is_used_up_makes_the_calls_wait(db, sync, bigquery):
    calls = [db.insert() for _ in range(3)]
    bigquery.quota = 0
    run(sync, "rate limited until", "quotaExceeded", "the calls wait, and go on when the quota is renewed", code=75)
    asked = len(bigquery.kinds)
    calls.append(db.insert())
    run(sync, code=75)
    assert len(bigquery.kinds) == asked, "nothing is asked for until then"
    change_ledger(sync, "DELETE FROM note WHERE name = 'rate_limited_until'")
    bigquery.quota = None
    run(sync)
    assert sorted(rows(bigquery)) == sorted(calls)
    assert set(sync.ledger("SELECT attempts FROM call")) == {(0,)}


# ---- tables ----

def test_columns_that_a_table_lacks_are_added_and_other_columns_stay(db, sync, bigquery):
    call = db.insert(status="A")
    run(sync)
    with bigquery.lock:
        table = bigquery.tables[CALLS]
        for gone in ("billsec", "extras"):
            del table.fields[gone]
            bigquery.rows_of.execute(f'ALTER TABLE "{CALLS}" DROP COLUMN {gone}')
        table.fields["note"] = {"name": "note", "type": "STRING", "mode": "NULLABLE", "description": "ours"}
        bigquery.rows_of.execute(f'ALTER TABLE "{CALLS}" ADD COLUMN note')
        bigquery.rows_of.execute(f'UPDATE "{CALLS}" SET note = \'seen\'')
    later = db.insert()
    db.update(call, status="SALE")
    run(sync, command=("backfill", "--from", "1 hour ago", "--to", "now"))
    found = rows(bigquery)
    assert found[call]["note"] == "seen" and found[call]["disposition"] == "SALE" and found[later]["note"] is None
    assert json.loads(found[call]["extras"]) and json.loads(found[later]["extras"])
    assert bigquery.kinds.count("table.patch") == 1 and table.fields["note"]["description"] == "ours"


def test_a_table_of_somebody_else_is_left_alone(db, sync, bigquery):
    call = db.insert()
    bigquery.datasets["telephony"] = {"location": "asia-southeast1"}
    bigquery.make_table("telephony", {"tableReference": {"tableId": "calls"}, "schema": {"fields": [
        {"name": "call_date", "type": "STRING"}, {"name": "tenant", "type": "INT64"}]}})
    run(sync, "telephony.calls is not partitioned by call_date; name another table", code=78)
    sync.configure(config={"sink": {"table": "ours", "location": "US"}})
    make_due(sync)
    run(sync, "the dataset telephony is in the location asia-southeast1, not US; correct location", code=78)
    sync.configure(config={"sink": {"location": "asia-southeast1"}})
    run(sync)
    assert [row["call_id"] for row in bigquery.rows("telephony.ours")] == [call]


@pytest.mark.plain_only
def test_a_column_or_partition_that_does_not_fit_is_named_and_no_call_is_lost(db, sync, bigquery):
    """Goal: the message says what to do. When that is done, the calls that waited are loaded."""
    first = db.insert()
    run(sync)
    fields, table = bigquery.tables[CALLS].fields, bigquery.tables[CALLS]
    own = {"name": "note", "type": "STRING", "mode": "REQUIRED"}
    later = db.insert()
    for name, field, message in (
            ("disposition", {"type": "INTEGER"}, "the column disposition of telephony.calls is INTEGER, not STRING; "
             "name another table under [sink]"),
            ("extras", {"mode": "REPEATED"}, "the column extras of telephony.calls is REPEATED STRING, not STRING"),
            ("billsec", {"mode": "REQUIRED"}, "the column billsec of telephony.calls is REQUIRED, but not every row "
             "has it; run in BigQuery: ALTER TABLE `telephony.calls` ALTER COLUMN `billsec` DROP NOT NULL"),
            ("note", own, "the column note of telephony.calls is REQUIRED, and the program does not fill it; run in "
             "BigQuery: ALTER TABLE")):
        before = fields.get(name)
        fields[name] = {**(before or {}), **field}
        assert message in sync.run("check").out
        run(sync, message, code=78)
        make_due(sync)
        fields[name] = before
        if before is None:
            del fields[name]
    table.partition_type = "MONTH"
    run(sync, "telephony.calls is partitioned by the MONTH of call_date, not the DAY; name another table", code=78)
    make_due(sync)
    table.partition_type = "DAY"
    run(sync)
    assert sorted(rows(bigquery)) == sorted([first, later])


@pytest.mark.plain_only
def test_an_older_update_log_gets_the_columns_that_it_lacks(db, sync, bigquery):
    """Goal: the table of the older tool has REQUIRED columns; and one that does not fit stops no call."""
    bigquery.datasets["telephony"] = {"location": "EU"}
    fields = [{"name": name, "type": kind, "mode": "REQUIRED"} for name, kind in
              (("table_name", "STRING"), ("tenant", "STRING"), ("updated_at", "TIMESTAMP"))]
    bigquery.make_table("telephony", {"tableReference": {"tableId": "update_log"}, "schema": {"fields": fields}})
    first = db.insert()
    run(sync)
    assert modes(bigquery) == [("STAGED", 1), ("MERGED", 1)]
    bigquery.tables[LOG].fields["mode"]["type"] = "INTEGER"
    second = db.insert()
    run(sync, "could not write to the table update_log: the column mode of telephony.update_log is INTEGER, not "
        "STRING; rename that table, and it is made anew; the calls are in BigQuery")
    assert sorted(rows(bigquery)) == sorted([first, second])


@pytest.mark.plain_only
@pytest.mark.parametrize("location", ["EU", "asia-southeast1"])
def test_every_job_runs_where_the_dataset_is(db, sync, bigquery, location):
    """Goal: also jobs of an earlier run, and results, are found there. The sandbox needs all kinds of jobs."""
    bigquery.datasets["telephony"] = {"location": location}
    bigquery.billing = False
    bigquery.held = {"day_"}
    calls = [db.insert()]
    bigquery.stop_while_held(sync.start("run"), "day_")
    bigquery.release()
    calls.append(db.insert())
    run(sync)
    assert sorted(rows(bigquery)) == sorted(calls)
    assert {job["made"]["jobReference"].get("location") for job in bigquery.jobs.values()} == {location}


def test_two_tenants_write_to_one_table(db, sync, bigquery, tmp_path):
    """Goal: the same ids of two tenants are two rows, and neither touches the other's staging table."""
    call = db.insert()
    run(sync)
    other = Sync(tmp_path / "other", db, timezone=db.dialer.timezone)
    other.configure(config={**sync.config, "sink": {**sync.config["sink"], "tenant": "acme"}})
    other.set_checkpoint(db.now() - 3600)
    run(other)
    other.close()
    found = bigquery.rows(CALLS)
    assert [(row["tenant"], row["call_id"]) for row in found] == [("default", call), ("acme", call)]


def test_a_tenant_or_an_id_of_any_length_is_merged(db, sync, bigquery):
    """Goal: a call is not accepted before it is in the table of calls."""
    sync.configure(config={"sink": {"tenant": "t" * 1000}})
    call = db.insert(status="A")
    for status in ("A", "SALE"):
        db.update(call, status=status)
        run(sync)
        assert rows(bigquery)[call]["disposition"] == status


def test_a_new_dataset_and_table_may_be_missing_for_a_moment(db, sync, bigquery):
    bigquery.lag = 2
    call = db.insert()
    run(sync)
    assert list(rows(bigquery)) == [call]


# ---- runs that end early ----

def test_a_run_that_is_stopped_while_a_job_runs_leaves_it_to_the_next_one(db, sync, bigquery):
    """Goal: the next run recognizes the jobs of the same calls, and loads nothing twice."""
    calls = [db.insert() for _ in range(3)]
    bigquery.held = {"load_1"}
    bigquery.stop_while_held(sync.start("run"), "load_1")
    bigquery.release()
    run(sync)
    assert sorted(rows(bigquery)) == sorted(calls)
    assert [count for name, count in bigquery.loads.items() if "_staging_" in name] == [1]
    assert [mode for mode, _ in modes(bigquery)] == ["STAGED", "MERGED"]


@pytest.mark.parametrize("name, billing", [("_merge_", True), ("day_", False)], ids=["MERGE", "whole days"])
@pytest.mark.parametrize("grows", [False, True], ids=["the same calls", "one more call"])
def test_the_next_run_changes_no_row_before_the_job_of_the_last_one_has_ended(db, sync, bigquery, name, billing, grows):
    """Goal: BigQuery may run two MERGEs at once, and each would miss the other's rows (the stand-in notes that)."""
    calls = [db.insert() for _ in range(3)]
    bigquery.billing = billing
    bigquery.held = {name}
    bigquery.stop_while_held(sync.start("run"), name)
    changing = [job for job in bigquery.jobs if name in job]
    wait_for_interval(sync)
    calls += [db.insert()] if grows else []
    bigquery.stop_while_held(sync.start("run"), name)
    assert [job for job in bigquery.jobs if name in job] == changing and not bigquery.overlaps
    bigquery.release()
    wait_for_interval(sync)
    run(sync)
    assert sorted(rows(bigquery)) == sorted(calls)


@pytest.mark.parametrize("name, billing", [("_merge_", True), ("day_", False)], ids=["MERGE", "whole days"])
def test_a_job_that_no_file_names_any_more_is_waited_for(db, sync, bigquery, name, billing):
    """Goal: the state directory is lost, or this is another host of the cluster. And one of the calls has moved."""
    calls = [db.insert(status="A") for _ in range(3)]
    bigquery.billing, bigquery.held = billing, {name}
    bigquery.stop_while_held(sync.start("run"), name)
    for path in sync.state.iterdir():
        path.unlink()
    sync.set_checkpoint(db.now() - 3600)
    db.update(calls[0], start_epoch=db.row(calls[0])["start_epoch"] - 3 * 86400)
    bigquery.stop_while_held(sync.start("run"), name)
    assert not bigquery.overlaps
    bigquery.release()
    wait_for_interval(sync)
    run(sync)
    assert sorted(rows(bigquery)) == sorted(calls)


@pytest.mark.plain_only
def test_a_state_directory_from_a_backup_of_an_hour_ago_doubles_no_call(db, sync, bigquery, tmp_path):
    """Goal: the table has a call that the ledger does not know, and the call has moved to another day since."""
    first = db.insert(status="A")
    run(sync)
    run(sync)
    shutil.copytree(sync.state, tmp_path / "backup")
    second = db.insert(status="A")
    run(sync)
    shutil.rmtree(sync.state)
    shutil.copytree(tmp_path / "backup", sync.state)
    db.update(second, status="SALE", start_epoch=db.row(second)["start_epoch"] - 3 * 86400)
    run(sync, "BigQuery has later loads of this profile than the state directory")
    found = rows(bigquery)
    assert sorted(found) == sorted([first, second]) and found[second]["disposition"] == "SALE"
    assert not is_open(sync) and bigquery.pruned.pop() is None
    db.insert()
    assert "later loads" not in run(sync).log and bigquery.pruned.pop() is not None


@needs_shim
@pytest.mark.plain_only
def test_a_correction_wins_though_the_clock_of_a_host_was_ahead(db, sync, bigquery):
    """Goal: the file with the last seen_at is lost, or another host has written the row."""
    call = db.insert(status="A")
    assert sync.run("run", env=shim.Strike(sync, clock_ahead=250).env).code == 0
    assert rows(bigquery)[call]["seen_at"] <= f"{datetime.datetime.now(datetime.timezone.utc):%FT%T.%fZ}"
    for wrong, status in ((None, "SALE"), ("2099-01-01T00:00:00.000000Z", "DNC")):
        if wrong:
            bigquery.rows_of.execute(f'UPDATE "{CALLS}" SET seen_at = ?', (wrong,))
        (sync.state / "bigquery.state").unlink()
        db.update(call, status=status)
        run(sync, command=("backfill", "--from", "1 hour ago", "--to", "now"))
        assert rows(bigquery)[call]["disposition"] == status


@needs_shim
def test_a_host_with_a_wrong_clock_that_reaches_no_bigquery_spoils_no_time(db, sync, bigquery):
    """Goal: no row and no line of update_log is dated years ahead when the clock is right again."""
    call = db.insert()
    assert sync.run("run", env=shim.Strike(sync, clock_ahead=10**8).env).code == 78  # Google gives no token
    make_due(sync)
    run(sync)
    latest = f"{datetime.datetime.now(datetime.timezone.utc):%FT%T.%fZ}"
    assert rows(bigquery)[call]["seen_at"] <= latest and all(row["updated_at"] <= latest for row in bigquery.rows(LOG))


def test_the_job_of_another_profile_holds_up_no_load(db, sync, bigquery, tmp_path):
    first = db.insert()
    bigquery.held = {"merge"}
    bigquery.stop_while_held(sync.start("run"), "merge")
    other = Sync(tmp_path / "other", db, timezone=db.dialer.timezone)
    other.configure(config={**sync.config, "sink": {**sync.config["sink"], "table": "others"}})
    other.set_checkpoint(db.now() - 3600)
    bigquery.held = {next(job for job in bigquery.jobs if "merge" in job)}
    run(other)
    other.close()
    assert [row["call_id"] for row in bigquery.rows("telephony.others")] == [first]
    bigquery.release()
    run(sync)
    assert list(rows(bigquery)) == [first]


def test_the_days_of_a_call_are_asked_for_after_the_job_of_the_last_run_has_ended(db, sync, bigquery):
    """Goal: the call moved between two runs. Its old day has it only when the job of the first run ends."""
    call = db.insert(status="A")
    bigquery.billing = False
    bigquery.held = {"day_"}
    bigquery.stop_while_held(sync.start("run"), "day_")
    db.update(call, start_epoch=db.row(call)["start_epoch"] - 3 * 86400)
    wait_for_interval(sync)
    bigquery.stop_while_held(sync.start("run"), "day_")
    assert len([job for job in bigquery.jobs if job.endswith("_days")]) == 1
    bigquery.release()
    run(sync)
    assert list(rows(bigquery)) == [call]


def test_a_repeated_batch_without_its_staging_table_is_loaded_again(db, sync, bigquery):
    """Goal: no call is accepted because an empty staging table was merged."""
    calls = [db.insert() for _ in range(3)]
    bigquery.held = {"load_1"}
    bigquery.stop_while_held(sync.start("run"), "load_1")
    bigquery.release()
    with bigquery.lock:
        for name in bigquery.staging_tables():
            bigquery.drop_table(name)
    run(sync)
    assert sorted(rows(bigquery)) == sorted(calls)


@pytest.mark.parametrize("hours, code", [(1, 78), (7, 0)])
def test_a_job_that_the_account_may_not_see_holds_up_no_load_for_ever(db, sync, bigquery, hours, code):
    """Goal: another service account may not look at the jobs of the one before it. BigQuery ends a job in six hours."""
    first = db.insert()
    run(sync)
    path = sync.state / "bigquery.state"
    assert json.loads(path.read_text())["job"] == "", "it has ended"
    path.write_text(json.dumps({**json.loads(path.read_text()), "job": "calls_of_another_account",
                                "job_at": int(time.time()) - hours * 3600}))
    second = db.insert()
    bigquery.hidden = "calls_of_another_account"
    run(sync, "accessDenied" if code else "", code=code)
    assert sorted(rows(bigquery)) == sorted([first, second][:1 if code else 2])


def test_an_open_batch_stays_open_until_no_call_of_it_can_be_pending(db, sync, bigquery):
    """Goal: a later batch of other calls says nothing about a call that BigQuery may have on another day."""
    loaded = db.insert()
    run(sync)
    first = db.insert(status="A")
    sync.run("run")  # between two loads: the call is pending
    bigquery.held = {"_merge_"}
    wait_for_interval(sync)
    bigquery.stop_while_held(sync.start("run"), "_merge_")
    bigquery.release()
    change_ledger(sync, f"UPDATE call SET due = {int(time.time()) + 3000} WHERE state = 2")
    row = db.row(first)  # a scan does not find the call any more, only a look by its id when it is due
    db.update(first, **{column: row[column] - 3 * 86400 for column in ("start_epoch", "end_epoch")},
              call_date=row["call_date"] - datetime.timedelta(days=3))
    second = db.insert()
    run(sync)
    assert sorted(rows(bigquery)) == sorted([loaded, first, second])
    assert is_open(sync) and sync.ledger("SELECT count(*) FROM call WHERE state = 2") == [(1,)]
    make_due(sync)
    run(sync)
    assert sorted(rows(bigquery)) == sorted([loaded, first, second])
    assert not is_open(sync)


@pytest.mark.parametrize("after, code", [("", 0), ("/nowhere/*.sql", 78)], ids=["", "after fails"])
def test_a_backfill_leaves_the_batch_of_a_stopped_run_open(db, sync, bigquery, after, code):
    """Goal: the calls of that batch are in no ledger, so only a run that reads every call has them all. What fails
    after the calls changes nothing of that."""
    call = db.insert()
    bigquery.held = {"_merge_"}
    bigquery.stop_while_held(sync.start("run"), "_merge_")
    bigquery.release()
    assert sync.ledger("SELECT count(*) FROM call") == [(0,)]
    old = db.insert(end_epoch=db.now() - 10000)
    run(sync, command=("backfill", "--from", "4 hours ago", "--to", "2 hours ago"))
    assert is_open(sync)
    db.update(call, start_epoch=db.row(call)["start_epoch"] - 3 * 86400)
    sync.configure(config={"sink": {"after": after}})
    run(sync, code=code)
    assert sorted(rows(bigquery)) == sorted([call, old]) and not is_open(sync)


class Stage:
    """A call that BigQuery has, which then changes and moves to another day, two new calls, and a failed login; the
    state directory and BigQuery as they are before the run that is struck."""

    def __init__(self, db, sync, bigquery):
        self.sync, self.bigquery = sync, bigquery
        changed = db.insert(status="A")
        run(sync)
        db.update(changed, status="SALE", start_epoch=db.row(changed)["start_epoch"] - 3 * 86400)
        self.calls = {changed: "SALE", db.insert(status="A"): "A", db.insert(status="NA"): "NA"}
        bigquery.answers["token"].extend([Reply.of_json(503, {})] * 3)
        run(sync, code=69)
        sync.set_checkpoint(db.now() - 3600)
        wait_for_interval(sync)
        self._prepared = sync.directory / "prepared"
        shutil.copytree(sync.state, self._prepared)
        self._rows = bigquery.save()

    def reset(self):
        shutil.rmtree(self.sync.state)
        shutil.copytree(self._prepared, self.sync.state)
        self.bigquery.restore(self._rows)

    def finish(self, label):
        run(self.sync)
        assert {call: row["disposition"] for call, row in rows(self.bigquery).items()} == self.calls, label
        assert set(self.sync.ledger("SELECT state FROM call")) == {(1,)}, label
        logged = [(row["mode"], row["updated_at"]) for row in self.bigquery.rows(LOG)]
        assert len(set(logged)) == len(logged), f"{label}: a row of update_log is there twice: {logged}"
        loads = sum(self.bigquery.loads.values())
        run(self.sync)
        assert sum(self.bigquery.loads.values()) == loads, f"{label}: something was loaded after all was done"


@needs_shim
@pytest.mark.parametrize("when, billing", [("before", True), ("middle", True), ("after", True), ("after", False)],
                         ids=["before", "middle", "after", "after, whole days"])
def test_a_crash_at_any_step_ends_with_one_correct_row_a_call(db, sync, bigquery, when, billing):
    stage = Stage(db, sync, bigquery)
    bigquery.billing = billing
    stage.reset()
    watched = shim.Strike(sync)
    assert sync.run("run", env=watched.env).code == 0
    steps = watched.report().steps
    assert steps > 50 and len(rows(bigquery)) == 3
    ended = 0
    for at in points(steps, STEPS / steps):
        stage.reset()
        struck = sync.run("run", env=shim.Strike(sync, at=at, when=when).env)
        ended += struck.code == shim.END_STATUS
        if billing: # a call that moves between two days has two rows until the second day is replaced
            rows(bigquery)
        stage.finish(f"{when} step {at}")
    assert ended > STEPS / 2
