"""A receiver of webhooks. It verifies signatures by the rules of Standard Webhooks and gives the test's answers."""
import base64
import collections
import hashlib
import hmac
import http.server
import json
import secrets
import ssl
import threading
import time

TOLERANCE = 5 * 60  # seconds that a message's time may differ from now


def new_secret(size=32):
    return "whsec_" + base64.b64encode(secrets.token_bytes(size)).decode()


def signature(secret, message_id, timestamp, body):
    """The signature v1,... of a message, computed without the program's code."""
    key = base64.b64decode(secret.partition("whsec_")[2])
    content = b".".join([message_id.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def problem(secret, headers, body, now=None):
    """Why a receiver with that secret refuses the message: (status, words), or None. The specification asks for
    all three headers, a fresh time stamp, one good signature of version 1, and a comparison in constant time."""
    message_id, stamp, signatures = (headers.get(f"webhook-{name}") for name in ("id", "timestamp", "signature"))
    if not message_id or not stamp or not signatures:
        return 400, "missing headers"
    if not stamp.isdigit() or abs((now or time.time()) - int(stamp)) > TOLERANCE:
        return 400, "the time stamp is too old or too new"
    wanted = signature(secret, message_id, stamp, body).encode()
    good = [hmac.compare_digest(wanted, one.encode()) for one in signatures.split(" ") if one.startswith("v1,")]
    return None if any(good) else (401, "no matching signature")


class Receiver:
    """A running receiver.

    answers: a queue of answers instead of 204: a status, or (status, headers, body), or "cut" (the connection ends
    without an answer). always: one such answer for every message. delay: the seconds before each answer.
    A message counts as received only if the signature is good and the answer is 2xx."""

    def __init__(self, secret=None, cert=None, port=0):
        self.secret = secret or new_secret()
        self.answers, self.always, self.delay = collections.deque(), None, 0
        self.received = []  # (id, body as an object), in the order of their arrival
        self.refused = []   # (status, words)
        self.paths, self.headers, self.requests, self.connections = [], [], 0, 0
        self._lock = threading.Lock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        if cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*map(str, cert))
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                      do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        self.url = f"{'https' if cert else 'http'}://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def ids(self):
        """The received calls: id -> its versions. A repeated message adds no version."""
        messages = dict(self.received)
        calls = collections.defaultdict(list)
        for body in messages.values():
            calls[body["id"]].append(body)
        return calls

    def judge(self, path, headers, body):
        """Returns (status, headers, text) for one request; records what was received or refused."""
        with self._lock:
            self.requests += 1
            self.paths.append(path)
            self.headers.append(dict(headers))
            wrong = problem(self.secret, headers, body)
            answer = self.always if self.always else self.answers.popleft() if self.answers and not wrong else 204
            if wrong:
                self.refused.append(wrong)
                return wrong[0], {}, wrong[1]
            status, more, text = answer if isinstance(answer, tuple) else (answer, {}, "")
            if status != "cut" and 200 <= status <= 299:
                self.received.append((headers["webhook-id"], json.loads(body)))
            return status, more, text

    def _handler(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                receiver.connections += 1
                super().setup()

            def handle(self):
                try:
                    super().handle()
                except OSError:
                    pass  # the program was killed, or refused the certificate

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers, text = receiver.judge(self.path, self.headers, body)
                time.sleep(receiver.delay)
                if status == "cut":
                    self.close_connection = True
                    return
                content = text.encode()
                self.send_response_only(status)
                for name, value in {"Content-Length": len(content), **headers}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_HEAD = do_OPTIONS = do_POST

            def log_message(self, *_):
                pass

        return Handler
