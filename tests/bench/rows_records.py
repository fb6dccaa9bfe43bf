"""20,000 calls into a table of SQLite and of PostgreSQL, compared with COPY of the same rows into such a table."""
import time

import measure
from harness.postgresql import PASSWORD, Postgresql
from installation import Installation
from report import Row, rate, share

CALLS, MOST_SECONDS = 20_000, 2.0


class _Table:
    """The address of the records, in the form that Installation needs for an API."""
    url, api_key = "http://127.0.0.1:1", "unused"

    def __init__(self, **settings):
        self.settings = {"type": "records", **settings}

    def installed(self, bench):
        site = Installation(bench.directory, bench.recent.database, self)
        site.configure(config={"sink": self.settings})
        return site


def rows(bench):
    checkpoint = bench.recent.nth_last(CALLS)
    file = bench.directory / "records.db"

    def clear_file():
        for path in bench.directory.glob("records.db*"):
            path.unlink()

    yield _row("SQLite", _Table(file=file).installed(bench), checkpoint, clear_file)
    with Postgresql(options={"fsync": "on"}) as server:
        calls = server.database()
        password = bench.directory / "password"
        password.write_text(PASSWORD)
        password.chmod(0o600)
        site = _Table(url=calls.url(), password_file=password).installed(bench)

        def clear_tables():
            calls.query("DROP TABLE IF EXISTS callcenter_records, callcenter_sync_logs, copied")

        def copy():
            calls.query("CREATE TABLE copied (LIKE callcenter_records INCLUDING ALL)")
            began = time.monotonic()
            calls.query(f"COPY copied FROM '{server.directory}/rows'")
            return time.monotonic() - began

        clear_tables()
        yield _row("PostgreSQL", site, checkpoint, clear_tables)
        server.query(f"COPY (SELECT * FROM callcenter_records) TO '{server.directory}/rows'", calls.name)
        copied = sorted(_fresh(calls, copy) for _ in range(3))[1]
        site.go_back(checkpoint)
        clear_tables()
        whole = site.go(sent=CALLS).wall
        yield Row("  beside COPY of the same rows", rate(CALLS, whole), f"COPY {rate(CALLS, copied)}",
                  share(copied, whole))
        site.go_back(checkpoint)
        again = site.go(sent=CALLS).wall
        yield Row("  the same calls again: nothing changes", rate(CALLS, again), f"the first time {rate(CALLS, whole)}")


def _fresh(calls, copy):
    calls.query("DROP TABLE IF EXISTS copied")
    return copy()


def _row(name, site, checkpoint, clear):
    def ours():
        site.go_back(checkpoint)
        clear()
        return site.go(sent=CALLS)

    wall = measure.median([ours() for _ in range(3)])
    return Row(f"records of {CALLS:,} calls, {name}", f"{wall:.2f} s", rate(CALLS, wall),
               target=f"<= {MOST_SECONDS:g} s", holds=wall <= MOST_SECONDS)
