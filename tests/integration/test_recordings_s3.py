"""upload = s3: recordings of a hosted PBX as objects in a bucket."""
import os
import signal
import time

import pytest

from harness.keeping import change_ledger, installed, make_due, name_of, records, run, spooled, state_of
from harness.recordings import sound
from harness.s3 import S3, xml


@pytest.fixture
def s3():
    with S3() as server:
        yield server


@pytest.fixture
def install(tmp_path):
    with installed(tmp_path) as make:
        yield make


@pytest.fixture
def keep(install, s3, tmp_path):
    """keep(): a PBX, and an installation that keeps its recordings in a bucket."""
    def make(**recordings):
        secret = tmp_path / "secret"
        secret.write_text(s3.secret + "\n")
        secret.chmod(0o600)
        return install(**{"upload": "s3", "folder": "calls", "endpoint": s3.url, "region": s3.region,
                          "bucket": "recordings", "access_key": s3.key_id, "secret_key_file": secret, **recordings})

    return make


def kept(s3):
    return {key: found["content"] for key, found in s3.objects["recordings"].items()}


def test_each_recording_is_an_object_and_its_record_has_the_link(keep, s3):
    pbx, sync = keep(subfolders="year")
    now = int(time.time())
    calls = [pbx.call(now - 100 - i) for i in range(6)]
    year = {call["uuid"]: time.strftime("%Y", time.gmtime(call["started"])) for call in calls}
    contents = {f"calls/{year[call['uuid']]}/{name_of(call)}": pbx.record(call, sound(call["uuid"], 300000))
                for call in calls}
    done = run(sync)
    assert kept(s3) == contents and spooled(sync) == []
    assert s3.secret not in done.log
    for call in calls:
        row = records(sync)[call["uuid"]]
        assert row["google_drive_url"] == f"{s3.url}/recordings/calls/{year[call['uuid']]}/{name_of(call)}"
        assert row["upload_status"] == "stored"
    assert {found["type"] for found in s3.objects["recordings"].values()} == {"audio/mpeg"}


@pytest.mark.parametrize("answer", [503, 500, "cut", "lost", (503, "SlowDown"), (400, "XAmzContentSHA256Mismatch")])
def test_a_failure_is_tried_again(keep, s3, answer):
    pbx, sync = keep()
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call)
    s3.answers.append(answer)
    run(sync)
    assert state_of(sync, call)[:2] == (1, 0)
    make_due(sync)
    run(sync)
    assert kept(s3) == {f"calls/{name_of(call)}": content}


@pytest.mark.parametrize("settings, words", [
    ({"access_key": "other"}, "correct access_key in [recordings]"), ({"bucket": "other"}, "make the bucket"),
    ({"region": "us-west-9"}, "correct region in [recordings]"), ({"secret_key_file": None, "secret_key": "wrong"},
                                                                  "correct the secret"),
    ({"bucket": None}, "needs `bucket"), ({"bucket": "a/b"}, "other characters"),
    ({"secret_key_file": None}, "needs `secret_key_file"),
])
def test_a_wrong_setting_stops_the_recordings_with_the_remedy(keep, s3, settings, words):
    pbx, sync = keep()
    sync.configure(config={"recordings": settings})
    calls = [pbx.call(int(time.time()) - 100 - i) for i in range(2)]
    for call in calls:
        pbx.record(call)
    run(sync, words)
    assert {state_of(sync, call)[:2] for call in calls} == {(1, 0)}
    assert len(records(sync)) == 2


@pytest.mark.parametrize("answers, words", [
    ([], "✓ recordings: a small file was stored and deleted again"),
    ([(404, "NoSuchBucket")], "make the bucket"),
    ([None, (403, "AccessDenied")], "could not be deleted again")])
def test_check_stores_a_small_object_and_deletes_it(keep, s3, answers, words):
    _, sync = keep()
    s3.answers.extend(answers)
    done = sync.run("check")
    assert words in done.out, done.out
    assert len(kept(s3)) == (1 if "could not" in words else 0)
    assert s3.secret not in done.out


# ---- large recordings, in parts ----

LARGE = 20 << 20  # three parts


def asked(s3, method):
    return sum(1 for one, _, _ in s3.requests if one == method)


@pytest.fixture
def large(keep, s3):
    """A PBX with one large recording, the installation, and what the bucket has in the end."""
    pbx, sync = keep()
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call, sound("large", LARGE))
    return call, sync, {f"calls/{name_of(call)}": content}


def test_a_large_recording_goes_in_parts(large, s3):
    call, sync, wanted = large
    done = run(sync)
    assert kept(s3) == wanted and s3.uploads == {} and spooled(sync) == []
    assert s3.objects["recordings"][f"calls/{name_of(call)}"]["type"] == "audio/mpeg"
    assert asked(s3, "PUT") == 3 and asked(s3, "POST") == 2
    assert s3.secret not in done.log
    assert sync.ledger("SELECT state, session FROM recording") == [(2, None)]


@pytest.mark.parametrize("at", range(1, 6))
def test_a_killed_upload_goes_on_with_what_the_server_has(large, s3, at):
    call, sync, wanted = large
    process, seen = [], []

    def kill(request):
        seen.append(request.method)
        if len(seen) == at:
            while not process:
                time.sleep(0.01)
            os.kill(process[0].pid, signal.SIGKILL)

    s3.on_request = kill
    process.append(sync.start("run"))
    process[0].wait()
    s3.on_request = None
    make_due(sync)
    run(sync)
    assert kept(s3) == wanted
    assert len(s3.uploads) <= (1 if at == 1 else 0), "an upload is left over"
    assert asked(s3, "PUT") <= 4, "parts that the server had were sent again"


def test_parts_are_listed_page_by_page(large, s3):
    call, sync, wanted = large
    s3.page = 1
    s3.answers.extend([None, None, None, None, 500])
    run(sync, "HTTP 500")
    assert sync.ledger("SELECT count(*) FROM recording WHERE session IS NOT NULL") == [(1,)]
    make_due(sync)
    run(sync)
    assert kept(s3) == wanted and asked(s3, "PUT") == 3 and asked(s3, "GET") == 3


@pytest.mark.parametrize("answer", [
    (404, "NoSuchUpload"), (400, "InvalidPart"), (400, "InvalidPartOrder"), (400, "EntityTooSmall")])
def test_an_upload_that_the_server_refuses_begins_anew(large, s3, answer):
    call, sync, wanted = large
    s3.answers.extend([None, None, None, None, answer])
    run(sync)
    assert kept(s3) == wanted and asked(s3, "PUT") == 6
    assert len(s3.uploads) == (1 if answer[0] == 404 else 0), "a refused upload is ended"


def test_uploads_that_vanish_again_and_again_end_the_try(large, s3):
    call, sync, wanted = large
    s3.answers.extend([None, (404, "NoSuchUpload")] * 3)
    run(sync, "recording not stored")
    assert state_of(sync, call)[0] == 1
    make_due(sync)
    run(sync)
    assert kept(s3) == wanted


def test_an_upload_that_ended_without_an_object_is_not_taken_for_one(large, s3):
    """The server forgot the first upload and refuses the parts of the second, which is then ended."""
    call, sync, wanted = large
    s3.answers.extend([None, (404, "NoSuchUpload"), (404, "NoSuchKey"), None, None, None, None, (400, "InvalidPart")])
    run(sync, "refused 3 uploads")
    assert kept(s3) == {} and state_of(sync, call)[0] == 1 and spooled(sync) == [f"{call['uuid']}.done"]
    make_due(sync)
    run(sync)
    assert kept(s3) == wanted


@pytest.mark.parametrize("answer", [
    xml("<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>"), 503, xml("")])
def test_a_completion_that_failed_is_repeated(large, s3, answer):
    """The status 200 was sent before the server knew that it fails."""
    call, sync, wanted = large
    s3.answers.extend([None, None, None, None, answer])
    run(sync, "recording not stored")
    assert kept(s3) == {}
    make_due(sync)
    run(sync)
    assert kept(s3) == wanted and asked(s3, "PUT") == 3


def test_the_parts_of_another_recording_are_not_used(large, s3):
    """The PBX replaced the recording between two runs."""
    call, sync, wanted = large
    s3.answers.extend([None, None, None, None, 500])
    run(sync, "HTTP 500")
    change_ledger(sync, "UPDATE recording SET session = substr(session, 1, length(session) - 1) || 'x'")
    make_due(sync)
    run(sync)
    assert kept(s3) == wanted and s3.uploads == {} and asked(s3, "PUT") == 6 and asked(s3, "DELETE") == 1
