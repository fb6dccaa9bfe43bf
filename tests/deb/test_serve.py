"""The life of the live page's package on one host. The tests are chapters: each goes on where the one before ended."""
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import time

import pytest

from deb.build import NAME, SERVE, USER, VERSION, built_package
from deb.dialing import KEY, STATE, CronJob, configure, grant
from harness.api import Api
from harness.dialer import Dialer

PASSWORD = "correct horse battery"
PAGE_STATE = f"/var/lib/{SERVE}"
USERS = f"/etc/{SERVE}.users"


@pytest.fixture(scope="module")
def dialer():
    with Dialer(tcp=True) as server:
        yield server


@pytest.fixture(scope="module")
def db(dialer):
    database = dialer.database("asterisk")
    grant(database)
    return database


@pytest.fixture(scope="module")
def api():
    with Api(api_key=KEY) as server:
        yield server


def triggers(host):
    """How many notes of changes the ledger makes for the page."""
    with sqlite3.connect(host.path(f"{STATE}/ledger.db")) as ledger:
        return ledger.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE "
                              "'%\\_touched\\_%' ESCAPE '\\'").fetchone()[0]


class Served:
    """The installed page, started as its unit starts it."""

    def __init__(self, host, port):
        self.host, self.port, self.cookie, self.csrf = host, port, None, None

    def __enter__(self):
        self.process = self.host.start(SERVE)
        until = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < until:
            try:
                self.ask("GET", "/")
                return self
            except ConnectionRefusedError:
                time.sleep(0.1)
        raise RuntimeError(f"the page did not start:\n{self.end()}")

    def __exit__(self, *_):
        self.end()

    def end(self):
        """As systemd does it; returns what the page said. A process that has given up its rights does not end with the
        one that started it."""
        for number, name, _ in self.processes():
            if name != "serve-actor":
                os.kill(number, signal.SIGTERM)
        return self.host.finish(self.process).out

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self.cookie:
            headers.update({"Cookie": self.cookie, "X-CSRF-Token": self.csrf})
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            got = connection.getresponse()
            got.content = got.read()
            return got
        finally:
            connection.close()

    def log_in(self, name):
        got = self.ask("POST", "/api/v1/session", {"name": name, "password": PASSWORD})
        assert got.status == 200, got.content
        self.cookie, self.csrf = got.headers["Set-Cookie"].partition(";")[0], json.loads(got.content)["csrf"]

    def processes(self):
        """Number, name and users of each process of the page, by name."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(process / "root") != str(self.host.directory):
                    continue
                name, status = (process / "comm").read_text().strip(), (process / "status").read_text()
                if name in (SERVE[:15], "serve-actor"):
                    users = re.search(r"^Uid:\s(.*)$", status, re.M).group(1).split()
                    found.append((int(process.name), name, users))
            except OSError:
                continue
        return sorted(found, key=lambda one: one[1])


@pytest.fixture
def served(host):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    host.write(f"/etc/{SERVE}.conf", f"[serve]\nlisten = 127.0.0.1:{port}\n")
    with Served(host, port) as page:
        yield page


def fake_systemd(host):
    """A host that seems to run systemd; what systemd was asked is in /tmp/systemctl."""
    host.path("/run/systemd/system").mkdir(parents=True, exist_ok=True)
    host.write("/usr/bin/systemctl", '#!/bin/sh\necho "$@" >>/tmp/systemctl\n', 0o755)
    host.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 0\n", 0o755)
    host.write("/tmp/systemctl", "")


def asked_of_systemd(host, verb):
    return {word for line in host.read("/tmp/systemctl").splitlines() if verb in line.split() for word in line.split()
            if word.startswith(SERVE)}


def test_the_page_comes_beside_the_program_and_does_not_start(host):
    host.apt_install(built_package())
    assert "libmicrohttpd" not in host.need("dpkg-query", "-W", "-f", "${Package} ")
    assert "install the package did-optimizer-sync-serve" in host.run(NAME, "serve").out
    fake_systemd(host)
    said = host.apt_install(built_package(SERVE))
    assert not re.search(r"warn", said, re.I), said
    assert f"\n    {SERVE} user add NAME --role admin\n    systemctl enable --now {SERVE}\n" in said
    assert host.need(NAME, "serve", "--version") == f"{SERVE} {VERSION}\n"
    assert host.owner(PAGE_STATE) == f"{USER}:{USER} 0750" and not host.path(USERS).exists()
    units = [path.name for path in host.path("/usr/lib/systemd/system").glob(f"{SERVE}*")]
    assert sorted(units) == [f"{SERVE}.service", f"{SERVE}.socket"]
    assert not [path for path in host.path("/etc/systemd").rglob(f"{SERVE}*")], "a unit is enabled"
    assert asked_of_systemd(host, "start") == asked_of_systemd(host, "try-restart") == set()


def test_the_first_user_is_made_as_the_readme_says(host):
    host.need("sh", "-c", f"echo '{PASSWORD}' | {NAME} serve user add ann --role admin")
    assert host.owner(USERS) == f"root:{USER} 0640"
    assert host.need(SERVE, "user", "list") == "ann admin\n"


def test_the_page_shows_and_acts_without_rights(host, dialer, db, api, served):
    configure(host, dialer, api)
    host.need(NAME, "enable")
    calls = db.insert_many([{"end_epoch": db.now() - 1} for _ in range(3)])
    assert CronJob(host).run().code == 0
    number = re.search(rf"^{USER}:x:(\d+):", host.read("/etc/passwd"), re.M).group(1)
    assert [users for _, _, users in served.processes()] == [[number] * 4, ["0"] * 4]
    served.log_in("ann")
    assert served.ask("GET", "/api/v1/openapi.json").status == 200
    wait_for(lambda: json.loads(served.ask("GET", "/api/v1/calls").content)["total"] == 3)
    more = db.insert_many([{"end_epoch": db.now() - 1}])
    got = served.ask("POST", "/api/v1/actions", {"profile": "default", "action": "sync", "arguments": {}})
    assert got.status == 202, got.content
    wait_for(lambda: set(api.by_uniqueid()) == set(calls + more))
    wait_for(lambda: json.loads(served.ask("GET", "/api/v1/calls").content)["total"] == 4)
    for path in host.path(PAGE_STATE).iterdir():
        assert host.owner(f"{PAGE_STATE}/{path.name}").startswith(f"{USER}:{USER} 06"), path.name
    assert triggers(host) > 0


def wait_for(done, patience=60):
    until = time.monotonic() + patience
    while not done():
        assert time.monotonic() < until
        time.sleep(0.2)


def test_an_upgrade_starts_a_page_that_runs_again(host):
    fake_systemd(host)
    said = host.need("apt-get", "install", "-q", "-y", "--reinstall", "-o", "Dpkg::Options::=--force-confold",
                     f"/srv/{built_package(SERVE).name}")
    assert "does not run yet" not in said
    assert asked_of_systemd(host, "try-restart") == {f"{SERVE}.service"}
    assert asked_of_systemd(host, "start") == asked_of_systemd(host, "enable") == set()


def test_removal_stops_the_page_and_the_ledger_notes_nothing_for_it(host, db):
    fake_systemd(host)
    kept = {path.name for path in host.path(PAGE_STATE).iterdir()}
    host.need("apt-get", "remove", "-q", "-y", SERVE)
    assert asked_of_systemd(host, "stop") == {f"{SERVE}.service", f"{SERVE}.socket"}
    assert triggers(host) == 0 and not host.path(f"/usr/sbin/{SERVE}").exists()
    assert {path.name for path in host.path(PAGE_STATE).iterdir()} == kept and host.path(USERS).exists()
    for path in host.path(STATE).iterdir():
        assert host.owner(f"{STATE}/{path.name}") == f"{USER}:{USER} 0640", path.name
    db.insert_many([{"end_epoch": db.now() - 1}])
    assert CronJob(host).run().code == 0, "the dialer's program goes on"


def test_purge_leaves_nothing_of_the_page(host):
    host.apt_install(built_package(SERVE))
    host.need("apt-get", "purge", "-q", "-y", SERVE)
    assert {path for path in host.files() if SERVE in path} == set()
    assert host.path(f"/usr/sbin/{NAME}").exists() and host.path(f"{STATE}/ledger.db").exists()


def test_a_state_directory_of_make_install_goes_to_the_user(host):
    host.path(PAGE_STATE).mkdir(mode=0o750)
    host.write(f"{PAGE_STATE}/token.key", "0" * 64, 0o640)
    host.apt_install(built_package(SERVE))
    assert host.owner(PAGE_STATE) == f"{USER}:{USER} 0750"
    assert host.owner(f"{PAGE_STATE}/token.key") == f"{USER}:{USER} 0640"


def test_the_state_may_lie_on_another_disk(host):
    host.need("apt-get", "purge", "-q", "-y", SERVE)
    host.path("/srv/page").mkdir(mode=0o750)
    host.write("/srv/page/of-others", "")
    host.path(PAGE_STATE).symlink_to("/srv/page")
    host.apt_install(built_package(SERVE))
    assert host.owner("/srv/page") == f"{USER}:{USER} 0750"
    host.need("sh", "-c", f"echo '{PASSWORD}' | {SERVE} user add ann --role admin && {SERVE} token ann >/dev/null")
    assert host.owner("/srv/page/token.key") == f"{USER}:{USER} 0640"
    host.need("apt-get", "purge", "-q", "-y", NAME)  # and the page with it
    assert [path.name for path in host.path("/srv/page").iterdir()] == ["of-others"]
    assert {path for path in host.files() if NAME in path} == set()
