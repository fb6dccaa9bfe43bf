"""asterisk-cdr: calls of FreePBX, Issabel and plain Asterisk go from the PBX's own tables to the API."""
import contextlib
import random
import time

import pytest

from harness.pbx import Pbx
from harness.sync import Sync

HOUR = 3600
RESULTS = {"ANSWERED": ("answered", "ANSWER"), "NO ANSWER": ("no_answer", "NOANSWER"), "BUSY": ("busy", "BUSY"),
           "FAILED": ("failed", "CHANUNAVAIL"), "CONGESTION": ("failed", "CONGESTION"), "CANCEL": ("completed", None)}


@pytest.fixture
def install(dialer, api, tmp_path):
    """install(kind) makes a fresh PBX, and an installation that has read its calls for three hours."""
    with contextlib.ExitStack() as stack:
        def make(kind="freepbx", since=3 * HOUR, **source):
            if not dialer.running:
                dialer.start()
            pbx = Pbx(dialer, kind, source.get("table", "cdr"))
            stack.callback(lambda: dialer.running and pbx.drop())
            sync = Sync(tmp_path / "host", None, api, timezone=dialer.timezone)
            stack.callback(sync.close)
            sync.configure(config={**pbx.config(), "sync": {"settle": 0, "splay": 0, "sweep_interval": 1}})
            sync.configure(config={"source": source})
            sync.set_checkpoint(pbx.now() - since)
            return pbx, sync

        yield make


def assert_delivered(api, calls, versions=1):
    """The API has every call with its final content, and no other call."""
    sent = api.by_uniqueid()
    assert sorted(sent) == sorted(call.id for call in calls)
    for call in calls:
        assert call.seen_in(sent[call.id][-1]) == call.wanted
        assert len(sent[call.id]) <= versions, sent[call.id]


def every_kind(pbx, ended):
    """One call of each kind; all calls ended in the minute before `ended`."""
    return [pbx.outbound(ended), pbx.outbound(ended - 1, disposition="NO ANSWER"),
            pbx.outbound(ended - 2, disposition="BUSY"), pbx.outbound(ended - 3, disposition="FAILED"),
            pbx.outbound(ended - 4, disposition="CONGESTION"), pbx.outbound(ended - 5, disposition="CANCEL"),
            pbx.ring_group(ended - 6), pbx.ring_group(ended - 7, talk=0), pbx.queue(ended - 8),
            pbx.queue(ended - 9, talk=0), pbx.voicemail(ended - 10), pbx.transfer(ended - 11)]


def run_until_done(sync):
    """Runs the program once a second until no call is pending. A sweep or a retry comes no sooner."""
    for _ in range(12):
        time.sleep(1.1)
        run = sync.run()
        assert run.code in (0, 75), run.log
        if run.code == 0 and " 0 processed" in run.log:
            return
    raise AssertionError(run.log)


def write(pbx, calls):
    pbx.write([row for call in calls for row in call.rows])


@pytest.mark.parametrize("kind", ["freepbx", "freepbx-myisam", "issabel", "asterisk"])
def test_each_call_arrives_once_with_its_result(install, api, kind):
    pbx, sync = install(kind)
    calls = every_kind(pbx, pbx.now() - 100)
    write(pbx, calls)
    write(pbx, [pbx.internal(pbx.now() - 100)])
    for _ in range(2):
        run = sync.run()
        assert run.code == 0, run.log
    assert_delivered(api, calls)
    for body in api.recorded():
        result, dial_status = RESULTS[body["disposition"]]
        assert (body["result"], body.get("dialStatus")) == (result, dial_status)
        assert body["campaignId"] == "DEFAULT" and body["leadId"] is None
        assert body["startEpoch"] == body["endEpoch"] - body["duration"] and body["timestamp"] == body["endEpoch"]
        assert body["callDate"]


def test_rows_of_a_table_without_linkedid_are_grouped_by_uniqueid(install, api):
    pbx, sync = install("old")
    calls = [pbx.outbound(pbx.now() - 100), pbx.ring_group(pbx.now() - 90), pbx.voicemail(pbx.now() - 80)]
    for call in calls:
        call.wanted.pop("agentId")  # this table has no column cnum either
    write(pbx, calls)
    assert sync.run().code == 0
    assert_delivered(api, calls)


def test_rows_from_before_an_upgrade_have_no_linkedid(install, api):
    pbx, sync = install()
    calls = [pbx.outbound(pbx.now() - 100), pbx.ring_group(pbx.now() - 90)]
    write(pbx, calls)
    pbx.query("UPDATE cdr SET linkedid = '', sequence = 0")
    assert sync.run().code == 0
    assert_delivered(api, calls)


def test_a_system_s_name_is_part_of_the_ids(install, api):
    pbx, sync = install()
    serials = pbx.channel_id
    pbx.channel_id = lambda epoch: "pbx-east-" + serials(epoch)
    calls = every_kind(pbx, pbx.now() - 100)
    write(pbx, calls)
    api.rules([{"times": 1, "status": 500}])  # so the program fetches a call by its id
    sync.configure(config={"sync": {"retry_base": 0}})
    sync.run()
    run_until_done(sync)
    assert_delivered(api, calls)


def test_ids_that_the_columns_cut_lose_no_call(install, api):
    pbx, sync = install()
    serials = pbx.channel_id
    pbx.channel_id = lambda epoch: ("the-head-office-in-springfield-" + serials(epoch))[:32]
    calls = [pbx.outbound(pbx.now() - 100, extension=str(n)) for n in range(101, 111)]
    write(pbx, calls)
    assert sync.run().code == 0
    assert sorted(body["agentId"] for body in api.recorded()) == [str(n) for n in range(101, 111)]
    assert "cuts the ids" in sync.run("check").out
    assert sync.run().code == 0 and len(api.recorded()) == 10


def test_a_call_is_sent_when_its_newest_end_is_a_minute_old(install, api):
    pbx, sync = install()
    early, late = pbx.outbound(pbx.now() - 61), pbx.outbound(pbx.now() - 20)
    write(pbx, [early, late])
    assert sync.run().code == 0
    assert_delivered(api, [early])
    pbx.query("UPDATE cdr SET duration = duration - 41 WHERE linkedid = %s", [late.id])  # a minute passes
    late.wanted.update(endEpoch=late.wanted["endEpoch"] - 41, duration=late.wanted["duration"] - 41)
    assert sync.run().code == 0
    sent = api.by_uniqueid()[late.id]
    assert len(sent) == 1 and sent[0]["endEpoch"] == late.wanted["endEpoch"]


def test_batch_mode_waits_for_rows_that_are_held_back(install, api):
    pbx, sync = install(batch_time=300)
    old, young = pbx.queue(pbx.now() - 365), pbx.queue(pbx.now() - 355 + 20)
    write(pbx, [old, young])
    assert sync.run().code == 0
    assert_delivered(api, [old])


def test_the_row_of_a_long_call_is_found_at_its_end(install, api):
    pbx, sync = install()
    now = pbx.now()
    calls = []
    for length in (5, 60, 1700, 2 * HOUR - 100, 5 * HOUR):
        calls.append(pbx.outbound(now - 90, talk=length))
        write(pbx, calls[-1:])
        assert sync.run().code == 0
    run_until_done(sync)
    assert_delivered(api, calls)


def test_a_call_with_rows_in_several_slices_is_sent_once(install, api):
    pbx, sync = install(since=200)
    sync.configure(config={"sync": {"sweep_interval": 0}})
    calls = [pbx.transfer(pbx.now() - 70, first=800, second=700), pbx.outbound(pbx.now() - 65)]
    write(pbx, calls)
    assert sync.run().code == 0
    assert_delivered(api, calls)


def test_a_queue_s_caller_who_still_waits_is_not_sent_as_unanswered(install, api):
    pbx, sync = install(internal_calls="yes")  # without this setting, the agent's row alone is never sent
    call = pbx.queue(pbx.now() - 70, wait=300, talk=100)
    legs = [row for row in call.rows if row["uniqueid"] != call.id]
    pbx.write(legs[:1])  # the first agent's phone rang 300 s ago, and the agent did not answer
    assert sync.run().code == 0
    assert api.recorded() == []
    pbx.write([row for row in call.rows if row not in legs[:1]])
    assert sync.run().code == 0
    assert_delivered(api, [call])


def test_a_late_row_that_changes_the_result_makes_the_call_sent_again(install, api):
    pbx, sync = install()
    growing, idle = pbx.transfer(pbx.now() - 70), pbx.outbound(pbx.now() - 100)
    pbx.write(growing.rows[1:2])
    write(pbx, [idle])
    assert sync.run().code == 0
    assert len(api.recorded()) == 2
    pbx.write([growing.rows[0], growing.rows[2]])
    pbx.write([{**idle.rows[0], "sequence": 999, "duration": 1, "billsec": 0, "disposition": "NO ANSWER",
                "dstchannel": "", "lastapp": "NoOp"}])
    for _ in range(2):
        assert sync.run().code == 0
    assert_delivered(api, [growing, idle], versions=2)
    assert len(api.by_uniqueid()[idle.id]) == 1


def test_internal_calls_are_sent_with_internal_calls_yes(install, api):
    pbx, sync = install(internal_calls="yes", campaign="OFFICE")
    call = pbx.internal(pbx.now() - 100)
    write(pbx, [call])
    assert sync.run().code == 0
    assert_delivered(api, [call])
    assert api.recorded()[0]["campaignId"] == "OFFICE"


def test_the_table_may_have_another_name_and_accountcodes_are_campaigns(install, api):
    pbx, sync = install(table="replicate_cdr")
    calls = [pbx.outbound(pbx.now() - 100, accountcode="SALES"), pbx.outbound(pbx.now() - 100, accountcode="CARE")]
    write(pbx, calls)
    sync.configure(config={"sync": {"campaigns": "SALES"}})
    assert sync.run().code == 0
    assert_delivered(api, calls[:1])
    assert api.recorded()[0]["campaignId"] == "SALES"


def test_a_duplicate_row_counts_once(install, api):
    """A trigger fills transient_cdr, which has no key."""
    pbx, sync = install(table="transient_cdr")
    call = pbx.transfer(pbx.now() - 100)
    write(pbx, [call, call])
    assert sync.run().code == 0
    assert_delivered(api, [call])


@pytest.mark.parametrize("kind", ["freepbx", "issabel"])
def test_a_history_of_late_rows_arrives_whole_despite_kills_and_failures(install, api, kind):
    """Runs are killed and the API fails. Rows appear in the order of their ends, up to two hours after their start."""
    pbx, sync = install(kind)
    chance = random.Random(14)
    now = pbx.now()
    make = [pbx.outbound, pbx.ring_group, pbx.queue, pbx.voicemail, pbx.transfer]
    calls = [chance.choice(make)(now - 70 - chance.randrange(2 * HOUR)) for _ in range(120)]
    calls += [pbx.outbound(now - 70 - chance.randrange(HOUR), talk=chance.randrange(HOUR, 2 * HOUR)) for _ in range(10)]
    rows = sorted((row for call in calls for row in call.rows),
                  key=lambda row: row["start"] + row["duration"] + chance.choice([0, 0, 300]))
    sync.configure(config={"sync": {"retry_base": 0, "max_attempts": 1000, "backfill_rate": 0}})
    for part in range(6):
        pbx.write(rows[part * len(rows) // 6:(part + 1) * len(rows) // 6])
        api.rules([{"times": 3, "status": 500}] if part % 2 else [])
        running = sync.start()
        if part % 3 == 1:
            with contextlib.suppress(Exception):
                running.wait(0.05 + chance.random() / 10)
            running.kill()
        running.wait(60)
    api.rules([])
    run_until_done(sync)
    assert_delivered(api, calls, versions=4)


def test_calls_in_both_passes_of_the_repeated_hour_arrive(install, api):
    """New York, 2025-11-02 06:00 UTC: 02:00 becomes 01:00. A backfill reads it months later."""
    pbx, sync = install()
    change = 1762063200
    calls = []
    for start in (change - 3000, change - 600, change + 600, change + 3000, change + 5400):
        calls.append(pbx.outbound(start + 100, talk=90))
    crossing = pbx.transfer(change + 900, first=1200, second=600)
    calls.append(crossing)
    write(pbx, calls)
    pbx.fill(200)  # the latest rows, and those of two days ago, show winter time
    pbx.fill(200, since=3 * 86400)
    run = sync.run("backfill", "--from", str(change - 2 * HOUR), "--to", str(change + 2 * HOUR))
    assert run.code == 0, run.out + run.err
    assert_delivered(api, calls)


def test_times_in_utc_and_in_other_zones_are_found(install, api):
    """Either cdr.conf has usegmtime = yes, or the PBX is far away."""
    for offset in (0, 7 * HOUR, -8 * HOUR, 19800):
        pbx, sync = install()
        calls = [pbx.outbound(pbx.now() - 100 - n) for n in range(3)]
        for call in calls:
            for row in call.rows:
                row["local"] = pbx.query("SELECT TIMESTAMPADD(SECOND, %s, '1970-01-01') AS it",
                                         [row["start"] + offset])[0]["it"]
        write(pbx, calls)
        assert sync.run().code == 0
        assert_delivered(api, calls)
        api.clear()
        sync.close()
        for file in sync.state.glob("*"):
            if file.is_file() and file.name != "enabled":
                file.unlink()
        sync.state.rename(sync.directory / f"state{offset}")
        (sync.directory).rename(sync.directory.parent / f"host{offset}")


def test_the_commands_work_with_a_pbx(install, api):
    pbx, sync = install(since=600)
    now = pbx.now()
    long, sent = pbx.outbound(now - 100, talk=9 * HOUR), pbx.queue(now - 120)
    old = [pbx.transfer(now - 20 * HOUR), pbx.outbound(now - 30 * HOUR)]
    write(pbx, [long, sent, *old])
    assert sync.run("--dry-run").code == 0 and api.recorded() == []
    assert sync.run().code == 0
    run_until_done(sync)
    assert_delivered(api, [long, sent])
    why = sync.run("why", sent.id)
    assert why.code == 0 and "accepted" in why.out, why.out
    run = sync.run("backfill", "--from", str(now - 48 * HOUR), "--to", str(now - 25 * HOUR))
    assert run.code == 0, run.out + run.log
    assert_delivered(api, [long, sent, old[1]])
    run = sync.run("reconcile")
    assert run.code == 0 and "1 accepted" in run.log, run.out + run.log
    assert sync.run("backfill", "--from", str(now - 25 * HOUR), "--to", str(now - 60)).code == 0
    assert_delivered(api, [long, sent, *old])
    assert sync.run("status").code == 0


def test_results_in_the_settings_override_the_defaults(install, api):
    pbx, sync = install()
    sync.configure(config={"dispositions": {"NO ANSWER": "dropped"}})
    write(pbx,
          [pbx.outbound(pbx.now() - 100, disposition="NO ANSWER"), pbx.outbound(pbx.now() - 90, disposition="BUSY")])
    assert sync.run().code == 0
    assert sorted(body["result"] for body in api.recorded()) == ["busy", "dropped"]


def test_text_that_is_not_utf_8_and_names_with_quotes_arrive(install, api):
    pbx, sync = install(trunks="ac'me")
    pbx.query("ALTER TABLE cdr CONVERT TO CHARACTER SET latin1")
    serials = pbx.channel_id
    pbx.channel_id = lambda epoch: "o'hare-" + serials(epoch)
    call = pbx.outbound(pbx.now() - 100, accountcode="Müller's", dstchannel="PJSIP/ac'me-00000001",
                        clid='"Zoë \\" <101>')
    write(pbx, [call])
    api.rules([{"times": 1, "status": 500}])
    sync.configure(config={"sync": {"retry_base": 0}})
    sync.run()
    run_until_done(sync)
    assert_delivered(api, [call])
    assert api.recorded()[0]["campaignId"] == "Müller's"
    assert sync.run("why", "☎").code in (0, 1, 64, 65)


# ---- cost ----

ROWS = 30000


@pytest.mark.parametrize("kind", ["freepbx", "freepbx-myisam", "issabel"])
def test_a_run_reads_only_recent_rows(install, api, kind):
    pbx, sync = install(kind, since=600)
    sync.configure(config={"sync": {"sweep_interval": 0}})
    pbx.fill(ROWS)
    assert sync.run().code == 0
    assert sync.run().code == 0
    examined = [row[0] for row in sync.ledger("SELECT rows_examined FROM run ORDER BY id")]
    assert 0 < examined[-1] < 2000, examined
    assert 0 < len(api.recorded()) < 200


def test_every_statement_on_the_table_uses_an_index(install, api):
    pbx, sync = install(since=600)
    pbx.fill(ROWS)
    pbx.query("SET GLOBAL log_output = 'TABLE'")
    pbx.query("TRUNCATE mysql.general_log")
    pbx.query("SET GLOBAL general_log = 1")
    try:
        api.rules([{"times": 2, "status": 500}])
        sync.configure(config={"sync": {"retry_base": 0}})
        sync.run()
        run_until_done(sync)
    finally:
        pbx.query("SET GLOBAL general_log = 0")
    asked = [row["argument"] for row in pbx.query(
        "SELECT argument FROM mysql.general_log WHERE command_type = 'Query' AND argument LIKE '%%`cdr`%%' "
        "AND argument LIKE '%%SELECT%%' AND argument NOT LIKE '%%general_log%%'")]
    assert any("linkedid IN" in sql for sql in asked)
    assert any("calldate` >=" in sql for sql in asked)
    for sql in asked:
        for step in pbx.query("EXPLAIN " + sql.replace("%", "%%")):
            if step["table"] == "cdr":
                assert step["type"] in ("range", "ref") and step["key"] in ("calldate", "uniqueid"), (sql, step)
    assert not [sql for sql in asked if any(word in sql for word in ("INSERT", "UPDATE", "DELETE", "LOCK TABLES"))]


def test_without_an_index_on_dates_only_a_small_table_is_read(install, api):
    pbx, sync = install("asterisk", since=600)
    pbx.fill(1000)
    run = sync.run("check")
    assert "no usable index on start" in run.out and "CREATE INDEX start ON `cdr` (`start`)" in run.out, run.out
    assert sync.run().code == 0
    before = len(api.recorded())
    assert before > 0
    pbx.fill(ROWS)
    for run in (sync.run(), sync.run("check")):
        assert run.code == 78
        assert "CREATE INDEX start ON `cdr` (`start`)" in run.out + run.log
    assert len(api.recorded()) == before
    pbx.query("CREATE INDEX start ON `cdr` (`start`)")
    assert sync.run().code == 0
    assert "reads use the index start on start" in sync.run("check").out


# ---- connection ----

def test_check_reports_on_the_pbx(install, api):
    pbx, sync = install()
    write(pbx, [pbx.outbound(pbx.now() - 100)])
    run = sync.run("check")
    assert run.code == 0, run.out
    assert "reads use the index calldate on calldate" in run.out
    assert "calldate is written in UTC-0" in run.out
    assert "VICIdial" not in run.out + run.log and "astguiclient" not in run.out


@pytest.mark.parametrize("text", [
    '<?php\n$amp_conf["AMPDBUSER"] = "freepbxuser";\n$amp_conf["AMPDBPASS"] = "secret1234";\n'
    '$amp_conf["AMPDBHOST"] = "localhost";\n$amp_conf["AMPDBNAME"] = "asterisk";\n',
    "# Issabel\nAMPDBHOST=localhost\nAMPDBUSER=freepbxuser\nAMPDBPASS=secret1234\nAMPDBNAME=asterisk\n",
    "[global]\nhostname = localhost\ndbname=asteriskcdrdb\nuser=freepbxuser\npassword=secret1234\ntable=cdr\n",
    "[asterisk]\nusername=>other\npassword=>wrong\n[asteriskcdrdb]\nenabled=>yes\nusername=>freepbxuser\n"
    "password=>secret1234\ndatabase=>asteriskcdrdb\n",
])
def test_the_account_comes_from_the_pbx_s_file(install, api, text):
    pbx, sync = install()
    call = pbx.outbound(pbx.now() - 100)
    write(pbx, [call])
    file = sync.directory / "pbx.conf"
    file.write_text(text)
    sync.configure(config={"database": {"user": None, "password": None}, "source": {"freepbx_conf": file}})
    run = sync.run()
    assert run.code == 0, run.log
    assert_delivered(api, [call])
    assert "secret1234" not in run.log + run.out + sync.run("check").out


@pytest.mark.parametrize("source, database, words", [
    ({"table": "no`table"}, {}, ["table: 'no`table' is not a valid table name"]),
    ({"table": "missing"}, {}, ["missing", "check name in [database] and table in [source]"]),
    ({"campaign": ""}, {}, ["campaign is empty, and the API accepts no call without a campaign"]),
    ({"batch_time": "soon"}, {}, ["batch_time: 'soon' is not a whole number from 0 to 3600"]),
    ({"trunk": "acme"}, {}, ["has no setting 'trunk'", "trunks"]),
    ({"freepbx_conf": "/nowhere"}, {"user": None, "password": None}, ["the file /nowhere does not exist"]),
    ({}, {"password": "wrong"}, ["check user, password and name in [database]"]),
    ({}, {"name": "mysql"}, ["check"]),
])
def test_each_fault_is_reported_and_nothing_is_sent(install, api, source, database, words):
    pbx, sync = install()
    write(pbx, [pbx.outbound(pbx.now() - 100)])
    sync.configure(config={"source": source, "database": database})
    run = sync.run()
    assert run.code == 78, run.log
    for word in words:
        assert word in run.log, run.log
    assert "VICIdial" not in run.log
    assert api.recorded() == []


@pytest.mark.parametrize("kind", ["freepbx", "asterisk"])
def test_a_backfill_of_days_reads_whole_days(install, dialer, api, kind):
    pbx, sync = install(kind)
    assert sync.run("run").code == 0
    (first, last), begin, end = dialer.days(3, 2)
    for at in (begin - 1, end):
        pbx.write(pbx.outbound(at).rows)
    wanted = [pbx.outbound(at) for at in (begin, begin + 12 * HOUR, end - 1)]
    for call in wanted:
        pbx.write(call.rows)
    done = sync.run("backfill", "--from", first, "--to", last)
    assert done.code == 0, done.out + done.err
    assert_delivered(api, wanted)
