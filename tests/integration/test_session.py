"""The settings of the database server change neither which calls are read nor which statements wait for a read."""
import os
import pathlib
import socket
import subprocess
import time

import pytest

from harness import certs
from harness.dialer import Dialer
from harness.old_server import PARSE_ERROR, UNKNOWN_VARIABLE, OldServer
from harness.sync import Sync


@pytest.fixture
def server_setting(db):
    """server_setting(name, value) sets a variable of the server for new sessions, and restores the old value at the
    end."""
    before = {}

    def change(name, value):
        before.setdefault(name, db.query(f"SELECT @@GLOBAL.{name} AS value")[0]["value"])
        db.query(f"SET GLOBAL {name} = {value}")

    yield change
    for name, value in before.items():
        db.query(f"SET GLOBAL {name} = %s", [value])


def sent(api):
    return sorted(body["uniqueid"] for body in api.recorded())


@pytest.mark.parametrize("name, value", [("sql_select_limit", 5), ("max_join_size", 1),
                                         ("sql_mode", "'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'")])
def test_a_limit_or_mode_of_the_server_delays_no_call(sync, db, api, server_setting, name, value):
    """Goal: all calls are sent, even if the server's settings would cut results, refuse statements or read them
    otherwise."""
    uniqueids = sorted(db.insert_many([{"end_epoch": db.now() - n % 60}
                                       for n in range(300)] + [{"uniqueid": "it\\'s.7"}]))
    server_setting(name, value)
    assert sync.run().code == 0
    assert sent(api) == uniqueids


def test_a_read_of_innodb_tables_holds_no_lock_while_calls_are_sent(sync, db, api, server_setting):
    """Goal: the server has autocommit=0. An ALTER TABLE succeeds while the run waits for the API."""
    db.query("ALTER TABLE vicidial_log ENGINE=InnoDB")
    db.insert_many([{"end_epoch": db.now() - n % 60} for n in range(20)])
    server_setting("autocommit", 0)
    api.rules([{"delay_ms": 3000}])
    run = sync.start()
    while not api.log():
        assert run.poll() is None
        time.sleep(0.01)
    db.query("SET SESSION lock_wait_timeout = 1")
    try:
        db.query("ALTER TABLE vicidial_log ADD COLUMN for_this_test INT")
    finally:
        db.query("SET SESSION lock_wait_timeout = DEFAULT")
    assert run.poll() is None, "the run was over before: this shows nothing"
    assert run.wait(30) == 0


def test_the_server_does_not_end_an_idle_session(sync, db, api, server_setting):
    """Goal: the server has wait_timeout=1, and the API takes longer. The run exits with 0 and sends all calls, over one
    connection."""
    now = db.now()  # more calls than one statement may return, so that a second statement follows the first answer
    first = db.insert(end_epoch=now - 3500)
    uniqueids = sorted([first, *db.insert_many([{"end_epoch": now - 3400 + n} for n in range(3000)])])
    sync.configure(config={"sync": {"batch_size": 50}})
    server_setting("wait_timeout", 1)
    before = db.query("SHOW GLOBAL STATUS LIKE 'Connections'")[0]["Value"]
    api.rules([{"uniqueid": first, "delay_ms": 2500}])
    result = sync.run()
    assert result.code == 0, result.log
    assert sent(api) == uniqueids
    assert int(db.query("SHOW GLOBAL STATUS LIKE 'Connections'")[0]["Value"]) == int(before) + 1


def test_the_session_reconnects_between_two_statements(sync, db, api):
    """Goal: a proxy or a person ends the idle connection while calls are sent. The run exits with 0 and sends each call
    once."""
    now = db.now()
    uniqueids = sorted(db.insert_many([{"end_epoch": now - 3500 + n} for n in range(3000)]))
    sync.configure(config={"sync": {"batch_size": 50}})
    api.rules([{"delay_ms": 200}])
    run = sync.start()
    while len(api.log()) < 2:
        assert run.poll() is None
        time.sleep(0.005)
    for row in db.query("SELECT id FROM information_schema.processlist WHERE user = 'cron' AND command = 'Sleep'"):
        db.query(f"KILL CONNECTION {row['id']}")
    api.rules([])
    code = run.wait(60)
    assert code == 0, sync.log_file.read_text()
    assert sent(api) == uniqueids


def test_text_is_whole_where_the_server_ignores_the_clients_character_set(tmp_path, api):
    """Goal: a latin1 server has skip-character-set-client-handshake. Names and signs arrive unchanged."""
    with Dialer(options=["--skip-character-set-client-handshake", "--character-set-server=latin1"]) as dialer:
        db = dialer.database()
        dialer.query("SET NAMES utf8mb4")
        db.insert(campaign_id="José", user_group="5 €")
        sync = Sync(tmp_path / "host", db, api, timezone=dialer.timezone)
        sync.configure(config={"sync": {"settle": 0, "splay": 0}})
        sync.set_checkpoint(db.now() - 3600)
        assert sync.run().code == 0
        (body,) = api.recorded()
        assert (body["campaignId"], body["userGroup"]) == ("José", "5 €")


@pytest.mark.parametrize("refused, missing", [
    ({"_read_only": UNKNOWN_VARIABLE, "SESSION TRANSACTION READ ONLY": PARSE_ERROR}, ["a read-only session"]),
    ({"max_statement_time": UNKNOWN_VARIABLE}, ["a limit of a statement's time"]),
    ({"_read_only": UNKNOWN_VARIABLE, "SESSION TRANSACTION READ ONLY": PARSE_ERROR,
      "max_statement_time": UNKNOWN_VARIABLE, "NAMES utf8mb4": 1115},
     ["a read-only session", "a limit of a statement's time"]),
], ids=["MariaDB 5.5", "MySQL 5.6", "both"])
def test_an_old_server_is_used_without_what_it_lacks_and_check_says_so(sync, db, api, refused, missing):
    """Goal: the program sets the other variables and sends the calls, and `check` names the missing variable."""
    uniqueids = sorted(db.insert_many([{"end_epoch": db.now() - n % 60} for n in range(30)]))
    db.query("SET GLOBAL sql_select_limit = 5")
    try:
        with OldServer(db.dialer.socket, refused) as old:
            sync.configure(astguiclient={"VARDB_server": "127.0.0.1", "VARDB_port": old.port},
                           config={"database": {"socket": None}})
            assert sync.run().code == 0
            checked = sync.run("check")
    finally:
        db.query("SET GLOBAL sql_select_limit = DEFAULT")
    assert sent(api) == uniqueids
    assert checked.code == 0
    (line,) = [line for line in checked.out.splitlines() if "too old for" in line]
    for words in missing:
        assert words in line


@pytest.mark.parametrize("account", ["the whole server", "this account"])
def test_a_server_that_wants_tls_is_named_as_the_cause(tmp_path, api, account):
    """Goal: the run exits with 78, and its message names TLS and the setting. The server says only "access denied"."""
    made = certs.make(tmp_path)
    options = [f"--ssl-cert={made.good[0]}", f"--ssl-key={made.good[1]}"]
    if account == "the whole server":
        options.append("--require-secure-transport=ON")
    with Dialer(tcp=True, options=options) as dialer:
        db = dialer.database()
        if account == "this account":
            dialer.query("ALTER USER cron@'%' REQUIRE SSL")
        sync = Sync(tmp_path / "host", db, api)
        sync.configure(astguiclient={"VARDB_server": "127.0.0.1", "VARDB_port": dialer.port},
                       config={"database": {"socket": None}})
        result = sync.run()
        assert result.code == 78, result.log
        assert "over TLS only: set ssl_ca under [database]" in result.log
        dialer.query("ALTER USER cron@'%' REQUIRE NONE")
        sync.configure(astguiclient={"VARDB_pass": "wrong"})
        if account == "this account":  # a wrong password is still reported as a wrong password
            assert "TLS" not in sync.run().log


@pytest.mark.skipif(os.geteuid() != 0,
                    reason="only root can put files into the places of sockets for one process alone")
def test_a_stale_socket_file_does_not_hide_the_server(sync, db, api, tmp_path):
    """Goal: if a server has ended and left its socket, the program tries the next socket."""
    uniqueid = db.insert()
    stale, living = tmp_path / "stale", tmp_path / "living"
    for directory in (stale, living):
        directory.mkdir()
    with socket.socket(socket.AF_UNIX) as ended:
        ended.bind(str(stale / "mysqld.sock"))
    (living / "mysql.sock").symlink_to(db.dialer.socket)
    sync.configure(config={"database": {"socket": None}})
    script = (f"mkdir -p /run/mysqld /var/lib/mysql && mount --bind {stale} /run/mysqld && "
              f"mount --bind {living} /var/lib/mysql && exec \"$@\"")
    made = [path for path in ("/run/mysqld", "/var/lib/mysql") if not pathlib.Path(path).exists()]
    try:
        done = subprocess.run(["unshare", "--mount", "sh", "-c", script, "sh", *map(str, sync._command([]))],
                              capture_output=True, text=True, timeout=60)
    finally:
        for path in made:
            pathlib.Path(path).rmdir()
    assert done.returncode == 0, done.stdout + done.stderr
    assert sent(api) == [uniqueid]
