"""A backfill of a long history of calls, from Callio's stand-in into BigQuery's.

`make soak T=history` runs it. The stand-ins keep nothing of a call in memory: Callio's makes each document when it is
asked for, and BigQuery's has its rows in a file.
"""
import collections
import contextlib
import json
import pathlib
import time

from harness.bigquery import BigQuery
from harness.callio import Callio
from harness.process import ROOT
from harness.sync import Sync

DAY = 86400
CALLS = "callio.calls"
A_DAY = 20_000      # calls; so a day has two windows of what the API can page through
LOADS = 3           # jobs of a table for each 100,000 calls, at most
FLAT = 1.1          # the memory of the longest backfill, as a multiple of that of one tenth of it
LINEAR = 1.5        # the processor's time for a call, likewise
TIMED = ROOT / "build/bench/timed"

# seconds, seconds of the processor, KiB at most, load jobs of the busiest table, pages of Callio
Cost = collections.namedtuple("Cost", "calls seconds processor memory loads pages")


class History(Callio):
    """One tenant with so many calls that ended before now. Documents are made by their numbers."""

    def __init__(self, count):
        super().__init__("PK")
        self.count, self.step_ms, self.pages = count, DAY * 1000 // A_DAY, 0
        self.begin_ms = (int(time.time()) - 3600) * 1000 - count * self.step_ms

    @property
    def begin(self):
        return self.begin_ms // 1000

    def document(self, number):
        began = self.begin_ms + number * self.step_ms
        talk = number % 120
        return {"_id": f"{number:024x}", "direction": 1 + number % 2, "fromNumber": "02899990001",
                "toNumber": f"09{number:08d}", "fromExt": "101", "createTime": began, "startTime": began,
                "endTime": began + (10 + talk) * 1000, "duration": 10 + talk, "billDuration": talk,
                "hangupCause": "NORMAL_CLEARING" if talk else "NO_ANSWER", "recordingDuration": talk,
                "fromUser": {"_id": f"u{number % 50}", "name": "Lan", "group": {"_id": "g1"}},
                "fromGroup": {"_id": "g1"}, **({"answerTime": began + 10_000} if talk else {})}

    def _list(self, tenant, request):
        if request.path != "/call":
            return super()._list(tenant, request)
        self.pages += 1
        low, high = self._number(int(request.query["from"]) - 1), self._number(int(request.query["to"]))
        return self._page(_Made(self, low + 1, high + 1), request.query)

    def _number(self, time_ms):
        """The last call that began up to then; -1: none."""
        return max(-1, min(self.count - 1, (time_ms - self.begin_ms) // self.step_ms))


class _Made:
    """The documents from first to behind last, the newest first."""

    def __init__(self, history, first, end):
        self._history, self._first, self._end = history, first, end

    def __len__(self):
        return self._end - self._first

    def __getitem__(self, part):
        first, end, _ = part.indices(len(self))
        return [self._history.document(self._end - 1 - n) for n in range(first, end)]


def backfill(directory, calls):
    """Brings so many calls into BigQuery. Returns what it cost; AssertionError if a call is missing or is there twice,
    or if BigQuery was asked for too many load jobs."""
    directory = pathlib.Path(directory)
    directory.mkdir()
    with History(calls) as callio, BigQuery(file=directory / "bigquery.db") as bigquery, \
            contextlib.closing(_installation(directory, callio, bigquery)) as sync:
        sync.before = [TIMED, directory / "cost"]
        done = sync.run("backfill", "--from", str(callio.begin), "--to", "now", timeout=3 * 3600)
        seconds, processor, memory, code = (directory / "cost").read_text().split()
        assert code == "0", done.log[-3000:] + done.err
        assert sync.ledger("SELECT state, count(*) FROM call GROUP BY state") == [(1, calls)]
        first, last, count, different = bigquery.rows_of.execute(
            f'SELECT min(call_id), max(call_id), count(*), count(DISTINCT call_id) FROM "{CALLS}"').fetchone()
        staged = sum(count for name, count in bigquery.loads.items() if "_staging_" in name)
        loads = max(staged, bigquery.loads["callio.update_log"])
        pages = callio.pages
    assert (first, last, count, different) == (f"PK:{0:024x}", f"PK:{calls - 1:024x}", calls, calls)
    assert loads <= -(-calls // 100_000) * LOADS, f"{loads} load jobs of a table for {calls:,} calls"
    return Cost(calls, float(seconds), float(processor), int(memory), loads, pages)


def soak(directory, calls):
    """A tenth of the calls, then all. Returns the counts; AssertionError if memory or time is not in proportion."""
    costs = []
    for count in (calls // 10, calls):
        cost = backfill(pathlib.Path(directory) / str(count), count)
        costs.append(cost)
        print(f"{cost.calls:,} calls: {cost.seconds:.0f} s, {cost.processor:.1f} s of the processor, "
              f"{cost.memory:,} KiB, {cost.pages:,} pages, {cost.loads} load jobs", flush=True)
    short, whole = costs
    assert whole.memory <= FLAT * short.memory, f"{whole.memory} KiB, {short.memory} KiB for a tenth"
    assert whole.processor / whole.calls <= LINEAR * short.processor / short.calls, (short, whole)
    return {"calls in BigQuery": calls, "load jobs": whole.loads, "KiB for a tenth": short.memory,
            "KiB": whole.memory, "lost": 0}


def _installation(directory, callio, bigquery):
    for name, text in (("accounts.json", callio.accounts()),
                       ("key.json", json.dumps(bigquery.accounts.service_account()))):
        (directory / name).write_text(text)
        (directory / name).chmod(0o600)
    sync = Sync(directory / "host", timezone="UTC")
    sync.configure(config={
        "sync": {"settle": 0, "splay": 0},
        "source": {"type": "callio", "url": callio.url, "accounts_file": directory / "accounts.json"},
        "sink": {"type": "bigquery", "project": "calls", "dataset": "callio",
                 "credentials_file": directory / "key.json", "bigquery_url": bigquery.url}})
    sync.set_checkpoint(int(time.time()) - 60)
    return sync
