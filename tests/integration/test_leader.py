"""Several hosts share a database, and one of them sends the calls. Here each host is a state directory. VICIdial's
table of servers makes the hosts a cluster. takeover_after is as short as allowed in tests of a takeover, and long in
other tests."""
import collections
import contextlib
import fcntl
import os
import pathlib
import re
import select
import signal
import socket
import sqlite3
import threading
import time

import pytest

from harness.dialer import Dialer
from harness.api import Api
from harness.process import until
from harness.sync import Sync

TAKEOVER = 10  # the lowest allowed takeover_after
HOUR = 3600


def requests(api):
    """How often each call was sent."""
    return collections.Counter(entry["uniqueid"] for entry in api.log())


def log_of(sync):
    return sync.log_file.read_text() if sync.log_file.exists() else ""


def led_just_now(sync, db):
    """Makes the ledger as if a run of this host had just been the leader, so that this host leads at once."""
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger, ledger:
        ledger.execute("INSERT OR REPLACE INTO note (name, number) VALUES ('leader_led', ?)", [db.now()])


@pytest.fixture
def api():
    """Each test has its own API, so no process of another test knows the port."""
    with Api() as server:
        yield server


@pytest.fixture
def host(db, api, tmp_path):
    """Makes hosts: host("b")."""
    made = []

    def make(name):
        one = Sync(tmp_path / name, db, api)
        one.configure(config={"sync": {"settle": 0, "splay": 0, "takeover_after": TAKEOVER, "time_budget": 5}})
        one.set_checkpoint(db.now() - HOUR)
        made.append(one)
        return one
    yield make
    for one in made:
        one.close()


@pytest.fixture
def leader(db, host):
    """A host that is the leader and has announced up to which time every call has been handled. Its runs may be far
    apart, as on a slow machine."""
    one = host("a")
    one.configure(config={"sync": {"takeover_after": 300, "sweep_interval": 1}})  # each run reads the last hours
    assert one.run().code == 0
    db.make_cluster()
    led_just_now(one, db)
    assert one.run().code == 0 and "standby" not in log_of(one)
    until(lambda: told(db) is not None)
    return one


def told(db):
    """The time up to which the leader says that every call has been handled; None if it says nothing."""
    names = [f"{db.leader_lock()}.{level}" for level in range(14)]
    levels = [level for level, name in enumerate(names) if db.query("SELECT IS_USED_LOCK(%s) AS h", [name])[0]["h"]]
    return levels[-1] if levels else None


def stands_by(one, *words):
    run = one.run(*words)
    assert (run.code, "💤 standby: another host sends" in run.log) == (0, True), run.log
    return run


def waits(one):
    run = one.run()
    assert (run.code, "💤 standby: no host sends" in run.log) == (0, True), run.log
    return run


# ---- who leads ----

def test_a_new_installation_waits_until_it_knows_that_there_is_no_leader(db, api, host):
    db.make_cluster()
    one = host("a")
    call = db.insert()
    waits(one)
    assert api.log() == [] and db.leader() is None
    began = time.monotonic()
    until(lambda: (time.sleep(1), "standby" not in one.run().log)[1])
    assert time.monotonic() - began > TAKEOVER - 3
    assert "This host is now the leader and sends the calls of this database" in log_of(one)
    assert list(api.by_uniqueid()) == [call] and db.leader() is not None
    assert "standby" not in one.run().log


def test_between_two_runs_of_the_leader_nobody_takes_over(db, api, host, leader):
    """Once the leader held the lock for only 25 s of each minute, and a host that tried later got it."""
    other = host("b")
    number = db.leader()
    for _ in range(4):
        stands_by(other)
        stands_by(other, "--cron")
        time.sleep(0.5)
    call = db.insert()
    assert leader.run().code == 0
    assert list(api.by_uniqueid()) == [call] and db.leader() == number


@pytest.mark.parametrize("words", [["backfill", "--from", "2 hours ago", "--to", "now"], ["reconcile"]],
                         ids=["backfill", "reconcile"])
def test_long_work_on_another_host_does_not_take_over(db, api, host, leader, words):
    """Once such a command took over between two runs. 400 known calls were sent again, and the leader became a
    standby."""
    calls = db.insert_many([{"end_epoch": db.now() - 600 + n} for n in range(40)])
    other = host("b")
    assert leader.run().code == 0
    run = other.run(*words)
    assert run.code == 69 and "another host sends the calls of this database" in run.out + run.err
    assert "standby" not in leader.run().log
    assert leader.run(*words).code == 0  # its own holder is running
    assert requests(api) == {call: 1 for call in calls}


def test_cron_s_reconcile_prints_nothing_on_a_standby(db, host, leader):
    """Goal: with the same crontab on every host, a standby host sends no mail."""
    db.insert(end_epoch=db.now() - 600)
    assert leader.run().code == 0
    run = host("b").run("reconcile", "--cron")
    assert (run.code, run.out, run.err) == (0, "", "") and "standby" in run.log


def test_long_work_is_refused_without_a_leader(db, api, host):
    db.make_cluster()
    db.insert(end_epoch=db.now() - HOUR)
    run = host("b").run("backfill", "--from", "2 hours ago", "--to", "now")
    assert run.code == 69 and "no host of this cluster sends the calls now" in run.out + run.err
    assert api.log() == [] and db.leader() is None


def test_one_of_two_hosts_that_start_together_becomes_the_leader(db, api, host):
    db.make_cluster()
    hosts = [host(name) for name in "abc"]
    call = db.insert()
    loops = [one.start("run", "--every", "1") for one in hosts]
    until(lambda: call in api.by_uniqueid())
    until(lambda: all(log_of(one).count("📊") + log_of(one).count("another host sends") >= 3 for one in hosts))
    later = db.insert()
    until(lambda: later in api.by_uniqueid())
    for loop in loops:
        loop.terminate()
        assert loop.wait(20) == 0
    assert sorted("📊" in log_of(one) for one in hosts) == [False, False, True]
    assert requests(api) == {call: 1, later: 1}


def test_another_host_takes_over_after_takeover_after_and_not_before(db, api, host, leader):
    other = host("b")
    stands_by(other)
    leader.end_leader(signal.SIGKILL)
    until(lambda: db.leader() is None)
    call = db.insert()
    began = time.monotonic()
    until(lambda: (time.sleep(1), "standby" not in other.run().log)[1])
    assert time.monotonic() - began >= TAKEOVER - 2
    assert list(api.by_uniqueid()) == [call]
    # When the former leader returns, it is a standby.
    stands_by(leader)
    assert "standby" not in other.run().log and requests(api) == {call: 1}


def test_a_leader_whose_holder_is_killed_stays_the_leader(db, api, host, leader):
    other = host("b")
    leader.end_leader(signal.SIGKILL)
    until(lambda: db.leader() is None)
    waits(other)
    assert "standby" not in leader.run().log and leader.leader_pid() is not None
    stands_by(other)


def test_the_lease_ends_when_the_runs_stop(db, api, host):
    one = host("a")
    one.configure(config={"sync": {"time_budget": 1}})
    assert one.run().code == 0
    db.make_cluster()
    led_just_now(one, db)
    loop = one.start("run", "--every", "1")
    until(lambda: db.leader() is not None)
    time.sleep(TAKEOVER + 4)  # longer than the lease, so the lease was renewed
    assert db.leader() is not None
    loop.terminate()
    assert loop.wait(20) == 0
    assert db.leader() is not None, "the end of a loop may be a restart"
    until(lambda: db.leader() is None)
    until(lambda: one.leader_pid() is None)


def test_the_holder_reconnects(db, api, host, leader):
    number = db.leader()
    db.query(f"KILL {number}")
    until(lambda: db.leader() not in (None, number))
    stands_by(host("b"))
    assert "standby" not in leader.run().log
    until(lambda: told(db) is not None)  # it announces again up to which time every call has been handled


def test_the_holder_ends_when_another_host_has_the_lock(db, api, host, leader):
    with contextlib.closing(db.connect()) as connection, connection.cursor() as cursor:
        leader.end_leader()
        until(lambda: db.leader() is None)
        cursor.execute("SELECT GET_LOCK(%s, 0)", [db.leader_lock()])
        stands_by(leader)
    assert leader.leader_pid() is None and not (leader.state / "lease").exists()


def test_another_version_starts_its_own_holder(db, leader):
    """An upgrade must not leave the old program running."""
    lease = leader.state / "lease"
    old = leader.leader_pid()
    lease.write_text(re.sub(r"\S+$", "0.0.0", lease.read_text().strip()) + "\n")
    until(lambda: db.leader() is None)
    assert "standby" not in leader.run().log
    assert leader.leader_pid() not in (None, old)


def test_a_number_that_repeats_after_a_restart_of_the_server_is_another_host_s(db, api, leader):
    started = int((leader.state / "leader").read_text().split()[1])
    leader.end_leader()
    until(lambda: db.leader() is None)
    call = db.insert()
    with contextlib.closing(db.connect()) as other, other.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, 0)", [db.leader_lock()])
        (leader.state / "leader").write_text(f"{other.thread_id()} {started - 60} 0\n")
        stands_by(leader)
        assert api.log() == []
        (leader.state / "leader").write_text(f"{other.thread_id()} {started} 0\n")  # this host's own connection
        assert "standby" not in leader.run().log
    assert list(api.by_uniqueid()) == [call]


@pytest.mark.parametrize("spoil", [lambda ledger: ledger.write_bytes(b"x" * 8192), lambda ledger: ledger.unlink()],
                         ids=["damaged", "gone"])
def test_a_leader_with_a_rebuilt_ledger_stays_the_leader(db, api, leader, spoil):
    spoil(leader.state / "ledger.db")
    call = db.insert()
    assert "standby" not in leader.run().log
    assert call in api.by_uniqueid()


def test_a_standby_with_a_rebuilt_ledger_starts_where_the_leader_is(db, api, host, leader):
    other = host("b")
    stands_by(other)
    (other.state / "ledger.db").unlink()
    other.checkpoint_file.unlink()
    stands_by(other)
    assert db.now() - 2000 <= int(other.checkpoint().split()[0]) <= db.now() - 900


def test_the_holder_keeps_no_file_of_the_run_open(db, leader):
    pid = leader.leader_pid()
    files = {os.readlink(link) for link in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
    assert {name.partition(":")[0] for name in files} == {"/dev/null", "socket"} and len(files) == 2
    assert "Another run" not in leader.run().log  # the host's own lock is free
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    assert int(stat[3]) == pid, "a session of its own"
    assert os.readlink(f"/proc/{pid}/cwd") == "/", "no disk is kept busy"


def test_the_holder_finds_its_files_by_relative_paths_too(db, leader):
    """The holder's working directory is not that of the run. The holder reads the lease, and reconnects by the
    socket."""
    leader.end_leader()
    until(lambda: db.leader() is None)
    (leader.directory / "db.sock").symlink_to(db.dialer.socket)
    leader.configure(config={"database": {"socket": "db.sock"}})
    assert leader.run("--state-dir", "state").code == 0
    pid, number = leader.leader_pid(), db.leader()
    assert None not in (pid, number) and os.readlink(f"/proc/{pid}/cwd") == "/"
    db.query(f"KILL {number}")
    until(lambda: db.leader() not in (None, number))
    assert leader.leader_pid() == pid


def test_a_run_does_not_keep_cron_waiting(db, host):
    one = host("a")
    assert one.run().code == 0
    db.make_cluster()
    led_just_now(one, db)
    run = one.run("--cron", timeout=30)  # this returns when standard output and standard error are closed
    assert (run.code, run.out, run.err) == (0, "", "") and db.leader() is not None


def test_without_a_cluster_no_holder_stays(sync, db, api):
    sync.run()
    assert db.leader() is None and sync.leader_pid() is None
    assert not (sync.state / "lease").exists() and not (sync.state / "leader").exists()


def test_a_server_that_restarts_makes_no_other_host_the_leader(dialer, db, api, host, leader):
    other = host("b")
    dialer.restart()
    until(lambda: db.leader() is not None)  # a host that tried in between found the lock free
    stands_by(other)
    call = db.insert()
    assert "standby" not in leader.run().log and list(api.by_uniqueid()) == [call]


def test_two_profiles_have_two_leaders(db, api, host, leader):
    """Each profile has its own lock, so different hosts may lead different tenants."""
    other = host("b")
    names = {db.leader_lock(), db.leader_lock("acme"), db.leader_lock("globex")}
    assert len(names) == 3 and all(re.fullmatch(r"did-optimizer-sync\.[0-9a-f]{16}", name) for name in names)
    stands_by(other)


# ---- what a host that takes over sends ----

def take_over(leader, other, db):
    leader.end_leader(signal.SIGKILL)
    until(lambda: db.leader() is None)
    until(lambda: (time.sleep(1), "standby" not in other.run().log)[1])
    assert "📊" in log_of(other), log_of(other)[-3000:]


def test_a_takeover_repeats_the_last_half_hour_and_no_more(db, api, host, leader):
    now = db.now()
    old = db.insert_many([{"end_epoch": now - 3000 + n} for n in range(30)])
    new = db.insert_many([{"end_epoch": now - 300 + n} for n in range(30)])
    assert leader.run().code == 0 and set(api.by_uniqueid()) == {*old, *new}
    other = host("b")
    until(lambda: (stands_by(other), int(other.checkpoint().split()[0]) > now - 2400)[1])
    take_over(leader, other, db)
    assert {requests(api)[call] for call in old} == {1}
    assert {requests(api)[call] for call in new} == {2}, "nobody knows what the former leader had sent at last"


@pytest.mark.parametrize("state", ["pending", "waiting"])
def test_pending_calls_of_the_former_leader_are_not_lost(db, api, host, leader, state):
    now = db.now()
    open_call = db.insert(end_epoch=now - 3 * HOUR, status="SALE" if state == "pending" else "DISPO")
    leader.configure(config={"sync": {"first_run_lookback": 8 * HOUR}})
    leader.set_checkpoint(now - 4 * HOUR)
    api.rules([{"uniqueid": open_call, "status": 500}])
    other = host("b")
    leader.run()
    until(lambda: (told(db) or 0) >= 4)
    stands_by(other)
    assert int(other.checkpoint().split()[0]) < now - 3 * HOUR
    api.rules([])
    db.update(open_call, status="SALE")
    api.clear()
    take_over(leader, other, db)
    assert open_call in api.by_uniqueid()


def test_after_a_takeover_reconcile_does_not_count_the_former_leader_s_calls_as_skipped(db, api, host, leader):
    now = db.now()
    db.insert_many([{"end_epoch": now - 3000 + n} for n in range(30)])
    assert leader.run().code == 0
    other = host("b")
    until(lambda: (stands_by(other), int(other.checkpoint().split()[0]) > now - 2400)[1])
    take_over(leader, other, db)
    run = other.run("reconcile", "--days", "1")
    assert run.code == 0 and "0 missing, 0 changed, 0 out of scope" in run.log, run.log
    assert set(requests(api).values()) == {1}


def test_without_an_announcement_the_standby_s_checkpoint_stays(db, api, host):
    """The database server is old, or the leader made its first run. No call may be lost."""
    db.make_cluster()
    other = host("b")
    before = other.checkpoint()
    with contextlib.closing(db.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, 0)", [db.leader_lock()])
        stands_by(other)
    assert other.checkpoint().split()[0] == before.split()[0]


# ---- without a cluster: a run has the lock while it works ----

def at_work(sync, db, api):
    """A run in progress, and the connection that holds the lock. The calls ended over an hour ago, so the run reads
    their rows again before each batch."""
    sync.set_checkpoint(db.now() - 3 * HOUR)
    db.insert_many([{"end_epoch": db.now() - 2 * HOUR + n} for n in range(40)])
    sync.configure(config={"sync": {"batch_size": 2}, "api": {"concurrency": 1}})
    api.rules([{"delay_ms": 300}])
    run = sync.start()
    until(lambda: api.log())
    return run, db.leader()


def test_a_run_takes_the_lock_again_after_a_reconnect(sync, db, api, host):
    run, number = at_work(sync, db, api)
    db.query(f"KILL {number}")
    until(lambda: db.leader() not in (None, number))
    stands_by(host("b"))
    api.rules([])
    assert run.wait(30) == 0 and set(requests(api).values()) == {1}
    assert db.leader() is None, "given up before the lock of this host"


def test_a_run_ends_if_another_host_took_its_lock(sync, db, api):
    run, number = at_work(sync, db, api)
    with contextlib.closing(db.connect()) as other, other.cursor() as cursor:
        db.query(f"KILL {number}")
        cursor.execute("SELECT GET_LOCK(%s, 5)", [db.leader_lock()])
        assert run.wait(60) == 69
    assert "another host sends the calls now" in log_of(sync)
    api.rules([])
    assert sync.run().code == 0 and len(api.by_uniqueid()) == 40


# ---- check ----

def test_check_tries_the_lock_and_says_who_leads(db, host, leader):
    other = host("b")
    assert "✓ leader: the server's locks work; cluster: this host sends the calls" in leader.run("check").out
    assert "cluster: another host sends the calls; this host is standby" in other.run("check").out
    leader.end_leader()
    until(lambda: db.leader() is None)
    assert "cluster: no host sends the calls now" in other.run("check").out
    assert db.leader() is None, "check takes nothing"
    with contextlib.closing(db.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, 0)", [f"{db.leader_lock()}.check"])
        run = other.run("check")
        assert run.code != 0 and "✗ leader: the server does not grant the lock" in run.out


def test_check_without_a_cluster_says_that_the_locks_work(sync, db):
    assert "✓ leader: the server's locks work\n" in sync.run("check").out


# ---- a proxy between a host and the server ----

UPTIME_IS_ASKED = b"\x01\x00\x00\x00\x09"  # a packet of one byte: COM_STATISTICS


@contextlib.contextmanager
def between(dialer, on_packet):
    """A proxy in front of the server, on its own port. on_packet(data) gets what a client sends before the server gets
    it. If on_packet returns "close", the proxy ends the connection."""
    def pump(client):
        with client, socket.socket(socket.AF_UNIX) as server, contextlib.suppress(OSError):
            server.connect(str(dialer.socket))
            while True:
                for source in select.select([client, server], [], [])[0]:
                    data = source.recv(65536)
                    if not data or (source is client and on_packet(data) == "close"):
                        return
                    (server if source is client else client).sendall(data)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=pump, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def connect_by(one, port):
    one.configure(astguiclient={"VARDB_server": "127.0.0.1", "VARDB_port": port},
                  config={"database": {"socket": None}})


@pytest.mark.parametrize("words", [["run"], ["backfill", "--from", "2 hours ago", "--to", "now"], ["reconcile"]],
                         ids=["run", "backfill", "reconcile"])
def test_the_lock_of_the_host_is_released_after_the_server_s(sync, db, api, words):
    """In the opposite order, this host's next run could start in between. It would find that the server's lock is
    taken, and say that another host sends the calls."""
    assert sync.run().code == 0
    db.insert(end_epoch=db.now() - 600)
    seen = []

    def on_packet(data):
        if f"RELEASE_LOCK('{db.leader_lock()}')".encode() in data:
            with open(sync.state / "lock", "rb") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    seen.append("free")
                except BlockingIOError:
                    seen.append("held")

    with between(db.dialer, on_packet) as port:
        connect_by(sync, port)
        assert sync.run(*words).code == 0
    assert seen == ["held"] and db.leader() is None


@pytest.mark.parametrize("trouble", ["slow", "close"])
def test_a_short_server_outage_does_not_end_a_leader(api, tmp_path, trouble):
    """Once a run mistook the host's own lock for another host's lock, and released it. Then no host sent calls for
    takeover_after."""
    todo = []

    def on_packet(data):
        what = todo.pop() if todo and data == UPTIME_IS_ASKED else None
        if what == "slow":
            time.sleep(4)
        return what

    with Dialer() as dialer, between(dialer, on_packet) as port:
        db = dialer.database()
        one = Sync(tmp_path / "a", db, api)
        one.configure(config={"sync": {"settle": 0, "splay": 0, "takeover_after": 300}})
        connect_by(one, port)
        one.set_checkpoint(db.now() - HOUR)
        assert one.run().code == 0
        db.make_cluster()
        led_just_now(one, db)
        assert one.run().code == 0 and one.leader_pid() is not None
        # otherwise the connection began just now
        until(lambda: int(db.query("SHOW GLOBAL STATUS LIKE 'Uptime'")[0]["Value"]) > 5)
        number, call = db.leader(), db.insert()
        todo.append(trouble)
        run = one.run()
        assert todo == [], "nobody asked"
        assert (run.code, list(api.by_uniqueid()), db.leader()) == (0, [call], number), run.log
        one.close()
