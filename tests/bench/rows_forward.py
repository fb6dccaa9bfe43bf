"""Calls a second to an API that answers at once."""
import json
import statistics
import subprocess

import measure
from endpoint import wrk_rate
from installation import Installation
from report import Row, ms, rate, share

CONNECTIONS = 8
CALLS = (500, 20_000)
_ONE_THREAD = ("one thread does everything: of a call's 143,000 instructions libcurl takes 80,000, the rows of the "
               "database 21,000, the ledger 20,000, the message 14,000 and the log 6,000; a run of 500 calls also pays "
               "for its start, which the rows of the idle run measure. While the server works on the next requests, "
               "the last answers are recorded. A second thread would hide more of that; it would also end that every "
               "step of a run has its place in one order, which is what lets the tests break a run at each of them.")


def rows(bench):
    for kind, address in (("plain HTTP", bench.nginx.plain), ("TLS", bench.nginx.tls), ("HTTP/2", bench.nginx.http2)):
        site = Installation(bench.directory, bench.recent.database, address, concurrency=CONNECTIONS)
        site.learn(bench.recent.nth_last(CALLS[0]), CALLS[0])
        for calls in CALLS:
            yield from _rows(bench, site, address, calls, kind)


def print_bodies(site, checkpoint, calls, path):
    """Makes the program print the bodies that it would send. The comparison program then sends the same bodies."""
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
    body = print_bodies(site, checkpoint, calls, path)

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

    actions = [ours, idle, floor] + ([limit] if kind != "HTTP/2" else [])  # wrk does not speak HTTP/2
    our_runs, idle_runs, floors, *limits = measure.alternate(9 if calls < 1000 else 5, *actions)
    whole, nothing, bare = (measure.median(runs) for runs in (our_runs, idle_runs, floors))
    loop = statistics.median(float(run.out) for run in floors)
    alone = max(whole - nothing, 1e-6)
    if kind == "plain HTTP":
        bench.memory[calls] = max(run.memory for run in our_runs)
    least = 50 if calls < 10_000 else 65
    yield Row(f"forward {calls:,}, {kind}", rate(calls, whole), f"bare multi loop {rate(calls, bare)}",
              share(bare, whole), f">= {least} %", bare / whole >= least / 100, why=_ONE_THREAD)
    cpu, bare_cpu = (measure.median(runs, "cpu") for runs in (our_runs, floors))
    yield Row("  CPU of the process", ms(cpu), f"bare multi loop {ms(bare_cpu)}", share(bare_cpu, cpu))
    yield Row("  without the cost of an idle run", rate(calls, alone), f"the loop alone {rate(calls, loop)}",
              share(loop, alone))
    for of_one in limits:
        most = statistics.median(of_one)
        yield Row("  beside the limit of the endpoint", rate(calls, whole), f"wrk {most:,.0f} calls/s",
                  share(calls / whole, most))
