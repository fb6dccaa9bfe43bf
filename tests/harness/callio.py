"""Callio's API for several tenants: calls, customers, users and groups, with the pitfalls of the real one."""
import collections
import json
import secrets
import threading
import time
import urllib.parse

from .web import Reply, Web

WINDOW = 10_000  # the API pages no further


class Tenant:
    """An account, and the documents that it sees: calls, customers, users and groups are dicts by _id."""

    def __init__(self, name):
        self.name, self.email, self.password = name, f"{name.lower()}@example.com", f"p4ss-of-{name}"
        self.token = None  # a lasting one
        self.calls, self.customers, self.users, self.groups = {}, {}, {}, {}
        self._serial = 0

    def account(self):
        return {"tenant": self.name, "email": self.email, "password": self.password}

    def call(self, ended, length=60, billed=50, direction=2, **more):
        """Adds a call that ended at that time (seconds), and returns its document. ended None: it is still open and
        began `length` seconds ago."""
        self._serial += 1
        began = (time.time() if ended is None else ended) - length
        made = {"_id": f"{self._serial:024x}", "direction": direction, "fromNumber": "02899990001",
                "toNumber": f"09{self._serial:08d}", "fromExt": "101", "createTime": int(began * 1000),
                "startTime": int(began * 1000), "endTime": None if ended is None else int(ended * 1000),
                "duration": length, "billDuration": billed,
                "hangupCause": "NORMAL_CLEARING" if billed else "NO_ANSWER", "recordingDuration": 0,
                "fromUser": {"_id": "u1", "name": "Lan", "group": {"_id": "g1"}}, "fromGroup": {"_id": "g1"}}
        if billed:
            made["answerTime"] = int((began + length - billed) * 1000)
        made.update(more)
        made = {name: value for name, value in made.items() if value is not None}
        self.calls[made["_id"]] = made
        return made


class Callio:
    """A running API.

    sees_updates: False: customers are listed whatever fromUpdateTime and toUpdateTime say, as the list of calls is.
    sorts: False: the list is in no order, but always in the same one.
    unlisted: _ids that totalDocs counts, and no page has. caps_total: totalDocs is at most 10,000. cap: the most
    documents of a page. bare: users and groups are bare lists.
    answers: a queue of answers instead of a list's page: None (a page), a status, (status, headers, text), "cut", a
    Reply.
    login_answers: a queue of Replies to logins.
    fails: (tenant's name, path) -> such an answer, to each request of that path.
    refuses: the names of tenants whose login is refused. on_request(tenant, path, query) is called before each page.
    requests: (tenant, path, query) of each page. logins: the e-mail of each login, refused ones too."""

    def __init__(self, *names):
        self.tenants = {name: Tenant(name) for name in names or ("PK",)}
        self.sees_updates, self.caps_total, self.cap, self.bare = True, False, 1000, False
        self.sorts, self.unlisted = True, set()
        self.answers, self.fails, self.on_request, self.refuses = collections.deque(), {}, None, set()
        self.login_answers = collections.deque()
        self.requests, self.logins, self._tokens = [], [], {}
        self.token_uses = None  # after so many requests a token has expired
        self._lock = threading.RLock()
        self._web = Web(self._reply)
        self.url = self._web.url

    def __getitem__(self, name):
        return self.tenants[name]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._web.close()

    def expire(self):
        """Ends all tokens of logins."""
        with self._lock:
            self._tokens.clear()

    def accounts(self):
        return json.dumps([tenant.account() for tenant in self.tenants.values()])

    # ---- requests ----

    def _reply(self, request):
        with self._lock:
            if request.path == "/auth/login":
                return self._log_in(request)
            tenant = self._tenant_of(request.headers.get("token"))
            if tenant is None:
                return self._error(401, f"bad token {request.headers.get('token')}")
            return self._list(tenant, request)

    @staticmethod
    def _error(status, message):
        return Reply.of_json(status, {"message": message, "statusCode": status})

    def _log_in(self, request):
        body = json.loads(request.body)
        self.logins.append(body["email"])
        if self.login_answers:
            return self.login_answers.popleft()
        for tenant in self.tenants.values():
            if (body["email"], body["password"]) == (tenant.email, tenant.password) and \
                    tenant.name not in self.refuses:
                token = secrets.token_hex(32)
                self._tokens[token] = [tenant, 0]
                return Reply.of_json(200, {"token": token})
        return self._error(422, f"wrong password {body['password']}")

    def _tenant_of(self, token):
        for tenant in self.tenants.values():
            if token and tenant.token == token:
                return tenant
        found = self._tokens.get(token)
        if found is None:
            return None
        found[1] += 1
        if self.token_uses is not None and found[1] > self.token_uses:
            del self._tokens[token]
            return None
        return found[0]

    def _list(self, tenant, request):
        if self.on_request:
            self.on_request(tenant, request.path, request.query)
        self.requests.append((tenant.name, request.path, request.query))
        answer = self.answers.popleft() if self.answers else self.fails.get((tenant.name, request.path))
        if answer == "cut":
            return Reply(None)
        if isinstance(answer, int):
            return self._error(answer, f"status {answer} {request.headers.get('token')}")
        if isinstance(answer, Reply):
            return answer
        if answer is not None:
            return Reply(answer[0], answer[2].encode(), answer[1])
        if request.path.startswith("/call/"):
            found = tenant.calls.get(urllib.parse.unquote(request.path.removeprefix("/call/")))
            return Reply.of_json(200, found) if found else self._error(404, "not found")
        if request.path == "/call":
            return self._page(self._between(tenant.calls, request.query, "createTime", "from", "to"), request.query)
        if request.path == "/customer":
            return self._page(self._customers(tenant, request.query), request.query)
        if request.path in ("/user", "/user-group"):
            documents = list((tenant.users if request.path == "/user" else tenant.groups).values())
            return self._page(documents, request.query, self.bare)
        return self._error(404, "no such path")

    def _between(self, documents, query, member, first, last):
        low, high = int(query.get(first, 0)), int(query.get(last, 10**15))
        found = [document for document in documents.values() if low <= document[member] <= high]
        if not self.sorts:
            return sorted(found, key=lambda document: document["_id"][::-1])
        return sorted(found, key=lambda document: (-document[member], document["_id"]))

    def _customers(self, tenant, query):
        found = self._between(tenant.customers, query, "createTime", "from", "to")
        if self.sees_updates:
            kept = {document["_id"]: document for document in found}
            found = self._between(kept, query, "updateTime", "fromUpdateTime", "toUpdateTime")
        if query.get("sort") == "updateTimeDESC":
            found.sort(key=lambda document: (-document["updateTime"], document["_id"]))
        return found

    def _page(self, documents, query, bare=False):
        number, size = int(query.get("page", 1)), min(int(query.get("pageSize", 10)), self.cap)
        if number * size > WINDOW:
            return self._error(400, "Result window is too large, from + size must be less than or equal to: [10000]")
        shown, total = documents[(number - 1) * size:number * size], len(documents)
        shown = [document for document in shown if document["_id"] not in self.unlisted]
        if bare:
            return Reply.of_json(200, shown)
        pages = max(1, -(-total // size))
        return Reply.of_json(200, {"docs": shown, "totalDocs": min(total, WINDOW) if self.caps_total else total,
                                   "limit": size, "totalPages": pages, "page": number, "hasNextPage": number < pages})
