"""Tests of the stand-in of S3: it accepts what curl signs, and refuses every request with another signature."""
import datetime
import hashlib
import http.client
import subprocess

import pytest

from harness.s3 import S3, signature

pytestmark = pytest.mark.plain_only

SECRET = "s3cret/Key+of=the+bucket"


@pytest.fixture
def s3():
    with S3() as server:
        yield server


def curl(s3, *words, key=None, region="eu-central-1"):
    """Makes a request by curl, which has its own code for signatures. Returns status and text."""
    done = subprocess.run(["curl", "-s", "--aws-sigv4", f"aws:amz:{region}:s3", "--user", key
                           or f"AKIDEXAMPLE:{SECRET}", "-w",
                           "\n%{http_code}", *words], stdout=subprocess.PIPE, encoding="utf-8", timeout=30)
    text, _, status = done.stdout.rpartition("\n")
    return int(status), text


def send(s3, method, path, body=b"", headers=(), secret=SECRET, at=0, changed=()):
    """Makes a request that this file signs. changed: headers that replace signed ones."""
    stamp = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=at)).strftime("%Y%m%dT%H%M%SZ")
    host = s3.url.partition("//")[2]
    given = {"host": host, "x-amz-date": stamp, "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
             **dict(headers)}
    signed = sorted(given)
    made = signature(secret, s3.region, method, path, given, signed, given["x-amz-content-sha256"])
    sent = {**given,
            "authorization": f"AWS4-HMAC-SHA256 Credential={s3.key_id}/{stamp[:8]}/{s3.region}/s3/aws4_request, "
                                      f"SignedHeaders={';'.join(signed)}, Signature={made}", **dict(changed)}
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.request(method, path, sent.pop("body", body), sent)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), text


def test_curl_and_this_file_sign_alike(s3, tmp_path):
    """This shows that the stand-in's own arithmetic is right. The test compares it with the documentation's example and
    with curl."""
    (tmp_path / "a").write_bytes(b"a recording")
    digest = hashlib.sha256(b"a recording").hexdigest()
    words = ["-T", str(tmp_path / "a"), "-H", f"x-amz-content-sha256: {digest}", s3.url + "/recordings/2025/a.mp3"]
    assert curl(s3, *words) == (200, "")
    assert s3.objects["recordings"]["2025/a.mp3"]["content"] == b"a recording"
    assert curl(s3, *words, key="AKIDEXAMPLE:wrong")[0] == 403
    example = {"host": "examplebucket.s3.amazonaws.com", "range": "bytes=0-9", "x-amz-date": "20130524T000000Z",
               "x-amz-content-sha256": hashlib.sha256(b"").hexdigest()}
    assert signature("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1", "GET", "/test.txt", example,
                     sorted(example), example["x-amz-content-sha256"]) == \
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"


def test_an_object_is_put_and_read_back(s3):
    path = "/recordings/2025/10/a%20b%2Bc.mp3"
    status, headers, _ = send(s3, "PUT", path, b"sound", {"content-type": "audio/mpeg", "x-amz-meta-call": "u-1"})
    mark = f'"{hashlib.md5(b"sound").hexdigest()}"'
    assert (status, headers["ETag"]) == (200, mark)
    assert s3.objects["recordings"]["2025/10/a b+c.mp3"] == {"content": b"sound", "type": "audio/mpeg",
                                                             "meta": {"call": "u-1"}}
    status, headers, text = send(s3, "HEAD", path)
    assert (status, headers["Content-Length"], headers["ETag"], headers["x-amz-meta-call"], text) == (200, "5", mark,
                                                                                                      "u-1", b"")
    assert send(s3, "GET", path)[::2] == (200, b"sound")
    assert send(s3, "PUT", path, b"other", {"if-none-match": "*"})[0] == 412
    assert send(s3, "DELETE", path)[0] == 204 and send(s3, "HEAD", path)[0] == 404
    assert send(s3, "PUT", "/nothing/a", b"x")[0] == 404


@pytest.mark.parametrize("how, code", [
    ({"secret": "other"}, "SignatureDoesNotMatch"), ({"changed": {"x-amz-meta-call": "u-2"}}, "not signed"),
    ({"headers": {"x-amz-meta-call": "u-1"}, "changed": {"x-amz-meta-call": "u-2"}}, "SignatureDoesNotMatch"),
    ({"changed": {"body": b"other"}}, "XAmzContentSHA256Mismatch"), ({"at": -1000}, "RequestTimeTooSkewed"),
    ({"at": 1000}, "RequestTimeTooSkewed"), ({"changed": {"authorization": "AWS4-HMAC-SHA256 x"}}, "Malformed"),
    ({"headers": {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}}, "XAmzContentSHA256Mismatch"),
])
def test_a_request_that_is_signed_otherwise_is_refused(s3, how, code):
    status, _, text = send(s3, "PUT", "/recordings/a", b"sound", **how)
    assert status in (400, 403) and code in text.decode()
    assert s3.objects["recordings"] == {}


def test_the_account_and_the_region_count(s3):
    assert curl(s3, s3.url + "/recordings/a", key=f"OTHER:{SECRET}")[0] == 403
    assert "expecting 'eu-central-1'" in curl(s3, s3.url + "/recordings/a", region="us-east-1")[1]
    s3.ahead = 3600
    assert send(s3, "HEAD", "/recordings/a")[0] == 403
    s3.ahead, s3.unsigned = 0, True
    assert send(s3, "PUT", "/recordings/a", b"x", {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})[0] == 200


def test_rules_of_the_test_come_before_all_else(s3):
    s3.answers.extend([503, (403, "AccessDenied"), "cut", "lost"])
    assert [send(s3, "PUT", "/recordings/a", b"x")[0] for _ in range(2)] == [503, 403]
    with pytest.raises(http.client.RemoteDisconnected):
        send(s3, "PUT", "/recordings/a", b"x")
    assert s3.objects["recordings"] == {}
    with pytest.raises(http.client.RemoteDisconnected):
        send(s3, "PUT", "/recordings/a", b"x")
    assert s3.objects["recordings"]["a"]["content"] == b"x"
    assert [status for _, _, status in s3.requests] == [503, 403, None, None]
