"""Whatever fails, the program never writes or shows the API's key or the database's password."""
import pathlib
import time

import pytest

from harness import certs
from harness.api import Api
from harness.sync import Sync

KEY = "Kq7-secret-key-XhZ2mB9tR4vLw8sD"
PASSWORD = "Pw5-secret-word-GjN3cF6yTqE"
# A part of a secret is still a secret.
SECRETS = [KEY[:12], KEY[-12:], PASSWORD[:12], PASSWORD[-12:]]
NOBODYS_PORT = "http://127.0.0.1:1"
COMMANDS = ["run", "--cron", "--log -", "--dry-run", "check", "status", "failed list", "checkpoint show"]


@pytest.fixture(scope="module")
def strict_api():
    with Api(api_key=KEY) as server:
        yield server


@pytest.fixture
def install(db, tmp_path):
    """Makes an installation with the secrets, an API and two unsent calls."""
    made = []

    def make(api):
        db.query("CREATE OR REPLACE USER secretive@localhost IDENTIFIED BY %s", [PASSWORD])
        db.query("GRANT SELECT ON vicidial_log TO secretive@localhost")
        installation = Sync(tmp_path / f"host{len(made)}", db, api, timezone=db.dialer.timezone)
        installation.configure(astguiclient={"VARDB_user": "secretive", "VARDB_pass": PASSWORD}, dids={"api_key": KEY},
                               config={"sync": {"settle": 0, "splay": 0, "retry_base": 0}})
        made.append(installation)
        return installation

    db.insert_many([{}, {}])
    yield make
    for installation in made:
        installation.close()
    db.query("DROP USER IF EXISTS secretive@localhost")


@pytest.fixture
def sync(install, strict_api):
    strict_api.clear(rules=True)
    return install(strict_api)


def places_of_secrets(sync, *results):
    """The places where a secret is visible: in the output, or in any file except the two that must have it."""
    texts = {f"{words}, {name}": getattr(result, name).encode() for words, result in zip(COMMANDS, results)
             for name in ("out", "err")}
    texts.update((path.name, path.read_bytes()) for path in sync.directory.rglob("*")
                 if path.is_file() and path not in (sync.astguiclient_file, sync.dids_file))
    return [place for place, text in texts.items() if any(secret.encode() in text for secret in SECRETS)]


def all_commands(sync):
    return [sync.run(*words.split()) for words in COMMANDS]


def test_no_secret_is_shown_if_all_is_well(sync, strict_api):
    results = all_commands(sync)
    assert [result.code for result in results] == [0] * len(results) and len(strict_api.recorded()) == 2
    assert places_of_secrets(sync, *results) == []


# The API repeats the key in its answers, also at the end of a long text, where the program may cut the key in two.
SAYINGS = {"plain": f"key {KEY} is not welcome", "twice": f"{KEY}{KEY}", "late": "x" * 140 + KEY,
           "later": "x" * 230 + KEY + "x" * 100}
STATUSES = [200, 302, 400, 401, 403, 422, 429, 500]


@pytest.mark.parametrize("saying", SAYINGS.values(), ids=list(SAYINGS))
@pytest.mark.parametrize("status", STATUSES)
def test_no_secret_is_shown_if_the_api_repeats_the_key(sync, strict_api, status, saying):
    """First the API does so for one of several calls, whose answer is recorded. Then it does so for all calls."""
    strict_api.rules([{"status": status, "body": f'{{"success":false,"error":"{saying}"}}', "times": 1}, {"times": 1},
                      {"status": status, "body": f'{{"success":false,"message":"{saying}"}}'}])
    results = all_commands(sync)
    assert {result.code for result in results} <= {0, 69, 75, 78}
    assert places_of_secrets(sync, *results) == []


def test_no_secret_is_in_a_log_in_json_if_the_api_repeats_the_key(sync, strict_api):
    sync.configure(config={"log": {"format": "json"}})
    strict_api.rules([{"status": 401, "body": f'{{"error":"{KEY}"}}'}])
    assert sync.run().code == 78
    assert KEY not in sync.log_file.read_text()


def test_no_secret_is_shown_if_the_api_repeats_the_key_in_a_redirect(sync, strict_api):
    strict_api.rules([{"status": 302, "headers": {"Location": f"{NOBODYS_PORT}/?key={KEY}"}}])
    results = all_commands(sync)
    assert results[0].code == 78 and places_of_secrets(sync, *results) == []


def test_no_secret_is_shown_if_the_key_is_refused(sync, strict_api):
    sync.configure(dids={"api_key": KEY + "x"})
    results = all_commands(sync)
    assert results[0].code == 78 and places_of_secrets(sync, *results) == []


@pytest.mark.parametrize("settings", [
    {"dids": {"api_base_url": NOBODYS_PORT}}, {"astguiclient": {"VARDB_pass": PASSWORD + "x"}},
    {"config": {"database": {"socket": "/nonexistent.sock"}}}, {"dids": {"api_timeout": "x"}},
    {"dids": {"api_key": KEY + " x"}}, {"dids": {"api_base_url": f"https://me:{PASSWORD}@a.example"}},
    {"config": {"database": {"pasword": PASSWORD}}}, {"config": {"api": {"api_key": KEY}}}],
    ids=["API down", "password refused", "database down", "bad setting", "bad key", "address", "misspelt", "misplaced"])
def test_no_secret_is_shown_if_the_settings_are_wrong(sync, settings):
    sync.configure(**settings)
    results = all_commands(sync)
    assert results[0].code in (69, 78)
    own = [sync.config_file.name] if "config" in settings else []  # this test wrote the password there
    assert [place for place in places_of_secrets(sync, *results) if place not in own] == []


def test_no_secret_from_the_environment_is_shown(sync):
    sync.configure(astguiclient={"VARDB_pass": "wrong"}, dids={"api_key": "wrong"})
    good = sync.run(env={"API_KEY": KEY, "VICIDIAL_DB_PASSWORD": PASSWORD})
    bad = sync.run("check", env={"API_KEY": KEY + "\x01", "VICIDIAL_DB_PASSWORD": PASSWORD + "x"})
    assert (good.code, bad.code) == (0, 78)
    assert places_of_secrets(sync, good, bad) == []


@pytest.mark.parametrize("which", ["expired", "wrong_name"])
def test_no_secret_is_sent_or_shown_if_the_certificate_is_bad(install, tmp_path, which):
    made = certs.make(tmp_path)
    cert, key = getattr(made, which)
    with Api(api_key=KEY, cert=cert, key=key) as tls:
        sync = install(tls)
        sync.configure(config={"api": {"ca_file": made.ca}})
        results = all_commands(sync)
        assert results[0].code == 69 and places_of_secrets(sync, *results) == []
        assert tls.state()["requests"] == 0


def test_a_run_s_command_line_and_environment_have_no_secret(sync, strict_api):
    """Every user can read the command line with ps. The environment has no secret, either."""
    strict_api.rules([{"delay_ms": 1500}])
    running = sync.start()
    while strict_api.state()["requests"] == 0:
        assert running.poll() is None
        time.sleep(0.01)
    seen = b"".join(pathlib.Path(f"/proc/{running.pid}/{name}").read_bytes() for name in ("cmdline", "environ", "comm"))
    assert b"did-optimizer-sync" in seen and [secret for secret in SECRETS if secret.encode() in seen] == []
    assert places_of_secrets(sync) == []
    assert running.wait(30) == 0
