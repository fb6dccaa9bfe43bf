"""The live page: did-optimizer-sync-serve with an installation, and a client that speaks HTTP to it."""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import time
import types

from .process import end, program, spawn

PASSWORD = "correct horse battery"


class Client:
    """A browser: it keeps the cookie and the CSRF token. Each request has a connection of its own."""

    def __init__(self, page, token=None):
        self.page, self.token = page, token
        self.cookie = self.csrf = None

    def ask(self, method, path, body=None, **headers):
        """Headers: X_CSRF_Token=... An object as body goes as JSON. The answer has status, headers, body and json()."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookie:
            headers.setdefault("Cookie", f"session={self.cookie}")
        if self.csrf and method != "GET":
            headers.setdefault("X-CSRF-Token", self.csrf)
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        connection = self.page.connect()
        try:
            connection.request(method, path, body,
                               {name: value for name, value in headers.items() if value is not None})
            got = connection.getresponse()
            content = got.read()
        finally:
            connection.close()
        return types.SimpleNamespace(status=got.status, headers=got.headers, body=content,
                                     json=lambda: json.loads(content))

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def log_in(self, name, password=PASSWORD, **headers):
        got = self.ask("POST", "/api/v1/session", {"name": name, "password": password}, **headers)
        if got.status == 200:
            self.cookie = got.headers["Set-Cookie"].partition("session=")[2].partition(";")[0]
            self.csrf = got.json()["csrf"]
        return got

    def act(self, action, profile="default", **arguments):
        return self.ask("POST", "/api/v1/actions", {"profile": profile, "action": action, "arguments": arguments})

    def outcome(self, action, profile="default", patience=60, **arguments):
        """Starts the action and waits for its end."""
        got = self.act(action, profile, **arguments)
        assert got.status == 202, got.body
        number, until = got.json()["id"], time.monotonic() + patience
        while time.monotonic() < until:
            state = self.get(f"/api/v1/actions/{number}").json()
            if state["state"] != "running":
                return state
            time.sleep(0.05)
        raise TimeoutError(f"{action} has not ended: {state}")


class _Local(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class Page:
    """did-optimizer-sync-serve over the installation sync. settings are those of [serve]. With inherit, the page gets a
    listening socket as systemd passes it; otherwise it listens where the setting says."""

    def __init__(self, directory, sync=None, inherit=True, arguments=(), as_root=True, **settings):
        self.directory = pathlib.Path(directory)
        self.state = self.directory / "serve"
        self.config = self.directory / "serve.conf"
        self.users = self.directory / "serve.users"
        self.files = self.directory / "page"
        self.sync, self.inherit, self.settings, self.arguments = sync, inherit, settings, list(arguments)
        self.as_root = as_root  # in a test of root everything is root's
        self.context = self.process = self.local = None
        self.wrapper = []  # words before the command, such as setpriv
        self.state.mkdir(parents=True)
        self.files.mkdir()
        (self.files / "index.html").write_text("<!doctype html><title>page</title>\n")
        self.listener = socket.create_server(("127.0.0.1", 0)) if inherit else None
        self.port = self.listener.getsockname()[1] if inherit else None
        self.log = self.directory / "serve.log"

    def words(self, *args):
        binary = program("SYNC_BINARY", "build/did-optimizer-sync").with_name("did-optimizer-sync-serve")
        paths = ["--state-dir", self.directory / "state", "--profiles-dir", self.directory / "profiles",
                 "--log", self.directory / "sync.log"]
        if self.sync is not None:
            paths = ["--config", self.sync.config_file, "--dids", self.sync.dids_file, "--astguiclient",
                     self.sync.astguiclient_file, "--state-dir", self.sync.state, "--log", self.sync.log_file,
                     "--profiles-dir", self.sync.directory / "profiles"]
        as_root = ["--as-root"] if self.as_root and os.geteuid() == 0 else []
        return [str(word) for word in [binary, "--serve-config", self.config, "--serve-state-dir", self.state, "--page",
                                       self.files, *as_root, *paths, *self.arguments, *args]]

    def configure(self, **settings):
        self.settings.update(settings)
        lines = [f"{key} = {value}\n" for key, value in {"users": self.users, **self.settings}.items()]
        self.config.write_text("[serve]\n" + "".join(lines))

    def run(self, *args, stdin=None, **options):
        """Another command, such as user add. Returns an object with returncode, stdout and stderr."""
        self.configure()
        return subprocess.run(self.words(*args), input=stdin, capture_output=True, text=True, timeout=60, **options)

    def add_user(self, name, role="admin", password=PASSWORD, quick=True):
        """quick: with a hash that costs little, so that a test does not wait for it; otherwise with the command."""
        if not quick:
            done = self.run("user", "add", name, "--role", role, stdin=password + "\n")
            assert done.returncode == 0, done.stderr
            return
        salt = os.urandom(16)
        made = [base64.b64encode(part).decode().rstrip("=")
                for part in (salt, hashlib.scrypt(password.encode(), salt=salt, n=1024, r=8, p=1, dklen=32))]
        with open(self.users, "a") as users:
            users.write(f"{name}:{role}:scrypt$1024$8$1${'$'.join(made)}\n")
        self.users.chmod(0o640)

    def start(self, env=None):
        self.configure()
        before = self.log.stat().st_size if self.log.exists() else 0
        command, options = [*self.wrapper, *self.words()], {}
        if self.inherit:
            # systemd's protocol: the sockets begin at 3, and LISTEN_PID is the process itself.
            command = ["sh", "-c", 'exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh", *command]
            options["stdin"] = self.listener
        kept = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}
        timezone = {"TZ": self.sync.timezone} if self.sync is not None and self.sync.timezone else {}
        with open(self.log, "ab") as log:
            self.process = spawn(command, env={**kept, **timezone, **(env or {})}, stdout=log, stderr=log, **options)
        self._wait_until_ready(before)
        return self

    def said(self, offset=0):
        return self.log.read_bytes()[offset:].decode("utf-8", "replace")

    def _wait_until_ready(self, offset):
        until = time.monotonic() + 30
        while "the page is ready" not in self.said(offset):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the page did not start:\n{self.said(offset)}")
            time.sleep(0.02)

    def connect(self):
        if self.local is not None:
            return _Local(self.local)
        if self.context is not None:
            return http.client.HTTPSConnection("localhost", self.port, timeout=20, context=self.context)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def trust(self, ca):
        self.context = ssl.create_default_context(cafile=str(ca))

    def socket(self):
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def client(self, name=None, **more):
        client = Client(self, **more)
        if name is not None:
            got = client.log_in(name)
            assert got.status == 200, got.body
        return client

    def stop(self, sig=signal.SIGTERM):
        """Ends the page; returns its exit status."""
        code = end(self.process, sig)
        self.process = None
        return code

    def close(self):
        if self.process is not None:
            self.stop()
        if self.listener is not None:
            self.listener.close()
