"""Steady state at 150,000 calls an hour, with runs as cron starts them: the cost of a minute for the database."""
import contextlib
import re
import statistics

import measure
import server
import steady
from installation import Installation
from report import Row, ms, times

HOURS = 7         # as far back as any run reads
WARM_UP = 3       # minutes
MINUTES = 40      # with every kind of run among them
LATEST = 720      # s: a call must have been offered by then
LONG = 1800       # s: a long call
EVERY, ROUNDS = 5, 36  # run --every 5, for three minutes

# 120 ms. A poll that read forty minutes of calls in each run took 688 ms, which was 32 times the floor.
SERVER_TIME = 32 * 120 / 688

_ROWS = ("a call is read when it is new; then 1.4 times, as each scan goes back 82 s for rows that are written late; "
         "once when it is 40 minutes old, and 1.5 times by the sweep. The calls that are open or wait for a "
         "disposition are read by their ids in each run, 2 or 3 rows for each new call. Most of them have been open "
         "for over ten minutes")
_TIME = ("the server takes 20 us for a row by its id, and 8 us for a row of a range in so short statements; the floor "
         "reads longer ranges, at 5 us a row. More than half of the time is for the calls that are open or wait")


def rows(bench):
    with steady.steady(bench.dialer, "steady", HOURS, WARM_UP + MINUTES + 5) as busy:
        empty = Installation(bench.directory, busy.database, bench.nginx.plain)
        site = Installation(bench.directory, busy.database, bench.nginx.plain)
        site.go_back(f"{busy.now - HOURS * 3600}")
        site.go()
        site.know_for_days(busy.now)
        yield from _idle_rows(bench, busy, site, empty)
        for _ in range(WARM_UP):
            busy.pass_time()
            site.go()
        seen = _Seen(busy)
        for _ in range(MINUTES):
            seen.add(bench.dialer, busy, site)
        yield from _cost_rows(seen)
        yield from _delay_rows(busy, seen, "cron each minute", 62, LATEST)
        seen = _Seen(busy)
        for _ in range(ROUNDS):
            seen.add(bench.dialer, busy, site, EVERY)
        yield from _delay_rows(busy, seen, f"--every {EVERY}", EVERY + 2, 60)


# ---- nothing new ----

def _idle_rows(bench, busy, site, empty):
    """The server's clock stands still, so no call changes."""
    site.go()
    known = site.ledger("SELECT count(*) FROM call")[0][0]
    bare = [measure.program("floor_connect"), bench.dialer.socket, "cron", "1234", busy.database.name]
    runs = measure.alternate(9, site.go, empty.go, lambda: measure.cost(bare))
    full, none, floor = (measure.median(of_one) for of_one in runs)
    yield Row(f"steady state: idle run, a ledger of {known:,} calls", ms(full), f"an empty ledger {ms(none)}",
              times(full, none), "<= 2.00", full <= 2 * none)
    yield Row("  an empty ledger", ms(none), f"connect and SELECT 1 {ms(floor)}", times(none, floor))


# ---- each minute ----

class _Seen:
    """minutes: the server's work in each run (see server.Seen). floors: the cost of reading the new rows of each run
    once, by call_date. sent: uniqueid -> the time when the API was first offered the call."""

    def __init__(self, busy):
        self.minutes, self.floors, self.sent = [], [], {}
        self.began = busy.now

    def add(self, dialer, busy, site, seconds=60):
        busy.pass_time(seconds)
        offset = site.log_file.stat().st_size
        with server.watch(dialer) as minute:
            minute.cost = site.go()
        for uniqueid in re.findall(r"[✓✗] (\S+): ", site._log_from(offset)):
            self.sent.setdefault(uniqueid, busy.now)
        with server.watch(dialer) as floor:
            _read_once(busy)
        self.minutes.append(minute)
        self.floors.append(floor)


_COLUMNS = ("uniqueid, lead_id, list_id, campaign_id, call_date, start_epoch, end_epoch, length_in_sec, status, "
            "phone_code, phone_number, user, comments, user_group, term_reason, alt_dial, called_count")


def _read_once(busy):
    """Reads the minute's rows once, in five short statements."""
    with contextlib.closing(busy.database.connect()) as connection, connection.cursor() as cursor:
        for ago in range(60, 0, -12):
            since = busy.now - ago + 1
            cursor.execute(f"SELECT {_COLUMNS} FROM vicidial_log FORCE INDEX (call_date) WHERE call_date >= "
                           f"FROM_UNIXTIME({since}) AND call_date < FROM_UNIXTIME({since + 12})")
            cursor.fetchall()


def _cost_rows(seen):
    new = steady.A_MINUTE
    spent = [minute.time() for minute in seen.minutes]
    floor = statistics.median(minute.time() for minute in seen.floors)
    examined = statistics.median(minute.rows_read / new for minute in seen.minutes)
    least = statistics.median(minute.rows_read / new for minute in seen.floors)
    middle, most = statistics.median(spent), max(spent)
    longest = max((minute.longest() for minute in seen.minutes), key=lambda statement: statement.seconds)
    yield Row("  rows examined a new call", f"{examined:.1f}", f"each new row once {least:.1f}", times(examined, least),
              "<= 6", examined <= 6, why=_ROWS)
    yield Row("  the mean of all minutes", f"{statistics.mean(m.rows_read / new for m in seen.minutes):.1f}")
    yield Row("  server's time for a minute's run", ms(middle), f"each new row once {ms(floor)}", times(middle, floor),
              f"<= {SERVER_TIME:.1f}", middle <= SERVER_TIME * floor, why=_TIME)
    yield Row("  the most of all minutes", ms(most), f"median {ms(middle)}", times(most, middle), "<= 2.00",
              most <= 2 * middle)
    yield Row("  statements in a run", f"{statistics.median(len(m.statements) for m in seen.minutes):.0f}",
              f"most {max(len(m.statements) for m in seen.minutes)}")
    yield Row("  longest single statement", ms(longest.seconds), f"{longest.rows:,} rows examined", "", "<= 50 ms",
              longest.seconds <= 0.05)
    yield Row("  wall time of a minute's run", ms(statistics.median(m.cost.wall for m in seen.minutes)))


# ---- how late ----

def _delay_rows(busy, seen, how, most, latest):
    """The time from the moment when a call is final to the run that offers it to the API."""
    settled = busy.settled(seen.began, busy.now - latest)
    late = {length: [seen.sent[call] - since for call, (since, lasted) in settled.items()
                     if lasted >= length and call in seen.sent] for length in (0, LONG)}
    for length, name in (0, f"  from final to offered, {how}"), (LONG, f"    calls over {LONG // 60} minutes"):
        if late[length]:
            worst = measure.quantile(late[length], 0.99)
            middle, last = statistics.median(late[length]), max(late[length])
            yield Row(name, f"p50 {middle:.0f} s, p99 {worst:.0f} s, max {last:.0f} s", f"{len(late[length]):,} calls",
                      "", f"p99 <= {most} s", worst <= most)
    missing = len(settled) - len(late[0])
    yield Row(f"    not offered within {latest} s", f"{missing}", f"of {len(settled):,} calls", "", "0", missing == 0)
