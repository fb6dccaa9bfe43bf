"""What every integration test starts from: a dialer's database, an API and an installation wired to both."""
import os
import sys

# set before the first import of our modules, so that no bytecode is written into the source tree
sys.dont_write_bytecode = sys.pycache_prefix is None

import pytest

from harness.api import Api
from harness.dialer import Dialer
from harness.process import program
from harness.sync import Sync


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """What a browser shows is made by scripts: the sanitizers see nothing of it. One worker has the browser, from the
    beginning on: several would wait for each other."""
    for item in items:
        if {"browser", "window"} & set(item.fixturenames):
            item.add_marker("plain_only")
            item.add_marker(pytest.mark.xdist_group("browser"))
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


@pytest.fixture(scope="session")
def dialer():
    """One server for the session; with xdist, one for each worker."""
    with Dialer() as server:
        yield server


@pytest.fixture
def db(dialer):
    """A fresh VICIdial database, even when the test before left the server down."""
    if not dialer.running:
        dialer.start()
    database = dialer.database()
    yield database
    if dialer.running:
        database.drop()


@pytest.fixture(scope="session")
def session_api():
    with Api() as server:
        yield server


@pytest.fixture
def api(session_api):
    """The API: healthy, with no rules and nothing recorded, even when the test before left it stopped."""
    if not session_api.running:
        session_api.start()
    session_api.clear(rules=True)
    return session_api


@pytest.fixture
def sync(db, api, tmp_path):
    """An installation in which calls that ended this second are seen, and those of the last hour are in scope."""
    installation = Sync(tmp_path / "host", db, api, timezone=db.dialer.timezone)
    installation.configure(config={"sync": {"settle": 0, "splay": 0}})
    installation.set_checkpoint(db.now() - 3600)
    yield installation
    installation.close()


@pytest.fixture
def ordinary(tmp_path, monkeypatch):
    """Runs the program without root's right to open and write every file."""
    become = "setpriv --bounding-set=-all" if os.geteuid() == 0 else ""
    script = tmp_path / "ordinary"
    script.write_text(f'#!/bin/sh\nexec {become} "{program("SYNC_BINARY", "build/did-optimizer-sync")}" "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("SYNC_BINARY", str(script))


@pytest.fixture
def staged(db, api, sync):
    """Sets up a situation: staged(scenes.every_kind)."""
    made = []

    def stage(kind):
        made.append(kind(db, api, sync))
        return made[-1]

    yield stage
    for scene in made:
        scene.close()
