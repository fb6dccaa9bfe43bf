"""The tables of Callio beside the calls, in SQLite and PostgreSQL: customers, staff, groups, and the report on them."""
import contextlib
import datetime
import sqlite3
import time

import pytest

from harness.callio import Callio
from harness.postgresql import PASSWORD, Postgresql
from harness.process import ROOT
from harness.sync import Sync

HOUR, DAY = 3600, 86400


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
                                  "ext": "101", "extPassword": "s1p-s3cret", "group": {"_id": group},
                                  "createTime": 1, "updateTime": 2, **more}


def run(sync, *args, code=0):
    done = sync.run("run", *args, timeout=300)
    assert done.code == code, done.log + done.err
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


def at(day, hour):
    """The epoch of that hour of the day in Vietnam, so many days ago."""
    midnight = (int(time.time()) + 7 * HOUR) // DAY * DAY - 7 * HOUR
    return midnight - day * DAY + hour * HOUR


def make_report(callio):
    """Calls of one day, also in its first seven hours, which belong to another day in UTC."""
    tenant = callio["PK"]
    staff(tenant, 1)
    tenant.groups["g1"] = {"_id": "g1", "name": "Team 1"}
    customer(tenant, 1, at(1, 12), assignedTime=at(1, 2) * 1000)
    tenant.call(at(1, 1) + 60, toNumber="0900000001")
    tenant.call(at(1, 1) + 160, toNumber="0900000001", billed=0, length=30)
    tenant.call(at(1, 10) + 60, toNumber="0900000002")
    tenant.call(at(2, 23) + 60)


def assert_report(rows):
    day = f"{datetime.datetime.fromtimestamp(at(1, 12), datetime.timezone(datetime.timedelta(hours=7))):%F}"
    row, = [row for row in rows if str(row["Ngay"]) == day]
    assert [str(row[name]) for name in (
        "MaNV_id", "MaNV", "Team", "TongCuoc", "SoSDT_Unique", "SoCuoc_NoiMay", "SoCuoc_KhongNoiMay",
        "TongThoiluongGoi_Giay", "TongRungChuong_Giay", "SoDataNhan", "SoSDT_KetBanZalo", "SoSDT_CoNhuCau",
        "SoSDT_TuChoi", "SoSDT_KhongNgheMay")] == \
        ["u1", "Lan", "Team 1", "3", "2", "2", "1", "100", "30", "1", "1", "1", "0", "0"]
    assert len(rows) == 2


def test_the_report_of_sqlite_has_whole_local_days(install, tmp_path):
    callio, sync, store = install("PK")
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
        callio, sync, _ = install("PK", sink={"url": database.url(), "password_file": password})
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
        assert [row["name"] for row in store.rows("customer")] == ["Other"]
        assert store.rows("group") == [] and len(store.rows("staff")) == 1
        assert {row["mode"] for row in store.rows("update_log")} == {"MERGED", "TRUNCATE", "NOOP"}
