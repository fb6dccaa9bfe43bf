"""Where the settings come from. Bad settings are all reported at once, before a call is sent."""
import contextlib
import json
import os
import re
import time

import pytest

from harness import certs
from harness.dialer import Dialer
from harness.process import program

KEY = "key-that-nobody-may-see"
PASSWORD = "password-that-nobody-may-see"
NOBODYS_PORT = "http://127.0.0.1:1"


@pytest.fixture
def waiting(sync, db):
    """An installation with its own secrets and one unsent call."""
    sync.configure(dids={"api_key": KEY}, astguiclient={"VARDB_pass": PASSWORD})
    db.insert()
    return sync


def refuse(sync, api, *args, code=78, env=None):
    """Runs with bad settings. Returns the logged problems and standard error. Nothing is sent, no secret is printed,
    and the state gets no more than the record of the failed run."""
    before = set(os.listdir(sync.state))
    result = sync.run(*args, env=env)
    assert result.code == code, result.log + result.err
    assert api.state()["requests"] == 0
    assert set(os.listdir(sync.state)) - before <= {"ledger.db", "ledger.db-wal", "ledger.db-shm", "lock"}
    for secret in (KEY, PASSWORD):
        assert secret not in result.out + result.err + result.log
    return [line for line in result.log.splitlines() if " ERROR ❌ " in line], result.err


def place_of(sync, name):
    """For FILE, its path. For FILE:KEY, path:line of the last line that sets this key."""
    name, _, key = name.partition(":")
    path = sync.config_file if name == "own.conf" else sync.directory / name
    lines = [number for number, line in enumerate(path.read_text().splitlines(), 1) if line.startswith(key)]
    return f"{path}:{lines[-1]}" if key else str(path)


def sends(sync, api, uniqueid, env=None):
    """Runs with good settings. Exactly this call arrives."""
    result = sync.run(env=env)
    assert (result.code, list(api.by_uniqueid())) == (0, [uniqueid]), result.log + result.err
    return result


# Each row: the arguments of configure(); the place that the message must name, FILE or FILE:KEY for the line of that
# key; words of the problem and of its remedy.
BAD = {
    "no key": ({"dids": {"api_key": None}}, "dids.conf", ["there is no API key", "API_KEY", "write `api_key = "]),
    "empty key": ({"dids": {"api_key": ""}}, "dids.conf", ["there is no API key", "API_KEY", "write `api_key = "]),
    "placeholder": ({"dids": {"api_key": "YOUR_API_KEY_HERE"}}, "dids.conf:api_key",
                    ["still the placeholder", "replace it"]),
    "small placeholder": ({"dids": {"api_key": "your_api_key_here"}}, "dids.conf:api_key",
                          ["placeholder", "replace it"]),
    "key with a blank": ({"dids": {"api_key": KEY + " x"}}, "dids.conf:api_key",
                         ["api_key contains a space", "copy the key"]),
    "no scheme": ({"dids": {"api_base_url": "a.example"}}, "dids.conf:api_base_url",
                  ["http(s) address", "write https://HOST"]),
    "other scheme": ({"dids": {"api_base_url": "ftp://a.example"}}, "dids.conf:api_base_url",
                     ["http(s) address", "write https://HOST"]),
    "file": ({"dids": {"api_base_url": "file:///etc/passwd"}}, "dids.conf:api_base_url", ["http(s)", "write https://"]),
    "no host": ({"dids": {"api_base_url": "https://"}}, "dids.conf:api_base_url", ["write https://HOST"]),
    "only a port": ({"dids": {"api_base_url": "https://:443"}}, "dids.conf:api_base_url",
                    ["is not a plain https://HOST"]),
    "a user name": ({"dids": {"api_base_url": f"https://me:{PASSWORD}@a.example"}}, "dids.conf:api_base_url",
                    ["leave out user"]),
    "bad port": ({"dids": {"api_base_url": "https://a.example:65536"}}, "dids.conf:api_base_url",
                 ["https://HOST[:PORT]"]),
    "a query": ({"dids": {"api_base_url": "https://a.example/?a=b"}}, "dids.conf:api_base_url", ["leave out", "?"]),
    "plain http": ({"dids": {"api_base_url": "http://a.example"}}, "dids.conf:api_base_url",
                   ["anyone on the network path can read the API key and every customer's number", "Write https://",
                    "`allow_insecure_http = yes` under [api] of /"]),
    "a name like this host's": ({"dids": {"api_base_url": "http://127.0.0.1.example.com"}}, "dids.conf:api_base_url",
                                ["anyone on the network path can read the API key"]),
    "time-out of zero": ({"dids": {"api_timeout": 0}}, "dids.conf:api_timeout", ["api_timeout", "from 1 to 300"]),
    "time-out in words": ({"dids": {"api_timeout": "ten"}}, "dids.conf:api_timeout",
                          ["api_timeout", "'ten'", "from 1 to 300"]),
    "verify_ssl": ({"dids": {"verify_ssl": "maybe"}}, "dids.conf:verify_ssl", ["verify_ssl", "'maybe'", "yes nor no"]),
    "db_port": ({"dids": {"db_port": 70000}}, "dids.conf:db_port", ["db_port", "from 1 to 65535"]),
    "VARDB_port": ({"astguiclient": {"VARDB_port": 0}}, "astguiclient.conf", ["VARDB_port", "from 1 to 65535"]),
    "too small": ({"config": {"sync": {"batch_size": 0}}}, "own.conf:batch_size", ["batch_size", "1 to 5000"]),
    "too large": ({"config": {"sync": {"batch_size": 5001}}}, "own.conf:batch_size", ["batch_size", "1 to 5000"]),
    "no number": ({"config": {"sync": {"overlap": "10 min"}}}, "own.conf:overlap", ["overlap", "'10 min'"]),
    "larger than any number": ({"config": {"sync": {"overlap": "9" * 30}}}, "own.conf:overlap", ["overlap"]),
    "negative": ({"config": {"sync": {"settle": -1}}}, "own.conf:settle", ["settle", "from 0"]),
    "unknown key": ({"config": {"sync": {"bach_size": 5}}}, "own.conf:bach_size",
                    ["no setting 'bach_size' in [sync]", "`man did-optimizer-sync.conf` lists every setting"]),
    "unknown section": ({"config": {"sinks": {"settle": 5}}}, "own.conf:settle",
                        ["no setting 'settle' in [sinks]", "`man did-optimizer-sync.conf`"]),
    "a setting that the sink lacks": ({"config": {"sink": {"settle": 5}}}, "own.conf:settle",
                                      ["a sink of the type did-optimizer has no setting 'settle' in [sink]",
                                       "its settings are: type, phone_number, dial_status"]),
    "a setting that the source lacks": ({"config": {"source": {"url": "x"}}}, "own.conf:url",
                                        ["a source of the type vicidial has no setting 'url' in [source]",
                                         "its only setting is: type"]),
    "a setting of the sink in another section": ({"config": {"enrich": {"phone_number": "did"}}},
                                                 "own.conf:phone_number", ["no setting 'phone_number' in [enrich]",
                                                  "this setting belongs in [sink]"]),
    "a setting of the sink in the source": ({"config": {"source": {"phone_number": "did"}}}, "own.conf:phone_number",
                                            ["has no setting 'phone_number' in [source]",
                                             "phone_number belongs in [sink]"]),
    "a setting of two sections": ({"config": {"sync": {"dial_status": "yes"}}}, "own.conf:dial_status",
                                  ["this setting belongs in [enrich] or [sink]"]),
    "unknown source": ({"config": {"source": {"type": "vicidal"}}}, "own.conf:type",
                       ["no source of the type 'vicidal'", "is one of: vicidial"]),
    "unknown sink": ({"config": {"sink": {"type": "did-optimiser"}}}, "own.conf:type",
                     ["no sink of the type 'did-optimiser'", "is one of: did-optimizer"]),
    "the key in our file": ({"config": {"api": {"api_key": KEY}}}, "own.conf:api_key",
                            ["no setting 'api_key' in [api]", "belong in dids.conf"]),
    "log format": ({"config": {"log": {"format": "xml"}}}, "own.conf:format", ["'xml'", "text nor json"]),
    "unknown result": ({"config": {"dispositions": {"AB": "engaged"}}}, "own.conf:AB",
                       ["no result 'engaged'", "answered dnc no_answer busy dropped completed"]),
    "forgets too soon": ({"config": {"sync": {"sweep_window": 604800}}}, "own.conf",
                         ["sweep_window", "raise retention_days"]),
}


@pytest.mark.parametrize("settings, place, words", BAD.values(), ids=list(BAD))
def test_a_bad_setting_is_named_with_its_place_and_remedy(waiting, api, settings, place, words):
    waiting.configure(**settings)
    problems, err = refuse(waiting, api)
    assert len(problems) == 1
    for word in [place_of(waiting, place), *words]:
        assert word in problems[0] and word in err
    assert err.count("\n") == 1


ENVIRONMENT = {
    "control character": ({"API_KEY": "key-that\x01nobody-may-see"}, "API_KEY", "copy the key again"),
    "line end": ({"API_KEY": "key\r\nX-Evil: 1"}, "API_KEY", "copy the key again"),
    "not ASCII": ({"API_KEY": "clé"}, "API_KEY", "copy the key again"),
    "placeholder": ({"API_KEY": "YOUR_API_KEY_HERE"}, "API_KEY", "replace it"),
    "address": ({"DID_OPTIMIZER_API_URL": "gopher://x"}, "DID_OPTIMIZER_API_URL", "write https://"),
    "plain http": ({"DID_OPTIMIZER_API_URL": "http://a.example"}, "DID_OPTIMIZER_API_URL", "Write https://"),
    "port": ({"VICIDIAL_DB_PORT": "3306x"}, "VICIDIAL_DB_PORT", "from 1 to 65535"),
}


@pytest.mark.parametrize("env, name, remedy", ENVIRONMENT.values(), ids=list(ENVIRONMENT))
def test_a_bad_environment_variable_is_named(waiting, api, env, name, remedy):
    problems, err = refuse(waiting, api, env=env)
    assert len(problems) == 1
    for word in (f"environment variable {name}: ", remedy):
        assert word in problems[0] and word in err
    assert "X-Evil" not in problems[0] + err


def test_all_problems_are_reported_at_once(waiting, api):
    waiting.configure(dids={"api_key": None, "api_base_url": "nonsense", "api_timeout": 999},
                      config={"sync": {"batch_size": "x", "overlap": -1}, "sink": {"a": 1}})
    problems, err = refuse(waiting, api)
    places = [place_of(waiting, name) for name in ("dids.conf:api_timeout", "own.conf:batch_size", "own.conf:overlap",
                                                   "dids.conf", "dids.conf:api_base_url", "own.conf:a ")]
    assert [place in problem for place, problem in zip(places, problems)] == [True] * 6 and len(problems) == 6
    checked = waiting.run("check").out
    assert [place for place in places if place not in err or place not in checked] == []


def test_a_line_that_is_no_setting_is_not_quoted(waiting, api):
    with waiting.config_file.open("a") as own:
        own.write(f"{PASSWORD}\n")
    problems, _ = refuse(waiting, api)
    assert len(problems) == 1
    assert f"{place_of(waiting, 'own.conf:' + PASSWORD)}: this line is not 'key = value'" in problems[0]


FILES = ["astguiclient_file", "dids_file", "config_file"]


@pytest.mark.parametrize("name", FILES)
def test_a_directory_in_place_of_a_file_is_named(waiting, api, name):
    path = getattr(waiting, name)
    path.unlink()
    path.mkdir()
    problems, err = refuse(waiting, api)
    assert f"could not read {path}: it is a directory" in problems[0] and str(path) in err


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_may_not_be_read_is_named_once(waiting, api, ordinary, name):
    path = getattr(waiting, name)
    path.chmod(0)
    problems, err = refuse(waiting, api, code=77)
    told = [problem for problem in problems if str(path) in problem and "Permission denied" in problem]
    assert len(told) == 1 and "let this user read it" in told[0]  # once, not twice
    assert str(path) in err and "let this user read it" in err


@pytest.mark.parametrize("option", ["--astguiclient", "--dids", "--config"])
def test_a_file_that_is_named_must_exist(waiting, api, option):
    missing = waiting.directory / "missing.conf"
    problems, err = refuse(waiting, api, option, missing)
    told = [problem for problem in problems if f"{missing}: there is no such file" in problem]
    assert len(told) == 1 and str(missing) in err


def test_plain_http_to_another_host_needs_a_setting(sync, api, db):
    """0.0.0.0 leads to this host, but the program does not know it as a name of this host."""
    uniqueid = db.insert()
    sync.configure(dids={"api_base_url": f"http://0.0.0.0:{api.port}"})
    problems, _ = refuse(sync, api)
    assert "allow_insecure_http = yes" in problems[0]
    sync.configure(config={"api": {"allow_insecure_http": "yes"}})
    sends(sync, api, uniqueid)


# ---- precedence ----

def test_the_environments_key_wins(sync, api, db):
    uniqueids = db.insert_many([{}] * 2)  # if a single call was refused, that call could be at fault
    result = sync.run(env={"API_KEY": "another-key"})
    assert result.code == 78 and api.recorded() == []
    assert "check api_key (environment variable API_KEY)" in result.log
    sync.configure(dids={"api_key": "another-key"})
    assert sync.run(env={"API_KEY": api.api_key}).code == 0
    assert sorted(api.by_uniqueid()) == sorted(uniqueids)


def test_the_environments_address_wins(sync, api, db):
    uniqueid = db.insert()
    assert sync.run(env={"DID_OPTIMIZER_API_URL": NOBODYS_PORT}).code == 69
    sync.configure(dids={"api_base_url": NOBODYS_PORT})
    sends(sync, api, uniqueid, env={"DID_OPTIMIZER_API_URL": api.url + "/"})


def test_the_default_address_is_named_in_the_log(sync, api, db):
    sync.configure(dids={"api_base_url": None})
    assert f"http://localhost:5000 (from default: {sync.dids_file} sets none)" in sync.run("check").out


LAYERS = ["environment", "own file", "astguiclient.conf", "dids.conf", "default"]
NAMES = {  # the name of one setting in each of the layers
    "host": ("VICIDIAL_DB_HOST", "host", "VARDB_server", "db_host"),
    "port": ("VICIDIAL_DB_PORT", "port", "VARDB_port", "db_port"),
    "name": ("VICIDIAL_DB_NAME", "name", "VARDB_database", "db_name"),
    "user": ("VICIDIAL_DB_USER", "user", "VARDB_user", "db_user"),
    "password": ("VICIDIAL_DB_PASSWORD", "password", "VARDB_pass", "db_pass"),
}


def set_in_layer(sync, what, layer, good, bad):
    """Sets one of the database's settings right in one layer and wrong in the layers below. The layers above do not
    have the setting. Returns the environment for the run."""
    told = [None] * layer + [good] + [bad] * (len(LAYERS) - 1 - layer)
    variable, own, astguiclient, dids = NAMES[what]
    sync.configure(config={"database": {own: told[1]}}, astguiclient={astguiclient: told[2]}, dids={dids: told[3]})
    return {variable: told[0]} if told[0] else {}


@pytest.mark.parametrize("layer", range(len(LAYERS)), ids=LAYERS)
@pytest.mark.parametrize("what, good, bad", [
    ("name", "asterisk", "nowhere"), ("user", "cron", "nobody"), ("password", "1234", "wrong"),
    ("host", "localhost", "256.256.256.256")], ids=["name", "user", "password", "host"])
def test_the_strongest_layer_names_the_database(sync, api, db, layer, what, good, bad):
    sends(sync, api, db.insert(), env=set_in_layer(sync, what, layer, good, bad))


@pytest.fixture(scope="module")
def tcp_dialer():
    with Dialer(tcp=True) as server:
        yield server


@pytest.mark.parametrize("layer", range(4), ids=LAYERS[:4])
def test_the_strongest_layer_names_the_port(sync, api, tcp_dialer, layer):
    uniqueid = tcp_dialer.database().insert()
    sync.configure(astguiclient={"VARDB_server": "127.0.0.1"})
    sends(sync, api, uniqueid, env=set_in_layer(sync, "port", layer, str(tcp_dialer.port), "1"))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return certs.make(tmp_path_factory.mktemp("certs"))


@pytest.fixture
def tls_dialer(certificates, tmp_path):
    """Makes a server that offers TLS with the named certificate, or no TLS."""
    with contextlib.ExitStack() as servers:
        def make(name):
            cert, key = getattr(certificates, name, (None, None))
            options = [f"--ssl-cert={cert}", f"--ssl-key={key}"] if cert else ["--skip-ssl"]
            return servers.enter_context(Dialer(tcp=True, options=options))
        yield make


@pytest.mark.parametrize("certificate, ca, works", [
    ("good", "ca", True), ("wrong_name", "ca", False), ("expired", "ca", False), ("good", "other", False),
    ("none", "ca", False)])
def test_the_database_needs_a_good_certificate_if_a_ca_is_set(sync, api, tls_dialer, certificates, tmp_path,
                                                              certificate, ca,
                                                          works):
    server = tls_dialer(certificate)
    uniqueid = server.database().insert()
    if works:
        server.query("ALTER USER cron@'%' REQUIRE SSL")
    trusted = certificates.ca if ca == "ca" else certs.make(tmp_path).ca
    sync.configure(astguiclient={"VARDB_server": "127.0.0.1", "VARDB_port": server.port},
                   config={"database": {"ssl_ca": trusted, "socket": None}})
    result = sync.run()
    assert (result.code == 0) == works and ([body["uniqueid"] for body in api.recorded()] == [uniqueid]) == works
    if not works:
        assert result.code in (69, 78) and "could not connect to the VICIdial database" in result.log


def test_a_ca_that_cannot_be_read_is_named(sync, api, db, tmp_path):
    db.insert()
    sync.configure(config={"database": {"ssl_ca": tmp_path / "none.pem"}})
    result = sync.run()
    assert result.code == 78 and f"could not read the certificates in {tmp_path}/none.pem; correct ssl_ca" in result.log
    assert api.recorded() == []


def test_a_wrong_host_is_named(sync, api, db):
    db.insert()
    result = sync.run(env={"VICIDIAL_DB_HOST": "127.0.0.1", "VICIDIAL_DB_PORT": "1"})
    assert result.code == 69 and "'127.0.0.1'" in result.log and api.recorded() == []


def test_an_empty_variable_is_ignored(sync, api, db):
    sends(sync, api, db.insert(), env={"API_KEY": "", "VICIDIAL_DB_NAME": "", "VICIDIAL_DB_PASSWORD": ""})


def test_another_database_of_the_same_server_can_be_named(sync, api, db):
    other = db.dialer.database("other")
    db.insert()
    uniqueid = other.insert(uniqueid="1700000000.4711")
    sends(sync, api, uniqueid, env={"VICIDIAL_DB_NAME": "other", "VICIDIAL_DB_USER": "reader",
                                    "VICIDIAL_DB_PASSWORD": "read1234"})
    other.drop()


# ---- files as people write them ----

def test_dids_conf_of_another_program_is_read(sync, api, db):
    """The file has indented lines, Asterisk's own =>, a byte order mark, CR LF, and many lines for other programs."""
    sync.dids_file.write_bytes("\r\n".join([
        "\ufeff[general]", "; shared with the AGI script", "    fallback_did => 3125550100", "bindaddr",
        f"    api_base_url => {api.url}/", f"\tapi_key\t=> {api.api_key}   ", "\tapi_timeout = 5 ; seconds",
        "long = " + "x" * 500, "exten => 100,1,Dial(SIP/100)", "[campaign_7]", "api_key = another",
        "    api_base_url = http://nowhere.example", "[broken", ""]).encode())
    sends(sync, api, db.insert())


@pytest.mark.parametrize("line", [
    "api_keys_of_partners = " + "x" * 300, "db_user_notes", "[x]\napi_key = " + "x" * 300,
], ids=["long", "no value", "in another section"])
def test_another_programs_key_with_a_similar_name_is_ignored(sync, api, db, line):
    with sync.dids_file.open("a") as dids:
        dids.write(line + "\n")
    sends(sync, api, db.insert())


@pytest.mark.parametrize("key", ["format", "log_format"])
def test_the_log_can_be_json(sync, api, db, key):
    """Goal: the log has one object a line, with either name of the setting."""
    sync.configure(config={"log": {key: "json"}})
    call = db.insert()
    lines = [json.loads(line) for line in sync.run().log.splitlines()]
    assert any(line["message"].startswith(f"✓ {call}:") and line["level"] == "INFO" for line in lines)


@pytest.mark.parametrize("which", ["astguiclient_file", "dids_file", "config_file"])
def test_a_file_that_everybody_can_write_is_refused(sync, api, db, which):
    """Goal: whoever can write the file could make the program send the key to another host."""
    db.insert()
    path = getattr(sync, which)
    path.chmod(0o666)
    run = sync.run()
    assert run.code == 78 and f"{path} can be written by every user" in run.log
    assert api.log() == []


def test_our_own_file_may_come_from_an_editor_of_another_system(sync, api, db):
    content = sync.config_file.read_text().replace("\n", "\r\n").replace("socket", "  \tsocket")
    sync.config_file.write_bytes(("\ufeff" + content).encode())
    sends(sync, api, db.insert())


def test_astguiclient_conf_is_read_as_vicidial_reads_it(sync, api, db):
    """The last line wins. A line matches by the beginning of its key. The value follows the last =, and > is
    removed."""
    sync.astguiclient_file.write_text(
        "# database\nVARDB_server => localhost\nVARDB_database => nowhere\n\tVARDB_database\t=> aste>risk # here\r\n"
        "VARDB_user => x=cron\nVARDB_password => 1234\n#VARDB_pass => wrong\nvardb_pass => wrong\nVARDB_port =>\n")
    sends(sync, api, db.insert())


def test_astguiclient_conf_may_have_php_style(sync, api, db):
    sync.astguiclient_file.write_text("$VARDB_server => 'localhost';\n$VARDB_database => 'asterisk';\n"
                                      "$VARDB_user => 'cron';\n$VARDB_pass => '1234';\n")
    sends(sync, api, db.insert())


def test_the_shipped_files_are_accepted(sync, api, db):
    """The example of dids.conf is accepted except for its placeholder. Our own file is accepted with each commented
    line, which shows the default, made a setting."""
    root = program("NONE", "conf")
    lines = (root / "did-optimizer-sync.conf").read_text().splitlines()
    given = [line[1:] if line.startswith(";") else line for line in lines]
    sync.config_file.write_text("\n".join(given).replace("socket =", f"socket = {db.dialer.socket}") + "\n")
    example = (root / "dids.conf.example").read_text()
    sync.dids_file.write_text(example)
    problems, _ = refuse(sync, api)
    assert len(problems) == 1 and "still the placeholder" in problems[0]
    sync.dids_file.write_text(example.replace("YOUR_API_KEY_HERE", api.api_key)
                              .replace("https://dids.example.com", api.url))
    # with the shipped file's settings, a call must be older than `settle`
    sends(sync, api, db.insert(end_epoch=db.now() - 5))


# ---- what they do ----

def test_api_timeout_bounds_a_request(sync, api, db):
    db.insert_many([{}] * 3)
    api.rules([{"action": "hang"}])
    sync.configure(dids={"api_timeout": 1})
    started = time.monotonic()
    result = sync.run()
    assert 1 <= time.monotonic() - started < 20
    assert result.code == 69 and "timed out" in result.log.lower()


def test_every_run_warns_of_verify_ssl_0(sync, api, db):
    sync.configure(dids={"verify_ssl": 0})
    for _ in range(2):
        result = sync.run()
        assert result.code == 0
        (warning,) = [line for line in result.log.splitlines() if "verify_ssl = 0" in line]
        assert " WARN " in warning and "remove that line" in warning


def test_a_setting_that_is_refused_is_named_without_a_line_that_no_file_has(sync):
    before = sync.config_file.read_text()
    for name, said in (("sync.batch_size", "'0' is not a whole number from 1 to 5000"),
                       ("sync.nonsense", "there is no setting 'nonsense' in [sync]; `man did-optimizer-sync.conf`")):
        done = sync.run("settings", "set", name, "0")
        assert done.code == 64 and f"nothing was changed: {name}: {said}" in done.err, done.err
        assert not re.search(r":\d+:", done.err) and sync.config_file.read_text() == before
    # An older problem is in another line after the change, and no reason to refuse it.
    sync.config_file.write_text(before + "[log]\nnonsense = 1\n")
    assert sync.run("settings", "set", "sync.batch_size", "100").code == 0
    assert "batch_size = 100\n" in sync.config_file.read_text()


@pytest.mark.plain_only
def test_settings_set_refuses_a_sink_that_lacks_settings(sync, db, api):
    before = sync.config_file.read_text()
    done = sync.run("settings", "set", "sink.type", "bigquery")
    assert done.code == 64 and "nothing was changed: " in done.err and "has no project" in done.err
    assert sync.config_file.read_text() == before
    sync.configure(config={"sink": {"type": "bigquery"}})
    assert f"{sync.config_file}: the sink bigquery has no project" in sync.run().log
    assert sync.run("settings", "set", "sink.project", "p1").code == 0  # one step on the way
