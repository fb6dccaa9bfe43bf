"""Memory, size, instructions."""
import os
import re
import subprocess

import measure
import rows_forward
from harness.process import ROOT
from installation import Installation
from report import Row, times

MIB = 1024
CALLS = 5000


def rows(bench):
    libraries = measure.cost([measure.program("floor_connect"), bench.dialer.socket, "cron", "1234",
                              bench.recent.database.name]).memory
    for calls in sorted(bench.memory):
        yield _memory(f"{calls:,} calls of backlog, plain HTTP", bench.memory[calls], libraries)
    site = Installation(bench.directory, bench.recent.database, bench.nginx.tls)
    site.go_back(bench.recent.nth_last(20_000))
    tls = _memory("20,000 calls of backlog, TLS, default settings", site.go(sent=20_000).memory, libraries)
    tls.why = ("the libraries alone take 10 MiB before the program does anything; reading the system's certificates takes "
               "libcurl 2.7 MiB, up to 32 TLS connections one more")
    yield tls
    if len(bench.memory) == 3:
        _, middle, most = (bench.memory[calls] for calls in sorted(bench.memory))
        yield Row("  the most beside 20,000, plain HTTP", f"{most / MIB:.1f} MiB", f"{middle / MIB:.1f} MiB",
                  times(most, middle), "<= 1.10", most <= 1.1 * middle)
    if bench.ledger_bytes:
        yield Row("ledger, a million calls", f"{bench.ledger_bytes:.0f} MB")
    yield _binary(bench)
    yield _instructions(bench)


def _memory(name, peak, libraries):
    return Row(f"peak memory, {name}", f"{peak / MIB:.1f} MiB", f"connect and SELECT 1 {libraries / MIB:.1f} MiB", "",
               "< 16 MiB", peak < 16 * MIB)


def _binary(bench):
    stripped = bench.directory / "stripped"
    subprocess.run(["strip", "-o", stripped, ROOT / "build" / "did-optimizer-sync"], check=True)
    size = os.path.getsize(stripped)
    return Row("stripped binary", f"{size / 1024:.0f} KiB", "", "", "< 150 KiB", size < 150 * 1024,
               "what cron runs each minute took 118 KiB; the rest are the commands for operators, in the same program: backfill, "
               "reconcile, history, why, metrics, health, report, profiles")


def _instructions(bench):
    site = Installation(bench.directory, bench.recent.database, bench.nginx.plain, concurrency=rows_forward.CONNECTIONS)

    def count(checkpoint):
        site.go_back(checkpoint)
        said = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={bench.directory}/callgrind",
                               *map(str, site.command())], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              encoding="utf-8", env={"PATH": "/usr/bin:/bin"}).stderr
        return int(re.search(r"Collected : (\d+)", said)[1])

    idle, busy = count(None), count(bench.recent.nth_last(CALLS))
    return Row("instructions a forwarded call", f"{(busy - idle) / CALLS:,.0f}", f"an idle run {idle:,}")
