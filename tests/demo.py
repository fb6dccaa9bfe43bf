"""The program at work, for somebody who sees the program for the first time. `make demo` calls this file.

Only the API's owner is not real. The rest is: a MariaDB server with VICIdial's table, the built program, and HTTP to
a local stand-in of the API. All files are in a temporary directory that is removed at the end.
"""
import collections
import sys
import tempfile

from harness.api import Api
from harness.dialer import Dialer
from harness.show import chapter, say
from harness.sync import Sync

# What the dialer writes, and how often: status, length in seconds, agent, comments.
CALLS = [
    ("SALE", 184, "1001", "AUTO", 4), ("A", 31, "1002", "AUTO", 3), ("NI", 58, "1001", "AUTO", 4),
    ("CALLBK", 77, "1003", "AUTO", 2), ("DNC", 22, "1002", "AUTO", 2), ("B", 9, "1003", "MANUAL", 2),
    ("NA", 0, "VDAD", None, 8), ("NO", 0, "VDAD", None, 2), ("BUSY", 0, "VDAD", None, 2), ("AB", 0, "VDAD", None, 3),
    ("ADC", 0, "VDAD", None, 2), ("DROP", 6, "VDAD", None, 3), ("AMD", 3, "VDAD", None, 2),
]


def dial(db):
    """Writes a morning's calls. The last eight of them end in the same second."""
    now = db.now()
    rows = []
    for status, length, agent, comments, times in CALLS:
        for _ in range(times):
            number = len(rows)
            ended = now - 600 + 12 * number if number < 31 else now - 200
            rows.append({"uniqueid": f"{ended - length}.{number}", "end_epoch": ended, "length_in_sec": length,
                         "status": status, "user": agent, "comments": comments, "campaign_id": "DEMO",
                         "phone_number": f"312555{1000 + number}", "called_count": 1 + number % 3})
    db.insert_many(rows)
    waiting = db.insert(uniqueid=f"{now - 120}.77", end_epoch=now - 30, length_in_sec=90, status="DISPO", user="1001",
                        campaign_id="DEMO", phone_number="3125559999")
    return rows, waiting


def run(sync):
    """Makes one run, and shows what an operator sees."""
    done = sync.run("--log", "-")
    for line in done.out.splitlines():
        # The time stamps are cut off, because every line has the same one.
        say("   " + line.split(" ", 3)[3])
    if done.code != 0:
        say(f"   {done.err}the program ended with {done.code}")
    return done


def show_received(api):
    bodies = api.recorded()
    say(f"   {'result':<10} {'status':<7} {'calls':>5}  {'length 0':>8}   for example")
    groups = collections.defaultdict(list)
    for body in bodies:
        groups[body["result"], body["disposition"]].append(body)
    for (result, status), group in sorted(groups.items()):
        first = group[0]
        empty = sum(body["duration"] == 0 for body in group)
        say(f"   {result:<10} {status:<7} {len(group):>5}  {empty:>8}   {first['phoneNumber']}, {first['duration']} s, "
            f"agent {first['agentId']}")
    return bodies


def main():
    say("did-optimizer-sync: every finished call of a VICIdial dialer reaches the DID Optimizer API, once.")
    with tempfile.TemporaryDirectory(prefix="did-optimizer-sync-demo-") as directory:
        chapter(1, "A dialer's database and an API")
        with Dialer() as dialer, Api(api_key="demo-key") as api:
            db = dialer.database("asterisk")
            say(f"   MariaDB {dialer.query('SELECT VERSION() AS v')[0]['v']} with VICIdial's vicidial_log (MyISAM), "
                "in a directory of its own")
            say(f"   a stand-in of the API on {api.url}, which checks the key and the required fields")

            chapter(2, "The dialer makes calls")
            rows, waiting = dial(db)
            say(f"   {len(rows)} calls have ended: {sum(row['length_in_sec'] == 0 for row in rows)} of them have "
                "length 0, and the last 8 ended in the same second.")
            say("   One more has ended, but its agent is still choosing a disposition (status DISPO).")

            chapter(3, "One run of did-optimizer-sync, as cron starts it every minute")
            sync = Sync(directory + "/host", db, api)
            # Small batches, so that two of them share the calls of one second.
            sync.configure(config={"sync": {"batch_size": 10}})
            run(sync)
            say("   The lines about missing data: this small database has none of VICIdial's tables with the DID, the "
                "carrier's causes and talk times.")

            chapter(4, "What the API received")
            bodies = show_received(api)
            say(f"   {len(bodies)} calls received, {len({body['uniqueid'] for body in bodies})} different ones, "
                f"{len(rows)} had ended. The one in the disposition screen is not among them.")

            chapter(5, "A minute later: nothing new, nothing twice")
            run(sync)

            chapter(6, "The agent chooses SALE; the next run sends that call, with its real disposition")
            db.update(waiting, status="SALE")
            run(sync)

            received = {body["uniqueid"]: body for body in api.recorded()}
            good = (len(api.recorded()) == len(received) == len(rows) + 1 and
                    received[waiting]["disposition"] == "SALE")
            sync.close()
    say()
    say("Every call arrived once, with the disposition it ended with. The server, the stand-in and all files are gone."
        if good else "Something is wrong: the API does not hold what the dialer wrote.")
    say("Next: the README says how to install it on a dialer; `make test` runs every test.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
