"""A million calls of one busy site, at ten times real speed, with all troubles of the API, the host and the program.

`make soak T=million` runs this simulation, which takes hours. A short simulation keeps all data in memory; this one
keeps the data on disk. The judge gets the calls in portions, because each call can be judged alone.
"""
import collections
import contextlib
import math
import pathlib
import sqlite3
import statistics
import time

from harness.process import ROOT
from simulation import history as truth
from simulation.dialer_life import LIVES, DialerLife
from simulation.judge import Delivery, judge
from simulation.simulate import HOUR, MINUTE, Simulation
from simulation.troubles import Site

CALLS_AN_HOUR = 150_000
SPEED = 10          # simulated seconds in a real second, at most
HARVEST = 10 * MINUTE
PORTION = 30_000    # calls that are judged at once
FLAT = 1.25         # the program's memory at the end, as a multiple of its memory at the beginning
TIMED = ROOT / "build/bench/timed"
_FIELDS = ("disposition", "duration", "agentId", "termReason")


class _Counted:
    """Counts calls instead of listing them."""

    def __init__(self):
        self._count = 0

    def append(self, _):
        self._count += 1

    def __len__(self):
        return self._count


class BusyLife(DialerLife):
    """A day of calls. The calls of an hour are planned when the hour begins."""

    def _plan_calls(self, count, begin, hours):
        self.calls = _Counted()
        for hour in range(hours):
            self._add(begin + hour * HOUR, self._plan_hour(begin + hour * HOUR, -(-count // hours)))

    def _plan_hour(self, begin, count):
        dice = self._dice
        lives = dice.choices(list(LIVES), LIVES.values(), k=count)
        for life, dialled in zip(lives, sorted(begin + 1 + dice.randrange(HOUR - 1) for _ in lives)):
            self._plan_call(life, dialled)
        return
        yield


class Million(Simulation):
    """verdict: the sums of all portions' verdicts. memory: for each hour in which calls begin, the KiB of each run
    that ended by itself."""

    def __init__(self, directory, seed, calls):
        hours = max(1, math.ceil(calls / CALLS_AN_HOUR))
        # In an outage the calls of an hour wait. Then old calls go out at backfill_rate, here as fast as new ones come.
        super().__init__(directory, seed, calls, hours, settings={"backfill_rate": 500}, site=Site(), life=BusyLife)
        self.memory = [[] for _ in range(hours)]
        self._cost = pathlib.Path(directory) / "cost"
        self._harvested = self._begin
        self._store = sqlite3.connect(pathlib.Path(directory) / "deliveries.db")
        self._store.execute("CREATE TABLE delivery (id INTEGER PRIMARY KEY, uniqueid TEXT, disposition TEXT, "
                            "duration INT, agentId TEXT, termReason TEXT, first INT, last INT, excused INT, until INT)")
        self._store.execute("CREATE INDEX of_call ON delivery (uniqueid)")

    # ---- time ----

    def _live(self):
        self._started = time.monotonic()
        super()._live()
        self.speed = (self.simulated_hours * HOUR) / (time.monotonic() - self._started)

    def _minute(self, now):
        ahead = (now - self._begin) / SPEED - (time.monotonic() - self._started)
        if ahead > 0 and now < self._begin + self.hours * HOUR:
            time.sleep(min(ahead, MINUTE / SPEED))
        super()._minute(now)
        if now >= self._harvested + HARVEST and self._trouble != "refused":
            self._harvest()
            self._harvested = now

    # ---- the program ----

    def _begin_run(self, now, killed=False):
        """A small process measures the program's memory, because a child begins with the peak of its parent
        (timed.c)."""
        self._sync.before = [] if killed else [TIMED, self._cost]
        return super()._begin_run(now, killed)

    def _exit_status(self, process):
        run = self.runs[-1]
        if run.killed or process.returncode != 0:
            return process.returncode
        _, _, memory, status = self._cost.read_text().split()
        if self._trouble is None and run.first < self._begin + self.hours * HOUR:
            self.memory[(run.first - self._begin) // HOUR].append(int(memory))
        return int(status)

    # ---- the judge ----

    def _harvest(self):
        super()._harvest()
        self._store.executemany(
            "INSERT INTO delivery (uniqueid, disposition, duration, agentId, termReason, first, last, excused, until) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(one.uniqueid, *one.content, one.first, one.last, one.excused, one.until) for one in self.deliveries])
        self._store.commit()
        self.deliveries.clear()
        self.attempts.clear()
        self._api.clear()

    def _read_history(self):
        """The whole history is too large for this process. So the judge reads it in portions, while the database
        runs."""
        portions = max(1, len(self._life.calls) // PORTION)
        self.verdict = collections.Counter()
        self.faults = []
        self._database.query("CREATE DATABASE piece")
        for number in range(portions):
            self._database.query("CREATE OR REPLACE VIEW piece.state AS SELECT * FROM history.state "
                                 f"WHERE CRC32(uniqueid) MOD {portions} = {number}")
            history = truth.read(self._database, self._shown, name="piece")
            verdict = judge(history, list(self._deliveries_of(history)))
            self.faults += verdict.faults
            self.verdict.update(finished=verdict.finished, delivered=verdict.delivered,
                                repeated_excused=verdict.repeated_excused, beyond_reach=verdict.beyond_reach)
        self.sent = self._store.execute("SELECT count(*) FROM delivery").fetchone()[0]
        self._judge_strangers()

    def _deliveries_of(self, history):
        """The results of this portion's calls; the results of a call are in the order of arrival."""
        for uniqueid in history.uniqueids():
            rows = self._store.execute("SELECT disposition, duration, agentId, termReason, first, last, excused, until "
                                       "FROM delivery WHERE uniqueid = ? ORDER BY id", (uniqueid,))
            for row in rows:
                yield Delivery({"uniqueid": uniqueid, **dict(zip(_FIELDS, row))}, row[4], row[5], bool(row[6]), row[7])

    def _judge_strangers(self):
        """Results of calls that the dialer never had."""
        known = {row["uniqueid"] for row in self._database.query("SELECT DISTINCT uniqueid FROM history.state")}
        for uniqueid, in self._store.execute("SELECT DISTINCT uniqueid FROM delivery"):
            if uniqueid not in known:
                self.faults.append(("untrue", uniqueid, "the dialer never had this call"))

    # ---- the result ----

    def memory_at_both_ends(self):
        """The KiB of a run while the ledger is small, and of a run when the ledger has all calls. Each is taken from
        a quarter of an hour of busy runs, or more."""
        busy = [memory for hour in self.memory for memory in hour]
        part = max(1, min(15, len(busy) // 4))
        return statistics.median(busy[:part]), statistics.median(busy[-part:])


def soak(directory, calls, seed=1):
    """Returns the counts of a soak; AssertionError if the judge finds a fault."""
    simulation = Million(directory, seed, calls)
    with contextlib.closing(simulation._store):
        simulation.run()
    kinds = collections.Counter(kind for kind, _, _ in simulation.faults)
    first, last = simulation.memory_at_both_ends()
    print("KiB of memory, hour by hour: " +
          ", ".join(f"{statistics.median(hour):.0f}" for hour in simulation.memory if hour))
    wrong = [f"{kind}: {uniqueid}: {words}" for kind, uniqueid, words in simulation.faults[:20]]
    wrong += simulation.log_of_bad_exits[:5]
    wrong += [] if last <= FLAT * first else [f"memory: {last:.0f} KiB in the end, {first:.0f} KiB at first"]
    assert not wrong, f"{dict(kinds)}\n" + "\n".join(wrong)
    assert simulation.verdict["delivered"] == simulation.verdict["finished"]
    return {"calls": len(simulation.calls), "finished": simulation.verdict["finished"],
            "delivered": simulation.verdict["delivered"], "results sent": simulation.sent,
            "repeated after a kill or a cut answer": simulation.verdict["repeated_excused"],
            "runs": len(simulation.runs), "times real speed": round(simulation.speed, 1),
            "KiB at first": round(first), "KiB in the end": round(last), "lost": 0}
