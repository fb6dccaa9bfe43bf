"""The HTTP server of a stand-in, on a port of its own. Requests and replies are whole objects."""
import http.server
import json
import ssl
import threading
import time
import urllib.parse


class Request:
    """A request: method, path (still percent-encoded), query (a dict; the last value of each name), queries
    (all values), headers, body."""

    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.path, _, query = target.partition("?")
        self.queries = urllib.parse.parse_qsl(query, keep_blank_values=True)
        self.query = dict(self.queries)


class Reply:
    """A reply. status None: the connection ends without an answer. sends: the connection ends after so many bytes of
    the content; None: all are sent. length: the reply has a Content-Length; otherwise the end of the connection ends
    the content. pause: seconds between the first half of the content and the rest. drip: seconds between two bytes of
    the content. is_sent: it was sent whole."""

    def __init__(self, status, content=b"", headers=(), sends=None, length=True, pause=0, drip=0):
        self.status, self.content, self.headers = status, content, dict(headers)
        self.sends, self.length, self.pause, self.drip, self.is_sent = sends, length, pause, drip, False

    @classmethod
    def of_json(cls, status, value, headers=()):
        return cls(status, json.dumps(value).encode(),
                   {"Content-Type": "application/json; charset=UTF-8", **dict(headers)})


class Web:
    """A running server. answer(request) returns the reply; several threads may call answer at once. clock() gives
    the time of the Date header."""

    def __init__(self, answer, cert=None, clock=time.time, port=0):
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), _handler(answer, clock))
        self._server.daemon_threads = True
        if cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*map(str, cert))
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                      do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        self.url = f"{'https' if cert else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def _handler(answer, clock):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # with Nagle's algorithm, a second packet waits 40 ms for an acknowledgement
        wbufsize = -1                   # head and content leave together

        def handle(self):
            try:
                super().handle()
            except OSError:
                pass  # the program was killed, or refused the certificate

        def finish(self):
            try:
                super().finish()
            except OSError:
                pass  # likewise, with an answer that was not sent yet

        def _body(self):
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            pieces = []
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return b"".join(pieces)

        def do_GET(self):
            target = self.requestline.split()[1]  # self.path has one slash where the client sent two
            reply = answer(Request(self.command, target, self.headers, self._body()))
            if reply.status is None:
                self.close_connection = True
                return
            self.send_response_only(reply.status)
            headers = {"Date": self.date_time_string(clock())}
            if reply.length and reply.status != 204:
                headers["Content-Length"] = len(reply.content)
            for name, value in {**headers, **reply.headers}.items():
                self.send_header(name, str(value))
            self.end_headers()
            if reply.sends is not None or not reply.length:
                self.close_connection = True
            if self.command != "HEAD":
                half = len(reply.content) // 2 if reply.pause else 0
                self._write(reply.content[:half], reply.drip)
                time.sleep(reply.pause)
                self._write(reply.content[half:reply.sends], reply.drip)
            self.wfile.flush()
            reply.is_sent = True

        def _write(self, content, drip):
            for part in [content[n:n + 1] for n in range(len(content))] if drip else [content]:
                self.wfile.write(part)
                self.wfile.flush()
                time.sleep(drip)

        do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

        def log_message(self, *_):
            pass

    return Handler
