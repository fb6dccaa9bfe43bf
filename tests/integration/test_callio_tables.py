"""The tables of Callio beside the calls, in SQLite, PostgreSQL and BigQuery: customers, staff, groups, and the report
on them."""
import contextlib
import datetime
import json
import pathlib
import shutil
import sqlite3
import time
import urllib.parse

import pytest

from fault import shim
from fault.sweeps import points
from harness.bigquery import BigQuery, Failed
from harness.callio import Callio
from harness.postgresql import PASSWORD, Postgresql
from harness.process import ROOT
from harness.keeping import change_ledger
from harness.receiver import Receiver
from harness.sync import Sync

HOUR, DAY = 3600, 86400
needs_shim = pytest.mark.skipif(shim.cannot_load() is not None, reason=f"no shim: {shim.cannot_load()}")
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
    done = sync.run("run", *args)
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


def test_a_change_of_the_future_hides_no_later_one(install):
    """Goal: a customer whose updateTime comes from a wrong clock does not end the copying until then."""
    callio, sync, store = install("PK")
    callio.sees_updates = False
    customer(callio["PK"], 1, time.time() + 30 * DAY, createTime=int(time.time() - HOUR) * 1000)
    made = customer(callio["PK"], 2, time.time() - HOUR)
    run(sync, "--job", "customer")
    made.update(name="Other", updateTime=int(time.time() * 1000))
    run(sync, "--job", "customer")
    assert [row["name"] for row in store.rows("customer") if row["_id"] == "c2"] == ["Other"]


@pytest.mark.plain_only
def test_a_tenant_without_changes_costs_few_requests(install):
    """Goal: a tenant whose newest customer is over a year old is not asked for each day of that year, and what changes
    in the long stretches is copied."""
    callio, sync, store = install("PK", customer_days=500, page_size=10)
    for number, days in enumerate((400, 390, 60, 59)):
        customer(callio["PK"], number, time.time() - days * DAY)
    run(sync, "--job", "customer")
    assert sorted(row["_id"] for row in store.rows("customer")) == ["c0", "c1", "c2", "c3"]
    assert len(callio.requests) < 50
    for number in (1, 2, 3):
        del callio["PK"].customers[f"c{number}"]
    sync.configure(config={"sink": {"file": sync.directory / "other.db"}})
    run(sync, "--job", "customer")
    callio.requests.clear()
    for number in range(25):
        customer(callio["PK"], 100 + number, time.time() - 30 * DAY - number * HOUR)
    run(sync, "--job", "customer")
    assert len(callio.requests) < 40
    assert len(Store(sync.directory / "other.db").rows("customer")) == 26


def files_of(pid, directory):
    """What the files that a process has open, and those of a directory, contain."""
    for path in [*pathlib.Path(f"/proc/{pid}/fd").iterdir(), *directory.rglob("*")]:
        try:
            if path.is_file():
                yield path.read_bytes()
        except OSError:  # it was closed, or is gone
            pass


@pytest.mark.plain_only
def test_no_password_of_a_user_reaches_a_file(install, tmp_path):
    callio, sync, store = install("PK", page_size=500)
    for number in range(2600):  # more than SQLite keeps in memory
        staff(callio["PK"], number, name=f"Staff {number} " + "x" * 900, note="y" * 900)
    running, leaks, names = [], [], []

    def look(_, path, __):
        if path != "/user" or not running:
            return
        for text in files_of(running[0].pid, tmp_path):
            leaks.extend([path] * (b"s1p-s3cret" in text))
            names.extend([path] * (text.count(b"Staff ") > 1))

    callio.on_request = look
    running.append(sync.start("run", "--job", "staffgroup"))
    running[0].communicate(timeout=300)
    assert running[0].returncode == 0 and len(store.rows("staff")) == 2600
    assert names and not leaks  # the stage was in a file
    assert not any(b"s1p-s3cret" in text for text in files_of("self", tmp_path))


def test_a_tenant_that_fails_hides_no_other_one(install):
    callio, sync, store = install("PK", "hot2")
    callio.refuses.add("PK")
    for tenant in callio.tenants.values():
        staff(tenant, 1)
        customer(tenant, 1, time.time() - HOUR)
    run(sync, "--job", "customer", code=78)
    run(sync, "--job", "staffgroup", code=78)
    assert [(row["tenant"]) for row in store.rows("staff") + store.rows("customer")] == ["hot2", "hot2"]


def test_calls_of_a_tenant_that_cannot_be_read_keep_no_table_of_another_one(install, tmp_path):
    report = tmp_path / "report.sql"
    report.write_text("CREATE TABLE report AS SELECT count(*) AS calls FROM callcenter_records;")
    callio, sync, store = install("PK", "hot2", sink={"file": tmp_path / "calls.db", "after": report})
    callio.refuses.add("PK")
    for tenant in callio.tenants.values():
        tenant.call(time.time() - 60)
        staff(tenant, 1)
        customer(tenant, 1, time.time() - HOUR)
    failed = run(sync, code=78)
    assert failed.log.count("refuses the login of the tenant PK") == 1
    assert [row["tenant"] for row in store.rows("staff") + store.rows("customer")] == ["hot2", "hot2"]
    assert store.rows("report") == [{"calls": 1}]


@pytest.mark.parametrize("answer, code", [("cut", 69), (500, 69), (403, 78)])
def test_calls_of_a_tenant_that_cannot_be_read_keep_none_of_its_tables(install, answer, code):
    """Goal: the login works, so the tables are copied, and only the calls are said to be missing."""
    callio, sync, store = install("PK", "hot2")
    sync.run("enable")
    callio.fails["PK", "/call"] = answer
    for tenant in callio.tenants.values():
        tenant.call(time.time() - 60)
        staff(tenant, 1)
        tenant.groups["g1"] = {"_id": "g1", "name": "Team"}
        customer(tenant, 1, time.time() - HOUR)
    run(sync, code=code)
    for table in ("group", "staff", "customer"):
        assert sorted(row["tenant"] for row in store.rows(table)) == ["PK", "hot2"], table
    assert "are not copied" not in verdict(sync)
    assert [row["uuid"].split(":")[0] for row in store.rows("callcenter_records")] == ["hot2"]


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
    for n, state in ((3, "TỪ CHỐI"), (4, "Không nghe máy")):
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
    undated = (253402300799999, 9 * 10**14, str(2**63 - 1), str(-2**63))  # not in the years 1 to 9999, in Vietnam
    for n, wrong in enumerate(undated, 15):
        customer(tenant, n, at(1, 12), assignedTime=wrong)
    for absurd in ({}, {"billDuration": str(2**63 - 1)}):
        tenant.call(at(2, 22) + 60, fromUser={"_id": "u3"}, **absurd)


# A call of the report's tenant that was made at no date, for a table with the column that names the tenant and another
# one.
UNDATED = """UPDATE {} SET {} = 'PK', {} = '{{"create_ms":"100000000000000000"}}' WHERE {} = 'hot2'"""


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
        run(sync)
    with contextlib.closing(sqlite3.connect(store.file)) as file, file:
        file.execute(UNDATED.format("callcenter_records", "campaign", "raw_data", "campaign"))
    run(sync)
    assert_report(store.rows("fact_staff_daily_PK"))
    broken = tmp_path / "broken.sql"
    broken.write_text("CREATE TABLE x (a);\n-- of\nSELECT *\nFROM nothing;\nSELECT 1;")
    sync.configure(config={"sink": {"after": broken}})
    failed = sync.run("run")
    assert failed.code != 0 and "broken.sql: line 3, `SELECT * FROM nothing`: could not" in failed.log
    told = json.loads(sync.run("history", "--json", "--limit", "1").out)
    assert (told["exit_code"], told["outcome"]) == (failed.code, f"failed ({failed.code})")
    assert "broken.sql" in told["message"]
    assert f'exit_code="{failed.code}",kind="poll"}} 1\n' in sync.run("metrics").out
    assert "✓ after: 1 file of SQL can be read" in sync.run("check").out
    (tmp_path / "folder.sql").mkdir()
    for after, said in ((tmp_path / "none*.sql", "no file matches"), ("broken.sql", "write the whole path"),
                        (tmp_path / "folder.sql", "folder.sql")):
        sync.configure(config={"sink": {"after": after}})
        assert any(line.startswith("✗ after: ") and said in line for line in sync.run("check").out.splitlines())
    sync.configure(config={"sink": {"after": broken}})
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
            run(sync)
        database.query(UNDATED.format("callcenter_records", "campaign", "raw_data", "campaign"))
        run(sync)
        assert_report(store.rows("fact_staff_daily_PK"))
        broken = tmp_path / "broken.sql"
        broken.write_text("SELECT 'ä';\nSELECT *\n  FROM nothing;")
        sync.configure(config={"sink": {"after": broken}})
        failed = sync.run("run").log
        assert "broken.sql: line 3, `FROM nothing`: could not" in failed and "correct the file" in failed, failed
        sync.configure(config={"sink": {"after": None}})
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


def test_update_log_counts_the_calls_of_each_tenant(into_bigquery):
    callio, sync, bigquery = into_bigquery("PK", "hot2")
    now = time.time()
    for tenant, ages in (("PK", (300, 200)), ("hot2", (100,))):
        for age in ages:
            callio[tenant].call(now - age)
    run(sync, "--job", "call")
    assert sorted(log_of(bigquery, "calls")) == [("PK", "MERGED", 2), ("PK", "STAGED", 2), ("hot2", "MERGED", 1),
                                                 ("hot2", "STAGED", 1)]
    callio["hot2"].call(now - 50)
    for path in sync.state.iterdir():  # all calls are loaded again, and only the new one changes the table
        path.unlink()
    sync.set_checkpoint(int(now) - 3 * HOUR)
    time.sleep(1)  # without the file, two loads of one second have the same seen_at
    run(sync, "--job", "call")
    assert sorted(log_of(bigquery, "calls")[4:]) == [("PK", "NOOP", 0), ("PK", "STAGED", 2), ("hot2", "MERGED", 1),
                                                     ("hot2", "STAGED", 2)]
    run(sync, "--job", "call")
    assert len(log_of(bigquery, "calls")) == 8 and len(keyed(bigquery, "calls", "call_id")) == 4


@pytest.mark.plain_only
def test_the_environment_of_an_older_tool_makes_a_whole_run(into_bigquery, tmp_path):
    callio, sync, bigquery = into_bigquery("PK", "hot2")
    sync.configure(config={"source": dict.fromkeys(("url", "accounts_file")),
                           "sink": dict.fromkeys(("project", "dataset", "credentials_file"))})
    names = {"BQ_PROJECT_ID": "calls", "BQ_DATASET_ID": "older", "BQ_LOCATION": "asia-southeast1",
             "SERVICE_ACCOUNT_KEY_FILE": str(tmp_path / "key.json"), "CALLIO_API_BASE_URL": callio.url,
             "CALLIO_ACCOUNTS_FILE": str(tmp_path / "accounts.json"), "API_PAGE_SIZE": "3", "API_TIMEOUT": "50",
             "LIMIT_RECORDS_PER_ENDPOINT": "4", "DAYS_TO_FETCH_IF_EMPTY": "2", "OVERLAP_MS": "7200000"}
    now = time.time()
    for tenant in callio.tenants.values():
        newest = customer(tenant, 1, now - DAY)
        customer(tenant, 2, now - 3 * DAY)
        for n in range(5):
            tenant.call(now - 60 - n)
    for count in (4, 8, 10):  # LIMIT_RECORDS_PER_ENDPOINT leaves no gap
        callio.requests.clear()
        done = sync.run("run", env=names)
        assert done.code == (75 if count < 10 else 0), done.log + done.err
        assert "PRIVATE KEY" not in done.log + done.out + done.err
        assert len({row["call_id"] for row in bigquery.rows("older.calls")}) == count
        assert {query["pageSize"] for _, path, query in callio.requests if "/call/" not in path} == {"3"}
    assert bigquery.datasets == {"older": {"location": "asia-southeast1"}}
    assert {(row["tenant"], row["_id"]) for row in bigquery.rows("older.customer")} == {("PK", "c1"), ("hot2", "c1")}
    callio.requests.clear()
    done = sync.run("run", "--job", "customer", env=names)
    asked = {int(query["fromUpdateTime"]) for _, path, query in callio.requests if path == "/customer"}
    assert min(asked) == newest["updateTime"] - 7200000, (asked, newest["updateTime"])


def test_calls_with_absurd_times_are_loaded_without_these(into_bigquery):
    """Goal: a field with a wrong unit rejects no call, and uses up no load jobs."""
    callio, sync, bigquery = into_bigquery("PK")
    for n in range(7):
        callio["PK"].call(time.time() - 100 - n, answerTime=5 * 10**14)
    run(sync, "--job", "call")
    rows = bigquery.rows("callio.calls")
    assert len(rows) == 7 and {row["answered_at"] for row in rows} == {None} and all(row["started_at"] for row in rows)
    assert len(bigquery.loads) == 2, bigquery.loads  # the staging table and update_log


def test_a_table_is_not_changed_before_the_job_of_the_last_run_has_ended(into_bigquery):
    """Goal: BigQuery may run two MERGEs at once, and each would miss the other's rows (the stand-in notes that)."""
    callio, sync, bigquery = into_bigquery("PK")
    customer(callio["PK"], 1, time.time() - HOUR)
    bigquery.held = {"_merge"}
    for _ in range(2):
        bigquery.stop_while_held(sync.start("run", "--job", "customer"), "_merge")
    bigquery.release()
    run(sync, "--job", "customer")
    assert sorted(keyed(bigquery, "customer")) == [("PK", "c1")]


def test_bigquery_is_asked_from_when_on_customers_are_copied(into_bigquery):
    callio, sync, bigquery = into_bigquery("PK")
    customer(callio["PK"], 1, time.time() - 20 * DAY)
    customer(callio["PK"], 2, time.time() - HOUR)
    bigquery.lag = 2  # a new table is missing for a moment
    callio.answers.extend([None] * 5 + [403])
    assert sync.run("run", "--job", "customer").code != 0
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
    bigquery.rows_of.execute(UNDATED.format('"callio.calls"', "tenant", "extras", "tenant"))
    for _ in range(2):
        run(sync, "--job", "staffgroup")
    assert_report(bigquery.rows("callio.fact_staff_daily_PK"), old=True)


def verdict(sync):
    """OK, WARNING or CRITICAL, and the findings."""
    return sync.run("status").out.splitlines()[0].split(maxsplit=1)[1]


def test_a_failing_file_keeps_no_other_one_and_is_a_warning_until_it_works(into_bigquery, tmp_path):
    """Goal: a failing file is not run each minute, and nobody says meanwhile that all is well."""
    callio, sync, bigquery = into_bigquery("PK")
    (tmp_path / "1.sql").write_text("INSERT INTO `nothing` VALUES (1);")
    (tmp_path / "2.sql").write_text("CREATE OR REPLACE TABLE `seen` AS SELECT 7 AS a;")
    sync.configure(config={"sink": {"after": tmp_path / "?.sql"}})
    sync.run("enable")
    callio["PK"].call(time.time() - 60)
    assert f"{tmp_path}/1.sql: BigQuery: notFound" in run(sync, code=78).log
    assert [row["a"] for row in bigquery.rows("callio.seen")] == [7]
    asked = sum("after_" in job for job in bigquery.jobs)
    again = sync.run("run", "--cron")
    assert again.code == 78 and "1.sql" in again.log and "(since " in again.log and "the next try is at" in again.log
    assert sum("after_" in job for job in bigquery.jobs) == asked, "it waits"
    assert verdict(sync).startswith("WARNING - the files of after do not run since")
    (tmp_path / "1.sql").write_text("SELECT 1;")
    run(sync)  # a person does not wait
    assert verdict(sync).startswith("OK")
    (tmp_path / "1.sql").unlink()
    (tmp_path / "2.sql").unlink()
    assert "no file matches" in run(sync, code=78).log and verdict(sync).startswith("WARNING")
    sync.configure(config={"sink": {"after": None}})
    run(sync)
    assert verdict(sync).startswith("OK")


def test_files_that_a_run_has_no_time_for_are_run_by_the_next_one(install, tmp_path):
    _, sync, store = install("PK")
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT count(*) FROM n;"
    for name in "abcd":
        (tmp_path / f"{name}.sql").write_text(f"{slow} CREATE TABLE IF NOT EXISTS seen (name TEXT); "
                                              f"INSERT INTO seen VALUES ('{name}');")
    sync.configure(config={"sink": {"after": tmp_path / "?.sql"}, "sync": {"time_budget": 1}})
    names = []
    while len(names) < 4 and sync.run("run", "--job", "call").code == 0:
        names = [row["name"] for row in store.rows("seen")]
    assert names[:4] == list("abcd")  # each in its turn, whether a run has time for one or for all


def test_a_file_that_has_failed_is_a_warning_until_it_works_however_many_runs_the_files_take(install, tmp_path):
    _, sync, _ = install("PK")
    sync.run("enable")
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000000) SELECT count(*) FROM n;"
    for name in "abc":
        (tmp_path / f"{name}.sql").write_text(slow)
    (tmp_path / "a.sql").write_text(f"{slow} INSERT INTO nothing VALUES (1);")
    sync.configure(config={"sink": {"after": tmp_path / "?.sql"}, "sync": {"time_budget": 1}})

    def run_to_the_end():
        for _ in range(9):
            sync.run("run", "--job", "call")
            if not sync.ledger("SELECT 1 FROM note WHERE name = 'after_next'"):
                return verdict(sync)

    assert run_to_the_end().startswith("WARNING - the files of after do not run since")
    (tmp_path / "a.sql").write_text(slow)
    assert run_to_the_end().startswith("OK")


@pytest.mark.plain_only
def test_a_table_that_has_failed_is_a_warning_until_it_is_copied_however_many_runs_that_takes(install):
    """Goal: a run that continues with the tables behind a failed one does not say that all is well."""
    callio, sync, store = install("PK", "hot2")
    sync.run("enable")
    sync.configure(config={"sync": {"time_budget": 2}})
    for tenant in callio.tenants.values():
        staff(tenant, 1)
    callio.on_request = lambda tenant, path, _: path != "/call" and time.sleep(1)
    callio.fails["PK", "/user-group"] = 403

    def run_to_the_end():
        runs = 0
        while runs == 0 or sync.ledger("SELECT number FROM note WHERE name = 'tables_next'") != [(0,)]:
            run(sync, code=None)
            runs += 1
        return runs, verdict(sync)

    runs, said = run_to_the_end()
    assert runs > 1 and said.startswith("WARNING - customers, staff and groups are not copied since"), said
    callio.fails.clear()
    runs, said = run_to_the_end()
    assert runs > 1 and said.startswith("OK") and len(store.rows("staff")) == 2, said


def test_tables_that_cannot_be_copied_wait_and_are_a_warning_until_they_are(into_bigquery):
    callio, sync, bigquery = into_bigquery("PK")
    sync.run("enable")
    callio.fails["PK", "/user-group"] = 403
    assert "no right" in run(sync, code=78).log
    callio.requests.clear()
    again = sync.run("run", "--cron")
    assert again.code == 78 and "no right" in again.log and "(since " in again.log
    assert not any(path != "/call" for _, path, _ in callio.requests), callio.requests
    assert verdict(sync).startswith("WARNING - customers, staff and groups are not copied since")
    run(sync, "--job", "staffgroup", code=78)
    assert "; staff and groups are not copied since" in verdict(sync)
    callio.fails.clear()
    run(sync)
    assert verdict(sync).startswith("OK")


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
    done = run(sync, "--job", "call", code=None)
    assert "could not be read again; the next runs try it" in done.log and "archived" not in done.log
    assert f"PK:{new}" in {row["call_id"] for row in bigquery.rows("callio.calls")}
    asked = {path for _, path, _ in callio.requests if path.startswith("/call/")}
    assert len(asked) == 3, "the others of the tenant are not asked for"
    callio.fails.clear()
    let_load(sync)
    run(sync, "--job", "call")
    assert {row["call_id"] for row in bigquery.rows("callio.calls")} == \
        {f"PK:{call}" for call in callio["PK"].calls}


def make_pending(callio, sync, count):
    """Calls that were found between two loads: the next load reads them by their ids."""
    callio["PK"].call(time.time() - 200)
    run(sync, "--job", "call")
    sync.configure(config={"sink": {"load_interval": 300}})
    made = [callio["PK"].call(time.time() - 100 - n)["_id"] for n in range(count)]
    run(sync, "--job", "call", code=None)
    return made


def test_an_id_with_any_characters_can_be_asked_for(into_bigquery):
    callio, sync, bigquery = into_bigquery("PK")
    make_pending(callio, sync, 1)
    odd = callio["PK"].call(time.time() - 90, _id="a/b?c:d#%2F é..")["_id"]
    run(sync, "--job", "call", code=None)
    let_load(sync)
    callio.requests.clear()
    run(sync, "--job", "call", code=None)
    assert "/call/" + urllib.parse.quote(odd, safe="") in {path for _, path, _ in callio.requests}
    assert f"PK:{odd}" in {row["call_id"] for row in bigquery.rows("callio.calls")}


@pytest.mark.parametrize("sink", ["bigquery", "webhook"])
def test_reading_calls_by_their_ids_keeps_to_the_time_of_the_run(into_bigquery, sink):
    """Goal: a run does not read hundreds of calls one by one for minutes, and each run sends what it has read."""
    callio, sync, bigquery = into_bigquery("PK")
    count = len(make_pending(callio, sync, 30))
    with Receiver() as hook:
        if sink == "webhook":
            others = dict.fromkeys(("project", "dataset", "credentials_file", "bigquery_url", "load_interval"))
            sync.configure(config={"sink": {"type": "webhook", "url": hook.url, "secret": hook.secret, **others}})
        sync.configure(config={"sync": {"time_budget": 2}})
        callio.on_request = lambda _, path, __: time.sleep(0.1 if path.startswith("/call/") else 0)
        asked, arrived = [], 0
        while arrived < count and len(asked) < 40:
            let_load(sync)
            callio.requests.clear()
            run(sync, "--job", "call", code=None)
            asked.append(sum(path.startswith("/call/") for _, path, _ in callio.requests))
            arrived = len(hook.received) if sink == "webhook" else len(bigquery.rows("callio.calls")) - 1
    assert arrived == count and asked[0] < count, asked


def test_a_call_for_which_no_answer_comes_keeps_no_other_one(into_bigquery):
    callio, sync, bigquery = into_bigquery("PK")
    made = make_pending(callio, sync, 4)
    for call in made[::2]:  # wherever a run begins, one of them comes before another call
        callio.fails["PK", f"/call/{call}"] = "cut"
    let_load(sync)
    run(sync, "--job", "call", code=None)
    assert set(made) & {row["call_id"].removeprefix("PK:") for row in bigquery.rows("callio.calls")} == set(made[1::2])


@needs_shim
def test_calls_behind_failing_ones_have_their_turn(into_bigquery):
    callio, sync, bigquery = into_bigquery("PK")
    made = make_pending(callio, sync, 8)
    failing = made[3:6]  # the five oldest calls are read together, in the order of their ids
    for call in failing:
        callio.fails["PK", f"/call/{call}"] = 403
    for minutes in range(8):
        let_load(sync)
        sync.run("run", "--job", "call", env=shim.Strike(sync, clock_ahead=60 * minutes).env)
    assert set(made) - {row["call_id"].removeprefix("PK:") for row in bigquery.rows("callio.calls")} == set(failing)


@needs_shim
def test_each_call_has_its_turn_if_runs_come_every_five_minutes(into_bigquery):
    """Goal: a pace of as many minutes as calls are read at once does not begin at the same call each time."""
    callio, sync, _ = into_bigquery("PK")
    made = make_pending(callio, sync, 5)
    for call in made[:3]:
        callio.fails["PK", f"/call/{call}"] = 403
    callio.requests.clear()
    first = -int(time.time() // 60) % 5
    for minutes in range(first, first + 30, 5):
        let_load(sync)
        sync.run("run", "--job", "call", env=shim.Strike(sync, clock_ahead=60 * minutes).env)
    assert set(made) <= {path.removeprefix("/call/") for _, path, _ in callio.requests}


@pytest.mark.parametrize("billing", [True, False], ids=["MERGE", "sandbox"])
def test_each_call_has_its_tenant_and_changes_once_in_a_load_of_several_tenants(into_bigquery, billing):
    callio, sync, bigquery = into_bigquery("PK", "hot2", "aa")
    bigquery.billing = billing
    for tenant in callio.tenants.values():  # with the same _ids
        tenant.call(time.time() - 60)
    run(sync, "--job", "call")
    modes = ["MERGED", "STAGED"] if billing else ["STAGED", "TRUNCATE"]
    assert sorted(log_of(bigquery, "calls")) == [(tenant, mode, 1) for tenant in ("PK", "aa", "hot2") for mode in modes]
    changed, kept = callio["PK"], callio["hot2"]
    for tenant, billed in ((changed, 40), (kept, 50), (callio["aa"], 30)):
        for call in tenant.calls.values():
            call["billDuration"] = billed
            call["startTime"] -= 3 * DAY * 1000 * (tenant is changed)  # its row moves to another day
    assert sync.run("backfill", "--from", "1 hour ago", "--to", "now").code == 0
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


@needs_shim
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
        struck = sync.run("run", "--job", "customer", env=shim.Strike(sync, at=at, when=when).env)
        ended += struck.code == shim.END_STATUS
        run(sync, "--job", "customer")
        assert {key: row["name"] for (_, key), row in keyed(bigquery, "customer").items()} == \
            {"c0": "Customer 0", "c1": "Other", "c2": "Customer 2", "c3": "Customer 3"}, f"{when} step {at}"
    assert ended > 2


@pytest.mark.plain_only
def test_tables_keep_to_the_time_of_a_run_and_the_next_one_continues(install):
    callio, sync, store = install("PK", "hot2")
    sync.configure(config={"sync": {"time_budget": 2}})
    for tenant in callio.tenants.values():
        staff(tenant, 1)
        tenant.groups["g1"] = {"_id": "g1", "name": "Team"}
        for n in range(3):
            customer(tenant, n, time.time() - (3 - n) * 5 * DAY)

    def slowly(tenant, path, _):
        if path != "/call":
            time.sleep(1 if path != "/customer" else 0.1)

    callio.on_request = slowly
    first = run(sync)
    assert "📇 the next run continues to copy tables" in first.log
    assert {path for _, path, _ in callio.requests} != {"/call", "/user", "/user-group", "/customer"} or \
        ("hot2", "/user") not in {(tenant, path) for tenant, path, _ in callio.requests}
    for _ in range(12):
        if sync.ledger("SELECT number FROM note WHERE name = 'tables_copied'"):
            break
        run(sync)
    read = [(tenant, path) for tenant, path, _ in callio.requests if path in ("/user", "/user-group")]
    assert len(set(read)) == len(read) == 4  # each one once
    assert [len(store.rows(table)) for table in ("group", "staff", "customer")] == [2, 2, 6]


def test_a_named_job_is_done_to_its_end(install):
    callio, sync, store = install("PK", "hot2")
    sync.configure(config={"sync": {"time_budget": 1}})
    for tenant in callio.tenants.values():
        staff(tenant, 1)
    callio.on_request = lambda *_: time.sleep(0.6)
    assert "continues" not in run(sync, "--job", "staffgroup").log
    assert len(store.rows("staff")) == 2


def test_check_says_that_a_sink_takes_no_tables(install, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s" * 40)
    secret.chmod(0o600)
    _, sync, _ = install("PK", sink={"type": "webhook", "url": "http://127.0.0.1:9/", "secret_file": secret})
    assert sync.run("check").out.count("the sink webhook takes no tables") == 1
    sync.configure(config={"sink": {"type": "records", "file": tmp_path / "calls.db"}})
    assert "takes no tables" not in sync.run("check").out
