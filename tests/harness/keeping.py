"""An installation that stores the recordings of a hosted PBX, and what the installation has stored."""
import contextlib
import sqlite3
import time

from .pbx_api import PbxApi
from .sync import Sync

HOUR = 3600
KEY = "k3y-of-the-pbx"


@contextlib.contextmanager
def installed(tmp_path):
    """Gives make(source, **recordings), which returns a PBX and an installation that stores the PBX's recordings in
    a directory."""
    with contextlib.ExitStack() as stack:
        def make(source=(), **recordings):
            pbx = stack.enter_context(PbxApi(key=KEY))
            host = Sync(tmp_path / "host", timezone="UTC")
            stack.callback(host.close)
            (tmp_path / "kept").mkdir()
            host.configure(config={"sync": {"settle": 0, "splay": 0, "sweep_interval": 60},
                                   "source": {"type": "pbx-api", "url": pbx.url, "domain": "demo", "key": KEY,
                                              "time_zone": "Asia/Ho_Chi_Minh", **dict(source)},
                                   "sink": {"type": "records", "file": tmp_path / "calls.db"},
                                   "recordings": {"upload": "directory", "folder": tmp_path / "kept", **recordings}})
            host.set_checkpoint(int(time.time()) - 3 * HOUR)
            host.kept = tmp_path / "kept"
            return pbx, host

        yield make


def records(sync):
    with contextlib.closing(sqlite3.connect(sync.directory.parent / "calls.db")) as file:
        file.row_factory = sqlite3.Row
        return {row["uuid"]: dict(row) for row in file.execute("SELECT * FROM callcenter_records")}


def stored(sync):
    """The files in the directory: path below the directory -> content."""
    return {str(path.relative_to(sync.kept)): path.read_bytes() for path in sync.kept.rglob("*") if path.is_file()}


def spooled(sync):
    spool = sync.state / "spool"
    return sorted(path.name for path in spool.iterdir()) if spool.exists() else []


def change_ledger(sync, sql, *args):
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger:
        ledger.execute(sql, args)
        ledger.commit()


def make_due(sync):
    change_ledger(sync, "UPDATE recording SET due = 0 WHERE state = 1")


def name_of(call, ending="mp3"):
    return time.strftime(f"{call['uuid']}_%Y%m%d_%H%M%S.{ending}", time.gmtime(call["started"]))


def run(sync, *words):
    done = sync.run("run", timeout=90)
    assert done.code == 0, done.log
    assert KEY not in done.log + done.out + done.err
    for word in words:
        assert word in done.log, done.log
    return done


def state_of(sync, call):
    return sync.ledger("SELECT state, attempts, noted FROM recording WHERE call = ?", call["uuid"])[0]
