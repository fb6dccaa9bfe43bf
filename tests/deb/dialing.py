"""What turns a bare system with the package into a dialer: its configuration, and cron."""
import re

from deb.build import NAME
from harness.process import ROOT

KEY, PASSWORD = "deb-test-key", "deb-test-password"
STATE, LOG = f"/var/lib/{NAME}", f"/var/log/{NAME}.log"


def grant(database):
    """Makes VICIdial's tables and the account of examples/grant.sql, for a program that connects over TCP."""
    dialer = database.dialer
    database.make_vicidial()
    database.query("ALTER TABLE servers ADD ASTmgrSECRET VARCHAR(20)")
    sql = (ROOT / "packaging/examples/grant.sql").read_text()
    sql = re.sub("^--.*$", "", sql, flags=re.M).replace("localhost", "127.0.0.1").replace("CHOOSE_A_PASSWORD", PASSWORD)
    for statement in sql.split(";"):
        if statement.strip():
            dialer.query(statement)


def configure(root, dialer, api):
    """What VICIdial has, and then what an administrator does after reading the README."""
    root.write("/etc/astguiclient.conf", "VARserver_ip => 127.0.0.1\nVARDB_server => 127.0.0.1\n"
               f"VARDB_database => asterisk\nVARDB_user => cron\nVARDB_pass => 1234\nVARDB_port => {dialer.port}\n")
    root.write("/etc/asterisk/dids.conf", f"[general]\napi_base_url = {api.url}\napi_key = {KEY}\n", 0o600)
    settings = root.read(f"/etc/{NAME}.conf")
    for line in ("settle = 0", "user = did_optimizer", f"password = {PASSWORD}"):
        key = line.split(" ")[0]
        settings, changes = re.subn(f"^;{key} =.*$", line, settings, flags=re.M)
        assert changes == 1
    root.write(f"/etc/{NAME}.conf", settings, 0o640)


class CronJob:
    """The line of the installed cron.d file, taken apart as cron does it."""

    def __init__(self, root):
        self.root = root
        self.environment = {"HOME": "/root", "LOGNAME": "root"}
        lines = [line for line in root.read(f"/etc/cron.d/{NAME}").splitlines() if line and not line.startswith("#")]
        for line in lines[:-1]:
            name, value = line.split("=", 1)
            self.environment[name] = value
        *when, self.user, self.command = lines[-1].split(" ", 6)
        assert (when, self.user) == (["*"] * 5, "root")
        assert "%" not in self.command  # cron would take it for the end of the line

    def start(self):
        return self.root.start(self.environment["SHELL"], "-c", self.command, env=self.environment)

    def run(self):
        return self.root.finish(self.start())
