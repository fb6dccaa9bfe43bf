"""Tests of the harness: the other tests depend on its dialer and its API."""
import contextlib
import http.client
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time

import pymysql
import pytest

from harness import certs
from harness.api import Api
from harness.dialer import Dialer
from harness.process import ROOT
from harness.sync import Sync

pytestmark = pytest.mark.plain_only

CALL = {"uniqueid": "1700000000.1", "phoneNumber": "3125551212", "campaignId": "TESTCAMP", "disposition": "SALE"}
PATH = "/api/v1/call-results"


def post(api, body=CALL, key="test-key", timeout=10, **headers):
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    headers = {"x-api-key": key, "Content-Type": "application/json", **headers}
    status, _, answer = api.request("POST", PATH, text, headers, timeout)
    return status, json.loads(answer)


@contextlib.contextmanager
def raw_post(api, body=CALL, timeout=10):
    """A socket on which a whole call was posted. Nothing has been read from it yet."""
    text = json.dumps(body).encode()
    with socket.create_connection(("127.0.0.1", api.port), timeout=timeout) as connection:
        connection.sendall(b"POST %s HTTP/1.1\r\nHost: api\r\nx-api-key: test-key\r\nContent-Length: %d\r\n\r\n%s"
                           % (PATH.encode(), len(text), text))
        yield connection


def read_all(connection):
    return b"".join(iter(lambda: connection.recv(65536), b""))


def gone(pid, within=10):
    """Whether the process ends in time. A zombie, dead but not waited for, counts as ended."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            if " Z " in pathlib.Path(f"/proc/{pid}/stat").read_text():
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


# ---- the API: what it accepts and refuses ----

def test_a_call_is_recorded_with_all_that_came_with_it(api):
    status, answer = post(api, **{"Idempotency-Key": "abc", "User-Agent": "tester/1"})
    assert status == 200 and answer["success"] is True and answer["message"] == "Call result recorded"
    assert answer["data"]["uniqueid"] == CALL["uniqueid"] and answer["data"]["disposition"] == "SALE"
    (entry,) = api.state()["recorded"]
    assert entry["body"] == CALL and entry["idempotency_key"] == "abc" and entry["user_agent"] == "tester/1"
    assert abs(entry["at_ms"] / 1000 - time.time()) < 5
    (line,) = api.log()
    assert (line["status"], line["action"], line["key_ok"], line["content_type"], line["seq"]) == \
        (200, "answer", True, "application/json", entry["seq"])


def test_the_same_content_again_is_a_duplicate_and_another_content_an_update(api):
    changed = dict(CALL, disposition="NI")
    assert post(api)[1]["message"] == "Call result recorded"
    status, again = post(api)
    assert status == 200 and again["duplicate"] is True and again["message"] == "Call result already processed"
    assert post(api, changed)[1]["data"]["disposition"] == "NI"
    assert "duplicate" in post(api, changed)[1]
    assert "duplicate" not in post(api)[1]  # changed back, so the content is new again
    assert api.by_uniqueid() == {CALL["uniqueid"]: [CALL, changed, CALL]}
    assert [entry["duplicate_of_content"] for entry in api.state()["recorded"]] == [False, False, True]
    assert [line["duplicate"] for line in api.log()] == [False, True, False, True, False]


@pytest.mark.parametrize("field", ["uniqueid", "phoneNumber", "campaignId"])
@pytest.mark.parametrize("value", ["", None, "absent"])
def test_a_call_without_a_required_field_is_refused(api, field, value):
    body = {**CALL, field: value}
    if value == "absent":
        del body[field]
    assert post(api, body) == (400, {"success": False,
                                     "error": "Missing required fields: uniqueid, phoneNumber, campaignId"})
    assert api.recorded() == []


@pytest.mark.parametrize("body", ["", "{", "[]", '{"uniqueid":"a\nb"}', b'{"uniqueid":"\xff"}', "{}x", b"{}\0"])
def test_bad_json_is_refused(api, body):
    assert post(api, body) == (400, {"success": False, "error": "Invalid JSON"})


def test_a_wrong_key_is_refused_before_anything_else(api):
    assert post(api, "{", key="wrong") == (401, {"success": False, "message": "Invalid API key"})
    assert post(api, {}, key="")[0] == 401
    assert [line["key_ok"] for line in api.log()] == [False, False]


def test_other_paths_and_methods_are_refused(api):
    assert api.request("GET", PATH)[0] == 405
    assert api.request("GET", "/api/v1/health")[::2] == (200, '{"success":true}')
    assert api.request("GET", "/api/v2")[0] == 404
    assert api.state()["requests"] == 3
    assert [line["status"] for line in api.log()] == [405]


def test_clear_forgets_what_arrived_and_keeps_the_rules(api):
    api.rules([{"status": 503, "after": 1}])
    post(api)
    api.clear()
    state = api.state()
    assert state.pop("max_in_flight") <= 1  # the request that was answered may not have ended
    assert state == {"requests": 0, "connections": 0, "recorded": [], "log": []}
    assert post(api)[0] == 503
    api.clear(rules=True)
    assert post(api)[1]["message"] == "Call result recorded"


# ---- the API: how it fails ----

def test_a_request_that_clear_overtakes_is_not_recorded(api):
    """The test that sent the request is over. Otherwise the next test would find a call that it did not make."""
    api.rules([{"delay_ms": 300}])
    with raw_post(api) as connection:
        while not api.log():
            time.sleep(0.01)
        api.clear(rules=True)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    assert api.recorded() == []
    assert post(api)[1]["message"] == "Call result recorded"


def test_rules_choose_by_call_and_count(api):
    other = dict(CALL, uniqueid="1700000000.2")
    api.rules([{"uniqueid": other["uniqueid"], "status": 422, "body": '{"success":false,"error":"no"}'},
               {"times": 2, "after": 1, "status": 429, "headers": {"Retry-After": "7"}}])
    assert [post(api)[0] for _ in range(4)] == [200, 429, 429, 200]
    assert post(api, other) == (422, {"success": False, "error": "no"})
    assert len(api.recorded()) == 1
    api.rules([{"status": 429, "headers": {"Retry-After": "7"}}])
    assert api.request("POST", PATH, "{}")[1]["Retry-After"] == "7"


def test_probability_is_the_same_every_time(api):
    def draw():
        api.rules([{"probability": 0.5, "status": 500}])
        return [post(api)[0] for _ in range(40)]
    first = draw()
    assert 8 < first.count(500) < 32 and draw() == first


@pytest.mark.parametrize("rule", [{"statsu": 500}, {"action": "explode"}, {"times": "2"}, {"status": 1}, 7])
def test_a_mistaken_rule_is_refused(api, rule):
    with pytest.raises(ValueError):
        api.rules([rule])


@pytest.mark.parametrize("action, recorded", [("reset", 0), ("record-then-reset", 1)])
def test_the_action_reset_breaks_the_connection(api, action, recorded):
    api.rules([{"action": action, "times": 1}])
    with raw_post(api) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    assert len(api.recorded()) == recorded
    assert [(line["status"], line["action"], line["uniqueid"]) for line in api.log()] == [(0, action, CALL["uniqueid"])]
    assert post(api)[1].get("duplicate", False) is (recorded == 1)


def test_the_action_partial_sends_half_of_the_answer(api):
    api.rules([{"action": "partial"}])
    with raw_post(api) as connection:
        head, _, body = read_all(connection).partition(b"\r\n\r\n")
    declared = int(head.lower().partition(b"content-length:")[2].split()[0])
    assert 0 < len(body) == declared // 2


def test_the_action_garbage_answers_with_a_page(api):
    api.rules([{"action": "garbage"}])
    status, headers, body = api.request("POST", PATH, json.dumps(CALL), {"x-api-key": "test-key"})
    assert status == 200 and headers["Content-Type"] == "text/html" and "<html>" in body and api.recorded() == []


def test_the_action_drip_answers_byte_by_byte(api):
    api.rules([{"action": "drip", "body": "{}"}])
    started = time.monotonic()
    assert post(api) == (200, {})
    assert time.monotonic() - started > 1.9


def test_the_action_huge_answers_without_end(api):
    api.rules([{"action": "huge"}])
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=30)
    connection.request("POST", PATH, json.dumps(CALL), {"x-api-key": "test-key"})
    answer = connection.getresponse()
    assert answer.getheader("Content-Length") is None
    assert len(answer.read(3_000_000)) == 3_000_000
    connection.close()


def test_the_action_hang_answers_nothing_and_notices_that_the_client_leaves(api):
    api.rules([{"action": "hang"}])
    with raw_post(api, timeout=0.5) as connection, pytest.raises(socket.timeout):
        connection.recv(1)
    api.rules([])
    time.sleep(0.3)
    post(api)
    assert api.state()["max_in_flight"] == 1  # the hanging request ended before the next request came


def test_64_slow_requests_delay_no_other(api):
    api.rules([{"delay_ms": 1000}])
    started = time.monotonic()
    threads = [threading.Thread(target=post, args=(api, dict(CALL, uniqueid=f"1700000000.{n}"))) for n in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= time.monotonic() - started < 32  # one after the other, they would take 64 s
    state = api.state()
    assert len(state["recorded"]) == state["connections"] == 64 and state["max_in_flight"] > 32


def test_kept_alive_connections_are_counted_once(api):
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    for _ in range(3):
        connection.request("POST", PATH, json.dumps(CALL), {"x-api-key": "test-key"})
        assert connection.getresponse().read()
    connection.close()
    assert (api.state()["requests"], api.state()["connections"]) == (3, 1)


def test_the_api_returns_on_the_same_port_after_an_outage():
    with Api() as api:
        post(api)
        url, pid = api.url, api.pid
        assert api.stop() == 0 and gone(pid)
        with pytest.raises(ConnectionRefusedError):
            post(api)
        api.start()
        pid = api.pid
        api.start()
        assert api.url == url and api.pid == pid and post(api)[0] == 200


@pytest.mark.parametrize("rule", [{"action": "hang"}, {"action": "drip"}, {"delay_ms": 60000}])
def test_the_api_ends_at_once_during_a_request(rule):
    with Api() as api:
        api.rules([rule])
        with raw_post(api):
            time.sleep(0.2)
            started = time.monotonic()
            assert api.stop() == 0
            assert time.monotonic() - started < 30  # waiting for the request would take 60 s


def test_the_stand_in_writes_its_port_into_a_file(tmp_path):
    program = os.environ.get("STANDIN") or ROOT / "build/standin"
    standin = subprocess.Popen([program, "--key", "k", "--port-file", tmp_path / "port"], stdout=subprocess.PIPE)
    try:
        line = standin.stdout.readline()
        port = int(line.rpartition(b":")[2])
        deadline = time.monotonic() + 5
        while not (tmp_path / "port").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert line.startswith(b"listening on http://127.0.0.1:") and int((tmp_path / "port").read_text()) == port
    finally:
        standin.terminate()
        assert standin.wait() == 0
        standin.stdout.close()


@pytest.mark.parametrize("which, host, complaint", [
    ("good", "127.0.0.1", None), ("good", "localhost", None),
    ("expired", "localhost", "certificate has expired"), ("wrong_name", "localhost", "mismatch"),
    ("good", None, "unable to get local issuer")])
def test_each_certificate_has_the_fault_that_its_name_says(tmp_path, which, host, complaint):
    made = certs.make(tmp_path)
    cert, key = getattr(made, which)
    context = ssl.create_default_context(cafile=str(made.ca) if host else None)
    with Api(cert=cert, key=key) as api:
        assert api.url.startswith("https://")
        connection = http.client.HTTPSConnection(host or "localhost", api.port, timeout=10, context=context)
        if complaint is None:
            connection.request("GET", "/api/v1/health")
            assert connection.getresponse().status == 200
        else:
            with pytest.raises(ssl.SSLCertVerificationError, match=complaint):
                connection.request("GET", "/api/v1/health")
        connection.close()
        assert post(api)[0] == 200  # the tests' own client accepts any certificate


# ---- the dialer ----

def test_the_tables_are_those_that_vicidial_makes(db):
    for table in ("vicidial_log", "vicidial_log_archive"):
        (status,) = db.query("SHOW TABLE STATUS LIKE %s", [table])
        assert (status["Engine"], status["Collation"]) == ("MyISAM", "utf8mb3_unicode_ci")
        indexes = db.query(f"SHOW INDEX FROM {table}")
        assert {(row["Key_name"], row["Column_name"]) for row in indexes} == {
            ("PRIMARY", "uniqueid"), ("lead_id", "lead_id"), ("call_date", "call_date")}
    assert len(db.query("SHOW COLUMNS FROM vicidial_log")) == 18


READ = ("vicidial_log vicidial_closer_log vicidial_log_extended vicidial_carrier_log call_log vicidial_cpd_log "
        "vicidial_agent_log vicidial_list recording_log vicidial_statuses vicidial_campaign_statuses "
        "vicidial_campaigns vicidial_inbound_groups servers vicidial_did_log vicidial_log_archive "
        "vicidial_closer_log_archive call_log_archive vicidial_carrier_log_archive vicidial_agent_log_archive "
        "vicidial_log_extended_archive").split()
ONLY_NEWEST = ("vicidial_dial_log vicidial_dial_cid_log vicidial_inbound_caller_codes vicidial_amd_log "
               "vicidial_did_log_archive vicidial_dial_log_archive vicidial_dial_cid_log_archive "
               "vicidial_inbound_caller_codes_archive vicidial_amd_log_archive recording_log_archive").split()


@pytest.mark.parametrize("version, tables", [("newest", READ + ONLY_NEWEST), ("2.4", READ)])
@pytest.mark.parametrize("engine", ["MyISAM", "InnoDB"])
def test_the_dialer_has_all_tables_that_the_program_reads(db, version, tables, engine):
    db.make_vicidial(version, engine)
    rows = db.query("SELECT TABLE_NAME AS name, ENGINE AS engine, AUTO_INCREMENT AS counts, TABLE_COLLATION AS "
                    "collation FROM information_schema.TABLES WHERE TABLE_SCHEMA=DATABASE()")
    assert sorted(row["name"] for row in rows) == sorted(tables)
    assert {row["engine"] for row in rows} == {engine} and {row["collation"] for row in rows} == {"utf8mb3_unicode_ci"}
    assert [row["name"] for row in rows if row["counts"] and row["name"].endswith("_archive")] == []


def test_the_dialer_has_the_schema_of_its_version(db):
    def columns(table):
        return {row["Field"] for row in db.query(f"SHOW COLUMNS FROM {table}")}

    def indexed(table):
        return {row["Column_name"] for row in db.query(f"SHOW INDEX FROM {table} WHERE Seq_in_index=1")}

    db.make_vicidial("2.4")
    assert "called_count" not in columns("vicidial_log") | columns("vicidial_closer_log")
    assert "caller_code" not in columns("vicidial_carrier_log") and "lead_id" not in indexed("vicidial_carrier_log")
    assert indexed("vicidial_log_extended") == {"uniqueid", "call_date"}
    assert db.query("SELECT COUNT(*) AS n FROM vicidial_statuses")[0]["n"] == 38
    assert db.row(db.insert())["status"] == "SALE"
    assert [db.put("vicidial_closer_log", lead_id=7, status="QUEUE") for _ in range(2)] == [1, 2]
    db.drop()
    db = db.dialer.database(db.name)
    db.make_vicidial()
    assert indexed("vicidial_log_extended") == {"uniqueid", "call_date", "lead_id", "caller_code"}
    assert {"closecallid", "call_date", "uniqueid", "lead_id"} < indexed("vicidial_closer_log")
    assert "uniqueid" not in indexed("vicidial_dial_log") and "caller_code" not in indexed("vicidial_carrier_log")
    assert db.query("SELECT COUNT(*) AS n, SUM(answering_machine='Y') AS machines FROM vicidial_statuses") == [
        {"n": 50, "machines": 3}]


def test_the_server_is_not_strict(db):
    uniqueid = db.insert(end_epoch="", start_epoch=1700000000, length_in_sec=0, term_reason="CALLMENUXFER",
                         status="TOOLONGASTATUS")
    row = db.row(uniqueid)
    assert (row["end_epoch"], row["term_reason"], row["status"]) == (0, "", "TOOLON")


def test_cron_has_the_documented_rights_and_no_others(db):
    db.insert(uniqueid="1.1")
    with contextlib.closing(db.connect()) as cron, cron.cursor() as cursor:
        cursor.execute("UPDATE vicidial_log SET status='A'")
        cursor.execute("LOCK TABLES vicidial_log READ")
        cursor.execute("UNLOCK TABLES")
        with pytest.raises(pymysql.err.OperationalError, match="denied"):
            cursor.execute("CREATE TABLE mine (a INT)")
    with contextlib.closing(db.connect(*db.READER)) as reader, reader.cursor() as cursor:
        assert cursor.execute("SELECT status FROM vicidial_log") == 1 and cursor.fetchone() == ("A",)
        with pytest.raises(pymysql.err.OperationalError, match="denied"):
            cursor.execute("UPDATE vicidial_log SET status='B'")


def test_call_date_is_in_the_dialers_local_time(db):
    winter, summer = db.insert_many([{"start_epoch": 1700000000}, {"start_epoch": 1720000000}])
    assert str(db.row(winter)["call_date"]) == "2023-11-14 17:13:20"  # 22:13:20 UTC
    assert str(db.row(summer)["call_date"]) == "2024-07-03 05:46:40"  # 09:46:40 UTC
    assert winter.startswith("1700000000.")


def test_a_call_by_default_just_ended(db):
    uniqueid = db.insert()
    row = db.row(uniqueid)
    assert db.now() - 5 <= row["end_epoch"] <= db.now()
    assert row["end_epoch"] - row["start_epoch"] == row["length_in_sec"] == 45
    assert len(row["phone_number"]) == 10 and len(uniqueid) <= 20 and None not in row.values()


def test_insert_can_make_open_calls_and_odd_ones(db):
    talking = db.row(db.insert(end_epoch=None, status="INCALL"))
    assert talking["end_epoch"] is None and talking["length_in_sec"] is None and talking["call_date"] is not None
    assert db.row(db.insert(call_date=None))["call_date"] is None
    assert str(db.row(db.insert(call_date="2024-01-02 03:04:05"))["call_date"]) == "2024-01-02 03:04:05"
    assert db.row(db.insert(length_in_sec=-3))["length_in_sec"] == -3
    with pytest.raises(TypeError):
        db.insert(statsu="SALE")


def test_rows_can_be_updated_and_deleted(db):
    uniqueid = db.insert(status="INCALL")
    db.update(uniqueid, status="SALE", user="7")
    assert (db.row(uniqueid)["status"], db.row(uniqueid)["user"]) == ("SALE", "7")
    db.delete(uniqueid)
    assert db.row(uniqueid) is None


def test_insert_many_makes_thousands_of_calls(db):
    assert len(set(db.insert_many([{}] * 20000))) == 20000
    assert db.query("SELECT COUNT(*) AS n FROM vicidial_log")[0]["n"] == 20000


def test_each_database_is_fresh(dialer, db):
    db.insert()
    other = dialer.database("other")
    assert other.query("SELECT * FROM vicidial_log") == [] and len(db.query("SELECT * FROM vicidial_log")) == 1
    assert dialer.database("asterisk").query("SELECT * FROM vicidial_log") == []
    other.drop()


def test_the_server_stops_is_killed_and_comes_back():
    with Dialer(timezone="Asia/Kolkata") as server:
        db = server.database()
        uniqueid = db.insert(start_epoch=1700000000)
        for stop in (server.halt, server.kill):
            pid = server.pid
            stop()
            assert gone(pid) and not server.running
            server.start()
            assert str(db.row(uniqueid)["call_date"]) == "2023-11-15 03:43:20"
        server.restart()
        pid = server.pid
        server.start()
        assert db.now() > 0 and server.pid == pid  # one server, not two on the same files
        pid, directory = server.pid, server.directory
    assert gone(pid) and not directory.exists()


def test_a_server_can_listen_on_tcp():
    with Dialer(tcp=True) as server:
        server.database()
        connection = pymysql.connect(host="127.0.0.1", port=server.port, user="cron", password="1234",
                                     database="asterisk")
        connection.close()


# ---- no process is left behind ----

@pytest.mark.parametrize("made", [
    "harness.dialer.Dialer()", "harness.api.Api()",
    "subprocess.Popen([harness.api.program('STANDIN', 'build/standin'), '--key', 'k'])"])  # the program ends by itself
def test_nothing_survives_a_killed_parent(made, tmp_path):
    code = ("import harness.api, harness.dialer, subprocess, time\n"
            f"it = {made}\ntime.sleep(0.2)\nprint(it.pid, flush=True)\ntime.sleep(60)")
    parent = subprocess.Popen([sys.executable, "-B", "-c", code], stdout=subprocess.PIPE, universal_newlines=True,
                              env={**os.environ, "PYTHONPATH": str(ROOT / "tests"), "TMPDIR": str(tmp_path)})
    try:
        pid = int(next(line for line in parent.stdout if line.strip().isdigit()))
        assert not gone(pid, within=0.3)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
    assert gone(pid)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_the_dialer_works_for_an_ordinary_user():
    nobody = pwd.getpwnam("nobody")
    code = "import harness.dialer as d\nwith d.Dialer() as s:\n    print(len(s.database().insert()) > 0)"

    def become_nobody():
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)

    with tempfile.TemporaryDirectory() as copy:  # maybe only root can read the source tree
        os.chmod(copy, 0o755)
        shutil.copytree(ROOT / "tests/harness", f"{copy}/tests/harness")
        shutil.copy(ROOT / "tests/vicidial_log.sql", f"{copy}/tests")
        done = subprocess.run([sys.executable, "-B", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              universal_newlines=True, preexec_fn=become_nobody, timeout=120,
                              env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{copy}/tests", "HOME": "/"})
    assert done.stdout == "True\n"


# ---- the installation ----

@pytest.fixture
def impostor(tmp_path, monkeypatch):
    """A script in place of the program. It prints the arguments and the environment that the program would get."""
    script = tmp_path / "impostor"
    script.write_text('#!/bin/sh\n'
                      'if [ "$1" = "--version" ]; then exit 3; fi\n'
                      'echo "args $*"; env | sort; echo complaint >&2\n'
                      'for last; do :; done\n'
                      'if [ "$last" = sleep ]; then exec sleep 60; fi\n'
                      'echo "line for $last" >> "${10}"; exit 5\n')
    script.chmod(0o755)
    monkeypatch.setenv("SYNC_BINARY", str(script))
    monkeypatch.setenv("API_KEY", "stray")


def test_run_returns_code_output_and_new_log_lines(sync, impostor):
    first, second = sync.run("first", env={"EXTRA": "yes"}), sync.run("second")
    assert (first.code, first.err, first.log, second.log) == (5, "complaint\n", "line for first\n", "line for second\n")
    assert f"--state-dir {sync.state} --log {sync.log_file} --legacy-checkpoint {sync.legacy_file} " \
        f"--cron-file {sync.cron_file} first" in first.out
    assert "EXTRA=yes" in first.out and "TZ=America/New_York" in first.out and "API_KEY" not in first.out


def test_runs_that_are_started_are_ended(sync, impostor):
    process = sync.start("sleep")
    assert process.stdout.readline().startswith("args ")
    sync.close()
    assert gone(process.pid)
    process = sync.start("sleep")
    with pytest.raises(subprocess.TimeoutExpired):
        sync.run("sleep", timeout=0.3)
    sync.close()


def test_configure_writes_the_configuration_files(sync, api, db):
    assert "VARDB_pass => 1234\n" in sync.astguiclient_file.read_text()
    assert f"[general]\napi_base_url = {api.url}\napi_key = test-key\n" == sync.dids_file.read_text()
    assert sync.config_file.read_text() == (f"[database]\nsocket = {db.dialer.socket}\nmax_server_time = 0\n\n"
                                            "[sync]\nsettle = 0\nsplay = 0\n")
    sync.configure(dids={"api_key": None, "api_timeout": 3}, config={"sync": {"settle": None, "overlap": 60}})
    assert sync.dids_file.read_text() == f"[general]\napi_base_url = {api.url}\napi_timeout = 3\n"
    assert sync.config_file.read_text().endswith("[sync]\nsplay = 0\noverlap = 60\n")


def test_checkpoint_and_ledger_can_be_read_and_set(sync, db, tmp_path):
    assert abs(int(sync.checkpoint()) - db.now() + 3600) < 10
    sync.set_checkpoint("1700000000 1700000000.1\n# for people")
    assert sync.checkpoint() == "1700000000 1700000000.1"
    assert Sync(tmp_path / "other").checkpoint() is None
    with contextlib.closing(sqlite3.connect(str(sync.state / "ledger.db"))) as ledger:
        ledger.execute("CREATE TABLE t (a, b)")
        ledger.execute("INSERT INTO t VALUES (1, 'x'), (2, 'y')")
        ledger.commit()
    assert sync.ledger("SELECT b FROM t WHERE a > ?", 1) == [("y",)]
