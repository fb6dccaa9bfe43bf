"""The live page's list of calls: each filter, order and page of a million calls, by the clock of one process."""
import subprocess
import tempfile

import measure
from report import Row

MOST_MS = 100


def rows(bench):
    with tempfile.TemporaryDirectory(dir=bench.directory) as directory:
        said = subprocess.run([measure.program("view_queries"), directory, str(bench.backlog)], check=True,
                              stdout=subprocess.PIPE, encoding="utf-8").stdout
    (_, seconds, size), *queries = (line.split("\t") for line in said.splitlines())
    yield Row(f"page's list of {bench.backlog:,} calls, made in", f"{float(seconds):.1f} s")
    yield Row("  its file, bytes a call", f"{int(size) / bench.backlog:.0f}")
    for name, page, count in queries:
        yield Row(f"  {name}", f"{float(page):.1f} ms", f"count {float(count):.1f} ms", "", f"page < {MOST_MS} ms",
                  float(page) < MOST_MS)
