"""[recordings]: the recordings of a hosted PBX's calls, from the PBX to the place that keeps them, and their links."""
import hashlib
import json
import os
import re
import signal
import time

import pytest

from harness.keeping import change_ledger, installed, make_due, name_of, records, run, spooled, state_of, stored
from harness.pbx_api import PbxApi
from harness.process import until
from harness.recordings import sound


@pytest.fixture
def install(tmp_path):
    with installed(tmp_path) as make:
        yield make


def test_each_recording_is_stored_and_its_record_has_the_link(install):
    pbx, sync = install()
    now = int(time.time())
    calls = [pbx.call(now - 100 - i) for i in range(10)]
    silent = pbx.call(now - 50, talk=0, status="NO_ANSWER")
    contents = {name_of(call): pbx.record(call) for call in calls}
    run(sync, "🎙 Recordings: 10 stored, 0 rejected")
    assert stored(sync) == contents
    assert spooled(sync) == []
    rows = records(sync)
    for call in calls:
        row = rows[call["uuid"]]
        assert (row["google_drive_id"], row["google_drive_url"], row["upload_status"], row["upload_retry_count"]) == \
            (name_of(call), str(sync.kept / name_of(call)), "stored", 0)
        assert row["recording_md5"] == hashlib.md5(contents[name_of(call)]).hexdigest()
        assert row["recording_path"] == call["recording"]
    assert rows[silent["uuid"]]["upload_status"] is None
    asked = len(pbx.recordings.requests)
    run(sync)
    assert len(pbx.recordings.requests) == asked, "a stored recording is asked for again"


def test_a_path_that_comes_after_the_call_gets_its_recording(install):
    pbx, sync = install()
    call = pbx.call(int(time.time()) - 100)
    run(sync)
    assert sync.ledger("SELECT * FROM recording") == []
    content = pbx.record(call)
    run(sync)
    assert stored(sync) == {name_of(call): content}


def test_sub_folders_and_names_follow_the_settings(install):
    pbx, sync = install(subfolders="month", name="{YYYYMMDD}-{uuid}.wav")
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call)
    run(sync)
    started = time.gmtime(call["started"])
    assert stored(sync) == {time.strftime(f"%Y/%m/%Y%m%d-{call['uuid']}.wav", started): content}


def test_a_broken_download_goes_on_where_it_ended(install):
    pbx, sync = install()
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call, sound("long", 300001))
    pbx.recordings.answers[call["recording"]].append("half")
    run(sync, "recording not stored")
    assert stored(sync) == {} and spooled(sync) == [f"{call['uuid']}.part"]
    make_due(sync)
    run(sync)
    assert [(asked, status) for _, asked, status in pbx.recordings.requests] == [(None, 200), ("bytes=150000-", 206)]
    assert stored(sync) == {name_of(call): content}


def test_a_whole_download_that_was_not_synced_is_not_read_again(install):
    """The run's time was over between the last byte and the sync."""
    pbx, sync = install()
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call, sound("long", 300001))
    pbx.recordings.answers[call["recording"]].append("half")
    run(sync, "recording not stored")
    (sync.state / "spool" / f"{call['uuid']}.part").write_bytes(content)
    make_due(sync)
    run(sync)
    assert [status for _, _, status in pbx.recordings.requests] == [200]
    assert stored(sync) == {name_of(call): content} and spooled(sync) == []


def test_a_part_of_an_older_recording_is_not_continued(install):
    pbx, sync = install()
    call = pbx.call(int(time.time()) - 100)
    pbx.record(call, sound("first", 300001))
    pbx.recordings.answers[call["recording"]].append("half")
    run(sync)
    content = pbx.record(call, sound("second", 300001))
    make_due(sync)
    run(sync)
    assert stored(sync) == {name_of(call): content}


@pytest.mark.parametrize("answer, words", [("page", "a web page instead of the recording"), ("empty", "is empty"),
                                           ("cut", "could not read from the PBX"), (503, "HTTP 503"),
                                           (302, "redirects")])
def test_what_is_no_recording_is_not_stored(install, answer, words):
    pbx, sync = install()
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call)
    pbx.recordings.answers[call["recording"]].append(answer)
    run(sync, words)
    assert stored(sync) == {}
    assert state_of(sync, call) == (1, 0, 0), "a failure that may be the PBX's uses up an attempt"
    make_due(sync)
    run(sync)
    assert stored(sync) == {name_of(call): content}


def test_a_recording_that_comes_late_is_waited_for(install):
    pbx, sync = install()
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call, late=2)
    for _ in range(3):
        run(sync)
        make_due(sync)
    assert stored(sync) == {name_of(call): content}


def test_a_recording_that_never_comes_is_rejected_after_a_day(install):
    pbx, sync = install()
    call = pbx.call(int(time.time()) - 100)
    pbx.record(call, late=9)
    run(sync)
    assert state_of(sync, call)[0] == 1
    change_ledger(sync, "UPDATE recording SET due = 0, asked = asked - 86401")
    run(sync, "does not have the recording")
    assert state_of(sync, call) == (3, 0, 1)
    assert records(sync)[call["uuid"]]["upload_status"] == "rejected"


def test_the_day_of_waiting_begins_with_the_first_try(install):
    """If recordings could not be tried for days, the first 404 does not reject them."""
    pbx, sync = install()
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call)
    sync.kept.rmdir()
    run(sync)
    change_ledger(sync, "UPDATE recording SET due = 0, seen = seen - 86401, asked = NULL")
    change_ledger(sync, "UPDATE recording SET size = NULL, validator = NULL")
    for path in (sync.state / "spool").iterdir():
        path.unlink()
    sync.kept.mkdir()
    pbx.recordings.answers[call["recording"]].append(404)
    run(sync)
    assert state_of(sync, call)[0] == 1
    make_due(sync)
    run(sync)
    assert stored(sync) == {name_of(call): content}


def test_the_type_of_a_recording_outlives_the_run(install):
    pbx, sync = install()
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call, path="/recordings/without-an-ending")
    sync.kept.rmdir()
    run(sync, "recordings wait")
    assert len(spooled(sync)) == 1
    sync.kept.mkdir()
    make_due(sync)
    change_ledger(sync, "UPDATE recording SET file_id = NULL")  # as after a change of the place
    run(sync)
    assert stored(sync) == {name_of(call): content}
    assert len(pbx.recordings.requests) == 1, "the second run did not use the spool"


def test_a_recording_that_a_run_cannot_download_is_not_begun_anew_for_ever(install):
    """The PBX sends it only as a whole, and too slowly for a run."""
    pbx, sync = install(max_attempts=2)
    sync.configure(config={"sync": {"settle": 0, "splay": 0, "sweep_interval": 60, "time_budget": 3}})
    now = int(time.time())
    slow, quick = pbx.call(now - 100), pbx.call(now - 90)
    pbx.record(slow, sound("slow", 200000), ranges=False, length=False, pause=20)
    content = pbx.record(quick)
    for attempt in (1, 2):
        run(sync, "sends a recording only as a whole")
        assert state_of(sync, slow)[1] == attempt
        make_due(sync)
    assert state_of(sync, slow)[0] == 3
    assert stored(sync) == {name_of(quick): content}
    assert "raise time_budget in [sync]" in sync.run("recordings", "list").out


def test_recordings_have_a_share_of_a_run_whose_calls_took_all_of_it(install):
    """They would disappear from the PBX while a long backlog is read."""
    pbx, sync = install()
    sync.configure(config={"sync": {"settle": 0, "splay": 0, "sweep_interval": 60, "time_budget": 5}})
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call)
    sync.kept.rmdir()
    run(sync, "recordings wait")
    sync.kept.mkdir()
    waits = []
    pbx.on_request = lambda *_: time.sleep(waits.pop() if waits else 0)
    for _ in range(5):  # the share is a second, in which a busy host may get nothing done
        waits.append(4.2)
        make_due(sync)
        run(sync)
        if stored(sync):
            break
    assert stored(sync) == {name_of(call): content}


def test_one_bad_recording_among_good_ones_uses_up_its_attempts(install):
    pbx, sync = install(max_attempts=2)
    now = int(time.time())
    bad, good = pbx.call(now - 200), pbx.call(now - 100)
    pbx.record(bad)
    pbx.recordings.answers[bad["recording"]].extend([500] * 9)
    contents = {name_of(good): pbx.record(good)}
    run(sync)
    for _ in range(2):
        more = pbx.call(int(time.time()) - 1)
        contents[name_of(more)] = pbx.record(more)
        change_ledger(sync, "UPDATE recording SET due = 1 WHERE state = 1")
        run(sync)
    state, attempts, _ = state_of(sync, bad)
    assert (state, attempts) == (3, 2)
    assert stored(sync) == contents


def test_a_wrong_key_stops_the_step_once_and_costs_no_attempt(install):
    pbx, sync = install(key="wrong", concurrency=2)
    now = int(time.time())
    calls = [pbx.call(now - 100 - i) for i in range(6)]
    for call in calls:
        pbx.record(call)
    done = run(sync, "the PBX refuses the key for recordings (HTTP 401); correct key")
    assert done.log.count("none uses up an attempt") == 1
    assert len(records(sync)) == 6, "calls are recorded all the same"
    assert {state_of(sync, call)[:2] for call in calls} == {(1, 0)}
    assert len(pbx.recordings.requests) == 2


def test_a_missing_directory_stops_the_step_and_says_what_to_do(install):
    pbx, sync = install()
    calls = [pbx.call(int(time.time()) - 100 - i) for i in range(3)]
    contents = {name_of(call): pbx.record(call) for call in calls}
    sync.kept.rmdir()
    run(sync, "make the directory of folder in [recordings], or mount its disk")
    assert {state_of(sync, call)[:2] for call in calls} == {(1, 0)}
    sync.kept.mkdir()
    make_due(sync)
    run(sync)
    assert stored(sync) == contents


def test_a_recording_larger_than_the_spool_is_rejected_and_others_pass(install):
    pbx, sync = install(spool_mb=1)
    now = int(time.time())
    large, small = pbx.call(now - 200), pbx.call(now - 100)
    pbx.record(large, sound("large", 1200000))
    content = pbx.record(small)
    run(sync, "the recording has 1 MB or more, and the spool may hold 1; raise spool_mb")
    assert stored(sync) == {name_of(small): content}
    assert state_of(sync, large)[0] == 3 and spooled(sync) == []


def test_recordings_that_do_not_fit_into_the_spool_together_come_one_after_another(install):
    pbx, sync = install(spool_mb=1, concurrency=4)
    now = int(time.time())
    calls = [pbx.call(now - 100 - n) for n in range(6)]
    contents = {name_of(call): pbx.record(call, sound(call["uuid"], 700000)) for call in calls}
    sync.kept.rmdir()  # so what was downloaded stays in the spool
    run(sync, "the spool ")
    assert sum((sync.state / "spool" / name).stat().st_size for name in spooled(sync)) <= 1 << 20
    sync.kept.mkdir()
    for _ in range(8):
        make_due(sync)
        run(sync)
    assert stored(sync) == contents and spooled(sync) == []


def test_a_download_of_an_earlier_path_is_not_stored_as_the_new_one(install):
    pbx, sync = install()
    call = pbx.call(int(time.time()) - 100)
    pbx.record(call, b"the first recording")
    sync.kept.rmdir()
    run(sync)
    assert spooled(sync) == [f"{call['uuid']}.done"]
    pbx.record(call, b"another one", path=f"/{pbx.domain}/archive/other.mp3")
    sync.kept.mkdir()
    run(sync)
    make_due(sync)
    run(sync)
    assert stored(sync) == {name_of(call): b"another one"}


def test_a_pbx_that_is_down_costs_no_attempt_where_another_run_downloaded_recordings(install):
    pbx, sync = install(concurrency=1)
    now = int(time.time())
    first = pbx.call(now - 200)
    pbx.record(first)
    sync.kept.rmdir()
    run(sync)
    later = pbx.call(now - 100)
    pbx.record(later)
    pbx.recordings.answers["/" + later["recording"].lstrip("/")].extend([500] * 5)
    sync.kept.mkdir()
    make_due(sync)
    run(sync)
    assert name_of(first) in stored(sync)
    assert state_of(sync, later)[:2] == (1, 0)


def test_check_stores_a_small_file_and_deletes_it(install):
    _, sync = install()
    out = sync.run("check").out
    assert re.search(r"✓ recordings: a small file was stored and deleted again; \d+ GB are free", out), out
    assert stored(sync) == {}
    sync.kept.rmdir()
    done = sync.run("check")
    assert done.code == 78 and "✗ recordings: a small file could not be stored" in done.out, done.out
    assert "mount its disk" in done.out


@pytest.mark.parametrize("settings, words", [({"concurrency": "abc"}, "concurrency"), ({"upload": "tape"}, "tape"),
                                             ({"folder": None}, "folder")])
def test_check_names_a_wrong_setting(install, settings, words):
    pbx, sync = install()
    assert "recordings" in sync.run("check").out
    sync.configure(config={"recordings": settings})
    done = sync.run("check")
    assert done.code == 78 and any("✗" in line and words in line for line in done.out.splitlines()), done.out


def test_check_says_that_the_calls_of_a_sink_have_no_links(install, tmp_path):
    _, sync = install()
    assert "do not have the links" not in sync.run("check").out
    secret = tmp_path / "secret"
    secret.write_text("s" * 40)
    secret.chmod(0o600)
    sync.configure(config={"sink": {"type": "webhook", "url": "http://127.0.0.1:9/", "secret_file": secret,
                                    "file": None}})
    assert "do not have the links: `did-optimizer-sync recordings why ID` shows one" in sync.run("check").out


def test_the_key_of_the_source_goes_to_no_other_host(install):
    pbx, sync = install(url="http://localhost:1")
    with PbxApi(key="") as other:
        sync.configure(config={"recordings": {"url": other.url.replace("127.0.0.1", "localhost")}})
        call = pbx.call(int(time.time()) - 100)
        pbx.record(call)
        other.recordings.add(call["recording"], b"other")
        heard = []
        answer = other.recordings.answer
        other.recordings.answer = lambda request, may: heard.append(dict(request.headers)) or answer(request, may)
        run(sync)
        assert heard and all("Authorization" not in headers for headers in heard)
        assert stored(sync) == {name_of(call): b"other"}


@pytest.mark.parametrize("settings, words", [
    ({"upload": "attic"}, "upload in [recordings] is one of: directory"),
    ({"upload": None}, "[recordings] has no upload"),
    ({"speed": "9"}, "a place of the type directory has no setting 'speed' in [recordings]"),
])
def test_a_wrong_setting_names_its_line(install, settings, words):
    pbx, sync = install()
    sync.configure(config={"recordings": settings})
    done = sync.run("run")
    assert done.code == 78 and words in done.log and "did-optimizer-sync.conf:" in done.log, done.log


@pytest.mark.parametrize("settings, words", [({"name": "{ext}"}, "does not contain {uuid}"),
                                             ({"subfolders": "week"}, "none of none, year, month"),
                                             ({"folder": "kept"}, "a whole path")])
def test_a_wrong_value_stops_the_recordings_and_no_call(install, settings, words):
    pbx, sync = install()
    sync.configure(config={"recordings": settings})
    call = pbx.call(int(time.time()) - 100)
    pbx.record(call)
    run(sync, words)
    assert call["uuid"] in records(sync) and state_of(sync, call)[0] == 1


def test_a_kill_at_any_moment_loses_no_recording_and_stores_none_twice(install):
    pbx, sync = install(concurrency=3)
    now = int(time.time())
    calls = [pbx.call(now - 100 - i) for i in range(12)]
    contents = {name_of(call): pbx.record(call, sound(call["uuid"], 400000)) for call in calls}
    for delay in [0.02 * i for i in range(1, 16)]:
        process = sync.start("run")
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    for _ in range(2):
        make_due(sync)
        run(sync)
    assert stored(sync) == contents
    assert spooled(sync) == []
    assert {row["upload_status"] for row in records(sync).values()} == {"stored"}


# ---- to be played ----

def played(sync):
    directory = sync.state / "played"
    return {path.name: path.read_bytes() for path in directory.iterdir()} if directory.exists() else {}


def fetch(sync, call):
    return sync.run("recordings", "fetch", call["uuid"])


def test_a_recording_is_fetched_to_be_played_whatever_its_state(install):
    pbx, sync = install(spool_mb=1)
    now = int(time.time())
    kept, large, late = pbx.call(now - 200), pbx.call(now - 100), pbx.call(now - 90)
    contents = {call["uuid"]: content for call, content in ((kept, pbx.record(kept)), (late, pbx.record(late, late=1)))}
    pbx.record(large, sound("large", 1200000))
    run(sync)
    before = sync.ledger("SELECT * FROM recording ORDER BY call")
    assert [row[0] for row in sync.ledger("SELECT state FROM recording ORDER BY started")] == [2, 3, 1]
    for call in (kept, late):
        done = fetch(sync, call)
        assert (done.code, done.err) == (0, "") and "the live page can play it" in done.out
    assert played(sync) == {f"{uuid}.done": content for uuid, content in contents.items()}
    asked = len(pbx.recordings.requests)
    assert fetch(sync, kept).code == 0 and len(pbx.recordings.requests) == asked, "it is here"
    refused = fetch(sync, large)
    assert refused.code == 69 and "raise spool_mb" in refused.err and len(played(sync)) == 2
    assert sync.ledger("SELECT * FROM recording ORDER BY call") == before


def test_what_was_fetched_is_deleted_by_a_run_after_an_hour(install):
    pbx, sync = install()
    old, fresh = (pbx.call(int(time.time()) - age) for age in (200, 100))
    for call in (old, fresh):
        pbx.record(call)
    run(sync)
    for call in (old, fresh):
        assert fetch(sync, call).code == 0
    hour_ago = time.time() - 3601
    os.utime(sync.state / "played" / f"{old['uuid']}.done", (hour_ago, hour_ago))
    run(sync)
    assert set(played(sync)) == {f"{fresh['uuid']}.done"}


def test_a_recording_that_cannot_be_fetched_says_why(install):
    pbx, sync = install()
    call = pbx.call(int(time.time()) - 100)
    pbx.record(call)
    run(sync)
    assert "the ledger has no recording of the call x" in (unknown := sync.run("recordings", "fetch", "x")).err
    assert unknown.code == 64
    pbx.recordings.answers[call["recording"]].extend([404])
    gone = fetch(sync, call)
    assert gone.code == 69 and "the PBX does not have the recording (HTTP 404)" in gone.err and played(sync) == {}
    sync.configure(config={"recordings": {"key": "wrong"}})
    refused = fetch(sync, call)
    assert refused.code == 69 and "the PBX refuses the key for recordings" in refused.err
    assert "wrong" not in refused.err + refused.out
    sync.configure(config={"recordings": dict.fromkeys(("upload", "folder", "key"))})
    without = fetch(sync, call)
    assert without.code == 78 and "upload is not set under [recordings]" in without.err


def test_one_recording_is_fetched_at_a_time(install):
    pbx, sync = install()
    first, second = (pbx.call(int(time.time()) - age) for age in (200, 100))
    contents = {f"{call['uuid']}.done": pbx.record(call) for call in (first, second)}
    run(sync)
    content = sound("slow", 400000)
    pbx.recordings.add(first["recording"], content, pause=30)
    slow = sync.start("recordings", "fetch", first["uuid"])
    until(lambda: (sync.state / "played" / f"{first['uuid']}.part").exists())
    busy = fetch(sync, second)
    assert busy.code == 75 and "another recording is being fetched" in busy.err
    slow.send_signal(signal.SIGTERM)
    assert slow.wait(20) == 75 and played(sync) == {}
    pbx.recordings.add(first["recording"], contents[f"{first['uuid']}.done"])
    for call in (second, first):
        assert fetch(sync, call).code == 0
    assert played(sync) == contents


def test_the_commands_show_rejected_recordings_and_try_them_again(install):
    pbx, sync = install(spool_mb=1)
    now = int(time.time())
    large, small, late = pbx.call(now - 200), pbx.call(now - 100), pbx.call(now - 90)
    pbx.record(large, sound("large", 1200000))
    pbx.record(small)
    pbx.record(late, late=1)
    assert sync.run("recordings").out == "no recording is rejected or has failed\n"
    run(sync)
    listed = [json.loads(line) for line in sync.run("recordings", "list", "--json").out.splitlines()]
    assert [(row["call"], row["state"]) for row in listed] == [(large["uuid"], "rejected"), (late["uuid"], "pending")]
    assert "raise spool_mb" in listed[0]["reason"] and "HTTP 404" in listed[1]["reason"]
    why = sync.run("recordings", "why", small["uuid"])
    assert why.code == 0 and str(sync.kept / name_of(small)) in why.out, why.out
    status = sync.run("status")
    assert "1 stored, 1 pending, 1 rejected (see: did-optimizer-sync recordings list)" in status.out, status.out
    metrics = sync.run("metrics").out
    for name, count in [("stored_total", 1), ("pending", 1), ("rejected", 1)]:
        assert f'did_optimizer_sync_recordings_{name}{{profile=""}} {count}\n' in metrics

    assert sync.run("recordings", "retry").code == 64
    assert "no recording of a call x is rejected" in sync.run("recordings", "retry", "x").err
    assert sync.run("recordings", "why", "x").code == 64
    retried = sync.run("recordings", "retry", "--all")
    assert retried.out == "1 recording is tried again with the next run\n"
    sync.configure(config={"recordings": {"spool_mb": 2}})
    make_due(sync)
    run(sync)
    assert set(stored(sync)) == {name_of(call) for call in (large, small, late)}
