"""Two routes at work beside each other: a VICIdial dialer's calls to PostgreSQL, and an Asterisk PBX's calls to a
webhook.

`make demo-routes` calls this file. Only the receiver's owner is not real. The rest is: MariaDB with VICIdial's and
FreePBX's tables, PostgreSQL, the built program, HTTP to a receiver that verifies each signature. All files are
removed at the end.
"""
import collections
import itertools
import pathlib
import sys
import tempfile
import unicodedata

from demo import dial
from harness.dialer import Dialer
from harness.pbx import Pbx
from harness.postgresql import PASSWORD, Postgresql
from harness.receiver import Receiver
from harness.show import chapter, say
from harness.sync import Sync

WIDTH = 62
SHOWN = 6  # the number of calls that are shown of a run


def fit(line):
    """The line, padded or cut to the width of a column. An emoji takes two places."""
    def places(text):
        return sum(1 + (unicodedata.east_asian_width(character) == "W") for character in text)

    while places(line) > WIDTH:
        line = line.rstrip("…")[:-1] + "…"
    return line + " " * (WIDTH - places(line))


def beside(left, right):
    """Two texts beside each other, as columns."""
    for first, second in itertools.zip_longest(left, right, fillvalue=""):
        say(f"   {fit(first)} │ {fit(second)}".rstrip())


def brief(lines):
    """The lines of a run without time stamps and levels. Of the lines about calls, only the first ones."""
    said = [line.split(" ", 3)[3].partition(" ")[2].strip() for line in lines]
    calls = [line for line in said if line.startswith("✓")]
    left_out = set(calls[SHOWN:])
    shown = [line for line in said if line not in left_out]
    if left_out:
        shown.insert(shown.index(calls[SHOWN - 1]) + 1, f"  … and {len(left_out)} more")
    return shown


def conf(sync, *sections):
    """The settings that an operator writes for this route."""
    lines = []
    for section in sections:
        lines.append(f"[{section}]")
        lines += [f"{key} = {value}" for key, value in sync.config[section].items()]
    return lines


def run(routes):
    """Makes one run of each route, as cron starts them."""
    done = [sync.run("--log", "-") for sync in routes]
    beside(*(brief(one.out.splitlines()) for one in done))
    return all(one.code == 0 for one in done)


def call_at_the_pbx(pbx):
    """Makes some calls of the last ten minutes: a queue, a ring group, a transfer, and numbers that were busy or did
    not answer."""
    ended = pbx.now() - 300
    calls = [pbx.outbound(ended), pbx.outbound(ended - 20, disposition="NO ANSWER"),
             pbx.outbound(ended - 40, disposition="BUSY"), pbx.ring_group(ended - 60),
             pbx.ring_group(ended - 80, talk=0), pbx.queue(ended - 100), pbx.queue(ended - 120, talk=0),
             pbx.transfer(ended - 140)]
    pbx.write([row for call in calls for row in call.rows])
    return calls


def show(results):
    """The lines that say how often each result came."""
    counted = collections.Counter(results)
    return ([f"{name:<10} {count:>4}" for name, count in sorted(counted.items())] +
            [f"{'in all':<10} {len(results):>4} calls"])


def records_of(calls):
    return calls.query("SELECT uuid, disposition, call_status FROM callcenter_records ORDER BY uuid")


def go_on(db, pbx, calls, hook, vicidial, asterisk):
    """Shows the chapters after the set-up. Returns whether every call arrived as it should."""
    chapter(3, "Calls end: a morning at the dialer, ten minutes at the PBX")
    rows, waiting = dial(db)
    pbx_calls = call_at_the_pbx(pbx)
    legs = sum(len(call.rows) for call in pbx_calls)
    beside([f"{len(rows)} calls have ended; one more still lacks its disposition"],
           [f"{len(pbx_calls)} calls have ended, in {legs} rows of cdr"])

    chapter(4, "One run of each route, as cron starts them every minute")
    good = run([vicidial, asterisk])

    chapter(5, "What arrived: rows of callcenter_records, and messages with a valid signature")
    records = records_of(calls)
    received = {call: versions[-1] for call, versions in hook.ids().items()}
    beside(show([row["call_status"] for row in records]), show([body["result"] for body in received.values()]))
    good = good and len(records) == len(rows) and sorted(received) == sorted(call.id for call in pbx_calls)

    chapter(6, "The agent chooses SALE, and a new call ends at the PBX; another run of each")
    db.update(waiting, status="SALE")
    late = pbx.outbound(pbx.now() - 100)
    pbx.write(late.rows)
    good = run([vicidial, asterisk]) and good

    chapter(7, "And a minute later: nothing new, nothing twice")
    good = run([vicidial, asterisk]) and good
    records = {row["uuid"]: row for row in records_of(calls)}
    return (good and hook.refused == [] and len(records) == len(rows) + 1 and
            records[waiting]["disposition"] == "SALE" and
            {call: len(versions) for call, versions in hook.ids().items()} ==
            {call.id: 1 for call in [*pbx_calls, late]})


def main():
    say("did-optimizer-sync: each profile is a route from one source to one sink. Two routes, side by side:")
    with tempfile.TemporaryDirectory(prefix="did-optimizer-sync-demo-") as directory:
        chapter(1, "A dialer and a PBX; a PostgreSQL server and a receiver of webhooks")
        with Dialer() as dialer, Postgresql() as postgresql, Receiver() as hook:
            db, pbx, calls = dialer.database("asterisk"), Pbx(dialer), postgresql.database()
            beside(["VICIdial's vicidial_log in MariaDB", f"→ PostgreSQL on 127.0.0.1:{postgresql.port}"],
                   ["FreePBX's cdr in MariaDB", f"→ {hook.url}, which verifies each signature"])

            chapter(2, "Their settings")
            secrets = [pathlib.Path(directory) / name for name in ("password", "secret")]
            for path, text in zip(secrets, (PASSWORD, hook.secret)):
                path.write_text(text + "\n")
                path.chmod(0o600)
            vicidial = Sync(directory + "/vicidial", db, timezone=dialer.timezone)
            asterisk = Sync(directory + "/asterisk", timezone=dialer.timezone)
            vicidial.configure(config={"source": {"type": "vicidial"},
                                       "sink": {"type": "records", "url": calls.url(), "password_file": secrets[0]}})
            asterisk.configure(config={**pbx.config(),
                                       "sink": {"type": "webhook", "url": hook.url, "secret_file": secrets[1]}})
            beside(conf(vicidial, "source", "sink"), conf(asterisk, "source", "sink"))
            for sync in (vicidial, asterisk):
                sync.configure(config={"sync": {"sweep_interval": 0}})
                sync.dids_file.unlink()
            good = go_on(db, pbx, calls, hook, vicidial, asterisk)
            for sync in (vicidial, asterisk):
                sync.close()
    say()
    say("Each call arrived once, by its own route. The servers, the receiver and all files are gone." if good
        else "Something is wrong: what arrived is not what the dialer and the PBX wrote.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
