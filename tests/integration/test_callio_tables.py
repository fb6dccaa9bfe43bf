"""The tables of Callio beside the calls, in SQLite, PostgreSQL and BigQuery: customers, staff, groups, and the report
on them."""
import contextlib
import datetime
import json
import shutil
import sqlite3
import time

import pytest

from fault import shim
from fault.sweeps import points
from harness.bigquery import BigQuery, Failed
from harness.callio import Callio
from harness.postgresql import PASSWORD, Postgresql
from harness.process import ROOT
from harness.keeping import change_ledger
from harness.sync import Sync

HOUR, DAY = 3600, 86400
GOLDEN = ROOT / "tests/integration/fact_staff_daily_PK.txt"


class Store:
    """Rows of the store as dicts; SQLite's file or PostgreSQL's database."""

    def __init__(self, file=None, table=None):
        self.file, self.table = file, table

    def rows(self, table):
        if self.table is not None:
            return self.table.query(f'SELECT * FROM "{table}"')
        with contextlib.closing(sqlite3.connect(self.file)) as file:
            file.row_factory = sqlite3.Row
            return [dict(row) for row in file.execute(f'SELECT * FROM "{table}"')]


@pytest.fixture
def install(tmp_path):
    with contextlib.ExitStack() as stack:
        def make(*tenants, sink=None, **source):
            callio = stack.enter_context(Callio(*tenants))
            host = Sync(tmp_path / "host", None, None, timezone="UTC")
            stack.callback(host.close)
            accounts = tmp_path / "accounts.json"
            accounts.write_text(callio.accounts())
            accounts.chmod(0o600)
            host.configure(config={"sync": {"settle": 0, "splay": 0},
                                   "source": {"type": "callio", "url": callio.url, "accounts_file": accounts, **source},
                                   "sink": {"type": "records", **(sink or {"file": tmp_path / "calls.db"})}})
            host.set_checkpoint(int(time.time()) - 3 * HOUR)
            return callio, host, Store(tmp_path / "calls.db")

        yield make


def customer(tenant, number, updated, **more):
    made = {"_id": f"c{number}", "name": f"Customer {number}", "phone": f"09{number:08d}",
            "createTime": int((updated - DAY) * 1000), "updateTime": int(updated * 1000),
            "assignedTime": int((updated - HOUR) * 1000),
            "user": {"_id": "u1", "name": "Lan", "group": {"_id": "g1"}},
            "customFields": [{"key": "tinh-trang-kh", "val": ["Có nhu cầu", "Đã kết bạn Zalo", "Có nhu cầu"]},
                             {"key": "other", "val": "x"}], **more}
    tenant.customers[made["_id"]] = made
    return made


def staff(tenant, number, group="g1", **more):
    tenant.users[f"u{number}"] = {"_id": f"u{number}", "email": f"u{number}@example.com", "name": "Lan",
                                  "ext": "101", "extPassword": "s1p-s3cret", "group": group and {"_id": group},
                                  "createTime": 1, "updateTime": 2, **more}


def run(sync, *args, code=0):
    done = sync.run("run", *args, timeout=300)
    assert code is None or done.code == code, done.log + done.err
    assert "p4ss-of-" not in done.log + done.err and "s1p-s3cret" not in done.log + done.err
    return done


@pytest.mark.parametrize("sees_updates", [True, False])
def test_customers_are_copied_by_the_times_of_their_changes(install, sees_updates):
    callio, sync, store = install("PK", "hot2", page_size=10)
    callio.sees_updates = sees_updates
    now = time.time()
    for tenant in callio.tenants.values():
        for n in range(95):
            customer(tenant, n, now - 20 * DAY + n * 4 * HOUR)
    run(sync, "--job", "customer")
    rows = {(row["tenant"], row["_id"]): row for row in store.rows("customer")}
    assert len(rows) == 190
    row, made = rows["PK", "c7"], callio["PK"].customers["c7"]
    assert [row[name] for name in ("name", "phone", "updateTime", "assignedTime", "user_id", "user_name",
                                   "user_group_id", "customField_0_val")] == \
        ["Customer 7", "0900000007", made["updateTime"], made["assignedTime"], "u1", "Lan", "g1",
         "Có nhu cầu | Đã kết bạn Zalo"]
    day = datetime.datetime.fromtimestamp(made["updateTime"] / 1000, datetime.timezone.utc)
    assert row["NgayUpdate"] == f"{day:%F}"
    made.update(name="Other", updateTime=int(time.time() * 1000))
    customer(callio["hot2"], 99, time.time())
    callio.requests.clear()
    run(sync, "--job", "customer")
    rows = {(row["tenant"], row["_id"]): row for row in store.rows("customer")}
    assert len(rows) == 191 and rows["PK", "c7"]["name"] == "Other" and rows["hot2", "c7"]["name"] == "Customer 7"
    if sees_updates:
        assert len(callio.requests) <= 12  # only the days since the newest one
    assert callio["PK"].calls == {} and sync.ledger("SELECT count(*) FROM sqlite_master") and \
        {row["mode"] for row in store.rows("update_log")} == {"MERGED"}


def test_each_page_of_staff_and_groups_is_copied(install):
    callio, sync, store = install("PK", "hot2", page_size=10)
    for tenant in callio.tenants.values():
        for n in range(25):
            staff(tenant, n)  # namesakes
            tenant.groups[f"g{n}"] = {"_id": f"g{n}", "name": f"Team {n}"}
    run(sync, "--job", "staffgroup")
    assert len(store.rows("staff")) == len(store.rows("group")) == 50
    assert {(row["name"], row["group_id"]) for row in store.rows("staff")} == {("Lan", "g1")}
    del callio["PK"].groups["g3"], callio["PK"].users["u3"]
    callio["PK"].groups["g4"]["name"] = "Renamed"
    callio["PK"].users["u4"].update(name="Hoa", updateTime=3)
    callio.bare = True
    run(sync, "--job", "staffgroup")
    groups = {(row["tenant"], row["group_id"]): row["name"] for row in store.rows("group")}
    assert len(groups) == 49 and groups["PK", "g4"] == "Renamed" and groups["hot2", "g4"] == "Team 4"
    people = {(row["tenant"], row["_id"]): row["name"] for row in store.rows("staff")}
    assert len(people) == 50 and people["PK", "u4"] == "Hoa"  # who has left stays


def test_a_run_copies_calls_and_the_tables_that_are_due(install):
    callio, sync, store = install("PK")
    staff(callio["PK"], 1)
    customer(callio["PK"], 1, time.time() - HOUR)
    callio["PK"].call(time.time() - 60)
    run(sync)
    assert [len(store.rows(name)) for name in ("callcenter_records", "customer", "staff", "group")] == [1, 1, 1, 0]
    callio.requests.clear()
    run(sync)  # the tables are not due
    run(sync, "--job", "call")
    assert {path for _, path, _ in callio.requests} == {"/call"}
    callio.requests.clear()
    run(sync, "--job", "staffgroup")
    assert {path for _, path, _ in callio.requests} == {"/user", "/user-group"}
    assert sync.run("run", "--job", "calls").code == 64


def test_a_tenant_that_fails_hides_no_other_one(install):
    callio, sync, store = install("PK", "hot2")
    callio.refuses.add("PK")
    for tenant in callio.tenants.values():
        staff(tenant, 1)
        customer(tenant, 1, time.time() - HOUR)
    run(sync, "--job", "customer", code=78)
    run(sync, "--job", "staffgroup", code=78)
    assert [(row["tenant"]) for row in store.rows("staff") + store.rows("customer")] == ["hot2", "hot2"]


def test_a_table_that_an_account_may_not_read_hides_no_other_one(install):
    callio, sync, store = install("PK")
    staff(callio["PK"], 1)
    customer(callio["PK"], 1, time.time() - HOUR)
    callio.fails["PK", "/user-group"] = 403
    assert "has no right to read /user-group" in run(sync, "--job", "staffgroup", code=78).log
    run(sync, "--job", "customer")
    assert len(store.rows("staff")) == len(store.rows("customer")) == 1


def at(day, hour):
    """The epoch of that hour of the day in Vietnam, so many days ago."""
    midnight = (int(time.time()) + 7 * HOUR) // DAY * DAY - 7 * HOUR
    return midnight - day * DAY + hour * HOUR


def make_report(callio):
    """Calls of a day, also in its first seven hours, which belong to another day in UTC; customers in several states,
    one of them twice; another tenant, who is not in the report."""
    tenant = callio["PK"]
    staff(tenant, 1)
    staff(tenant, 2, group=None, name="Hoa")
    tenant.groups["g1"] = {"_id": "g1", "name": "Team 1"}
    customer(tenant, 1, at(1, 12), assignedTime=at(1, 2) * 1000)
    for n, state in ((3, "Từ chối"), (4, "Không nghe máy")):
        customer(tenant, n, at(1, 12), assignedTime=at(1, n) * 1000, user={"_id": "u9", "name": "Gone"},
                 customFields=[{"key": "tinh-trang-kh", "val": state}])
    tenant.call(at(1, 1) + 60, toNumber="0900000001")
    tenant.call(at(1, 1) + 160, toNumber="0900000001", billed=0, length=30)
    tenant.call(at(1, 10) + 60, toNumber="0900000002")
    tenant.call(at(1, 11) + 60, toNumber="0900000004", billed=0, length=10)
    tenant.call(at(1, 23) + 60, toNumber="0900000003", fromUser={"_id": "u2", "name": "Hoa"})
    tenant.call(at(2, 23) + 60)
    callio["hot2"].call(at(1, 10) + 60, toNumber="0900000001")
    customer(callio["hot2"], 1, at(1, 12), assignedTime=at(1, 2) * 1000)


def local_day(ago):
    return f"{datetime.datetime.fromtimestamp(at(ago, 12), datetime.timezone(datetime.timedelta(hours=7))):%F}"


def assert_report(rows, old=False):
    """The rows are those of the golden file, which has days from today on. old: also what the report had before."""
    names, *golden = [line.split(" | ") for line in GOLDEN.read_text().splitlines()]
    days = {local_day(ago): f"-{ago}" for ago in range(10)}
    made = [[days[str(row["Ngay"])]] + [str(row[name]) for name in names[1:]] for row in rows]
    assert sorted(made) == sorted(row for row in golden if old or row[0] != "-8")


def test_the_report_of_sqlite_has_whole_local_days(install, tmp_path):
    callio, sync, store = install("PK", "hot2")
    sync.set_checkpoint(int(time.time()) - 4 * DAY)
    sync.configure(config={"sink": {"after": ROOT / "packaging/examples/*.sqlite.sql"}})
    make_report(callio)
    for _ in range(3):
        sync.run("run", timeout=120)
    assert_report(store.rows("fact_staff_daily_PK"))
    broken = tmp_path / "broken.sql"
    broken.write_text("CREATE TABLE x (a); SELECT * FROM nothing;")
    sync.configure(config={"sink": {"after": broken}})
    failed = sync.run("run")
    assert failed.code != 0 and "broken.sql" in failed.log
    with pytest.raises(sqlite3.OperationalError):
        store.rows("x")  # rolled back
    broken.chmod(0o666)
    assert "every user" in sync.run("run").log


def test_tables_and_report_in_postgresql(install, tmp_path):
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    password.chmod(0o600)
    with Postgresql() as server:
        database = server.database()
        callio, sync, _ = install("PK", "hot2", sink={"url": database.url(), "password_file": password})
        store = Store(table=database)
        sync.configure(config={"sink": {"after": ROOT / "packaging/examples/*.postgresql.sql"}})
        sync.set_checkpoint(int(time.time()) - 4 * DAY)
        make_report(callio)
        for _ in range(3):
            print(sync.run("run", timeout=120).log)
        assert_report(store.rows("fact_staff_daily_PK"))
        callio["PK"].customers["c1"].update(name="Other", updateTime=int(time.time() * 1000))
        del callio["PK"].groups["g1"]
        run(sync, "--job", "customer")
        run(sync, "--job", "staffgroup")
        assert {(row["tenant"], row["_id"]): row["name"] for row in store.rows("customer")}["PK", "c1"] == "Other"
        assert store.rows("group") == [] and len(store.rows("staff")) == 2
        assert {row["mode"] for row in store.rows("update_log")} == {"MERGED", "TRUNCATE", "NOOP"}


@pytest.fixture
def into_bigquery(install, tmp_path):
    """Makes an installation that copies to BigQuery. Returns Callio, the installation and BigQuery."""
    with BigQuery() as bigquery:
        key_file = tmp_path / "key.json"
        key_file.write_text(json.dumps(bigquery.accounts.service_account()))
        key_file.chmod(0o600)

        def make(*tenants, **source):
            callio, sync, _ = install(*tenants, sink={"type": "bigquery", "project": "calls", "dataset": "callio",
                                                      "credentials_file": key_file, "bigquery_url": bigquery.url,
                                                      "load_interval": 0}, **source)
            return callio, sync, bigquery

        yield make


def let_load(sync):
    """As if load_interval had passed, and the calls that wait for it were due."""
    path = sync.state / "bigquery.state"
    state = json.loads(path.read_text())
    path.write_text(json.dumps({**state, "loaded": state["loaded"] - DAY}))
    change_ledger(sync, "UPDATE call SET due = 0 WHERE state = 2")


def keyed(bigquery, table, key="_id"):
    """The rows of a table by tenant and key; none twice."""
    found = bigquery.rows(f"callio.{table}")
    made = {(row["tenant"], row[key]): row for row in found}
    assert len(made) == len(found), found
    return made


def log_of(bigquery, table):
    return [(row["tenant"], row["mode"], row["rows_loaded"]) for row in bigquery.rows("callio.update_log")
            if row["table_name"] == table]


@pytest.mark.parametrize("billing", [True, False], ids=["MERGE", "sandbox"])
def test_bigquery_has_one_row_a_customer_and_a_user_and_the_groups_of_now(into_bigquery, billing):
    callio, sync, bigquery = into_bigquery("PK", "hot2", page_size=10)
    bigquery.billing = billing
    now = time.time()
    for tenant in callio.tenants.values():
        for n in range(12):
            customer(tenant, n, now - 2 * DAY + n * HOUR, name="L'Ân \"x\"\n")
            staff(tenant, n)
            tenant.groups[f"g{n}"] = {"_id": f"g{n}", "name": f"Team {n}"}
    tenant.call(now - 60)
    done = run(sync)
    assert ("sandbox" in done.log) == (not billing)
    rows = keyed(bigquery, "customer")
    assert len(rows) == 24 and len(keyed(bigquery, "staff")) == len(keyed(bigquery, "group", "group_id")) == 24
    assert len(bigquery.rows("callio.calls")) == 1
    made, row = callio["PK"].customers["c7"], rows["PK", "c7"]
    assert [row[name] for name in ("name", "phone", "updateTime", "user_group_id", "customField_0_val")] == \
        ["L'Ân \"x\"\n", "0900000007", made["updateTime"], "g1", "Có nhu cầu | Đã kết bạn Zalo"]
    assert row["NgayUpdate"] == time.strftime("%F", time.gmtime(made["updateTime"] / 1000))
    table = bigquery.tables["callio.customer"]
    assert (table.partition, table.clustering, table.fields["updateTime"]["type"], table.fields["NgayAssign"]["type"]) \
        == (None, ["tenant", "_id"], "INT64", "DATE")
    assert {mode for _, mode, _ in log_of(bigquery, "customer")} == {"STAGED", "MERGED" if billing else "TRUNCATE"}
    assert log_of(bigquery, "group")[:2] == [("PK", "STAGED", 12), ("PK", "TRUNCATE", 12)]
    # Changed, repeated, moved to another day, gone.
    made.update(name="Other", updateTime=int(time.time() * 1000))
    callio["PK"].users["u3"].update(name="Hoa", updateTime=3)
    del callio["PK"].users["u4"], callio["PK"].groups["g3"]
    callio["PK"].groups["g4"]["name"] = "Renamed"
    callio["hot2"].groups.clear()
    for _ in range(2):
        run(sync, "--job", "customer")
        run(sync, "--job", "staffgroup")
    rows, people = keyed(bigquery, "customer"), keyed(bigquery, "staff")
    assert len(rows) == 24 and rows["PK", "c7"]["name"] == "Other" and rows["hot2", "c7"]["name"] != "Other"
    assert len(people) == 24 and people["PK", "u3"]["name"] == "Hoa"  # who has left stays
    groups = keyed(bigquery, "group", "group_id")
    assert len(groups) == 11 and {tenant for tenant, _ in groups} == {"PK"} and groups["PK", "g4"]["name"] == "Renamed"
    assert not bigquery.staging_tables()
    if billing:
        assert ("PK", "NOOP", 0) in log_of(bigquery, "staff")


def test_bigquery_is_asked_from_when_on_customers_are_copied(into_bigquery):
    callio, sync, bigquery = into_bigquery("PK")
    customer(callio["PK"], 1, time.time() - 20 * DAY)
    customer(callio["PK"], 2, time.time() - HOUR)
    bigquery.lag = 2  # a new table is missing for a moment
    callio.answers.extend([None] * 15 + [403])
    assert sync.run("run", "--job", "customer", timeout=300).code != 0
    callio.answers.clear()
    assert sorted(keyed(bigquery, "customer")) == [("PK", "c1")]  # what was read before that is there
    bigquery.lag = 0
    run(sync, "--job", "customer")
    assert log_of(bigquery, "customer") == [("PK", "STAGED", 1), ("PK", "MERGED", 1), ("PK", "STAGED", 2),
                                            ("PK", "MERGED", 1)]  # many days in one load
    callio.requests.clear()
    run(sync, "--job", "customer")
    assert len(callio.requests) == 1  # only what has changed since
    run(sync, "--job", "customer")
    del bigquery.tables["callio.customer"]  # as an operator does to have all again
    run(sync, "--job", "customer")
    assert sorted(keyed(bigquery, "customer")) == [("PK", "c1"), ("PK", "c2")]
    # An older table: its own columns stay, ours are added; one of another type is not ours.
    del bigquery.tables["callio.customer"]
    fields = [{"name": name, "type": "STRING", "mode": "NULLABLE"} for name in ("tenant", "_id", "own")]
    bigquery.make_table("callio", {"tableReference": {"tableId": "customer"}, "schema": {"fields": fields}})
    run(sync, "--job", "customer")
    assert len(keyed(bigquery, "customer")) == 2 and "own" in bigquery.tables["callio.customer"].fields
    del bigquery.tables["callio.customer"]
    fields.append({"name": "updateTime", "type": "STRING", "mode": "NULLABLE"})
    bigquery.make_table("callio", {"tableReference": {"tableId": "customer"}, "schema": {"fields": fields}})
    failed = run(sync, "--job", "customer", code=78)
    assert "the column updateTime of callio.customer is STRING, not INT64" in failed.log


def test_a_table_s_failure_in_bigquery_fails_the_run_and_the_next_one_copies_it(into_bigquery):
    callio, sync, bigquery = into_bigquery("PK")
    customer(callio["PK"], 1, time.time() - HOUR)
    customer(callio["PK"], 2, time.time() - HOUR + 60)
    run(sync, "--job", "customer")
    for n in (1, 2):
        callio["PK"].customers[f"c{n}"].update(name="Other", updateTime=int(time.time() * 1000) + n)
    bigquery.job_errors["merge"].append("quotaExceeded")
    run(sync, "--job", "customer", code=69)
    bigquery.job_errors["load"].append(Failed("accessDenied"))
    run(sync, "--job", "customer", code=78)
    assert {row["name"] for row in keyed(bigquery, "customer").values()} == {"Customer 1", "Customer 2"}
    bigquery.job_errors["load"].append(Failed("invalid", "giving up", errors=["in row starting at position 0: x"]))
    assert "a row of customer of PK is left out" in run(sync, "--job", "customer").log
    assert sorted(row["name"] for row in keyed(bigquery, "customer").values()) == ["Customer 1", "Other"]
    bigquery.job_errors["load"].extend([None, "accessDenied"])  # update_log
    assert "update_log" in run(sync, "--job", "customer").log
    assert {row["name"] for row in keyed(bigquery, "customer").values()} == {"Other"}
    assert not bigquery.staging_tables()


@pytest.mark.plain_only
@pytest.mark.parametrize("billing", [True, False], ids=["MERGE", "sandbox"])
def test_the_report_of_bigquery_has_whole_local_days(into_bigquery, billing):
    callio, sync, bigquery = into_bigquery("PK", "hot2")
    bigquery.billing = billing
    sync.set_checkpoint(int(time.time()) - 4 * DAY)
    sync.configure(config={"sink": {"after": ROOT / "packaging/examples/*.bigquery.sql"}})
    make_report(callio)
    run(sync)
    table = bigquery.tables["callio.fact_staff_daily_PK"]
    assert (table.clustering, table.fields["Ngay"]["type"]) == (["Ngay", "MaNV_id"], "DATE")
    bigquery.rows_of.execute(f'INSERT INTO "callio.fact_staff_daily_PK" ({", ".join(table.fields)}) VALUES '
                             f"('{local_day(8)}', 'u1', 'Old', 'Old', 9, 9, 9, 0, 9, 0, 0, 0, 0, 0, 0, 1, 1, NULL)")
    for _ in range(2):
        run(sync, "--job", "staffgroup")
    assert_report(bigquery.rows("callio.fact_staff_daily_PK"), old=True)


@pytest.mark.parametrize("answer", [403, 422, 500])
def test_calls_that_cannot_be_read_by_their_ids_hide_no_new_call(into_bigquery, answer):
    """Calls that were found before the table could be loaded again are read by their ids when it can."""
    callio, sync, bigquery = into_bigquery("PK")
    callio["PK"].call(time.time() - 200)
    run(sync, "--job", "call")
    sync.configure(config={"sink": {"load_interval": 300}})
    waiting = [callio["PK"].call(time.time() - 100 - n)["_id"] for n in range(5)]
    run(sync, "--job", "call", code=None)
    new = callio["PK"].call(time.time() - 50)["_id"]
    for call in waiting:
        callio.fails["PK", f"/call/{call}"] = answer
    let_load(sync)
    callio.requests.clear()
    run(sync, "--job", "call", code=None)
    assert f"PK:{new}" in {row["call_id"] for row in bigquery.rows("callio.calls")}
    asked = {path for _, path, _ in callio.requests if path.startswith("/call/")}
    assert len(asked) == 3, "the others of the tenant are not asked for"
    callio.fails.clear()
    let_load(sync)
    run(sync, "--job", "call")
    assert {row["call_id"] for row in bigquery.rows("callio.calls")} == \
        {f"PK:{call}" for call in callio["PK"].calls}


@pytest.mark.parametrize("billing", [True, False], ids=["MERGE", "sandbox"])
def test_each_call_has_its_tenant_and_changes_once_in_a_load_of_several_tenants(into_bigquery, billing):
    callio, sync, bigquery = into_bigquery("PK", "hot2", "aa")
    bigquery.billing = billing
    for tenant in callio.tenants.values():  # with the same _ids
        tenant.call(time.time() - 60)
    run(sync, "--job", "call")
    changed, kept = callio["PK"], callio["hot2"]
    for tenant, billed in ((changed, 40), (kept, 50), (callio["aa"], 30)):
        for call in tenant.calls.values():
            call["billDuration"] = billed
            call["startTime"] -= 3 * DAY * 1000 * (tenant is changed)  # its row moves to another day
    assert sync.run("backfill", "--from", "1 hour ago", "--to", "now", timeout=120).code == 0
    rows = bigquery.rows("callio.calls")
    assert sorted((row["tenant"], row["call_id"].partition(":")[0], row["billsec"]) for row in rows) == \
        [("PK", "PK", 40), ("aa", "aa", 30), ("hot2", "hot2", 50)]


def test_bigquery_runs_the_files_in_order_when_rows_were_loaded(into_bigquery, tmp_path):
    callio, sync, bigquery = into_bigquery("PK")
    for name, sql in (("2.sql", "DELETE FROM `seen` WHERE a > 5;\n\nINSERT INTO `seen` VALUES (7);"),
                      ("1.sql", "-- the table\nCREATE TABLE IF NOT EXISTS `seen` (a INT64);\n"
                                "INSERT INTO `seen` VALUES (1)")):
        (tmp_path / name).write_text(sql)
    sync.configure(config={"sink": {"after": tmp_path / "?.sql"}})
    callio["PK"].call(time.time() - 60)
    run(sync)
    assert [row["a"] for row in bigquery.rows("callio.seen")] == [1, 7]
    made, = [job["made"]["configuration"] for name, job in bigquery.jobs.items()
             if name.startswith("after_") and "the table" in str(job["made"])]
    assert 30_000 < int(made["jobTimeoutMs"]) <= 60_000
    run(sync, "--job", "call")
    assert len(bigquery.rows("callio.seen")) == 2  # nothing was loaded
    callio["PK"].call(time.time() - 30)
    bigquery.job_errors["script"].extend([None, "backendError"])
    failed = run(sync, "--job", "call", code=69)
    assert f"after: {tmp_path}/2.sql: BigQuery: backendError" in failed.log and "calls are recorded" in failed.log
    assert len(bigquery.rows("callio.calls")) == 2 and "0 failed" in failed.log
    run(sync, "--job", "call")  # the files are still due
    assert sorted(row["a"] for row in bigquery.rows("callio.seen")) == [1, 1, 1, 7]
    # Without a billing account BigQuery refuses the second statement.
    bigquery.billing = False
    callio["PK"].call(time.time() - 20)
    failed = run(sync, "--job", "call", code=78)
    assert f"after: {tmp_path}/1.sql: the project calls has no billing account (sandbox), so BigQuery refuses INSERT" \
        in failed.log and "CREATE OR REPLACE TABLE" in failed.log
    bigquery.billing = True
    (tmp_path / "1.sql").write_text("\nSELECT 1;\nDELETE FROM `nothing` WHERE TRUE;\n")
    failed = run(sync, "--job", "call", code=78)
    assert (f"{tmp_path}/1.sql: BigQuery: notFound: Not found: Table calls:callio.nothing at [3:1]; calls are"
            in failed.log)


@pytest.mark.skipif(shim.cannot_load() is not None, reason=f"no shim: {shim.cannot_load()}")
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_while_bigquery_gets_customers_ends_with_one_row_each(into_bigquery, when):
    callio, sync, bigquery = into_bigquery("PK")
    for n in range(3):
        customer(callio["PK"], n, time.time() - HOUR + n)
    run(sync, "--job", "customer")
    callio["PK"].customers["c1"].update(name="Other", updateTime=int(time.time() * 1000))
    customer(callio["PK"], 3, time.time())
    prepared, saved = sync.directory / "prepared", bigquery.save()
    shutil.copytree(sync.state, prepared)

    def reset():
        shutil.rmtree(sync.state)
        shutil.copytree(prepared, sync.state)
        bigquery.restore(saved)

    watched = shim.Strike(sync)
    assert sync.run("run", "--job", "customer", env=watched.env).code == 0
    steps, ended = watched.report().steps, 0
    assert steps > 20
    for at in points(steps, 6 / steps):
        reset()
        struck = sync.run("run", "--job", "customer", env=shim.Strike(sync, at=at, when=when).env, timeout=120)
        ended += struck.code == shim.END_STATUS
        run(sync, "--job", "customer")
        assert {key: row["name"] for (_, key), row in keyed(bigquery, "customer").items()} == \
            {"c0": "Customer 0", "c1": "Other", "c2": "Customer 2", "c3": "Customer 3"}, f"{when} step {at}"
    assert ended > 2


def test_check_says_that_a_sink_takes_no_tables(install, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s" * 40)
    secret.chmod(0o600)
    _, sync, _ = install("PK", sink={"type": "webhook", "url": "http://127.0.0.1:9/", "secret_file": secret})
    assert sync.run("check").out.count("the sink webhook takes no tables") == 1
    sync.configure(config={"sink": {"type": "records", "file": tmp_path / "calls.db"}})
    assert "takes no tables" not in sync.run("check").out
