"""An old or a slow database server: a relay in front of a real server.

Debian has only one MariaDB version. So the relay replaces the server's answer by the error that an older server
would give. The relay can also delay a statement, so that a test for slow statements does not depend on the machine's
speed.
"""
import contextlib
import socket
import struct
import threading
import time

UNKNOWN_VARIABLE, PARSE_ERROR = 1193, 1064


class OldServer:
    """Listens on 127.0.0.1:port. refused maps a word to an error number: a statement with that word gets that error.
    late maps a word to seconds: the first statement with that word reaches the server that much later."""

    def __init__(self, path, refused=(), late=()):
        self._path, self._refused, self._late = str(path), dict(refused), dict(late)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets = [self._listener]
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in self._sockets:  # a thread that reads from a socket keeps the socket and the server's session open
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._path)
            self._sockets += [client, server]
            threading.Thread(target=self._to_client, args=(server, client), daemon=True).start()
            threading.Thread(target=self._to_server, args=(client, server), daemon=True).start()

    @staticmethod
    def _to_client(server, client):
        try:
            while data := server.recv(65536):
                client.sendall(data)
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _to_server(self, client, server):
        stream = client.makefile("rb")
        try:
            while len(header := stream.read(4)) == 4:
                body = stream.read(int.from_bytes(header[:3], "little"))
                code = next((code for word, code in self._refused.items() if word.encode() in body), 0)
                word = next((word for word in self._late if word.encode() in body), None)
                time.sleep(self._late.pop(word, 0))
                if body[:1] == b"\x03" and code:  # COM_QUERY
                    error = b"\xff" + struct.pack("<H", code) + b"#HY000this server does not know that"
                    client.sendall(len(error).to_bytes(3, "little") + bytes([header[3] + 1]) + error)
                else:
                    server.sendall(header + body)
            server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
