"""Situations that a run starts from, the same each time: the dialer's rows stay, its clock stands still, the state
directory is put back. What a run leaves behind can then be compared exactly."""
import collections
import contextlib
import json
import math
import pathlib
import re
import shutil
import sqlite3
import tempfile
import time
import types

MINUTE, HOUR = 60, 3600
SOON = 3 * MINUTE  # longer than some runs on a slow machine

# The API's failure on one call. It is not due again in a scene, however long the runs take.
FAILURE = {"status": 500, "headers": {"Retry-After": "120"}}


def run_when_elected(sync, env=None, command=()):
    """Makes a run soon after another run. The database may need a moment to notice that the first connection is gone;
    until then another host seems to be the leader."""
    deadline = time.monotonic() + 60
    while True:
        run = sync.run(*command, env=env)
        if "standby" not in run.log and "another host" not in run.log or time.monotonic() > deadline:
            return run
        time.sleep(0.02)


def wait_for_the_last_request(api):
    """A program that ended in the middle has left requests in the API's sockets: until the API has closed them all, it
    may still be taking one. In /proc/net/tcp, 0A is a socket that listens, and 06 one that is closed."""
    # One pass over the file's bytes: a sweep reads it hundreds of times, and it may have a thousand lines.
    others = re.compile(rb"^ *\d+: [0-9A-F]{8}:%04X [0-9A-F]{8}:[0-9A-F]{4} (?!0A|06)" % api.port, re.MULTILINE)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not others.search(pathlib.Path("/proc/net/tcp").read_bytes()):
            return
        time.sleep(0.002)
    raise TimeoutError("the API does not let go of its connections")


class Scene:
    """now is the epoch that the database's clock shows the program. The harness itself sees it run on."""

    def __init__(self, db, api, sync):
        self.db, self.api, self.sync = db, api, sync
        self.now, self._late = db.now(), 0
        self.only_swept = set()  # calls below the checkpoint that no run has seen yet
        self.sent, self.newest = set(), None  # what an uninterrupted run must come to: sent, and the checkpoint's call
        self.command = ()  # the command; empty: cron's run
        self._prepared = sync.directory / "prepared"
        sync.configure(config={"sync": {"settle": 0, "batch_size": 12}, "api": {"concurrency": 4}})

    def set_clock(self, epoch):
        """init_connect is run for every user but root."""
        self.now, self._late = epoch, 0
        self.db.query("SET GLOBAL init_connect = %s", [f"SET timestamp = {epoch}"])

    def _run_on(self, seconds):
        """After a run that took long the clock must not go back, or what that run put off by a second is not due."""
        self._late += math.ceil(seconds)
        self.db.query("SET GLOBAL init_connect = %s", [f"SET timestamp = {self.now + self._late}"])

    def close(self):
        if self.db.dialer.running:
            self.db.query("SET GLOBAL init_connect = ''")

    def keep(self):
        """The state directory as it is now is what every reset brings back. What the API has seen is forgotten."""
        shutil.copytree(self.sync.state, self._prepared)
        self.reset()

    def reset(self):
        shutil.rmtree(self.sync.state)
        shutil.copytree(self._prepared, self.sync.state)
        self.api.clear()
        if self._late:
            self.set_clock(self.now)

    def run(self, env=None):
        began = time.monotonic()
        run = run_when_elected(self.sync, env, self.command)
        wait_for_the_last_request(self.api)
        if time.monotonic() - began > 1 and self.db.dialer.running:
            self._run_on(time.monotonic() - began)
        return run

    def expected_checkpoint(self):
        """The checkpoint after an uninterrupted run: at the newest call, or unchanged."""
        if self.newest is None:
            return (self._prepared / "checkpoint").read_text().partition("\n")[0]
        newest = self.db.row(self.newest)
        return f"{newest['end_epoch']} {newest['uniqueid']}"

    # ---- what a run leaves behind ----

    def read_ledger(self):
        """Reads the ledger's calls and notes from a copy, because the ledger may have an unfinished journal."""
        with tempfile.TemporaryDirectory() as copy:
            for file in self.sync.state.glob("ledger.db*"):
                if "damaged" not in file.name:
                    shutil.copy(file, copy)
            with contextlib.closing(sqlite3.connect(f"{copy}/ledger.db")) as ledger:
                if not ledger.execute("SELECT 1 FROM sqlite_master WHERE name = 'call'").fetchall():
                    return [], {}
                calls = ledger.execute("SELECT uniqueid, state, end_epoch, fingerprint, attempts, due, reason, "
                                       "payload, version_unknown FROM call ORDER BY uniqueid").fetchall()
                notes = {name: (number, text) for name, number, text in
                         ledger.execute("SELECT name, number, text FROM note")}
        return calls, notes

    def outcome(self):
        """All results that must be the same after each crash. A try that is due in the next minutes is due "soon",
        because its time depends on the duration of the runs. So do the times of what a run did."""
        calls, notes = self.read_ledger()
        for name in ("taken_over", "last_sweep", "scanned_to", "late_since"):
            if name in notes and notes[name][0] >= self.now - SOON:
                notes[name] = "now"
        for name in ("swept_to", "late_now", "pace"):  # these depend on the number of runs
            notes.pop(name, None)
        calls = [(*call[:5], "soon" if call[5] is not None and 0 < call[5] - self.now <= SOON else call[5], *call[6:])
                 for call in calls]
        sent = collections.Counter((body["uniqueid"], json.dumps(body, sort_keys=True)) for body in self.api.recorded())
        return types.SimpleNamespace(calls=calls, notes=notes, sent=sent, checkpoint=self.sync.checkpoint())

    def settled(self):
        """uniqueid -> (state, fingerprint, attempts) as committed."""
        return {call[0]: (call[1], call[3], call[4]) for call in self.read_ledger()[0]}

    def requests(self):
        """(uniqueid, idempotency key) of each request, in order. One that was cut off before its body ended has no
        uniqueid, and is left out: nobody has taken it."""
        return [(entry["uniqueid"], entry["idempotency_key"]) for entry in self.api.log() if entry["uniqueid"]]


def every_kind(db, api, sync):
    """A dialer a quarter of an hour after its last run; the next run has three batches of 12 calls. Some calls are new:
    one is waiting, the API refuses one (400) and fails on one (500). Some calls are old: a pending one that is due, one
    still waiting, one now final, one changed, one deleted, one that only the sweep finds, and one unchanged."""
    scene = Scene(db, api, sync)
    now = db.now()
    before = now - 15 * MINUTE
    old = dict(zip(("changed", "pending", "waiting", "final", "vanished", "quiet"), db.insert_many(
        [{"end_epoch": before - 300, "status": "DROP"}, {"end_epoch": before - 290},
         {"end_epoch": before - 280, "status": "DISPO"}, {"end_epoch": before - 270, "status": "DISPO"},
         {"end_epoch": before - 260, "status": "INCALL"}, {"end_epoch": before - 250, "status": "NI"}])))
    sync.set_checkpoint(before - HOUR)
    sync.configure(config={"sync": {"retry_base": 0, "sweep_interval": 1}})
    api.rules([{"uniqueid": old["pending"], "status": 500}])
    scene.set_clock(before)
    assert sync.run().code == 75
    db.update(old["changed"], status="SALE")
    db.update(old["final"], status="A")
    db.delete(old["vanished"])
    scene.only_swept = {db.insert(end_epoch=before - 2000)}  # it ended before what the poll looks at again
    new = db.insert_many([{"end_epoch": now - 600 + n // 2 * 30, "length_in_sec": n % 3 * 20} for n in range(26)])
    scene.newest = db.insert(end_epoch=now - 40, status="DISPO")
    scene.sent = {old["changed"], old["pending"], old["final"], *scene.only_swept, *new} - {new[4], new[17]}
    scene.rules = [{"uniqueid": new[4], "status": 400}, {"uniqueid": new[17], **FAILURE}]
    api.rules(scene.rules)
    scene.set_clock(now)
    scene.keep()
    return scene


def slow_api(db, api, sync):
    """The same, but answers come so slowly that outcomes are committed while other requests are on their way."""
    scene = every_kind(db, api, sync)
    api.rules([*scene.rules, {"delay_ms": 20}])
    return scene


def first_run(db, api, sync):
    """An installation that has never run: no ledger, no checkpoint."""
    scene = Scene(db, api, sync)
    now = db.now()
    scene.sent = set(db.insert_many([{"end_epoch": now - 600 + n * 30} for n in range(10)]))
    scene.newest = db.insert(end_epoch=now - 40, status="DISPO")
    sync.checkpoint_file.unlink()
    scene.set_clock(now)
    scene.keep()
    return scene


def backfill(db, api, sync):
    """A backfill of a day before the first run, from the table and the archive. At its rate it releases lock and ledger
    in between. The API refuses one call and fails on another."""
    scene = Scene(db, api, sync)
    now = db.now()
    then = now - 50 * HOUR
    sync.configure(config={"sync": {"backfill_rate": 20, "retry_base": 0}})
    db.insert(end_epoch=now - 600)
    sync.set_checkpoint(now - HOUR)
    scene.set_clock(now)
    assert sync.run().code == 0
    rows = [{"end_epoch": then + n * 60, "length_in_sec": n % 3 * 20} for n in range(20)]
    live = db.insert_many(rows)
    archived = db.insert_many([{**row, "end_epoch": row["end_epoch"] + 7} for row in rows[:10]], "vicidial_log_archive")
    db.query("INSERT INTO vicidial_log_archive SELECT * FROM vicidial_log WHERE uniqueid = %s", [live[3]])
    db.query("UPDATE vicidial_log_archive SET status = 'INCALL' WHERE uniqueid = %s", [live[3]])
    scene.sent = {*live, *archived} - {live[4], archived[2]}
    scene.rules = [{"uniqueid": live[4], "status": 400}, {"uniqueid": archived[2], **FAILURE}]
    api.rules(scene.rules)
    scene.command = ("backfill", "--from", str(then - HOUR), "--to", str(then + HOUR))
    scene.keep()
    return scene


def reconcile(db, api, sync):
    """Calls that no run has seen, and calls that changed after they were sent. `reconcile` finds and sends them."""
    scene = Scene(db, api, sync)
    now = db.now()
    sync.set_checkpoint(now - 20 * HOUR)
    known = db.insert_many([{"end_epoch": now - 10 * HOUR + n * 60, "status": "DROP"} for n in range(8)])
    db.insert(end_epoch=now - 60)
    scene.set_clock(now)
    assert sync.run().code == 0
    missing = db.insert_many([{"end_epoch": now - 9 * HOUR + n * 60, "length_in_sec": n % 3 * 20} for n in range(20)])
    for uniqueid in known[2:5]:
        db.update(uniqueid, status="SALE")
    scene.only_swept = set(missing)
    scene.sent = {*known[2:5], *missing} - {missing[4]}
    scene.rules = [{"uniqueid": missing[4], "status": 400}]
    api.rules(scene.rules)
    scene.command = ("reconcile", "--days", "1")
    scene.keep()
    return scene


def damaged_ledger(db, api, sync):
    """A ledger with a damaged page, in which new calls must be looked up. Another page has a pending call that only the
    ledger can bring back, because it ended before anything that a run reads again."""
    scene = Scene(db, api, sync)
    now = db.now()
    sync.set_checkpoint(now - 21 * HOUR)
    sync.configure(config={"sync": {"retry_base": 0}})
    scene.pending = db.insert_many([{"end_epoch": now - 20 * HOUR + n} for n in range(3)])[0]
    db.insert_many([{"end_epoch": now - 9 * HOUR + 20 * n} for n in range(150)])
    api.rules([{"uniqueid": scene.pending, "status": 500}])
    scene.set_clock(now - 8 * HOUR)
    assert sync.run().code == 75
    scene.new = db.insert_many([{"end_epoch": now - 600 + n * 30} for n in range(10)])
    scene.sent, scene.newest = {scene.pending, *scene.new}, scene.new[-1]
    pages = leaves(sync.state / "ledger.db", "call")
    assert len(pages) > 1
    damage_page(sync.state / "ledger.db", pages[-1])
    api.rules([])
    scene.set_clock(now)
    scene.keep()
    return scene


# ---- damage ----

def leaves(path, name):
    """The numbers of the pages that hold the rows of a table or an index, in their order."""
    with contextlib.closing(sqlite3.connect(path)) as ledger:
        return [number for number, in ledger.execute(
            "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path", [name])]


def damage_page(path, number):
    """Overwrites a page with something that is no part of a tree."""
    with path.open("r+b") as file:
        file.seek(16)
        size = int.from_bytes(file.read(2), "big")
        file.seek((number - 1) * size)
        file.write(b"\xa5" * size)
