"""The sink `bigquery`: the dialer's calls in a table of BigQuery, one correct row a call, also with BigQuery's errors,
with its quotas, without a billing account, and with crashes."""
import json
import time

import pytest

from fault import shim
from harness.bigquery import BigQuery, Failed
from harness.sync import Sync
from harness.web import Reply

needs_shim = pytest.mark.skipif(shim.cannot_load() is not None, reason=f"no shim: {shim.cannot_load()}")
CALLS, LOG = "telephony.calls", "telephony.update_log"


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


def wait_for_interval(sync):
    """As if load_interval had passed."""
    path = sync.state / "bigquery.state"
    state = json.loads(path.read_text())
    state["loaded"] -= 86400
    path.write_text(json.dumps(state))


def run(sync, *words, code=0, command=("run",)):
    if (sync.state / "bigquery.state").exists():
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
