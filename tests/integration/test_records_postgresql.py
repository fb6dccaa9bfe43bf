"""The sink `records` with a real PostgreSQL server. The server is killed, full, read-only or slow, has locked tables
and constraints, or refuses the account. No call is lost or written twice, and what other programs added stays."""
import contextlib
import json
import threading
import time

import pytest

from harness import certs
from harness.keeping import installed, name_of
from harness.metrics import Metrics
from harness.postgresql import PASSWORD, Postgresql
from harness.process import ROOT, until
from harness.sync import Sync


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return certs.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def postgresql(certificates):
    with Postgresql(*certificates.good) as server:
        yield server


@pytest.fixture
def calls(postgresql):
    """A fresh database, even when the test before left the server down."""
    postgresql.start()
    return postgresql.database()


@pytest.fixture
def sync(db, calls, tmp_path):
    installation = Sync(tmp_path / "host", db, timezone=db.dialer.timezone)
    installation.password_file = tmp_path / "password"
    installation.password_file.write_text(PASSWORD + "\n")
    installation.password_file.chmod(0o600)
    installation.configure(config={
        "sync": {"settle": 0, "splay": 0, "retry_base": 0},
        "sink": {"type": "records", "url": calls.url(), "password_file": installation.password_file, "timeout": 2}})
    installation.set_checkpoint(db.now() - 3600)
    yield installation
    for path in (installation.log_file, installation.config_file):
        assert not path.exists() or PASSWORD not in path.read_text()
    installation.close()


def insert(db, count=6, **columns):
    now = db.now()
    return db.insert_many([{"end_epoch": now - 60 + n, **columns} for n in range(count)])


def succeeds(run):
    assert run.code == 0 and "✅ Sync completed successfully" in run.log, run.log
    return run


def outage(run, *words):
    """No call was lost, and the run says why no call was written."""
    assert run.code == 69 and "the record store is down: " in run.log and "no call is lost" in run.log, run.log
    for word in words:
        assert word in run.log, run.log


# ---- calls and runs ----

def test_calls_become_rows_and_a_change_leaves_what_others_added(db, sync, calls):
    now = db.now()
    call = db.insert(end_epoch=now - 60, length_in_sec=45, status="A", phone_number="3125550100", user="O'Neil",
                     comments="bytes \\ \"quoted\" ☎")
    other = db.insert(end_epoch=now - 50, status="NA")
    succeeds(sync.run("run"))
    made = calls.by_uuid()
    assert made.keys() == {call, other}
    row = made[call]
    assert (row["source"], row["destination"], row["agent"], row["call_status"]) == \
        ("vicidial", "3125550100", "O'Neil", "answered")
    assert (int(row["end_epoch"]), int(row["duration"])) == (now - 60, 45)
    assert json.loads(row["raw_data"])["comments"] == "bytes \\ \"quoted\" ☎"
    assert calls.query("SELECT count(*) AS n FROM callcenter_records WHERE extract(epoch FROM end_time) = end_epoch "
                       "AND extract(epoch FROM start_time) = start_epoch")[0]["n"] == "2"
    log, = calls.logs()
    assert (log["status"], log["total_records"], log["created_count"]) == ("completed", "2", "2") and log["end_time"]

    calls.query("ALTER TABLE callcenter_records ADD COLUMN notes text; UPDATE callcenter_records SET notes = 'n', "
                "google_drive_url = 'https://drive/x', upload_status = 'done', updated_at = '2020-01-01', "
                "recording_path = 'a.wav', answer_epoch = 7")
    before = calls.by_uuid()
    db.update(call, status="SALE")
    assert sync.run("backfill", "--from", "1 hour ago", "--to", "now").code == 0
    after = calls.by_uuid()
    assert after[other] == before[other]
    changed = {name for name in before[call] if before[call][name] != after[call][name]}
    assert changed == {"disposition", "record_hash", "updated_at"} | (changed & {"call_status", "raw_data"})
    assert after[call]["disposition"] == "SALE"
    assert [log["sync_type"] for log in calls.logs()] == ["poll", "backfill"]
    assert "updated" in sync.run("why", call).out


def test_a_later_run_marks_a_run_that_was_killed(db, sync, calls):
    insert(db)
    succeeds(sync.run("run"))
    calls.query("UPDATE callcenter_sync_logs SET status = 'running', end_time = NULL, updated_at = now() - interval '1 "
                "h'")
    insert(db)
    succeeds(sync.run("run"))
    assert [log["status"] for log in calls.logs()] == ["failed", "completed"]
    assert "without a result" in calls.logs()[0]["error_message"]


def test_another_programs_table_is_filled_by_its_own_names(db, sync, calls):
    """Goal: the table has a schema and names in camel case, as Prisma makes them. Columns that the table lacks are left
    out."""
    calls.query('CREATE SCHEMA app AUTHORIZATION sync; SET ROLE sync; CREATE TABLE app."CallCenterRecord" (id serial '
                'PRIMARY '
                'KEY, "externalUuid" text UNIQUE, "startTime" timestamp(3), "rawData" json, hash text, "driveUrl" '
                'text)')
    left_out = ("source direction caller_id destination phone_number campaign agent disposition call_status "
                "start_epoch answer_epoch end_epoch answer_time end_time duration billsec recording_path "
                "google_drive_id upload_status upload_retry_count recording_md5 first_seen created_at "
                "updated_at").split()
    sync.configure(config={"sink": {
        "table": "app.CallCenterRecord", "logs_table": "-", "column.uuid": "externalUuid",
        "column.start_time": "startTime",
        "column.raw_data": "rawData", "column.record_hash": "hash", "column.google_drive_url": "driveUrl",
        **{f"column.{name}": "-" for name in left_out}}})
    call = db.insert(start_epoch=db.now() - 100)
    succeeds(sync.run("run"))
    row, = calls.query('SELECT * FROM app."CallCenterRecord"')
    assert row["externalUuid"] == call and json.loads(row["rawData"])["lead_id"]
    assert calls.query('SELECT 1 FROM app."CallCenterRecord" WHERE extract(epoch FROM "startTime") = '
                       f"{db.row(call)['start_epoch']}")
    assert calls.query("SELECT to_regclass('callcenter_records') AS t")[0]["t"] is None


# ---- rows that are refused ----

def test_bad_rows_among_good_ones_are_rejected_alone(db, sync, calls):
    succeeds(sync.run("run"))
    calls.query("SET ROLE sync; CREATE TABLE callcenter_records (source text, uuid text, record_hash text, agent "
                "varchar(4), campaign text CHECK (campaign <> 'BAD'), UNIQUE (source, uuid))")
    good = insert(db, 40)
    long = db.insert(user="66666")
    bad = insert(db, 2, campaign_id="BAD")
    run = sync.run("run")
    assert calls.by_uuid().keys() == set(good)
    assert f"✗ {long}: failed: value too long for type character varying(4) (rejected)" in run.log
    assert all(f"✗ {uuid}: failed: new row for relation" in run.log for uuid in bad)
    assert (calls.logs()[-1]["status"], calls.logs()[-1]["failed_count"]) == ("partial", "3")
    calls.query("ALTER TABLE callcenter_records ALTER agent TYPE text")
    assert sync.run("failed", "retry", long).code == 0
    sync.run("run")
    assert long in calls.by_uuid()


def test_a_constraint_that_waits_for_the_commit_blames_its_row(db, sync, calls):
    insert(db, 2)
    succeeds(sync.run("run"))
    calls.query("CREATE TABLE agents (agent text PRIMARY KEY); INSERT INTO agents VALUES ('6666'); ALTER TABLE "
                "callcenter_records ADD FOREIGN KEY (agent) REFERENCES agents DEFERRABLE INITIALLY DEFERRED")
    good, bad = insert(db, 5), db.insert(user="9")
    run = sync.run("run")
    assert f"✗ {bad}: failed: insert or update on table" in run.log, run.log
    assert set(good) <= calls.by_uuid().keys() and bad not in calls.by_uuid()


def test_an_error_that_nobody_knows_keeps_no_other_row_from_being_written(db, sync, calls):
    insert(db, 2)
    succeeds(sync.run("run"))
    calls.query("CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.agent = 'odd' THEN "
                "RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = 'odd error'; END IF; RETURN NEW; END $$; "
                "CREATE TRIGGER t BEFORE INSERT ON callcenter_records FOR EACH ROW EXECUTE FUNCTION odd()")
    good, odd = insert(db, 20), db.insert(user="odd")
    run = sync.run("run")
    assert run.code == 75 and f"✗ {odd}: failed: odd error (attempt 1, next try in " in run.log, run.log
    assert set(good) <= calls.by_uuid().keys() and odd not in calls.by_uuid()
    calls.query("DROP TRIGGER t ON callcenter_records")
    time.sleep(1.1)
    succeeds(sync.run("run"))
    assert odd in calls.by_uuid()


# ---- failures of the server ----

def test_a_server_that_is_killed_in_mid_batch_loses_nothing(db, sync, calls, postgresql):
    """Goal: the transaction waits for a lock of this test, so it is open when the server dies."""
    known = insert(db, 3)
    succeeds(sync.run("run"))
    sync.configure(config={"sink": {"timeout": 60}})
    more = insert(db, 30)
    with contextlib.suppress(BrokenPipeError), calls.session("LOCK TABLE callcenter_records"):
        process = sync.start("run")
        until(lambda: calls.query("SELECT 1 FROM pg_locks WHERE NOT granted"))
        postgresql.kill()
        _, err = process.communicate(timeout=30)
    assert process.returncode == 69, err
    outage(sync.run("run"), "could not connect to PostgreSQL", "Connection refused")
    assert Metrics(sync.run("metrics").out).value("did_optimizer_sync_api_down", sink="record store") == 1
    postgresql.start()
    assert calls.by_uuid().keys() == set(known)
    succeeds(sync.run("run"))
    assert calls.by_uuid().keys() == {*known, *more}


def test_a_session_that_is_ended_between_commit_and_answer_repeats_nothing(db, sync, calls):
    """Goal: the rows are committed, but the program is killed before it can record this in its ledger."""
    more = insert(db, 4)
    succeeds(sync.run("run"))
    rows = calls.by_uuid()
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
        (sync.state / name).unlink(missing_ok=True)
    sync.set_checkpoint(db.now() - 3600)
    run = succeeds(sync.run("run"))
    assert f"{len(more)} processed" in run.log
    assert calls.by_uuid() == rows
    assert calls.logs()[-1]["skipped_count"] == str(len(more))


def test_a_full_disk_loses_nothing(db, sync, calls):
    """A trigger raises the server's error for a full disk, because a test cannot always mount a small disk."""
    insert(db, 2)
    succeeds(sync.run("run"))
    calls.query("CREATE FUNCTION full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = "
                "'53100', MESSAGE = 'could not extend file: No space left on device'; END $$; "
                "CREATE TRIGGER t BEFORE INSERT ON callcenter_records FOR EACH STATEMENT EXECUTE FUNCTION full()")
    more = insert(db, 3)
    outage(sync.run("run"), "No space left on device", "free some space on the server's disk")
    calls.query("DROP TRIGGER t ON callcenter_records")
    succeeds(sync.run("run"))
    assert set(more) <= calls.by_uuid().keys()


def test_a_read_only_database_loses_nothing(db, sync, calls):
    insert(db, 2)
    succeeds(sync.run("run"))
    calls.query("ALTER DATABASE calls SET default_transaction_read_only = on")
    more = insert(db, 3)
    outage(sync.run("run"), "read-only transaction", "standby")
    assert "standby" in sync.run("check").out
    calls.query("SET default_transaction_read_only = off; ALTER DATABASE calls RESET default_transaction_read_only")
    succeeds(sync.run("run"))
    assert set(more) <= calls.by_uuid().keys()


def test_a_table_that_is_locked_loses_nothing(db, sync, calls):
    insert(db, 2)
    succeeds(sync.run("run"))
    more = insert(db, 3)
    with calls.session("LOCK TABLE callcenter_records"):
        outage(sync.run("run"), "canceling statement due to lock timeout", "find the program that has locked the table")
    succeeds(sync.run("run"))
    assert set(more) <= calls.by_uuid().keys()


def test_a_run_waits_for_a_slow_server_until_its_timeout(db, sync, calls):
    insert(db, 2)
    succeeds(sync.run("run"))
    calls.query("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); RETURN "
                "NULL; END $$;CREATE TRIGGER t BEFORE INSERT ON callcenter_records FOR EACH STATEMENT EXECUTE FUNCTION "
                "slow()")
    more = insert(db, 3)
    outage(sync.run("run"), "canceling statement due to statement timeout", "raise timeout in [sink]")
    calls.query("DROP TRIGGER t ON callcenter_records")
    succeeds(sync.run("run"))
    assert set(more) <= calls.by_uuid().keys()


# ---- accounts, rights and tables ----

def refused(sync, *words):
    """The run and `check` name the same fault, with a remedy."""
    run, checked = sync.run("run"), sync.run("check")
    assert run.code in (69, 78) and checked.code in (69, 78), run.log
    for word in words:
        assert word in run.log and word in checked.out, (word, run.log, checked.out)
    for text in (run.log, run.err, checked.out, checked.err):
        assert PASSWORD not in text and "wrong-secret" not in text


def test_the_message_about_a_wrong_password_does_not_have_the_password(db, sync, calls):
    insert(db, 3)
    sync.password_file.write_text("wrong-secret")
    refused(sync, 'password authentication failed for user "sync"', "check the user in url, and password_file")
    sync.configure(config={"sink": {"password_file": None}})
    refused(sync, "no password supplied", "write password_file in [sink]")
    url = calls.url()
    sync.configure(config={"sink": {"url": url.replace("sync@", "sync:wrong-secret@")}})
    refused(sync, 'password authentication failed for user "sync"')
    sync.configure(config={"sink": {"url": url.replace("/calls", "/nowhere"), "password_file": sync.password_file}})
    sync.password_file.write_text(PASSWORD)
    refused(sync, 'database "nowhere" does not exist', "check the names in [sink]")


def test_a_password_file_of_libpq_is_used_and_must_be_private(db, sync, calls, tmp_path):
    more = insert(db, 3)
    pgpass = tmp_path / "pgpass"
    pgpass.write_text(f"127.0.0.1:*:calls:sync:{PASSWORD}\n")
    pgpass.chmod(0o644)
    sync.configure(config={"sink": {"password_file": None}})
    run = sync.run("run", env={"PGPASSFILE": str(pgpass)})
    assert run.code in (69, 78) and f"chmod 600 {pgpass}" in run.log and "WARNING" not in run.err, run.log
    pgpass.chmod(0o600)
    succeeds(sync.run("run", env={"PGPASSFILE": str(pgpass)}))
    assert calls.by_uuid().keys() == set(more)


@pytest.mark.parametrize("url, reason", [
    ("127.0.0.1/calls", "url does not begin with postgresql://"),
    ("mysql://sync:wrong-secret@127.0.0.1/calls", "url does not begin with postgresql://"),
    ("postgresql://sync:wrong-secret@127.0.0.1:5432/calls?colour=red", 'invalid URI query parameter: "colour"'),
    ("postgresql://sync:wrong-secret%zz@127.0.0.1/calls", "in the account or the password"),
    ("postgresql://127.0.0.1/calls?password=wrong-secret%zz", "in the account or the password"),
    ("postgresql://sync:wrong-secret@[::1/calls", "matching"),
])
def test_an_address_that_is_none_is_refused_without_its_password(db, sync, url, reason):
    insert(db, 1)
    sync.configure(config={"sink": {"url": url}})
    refused(sync, f"{sync.config_file}:", reason)
    assert sync.run("run").code == 78


def test_url_and_file_exclude_each_other(sync):
    sync.configure(config={"sink": {"file": "x.db"}})
    refused(sync, "url and file are both set")


def test_an_account_that_may_not_create_gets_the_tables_from_its_owner(db, sync, calls):
    """Goal: the message has the statement to run. The shipped statements make the same tables."""
    calls.query("ALTER DATABASE calls OWNER TO postgres; REVOKE CREATE ON SCHEMA public FROM sync")
    more = insert(db, 3)
    refused(sync, "the account sync has no right to change it", "GRANT USAGE, CREATE ON SCHEMA", "examples/records.sql")
    calls.query((ROOT / "packaging/examples/records.sql").read_text())
    refused(sync, "permission denied for table callcenter_", "GRANT SELECT, INSERT, UPDATE")
    calls.query("GRANT SELECT, INSERT, UPDATE ON callcenter_records, callcenter_sync_logs TO sync")
    succeeds(sync.run("run"))
    assert calls.by_uuid().keys() == set(more)
    calls.query("ALTER TABLE callcenter_records DROP COLUMN billsec")
    insert(db, 2)
    refused(sync, 'as the table\'s owner run: ALTER TABLE "callcenter_records" ADD COLUMN "billsec" bigint')


def test_the_shipped_statements_make_the_tables_that_the_program_makes(db, sync, calls):
    columns = ("SELECT table_name, column_name, data_type, is_nullable, is_identity FROM information_schema.columns "
               "WHERE table_schema = 'public' ORDER BY table_name, ordinal_position")
    indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexdef"
    insert(db, 1)
    succeeds(sync.run("run"))
    made = calls.query(columns), calls.query(indexes)
    calls.query("DROP TABLE callcenter_records, callcenter_sync_logs;"
                + (ROOT / "packaging/examples/records.sql").read_text())
    assert (calls.query(columns), calls.query(indexes)) == made and len(made[0]) > 40


def test_a_table_of_another_shape_is_left_alone(db, sync, calls):
    calls.query("SET ROLE sync; CREATE TABLE callcenter_records (id int, uuid text)")
    insert(db, 2)
    refused(sync, "the table callcenter_records has no column source, so it is not a table of this program")
    assert list(calls.query("SELECT * FROM information_schema.columns WHERE table_name = 'callcenter_records' AND "
                            "column_name = 'source'")) == []
    calls.query("DROP TABLE callcenter_records; SET ROLE sync; CREATE TABLE callcenter_records (source text, uuid "
                "text, record_hash text, start_time int)")
    refused(sync, 'column "start_time" is of type integer', "another shape")
    calls.query("DROP TABLE callcenter_records; SET ROLE sync; CREATE TABLE callcenter_records (source text, uuid "
                "text, record_hash text)")
    refused(sync, "create a UNIQUE index on the columns source and uuid")


# ---- TLS ----

def test_the_address_decides_on_tls_and_the_certificate(db, sync, calls, certificates):
    more = insert(db, 2)
    checked = sync.run("check")
    assert "TLSv1.3, the server's certificate is not checked" in checked.out, checked.out
    sync.configure(config={"sink": {"url": calls.url(host="localhost", sslmode="verify-full",
                                                     sslrootcert=certificates.ca)}})
    checked = sync.run("check")
    assert "takes records as sync, TLSv1.3, the server's certificate is checked" in checked.out, checked.out
    assert calls.query("SELECT to_regclass('callcenter_records') AS t")[0]["t"] is None  # the check rolled it back
    succeeds(sync.run("run"))
    assert calls.by_uuid().keys() == set(more)
    insert(db, 2)
    sync.configure(config={"sink": {"url": calls.url(host="localhost", sslmode="verify-full",
                                                     sslrootcert=certificates.self_signed[0])}})
    outage(sync.run("run"), "certificate verify failed")


def test_a_connection_over_the_network_without_tls_is_a_warning(db, sync, calls):
    """0.0.0.0 also leads to this host, but the program does not know it as a name of this host."""
    insert(db, 1)
    sync.configure(config={"sink": {"url": calls.url(host="0.0.0.0", sslmode="disable")}})
    checked, run = sync.run("check"), succeeds(sync.run("run"))
    assert "NOT ENCRYPTED" in checked.out and "add ?sslmode=verify-full to url in [sink]" in checked.out, checked.out
    assert run.log.count("⚠ the connection to PostgreSQL on 0.0.0.0 is not encrypted") == 1
    sync.configure(config={"sink": {"url": calls.url(sslmode="disable")}})
    insert(db, 1)
    checked, run = sync.run("check"), succeeds(sync.run("run"))
    assert "on this host" in checked.out and "not encrypted" not in run.log, checked.out


def test_a_server_that_requires_tls_loses_nothing(db, sync, calls, postgresql):
    postgresql.query("DROP ROLE IF EXISTS tls_only; CREATE ROLE tls_only SUPERUSER LOGIN PASSWORD '"
                     + PASSWORD.replace("'", "''") + "'")
    more = insert(db, 3)
    sync.configure(config={"sink": {"url": calls.url(user="tls_only", sslmode="disable")}})
    refused(sync, "no encryption", "sslmode=require")
    sync.configure(config={"sink": {"url": calls.url(user="tls_only", sslmode="require")}})
    succeeds(sync.run("run"))
    assert calls.by_uuid().keys() == set(more)


# ---- two at once ----

def test_two_dialers_that_begin_at_once_make_one_table(db, sync, calls, tmp_path):
    more, second = insert(db, 20), db.dialer.database("second")
    insert(second, 20)
    other = Sync(tmp_path / "other", second, timezone=db.dialer.timezone)
    other.configure(config={**sync.config, "sink": {**sync.config["sink"], "source": "other"}})
    other.set_checkpoint(db.now() - 3600)
    runs = []
    threads = [threading.Thread(target=lambda each=each: runs.append(each.run("run"))) for each in (sync, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    second.drop()
    for run in runs:
        succeeds(run)
    assert calls.query("SELECT source, count(*) AS n FROM callcenter_records GROUP BY source ORDER BY source") == [
        {"source": "other", "n": str(len(more))}, {"source": "vicidial", "n": str(len(more))}]


def test_a_column_that_another_dialer_has_just_added_is_not_added_again(db, sync, calls):
    """The other dialer adds the column after this dialer has looked, and before this dialer gets the lock."""
    insert(db, 3)
    succeeds(sync.run())
    calls.query("ALTER TABLE callcenter_records DROP COLUMN recording_path")
    insert(db, 3)
    other = threading.Thread(target=calls.query, args=(
        "DO $$ BEGIN PERFORM pg_advisory_xact_lock(1145656147); WHILE NOT EXISTS (SELECT FROM pg_locks WHERE "
        "locktype = 'advisory' AND NOT granted) LOOP PERFORM pg_sleep(0.01); END LOOP; "
        "ALTER TABLE callcenter_records ADD COLUMN recording_path text; END $$",))
    other.start()
    while not calls.query("SELECT 1 AS one FROM pg_locks WHERE locktype = 'advisory' AND granted"):
        assert other.is_alive()
    run = sync.run()
    other.join()
    succeeds(run)
    assert len(calls.by_uuid()) == 6


def test_the_link_of_a_recording_is_written_and_nothing_else(calls, tmp_path):
    """Goal: only the columns of the recording change. A later change of the call keeps these columns."""
    with installed(tmp_path) as install:
        pbx, sync = install()
        (tmp_path / "password").write_text(PASSWORD + "\n")
        (tmp_path / "password").chmod(0o600)
        sync.configure(config={"sink": {"file": None, "url": calls.url(), "password_file": tmp_path / "password"}})
        kept, other = pbx.call(int(time.time()) - 100), pbx.call(int(time.time()) - 90)
        path = kept["recording"] = "/late.mp3"
        sync.configure(config={"recordings": {"upload": None, "folder": None}})
        succeeds(sync.run("run"))
        before = calls.by_uuid()
        sync.configure(config={"recordings": {"upload": "directory", "folder": sync.kept}})
        pbx.record(kept, path=path)
        succeeds(sync.run("run"))
        after = calls.by_uuid()
        assert after[other["uuid"]] == before[other["uuid"]]
        changed = {name for name, value in after[kept["uuid"]].items() if before[kept["uuid"]][name] != value}
        assert changed == {"google_drive_id", "google_drive_url", "upload_status", "upload_retry_count",
                           "recording_md5"}
        assert after[kept["uuid"]]["google_drive_url"] == str(sync.kept / name_of(kept, "mp3"))
