"""`check` prints one line for each thing that a run needs, with a remedy for each fault. `check` changes nothing and
sends no call."""
import contextlib
import json
import pathlib
import re
import shutil
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
import warnings

import pytest

from harness import certs
from harness.api import Api
from harness.process import ROOT, end, program, spawn, until
from simulation.clock import ClockedDialer

NOBODYS_PORT = "http://127.0.0.1:1"


@contextlib.contextmanager
def cron_daemon(directory):
    """Starts a process that has the name of cron's daemon."""
    shutil.copy(shutil.which("sleep"), directory / "crond")
    process = spawn([directory / "crond", "3600"])
    try:
        while pathlib.Path(f"/proc/{process.pid}/comm").read_text() != "crond\n":
            time.sleep(0.01)
        yield
    finally:
        end(process)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    with cron_daemon(tmp_path_factory.mktemp("daemon")):
        yield


CRONTAB = (ROOT / "packaging/cron.d/did-optimizer-sync").read_text()


@pytest.fixture
def ready(sync, db, daemon):
    """An installation that is ready to run, and a call that `check` must not send."""
    sync.cron_file.parent.mkdir()
    sync.cron_file.write_text(CRONTAB)
    sync.cron_file.chmod(0o644)
    sync.dids_file.chmod(0o600)
    sync.log_file.touch()
    db.insert()
    return sync


def everything(sync):
    return {str(path): path.read_bytes() if path.is_file() else "directory" for path in sync.directory.rglob("*")}


def check(sync, api, code=0):
    """Runs `check`, and returns its lines by their mark. Nothing is sent, and nothing on disk changes."""
    before = everything(sync)
    done = sync.run("check")
    assert everything(sync) == before and api.recorded() == []
    assert (done.code, done.err) == (code, ""), done.out
    lines = done.out.splitlines()
    verdict = lines.pop()
    marked = {mark: [line[2:] for line in lines if line.startswith(mark + " ")] for mark in "✓⚠✗"}
    assert sum(map(len, marked.values())) == len(lines)
    if marked["✗"]:
        assert verdict.startswith(f"✗ verdict: NOT READY, {len(marked['✗'])} of {len(lines)} checks failed")
    elif marked["⚠"]:
        assert verdict.startswith(f"⚠ verdict: READY, with {len(marked['⚠'])} warning")
    else:
        assert verdict.startswith(f"✓ verdict: READY, all {len(lines)} checks passed")
    return marked


def subjects(lines):
    return [line.partition(":")[0] for line in lines]


def one_is_broken(sync, api, code, *words):
    """Returns the line with this mark; exactly one line must have it."""
    (line,) = check(sync, api, code)["✗"]
    for word in words:
        assert word in line
    return line


def test_an_installation_that_is_ready_passes(ready, api, db):
    marked = check(ready, api)
    assert (marked["✗"], marked["⚠"]) == ([], [])
    assert sorted(subjects(marked["✓"])) == ["API", "API", "checkpoint", "configuration", "cron", "database",
                                             *["enrichment"] * 11, "leader", "ledger", "log", "sending", "state",
                                             "table", "table", "time zone"]
    told = "\n".join(marked["✓"])
    for word in (api.url, f"{ready.dids_file}:2", f"{ready.dids_file}:3", "asterisk", "cron", "call_date on call_date",
                 "SELECT is granted", str(ready.state), str(ready.log_file)):
        assert word in told
    assert [entry["status"] for entry in api.log()] == [400]  # one empty request, which the API refuses


def test_an_installation_that_has_run_passes(ready, api):
    assert ready.run().code == 0
    api.clear()
    assert check(ready, api)["✗"] == []


def test_a_new_installation_passes(ready, api):
    """A new installation has no checkpoint and no log yet."""
    ready.checkpoint_file.unlink()
    ready.log_file.unlink()
    told = "\n".join(check(ready, api)["✓"])
    assert "none yet" in told and f"{ready.log_file} can be created" in told


# ---- the API owner's script ----

@pytest.mark.parametrize("file, line, told", [
    ("extensions-vicidial.conf", "exten => h,1,AGI(agi-did-optimizer-report.agi)", True),
    ("extensions.conf", " same => n,AGI(/var/lib/asterisk/agi-bin/agi-did-optimizer-report.agi,${X})", True),
    ("extensions.conf", ";exten => h,1,AGI(agi-did-optimizer-report.agi)", False),
    ("extensions.conf", "exten => h,1,NoOp() ; agi-did-optimizer-report.agi", False),
    ("extensions.conf", "exten => h,1,AGI(agi://127.0.0.1:4577/call_log)", False),
    ("manager.conf", "exten => h,1,AGI(agi-did-optimizer-report.agi)", False),
])
def test_the_api_owner_s_script_in_the_dialplan_is_a_warning(ready, api, file, line, told):
    """If both the script and the program send, the API gets each call twice."""
    path = ready.dids_file.parent / file
    path.write_text(f"[default]\nexten => s,1,NoOp\n{line}\n")
    warned = [one for one in check(ready, api)["⚠"] if one.startswith("dialplan")]
    assert [f"{path}:3 runs" in one and "posted twice" in one for one in warned] == [True] * told


def test_check_names_the_fields_in_the_api_s_answer(ready, api):
    told = "\n".join(check(ready, api)["✓"])
    assert "its answer names uniqueid, campaignId, phoneNumber; phoneNumber is the called number" in told
    assert "resend_changed = yes" in told and "second record" in told
    ready.configure(config={"sink": {"phone_number": "did"}, "sync": {"resend_changed": "no"}})
    told = "\n".join(check(ready, api)["✓"])
    assert "phoneNumber is the DID (phone_number = did)" in told and "resend_changed" not in told


# ---- configuration ----

@pytest.mark.parametrize("settings, words", [
    ({"sink": {"dial_status": "yes"}}, None),
    ({"sink": {"phone_number": "did"}}, None),
    ({"enrich": {"dial_status": "no"}}, None),
    ({"sink": {"dial_status": "no", "phone_number": "did"}, "enrich": {"dial_status": "no"}}, None),
    ({"sink": {"dial_status": "yes"}, "enrich": {"dial_status": "no"}}, "dial_status = yes in [sink] asks for it"),
    ({"sink": {"phone_number": "did"}, "enrich": {"dial_status": "no"}}, "phone_number = did in [sink] asks for it"),
    ({"sink": {"dial_status": "yes"}, "source": {"type": "vicidial-inbound"}},
     "a call from vicidial-inbound has no dial"),
])
def test_a_dial_status_that_is_never_sent_is_a_warning(ready, api, db, settings, words):
    db.make_vicidial()
    ready.configure(config=settings)
    warned = [line for line in check(ready, api)["⚠"] if "dialStatus" in line]
    assert len(warned) == (0 if words is None else 1)
    for line in warned:
        assert line.startswith("configuration: dialStatus is never sent: ") and words in line
        assert "; remove dial_status" in line

def test_every_problem_of_the_configuration_is_a_line(ready, api):
    ready.configure(dids={"api_key": None}, config={"sync": {"nonsense": 1, "overlap": -1}})
    ready.dids_file.chmod(0o600)
    marked = check(ready, api, 78)
    assert subjects(marked["✗"]) == ["configuration"] * 3 and api.state()["requests"] == 0
    (line,) = marked["⚠"]
    assert line.startswith("API: not tested: the settings above are wrong")  # what could not be tested has no ✓


@pytest.mark.parametrize("settings, untested", [
    ({"dids": {"api_key": None}}, "API"), ({"dids": {"api_base_url": "http://a.example:5000"}}, "API"),
    ({"dids": {"api_timeout": "soon"}}, "API"), ({"config": {"api": {"ca_fiel": "x"}}}, "API"),
    ({"config": {"database": {"port": "x"}}}, "database"), ({"config": {"database": {"ssl_cs": "x"}}}, "database"),
    ({"astguiclient": {"VARDB_port": "x"}}, "database"), ({"dids": {"db_port": "x"}}, "database"),
    ({"config": {"sync": {"overlap": -1}}}, None), ({"config": {"log": {"level": "loud"}}}, None),
], ids=str)
def test_a_failed_test_does_not_stop_the_others(ready, api, settings, untested):
    ready.configure(**settings)
    ready.dids_file.chmod(0o600)
    marked = check(ready, api, 78)
    assert subjects(marked["✗"]) == ["configuration"]
    assert [line.partition(";")[0] for line in marked["⚠"]] == (
        [f"{untested}: not tested: the settings above are wrong"] if untested else [])
    tested = {"API", "database", "state", "log", "ledger", "checkpoint"} - {untested}
    assert tested <= set(subjects(marked["✓"]))


def test_json_says_the_same_as_the_text(ready, api):
    """Without a fault, with a warning and with a failure, the output is one object with the same words as the text."""
    for settings, code, verdict in [({}, 0, "good"), ({"dids": {"verify_ssl": 0}}, 0, "warning"),
                                    ({"dids": {"api_key": "wrong"}}, 78, "failed")]:
        ready.configure(**settings)
        ready.dids_file.chmod(0o600)
        marked = check(ready, api, code)
        api.clear()
        done = ready.run("check", "--json")
        told = json.loads(done.out)
        assert (done.code, told["exit_code"], done.out.count("\n")) == (code, code, 1)
        assert set(told) == {"verdict", "exit_code", "next", "checks"} and told["verdict"] == verdict
        assert all(set(line) == {"area", "level", "text", "remedy"} for line in told["checks"])
        for level, mark in [("good", "✓"), ("warning", "⚠"), ("failed", "✗")]:
            assert [line["area"] + ": " + "; ".join(filter(None, [line["text"], line["remedy"]]))
                    for line in told["checks"] if line["level"] == level] == marked[mark]
        assert all(line["remedy"] for line in told["checks"] if line["level"] != "good")


def test_a_file_that_may_not_be_read_is_a_failure(ready, api, ordinary):
    ready.dids_file.chmod(0)
    done = ready.run("check")
    assert done.code == 77
    assert f"✗ configuration: could not read {ready.dids_file}: Permission denied; run as root" in done.out


@pytest.mark.parametrize("spoil, words", [
    (lambda sync: sync.dids_file.chmod(0o644), ["chmod 600", "dids.conf"]),
    (lambda sync: sync.dids_file.write_text(sync.dids_file.read_text() + "verify_ssl = 0\n"), ["verify_ssl = 0"]),
    (lambda sync: (sync.configure(config={"database": {"password": "1234"}}), sync.config_file.chmod(0o644)),
     ["holds a password", "chmod 640", "did-optimizer-sync.conf"]),
], ids=["key for everybody", "verify_ssl", "password for everybody"])
def test_an_unwise_setting_is_a_warning(ready, api, spoil, words):
    spoil(ready)
    marked = check(ready, api)
    assert len(marked["⚠"]) == 1 and marked["✗"] == []
    assert [word for word in words if word not in marked["⚠"][0]] == []


@pytest.mark.plain_only
def test_each_file_with_a_secret_that_everybody_can_read_is_a_warning(ready, tmp_path):
    secrets = [tmp_path / name for name in ("sink-secret", "recordings-password", "kept")]
    for path in secrets:
        path.write_text("whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==")
        path.chmod(0o644)
    secrets[2].chmod(0o600)
    ready.configure(config={
        "sink": {"type": "webhook", "url": "http://127.0.0.1:1/", "secret_file": secrets[0]},
        "recordings": {"upload": "directory", "folder": ready.directory, "url": "https://127.0.0.1:1", "user": "me",
                       "password_file": secrets[1], "key_file": secrets[2]}})
    out = ready.run("check").out
    assert [f"⚠ configuration: {path} holds a secret and can be read by other users" in out for path in secrets] == [
        True, True, False], out


# ---- database ----

def test_a_database_that_is_down_is_a_failure(ready, api):
    ready.configure(config={"database": {"socket": "/nonexistent/mysql.sock"}})
    ready.dids_file.chmod(0o600)
    line = one_is_broken(ready, api, 69, "is the server running")
    assert line.startswith("database: ")


@pytest.mark.parametrize("setting, word", [
    ({"VARDB_pass": "wrong"}, "VARDB_pass"), ({"VARDB_user": "nobody"}, "VARDB_user"),
    ({"VARDB_database": "nowhere"}, "VARDB_database")], ids=["password", "user", "database"])
def test_a_refused_connection_names_the_setting_to_check(ready, api, setting, word):
    ready.configure(astguiclient=setting)
    ready.dids_file.chmod(0o600)
    assert one_is_broken(ready, api, 78, "check VARDB_", word).startswith("database: ")


@pytest.mark.parametrize("sql, words", [
    ("DROP TABLE vicidial_log", ["vicidial_log", "is this VICIdial's database?"]),
    ("ALTER TABLE vicidial_log DROP COLUMN end_epoch", ["no column end_epoch", "is this VICIdial's database?"]),
    ("ALTER TABLE vicidial_log DROP INDEX call_date", ["index on call_date", "ADD INDEX (call_date)"]),
    ("ALTER TABLE vicidial_log DISABLE KEYS", ["index on call_date", "ADD INDEX (call_date)"]),
], ids=["no table", "no column", "no index", "index disabled"])
def test_a_table_that_is_not_as_needed_is_a_failure(ready, api, db, sql, words):
    db.query(sql)
    assert one_is_broken(ready, api, 78, *words).startswith("table: ")
    assert ready.run().code == 78 and api.recorded() == []


@pytest.mark.parametrize("right", ["INSERT", "SELECT (uniqueid)"])
def test_a_missing_right_to_read_is_a_failure(ready, api, db, right):
    db.query("CREATE OR REPLACE USER meek@localhost IDENTIFIED BY 'meek'")
    db.query(f"GRANT {right} ON vicidial_log TO meek@localhost")
    ready.configure(astguiclient={"VARDB_user": "meek", "VARDB_pass": "meek"})
    ready.dids_file.chmod(0o600)
    assert one_is_broken(ready, api, 78).startswith("table: ")
    db.query("DROP USER meek@localhost")


def test_the_right_to_read_is_enough(ready, api, db):
    ready.configure(astguiclient=dict(zip(("VARDB_user", "VARDB_pass"), db.READER)))
    ready.dids_file.chmod(0o600)
    assert check(ready, api)["✗"] == []


@pytest.mark.parametrize("gone", [["called_count"], ["term_reason"], ["alt_dial"],
                                  ["called_count", "term_reason", "alt_dial"]], ids=" ".join)
def test_an_old_vicidial_is_good_enough(ready, api, db, gone):
    db.query("ALTER TABLE vicidial_log " + ", ".join(f"DROP COLUMN {column}" for column in gone))
    marked = check(ready, api)
    assert marked["✗"] == [] and len(marked["⚠"]) == 1
    assert [column for column in gone if column not in marked["⚠"][0]] == []


def test_different_clocks_are_reported(ready, api):
    assert check(ready, api)["⚠"] == []
    with ClockedDialer(int(time.time()) - 600) as dialer:
        dialer.database()
        ready.configure(config={"database": {"socket": dialer.socket}})
        ready.dids_file.chmod(0o600)
        (line,) = check(ready, api)["⚠"]
        assert re.fullmatch(r"clock: the database's clock is \d+ s behind this host's; the database's clock is used; "
                            "synchronize both clocks with NTP: timedatectl", line)


def test_a_sites_own_index_is_used(ready, api, db):
    db.query("ALTER TABLE vicidial_log ADD INDEX by_end (end_epoch)")
    line = "table: vicidial_log has every column that is needed; reads use the index by_end on end_epoch"
    assert line in check(ready, api)["✓"]


# ---- campaigns ----

@pytest.fixture
def campaigns(db):
    db.query("CREATE TABLE vicidial_campaigns (campaign_id VARCHAR(8) PRIMARY KEY, campaign_name VARCHAR(40))")
    db.query("INSERT INTO vicidial_campaigns VALUES ('SALES', ''), ('TESTCAMP', ''), ('RETRY_2', '')")


def select(sync, **settings):
    sync.configure(config={"sync": settings})
    sync.dids_file.chmod(0o600)


def test_settings_that_name_only_unknown_campaigns_are_a_failure(ready, api, db, campaigns):
    """Goal: a typing error selects no call, and nobody would notice the missing calls."""
    select(ready, campaigns="SALEZ")
    line = one_is_broken(ready, api, 78, "no campaign SALEZ", "so no call is sent",
                         "the VICIdial database has: RETRY_2, SALES, TESTCAMP")
    assert line.startswith("campaigns: ")
    db.query("DELETE FROM vicidial_campaigns")
    one_is_broken(ready, api, 78, "no campaign SALEZ", "the VICIdial database has: none; ")


@pytest.mark.parametrize("settings, named, others", [
    ({"campaigns": "SALES,SALEZ TEST"},
     ["no campaign SALEZ, TEST;", "the VICIdial database has: RETRY_2, SALES, TESTCAMP"], []),
    ({"exclude_campaigns": "OLD"}, ["no campaign OLD to exclude", "exclude_campaigns"], ["no call"]),
], ids=["one of several", "excluded"])
def test_a_campaign_that_is_unknown_is_a_warning(ready, api, campaigns, settings, named, others):
    select(ready, **settings)
    marked = check(ready, api)
    (line,) = marked["⚠"]
    assert marked["✗"] == [] and line.startswith("campaigns: ")
    assert [word for word in named if word not in line] == [word for word in others if word in line] == []


def test_campaigns_that_the_dialer_has_are_fine(ready, api, campaigns):
    """Campaigns are compared without regard to upper and lower case, as everywhere."""
    select(ready, campaigns="sales, TestCamp", exclude_campaigns="RETRY_2")
    marked = check(ready, api)
    assert marked["✗"] == marked["⚠"] == [] and "campaigns" in subjects(marked["✓"])


def test_many_campaigns_are_cut_at_a_whole_name(ready, api, db, campaigns):
    db.query("INSERT INTO vicidial_campaigns SELECT CONCAT('C', seq), '' FROM seq_1000_to_1999")
    select(ready, campaigns="SALES C1999")
    assert check(ready, api)["⚠"] == []
    select(ready, campaigns="C2000")
    line = one_is_broken(ready, api, 78, "no campaign C2000")
    assert re.search(r"the VICIdial database has: C1000, (C\d{4}, )+\.\.\.; ", line)


@pytest.mark.parametrize("spoil", ["no table", "no right"])
def test_campaigns_that_cannot_be_read_are_a_warning(ready, db, api, spoil):
    if spoil == "no right":
        db.query("CREATE TABLE vicidial_campaigns (campaign_id VARCHAR(8) PRIMARY KEY)")
        db.query("CREATE OR REPLACE USER meek@localhost IDENTIFIED BY 'meek'")
        db.query("GRANT SELECT ON vicidial_log TO meek@localhost")
        ready.configure(astguiclient={"VARDB_user": "meek", "VARDB_pass": "meek"})
    select(ready, campaigns="SALES")
    marked = check(ready, api)
    assert marked["✗"] == []
    (line,) = [line for line in marked["⚠"] if line.startswith("campaigns")]
    assert "GRANT SELECT (campaign_id) ON vicidial_campaigns" in line
    assert ready.run().code == 0 and "campaigns" not in ready.log_file.read_text()
    db.query("DROP USER IF EXISTS meek@localhost")


def test_a_run_warns_of_an_unknown_campaign_once_a_day_and_after_a_change(ready, api, campaigns):
    select(ready, campaigns="SALEZ")
    first, second = ready.run(), ready.run()
    assert first.log.count("campaigns names SALEZ, which the VICIdial database does not have") == 1
    assert first.code == second.code == 0 and "SALEZ" not in second.log
    select(ready, campaigns="SALEZ TESTCAMP", exclude_campaigns="OLD")
    third = ready.run().log
    assert third.count("campaigns names SALEZ,") == third.count("exclude_campaigns names OLD,") == 1
    assert "names TESTCAMP" not in third and "OLD" not in ready.run().log
    select(ready, campaigns=None, exclude_campaigns=None)
    assert "campaigns" not in ready.run().log


# ---- API ----

@pytest.mark.parametrize("settings, code, words", [
    ({"api_base_url": NOBODYS_PORT}, 69, [NOBODYS_PORT, "connect"]),
    ({"api_key": "wrong"}, 78, ["Invalid API key", "check api_key (", "/dids.conf:"]),
], ids=["down", "wrong key"])
def test_an_api_that_is_not_as_set_is_a_failure(ready, api, settings, code, words):
    ready.configure(dids=settings)
    ready.dids_file.chmod(0o600)
    assert one_is_broken(ready, api, code, *words).startswith("API: ")


def test_an_api_at_another_path_is_a_failure_that_names_the_setting(ready, api):
    ready.configure(dids={"api_base_url": api.url + "/v2"})
    ready.dids_file.chmod(0o600)
    assert one_is_broken(ready, api, 78, "404", "check api_base_url (", f"{ready.dids_file}:").startswith("API: ")


@pytest.mark.parametrize("rule, code, words", [
    ({"status": 403}, 78, ["HTTP 403", "check what guards the API, and api_key ("]),
    ({"status": 405}, 78, ["HTTP 405", "check api_base_url"]),
    ({"status": 301, "headers": {"Location": "https://a.example/"}}, 78, ["HTTP 301", "put its final address"]),
    ({"status": 500}, 69, ["HTTP 500"]), ({"status": 429}, 69, ["HTTP 429", "ask the API's owner"]),
    ({"action": "garbage"}, 69, ["proxy's or portal's page"]), ({"action": "reset"}, 69, []),
    ({"action": "huge"}, 69, ["longer than 64 KiB"]), ({"action": "hang"}, 69, ["timed out"]),
], ids=lambda value: str(value.get("status") or value["action"]) if isinstance(value, dict) else None)
def test_each_bad_answer_of_the_api_has_its_remedy(ready, api, rule, code, words):
    api.rules([rule])
    ready.configure(dids={"api_timeout": 1})
    ready.dids_file.chmod(0o600)
    assert one_is_broken(ready, api, code, *words).startswith("API: ")


def test_a_bad_certificate_of_the_api_is_a_failure(ready, api, tmp_path):
    made = certs.make(tmp_path)
    with Api(cert=made.expired[0], key=made.expired[1]) as tls:
        ready.configure(dids={"api_base_url": tls.url}, config={"api": {"ca_file": made.ca}})
        ready.dids_file.chmod(0o600)
        assert one_is_broken(ready, tls, 69, "certificate", "expired").startswith("API: ")
        ready.configure(config={"api": {"ca_file": "/nonexistent.pem"}})
        ready.dids_file.chmod(0o600)
        one_is_broken(ready, tls, 78, "/nonexistent.pem", "correct ca_file")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return certs.make(tmp_path_factory.mktemp("certs"))


@contextlib.contextmanager
def answering(answer, context=None):
    """A server that answers one request; returns its port. context: the server uses TLS."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    talk, _ = server.accept()
                    talk.settimeout(10)
                    with contextlib.suppress(OSError), talk:
                        wrapped = context.wrap_socket(talk, server_side=True) if context else talk
                        wrapped.recv(65536)
                        wrapped.sendall(answer)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def http(status, body, kind="text/html"):
    return (f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            + body).encode()


@pytest.mark.parametrize("name, ca, words", [
    ("expired", True, ["expired", "renew the certificate", "clock"]),
    ("not_yet", True, ["not yet valid", "compare `date -u` with the true time"]),
    ("wrong_name", True, ["certificate is for another name", "api_base_url"]),
    ("self_signed", False, ["self-signed certificate", "ca_file under [api]"]),
    ("self_signed", True, ["self-signed certificate", "ca_file under [api]"]),
    ("good", False, ["issuer certificate", "ca_file under [api]"]),
])
def test_each_kind_of_bad_certificate_has_its_remedy(ready, made, name, ca, words):
    with Api(cert=getattr(made, name)[0], key=getattr(made, name)[1]) as tls:
        ready.configure(dids={"api_base_url": tls.url}, config={"api": {"ca_file": made.ca if ca else ""}})
        ready.dids_file.chmod(0o600)
        line = one_is_broken(ready, tls, 69, tls.url, f"{ready.dids_file}:2", *words)
        assert line.startswith("API: ") and tls.log() == []


def test_a_self_signed_certificate_that_is_named_is_good(ready, made):
    """The remedy of the message names ca_file."""
    with Api(cert=made.self_signed[0], key=made.self_signed[1]) as tls:
        ready.configure(dids={"api_base_url": tls.url}, config={"api": {"ca_file": made.self_signed[0]}})
        ready.dids_file.chmod(0o600)
        assert check(ready, tls)["✗"] == []


def test_a_version_of_tls_that_is_too_old_is_a_failure(ready, made):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*made.good)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with answering(b"", context) as port:
        ready.configure(dids={"api_base_url": f"https://localhost:{port}"}, config={"api": {"ca_file": made.ca}})
        ready.dids_file.chmod(0o600)
        done = ready.run("check")
    (line,) = [line for line in done.out.splitlines() if line.startswith("✗ API")]
    assert done.code == 69 and "too old to be safe" in line and "TLS 1.2" in line


def test_https_to_a_port_that_speaks_http_is_a_failure(ready, api):
    ready.configure(dids={"api_base_url": api.url.replace("http:", "https:")})
    ready.dids_file.chmod(0o600)
    one_is_broken(ready, api, 69, "that port speaks plain http", "https:// in api_base_url")


def test_http_to_a_port_that_speaks_tls_is_a_failure(ready, made):
    with Api(cert=made.good[0], key=made.good[1]) as tls:
        ready.configure(dids={"api_base_url": tls.url.replace("https:", "http:")})
        ready.dids_file.chmod(0o600)
        one_is_broken(ready, tls, 69, "write https://")


@pytest.mark.parametrize("answer, code, words", [
    (http(400, "<html><center>The plain HTTP request was sent to HTTPS port</center></html>"), 78, ["write https://"]),
    (http(400, "Client sent an HTTP request to an HTTPS server.\n", "text/plain"), 78, ["write https://"]),
    (http(400, "<html>Bad Request</html>"), 78, ["HTTP 400", "what stands before the API", "api_base_url"]),
    (http(422, "no"), 78, ["not in the API's words"]),
    (b"\x15\x03\x03\x00\x02\x02\x46", 69, ["speaks TLS: write https://"]),
    (b"", 69, ["if that port speaks TLS"]),
], ids=["nginx's TLS port", "Go's TLS port", "another 400", "another 422", "TLS alert", "nothing"])
def test_check_notices_a_server_that_is_not_the_api(ready, api, answer, code, words):
    """Goal: status 400 alone proves nothing, because a web server answers 400 too, even without the API."""
    with answering(answer) as port:
        ready.configure(dids={"api_base_url": f"http://127.0.0.1:{port}"})
        ready.dids_file.chmod(0o600)
        assert one_is_broken(ready, api, code, *words).startswith("API: ")


def test_a_run_blames_no_call_for_what_a_web_server_refuses(ready, api, db):
    """Goal: a wrong address costs no call. Once, with plain http to a TLS port, every call was rejected and the run
    succeeded."""
    calls = [db.insert() for _ in range(5)]
    page = "<html><center>The plain HTTP request was sent to HTTPS port</center></html>"
    with answering(http(400, page)) as port:
        ready.configure(dids={"api_base_url": f"http://127.0.0.1:{port}"})
        done = ready.run()
    assert done.code == 78 and "write https://" in done.log
    assert ready.ledger("SELECT count(*) FROM call WHERE state = 4") == [(0,)]
    ready.configure(dids={"api_base_url": api.url}, config={"sync": {"retry_base": 0}})
    assert ready.run().code == 0 and set(calls) <= set(api.by_uniqueid())


def test_a_run_names_the_remedy_of_a_bad_certificate(ready, made):
    with Api(cert=made.expired[0], key=made.expired[1]) as tls:
        ready.configure(dids={"api_base_url": tls.url}, config={"api": {"ca_file": made.ca}})
        done = ready.run("--cron")
    assert done.code == 69 and "renew the certificate" in done.out and "expired" in done.out


def test_an_api_that_accepts_an_empty_call_is_a_warning(ready, api):
    with answering(http(200, '{"status": "ok"}', "application/json")) as port:
        ready.configure(dids={"api_base_url": f"http://127.0.0.1:{port}"})
        ready.dids_file.chmod(0o600)
        (line,) = check(ready, api)["⚠"]
        assert "accepted an empty call" in line and "says nothing of the key" in line and "api_base_url" in line


def test_the_other_dialect_proves_the_key_too(ready, api):
    body = '{"detail": [{"type": "missing", "loc": ["body", "uniqueid"], "msg": "Field required", "input": {}}]}'
    with answering(http(422, body, "application/json")) as port:
        ready.configure(dids={"api_base_url": f"http://127.0.0.1:{port}"})
        ready.dids_file.chmod(0o600)
        assert "accepts the key" in "\n".join(check(ready, api)["✓"])


@pytest.mark.parametrize("settings, words", [
    ({"api_base_url": "https://api.invalid"}, ["resolve", "host name in api_base_url", "getent hosts"]),
    ({"api_base_url": NOBODYS_PORT}, ["nothing listens there", "firewall"]),
], ids=["no such host", "refused"])
def test_an_address_without_a_server_is_a_failure(ready, api, settings, words):
    ready.configure(dids=settings)
    ready.dids_file.chmod(0o600)
    one_is_broken(ready, api, 69, *words)


# ---- state and log ----

def test_a_missing_state_directory_is_a_failure(ready, api):
    shutil.rmtree(ready.state)
    one_is_broken(ready, api, 74, "state: ", f"install -d -m 0750 {ready.state}")


def test_a_state_directory_that_cannot_be_written_is_a_failure(ready, api, ordinary):
    ready.state.chmod(0o555)
    one_is_broken(ready, api, 77, "state: ", str(ready.state), "Permission denied")
    ready.state.chmod(0o755)


@pytest.mark.parametrize("content", ["garbage\n", "\0\0\0\0"], ids=["garbage", "zero bytes"])
def test_a_damaged_checkpoint_is_a_warning(ready, api, content):
    ready.checkpoint_file.write_text(content)
    marked = check(ready, api)  # a run continues, so this is a warning
    (line,) = marked["⚠"]
    assert line.startswith("checkpoint: ") and str(ready.checkpoint_file) in line and "continues from" in line
    assert marked["✗"] == [] and ready.run().code == 0


@pytest.mark.parametrize("name", ["ledger.db", "lock"])
def test_a_file_of_the_state_that_its_owner_cannot_use_is_a_failure(ready, api, ordinary, name):
    """Another user ran a command, which left these files."""
    assert ready.run().code == 0
    api.clear()
    (ready.state / name).chmod(0o444)
    done = ready.run("check")
    (line, _) = [line for line in done.out.splitlines() if line[0] == "✗"]
    assert done.code == 77 and line.startswith(f"✗ ledger: {ready.state / name} cannot be read and written: Permission "
                                               f"denied")
    assert f"chown --reference={ready.state} {ready.state / name}" in line
    (ready.state / name).chmod(0o640)


def test_check_leaves_nothing_in_the_state_directory(ready, api):
    names = sorted(path.name for path in ready.state.iterdir())
    assert check(ready, api)["✗"] == []
    assert sorted(path.name for path in ready.state.iterdir()) == names and not any("probe" in name for name in names)


def test_a_damaged_ledger_is_a_failure(ready, api):
    (ready.state / "ledger.db").write_bytes(b"SQLite format 3\0" + b"garbage " * 1000)
    one_is_broken(ready, api, 74, "ledger: ", "ledger.db")


def read_only(path):
    path.touch()
    path.chmod(0o444)


@pytest.mark.parametrize("name, spoil, words", [
    ("odd.log", read_only, ["Permission denied", "let its owner be the user that runs the program"]),
    ("odd.log", lambda path: path.mkdir(), ["it is not a regular file", "remove it"]),
    ("odd.log", lambda path: path.symlink_to("/dev/null"), ["it is not a regular file", "remove it"]),
    ("missing/a.log", lambda path: None,
     ["No such file or directory", "missing a directory that the program may write"]),
    ("file/a.log", lambda path: path.parent.touch(), ["Not a directory", "file a directory"]),
    ("locked/a.log", lambda path: path.parent.mkdir(0o555), ["Permission denied", "locked a directory"]),
], ids=["read-only", "a directory", "a symbolic link", "no directory", "a file above", "a directory that is read-only"])
def test_a_log_that_cannot_be_written_is_a_warning_in_every_view(ready, api, ordinary, name, spoil, words):
    """Runs continue, and syslog gets the lines. Once, check said NOT READY for this."""
    log = ready.directory / name
    spoil(log)
    done = ready.run("check", "--log", log)
    (line, verdict) = [line for line in done.out.splitlines() if line.startswith("⚠")]
    assert done.code == 0 and "✗" not in done.out and verdict.startswith("⚠ verdict: READY, with 1 warning")
    assert line.startswith(f"⚠ log: {log} cannot be written: ") and "Calls are still sent" in line
    assert [word for word in [*words, "with --log"] if word not in line] == []
    report = json.loads(ready.run("check", "--json", "--log", log).out)
    (found,) = [one for one in report["checks"] if one["area"] == "log"]
    assert (report["verdict"], report["exit_code"], found["level"]) == ("warning", 0, "warning")

    assert ready.run("--cron", "--log", log).code == 0
    told = "could not write its log, so the log's lines go to syslog; do: did-optimizer-sync check"
    status, health = ready.run("status"), ready.run("health")
    assert status.code == 75 and f"WARNING - the last run {told}" in status.out
    assert json.loads(ready.run("status", "--json").out)["verdict"] == "WARNING"
    assert health.code == 1 and told in health.out
    assert ready.run("--cron").code == 0
    assert (ready.run("status").code, ready.run("health").code) == (0, 0)


def test_a_loop_of_runs_reports_a_log_that_cannot_be_written(ready):
    for log, code in ((ready.directory / "missing" / "a.log", 1), (ready.log_file, 0)):
        loop = ready.start("run", "--every", "1", "--log", log)
        until(lambda: ready.run("health").code == code, lambda: ready.run("health").out)
        loop.terminate()
        assert loop.wait(20) == 0


# ---- cron and other programs ----

def end_the_last_run(sync, seconds_ago):
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger:
        now = int(time.time())
        ledger.execute("UPDATE run SET started = ?, finished = ?", (now - seconds_ago - 1, now - seconds_ago))
        ledger.commit()


def test_a_new_installation_needs_no_run_yet(ready, api):
    marked = check(ready, api)
    assert f"cron: {ready.cron_file} starts the runs" in marked["✓"] and "runs" not in subjects(marked["✓"])


def test_check_tells_the_age_of_the_last_run(ready, api):
    assert ready.run().code == 0
    api.clear()
    (line,) = [line for line in check(ready, api)["✓"] if line.startswith("runs")]
    assert re.fullmatch(r"runs: the last run started \d+ s ago", line)


@pytest.mark.parametrize("age, code, mark", [(400, 0, "⚠"), (1000, 69, "✗")])
def test_check_reports_that_runs_have_stopped(ready, api, age, code, mark):
    """Goal: `check` notices that cron is dead, even if cron's file is good."""
    assert ready.run().code == 0
    end_the_last_run(ready, age)
    api.clear()
    (line,) = check(ready, api, code)[mark]
    assert line.startswith(f"runs: the last run started {age // 60} min ago")


def test_old_runs_are_no_fault_while_sending_is_disabled(ready, api):
    assert ready.run().code == 0 and ready.run("disable").code == 0
    end_the_last_run(ready, 5000)
    api.clear()
    marked = check(ready, api)
    assert marked["✗"] == marked["⚠"] == []


def pause(path):
    path.write_text(CRONTAB.replace("\n* * *", "\n# * * *"))


@pytest.mark.parametrize("spoil, code, words", [
    (pause, 0, ["paused", "is commented out", "remove the #"]),
    (lambda path: path.unlink(), 0, ["is not there, so cron starts no run", "packaging/cron.d"]),
    (lambda path: path.write_text("# did-optimizer-sync: nothing\n7 7 * * * root true\n"), 0,
     ["has no line for this program", "packaging/cron.d"]),
    (lambda path: path.chmod(0o664), 78, ["cron ignores", "users other than root can write it", "chmod 644"]),
    (lambda path: path.write_text(CRONTAB.rstrip("\n")), 78,
     ["cron ignores", "its last line has no newline at the end"]),
], ids=["commented out", "missing", "another's", "writable", "no newline"])
def test_each_fault_of_crons_line_is_named(ready, api, spoil, code, words):
    spoil(ready.cron_file)
    marked = check(ready, api, code)
    (line,) = marked["✗" if code else "⚠"]
    assert line.startswith("cron: ") and [word for word in [str(ready.cron_file), *words] if word not in line] == []


@pytest.fixture
def namespace(tmp_path, monkeypatch):
    """namespace(words, script): runs the script and then the program in new namespaces; $STATE is the state
    directory."""
    def enter(words, script, state):
        binary = program("SYNC_BINARY", "build/did-optimizer-sync")
        inner, outer = tmp_path / "inner", tmp_path / "outer"
        inner.write_text(f'#!/bin/sh\nset -e\nSTATE="{state}"\n{script}\nexec "{binary}" "$@"\n')
        outer.write_text(f'#!/bin/sh\nexec unshare {words} "{inner}" "$@"\n')
        for path in (inner, outer):
            path.chmod(0o755)
        tried = subprocess.run([outer, "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if tried.returncode != 0:
            pytest.skip(f"no namespaces here: {tried.stdout.decode()}")
        monkeypatch.setenv("SYNC_BINARY", str(outer))
    return enter


def test_a_host_without_a_cron_daemon_is_reported(ready, api, namespace):
    namespace("--mount --pid --fork --mount-proc", "", ready.state)
    (line,) = check(ready, api)["⚠"]
    assert line.startswith("cron: no cron daemon is running on this host") and "systemctl enable --now cron" in line
    assert ready.run().code == 0
    api.clear()
    assert check(ready, api)["⚠"] == []  # if there are runs, no daemon of that name is needed


@pytest.mark.parametrize("size, fill, mark, code, words", [
    ("8m", "", "⚠", 0, ["disk: ", "nearly full: 8 MB", "sends nothing"]),
    ("100m,nr_inodes=20", "", "⚠", 0, ["disk: ", "nearly full", " files are left"]),
    ("64k", "head -c 100000 /dev/zero > $STATE/big || true", "✗", 74, ["state: ", "No space left on device"]),
    ("100m", "mount -o remount,ro $STATE", "✗", 74, ["state: ", "Read-only file system"]),
], ids=["few bytes", "few files", "full", "read-only"])
def test_a_disk_that_is_nearly_full_is_a_warning(ready, api, namespace, size, fill, mark, code, words):
    namespace("--mount --propagation=private",
              f"cp -a $STATE $STATE.copy; mount -t tmpfs -o size={size} tmpfs $STATE; cp -a $STATE.copy/. $STATE\n"
              f"rm -rf $STATE.copy; {fill}", ready.state)
    done = ready.run("check")
    lines = [line for line in done.out.splitlines()[:-1] if line[0] == mark]
    assert done.code == code and [word for word in words if word not in lines[0]] == []


def test_runs_that_something_else_starts_need_no_line_of_cron(ready, api):
    """For example, a systemd service starts them."""
    ready.cron_file.unlink()
    assert ready.run().code == 0
    api.clear()
    assert "something else starts the runs" in "\n".join(check(ready, api)["✓"])


@pytest.mark.parametrize("path", ["cron.d/old", "cron.d/did-optimizer-sync"])
@pytest.mark.parametrize("script", ["AST_DID_optimizer_sync.pl", "process-call-results.pl"])
def test_an_older_script_in_a_crontab_is_named(ready, api, script, path):
    with (ready.directory / path).open("a") as crontab:
        crontab.write(f"#* * * * * root /usr/share/astguiclient/{script}\n")
    assert check(ready, api)["⚠"] == []
    with (ready.directory / path).open("a") as crontab:
        crontab.write(f"*/2 * * * * root /usr/share/astguiclient/{script}\n")
    (line,) = check(ready, api)["⚠"]
    assert line == f"older script: {ready.directory / path} starts {script}; remove that line: otherwise both " \
        "programs send every call"


def test_check_recognizes_an_older_script_at_work_by_its_traces(ready, api):
    ready.legacy_file.write_text("1700000000.1\n")
    ready.legacy_file.chmod(0o644)
    (line,) = check(ready, api)["⚠"]
    assert line.startswith(f"older script: {ready.legacy_file} was written at 20") and "crontab -e" in line


# ---- several at once ----

def test_all_faults_are_reported_and_the_first_sets_the_exit_code(ready, api):
    ready.configure(dids={"api_key": "wrong"}, config={"database": {"socket": "/nonexistent/mysql.sock"}})
    ready.dids_file.chmod(0o600)
    ready.checkpoint_file.write_text("garbage\n")
    assert subjects(check(ready, api, 69)["✗"]) == ["database", "API"]
