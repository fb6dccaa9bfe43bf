"""The work of the database server in the meantime, by the slow log with every statement."""
import contextlib
import dataclasses
import re


@dataclasses.dataclass
class Statement:
    seconds: float
    rows: int
    sql: str


class Seen:
    """statements: those of the user cron, in order. rows_read: the rows that the storage engines' handlers read."""

    def __init__(self):
        self.statements = []
        self.rows_read = 0
        self.cost = None

    def time(self, wanted=lambda statement: True):
        return sum(one.seconds for one in self.statements if wanted(one))

    def longest(self):
        return max(self.statements, key=lambda one: one.seconds)


def _rows_read(dialer):
    return sum(int(row["Value"]) for row in dialer.query("SHOW GLOBAL STATUS LIKE 'Handler_read%'"))


@contextlib.contextmanager
def watch(dialer):
    seen = Seen()
    log = dialer.directory / "slow.log"
    dialer.query(f"SET GLOBAL slow_query_log_file = '{log}', GLOBAL long_query_time = 0, GLOBAL slow_query_log = 1")
    start = log.stat().st_size if log.exists() else 0
    own = -_rows_read(dialer)
    before = _rows_read(dialer)
    own += before  # the rows that SHOW STATUS itself reads
    yield seen
    seen.rows_read = _rows_read(dialer) - before - own
    dialer.query("SET GLOBAL slow_query_log = 0, GLOBAL long_query_time = 10")
    with open(log, encoding="utf-8", errors="replace") as lines:
        lines.seek(start)
        seen.statements = list(_parse(lines.read()))


def _parse(text):
    for part in re.split(r"(?m)^# User@Host: ", text)[1:]:
        figures = re.search(r"# Query_time: ([\d.]+) .*Rows_examined: (\d+)", part)
        if part.startswith("cron[") and figures:
            sql = "\n".join(line for line in part.splitlines()[1:]
                            if not line.startswith(("#", "SET timestamp", "use ")))
            yield Statement(float(figures[1]), int(figures[2]), sql)
