"""An API that needs 50 ms for each answer, and an API that is 50 ms away."""
import measure
from endpoint import Relay
from harness.api import Api
import rows_forward
from installation import Installation
from report import Row, times

DELAY = 0.05
SIZES = ((8, 600), (32, 2400))  # connections, calls
MOST = 48  # the default of max_concurrency


def rows(bench):
    for kind in ("plain HTTP", "TLS"):
        cert, key = bench.certificates.good if kind == "TLS" else (None, None)
        with Api(cert=cert, key=key) as api:
            api.ca = bench.certificates.ca if kind == "TLS" else None
            api.rules([{"delay_ms": DELAY * 1000}])
            for connections, calls in SIZES:
                yield _row(bench, api, kind, connections, calls)
    for kind, address in (("TLS", bench.nginx.tls), ("HTTP/2", bench.nginx.http2)):
        with Relay(address, DELAY) as far:
            yield _far_row(bench, far, kind)


def _far_row(bench, far, kind):
    """A handshake takes two round trips, a request takes one. The settings are the defaults."""
    calls = 500
    site = Installation(bench.directory, bench.recent.database, far)
    checkpoint = bench.recent.nth_last(calls)
    bodies = bench.directory / "far-bodies"
    rows_forward.print_bodies(site, checkpoint, calls, bodies)
    site.learn(bench.recent.nth_last(2000), 2000)

    def ours():
        site.go_back(checkpoint)
        return site.go(sent=calls)

    def floor():
        return measure.cost([measure.program("floor_multi"), far.post_url, bodies, calls, MOST, far.ca])

    wall, bare = (measure.median(runs) for runs in measure.alternate(5, ours, floor))
    return Row(f"API 50 ms away, {calls} calls, {kind}", f"{wall:.2f} s", f"bare multi loop {bare:.2f} s",
               times(wall, bare), "<= 0.9 s", wall <= 0.9,
               f"{MOST} requests at a time take {-(-calls // MOST)} rounds of 50 ms and a handshake of 100 ms; "
               "the rest is the processor's")


def _row(bench, api, kind, connections, calls):
    site = Installation(bench.directory, bench.recent.database, api, concurrency=connections)
    checkpoint = bench.recent.nth_last(calls)

    def ours():
        site.go_back(checkpoint)
        cost = site.go(sent=calls)
        api.clear()
        return cost

    wall = measure.median(measure.alternate(3, ours)[0])
    ideal = calls * DELAY / connections
    return Row(f"50 ms an answer, {calls:,} calls, {connections} connections, {kind}", f"{wall:.2f} s",
               f"ideal {ideal:.2f} s", times(wall, ideal), "<= 1.15", wall <= 1.15 * ideal)
