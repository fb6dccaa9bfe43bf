"""callio: the calls of several tenants of Callio, from pages of its API to records and webhooks."""
import collections
import contextlib
import json
import sqlite3
import time

import pytest

from harness.callio import Callio
from harness.receiver import Receiver
from harness.sync import Sync
from harness.web import Reply

HOUR, DAY = 3600, 86400


@pytest.fixture
def install(tmp_path):
    """install(*tenants): Callio's API, and an installation that reads it, at work since three hours ago."""
    with contextlib.ExitStack() as stack:
        def make(*tenants, since=3 * HOUR, sink=None, sync=(), **source):
            callio = stack.enter_context(Callio(*tenants))
            host = Sync(tmp_path / "host", None, None, timezone="UTC")
            stack.callback(host.close)
            accounts = tmp_path / "accounts.json"
            accounts.write_text(callio.accounts())
            accounts.chmod(0o600)
            host.configure(config={"sync": {"settle": 0, "splay": 0, "sweep_interval": 60, "retry_base": 0,
                                            **dict(sync)},
                                   "source": {"type": "callio", "url": callio.url, "accounts_file": accounts, **source},
                                   "sink": sink or {"type": "records", "file": tmp_path / "calls.db"}})
            host.set_checkpoint(int(time.time()) - since)
            return callio, host

        yield make


def records(sync):
    with contextlib.closing(sqlite3.connect(sync.directory.parent / "calls.db")) as file:
        file.row_factory = sqlite3.Row
        if not file.execute("SELECT count(*) FROM sqlite_master WHERE name = 'callcenter_records'").fetchone()[0]:
            return {}
        found = [dict(row) for row in file.execute("SELECT * FROM callcenter_records")]
    assert len({row["uuid"] for row in found}) == len(found)
    return {row["uuid"]: row for row in found}


def ids(callio):
    return sorted(f"{name}:{_id}" for name, tenant in callio.tenants.items() for _id in tenant.calls)


def assert_all_recorded(callio, sync):
    assert sorted(records(sync)) == ids(callio)


def run(sync, code=0, **options):
    done = sync.run("run", **options)
    assert done.code == code, done.log + done.err
    for secret in ("p4ss-of-", "bad token 0", "bad token 1"):
        assert secret not in done.log + done.out + done.err
    return done


def test_each_call_of_each_tenant_becomes_one_record(install):
    callio, sync = install("PK", "hot2")
    now = int(time.time())
    for tenant in callio.tenants.values():  # with the same _ids
        tenant.call(now - 100, recordingDuration=48)
        tenant.call(now - 90, billed=0)
        tenant.call(now - 80, direction="1", fromNumber="0900000001", toNumber="02899990009")
        tenant.call(now - 70, billed=0, hangupCause="USER_BUSY")
        tenant.call(now - 60, direction=3, fromUser=json.dumps({"_id": "u9", "name": "Hoa"}), fromGroup=None)
    run(sync)
    rows = records(sync)
    assert sorted(rows) == ids(callio) and len(rows) == 10
    row = rows["PK:" + f"{1:024x}"]
    assert (row["source"], row["direction"], row["campaign"], row["agent"]) == ("callio", "outbound", "PK", "u1")
    assert (row["phone_number"], row["caller_id"]) == ("0900000001", "02899990001")
    assert (row["start_epoch"], row["answer_epoch"], row["end_epoch"], row["duration"], row["billsec"]) == \
        (now - 160, now - 150, now - 100, 60, 50)
    assert [rows[f"hot2:{n:024x}"]["call_status"] for n in range(1, 6)] == \
        ["answered", "no_answer", "answered", "busy", "answered"]
    assert [rows[f"hot2:{n:024x}"]["direction"] for n in (3, 5)] == ["inbound", "internal"]
    inbound, raw = rows["PK:" + f"{3:024x}"], json.loads(row["raw_data"])
    assert inbound["phone_number"] == "0900000001" and json.loads(inbound["raw_data"])["did"] == "02899990009"
    assert (raw["tenant"], raw["recording_duration"], raw["agent_name"], raw["group_id"]) == ("PK", "48", "Lan", "g1")
    assert raw["create_ms"] == str((now - 160) * 1000)
    assert rows["PK:" + f"{5:024x}"]["agent"] == "u9"
    assert len(callio.logins) == 2  # one token for all requests of a run
    assert " 0 processed" in run(sync).log


def test_25000_calls_of_one_hour_all_arrive(install):
    callio, sync = install("PK", since=3 * HOUR)
    now = int(time.time())
    for n in range(25_000):
        callio["PK"].call(now - 60 - n // 10, length=5)
    callio.caps_total = True
    run(sync)
    assert_all_recorded(callio, sync)
    assert all(int(query["page"]) * int(query["pageSize"]) <= 10_000 for _, _, query in callio.requests)


def test_calls_of_one_millisecond_are_read_up_to_the_limit_of_the_api(install):
    callio, sync = install("PK")
    now = int(time.time())
    for _ in range(9_999):
        callio["PK"].call(now - 600, length=5)
    run(sync)
    assert_all_recorded(callio, sync)
    before = sync.checkpoint().split()[0]
    callio["PK"].call(now - 600, length=5)
    failed = run(sync, code=69)
    assert "in one millisecond" in failed.log and sync.checkpoint().split()[0] == before


@pytest.mark.parametrize("is_sorted", [True, False])
@pytest.mark.parametrize("move", ["delete", "insert", "both"])
def test_calls_that_move_between_pages_are_not_lost(install, move, is_sorted):
    callio, sync = install("PK", page_size=10)
    callio.sorts = is_sorted
    now, tenant = int(time.time()), callio["PK"]
    first = [tenant.call(now - 60 - 100 * n) for n in range(95)]
    kept = {call["_id"] for call in first[10:]}
    reads = []

    def change(_, path, query):
        """Between two reads of the list. In a sorted one, the first call of a page comes to the page before."""
        reads.append(path)
        if len(reads) == 4:
            if move != "insert":
                del tenant.calls[first[0]["_id"]]
            if move != "delete":
                tenant.call(now - 9590)

    callio.on_request = change
    run(sync)
    assert kept <= {uuid.removeprefix("PK:") for uuid in records(sync)}


@pytest.mark.parametrize("is_sorted", [True, False])
def test_a_list_that_never_stops_moving_is_read(install, is_sorted):
    callio, sync = install("PK", page_size=10)
    callio.sorts = is_sorted
    now, tenant = int(time.time()), callio["PK"]
    kept = {tenant.call(now - 600 - 100 * n)["_id"] for n in range(60)}
    made = []

    def change(_, path, query):
        """Before each page a call comes to the top of the list, and another one of these goes."""
        if path != "/call":
            return
        if made:
            del tenant.calls[made.pop()["_id"]]
        made.append(tenant.call(min(int(query["to"]) / 1000, now) - 1, length=1))

    callio.on_request = change
    run(sync)
    assert kept <= {uuid.removeprefix("PK:") for uuid in records(sync)}


def test_a_call_that_changes_later_is_corrected(install):
    callio, sync = install("PK")
    now, tenant = int(time.time()), callio["PK"]
    late = tenant.call(now - 100, billed=0, hangupCause=None)
    still = tenant.call(None, length=100, billed=None)
    run(sync)
    assert list(records(sync)) == ["PK:" + late["_id"]]
    late.update(billDuration=50, hangupCause="NORMAL_CLEARING", recordingDuration=49, chargeTime=now * 1000)
    still.update(endTime=(now - 1) * 1000, duration=99, billDuration=90)
    run(sync)
    rows = records(sync)
    assert_all_recorded(callio, sync)
    row = rows["PK:" + late["_id"]]
    assert (row["call_status"], row["billsec"]) == ("answered", 50)
    assert json.loads(row["raw_data"])["recording_duration"] == "49"
    assert " 0 processed" in run(sync).log


def test_a_token_that_expires_is_replaced_once(install):
    callio, sync = install("PK", page_size=10)
    now = int(time.time())
    for n in range(50):
        callio["PK"].call(now - 60 - n)
    callio.token_uses = 4
    run(sync)
    assert_all_recorded(callio, sync)
    assert 1 < len(callio.logins) <= 1 + len(callio.requests) / 4
    logins = len(callio.logins)
    callio.token_uses = 0  # no token is good
    failed = run(sync, code=78)
    assert "refuses the token of the tenant PK" in failed.log and len(callio.logins) == logins + 2


def test_a_refused_login_is_not_repeated_and_hides_no_other_tenant(install):
    callio, sync = install("PK", "hot2")
    now = int(time.time())
    for n in range(5):
        callio["PK"].call(now - 60 - n)
        callio["hot2"].call(now - 60 - n)
    before = sync.checkpoint()
    callio.refuses.add("PK")
    failed = run(sync, code=78)
    assert "refuses the login of the tenant PK" in failed.log and "accounts.json" in failed.log
    assert callio.logins.count("pk@example.com") == 1
    assert sorted(records(sync)) == sorted(f"hot2:{_id}" for _id in callio["hot2"].calls)
    assert sync.checkpoint().split()[0] == before
    callio.refuses.clear()
    run(sync)
    assert_all_recorded(callio, sync)


@pytest.mark.parametrize("answer, code", [("cut", 69), (500, 69), (403, 78)])
def test_a_tenant_whose_list_fails_hides_no_other_tenant(install, answer, code):
    callio, sync = install("PK", "hot2", since=3 * DAY)
    for name in ("PK", "hot2"):
        callio[name].call(int(time.time()) - 60)
    callio.fails["PK", "/call"] = answer
    run(sync, code=code)
    windows = {query["from"] for name, path, query in callio.requests if (name, path) == ("PK", "/call")}
    assert len(windows) == 1, "the tenant is asked again in this run"
    assert sorted(records(sync)) == sorted(f"hot2:{_id}" for _id in callio["hot2"].calls)
    callio.fails.clear()
    run(sync)
    assert_all_recorded(callio, sync)


@pytest.mark.parametrize("answer", [500, 429, "cut", 503])
def test_a_short_failure_is_waited_for(install, answer):
    callio, sync = install("PK")
    callio["PK"].call(int(time.time()) - 60)
    callio.answers.append(answer)
    run(sync)
    assert_all_recorded(callio, sync)


@pytest.mark.parametrize("setting, names", [({"timeout": 1}, {}), ({}, {"API_TIMEOUT": "1"})])
def test_an_answer_that_drips_is_given_up(install, setting, names):
    callio, sync = install("PK", **setting)
    callio["PK"].call(int(time.time()) - 60)
    drip = Reply(200, b" " * 3000, drip=0.2)
    callio.fails["PK", "/call"] = drip
    assert "Operation timed out after" in run(sync, code=69, env=names).log
    assert not drip.is_sent
    callio.fails.clear()
    run(sync)
    assert_all_recorded(callio, sync)


@pytest.mark.parametrize("answer, code, words", [
    (403, 78, "has no right"), ((302, {"Location": "http://127.0.0.1:9/"}, ""), 78, "redirects"), (404, 78, "url"),
    (304, 69, "refuses the request /call of the tenant"),
    ((200, {}, "{\"message\":\"busy\"}"), 69, "busy"), ((200, {"Content-Type": "text/html"}, "<html>"), 78, "web page"),
    ((200, {}, "{\"docs\":[{"), 69, "no JSON"), (422, 69, "422"),
    ((200, {}, "{\"docs\":[],\"totalDocs\":1,\"hasNextPage\":false}"), 69, "counts 1 documents and lists none"),
])
def test_an_answer_that_is_no_list_leaves_the_calls_for_the_next_run(install, answer, code, words):
    callio, sync = install("PK")
    callio["PK"].call(int(time.time()) - 60)
    before = sync.checkpoint()
    callio.answers.append(answer)
    assert words in run(sync, code=code).log
    assert sync.checkpoint().split()[0] == before
    run(sync)
    assert_all_recorded(callio, sync)


@pytest.mark.parametrize("is_sorted", [True, False])
@pytest.mark.parametrize("text", ["[]", '{"docs":[],"totalDocs":0,"hasNextPage":false}'])
def test_a_list_that_is_empty_all_at_once_has_not_ended(install, text, is_sorted):
    """Goal: an API whose search fails, and which answers as if there were no more calls, loses none of them."""
    callio, sync = install("PK", page_size=10)
    callio.sorts = is_sorted
    now, before = int(time.time()), sync.checkpoint()
    for n in range(60):
        callio["PK"].call(now - 60 - 100 * n)

    def fail(*_):
        if len(callio.requests) == 1:
            callio.fails["PK", "/call"] = (200, {}, text)

    callio.on_request = fail
    assert "had documents a moment ago, and has none now" in run(sync, code=69).log
    assert sync.checkpoint().split()[0] == before
    callio.on_request = None
    callio.fails.clear()
    run(sync)
    assert_all_recorded(callio, sync)


def test_a_call_that_is_counted_and_never_listed_stops_no_tenant(install):
    callio, sync = install("PK")
    now = int(time.time())
    made = [callio["PK"].call(now - 60 - n)["_id"] for n in (0, 1, 1, 2)]
    callio.unlisted = {made[1]}
    run(sync)
    assert sorted(records(sync)) == sorted(f"PK:{call}" for call in made if call not in callio.unlisted)


@pytest.mark.parametrize("apart, settings", [(10, {}), (4000, {"backfill_rate": 100000})])
def test_a_limit_of_records_is_exact_and_leaves_no_gap(install, apart, settings):
    callio, sync = install("PK", "hot2", since=5 * DAY, sync=settings, limit_records=40)
    now = int(time.time())
    for n in range(100):
        callio["PK"].call(now - 60 - apart * n)
        callio["hot2"].call(now - 60 - apart * n)
    for count in range(40, 240, 40):
        limited = sync.run("run").log
        assert ("this run has found as many new calls as limit_records allows" in limited) == (count < 200), limited
        assert sync.ledger("SELECT count(*) FROM call") == [(count,)]
        assert apart == 4000 or len(records(sync)) == count
    run(sync)
    assert_all_recorded(callio, sync)


@pytest.mark.plain_only
def test_an_id_that_is_too_long_is_an_error_that_stops_no_other_call(install):
    callio, sync = install("PK")
    now = int(time.time())
    made = [callio["PK"].call(now - 100), callio["PK"].call(now - 90, _id="x" * 151), callio["PK"].call(now - 80)]
    run(sync, code=69)
    assert sorted(records(sync)) == sorted("PK:" + made[number]["_id"] for number in (0, 2))
    assert "has an _id of more than 150 bytes" in sync.run("status").out
    later = callio["PK"].call(now - 10)
    run(sync, code=69)
    assert "PK:" + later["_id"] in records(sync)


@pytest.mark.plain_only
def test_a_login_answer_without_end_does_not_speak_of_pages(install):
    callio, sync = install("PK")
    callio.login_answers.append(Reply(200, b"{" + b" " * (17 << 20)))
    done = run(sync, code=69)
    assert "the answer of Callio's API to the login of the tenant PK is longer than 16 MiB" in done.log


def test_calls_become_messages_and_pending_ones_are_sent_again(install):
    with Receiver() as hook:
        callio, sync = install("PK", sink={"type": "webhook", "url": hook.url, "secret": hook.secret})
        now = int(time.time())
        made = [callio["PK"].call(now - 100), callio["PK"].call(now - 90, billed=0, _id="a/b?c:d#%2F é..")]
        hook.answers.extend([500, 500])
        for _ in range(3):
            sync.run("run")
            time.sleep(1.05)
        bodies = {body["id"]: body for _, body in hook.received}
        assert sorted(bodies) == sorted("PK:" + call["_id"] for call in made)
        body = bodies["PK:" + made[0]["_id"]]
        assert (body["source"], body["number"], body["agent"], body["tenant"]) == \
            ("callio", made[0]["toNumber"], "u1", "PK")


def test_a_single_tenant_and_a_lasting_token_need_no_login(install, tmp_path):
    callio, sync = install("PK")
    callio["PK"].token = "lasting-0123"
    callio["PK"].call(int(time.time()) - 60)
    secret = tmp_path / "token"
    secret.write_text("lasting-0123\n")
    secret.chmod(0o600)
    sync.configure(config={"source": {"accounts_file": None, "tenant": "PK", "token_file": secret}})
    run(sync)
    assert_all_recorded(callio, sync)
    assert callio.logins == []


def test_the_accounts_may_come_from_the_environment(install, tmp_path):
    callio, sync = install("PK", "hot2", url=None, accounts_file=None)
    for tenant in callio.tenants.values():
        tenant.call(int(time.time()) - 60)
    run(sync, env={"CALLIO_API_BASE_URL": callio.url + "/", "CALLIO_ACCOUNTS_FILE": str(tmp_path / "accounts.json"),
                   "API_PAGE_SIZE": "7"})
    assert_all_recorded(callio, sync)
    assert {query["pageSize"] for _, _, query in callio.requests} == {"7"}
    callio["PK"].call(int(time.time()) - 5)
    run(sync, env={"CALLIO_API_BASE_URL": callio.url, "CALLIO_ACCOUNTS_JSON": callio.accounts()})
    assert_all_recorded(callio, sync)


@pytest.mark.parametrize("source, words", [
    ({"accounts_file": None}, "has no account"),
    ({"tenant": "PK"}, "does not go with accounts"),
    ({"accounts_file": None, "accounts": "[]"}, "no JSON list of accounts"),
    ({"accounts_file": None, "accounts": '[{"tenant":"a:b","token":"x"}]'}, "without a colon"),
    ({"accounts_file": None, "accounts": '[{"tenant":"a","token":"x"},{"tenant":"a","token":"y"}]'}, "twice"),
    ({"accounts_file": None, "accounts": '[{"tenant":"a","email":"e"}]'}, "has no account"),
    ({"url": "http://example.com"}, "http"),
])
def test_wrong_settings_are_named(install, source, words):
    _, sync = install("PK")
    sync.configure(config={"source": source})
    done = run(sync, code=78)
    assert words in done.log + done.err


def test_check_logs_in_as_each_tenant(install):
    callio, sync = install("PK", "hot2")
    callio["PK"].call(int(time.time()) - 60)
    done = sync.run("check")
    assert "counts 1 calls" in done.out and "no call of the tenant hot2" in done.out, done.out
    callio.refuses.add("PK")
    done = sync.run("check")
    assert done.code == 78 and "refuses the login of the tenant PK" in done.out
    assert "p4ss-of" not in done.out
    assert collections.Counter(callio.logins)["pk@example.com"] == 2
