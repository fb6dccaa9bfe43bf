"""An API that takes 50 ms an answer."""
import measure
from harness.api import Api
from installation import Installation
from report import Row, times

DELAY = 0.05
SIZES = ((8, 600), (32, 2400))  # connections, calls


def rows(bench):
    for kind in ("plain HTTP", "TLS"):
        cert, key = bench.certificates.good if kind == "TLS" else (None, None)
        with Api(cert=cert, key=key) as api:
            api.ca = bench.certificates.ca if kind == "TLS" else None
            api.rules([{"delay_ms": DELAY * 1000}])
            for connections, calls in SIZES:
                yield _row(bench, api, kind, connections, calls)


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
