"""Tables of a dialer's traffic, built inside the server."""
import time

from harness.dialer import Dialer

CALLS_A_DAY = 110_000
LONGEST_CALL = 260  # seconds

# A key buffer that holds the indexes, as on a dialer, and room to build them by sorting.
OPTIONS = ["--key-buffer-size=512M", "--myisam-sort-buffer-size=512M", "--myisam-max-sort-file-size=16G"]

_KEYS = "ADD PRIMARY KEY (uniqueid), ADD INDEX lead_id (lead_id), ADD INDEX call_date (call_date)"

# One call for each number of a sequence; ended is its end_epoch, lasted its length.
_CALLS = """
    SELECT CONCAT(ended - lasted, '.', {numbered} + seq), 1000 + seq MOD 500000, 101 + seq MOD 7,
           ELT(1 + seq MOD 3, 'OUTBND', 'SURVEY', 'RENEWALS'), FROM_UNIXTIME(ended - lasted), ended - lasted, ended,
           lasted, ELT(1 + seq MOD 12, 'NA', 'NA', 'NA', 'NA', 'B', 'AB', 'DC', 'DROP', 'NI', 'NI', 'SALE', 'DNC'),
           '1', CONCAT('312', LPAD(seq * 7919 MOD 10000000, 7, '0')), IF(seq MOD 12 < 8, 'VDAD', 1001 + seq MOD 40),
           'AUTO', 'N', 'AGENTS', IF(seq MOD 2, 'CALLER', 'AGENT'), 'MAIN', 1 + seq MOD 9
    FROM (SELECT seq, {until} - FLOOR(({count} - seq) * {span} / {count}) AS ended,
                 IF(seq MOD 12 < 8, seq MOD 25, 20 + seq * 31 MOD 240) AS lasted FROM seq_1_to_{count}) AS calls"""

# The calls of that day again, some days earlier.
_EARLIER = """
    SELECT CONCAT(start_epoch - days.seq * 86400, SUBSTR(uniqueid, 11)), lead_id, list_id, campaign_id,
           call_date - INTERVAL days.seq DAY, start_epoch - days.seq * 86400, end_epoch - days.seq * 86400,
           length_in_sec, status, phone_code, phone_number, user, comments, processed, user_group, term_reason,
           alt_dial, called_count
    FROM seq_{days}_to_0 AS days STRAIGHT_JOIN {day}"""


class Traffic:
    """A database with this many days of calls in vicidial_log, evenly spread up to now."""

    def __init__(self, dialer, name, days):
        self.database = dialer.database(name)
        self.query = self.database.query
        self.rows = days * CALLS_A_DAY
        # Keys come last: building them by sorting takes a fifth of the time.
        for table in "day", "history":
            self.query(f"CREATE TABLE {table} LIKE vicidial_log")
            self.query(f"ALTER TABLE {table} DROP PRIMARY KEY, DROP INDEX lead_id, DROP INDEX call_date")
        self.query("INSERT INTO day " + _CALLS.format(count=CALLS_A_DAY, until=self.database.now(), span=86400,
                                                      numbered=0))
        self.query("INSERT INTO history " + _EARLIER.format(days=days - 1, day="day"))
        self.query(f"ALTER TABLE history {_KEYS}")
        self.query("DROP TABLE day, vicidial_log")
        self.query("RENAME TABLE history TO vicidial_log")

    def add(self, count, span, until=None):
        """Adds calls that ended in the last `span` seconds before `until` (by default now)."""
        self.query("INSERT INTO vicidial_log " + _CALLS.format(
            count=count, until=until or self.database.now(), span=span, numbered=self.rows))
        self.rows += count

    def nth_last(self, count):
        """The position before the last `count` calls, in the form of the checkpoint file."""
        row = self.query("SELECT end_epoch, uniqueid FROM vicidial_log ORDER BY end_epoch DESC, uniqueid DESC "
                         f"LIMIT {count}, 1")[0]
        return f"{row['end_epoch']} {row['uniqueid']}"


def server():
    return Dialer(options=OPTIONS)


def settle():
    """Waits, because a run sends a call only some seconds after the call's end."""
    time.sleep(3)
