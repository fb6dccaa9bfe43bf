"""The recordings of the stand-in of a hosted PBX: what it serves, and what goes wrong with them."""
import base64
import hashlib
import http.client
import time
import urllib.parse

import pytest

from harness.pbx_api import PbxApi
from harness.recordings import sound
from harness.web import Reply

pytestmark = pytest.mark.plain_only

KEY = {"Authorization": "Bearer k3y-of-the-pbx"}


@pytest.fixture
def pbx():
    with PbxApi() as server:
        yield server


def get(pbx, path, headers=KEY):
    """(status, headers, content)"""
    connection = http.client.HTTPConnection(pbx.url.partition("//")[2], timeout=30)
    connection.request("GET", path, headers=dict(headers))
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), content


def test_a_call_names_its_recording(pbx):
    call = pbx.call(1760000000)
    content = pbx.record(call)
    assert call["recording"] == f"/demo/archive/2025/Oct/09/{call['uuid']}.mp3" and len(content) == 20000
    assert content == sound(call["uuid"]) != pbx.record(pbx.call(1760000001))
    page = pbx.page({"from": "2025-10-09 00:00:00", "to": "2025-10-10 00:00:00", "limit": 10, "offset": 0,
                     "domain": "demo"})
    assert page["data"][1]["record_path"] == call["recording"]
    status, headers, got = get(pbx, call["recording"])
    assert (status, got, headers["Content-Type"], headers["Content-Length"]) == (200, content, "audio/mpeg", "20000")
    assert pbx.recordings.requests == [(call["recording"], None, 200)] and pbx.requests == 0
    assert get(pbx, "/demo/archive/2025/Oct/09/other.mp3")[0] == 404


def test_a_path_is_percent_encoded_and_has_one_slash(pbx):
    call = pbx.call(time.time())
    content = pbx.record(call, path="demo/a b%c.wav", kind="audio/wav")
    assert call["recording"] == "demo/a b%c.wav"
    assert get(pbx, "/" + urllib.parse.quote(call["recording"]))[2] == content
    assert get(pbx, "//" + urllib.parse.quote(call["recording"]))[0] == 404


def test_who_may_hear_a_recording(pbx):
    path = pbx.call(time.time(), recording="/a.mp3")["recording"]
    pbx.recordings.add(path, b"sound")
    assert get(pbx, path, {})[0] == get(pbx, path, {"Authorization": "Bearer other"})[0] == 401
    pbx.recordings.needs_key = False
    assert get(pbx, path, {})[2] == b"sound"
    pbx.recordings.needs_key, pbx.login = True, ("user", "pass")
    assert get(pbx, path)[0] == 401
    assert get(pbx, path, {"Authorization": "Basic " + base64.b64encode(b"user:pass").decode()})[2] == b"sound"


@pytest.mark.parametrize("asked, status, range_, content", [
    ("bytes=0-", 206, "bytes 0-9/10", b"0123456789"), ("bytes=4-", 206, "bytes 4-9/10", b"456789"),
    ("bytes=4-5", 206, "bytes 4-5/10", b"45"), ("bytes=4-99", 206, "bytes 4-9/10", b"456789"),
    ("bytes=10-", 416, "bytes */10", b""), ("seconds=4-", 200, None, b"0123456789")])
def test_a_part_of_a_recording(pbx, asked, status, range_, content):
    pbx.recordings.add("/a.mp3", b"0123456789")
    got, headers, text = get(pbx, "/a.mp3", {**KEY, "Range": asked})
    assert (got, headers.get("Content-Range"), text) == (status, range_, content)


def test_a_part_only_of_the_recording_that_was_begun(pbx):
    pbx.recordings.add("/a.mp3", b"0123456789")
    mark = get(pbx, "/a.mp3")[1]["ETag"]
    assert mark == f'"{hashlib.md5(b"0123456789").hexdigest()}"'
    assert get(pbx, "/a.mp3", {**KEY, "Range": "bytes=4-", "If-Range": mark})[::2] == (206, b"456789")
    pbx.recordings.add("/a.mp3", b"another one")
    assert get(pbx, "/a.mp3", {**KEY, "Range": "bytes=4-", "If-Range": mark})[::2] == (200, b"another one")
    pbx.recordings.add("/b.mp3", b"0123456789", ranges=False)
    assert get(pbx, "/b.mp3", {**KEY, "Range": "bytes=4-"})[::2] == (200, b"0123456789")


def test_what_goes_wrong_with_a_recording(pbx):
    pbx.recordings.add("/a.mp3", b"0123456789", late=2)
    pbx.recordings.answers["/a.mp3"].extend([503, "page", "empty", "half", "cut",
                                             Reply(302, b"", {"Location": "/b.mp3"})])
    assert [get(pbx, "/a.mp3")[0] for _ in range(3)] == [404, 404, 503]
    status, headers, text = get(pbx, "/a.mp3")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8") and b"Log in" in text
    assert get(pbx, "/a.mp3")[::2] == (200, b"")
    with pytest.raises(http.client.IncompleteRead) as broken:
        get(pbx, "/a.mp3")
    assert broken.value.partial == b"01234" and broken.value.expected == 5
    with pytest.raises(http.client.RemoteDisconnected):
        get(pbx, "/a.mp3")
    assert get(pbx, "/a.mp3")[1]["Location"] == "/b.mp3"
    assert get(pbx, "/a.mp3")[::2] == (200, b"0123456789")
    assert [status for _, _, status in pbx.recordings.requests] == [404, 404, 503, 200, 200, 200, None, 302, 200]


def test_a_recording_without_a_length(pbx):
    pbx.recordings.add("/a.mp3", b"0123456789", length=False)
    status, headers, content = get(pbx, "/a.mp3")
    assert (status, content) == (200, b"0123456789") and "Content-Length" not in headers
