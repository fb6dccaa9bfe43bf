"""Tests of the stand-in of Google Drive: what it accepts, and each mistake of a client that it punishes."""
import base64
import email.utils
import hashlib
import http.client
import json
import subprocess
import tempfile
import time
import urllib.parse

import pytest

from harness.drive import Drive
from harness.google_accounts import DRIVE

pytestmark = pytest.mark.plain_only

MIB = 1024 * 1024
PIECE = 262144


@pytest.fixture(scope="module")
def server():
    with Drive() as drive:
        drive.account = drive.accounts.service_account()
        yield drive


@pytest.fixture
def drive(server):
    server.answers.clear()
    server.always.clear()
    server.files.clear()
    server.ahead, server.keeps, server.writes_per_second, server.on_request = 0, None, None, None
    server.accounts.expires_in = 3599
    return server


def ask(drive, method, path, body=None, headers=(), token=None):
    """(status, headers, the answer as an object or as bytes)."""
    if isinstance(body, dict):
        body = json.dumps(body).encode()
    connection = http.client.HTTPConnection(drive.url.partition("//")[2], timeout=30)
    connection.request(method, path, body, {**({"Authorization": f"Bearer {token}"} if token else {}), **dict(headers)})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    is_json = answer.headers.get("Content-Type", "").startswith("application/json")
    return answer.status, dict(answer.getheaders()), json.loads(content) if is_json else content


def coded(value):
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def assertion(key_file, header=(), signer=None, **claims):
    """A signed assertion, with these changes of header and claims."""
    now = int(time.time())
    content = ".".join([coded({"alg": "RS256", "typ": "JWT", "kid": key_file["private_key_id"], **dict(header)}),
                        coded({"iss": key_file["client_email"], "scope": DRIVE, "aud": key_file["token_uri"],
                               "iat": now, "exp": now + 3600, **claims})])
    with tempfile.NamedTemporaryFile() as file:
        file.write((signer or key_file)["private_key"].encode())
        file.flush()
        made = subprocess.run(["openssl", "dgst", "-sha256", "-sign", file.name], check=True, stdout=subprocess.PIPE,
                              input=content.encode()).stdout
    return f"{content}.{coded(made)}"


def ask_token(drive, **form):
    return ask(drive, "POST", "/token", urllib.parse.urlencode(form).encode(),
               {"Content-Type": "application/x-www-form-urlencoded"})


def ask_by_jwt(drive, made):
    return ask_token(drive, grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer", assertion=made)


def token_of(drive, key_file=None, **claims):
    status, _, answer = ask_by_jwt(drive, assertion(key_file or drive.account, **claims))
    assert status == 200, answer
    return answer["access_token"]


def reason(answer):
    return answer["error"]["errors"][0]["reason"]


# ---- tokens ----

def test_a_good_assertion_gets_a_token_that_expires(drive):
    status, _, answer = ask_by_jwt(drive, assertion(drive.account))
    assert status == 200 and answer["token_type"] == "Bearer" and answer["expires_in"] == 3599
    where = "/drive/v3/files/generateIds?count=3&space=drive&type=files"
    status, _, ids = ask(drive, "GET", where, token=answer["access_token"])
    assert status == 200 and len(set(ids["ids"])) == 3
    assert ask(drive, "GET", where)[0] == 401
    drive.ahead = 3600
    status, _, refused = ask(drive, "GET", where, token=answer["access_token"])
    assert (status, reason(refused)) == (401, "authError")


@pytest.mark.parametrize("change, error, words", [
    ({"iat": -4000, "exp": -400}, "invalid_grant", "reasonable timeframe"),
    ({"iat": 4000, "exp": 7000}, "invalid_grant", "reasonable timeframe"),
    ({"iat": 0, "exp": 3700}, "invalid_grant", "short-lived"),
    ({"iat": 0, "exp": 0}, "invalid_grant", "short-lived"),
    ({"aud": "https://elsewhere.example/token"}, "invalid_grant", "audience"),
    ({"scope": "everything"}, "invalid_scope", "scope"), ({"scope": ""}, "invalid_scope", "scope"),
    ({"iss": "nobody@example.com"}, "invalid_grant", "account not found"),
    ({"sub": "boss@example.com"}, "unauthorized_client", "unauthorized"),
    ({"header": {"kid": "other"}}, "invalid_grant", "Invalid JWT Signature."),
    ({"header": {"alg": "none"}}, "invalid_grant", "algorithm"),
])
def test_a_bad_assertion_is_refused_with_googles_words(drive, change, error, words):
    now = int(time.time())
    change = {name: now + value if name in ("iat", "exp") else value for name, value in change.items()}
    status, _, answer = ask_by_jwt(drive, assertion(drive.account, **change))
    assert (status, answer["error"]) == (401 if error == "unauthorized_client" else 400, error)
    assert words in answer["error_description"]


def test_only_the_accounts_own_key_signs_and_only_until_it_is_deleted(drive):
    other = drive.accounts.service_account("other")
    assert ask_by_jwt(drive, assertion(drive.account, signer=other))[2]["error_description"] == "Invalid JWT Signature."
    good = assertion(other)
    head, claims, signature = good.split(".")
    assert ask_by_jwt(drive, f"{head}.{claims}.{coded(b'x' * 256)}")[0] == 400
    assert ask_by_jwt(drive, good + "=")[2]["error"] == "invalid_request"
    assert ask_by_jwt(drive, good)[0] == 200
    drive.accounts.delete_key(other)
    assert ask_by_jwt(drive, good)[2] == {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}


def test_the_clock_of_the_server_decides(drive):
    drive.ahead = -1000
    status, headers, answer = ask_by_jwt(drive, assertion(drive.account))
    assert status == 400 and "Check your iat and exp" in answer["error_description"]
    shown = email.utils.parsedate_to_datetime(headers["Date"]).timestamp()
    assert abs(shown - (time.time() - 1000)) < 60


def test_an_administrator_may_let_the_account_act_as_a_person(drive):
    drive.accounts.delegations.add((drive.account["client_email"], "boss@example.com", DRIVE))
    token = token_of(drive, sub="boss@example.com")
    assert drive.accounts.tokens[token]["who"] == "boss@example.com"


def test_a_refresh_token_gets_tokens_until_it_is_revoked(drive):
    user = drive.accounts.user()
    form = {name: user[name] for name in ("client_id", "client_secret", "refresh_token")}
    status, _, answer = ask_token(drive, grant_type="refresh_token", **form)
    assert status == 200 and "refresh_token" not in answer
    assert ask_token(drive, grant_type="refresh_token",
                     **{**form, "client_secret": "x"})[2]["error"] == "invalid_client"
    assert ask_token(drive, grant_type="refresh_token", **{**form, "client_id": "x"})[2]["error"] == "invalid_client"
    assert ask_token(drive, grant_type="password", **form)[2]["error"] == "unsupported_grant_type"
    other = drive.accounts.user()
    del drive.accounts.users[user["refresh_token"]]
    status, _, answer = ask_token(drive, grant_type="refresh_token", **{**form, "client_id": other["client_id"]})
    assert (status, answer) == (400,
                                {"error": "invalid_grant", "error_description": "Token has been expired or revoked."})


# ---- folders ----

def look(drive, folder, token, query="supportsAllDrives=true&fields=id,name,driveId,capabilities/canAddChildren"):
    return ask(drive, "GET", f"/drive/v3/files/{folder}?{query}", token=token)


def test_a_folder_of_a_shared_drive_shows_its_drive(drive):
    token, folder = token_of(drive), drive.folder([drive.account], shared_drive=True)
    status, _, shown = look(drive, folder, token)
    assert status == 200 and shown["capabilities"] == {"canAddChildren": True}
    assert sorted(shown) == ["capabilities", "driveId", "id", "name"]
    mine = drive.folder([drive.account])
    assert "driveId" not in look(drive, mine, token)[2]


def test_a_folder_that_is_not_shared_does_not_exist(drive):
    token = token_of(drive)
    hidden, shared = drive.folder(), drive.folder([drive.account], shared_drive=True)
    for folder, query in ((hidden, "supportsAllDrives=true"), (shared, "fields=id"),
                          ("nothing", "supportsAllDrives=true")):
        status, _, answer = look(drive, folder, token, query)
        assert (status, reason(answer)) == (404, "notFound")
    narrow = token_of(drive, scope=DRIVE + ".file")
    assert look(drive, shared, narrow)[0] == 404


def multipart(drive, token, metadata, content=b"sound", query="supportsAllDrives=true"):
    body = b"\r\n".join([b"--B", b"Content-Type: application/json; charset=UTF-8", b"", json.dumps(metadata).encode(),
                         b"--B", b"Content-Type: audio/mpeg", b"", content, b"--B--", b""])
    return ask(drive, "POST",
               f"/upload/drive/v3/files?uploadType=multipart&{query}&fields=id,webViewLink,size,md5Checksum",
               body, {"Content-Type": "multipart/related; boundary=B"}, token)


def new_id(drive, token):
    return ask(drive, "GET", "/drive/v3/files/generateIds?count=1", token=token)[2]["ids"][0]


def test_a_service_account_needs_a_shared_drive_and_the_right_to_add_files(drive):
    token = token_of(drive)
    places = {"storageQuotaExceeded": drive.folder([drive.account]), "notFound": drive.folder(),
              "insufficientFilePermissions": drive.folder([drive.account], shared_drive=True, can_add=False)}
    for want, folder in places.items():
        for status, _, answer in (multipart(drive, token, {"parents": [folder]}),
                                  start(drive, token, {"parents": [folder]}, 9)):
            assert (status, reason(answer)) == (404 if want == "notFound" else 403, want)
    shared = drive.folder([drive.account], shared_drive=True)
    assert multipart(drive, token, {"parents": [shared]}, query="a=b")[0] == 404
    assert multipart(drive, token, {})[0] == 403
    assert drive.files == {}


def test_a_person_puts_files_into_a_folder_that_the_tool_made(drive):
    user = drive.accounts.user()
    token = ask_token(drive, grant_type="refresh_token",
                      **{name: user[name]
                         for name in ("client_id", "client_secret", "refresh_token")})[2]["access_token"]
    status, _, folder = ask(drive, "POST", "/drive/v3/files?fields=id", {"name": "calls", "mimeType":
                                                                         "application/vnd.google-apps.folder"},
                            token=token)
    assert status == 200
    assert multipart(drive, token, {"parents": [folder["id"]]})[0] == 200
    assert multipart(drive, token, {"parents": [drive.folder(owner="person@example.com")]})[0] == 404


# ---- uploads ----

@pytest.fixture
def shared(drive):
    """A token, and a folder of a Shared drive."""
    return token_of(drive), drive.folder([drive.account], shared_drive=True)


def start(drive, token, metadata, size):
    return ask(drive, "POST", "/upload/drive/v3/files?uploadType=resumable&supportsAllDrives=true"
               "&fields=id,webViewLink,size,md5Checksum", metadata,
               {"Content-Type": "application/json; charset=UTF-8", "X-Upload-Content-Type": "audio/mpeg",
                "X-Upload-Content-Length": str(size)}, token)


def session_of(drive, token, metadata, size):
    status, headers, _ = start(drive, token, metadata, size)
    assert status == 200
    return headers["Location"].removeprefix(drive.url)


def put(drive, session, content, range_=None):
    return ask(drive, "PUT", session, content, {"Content-Range": range_} if range_ else {})


def test_one_request_uploads_a_small_file(drive, shared):
    token, folder = shared
    made = new_id(drive, token)
    status, _, answer = multipart(drive, token, {"id": made, "name": "a.mp3", "parents": [folder],
                                                 "appProperties": {"callUuid": "u-1"}}, b"sound\r\n--")
    assert (status, answer["id"], answer["size"]) == (200, made, "9")
    assert answer["md5Checksum"] == hashlib.md5(b"sound\r\n--").hexdigest() and made in answer["webViewLink"]
    assert (drive.files[made]["content"], drive.files[made]["mimeType"]) == (b"sound\r\n--", "audio/mpeg")
    status, _, answer = multipart(drive, token, {"id": made, "parents": [folder]})
    assert (status, reason(answer)) == (409, "fileIdInUse")
    assert multipart(drive, token, {"id": "mine", "parents": [folder]})[0] == 400
    assert multipart(drive, token, {"parents": [folder], "appProperties": {"callUuid": "u" * 120}})[0] == 400
    assert multipart(drive, token, {"parents": [folder]}, b"x" * 6 * MIB)[0] == 400


def test_chunks_make_a_file(drive, shared):
    token, folder = shared
    content, made = bytes(range(256)) * 2500, new_id(drive, token)
    session = session_of(drive, token, {"id": made, "parents": [folder]}, len(content))
    assert put(drive, session, b"", f"bytes */{len(content)}")[0] == 308
    status, headers, _ = put(drive, session, content[:PIECE], f"bytes 0-{PIECE - 1}/{len(content)}")
    assert (status, headers["Range"]) == (308, f"bytes=0-{PIECE - 1}")
    assert put(drive, session, b"", f"bytes */{len(content)}")[1]["Range"] == f"bytes=0-{PIECE - 1}"
    status, _, answer = put(drive, session, content[PIECE:], f"bytes {PIECE}-{len(content) - 1}/{len(content)}")
    assert (status, answer["id"], answer["size"]) == (200, made, str(len(content)))
    assert drive.files[made]["content"] == content
    assert put(drive, session, b"", f"bytes */{len(content)}")[2]["id"] == made  # the upload was complete before
    assert start(drive, token, {"id": made, "parents": [folder]}, 9)[0] == 409


def test_one_put_may_upload_a_whole_file(drive, shared):
    token, folder = shared
    session = session_of(drive, token, {"parents": [folder]}, 5)
    assert put(drive, session, b"sound")[2]["md5Checksum"] == hashlib.md5(b"sound").hexdigest()


@pytest.mark.parametrize("first, last, total, length", [
    (0, 99_999, 800_000, 100_000), (0, PIECE - 1, 800_001, PIECE), (PIECE, 2 * PIECE - 1, 800_000, PIECE),
    (0, PIECE - 1, 800_000, PIECE - 1), (0, 800_000, 800_000, 800_001), (0, 799_998, 800_000, 799_999)])
def test_a_chunk_that_does_not_fit_is_refused(drive, shared, first, last, total, length):
    session = session_of(drive, shared[0], {"parents": [shared[1]]}, 800_000)
    status, _, answer = put(drive, session, b"x" * length, f"bytes {first}-{last}/{total}")
    assert (status, reason(answer)) == (400, "badRequest")
    status, headers, _ = put(drive, session, b"", "bytes */800000")
    assert status == 308 and "Range" not in headers


def test_the_server_may_keep_fewer_bytes_than_were_sent(drive, shared):
    session = session_of(drive, shared[0], {"parents": [shared[1]]}, 5 * PIECE)
    drive.keeps = PIECE + 100
    status, headers, _ = put(drive, session, b"x" * 4 * PIECE, f"bytes 0-{4 * PIECE - 1}/{5 * PIECE}")
    assert (status, headers["Range"]) == (308, f"bytes=0-{PIECE - 1}")
    status, headers, _ = put(drive, session, b"x" * 4 * PIECE, f"bytes {PIECE}-{5 * PIECE - 1}/{5 * PIECE}")
    assert (status, headers["Range"]) == (308, f"bytes=0-{2 * PIECE - 1}")
    drive.keeps = 0
    assert put(drive, session, b"x" * 3 * PIECE, f"bytes {2 * PIECE}-{5 * PIECE - 1}/{5 * PIECE}")[1]["Range"] == \
        f"bytes=0-{2 * PIECE - 1}"


def test_a_session_breaks_and_vanishes(drive, shared):
    session = session_of(drive, shared[0], {"parents": [shared[1]]}, 2 * PIECE)
    drive.answers["chunk"].extend([503, "half", "cut"])
    assert put(drive, session, b"x" * 2 * PIECE)[0] == 503
    for _ in range(2):
        with pytest.raises(http.client.RemoteDisconnected):
            put(drive, session, b"x" * 2 * PIECE)
    assert put(drive, session, b"", f"bytes */{2 * PIECE}")[1]["Range"] == f"bytes=0-{PIECE - 1}"
    drive.answers["chunk"].append("gone")
    assert put(drive, session, b"x" * PIECE, f"bytes {PIECE}-{2 * PIECE - 1}/{2 * PIECE}")[0] == 404
    assert put(drive, session, b"", f"bytes */{2 * PIECE}")[0] == 404
    other = session_of(drive, shared[0], {"parents": [shared[1]]}, 5)
    drive.lose_sessions()
    assert put(drive, other, b"sound")[0] == 404 and drive.files == {}


def test_an_answer_may_be_lost_after_the_work(drive, shared):
    token, folder = shared
    made = new_id(drive, token)
    drive.answers["multipart"].append("lost")
    with pytest.raises(http.client.RemoteDisconnected):
        multipart(drive, token, {"id": made, "parents": [folder]})
    assert drive.files[made]["content"] == b"sound"
    assert multipart(drive, token, {"id": made, "parents": [folder]})[0] == 409


# ---- files ----

def test_a_file_is_found_by_its_property_and_deleted(drive, shared):
    token, folder = shared
    made = new_id(drive, token)
    assert multipart(drive, token,
                     {"id": made, "parents": [folder], "appProperties": {"callUuid": "it's \\ u"}})[0] == 200
    query = urllib.parse.quote("appProperties has { key='callUuid' and value='it\\'s \\\\ u' } and trashed=false")
    wide = "&supportsAllDrives=true&includeItemsFromAllDrives=true&fields=files(id,size)"
    driven = f"&corpora=drive&driveId={drive.folders[folder]['driveId']}"
    assert ask(drive, "GET", f"/drive/v3/files?q={query}{wide}{driven}",
               token=token)[2] == {"files": [{"id": made, "size": "5"}]}
    assert ask(drive, "GET", f"/drive/v3/files?q={query}&fields=files(id)", token=token)[2] == {"files": []}
    assert ask(drive, "GET", f"/drive/v3/files?q={query}{wide}&corpora=drive", token=token)[0] == 400
    assert ask(drive, "GET", "/drive/v3/files?q=name%20%3D%20%27a%27", token=token)[0] == 400
    where = f"/drive/v3/files/{made}"
    assert ask(drive, "GET", where, token=token)[0] == 404
    assert ask(drive, "GET", where + "?supportsAllDrives=true&fields=size,md5Checksum", token=token)[2]["size"] == "5"
    assert ask(drive, "DELETE", where, token=token)[0] == 404
    assert ask(drive, "DELETE", where + "?supportsAllDrives=true", token=token)[0] == 204
    assert ask(drive, "GET", where + "?supportsAllDrives=true", token=token)[0] == 404
    assert multipart(drive, token, {"id": made, "parents": [folder]})[0] == 409  # an id may be used only once


@pytest.mark.parametrize("rule, status, want", [
    (429, 429, "rateLimitExceeded"), (403, 403, "userRateLimitExceeded"),
    ((403, "dailyLimitExceeded"), 403, "dailyLimitExceeded"),
    ((403, "accessNotConfigured"), 403, "accessNotConfigured"), (500, 500, "backendError"), (503, 503, "backendError")])
def test_rules_of_the_test_come_before_all_else(drive, shared, rule, status, want):
    drive.answers["multipart"].append(rule)
    answer = multipart(drive, shared[0], {"parents": [shared[1]]})
    assert (answer[0], reason(answer[2])) == (status, want)
    assert multipart(drive, shared[0], {"parents": [shared[1]]})[0] == 200
    assert drive.kinds[-2:] == ["multipart"] * 2


def test_too_many_writes_in_a_second_are_refused(drive, shared):
    drive.writes_per_second = 2
    answers = [multipart(drive, shared[0], {"parents": [shared[1]]}) for _ in range(4)]
    assert [answer[0] for answer in answers][:3] == [200, 200, 403] and reason(answers[2][2]) == "userRateLimitExceeded"


def test_the_token_endpoint_fails_as_the_test_says(drive):
    drive.answers["token"].extend([503, (401, "unauthorized_client")])
    assert ask_by_jwt(drive, assertion(drive.account))[0] == 503
    assert ask_by_jwt(drive, assertion(drive.account))[2]["error"] == "unauthorized_client"
    assert ask_by_jwt(drive, assertion(drive.account))[0] == 200
