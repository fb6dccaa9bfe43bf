"""The live page as a server: who gets in, what is refused, and what a hostile client can do to others."""
import base64
import fcntl
import hashlib
import hmac
import json
import os
import pathlib
import re
import resource
import select
import signal
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time

import pytest

from harness import certs
from harness.keeping import change_ledger
from harness.process import ROOT, until
from harness.serve import PASSWORD, Page

PARTS = ["content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy", "cache-control"]


@pytest.fixture
def make_page(tmp_path):
    made = []

    def make(sync=None, start=True, **options):
        page = Page(tmp_path / f"page{len(made)}", sync, **options)
        made.append(page)
        page.add_user("ann")
        page.add_user("vic", "viewer")
        return page.start() if start else page

    yield make
    for page in made:
        page.close()
    for page in made:
        said = page.said() if page.log.exists() else ""
        assert "Sanitizer" not in said and "runtime error" not in said, said


@pytest.fixture
def page(make_page):
    return make_page()


# ---- who gets in ----

def test_a_user_logs_in_and_out(page):
    client = page.client()
    assert client.get("/api/v1/session").status == 401
    got = client.log_in("ann")
    assert got.status == 200 and got.json()["name"] == "ann" and got.json()["role"] == "admin"
    cookie = got.headers["Set-Cookie"]
    assert re.fullmatch(r"session=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Strict", cookie)
    assert client.get("/api/v1/session").json() == got.json()
    assert client.ask("DELETE", "/api/v1/session").status == 200
    assert client.get("/api/v1/session").status == 401


def test_every_answer_has_the_headers_that_protect_the_page(page):
    client = page.client("ann")
    for path, status in (("/", 200), ("/api/v1/session", 200), ("/nothing", 404), ("/api/v1/calls?size=x", 400)):
        got = client.get(path)
        assert got.status == status, path
        assert [name for name in PARTS if name not in got.headers] == [], path
    assert "default-src 'self'" in got.headers["Content-Security-Policy"]


@pytest.mark.parametrize("body, status", [
    ({"name": "ann", "password": "wrong password"}, 401), ({"name": "nobody", "password": PASSWORD}, 401),
    ({"name": "ann"}, 400), ({"name": 1, "password": 2}, 400), ({"name": "ann", "password": "x" * 5000}, 401),
    ([], 400), ({"name": "ann\nforged line", "password": "x"}, 401), ({"name": "", "password": ""}, 401),
    ({"name": "ann", "password": PASSWORD + "\0and more"}, 400)])
def test_a_wrong_login_is_refused(page, body, status):
    got = page.client().ask("POST", "/api/v1/session", body)
    assert got.status == status and "error" in got.json() and "Set-Cookie" not in got.headers
    assert "forged" not in page.said()


def test_a_form_of_another_site_cannot_log_in(page):
    body = json.dumps({"name": "ann", "password": PASSWORD})
    for kind in ("text/plain", "application/x-www-form-urlencoded", None):
        assert page.client().ask("POST", "/api/v1/session", body, Content_Type=kind).status == 400


def test_who_guesses_passwords_must_wait_and_others_need_not(make_page):
    page = make_page(login_attempts=2)
    guesser = page.client()
    for _ in range(2):
        assert guesser.log_in("ann", "wrong password", X_Forwarded_For="192.0.2.9").status == 401
    got = guesser.log_in("ann", X_Forwarded_For="192.0.2.9")  # the right one, now
    assert got.status == 429 and 890 <= int(got.headers["Retry-After"]) <= 900
    assert page.client().log_in("ann", X_Forwarded_For="192.0.2.10").status == 200
    # What the client itself adds in front of the proxy's word changes nothing.
    assert page.client().log_in("ann", X_Forwarded_For="192.0.2.77, 192.0.2.9").status == 429
    body, twice = json.dumps({"name": "ann", "password": PASSWORD}).encode(), page.connect()
    twice.putrequest("POST", "/api/v1/session")
    for name, value in (("X-Forwarded-For", "192.0.2.77"), ("X-Forwarded-For", "192.0.2.9"),
                        ("Content-Type", "application/json"), ("Content-Length", str(len(body)))):
        twice.putheader(name, value)  # some proxies add a header of their own
    twice.endheaders(body)
    assert twice.getresponse().status == 429
    twice.close()
    for number in range(6):
        page.client().log_in(f"other{number}", "wrong password", X_Forwarded_For="192.0.2.9")
    assert page.client().log_in("vic", X_Forwarded_For="192.0.2.9").status == 429  # the address has guessed too often


def test_a_change_needs_the_csrf_token(page):
    client = page.client("ann")
    right, client.csrf = client.csrf, None
    assert client.ask("DELETE", "/api/v1/session").status == 403
    for wrong in ("", "x", right[:-1], right[:-1] + ("0" if right[-1] != "0" else "1"), right + "0"):
        assert client.ask("DELETE", "/api/v1/session", X_CSRF_Token=wrong).status == 403
    assert client.get("/api/v1/session").status == 200
    assert client.ask("DELETE", "/api/v1/session", X_CSRF_Token=right).status == 200


def test_a_proxy_may_ask_for_a_password_of_its_own(page):
    """Goal: what else the browser sends for this host, a password or another program's cookie, logs nobody out,
    and is no proof of intent."""
    client = page.client("ann")
    more = {"Authorization": "Basic YW5uOngK", "Cookie": f"session=abc; session={client.cookie}"}
    assert client.get("/api/v1/session", **more).json()["name"] == "ann"
    assert client.ask("DELETE", "/api/v1/session", X_CSRF_Token=None, **more).status == 403
    assert page.client().get("/api/v1/session", Authorization="Basic YW5uOngK").status == 401
    assert client.get("/api/v1/session", Authorization="Bearer nonsense").status == 401


def test_a_session_ends_with_its_user_or_password(page):
    ann, vic = page.client("ann"), page.client("vic")
    assert page.run("user", "password", "ann", stdin="another long password\n").returncode == 0
    assert page.run("user", "remove", "vic").returncode == 0
    assert ann.get("/api/v1/session").status == 401
    assert vic.get("/api/v1/session").status == 401
    assert page.client().log_in("ann").status == 401
    assert page.client().log_in("ann", "another long password").status == 200


def test_a_viewer_cannot_change_anything_by_any_route(page):
    client = page.client("vic")
    assert client.get("/api/v1/session").json()["role"] == "viewer"
    for path in ("/api/v1/actions", "/api/v1/settings"):
        assert client.ask("POST", path, {}).status in (403, 404, 405)


def test_a_forged_cookie_is_nobody(page):
    real = page.client("ann").cookie
    for cookie in ("", "0" * 64, real[:-1], real + "0", real.upper() + "x", "../" * 10, "a" * 5000):
        client = page.client()
        client.cookie = cookie
        assert client.get("/api/v1/session").status == 401, cookie
    client = page.client()
    assert client.get("/api/v1/session", Cookie=f"other=1; session={real}; more=2").status == 200


# ---- machines ----

def _part(data):
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def _sign(page, header, claims):
    secret = bytes.fromhex((page.state / "token.key").read_text().strip())
    content = f"{_part(header)}.{_part(claims)}"
    mac = hmac.new(secret, content.encode(), hashlib.sha256).digest()
    return f"{content}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_a_machine_comes_with_a_bearer_token_and_needs_no_csrf_token(page):
    done = page.run("token", "vic", "--days", "2")
    assert done.returncode == 0
    token = done.stdout.strip()
    assert 2 * 86400 - 60 < _claims(token)["exp"] - time.time() <= 2 * 86400
    client = page.client(token=token)
    assert client.get("/api/v1/session").json() == {"name": "vic", "role": "viewer", "csrf": None, "read_only": False}
    assert client.ask("DELETE", "/api/v1/session").status == 200
    assert (page.state / "token.key").stat().st_mode & 0o007 == 0


def test_a_token_that_is_forged_expired_or_of_an_old_password_is_refused(page):
    token = page.run("token", "ann").stdout.strip()
    good, header = _claims(token), {"alg": "HS256", "typ": "JWT"}
    assert page.client(token=_sign(page, header, good)).get("/api/v1/session").status == 200
    head, body, mac = token.split(".")
    since = {**good, "nbf": int(time.time()) - 1}
    assert page.client(token=_sign(page, header, since)).get("/api/v1/session").status == 200
    bad = [_sign(page, header, {**good, "nbf": int(time.time()) + 600}), _sign(page, header, {**good, "nbf": "soon"}),
           _sign(page, {**header, "crit": ["exp"]}, good), _sign(page, {**header, "crit": None}, good),
           _sign(page, header, {key: good[key] for key in good if key != "exp"}),
           _sign(page, header, {**good, "exp": int(time.time()) - 1}), _sign(page, header, {**good, "exp": "x"}),
           _sign(page, header, {**good, "sub": "vic"}), _sign(page, {"alg": "none"}, good),
           _sign(page, {"alg": "RS256"}, good), f"{_part({'alg': 'none'})}.{body}.", f"{head}.{body}.",
           f"{head}.{body}",
           f"{head}.{_part({**good, 'sub': 'vic'})}.{mac}", token[:-2], token + "AA", "", "x", "..", "." * 5000]
    for one in bad:
        assert page.client(token=one).get("/api/v1/session").status == 401, one
    # A bad token is not made up for by a good cookie.
    assert page.client("ann").get("/api/v1/session", Authorization="Bearer x").status == 401
    assert page.run("user", "password", "ann", stdin="another long password\n").returncode == 0
    assert page.client(token=token).get("/api/v1/session").status == 401


# ---- the command line ----

def test_users_are_added_listed_and_removed(page):
    page.users.unlink()
    page.add_user("ann", quick=False)
    page.add_user("vic", "viewer", quick=False)
    assert page.run("user", "list").stdout == "ann admin\nvic viewer\n"
    text = page.users.read_text()
    assert PASSWORD not in text and re.fullmatch(r"(\w+:\w+:scrypt\$16384\$8\$5\$[\w+/=]+\$[\w+/=]+\n){2}", text)
    assert page.users.stat().st_mode & 0o777 == 0o640
    for args, stdin, words in (
            (("user", "add", "ann", "--role", "admin"), PASSWORD, "there is a user ann already"),
            (("user", "add", "a b", "--role", "admin"), PASSWORD, "letters, digits"),
            (("user", "add", "bob", "--role", "admin"), "short", "10 to 1000 characters"),
            (("user", "add", "bob", "--role", "admin"), "", "no line"),
            (("user", "password", "bob"), PASSWORD, "there is no user bob"),
            (("user", "remove", "bob"), "", "there is no user bob"), (("token", "bob"), "", "there is no user bob")):
        done = page.run(*args, stdin=stdin and stdin + "\n")
        assert done.returncode == 64 and words in done.stderr, done
    assert page.users.read_text() == text


def test_a_damaged_file_of_users_lets_nobody_in(make_page):
    page = make_page(start=False)
    page.users.write_text(page.users.read_text() + "eve:admin:plain\n")
    page.configure()
    done = subprocess.run(page.words(), capture_output=True, text=True, timeout=30)
    assert done.returncode == 78 and "serve.users:3: the line has a password that is not scrypt" in done.stderr


# ---- what is refused ----

@pytest.mark.parametrize("path", ["/../serve.conf", "/..%2fserve.conf", "/%2e%2e/serve.conf", "//etc/passwd",
                                  "/page/../../serve.conf", "/./index.html", "/index.html/", "/index.html%00.js",
                                  "/.htaccess", "/index.php", "/INDEX.HTML", "/index.html;x",
                                  "/api/v1/../../index.html", "/%", "/%zz", "/etc%2fpasswd.html", "/\\..\\serve.conf"])
def test_a_path_leads_nowhere_else(page, path):
    with page.socket() as bare:
        bare.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        got = _read_all(bare)
    assert re.match(rb"HTTP/1.1 40[04]", got) and b"users =" not in got and b"root:" not in got, got


def _read_all(bare):
    got = b""
    try:
        while piece := bare.recv(65536):
            got += piece
    except ConnectionResetError:
        pass
    return got


def _status(got):
    return int(got.split(b" ", 2)[1]) if got else None


@pytest.mark.parametrize("head, statuses", [
    ("POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n", [413]),
    ("POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", [400, 413]),
    ("POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", [400]),
    ("POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", [400]),
    ("GET / HTTP/1.1\r\nHost: x\r\nX: " + "a" * 60000 + "\r\n\r\n", [431, 413]),
    ("GET /" + "a" * 60000 + " HTTP/1.1\r\nHost: x\r\n\r\n", [414, 431]),
    ("GET / HTTP/1.1\r\nHost: x\r\n" + "A: b\r\n" * 20000 + "\r\n", [431, 413]),
    ("GET /?" + "a=b&" * 65 + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", [400]),
    ("GET /?a=%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", [400]),
    ("GET /?a=%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", [400]),
    ("GET / HTTP/1.1\r\n\r\n", [400]),
    ("nonsense\r\n\r\n", [400, None]),
    ("BREW / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", [405]),
    ("CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", [404, 400]),
], ids=lambda value: value[:40] if isinstance(value, str) else "")
def test_a_malformed_or_huge_request_is_refused(page, head, statuses):
    with page.socket() as bare:
        try:
            bare.sendall(head.encode())
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert _status(_read_all(bare)) in statuses
    assert page.client("ann").get("/api/v1/session").status == 200


@pytest.mark.parametrize("framing", [
    "Content-Length: 0\r\nContent-Length: 33", "Content-Length: 0\r\ncontent-length: 0",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "Content-Length: 0\r\nHost: y",
    "Content-Length: 0\r\nTransfer-Encoding : chunked", "Transfer-Encoding: gzip, chunked",
    "Content-Length: 0\nContent-Length: 33"], ids=str)
def test_nothing_behind_an_ambiguous_request_is_taken_for_another_one(page, framing):
    """Goal: a proxy that reads its length otherwise cannot be made to let a hidden request through."""
    with page.socket() as bare:
        bare.sendall(f"POST /api/v1/session HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n".encode() +
                     b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n")
        got = _read_all(bare)
    assert _status(got) == 400 and got.count(b"HTTP/1.1 ") == 1, got


def test_a_body_without_its_length_is_bounded_too(page):
    with page.socket() as bare:
        bare.sendall(b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            for _ in range(10000):
                bare.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")
    assert page.client().get("/").status == 200


# ---- hostile clients ----

@pytest.mark.parametrize("count", [900, pytest.param(10_000, marks=pytest.mark.plain_only)])
def test_thousands_of_idle_connections_keep_nobody_out(page, open_files, count):
    client, memory = page.client("ann"), _memory(page)
    idle = []
    try:
        # The page closes the oldest ones meanwhile.
        for number in range(min(count, open_files)):
            idle.append(page.socket())
            if number % 100 == 99:
                assert client.get("/api/v1/session").status == 200
        for _ in range(20):
            assert client.get("/api/v1/session").status == 200
        assert len(os.listdir(f"/proc/{page.process.pid}/fd")) < 600
        if count > 900:
            assert _memory(page) - memory < 40 * 1024, "600 connections of 32 KiB, and as much again"
    finally:
        for one in idle:
            one.close()


@pytest.fixture
def open_files():
    """How many files this process can open besides those that it has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = min(hard, 20_000) if hard != resource.RLIM_INFINITY else 20_000
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    yield max(soft, most) - 300
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _memory(page):
    """KiB of the page's process."""
    with open(f"/proc/{page.process.pid}/status", encoding="ascii", errors="replace") as status:
        return int(re.search(r"^VmRSS:\s+(\d+)", status.read(), re.M).group(1))


def test_a_request_that_comes_byte_by_byte_is_cut_off(page):
    """Goal: a byte now and then does not keep a connection."""
    began = time.monotonic()
    with page.socket() as bare:
        bare.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
        while not select.select([bare], [], [], 0.5)[0]:
            assert time.monotonic() - began < 100
            try:
                bare.sendall(b"a")
            except (BrokenPipeError, ConnectionResetError):
                break
    assert time.monotonic() - began >= 19


def test_streams_without_number_keep_nobody_out(page):
    """Goal: who may look may not shut others out. A user may have 20 streams; those that have ended do not count."""
    client, streams = page.client("ann"), []
    for _ in range(21):
        assert client.ask("HEAD", "/api/v1/events", X_CSRF_Token=None).status == 200
    for number in range(22):
        connection = page.connect()
        connection.request("GET", "/api/v1/events", headers={"Cookie": f"session={client.cookie}"})
        streams.append((connection, connection.getresponse()))
        assert streams[-1][1].status == (200 if number < 20 else 429), number
    assert page.client("vic").ask("HEAD", "/api/v1/events", X_CSRF_Token=None).status == 200
    assert client.get("/api/v1/session").status == 200
    for connection, got in streams:
        got.close()
        connection.close()


@pytest.mark.plain_only
@pytest.mark.parametrize("how", ["removed", "logged out", "other role", "new password"])
def test_a_stream_ends_with_its_user_or_session(page, how):
    client = page.client("vic")
    connection = page.connect()
    connection.request("GET", "/api/v1/events", headers={"Cookie": f"session={client.cookie}"})
    stream = connection.getresponse()
    assert stream.fp.readline() != b""
    if how == "logged out":
        assert client.ask("DELETE", "/api/v1/session").status == 200
    elif how == "removed":
        assert page.run("user", "remove", "vic").returncode == 0
    elif how == "new password":
        assert page.run("user", "password", "vic", stdin="another long password\n").returncode == 0
    else:
        page.users.write_text(page.users.read_text().replace("vic:viewer:", "vic:admin:"))
    began = time.monotonic()
    while stream.fp.readline() != b"":
        pass
    assert time.monotonic() - began < 60, "without the guard, it goes on for 5 minutes"
    connection.close()


@pytest.mark.plain_only
def test_a_broken_file_of_users_is_logged_once(page):
    client, text = page.client("ann"), page.users.read_text()
    page.users.write_text(text + "eve:admin:plain\n")
    for _ in range(5):
        assert client.get("/api/v1/session").status == 401
    page.users.write_text(text)
    assert client.get("/api/v1/session").status == 200
    assert page.said().count("nobody can log in") == 1 and "can be read again" in page.said()


def test_a_stream_goes_on_while_others_are_served(page):
    client = page.client("ann")
    connection = page.connect()
    connection.request("GET", "/api/v1/events", headers={"Cookie": f"session={client.cookie}"})
    stream = connection.getresponse()
    assert stream.status == 200 and stream.headers["Content-Type"] == "text/event-stream"
    assert stream.fp.readline() != b""
    for _ in range(30):
        assert client.get("/api/v1/session").status == 200
    connection.close()
    assert page.stop() == 0  # also with a stream that sleeps


# ---- where it listens ----

def test_it_listens_where_the_setting_says(make_page):
    page = make_page(inherit=False, start=False)
    with socket.create_server(("127.0.0.1", 0)) as free:
        page.port = free.getsockname()[1]
    local = page.directory / "serve.sock"
    page.configure(listen=f"127.0.0.1:{page.port} unix:{local}")
    page.start()
    assert page.client("ann").get("/api/v1/session").status == 200
    page.local = local
    assert page.client("ann").get("/api/v1/session").status == 200
    assert local.stat().st_mode & 0o777 == 0o660
    page.stop(signal.SIGKILL)
    page.start()  # over the socket that the killed process has left
    assert page.client("ann").get("/api/v1/session").status == 200


@pytest.mark.plain_only
@pytest.mark.parametrize("listen, warns", [("0.0.0.0", True), ("127.0.0.1", False)])
def test_a_page_that_others_reach_without_tls_warns(make_page, listen, warns):
    page = make_page(inherit=False, start=False)
    with socket.create_server(("127.0.0.1", 0)) as free:
        page.port = free.getsockname()[1]
    page.configure(listen=f"{listen}:{page.port}")
    page.start()
    assert page.client().get("/").status == 200
    assert ("anyone on the network path can read passwords and calls" in page.said()) == warns


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has the rights of systemd's unit")
@pytest.mark.plain_only
def test_a_low_port_can_be_had_with_the_rights_of_the_unit(make_page):
    unit = (ROOT / "packaging/systemd/did-optimizer-sync-serve.service").read_text()
    rights = [name.lower().removeprefix("cap_")
              for name in re.search(r"^CapabilityBoundingSet=(.*)$", unit, re.M).group(1).split()]
    for port in (843, 844, 845, 846):
        page = make_page(inherit=False, start=False, listen=f"127.0.0.1:{port}")
        page.wrapper = ["setpriv", f"--bounding-set=-all,{','.join('+' + name for name in rights)}", "--"]
        try:
            page.start()
            break
        except RuntimeError as failure:
            assert "in use" in str(failure)
    page.port = port
    assert page.client().get("/").status == 200


def test_a_second_page_does_not_take_the_address_of_the_first(make_page):
    page = make_page(inherit=False, start=False)
    local = page.directory / "serve.sock"
    page.configure(listen=f"unix:{local}")
    page.local = local
    page.start()
    done = subprocess.run(page.words(), capture_output=True, text=True, timeout=30)
    assert done.returncode == 78 and "could not listen" in done.stderr
    assert page.client().get("/").status == 200


@pytest.mark.parametrize("listen", ["8470", "localhost:8470", "127.0.0.1:0", "127.0.0.1:70000", "[::1:8470",
                                    "unix:here", "unix:/" + "x" * 200, "127.0.0.1:", ":8470"])
def test_a_wrong_address_is_an_error_of_the_settings(make_page, listen):
    page = make_page(inherit=False, start=False)
    page.configure(listen=listen)
    done = subprocess.run(page.words(), capture_output=True, text=True, timeout=30)
    assert done.returncode == 78 and "listen" in done.stderr


def test_tls_of_its_own(make_page, tmp_path):
    made = certs.make(tmp_path)
    page = make_page(tls_certificate=made.good[0], tls_key=made.good[1])
    with page.socket() as bare:  # no TLS, no answer
        bare.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"HTTP/1.1 200" not in _read_all(bare)
    page.trust(made.ca)
    client = page.client()
    assert client.log_in("ann").headers["Set-Cookie"].endswith("; Secure")
    assert client.get("/api/v1/session").status == 200
    page.stop()
    page.configure(tls_key=made.expired[1])  # of another certificate
    done = subprocess.run(page.words(), capture_output=True, text=True, timeout=30)
    assert done.returncode == 78 and "tls_key" in done.stderr


def test_a_proxy_on_this_host_says_that_it_has_tls(page):
    assert page.client().log_in("ann", X_Forwarded_Proto="https").headers["Set-Cookie"].endswith("; Secure")


# ---- who the page runs as ----

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")
SOMEBODY = 65534


@pytest.fixture
def roots_page():
    """A page of root's in a directory that everybody may enter; the dialer's state belongs to another user."""
    with tempfile.TemporaryDirectory(prefix="page-") as directory:
        pathlib.Path(directory).chmod(0o755)
        page = Page(pathlib.Path(directory) / "page", as_root=False)
        (page.directory / "state").mkdir()
        shutil.chown(page.directory / "state", SOMEBODY, SOMEBODY)
        yield page
        page.close()


def _users_of(process):
    with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as status:
        return re.search(r"^Uid:\s(.*)$", status.read(), re.M).group(1).split()


@as_root
@pytest.mark.plain_only
def test_a_state_directory_of_roots_goes_to_the_owner_of_the_ledger(roots_page):
    page = roots_page
    (page.state / "journal.db").touch()
    (page.state / "link").symlink_to(page.config)
    page.add_user("ann", quick=False)
    assert (page.users.stat().st_uid, page.users.stat().st_gid) == (0, SOMEBODY)
    page.start()
    assert _users_of(page.process.pid) == [str(SOMEBODY)] * 4
    until(lambda: (page.state / "view.db").exists(), page.said)  # its thread makes it when the page is up already
    owners = {path.name: path.lstat().st_uid for path in (page.state, *page.state.iterdir())}
    assert owners.pop("link") == 0 and page.config.stat().st_uid == 0
    assert set(owners.values()) == {SOMEBODY} and {"serve", "journal.db", "token.key", "view.db"} <= set(owners)
    assert page.client("ann").get("/api/v1/session").status == 200
    token = page.run("token", "ann").stdout.strip()
    assert page.client(token=token).get("/api/v1/session").status == 200


@as_root
@pytest.mark.plain_only
def test_settings_that_only_root_may_read_hold_until_they_change(roots_page):
    """Goal: a change that the page may not read hides numbers, and loses no other setting."""
    page = roots_page
    own = page.directory / "own.conf"
    own.write_text("[sync]\nbatch_size = 77\n")
    own.chmod(0o600)
    page.arguments = ["--config", own]
    page.add_user("ann", quick=False)
    page.start()
    client = page.client("ann")
    profile, = client.get("/api/v1/profiles").json()["profiles"]
    assert (profile["batch_size"], profile["masks"], profile["settings_problem"]) == (77, False, None)
    assert client.outcome("settings_set", key="sync.batch_size", value="78")["exit_code"] == 0
    profile, = client.get("/api/v1/profiles").json()["profiles"]
    assert (profile["batch_size"], profile["masks"]) == (77, True) and "own.conf" in profile["settings_problem"]


@as_root
@pytest.mark.plain_only
@pytest.mark.parametrize("owner, mode, words", [(0, 0o750, "root owns {0} and {1}"),
                                                (SOMEBODY, 0o770, "others may write there")])
def test_the_page_does_not_stay_root(roots_page, owner, mode, words):
    """Goal: what speaks HTTP has no rights; the message says what to do."""
    page, state = roots_page, roots_page.directory / "state"
    os.chown(state, owner, owner)
    page.state.chmod(mode)
    for command in ((), ("user", "add", "ann", "--role", "admin")):
        done = page.run(*command, stdin=PASSWORD + "\n")
        assert done.returncode == 78 and "the page must not run as root" in done.stderr, done
        assert words.format(page.state, state) in done.stderr and "chown -R USER: DIRECTORY" in done.stderr
    assert page.state.stat().st_uid == 0 and list(page.state.iterdir()) == []


def test_forget_ends_what_the_ledger_does_for_the_page(acting, db, sync):
    db.insert(end_epoch=db.now() - 100)
    assert sync.run().code == 0

    def triggers():
        with sqlite3.connect(sync.state / "ledger.db") as ledger:
            return ledger.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE "
                                  "'%\\_touched\\_%' ESCAPE '\\'").fetchone()[0]
    until(lambda: triggers() > 0, acting.said)
    assert acting.stop() == 0 and triggers() > 0
    done = acting.run("forget")
    assert (done.returncode, done.stderr) == (0, "") and "no ledger notes changes" in done.stdout
    assert triggers() == 0
    db.insert(end_epoch=db.now() - 90)
    assert sync.run().code == 0
    acting.start()  # from the beginning: both calls
    client = acting.client("ann")
    until(lambda: client.get("/api/v1/calls").json()["total"] == 2, acting.said)


# ---- systemd ----

def test_systemd_is_told_that_it_is_ready_alive_and_ending(make_page):
    page = make_page(start=False)
    place = str(page.directory / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(place)
        systemd.settimeout(30)
        page.start(env={"NOTIFY_SOCKET": place, "WATCHDOG_USEC": "500000"})
        said = [systemd.recv(100) for _ in range(3)]
        assert said == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        assert page.stop() == 0
        while (word := systemd.recv(100)) == b"WATCHDOG=1":
            pass
        assert word == b"STOPPING=1"


# ---- the page's files ----

def test_the_files_of_the_page_are_served_with_a_tag(page):
    (page.files / "app.js").write_text("1;\n")
    got = page.client().get("/app.js")
    assert got.body == b"1;\n" and got.headers["Content-Type"].startswith("text/javascript")
    assert got.headers["Cache-Control"] == "no-cache"
    again = page.client().get("/app.js", If_None_Match=got.headers["ETag"])
    assert again.status == 304 and again.body == b""
    (page.files / "app.js").write_text("2;\n")
    assert page.client().get("/app.js", If_None_Match=got.headers["ETag"]).body == b"2;\n"
    assert page.client().ask("HEAD", "/app.js").headers["Content-Length"] == "3"
    assert page.client().get("/style.css").status == 404


# ---- what administrators do ----

@pytest.fixture
def acting(make_page, sync):
    return make_page(sync)


def test_profiles_come_and_go_while_the_page_runs(make_page, sync):
    """Goal: a new tenant is on the page, and acts, without a restart; one that is gone is not."""
    profiles = sync.directory / "profiles"
    profiles.mkdir(exist_ok=True)
    (profiles / "old.conf").write_text(sync.config_file.read_text())
    page = make_page(sync)
    client = page.client("ann")
    stream = page.connect()
    stream.request("GET", "/api/v1/events", headers={"Cookie": f"session={client.cookie}"})
    assert stream.getresponse().status == 200

    def names():
        return {row["name"] for row in client.get("/api/v1/profiles").json()["profiles"]}

    def wait_for(*wanted):
        until(lambda: names() == set(wanted), names)

    wait_for("old")
    (sync.state / "profiles/new").mkdir(parents=True)
    (profiles / "new.conf").write_text("[sync]\nbatch_size = 78\n")
    wait_for("old", "new")
    assert client.outcome("disable", profile="new")["exit_code"] == 0
    assert {row["name"]: row["batch_size"] for row in client.get("/api/v1/profiles").json()["profiles"]}["new"] == 78
    (profiles / "old.conf").unlink()
    wait_for("new")
    assert client.get("/api/v1/calls?profile=old").status == 404
    assert client.get("/api/v1/calls?profile=new").status == 200
    assert "the profiles of this host are now: new" in page.said()
    stream.close()
    assert page.stop() == 0


def test_an_action_on_a_profile_changes_that_profile_alone(make_page, sync):
    """Goal: the paths that the page was given are not those of a named profile."""
    profiles = sync.directory / "profiles"
    profiles.mkdir(exist_ok=True)
    (profiles / "other.conf").write_text(sync.config_file.read_text())
    sync.run("enable")
    before = (sync.state / "enabled").read_text(), sync.config_file.read_text()
    own = sync.state / "profiles/other"
    own.mkdir(parents=True)
    client = make_page(sync).client("ann")
    assert client.outcome("enable", profile="other")["exit_code"] == 0
    assert client.outcome("disable", profile="other")["exit_code"] == 0
    assert client.outcome("settings_set", profile="other", key="sync.batch_size", value="77")["exit_code"] == 0
    assert ((sync.state / "enabled").read_text(), sync.config_file.read_text()) == before
    assert "77" in (profiles / "other.conf").read_text() and "no" in (own / "enabled").read_text()


def test_the_page_names_the_wrong_line_of_the_settings_as_status_does(acting, sync):
    assert sync.run("run").code == 0
    change_ledger(sync, "UPDATE run SET started = started - 1200, finished = finished - 1200")
    sync.configure(config={"sync": {"batch_siz": 5}})
    shown = json.loads(sync.run("status", "--json").out)
    profile, = acting.client("ann").get("/api/v1/summary").json()["profiles"]
    assert profile["verdict_text"].startswith(f"the settings are wrong: {sync.config_file}:")
    assert (profile["verdict"], profile["verdict_text"]) == (shown["verdict"], shown["verdict_text"])


def _rejected(api, db, sync):
    """A call that the API rejects."""
    call = db.insert(end_epoch=db.now() - 300)
    api.rules([{"uniqueid": call, "status": 422, "body": '{"success":false,"error":"invalid campaign"}'}])
    assert sync.run().code == 0
    api.rules([])
    return call


def _states(sync):
    return dict(sync.ledger("SELECT uniqueid, state FROM call"))


def test_sync_now_sends_the_calls_and_notes_who_did_it(acting, sync, db, api):
    call = db.insert(end_epoch=db.now() - 100)
    client = acting.client("ann")
    done = client.outcome("sync")
    assert (done["state"], done["exit_code"], done["user"], done["action"]) == ("done", 0, "ann", "sync")
    assert call in api.by_uniqueid()
    assert "started by ann over the page: run\n" in sync.log_file.read_text()
    rows = client.get("/api/v1/journal").json()
    row, = rows["actions"]
    assert rows["total"] == 1 and row["id"] == done["id"] and row["address"] == "127.0.0.1"


def test_backfill_over_the_page(acting, sync, db, api):
    call = db.insert(end_epoch=db.now() - 40000)
    done = acting.client("ann").outcome("backfill", **{"from": "1 day ago", "to": "now"})
    assert done["exit_code"] == 0 and call in api.by_uniqueid(), done


def test_rejected_calls_are_retried_dropped_and_restored(acting, sync, db, api):
    call, client = _rejected(api, db, sync), acting.client("ann")
    rejected = _states(sync)[call]
    assert client.outcome("failed_drop", ids=[call])["exit_code"] == 0
    assert _states(sync)[call] != rejected
    assert client.outcome("failed_restore", ids=[call])["exit_code"] == 0
    assert _states(sync)[call] == rejected
    assert client.outcome("failed_retry", all=True)["exit_code"] == 0
    assert client.outcome("sync")["exit_code"] == 0
    assert call in api.by_uniqueid() and _states(sync)[call] != rejected


def test_pause_and_resume(acting, sync):
    client = acting.client("ann")
    assert client.outcome("disable")["exit_code"] == 0 and not sync.enabled_file.read_text().startswith("yes\n")
    assert client.outcome("enable")["exit_code"] == 0 and sync.enabled_file.read_text().startswith("yes\n")


def test_what_did_nothing_is_not_done(acting, sync):
    """Goal: nobody believes that sending is paused while it goes on."""
    client = acting.client("ann")
    with open(sync.state / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        print(1, file=lock, flush=True)  # seconds: so long the command waits for the run that has the lock
        done = client.outcome("disable")
        assert (done["state"], done["exit_code"]) == ("failed", 75) and "did nothing" in done["output"], done
        lock.seek(0)
        print(600, file=lock, flush=True)
        for _ in range(4):
            assert client.act("disable").status == 202
        done = client.outcome("sync")
        assert done["state"] == "failed" and "4 commands are running" in done["output"], done


def test_a_checkpoint_says_first_what_it_skips(acting, sync, db):
    assert sync.run().code == 0
    db.insert(end_epoch=db.now() - 100)
    client, before = acting.client("ann"), sync.checkpoint()
    done = client.outcome("checkpoint_set", when="now", dry_run=True)
    assert done["exit_code"] == 0 and "1 finished call is skipped" in done["output"], done
    assert sync.checkpoint() == before
    assert client.outcome("checkpoint_set", when="now")["exit_code"] == 0
    assert sync.checkpoint() != before
    done = client.outcome("checkpoint_set", when="nonsense")
    assert done["state"] == "failed" and done["exit_code"] == 64


def test_settings_are_changed_with_their_checks(acting, sync):
    client = acting.client("ann")
    sync.config_file.write_text("# ours\n" + sync.config_file.read_text())
    old = sync.config_file.read_text()
    assert client.outcome("settings_set", key="sync.batch_size", value="123")["exit_code"] == 0
    assert sync.config_file.read_text() == old.replace("splay = 0\n", "splay = 0\nbatch_size = 123\n")
    assert sync.config_file.with_name(sync.config_file.name + ".old").read_text() == old
    shown = {(row["section"], row["key"]): row for row in client.get("/api/v1/settings").json()["settings"]}
    assert shown["sync", "batch_size"]["value"] == "123" and shown["sync", "batch_size"]["can_change"]
    assert shown["database", "password"]["value"] is None and not shown["database", "host"]["can_change"]
    done = client.outcome("settings_set", key="sync.batch_size", value="0")
    assert done["state"] == "failed" and "not a whole number from 1 to 5000" in done["output"]
    # Masking holds from the next request on.
    vic = acting.client("vic")
    assert client.outcome("settings_set", key="log.mask_phone", value="yes")["exit_code"] == 0
    assert vic.get("/api/v1/calls").status == 200
    for key in ("sink.type", "database.host", "source.url", "api.ca_file", "sync", "nonsense.x"):
        assert client.act("settings_set", key=key, value="x").status == 400, key


def test_settings_that_were_edited_by_hand_hold_from_the_next_request_on(acting, sync):
    vic = acting.client("vic")
    assert [row["masks"] for row in vic.get("/api/v1/profiles").json()["profiles"]] == [False]
    sync.config_file.write_text(sync.config_file.read_text() + "[log]\nmask_phone = yes\n")
    assert [row["masks"] for row in vic.get("/api/v1/profiles").json()["profiles"]] == [True]


def test_the_secrets_of_every_type_are_neither_shown_nor_set(sync):
    """Goal: an API key is named just `key`, and the accounts of several tenants have passwords."""
    secret = "not-for-anybodys-eyes"
    sync.config_file.write_text(f"[source]\ntype = callio\naccounts = {secret}\nkey = {secret}\nemail = a@b\n"
                                f"[sink]\nsecret = {secret}\n[recordings]\nKey = {secret}\ncredentials = {secret}\n")
    for words in (["settings", "show"], ["settings", "show", "--json"]):
        got = sync.run(*words)
        assert got.code == 0 and "a@b" in got.out and secret not in got.out, got.out
    for name in ("source.accounts", "source.key", "recordings.key"):
        got = sync.run("settings", "set", name, "x")
        assert got.code == 64 and "secret" in got.err, got


def test_of_two_changes_of_the_settings_at_once_none_is_lost(sync):
    """Goal: the page starts two of them for one request of GraphQL; the second one waits for the first."""
    path = sync.config_file
    with open(path) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        waiting = sync.start("settings", "set", "sync.batch_size", "123")
        time.sleep(0.5)
        assert waiting.poll() is None, waiting.communicate()
        other = path.with_name("other.conf")
        other.write_text(path.read_text().replace("[sync]\n", "[sync]\noverlap = 500\n"))
        os.replace(other, path)
    said = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, said
    assert "batch_size = 123\n" in path.read_text() and "overlap = 500\n" in path.read_text()


@pytest.mark.parametrize("body", [
    {"profile": "default", "action": "rm"}, {"profile": "default", "action": "run"}, {"profile": "default"},
    {"profile": "../x", "action": "sync"}, {"profile": "--config=/x", "action": "sync"},
    {"profile": "nobody", "action": "sync"},
    {"profile": "default", "action": "sync", "arguments": {"config": "/x"}},
    {"profile": "default", "action": "sync", "arguments": []},
    {"profile": "default", "action": "sync", "arguments": "x"},
    {"profile": "default", "action": "backfill", "arguments": {"from": "now"}},
    {"profile": "default", "action": "backfill", "arguments": {"from": "now\n--force", "to": "now"}},
    {"profile": "default", "action": "backfill", "arguments": {"from": ["now"], "to": "now"}},
    {"profile": "default", "action": "backfill", "arguments": {"from": "now", "to": "now", "force": "yes"}},
    {"profile": "default", "action": "failed_retry", "arguments": {"ids": []}},
    {"profile": "default", "action": "failed_retry", "arguments": {"ids": ["x" * 101]}},
    {"profile": "default", "action": "failed_retry", "arguments": {"ids": ["a", ""]}},
    {"profile": "default", "action": "failed_retry", "arguments": {"ids": "a"}},
    {"profile": "default", "action": "settings_set", "arguments": {"key": "sync.batch_size", "value": "5\0 0"}},
    {"profile": "default", "action": "reconcile", "arguments": {"days": 401}},
    {"profile": "default", "action": "reconcile", "arguments": {"days": "1 --report-only"}}], ids=str)
def test_nothing_else_can_be_started(acting, body):
    client = acting.client("ann")
    got = client.ask("POST", "/api/v1/actions", body)
    assert got.status in (400, 404) and "error" in got.json()
    assert client.get("/api/v1/journal").json()["total"] == 0


def test_a_value_is_never_an_option(acting, sync):
    """Goal: what begins with - stays a value."""
    client = acting.client("ann")
    done = client.outcome("failed_retry", ids=["--all", "--config=/nonexistent"])
    assert "--all" in done["output"] and done["exit_code"] != 70, done
    done = client.outcome("checkpoint_set", when="--help")
    assert done["exit_code"] == 64 and "Usage" not in done["output"]


def test_the_process_that_starts_commands_believes_nothing(acting, sync, tmp_path):
    """Goal: whoever has taken over the page's process can start the table's commands and nothing else."""
    children = [pid for pid in os.listdir("/proc") if pid.isdigit() and _parent(pid) == acting.process.pid]
    assert len(children) == 1
    with open(f"/proc/{children[0]}/comm", encoding="ascii") as name:
        assert name.read() == "serve-actor\n"
    open_files = [os.readlink(f"/proc/{children[0]}/fd/{number}") for number in os.listdir(f"/proc/{children[0]}/fd")]
    assert len([name for name in open_files if name.startswith("socket:")]) == 1, open_files


def _parent(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return int(stat.read().rpartition(")")[2].split()[1])
    except OSError:
        return None


def test_a_read_only_page_acts_for_nobody(make_page, sync):
    page = make_page(sync, read_only="yes")
    client = page.client("ann")
    assert client.get("/api/v1/session").json()["read_only"] is True
    assert client.act("sync").status == 409
    assert [pid for pid in os.listdir("/proc") if pid.isdigit() and _parent(pid) == page.process.pid] == []


def test_a_viewer_or_a_request_without_the_token_starts_nothing(acting, sync, db, api):
    db.insert(end_epoch=db.now() - 100)
    assert acting.client("vic").act("sync").status == 403
    client = acting.client("ann")
    client.csrf = None
    assert client.act("sync").status == 403
    assert client.get("/api/v1/journal").json()["total"] == 0
    token = acting.run("token", "ann").stdout.strip()
    assert acting.client(token=token).outcome("sync")["user"] == "ann"


def test_the_end_of_the_page_ends_its_commands_cleanly(acting, sync, db, api):
    for number in range(50):
        db.insert(end_epoch=db.now() - 1000 - number)
    api.rules([{"delay_ms": 300}])
    client = acting.client("ann")
    number = client.act("sync").json()["id"]
    assert acting.stop() == 0
    running = [_command_line(pid) for pid in os.listdir("/proc") if pid.isdigit()]
    assert not [line for line in running if b"did-optimizer-sync\0" in line and str(sync.state).encode() in line]
    acting.start()
    client.log_in("ann")
    assert client.get(f"/api/v1/actions/{number}").json()["state"] in ("lost", "done")


def _command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as line:
            return line.read()
    except OSError:
        return b""


def test_a_page_whose_commands_cannot_be_started_ends(acting):
    """Goal: systemd starts both processes again, instead of a page whose buttons do nothing."""
    child = next(pid for pid in os.listdir("/proc") if pid.isdigit() and _parent(pid) == acting.process.pid)
    os.kill(int(child), signal.SIGKILL)
    assert acting.process.wait(20) == 70
    assert "the process that starts commands has ended" in acting.said()


def test_serve_is_a_word_of_the_program(sync, acting):
    done = subprocess.run([sync.words()[0], "serve", "--version"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and done.stdout.startswith("did-optimizer-sync-serve ")
    assert sync.run("serve").code == 64
