"""Rows and answers that are made to do harm change only a log line. A strange environment of the program changes
nothing."""
import contextlib
import gzip
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from harness.process import program

KIB = 1024


def assert_clean(text):
    """The text has whole lines of valid UTF-8 without a control character."""
    assert [line for line in text.split("\n") if re.search(r"[\x00-\x1f\x7f-\x9f]", line)] == []


# ---- rows ----

HOSTILE = ["%s%n%d%1000000000d", "\x1b]0;title\x07\x1b[2J\x1b[31m", '"},"uniqueid":"1",{"', "</script><script>alert(1)",
           "\r\n2026-01-01 00:00:00 +0000 INFO  ✅ forged", "\u202egnp.exe\u2066", "'; DROP TABLE vicidial_log; --",
           "$(reboot)`reboot`", "../../../../etc/passwd", "😀" * 20, "x" * 60 * KIB]


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_hostile_row_changes_nothing_but_its_line(sync, db, api, format_):
    db.query("ALTER TABLE vicidial_log MODIFY comments MEDIUMTEXT, MODIFY phone_number MEDIUMTEXT, "
             "MODIFY status VARCHAR(200), MODIFY campaign_id VARCHAR(200), CONVERT TO CHARACTER SET utf8mb4")
    sync.configure(config={"log": {"format": format_}})
    calls = [{"comments": text, "phone_number": text, "status": text[:200], "campaign_id": text[:200]}
             for text in HOSTILE]
    uniqueids = db.insert_many(calls)
    done = sync.run()
    assert done.code == 0, done.log[-2000:]
    arrived = api.by_uniqueid()
    for uniqueid, call in zip(uniqueids, calls):
        (body,) = arrived[uniqueid]
        assert (body["comments"], body["phoneNumber"], body["disposition"]) == (
            call["comments"], call["phone_number"], call["status"])
    assert set(arrived) == set(uniqueids)
    lines = sync.log_file.read_text().splitlines()
    assert_clean(sync.log_file.read_text())
    if format_ == "json":
        assert all(set(json.loads(line)) == {"timestamp", "level", "logger", "message", "context"} for line in lines)
    assert len([line for line in lines if "✓" in line]) == len(uniqueids) and max(map(len, lines)) < 8 * KIB


def test_a_hostile_row_that_is_rejected_is_shown_without_harm(sync, db, api):
    db.query("ALTER TABLE vicidial_log MODIFY phone_number VARCHAR(200), CONVERT TO CHARACTER SET utf8mb4")
    db.insert_many([{"phone_number": text[:200]} for text in HOSTILE])
    api.rules([{"status": 400, "body": json.dumps({"error": "\x1b[2J%s%n\r\n" + "y" * 2000})}])
    assert sync.run().code == 0
    for words in (["failed", "list"], ["failed", "list", "--json"], ["status"], ["status", "--json"]):
        done = sync.run(*words)
        assert done.code == (75 if words[0] == "status" else 0)  # the verdict is WARNING, because calls are rejected
        assert_clean(done.out)
        assert_clean(done.err)
        for line in done.out.splitlines() if "--json" in words else ():
            json.loads(line)


# ---- answers ----

def head(status="200 OK", *headers):
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode()


def endless(connection, first, more):
    """Sends data until the other side closes the connection."""
    connection.sendall(first)
    with contextlib.suppress(OSError):
        while True:
            connection.sendall(more)


CHUNKED = head("200 OK", "Transfer-Encoding: chunked") + b'10\r\n{"success":true}\r\n0\r\n'
BOMB = gzip.compress(b'{"success":true}' + b" " * 20 * KIB * KIB)

ANSWERS = {
    "headers of a megabyte": lambda c: endless(c, b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 8000 + b"\r\n"),
    "a header without an end": lambda c: endless(c, b"HTTP/1.1 200 OK\r\nX: ", b"y" * 8000),
    "endless chunks": lambda c: endless(c, head("200 OK", "Transfer-Encoding: chunked"), b"3\r\nabc\r\n"),
    "endless body": lambda c: endless(c, head(), b"z" * 8000),
    "endless 100s": lambda c: endless(c, b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a trailer without an end": lambda c: endless(c, CHUNKED, b"X: " + b"y" * 8000),
    "trailers without an end": lambda c: endless(c, CHUNKED, b"X: " + b"y" * 1000 + b"\r\n"),
    "deep JSON": lambda c: c.sendall(head() + b'{"a":' * 10000),
    "deep JSON, closed": lambda c: c.sendall(head() + b'{"a":' * 6000 + b"1" + b"}" * 6000),
    "a compressed bomb": lambda c: c.sendall(head("200 OK", "Content-Encoding: gzip",
                                                  f"Content-Length: {len(BOMB)}") + BOMB),
    "longer than it is": lambda c: c.sendall(head("200 OK", "Content-Length: 999") + b'{"success":true}'),
    "a length below zero": lambda c: c.sendall(head("200 OK", "Content-Length: -5") + b'{"success":true}'),
    "a chunk beyond all": lambda c: c.sendall(head("200 OK",
                                                   "Transfer-Encoding: chunked") + b"ffffffffffffffffff\r\nx"),
    "no HTTP": lambda c: c.sendall(b"\x00\xff\x1b[2J SSH-2.0-x\r\n"),
    "NULs": lambda c: c.sendall(head("500 X\x1b[31m") + b'\x00{"success":true}\x00'),
    "another program's page": lambda c: c.sendall(head("200 OK", "Content-Type: text/html") + b"<html>\x1b[2J</html>"),
    "nothing": lambda c: None,
}


@contextlib.contextmanager
def hostile_server(answer):
    """Starts a server that gives each connection this answer and closes the connection. Returns the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(5)
                    connection.recv(64 * KIB)
                    answer(connection)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(64 * KIB):  # otherwise a reset could overtake the answer
                        pass
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=list(ANSWERS))
def test_a_hostile_answer_costs_a_log_line_and_no_call(sync, db, api, answer):
    uniqueids = db.insert_many([{}, {}])
    sync.configure(dids={"api_timeout": 2}, config={"sync": {"retry_base": 0}})
    with hostile_server(answer) as address:
        sync.configure(dids={"api_base_url": address})
        done = sync.run()
        assert done.code == 69, done.log  # no API answers like this, so it is an outage, and no retry is used up
        assert_clean(done.log)
        assert len(done.log) < 16 * KIB
        assert "memory" not in done.log and "Too large response headers" not in done.log  # libcurl's words
        if answer in (ANSWERS["a header without an end"], ANSWERS["trailers without an end"]):
            assert "the headers of the answer are too long" in done.log
    assert sync.ledger("SELECT count(*) FROM call WHERE state = 4") == [(0,)]
    sync.configure(dids={"api_base_url": api.url})
    assert sync.run().code == 0
    assert sorted(api.by_uniqueid()) == sorted(uniqueids)


# ---- the environment of the program ----

@pytest.fixture
def started_by(tmp_path, monkeypatch):
    """A shell starts the program after these words of shell."""
    def set_up(words):
        script = tmp_path / "started"
        script.write_text(f'#!/bin/sh\n{words.format(program("SYNC_BINARY", "build/did-optimizer-sync"))}\n')
        script.chmod(0o755)
        monkeypatch.setenv("SYNC_BINARY", str(script))
    return set_up


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "0<&- 1>&- 2>&-"])
@pytest.mark.parametrize("words, answer, code", [(["--cron"], 401, 78), (["backfill", "--to", "now"], 200, 0)],
                         ids=["says an error", "prints"])
def test_closed_standard_files_let_nothing_into_log_and_state(sync, db, api, started_by, words, answer, code, closed):
    """Otherwise the first opened files would get the numbers of the closed streams, and output would go into these
    files."""
    db.insert_many([{}] * 2)
    api.rules([{"status": answer}])
    started_by(f'exec "{{}}" "$@" {closed}')
    done = sync.run(*words, *(["--from", str(db.now() - 3600)] if answer == 200 else []))
    assert done.code == code, done.log
    assert [line for line in done.log.splitlines() if not re.match(r"20\S+ \S+ [+-]\d{4} [A-Z]+ ", line)] == []
    assert re.fullmatch(r"(shared\n|\d+\n)?", (sync.state / "lock").read_text())  # as lock.c writes it
    assert sync.ledger("PRAGMA integrity_check") == [("ok",)]


def dumped(pid):
    """Waits for the end of a process that Popen has not waited for. Returns whether the process left a core."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT).si_code == os.CLD_DUMPED


def test_a_run_that_is_aborted_leaves_no_core(sync, db, api, started_by, tmp_path):
    """A core would contain the key and the password."""
    other = subprocess.Popen(["/bin/sh", "-c", "ulimit -c unlimited 2>&1 && kill -ABRT $$"], cwd=tmp_path,
                             stdout=subprocess.DEVNULL)
    if not dumped(other.pid):
        other.wait()
        pytest.skip("here no process leaves a core")
    other.wait()
    db.insert()
    api.rules([{"delay_ms": 20000}])
    started_by('ulimit -c unlimited\nexec "{}" "$@"')
    running = sync.start()
    while not api.log():
        assert running.poll() is None
        time.sleep(0.02)
    running.send_signal(signal.SIGABRT)
    assert not dumped(running.pid)
    assert running.wait() == -signal.SIGABRT


@pytest.mark.parametrize("words", ["status", "status --json", "failed list --json", "history", "check", "metrics",
                                   "--help", "--dry-run", "checkpoint show"])
def test_a_command_that_cannot_print_fails(sync, db, api, started_by, words):
    """A person who redirects a list into a file must learn that the disk was full."""
    refused = db.insert()
    api.rules([{"uniqueid": refused, "status": 400}])
    assert sync.run().code == 0
    db.insert()
    assert sync.run(*words.split()).code == (75 if words.startswith("status") else 0)  # a call is rejected
    started_by('exec "{}" "$@" >/dev/full')
    done = sync.run(*words.split())
    assert done.code == 74 and "could not write to the standard output" in done.err


def test_a_reader_of_the_first_line_only_causes_no_error(sync, db, api, started_by):
    db.insert_many([{} for _ in range(2000)])
    api.rules([{"status": 400}])
    assert sync.run().code == 0
    started_by('{} "$@" | head -n 1')
    done = sync.run("failed", "list", "--json")
    assert done.code == 0 and done.err == "" and len(done.out.splitlines()) == 1
