"""Calls a second to an API that answers at once."""
import json
import statistics
import subprocess

import measure
from endpoint import wrk_rate
from installation import Installation
from report import Row, rate, share

CONNECTIONS = 8
CALLS = (500, 20_000)
_ONE_THREAD = ("one thread does everything: of a call's 35 us, libcurl's own loop takes 19, the payload 4, the ledger 5, the log "
               "and the rest 3, and 4 go by waiting for the database and the disk. A second thread for all but libcurl would "
               "hide most of that; it would also end that every step of a run has its place in one order, which is what lets "
               "the tests break a run at each of them. Over TLS libcurl's share is larger, and the ratio better.")


def rows(bench):
    for kind, address in (("plain HTTP", bench.nginx.plain), ("TLS", bench.nginx.tls), ("HTTP/2", bench.nginx.http2)):
        site = Installation(bench.directory, bench.recent.database, address, concurrency=CONNECTIONS)
        for calls in CALLS:
            yield from _rows(bench, site, address, calls, kind)


def _bodies(site, checkpoint, calls, path):
    """Has the program print what it would send, for the floor to send the same."""
    site.go_back(checkpoint)
    with open(path, "w") as out:
        subprocess.run(site.command("--dry-run"), stdout=out, stderr=subprocess.DEVNULL, check=True,
                       env={"PATH": "/usr/bin:/bin"})
    lines = path.read_text().splitlines()
    bodies = [line for line in lines if line.startswith("{") and "uniqueid" in json.loads(line)]
    assert len(bodies) == calls, f"{len(bodies)} bodies, not {calls}"
    path.write_text("\n".join(bodies) + "\n")
    return bodies[0]


def _rows(bench, site, address, calls, kind):
    path = bench.directory / "bodies"
    checkpoint = bench.recent.nth_last(calls)
    body = _bodies(site, checkpoint, calls, path)

    def ours():
        site.go_back(checkpoint)
        return site.go(sent=calls)

    def idle():
        site.go_back()
        return site.go(sent=0)

    def floor():
        words = [measure.program("floor_multi"), address.post_url, path, calls, CONNECTIONS]
        return measure.cost(words + ([address.ca] if address.ca else []))

    def limit():
        return wrk_rate(bench.directory, address, body, CONNECTIONS)

    actions = [ours, idle, floor] + ([limit] if kind != "HTTP/2" else [])  # which wrk does not speak
    our_runs, idle_runs, floors, *limits = measure.alternate(9 if calls < 1000 else 5, *actions)
    whole, nothing, bare = (measure.median(runs) for runs in (our_runs, idle_runs, floors))
    loop = statistics.median(float(run.out) for run in floors)
    alone = max(whole - nothing, 1e-6)
    if kind == "plain HTTP":
        bench.memory[calls] = max(run.memory for run in our_runs)
    # A run of a few calls is mostly its own start, which the rows of the idle run measure.
    yield Row(f"forward {calls:,}, {kind}", rate(calls, whole), f"bare multi loop {rate(calls, bare)}", share(bare, whole),
              *_promise(bare / whole, calls >= 10_000), why=_ONE_THREAD)
    yield Row("  without the cost of an idle run", rate(calls, alone), f"the loop alone {rate(calls, loop)}",
              share(loop, alone),
                  *_promise(loop / alone, calls < 10_000), why=_ONE_THREAD)
    for of_one in limits:
        most = statistics.median(of_one)
        yield Row("  beside the limit of the endpoint", rate(calls, whole), f"wrk {most:,.0f} calls/s",
                  share(calls / whole, most))


def _promise(ratio, made):
    return (">= 80 %", ratio >= 0.8) if made else ("", None)
