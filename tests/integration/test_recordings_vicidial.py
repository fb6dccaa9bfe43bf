"""[recordings] with VICIdial: the recordings that recording_log names, from the dialer to the place that keeps them."""
import contextlib
import sqlite3

import pytest

from harness.keeping import change_ledger, make_due, stored
from harness.pbx_api import PbxApi
from harness.recordings import sound
from harness.sync import Sync

SOUND = {"kind": "audio/x-wav"}


@pytest.fixture
def web():
    with PbxApi() as server:
        server.recordings.needs_key = False
        yield server


@pytest.fixture
def install(db, api, tmp_path):
    """install(source, **recordings): an installation that stores the dialer's recordings in a directory."""
    hosts = []
    db.make_vicidial()

    def make(source="vicidial", **recordings):
        host = Sync(tmp_path / "host", db, api, timezone=db.dialer.timezone)
        hosts.append(host)
        host.kept = tmp_path / "kept"
        host.kept.mkdir()
        host.configure(config={"sync": {"settle": 0, "splay": 0}, "source": {"type": source},
                               "sink": {"type": "records", "file": tmp_path / "calls.db"},
                               "recordings": {"upload": "directory", "folder": host.kept, "name": "{uuid}.{ext}",
                                              **recordings}})
        host.set_checkpoint(db.now() - 3600)
        return host

    yield make
    for host in hosts:
        host.close()


def record(db, web, call, name="a.wav", content=None, **columns):
    """Adds a recording of the call, as VICIdial's scripts leave it when all of them have run."""
    row = db.row(call)
    web.recordings.add(f"/RECORDINGS/{name}", content or sound(name), **SOUND)
    columns = {"vicidial_id": call, "lead_id": row["lead_id"], "location": f"{web.url}/RECORDINGS/{name}",
               "start_epoch": row["start_epoch"], "end_epoch": row["end_epoch"], "length_in_sec": 50, **columns}
    db.put("recording_log", **columns)
    return content or sound(name)


def run(sync, *words):
    done = sync.run("run")
    assert done.code == 0, done.log
    for word in words:
        assert word in done.log, done.log
    return done


def look_twice(sync):
    """The first run sees the place of a recording, the second one that it has not changed, and fetches it."""
    done = run(sync)
    make_due(sync)
    return done.log + run(sync).log


def recordings(sync):
    return sync.ledger("SELECT call, state, path FROM recording ORDER BY call")


def test_a_recording_is_stored_when_its_place_no_longer_changes(install, db, web, tmp_path):
    sync = install()
    call = db.insert(end_epoch=db.now() - 60, length_in_sec=50)
    content = record(db, web, call)
    silent = db.insert(end_epoch=db.now() - 50, length_in_sec=0, status="NA")
    run(sync)
    assert stored(sync) == {} and web.recordings.requests == []
    assert [row[0] for row in recordings(sync)] == [call], "a call without talk has no recording"
    make_due(sync)
    run(sync)
    assert stored(sync) == {f"{call}.wav": content}
    with contextlib.closing(sqlite3.connect(tmp_path / "calls.db")) as file:
        links = dict(file.execute("SELECT uuid, google_drive_url FROM callcenter_records"))
    assert links == {call: str(sync.kept / f"{call}.wav"), silent: None}


def test_a_recording_that_is_moved_is_looked_up_again(install, db, web):
    sync = install()
    call = db.insert(end_epoch=db.now() - 60, length_in_sec=50)
    content = record(db, web, call)
    web.recordings.add("/MP3/a.mp3", content, late=9)
    run(sync)
    db.query("UPDATE recording_log SET location = %s", [web.url + "/MP3/a.mp3"])
    make_due(sync)
    run(sync)
    assert web.recordings.requests == [], "it has just been moved"
    make_due(sync)
    run(sync)  # 404: it was moved once more
    web.recordings.add("/ARCHIVE/a.mp3", content)
    db.query("UPDATE recording_log SET location = %s", [web.url + "/ARCHIVE/a.mp3"])
    for _ in range(3):
        make_due(sync)
        run(sync)
    assert stored(sync) == {f"{call}.mp3": content}


@pytest.mark.parametrize("columns", [
    {"location": "a.wav"}, {"location": None}, {"end_epoch": None}, {"location": "ftp://10.0.0.1/a.wav"}])
def test_a_recording_that_is_not_ready_is_waited_for(install, db, web, columns):
    sync = install()
    call = db.insert(end_epoch=db.now() - 60, length_in_sec=50)
    content = record(db, web, call, **columns)
    look_twice(sync)
    assert stored(sync) == {} and web.recordings.requests == []
    db.query("UPDATE recording_log SET location = %s, end_epoch = start_epoch + 50", [web.url + "/RECORDINGS/a.wav"])
    make_due(sync)
    look_twice(sync)
    assert stored(sync) == {f"{call}.wav": content}


def test_a_recording_that_never_gets_an_address_is_rejected_after_a_day(install, db, web):
    sync = install()
    call = db.insert(end_epoch=db.now() - 60, length_in_sec=50)
    record(db, web, call, location=None)
    run(sync)
    change_ledger(sync, "UPDATE recording SET due = 0, asked = asked - 86401")
    run(sync)
    assert "no web address" in sync.run("recordings", "list").out


def test_a_deleted_recording_is_rejected(install, db, web):
    sync = install()
    record(db, web, db.insert(end_epoch=db.now() - 60, length_in_sec=50), location="DELETED")
    run(sync)
    assert "the phone system has deleted the recording" in sync.run("recordings", "list").out


def test_a_call_without_a_recording_costs_one_look(install, db, web):
    sync = install()
    db.insert(end_epoch=db.now() - 60, length_in_sec=50)
    run(sync)
    assert recordings(sync) == []


def test_lead_and_time_find_a_recording_with_another_id(install, db, web):
    """The agent dialled by hand, or VICIdial has rewritten the uniqueid. Other calls of the lead have their own."""
    sync = install()
    call = db.insert(end_epoch=db.now() - 60, length_in_sec=50, lead_id=77)
    content = record(db, web, call, vicidial_id="M1127145512000000077")
    record(db, web, call, name="earlier.wav", vicidial_id="1700000000.5", start_epoch=db.row(call)["start_epoch"] - 900)
    look_twice(sync)
    assert stored(sync) == {f"{call}.wav": content}


def test_of_several_recordings_the_longest_is_stored(install, db, web):
    sync = install()
    call = db.insert(end_epoch=db.now() - 60, length_in_sec=50)
    record(db, web, call, name="short.wav", length_in_sec=5)
    content = record(db, web, call, name="long.wav", length_in_sec=45)
    record(db, web, call, name="other.wav", length_in_sec=6)
    look_twice(sync)
    assert stored(sync) == {f"{call}.wav": content}


def test_an_inbound_call_has_its_recording_by_closecallid(install, db, web):
    sync = install("vicidial-inbound")
    now = db.now()
    begun = db.query("SELECT FROM_UNIXTIME(%s) AS date", [now - 100])[0]["date"]
    number = db.put("vicidial_closer_log", lead_id=7, campaign_id="GROUP", call_date=begun, start_epoch=now - 100,
                    end_epoch=now - 60, length_in_sec=40, status="SALE", phone_number="3125550100",
                    uniqueid="1700000000.7", user="1001")
    web.recordings.add("/RECORDINGS/in.wav", sound("in"), **SOUND)
    db.put("recording_log", vicidial_id=str(number), lead_id=7, location=web.url + "/RECORDINGS/in.wav",
           start_epoch=now - 100, end_epoch=now - 60, length_in_sec=40)
    look_twice(sync)
    assert list(stored(sync).values()) == [sound("in")]


def test_the_settings_name_the_host_and_its_account(install, db, web):
    """recording_log has the dialer's address, and the recordings are fetched from another one, with a password."""
    sync = install(url=web.url, user="reader", password="s3cret")
    call = db.insert(end_epoch=db.now() - 60, length_in_sec=50)
    content = record(db, web, call, location="http://10.9.8.7/RECORDINGS/a.wav")
    seen = []
    answer = web.recordings.answer
    web.recordings.answer = lambda request, may: (seen.append(request.headers.get("Authorization")),
                                                  answer(request, may))[1]
    logged = look_twice(sync)
    assert stored(sync) == {f"{call}.wav": content}
    assert seen == ["Basic cmVhZGVyOnMzY3JldA=="]
    assert "s3cret" not in logged and seen[0][6:] not in logged


def test_a_dialer_without_tls_needs_a_word_in_the_settings(install, db, web):
    sync = install()
    call = db.insert(end_epoch=db.now() - 60, length_in_sec=50)
    record(db, web, call, location="http://recordings.example.com/RECORDINGS/a.wav")
    run(sync)
    make_due(sync)
    run(sync, "allow_insecure_http = yes", "under [recordings]")
    assert recordings(sync)[0][1] == 1


@pytest.mark.parametrize("settings, words", [
    ({"user": "reader"}, "needs `url = https://HOST` in [recordings]"), ({"key": "k"}, "needs `url = https://HOST`")])
def test_a_key_without_an_address_is_an_error(install, db, web, settings, words):
    sync = install(**settings)
    done = sync.run("check")
    assert done.code == 78 and words in done.out, done.out


def test_a_table_that_cannot_be_read_stops_no_call(install, db, web, tmp_path):
    sync = install()
    call = db.insert(end_epoch=db.now() - 60, length_in_sec=50)
    content = record(db, web, call)
    db.query("RENAME TABLE recording_log TO hidden_log")
    run(sync, "recordings cannot be looked up", "calls are sent as usual")
    assert "recordings cannot be looked up" in sync.run("check").out
    db.query("RENAME TABLE hidden_log TO recording_log")
    assert "recordings are looked up in recording_log" in sync.run("check").out
    make_due(sync)
    look_twice(sync)
    assert stored(sync) == {f"{call}.wav": content}


def test_recordings_are_looked_up_by_index(install, db, web):
    sync = install()
    db.query("INSERT INTO recording_log (vicidial_id, lead_id, location, start_epoch) SELECT CONCAT('x', seq), seq + "
             "1000, 'http://10.0.0.1/x.wav', 1700000000 FROM seq_1_to_5000")
    calls = [db.insert(end_epoch=db.now() - 60 - n, length_in_sec=50) for n in range(20)]
    for n, call in enumerate(calls[:10]):
        record(db, web, call, name=f"{n}.wav")
    db.query("FLUSH STATUS")
    db.query("SET GLOBAL log_output = 'TABLE'")
    db.query("TRUNCATE mysql.slow_log")
    db.query("SET GLOBAL long_query_time = 0")
    db.query("SET GLOBAL slow_query_log = 1")
    try:
        run(sync)
    finally:
        db.query("SET GLOBAL slow_query_log = 0")
    asked = db.query("SELECT sql_text, rows_examined FROM mysql.slow_log WHERE sql_text LIKE %s",
                     ["%FROM recording_log%"])
    assert len(asked) == 2 and sum(row["rows_examined"] for row in asked) <= 40, asked
