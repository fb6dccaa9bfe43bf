"""The live page over a ledger that real runs have filled from a real dialer's database: the page says of each call what
the runs did."""
import contextlib
import json
import os
import socket
import sqlite3
import time

import pytest

from harness.keeping import change_ledger, installed
from harness.postgresql import PASSWORD, Postgresql
from harness.process import until
from harness.serve import Page


@pytest.fixture
def shown(tmp_path):
    """shown(sync): the page of an installation, and an administrator's client."""
    pages = []

    def show(sync):
        page = Page(tmp_path / "page", sync)
        pages.append(page)
        page.add_user("ann")
        page.add_user("vic", "viewer")
        page.start()
        client = page.client("ann")
        until(lambda: client.get("/api/v1/calls?status=SALE").status != 503, page.said)
        return page, client

    yield show
    for page in pages:
        page.close()


def story(client, call):
    got = client.get(f"/api/v1/calls/default/{call}")
    assert got.status == 200, got.body
    return got.json()


def test_each_call_is_shown_as_the_runs_left_it(sync, db, api, shown):
    ended = db.now() - 100
    sold = db.insert(end_epoch=ended, status="SALE", user="1001", phone_number="3125550100", length_in_sec=45)
    empty = db.insert(end_epoch=ended + 1, status="NA", user="VDAD", length_in_sec=0)
    open_one = db.insert(end_epoch=ended + 2, status="DISPO")
    refused = db.insert(end_epoch=ended + 3, status="SALE")
    failing = db.insert(end_epoch=ended + 4, status="SALE")
    api.rules([{"uniqueid": refused, "status": 422, "body": json.dumps({"error": "campaign is not active"})},
               {"uniqueid": failing, "status": 500, "body": "{}"}])
    sync.run("run")
    _, client = shown(sync)
    calls = {call["id"]: call for call in client.get("/api/v1/calls").json()["calls"]}
    assert {call: one["state"] for call, one in calls.items()} == {
        sold: "accepted", empty: "accepted", open_one: "waiting", refused: "rejected", failing: "pending"}
    first = calls[sold]
    assert (first["ended"], first["status"], first["result"], first["agent"], first["number"], first["length"]) == \
        (ended, "SALE", "answered", "1001", "3125550100", 45)
    assert (calls[empty]["length"], calls[empty]["result"]) == (0, "no_answer")
    assert "campaign is not active" in calls[refused]["reason"]
    assert [one["answer"] for one in story(client, refused)["story"]["ledger"]["attempts"]] == [422]
    assert story(client, failing)["story"]["ledger"]["attempts"][0]["answer"] == 500
    assert story(client, sold)["record"] is None, "this sink has no table"

    told = json.loads(sync.run("status", "--json").out)
    card, = client.get("/api/v1/summary").json()["profiles"]
    for count in ("pending", "waiting", "rejected"):
        assert card[count] == told[count] == 1
    run = client.get("/api/v1/runs").json()["runs"][0]
    assert (run["accepted"], run["rejected"], run["pending"], run["waiting"]) == (2, 1, 1, 1)

    db.update(open_one, status="B", user="1002")  # the agent chooses, and the API works again
    api.rules([])
    sync.run("failed", "retry", "--all")
    change_ledger(sync, "UPDATE call SET due = 0 WHERE state = 2")
    sync.run("run")
    until(lambda: {call["state"] for call in client.get("/api/v1/calls").json()["calls"]} == {"accepted"},
          lambda: client.get("/api/v1/calls").json())
    chosen = story(client, open_one)
    assert (chosen["status"], chosen["agent"], chosen["story"]["state"]) == ("B", "1002", "accepted")
    assert [one["answer"] for one in story(client, refused)["story"]["ledger"]["attempts"]] == [422, 200]


def change_journal(page, sql):
    with contextlib.closing(sqlite3.connect(page.state / "journal.db")) as journal:
        journal.execute(sql)
        journal.commit()


def test_a_recording_that_the_pbx_has_is_fetched_and_played_by_a_viewer(tmp_path, shown):
    with installed(tmp_path) as install:
        pbx, sync = install()
        call = pbx.call(int(time.time()) - 100)
        content = pbx.record(call)
        assert sync.run("run").code == 0
        change_ledger(sync, "UPDATE recording SET link = 's3://bucket/name' WHERE call = ?", call["uuid"])
        page, ann = shown(sync)
        vic = page.client("vic")
        path = f"/api/v1/recordings/default/{call['uuid']}/audio"
        assert vic.get(path).status == 404
        begun = vic.ask("POST", path, {})
        assert begun.status == 202, begun.body
        action = f"/api/v1/actions/{begun.json()['id']}"
        until(lambda: vic.get(action).json()["state"] != "running", page.said)
        done = vic.get(action).json()
        assert (done["state"], done["action"], done["user"]) == ("done", "recordings_fetch", "vic"), done
        got = vic.get(path)
        assert (got.status, got.body) == (200, content) and got.headers["Content-Type"] == "audio/mpeg"
        part = vic.get(path, Range="bytes=100-199")
        assert (part.status, part.body) == (206, content[100:200])
        assert ann.get(action).status == 200
        others = ann.outcome("recordings_fetch", id=call["uuid"])
        assert others["state"] == "done" and vic.get(f"/api/v1/actions/{others['id']}").status == 404
        change_journal(page, "UPDATE actions SET user = 'vic', action = 'why'")
        assert vic.get(action).status == 404, "vic was an administrator once"
        change_journal(page, "UPDATE actions SET action = 'recordings_fetch'")
        assert vic.act("recordings_fetch", id=call["uuid"]).status == 403
        assert vic.ask("POST", path.replace(call["uuid"], "none"), {}).status == 202
        until(lambda: "failed" in [row["state"] for row in ann.get("/api/v1/journal").json()["actions"]], page.said)
        assert vic.get(path.replace(call["uuid"], "none")).status == 404
        assert vic.ask("POST", path.replace("default", "none"), {}).status == 404


def _total(client):
    """The number of calls, once the page has it; None: the page has ended."""
    try:
        return until(lambda: (got := client.get("/api/v1/calls")).status == 200 and got).json()["total"]
    except OSError:
        return None


@pytest.mark.plain_only
@pytest.mark.parametrize("ending", ["", "-shm"])
def test_a_view_that_somebody_cut_is_made_again(sync, db, api, shown, ending):
    """Goal: view.db is a copy. Whatever becomes of it, the page shows all calls again, at the latest after a restart:
    SQLite itself maps the -shm."""
    db.insert_many({"end_epoch": db.now() - 100 - number} for number in range(40))
    sync.run()
    page, client = shown(sync)
    assert _total(client) == 40
    view = page.state / f"view.db{ending}"
    os.truncate(view, 4096 if ending == "" else 0)
    if ending == "":
        client.get("/api/v1/calls?direction=outbound&sort=length&count=no")  # reads what is not there any more
    db.insert(end_epoch=db.now() - 90)
    sync.run()
    until(lambda: _total(client) in (None, 41), page.said)
    if _total(client) is None:
        assert ending == "-shm", "without the file it goes on, with no restart"
        page.stop()  # as systemd does
        page.start()
        client = page.client("ann")
        until(lambda: _total(client) == 41, page.said)


def test_a_story_has_the_row_of_the_table_of_calls(sync, db, shown):
    ended = db.now() - 100
    call = db.insert(end_epoch=ended, status="SALE", user="1001", phone_number="3125550100", length_in_sec=45)
    table = sync.state / "records.db"
    sync.configure(config={"sync": {"settle": 0, "splay": 0}, "sink": {"type": "records"}})
    assert sync.run("run").code == 0
    page, client = shown(sync)
    row = story(client, call)["record"]["row"]
    assert (row["phone_number"], row["agent"], row["disposition"], row["end_epoch"], row["duration"]) == \
        ("3125550100", "1001", "SALE", str(ended), "45")
    assert "3125550100" in row["raw_data"] or "lead_id" in row["raw_data"]
    assert "record_hash" not in row and "uuid" not in row
    assert json.loads(sync.run("why", call, "--json").out)["record"] == {"row": row, "problem": None}
    assert "phone_number 3125550100" in sync.run("why", call).out
    query = "query($id: String!) { getCallCenterRecordById(id: $id) { answerTime billsec rawData } }"
    got = client.ask("POST", "/graphql", {"query": query, "variables": {"id": call}}).json()
    assert got["data"]["getCallCenterRecordById"] == {"answerTime": None, "billsec": None, "rawData": row["raw_data"]}

    sync.configure(config={"sync": {"settle": 0, "splay": 0}, "sink": {"type": "records"},
                           "log": {"mask_phone": "yes"}})
    hidden = page.client("vic").get(f"/api/v1/calls/default/{call}")
    assert b"3125550100" not in hidden.body and hidden.json()["record"]["row"]["phone_number"] == "******0100"
    assert "raw_data" not in hidden.json()["record"]["row"]
    assert json.loads(sync.run("why", call, "--json").out)["record"] == hidden.json()["record"]

    table.rename(table.with_suffix(".away"))
    gone = story(client, call)["record"]
    assert gone["row"] is None and "records.db" in gone["problem"]


@pytest.fixture(scope="session")
def postgresql():
    with Postgresql() as server:
        yield server


def test_a_row_in_postgresql_is_read_by_a_command_and_never_waited_for(sync, db, postgresql, shown, tmp_path):
    call = db.insert(end_epoch=db.now() - 100, status="SALE", user="1001", phone_number="3125550100")
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    password.chmod(0o600)
    sink = {"type": "records", "url": postgresql.database().url(), "password_file": password, "timeout": 2}
    sync.configure(config={"sync": {"settle": 0, "splay": 0}, "sink": sink})
    assert sync.run("run").code == 0
    _, client = shown(sync)
    told = story(client, call)["record"]
    assert told["row"] is None and "did-optimizer-sync why" in told["problem"]
    output = client.outcome("why", id=call)["output"]
    for part in ("phone_number 3125550100", "agent 1001", "end_epoch", "raw_data"):
        assert part in output, output
    assert "record_hash" not in output and PASSWORD not in output
    absent = db.insert(end_epoch=db.now() - 50)
    assert json.loads(sync.run("why", absent, "--json").out)["record"] == {"row": None, "problem": None}

    with socket.create_server(("127.0.0.1", 0)) as silent:  # connections open, and nobody answers
        sink["url"] = f"postgresql://sync@127.0.0.1:{silent.getsockname()[1]}/calls"
        sync.configure(config={"sync": {"settle": 0, "splay": 0}, "sink": sink})
        assert story(client, call)["story"]["state"] == "accepted"
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):
            silent.accept()  # the page did not even try
        done = client.outcome("why", id=call)
    assert done["exit_code"] == 0 and "accepted" in done["output"]
    assert "could not be read: could not read the row from PostgreSQL" in done["output"], done["output"]
    password.unlink()
    told = json.loads(sync.run("why", call, "--json").out)
    assert told["state"] == "accepted" and told["record"]["row"] is None
    for part in ("the configuration has a problem", "password_file"):
        assert part in told["record"]["problem"]
