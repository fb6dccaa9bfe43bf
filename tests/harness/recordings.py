"""The recordings that a hosted PBX serves, and the faults that a test can add."""
import collections
import hashlib
import random
import re
import threading
import urllib.parse

from .web import Reply


def sound(seed, size=20000):
    """Bytes that look like an mp3 file. The same seed gives the same bytes."""
    return b"ID3\x04\x00\x00\x00\x00\x00\x00" + random.Random(seed).randbytes(size - 10)


class Recordings:
    """Recordings by their path. needs_key: a request without the PBX's key is refused.

    answers[path]: a queue of things that happen instead of the proper answer: a status; "cut" (no answer); "half" (the
    connection ends within the content); "page" (a web page with the status 200); "empty" (0 bytes); or a Reply.
    always: one such thing for every path. requests: (path, the Range header or None, status), in order."""

    def __init__(self):
        self.needs_key, self.always, self.requests = True, None, []
        self.answers = collections.defaultdict(collections.deque)
        self._files, self._lock = {}, threading.Lock()

    def add(self, path, content, kind="audio/mpeg", late=0, ranges=True, length=True, pause=0):
        """Adds a recording. late: the first so many requests are answered with 404, because the PBX has not archived
        the call yet. ranges: the server obeys a Range header. length: the answer has a Content-Length. pause: seconds
        that pass in the middle of the content."""
        self._files[path] = {"content": content, "kind": kind, "ranges": ranges, "length": length, "pause": pause}
        self.answers[path].extend([404] * late)

    def has(self, request):
        return urllib.parse.unquote(request.path) in self._files

    def answer(self, request, may):
        """The reply to a request. may: the request has the PBX's key."""
        path = urllib.parse.unquote(request.path)
        with self._lock:
            rule = self.always or (self.answers[path].popleft() if self.answers[path] else None)
            reply = self._reply(self._files[path], rule, request) if may or not self.needs_key else _words(401)
            self.requests.append((path, request.headers.get("Range"), reply.status))
        return reply

    def _reply(self, file, rule, request):
        if isinstance(rule, Reply):
            return rule
        if isinstance(rule, int):
            return _words(rule)
        if rule == "cut":
            return Reply(None)
        if rule == "page":
            return Reply(200, b"<!DOCTYPE html><title>Log in</title>", {"Content-Type": "text/html; charset=utf-8"})
        content = b"" if rule == "empty" else file["content"]
        reply = self._whole_or_range(content, file, request)
        reply.sends = len(reply.content) // 2 if rule == "half" else None
        return reply

    def _whole_or_range(self, content, file, request):
        mark = f'"{hashlib.md5(content).hexdigest()}"'
        headers = {"Content-Type": file["kind"], "ETag": mark, **({"Accept-Ranges": "bytes"} if file["ranges"] else {})}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
        if not asked or not file["ranges"] or request.headers.get("If-Range", mark) != mark:
            return Reply(200, content, headers, length=file["length"], pause=file["pause"])
        first, last = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
        if first >= len(content) or last < first:
            return Reply(416, b"", {"Content-Range": f"bytes */{len(content)}"})
        return Reply(206, content[first:last + 1], {**headers, "Content-Range": f"bytes {first}-{last}/{len(content)}"},
                     length=file["length"], pause=file["pause"])


def _words(status):
    return Reply(status, f"status {status}".encode(), {"Content-Type": "text/plain"})
