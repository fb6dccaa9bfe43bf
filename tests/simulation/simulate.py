"""A day of the dialer, with the real program run every minute and all that can go wrong between it and the API:

    simulate.py --seed 1 --calls 1000 --hours 12

Prints a table; exit status 1 when the judge finds a fault. The dialer's day follows from the seed exactly, as does when
the API, the database and the program fail; which of the requests in flight meets a failure does not.
"""
import argparse
import bisect
import collections
import contextlib
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # before the first import of ours: the source tree stays clean
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness.api import Api
from harness.sync import Sync
from simulation import history as truth
from simulation.clock import ClockedDialer
from simulation.dialer_life import DialerLife
from simulation.judge import Delivery, judge, lives_gone_wrong

BEGIN = 1729771200        # Thursday 2024-10-24, 08:00 in New York
AUTUMN_NIGHT = 1730606400 # Sunday 2024-11-03, 00:00: at 02:00 the clocks go back
SPRING_NIGHT = 1741496400 # Sunday 2025-03-09, 00:00: at 02:00 the clocks go forward
MINUTE, HOUR = 60, 3600
QUIET = 5 * HOUR    # simulated after the last event, so that every horizon passes
BLOCK = 10 * MINUTE # troubles are planned in blocks of this length

# What the API does in a trouble, as rules of the stand-in.
API_TROUBLES = {
    "unavailable": [{"status": 503}],
    "cut off": [{"action": "reset"}],
    "portal": [{"action": "garbage"}],
    "rate limited": [{"status": 429, "headers": {"Retry-After": "150"}, "times": 3}],
    "flaky": [{"status": 500, "probability": 0.15}, {"action": "record-then-reset", "probability": 0.1}],
    "slow": [{"delay_ms": 150}],
}
# Shares of the day: four hours of it have 24 blocks.
BLOCKS_OF_FOUR_HOURS = ["unavailable", "cut off", "portal", "rate limited", "refused", "slow", "slow", "cron is off",
                        "flaky", "flaky", "flaky", "flaky"]
KILLED = 0.06  # of the runs
# Done; the database cannot be reached, or the API is down; something is pending. Everything else is a fault.
GOOD_EXITS = {0, 69, 75}


class Troubles:
    """What goes wrong when: at_minute gives the trouble of a minute, or None."""

    def __init__(self, dice, hours, outage_hours):
        names = BLOCKS_OF_FOUR_HOURS * max(1, round(hours / 4))
        blocks = hours * HOUR // BLOCK
        names = dice.sample(names, min(len(names), max(0, blocks - 2)))
        self._by_minute = {}
        for block, name in zip(dice.sample(range(1, blocks), min(len(names), blocks - 1)), names):
            first = block * BLOCK // MINUTE
            lasts = {"cron is off": 30, "flaky": 10, "slow": 5}.get(name, dice.randint(3, 9))
            for minute in range(first, first + lasts):
                self._by_minute.setdefault(minute, name)
        for minute in range(30, 30 + outage_hours * 60):
            self._by_minute[minute] = "refused"
        self.restart_minute = dice.randrange(hours * 60)

    def at_minute(self, minute):
        return self._by_minute.get(minute)


class Simulation:
    """begin: epoch of the first call. settings: of the program's section [sync]. end_index: the site has an index on
    end_epoch. outage_hours: how long the API is down, from half an hour after the first call.

    After run(): deliveries, history, calls; runs: how many of the program; exits: how often it ended how."""

    def __init__(self, directory, seed, calls, hours, begin=BEGIN, settings=None, end_index=False,
                 outage_hours=0):
        self.seed, self.hours, self._begin = seed, hours, begin
        self._settings, self._end_index = settings or {}, end_index
        self._directory = pathlib.Path(directory)
        self._calls_wanted = calls
        self._dice = random.Random(f"{seed} troubles")
        self._troubles = Troubles(self._dice, hours, outage_hours)
        self._trouble = None
        self._runs = []  # of the program: (host's clock in ms, from, to by the dialer's clock, killed)
        self._durations = collections.deque([0.04], maxlen=20)
        self.exits = collections.Counter()
        self.log_of_bad_exits = []
        self.deliveries = []

    @property
    def runs(self):
        return len(self._runs)

    @property
    def forgotten(self):
        return self._sync.log_file.read_text().count("gone from the dialer, forgotten")

    def run(self):
        started = time.monotonic()
        with contextlib.ExitStack() as stack:
            self._dialer = stack.enter_context(ClockedDialer(self._begin))
            self._api = stack.enter_context(Api())
            database = self._dialer.database()
            truth.record(database)
            if self._end_index:
                database.query("ALTER TABLE vicidial_log ADD INDEX end_epoch (end_epoch)")
            self._sync = Sync(self._directory, database, self._api, timezone=self._dialer.timezone)
            stack.callback(self._sync.close)
            self._sync.configure(config={"sync": {"splay": 0, **self._settings}})
            self._sync.set_checkpoint(self._begin - 1)
            self._life = DialerLife(database, self._calls_wanted, self._begin, self.hours,
                                    random.Random(f"{self.seed} lives"), self._dialer.set_clock)
            stack.callback(self._life.vicidial.close)
            self._live()
            self._harvest()
            self.history = truth.read(database)
            self.calls = self._life.calls
        self.seconds = time.monotonic() - started

    # ---- time ----

    def _live(self):
        """Minute by minute during the day; in the evening only those in which something happens, and every tenth."""
        now = last_event = self._begin
        while self._life.next_event() is not None or now < last_event + QUIET:
            now += self._step(now, now - last_event)
            if self._until(now) > 0:
                last_event = now
            self._minute(now)
        self.simulated_hours = (now - self._begin) / HOUR

    def _step(self, now, quiet):
        if now < self._begin + self.hours * HOUR:
            return MINUTE
        event = self._life.next_event()
        to_event = QUIET if event is None else -(-(event - now) // MINUTE) * MINUTE
        to_event = max(MINUTE, to_event)
        return to_event if quiet >= QUIET and event is not None else min(to_event, 10 * MINUTE)

    def _until(self, epoch):
        count = self._life.run_until(epoch)
        self._dialer.set_clock(epoch)
        return count

    def _minute(self, now):
        minute = (now - self._begin) // MINUTE
        self._set_trouble(self._troubles.at_minute(minute))
        if self._trouble == "cron is off":
            return
        if minute == self._troubles.restart_minute:
            self._restart_database(now)
        if self._trouble == "slow":
            self._run_while_life_goes_on(now)
        elif minute < self.hours * 60 and self._dice.random() < KILLED:
            self._run_and_kill(now)
        else:
            self._run(now)

    # ---- troubles ----

    def _set_trouble(self, name):
        if name == self._trouble:
            return
        if self._trouble == "refused":
            self._api.start()
        if name == "refused":
            self._harvest()  # a stand-in that ends forgets what it recorded
            self._api.stop()
        else:
            self._api.rules(API_TROUBLES.get(name, []))
        self._trouble = name

    def _restart_database(self, now):
        self._life.vicidial.close()
        self._dialer.halt()
        self._run(now)
        self._dialer.start()
        self._life.vicidial.connect()

    # ---- the program ----

    def _begin_run(self, now, killed=False):
        self._runs.append([time.time() * 1000, now, now, killed])
        return self._sync.start("run", "--cron")

    def _end_run(self, process):
        """Waits for the program; its exit status."""
        out, err = process.communicate(timeout=120)
        self._sync.close()
        self.exits[process.returncode] += 1
        if process.returncode not in GOOD_EXITS and not self._runs[-1][3]:
            self.log_of_bad_exits.append(f"exit {process.returncode}: {out}{err}")

    def _run(self, now):
        begun = time.monotonic()
        self._end_run(self._begin_run(now))
        self._durations.append(time.monotonic() - begun)

    def _run_and_kill(self, now):
        process = self._begin_run(now, killed=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(self._dice.random() * 1.2 * sorted(self._durations)[len(self._durations) // 2])
        process.send_signal(signal.SIGKILL)
        self._end_run(process)
        time.sleep(0.03)  # what is on its way to the API arrives in this run, not in the next

    def _run_while_life_goes_on(self, now):
        """The API is slow, and the dialer writes on while the program reads and sends."""
        process = self._begin_run(now)
        for second in range(now + 1, now + MINUTE - 5):
            if process.poll() is not None:
                break
            if self._life.next_event() == second:
                self._until(second)
                time.sleep(0.02)
            self._runs[-1][2] = second
        self._end_run(process)

    # ---- what the API was sent ----

    def _harvest(self):
        """Takes over what the stand-in recorded since it was started."""
        state = self._api.state()
        begun = [run[0] for run in self._runs]
        bodies = {entry["seq"]: entry["body"] for entry in state["recorded"]}
        newest = {}
        for entry in state["log"]:
            if entry["seq"] not in bodies and not entry["duplicate"]:
                continue  # it was answered with a failure and not taken in
            body = newest[entry["uniqueid"]] = bodies.get(entry["seq"]) or newest[entry["uniqueid"]]
            _, first, last, killed = self._runs[bisect.bisect_right(begun, entry["at_ms"]) - 1]
            self.deliveries.append(Delivery(body, first, last, killed or entry["action"] == "record-then-reset"))


def table(simulation, verdict):
    rows = [
        ("calls", len(simulation.calls)),
        ("finished", verdict.finished),
        ("delivered with final disposition", f"{verdict.delivered} ({verdict.percent:.2f} %)"),
        ("  changed beyond reach", verdict.beyond_reach),
        ("missing", verdict.count("missing")),
        ("outdated", verdict.count("outdated")),
        ("sent too early", verdict.count("early")),
        ("untrue", verdict.count("untrue")),
        ("repeated", verdict.count("repeated")),
        ("  after a kill or a cut answer", verdict.repeated_excused),
        ("changed and re-sent", verdict.changed),
        ("forgotten, gone before they were sent", simulation.forgotten),
        ("sent before the dialer deleted it", verdict.gone_since),
        ("results sent", len(simulation.deliveries)),
        ("seed", simulation.seed),
        ("simulated hours", f"{simulation.simulated_hours:.1f}"),
        ("poller runs", simulation.runs),
        ("  by exit status", ", ".join(f"{code}: {count}" for code, count in sorted(simulation.exits.items()))),
        ("wall seconds", f"{simulation.seconds:.1f}"),
    ]
    return "\n".join(f"{name:<40}{value}" for name, value in rows)


def faults(simulation, verdict):
    """Everything that is wrong, as lines: of the program, and of the simulation itself."""
    lives = {}
    for call in simulation.calls:
        lives[call.uniqueid] = call.life
    lines = [f"{kind}: {uniqueid} ({lives.get(uniqueid, 'renamed or a duplicate')}): {words}"
             for kind, uniqueid, words in verdict.faults]
    lines += [f"the program: {text}" for text in simulation.log_of_bad_exits]
    lines += [f"the simulation itself: {life} {uniqueid} should be {expected}, is {states[-1:]}"
              for uniqueid, life, expected, states in lives_gone_wrong(simulation.calls, simulation.history)]
    return lines


def simulate(directory, seed, calls, hours, **options):
    """A simulation that has run, and the judge's verdict."""
    simulation = Simulation(directory, seed, calls, hours, **options)
    simulation.run()
    return simulation, judge(simulation.history, simulation.deliveries)


def main():
    parser = argparse.ArgumentParser(description="A dialer in miniature, the program, and a judge.")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--hours", type=int, default=12, help="in which the calls begin")
    parser.add_argument("--begin", type=int, default=BEGIN, metavar="EPOCH", help=f"for example {AUTUMN_NIGHT} or "
                        f"{SPRING_NIGHT}, when the clocks go back and forward in New York")
    parser.add_argument("--end-index", action="store_true", help="the site has an index on end_epoch")
    parser.add_argument("--outage-hours", type=int, default=0, metavar="N", help="the API is down that long")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of [sync]")
    parser.add_argument("--keep", metavar="DIRECTORY", help="leave the program's files, its log among them, there")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        directory = options.keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="simulation-"))
        simulation, verdict = simulate(directory, options.seed, options.calls, options.hours, begin=options.begin,
                                       settings=dict(pair.split("=", 1) for pair in options.set),
                                       end_index=options.end_index, outage_hours=options.outage_hours)
        wrong = faults(simulation, verdict)
        print(table(simulation, verdict))
        for line in wrong[:50]:
            print(line)
        if len(wrong) > 50:
            print(f"... and {len(wrong) - 50} more")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
