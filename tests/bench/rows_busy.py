"""A busy site with 10 million rows and 150,000 calls an hour: a backlog of a million calls, the dialer's writes
during that work, and a minute of normal operation."""
import contextlib
import os
import re
import signal
import statistics
import subprocess
import threading
import time

import measure
import server
from harness.process import end, spawn
from installation import Installation
from report import Row, ms, times

A_MINUTE = 2500
UPDATES_A_SECOND = 100


def rows(bench):
    traffic = bench.history(90)
    backlog = bench.backlog
    before = traffic.database.now()
    traffic.add(backlog, span=24000 * backlog / 1_000_000)
    site = Installation(bench.directory, traffic.database, bench.nginx.plain)
    time.sleep(3)
    yield from _dialer_rows(bench, site, traffic, backlog, before)
    yield from _minute_rows(bench, site, traffic)


# ---- the dialer's writes ----

class _Dialing:
    """Updates single calls, as the dialer does, until end()."""

    def __init__(self, bench, traffic):
        listed = bench.directory / "uniqueids"
        if not listed.exists():
            found = traffic.query("SELECT uniqueid FROM vicidial_log WHERE call_date > NOW() - INTERVAL 1 HOUR "
                                  "LIMIT 10000")
            listed.write_text("".join(row["uniqueid"] + "\n" for row in found))
        self._process = spawn([measure.program("updates"), bench.dialer.socket, traffic.database.name, listed,
                               UPDATES_A_SECOND, 600], stdout=subprocess.PIPE, encoding="ascii")
        self._lines = []
        self._reader = threading.Thread(target=lambda: self._lines.extend(self._process.stdout))
        self._reader.start()

    def end(self):
        """Ends the updates, and returns the seconds that each of them took."""
        end(self._process, signal.SIGTERM)
        self._reader.join()
        self._process.stdout.close()
        return [int(line) / 1e6 for line in self._lines]


def _dialer_rows(bench, site, traffic, backlog, before):
    dialing = _Dialing(bench, traffic)
    time.sleep(30)
    alone = dialing.end()

    site.go_back(f"{traffic.database.now() - int(24000 * backlog / 1_000_000) - 60}")
    dialing = _Dialing(bench, traffic)
    drained = site.go()
    beside_us = dialing.end()
    accepted = site.ledger("SELECT count(*) FROM call WHERE state = 1")[0][0]
    assert accepted >= backlog, f"{accepted} calls of {backlog} sent"

    dialing = _Dialing(bench, traffic)
    _naive_reads(traffic, 20)
    beside_naive = dialing.end()

    limit = measure.quantile(alone, 0.999)
    yield _latency("dialer's UPDATE, nothing else", alone)
    worst = measure.quantile(beside_us, 0.999)
    row = _latency(f"  while {accepted:,} calls are drained", beside_us)
    row.compared, row.ratio = f"alone p99.9 {ms(limit)}", times(worst, limit)
    row.target, row.holds = "p99.9 <= 1.5 x", worst <= 1.5 * limit
    row.why = ("an UPDATE that comes during a read waits for its end, 4 ms at most; with both of two cores at work on "
               "the drain, waiting for a core adds to it")
    yield row
    yield Row("  worst case", ms(max(beside_us)), f"alone {ms(max(alone))}", times(max(beside_us), max(alone)),
              "< 50 ms", max(beside_us) < 0.05)
    row = _latency("  beside a naive query each second", beside_naive)
    worst = measure.quantile(beside_naive, 0.999)
    row.compared, row.ratio = f"alone p99.9 {ms(limit)}", times(worst, limit)
    yield row

    bench.memory[accepted] = drained.memory
    bench.ledger_bytes = os.path.getsize(site.state / "ledger.db") / accepted
    yield Row(f"drain {accepted:,} calls", f"{accepted / drained.wall:,.0f} calls/s",
              f"{drained.wall:.1f} s, of which CPU {drained.cpu:.1f} s")


def _naive_reads(traffic, seconds):
    """Reads as a poller that does not know the table's indexes."""
    with contextlib.closing(traffic.database.connect()) as connection, connection.cursor() as cursor:
        stop = time.monotonic() + seconds
        while time.monotonic() < stop:
            began = time.monotonic()
            cursor.execute("SELECT * FROM vicidial_log WHERE end_epoch > UNIX_TIMESTAMP() - 60 ORDER BY end_epoch "
                           "LIMIT 500")
            cursor.fetchall()
            time.sleep(max(0, began + 1 - time.monotonic()))


def _latency(name, took):
    return Row(name, f"p50 {ms(statistics.median(took))}, p99.9 {ms(measure.quantile(took, 0.999))}, "
                     f"max {ms(max(took))}")


# ---- a minute of normal operation ----

def _kind(statement):
    """poll, sweep, re-read or other. The range of end_epoch in the statement tells them apart."""
    found = re.search(r"end_epoch >= (\d+)", statement.sql)
    if "uniqueid IN" in statement.sql:
        return "re-read"
    if not found:
        return "other"
    return "sweep" if time.time() - int(found[1]) > 5 * 3600 else "poll"


def _minute_rows(bench, site, traffic):
    site.go()  # the calls that ended during the work on the backlog
    floor = [measure.program("floor_connect"), bench.dialer.socket, "cron", "1234", traffic.database.name]
    idle, bare = measure.alternate(5, lambda: site.go(sent=0), lambda: measure.cost(floor))
    known = site.ledger("SELECT count(*) FROM call")[0][0]
    yield Row(f"idle run of the busy site, a ledger of {known:,} calls", ms(measure.median(idle)),
              f"connect and SELECT 1 {ms(measure.median(bare))}", times(measure.median(idle), measure.median(bare)))
    yield Row("  CPU of the process", ms(measure.median(idle, "cpu")),
              f"connect and SELECT 1 {ms(measure.median(bare, 'cpu'))}")
    minutes = {False: [], True: []}
    for sweep in (False, True) * 3:
        traffic.add(A_MINUTE, span=60)
        time.sleep(3)
        if sweep:
            site.make_sweep_due()
        with server.watch(bench.dialer) as seen:
            seen.cost = site.go(sent=A_MINUTE)
        minutes[sweep].append(seen)

    def spent(kind, sweep):
        return statistics.median(one.time(lambda statement: _kind(statement) == kind) for one in minutes[sweep])

    plain, swept = minutes[False], minutes[True]
    examined = statistics.median(sum(one.rows for one in seen.statements) for seen in plain)
    yield Row(f"a minute of {A_MINUTE:,} new calls: wall", ms(statistics.median(one.cost.wall for one in plain)),
              "with the sweep " + ms(statistics.median(one.cost.wall for one in swept)))
    yield Row("  server's time for the poll", ms(spent("poll", False)))
    yield Row("  server's time for the re-reads", ms(spent("re-read", False)))
    yield Row("  server's time for the sweep", ms(spent("sweep", True)),
              f"{statistics.median(sum(_kind(x) == 'sweep' for x in one.statements) for one in swept):.0f} statements")
    yield Row("  server's time for all else", ms(spent("other", False)))
    yield Row("  rows examined a new call, no sweep", f"{examined / A_MINUTE:.1f}")
    longest = max((one.longest() for one in plain + swept), key=lambda statement: statement.seconds)
    yield Row("  longest single statement", ms(longest.seconds), f"a {_kind(longest)}, {longest.rows:,} rows examined",
              "", "<= 50 ms", longest.seconds <= 0.05)
