"""A stand-in for S3: PUT, HEAD, GET and DELETE of objects in path-style buckets, and uploads in parts.

The stand-in verifies each header signature of AWS Signature Version 4, as the documentation of the algorithm says.
"""
import collections
import datetime
import hashlib
import hmac
import re
import secrets
import threading
import time
import urllib.parse

from .web import Reply, Web

TOLERANCE = 15 * 60  # seconds
UNSIGNED = "UNSIGNED-PAYLOAD"
PART_LEAST = 5 << 20  # bytes of a part, but of the last one


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


def xml(text):
    return Reply(200, f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode(), {"Content-Type": "application/xml"})


def _etag(content):
    return f'"{hashlib.md5(content).hexdigest()}"'


class S3:
    """A running server with one account. objects[bucket][key]: a dict with content, type and meta.

    answers: a queue of things that happen instead of the proper answer: a status, or (status, code), or "cut" (nothing
    is done), or "lost" (the work is done, then the connection ends). always: the same thing for every request.
    uploads: the uploads in parts that are not completed, by id: bucket, key, type, and parts by number.
    page: so many parts are listed at once; None: as many as the request asks for.
    ahead: the server's clock is this many seconds ahead. unsigned: content without a signature is accepted.
    requests: (method, path, status), in order. on_request(request): called before each answer."""

    def __init__(self, bucket="recordings", key_id="AKIDEXAMPLE", secret="s3cret/Key+of=the+bucket",
                 region="eu-central-1", cert=None):
        self.key_id, self.secret, self.region = key_id, secret, region
        self.objects, self.uploads = {bucket: {}}, {}
        self.answers, self.always, self.ahead, self.unsigned = collections.deque(), None, 0, False
        self.page, self.on_request = None, None
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
        headers = {"Content-Type": found["type"], "ETag": found.get("etag") or _etag(found["content"]),
                   **{f"x-amz-meta-{name}": value for name, value in found["meta"].items()}}
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("Range", ""))
        if not asked:
            return Reply(200, found["content"], headers)
        first, last = int(asked[1]), min(int(asked[2]), len(found["content"]) - 1)
        return Reply(206, found["content"][first:last + 1],
                     {**headers, "Content-Range": f"bytes {first}-{last}/{len(found['content'])}"})

    def _part(self, request, bucket, key):
        """CreateMultipartUpload, UploadPart, ListParts, CompleteMultipartUpload and AbortMultipartUpload."""
        if "uploads" in request.query:
            made = secrets.token_urlsafe(60) + "._-"
            self.uploads[made] = {"bucket": bucket, "key": key, "parts": {},
                                  "type": request.headers.get("Content-Type", "binary/octet-stream")}
            return xml(f"<InitiateMultipartUploadResult><Bucket>{bucket}</Bucket><Key>{key}</Key>"
                       f"<UploadId>{made}</UploadId></InitiateMultipartUploadResult>")
        upload = self.uploads.get(request.query["uploadId"])
        if upload is None or (upload["bucket"], upload["key"]) != (bucket, key):
            return error(404, "NoSuchUpload", "The specified upload does not exist.")
        if request.method == "PUT":
            number = int(request.query["partNumber"])
            if not 1 <= number <= 10000:
                return error(400, "InvalidArgument")
            upload["parts"][number] = request.body
            return Reply(200, b"", {"ETag": _etag(request.body)})
        if request.method == "GET":
            return self._parts(request, upload)
        if request.method == "DELETE":
            del self.uploads[request.query["uploadId"]]
            return Reply(204)
        return self._completed(request, upload)

    def _parts(self, request, upload):
        after = int(request.query.get("part-number-marker", 0))
        most = min(self.page or 1000, int(request.query.get("max-parts", 1000)))
        numbers = sorted(number for number in upload["parts"] if number > after)
        shown = "".join(f"<Part><PartNumber>{number}</PartNumber><LastModified>2025-10-09T00:00:00.000Z</LastModified>"
                        f"<ETag>{_etag(upload['parts'][number]).replace(chr(34), '&quot;')}</ETag>"
                        f"<Size>{len(upload['parts'][number])}</Size></Part>" for number in numbers[:most])
        goes_on = "true" if len(numbers) > most else "false"
        return xml(f"<ListPartsResult><IsTruncated>{goes_on}</IsTruncated>{shown}</ListPartsResult>")

    def _completed(self, request, upload):
        given = re.findall(r"<Part>\s*<PartNumber>(\d+)</PartNumber>\s*<ETag>(?:&quot;|\")?([0-9a-f]{32})(?:&quot;|\")?"
                           r"</ETag>\s*</Part>", request.body.decode())
        numbers = [int(number) for number, _ in given]
        if not given or len(given) != request.body.count(b"<Part>"):
            return error(400, "MalformedXML")
        if numbers != sorted(set(numbers)):
            return error(400, "InvalidPartOrder")
        parts = [upload["parts"].get(number) for number in numbers]
        if any(part is None or _etag(part).strip('"') != etag for part, (_, etag) in zip(parts, given)):
            return error(400, "InvalidPart")
        if any(len(part) < PART_LEAST for part in parts[:-1]):
            return error(400, "EntityTooSmall")
        content = b"".join(parts)
        etag = hashlib.md5(b"".join(hashlib.md5(part).digest() for part in parts)).hexdigest() + f"-{len(parts)}"
        self.objects[upload["bucket"]][upload["key"]] = {"content": content, "type": upload["type"], "meta": {},
                                                                 "etag": f'"{etag}"'}
        del self.uploads[request.query["uploadId"]]
        return xml(f"<CompleteMultipartUploadResult><Key>{upload['key']}</Key><ETag>&quot;{etag}&quot;</ETag>"
                   "</CompleteMultipartUploadResult>")

    def _done(self, request):
        problem = self._problem(request)
        if problem:
            return problem
        bucket, _, key = urllib.parse.unquote(request.path).lstrip("/").partition("/")
        if bucket not in self.objects:
            return error(404, "NoSuchBucket")
        if key and ("uploads" in request.query or "uploadId" in request.query):
            return self._part(request, bucket, key)
        if not key or request.method not in ("PUT", "HEAD", "GET", "DELETE"):
            return Reply(200) if request.method == "HEAD" else error(405, "MethodNotAllowed")
        return self._object(request, self.objects[bucket], key)

    def _answer(self, request):
        if self.on_request:
            self.on_request(request)
        with self._lock:
            rule = self.always if self.always is not None else self.answers.popleft() if self.answers else None
            if rule == "cut":
                reply = Reply(None)
            elif isinstance(rule, int):
                reply = error(rule, "SlowDown" if rule in (429, 503) else
                              "InternalError" if rule >= 500 else "AccessDenied")
            elif isinstance(rule, tuple):
                reply = error(*rule)
            elif isinstance(rule, Reply):
                reply = rule
            else:
                reply = self._done(request)
            reply = Reply(None) if rule == "lost" else reply
            self.requests.append((request.method, request.path, reply.status))
            return reply
