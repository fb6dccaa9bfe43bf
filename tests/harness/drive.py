"""A stand-in for Google Drive: the token endpoint and the parts of Drive v3 that an upload needs, with their
pitfalls.

The real service has several hosts. Here all paths are on one address: /token, /drive/v3/..., /upload/drive/v3/files.
"""
import collections
import hashlib
import json
import re
import secrets
import threading
import time
import urllib.parse

from .google_accounts import Accounts, refusal
from .web import Reply, Web

API, UPLOAD, SESSION = "/drive/v3/files", "/upload/drive/v3/files", "/upload/session/"
PIECE = 262144  # bytes; the size of a chunk must be a multiple of this
MULTIPART_MOST = 5 * 1024 * 1024

NO_STORAGE = ("Service Accounts do not have storage quota. Leverage shared drives, or use OAuth delegation instead.")
# The domain and the message that the real service gives for each reason.
REASONS = {
    "rateLimitExceeded": ("usageLimits", "Rate Limit Exceeded"),
    "userRateLimitExceeded": ("usageLimits", "User Rate Limit Exceeded"),
    "dailyLimitExceeded": ("usageLimits", "Daily Limit Exceeded"),
    "accessNotConfigured": ("usageLimits",
                            "Google Drive API has not been used in project 123 before or it is disabled."),
    "storageQuotaExceeded": ("usageLimits", NO_STORAGE),
    "quotaExceeded": ("usageLimits", "The user's Drive storage quota has been exceeded."),
    "teamDriveFileLimitExceeded": ("global", "The file limit for this shared drive has been exceeded."),
    "insufficientFilePermissions": ("global", "The user does not have sufficient permissions for this file."),
    "insufficientPermissions": ("global", "Request had insufficient authentication scopes."),
    "appNotAuthorizedToFile": ("global", "The user has not granted the app access to the file."),
    "domainPolicy": ("global", "The domain administrators have disabled Drive apps."),
    "authError": ("global", "Invalid Credentials"),
    "backendError": ("global", "Backend Error"),
    "fileIdInUse": ("global", "A file already exists with the provided ID."),
}
# The reason that belongs to a status without a reason.
REASON_OF = {401: "authError", 403: "userRateLimitExceeded", 409: "fileIdInUse", 429: "rateLimitExceeded"}


def error(status, reason=None, message=None):
    """The reply for an error, in Drive's shape."""
    reason = reason or REASON_OF.get(status, "backendError" if status >= 500 else "badRequest")
    domain, words = REASONS.get(reason, ("global", reason))
    message = message or words
    return Reply.of_json(status, {"error": {"code": status, "message": message,
                                            "errors": [{"domain": domain, "reason": reason, "message": message}]}})


def not_found(file_id):
    return error(404, "notFound", f"File not found: {file_id}.")


def _chosen(value, fields):
    """The members of value that the parameter fields selects: "id,name,capabilities/canAddChildren" or
    "files(id,name)"."""
    if fields in (None, "*"):
        return value
    chosen = {}
    for field in re.findall(r"[^,(]+(?:\([^)]*\))?", fields):
        name, _, inner = field.strip().partition("(")
        name, _, deeper = name.partition("/")
        inner = inner.rstrip(")") or deeper
        if name not in value:
            continue
        found = value[name]
        if inner:
            found = [_chosen(one, inner) for one in found] if isinstance(found, list) else _chosen(found, inner)
            found = {**chosen[name], **found} if isinstance(chosen.get(name), dict) else found
        chosen[name] = found
    return chosen


class _Stop(Exception):
    """Ends a request with this reply."""

    def __init__(self, reply):
        super().__init__(reply.status)
        self.reply = reply


class Drive:
    """A running stand-in. A request has one of these kinds: token, about, ids, get, list, delete, multipart, start or
    update (of a resumable upload), chunk, status (of a resumable upload).

    answers[kind]: a queue of things that happen instead of the proper answer, one for each request.
    always[kind]: the same thing for every request. The things are:
      a status, or (status, reason), or a Reply;
      "cut": nothing is done, and the connection ends; "lost": the work is done, then the connection ends;
      "half": half of a chunk is kept, then the connection ends; "gone": the upload session is gone;
      a number below 100: the answer comes that many seconds later.
    keeps: at most so many bytes of a chunk are kept; None: all. ahead: the server's clock is this many seconds ahead.
    writes_per_second: further writes in the same second are answered with 403 userRateLimitExceeded.
    on_request(kind, request) is called before each answer.
    kinds: the kinds of the requests that came, in order; files: id -> the file's content and properties."""

    def __init__(self, cert=None):
        self.ahead, self.keeps, self.writes_per_second = 0, None, None
        self.limit, self.used = 15 << 30, 0  # bytes of the caller's storage
        self.answers, self.always, self.on_request = collections.defaultdict(collections.deque), {}, None
        self.kinds, self.requests = [], []
        self.files, self.folders, self.sessions = {}, {}, {}
        self._ids, self._deleted, self._writes = set(), set(), collections.deque()
        self._lock = threading.RLock()
        self._web = Web(self._answer, cert, self.now)
        self.url = self._web.url
        self.accounts = Accounts(self.url + "/token", self.now)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._web.close()
        self.accounts.close()

    def now(self):
        return time.time() + self.ahead

    def folder(self, shared_with=(), shared_drive=False, owner="person@example.com", can_add=True):
        """Makes a folder that is shared with these accounts, and returns its id. shared_drive: the folder is in a
        Shared drive; otherwise it is in the owner's My Drive."""
        made = "1" + secrets.token_urlsafe(24)
        readers = {account["client_email"] if isinstance(account, dict) else account for account in shared_with}
        self.folders[made] = {"name": "recordings", "owner": owner, "readers": readers, "can_add": can_add,
                              "driveId": "0A" + secrets.token_urlsafe(14) if shared_drive else None, "client": None}
        return made

    def lose_sessions(self):
        """Forgets every upload session, as Drive does after a week."""
        with self._lock:
            self.sessions.clear()

    # ---- what a caller sees ----

    def _sees(self, caller, item, request):
        """Whether the folder or file exists for this caller and this request."""
        if item["driveId"] and request.query.get("supportsAllDrives") != "true":
            return False
        if caller["scope"].endswith(".file") and item["client"] != caller["client"]:
            return False
        return caller["who"] in item["readers"] or caller["who"] == item["owner"]

    def _parent(self, caller, metadata, request):
        """The folder that a new file goes to, if the caller may put a file there."""
        parents = metadata.get("parents") or [None]
        if len(parents) != 1:
            raise _Stop(error(400, "multiParentNotSupported"))
        if parents[0] is None or parents[0] == "root":
            folder = {"owner": caller["who"], "readers": set(), "driveId": None, "can_add": True}
        else:
            folder = self.folders.get(parents[0])
            if folder is None or not self._sees(caller, folder, request):
                raise _Stop(not_found(parents[0]))
        if not folder["can_add"]:
            raise _Stop(error(403, "insufficientFilePermissions"))
        if folder["driveId"] is None and caller["who"] in self.accounts.keys:
            raise _Stop(error(403, "storageQuotaExceeded"))
        return folder

    def _check_metadata(self, metadata):
        for name, value in metadata.get("appProperties", {}).items():
            if not isinstance(value, str) or len(name.encode()) + len(value.encode()) > 124:
                raise _Stop(error(400, "propertiesLimitExceeded"))
        if len(metadata.get("appProperties", {})) > 30:
            raise _Stop(error(400, "propertiesLimitExceeded"))
        given = metadata.get("id")
        if given is None:
            return
        if given in self.files or given in self.folders or given in self._deleted:
            raise _Stop(error(409, "fileIdInUse"))
        if given not in self._ids:
            raise _Stop(error(400, "invalid", "The provided file ID is not usable."))

    def _create(self, caller, metadata, kind, content, request):
        """Makes a new file and returns its id. The id may have been used by another upload in the meantime."""
        self._check_metadata(metadata)
        folder = self._parent(caller, metadata, request)
        made = metadata.get("id") or "1" + secrets.token_urlsafe(24)
        self.files[made] = {
            "kind": "drive#file", "id": made, "name": metadata.get("name", "Untitled"),
            "mimeType": metadata.get("mimeType") or kind or "application/octet-stream",
            "parents": metadata.get("parents") or ["root"], "appProperties": metadata.get("appProperties", {}),
            "md5Checksum": hashlib.md5(content).hexdigest(), "size": str(len(content)), "trashed": False,
            "webViewLink": f"https://drive.google.com/file/d/{made}/view?usp=drivesdk", "content": content,
            "owner": caller["who"], "readers": folder["readers"], "driveId": folder["driveId"],
            "client": caller["client"], "created": self.now()}
        return made

    def _shown(self, file_id, request, status=200):
        item = self.files[file_id]
        shown = {name: value for name, value in item.items()
                 if name not in ("content", "owner", "readers", "client", "created") and value is not None}
        return Reply.of_json(status, _chosen(shown, request.query.get("fields", "kind,id,name,mimeType")))

    def _shown_folder(self, folder_id, request):
        folder = self.folders[folder_id]
        shown = {"kind": "drive#file", "id": folder_id, "name": folder["name"],
                 "mimeType": "application/vnd.google-apps.folder", "trashed": False,
                 "capabilities": {"canAddChildren": folder["can_add"], "canEdit": folder["can_add"]}}
        if folder["driveId"]:
            shown["driveId"] = folder["driveId"]
        return Reply.of_json(200, _chosen(shown, request.query.get("fields", "kind,id,name,mimeType")))

    # ---- requests ----

    def _about(self, request):
        """about.get: fields is required."""
        if "fields" not in request.query:
            raise _Stop(error(400, "required", "The 'fields' parameter is required for this method."))
        used = sum(int(item["size"]) for item in self.files.values())
        quota = {"usage": str(used + self.used), "usageInDrive": str(used), "usageInDriveTrash": "0",
                 "limit": str(self.limit)}
        return Reply.of_json(200, _chosen({"kind": "drive#about", "storageQuota": quota}, request.query["fields"]))

    def _ids_made(self, request):
        count = int(request.query.get("count", 10))
        if not 1 <= count <= 1000 or request.query.get("space", "drive") != "drive":
            raise _Stop(error(400, "invalid"))
        made = ["1" + secrets.token_urlsafe(24) for _ in range(count)]
        self._ids.update(made)
        return Reply.of_json(200, {"kind": "drive#generatedIds", "space": "drive", "ids": made})

    def _make_folder(self, caller, request):
        """files.create without content: a tool makes its own folder."""
        metadata = json.loads(request.body)
        if metadata.get("mimeType") != "application/vnd.google-apps.folder":
            raise _Stop(error(400, "badRequest"))
        parents = metadata.get("parents")
        inside = self._parent(caller, metadata, request) if parents else {"driveId": None, "readers": set()}
        self._check_metadata(metadata)
        made = metadata.get("id") or self.folder()
        self.folders[made] = {"name": metadata.get("name", "Untitled"), "client": caller["client"], "can_add": True,
                              "driveId": inside["driveId"], "owner": caller["who"], "readers": inside["readers"],
                              "parent": parents and parents[0]}
        return self._shown_folder(made, request)

    def _folders_listed(self, caller, request, parent, name):
        """The folders of that name in a folder, the oldest first."""
        if request.query.get("orderBy") != "createdTime":
            raise _Stop(error(400, "invalid"))
        found = [{"id": folder_id, "name": folder["name"]} for folder_id, folder in self.folders.items()
                 if folder.get("parent") == parent and folder["name"] == name and self._sees(caller, folder, request)]
        return Reply.of_json(200, _chosen({"kind": "drive#fileList", "files": found}, request.query.get("fields")))

    def _listed(self, caller, request):
        folders = re.fullmatch(r"'([\w-]+)' in parents and name='([^']*)' and "
                               r"mimeType='application/vnd.google-apps.folder' and trashed=false",
                               request.query.get("q", ""))
        if folders:
            return self._folders_listed(caller, request, *folders.groups())
        match = re.fullmatch(r"appProperties has \{ key='((?:[^'\\]|\\.)*)' and value='((?:[^'\\]|\\.)*)' \}"
                             r"(?: and trashed ?= ?false)?", request.query.get("q", ""))
        if match is None:
            raise _Stop(error(400, "invalid", "Invalid Value"))
        name, value = (re.sub(r"\\(.)", r"\1", part) for part in match.groups())
        wide = request.query.get("includeItemsFromAllDrives") == "true"
        if request.query.get("corpora") == "drive" and "driveId" not in request.query:
            raise _Stop(error(400, "invalid",
                              "The driveId parameter must be specified if and only if corpora is set to drive."))
        found = [json.loads(self._shown_all(file_id).content) for file_id, item in self.files.items()
                 if item["appProperties"].get(name) == value and item["client"] == caller["client"] and
                 self._sees(caller, item, request) and
                 (not item["driveId"] or wide and request.query.get("driveId", item["driveId"]) == item["driveId"])]
        shown = {"kind": "drive#fileList", "incompleteSearch": False, "files": found}
        return Reply.of_json(200, _chosen(shown, request.query.get("fields", "kind,files(kind,id,name,mimeType)")))

    def _shown_all(self, file_id):
        class Everything:
            query = {"fields": "*"}
        return self._shown(file_id, Everything)

    def _item(self, caller, request):
        """files.get and files.delete."""
        item_id = urllib.parse.unquote(request.path[len(API) + 1:])
        item = self.files.get(item_id) or self.folders.get(item_id)
        if item is None or not self._sees(caller, item, request):
            raise _Stop(not_found(item_id))
        if request.method == "DELETE":
            del (self.files if item_id in self.files else self.folders)[item_id]
            self._deleted.add(item_id)
            return Reply(204)
        if request.query.get("alt") == "media":
            return Reply(200, item["content"], {"Content-Type": item["mimeType"]})
        return self._shown(item_id, request) if item_id in self.files else self._shown_folder(item_id, request)

    # ---- uploads ----

    def _multipart(self, caller, request):
        match = re.fullmatch(r'multipart/related; ?boundary="?([\w\'()+,./:=?-]+)"?',
                             request.headers.get("Content-Type", ""))
        if match is None or len(request.body) > MULTIPART_MOST + 10000:
            raise _Stop(error(400, "badContent"))
        mark = b"--" + match[1].encode()
        parts = (b"\r\n" + request.body).split(b"\r\n" + mark)
        if len(parts) != 4 or parts[0] or not parts[3].startswith(b"--"):
            raise _Stop(error(400, "badContent"))
        (first, metadata), (second, content) = (part.removeprefix(b"\r\n").split(b"\r\n\r\n", 1) for part in parts[1:3])
        if b"application/json" not in first:
            raise _Stop(error(400, "badContent"))
        kind = re.search(rb"(?im)^content-type: *([^\r\n]+)", second)
        made = self._create(caller, json.loads(metadata), kind and kind[1].decode(), content, request)
        return self._shown(made, request)

    def _start(self, caller, request):
        """Begins a resumable upload."""
        if not request.headers.get("Content-Type", "").startswith("application/json"):
            raise _Stop(error(400, "badContent"))
        metadata = json.loads(request.body or b"{}")
        self._check_metadata(metadata)
        self._parent(caller, metadata, request)
        return self._open_session(caller, metadata, request)

    def _update(self, caller, request):
        """Begins a resumable upload of another content for a file that exists."""
        file_id = urllib.parse.unquote(request.path[len(UPLOAD) + 1:])
        item = self.files.get(file_id)
        if item is None or not self._sees(caller, item, request):
            raise _Stop(not_found(file_id))
        metadata = json.loads(request.body or b"{}")
        if "id" in metadata or "parents" in metadata:
            raise _Stop(error(403, "fieldNotWritable"))
        return self._open_session(caller, metadata, request, updates=file_id)

    def _open_session(self, caller, metadata, request, updates=None):
        size = request.headers.get("X-Upload-Content-Length")
        made = secrets.token_urlsafe(30)
        self.sessions[made] = {"metadata": metadata, "caller": caller, "request": request, "content": b"", "done": None,
                               "kind": request.headers.get("X-Upload-Content-Type"), "updates": updates,
                               "size": int(size) if size else None}
        return Reply(200, b"", {"Location": f"{self.url}{SESSION}{made}?upload_id={made}"})

    def _progress(self, session):
        if session["done"]:
            return self._shown(session["done"], session["request"])
        kept = len(session["content"])
        return Reply(308, b"", {"Range": f"bytes=0-{kept - 1}"} if kept else {})

    def _chunk(self, session, request, half=False):
        """Takes the bytes of a resumable upload: all of them, or a part."""
        if session["done"]:
            return self._progress(session)
        given, size = request.headers.get("Content-Range"), session["size"]
        first, last, total = 0, len(request.body) - 1, len(request.body) if size is None else size
        if given is not None:
            match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", given)
            if match is None:
                raise _Stop(error(400, "badRequest", "Failed to parse Content-Range header."))
            first, last, total = map(int, match.groups())
        if total != (total if size is None else size) or last - first + 1 != len(request.body) or last >= total or \
                not request.body or first != len(session["content"]):
            raise _Stop(error(400, "badRequest", f"Invalid request. The Content-Range {given} does not fit."))
        if last + 1 < total and len(request.body) % PIECE:
            raise _Stop(error(400, "badRequest",
                              f"Invalid request. The size of a chunk must be a multiple of {PIECE}."))
        session["size"] = total
        keeps = len(request.body) // 2 if half else len(request.body) if self.keeps is None else self.keeps
        kept = request.body if keeps >= len(request.body) else request.body[:keeps // PIECE * PIECE]
        session["content"] += kept
        if len(session["content"]) < total:
            return self._progress(session)
        if session["updates"]:
            content = session["content"]
            self.files[session["updates"]].update({
                **session["metadata"], "content": content, "size": str(len(content)),
                "md5Checksum": hashlib.md5(content).hexdigest()})
            session["done"] = session["updates"]
        else:
            session["done"] = self._create(session["caller"], session["metadata"], session["kind"],
                                           session["content"], session["request"])
        return self._progress(session)

    def _session(self, request):
        session = self.sessions.get(request.path[len(SESSION):])
        if session is None:
            raise _Stop(error(404, "notFound", "The upload session was not found."))
        return session

    # ---- one request ----

    def _kind(self, request):
        """The kind of a request; None: Drive has no such request."""
        by_upload = {"multipart": "multipart", "resumable": "start"}
        if request.path == "/token":
            return "token"
        if request.path.startswith(UPLOAD + "/") and request.method == "PATCH":
            return "update" if request.query.get("uploadType") == "resumable" else None
        if request.path.startswith(SESSION) and request.method == "PUT":
            return "status" if request.headers.get("Content-Range", "").startswith("bytes */") else "chunk"
        if request.path == UPLOAD and request.method == "POST":
            return by_upload.get(request.query.get("uploadType"))
        if request.path == "/drive/v3/about" and request.method == "GET":
            return "about"
        if request.path == API + "/generateIds" and request.method == "GET":
            return "ids"
        if request.path == API:
            return {"GET": "list", "POST": "folder"}.get(request.method)
        if request.path.startswith(API + "/"):
            return {"GET": "get", "DELETE": "delete"}.get(request.method)
        return None

    def _too_fast(self, kind):
        if self.writes_per_second is None or kind not in ("multipart", "start", "update", "folder", "delete"):
            return False
        while self._writes and self._writes[0] < time.monotonic() - 1:
            self._writes.popleft()
        self._writes.append(time.monotonic())
        return len(self._writes) > self.writes_per_second

    def _done(self, kind, request, half=False):
        """The proper answer to a request."""
        if kind == "token":
            return self.accounts.answer(request)
        if kind == "status":
            return self._progress(self._session(request))
        if kind == "chunk":
            return self._chunk(self._session(request), request, half)
        caller = self.accounts.caller(request)
        if caller is None:
            raise _Stop(error(401, "authError"))
        if self._too_fast(kind):
            raise _Stop(error(403, "userRateLimitExceeded"))
        if kind == "ids":
            return self._ids_made(request)
        if kind == "about":
            return self._about(request)
        work = {"list": self._listed, "folder": self._make_folder, "get": self._item, "delete": self._item,
                "multipart": self._multipart, "start": self._start, "update": self._update}[kind]
        return work(caller, request)

    def _answer(self, request):
        kind = self._kind(request)
        with self._lock:
            self.kinds.append(kind)
            self.requests.append(request)
            if self.on_request:
                self.on_request(kind, request)
            rule = self.always.get(kind)
            if rule is None and self.answers[kind]:
                rule = self.answers[kind].popleft()
        if isinstance(rule, (int, float)) and rule < 100:
            time.sleep(rule)
            rule = None
        if kind is None:
            return Reply(404, b"<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>", {"Content-Type": "text/html"})
        return self._by_rule(rule, kind, request)

    def _by_rule(self, rule, kind, request):
        if isinstance(rule, Reply):
            return rule
        if isinstance(rule, int):
            return refusal(rule, "internal_failure", "Backend Error") if kind == "token" else error(rule)
        if isinstance(rule, tuple):
            return refusal(*rule, "Told by the test.") if kind == "token" else error(*rule)
        if rule == "cut":
            return Reply(None)
        with self._lock:
            if rule == "gone":
                self.sessions.pop(request.path[len(SESSION):], None)
            try:
                reply = self._done(kind, request, rule == "half")
            except _Stop as stop:
                reply = stop.reply
        return Reply(None) if rule in ("lost", "half") else reply
