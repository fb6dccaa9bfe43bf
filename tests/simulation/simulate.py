"""A simulated day of the dialer. The real program runs every minute, and the API, the database and cron fail at
times:

    simulate.py --seed 1 --calls 1000 --hours 12

Prints a table. The exit status is 1 when the judge finds a fault. The seed decides the dialer's day exactly, and the
minutes in which the API, the database and the program fail. The seed does not decide which request in flight meets a
failure.
"""
import argparse
import ast
import bisect
import collections
import contextlib
import pathlib
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # set before our first import, so that no __pycache__ appears in the source tree
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness.api import Api
from harness.sync import Sync
from simulation import history as truth
from simulation.clock import ClockedDialer, Shown
from simulation.dialer_life import DialerLife
from simulation.inbound_life import InboundLife
from simulation.judge import Delivery, judge, lives_gone_wrong
from simulation.promptness import Run, judge_promptness
from simulation.troubles import API_TROUBLES, Site, Troubles

BEGIN = 1729771200        # Thursday 2024-10-24, 08:00 in New York
AUTUMN_NIGHT = 1730606400 # Sunday 2024-11-03, 00:00: at 02:00 the clocks go back
SPRING_NIGHT = 1741496400 # Sunday 2025-03-09, 00:00: at 02:00 the clocks go forward
MINUTE, HOUR, DAY = 60, 3600, 86400
QUIET = 5 * HOUR    # simulated after the last event, so that every horizon passes
SETTLE = 2          # the program's default
# 0: done; 69: the database or the API is down; 75: some calls are pending. Any other exit is a fault.
GOOD_EXITS = {0, 69, 75}


class Simulation:
    """begin: epoch of the first call. settings: of the program's section [sync]. site: see troubles.py. life: the class
    that plays the day.

    After run(): deliveries, history, calls, runs; attempts: uniqueid -> the runs that offered the call to the API;
    losses: when the ledger was lost; exits: the number of runs by exit status."""

    def __init__(self, directory, seed, calls, hours, begin=BEGIN, settings=None, site=Site(),
                 life=DialerLife):
        self.seed, self.hours, self.site, self._begin = seed, hours, site, begin
        self.settings = settings or {}
        self._life_type = life
        self._directory = pathlib.Path(directory)
        self._calls_wanted = calls
        self._dice = random.Random(f"{seed} troubles")
        self._troubles = Troubles(self._dice, hours, site)
        self._trouble = None
        self._shown = Shown([(begin + minute * MINUTE, seconds) for minute, seconds in site.jumps])
        self._wrong_by = 0
        self._losses_to_come = [begin + minute * MINUTE for minute in sorted(site.losses)]
        self._durations = collections.deque([0.04], maxlen=20)
        self._kills = 0
        self.losses = []
        self.runs = []
        self.exits = collections.Counter()
        self.log_of_bad_exits = []
        self.deliveries = []
        self.attempts = collections.defaultdict(list)

    @property
    def forgotten(self):
        return self._sync.log_file.read_text().count("gone from the VICIdial database, forgotten")

    def run(self):
        started = time.monotonic()
        with contextlib.ExitStack() as stack:
            self._dialer = stack.enter_context(ClockedDialer(self._begin))
            self._api = stack.enter_context(Api())
            self._database = database = self._dialer.database()
            self._life_type.prepare(database)
            truth.record(database, log=self._life_type.log)
            if self.site.end_index:
                database.query("ALTER TABLE vicidial_log ADD INDEX end_epoch (end_epoch)")
            self._sync = Sync(self._directory, database, self._api, timezone=self._dialer.timezone)
            stack.callback(self._sync.close)
            self._sync.configure(config={"sync": {"splay": 0, **self.settings}, "source": self._life_type.source})
            self._sync.set_checkpoint(self._first_end() - 1)
            self._life = self._life_type(database, self._calls_wanted, self._begin, self.hours,
                                         random.Random(f"{self.seed} lives"), self._set_clock, self.site, self._shown)
            stack.callback(self._life.vicidial.close)
            self._run_before_the_first_call()
            self._live()
            self._harvest()
            self._read_history()
            self.calls = self._life.calls
            self.dialled = getattr(self._life.vicidial, "dialled", {})
        self.seconds = time.monotonic() - started

    def _read_history(self):
        self.history = truth.read(self._database, self._shown, rules=self._life_type.rules)

    # ---- time ----

    def _set_clock(self, epoch):
        if self._shown.wrong_by(epoch) != self._wrong_by:
            self._wrong_by = self._shown.wrong_by(epoch)
            truth.set_wrong_by(self._database, self._wrong_by)
        self._dialer.set_clock(self._shown(epoch))

    def _live(self):
        """Makes each run of the day. In the evening there are runs only in minutes with events, and in every tenth
        minute."""
        now = last_event = self._begin
        while self._life.next_event() is not None or now < last_event + QUIET:
            now += self._step(now, now - last_event)
            if self._until(now) > 0:
                last_event = now
            self._minute(now)
        self.simulated_hours = (now - self._begin) / HOUR

    def _first_end(self):
        """The earliest end that a row may have. N3 of a dialer in another zone ends hours before it began."""
        set_back = max([0] + [-seconds for _, seconds in self.site.jumps])
        return self._begin - self.site.quiet_days * DAY - abs(self.site.other_zone) - set_back

    def _run_before_the_first_call(self):
        """Makes a few runs a day, which are enough for the program to learn how late rows are written."""
        for epoch in range(self._begin - self.site.quiet_days * DAY, self._begin, 6 * HOUR):
            self._set_clock(epoch)
            self._run(epoch)
        self._set_clock(self._begin)

    def _step(self, now, quiet):
        if now < self._begin + self.hours * HOUR:
            return self.site.interval
        event = self._life.next_event()
        to_event = QUIET if event is None else -(-(event - now) // MINUTE) * MINUTE
        to_event = max(MINUTE, to_event)
        return to_event if quiet >= QUIET and event is not None else min(to_event, 10 * MINUTE)

    def _until(self, epoch):
        count = self._life.run_until(epoch)
        self._set_clock(epoch)
        return count

    def _minute(self, now):
        minute = (now - self._begin) // MINUTE
        self._set_trouble(self._troubles.at_minute(minute))
        if self._trouble == "cron is off":
            return
        self._lose_ledger_if_due(now)
        if minute == self._troubles.restart_minute:
            self._restart_database(now)
        if self._trouble == "slow":
            self._run_while_life_goes_on(now)
        elif minute < self.hours * 60 and self._dice.random() < self._troubles.killed:
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

    def _lose_ledger_if_due(self, now):
        if not self._losses_to_come or now < self._losses_to_come[0]:
            return
        self._losses_to_come.pop(0)
        for path in self._sync.state.glob("ledger.db*"):
            path.unlink()
        self.losses.append(now)

    # ---- the program ----

    def _begin_run(self, now, killed=False):
        self.runs.append(Run(time.time() * 1000, now, now, killed, troubled=self._trouble is not None))
        self._log_size = self._sync.log_file.stat().st_size if self._sync.log_file.exists() else 0
        return self._sync.start("run", "--cron")

    def _end_run(self, process):
        """Waits for the program, and returns its exit status."""
        out, err = process.communicate(timeout=120)
        self._sync.close()
        run = self.runs[-1]
        run.took = time.time() - run.begun_ms / 1000
        run.code, run.swept = self._exit_status(process), self._count_swept()
        self.exits[run.code] += 1
        if run.code not in GOOD_EXITS and not run.killed:
            self.log_of_bad_exits.append(f"exit {run.code}: {out}{err}")

    def _exit_status(self, process):
        return process.returncode

    def _count_swept(self):
        if not self._sync.log_file.exists():
            return 0  # the first run was killed before it wrote a line
        with open(self._sync.log_file, "rb") as log:
            log.seek(self._log_size)
            return sum(int(count) for count in re.findall(rb"Sweep found (\d+)", log.read()))

    def _run(self, now):
        begun = time.monotonic()
        self._end_run(self._begin_run(now))
        self._durations.append(time.monotonic() - begun)

    def _run_and_kill(self, now):
        process = self._begin_run(now, killed=True)
        self._kills += 1
        # The first kill comes early, so that on any machine at least one run is cut short.
        most = min(self._durations) / 4 if self._kills == 1 else 1.2 * statistics.median(self._durations)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(self._dice.random() * most)
        process.send_signal(signal.SIGKILL)
        self._end_run(process)
        time.sleep(0.03)  # requests in flight must arrive within this run, not in the next

    def _run_while_life_goes_on(self, now):
        """The API is slow: the dialer writes new rows while the program reads and sends."""
        process = self._begin_run(now)
        for second in range(now + 1, now + MINUTE - 5):
            if process.poll() is not None:
                break
            if self._life.next_event() == second:
                self._until(second)
                time.sleep(0.02)
            self.runs[-1].last = second
        self._end_run(process)

    # ---- what the API was sent ----

    def _harvest(self):
        """Collects what the stand-in recorded since its start."""
        state = self._api.state()
        begun = [run.begun_ms for run in self.runs]
        bodies = {entry["seq"]: entry["body"] for entry in state["recorded"]}
        newest = {}
        for entry in state["log"]:
            run = self.runs[bisect.bisect_right(begun, entry["at_ms"]) - 1]
            if entry["uniqueid"]:
                self.attempts[entry["uniqueid"]].append(run)
            if entry["seq"] not in bodies and not entry["duplicate"]:
                continue  # the stand-in answered with a failure and recorded nothing
            body = newest[entry["uniqueid"]] = bodies.get(entry["seq"]) or newest[entry["uniqueid"]]
            excused = run.killed or entry["action"] == "record-then-reset"
            self.deliveries.append(Delivery(body, run.first, run.last, excused, run.until))


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
        ("poller runs", len(simulation.runs)),
        ("  by exit status", ", ".join(f"{code}: {count}" for code, count in sorted(simulation.exits.items()))),
        ("wall seconds", f"{simulation.seconds:.1f}"),
    ]
    return "\n".join(f"{name:<40}{value}" for name, value in rows + promptness_rows(simulation))


def promptness_rows(simulation):
    prompt, kinds = simulation.promptness, lives_of(simulation)
    rows = [
        ("due in calm runs", len(prompt.offers)),
        ("offered in the first run", f"{prompt.percent:.2f} %"),
        ("final to offered, p50, p99, most", ", ".join(f"{prompt.percentile(share)} s" for share in (0.5, 0.99, 1))),
    ]
    late = prompt.late_by(lambda uniqueid: kinds.get(uniqueid, "renamed or a duplicate"))
    return rows + [(f"  later: {kind}", f"{count} by {path}") for (kind, path), count in sorted(late.items())]


def lives_of(simulation):
    """uniqueid -> the name of the call's life."""
    return {call.uniqueid: call.life for call in simulation.calls}


def faults(simulation, verdict):
    """All faults, as lines: those of the program and those of the simulation itself."""
    lives = lives_of(simulation)
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
    simulation.promptness = judge_promptness(simulation.history, simulation.runs, simulation.attempts,
                                             int(simulation.settings.get("settle", SETTLE)), simulation.site.interval)
    return simulation, judge(simulation.history, simulation.deliveries, simulation.losses)


def main():
    parser = argparse.ArgumentParser(description="A dialer in miniature, the program, and a judge.")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--hours", type=int, default=12, help="in which the calls begin")
    parser.add_argument("--begin", type=int, default=BEGIN, metavar="EPOCH", help=f"for example {AUTUMN_NIGHT} or "
                        f"{SPRING_NIGHT}, when the clocks go back and forward in New York")
    parser.add_argument("--site", action="append", default=[], metavar="NAME=VALUE", help="what is particular about "
                        "the dialer: a member of Site in troubles.py, such as 'pauses=((60, 180),)'")
    parser.add_argument("--inbound", action="store_true", help="calls to DIDs, not those that the dialer makes")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of [sync]")
    parser.add_argument("--keep", metavar="DIRECTORY", help="leave the program's files, its log among them, there")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        directory = options.keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="simulation-"))
        site = {name: ast.literal_eval(value) for name, value in (pair.split("=", 1) for pair in options.site)}
        simulation, verdict = simulate(directory, options.seed, options.calls, options.hours, begin=options.begin,
                                       settings=dict(pair.split("=", 1) for pair in options.set), site=Site(**site),
                                       life=InboundLife if options.inbound else DialerLife)
        wrong = faults(simulation, verdict)
        print(table(simulation, verdict))
        for line in wrong[:50]:
            print(line)
        if len(wrong) > 50:
            print(f"... and {len(wrong) - 50} more")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
