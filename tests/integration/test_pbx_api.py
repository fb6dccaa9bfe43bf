"""pbx-api: the calls of a hosted PBX, from pages of its HTTP API to records, webhooks and the API."""
import base64
import contextlib
import datetime
import json
import pathlib
import sqlite3
import threading
import time
import zoneinfo

import pytest

from harness import certs
from harness.pbx_api import PbxApi
from harness.process import program, until
from harness.sync import Sync

HOUR, DAY = 3600, 86400
DIALECTS = ["epoch", "documented"]


@pytest.fixture
def install(api, tmp_path):
    """install(shape): a PBX, and an installation that reads it, at work since three hours ago."""
    with contextlib.ExitStack() as stack:
        def make(shape="epoch", since=3 * HOUR, sink="records", sync=(), cert=None, login=None, key="k3y-of-the-pbx",
                 zone="Asia/Ho_Chi_Minh", **source):
            pbx = stack.enter_context(PbxApi(shape, zone=zone, cert=cert, login=login, key=key))
            host = Sync(tmp_path / "host", None, api if sink == "did-optimizer" else None, timezone="UTC")
            stack.callback(host.close)
            secret = {"user": login[0], "password": login[1]} if login else {"key": key} if key else {}
            host.configure(config={"sync": {"settle": 0, "splay": 0, "sweep_interval": 60, **dict(sync)},
                                   "source": {"type": "pbx-api", "url": pbx.url, "domain": "demo", "time_zone": zone,
                                              **secret, **source}})
            if sink == "records":
                host.configure(config={"sink": {"type": "records", "file": tmp_path / "calls.db"}})
            host.set_checkpoint(int(time.time()) - since)
            return pbx, host

        yield make


def records(sync):
    with contextlib.closing(sqlite3.connect(sync.directory.parent / "calls.db")) as file:
        file.row_factory = sqlite3.Row
        found = [dict(row) for row in file.execute("SELECT * FROM callcenter_records")]
    assert len({row["uuid"] for row in found}) == len(found)
    return {row["uuid"]: row for row in found}


def assert_recorded(sync, calls):
    assert sorted(records(sync)) == sorted(call["uuid"] for call in calls)


def refused(sync, code, *words):
    """A run that fails. The window does not count as read, so the checkpoint stays."""
    before = sync.checkpoint()
    run = sync.run("run", timeout=120)
    assert run.code == code, run.log
    for word in words:
        assert word in run.log, run.log
    assert "k3y-of-the-pbx" not in run.log
    assert sync.checkpoint().split()[0] == before.split()[0]
    return run


@pytest.mark.parametrize("setting", ["auto", "same"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_call_becomes_a_record(install, dialect, setting):
    pbx, sync = install(dialect, dialect=dialect if setting == "same" else "auto")
    now = int(time.time())
    made = [pbx.call(now - 100, recording="/demo/archive/2025/Oct/09/a.mp3"),
            pbx.call(now - 90, length=20, talk=0, status="NO_ANSWER"),
            pbx.call(now - 80, direction="inbound", own="84280000009"), pbx.call(now - 70, status="BUSY", talk=0),
            pbx.call(now - 60, status="FAILED", talk=0), pbx.call(now - 50, status="CANCELED", talk=0),
            pbx.call(now - 40, status="SOMETHING_NEW")]
    run = sync.run("run")
    assert run.code == 0, run.log
    assert_recorded(sync, made)
    rows = records(sync)
    assert [rows[call["uuid"]]["call_status"] for call in made] == \
        ["answered", "no_answer", "answered", "busy", "failed", "no_answer", "completed"]
    row = rows[made[0]["uuid"]]
    assert (row["source"], row["direction"], row["caller_id"], row["agent"]) == ("pbx-api", "outbound", "2001", "2001")
    assert row["destination"] == row["phone_number"] == made[0]["customer"]
    assert (row["start_epoch"], row["answer_epoch"], row["end_epoch"], row["duration"], row["billsec"]) == \
        (now - 160, now - 150, now - 100, 60, 50)
    assert row["recording_path"] == "/demo/archive/2025/Oct/09/a.mp3"
    inbound = rows[made[2]["uuid"]]
    assert (inbound["direction"], inbound["phone_number"], inbound["agent"]) == ("inbound", made[2]["customer"], None)
    assert json.loads(inbound["raw_data"])["did"] == "84280000009"
    assert rows[made[1]["uuid"]]["answer_epoch"] is None
    assert pbx.headers[0]["Authorization"] == "Bearer k3y-of-the-pbx"
    again = sync.run("run")
    assert again.code == 0 and " 0 processed" in again.log, again.log


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_did_optimizer_gets_each_call_once(install, api, dialect):
    pbx, sync = install(dialect, sink="did-optimizer")
    now = int(time.time())
    statuses = ["ANSWER", "NO_ANSWER", "BUSY", "FAILED"]
    made = [pbx.call(now - 100 - n, status=status) for n, status in enumerate(statuses)]
    for _ in range(2):
        assert sync.run("run").code == 0
    sent = api.by_uniqueid()
    assert sorted(sent) == sorted(call["uuid"] for call in made)
    bodies = [sent[call["uuid"]] for call in made]
    assert [len(versions) for versions in bodies] == [1] * 4
    assert [versions[0]["result"] for versions in bodies] == ["answered", "no_answer", "busy", "failed"]
    assert [versions[0]["dialStatus"] for versions in bodies] == ["ANSWER", "NOANSWER", "BUSY", "CHANUNAVAIL"]
    body = bodies[0][0]
    assert (body["campaignId"], body["phoneNumber"], body["agentId"]) == ("DEFAULT", made[0]["customer"], "2001")
    assert (body["duration"], body["talkTime"], body["endEpoch"]) == (60, 50, now - 100)


@pytest.mark.parametrize("empty", [[], None, ""])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_pages_are_read_to_the_end_whatever_the_end_looks_like(install, dialect, empty):
    pbx, sync = install(dialect, page_size=1000)
    pbx.cap, pbx.empty = 30, empty  # fewer than asked for
    now = int(time.time())
    made = [pbx.call(now - 60 - 40 * n) for n in range(100)]
    assert sync.run("run").code == 0
    assert_recorded(sync, made)


@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("order", ["start", "end", "oldest", "none"])
def test_no_order_of_the_list_hides_a_call(install, order, total):
    pbx, sync = install("documented", page_size=30)
    pbx.order, pbx.total_shown = order, total
    now = int(time.time())
    made = [pbx.call(now - 60 - 40 * n, length=30 + 10 * (n % 7)) for n in range(100)]
    for n in range(100):
        pbx.call(now - DAY - 40 * n)  # yesterday's, which are in the list too
    assert sync.run("run").code == 0
    assert_recorded(sync, made)
    deepest = max(int(query["offset"]) for query in pbx.queries)
    assert (deepest < 150) == (order in ("start", "end") and not total), deepest


@pytest.mark.parametrize("first, total", [(35, False), (150, True)])
def test_a_list_that_is_grouped_by_extension_hides_no_call(install, first, total):
    pbx, sync = install("documented", page_size=30)
    pbx.order, pbx.total_shown = "grouped", total
    now = int(time.time())
    made = [pbx.call(now - 60), pbx.call(now - 90, own="2002")]
    for n in range(first):
        pbx.call(now - DAY - 40 * n)
    for n in range(40):
        pbx.call(now - DAY - 40 * n, own="2002")
    assert sync.run("run").code == 0
    assert_recorded(sync, made)


@pytest.mark.parametrize("filters_on", ["start", "end"])
def test_a_window_may_choose_calls_by_start_or_end(install, filters_on):
    pbx, sync = install(since=30 * HOUR)
    pbx.filters_on = filters_on
    now = int(time.time())
    made = [pbx.call(now - 60 - 1200 * n, length=1500) for n in range(80)]
    for _ in range(3):
        assert sync.run("run").code == 0
    assert_recorded(sync, made)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_list_may_move_while_it_is_paged(install, dialect):
    """New calls push the rows down, and vanished rows pull them up, past the end of the page that was read."""
    pbx, sync = install(dialect, page_size=40)
    now = int(time.time())
    made = [pbx.call(now - 120 - 30 * n) for n in range(200)]
    doomed = made[1::2][:10]

    def move(query):
        if int(query["offset"]) > 0 and doomed:
            gone = [doomed.pop(0) for _ in range(min(3, len(doomed)))]
            pbx.rows[:] = [row for row in pbx.rows if row not in gone]
            made[:] = [row for row in made if row not in gone]
        elif int(query["offset"]) > 0:
            for n in range(7):
                made.append(pbx.call(now - 1 - n, length=5))

    pbx.on_request = move
    assert sync.run("run").code == 0
    pbx.on_request = None
    found = records(sync)
    assert [call for call in made[:150] if call["uuid"] not in found] == []
    assert sync.run("run").code == 0
    assert [call for call in made if call["uuid"] not in records(sync)] == []


@pytest.mark.parametrize("later_is_first", [True, False])
@pytest.mark.parametrize("apart", [1, 45], ids=["one-page", "two-pages"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_two_rows_with_one_uuid_are_one_call_for_ever(install, api, dialect, apart, later_is_first):
    """Goal: the record does not change from run to run, and the call that ended last counts."""
    pbx, sync = install(dialect, sink="did-optimizer", page_size=40, sync={"retry_base": 0})
    pbx.order = "oldest" if later_is_first else "start"
    now = int(time.time())
    kept = pbx.call(now - 60, length=100, status="BUSY")
    pbx.call(now - 90, length=70 + 20 * apart, uuid=kept["uuid"])
    for n in range(apart):
        pbx.call(now - 100 - n, length=60 + 10 * apart)
    for _ in range(3):
        assert sync.run("run").code == 0
    assert [body["disposition"] for body in api.by_uniqueid()[kept["uuid"]]] == ["BUSY"]
    assert len(api.by_uniqueid()) == apart + 1


def test_a_pending_call_with_two_rows_is_read_as_a_run_reads_it(install, api):
    pbx, sync = install(sink="did-optimizer", page_size=20, sync={"retry_base": 0})
    now = int(time.time())
    kept = pbx.call(now - 60, length=100, status="BUSY")
    for n in range(30):
        pbx.call(now - 50 - n)
    pbx.call(now - 70, length=10, uuid=kept["uuid"])
    api.rules([{"uniqueid": kept["uuid"], "status": 500, "times": 1}])
    sync.run("run")
    time.sleep(1.1)
    pbx.queries.clear()
    for _ in range(2):
        sync.run("run")
    assert [body["disposition"] for body in api.by_uniqueid()[kept["uuid"]]] == ["BUSY"]


def peak_kib(process):
    """The most memory that the process used until its end, while somebody reads what it prints."""
    peak = 0
    threading.Thread(target=process.stdout.read, daemon=True).start()
    while process.poll() is None:
        with contextlib.suppress(OSError), open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            peak = max([peak, *(int(line.split()[1]) for line in status if line.startswith("VmHWM"))])
        time.sleep(0.02)
    return peak


@pytest.mark.parametrize("dialect", DIALECTS)
def test_memory_does_not_depend_on_the_calls_of_a_window(install, dialect):
    if b"__asan_init" in pathlib.Path(program("SYNC_BINARY", "build/did-optimizer-sync")).read_bytes():
        pytest.skip("the sanitizer keeps freed memory")
    now = int(time.time())
    peaks = []
    pbx, sync = install(dialect, page_size=1000)
    for count in (1000, 15000):
        for n in range(count):
            pbx.call(now - DAY - n % 3000)  # of one window
        run = sync.start("backfill", "--from", "26 hours ago", "--to", "23 hours ago", "--dry-run")
        peaks.append(peak_kib(run))
        assert run.returncode == 0
    assert 0 < peaks[1] < peaks[0] + 6000, peaks


def test_a_page_behind_the_end_that_repeats_the_last_one_ends_the_list(install):
    pbx, sync = install(page_size=40)
    pbx.ignores.add("clamps")
    now = int(time.time())
    made = [pbx.call(now - 60 - 30 * n) for n in range(90)]
    assert sync.run("run").code == 0
    assert_recorded(sync, made)
    assert pbx.requests < 30


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("count", [41, 60, 70, 71, 90])
def test_an_offset_that_is_ignored_hides_no_call(install, dialect, count):
    pbx, sync = install(dialect, page_size=40)
    pbx.ignores.add("offset")
    now = int(time.time())
    for n in range(count):
        pbx.call(now - 60 - 30 * n)
    refused(sync, 69, "ignores the offset of pages")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_offset_that_is_ignored_hides_no_call_while_calls_come(install, dialect):
    pbx, sync = install(dialect, page_size=40)
    pbx.ignores.add("offset")
    now = int(time.time())
    for n in range(60):
        pbx.call(now - 60 - 30 * n)
    pbx.on_request = lambda query: int(query["offset"]) == 30 and pbx.call(now - 1)
    refused(sync, 69, "ignores the offset of pages")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_dates_that_are_ignored_are_an_error(install, dialect):
    pbx, sync = install(dialect)
    pbx.ignores.add("dates")
    now = int(time.time())
    pbx.call(now - 60)
    pbx.call(now - 20 * DAY)
    refused(sync, 78, "it ignores the dates, or its time zone is not Asia/Ho_Chi_Minh")


@pytest.mark.parametrize("zone", ["UTC", "+09:00", "America/New_York"])
def test_a_wrong_time_zone_loses_no_call(install, zone):
    pbx, sync = install()
    sync.configure(config={"source": {"time_zone": zone}})
    made = [pbx.call(int(time.time()) - 60 - 600 * n) for n in range(10)]
    run = refused(sync, 78, "time_zone")
    assert f"{sync.config_file}:" in run.log
    check = sync.run("check")
    assert check.code == 78 and "time_zone" in check.out
    sync.configure(config={"source": {"time_zone": "+07:00"}})
    assert sync.run("run").code == 0
    assert_recorded(sync, made)


@pytest.mark.parametrize("hours, uuid, words", [
    (7, True, "began 7 h 0 min after its uuid was made"), (-7, True, "began 7 h 0 min before its uuid was made"),
    (7, False, "began 6 h 59 min in the future"), (0, True, None), (0, False, None)])
def test_check_says_that_local_times_are_read_in_a_wrong_zone(install, hours, uuid, words):
    """Goal: in the documented shape a wrong zone hides no call, but it moves their times."""
    pbx, sync = install("documented", zone="UTC")
    call = pbx.call(int(time.time()) - 30, length=5)
    if not uuid:
        call["uuid"] = "call-1"
    start = datetime.datetime.fromtimestamp(call["started"] + hours * HOUR, datetime.timezone.utc)
    pbx.odd = {call["uuid"]: {"start_time": f"{start:%Y-%m-%d %H:%M:%S}"}}
    check = sync.run("check")
    if words:
        assert words in check.out and "correct time_zone under [source]" in check.out, check.out
    else:
        assert "correct time_zone" not in check.out, check.out


def test_calls_that_have_not_ended_do_not_test_the_time_zone(install):
    pbx, sync = install()
    pbx.filters_on = "end"
    for n in range(8):
        pbx.call(None, length=300 + n)
    check = sync.run("check")
    assert "could not be tested without a call" in check.out and "one of the latest began" in check.out, check.out
    made = pbx.call(int(time.time()) - 1200)
    run = sync.run("run")
    assert run.code == 0, run.log
    assert_recorded(sync, [made])
    assert "finds a call by its time in the zone" in sync.run("check").out


@pytest.mark.parametrize("pbx_zone", ["UTC", "America/New_York", "Pacific/Auckland"])
def test_days_need_no_time_zone(install, pbx_zone):
    pbx, sync = install("documented", zone=pbx_zone)
    sync.configure(config={"source": {"time_zone": None}})
    made = [pbx.call(int(time.time()) - 60 - 600 * n) for n in range(15)]
    assert sync.run("run").code == 0
    assert_recorded(sync, made)


ODD_ROWS = [
    ({"uuid": None}, "a row has no uuid"),
    ({"uuid": "x", "start_epoch": None, "start_time": None}, "a row has no start (row "),
    ({"end_epoch": "soon", "end_time": "soon"}, "a row has an unreadable end (row "),
    ({"start_epoch": "once", "start_time": "2025-13-01T00:00:00Z"}, "a row has an unreadable start (row "),
    ({"start_epoch": "86400", "end_epoch": "86460", "start_time": "1970-01-02T00:00:00Z",
      "end_time": "1970-01-02T00:01:00Z"}, "lists a call of 1970-01-02"),
]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("place", [0, 14, 49])
@pytest.mark.parametrize("odd, words", ODD_ROWS, ids=["no-uuid", "no-start", "end", "start", "outside"])
def test_a_row_that_is_no_call_stops_no_other_call(install, dialect, odd, words, place):
    pbx, sync = install(dialect, page_size=20)
    now = int(time.time())
    made = [pbx.call(now - 60 - 30 * n) for n in range(50)]
    pbx.odd[made[place]["uuid"]] = odd
    run = sync.run("run")
    assert run.code == 0, run.log
    del made[place]
    assert_recorded(sync, made)
    assert words in run.log and ("is skipped" in run.log or " 1 rows of the PBX's list are skipped" in run.log), run.log


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_window_with_one_unreadable_row_alone_is_read(install, dialect):
    """Goal: such a row holds up no later call."""
    pbx, sync = install(dialect)
    now = int(time.time())
    bad = pbx.call(now - 60)
    pbx.odd[bad["uuid"]] = {"end_epoch": "soon", "end_time": "soon"}
    run = sync.run("run")
    assert run.code == 0 and f"an unreadable end (row 1, uuid {bad['uuid']})" in run.log, run.log
    good = pbx.call(now - 50)
    assert sync.run("run").code == 0
    assert_recorded(sync, [good])


@pytest.mark.parametrize("bad, good, passes", [(10, 0, True), (11, 0, False), (11, 10, False), (11, 11, True)])
def test_many_unreadable_rows_are_another_shape(install, bad, good, passes):
    pbx, sync = install(page_size=100)
    now = int(time.time())
    for n in range(bad):
        pbx.odd[pbx.call(now - 60 - n)["uuid"]] = {"end_epoch": "soon"}
    for n in range(good):
        pbx.call(now - 100 - n)
    if passes:
        run = sync.run("run")
        assert run.code == 0 and f"{bad} rows of the PBX's list are skipped" in run.log, run.log
        assert f" {good} processed" in run.log
    else:
        refused(sync, 69, f"{bad} rows of the PBX's list could not be read, and {good} could")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_calls_between_extensions_are_sent_only_on_request(install, dialect):
    pbx, sync = install(dialect)
    now = int(time.time())
    made = [pbx.call(now - 60), pbx.call(now - 90, direction="internal"), pbx.call(now - 95, direction="local")]
    assert sync.run("run").code == 0
    assert_recorded(sync, made[:1])
    sync.configure(config={"source": {"internal_calls": "yes"}})
    assert sync.run("run").code == 0
    assert_recorded(sync, made)


def test_rows_without_uuid_at_the_top_of_pages_do_not_end_the_list(install):
    pbx, sync = install(page_size=20)
    now = int(time.time())
    made = [pbx.call(now - 60 - 30 * n) for n in range(90)]
    for place in range(0, 90, 10):  # pages repeat 10 rows
        pbx.odd[made[place]["uuid"]] = {"uuid": None}
    run = sync.run("run")
    assert run.code == 0, run.log
    assert_recorded(sync, [call for place, call in enumerate(made) if place % 10])


def test_a_pending_call_is_not_given_up_if_a_row_could_not_be_read(install, api):
    pbx, sync = install(sink="did-optimizer", sync={"retry_base": 0})
    now = int(time.time())
    call = pbx.call(now - 60)
    for n in range(8):
        pbx.call(now - 50 + n)  # the API works
    api.rules([{"uniqueid": call["uuid"], "status": 500}])
    sync.run("run")
    pbx.odd[call["uuid"]] = {"uuid": None}
    time.sleep(1.1)
    run = sync.run("run")
    assert "gone from the PBX's API" not in run.log and "could not be read" in run.log, run.log
    pbx.odd.clear()
    api.clear(rules=True)
    time.sleep(1.1)
    for _ in range(2):
        sync.run("run")
    assert call["uuid"] in api.by_uniqueid()


BAD_PAGES = [
    ((200, {}, json.dumps({"status": "error", "message": "domain is locked"})), 69, "domain is locked"),
    ((200, {}, json.dumps({"success": False, "data": []})), 69, "success is false"),
    ((200, {}, json.dumps({"data": []})), 69, "neither success nor status"),
    ((200, {}, json.dumps({"success": True})), 69, "no list of calls in `data`"),
    ((200, {}, json.dumps({"success": True, "data": {"uuid": "x"}})), 69, "no list of calls in `data`"),
    ((200, {}, json.dumps({"success": True, "data": [], "total": 700})), 69, "counts 700 calls but lists none"),
    ((200, {}, json.dumps({"success": True, "data": [{"a": 1}]})), 69, "a row has no uuid"),
    ((200, {}, json.dumps({"success": True, "data": ["x"]})), 69, "a row has no uuid"),
    ((200, {}, json.dumps({"success": True, "data": [None, {"start": 1}]})), 69, "a row has no uuid (row "),
    ((200, {}, '{"success": true, "data": ['), 69, "not a JSON object"),
    ((200, {}, ""), 69, "not a JSON object"),
    ((200, {"Content-Type": "text/html"}, "<html>log in</html>"), 78, "a web page"),
    ((200, {}, " <html>log in</html>"), 78, "a web page"),
    ((301, {"Location": "http://127.0.0.1:1/"}, ""), 78, "redirects to another address"),
    (401, 78, "refuses the key (HTTP 401)"), (403, 78, "refuses the key (HTTP 403)"),
    (404, 78, "does not exist on the PBX"), (400, 78, "refuses the request (HTTP 400): status 400"),
    (503, 69, "failed (HTTP 503)"), ("cut", 69, "could not read from the PBX's API"),
    ("half", 69, "could not read from the PBX's API"), (429, 69, "limits the rate of requests"),
    ((429, {"Retry-After": "600"}, ""), 69, "limits the rate of requests"),
]


@pytest.mark.parametrize("later", [False, True], ids=["first-page", "later-page"])
@pytest.mark.parametrize("answer, code, words", BAD_PAGES, ids=[words.replace(" ", "-") for _, _, words in BAD_PAGES])
def test_a_page_that_is_not_what_it_should_be_is_an_error(install, answer, code, words, later):
    """Goal: an error is never taken for an empty day. Rows that were read before the error may be sent."""
    pbx, sync = install(page_size=20)
    now = int(time.time())
    made = [pbx.call(now - 60 - 30 * n) for n in range(60)]
    if later:
        assert sync.run("run", "--dry-run").code == 0  # the test of the time zone takes no page of those below
        pbx.on_request = lambda query: int(query["offset"]) > 0 and setattr(pbx, "always", answer)
    else:
        pbx.always = answer
    refused(sync, code, words)
    pbx.on_request = pbx.always = None
    assert sync.run("run").code == 0
    assert_recorded(sync, made)


@pytest.mark.parametrize("answer", [500, 502, "cut", "half", 429, (429, {"Retry-After": "1"}, "")])
def test_a_request_that_fails_once_is_repeated(install, answer):
    pbx, sync = install()
    made = [pbx.call(int(time.time()) - 60)]
    pbx.answers.append(answer)
    run = sync.run("run")
    assert run.code == 0, run.log
    assert_recorded(sync, made)


def test_a_signal_ends_the_wait_for_the_next_try(install):
    pbx, sync = install()
    pbx.call(int(time.time()) - 60)
    pbx.always = 503, {"Retry-After": "20"}, ""
    run = sync.start("run")
    began = time.monotonic()
    while pbx.requests == 0 and time.monotonic() - began < 30:
        time.sleep(0.05)
    time.sleep(0.3)
    began = time.monotonic()
    run.terminate()
    assert run.wait(timeout=15) != 0
    assert time.monotonic() - began < 10 and pbx.requests == 1


@pytest.mark.parametrize("at", ["first", "second", "scan", "page", "fetch"])
def test_a_signal_ends_a_request_in_flight(install, api, at):
    """Goal: the run ends at once, whatever it waits for, and the window does not count as read."""
    pbx, sync = install(page_size=20, sink="did-optimizer", sync={"retry_base": 0})
    now = int(time.time())
    made = [pbx.call(now - 60 - 30 * n) for n in range(60)]
    if at in ("scan", "page", "fetch"):
        api.rules([{"status": 500}] if at == "fetch" else [])
        if at == "fetch":
            sync.run("run")
            time.sleep(1.1)
            api.clear(rules=True)
        else:
            assert sync.run("run", "--dry-run").code == 0
            pbx.rows.clear()
            made = [pbx.call(now - 60 - 30 * n) for n in range(60)]
    nth = {"first": 1, "second": 2, "scan": 1, "page": 3, "fetch": 1}[at]
    started, before = pbx.requests, sync.checkpoint()
    pbx.on_request = lambda query: pbx.requests == started + nth and time.sleep(8)
    run = sync.start("run")
    until(lambda: pbx.requests == started + nth)
    began = time.monotonic()
    run.terminate()
    run.communicate(timeout=15)
    assert time.monotonic() - began < 2
    assert pbx.requests == started + nth and sync.checkpoint().split()[0] == before.split()[0]
    pbx.on_request = None
    pbx.on_request = None
    for _ in range(3):
        sync.run("run")
    assert sorted(api.by_uniqueid()) == sorted(call["uuid"] for call in made)


def test_a_slow_answer_times_out(install):
    pbx, sync = install(timeout=1)
    made = [pbx.call(int(time.time()) - 60)]
    pbx.answers.append(2.5)
    assert sync.run("run").code == 0
    assert_recorded(sync, made)


def test_the_key_does_not_follow_a_redirect(install):
    pbx, sync = install()
    with PbxApi() as other:
        pbx.always = 302, {"Location": f"{other.url}/api/v2/cdrs"}, ""
        refused(sync, 78, "redirects")
        assert other.requests == 0


def test_the_certificate_is_always_verified(install, tmp_path):
    made = certs.make(tmp_path)
    pbx, sync = install(cert=made.good)
    call = pbx.call(int(time.time()) - 60)
    refused(sync, 69, "certificate", "ca_file under [source]")
    assert pbx.requests == 0  # and the key stays here
    sync.configure(config={"source": {"ca_file": made.ca}})
    run = sync.run("run")
    assert run.code == 0, run.log
    assert_recorded(sync, [call])


def test_the_key_may_be_in_a_file_and_is_never_shown(install, tmp_path):
    pbx, sync = install(key=None)
    pbx.key = "k3y-of-the-pbx"
    secret = tmp_path / "pbx.key"
    secret.write_text("k3y-of-the-pbx\n")
    secret.chmod(0o600)
    sync.configure(config={"source": {"key_file": secret}})
    pbx.call(int(time.time()) - 60)
    assert sync.run("run").code == 0
    secret.write_text("wr0ng-key\n")
    run = sync.run("run")
    assert run.code == 78 and "refuses the key" in run.log and "wr0ng-key" not in run.log, run.log
    assert "wr0ng-key" not in sync.run("check").out


def test_settings_may_come_from_the_environment(install):
    pbx, sync = install()
    made = pbx.call(int(time.time()) - 60)
    names = {"PBX_API_URL": pbx.url, "PBX_DOMAIN": "demo", "PBX_API_KEY": "k3y-of-the-pbx"}
    sync.configure(config={"source": {"url": None, "domain": None, "key": None}})
    assert sync.run("run").code == 78
    run = sync.run("run", env={**names, "PBX_API_KEY": "wr0ng-key"})
    assert run.code == 78 and "environment variable PBX_API_KEY" in run.log and "wr0ng-key" not in run.log, run.log
    assert sync.run("run", env=names).code == 0
    assert_recorded(sync, [made])
    pbx.headers.clear()
    sync.configure(config={"source": {"url": pbx.url}})
    assert sync.run("check", env={**names, "PBX_API_URL": "http://127.0.0.1:1"}).code == 78
    assert pbx.headers and not any("Authorization" in headers for headers in pbx.headers)  # it is another PBX's key


def test_check_names_the_variables_that_set_something(install):
    pbx, sync = install()
    sync.configure(config={"recordings": {"upload": "directory", "folder": "/srv"}})
    names = {"PBX_REQUEST_TIMEOUT": "7", "TIMEZONE": "Asia/Tokyo", "CALLCENTER_BATCH_SIZE": "1",
             "PBX_RECORDING_BASE_URL": pbx.url + "/recordings", "CALLCENTER_MAX_RETRIES": "3",
             "GOOGLE_DRIVE_FOLDER_ID": "1abc", "PBX_API_KEY": "another"}
    told = [line.partition("configuration: ")[2] for line in sync.run("check", env=names).out.splitlines()
            if "because no file does" in line]
    assert told == ["PBX_REQUEST_TIMEOUT sets timeout in [source], because no file does",
                    "CALLCENTER_BATCH_SIZE sets page_size in [source], because no file does",
                    "PBX_RECORDING_BASE_URL sets url in [recordings], because no file does",
                    "CALLCENTER_MAX_RETRIES sets max_attempts in [recordings], because no file does"]
    checked = sync.run("check", env={**names, "PBX_REQUEST_TIMEOUT": "soon"})
    assert checked.code == 78 and "environment variable PBX_REQUEST_TIMEOUT: timeout" in checked.out, checked.out


def test_user_and_password_or_nothing_may_be_the_account(install):
    pbx, sync = install(login=("reader", "p4ss"))
    pbx.call(int(time.time()) - 60)
    assert sync.run("run").code == 0
    sync.configure(config={"source": {"password": "other"}})
    pair = base64.b64encode(b"reader:other").decode()
    pbx.always = 401, {}, json.dumps({"message": f"{pair} is wrong"})
    run = sync.run("run")
    assert "refuses the user or the password" in run.log and pair not in run.log, run.log
    pbx.always = None
    pbx.login = pbx.key = None
    sync.configure(config={"source": {"user": None, "password": None}})
    assert sync.run("run").code == 0


def test_a_call_is_sent_when_it_has_ended_and_again_when_it_changes(install, api):
    pbx, sync = install(sink="did-optimizer")
    call = pbx.call(None, length=300)
    assert sync.run("run").code == 0 and not api.recorded()
    call["ended"] = int(time.time()) - 5
    assert sync.run("run").code == 0
    assert len(api.by_uniqueid()[call["uuid"]]) == 1
    call["recording"] = "/demo/a.mp3"  # later than the call, and no change of it
    assert sync.run("run").code == 0
    assert len(api.by_uniqueid()[call["uuid"]]) == 1
    call.update(talk=20, status="BUSY")
    assert sync.run("run").code == 0
    assert [body["disposition"] for body in api.by_uniqueid()[call["uuid"]]] == ["ANSWER", "BUSY"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_call_that_is_pending_is_found_by_the_time_in_its_id(install, api, dialect):
    pbx, sync = install(dialect, sink="did-optimizer", sync={"retry_base": 0}, since=30 * HOUR)
    now = int(time.time())
    calls = [pbx.call(now - 28 * HOUR), pbx.call(now - 27 * HOUR), pbx.call(now - 60)]
    api.rules([{"times": 3, "status": 500}])
    for _ in range(6):
        sync.run("run")
    assert sorted(api.by_uniqueid()) == sorted(call["uuid"] for call in calls)


@pytest.mark.parametrize("known", [True, False])
def test_a_pending_call_that_vanished_is_given_up_only_if_its_day_was_read(install, api, known):
    pbx, sync = install(sink="did-optimizer", sync={"retry_base": 0})
    now = int(time.time())
    call = pbx.call(now - 60, **({} if known else {"uuid": "no-uuid-of-version-1"}))
    for n in range(8):
        pbx.call(now - 50 + n)  # the API works
    api.rules([{"uniqueid": call["uuid"], "status": 500}])
    sync.run("run")
    assert sync.ledger("SELECT uniqueid FROM call WHERE state = 2") == [(call["uuid"],)]
    pbx.rows.remove(call)
    time.sleep(1.1)
    run = sync.run("run")
    assert ("gone from the PBX's API" in run.log) == known, run.log
    assert ("no version-1 UUIDs" in run.log) != known, run.log
    pbx.rows.append(call)
    api.clear(rules=True)
    time.sleep(1.1)
    for _ in range(2):
        sync.run("run")
    assert call["uuid"] in api.by_uniqueid()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_run_reads_a_part_of_the_day_only(install, dialect):
    """Goal: a minute's run does not read the whole day again, in neither shape, unless the PBX counts its calls."""
    pbx, sync = install(dialect, page_size=50, sync={"poll_window": 3600, "sweep_interval": 1800})
    pbx.total_shown = False
    now = int(time.time())
    for n in range(1000):
        pbx.call(now - 60 - 60 * n)
    assert sync.run("run").code == 0
    for _ in range(2):
        pbx.queries.clear()
        assert sync.run("run").code == 0
        # 70 calls, the rows that pages repeat, and up to one page too many; the documented shape reads an hour more
        assert sum(len(pbx.page(query)["data"]) for query in pbx.queries) <= 200
        assert len(pbx.queries) <= 6


# ---- ranges that are asked for again ----

def requests_of(pbx, sync, *codes):
    """The requests of one run that ends with one of the codes (0)."""
    before = pbx.requests
    run = sync.run("run")
    assert run.code in (codes or (0,)), run.log
    return pbx.requests - before


def forget_when(sync, since=HOUR):
    """As if the range had been read whole so long ago."""
    (text,), = sync.ledger("SELECT text FROM note WHERE name = 'zone'")
    tested, known = text.split(" |")
    place, at, *rest = known.split(" ")
    known = " ".join([place, str(int(at) - since), *rest])
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE note SET text = ? WHERE name = 'zone'", [f"{tested} |{known}"])


def at_noon():
    """The name of a zone where it is noon, so that no day begins during a test."""
    hours = 12 - time.gmtime().tm_hour
    return f"Etc/GMT{-hours:+d}" if hours else "Etc/GMT"


def fill(pbx, count=900, **how):
    """As many calls, one a minute; returns those that the installation has to record."""
    now = int(time.time())
    made = [pbx.call(now - 30 - 60 * n, **how) for n in range(count)]
    return [call for call in made if call["ended"] > now - 3 * HOUR]


def test_a_run_reads_the_end_of_a_counted_list_only_if_it_has_changed(install):
    """Goal: where the PBX names days only and counts its calls, a minute's run does not read all days again."""
    pbx, sync = install("documented", page_size=100, zone=at_noon(), sync={"sweep_interval": 1800})
    made = fill(pbx)
    assert requests_of(pbx, sync) > 9
    assert [requests_of(pbx, sync) for _ in range(3)] == [1] * 3
    for count in (1, 40, 150):  # 40: the anchor moves down the page; 150: to the next one
        now = int(time.time())
        made += [pbx.call(now - 1, length=30 + n) for n in range(count)]
        assert requests_of(pbx, sync) <= 2 + count // 80
        assert_recorded(sync, made)
    now = int(time.time())
    made.append(pbx.call(now - 1, length=7000))  # it began long ago, so it stands far down in the list
    assert requests_of(pbx, sync) <= 8
    assert_recorded(sync, made)
    assert requests_of(pbx, sync) == 1
    # One row comes for one that goes, behind the anchors: only a whole reading shows that.
    pbx.rows.remove(made[170])
    made.append(pbx.call(int(time.time()) - 1, length=3600))
    assert requests_of(pbx, sync) == 1
    forget_when(sync)
    assert requests_of(pbx, sync) > 9
    assert_recorded(sync, made)
    assert requests_of(pbx, sync) == 1


@pytest.mark.parametrize("order", ["start", "end", "oldest", "grouped", "none"])
def test_no_order_of_a_counted_list_hides_a_call_from_a_later_run(install, order):
    pbx, sync = install("documented", page_size=50, zone=at_noon(), sync={"sweep_interval": 1800})
    pbx.order = order
    made = fill(pbx, 300, own="2001")
    for run in range(4):
        assert sync.run("run").code == 0
        assert_recorded(sync, made)
        now = int(time.time())
        made += [pbx.call(now - 1 - n, length=10 + 700 * n, own=f"200{n % 4}") for n in range(3 * run)]
    assert sync.run("run").code == 0
    assert_recorded(sync, made)


def test_a_call_that_was_listed_before_its_end_is_recorded_when_it_has_ended(install):
    """Goal: a row behind the anchors that changes in place is read, if an earlier run could not take it yet."""
    pbx, sync = install("documented", page_size=50, zone=at_noon(), sync={"sweep_interval": 1800})
    made = fill(pbx, 400)
    open_call = pbx.call(None, length=5400)  # it stands behind 90 others
    assert requests_of(pbx, sync) > 8
    assert requests_of(pbx, sync) > 1
    assert_recorded(sync, made)
    open_call["ended"] = int(time.time()) - 1
    assert sync.run("run").code == 0
    assert_recorded(sync, [*made, open_call])
    assert [requests_of(pbx, sync) for _ in range(2)] == [1] * 2


@pytest.mark.parametrize("dialect", DIALECTS)
def test_calls_that_a_run_could_not_settle_are_read_again(install, api, dialect):
    pbx, sync = install(dialect, sink="did-optimizer", page_size=50, zone=at_noon(), sync={"sweep_interval": 1800})
    made = fill(pbx, 300)
    api.rules([{"status": 503}])
    for _ in range(3):
        requests_of(pbx, sync, 69, 75)
    api.rules([])
    while sync.run("run").code == 75:
        pass
    assert sorted(api.by_uniqueid()) == sorted(call["uuid"] for call in made)


def test_a_checkpoint_that_is_set_back_makes_a_run_read_all_again(install):
    pbx, sync = install("documented", since=1800, page_size=50, zone=at_noon(), sync={"sweep_interval": 1800})
    made = fill(pbx, 300)
    assert requests_of(pbx, sync) > 6
    assert requests_of(pbx, sync) == 1
    assert len(records(sync)) < 32
    assert sync.run("checkpoint", "set", "110 minutes ago").code == 0
    assert requests_of(pbx, sync) > 6
    assert_recorded(sync, [call for call in made if call["ended"] > time.time() - 6600])


def test_other_settings_make_a_run_read_all_again(install):
    pbx, sync = install("documented", page_size=50, zone=at_noon(), sync={"sweep_interval": 1800})
    fill(pbx, 300)
    inside = pbx.call(int(time.time()) - 60, length=5400, direction="internal")
    assert requests_of(pbx, sync) > 6
    assert requests_of(pbx, sync) == 1
    assert inside["uuid"] not in records(sync)
    sync.configure(config={"source": {"internal_calls": "yes"}})
    assert sync.run("run").code == 0
    assert inside["uuid"] in records(sync)


def test_a_list_that_takes_longer_than_a_run_may_stops_no_call(install):
    """Goal: where reading the list alone takes longer than time_budget, runs send calls all the same."""
    pbx, sync = install("documented", zone=at_noon(), page_size=50,
                        sync={"sweep_interval": 1800, "time_budget": 1, "batch_size": 50})
    made = fill(pbx, 300)
    pbx.always = 0.2
    for _ in range(10):
        requests_of(pbx, sync, 0, 75)
        if len(records(sync)) == len(made):
            break
    assert_recorded(sync, made)
    pbx.always = None
    made.append(pbx.call(int(time.time()) - 1))
    assert sync.run("run").code == 0
    assert requests_of(pbx, sync) == 1
    assert_recorded(sync, made)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_quiet_pbx_is_not_asked_for_all_days_each_minute(install, dialect):
    """Goal: after a weekend without calls a run costs what it costs after a minute without calls. A PBX that wrote no
    calls for hours, and then all of them, hides none."""
    pbx, sync = install(dialect, since=61 * HOUR, zone=at_noon(), sync={"sweep_interval": 1800})
    now = int(time.time())
    made = [pbx.call(now - 60 * HOUR)]
    requests_of(pbx, sync)
    assert all(requests_of(pbx, sync) <= 2 for _ in range(3))
    status = sync.run("status").out
    assert "OK - " in status and "no later call was found by " in status, status
    health = sync.run("health")
    assert health.code == 0 and "pending=0" in health.out, health.out
    made.append(pbx.call(int(time.time()) - 1))
    assert requests_of(pbx, sync) <= 6  # with the test of the time zone
    assert_recorded(sync, made)


def test_a_backfill_of_today_means_the_day_of_the_pbx(install):
    """Goal: where the PBX is, it is a later day than here."""
    pbx, sync = install(zone="Pacific/Kiritimati")
    sync.timezone = "Etc/GMT+12"
    day = datetime.datetime.now(zoneinfo.ZoneInfo("Pacific/Kiritimati")).strftime("%Y-%m-%d")
    call = pbx.call(int(time.time()) - 5, length=1)
    run = sync.run("backfill", "--from", day, "--to", day)
    assert run.code == 0 and call["uuid"] in records(sync), run.err
    later = sync.run("backfill", "--from", "2 days ago", "--to", "3 days ago")
    assert later.code == 64 and "no call can have ended between" in later.err


def test_reconcile_and_backfill_read_the_same_list(install):
    pbx, sync = install()
    now = int(time.time())
    made = [pbx.call(now - 60), pbx.call(now - 2 * DAY)]
    assert sync.run("run").code == 0
    assert_recorded(sync, made[:1])
    back = sync.run("backfill", "--from", "3 days ago", "--to", "1 day ago")
    assert back.code == 0, back.out + back.err
    assert_recorded(sync, made)
    pbx.rows.remove(made[1])
    again = sync.run("reconcile", "--days", "4")
    assert again.code == 0, again.out + again.err


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "+07:00"])
def test_a_backfill_of_days_reads_whole_days_of_the_pbx(install, zone):
    pbx, sync = install()
    sync.configure(config={"source": {"time_zone": zone}})
    hanoi = datetime.timezone(datetime.timedelta(hours=7))
    last = datetime.datetime.now(hanoi).replace(hour=0, minute=0, second=0, microsecond=0)
    first = last - datetime.timedelta(days=3)
    begin, end = int(first.timestamp()), int(last.timestamp())
    pbx.call(begin - 1)
    made = [pbx.call(begin), pbx.call(begin + DAY), pbx.call(end - 1)]
    pbx.call(end)
    run = sync.run("backfill", "--from", f"{first:%Y-%m-%d}", "--to", f"{last - datetime.timedelta(days=1):%Y-%m-%d}")
    assert run.code == 0, run.out + run.err
    assert_recorded(sync, made)


def test_check_says_what_works(install):
    pbx, sync = install()
    check = sync.run("check")
    assert "lists no call of the domain demo" in check.out and "could not be tested without a call" in check.out
    pbx.call(int(time.time()) - 60)
    check = sync.run("check")
    assert check.code == 0, check.out
    for words in (f"{pbx.url}/api/v2/cdrs answers, and accepts the account", "in the epoch shape",
                  "the PBX finds a call by its time in the zone Asia/Ho_Chi_Minh", "clock and the PBX's agree"):
        assert words in check.out, check.out
    pbx.date = time.time() - 500
    assert "s ahead of the PBX's" in sync.run("check").out
    pbx.always = 401
    check = sync.run("check")
    assert check.code == 78 and "refuses the key" in check.out and f"{sync.config_file}:" in check.out
