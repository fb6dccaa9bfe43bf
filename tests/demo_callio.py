"""The calls, customers, staff and groups of two tenants of Callio in tables of BigQuery, in less than a minute.

`make demo-callio` calls this file. Only Callio and Google are not real. The rest is: the built program, and HTTP to
stand-ins for both. All files are removed at the end.
"""
import collections
import json
import pathlib
import random
import sys
import tempfile
import time

from harness.bigquery import BigQuery
from harness.callio import Callio
from harness.process import end
from harness.show import Bars, chapter, say
from harness.sync import Sync

SPAN = 3000  # the calls end within so many seconds
DAY = 86400
# Of each tenant: calls, customers, staff, groups.
SIZES = {"PK": (900, 300, 12, 3), "hot2": (600, 200, 8, 2)}
STATES = ("Có nhu cầu", "Đã kết bạn Zalo", "Từ chối", "Không nghe máy")
TABLES = {"calls": "calls", "customers": "customer", "staff": "staff", "groups": "group"}


def fill(tenant, sizes):
    """An hour of a tenant's calls, and a month of changed customers. Namesakes are two people."""
    chance, now = random.Random(tenant.name), int(time.time())
    calls, customers, staff, groups = sizes
    tenant.groups = {f"g{n}": {"_id": f"g{n}", "name": f"Team {n + 1}"} for n in range(groups)}
    for n in range(staff):
        tenant.users[f"u{n}"] = {"_id": f"u{n}", "name": ("Lan", "Minh", "Hoa")[n % 3], "email": f"u{n}@example.com",
                                 "group": {"_id": f"g{n % groups}"}, "createTime": 1, "updateTime": 2}
    for n in range(customers):
        changed = now - chance.randrange(28 * DAY)
        tenant.customers[f"c{n}"] = {
            "_id": f"c{n}", "name": f"Customer {n}", "phone": f"09{n:08d}", "createTime": (changed - DAY) * 1000,
            "updateTime": changed * 1000, "assignedTime": changed * 1000, "user": {"_id": f"u{n % staff}"},
            "customFields": [{"key": "tinh-trang-kh", "val": [chance.choice(STATES)]}]}
    for n in range(calls):
        answered = chance.random() < 0.7
        talk = chance.randint(5, 200) if answered else 0
        user = chance.randrange(staff)
        tenant.call(now - 90 - SPAN * n // calls, length=talk + 20, billed=talk,
                    toNumber=f"09{chance.randrange(customers):08d}",
                    fromUser={"_id": f"u{user}", "name": ("Lan", "Minh", "Hoa")[user % 3], "group": {"_id": "g0"}})


def wanted(callio):
    """What Callio has of each kind, by tenant and id."""
    return {kind: {(tenant.name, key) for tenant in callio.tenants.values() for key in getattr(tenant, name)}
            for kind, name in (("calls", "calls"), ("customers", "customers"), ("staff", "users"),
                               ("groups", "groups"))}


def rows_of(bigquery, kind):
    return bigquery.rows(f"callio.{TABLES[kind]}")


def arrived(bigquery):
    """How often BigQuery has each of them."""
    def key(kind, row):
        if kind == "calls":
            return row["tenant"], json.loads(row["extras"])["call_id"]
        return row["tenant"], row["group_id" if kind == "groups" else "_id"]

    return {kind: collections.Counter(key(kind, row) for row in rows_of(bigquery, kind)) for kind in TABLES}


def is_good(callio, bigquery):
    """Whether BigQuery has each of Callio's documents once, with the customers' names."""
    names = {(tenant.name, key): made["name"] for tenant in callio.tenants.values()
             for key, made in tenant.customers.items()}
    got = {(row["tenant"], row["_id"]): row["name"] for row in rows_of(bigquery, "customers")}
    return got == names and arrived(bigquery) == {kind: collections.Counter(keys)
                                                  for kind, keys in wanted(callio).items()}


def run(sync, callio, bigquery):
    """Makes a run, as cron starts it. Shows a bar for each table."""
    bars = Bars(*((kind, lambda kind=kind: len(rows_of(bigquery, kind)), len(keys))
                  for kind, keys in wanted(callio).items()))
    process = sync.start("run")
    while process.poll() is None:
        bars.show()
        time.sleep(0.2)
    bars.end()
    return end(process) == 0


def show_arrived(callio, bigquery):
    say(f"   {'tenant':<8}" + "".join(f"{kind:>11}" for kind in TABLES))
    counts = arrived(bigquery)
    for name in callio.tenants:
        say(f"   {name:<8}" + "".join(f"{sum(n for (tenant, _), n in counts[kind].items() if tenant == name):>11,}"
                                      for kind in TABLES))
    loads = collections.Counter((row["table_name"], row["mode"]) for row in bigquery.rows("callio.update_log"))
    say("   update_log, loads of each table: " +
        ", ".join(f"{table} {mode} {count}" for (table, mode), count in sorted(loads.items())))
    states = collections.Counter(row["customField_0_val"] for row in rows_of(bigquery, "customers"))
    say("   customers by state: " + ", ".join(f"{state} {count}" for state, count in states.most_common()))


def configure(directory, callio, bigquery):
    """Makes an installation with the files that an operator writes: Callio's accounts, and a service account's key."""
    files = {"accounts.json": callio.accounts(), "bigquery.json": json.dumps(bigquery.accounts.service_account())}
    for name, text in files.items():
        (directory / name).write_text(text)
        (directory / name).chmod(0o600)
    sync = Sync(directory / "host", timezone="Asia/Ho_Chi_Minh")
    sync.configure(config={
        "sync": {"settle": 0, "splay": 0},
        "source": {"type": "callio", "url": callio.url, "accounts_file": directory / "accounts.json"},
        "sink": {"type": "bigquery", "project": "calls", "dataset": "callio", "load_interval": 0,
                 "credentials_file": directory / "bigquery.json", "bigquery_url": bigquery.url}})
    sync.dids_file.unlink()
    for section in ("source", "sink"):
        say(f"   [{section}]")
        for key, value in sync.config[section].items():
            say(f"   {key} = {value}")
    return sync


def change(callio):
    """A customer changes, a group and a user are new, a group is gone, and a call ends."""
    tenant, now = callio["PK"], time.time()
    tenant.customers["c7"].update(name="Another name", updateTime=int(now * 1000))
    tenant.users["u99"] = dict(tenant.users["u0"], _id="u99")
    tenant.groups["g99"] = {"_id": "g99", "name": "Team 99"}
    del callio["hot2"].groups["g1"]
    tenant.call(now - 5)


def main():
    say("did-optimizer-sync: the calls, customers, staff and groups of Callio's tenants in tables of BigQuery.")
    with tempfile.TemporaryDirectory(prefix="did-optimizer-sync-demo-") as name, Callio(*SIZES) as callio, \
            BigQuery() as bigquery:
        chapter(1, f"{len(SIZES)} tenants of Callio, and BigQuery")
        for tenant, sizes in SIZES.items():
            fill(callio[tenant], sizes)
        say(f"   a stand-in of Callio's API on {callio.url}, with a login for each tenant")
        say(f"   a stand-in of BigQuery on {bigquery.url}, which has no dataset yet")

        chapter(2, "The settings: from where, and to where")
        sync = configure(pathlib.Path(name), callio, bigquery)

        chapter(3, "A run, as cron starts it")
        good = run(sync, callio, bigquery)

        chapter(4, "What arrived")
        show_arrived(callio, bigquery)
        good = good and is_good(callio, bigquery)

        say("   STAGED: the rows of a load are in a table of their own, the staging table. Then they go on to the real "
            "table.")
        say("   MERGED: new and changed rows were written. TRUNCATE: all rows of a tenant were replaced.")
        say("   NOOP: no row had changed.")

        chapter(5, "A customer gets another name, people and groups come and go, a call ends: still one row each")
        change(callio)
        for job in ("call", "customer", "staffgroup"):
            good = sync.run("run", "--job", job, timeout=120).code == 0 and good
        good = is_good(callio, bigquery) and good
        show_arrived(callio, bigquery)
        sync.close()
    say()
    say("Each call, customer, user and group is in BigQuery once. The stand-ins and all files are gone."
        if good else "Something is wrong: BigQuery does not have what Callio has.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
