"""How many requests the program sends at a time, measured with two APIs."""
import statistics

import measure
from harness.api import Api
from installation import Installation
from report import Row, ms, share, times

SLOTS, SERVICE, CALLS = 4, 0.02, 1000


def rows(bench):
    with Api() as api:
        yield from _weak(bench, api)
        yield from _distant(bench, api)


def _weak(bench, api):
    """An API that works on 4 requests at a time. Other requests wait in a queue."""
    api.rules([{"slots": SLOTS, "delay_ms": SERVICE * 1000}])
    checkpoint = bench.recent.nth_last(CALLS)
    fixed = Installation(bench.directory, bench.recent.database, api, concurrency=SLOTS)
    adaptive = Installation(bench.directory, bench.recent.database, api)

    def drain(site):
        api.clear()
        site.go_back(checkpoint)
        wall = site.go(sent=CALLS).wall
        answer_times = [entry["took_ms"] / 1000 for entry in api.log()]
        return wall, measure.quantile(answer_times, 0.95), api.state()["max_in_flight"]

    at_four, left_to_us = measure.alternate(3, lambda: drain(fixed), lambda: drain(adaptive))
    _, p95_four, _ = map(statistics.median, zip(*at_four))
    wall, p95, most = map(statistics.median, zip(*left_to_us))
    ideal = CALLS * SERVICE / SLOTS
    yield Row(f"API that serves {SLOTS} at a time: p95 of an answer", ms(p95), f"at {SLOTS} in flight {ms(p95_four)}",
              times(p95, p95_four), "<= 2", p95 <= 2 * p95_four)
    yield Row(f"  {CALLS:,} calls, at most {most} in flight", f"{CALLS / wall:.0f} calls/s",
              f"ideal {CALLS / ideal:.0f} calls/s", share(ideal, wall))


def _distant(bench, api):
    calls = 20_000
    api.clear(rules=True)
    api.rules([{"delay_ms": 50}])
    site = Installation(bench.directory, bench.recent.database, api)
    site.go_back(bench.recent.nth_last(calls))
    wall = site.go(sent=calls).wall
    yield Row(f"API 50 ms away, {calls:,} calls", f"{wall:.1f} s", f"ideal at 48 {calls * 0.05 / 48:.1f} s",
              times(wall, calls * 0.05 / 48), "< 40 s", wall < 40)
