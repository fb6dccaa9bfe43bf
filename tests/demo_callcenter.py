"""A hosted PBX's calls in a table and their recordings in Google Drive, in less than a minute.

`make demo-callcenter` calls this file. Only the PBX and Google are not real. The rest is: the built program, HTTP to
stand-ins for both, an SQLite file. All files are removed at the end.
"""
import collections
import contextlib
import hashlib
import json
import pathlib
import random
import sqlite3
import sys
import tempfile
import time

from harness.drive import Drive
from harness.pbx_api import PbxApi
from harness.process import end
from harness.recordings import sound
from harness.show import Bars, chapter, say
from harness.sync import Sync

CALLS = 2000
SPAN = 3000  # the calls end within so many seconds
# How often each result happens among a hundred calls.
RESULTS = {"ANSWER": 62, "NO_ANSWER": 18, "BUSY": 9, "CANCELED": 8, "FAILED": 3}
KEY = "k3y-of-the-pbx"
RUNS = 4  # one is enough, unless the machine is slow: a run ends after 50 seconds, and the next one goes on


def make_calls(pbx):
    """An hour of a busy call centre. Calls that were answered have a recording: one KiB for each second."""
    chance, now = random.Random(2000), int(time.time())
    for number in range(CALLS):
        status = chance.choices(list(RESULTS), RESULTS.values())[0]
        talk = chance.randint(5, 300) if status == "ANSWER" else 0
        call = pbx.call(now - 60 - SPAN * number // CALLS, length=talk + chance.randint(3, 25), talk=talk,
                        status=status, direction=chance.choice(["outbound", "outbound", "inbound"]),
                        own=str(2001 + chance.randrange(40)))
        if talk:
            record(pbx, call)


def record(pbx, call):
    call["md5"] = hashlib.md5(pbx.record(call, sound(call["uuid"], 1024 * call["talk"]))).hexdigest()


class Table:
    """The SQLite file that the program writes."""

    def __init__(self, path):
        self.path = path

    def query(self, sql):
        if not self.path.exists():
            return []
        with contextlib.closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True, timeout=10)) as file:
            file.row_factory = sqlite3.Row
            try:
                return file.execute(sql).fetchall()
            except sqlite3.OperationalError:
                return []  # the program has not made the table yet

    def count(self):
        return next((row[0] for row in self.query("SELECT COUNT(*) FROM callcenter_records")), 0)


def show_conf(sync):
    """Shows the settings that an operator writes."""
    for section in ("source", "sink", "recordings"):
        say(f"   [{section}]")
        for key, value in sync.config[section].items():
            say(f"   {key} = {value}")


def run(sync, pbx, table, drive):
    """Makes runs, as cron starts them, until each recording is in Drive. Shows a bar for records and a bar for
    recordings."""
    recordings = sum(call["recording"] is not None for call in pbx.rows)
    bars = Bars(("records", table.count, CALLS), ("recordings", lambda: len(drive.files), recordings))
    good, runs = True, 0
    while good and runs < RUNS and (runs == 0 or len(drive.files) < recordings):
        process = sync.start("run")
        while process.poll() is None:
            bars.show()
            time.sleep(0.1)
        good, runs = end(process) == 0, runs + 1
    bars.end()
    for line in sync.log_file.read_text().splitlines():
        if any(words in line for words in ("📞", "🎙 Recordings", "📊")):
            say("   " + line.split(" ", 4)[4].strip())
    return good


def show_records(table):
    rows = table.query("SELECT call_status, COUNT(*) AS calls, SUM(direction = 'inbound') AS inbound, "
                       "SUM(billsec) AS talk, COUNT(google_drive_url) AS links FROM callcenter_records "
                       "GROUP BY call_status ORDER BY calls DESC")
    say(f"   {'call_status':<12} {'calls':>6} {'inbound':>8} {'minutes':>8} {'recordings':>11}")
    for row in rows:
        say(f"   {row['call_status']:<12} {row['calls']:>6,} {row['inbound']:>8,} {row['talk'] // 60:>8,} "
            f"{row['links']:>11,}")
    newest = table.query("SELECT agent, phone_number, billsec, google_drive_url FROM callcenter_records "
                         "WHERE google_drive_url IS NOT NULL ORDER BY start_epoch DESC LIMIT 3")
    say("   The newest of them:")
    for row in newest:
        say(f"   {row['agent']} and {row['phone_number']}, {row['billsec']} s: {row['google_drive_url']}")


def is_good(pbx, table, drive):
    """Whether the table has each call of the PBX once, with its lengths and the link to its recording in Drive."""
    rows = table.query("SELECT uuid, duration, billsec, google_drive_url FROM callcenter_records")
    kept = {file["webViewLink"]: file["md5Checksum"] for file in drive.files.values()}
    want = collections.Counter((call["uuid"], call["length"], call["talk"], call.get("md5")) for call in pbx.rows)
    got = collections.Counter((row["uuid"], row["duration"], row["billsec"], kept.get(row["google_drive_url"]))
                              for row in rows)
    return got == want and len(kept) == sum(call["recording"] is not None for call in pbx.rows)


def configure(directory, pbx, drive):
    """Makes an installation with the files that an operator writes: the PBX's key, and the key of a service account."""
    account = drive.accounts.service_account()
    files = {"pbx.key": KEY + "\n", "drive.json": json.dumps(account, indent=2)}
    for name, text in files.items():
        (directory / name).write_text(text)
        (directory / name).chmod(0o600)
    sync = Sync(directory / "host", timezone="Asia/Ho_Chi_Minh")
    sync.configure(config={
        "source": {"type": "pbx-api", "url": pbx.url, "domain": pbx.domain, "key_file": directory / "pbx.key",
                   "time_zone": "Asia/Ho_Chi_Minh"},
        "sink": {"type": "records", "file": directory / "calls.db"},
        "recordings": {"upload": "google-drive", "folder": drive.folder([account], shared_drive=True),
                       "credentials_file": directory / "drive.json", "endpoint": drive.url, "concurrency": 8}})
    sync.dids_file.unlink()
    return sync


def main():
    say("did-optimizer-sync: the calls of a hosted PBX in a table of your own, their recordings in Google Drive.")
    with tempfile.TemporaryDirectory(
            prefix="did-optimizer-sync-demo-") as name, PbxApi(key=KEY) as pbx, Drive() as drive:
        directory = pathlib.Path(name)
        chapter(1, f"A hosted PBX with {CALLS:,} calls, and Google Drive")
        make_calls(pbx)
        say(f"   a stand-in of the PBX's API on {pbx.url}, which checks the key")
        say(f"   a stand-in of Google Drive on {drive.url}, which verifies the signature of each request for a token")

        chapter(2, "The settings: from where, and to where")
        sync, table = configure(directory, pbx, drive), Table(directory / "calls.db")
        show_conf(sync)

        chapter(3, "A run, as cron starts it every minute")
        good = run(sync, pbx, table, drive)

        chapter(4, "What arrived")
        show_records(table)
        good = good and is_good(pbx, table, drive)

        chapter(5, "A call ends at the PBX; a minute later it is in the table, and no call is there twice")
        record(pbx, pbx.call(time.time() - 5, length=40, talk=30))
        good = sync.run("run").code == 0 and is_good(pbx, table, drive) and good
        say(f"   {table.count():,} records, {len(drive.files):,} recordings in Drive")
        sync.close()
    say()
    say("Each call of the PBX is in the table once, with its recording in Drive. The stand-ins and all files are gone."
        if good else "Something is wrong: the table or Drive does not have what the PBX has.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
