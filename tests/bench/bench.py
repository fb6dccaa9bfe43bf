"""Compares the program with the least that its work could cost, and prints one table. `make bench` calls this file.

    tests/bench/bench.py [ROWS]     ROWS: a part of a group's name, to run that group only

Only the API's owner is not real. The rest is: a MariaDB server with VICIdial's table, nginx, the built program. All
files are in a directory that is removed at the end. The machine should have nothing else to do.
"""
import contextlib
import functools
import os
import pathlib
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import certs  # noqa: E402
from harness.process import ROOT  # noqa: E402

import report  # noqa: E402
import rows_asterisk  # noqa: E402
import rows_busy  # noqa: E402
import rows_distant  # noqa: E402
import rows_enrich  # noqa: E402
import rows_forward  # noqa: E402
import rows_idle  # noqa: E402
import rows_pace  # noqa: E402
import rows_recordings  # noqa: E402
import rows_records  # noqa: E402
import rows_serve  # noqa: E402
import rows_size  # noqa: E402
import rows_steady  # noqa: E402
import rows_view  # noqa: E402
import traffic  # noqa: E402
from endpoint import Nginx  # noqa: E402

# The order matters: the busy group adds calls to the largest table, and the size group reports what others found.
GROUPS = {"forward": rows_forward, "distant": rows_distant, "idle": rows_idle, "busy": rows_busy, "steady": rows_steady,
          "pace": rows_pace, "records": rows_records, "recordings": rows_recordings, "enrich": rows_enrich,
          "asterisk": rows_asterisk, "view": rows_view, "serve": rows_serve, "size": rows_size}

_SYSTEM_TRUSTS = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")


class Bench:
    """What the groups share. Each part is made at its first use."""

    def __init__(self, stack):
        self._stack = stack
        place = ROOT / "build" / "bench"
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=place))
        stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        self.backlog = int(os.environ.get("BACKLOG", 1_000_000))
        self.memory = {}  # number of calls in the backlog, sent over plain HTTP -> KiB
        self.ledger_bytes = None  # bytes for each call

    @functools.cached_property
    def certificates(self):
        """The test's CA is appended to the system's CAs, because a user's connection must read those too."""
        made = certs.make(self.directory)
        trusted = self.directory / "trusted.crt"
        trusted.write_bytes((_SYSTEM_TRUSTS.read_bytes() if _SYSTEM_TRUSTS.exists() else b"") + made.ca.read_bytes())
        made.ca = trusted
        return made

    @functools.cached_property
    def nginx(self):
        return self._stack.enter_context(Nginx(self.directory, self.certificates))

    @functools.cached_property
    def dialer(self):
        return self._stack.enter_context(traffic.server())

    @functools.lru_cache(maxsize=None)
    def history(self, days):
        say(f"building {days} days of calls")
        made = traffic.Traffic(self.dialer, f"days{days}", days)
        time.sleep(3)  # a run sends the last call only some seconds after the end of that call
        return made

    @functools.cached_property
    def recent(self):
        """A day of calls, and an hour with 20,000 more."""
        made = traffic.Traffic(self.dialer, "recent", 1)
        made.add(20_000, span=3600)
        time.sleep(3)
        return made


_began = time.monotonic()


def say(text):
    print(f"[{time.monotonic() - _began:5.0f} s] {text}", file=sys.stderr, flush=True)


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    groups = {name: module for name, module in GROUPS.items() if wanted in name}
    if not groups:
        sys.exit(f"no rows match '{wanted}'; there are: {' '.join(GROUPS)}")
    rows = []
    load = os.getloadavg()[0]
    with contextlib.ExitStack() as stack:
        bench = Bench(stack)
        for name, module in groups.items():
            say(f"rows: {name}")
            for row in module.rows(bench):
                rows.append(row)
                say("  ".join(cell for cell in row.cells() if cell))
    say("done")
    print(f"\n{os.cpu_count()} CPUs; load {load:.1f} before, {os.getloadavg()[0]:.1f} after\n")
    report.show(rows)
    missed = sum(row.holds is False for row in rows)
    print(f"\n{sum(row.holds is True for row in rows)} targets hold, {missed} do not")


if __name__ == "__main__":
    main()
