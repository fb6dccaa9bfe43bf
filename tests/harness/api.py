"""The DID Optimizer API, played by tests/standin/standin.c."""
import http.client
import json
import re
import socket
import ssl
import subprocess

from .process import end, program, spawn


class Api:
    """A running stand-in. standin.c explains the rules.

    cert and key (paths, see certs.py) make it speak TLS. The system chooses the port at the first start. Later starts
    use the same port, so start() after stop() plays an API that comes back after an outage.
    """

    def __init__(self, api_key="test-key", cert=None, key=None, published=False):
        self.api_key = api_key
        self._published = ["--published"] if published else []
        self._tls = ["--tls-cert", cert, "--tls-key", key] if cert else []
        self.port = 0
        self._process = None
        self._held = None
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self._release_port()

    @property
    def url(self):
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self._process.pid if self._process else None

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    def start(self, port=None):
        """Starts the stand-in again, on its old port unless port is given. The constructor starts it first."""
        if self.running:
            return
        self._release_port()
        self._process = spawn(
            [program("STANDIN", "build/standin"), "--quiet", "--key", self.api_key, "--port", port or self.port,
             *self._tls, *self._published], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, universal_newlines=True)
        line = self._process.stdout.readline()
        listening = re.search(r":(\d+)$", line.strip())
        if not listening:
            raise RuntimeError(f"the stand-in ended with {end(self._process)}")
        self.port = int(listening.group(1))

    def stop(self):
        """Plays an outage: closes the port and forgets the recorded calls. Returns the exit status."""
        if self._process is None:
            return None
        status = end(self._process)
        self._process.stdout.close()
        self._process = None
        self._hold_port()
        return status

    def _hold_port(self):
        """Keeps the port while a test's API is down. Otherwise the stand-in of another test could get the port, and
        with it this test's calls. Nobody listens, so a connection is refused."""
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.bind(("127.0.0.1", self.port))

    def _release_port(self):
        if self._held:
            self._held.close()
            self._held = None

    def request(self, method, path, body=None, headers=(), timeout=60):
        """Sends one request from the test; returns (status, headers, body as text)."""
        if self._tls:
            context = ssl._create_unverified_context()  # the certificate may be bad on purpose
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode("utf-8", "replace")
        finally:
            connection.close()

    def _control(self, method, path, body=None):
        status, _, text = self.request(method, "/_standin/" + path, body)
        if status != 200:
            raise ValueError(f"the stand-in refuses {path}: {text}")
        return text

    def rules(self, rules):
        """Replaces the rules: a list of dicts. The stand-in follows the first rule that fits a request."""
        self._control("PUT", "rules", json.dumps(rules))

    def clear(self, rules=False):
        """Forgets all requests; with rules=True the rules as well."""
        self._control("POST", "clear?rules=1" if rules else "clear")

    def state(self):
        return json.loads(self._control("GET", "state"))

    def log(self):
        """One dict for each request to the path of the call results, in the order of arrival."""
        return self.state()["log"]

    def recorded(self):
        """The recorded bodies, every version, in order. A repeated POST of the same content adds no body."""
        return [entry["body"] for entry in self.state()["recorded"]]

    def by_uniqueid(self):
        """The recorded bodies as uniqueid -> list of its versions."""
        calls = {}
        for body in self.recorded():
            calls.setdefault(body["uniqueid"], []).append(body)
        return calls
