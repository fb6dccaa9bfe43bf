"""One installation of the program under test, in its own directory."""
import contextlib
import os
import pathlib
import signal
import sqlite3
import subprocess
import time
import types

from .process import end, program, spawn

# The program sees only these variables of the tester's environment: API_KEY or http_proxy would change a test.
_PASSED_ON = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "LLVM_PROFILE_FILE")


class Sync:
    """astguiclient, dids and config hold the settings of the three configuration files as dicts; change them with
    configure(). A test that needs another file content writes to *_file itself.

    enabled: cron may send, as after the command `enable`; a new installation is not enabled.
    database and api (from dialer.py and api.py, both optional) give the first settings.
    """

    def __init__(self, directory, database=None, api=None, timezone=None, enabled=True):
        self.directory = pathlib.Path(directory)
        self.astguiclient_file = self.directory / "astguiclient.conf"
        self.dids_file = self.directory / "dids.conf"
        self.config_file = self.directory / "did-optimizer-sync.conf"
        self.log_file = self.directory / "did-optimizer-sync.log"
        self.legacy_file = self.directory / "last-check.txt"
        self.cron_file = self.directory / "cron.d" / "did-optimizer-sync"
        self.state = self.directory / "state"
        self.enabled_file = self.state / "enabled"
        self.checkpoint_file = self.state / "checkpoint"
        self.timezone = timezone
        self.before = []  # the words of a program that starts ours, for example to measure ours
        self.astguiclient, self.dids, self.config = {}, {}, {}
        self._started = []
        self.state.mkdir(parents=True)
        if enabled:
            self.enabled_file.write_text("yes\n")
        if database is not None:
            self.astguiclient.update(VARserver_ip="127.0.0.1", VARDB_server="localhost", VARDB_database=database.name,
                                     VARDB_user="cron", VARDB_pass="1234", VARDB_port="3306")
            # A test does not depend on how quick the machine is; those of the limit set one.
            self.config["database"] = {"socket": database.dialer.socket, "max_server_time": 0}
        if api is not None:
            self.dids.update(api_base_url=api.url, api_key=api.api_key)
        self.configure()

    def configure(self, astguiclient=(), dids=(), config=()):
        """Merges settings into the three files and writes them; None removes a key. config is by section:
        configure(config={"sync": {"settle": 0}})."""
        _merge(self.astguiclient, dict(astguiclient))
        _merge(self.dids, dict(dids))
        for section, settings in dict(config).items():
            _merge(self.config.setdefault(section, {}), settings)
        self.astguiclient_file.write_text("".join(f"{key} => {value}\n" for key, value in self.astguiclient.items()))
        self.dids_file.write_text(_ini({"general": self.dids}))
        self.config_file.write_text(_ini(self.config))

    def _command(self, args):
        return [program("SYNC_BINARY", "build/did-optimizer-sync"), "--astguiclient", self.astguiclient_file,
                "--dids", self.dids_file, "--config", self.config_file, "--state-dir", self.state,
                "--log", self.log_file, "--legacy-checkpoint", self.legacy_file, "--cron-file",
                self.cron_file, *args]

    def words(self, *args):
        """The program with the paths of this installation, as a list of words for subprocess."""
        return [str(word) for word in self._command(args)]

    def start(self, *args, env=None, stdin=subprocess.DEVNULL):
        """Starts the program, and returns its Popen (text, stdout and stderr are pipes). close() ends the program if
        it still runs."""
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        if self.timezone:
            environment["TZ"] = self.timezone
        environment.update(env or {})
        process = spawn([*self.before, *self._command(args)], env=environment, cwd=str(self.directory), stdin=stdin,
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", errors="replace")
        self._started.append(process)
        return process

    def run(self, *args, env=None, timeout=300):
        """Runs the program to its end. Returns an object with code, out, err and log: the log lines of this run.
        TimeoutExpired when the run takes longer than timeout: it hangs, and is not only slow."""
        before = self.log_file.stat().st_size if self.log_file.exists() else 0
        process = self.start(*args, env=env)
        try:
            out, err = process.communicate(timeout=timeout)
        finally:
            end(process)
            process.stdout.close()
            process.stderr.close()
            self._started.remove(process)
        return types.SimpleNamespace(code=process.returncode, out=out, err=err, log=self._log_from(before))

    def _log_from(self, offset):
        if not self.log_file.exists():
            return ""
        content = self.log_file.read_bytes()
        return content[offset if offset <= len(content) else 0:].decode("utf-8", "replace")

    def leader_pid(self):
        """The background process that keeps the leader's lock for this host; None if there is none."""
        try:
            pid = int((self.state / "leader").read_text().split()[2])
            state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return None
        return pid if state != "Z" else None

    def end_leader(self, sig=signal.SIGTERM):
        """Ends the process of leader_pid; with SIGKILL as if the host died."""
        pid = self.leader_pid()
        if pid is None:
            return
        os.kill(pid, sig)
        while self.leader_pid() is not None:
            time.sleep(0.01)

    def close(self):
        """Ends every process started here, and the leader's background process."""
        for process in self._started:
            end(process)
            process.stdout.close()
            process.stderr.close()
        self._started.clear()
        self.end_leader()

    def checkpoint(self):
        """The first line of the checkpoint file; None when there is no file."""
        if not self.checkpoint_file.exists():
            return None
        return self.checkpoint_file.read_text().partition("\n")[0]

    def set_checkpoint(self, text):
        self.checkpoint_file.write_text(f"{text}\n")

    def ledger(self, sql, *args):
        """Rows of the ledger as tuples."""
        uri = (self.state / "ledger.db").as_uri() + "?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as ledger:
            return ledger.execute(sql, args).fetchall()


def _merge(settings, changes):
    for key, value in changes.items():
        if value is None:
            settings.pop(key, None)
        else:
            settings[key] = value


def _ini(sections):
    return "\n".join(f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items())
                     for section, settings in sections.items())
