"""The package's life on one host, from a bare system to the purge and back. The tests are chapters: each goes on where
the one before ended."""
import gzip
import os
import pathlib
import re
import time

import pymysql
import pytest

from deb.build import NAME, PREVIOUS, USER, VERSION, build_previous, built_package
from deb.dialing import KEY, LOG, PASSWORD, STATE, CronJob, configure, grant
from harness.api import Api
from harness.dialer import Dialer


@pytest.fixture(scope="module")
def dialer():
    with Dialer(tcp=True) as server:
        server.database("asterisk")
        yield server


@pytest.fixture(scope="module")
def db(dialer):
    database = dialer.database("asterisk")
    grant(database)
    return database


@pytest.fixture(scope="module")
def api():
    with Api(api_key=KEY) as server:
        yield server


@pytest.fixture
def before(tmp_path):
    return build_previous(tmp_path)


def dial(db, count=3):
    """That many calls that have just ended; their uniqueids."""
    return db.insert_many([{"end_epoch": db.now() - 1} for _ in range(count)])


def forwarded(host, api, uniqueids):
    """Lets cron's line run, and says whether these calls arrived, each once."""
    done = CronJob(host).run()
    assert (done.code, done.out) == (0, ""), done.out + host.read(LOG)
    calls = api.by_uniqueid()
    return all(len(calls.get(uniqueid, ())) == 1 for uniqueid in uniqueids)


def log_files(host):
    return sorted(host.path("/var/log").glob(f"{NAME}.log*"))


def logged_calls(host):
    """How often each call's line stands in the log and its rotated files."""
    text = "".join(gzip.open(path, "rt").read() if path.suffix == ".gz" else path.read_text()
                   for path in log_files(host))
    return re.findall(r"✓ ([0-9.]+):", text)


def state(host):
    """The content of checkpoint and ledger."""
    return {path.name: path.read_bytes() for path in host.path(STATE).iterdir() if path.name != "lock"}


def process_in(host):
    """The running program: its directory under /proc, once it is no longer root."""
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (os.readlink(process / "root") == str(host.directory)
                    and os.readlink(process / "exe") == str(host.path(f"/usr/sbin/{NAME}"))
                    and not re.search(r"^Uid:\t0", (process / "status").read_text(), re.M)):
                return process
        except OSError:
            continue
    return None


# ---- a bare system ----

def test_it_installs_on_a_bare_system(host):
    assert not host.path("/usr/sbin/cron").exists()
    said = host.apt_install(built_package(), "logrotate")
    assert not re.search(r"warn", said, re.I), said
    assert f"{NAME} sends nothing yet" in said and f"\n    {NAME} enable\n" in said
    assert host.need(NAME, "--version") == f"{NAME} {VERSION}\n"
    assert host.owner(STATE) == f"{USER}:{USER} 0750"
    assert host.owner(LOG) == "root:adm 0640"
    assert re.search(rf"^{USER}:x:\d+:\d+:.*:{STATE}:/usr/sbin/nologin$", host.read("/etc/passwd"), re.M)
    assert host.owner(f"/etc/cron.d/{NAME}") == "root:root 0644"
    assert not host.path("/etc/asterisk").exists() and not host.path("/etc/astguiclient.conf").exists()


def test_unconfigured_check_says_what_to_do(host):
    done = host.run(NAME, "check")
    assert done.code == 78
    *remedies, verdict = [line for line in done.out.splitlines() if line.startswith("✗")]
    key, database = remedies  # what is wrong in one part keeps no other from being tested
    assert "NOT READY" in verdict and "api_key" in key and "/etc/asterisk/dids.conf" in key
    assert database.startswith("✗ database: ")
    assert "there is no /etc/astguiclient.conf" in done.out


def test_installed_beside_settings_that_are_there_it_sends_nothing(host, dialer, db, api):
    """Another program of the host may have made dids.conf long before: cron's first minutes say nothing, send
    nothing."""
    settings = host.read(f"/etc/{NAME}.conf")
    configure(host, dialer, api)
    dial(db, 40)
    for _ in range(2):
        done = CronJob(host).run()
        assert (done.code, done.out) == (0, "")
    assert api.state()["requests"] == 0 and host.read(LOG).count("Not enabled") == 1
    assert f"cron sends no calls until you run: {NAME} enable" in host.run(NAME, "check").out.splitlines()[-1]
    for path in ("/etc/asterisk/dids.conf", "/etc/astguiclient.conf"):
        host.path(path).unlink()
    host.path("/etc/asterisk").rmdir()
    host.write(f"/etc/{NAME}.conf", settings)
    db.query("DELETE FROM vicidial_log")
    api.clear()


def test_unconfigured_cron_mails_once_and_nothing_of_the_state_is_roots(host):
    assert "enabled: cron sends" in host.need(NAME, "enable")
    first, second = CronJob(host).run(), CronJob(host).run()
    assert (first.code, second.code) == (78, 78)
    assert "api_key" in first.out and second.out == ""
    for path in host.path(STATE).iterdir():
        assert host.owner(f"{STATE}/{path.name}") == f"{USER}:{USER} 0640", path.name
    assert host.owner(LOG) == "root:adm 0640"


# ---- configured ----

def test_the_account_of_grant_sql_can_read_what_it_must_and_no_more(dialer, db):
    def rows(table, columns="COUNT(*)"):
        with pymysql.connect(host="127.0.0.1", port=dialer.port, user="did_optimizer", password=PASSWORD,
                             database="asterisk") as connection, connection.cursor() as cursor:
            return cursor.execute(f"SELECT {columns} FROM {table}")
    assert rows("vicidial_log") == rows("vicidial_log_archive") == rows("servers WHERE active = 'Y'") == 1
    for forbidden in ("servers", "ASTmgrSECRET"), ("mysql.user", "*"):
        with pytest.raises(pymysql.err.OperationalError):
            rows(*forbidden)


def test_configured_check_is_content(host, dialer, db, api):
    configure(host, dialer, api)
    done = host.run(NAME, "check")
    assert done.code == 0 and "✗" not in done.out and "⚠" not in done.out, done.out
    assert done.out.splitlines()[-1].startswith("✓ verdict: READY")
    host.path("/etc/asterisk/dids.conf").chmod(0o644)
    assert "chmod 600" in host.need(NAME, "check")
    host.path("/etc/asterisk/dids.conf").chmod(0o600)


def test_crons_line_forwards_calls(host, db, api):
    dial(db)
    done = CronJob(host).run()
    assert (done.code, done.out) == (0, f"{NAME} works again.\n"), done.out + host.read(LOG)
    calls = dial(db, 5)
    assert forwarded(host, api, calls)
    assert len(api.by_uniqueid()) == 8
    assert sorted(logged_calls(host)) == sorted(api.by_uniqueid())


def test_the_files_it_made_belong_to_its_user(host):
    for path in host.path(STATE).iterdir():
        assert host.owner(f"{STATE}/{path.name}") == f"{USER}:{USER} 0640", path.name
    assert {"checkpoint", "ledger.db", "lock"} <= {path.name for path in host.path(STATE).iterdir()}
    assert host.owner(LOG) == "root:adm 0640"


def test_the_report_is_written_as_the_readme_says(host):
    host.need("install", "-d", "-o", USER, "/srv/calls")
    assert host.need(NAME, "report", "--html", "/srv/calls/index.html") == ""
    assert host.owner("/srv/calls/index.html") == f"{USER}:{USER} 0644"
    assert '"accepted_today":8,' in host.read("/srv/calls/index.html")
    refused = host.run(NAME, "report", "--html", "/srv/index.html")
    assert refused.code == 77 and f"the owner of {STATE} writes the page" in refused.out


def test_while_it_runs_it_has_no_privileges(host, db, api):
    number = re.search(rf"^{USER}:x:(\d+):(\d+):", host.read("/etc/passwd"), re.M)
    user, group = number.groups()
    dial(db)
    api.rules([{"delay_ms": 4000}])
    run = CronJob(host).start()
    try:
        deadline = time.monotonic() + 60
        process = None
        while process is None and time.monotonic() < deadline:
            time.sleep(0.05)
            process = process_in(host)
        assert process is not None, "it never gave up root"
        status = (process / "status").read_text()
        visible = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        limits = (process / "limits").read_text()
        descriptors = [os.readlink(path) for path in (process / "fd").iterdir()]
    finally:
        host.finish(run)
        api.rules([])
    assert re.search(rf"^Uid:\t{user}\t{user}\t{user}\t{user}$", status, re.M)
    assert re.search(rf"^Gid:\t{group}\t{group}\t{group}\t{group}$", status, re.M)
    assert re.search(rf"^Groups:\t{group} $", status, re.M)
    assert re.findall(r"^Cap(?:Inh|Prm|Eff|Amb):\t(\w+)$", status, re.M) == ["0" * 16] * 4
    assert re.search(r"^NoNewPrivs:\t1$", status, re.M)
    assert re.search(r"^Max core file size +0 +0 ", limits, re.M)
    assert KEY.encode() not in visible and PASSWORD.encode() not in visible
    assert not any(path.endswith(".conf") for path in descriptors)


def test_another_user_is_told_what_it_cannot_read(host):
    done = host.run("setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", NAME, "check")
    assert done.code == 77
    assert "/etc/asterisk/dids.conf: Permission denied" in done.out and "run as root" in done.out


def test_cron_itself_runs_it(host, db, api):
    calls = dial(db)
    cron = host.start("cron", "-f", "-L", "15")
    try:
        deadline = time.monotonic() + 100
        while not set(calls) <= set(api.by_uniqueid()) and time.monotonic() < deadline:
            time.sleep(0.5)
        # It ends soon after; a run cut off here would leave the next test with a held lock or a pending call.
        while process_in(host) is not None and time.monotonic() < deadline:
            time.sleep(0.1)
    finally:
        cron.kill()
        said = host.finish(cron).out
    assert set(calls) <= set(api.by_uniqueid()), said


# ---- logrotate ----

def test_logrotate_loses_no_line(host, db, api):
    rotate = ["logrotate", "--force", f"/etc/logrotate.d/{NAME}"]
    host.need(*rotate)
    dial(db)
    CronJob(host).run()
    # Once more, in the middle of a run: it ends in the file it began with.
    dial(db)
    api.rules([{"delay_ms": 2000}])
    run = CronJob(host).start()
    deadline = time.monotonic() + 60
    while process_in(host) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    host.need(*rotate)
    assert host.finish(run).code == 0
    api.rules([])
    dial(db)
    CronJob(host).run()
    assert sorted(logged_calls(host)) == sorted(api.by_uniqueid())
    assert [path.name for path in log_files(host)] == [f"{NAME}.log", f"{NAME}.log.1", f"{NAME}.log.2.gz"]
    assert host.owner(LOG) == host.owner(f"{LOG}.1") == "root:adm 0640"
    assert "error" not in host.need("logrotate", "--debug", "/etc/logrotate.conf").lower()


# ---- remove, and back ----

def test_remove_keeps_configuration_state_and_log(host, db):
    kept = state(host)
    host.need("apt-get", "remove", "-q", "-y", NAME)
    assert not host.path(f"/usr/sbin/{NAME}").exists()
    assert state(host) == kept and host.path(LOG).exists()
    assert f"password = {PASSWORD}" in host.read(f"/etc/{NAME}.conf")
    assert host.read(f"{STATE}/enabled").startswith("yes\n")
    # Its cron line is still there, and does nothing.
    done = CronJob(host).run()
    assert (done.code, done.out) == (0, "")


def test_installed_again_it_goes_on_where_it_stopped(host, db, api):
    sent = len(api.log())
    calls = dial(db)
    assert "sends nothing yet" not in host.apt_install(built_package())
    assert forwarded(host, api, calls)
    assert len(api.log()) == sent + len(calls), "nothing is sent twice"


def test_purge_leaves_nothing_but_the_user(host):
    host.need("apt-get", "purge", "-q", "-y", NAME)
    assert {path for path in host.files() if NAME in path} == set()
    assert USER in host.read("/etc/passwd")
    assert f"\n{NAME} " not in host.need("dpkg-query", "-W", "-f", "${Package} \n")
    # What VICIdial and the administrator own is untouched.
    assert host.path("/etc/asterisk/dids.conf").exists() and host.path("/etc/astguiclient.conf").exists()


# ---- upgrade ----

def test_upgrade_keeps_configuration_checkpoint_and_ledger(host, dialer, db, api, before):
    files = host.files()
    host.apt_install(before)
    assert host.need(NAME, "--version") == f"{NAME} {PREVIOUS}\n"
    configure(host, dialer, api)
    host.need(NAME, "enable")
    api.clear()
    calls = dial(db)
    assert forwarded(host, api, calls)
    host.path(f"{STATE}/enabled").unlink()  # as a version leaves it that knew nothing of `enable`
    edited, kept = host.read(f"/etc/{NAME}.conf"), state(host)

    said = host.apt_install(built_package())
    assert f"({VERSION}) over ({PREVIOUS})" in said and "sends nothing yet" not in said
    assert host.need(NAME, "--version") == f"{NAME} {VERSION}\n"
    assert host.read(f"/etc/{NAME}.conf") == edited, "an edited file is kept"
    assert host.owner(f"/etc/{NAME}.conf") == "root:root 0640", "and who may read it"
    assert "As the version before had it" not in host.read(f"/etc/cron.d/{NAME}"), \
        "an untouched one follows the package"
    assert state(host) == kept
    assert host.owner(STATE) == f"{USER}:{USER} 0750"

    # Nothing is sent twice, and the next calls go on.
    sent = len(api.log())
    calls = dial(db)
    assert forwarded(host, api, calls)
    assert len(api.log()) == sent + len(calls)
    assert host.read(f"{STATE}/enabled").startswith("yes\n")

    # Who has stopped it, stops it: an upgrade starts nothing.
    host.need(NAME, "disable")
    host.need(NAME, "settings", "set", "sync.batch_size", "400")
    assert host.path(f"/etc/{NAME}.conf.old").exists()
    host.need("dpkg-reconfigure", NAME)
    dial(db)
    assert CronJob(host).run().out == "" and len(api.log()) == sent + len(calls)

    host.need("apt-get", "purge", "-q", "-y", NAME)
    assert host.files() - files == set(), "purged, it leaves nothing"


def test_it_takes_over_from_an_installation_as_root(host, dialer, db, api):
    """`make install` leaves a state directory of root's; the package gives it to its user, with what is in it."""
    host.path(STATE).mkdir(mode=0o750)
    host.write(f"{STATE}/checkpoint", f"{db.now() - 60} 0\n", 0o640)
    below = [f"{STATE}/profiles/acme/spool/call.part", f"{STATE}/profiles/acme/ledger.db", f"{STATE}/spool/call.part",
             f"{STATE}/played/call.done"]
    for path in below:
        host.write(path, "", 0o640)
    host.apt_install(built_package())
    assert host.owner(STATE) == f"{USER}:{USER} 0750"
    for path in (f"{STATE}/checkpoint", *below):
        assert host.owner(path) == f"{USER}:{USER} 0640", path
    for path in (f"{STATE}/profiles", f"{STATE}/profiles/acme", f"{STATE}/profiles/acme/spool", f"{STATE}/spool"):
        assert host.owner(path).startswith(f"{USER}:{USER} "), path
    configure(host, dialer, api)
    host.need(NAME, "enable")
    assert forwarded(host, api, dial(db))


def test_an_owner_chosen_by_the_administrator_stays(host):
    host.need("dpkg-statoverride", "--update", "--add", "root", "adm", "0770", STATE)
    host.need("dpkg-reconfigure", NAME)
    assert host.owner(STATE) == "root:adm 0770"


def test_the_state_may_lie_on_another_disk(host, dialer, db, api):
    """A link that root has made: what is behind it becomes the user's, and a purge leaves what others have there."""
    host.need("dpkg-statoverride", "--remove", STATE)
    host.need("apt-get", "purge", "-q", "-y", NAME)
    host.path("/srv/disk").mkdir(mode=0o750)
    host.write("/srv/disk/of-others", "")
    host.path(STATE).symlink_to("/srv/disk")
    host.apt_install(built_package())
    assert host.owner("/srv/disk") == f"{USER}:{USER} 0750"
    configure(host, dialer, api)
    host.need(NAME, "enable")
    assert forwarded(host, api, dial(db))
    assert host.owner("/srv/disk/ledger.db") == f"{USER}:{USER} 0640"
    for name in ("leader", ".leader.new", "lease", ".lease.new"):  # as on a cluster
        host.write(f"/srv/disk/{name}", "")
    host.need("apt-get", "remove", "-q", "-y", NAME)
    assert not host.path("/srv/disk/lease").exists(), "the process that keeps the leader's lock lives on"
    for name in ("lease", "bigquery.state", ".bigquery.state.new", "records.db", "records.db-wal", "spool/call.part",
                 "played/call.done"):
        host.write(f"/srv/disk/{name}", "")  # as other types of sinks and recordings leave them
    host.need("apt-get", "purge", "-q", "-y", NAME)
    assert [path.name for path in host.path("/srv/disk").iterdir()] == ["of-others"]
    assert not host.path(STATE).is_symlink()


def test_no_process_and_no_mount_is_left(host):
    inside = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "root").startswith(str(host.directory)):
                inside.append((process / "cmdline").read_text())
        except OSError:
            continue
    assert inside == []
    assert str(host.directory) not in pathlib.Path("/proc/self/mounts").read_text()
