"""vicidial-inbound: inbound calls go from vicidial_closer_log to the API."""
import contextlib
import json
import sqlite3

import pytest

HOUR = 3600
DID = "8005550100"
UNKNOWN = object()


@pytest.fixture(params=["newest", "2.4"])
def closer(request, db, sync):
    """An installation that reads the inbound calls of a dialer of this version."""
    db.make_vicidial(request.param)
    sync.configure(config={"source": {"type": "vicidial-inbound"}, "sync": {"splay": 0, "settle": 0}})
    sync.set_checkpoint(db.now() - 3 * HOUR)
    return Closer(db)


class Closer:
    def __init__(self, db):
        self.db = db
        self.zone = db.query("SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW()) AS zone")[0]["zone"]

    def date(self, epoch):
        return self.db.query("SELECT FROM_UNIXTIME(%s) AS date", [epoch])[0]["date"]

    def visit(self, did=None, table="vicidial_closer_log", **columns):
        """Writes one row; the default is a sale that ended a minute ago. Returns the call's id."""
        end = columns.setdefault("end_epoch", self.db.now() - 60)
        columns.setdefault("length_in_sec", 50)
        start = columns.setdefault("start_epoch", (end or self.db.now()) - (columns["length_in_sec"] or 0))
        row = {"lead_id": 7, "list_id": 999, "campaign_id": "SUPPORT_INBOUND_GRP", "call_date": self.date(start),
               "status": "SALE", "phone_code": "1", "phone_number": "3125550199", "user": "6666", "comments": "AUTO",
               "processed": "N", "queue_seconds": "20.00", "user_group": "AGENTS", "xfercallid": 0,
               "term_reason": "CALLER", "uniqueid": f"{start}.{start % 1000}", **columns}
        number = self.db.put(table, **row) or row["closecallid"]
        if did is not None:
            self.dial(row["uniqueid"], did, row["call_date"])
        return f"{row['uniqueid']}/c{number}"

    def dial(self, uniqueid, did, date, table="vicidial_did_log"):
        self.db.put(table, uniqueid=uniqueid, channel="SIP/trunk-1", server_ip="10.0.0.1", extension=did,
                    call_date=date)

    def update(self, call, **columns):
        self.db.query("UPDATE vicidial_closer_log SET " + ",".join(f"{column}=%s" for column in columns)
                      + " WHERE closecallid=%s", [*columns.values(), call.rpartition("/c")[2]])


def sent(api):
    return {uniqueid: bodies[-1] for uniqueid, bodies in api.by_uniqueid().items()}


def run(sync):
    done = sync.run()
    assert done.code == 0, done.log
    return done


def test_all_data_of_a_call_are_sent(closer, sync, api):
    now = closer.db.now()
    call = closer.visit(did=DID, start_epoch=now - 200, end_epoch=now - 100, length_in_sec=100, queue_seconds="40.50",
                        uniqueid=f"{now - 201}.17")
    run(sync)
    body = sent(api)[call]
    assert call == f"{now - 201}.17/c1"
    assert {name: body[name] for name in ("phoneNumber", "customerPhone", "direction", "campaignId", "disposition",
                                          "duration", "queueSeconds", "agentId", "termReason", "startEpoch", "endEpoch",
                                          "result")} == {
        "phoneNumber": DID, "customerPhone": "3125550199", "direction": "inbound", "campaignId": "SUPPORT_INBOUND_GRP",
        "disposition": "SALE", "duration": 59, "queueSeconds": 41, "agentId": "6666", "termReason": "CALLER",
        "startEpoch": now - 200, "endEpoch": now - 100, "result": "answered"}
    assert body["did"] == DID and "transferOf" not in body
    run(sync)
    assert len(api.recorded()) == 1


@pytest.mark.parametrize("status, comments", [("QUEUE", "AUTO"), ("INCALL", "AUTO"), ("DISPO", "AUTO"), ("", "AUTO"),
                                              ("ALTNUM", "AUTO"), ("XFER", "AUTO")])
def test_a_call_waits_for_its_disposition(closer, sync, api, status, comments):
    call = closer.visit(did=DID, status=status, comments=comments)
    run(sync)
    assert sent(api) == {}
    closer.update(call, status="SALE")
    run(sync)
    run(sync)
    assert [(body["uniqueid"], body["disposition"]) for body in api.recorded()] == [(call, "SALE")]


def test_a_disposition_has_no_limit_of_4_hours(closer, sync, api):
    """vdc_db_query.php finds the row only by lead and user, so the row may be old."""
    now = closer.db.now()
    sync.set_checkpoint(now - 10 * HOUR)
    call = closer.visit(did=DID, status="DISPO", start_epoch=now - 9 * HOUR, end_epoch=now - 9 * HOUR + 300)
    run(sync)
    assert sent(api) == {}
    closer.update(call, status="SALE")
    run(sync)
    assert sent(api)[call]["disposition"] == "SALE" and len(api.recorded()) == 1


def test_a_call_without_a_disposition_is_sent_after_disposition_wait(closer, sync, api):
    sync.configure(config={"source": {"disposition_wait": 30}})
    call = closer.visit(status="DISPO")
    run(sync)
    assert sent(api)[call]["disposition"] == "DISPO"


def test_a_remote_agents_transfer_is_final(closer, sync, api):
    call = closer.visit(status="XFER", comments="REMOTE")
    run(sync)
    assert sent(api)[call]["disposition"] == "XFER"


def test_a_call_that_has_not_ended_is_not_sent(closer, sync, api):
    """If a caller leaves the queue and gets a new row, the old row stays QUEUE without an end."""
    closer.visit(status="QUEUE", start_epoch=closer.db.now() - 120, end_epoch=None, length_in_sec=None)
    left = closer.visit(status="NANQUE", queue_seconds=0)
    run(sync)
    assert list(sent(api)) == [left]


def test_a_call_of_more_than_4_hours_is_sent_without_an_end(closer, sync, api):
    """The agent's screen writes the disposition, but no end. After 6 hours the dialer writes no end either."""
    now = closer.db.now()
    sync.set_checkpoint(now - 10 * HOUR)
    start = now - 6 * HOUR - 60
    call = closer.visit(start_epoch=start, end_epoch=None, length_in_sec=None)
    closer.visit(start_epoch=start, end_epoch=None, length_in_sec=None, status="QUEUE")
    closer.visit(start_epoch=now - 5 * HOUR, end_epoch=None, length_in_sec=None)
    for _ in range(2):
        run(sync)
    assert [(body["uniqueid"], body["endEpoch"]) for body in api.recorded()] == [(call, start + 6 * HOUR)]


def test_emails_and_chats_are_no_calls(closer, sync, api):
    messages = [closer.visit(comments=comments) for comments in ("EMAIL", "CHAT")]
    run(sync)
    assert sent(api) == {}
    sync.configure(config={"source": {"email_and_chat": "yes"}})
    sync.set_checkpoint(closer.db.now() - HOUR)
    run(sync)
    assert sorted(sent(api)) == sorted(messages)


def test_each_queue_of_a_transferred_call_is_a_call(closer, sync, api):
    """All rows of a call have the call's uniqueid."""
    now = closer.db.now()
    uniqueid = f"{now - 300}.5"
    first = closer.visit(did=DID, uniqueid=uniqueid, status="XFER", comments="REMOTE")
    second = closer.visit(uniqueid=uniqueid, campaign_id="BILLING", xfercallid=31)
    run(sync)
    bodies = sent(api)
    assert sorted(bodies) == sorted([first, second]) and first != second
    assert "transferOf" not in bodies[first] and bodies[second]["transferOf"] == uniqueid
    assert bodies[first]["phoneNumber"] == bodies[second]["phoneNumber"] == DID


@pytest.mark.parametrize("columns, duration, queue", [
    ({"length_in_sec": 30, "queue_seconds": "45.00"}, 0, 45), ({"length_in_sec": -3, "queue_seconds": "0.00"}, 0, 0),
    ({"length_in_sec": 30, "queue_seconds": None}, 30, UNKNOWN), ({"length_in_sec": None}, None, 20),
    ({"length_in_sec": 30, "queue_seconds": "9.49"}, 21, 9)])
def test_the_duration_is_the_time_with_the_agent(closer, sync, api, columns, duration, queue):
    call = closer.visit(**columns)
    run(sync)
    body = sent(api)[call]
    assert body["duration"] == duration and body.get("queueSeconds", UNKNOWN) == queue


def test_a_counter_that_starts_again_makes_other_calls(closer, sync, api):
    """TRUNCATE starts closecallid at 1 again. On some sites --wipe-closer-log does this."""
    waiting = closer.visit(status="DISPO", uniqueid="1700000000.1")
    before = closer.visit(uniqueid="1700000000.2")
    run(sync)
    closer.db.query("TRUNCATE vicidial_closer_log")
    after = [closer.visit(uniqueid="1700000900.1"), closer.visit(uniqueid="1700000900.2")]
    assert [call.rpartition("/")[2] for call in after] == ["c1", "c2"]
    run(sync)
    assert sorted(sent(api)) == sorted([before, *after]) and waiting not in sent(api)
    assert len(api.recorded()) == 3


def test_rows_of_web_pages_are_sent_without_a_uniqueid(closer, sync, api):
    """closer_dispo.php and admin_modify_lead.php write such rows."""
    now = closer.db.now()
    closer.visit(uniqueid="", start_epoch=now - 90, processed="Y")
    closer.visit(uniqueid="", start_epoch=2024, call_date=closer.date(now - 80), processed="Y")
    run(sync)
    assert sorted(sent(api)) == [f"{now - 90}/c1", "2024/c2"]


# ---- a ledger is for one source ----

def in_type(sync, kind):
    sync.configure(config={"source": {"type": kind}, "sync": {"splay": 0, "settle": 0}})


@pytest.mark.parametrize("words", [[], ["--cron"], ["--dry-run"], ["backfill", "--from", "3 hours ago", "--to", "now"],
                                   ["reconcile"]])
def test_another_source_does_not_get_the_ledger(closer, sync, api, words):
    call = closer.visit(did=DID)
    run(sync)
    checkpoint, calls = sync.checkpoint(), sync.ledger("SELECT * FROM call")
    in_type(sync, "vicidial")
    other = closer.db.insert()
    done = sync.run(*words)
    assert done.code == 78, done.log
    told = done.log + done.err  # a dry run writes no log
    assert "has the calls of a source of the type vicidial-inbound, but type in [source] is vicidial:" in told
    assert "write type = vicidial-inbound under [source], or give the new source its own profile or --state-dir" in told
    assert list(sent(api)) == [call] and (sync.checkpoint(), sync.ledger("SELECT * FROM call")) == (checkpoint, calls)
    (line,) = [line for line in sync.run("check").out.splitlines() if line.startswith("✗ ledger")]
    assert "its own profile or --state-dir" in line
    in_type(sync, "vicidial-inbound")
    run(sync)
    in_type(sync, "vicidial")
    done = sync.run("--state-dir", str(sync.directory))
    assert done.code == 0 and other in sent(api), done.log


def test_a_ledger_of_an_earlier_version_is_for_the_source_that_uses_it(closer, sync, api):
    run(sync)
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger, ledger:
        ledger.execute("DELETE FROM note WHERE name = 'source'")
    call = closer.visit(did=DID)
    run(sync)
    assert list(sent(api)) == [call]
    assert sync.ledger("SELECT text FROM note WHERE name = 'source'") == [("vicidial-inbound",)]
    assert "✓ ledger: can be read and written" in sync.run("check").out


# ---- the DID ----

def test_the_first_did_of_a_call_counts(closer, sync, api):
    now = closer.db.now()
    call = closer.visit(uniqueid=f"{now - 300}.5")
    closer.dial(f"{now - 300}.5", "8005550999", closer.date(now - 290))
    closer.dial(f"{now - 300}.5", DID, closer.date(now - 300))
    closer.dial(f"{now - 300}.5", "", closer.date(now - 301))
    run(sync)
    assert sent(api)[call]["phoneNumber"] == DID


def test_the_did_is_looked_up_only_if_the_settings_ask_for_it(closer, sync, api):
    call = closer.visit(did=DID)
    sync.configure(config={"enrich": {"did": "no"}})
    run(sync)
    assert sent(api)[call]["phoneNumber"] == "3125550199" and "did" not in sent(api)[call]


def test_without_a_did_the_caller_s_number_is_sent(closer, sync, api):
    """The caller's number is no DID, so the API counts the call for no DID. The API refuses a call without
    phoneNumber."""
    call = closer.visit()
    run(sync)
    assert sent(api)[call]["phoneNumber"] == sent(api)[call]["customerPhone"] == "3125550199"


def test_the_did_of_an_old_call_is_in_the_archive(closer, sync, api):
    now = closer.db.now()
    sync.set_checkpoint(now - 30 * HOUR)
    call = closer.visit(start_epoch=now - 25 * HOUR, end_epoch=now - 25 * HOUR + 60, uniqueid=f"{now - 25 * HOUR}.1")
    if closer.db.query("SHOW TABLES LIKE 'vicidial_did_log_archive'"):
        closer.dial(f"{now - 25 * HOUR}.1", DID, closer.date(now - 25 * HOUR), table="vicidial_did_log_archive")
        number = DID
    else:
        number = "3125550199"
    for _ in range(3):
        run(sync)
    run(sync)
    assert sent(api)[call]["phoneNumber"] == number


@pytest.mark.parametrize("spoil", ["no table", "no right"])
def test_a_did_log_that_cannot_be_read_costs_no_call(closer, sync, api, spoil):
    call = closer.visit(did=DID)
    with limited_user(closer.db, sync, "vicidial_closer_log") if spoil == "no right" else contextlib.nullcontext():
        if spoil == "no table":
            closer.db.query("DROP TABLE vicidial_did_log")
        run(sync)
        closer.visit()
        run(sync)
        assert sent(api)[call]["phoneNumber"] == "3125550199"
        (line,) = [line for line in sync.run("check").out.splitlines() if "enrichment:" in line]
        assert sync.log_file.read_text().count("⚠ Calls are sent without some of their data: did (") == 1
    assert line.startswith("⚠ enrichment: did: the number that the caller dialled cannot be looked up: ")
    assert "grant.sql" in line


@contextlib.contextmanager
def limited_user(db, sync, *tables):
    db.query("CREATE OR REPLACE USER meek@localhost IDENTIFIED BY 'meek'")
    for table in tables:
        db.query(f"GRANT SELECT ON {table} TO meek@localhost")
    sync.configure(astguiclient={"VARDB_user": "meek", "VARDB_pass": "meek"})
    try:
        yield
    finally:
        db.query("DROP USER meek@localhost")


# ---- the archive ----

def archive(db, where="TRUE"):
    db.query("INSERT INTO vicidial_closer_log_archive SELECT * FROM vicidial_closer_log WHERE " + where)


def test_a_waiting_call_is_found_in_the_archive(closer, sync, api):
    call = closer.visit(did=DID, status="DISPO")
    run(sync)
    closer.update(call, status="SALE")
    archive(closer.db)
    closer.db.query("DELETE FROM vicidial_closer_log")
    run(sync)
    assert sent(api)[call]["phoneNumber"] == DID and sent(api)[call]["disposition"] == "SALE"


def test_a_backfill_reads_the_archive_but_no_outdated_copy(closer, sync, api):
    now = closer.db.now()
    gone = closer.visit(did=DID, start_epoch=now - 30 * HOUR, end_epoch=now - 30 * HOUR + 60)
    archive(closer.db)
    closer.db.query("DELETE FROM vicidial_closer_log")
    both = closer.visit(did=DID, start_epoch=now - 29 * HOUR, end_epoch=now - 29 * HOUR + 60)
    archive(closer.db)
    closer.db.query("UPDATE vicidial_closer_log_archive SET status='DISPO' WHERE closecallid=2")
    sync.configure(config={"sync": {"backfill_rate": 0}})
    run(sync)
    done = sync.run("backfill", "--from", str(now - 40 * HOUR), "--to", str(now - 20 * HOUR))
    assert done.code == 0, done.out + done.err
    assert {call: body["disposition"] for call, body in sent(api).items()} == {gone: "SALE", both: "SALE"}
    assert len(api.recorded()) == 2


# ---- check and campaigns ----

def test_check_reports_on_the_inbound_tables(closer, sync):
    done = sync.run("check")
    assert done.code == 0, done.out
    for line in ("✓ table: vicidial_closer_log has every column that is needed; reads use the index call_date on "
                 "call_date",
                 "✓ table: SELECT is granted",
                 "✓ enrichment: did: the number that the caller dialled is looked up in vicidial_did_log"):
        assert line in done.out
    assert ("this VICIdial is too old for called_count" in done.out) == (
        not closer.db.query("SHOW COLUMNS FROM vicidial_closer_log LIKE 'called_count'"))


def test_a_table_without_an_index_on_call_date_is_refused(closer, sync):
    closer.db.query("ALTER TABLE vicidial_closer_log DROP INDEX call_date, DROP INDEX date_user")
    done = sync.run()
    assert done.code == 78 and "ALTER TABLE vicidial_closer_log ADD INDEX (call_date)" in done.log


def test_campaigns_are_in_groups(closer, sync, api):
    closer.db.put("vicidial_inbound_groups", group_id="SUPPORT", active="Y")
    sync.configure(config={"sync": {"campaigns": "SUPPORT SUPORT"}})
    wanted = closer.visit(campaign_id="SUPPORT")
    closer.visit(campaign_id="BILLING")
    run(sync)
    assert list(sent(api)) == [wanted]
    assert "no campaign SUPORT" in sync.run("check").out


# ---- inbound and outbound calls ----

def test_a_profile_sends_inbound_calls_beside_the_outbound_ones(closer, sync, api, db):
    """One profile reads one source. Each has its own ledger."""
    profiles = sync.directory / "did-optimizer-sync.d"
    profiles.mkdir()
    (profiles / "inbound.conf").write_text(sync.config_file.read_text())
    (sync.directory / "dids-inbound.conf").write_text(sync.dids_file.read_text())
    state = sync.state / "profiles" / "inbound"
    state.mkdir(parents=True)
    (state / "enabled").write_text("yes\n")
    (state / "checkpoint").write_text(f"{db.now() - HOUR}\n")
    sync.configure(config={"source": {"type": "vicidial"}})
    outbound, inbound = db.insert(end_epoch=db.now() - 60), closer.visit(did=DID)
    for _ in range(2):
        assert sync.run("run", "--all-profiles", "--profiles-dir", profiles).code == 0
    assert sorted(sent(api)) == sorted([outbound, inbound]) and len(api.recorded()) == 2
    assert "direction" not in sent(api)[outbound] and sent(api)[inbound]["direction"] == "inbound"


def test_records_know_who_called_whom(closer, sync, tmp_path):
    sync.configure(config={"sink": {"type": "records", "file": tmp_path / "calls.db"}})
    call = closer.visit(did=DID)
    run(sync)
    with contextlib.closing(sqlite3.connect(tmp_path / "calls.db")) as records:
        rows = records.execute("SELECT uuid, direction, caller_id, raw_data FROM callcenter_records").fetchall()
    assert [row[:3] for row in rows] == [(call, "inbound", "3125550199")]
    raw = json.loads(rows[0][3])
    assert (raw["did"], raw["queue_seconds"]) == (DID, "20")


def test_a_backfill_of_days_reads_whole_days(closer, sync, api):
    run(sync)
    (first, last), begin, end = closer.db.dialer.days(3, 2)
    for at in (begin - 1, end):
        closer.visit(end_epoch=at)
    wanted = [closer.visit(end_epoch=at) for at in (begin, begin + 12 * HOUR, end - 1)]
    done = sync.run("backfill", "--from", first, "--to", last)
    assert done.code == 0, done.out + done.err
    assert sorted(sent(api)) == sorted(wanted)
