"""A hosted PBX with an HTTP API that lists the PBX's calls, in both shapes of such APIs, and with their pitfalls."""
import base64
import collections
import datetime
import json
import random
import threading
import time
import urllib.parse
import uuid
import zoneinfo

from .recordings import Recordings, sound
from .web import Reply, Web

PATH = "/api/v2/cdrs"
UUID_EPOCH = 12219292800  # seconds from 1582-10-15, from which version-1 UUIDs count, to 1970


def uuid_of(epoch, serial=0):
    """A version-1 UUID made at that time."""
    ticks = int((epoch + UUID_EPOCH) * 10**7) + serial
    return str(uuid.UUID(fields=(ticks & 0xFFFFFFFF, ticks >> 32 & 0xFFFF, ticks >> 48 & 0x0FFF | 0x1000, 0xAC, 0x6E,
                                 0x0123456789AB)))


class PbxApi:
    """A running PBX. dialect: "documented" or "epoch". zone: the time zone of the times in requests.

    cap: the most rows of a page, whatever limit the request has. empty: the data of a page without rows.
    order: "start", "end", "oldest", "grouped" (by extension, the newest call of each first) or "none".
    filters_on: "start" or "end", the time by which a window selects calls. For "end", an open call counts as ending
    now.
    ignores: any of "dates", "offset" and "clamps" (a page behind the end is the last page again).
    answers: a queue of answers instead of a page: None (a page), a status, (status, headers, text), "cut" (no answer),
    "half" (the connection ends within the body), or a number below 100 (the page comes that many seconds later).
    always: one such answer for every request. on_request(query) is called before each answer.
    odd: members that replace those of a row, {uuid: {...}}; a member that is None is left out.
    queries: the requests that were answered with a page, as dicts. requests: the number of requests without those for
    recordings; the object recordings counts those itself."""

    def __init__(self, dialect="epoch", zone="Asia/Ho_Chi_Minh", key="k3y-of-the-pbx", login=None, cert=None):
        self.dialect, self.zone, self.key, self.login = dialect, zoneinfo.ZoneInfo(zone), key, login
        self.domain, self.cap, self.empty, self.order, self.filters_on = "demo", 1000, [], "start", "start"
        self.ignores, self.date, self.total_shown = set(), None, True
        self.answers, self.always, self.on_request = collections.deque(), None, None
        self.odd = {}
        self.rows, self.queries, self.headers, self.requests, self._serial = [], [], [], 0, 0
        self._lock = threading.RLock()
        self.recordings = Recordings()
        self._web = Web(self._reply, cert, lambda: time.time() if self.date is None else self.date)
        self.url = self._web.url

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._web.close()

    # ---- calls ----

    def call(self, ended, length=60, talk=50, status="ANSWER", direction="outbound", **more):
        """Adds a call that ended at that time, and returns the call as a dict. ended None: the call is still open
        and began `length` seconds ago."""
        with self._lock:
            self._serial += 1
            started = (time.time() if ended is None else ended) - length
            made = {"uuid": uuid_of(int(started), self._serial), "direction": direction, "started": int(started),
                    "answered": int(started) + length - talk if talk else 0, "ended": ended and int(ended),
                    "length": length, "talk": talk, "status": status, "own": "2001",
                    "shown": "84280000001", "customer": f"09{self._serial:08d}", "recording": None, **more}
            self.rows.append(made)
            return made

    def record(self, call, content=None, path=None, **how):
        """Gives the call a recording, and returns the recording's content. how: see Recordings.add."""
        content = sound(call["uuid"]) if content is None else content
        day = datetime.datetime.fromtimestamp(call["started"], self.zone)
        call["recording"] = path or f"/{self.domain}/archive/{day:%Y/%b/%d}/{call['uuid']}.mp3"
        self.recordings.add("/" + call["recording"].lstrip("/"), content, **how)
        return content

    def _row(self, call):
        caller, callee = ("own", "customer") if call["direction"] == "outbound" else ("customer", "own")
        if self.dialect == "epoch":
            return {"uuid": call["uuid"], "direction": call["direction"], "caller_id_number": call[caller],
                    "outbound_caller_id_number": call["shown"], "destination_number": call[callee],
                    "start_epoch": str(call["started"]), "answer_epoch": str(call["answered"]),
                    "end_epoch": str(call["ended"] or 0), "duration": str(call["length"]), "billsec": str(call["talk"]),
                    "sip_hangup_disposition": "by_caller", "call_status": call["status"],
                    "record_path": call["recording"]}
        return {"uuid": call["uuid"], "direction": call["direction"], "caller_id": call[caller],
                "caller_name": "A name", "destination": call[callee], "start_time": self._iso(call["started"]),
                "answer_time": self._iso(call["answered"]), "end_time": self._iso(call["ended"]),
                "duration": call["length"], "billsec": call["talk"],
                "disposition": {"ANSWER": "ANSWERED", "NO_ANSWER": "NO ANSWER"}.get(call["status"], call["status"]),
                "recording_path": call["recording"]}

    def _oddly(self, call):
        changed = self.odd.get(call["uuid"], {})
        return {name: value for name, value in {**self._row(call), **changed}.items()
                if name not in changed or value is not None}

    def _iso(self, epoch):
        return datetime.datetime.fromtimestamp(epoch, self.zone).isoformat() if epoch else None

    # ---- pages ----

    def _chosen(self, query):
        if "dates" in self.ignores:
            return list(self.rows)
        if self.dialect == "epoch":
            first, last = (datetime.datetime.fromisoformat(query[name]).replace(tzinfo=self.zone).timestamp()
                           for name in ("from", "to"))
            named = "started" if self.filters_on == "start" else "ended"
            return [row for row in self.rows if first <= (row[named] or time.time()) <= last]
        days = [datetime.datetime.fromtimestamp(row["started"], self.zone).strftime("%Y-%m-%d") for row in self.rows]
        return [row for row, day in zip(self.rows, days) if query["date_from"] <= day <= query["date_to"]]

    def _sorted(self, rows):
        if self.order == "none":
            return random.Random(1).sample(rows, len(rows))
        if self.order == "grouped":
            return sorted(rows, key=lambda row: (row["own"], -row["started"]))
        if self.order == "end":
            return sorted(rows, key=lambda row: row["ended"] or 10**12, reverse=True)
        return sorted(rows, key=lambda row: row["started"], reverse=self.order != "oldest")

    def page(self, query):
        """The answer to a request, as an object."""
        limit, offset = min(int(query["limit"]), self.cap), int(query["offset"])
        if "offset" in self.ignores:
            offset = 0
        rows = self._sorted(self._chosen(query)) if query.get("domain") == self.domain else []
        chosen = rows[offset:offset + limit]
        if not chosen and rows and "clamps" in self.ignores:
            chosen = rows[-limit:]
        data = [self._oddly(row) for row in chosen] or self.empty
        if self.dialect == "epoch":
            return {"status": "success", "result_in_page": len(chosen), "start_offset": str(offset),
                    "next_offset": offset + len(chosen), "data": data}
        total = {"total": len(rows)} if self.total_shown else {}
        return {"success": True, "data": data, **total, "limit": limit, "offset": offset}

    def _may(self, header):
        if self.login:
            return header == "Basic " + base64.b64encode(":".join(self.login).encode()).decode()
        return not self.key or header == f"Bearer {self.key}"

    def _reply(self, request):
        if self.recordings.has(request):
            return self.recordings.answer(request, self._may(request.headers.get("Authorization")))
        answer = self._answer(request.target, request.headers)
        if answer == "cut":
            return Reply(None)
        status, headers, text = answer
        content = text.encode()
        return Reply(200 if status == "half" else status, content, {"Content-Type": "application/json", **headers},
                     sends=len(content) // 2 if status == "half" else None)

    def _answer(self, path, headers):
        """(status, headers, text) for one request, or "cut", or "half"."""
        parts = urllib.parse.urlsplit(path)
        query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        with self._lock:
            self.requests += 1
            self.headers.append(dict(headers))
            if self.on_request:
                self.on_request(query)
            answer = self.always if self.always is not None else self.answers.popleft() if self.answers else None
            if isinstance(answer, (int, float)) and answer < 100:
                time.sleep(answer)
                answer = None
            if isinstance(answer, int):
                answer = answer, {}, json.dumps({"message": f"status {answer}"})
            if answer is None and not self._may(headers.get("Authorization")):
                answer = 401, {}, json.dumps({"success": False, "message": f"bad {headers.get('Authorization')}"})
            if answer is None and parts.path != PATH:
                answer = 404, {}, "not found"
            if answer is None or answer == "half":
                self.queries.append(query)
                text = json.dumps(self.page(query))
                return ("half", {}, text) if answer == "half" else (200, {}, text)
            return answer
