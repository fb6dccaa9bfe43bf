"""upload = google-drive: recordings of a hosted PBX in a folder of Google Drive, also with the errors that Drive makes,
and with crashes."""
import collections
import json
import os
import signal
import time

import pytest

from harness.drive import Drive
from harness.keeping import change_ledger, installed, make_due, name_of, records, run, spooled, state_of, stored
from harness.recordings import sound
from harness.web import Reply


@pytest.fixture
def drive():
    with Drive() as server:
        yield server


@pytest.fixture
def install(tmp_path):
    with installed(tmp_path) as make:
        yield make


@pytest.fixture
def keep(install, drive, tmp_path):
    """keep(): a PBX, and an installation that keeps its recordings in a Shared drive, as a service account."""
    def make(account=None, folder=None, **recordings):
        account = account or drive.accounts.service_account()
        place = folder or drive.folder(shared_with=[account], shared_drive=True)
        key_file = tmp_path / "key.json"
        key_file.write_text(json.dumps(account))
        key_file.chmod(0o600)
        return install(upload="google-drive", folder=place, credentials_file=key_file, endpoint=drive.url, **recordings)

    return make


def kept(drive):
    """The files in the folder, by their names; none twice."""
    counted = collections.Counter(file["name"] for file in drive.files.values())
    assert set(counted.values()) <= {1}, counted
    return {file["name"]: file["content"] for file in drive.files.values()}


def assert_secrets_hidden(drive, *texts):
    for text in texts:
        for session in drive.sessions:
            assert session not in text
        for token in drive.accounts.tokens:
            assert token not in text
        assert "PRIVATE KEY" not in text


def test_each_recording_is_one_file_and_its_record_has_the_link(keep, drive):
    pbx, sync = keep()
    now = int(time.time())
    calls = [pbx.call(now - 100 - i) for i in range(8)]
    contents = {name_of(call): pbx.record(call) for call in calls}
    done = run(sync, "🎙 Recordings: 8 stored, 0 rejected")
    assert kept(drive) == contents and spooled(sync) == []
    rows = records(sync)
    by_name = {file["name"]: file for file in drive.files.values()}
    for call in calls:
        file, row = by_name[name_of(call)], rows[call["uuid"]]
        assert (row["google_drive_id"], row["google_drive_url"]) == (file["id"], file["webViewLink"])
        assert row["recording_md5"] == file["md5Checksum"]
        assert file["appProperties"] == {"callUuid": call["uuid"]} and file["mimeType"] == "audio/mpeg"
    assert_secrets_hidden(drive, done.log, done.out, done.err)
    assert drive.kinds.count("token") == 1
    asked = len(drive.kinds)
    run(sync)
    assert len(drive.kinds) == asked
    assert sync.ledger("SELECT count(*) FROM recording WHERE session IS NOT NULL") == [(0,)]


@pytest.mark.parametrize("kind, answer", [
    ("chunk", "half"), ("chunk", "cut"), ("chunk", "lost"), ("chunk", 503), ("chunk", "gone"), ("start", "lost"),
    ("start", 500), ("ids", 503), ("list", 429), ("list", "cut"), ("start", 401), ("status", 503),
    ("start", (403, "userRateLimitExceeded")), ("token", 503),
])
def test_a_failure_at_any_request_leads_to_one_file(keep, drive, kind, answer):
    pbx, sync = keep()
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call, sound("long", 700001))
    drive.answers[kind].append(answer)
    if kind == "status":
        drive.answers["chunk"].append("half")
    for _ in range(4):
        done = run(sync)
        assert_secrets_hidden(drive, done.log)
        make_due(sync)
    assert kept(drive) == {name_of(call): content}
    assert state_of(sync, call) == (2, 0, 1)


def test_an_upload_goes_on_with_what_the_server_has(keep, drive):
    pbx, sync = keep()
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call, sound("long", 900001))
    drive.keeps = 262144
    run(sync)
    assert kept(drive) == {name_of(call): content}
    assert drive.kinds.count("chunk") == 4 and drive.kinds.count("start") == 1


def upload_again(sync):
    """As after a crash between the upload and the ledger's note of it."""
    change_ledger(sync, "UPDATE recording SET due = 0, state = 1, noted = 0")


def test_a_file_with_another_content_gets_the_right_one_and_is_not_deleted(keep, drive):
    pbx, sync = keep()
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call)
    run(sync)
    [file] = drive.files.values()
    file.update({"content": b"damaged", "size": "7", "md5Checksum": "0" * 32})
    upload_again(sync)
    run(sync)
    assert kept(drive) == {name_of(call): content} and list(drive.files) == [file["id"]]
    assert "delete" not in drive.kinds and drive.kinds.count("update") == 1
    assert state_of(sync, call)[0] == 2


def test_a_file_that_stays_different_is_tried_again_later(keep, drive):
    pbx, sync = keep()
    call = pbx.call(int(time.time()) - 100)
    pbx.record(call)
    run(sync)
    [file] = drive.files.values()
    file.update({"size": "7", "md5Checksum": "0" * 32})
    drive.answers["chunk"].append(Reply.of_json(200, {name: file[name] for name in ("id", "size", "md5Checksum")}))
    upload_again(sync)
    run(sync, "another content than was sent")
    assert state_of(sync, call)[0] == 1 and "delete" not in drive.kinds


def test_a_file_whose_size_and_md5_drive_does_not_say_is_left_alone(keep, drive):
    pbx, sync = keep()
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call)
    run(sync)
    drive.answers["get"].append(Reply.of_json(200, {"id": next(iter(drive.files))}))
    upload_again(sync)
    run(sync, "does not say size and MD5")
    make_due(sync)
    run(sync)
    assert kept(drive) == {name_of(call): content}
    assert not {"delete", "update"} & set(drive.kinds)


def test_no_recording_goes_to_another_host(keep, drive):
    """The answer names an address for the upload that is not Google's, nor the endpoint's."""
    pbx, sync = keep()
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call)
    with Drive() as other:
        for address in (other.url, drive.url + ".example.net", f"{drive.url}@{other.url[7:]}",
                        "https://www.googleapis.com"):
            drive.answers["start"].append(Reply(200, b"", {"Location": address + "/upload/drive/v3/files?upload_id=1"}))
            run(sync, "recording not stored")
            make_due(sync)
        assert other.requests == []
    assert sync.ledger("SELECT session FROM recording") == [(None,)]
    run(sync)
    assert kept(drive) == {name_of(call): content}


def test_a_server_that_keeps_nothing_ends_the_try(keep, drive):
    pbx, sync = keep()
    call = pbx.call(int(time.time()) - 100)
    pbx.record(call, sound("long", 900001))
    drive.keeps = 0
    run(sync, "recording not stored")
    assert drive.kinds.count("chunk") <= 4 and kept(drive) == {}


def test_the_session_of_a_crashed_run_is_resumed(keep, drive):
    pbx, sync = keep()
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call, sound("long", 900001))
    process = []

    def kill(kind, _):
        if kind == "chunk" and process:
            os.kill(process[0].pid, signal.SIGKILL)

    drive.on_request = kill
    drive.answers["chunk"].append("half")
    process.append(sync.start("run"))
    process[0].wait()
    drive.on_request = None
    assert sync.ledger("SELECT count(*) FROM recording WHERE session IS NOT NULL") == [(1,)]
    make_due(sync)
    run(sync)
    assert kept(drive) == {name_of(call): content}
    assert drive.kinds.count("start") == 1 and drive.kinds.count("status") == 1


@pytest.mark.parametrize("kind", ["token", "list", "ids", "start", "chunk"])
def test_a_kill_at_any_request_loses_no_recording_and_stores_none_twice(keep, drive, kind):
    pbx, sync = keep(concurrency=2)
    now = int(time.time())
    calls = [pbx.call(now - 100 - i) for i in range(4)]
    contents = {name_of(call): pbx.record(call, sound(call["uuid"], 300000)) for call in calls}
    for after in (False, True):
        process = []

        def kill(asked, _):
            if asked == kind and process:
                time.sleep(0.05 if after else 0)
                os.kill(process[0].pid, signal.SIGKILL)

        if after:
            drive.answers[kind].append("lost")
        drive.on_request = kill
        process.append(sync.start("run"))
        process[0].wait()
        drive.on_request = None
        make_due(sync)
    for _ in range(3):
        run(sync)
        make_due(sync)
    assert kept(drive) == contents
    assert {row["upload_status"] for row in records(sync).values()} == {"stored"}


def test_a_lost_ledger_makes_no_second_file(keep, drive):
    pbx, sync = keep()
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call)
    run(sync)
    for path in sync.state.glob("ledger.db*"):
        path.unlink()
    run(sync)
    assert kept(drive) == {name_of(call): content}
    assert state_of(sync, call) == (2, 0, 1)
    assert drive.kinds.count("start") == 1


def folders(drive, root):
    """The sub-folders of root: path -> id; none twice."""
    found = {}
    for folder_id, folder in drive.folders.items():
        above = next((path + "/" for path, parent in found.items() if parent == folder.get("parent")), "")
        if folder.get("parent") and (above or folder["parent"] == root):
            assert above + folder["name"] not in found, "the folder was made twice"
            found[above + folder["name"]] = folder_id
    return found


@pytest.fixture
def by_month(keep, drive):
    """A PBX with recordings of two months, the installation, the root folder, and name -> sub-folder."""
    account = drive.accounts.service_account()
    root = drive.folder(shared_with=[account], shared_drive=True)
    pbx, sync = keep(account, root, subfolders="month", concurrency=8)
    now = int(time.time())
    sync.set_checkpoint(now - 40 * 86400)
    calls = [pbx.call(ended) for ended in (*range(now - 106, now - 100), now - 35 * 86400, now - 35 * 86400 - 1)]
    for call in calls:
        pbx.record(call)
    return pbx, sync, root, {name_of(call): time.strftime("%Y/%m", time.gmtime(call["started"])) for call in calls}


def assert_in_folders(drive, root, wanted):
    known = folders(drive, root)
    assert set(known) == set(wanted.values()) | {path[:4] for path in wanted.values()}
    assert {file["name"]: file["parents"] for file in drive.files.values()} == {
        name: [known[path]] for name, path in wanted.items()}
    kept(drive)


def run_until_stored(sync, count):
    for _ in range(8):
        run(sync)
        make_due(sync)
        if sync.ledger("SELECT count(*) FROM recording WHERE state = 2") == [(count,)]:
            return


def test_sub_folders_are_made_once(by_month, drive):
    pbx, sync, root, wanted = by_month
    run_until_stored(sync, len(wanted))
    assert_in_folders(drive, root, wanted)
    asked = collections.Counter(drive.kinds)["folder"]
    more = pbx.call(int(time.time()) - 20)
    pbx.record(more)
    run(sync)
    wanted[name_of(more)] = time.strftime("%Y/%m", time.gmtime(more["started"]))
    assert_in_folders(drive, root, wanted)
    assert collections.Counter(drive.kinds)["folder"] == asked, "a folder that exists was made again"


@pytest.mark.parametrize("answer", ["lost", "cut", 503, (403, "userRateLimitExceeded")])
def test_a_failure_while_a_sub_folder_is_made_makes_no_second_one(by_month, drive, answer):
    _, sync, root, wanted = by_month
    drive.answers["folder"].extend([answer, answer])
    run_until_stored(sync, len(wanted))
    assert_in_folders(drive, root, wanted)


def test_a_kill_while_a_sub_folder_is_made_makes_no_second_one(by_month, drive):
    _, sync, root, wanted = by_month
    process = []

    def kill(kind, _):
        if kind == "folder" and process:
            os.kill(process[0].pid, signal.SIGKILL)

    for _ in range(3):
        drive.on_request = kill
        process[:] = [sync.start("run")]
        process[0].wait()
        drive.on_request = None
        make_due(sync)
    run_until_stored(sync, len(wanted))
    assert_in_folders(drive, root, wanted)


def checked(sync):
    done = sync.run("check")
    return [line for line in done.out.splitlines() if "recordings: a small file" in line], done.out


def test_check_stores_a_small_file_and_deletes_it(keep, drive):
    _, sync = keep()
    [line], out = checked(sync)
    assert line.strip() == "✓ recordings: a small file was stored and deleted again"
    assert drive.files == {} and drive.kinds[-2:] == ["delete", "about"]
    assert list(sync.state.glob("check-*")) == []
    assert_secrets_hidden(drive, out)


def test_check_says_how_much_room_a_person_has(keep, drive):
    user = drive.accounts.user(scope="https://www.googleapis.com/auth/drive")
    _, sync = keep(account=user, folder=drive.folder())
    drive.used = 4 << 30
    [line], _ = checked(sync)
    assert line.endswith("stored and deleted again; 11 of the account's 15 GB are free"), line


@pytest.mark.parametrize("answers, words", [
    ({"delete": (403, "insufficientFilePermissions")}, ["⚠ recordings: a small file was stored, and",
                                                        "could not be deleted again", "delete it by hand"]),
    ({"start": (403, "storageQuotaExceeded")}, ["✗ recordings: a small file could not be stored", "Shared drive"]),
    ({"list": 503}, ["✗ recordings: a small file could not be stored", "HTTP 503", "try again later"]),
    ({"token": (400, "invalid_grant")}, ["✗ recordings: a small file could not be stored"]),
    ({"about": 500}, ["✓ recordings: a small file was stored and deleted again"]),
])
def test_check_names_what_the_place_refuses(keep, drive, answers, words):
    _, sync = keep()
    for kind, answer in answers.items():
        drive.always[kind] = answer
    _, out = checked(sync)
    assert all(word in out for word in words), out


def test_check_names_a_folder_that_is_not_shared(keep, drive):
    _, sync = keep(folder=drive.folder(shared_with=["somebody@example.com"], shared_drive=True))
    [line], out = checked(sync)
    assert "could not be stored" in line and "share" in out, out


def test_check_names_a_missing_key_once(keep, drive, tmp_path):
    _, sync = keep(drive.accounts.service_account())
    (tmp_path / "key.json").unlink()
    check = sync.run("check")
    failed = [line for line in check.out.splitlines() if line.startswith("✗") and "verdict" not in line]
    assert check.code == 78 and len(failed) == 1 and "credentials_file: there is no file" in failed[0], check.out
    sync.configure(config={"source": {"url": "nowhere"}})
    assert "✗ PBX's API: " in sync.run("check").out  # and not: database
    sync.configure(config={"source": {"key": None, "key_file": "/nowhere"}})
    assert "PBX's API: not tested: the settings above are wrong" in sync.run("check").out


def test_folder_and_key_may_come_from_the_environment(keep, drive, tmp_path):
    account = drive.accounts.service_account()
    folder = drive.folder(shared_with=[account], shared_drive=True)
    pbx, sync = keep(account)
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call)
    sync.configure(config={"recordings": {"folder": None, "credentials_file": None}})
    done = sync.run("run", env={"GOOGLE_DRIVE_FOLDER_ID": folder,
                                "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json")})
    assert done.code == 0, done.log
    assert kept(drive) == {name_of(call): content}
    assert {tuple(file["parents"]) for file in drive.files.values()} == {(folder,)}
    assert_secrets_hidden(drive, done.log, sync.run("check", env={"GOOGLE_DRIVE_CREDENTIALS": json.dumps(account)}).out)


def test_a_folder_that_is_not_shared_is_named_with_the_remedy(keep, drive):
    account = drive.accounts.service_account()
    pbx, sync = keep(account=account, folder=drive.folder(shared_drive=True))
    calls = [pbx.call(int(time.time()) - 100 - i) for i in range(3)]
    for call in calls:
        pbx.record(call)
    done = run(sync, "HTTP 404 notFound", f"share it with {account['client_email']}")
    assert done.log.count("none uses up an attempt") == 1 and len(records(sync)) == 3
    assert {state_of(sync, call)[:2] for call in calls} == {(1, 0)}


def test_a_service_account_without_storage_is_told_of_shared_drives(keep, drive):
    account = drive.accounts.service_account()
    pbx, sync = keep(account=account, folder=drive.folder(shared_with=[account]))
    call = pbx.call(int(time.time()) - 100)
    pbx.record(call)
    run(sync, "storageQuotaExceeded", "a service account has no storage: name a folder of a Shared drive")
    assert state_of(sync, call)[:2] == (1, 0)


def test_a_person_with_a_full_drive_is_told_to_free_space(keep, drive):
    user = drive.accounts.user(scope="https://www.googleapis.com/auth/drive")
    pbx, sync = keep(account=user, folder=drive.folder())
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call)
    drive.answers["start"].append((403, "storageQuotaExceeded"))
    run(sync, "free space in the Google Drive")
    make_due(sync)
    run(sync)
    assert kept(drive) == {name_of(call): content}


def test_after_a_change_of_the_place_the_ids_of_the_other_one_are_not_used(keep, drive, tmp_path):
    """A service account has no storage, so somebody chooses another place. The ledger had the id of a file in Drive."""
    pbx, sync = keep()
    call = pbx.call(int(time.time()) - 100)
    content = pbx.record(call)
    drive.answers["start"].append((403, "storageQuotaExceeded"))
    run(sync)
    assert sync.ledger("SELECT file_id FROM recording")[0][0]
    sync.kept.mkdir(exist_ok=True)
    sync.configure(config={"recordings": {"upload": "directory", "folder": sync.kept, "credentials_file": None,
                                          "endpoint": None}})
    make_due(sync)
    run(sync)
    assert stored(sync) == {name_of(call): content}


def test_sessions_that_vanish_again_and_again_end_the_try(keep, drive):
    pbx, sync = keep()
    call = pbx.call(int(time.time()) - 100)
    pbx.record(call)
    drive.always["chunk"] = "gone"
    run(sync)
    assert drive.kinds.count("start") == 3
    assert state_of(sync, call)[0] == 1


def test_without_a_token_a_run_asks_for_one_only_once(keep, drive):
    """Each request may take 20 seconds, in which nothing else happens."""
    pbx, sync = keep(concurrency=4)
    calls = [pbx.call(int(time.time()) - 100 - n) for n in range(6)]
    for call in calls:
        pbx.record(call)
    drive.answers["token"] += [500] * 20
    run(sync)
    assert drive.kinds.count("token") == 1
    assert {state_of(sync, call)[:2] for call in calls} == {(1, 0)}


def test_a_deleted_key_stops_the_recordings_and_no_call(keep, drive):
    account = drive.accounts.service_account()
    pbx, sync = keep(account=account)
    drive.accounts.delete_key(account)
    call = pbx.call(int(time.time()) - 100)
    pbx.record(call)
    done = run(sync, "❌ recordings:", "key")
    assert call["uuid"] in records(sync) and state_of(sync, call)[:2] == (1, 0)
    assert_secrets_hidden(drive, done.log)


@pytest.mark.parametrize("settings, words", [({"folder": None}, "needs `folder = ID`"),
                                             ({"credentials_file": None}, "needs `credentials_file = /FILE`"),
                                             ({"endpoint": "http://example.com"}, "plain http")])
def test_what_is_missing_is_named(keep, drive, settings, words):
    pbx, sync = keep()
    sync.configure(config={"recordings": settings})
    call = pbx.call(int(time.time()) - 100)
    pbx.record(call)
    run(sync, words)
    assert state_of(sync, call)[0] == 1


def test_a_token_that_ends_while_uploads_are_in_flight_ends_none_of_them(keep, drive):
    """Each of them gets 401 for the same token; one new token is enough for all."""
    pbx, sync = keep(concurrency=8)
    now = int(time.time())
    contents = {name_of(call): pbx.record(call) for call in [pbx.call(now - 100 - i) for i in range(8)]}
    ended = []

    def end_token(kind, request):
        if kind == "start" and not ended:
            ended.append(request.headers["Authorization"])
            time.sleep(0.5)  # the other requests come in the meantime
            drive.accounts.revoke_tokens()

    drive.on_request = end_token
    run(sync, "🎙 Recordings: 8 stored, 0 rejected")
    assert kept(drive) == contents and ended
    assert drive.kinds.count("token") == 2
    assert len([request for request in drive.requests if request.headers.get("Authorization") == ended[0]]) > 1
