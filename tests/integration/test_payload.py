"""The exact body for every kind of row, as it arrives at the API."""
import json
import re
import time

import pytest

from harness.process import ROOT

ORDER = ("uniqueid leadId listId campaignId phoneNumber phoneCode disposition duration agentId userGroup termReason "
         "comments altDial calledCount callDate startEpoch endEpoch timestamp result customerPhone").split()


@pytest.fixture
def send(sync, db, api):
    """Inserts rows, runs once, and returns the body of each call, by uniqueid. Every call must arrive."""
    def send_rows(*rows, code=0):
        uniqueids = db.insert_many(rows)
        done = sync.run()
        assert done.code == code, done.log
        calls = api.by_uniqueid()
        assert sorted(calls) == sorted(uniqueids) and all(len(versions) == 1 for versions in calls.values()), done.log
        return [calls[uniqueid][0] for uniqueid in uniqueids]
    return send_rows


def test_the_body_has_every_member_in_its_order(send, db):
    """The test compares keys, their order, values and types. callDate is in the dialer's local time."""
    end = db.now() - 100
    (body,) = send(dict(
        uniqueid=f"{end - 75}.4711", lead_id=123456, list_id=99000000000001, campaign_id="OUTBOUND",
        start_epoch=end - 75, end_epoch=end, length_in_sec=75, status="SALE", phone_code="44",
        phone_number="2079460000", user="1001", comments="AUTO", user_group="ADMIN", term_reason="AGENT",
        alt_dial="ALT", called_count=3))
    call_date = str(db.row(f"{end - 75}.4711")["call_date"])
    assert json.dumps(body) == json.dumps({
        "uniqueid": f"{end - 75}.4711", "leadId": "123456", "listId": "99000000000001", "campaignId": "OUTBOUND",
        "phoneNumber": "2079460000", "phoneCode": "44", "disposition": "SALE", "duration": 75, "agentId": "1001",
        "userGroup": "ADMIN", "termReason": "AGENT", "comments": "AUTO", "altDial": "ALT", "calledCount": 3,
        "callDate": call_date, "startEpoch": end - 75, "endEpoch": end, "timestamp": end, "result": "answered",
        "customerPhone": "2079460000"})
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", call_date)


def test_the_headers_have_key_type_and_version(send, api):
    version = re.search(r'#define VERSION "(.+)"', (ROOT / "poller/base/version.h").read_text()).group(1)
    first, second = send({}, {})
    entries = {entry["uniqueid"]: entry for entry in api.log()}
    for body in (first, second):
        entry = entries[body["uniqueid"]]
        assert entry["key_ok"] is True and entry["content_type"] == "application/json"
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,100}", entry["idempotency_key"])
    assert {entry["user_agent"] for entry in api.state()["recorded"]} == {f"did-optimizer-sync/{version}"}
    assert entries[first["uniqueid"]]["idempotency_key"] != entries[second["uniqueid"]]["idempotency_key"]


def test_the_idempotency_key_changes_with_the_content(sync, db, api):
    sync.configure(config={"sync": {"sweep_interval": 0}})
    uniqueid = db.insert(status="NI")
    assert sync.run().code == 0
    db.update(uniqueid, status="SALE")
    assert sync.run().code == 0
    assert [body["disposition"] for body in api.recorded()] == ["NI", "SALE"]
    first, second = [entry["idempotency_key"] for entry in api.log()]
    assert first != second


def test_a_call_that_changes_back_gets_a_new_key(sync, db, api):
    """With the old key, an API that remembers keys would repeat its old answer and keep the content in between."""
    sync.configure(config={"sync": {"sweep_interval": 0}})
    uniqueid = db.insert()
    for status in ("SALE", "NI", "SALE", "NI"):
        db.update(uniqueid, status=status)
        assert sync.run().code == 0
    assert [body["disposition"] for body in api.recorded()] == ["SALE", "NI", "SALE", "NI"]
    assert len({entry["idempotency_key"] for entry in api.log()}) == 4


def test_a_change_keeps_its_key_when_it_is_tried_again(sync, db, api):
    sync.configure(config={"sync": {"sweep_interval": 0, "retry_base": 0}})
    uniqueid = db.insert()
    assert sync.run().code == 0
    db.update(uniqueid, status="NI")
    api.clear()
    api.rules([{"uniqueid": uniqueid, "status": 500, "times": 2}])
    db.insert()
    assert sync.run().code == 75
    time.sleep(1.1)
    assert sync.run().code == 75  # no other call shows that the API works, and a single failed call is no outage
    time.sleep(4.1)  # the third failure altogether
    assert sync.run().code == 0
    keys = [entry["idempotency_key"] for entry in api.log() if entry["uniqueid"] == uniqueid]
    assert len(keys) == 3 and len(set(keys)) == 1


def test_every_column_that_may_be_null_is_null(sync, db, api):
    """The API requires a phone number and a campaign, so these two members stay."""
    uniqueid = db.insert(list_id=None, phone_code=None, user=None, comments=None, user_group=None, term_reason=None,
                         alt_dial=None, called_count=None, length_in_sec=None, start_epoch=None)
    assert sync.run().code == 0
    (body,) = api.recorded()
    empty = {"listId", "phoneCode", "agentId", "userGroup", "comments", "termReason", "altDial", "calledCount",
             "duration", "startEpoch"}
    assert {name for name, value in body.items() if value is None} == empty
    assert list(body) == ORDER and body["uniqueid"] == uniqueid


@pytest.mark.parametrize("column", ["phone_number", "campaign_id"])
def test_a_row_without_a_required_field_is_rejected_and_delays_no_other(sync, db, api, column):
    """The program sends such a call as it is. The API refuses the call, and the call is rejected with the API's
    words."""
    bad, good = db.insert_many([{column: None}, {}])
    assert sync.run().code == 0
    assert list(api.by_uniqueid()) == [good]
    (state, reason), = sync.ledger("SELECT state, reason FROM call WHERE uniqueid = ?", bad)
    assert state == 4 and "Missing required fields: uniqueid, phoneNumber, campaignId" in reason


def test_a_row_without_uniqueid_is_rejected_and_delays_no_other(sync, db, api):
    db.insert(uniqueid="")
    good = db.insert()
    assert sync.run().code == 0 and sync.run().code == 0
    assert list(api.by_uniqueid()) == [good] and len(api.log()) == 2
    assert sync.ledger("SELECT state FROM call WHERE uniqueid = ''") == [(4,)]


@pytest.mark.parametrize("length, duration", [
    (0, 0), (-3, 0), (-2147483648, 0), (2147483647, 2147483647), (1700000000, 1700000000), (86400, 86400)])
def test_the_duration_is_a_number_of_seconds_and_never_negative(send, length, duration):
    (body,) = send({"length_in_sec": length, "start_epoch": int(time.time()) - 60})
    assert body["duration"] == duration and type(body["duration"]) is int


def test_zero_and_missing_dates_arrive(sync, db, api):
    """A scan by an index on call_date cannot find such rows. A scan by an index on end_epoch finds them."""
    db.query("ALTER TABLE vicidial_log ADD INDEX (end_epoch)")
    zero, missing = db.insert_many([{"call_date": "0000-00-00 00:00:00"}, {}])
    db.update(missing, call_date=None)
    assert sync.run().code == 0
    calls = api.by_uniqueid()
    assert (calls[zero][0]["callDate"], calls[missing][0]["callDate"]) == ("0000-00-00 00:00:00", None)


def test_the_largest_numbers_arrive(send, db):
    today = db.query("SELECT NOW() AS now")[0]["now"]
    (body,) = send({"start_epoch": 4294967295, "called_count": 65535, "lead_id": 4294967295, "length_in_sec": 1,
                    "list_id": 2 ** 64 - 1, "uniqueid": "9" * 20, "call_date": today})
    assert (body["startEpoch"], body["calledCount"]) == (4294967295, 65535)
    assert (body["leadId"], body["listId"], body["uniqueid"]) == ("4294967295", "18446744073709551615", "9" * 20)


TEXTS = {
    "empty": "", "blanks": "  two  ", "quotes": "she said \"yes\" and 'no'", "backslashes": r"C:\temp\new\u0041 \\",
    "control characters": "tab\tline\nreturn\rbell\x07escape\x1b[31m delete\x7f unit\x1f",
    "markup": "</script><!-- & &amp;", "SQL": "'; DROP TABLE x; --", "longest": "x" * 255, "escaped": '"' * 255,
    "accents": "José Ñandú çédille Åß", "Greek, Arabic, Chinese": "Ωμέγα مرحبا 你好", "longest, three bytes": "你" * 255,
    "separators": "a\u2028b\u2029c\ufeff\u200b", "percent": "%s%n%d 100%", "no character": "\ufffe\uffff",
}


@pytest.mark.parametrize("charset", ["utf8", "utf8mb4"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_text_arrives_unchanged(send, db, text, charset):
    if charset == "utf8mb4":
        db.query("ALTER TABLE vicidial_log CONVERT TO CHARACTER SET utf8mb4")
        text = (text[:250] + "😀🎉")
    (body,) = send({"comments": text})
    assert body["comments"] == text


def test_text_arrives_unchanged_in_every_column(send):
    odd = "é\"\\\n"
    (body,) = send({"campaign_id": odd, "phone_code": odd, "phone_number": odd, "user": odd, "user_group": odd,
                    "alt_dial": odd, "status": odd, "uniqueid": odd})
    assert [name for name, value in body.items() if value == odd] == [
        "uniqueid", "campaignId", "phoneNumber", "phoneCode", "disposition", "agentId", "userGroup", "altDial",
        "customerPhone"]


def test_text_of_a_latin1_table_arrives(send, db):
    db.query("ALTER TABLE vicidial_log CONVERT TO CHARACTER SET latin1")
    (body,) = send({"comments": "José déjà vu €", "user": "Zoë"})
    assert (body["comments"], body["agentId"]) == ("José déjà vu €", "Zoë")


@pytest.mark.parametrize("raw, text", [
    (b"abc\xff\xfedef", "abc\ufffd\ufffddef"),            # bytes that are never valid
    (b"Jos\xe9", "Jos\ufffd"),                            # latin1
    ("José 😀".encode(), "José 😀"),                       # UTF-8 in a column without a character set
    # a character that is cut off; the middle of a character without its start
    (b"\xc3", "\ufffd"), (b"\x80x", "\ufffdx"),
    (b"\xc0\xaf", "\ufffd\ufffd"),                        # an overlong form
    (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),              # a surrogate
    (b"\xf4\x90\x80\x80", "\ufffd" * 4),                  # beyond the last character of Unicode
], ids=lambda value: value.hex() if isinstance(value, bytes) else "")
def test_bytes_that_are_no_utf8_are_replaced(send, db, raw, text):
    db.query("ALTER TABLE vicidial_log MODIFY comments VARBINARY(255)")
    (body,) = send({"comments": raw})
    assert body["comments"] == text


@pytest.mark.parametrize("gone, names", [
    (["called_count"], ["calledCount"]), (["term_reason"], ["termReason"]), (["alt_dial"], ["altDial"]),
    (["called_count", "term_reason", "alt_dial"], ["termReason", "altDial", "calledCount"]),
], ids=["called_count", "term_reason", "alt_dial", "all three"])
def test_columns_that_an_old_vicidial_lacks_are_left_out(sync, db, api, gone, names):
    db.insert()
    db.query("ALTER TABLE vicidial_log " + ", ".join(f"DROP COLUMN {column}" for column in gone))
    assert sync.run().code == 0
    (body,) = api.recorded()
    assert list(body) == ORDER and [name for name in ORDER if body[name] is None] == names


def test_an_enum_that_the_server_could_not_store_is_empty(send):
    """A server that is not strict stores an empty string. VICIdial writes CALLMENUXFER, which the column does not
    know."""
    (body,) = send({"term_reason": "CALLMENUXFER"})
    assert body["termReason"] == ""


# ---- the result ----

RESULTS = {"SALE": "answered", "A": "answered", "DNC": "dnc", "B": "dnc", "NA": "no_answer", "NO": "no_answer",
           "BUSY": "busy", "DROP": "dropped", "AMD": "dropped", "sale": "answered", "Busy": "busy",
           "NI": "completed", "AB": "completed", "ADC": "completed", "PDROP": "completed", "ERI": "completed",
           "SALES": "completed", "N": "completed", "AL": "completed", "CALLBK": "completed"}


def test_each_default_disposition_has_its_result(send):
    bodies = send(*({"status": status} for status in RESULTS))
    assert {body["disposition"]: body["result"] for body in bodies} == RESULTS


def test_dispositions_in_the_settings_come_first(send, sync):
    """The settings extend and change the default table. * stands for any other status."""
    sync.configure(config={"dispositions": {"AB": "busy", "sale": "completed", "XYZ": "DNC", "*": "no_answer"}})
    bodies = send(*({"status": status} for status in ("AB", "SALE", "XYZ", "A", "DROP", "NI")))
    assert {body["disposition"]: body["result"] for body in bodies} == {
        "AB": "busy", "SALE": "completed", "XYZ": "dnc", "A": "answered", "DROP": "dropped", "NI": "no_answer"}


# ---- the log ----

def test_control_characters_never_reach_the_log(send, sync, db):
    """A row can neither forge a line of the log nor control a terminal."""
    db.make_vicidial()  # without its other tables the log has warnings
    send({"phone_number": "1\n2026 ERROR ❌", "campaign_id": "\x1b[31mX", "status": "\r\x08\x7f"})
    lines = sync.log_file.read_text().split("\n")
    assert [line for line in lines if re.search(r"[\x00-\x1f\x7f]", line)] == []
    assert [line for line in lines[:-1] if not re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} INFO  ", line)] == []
