"""upload = s3: recordings of a hosted PBX as objects in a bucket."""
import time

import pytest

from harness.keeping import installed, make_due, name_of, records, run, spooled, state_of
from harness.recordings import sound
from harness.s3 import S3


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
