"""An idle run on a PBX's table of calls: 10,000 rows, a million, and a million without an index on calldate."""
import re
import tempfile

from harness.pbx import Pbx
from harness.sync import Sync

import measure
from installation import Installation
from report import Row, ms, times

SMALL, LARGE = 10_000, 1_000_000


class Site(Installation):
    """An installation that reads the PBX. The API has accepted all calls that the sweep and the poll read."""

    def __init__(self, directory, pbx, api):
        Sync.__init__(self, tempfile.mkdtemp(dir=directory), None, api)
        self.configure(config={**pbx.config(), "sync": {"time_budget": 3600, "backfill_rate": 0},
                               "api": {"ca_file": api.ca} if getattr(api, "ca", None) else {}})
        self.set_checkpoint(pbx.now() - 7 * 3600)
        self.go()
        self.make_sweep_due()
        self.go()


def rows(bench):
    pbx = Pbx(bench.dialer)
    pbx.fill(SMALL)
    site = Site(bench.directory, pbx, bench.nginx.plain)
    floor = [measure.program("floor_connect"), bench.dialer.socket, pbx.USER, pbx.PASSWORD, pbx.name]
    small, bare = measure.alternate(15, lambda: site.go(sent=0), lambda: measure.cost(floor))
    few = _examined(site)
    pbx.fill(LARGE - SMALL, since=10 * SMALL)
    large, = measure.alternate(15, lambda: site.go(sent=0))
    walls = [measure.median(costs) for costs in (small, large, bare)]
    yield Row("idle run, cdr of 10,000 rows", ms(walls[0]), f"connect and SELECT 1 {ms(walls[2])}",
              times(walls[0], walls[2]))
    yield Row("idle run, cdr of a million rows", ms(walls[1]), ms(walls[0]), times(walls[1], walls[0]), "<= 1.30",
              walls[1] <= 1.3 * walls[0])
    yield Row("  rows read", f"{_examined(site):,}", f"10,000 rows {few:,}")
    pbx.query("ALTER TABLE cdr DROP KEY calldate")
    cost = measure.cost(site.command(), env={"PATH": "/usr/bin:/bin"}, fine=(78,))
    refused = re.search(r"no usable index on calldate", site.log_file.read_text())
    yield Row("  without an index on calldate: until refused", ms(cost.wall), ms(walls[1]), times(cost.wall, walls[1]),
              "<= 3", bool(refused) and cost.wall <= 3 * walls[1])
    pbx.drop()


def _examined(site):
    return site.ledger("SELECT rows_examined FROM run ORDER BY id DESC LIMIT 1")[0][0]
