"""A private PostgreSQL server for records."""
import contextlib
import csv
import io
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

from .dialer import free_port
from .process import end, spawn
from .template import template

# Debian installs each version in a directory of its own.
_DIRECTORIES = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
# The server refuses to run as root.
_AS_ROOT = os.geteuid() == 0
_USER = pwd.getpwnam("nobody") if _AS_ROOT else pwd.getpwuid(os.geteuid())
_BECOME = ["setpriv", f"--reuid={_USER.pw_uid}", f"--regid={_USER.pw_gid}", "--clear-groups"] if _AS_ROOT else []

PASSWORD = "se'cret; #1"
_HBA = """
local all postgres trust
local all all scram-sha-256
hostnossl all tls_only all reject
host all all all scram-sha-256
"""


def _find(program):
    for directory in reversed(_DIRECTORIES):
        if (directory / program).exists():
            return directory / program
    raise FileNotFoundError(f"{program} is not installed (Debian: postgresql)")


def _give(path):
    """Gives the path to the user that runs the server."""
    if _AS_ROOT:
        os.chown(path, _USER.pw_uid, _USER.pw_gid)


def _environment():
    return {"PATH": os.environ.get("PATH", ""), "TZ": "America/New_York"}


def _make_data(directory):
    """An empty data directory."""
    _give(directory)
    made = subprocess.run([*_BECOME, _find("initdb"), "-D", directory / "data", "-U", "postgres", "-A", "trust", "-E",
                           "UTF8", "--locale=C", "--no-sync"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True,
                          env=_environment(), cwd="/")
    if made.returncode != 0:
        raise RuntimeError("initdb failed:\n" + made.stdout)


class Postgresql:
    """A running server on a Unix socket and on 127.0.0.1:port. With certificates (certs.py) it also speaks TLS.
    The methods of this object run as the user postgres. options: settings of the server."""

    def __init__(self, certificate=None, key=None, options=()):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="postgresql-"))
        self.port = free_port()
        self._process = None
        self._settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": self.directory,
                          "fsync": "off", "shared_buffers": "16MB", "max_connections": 30, "log_destination": "stderr",
                          **dict(options)}
        _give(self.directory)
        os.chmod(self.directory, 0o755)
        subprocess.run([*_BECOME, "cp", "-a", template("postgresql", _make_data) / "data", self.directory / "data"],
                       check=True, cwd="/")
        (self.directory / "data" / "pg_hba.conf").write_text(_HBA)
        if certificate:
            for source, name in ((certificate, "server.crt"), (key, "server.key")):
                shutil.copy(source, self.directory / name)
                _give(self.directory / name)
                os.chmod(self.directory / name, 0o600)
            self._settings.update(ssl="on", ssl_cert_file=self.directory / "server.crt",
                                  ssl_key_file=self.directory / "server.key")
        self.log_file = self.directory / "log"
        try:
            self.start()
            self.query("CREATE ROLE sync LOGIN PASSWORD " + _literal(PASSWORD))
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    def start(self):
        """Starts a server again that was halted or killed."""
        if self.running:
            return
        words = [f"--{name}={value}" for name, value in self._settings.items()]
        become = [*_BECOME, "--pdeathsig", "KILL"] if _BECOME else []
        with open(self.log_file, "ab") as log:
            self._process = spawn([*become, _find("postgres"), "-D", self.directory / "data", *words],
                                  stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(), cwd="/")
        deadline = time.monotonic() + 60
        while True:
            try:
                self.query("SELECT 1")
                return
            except RuntimeError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("postgres does not come up:\n" + self.log_file.read_text()) from None
                time.sleep(0.02)

    def halt(self):
        """Shuts the server down even with open connections; start() brings it back with all its data."""
        if self._process is not None:
            end(self._process, signal.SIGINT, patience=30)

    def kill(self):
        """Kills the server, as a power cut would, but the kernel still writes its buffers; start() brings it back."""
        self._process.kill()
        self._process.wait()
        self._wait_for_the_last()

    def _wait_for_the_last(self):
        """Waits until all child processes of the server have ended. Before that no other server may use the
        directory."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            busy = [path for path in pathlib.Path("/proc").glob("[0-9]*/cwd")
                    if _points_to(path, self.directory / "data")]
            if not busy:
                return
            time.sleep(0.01)
        raise TimeoutError("the server's processes do not end")

    def stop(self):
        """Ends the server and removes its files."""
        self.halt()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _psql(self, database, user):
        return [_find("psql"), "-X", "-q", "-h", str(self.directory), "-p", str(self.port), "-U", user, "-d", database,
                "-v", "ON_ERROR_STOP=1"]

    def query(self, sql, database="postgres", user="postgres"):
        """Runs statements; returns the rows of the last one as dicts of texts, None for NULL."""
        done = subprocess.run([*self._psql(database, user), "--csv", "-P", "null=\\N", "-f", "-"], input=sql,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={**_environment(), "PGPASSWORD": PASSWORD})
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return [{name: None if value == "\\N" else value for name, value in row.items()}
                for row in csv.DictReader(io.StringIO(done.stdout))]

    @contextlib.contextmanager
    def session(self, sql, database):
        """Runs sql in a transaction and keeps the transaction open."""
        process = spawn(self._psql(database, "postgres"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                        env=_environment())
        try:
            process.stdin.write(f"BEGIN; {sql};\n\\echo ready\n")
            process.stdin.flush()
            while process.stdout.readline().strip() != "ready":
                assert process.poll() is None
            yield
        finally:
            process.stdin.close()
            process.wait()
            process.stdout.close()

    def database(self, name="calls"):
        """A fresh database of that name, owned by sync."""
        self.query(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.query(f"CREATE DATABASE {name} OWNER sync")
        return Records(self, name)


class Records:
    """A database that keeps records."""

    def __init__(self, server, name):
        self.server, self.name = server, name

    def url(self, user="sync", host="127.0.0.1", **parameters):
        more = "&".join(f"{key}={value}" for key, value in parameters.items())
        return f"postgresql://{user}@{host}:{self.server.port}/{self.name}" + (f"?{more}" if more else "")

    def query(self, sql, user="postgres"):
        return self.server.query(sql, self.name, user)

    def session(self, sql):
        return self.server.session(sql, self.name)

    def by_uuid(self, table="callcenter_records"):
        rows = self.query(f"SELECT * FROM {table}")
        assert len({row["uuid"] for row in rows}) == len(rows)
        return {row["uuid"]: row for row in rows}

    def logs(self):
        return self.query("SELECT * FROM callcenter_sync_logs ORDER BY id")


def _literal(text):
    return "'" + text.replace("'", "''") + "'"


def _points_to(link, path):
    try:
        return link.readlink() == path
    except OSError:
        return False
