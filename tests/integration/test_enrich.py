"""The program looks up data of a call in other tables of the dialer, with the newest schema and with that of 2.4."""
import contextlib
import json
import re

import pymysql
import pytest

from harness.api import Api
from harness.sync import Sync

HOUR = 3600
CARRIER = {"dialstatus": "ANSWER", "hangup_cause": 16, "dial_time": 30, "answered_time": 18}
LOOKED_UP = ("did", "dialStatus", "hangupCause", "sipHangupCause", "sipHangupReason", "ringTime", "talkTime",
             "amdResult", "customerState", "customerZip", "vendorLeadCode")


def code_of(lead, letter="V"):
    """A dial code as VICIdial makes it: a letter, nine digits of the time, ten digits of the lead."""
    return f"{letter}126173351{lead:010d}"


def at(epoch):
    return {"sql": epoch}


def put(db, table, **columns):
    """Does what Database.put does. A date that is given as an epoch is written in the dialer's time zone."""
    dates = {name: db.query("SELECT FROM_UNIXTIME(%s) AS date", (value["sql"],))[0]["date"]
             for name, value in columns.items() if isinstance(value, dict)}
    db.put(table, **{**columns, **dates})


class Dialled:
    """Inserts calls with all rows that VICIdial writes about them. archive: the nightly job has moved the other rows
    into their archives."""

    def __init__(self, db, archive=""):
        self.db, self.archive, self.lead = db, archive, 5000

    def _put(self, table, **columns):
        put(self.db, table + self.archive, **columns)

    def call(self, letter="V", did="13125550100", carrier=True, agent=True, code=None, extended=True, ended=None,
             **call):
        self.lead += 1
        lead, end = self.lead, ended or self.db.now() - 10
        code = code or code_of(lead, letter)
        started = end - 45
        uniqueid = self.db.insert(lead_id=lead, end_epoch=end, start_epoch=started, uniqueid=f"{started}.{lead}",
                                  **call)
        if extended:
            self._put("vicidial_log_extended", uniqueid=uniqueid, lead_id=lead, caller_code=code, call_date=at(started),
                      server_ip="")
        if did is not None:
            self._put("vicidial_dial_cid_log", caller_code=code_of(lead, letter), outbound_cid=did,
                      call_date=at(started - 20))
        if carrier:
            self._put("vicidial_carrier_log", uniqueid=f"{started}.{lead + 500}", lead_id=lead, server_ip="",
                      caller_code=code_of(lead, letter), call_date=at(started), sip_hangup_cause=200,
                      sip_hangup_reason="OK", **CARRIER)
        if agent:
            self._put("vicidial_agent_log", **self._agent(uniqueid, lead, started))
        self._put("vicidial_amd_log", lead_id=lead, uniqueid=uniqueid, AMDSTATUS="HUMAN", server_ip="",
                  call_date=at(started))
        put(self.db, "vicidial_list", lead_id=lead, phone_number="", state="IL", postal_code="60601 ",
            vendor_lead_code="X-7")
        return uniqueid

    def _agent(self, uniqueid, lead, started):
        number = {"agent_log_id": lead} if self.archive else {}
        return {"uniqueid": uniqueid, "lead_id": lead, "event_time": at(started - 600), "talk_sec": 40, "dead_sec": 7,
                "dispo_epoch": started + 50, "user": "1001", "server_ip": "", **number}


@pytest.fixture
def newest(db, sync):
    db.make_vicidial()
    return Dialled(db)


def run(sync, code=0):
    done = sync.run()
    assert done.code == code, done.log
    return done


def body_of(api, uniqueid):
    body, = api.by_uniqueid()[uniqueid]
    return body


def found(body):
    return {name: body[name] for name in LOOKED_UP if name in body}


def test_all_looked_up_data_of_a_call_are_sent(db, api, sync, newest):
    sync.configure(config={"sink": {"dial_status": "yes"},
                           "enrich": {"customer_state": "yes", "customer_zip": "yes", "vendor_lead_code": "yes"}})
    auto, manual = newest.call(), newest.call(letter="M", did="3125550111")
    done = run(sync)
    same = {"dialStatus": "ANSWER", "sipHangupCause": 200, "sipHangupReason": "OK", "ringTime": 12, "talkTime": 33,
            "amdResult": "HUMAN", "customerState": "IL", "customerZip": "60601", "vendorLeadCode": "X-7"}
    # On an answered autodial call, the cause belongs to the leg that Asterisk replaced.
    assert found(body_of(api, auto)) == {"did": "13125550100", "hangupCause": None, **same}
    assert found(body_of(api, manual)) == {"did": "3125550111", "hangupCause": 16, **same}
    assert body_of(api, auto)["customerPhone"] == body_of(api, auto)["phoneNumber"] == db.row(auto)["phone_number"]
    assert "without" not in done.log


def test_personal_data_and_dial_status_are_off_at_first(api, sync, newest):
    uniqueid = newest.call()
    run(sync)
    assert sorted(found(body_of(api, uniqueid))) == sorted(
        set(LOOKED_UP) - {"dialStatus", "customerState", "customerZip", "vendorLeadCode"})


FIELDS = {"did": "did", "hangup_cause": "hangupCause", "sip_hangup_cause": "sipHangupCause",
          "sip_hangup_reason": "sipHangupReason", "ring_time": "ringTime", "talk_time": "talkTime",
          "amd_result": "amdResult", "dial_status": "dialStatus", "customer_state": "customerState",
          "customer_zip": "customerZip", "vendor_lead_code": "vendorLeadCode"}


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_has_a_switch(api, sync, newest, field):
    sync.configure(config={"sink": {"dial_status": "yes"},
                           "enrich": {name: "yes" if name == field else "no" for name in FIELDS}})
    uniqueid = newest.call(letter="M")
    run(sync)
    assert list(found(body_of(api, uniqueid))) == [FIELDS[field]]


def test_without_any_field_no_other_table_is_read(db, api, sync, newest):
    sync.configure(config={"enrich": {name: "no" for name in FIELDS}})
    for name in ("vicidial_log_extended", "vicidial_carrier_log", "vicidial_agent_log", "vicidial_amd_log"):
        db.query(f"DROP TABLE {name}")
    uniqueid = db.insert()
    with watched(db) as said:
        assert "without some" not in run(sync).log
    assert found(body_of(api, uniqueid)) == {}
    assert {re.search(r"FROM (\w+) ", one)[1] for one in said if " FORCE INDEX" in one} == {"vicidial_log"}


# ---- the DID ----

def test_a_transferred_call_keeps_its_did(db, api, sync, newest):
    """The in-group overwrites the call's code. Two other tables have the first code."""
    by_call_log = newest.call(code="Y1126173351000000000")
    db.put("call_log", uniqueid=by_call_log, caller_code=code_of(newest.lead))
    by_inbound = newest.call(code="Y1126173351000000001", did="13125550122")
    for seconds, previous in ((30, "Y1126173351000000007"), (10, code_of(newest.lead)), (20, code_of(1))):
        put(db, "vicidial_inbound_caller_codes", uniqueid=by_inbound, prev_caller_code=previous, group_id="G",
            caller_code=f"Y{seconds}", call_date=at(db.now() - 100 + seconds))
    run(sync)
    assert body_of(api, by_call_log)["did"] == "13125550100"
    assert body_of(api, by_inbound)["did"] == "13125550122"


@pytest.mark.parametrize("shown", ["", "0000000000", "123456", "12345678901234567890", "abcdefgh", None])
def test_a_placeholder_is_no_did(api, sync, newest, shown):
    uniqueid = newest.call(did=shown)
    done = run(sync)
    want = shown if shown and len(shown) == 20 else None
    assert body_of(api, uniqueid)["did"] == want
    assert ("1 without a DID or dial status" in done.log) == (want is None)
    unknown = [line for line in sync.run("metrics").out.splitlines() if 'lookups_total{' in line
               and 'field="did"' in line]
    assert [line.split()[-1]
            for line in unknown] == ["1"] and (f'result="{"known" if want else "unknown"}"' in unknown[0])


def test_the_newest_row_of_a_code_before_the_call_counts(db, api, sync, newest):
    uniqueid = newest.call(did=None)
    start = db.row(uniqueid)["start_epoch"]
    for seconds, did in ((-90000, "3120000001"), (-300, "3120000002"), (500, "3120000003"), (700, "3120000004")):
        put(db, "vicidial_dial_cid_log", caller_code=code_of(newest.lead), outbound_cid=did,
            call_date=at(start + seconds))
    run(sync)
    assert body_of(api, uniqueid)["did"] == "3120000003"


def test_before_schema_1657_the_did_is_in_the_dial_log(db, api, sync, newest):
    db.query("DROP TABLE vicidial_dial_cid_log")
    shown, refused, none = (newest.call(did=None) for _ in range(3))
    for uniqueid, cid, cause in ((shown, '"V126 X" <13125550133>', 200), (refused, '"V" <13125550144>', 999),
                                 (none, "13125550155", 0)):
        lead = db.row(uniqueid)["lead_id"]
        put(db, "vicidial_dial_log", caller_code=code_of(lead), lead_id=lead, outbound_cid=cid, sip_hangup_cause=cause,
            call_date=at(db.now() - 100))
    done = run(sync)
    assert [body_of(api, one)["did"] for one in (shown, refused, none)] == ["13125550133", None, None]
    assert "without some" not in done.log, "the older table is enough"


# ---- the carrier's result ----

def test_the_carrier_s_row_belongs_to_the_call(db, api, sync, newest):
    """Two attempts to reach one lead differ by the code or, without a code, by the id."""
    sync.configure(config={"sink": {"dial_status": "yes"}})
    uniqueid = newest.call(carrier=False)
    start, lead = db.row(uniqueid)["start_epoch"], newest.lead
    near, seq = f"{start}.", int(uniqueid.split(".")[1])

    def row(number, code, status):
        put(db, "vicidial_carrier_log", uniqueid=f"{near}{number}", lead_id=lead, server_ip="", caller_code=code,
            dialstatus=status, call_date=at(start))
    row(seq, code_of(1), "BUSY")
    row(seq + 7, code_of(lead), "ANSWER")
    row(seq + 1, code_of(2), "CANCEL")
    by_id = newest.call(carrier=False, extended=False, ended=db.now() - 100)
    start, lead = db.row(by_id)["start_epoch"], newest.lead
    near, seq = f"{start}.", int(by_id.split(".")[1])
    row(seq + 2, "", "CANCEL")
    row(seq - 1, "", "NOANSWER")
    run(sync)
    assert body_of(api, uniqueid)["dialStatus"] == "ANSWER"
    assert body_of(api, by_id)["dialStatus"] == "NOANSWER"


def test_sip_zero_is_unknown_and_ring_time_is_never_negative(db, api, sync, newest):
    uniqueid = newest.call(letter="M", carrier=False)
    put(db, "vicidial_carrier_log", uniqueid="1.1", lead_id=newest.lead, server_ip="",
        caller_code=code_of(newest.lead, "M"),
        dialstatus="NOANSWER", dial_time=3, answered_time=9, sip_hangup_reason="left over", call_date=at(db.now() - 60))
    run(sync)
    assert found(body_of(api, uniqueid)) == {"did": "13125550100", "hangupCause": None, "sipHangupCause": None,
                                             "sipHangupReason": None, "ringTime": 0, "talkTime": 33,
                                             "amdResult": "HUMAN"}


def test_talk_time_is_sent_only_from_a_complete_row_of_the_agent(db, api, sync, newest):
    open_row, none = newest.call(), newest.call(agent=False)
    db.query("UPDATE vicidial_agent_log SET dispo_epoch = 0 WHERE uniqueid = %s", (open_row,))
    run(sync)
    assert "talkTime" not in body_of(api, open_row) and "talkTime" not in body_of(api, none)


@pytest.mark.parametrize("state, zip_code, want", [
    ("il", "60601-1234", {"customerState": "il", "customerZip": "60601-1234"}),
    ("", " ", {}), (None, None, {}), ("I\n", "6\x0106", {"customerState": "I"}),
])
def test_free_text_of_the_lead_is_checked(db, api, sync, newest, state, zip_code, want):
    sync.configure(config={"enrich": {"customer_state": "yes", "customer_zip": "yes"}})
    uniqueid = newest.call()
    db.query("UPDATE vicidial_list SET state = %s, postal_code = %s", (state, zip_code))
    run(sync)
    body = body_of(api, uniqueid)
    assert {name: body[name] for name in ("customerState", "customerZip") if name in body} == want


# ---- looked up once ----

def test_looked_up_data_are_kept_until_the_call_is_sent(db, api, sync, newest):
    """The nightly job or an agent may change the data while the API is down. With changed data, the same call would get
    another key."""
    sync.configure(config={"sync": {"retry_base": 0}})
    api.rules([{"status": 500}])
    uniqueid = newest.call()
    sync.run()
    kept, = sync.ledger("SELECT extras FROM enriched")
    assert json.loads(kept[0])["did"] == "13125550100"
    db.query("UPDATE vicidial_dial_cid_log SET outbound_cid = '13125550199'")
    first = {entry["idempotency_key"] for entry in api.log()}
    api.rules([])
    while sync.run().code != 0:  # until the call is due
        assert api.recorded() == []
    assert body_of(api, uniqueid)["did"] == "13125550100"
    assert {entry["idempotency_key"] for entry in api.log()} == first
    assert sync.ledger("SELECT * FROM enriched") == []


def test_a_call_that_was_accepted_before_is_not_sent_again(api, sync, newest):
    """After an upgrade, looked-up data do not count as a change of the call."""
    sync.configure(config={"enrich": {name: "no" for name in FIELDS}})
    uniqueid = newest.call()
    run(sync)
    sync.configure(config={"enrich": {name: "yes" for name in FIELDS}, "sync": {"sweep_interval": 1}})
    run(sync)
    assert found(body_of(api, uniqueid)) == {}


def test_a_call_that_changed_is_looked_up_again(db, api, sync, newest):
    uniqueid = newest.call(status="NI")
    run(sync)
    db.update(uniqueid, status="SALE")
    db.query("UPDATE vicidial_dial_cid_log SET outbound_cid = '13125550199'")
    run(sync)
    first, second = api.by_uniqueid()[uniqueid]
    assert (first["disposition"], second["disposition"]) == ("NI", "SALE")
    assert (first["did"], second["did"]) == ("13125550100", "13125550199")
    assert {**found(first), "did": None} == {**found(second), "did": None}


def test_a_dry_run_shows_looked_up_data_and_keeps_nothing(db, sync, newest):
    newest.call()
    shown = sync.run("--dry-run")
    assert json.loads(shown.out.splitlines()[-1])["did"] == "13125550100"
    assert not (sync.state / "ledger.db").exists()


# ---- archives ----

def test_old_calls_are_looked_up_in_the_archives(db, api, sync):
    db.make_vicidial()
    sync.configure(config={"sink": {"dial_status": "yes"}})
    run(sync)
    uniqueid = Dialled(db, "_archive").call(letter="M", ended=db.now() - 30 * HOUR)
    done = sync.run("backfill", "--from", str(db.now() - 31 * HOUR), "--to", str(db.now() - 29 * HOUR))
    assert done.code == 0, done.err
    assert found(body_of(api, uniqueid)) == {
        "did": "13125550100", "dialStatus": "ANSWER", "hangupCause": 16, "sipHangupCause": 200, "sipHangupReason": "OK",
        "ringTime": 12, "talkTime": 33, "amdResult": "HUMAN"}


# ---- 2.4 ----

def test_vicidial_2_4_gives_the_data_that_it_has(db, api, sync):
    db.make_vicidial("2.4")
    sync.configure(config={"sink": {"dial_status": "yes"}, "enrich": {"customer_state": "yes"}})
    end = db.now() - 10
    uniqueid = db.insert(lead_id=77, start_epoch=end - 45, end_epoch=end, uniqueid=f"{end - 45}.800")
    other = db.insert(lead_id=78, start_epoch=end - 45, end_epoch=end, uniqueid=f"{end - 45}.900")
    for number, lead, status in ((801, 77, "ANSWER"), (803, 77, "BUSY"), (900, 79, "BUSY")):
        put(db, "vicidial_carrier_log", uniqueid=f"{end - 45}.{number}", lead_id=lead, server_ip="", hangup_cause=17,
            dialstatus=status, dial_time=30, answered_time=10, call_date=at(end - 40))
    db.put("vicidial_agent_log", **{**Dialled(db)._agent(uniqueid, 77, end - 45),
                                    "event_time": db.row(uniqueid)["call_date"]})
    db.put("vicidial_log_extended", uniqueid=uniqueid, caller_code=code_of(77, "M"))
    db.put("vicidial_list", lead_id=77, phone_number="", state="NY")
    done = run(sync)
    assert found(body_of(api, uniqueid)) == {"dialStatus": "ANSWER", "hangupCause": 17, "sipHangupCause": None,
                                             "sipHangupReason": None, "ringTime": 20, "talkTime": 33,
                                             "customerState": "NY"}
    assert "dialStatus" not in body_of(api, other)
    assert "data: did (there is no table vicidial_dial_log)" in done.log
    assert "data: amd_result (there is no table vicidial_amd_log); nothing needs to be done" in done.log
    assert "says what to do" not in done.log
    check = [line for line in sync.run("check").out.splitlines() if "amd_result" in line]
    assert check[0].startswith("✓ enrichment") and "nothing needs to be done: there is no table" in check[0], check
    db.insert()
    assert "without some of their data" not in run(sync).log, "once is enough"


# ---- tables that cannot be read ----

def test_a_missing_right_costs_a_field_and_no_call(db, api, sync, newest):
    """An account that was made with grant.sql of an older version lacks such a right."""
    user, password = db.READER
    for host in ("localhost", "%%"):
        db.query(f"REVOKE SELECT ON `{db.name}`.* FROM {user}@'{host}'", ())
    for table in ("vicidial_log", "vicidial_log_archive", "vicidial_agent_log", "vicidial_agent_log_archive"):
        db.query(f"GRANT SELECT ON `{db.name}`.{table} TO {user}@localhost")
    sync.configure(astguiclient={"VARDB_user": user, "VARDB_pass": password})
    uniqueid = newest.call()
    done = run(sync)
    assert found(body_of(api, uniqueid)) == {"talkTime": 33}
    warnings = [line for line in done.log.splitlines() if "without some of their data" in line]
    assert len(warnings) == 3 and all("denied" in line for line in warnings)
    check = sync.run("check").out
    assert "did: cannot be looked up" in check and "talk_time: looked up in vicidial_agent_log" in check
    db.query(f"DROP USER {user}@localhost, {user}@'%%'", ())


def test_check_has_a_line_for_each_field(sync, newest):
    check = sync.run("check").out
    lines = [line for line in check.splitlines() if "enrichment" in line]
    assert [line.split("enrichment: ")[1].split(":")[0] for line in lines] == [
        "did", "dial_status", "hangup_cause", "sip_hangup_cause", "sip_hangup_reason", "ring_time", "talk_time",
        "amd_result", "customer_state", "customer_zip", "vendor_lead_code"]
    assert "did: looked up in vicidial_log_extended, call_log" in check and "customer_zip: off under [enrich]" in check


def test_a_table_without_its_index_is_not_read(db, api, sync, newest):
    db.query("ALTER TABLE vicidial_agent_log DROP INDEX lead_id")
    db.query("ALTER TABLE vicidial_amd_log DROP INDEX lead_id, ADD INDEX of_ours (lead_id)")
    uniqueid = newest.call()
    done = run(sync)
    assert "talkTime" not in body_of(api, uniqueid) and body_of(api, uniqueid)["amdResult"] == "HUMAN"
    assert "talk_time (vicidial_agent_log has no index on lead_id" in done.log


def test_a_damaged_table_costs_a_field_and_no_call(db, api, sync, newest):
    uniqueid = newest.call()
    db.query("FLUSH TABLES vicidial_carrier_log")
    (db.dialer.directory / "data" / db.name / "vicidial_carrier_log.MYI").write_bytes(b"")
    done = run(sync)
    assert body_of(api, uniqueid)["did"] == "13125550100" and "hangupCause" not in body_of(api, uniqueid)
    assert "without some of their data: dial_status, hangup_cause" in done.log


# ---- cost ----

@contextlib.contextmanager
def watched(db):
    """A list of the program's statements, which is filled at the end."""
    db.query("SET GLOBAL log_output = 'TABLE'")
    db.query("TRUNCATE mysql.general_log")
    db.query("SET GLOBAL general_log = 1")
    said = []
    try:
        yield said
    finally:
        db.query("SET GLOBAL general_log = 0")
    rows = db.query("SELECT argument FROM mysql.general_log WHERE command_type = 'Query' AND user_host LIKE 'cron%%'")
    said += [row["argument"].decode() if isinstance(row["argument"], bytes) else row["argument"] for row in rows]


@pytest.mark.parametrize("engine", ["MyISAM", "InnoDB"])
@pytest.mark.parametrize("version", ["newest", "2.4"])
def test_each_statement_reads_some_rows_of_one_table_by_an_index(db, api, sync, version, engine):
    """600 calls, live and archived, among many rows, so the test notices a statement that reads a whole table."""
    db.make_vicidial(version, engine)
    db.query("CREATE TABLE vicidial_list_archive LIKE vicidial_list")
    now, calls, lead = db.now(), 600, 100_000
    sync.set_checkpoint(now - 60)
    sync.configure(config={"sync": {"backfill_rate": 0}, "enrich": {name: "yes" for name in FIELDS}})
    run(sync)
    uniqueids = db.insert_many([{"lead_id": lead + n, "end_epoch": now - 30 * HOUR + n,
                                 "uniqueid": f"{now - 31 * HOUR}.{n + 1}"}
                                for n in range(calls)])
    db.query("CREATE TABLE numbers (n INT PRIMARY KEY) SELECT seq AS n FROM seq_1_to_6000")
    date = "FROM_UNIXTIME(%d - n)" % (now - 30 * HOUR)
    columns = {"vicidial_log_extended": f"uniqueid, caller_code, call_date) SELECT CONCAT({now - 31 * HOUR}, '.', n), "
                                        f"CONCAT('V126173351', LPAD({lead - 1} + n, 10, '0')), {date}",
               "call_log": f"uniqueid, start_time) SELECT n, {date}",
               "vicidial_dial_cid_log": "caller_code, outbound_cid, call_date) SELECT CONCAT('V126173351', "
                                        f"LPAD({lead - 1} + n, 10, '0')), '13125550100', {date}",
               "vicidial_dial_log": f"caller_code, call_date) SELECT n, {date}",
               "vicidial_inbound_caller_codes": "uniqueid, caller_code, prev_caller_code, group_id, call_date) "
                                                f"SELECT n, n, n, 1, {date}",
               "vicidial_carrier_log": f"uniqueid, lead_id, call_date, server_ip) SELECT n, {lead - 1} + n, {date}, ''",
               "vicidial_agent_log": f"agent_log_id, lead_id, event_time, server_ip) SELECT n, {lead - 1} + n, {date}, "
                                     f"''",
               "vicidial_amd_log": f"lead_id, call_date, server_ip) SELECT {lead - 1} + n, {date}, ''",
               "vicidial_list": f"lead_id, phone_number) SELECT {lead - 1} + n, ''"}
    there = {next(iter(row.values())) for row in db.query("SHOW TABLES")}
    tables = [table for name in columns for table in (name, name + "_archive") if table in there]
    for table in tables:
        # The first tables of each chain lack some calls, so the later tables are read too.
        some = {"vicidial_log_extended": "WHERE n %% 2", "vicidial_dial_cid_log": "WHERE n %% 5"}
        db.query(f"INSERT INTO {table} ({columns[table.replace('_archive', '')]} FROM numbers "
                 + some.get(table.replace("_archive", ""), ""), ())
        db.query(f"ANALYZE TABLE {table}")
    with watched(db) as said:
        done = sync.run("backfill", "--from", str(now - 31 * HOUR), "--to", str(now - 29 * HOUR))
        assert done.code == 0, done.err
    assert set(api.by_uniqueid()) == set(uniqueids)
    asked = [one for one in said if " FORCE INDEX" in one and "vicidial_log " not in one
             and "vicidial_log_archive " not in one]
    assert {re.search(r" FROM (\w+) ", one)[1] for one in asked} >= set(tables)
    for one in asked:
        assert len(re.findall(r"\b(FROM|JOIN)\b", one)) == 1 and re.search(r"IN \((.*?)\)", one)[1].count(",") < 500
        try:
            step, = db.query("EXPLAIN " + one.replace("%", "%%"))
        except pymysql.err.MySQLError as failure:
            # this schema has no such table, index or column yet
            assert failure.args[0] in (1146, 1176, 1054) and version == "2.4"
            continue
        # A key that the table does not have reads no row.
        assert step["type"] in ("range", "const", "ref", "eq_ref") or step["table"] is None, (step, one[:200])
        assert "filesort" not in (step["Extra"] or "")
    examined, = sync.ledger("SELECT rows_examined FROM run WHERE kind = 'backfill'")[0]
    assert examined < 30 * calls


def test_a_statement_asks_for_at_most_500_keys(db, api, sync, newest):
    """A backfill asks for fewer, so this needs a run with a large batch."""
    sync.configure(config={"sync": {"batch_size": 1000}})
    calls = db.insert_many([{"lead_id": 100_000 + n, "end_epoch": db.now() - 60} for n in range(600)])
    with watched(db) as said:
        run(sync)
    assert sorted(api.by_uniqueid()) == sorted(calls)
    asked = [one for one in said if " FROM vicidial_log_extended FORCE INDEX" in one]
    assert [re.search(r"IN \((.*?)\)", one)[1].count(",") + 1 for one in asked] == [500, 100]


# ---- the API's published server ----

@pytest.fixture
def published(db, tmp_path):
    """The published server reads phoneNumber as the DID, answers 500 to members of a wrong type, and recognizes no
    repeated call."""
    with Api(published=True) as server:
        installation = Sync(tmp_path / "published", db, server, timezone=db.dialer.timezone)
        installation.configure(config={"sync": {"settle": 0, "splay": 0}, "sink": {"phone_number": "did"},
                                       "enrich": {name: "yes" for name in FIELDS}})
        installation.set_checkpoint(db.now() - 3600)
        installation.api = server
        yield installation
        installation.close()


def test_the_published_server_gets_the_did_as_the_number(db, published):
    db.make_vicidial()
    dialled = Dialled(db)
    known, unknown = dialled.call(), dialled.call(did=None, carrier=False, agent=False)
    # the longest text that VICIdial's column holds
    db.query("ALTER TABLE vicidial_list MODIFY postal_code VARCHAR(20)")
    db.query("UPDATE vicidial_list SET state = NULL, postal_code = '60601-12345678' LIMIT 10")
    done = published.run()
    assert done.code == 0, done.log
    first, second = body_of(published.api, known), body_of(published.api, unknown)
    assert (first["phoneNumber"], first["customerPhone"]) == ("13125550100", db.row(known)["phone_number"])
    assert (first["dialStatus"], second["did"]) == ("ANSWER", None)
    assert "customerZip" not in first and "customerState" not in first
    assert second["phoneNumber"] == db.row(unknown)["phone_number"] and "dialStatus" not in second


def test_on_the_published_server_a_changed_status_is_a_second_record(db, published):
    db.make_vicidial()
    uniqueid = Dialled(db).call(status="NI")
    assert published.run().code == 0
    db.update(uniqueid, term_reason="AGENT")
    assert published.run().code == 0
    assert len(published.api.by_uniqueid()[uniqueid]) == 1
    db.update(uniqueid, status="SALE")
    assert published.run().code == 0
    assert [body["phoneNumber"] for body in published.api.by_uniqueid()[uniqueid]] == ["13125550100"] * 2


def test_a_did_that_is_never_looked_up_cannot_be_the_number(db, published):
    """Otherwise each call would be sent with its called number, and nobody would notice."""
    published.configure(config={"enrich": {"did": "no"}})
    done = published.run()
    assert done.code == 78 and "did = no" in done.log
