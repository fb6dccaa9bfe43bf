"""nginx as an API that answers at once, and wrk, which measures how fast nginx is."""
import contextlib
import pathlib
import re
import socket
import subprocess
import sys
import time

from harness.process import ROOT, end, spawn

KEY = "test-key"
_NGINX = ROOT / "build" / "bench" / "nginx" / "usr" / "sbin" / "nginx"
_PATH = "/api/v1/call-results"
_SERVER = ("server { listen 127.0.0.1:%s; %s location = " + _PATH + " { return 200 '{\"success\":true}'; } "
           "location /recordings/ { rewrite ^ /one.wav break; } }")


def _free_ports(count):
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(contextlib.closing(socket.socket())) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


class Address:
    """The data about an API that a Sync needs."""

    def __init__(self, port, ca=None):
        self.url = f"{'https' if ca else 'http'}://127.0.0.1:{port}"
        self.post_url = self.url + _PATH
        self.api_key = KEY
        self.ca = ca


class Nginx:
    """nginx as a single process, so that no child process remains. plain, tls and http2 are the server's addresses."""

    def __init__(self, directory, certificates):
        plain, tls, http2 = _free_ports(3)
        self.plain = Address(plain)
        self.tls, self.http2 = Address(tls, certificates.ca), Address(http2, certificates.ca)
        certificate = "ssl_certificate {}; ssl_certificate_key {};".format(*certificates.good)
        places = " ".join(f"{kind}_temp_path {directory}/{kind};"
                          for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        conf = pathlib.Path(directory) / "nginx.conf"
        conf.write_text(
            f"daemon off; master_process off; pid {directory}/pid; error_log {directory}/error.log;\n"
            "events { worker_connections 256; }\n"
            f"http {{ access_log off; keepalive_requests 1000000000; default_type application/json; {places}\n"
            f"root {directory}; types {{ audio/x-wav wav; }}\n"
            f"{_SERVER % (plain, '')}\n"
            f"{_SERVER % (f'{tls} ssl', certificate)}\n{_SERVER % (f'{http2} ssl http2', certificate)}\n}}\n")
        self._process = spawn([_NGINX, "-p", directory, "-c", conf, "-e", f"{directory}/error.log"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait_for(plain)

    def _wait_for(self, port):
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("nginx does not come up") from None
                time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self._process)


class Relay:
    """Another address of the same server; a round trip takes the given number of seconds, and all connections together
    receive at most rate bytes a second."""

    def __init__(self, address, seconds, rate=None):
        port = address.url.rpartition(":")[2]
        self._process = spawn([sys.executable, "-B", pathlib.Path(__file__).with_name("relay.py"), port, str(seconds)]
                              + ([str(rate)] if rate else []),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8")
        self.address = Address(int(self._process.stdout.readline()), address.ca)

    def __enter__(self):
        return self.address

    def __exit__(self, *_):
        end(self._process)
        self._process.stdout.close()


def wrk_rate(directory, address, body, connections):
    """The number of answers in a second, if the body is sent again and again without a pause."""
    script = pathlib.Path(directory) / "post.lua"
    script.write_text(f"wrk.method = 'POST'\nwrk.body = [==[{body}]==]\n"
                      f"wrk.headers['Content-Type'] = 'application/json'\nwrk.headers['x-api-key'] = '{KEY}'\n")
    said = subprocess.run(["wrk", "-t1", f"-c{connections}", "-d1s", "-s", script, address.post_url],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8").stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if not found or "Non-2xx" in said:
        raise RuntimeError("wrk failed:\n" + said)
    return float(found.group(1))
