"""`make soak`: longer forms of tests that `make test` does for seconds, one after the other, with their counts.

    tests/soak.py [PATTERN]      only the parts with PATTERN in their name

The exit status is 1 if a part finds a fault; the later parts still run.
"""
import concurrent.futures
import contextlib
import functools
import os
import pathlib
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True  # before the first import of ours: the source tree stays clean

from fault import callio
from fault import scene as scenes
from fault import sweeps
from harness.api import Api
from harness.dialer import Dialer
from harness.sync import Sync
from simulation import callio_history
from simulation.million import soak
from simulation.simulate import AUTUMN_NIGHT, BEGIN, SPRING_NIGHT, faults, simulate, table
from simulation.troubles import Site

KILLS = 300
BY_NAME_ONLY = "a million calls"  # it takes hours

# name -> seed, calls, hours, begin of the first call, properties of the dialer (simulation/troubles.py).
DAYS = {
    "late rows": (1, 1700, 12, BEGIN, Site(locks=((25, 200), (300, 600)), audits=((60, 90), (240, 420), (5, 20)))),
    "the ledger is lost, the host is off": (2, 1700, 12, AUTUMN_NIGHT,
                                            Site(losses=(50, 400, 800), pauses=((120, 150), (500, 420)))),
    "an index, clocks that are wrong": (3, 1700, 12, SPRING_NIGHT, Site(end_index=True, jumps=(
        (60, 7200), (100, -7200), (400, -3600), (500, 3600)))),
    "two zones": (4, 1700, 12, AUTUMN_NIGHT, Site(other_zone=-3 * 3600)),
    "two zones, the other way": (5, 1700, 12, SPRING_NIGHT, Site(other_zone=2 * 3600, pauses=((200, 90),))),
    "rows are late after quiet days": (9, 1700, 12, BEGIN, Site(quiet_days=3, locks=((200, 300),), audits=(
        (5, 30), (240, 420), (5, 30), (600, 900)))),
    "nothing fails": (6, 3000, 6, BEGIN, Site(calm=True)),
    "a run every 5 seconds": (7, 1000, 2, BEGIN, Site(calm=True, interval=5)),
    "a run every 5 seconds, and all fails": (8, 1000, 2, BEGIN, Site(interval=5, losses=(40,), pauses=((90, 60),))),
}


@contextlib.contextmanager
def installation():
    """A dialer, an API and a host, as the integration tests have them."""
    with Dialer() as dialer, Api() as api, tempfile.TemporaryDirectory(prefix="soak-") as directory:
        db = dialer.database()
        sync = Sync(pathlib.Path(directory) / "host", db, api, timezone=dialer.timezone)
        sync.configure(config={"sync": {"settle": 0, "splay": 0}})
        sync.set_checkpoint(db.now() - scenes.HOUR)
        try:
            yield db, api, sync
        finally:
            sync.close()


def in_scene(make, work, *args, **options):
    """The figures of one sweep."""
    with installation() as things:
        scene = make(*things)
        try:
            return work(scene, *args, **options)
        finally:
            scene.close()


def crashes(make, share=1.0, ends=sweeps.ENDS):
    done = [in_scene(make, sweeps.crash_sweep, when, share) for when in ends]
    return {"crash points": sum(one.tried for one in done), "repeated": sum(one.repeated for one in done), "lost": 0}


def crashes_in_repair():
    done = [in_scene(scenes.damaged_ledger, sweeps.repair_sweep, when) for when in sweeps.ENDS]
    return {"crash points": sum(one.tried for one in done), "repeated": sum(one.repeated for one in done), "lost": 0}


def crashes_from_callio(sink):
    done = []
    for when in sweeps.ENDS:
        with tempfile.TemporaryDirectory(prefix="soak-") as directory, callio.scene(directory, sink) as scene:
            done.append(callio.crash_sweep(scene, when))
    return {"crash points": sum(one.tried for one in done), "lost": 0}


def errors(make, share=1.0):
    done = [in_scene(make, sweeps.error_sweep, error, kinds=kinds, lasting=lasting, share=share)
            for error, kinds, lasting in (("ENOSPC", ("write",), 0), ("EDQUOT", ("write",), 0),
                                          ("EROFS", sweeps.FILES, 0), ("EIO", sweeps.FILES, 1))]
    return {"disk errors": sum(one.tried for one in done), "repeated": sum(one.repeated for one in done), "lost": 0}


def allocations(make, share=1.0):
    """There are thousands: every processor takes its part."""
    with concurrent.futures.ProcessPoolExecutor() as pool:
        jobs = [pool.submit(in_scene, make, sweeps.allocation_sweep, share * part, lasting, turn, os.cpu_count())
                for part, lasting in ((1, 1), (1 / 30, 0)) for turn in range(os.cpu_count())]
        done = [job.result() for job in jobs]
    return {"failed allocations": sum(one.tried for one in done),
            "crashes of libraries": sum(one.crashed for one in done),
            "repeated": sum(one.repeated for one in done), "lost": 0}


def kills():
    with installation() as things:
        done = sweeps.kill_loop(*things, kills=KILLS)
    return {"kills": done.kills, "calls": done.calls, "repeated": done.repeated, "lost": done.lost}


def simulated_day(name):
    seed, count, hours, begin, site = DAYS[name]
    with tempfile.TemporaryDirectory(prefix="soak-") as directory:
        simulation, verdict = simulate(pathlib.Path(directory), seed, count, hours, begin=begin, site=site)
    print(table(simulation, verdict))
    assert faults(simulation, verdict) == []
    return {"simulated calls": verdict.finished, "due in calm runs": len(simulation.promptness.offers),
            "offered later than in the first run": len(simulation.promptness.late),
            "lost": verdict.finished - verdict.delivered}


def million():
    """With SOAK_CALLS=30000 this part takes minutes."""
    with tempfile.TemporaryDirectory(prefix="soak-") as directory:
        return soak(pathlib.Path(directory), int(os.environ.get("SOAK_CALLS", 1_000_000)))


def backfill_from_callio():
    """SOAK_CALLS as above."""
    with tempfile.TemporaryDirectory(prefix="soak-") as directory:
        return callio_history.soak(directory, int(os.environ.get("SOAK_CALLS", 1_000_000)))


PARTS = {
    "crash at every step": lambda: crashes(scenes.every_kind),
    "crash at every step, slow API": lambda: crashes(scenes.slow_api, 0.5, ("before", "after")),
    "crash in the first run": lambda: crashes(scenes.first_run),
    "crash while the ledger is made anew": crashes_in_repair,
    "crash in a backfill": lambda: crashes(scenes.backfill),
    "crash in a reconciliation": lambda: crashes(scenes.reconcile),
    "crash from Callio to records": lambda: crashes_from_callio("records"),
    "crash from Callio to BigQuery": lambda: crashes_from_callio("bigquery"),
    "long history from Callio to BigQuery": backfill_from_callio,
    "disk full, broken or read-only": lambda: errors(scenes.every_kind),
    "the same in a backfill": lambda: errors(scenes.backfill, 0.5),
    "the same in a reconciliation": lambda: errors(scenes.reconcile, 0.5),
    "kill -9 at random moments": kills,
    "allocations that fail": lambda: allocations(scenes.every_kind),
    "allocations that fail in a backfill": lambda: allocations(scenes.backfill, 0.1),
    "allocations that fail in a reconciliation": lambda: allocations(scenes.reconcile, 0.1),
    **{f"day: {name}": functools.partial(simulated_day, name) for name in DAYS},
    BY_NAME_ONLY: million,
}


def line(name, seconds, figures):
    return f"{name:<38}{seconds:>7.0f} s   " + ", ".join(f"{count:,} {what}" for what, count in figures.items())


def main():
    pattern = sys.argv[1] if len(sys.argv) > 1 else ""
    began, totals, failed = time.monotonic(), {}, []
    for name, part in PARTS.items():
        if pattern not in name or (name == BY_NAME_ONLY and pattern == ""):
            continue
        part_began = time.monotonic()
        try:
            figures = part()
        except Exception:  # a fault of the program, or of the part itself: both are told
            traceback.print_exc()
            failed.append(name)
            print(f"{name:<38}{time.monotonic() - part_began:>7.0f} s   FAILED", flush=True)
            continue
        print(line(name, time.monotonic() - part_began, figures), flush=True)
        for what, count in figures.items():
            totals[what] = totals.get(what, 0) + count
    print(line("all", time.monotonic() - began, totals))
    if failed:
        print("failed: " + "; ".join(failed))
    return 1 if failed or totals.get("lost", 0) else 0


if __name__ == "__main__":
    sys.exit(main())
