"""The sink `bigquery`: the dialer's calls in a table of BigQuery, one correct row a call, also with BigQuery's errors,
with its quotas, without a billing account, and with crashes."""
import json
import shutil
import signal
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


def wait_for_interval(sync):
    """As if load_interval had passed."""
    change_state(sync, loaded=-86400)


def make_due(sync):
    change_ledger(sync, "UPDATE call SET due = 0 WHERE state = 2")


def run(sync, *words, code=0, command=("run",)):
    wait_for_interval(sync)
    done = sync.run(*command, timeout=120)
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
    call = db.insert()
    run(sync)
    day = rows(bigquery)[call]["call_date"]
    assert bigquery.pruned == [(day, day)]


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


def test_an_answer_without_end_is_an_error_that_says_so(db, sync, bigquery):
    call = db.insert()
    bigquery.answers["load"].extend([Reply(200, b"{" + b" " * (5 << 20))] * 3)
    run(sync, "the answer has more than 4 MB", code=69)
    run(sync)
    assert list(rows(bigquery)) == [call]


def test_a_bad_row_is_rejected_with_its_reason_and_the_others_are_loaded(db, sync, bigquery):
    calls = [db.insert() for _ in range(4)]
    bigquery.refused = {calls[1], calls[3]}
    run(sync, f"✗ {calls[1]}: failed: BigQuery: invalid: ", "(rejected)", code=0)
    assert sorted(rows(bigquery)) == sorted([calls[0], calls[2]])
    listed = [json.loads(line)["uniqueid"] for line in sync.run("failed", "list", "--json").out.splitlines()]
    assert sorted(listed) == sorted([calls[1], calls[3]])
    bigquery.refused = set()
    sync.run("failed", "retry", "--all")
    run(sync)
    assert sorted(rows(bigquery)) == sorted(calls)


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
    done = run(sync, "accessDenied", "give sync@calls.iam.gserviceaccount.com the roles BigQuery Job User", code=78)
    assert_secrets_hidden(bigquery, done)
    bigquery.editors = None
    run(sync)
    assert later in rows(bigquery)


def test_a_failed_login_is_noted_in_update_log(db, sync, bigquery):
    db.insert()
    bigquery.answers["token"].extend([Reply.of_json(503, {})] * 3)
    run(sync, code=69)
    run(sync)
    assert [mode for mode, _ in modes(bigquery)] == ["STAGED", "MERGED", "ERROR_LOGIN"]


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


def test_a_new_dataset_and_table_may_be_missing_for_a_moment(db, sync, bigquery):
    bigquery.lag = 2
    call = db.insert()
    run(sync)
    assert list(rows(bigquery)) == [call]


# ---- runs that end early ----

def test_a_run_that_is_stopped_while_a_job_runs_leaves_it_to_the_next_one(db, sync, bigquery):
    """Goal: the next run recognizes the jobs of the same calls, and loads nothing twice."""
    calls = [db.insert() for _ in range(3)]
    bigquery.slow = 1000
    process = sync.start("run")
    while "job.get" not in bigquery.kinds:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 75
    bigquery.slow = 1
    run(sync)
    assert sorted(rows(bigquery)) == sorted(calls)
    assert [count for name, count in bigquery.loads.items() if "_staging_" in name] == [1]
    assert [mode for mode, _ in modes(bigquery)] == ["STAGED", "MERGED"]


class Stage:
    """A call that BigQuery has, which then changes and moves to another day, and two new calls; the state directory and
    BigQuery as they are before the run that is struck."""

    def __init__(self, db, sync, bigquery):
        self.sync, self.bigquery = sync, bigquery
        changed = db.insert(status="A")
        run(sync)
        db.update(changed, status="SALE", start_epoch=db.row(changed)["start_epoch"] - 3 * 86400)
        self.calls = {changed: "SALE", db.insert(status="A"): "A", db.insert(status="NA"): "NA"}
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
        struck = sync.run("run", env=shim.Strike(sync, at=at, when=when).env, timeout=120)
        ended += struck.code == shim.END_STATUS
        if billing: # a call that moves between two days has two rows until the second day is replaced
            rows(bigquery)
        stage.finish(f"{when} step {at}")
    assert ended > STEPS / 2
