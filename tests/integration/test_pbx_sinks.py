"""A hosted PBX's calls to a table in PostgreSQL and to a webhook, from the list to the end, also over an outage."""
import contextlib
import json
import time

import pytest

from harness.pbx_api import PbxApi
from harness.postgresql import PASSWORD, Postgresql
from harness.receiver import Receiver
from harness.sync import Sync

HOUR = 3600


@pytest.fixture
def install(tmp_path):
    """install(shape, sink): a PBX, and an installation that reads it, at work since three hours ago."""
    with contextlib.ExitStack() as stack:
        def make(shape, sink):
            pbx = stack.enter_context(PbxApi(shape))
            host = Sync(tmp_path / "host", None, None, timezone="UTC")
            stack.callback(host.close)
            host.configure(config={"sync": {"settle": 0, "splay": 0, "retry_base": 0},
                                   "source": {"type": "pbx-api", "url": pbx.url, "domain": "demo", "key": pbx.key,
                                              "time_zone": "Asia/Ho_Chi_Minh"}, "sink": sink})
            host.set_checkpoint(int(time.time()) - 3 * HOUR)
            return pbx, host

        yield make


def make_calls(pbx):
    now = int(time.time())
    return [pbx.call(now - 100, recording="/demo/archive/a.mp3"), pbx.call(now - 90, status="NO_ANSWER", talk=0),
            pbx.call(now - 80, direction="inbound", own="84280000009"), pbx.call(now - 70, status="BUSY", talk=0)]


def run_until_done(sync):
    for _ in range(10):
        if sync.run("run").code == 0:
            return
        time.sleep(1.05)
    raise AssertionError("not done")


@pytest.mark.parametrize("dialect", ["epoch", "documented"])
def test_calls_become_rows_in_postgresql_once_and_over_an_outage(install, tmp_path, dialect):
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    password.chmod(0o600)
    with Postgresql() as server:
        table = server.database()
        pbx, sync = install(dialect, {"type": "records", "url": table.url(), "password_file": password, "timeout": 2})
        made = make_calls(pbx)
        assert sync.run("run").code == 0
        server.kill()
        made.append(pbx.call(int(time.time()) - 20))
        assert sync.run("run").code == 69
        server.start()
        run_until_done(sync)
        rows = table.by_uuid()
        assert sorted(rows) == sorted(call["uuid"] for call in made)
        assert [rows[call["uuid"]]["call_status"] for call in made] == \
            ["answered", "no_answer", "answered", "busy", "answered"]
        first = rows[made[0]["uuid"]]
        assert (first["source"], first["direction"], first["destination"], first["recording_path"]) == \
            ("pbx-api", "outbound", made[0]["customer"], "/demo/archive/a.mp3")
        assert (int(first["start_epoch"]), int(first["answer_epoch"]), int(first["end_epoch"])) == \
            (made[0]["started"], made[0]["answered"], made[0]["ended"])
        assert json.loads(first["raw_data"])["outbound_cnum" if dialect == "epoch" else "caller_name"]
        made[1].update(status="ANSWER", talk=20)
        assert sync.run("run").code == 0
        assert table.by_uuid()[made[1]["uuid"]]["call_status"] == "answered" and len(table.by_uuid()) == 5


@pytest.mark.parametrize("dialect", ["epoch", "documented"])
def test_calls_become_messages_once(install, dialect):
    with Receiver() as hook:
        pbx, sync = install(dialect, {"type": "webhook", "url": hook.url, "secret": hook.secret})
        made = make_calls(pbx)
        for _ in range(2):
            assert sync.run("run").code == 0
        bodies = {body["id"]: body for _, body in hook.received}
        assert hook.refused == [] and len(hook.received) == len(bodies) == 4
        assert [bodies[call["uuid"]]["result"] for call in made] == ["answered", "no_answer", "answered", "busy"]
        body = bodies[made[0]["uuid"]]
        assert (body["source"], body["direction"], body["number"], body["agent"], body["ended"], body["length"]) == \
            ("pbx-api", "outbound", made[0]["customer"], "2001", made[0]["ended"], 60)
        assert body["recording_path"] == "/demo/archive/a.mp3"
        made[1].update(status="ANSWER", talk=20)
        assert sync.run("run").code == 0
        assert len(hook.received) == 5 and hook.received[-1][1]["id"] == made[1]["uuid"]
