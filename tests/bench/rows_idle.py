"""A run that finds nothing new, on tables with 1, 9 and 90 days of the same traffic."""
import statistics

import measure
import server
from installation import Installation
from report import Row, ms, times

DAYS = (1, 9, 90)


def rows(bench):
    sites = [_site(bench, days) for days in DAYS]
    floor = [measure.program("floor_connect"), bench.dialer.socket, "cron", "1234",
             bench.history(DAYS[0]).database.name]
    runs = measure.alternate(15, *[lambda site=site: site.go(sent=0) for site in sites], lambda: measure.cost(floor))
    walls = [measure.median(of_one) for of_one in runs]
    bare = walls[-1]
    for days, wall, of_one in zip(DAYS, walls, runs):
        yield Row(_name(days), ms(wall), f"connect and SELECT 1 {ms(bare)}", times(wall, bare), "<= 3",
                  wall <= 3 * bare)
        yield Row("  CPU of the process", ms(measure.median(of_one, "cpu")),
                  f"connect and SELECT 1 {ms(measure.median(runs[-1], 'cpu'))}")
        yield Row("  memory", f"{measure.median(of_one, 'memory'):,.0f} KiB",
                  f"connect and SELECT 1 {measure.median(runs[-1], 'memory'):,.0f} KiB")
    yield Row("  90 days beside 1 day", ms(walls[2]), ms(walls[0]), times(walls[2], walls[0]), "<= 1.20",
              walls[2] <= 1.2 * walls[0])
    for sweep in (False, True):
        yield from _server_rows(bench, sites, sweep)


def _name(days):
    return f"idle run, {days} day{'s' if days > 1 else ''} of calls ({days * 0.11:.1f} million rows)"


def _site(bench, days):
    """An installation whose API has accepted all calls that the poll and the sweep read."""
    traffic = bench.history(days)
    site = Installation(bench.directory, traffic.database, bench.nginx.plain)
    site.set_checkpoint(f"{traffic.database.now() - 7 * 3600}")
    site.go()
    site.make_sweep_due()
    site.go()
    site.keep_state()
    return site


def _server_rows(bench, sites, sweep):
    """The database server's part of the cost, and the wall time again for a run with a sweep."""
    def one(site):
        if sweep:
            site.make_sweep_due()
        with server.watch(bench.dialer) as seen:
            seen.cost = site.go(sent=0)
        return seen

    seen = measure.alternate(5, *[lambda site=site: one(site) for site in sites])
    for days, of_one in zip(DAYS, seen):
        wall, time = (statistics.median(values) for values in
                      ([one.cost.wall for one in of_one], [one.time() for one in of_one]))
        first = statistics.median(one.time() for one in seen[0])
        name = f"  {'with the sweep due' if sweep else 'no sweep due'}, {days} day{'s' if days > 1 else ''}"
        yield Row(f"{name}: server's time", ms(time), f"1 day {ms(first)}", times(time, first))
        yield Row(f"{name}: statements", f"{statistics.median(len(one.statements) for one in of_one):.0f}")
        yield Row(f"{name}: rows read", f"{of_one[-1].rows_read:,}", f"1 day {seen[0][-1].rows_read:,}",
                  times(of_one[-1].rows_read, seen[0][-1].rows_read), "<= 1.20",
                  of_one[-1].rows_read <= 1.2 * seen[0][-1].rows_read)
        if sweep:
            yield Row(f"{name}: wall", ms(wall))
