"""Memory, sizes of files, and instructions."""
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
    tls.why = ("of 18.6 MiB, 13.4 are pages of libraries, among them 4.0 of libcrypto, 1.6 of libc and 1.1 of GnuTLS, "
               "which libcurl brings along; other processes share most of these. The heap has 5.1: 32 TLS connections "
               "take 1.7, SQLite's cache and the calls of a batch one each")
    yield tls
    per_call = os.path.getsize(site.state / "ledger.db") / 20_000
    yield Row("ledger, an accepted call", f"{per_call:.0f} bytes", "id, fingerprint, number, end: 52", "", "<= 100",
              per_call <= 100)
    if len(bench.memory) == 3:
        _, middle, most = (bench.memory[calls] for calls in sorted(bench.memory))
        yield Row("  the most beside 20,000, plain HTTP", f"{most / MIB:.1f} MiB", f"{middle / MIB:.1f} MiB",
                  times(most, middle), "<= 1.10", most <= 1.1 * middle)
    if bench.ledger_bytes:
        yield Row("ledger, a million calls", f"{bench.ledger_bytes:.0f} MB")
    yield from _binary(bench)
    yield _instructions(bench)


def _memory(name, peak, libraries):
    return Row(f"peak memory, {name}", f"{peak / MIB:.1f} MiB", f"connect and SELECT 1 {libraries / MIB:.1f} MiB", "",
               "< 16 MiB", peak < 16 * MIB)


def _binary(bench):
    stripped = bench.directory / "stripped"
    subprocess.run(["strip", "-o", stripped, ROOT / "build" / "did-optimizer-sync"], check=True)
    size = os.path.getsize(stripped)
    yield Row("stripped binary", f"{size / 1024:.0f} KiB")
    for folder in sorted(path for path in (ROOT / "build" / "poller").iterdir() if path.is_dir()):
        yield Row(f"  of it {folder.name}/", f"{_code(folder) / 1024:.0f} KiB")


def _code(folder):
    """Code and data of the folder's objects, without what the linker adds."""
    said = subprocess.run(["size", *sorted(folder.glob("*.o"))], stdout=subprocess.PIPE, encoding="utf-8",
                          check=True).stdout
    return sum(int(line.split()[0]) + int(line.split()[1]) for line in said.splitlines()[1:])


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
