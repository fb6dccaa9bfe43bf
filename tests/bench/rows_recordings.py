"""Recordings of 1 MB into a directory, 20 at once, compared with `curl -Z` that downloads the same: from a web server
behind a line of 1 Gbit/s, which a call centre has at best, and from the server itself.

RECORDINGS=10000 sets their number."""
import contextlib
import os
import shutil
import sqlite3
import subprocess
import time

from harness.keeping import installed, make_due
from endpoint import Relay
from report import Row, share

COUNT, BYTES, AT_ONCE = int(os.environ.get("RECORDINGS", 1000)), 1_000_000, 20
TARGET = 0.8  # of curl's rate
GIGABIT = 125_000_000  # bytes a second


def _note_all(sync):
    """Puts the recordings into the ledger, as if their calls had been accepted."""
    now = int(time.time())
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger:
        ledger.executemany("INSERT INTO recording (call, path, started, seen, state, updated) "
                           "VALUES (?, ?, ?, ?, 1, ?)",
                           [(f"call-{n}", f"/{n}.wav", now, now, now) for n in range(COUNT)])
        ledger.commit()


def _run_until_stored(sync):
    """The seconds that the runs took. A run has 40 s; then the next one goes on."""
    began = time.monotonic()
    for _ in range(COUNT // 100 + 3):
        done = sync.run("run", timeout=120)
        assert done.code == 0, done.log
        if sync.ledger("SELECT count(*) FROM recording WHERE state = 1") == [(0,)]:
            return time.monotonic() - began
        make_due(sync)
    raise AssertionError("the recordings were not stored: " + done.log[-2000:])


def _curl(bench, url, directory):
    """The seconds that curl takes for the same files."""
    directory.mkdir()
    config = bench.directory / "curl.conf"
    config.write_text("".join(f'url = "{url}/recordings/{n}.wav"\noutput = "{directory}/{n}.wav"\n'
                              for n in range(COUNT)))
    began = time.monotonic()
    subprocess.run(["curl", "-s", "-S", "-f", "-Z", "--parallel-max", str(AT_ONCE), "-K", config], check=True)
    took = time.monotonic() - began
    assert sum(path.stat().st_size for path in directory.iterdir()) == COUNT * BYTES
    return took


def _row(bench, name, address, target, why=""):
    place = bench.directory / "host"
    place.mkdir()
    with installed(place) as install:
        _, sync = install(url=address.url + "/recordings", concurrency=AT_ONCE, spool_mb=4096)
        sync.run("run")
        _note_all(sync)
        ours = _run_until_stored(sync)
        assert sum(path.stat().st_size for path in sync.kept.iterdir()) == COUNT * BYTES
    curl = _curl(bench, address.url, place / "by-curl")
    shutil.rmtree(place)
    return Row(f"{COUNT:,} recordings of 1 MB, {AT_ONCE} at once, {name}", f"{COUNT / ours:,.0f} MB/s",
               f"curl -Z {COUNT / curl:,.0f} MB/s", share(curl, ours), f">= {100 * target:.0f} %" if target else "",
               curl / ours >= target if target else None, why=why)


def rows(bench):
    (bench.directory / "one.wav").write_bytes(os.urandom(BYTES))
    with Relay(bench.nginx.plain, 0, GIGABIT) as line:
        yield _row(bench, "over 1 Gbit/s", line, TARGET)
    yield _row(bench, "from this host", bench.nginx.plain, None,
               why="each file is synced to the disk, before the ledger says that it is stored, and "
                   "read again for its MD5; curl does neither")
