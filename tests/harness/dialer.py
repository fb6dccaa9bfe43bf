"""A dialer's database: a private MariaDB server with rows as VICIdial writes them."""
import contextlib
import itertools
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pymysql

from .process import ROOT, end, spawn
from .template import template

SCHEMA = ROOT / "tests" / "vicidial_log.sql"
# All tables that the program reads, by VICIdial's version.
VICIDIAL = {"newest": [SCHEMA, ROOT / "tests" / "vicidial_tables.sql"], "2.4": [ROOT / "tests" / "vicidial_2.4.sql"]}
# Debian installs the server in a directory that is not in a user's PATH.
_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
# mariadbd refuses to run as root without --user; for other users the option causes a warning.
_AS_ROOT = ["--user=root"] if os.geteuid() == 0 else []
_INNODB = ["--innodb-log-file-size=4M"]  # the default of 96 MB would be copied for every server
_COLUMNS = ("uniqueid lead_id list_id campaign_id call_date start_epoch end_epoch length_in_sec status phone_code "
            "phone_number user comments processed user_group term_reason alt_dial called_count").split()


def _find(program):
    path = shutil.which(program, path=_PATH)
    if path is None:
        raise FileNotFoundError(f"{program} is not installed (Debian: mariadb-server-core)")
    return path


def _make_data(directory):
    """An empty data directory."""
    made = subprocess.run(
        [_find("mariadb-install-db"), "--no-defaults", f"--datadir={directory}/data", f"--tmpdir={directory}",
         "--auth-root-authentication-method=normal", "--skip-test-db", *_INNODB, *_AS_ROOT],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, env={"PATH": _PATH})
    if made.returncode != 0:
        raise RuntimeError("mariadb-install-db failed:\n" + made.stdout)


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Dialer:
    """A running server. timezone is the time zone of the dialer's host.

    With tcp=True the server also listens on 127.0.0.1:port; otherwise only on its Unix socket. options are further
    mariadbd options, which override the ones given here.
    """

    def __init__(self, timezone="America/New_York", tcp=False, options=()):
        self.timezone = timezone
        # Not under the test's own directory: the path of a Unix socket may have at most 107 characters.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="dialer-"))
        self.socket = self.directory / "mysql.sock"
        self.port = free_port() if tcp else None
        self._options = list(options)
        self._process = None
        self._connection = None
        shutil.copytree(template("dialer", _make_data) / "data", self.directory / "data")
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self._process.pid if self._process else None

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    @property
    def log(self):
        """The server's error log."""
        return (self.directory / "error.log").read_text(errors="replace")

    def start(self):
        """Starts a server again that was halted or killed. The constructor starts it first."""
        if self.running:
            return  # two servers on one data directory would ruin it
        network = ["--skip-networking"]
        if self.port:
            network = ["--bind-address=127.0.0.1", f"--port={self.port}", "--skip-name-resolve"]
        self._process = spawn(
            [_find("mariadbd"), "--no-defaults", f"--datadir={self.directory}/data", f"--socket={self.socket}",
             f"--pid-file={self.directory}/pid", f"--log-error={self.directory}/error.log",
             f"--tmpdir={self.directory}", "--sql-mode=NO_ENGINE_SUBSTITUTION", "--innodb-buffer-pool-size=8M",
             "--key-buffer-size=8M", *_INNODB, *network, *_AS_ROOT, *self._options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={"PATH": _PATH, "TZ": self.timezone})
        deadline = time.monotonic() + 60
        while True:
            try:
                self._connection = self.connect()
                return
            except pymysql.err.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("mariadbd does not come up:\n" + self.log) from None
                time.sleep(0.02)

    def _end(self, sig):
        if self._connection is not None:
            with contextlib.suppress(pymysql.err.Error):
                self._connection.close()
            self._connection = None
        if self._process is not None:
            end(self._process, sig, patience=30)

    def halt(self):
        """Shuts the server down cleanly; start() brings it back with all its data."""
        self._end(signal.SIGTERM)

    def kill(self):
        """Kills the server, as a power cut would; start() brings it back."""
        self._end(signal.SIGKILL)

    def restart(self):
        self.halt()
        self.start()

    def stop(self):
        """Ends the server and removes the server's files."""
        self.halt()
        shutil.rmtree(self.directory, ignore_errors=True)

    def connect(self, user="root", password="", database=None, **options):
        """A new connection for the test alone, for example to hold a lock."""
        return pymysql.connect(unix_socket=str(self.socket), user=user, password=password, database=database,
                               charset="utf8mb4", autocommit=True, **options)

    def query(self, sql, args=None):
        """Runs one statement as root; returns its rows as dicts, an empty list when it has no rows."""
        with self._connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute(sql, args)
            return list(cursor.fetchall())

    def now(self):
        """The database's clock."""
        return self.query("SELECT UNIX_TIMESTAMP() AS now")[0]["now"]

    def database(self, name="asterisk"):
        """A fresh database of that name; drops an older one of that name first."""
        return Database(self, name)

    def days(self, first_ago, last_ago):
        """Two whole days of the dialer's time zone, so many days ago: (their dates, when the first one begins, when
        the last one is over)."""
        row = self.query("SELECT CURDATE() - INTERVAL %s DAY AS first, CURDATE() - INTERVAL %s DAY AS last, "
                         "UNIX_TIMESTAMP(CURDATE() - INTERVAL %s DAY) AS begin, "
                         "UNIX_TIMESTAMP(CURDATE() - INTERVAL %s DAY) AS end",
                         [first_ago, last_ago, first_ago, last_ago - 1])[0]
        return (str(row["first"]), str(row["last"])), int(row["begin"]), int(row["end"])


class Database:
    """One VICIdial database, with the users cron/1234 (with the grants of VICIdial's manual) and reader/read1234
    (SELECT only). The methods of this object run as root."""

    READER = ("reader", "read1234")

    def __init__(self, dialer, name):
        self.dialer = dialer
        self.name = name
        self._ids = itertools.count(1)
        self._columns = _COLUMNS
        self.drop()
        dialer.query(f"CREATE DATABASE `{name}` CHARACTER SET utf8 COLLATE utf8_unicode_ci")
        dialer.query(f"USE `{name}`")
        self._load(SCHEMA)
        for host in ("localhost", "%"):
            dialer.query(f"CREATE USER IF NOT EXISTS cron@'{host}' IDENTIFIED BY '1234'")
            dialer.query(f"GRANT SELECT,INSERT,UPDATE,DELETE,LOCK TABLES ON `{name}`.* TO cron@'{host}'")
            dialer.query(f"GRANT RELOAD ON *.* TO cron@'{host}'")
            dialer.query(f"CREATE USER IF NOT EXISTS {self.READER[0]}@'{host}' IDENTIFIED BY '{self.READER[1]}'")
            dialer.query(f"GRANT SELECT ON `{name}`.* TO {self.READER[0]}@'{host}'")

    def drop(self):
        self.dialer.query(f"DROP DATABASE IF EXISTS `{self.name}`")

    def connect(self, user="cron", password="1234"):
        return self.dialer.connect(user, password, self.name)

    def query(self, sql, args=None):
        self.dialer._connection.select_db(self.name)  # a test may have used another database, or restarted the server
        return self.dialer.query(sql, args)

    def now(self):
        return self.dialer.now()

    def _load(self, file, engine="MyISAM"):
        for statement in file.read_text().replace("ENGINE=MyISAM", f"ENGINE={engine}").split(";\n"):
            if statement.strip():
                self.query(statement)

    def make_vicidial(self, version="newest", engine="MyISAM"):
        """Replaces the empty tables by all tables that the program reads, as that version of VICIdial has them."""
        self.query("DROP TABLE vicidial_log, vicidial_log_archive")
        for file in VICIDIAL[version]:
            self._load(file, engine)
        there = {row["Field"] for row in self.query("SHOW COLUMNS FROM vicidial_log")}
        self._columns = [column for column in _COLUMNS if column in there]

    def put(self, table, **columns):
        """Writes one row of any table. Returns the row's AUTO_INCREMENT key, or 0 if the table has no such key."""
        with self.dialer._connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO `{self.name}`.{table} (" + ",".join(f"`{column}`" for column in columns)
                           + ") VALUES (" + ",".join(["%s"] * len(columns)) + ")", list(columns.values()))
            return cursor.lastrowid

    def make_cluster(self):
        """Gives VICIdial two servers, so that a run starts a background process that keeps the leader's lock."""
        self.query("CREATE TABLE servers (server_ip VARCHAR(15), active ENUM('Y','N'))")
        self.query("INSERT INTO servers VALUES ('10.0.0.1', 'Y'), ('10.0.0.2', 'Y')")

    def leader_lock(self, profile=None):
        """The name of the leader's lock: the FNV-1a hash of the names of the database and the profile."""
        value = 14695981039346656037
        for byte in (self.name.lower() + (f"/{profile}" if profile else "")).encode():
            value = (value ^ byte) * 1099511628211 % 2 ** 64
        return f"did-optimizer-sync.{value:016x}"

    def leader(self):
        """The number of the connection that holds the lock; None: the lock is free."""
        return self.query("SELECT IS_USED_LOCK(%s) AS holder", [self.leader_lock()])[0]["holder"]

    def insert(self, **columns):
        """Inserts one call and returns its uniqueid. The defaults make a sale that ended this second.

        As in Asterisk, uniqueid begins with the epoch of the call's begin. call_date is start_epoch in the database's
        time zone.
        """
        return self.insert_many([columns])[0]

    def insert_many(self, rows, table="vicidial_log"):
        """Inserts many calls, each a dict of insert's arguments; returns their uniqueids. Fast enough for 100,000."""
        now = self.now()
        rows = [self._completed(row, now) for row in rows]
        places = ["IFNULL(%s,FROM_UNIXTIME(%s))" if column == "call_date" else "%s" for column in self._columns]
        for start in range(0, len(rows), 1000):
            batch = rows[start:start + 1000]
            values = [value for row in batch for column in self._columns
                      for value in (row[column] if column == "call_date" else (row[column],))]
            self.query(f"INSERT INTO {table} ({','.join(self._columns)}) VALUES "
                       + ",".join(["(" + ",".join(places) + ")"] * len(batch)), values)
        return [row["uniqueid"] for row in rows]

    def _completed(self, given, now):
        unknown = set(given) - set(self._columns)
        if unknown:
            raise TypeError(f"vicidial_log has no column {', '.join(sorted(unknown))}")
        number = next(self._ids)
        row = {"lead_id": number, "list_id": 101, "campaign_id": "TESTCAMP", "end_epoch": now, "status": "SALE",
               "phone_code": "1", "phone_number": str(3120000000 + number), "user": "6666", "comments": "AUTO",
               "processed": "N", "user_group": "AGENTS", "term_reason": "CALLER", "alt_dial": "MAIN",
               "called_count": 1, **given}
        ended = row["end_epoch"]
        row.setdefault("start_epoch", max(0, (ended or now) - (row.get("length_in_sec", 45) or 0)))
        began = row["start_epoch"]
        row.setdefault("length_in_sec", ended - began if ended and began is not None else None)
        row.setdefault("uniqueid", f"{began or ended or now}.{number}")
        # The call_date that the test gave. If the test gave none, call_date is made from the epoch.
        row["call_date"] = (row["call_date"], None) if "call_date" in row else (None, began or ended)
        return row

    def update(self, uniqueid, **columns):
        self.query("UPDATE vicidial_log SET " + ",".join(f"{column}=%s" for column in columns) + " WHERE uniqueid=%s",
                   [*columns.values(), uniqueid])

    def delete(self, uniqueid):
        self.query("DELETE FROM vicidial_log WHERE uniqueid=%s", [uniqueid])

    def row(self, uniqueid):
        """The call's current row as a dict; None if the row does not exist."""
        rows = self.query("SELECT * FROM vicidial_log WHERE uniqueid=%s", [uniqueid])
        return rows[0] if rows else None
