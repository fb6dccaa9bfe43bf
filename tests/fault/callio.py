"""What a crash must not spoil on the way from Callio to records or to BigQuery: a scene that a run starts from, and the
sweep that ends the run at each step."""
import contextlib
import copy
import json
import pathlib
import shutil
import sqlite3
import time
import types

from fault.shim import END_STATUS, Strike
from fault.sweeps import points
from harness.bigquery import BigQuery
from harness.callio import Callio
from harness.keeping import change_ledger
from harness.sync import Sync

HOUR, DAY = 3600, 86400
SINKS = ("records", "bigquery")


class Records:
    """SQLite's file in the state directory, where the shim sees it."""

    def __init__(self, sync):
        self._file = sync.state / "calls.db"
        sync.configure(config={"sink": {"type": "records", "file": self._file}})

    def rows(self, table):
        with contextlib.closing(sqlite3.connect(self._file)) as file:
            file.row_factory = sqlite3.Row
            if not file.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]).fetchone():
                return []
            return [dict(row) for row in file.execute(f'SELECT * FROM "{table}"')]

    def calls(self):
        """(tenant and id, seconds of talk, seconds of its recording) of each row."""
        return [(row["uuid"], row["billsec"], _recorded(row["raw_data"]))
                for row in self.rows("callcenter_records")]

    def keep(self):
        pass  # the state directory has it

    reset = expire = keep


class InBigQuery:
    """BigQuery's stand-in, with whatever it has in the tables."""

    def __init__(self, sync, bigquery):
        self._bigquery, self._kept = bigquery, None
        bigquery.slow = 0
        key_file = sync.directory / "key.json"
        key_file.write_text(json.dumps(bigquery.accounts.service_account()))
        key_file.chmod(0o600)
        sync.configure(config={"sink": {"type": "bigquery", "project": "calls", "dataset": "callio",
                                        "load_interval": 0, "credentials_file": key_file,
                                        "bigquery_url": bigquery.url}})

    def rows(self, table):
        return self._bigquery.rows(f"callio.{table}")

    def calls(self):
        return [(row["call_id"], row["billsec"], _recorded(row["extras"])) for row in self.rows("calls")]

    def keep(self):
        self._kept = self._bigquery.save()

    def reset(self):
        self._bigquery.restore(self._kept)

    def expire(self):
        self._bigquery.accounts.revoke_tokens()


def _recorded(extras):
    return int(json.loads(extras).get("recording_duration") or 0)


class Scene:
    """Two tenants with the same ids, some minutes after a run. Since then a call has ended, another one has got its
    length, and there are new calls on several pages; customers and users have changed, came and went, and a group too.
    While a run reads, the pages move, and its tokens end after some requests."""

    def __init__(self, sync, callio, sink):
        self.sync, self.callio, self.sink = sync, callio, sink
        accounts = sync.directory / "accounts.json"
        accounts.write_text(callio.accounts())
        accounts.chmod(0o600)
        sync.configure(config={"sync": {"settle": 0, "splay": 0, "sweep_interval": 1, "retry_base": 0},
                               "source": {"type": "callio", "url": callio.url, "accounts_file": accounts,
                                          "page_size": 5}})
        sync.set_checkpoint(int(time.time()) - 3 * HOUR)
        self._now = int(time.time())
        for tenant in callio.tenants.values():
            self._begin(tenant)
        assert sync.run("run", timeout=120).code == 0
        for tenant in callio.tenants.values():
            self._go_on(tenant)
        self._make_tables_due()
        callio.token_uses = 7
        callio.on_request = self._move
        self._prepared = sync.directory / "prepared"
        shutil.copytree(sync.state, self._prepared)
        self._documents = copy.deepcopy({name: vars(tenant) for name, tenant in callio.tenants.items()})
        sink.keep()
        self.reset()

    def _begin(self, tenant):
        now = self._now
        for n in range(4):
            tenant.call(now - 3000 + n)
        tenant.call(now - 1500, billed=0, hangupCause=None)
        tenant.call(None, length=1200, billed=None)
        for n in range(4):
            self._customer(tenant, n, now - DAY + n)
            tenant.users[f"u{n}"] = {"_id": f"u{n}", "name": "Lan", "group": {"_id": "g1"}, "updateTime": 2}
            tenant.groups[f"g{n}"] = {"_id": f"g{n}", "name": f"Team {n}"}

    def _go_on(self, tenant):
        now = self._now
        calls = list(tenant.calls.values())
        calls[4].update(billDuration=50, hangupCause="NORMAL_CLEARING")
        calls[5].update(endTime=(now - 1) * 1000, duration=1100, billDuration=900)
        for n in range(12):
            tenant.call(now - 900 + 60 * n, billed=n)
        tenant.customers["c0"].update(name="Long ago", updateTime=(now - HOUR) * 1000)  # the overlap does not reach it
        tenant.customers["c1"].update(name="Other", updateTime=now * 1000)
        self._customer(tenant, 9, now)
        tenant.users["u1"].update(name="Hoa", updateTime=3)
        tenant.users["u9"] = {"_id": "u9", "name": "Minh", "group": "g9", "updateTime": 3}
        del tenant.groups["g2"]
        tenant.groups["g3"]["name"] = "Renamed"
        tenant.groups["g9"] = {"_id": "g9", "name": "Team 9"}

    @staticmethod
    def _customer(tenant, number, updated):
        tenant.customers[f"c{number}"] = {
            "_id": f"c{number}", "name": f"Customer {number}", "phone": f"09{number:08d}",
            "createTime": (updated - DAY) * 1000, "updateTime": updated * 1000, "user": {"_id": "u1", "name": "Lan"}}

    def _move(self, tenant, path, _):
        """Before the second page of a tenant's calls and before every second one after it, a call comes to the top of
        the list; once, a call that an earlier page had is gone."""
        if path != "/call":
            return
        self._pages[tenant.name] = self._pages.get(tenant.name, 0) + 1
        if self._pages[tenant.name] % 2 == 0 and len(self._moved) < 8:
            self._moved.append(tenant.call(time.time() - 1, length=20, billed=7)["_id"])
        if self._pages[tenant.name] == 2:
            gone = list(tenant.calls)[16]
            self._gone.add(f"{tenant.name}:{gone}")
            del tenant.calls[gone]

    def _make_tables_due(self):
        change_ledger(self.sync, "DELETE FROM note WHERE name = 'tables_copied'")

    # ---- for the sweep ----

    def reset(self):
        shutil.rmtree(self.sync.state)
        shutil.copytree(self._prepared, self.sync.state)
        self.sink.reset()
        self._pages, self._moved, self._gone = {}, [], set()
        self.callio.on_request = self._move
        for name, tenant in self.callio.tenants.items():
            vars(tenant).update(copy.deepcopy(self._documents[name]))

    def change_later(self):
        """After the crash: the tokens have expired, a new call has got the length of its recording, a customer another
        name."""
        self.callio.expire()
        self.sink.expire()
        for tenant in self.callio.tenants.values():
            list(tenant.calls.values())[8]["recordingDuration"] = 48
            tenant.customers["c2"].update(name="Later", updateTime=int(time.time() * 1000))

    def finish(self, label):
        """The next run, while pages still move, and one after the last change. Then a run has nothing to do."""
        for move in (self._move, None):
            self.callio.on_request = move
            self._make_tables_due()
            run = self.sync.run("run", timeout=120)
            assert run.code == 0, f"{label}: {run.log}{run.err}"
        self.assert_right(label)
        run = self.sync.run("run", timeout=120)
        assert run.code == 0 and " 0 processed" in run.log, f"{label}: {run.log}"
        self.assert_right(label)

    def assert_once(self, label):
        """At any moment no call, customer, user or group has two rows."""
        calls = [row[0] for row in self.sink.calls()]
        assert len(set(calls)) == len(calls), f"{label}: {calls}"
        for table in ("customer", "staff", "group"):
            keys = self._keys(table)
            assert len(set(keys)) == len(keys), f"{label}: {table}: {keys}"

    def _keys(self, table):
        return [(row["tenant"], row.get("_id") or row["group_id"]) for row in self.sink.rows(table)]

    def assert_right(self, label):
        """One row for each document, as it is now. A call that left the list while it was read may have one too."""
        self.assert_once(label)
        rows = {row for row in self.sink.calls() if row[0] not in self._gone}
        wanted = {(f"{name}:{call['_id']}", call["billDuration"], call.get("recordingDuration", 0))
                  for name, tenant in self.callio.tenants.items() for call in tenant.calls.values()}
        assert rows == wanted, f"{label}: {wanted - rows} missing, {rows - wanted} more"
        for kind, table in (("customers", "customer"), ("users", "staff"), ("groups", "group")):
            named = set(zip(self._keys(table), (row["name"] for row in self.sink.rows(table))))
            wanted = {((name, _id), one["name"]) for name, tenant in self.callio.tenants.items()
                      for _id, one in getattr(tenant, kind).items()}
            assert named == wanted, f"{label}: {table}: {wanted - named} missing, {named - wanted} more"


@contextlib.contextmanager
def scene(directory, sink):
    """A scene with one of SINKS, in a directory of its own."""
    with contextlib.ExitStack() as stack:
        callio = stack.enter_context(Callio("PK", "hot2"))
        sync = Sync(pathlib.Path(directory) / "host", timezone="UTC")
        stack.callback(sync.close)
        store = Records(sync) if sink == "records" else InBigQuery(sync, stack.enter_context(BigQuery()))
        yield Scene(sync, callio, store)


def crash_sweep(scene, when, count=None):
    """Ends the run at so many of its steps (None: all), and lets further runs complete the work."""
    watched = Strike(scene.sync)
    assert scene.sync.run("run", env=watched.env, timeout=120).code == 0
    steps, tried = watched.report().steps, 0
    scene.change_later()
    scene.finish("no crash")
    chosen = points(steps, 1 if count is None else count / steps)
    for at in chosen:
        scene.reset()
        strike = Strike(scene.sync, at=at, when=when)
        struck = scene.sync.run("run", env=strike.env, timeout=120)
        label = f"crash {when} step {at}, {(strike.report().trace or ['?'])[-1]}"
        assert struck.code in (0, END_STATUS), f"{label}: {struck.log}"
        tried += struck.code == END_STATUS
        scene.assert_once(label)
        scene.change_later()
        scene.finish(label)
    assert tried > len(chosen) / 2  # a run on a slow machine may take other steps than the one that was watched
    return types.SimpleNamespace(steps=steps, tried=tried)
