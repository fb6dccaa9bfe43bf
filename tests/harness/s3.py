"""A stand-in for S3: PUT, HEAD, GET and DELETE of objects in path-style buckets.

The stand-in verifies each header signature of AWS Signature Version 4, as the documentation of the algorithm says.
"""
import collections
import datetime
import hashlib
import hmac
import re
import threading
import time
import urllib.parse

from .web import Reply, Web

TOLERANCE = 15 * 60  # seconds
UNSIGNED = "UNSIGNED-PAYLOAD"


def _encoded(text, safe="-_.~"):
    return urllib.parse.quote(text, safe=safe)


def signature(secret, region, method, target, headers, signed, body_hash):
    """The hexadecimal signature of a request. headers: by lower-case name; signed: the names that are signed."""
    path, _, query = target.partition("?")
    pairs = sorted((_encoded(name), _encoded(value))
                   for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True))
    canonical = "\n".join([method, _encoded(urllib.parse.unquote(path), "/-_.~"),
                           "&".join(f"{n}={v}" for n, v in pairs),
                           *(f"{name}:{' '.join(headers[name].split())}" for name in signed), "",
                           ";".join(signed), body_hash])
    stamp = headers["x-amz-date"]
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in (*scope.split("/"), text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


def error(status, code, words=""):
    text = ('<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<Error><Code>{code}</Code><Message>{words or code}</Message></Error>')
    return Reply(status, text.encode(), {"Content-Type": "application/xml"})


class S3:
    """A running server with one account. objects[bucket][key]: a dict with content, type and meta.

    answers: a queue of things that happen instead of the proper answer: a status, or (status, code), or "cut" (nothing
    is done), or "lost" (the work is done, then the connection ends). always: the same thing for every request.
    ahead: the server's clock is this many seconds ahead. unsigned: content without a signature is accepted.
    requests: (method, path, status), in order."""

    def __init__(self, bucket="recordings", key_id="AKIDEXAMPLE", secret="s3cret/Key+of=the+bucket",
                 region="eu-central-1", cert=None):
        self.key_id, self.secret, self.region = key_id, secret, region
        self.objects = {bucket: {}}
        self.answers, self.always, self.ahead, self.unsigned = collections.deque(), None, 0, False
        self.requests, self._lock = [], threading.Lock()
        self._web = Web(self._answer, cert, self.now)
        self.url = self._web.url

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._web.close()

    def now(self):
        return time.time() + self.ahead

    def _problem(self, request):
        """The reason to refuse the request; None: the signature is good."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        match = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/,]+)/([^/,]+)/aws4_request, ?"
                             r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})",
                             headers.get("authorization", ""))
        if match is None:
            return error(403, "AccessDenied") if "authorization" not in headers else \
                error(400, "AuthorizationHeaderMalformed")
        key_id, day, region, service, signed, given = match.groups()
        signed = signed.split(";")
        stamp, body_hash = headers.get("x-amz-date", ""), headers.get("x-amz-content-sha256")
        if key_id != self.key_id:
            return error(403, "InvalidAccessKeyId")
        if (region, service) != (self.region, "s3"):
            return error(400, "AuthorizationHeaderMalformed",
                         f"the region '{region}' is wrong; expecting '{self.region}'")
        if not re.fullmatch(r"\d{8}T\d{6}Z", stamp) or not stamp.startswith(day) or body_hash is None:
            return error(403, "AccessDenied", "x-amz-date or x-amz-content-sha256 is missing or wrong")
        at = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()
        if abs(at - self.now()) > TOLERANCE:
            return error(403, "RequestTimeTooSkewed")
        needed = {name for name in headers if name.startswith("x-amz-")} | {"host"}
        if not needed <= set(signed) or signed != sorted(signed) or not set(signed) <= set(headers):
            return error(403, "AccessDenied", "There were headers present in the request which were not signed")
        wanted = signature(self.secret, region, request.method, request.target, headers, signed, body_hash)
        if not hmac.compare_digest(wanted, given):
            return error(403, "SignatureDoesNotMatch")
        if body_hash != hashlib.sha256(request.body).hexdigest() and not (self.unsigned and body_hash == UNSIGNED):
            return error(400, "XAmzContentSHA256Mismatch")
        return None

    def _object(self, request, objects, key):
        if request.method == "PUT":
            if "If-None-Match" in request.headers and key in objects:
                return error(412, "PreconditionFailed")
            objects[key] = {"content": request.body, "type": request.headers.get("Content-Type", "binary/octet-stream"),
                            "meta": {name.lower()[11:]: value for name, value in request.headers.items()
                                     if name.lower().startswith("x-amz-meta-")}}
            return Reply(200, b"", {"ETag": f'"{hashlib.md5(request.body).hexdigest()}"'})
        if request.method == "DELETE":
            objects.pop(key, None)
            return Reply(204)
        if key not in objects:
            return error(404, "NoSuchKey")
        found = objects[key]
        return Reply(200, found["content"], {"Content-Type": found["type"],
                                             "ETag": f'"{hashlib.md5(found["content"]).hexdigest()}"',
                                             **{f"x-amz-meta-{name}": value for name, value in found["meta"].items()}})

    def _done(self, request):
        problem = self._problem(request)
        if problem:
            return problem
        bucket, _, key = urllib.parse.unquote(request.path).lstrip("/").partition("/")
        if bucket not in self.objects:
            return error(404, "NoSuchBucket")
        if not key or request.method not in ("PUT", "HEAD", "GET", "DELETE"):
            return Reply(200) if request.method == "HEAD" else error(405, "MethodNotAllowed")
        return self._object(request, self.objects[bucket], key)

    def _answer(self, request):
        with self._lock:
            rule = self.always if self.always is not None else self.answers.popleft() if self.answers else None
            if rule == "cut":
                reply = Reply(None)
            elif isinstance(rule, int):
                reply = error(rule, "SlowDown" if rule in (429, 503) else
                              "InternalError" if rule >= 500 else "AccessDenied")
            elif isinstance(rule, tuple):
                reply = error(*rule)
            else:
                reply = self._done(request)
            reply = Reply(None) if rule == "lost" else reply
            self.requests.append((request.method, request.path, reply.status))
            return reply
