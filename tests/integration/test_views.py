"""The views of the ledger for operators: history, why, metrics and health."""
import contextlib
import json
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import tempfile
import time

import pytest

from harness.ledgers import make_first_version
from harness.metrics import Metrics
from harness.process import ROOT
from harness.promtool import promtool
from harness.sync import Sync

P = "did_optimizer_sync_"
EXAMPLES = ROOT / "packaging/examples"


def refuse(api, uniqueid, status=422, error="invalid campaign", **more):
    body = json.dumps({"success": False, "error": error})
    api.rules([{"uniqueid": uniqueid, "status": status, "body": body, **more}])


def write_ledger(sync, *statements):
    with contextlib.closing(sqlite3.connect(sync.state / "ledger.db")) as ledger:
        for statement in statements:
            ledger.execute(*statement if isinstance(statement, tuple) else (statement,))
        ledger.commit()


def json_lines(done):
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


def rows(text):
    """The text of each name, for a view with one row a name."""
    return {line[:15].strip(): line[16:] for line in text.splitlines()}


@pytest.fixture
def first_version(sync, db):
    """A ledger of the first version. It has an accepted, a pending, a waiting and a rejected call, and a run."""
    now = db.now()
    calls = {state: db.insert(end_epoch=now - 100 + state) for state in (1, 2, 3, 4)}
    make_first_version(sync.state / "ledger.db", [(calls[state], state, now - 100 + state) for state in calls],
                       runs=[("poll", now - 60, now - 59, 900)])
    return calls


# ---- history ----

def test_history_works_before_the_first_run(sync, db):
    now = "now: CRITICAL - no run yet; do: did-optimizer-sync check\n"
    assert (sync.run("history").out, sync.run("history", "--since", "1 day ago").out) == (
        "no run yet\n" + now, "no run since then\n" + now)
    assert sync.run("history", "--json").out == ""


def test_history_shows_what_each_run_did_newest_first(sync, db, api):
    now = db.now()
    db.insert_many([{"uniqueid": f"{now - 50 + n}.1", "end_epoch": now - 50 + n} for n in range(3)])
    db.insert(end_epoch=now - 20, status="DISPO")
    refuse(api, db.insert(end_epoch=now - 10))
    assert sync.run().code == 0
    api.stop()
    db.insert(end_epoch=now - 5)
    assert sync.run().code == 69
    newest, oldest = json_lines(sync.run("history", "--json"))
    assert oldest["kind"] == "poll" and oldest["exit_code"] == 0 and oldest["outcome"] == "succeeded"
    assert (oldest["found"], oldest["accepted"], oldest["waiting"], oldest["rejected"]) == (4, 3, 1, 1)
    assert oldest["rows_examined"] >= 5 and oldest["database_statements"] > 0
    assert newest["kind"] == "poll" and newest["outcome"] == "failed (69)" and "the API is down" in newest["message"]
    lines = sync.run("history").out.splitlines()
    assert lines[0].split() == "started kind took found accepted repeats waiting pending rejected ended".split()
    assert re.fullmatch(r"20\S+ \S+ [+-]\d{4} poll +\d+\.\d\ds +\d+ +0 +0 +1 +\d+ +0  failed \(69\)", lines[1])
    assert lines[2].startswith("    the API is down")
    assert re.fullmatch(r"20\S+ \S+ [+-]\d{4} poll +\d+\.\d\ds +4 +3 +0 +1 +0 +1  succeeded", lines[3])
    assert lines[-1].startswith("now: CRITICAL - the last run failed (exit 69): the API is down")
    assert "; API down since " in lines[-1], "one state, one wording"
    assert max(len(line) for line in lines[:-1] if not line.startswith(" ")) <= 104


def test_history_shows_runs_that_failed_before_they_read_calls(sync, db, api):
    assert sync.run("--cron").code == 0
    db.dialer.halt()
    assert sync.run("--cron").code == 69
    sync.configure(config={"sync": {"settle": "soon"}})
    assert sync.run("--cron").code == 78
    settings, database, well = json_lines(sync.run("history", "--json"))
    assert (settings["outcome"], database["outcome"], well["outcome"]) == ("failed (78)", "failed (69)", "succeeded")
    assert "settle: 'soon' is not a whole number" in settings["message"]
    assert "could not connect to the VICIdial database" in database["message"]
    assert (database["found"], database["accepted"], database["exit_code"]) == (0, 0, 69)
    shown = json.loads(sync.run("status", "--json").out)
    assert shown["last_run_exit_code"] == 78 and shown["last_run"] == settings["started"]
    sync.configure(config={"sync": {"settle": 0}})


def test_history_limits_what_it_shows(sync, db):
    for _ in range(3):
        sync.run()
    assert len(json_lines(sync.run("history", "--limit", "2", "--json"))) == 2
    newest = sync.ledger("SELECT max(id) FROM run")[0][0]
    write_ledger(sync, ("UPDATE run SET started = started - 7200 WHERE id < ?", (newest,)))
    assert len(json_lines(sync.run("history", "--since", "1 hour ago", "--json"))) == 1
    write_ledger(sync, *(("INSERT INTO run (kind, started) VALUES ('poll', ?)", (db.now() - n,)) for n in range(30)))
    assert len(json_lines(sync.run("history", "--json"))) == 20
    assert len(json_lines(sync.run("history", "--since", "1 hour ago", "--json"))) == 31


def test_history_shows_how_long_each_run_took_and_how_it_ended(sync, db):
    sync.run()
    rows = [(99_990, 0, ""), (100_000, 75, ""), (5_999_000, 75, "the time limit of this run is reached"),
            (8_040_000, 69, "gone")]
    write_ledger(sync, "DELETE FROM run", *(
        ("INSERT INTO run (kind, started, finished, duration_ms, exit_code, message) VALUES ('poll', ?, ?, ?, ?, ?)",
         (db.now() - n, db.now(), *row)) for n, row in enumerate(rows)))
    lines = [line for line in sync.run("history").out.splitlines()[1:-1] if not line.startswith(" ")]
    assert [(line.split()[4], line.split("  ")[-1]) for line in reversed(lines)] == [
        ("99.99s", "succeeded"), ("1m40s", "partly sent"), ("99m59s", "stopped"), ("2h14m", "failed (69)")]


@pytest.mark.parametrize("words", [("--limit", "0"), ("--limit", "many"), ("--since", "sometime")])
def test_history_refuses_what_it_cannot_understand(sync, db, words):
    done = sync.run("history", *words)
    assert done.code == 64 and words[1] in done.err


def test_history_distinguishes_a_run_in_progress_from_a_killed_one(sync, db, api):
    db.insert(end_epoch=db.now() - 20)
    api.rules([{"delay_ms": 20000}])
    run = sync.start()
    while not api.log():
        time.sleep(0.02)
    going = json_lines(sync.run("history", "--json"))[0]
    assert (going["outcome"], going["finished"], going["found"]) == ("no end yet", None, None)
    run.send_signal(signal.SIGKILL)
    run.wait()
    api.rules([])
    assert sync.run().code == 0
    assert [row["outcome"] for row in json_lines(sync.run("history", "--json"))] == ["succeeded", "cut short"]
    assert re.search(r"poll +- +- +- +- +- +- +-  cut short$", sync.run("history").out, re.M)


def test_a_later_poll_does_not_mark_a_backfill_in_progress_as_ended(sync, db):
    sync.run()
    write_ledger(sync, ("INSERT INTO run (kind, started) VALUES ('backfill', ?)", (db.now(),)))
    sync.run()
    assert [(row["kind"], row["outcome"]) for row in json_lines(sync.run("history", "--json"))] == [
        ("poll", "succeeded"), ("backfill", "no end yet"), ("poll", "succeeded")]


def test_failed_retry_appears_in_history_and_leaves_status_alone(sync, db, api):
    call = db.insert(end_epoch=db.now() - 20)
    refuse(api, call)
    sync.run()
    before = sync.run("status", "--json").out
    assert sync.run("failed", "retry", call).code == 0
    newest = json_lines(sync.run("history", "--json"))[0]
    assert (newest["kind"], newest["found"], newest["pending"], newest["outcome"]) == ("retry", 1, 1, "succeeded")
    assert json.loads(sync.run("status", "--json").out)["last_run"] == json.loads(before)["last_run"]
    assert sync.run("failed", "retry", "1.1").code == 64  # no call was released, so history has no line
    assert len(json_lines(sync.run("history", "--json"))) == 2


def test_a_message_cannot_control_the_terminal(sync, db):
    sync.run()
    write_ledger(sync, "UPDATE run SET message = char(27) || '[2Jx', exit_code = 69")
    assert "\x1b" not in sync.run("history").out


# ---- why ----

def why(sync, uniqueid):
    done = sync.run("why", uniqueid, "--json")
    assert done.code == 0 or uniqueid == "1.1", done.err  # this id is that of a call that does not exist
    return json.loads(done.out)


def test_why_shows_when_and_what_was_sent_of_an_accepted_call(sync, db, api):
    now = db.now()
    call = db.insert(end_epoch=now - 20, status="SALE", length_in_sec=45, user="6666")
    sync.run()
    told = why(sync, call)
    assert told["state"] == "accepted" and told["ledger"]["campaign"] == "TESTCAMP"
    assert told["ledger"]["end_epoch"] == now - 20 and now <= told["ledger"]["first_seen"] <= now + 60
    [attempt] = told["ledger"]["attempts"]
    assert (attempt["answer"], attempt["reason"], attempt["status"], attempt["result"], attempt["length"],
            attempt["agent"]) == (200, None, "SALE", "answered", 45, "6666")
    assert told["table"]["name"] == "vicidial_log" and told["table"]["status"] == "SALE"
    assert re.fullmatch(r"accepted at 20.*; nothing is left to do", told["explanation"])
    shown = rows(sync.run("why", call).out)
    assert re.fullmatch(r"20.*, HTTP 200 after \d+ ms: accepted", shown["attempt 1"])
    assert "SALE → answered, 45 s, agent 6666" in sync.run("why", call).out
    assert shown["state"] == "accepted" and shown["explanation"].startswith("accepted at 20")


def test_why_shows_every_attempt_with_its_reason(sync, db, api):
    now = db.now()
    call, _ = db.insert(end_epoch=now - 20), db.insert(end_epoch=now - 10)
    refuse(api, call, status=500, error="out of paper", times=2)
    sync.run()
    db.insert(end_epoch=now - 9)
    write_ledger(sync, "UPDATE call SET due = 0 WHERE state = 2")
    sync.run()
    told = why(sync, call)
    assert told["state"] == "pending" and "out of paper" in told["ledger"]["reason"]
    assert [attempt["answer"] for attempt in told["ledger"]["attempts"]] == [500, 500]
    assert "not accepted yet (HTTP 500" in told["explanation"]
    assert "the call will be sent with the" in told["explanation"]
    write_ledger(sync, "UPDATE call SET due = 0 WHERE state = 2")
    sync.run()
    shown = sync.run("why", call).out
    assert [bool(re.search(rf"^attempt {n}  .*HTTP {code} after", shown, re.M)) for n, code in
            ((1, 500), (2, 500), (3, 200))] == [True] * 3


def test_why_says_until_when_a_call_waits_for_its_disposition(sync, db):
    now = db.now()
    call = db.insert(end_epoch=now - 20, status="DISPO")
    sync.run()
    told = why(sync, call)
    assert told["state"] == "waiting" and told["ledger"]["attempts"] == [] and told["ledger"]["due"] > now + 14000
    assert told["explanation"].startswith("waiting for the agent's disposition, at most until 20")
    assert rows(sync.run("why", call).out)["noted as"].startswith("DISPO")
    db.update(call, status="NI")
    assert why(sync, call)["explanation"] == "waiting is over: the call will be sent with the next run"


def test_why_explains_a_call_that_went_back_to_the_agent_after_a_failure(sync, db, api):
    sync.configure(config={"sync": {"retry_base": 0}})
    call = db.insert()
    db.insert()  # its acceptance shows that the API works
    api.rules([{"uniqueid": call, "status": 500, "times": 1}])
    assert sync.run().code == 75
    db.update(call, status="DISPO")
    time.sleep(1.1)
    assert sync.run().code == 0
    shown = rows(sync.run("why", call).out)
    assert shown["state"] == "waiting" and shown["attempt 1"].endswith(" ms: not accepted")


def test_why_explains_a_rejected_and_a_discarded_call(sync, db, api):
    call = db.insert(end_epoch=db.now() - 20)
    refuse(api, call)
    sync.run()
    assert why(sync, call)["explanation"].startswith(
        "rejected (HTTP 422: invalid campaign): the call will not be retried by itself")
    assert rows(sync.run("why", call).out)["state"] == "rejected"
    sync.run("failed", "drop", call)
    assert why(sync, call)["explanation"] == "discarded by an operator: the call is never sent"


def test_why_says_that_the_row_has_changed_since(sync, db):
    call = db.insert(end_epoch=db.now() - 20, status="SALE")
    sync.run()
    db.update(call, status="DNC")
    assert re.fullmatch(r"accepted at .*; the table has changed since: the sweep will send the call again",
                        why(sync, call)["explanation"])
    sync.configure(config={"sync": {"resend_changed": "no"}})
    assert "resend_changed is off" in why(sync, call)["explanation"]


def test_why_keeps_what_was_sent_when_the_call_changes(sync, db, api):
    """The sweep makes a changed call pending. The first attempt still shows what was sent at that time."""
    uniqueid = db.insert(status="SALE", end_epoch=db.now() - 1900)
    assert sync.run().code == 0
    db.insert()  # the checkpoint moves on, and the next scan does not read the call again
    assert sync.run().code == 0
    db.query("UPDATE vicidial_log SET status = 'DNC' WHERE uniqueid = %s", (uniqueid,))
    sync.configure(config={"sync": {"sweep_interval": 1}})
    assert sync.run().code == 0
    assert [body["disposition"] for body in api.by_uniqueid()[uniqueid]] == ["SALE", "DNC"]
    told = json.loads(sync.run("why", uniqueid, "--json").out)
    assert [attempt["status"] for attempt in told["ledger"]["attempts"]] == ["SALE", "DNC"]


def test_why_shows_that_only_the_term_reason_changed(sync, db, api):
    call, other = (db.insert(status="SALE", term_reason="CALLER") for _ in range(2))
    api.rules([{"uniqueid": other, "status": 500, "times": 1}])  # this call is also sent twice, but did not change
    sync.configure(config={"sync": {"retry_base": 0}})
    sync.run()
    db.update(call, term_reason="AGENT")
    while sync.run().code != 0:
        pass
    assert [body["termReason"] for body in api.by_uniqueid()[call]] == ["CALLER", "AGENT"]
    assert [attempt.get("changed") for attempt in why(sync, call)["ledger"]["attempts"]] == [None, "term_reason"]
    assert why(sync, call)["table"]["term_reason"] == "AGENT"
    shown = sync.run("why", call).out
    assert "attempt 2" in shown.split("sent again because only term_reason had changed")[0]
    assert re.search(r"^source +SALE, .*\n +term_reason AGENT$", shown, re.M)
    assert [attempt.get("changed") for attempt in why(sync, other)["ledger"]["attempts"]] == [None, None]
    db.update(call, status="DNC")
    sync.run()
    assert why(sync, call)["ledger"]["attempts"][2].get("changed") is None
    assert sync.run("why", call).out.count("sent again because") == 1


def test_why_explains_calls_that_only_the_table_has(sync, db):
    now = db.now()
    early = db.insert(end_epoch=now - 4000)
    assert why(sync, early)["explanation"] == "not sent: no run is recorded yet"
    sync.run()
    fresh, running = db.insert(end_epoch=now - 1), db.insert(end_epoch=None)
    assert "ended before the floor, 20" in why(sync, early)["explanation"]
    assert "out of scope" in why(sync, early)["explanation"]
    assert why(sync, fresh)["explanation"] == "not sent yet: the call will be sent with one of the next runs"
    assert why(sync, running)["explanation"] == "not ended yet"
    command = re.search(r"To send it: did-optimizer-sync (backfill .*)$", why(sync, early)["explanation"]).group(1)
    assert sync.run(*shlex.split(command)).code == 0 and why(sync, early)["state"] == "accepted"


def test_why_needs_no_api_key(sync, db):
    uniqueid = db.insert()
    sync.configure(dids={"api_key": None, "api_base_url": "http://api.example.com"})
    told = why(sync, uniqueid)
    assert told["table"]["status"] == "SALE" and told["table_problem"] is None


def test_why_explains_calls_that_the_table_no_longer_has(sync, db):
    now = db.now()
    archived, gone = db.insert(end_epoch=now - 30), db.insert(end_epoch=now - 20)
    sync.run()
    db.query("INSERT INTO vicidial_log_archive SELECT * FROM vicidial_log WHERE uniqueid = %s", (archived,))
    db.delete(archived)
    db.delete(gone)
    assert why(sync, archived)["table"]["name"] == "vicidial_log_archive"
    assert "in the archive, vicidial_log_archive" in sync.run("why", archived).out
    assert why(sync, gone)["table"] is None and "its row was deleted" in why(sync, gone)["explanation"]
    assert "this call is neither in the ledger nor" in why(sync, "1.1")["explanation"]
    assert sync.run("why", "1.1").code == 1 and sync.run("why", gone).code == 0  # as grep does if it finds nothing


@pytest.mark.parametrize("what", ["database", "configuration"])
def test_why_without_the_database_shows_what_the_ledger_knows(sync, db, what):
    call = db.insert(end_epoch=db.now() - 20)
    sync.run()
    if what == "database":
        db.dialer.halt()
    else:
        sync.configure(config={"sync": {"settle": "soon"}})
    told = why(sync, call)
    assert told["state"] == "accepted" and told["table"] is None and told["table_problem"]
    assert rows(sync.run("why", call).out)["source"].startswith("could not be read: ")
    assert re.fullmatch("accepted at 20[^;]*", told["explanation"])
    assert "the call is not in the ledger" in why(sync, "1.1")["explanation"]
    assert sync.run("why", "1.1").code == 69 and sync.run("why", call).code == 0


def test_why_changes_nothing(sync, db, api):
    call = db.insert(end_epoch=db.now() - 20)
    sync.run()
    before = sync.ledger("SELECT * FROM call"), sync.ledger("SELECT count(*) FROM run"), len(api.log())
    assert sync.run("why", call).code == 0
    assert (sync.ledger("SELECT * FROM call"), sync.ledger("SELECT count(*) FROM run"), len(api.log())) == before


def test_why_prints_no_secret_and_no_control_character(sync, db, api):
    call = db.insert(end_epoch=db.now() - 20, user="\x1b[2J", status="SALE")
    sync.run()
    for done in (sync.run("why", call), sync.run("why", "\x1b[2J"), sync.run("why", "x" * 5000)):
        assert done.code == (0 if call in done.out else 1) and "\x1b" not in done.out and api.api_key not in done.out


def test_why_without_a_uniqueid_is_refused(sync):
    done = sync.run("why")
    assert done.code == 64 and done.err == "did-optimizer-sync: why needs an argument; see --help\n"


# ---- metrics ----

def metrics(sync, *args):
    done = sync.run("metrics", *args)
    assert (done.code, done.err) == (0, "")
    return Metrics(done.out)


def test_metrics_work_before_the_first_run(sync, db):
    page = metrics(sync)
    assert page.value(P + "freshness_seconds") is None and page.value(P + "last_run_timestamp_seconds") is None
    version = re.search(r'#define VERSION "(.+)"', (ROOT / "poller/base/version.h").read_text()).group(1)
    assert page.value(P + "build_info", version=version) == 1
    promtool("check", "metrics", text=sync.run("metrics").out)


def test_metrics_count_calls_answers_runs_and_how_long_things_took(sync, db, api):
    now = db.now()
    db.insert_many([{"uniqueid": f"{now - 45 + n}.1", "end_epoch": now - 45 + n, "status": "SALE"} for n in range(3)])
    refused, late = db.insert(end_epoch=now - 20, status="DNC"), db.insert(end_epoch=now - 700, status="NA")
    changed = db.insert(end_epoch=now - 15)
    refuse(api, refused)
    sync.run()
    db.update(changed, status="B")
    pending = db.insert(end_epoch=now - 40)
    db.insert(end_epoch=now - 30, status="DISPO")
    api.rules([{"uniqueid": pending, "status": 500}])
    sync.run()
    page = metrics(sync)
    assert page.value(P + "calls_total", outcome="accepted", result="answered") == 4
    assert page.value(P + "calls_total", outcome="accepted", result="no_answer") == 1
    assert page.value(P + "calls_total", outcome="rejected", result="dnc") == 1
    assert page.value(P + "calls_resent_total") == 1
    assert page.value(P + "watched") == 0
    assert [page.value(P + "answers_total", code=code) for code in ("200", "422", "500")] == [6, 1, 1]
    assert (page.value(P + "pending"), page.value(P + "waiting"), page.value(P + "rejected")) == (1, 1, 1)
    assert 40 <= page.value(P + "freshness_seconds") <= 100
    assert 30 <= page.value(P + "waiting_oldest_seconds") <= 90
    assert page.value(P + "runs_total", kind="poll", exit_code="0") == 1
    assert page.value(P + "runs_total", kind="poll", exit_code="75") == 1
    assert page.value(P + "last_run_exit_code") == 75 and page.value(P + "api_down", sink="API") == 0
    assert page.value(P + "last_run_timestamp_seconds") >= page.value(P + "last_success_timestamp_seconds") >= now
    assert page.value(P + "last_run_rows_examined") > 0 and page.value(P + "last_run_database_statements") > 0
    assert 0 < page.value(P + "last_run_database_seconds") <= page.value(P + "last_run_duration_seconds") + 1
    delay = P + "acceptance_delay_seconds"
    assert page.value(delay + "_count") == 5 and page.value(delay + "_bucket", le="600") == 4
    assert page.value(delay + "_bucket", le="1800") == 5 and page.value(delay + "_sum") >= 700 + 43 * 3 + 15
    assert page.value(P + "request_duration_seconds_count") == 8
    assert late in [entry["uniqueid"] for entry in api.log()]
    promtool("check", "metrics", text=sync.run("metrics").out)


def test_metrics_need_neither_database_nor_configuration(sync, db):
    db.insert(end_epoch=db.now() - 20)
    sync.run()
    db.dialer.halt()
    sync.configure(config={"sync": {"settle": "soon"}})
    assert metrics(sync).value(P + "calls_total", outcome="accepted", result="answered") == 1


def test_metrics_show_an_outage_and_a_rate_limit(sync, db, api):
    now = db.now()
    db.insert(end_epoch=now - 30)
    api.stop()
    sync.run()
    page = metrics(sync)
    assert (page.value(P + "api_down", sink="API"), page.value(P + "last_run_exit_code")) == (1, 69)
    assert page.value(P + "answers_total", code="0") >= 1
    assert 30 <= page.value(P + "freshness_seconds") <= 90  # the run saw the call, and did not send it
    assert (page.value(P + "unsent"), page.value(P + "verdict")) == (1, 2)
    api.start()
    api.rules([{"status": 429, "headers": {"Retry-After": "300"}}])
    sync.run()
    assert 200 < metrics(sync).value(P + "rate_limited_seconds") <= 300


def test_runs_are_counted_although_the_ledger_forgets_them(sync, db):
    sync.run()
    sync.run()
    write_ledger(sync, "DELETE FROM run")
    page = metrics(sync)
    assert sum(value for (name, _), value in page.samples.items() if name == P + "runs_total") == 2


def test_a_label_cannot_break_the_page(sync, db):
    sync.run()
    write_ledger(sync, """INSERT INTO counter VALUES ('calls', 'accepted a"b\\c' || char(10) || 'd', 1)""")
    page = metrics(sync)
    assert page.value(P + "calls_total", outcome="accepted", result="a?b?c?d") == 1


def example_page(sync, page, path=None):
    """Runs the line of the cron example as cron does, but with another page. path: the directory of the program."""
    text = (EXAMPLES / "did-optimizer-sync-metrics.cron").read_text()
    line = re.search(r"^\* \* \* \* \* root (.*metrics.*)$", text, re.M)[1]
    folder = sync.directory / "bin"
    folder.mkdir(exist_ok=True)
    words = shlex.join(sync.words("metrics"))
    (folder / "did-optimizer-sync").write_text(f"#!/bin/sh\nexec {words}\n")
    (folder / "did-optimizer-sync").chmod(0o755)
    assert "%" not in line and re.search(r"^SHELL=/bin/sh$", text, re.M)  # cron replaces a % with an end of line
    return subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False,
                          env={**os.environ, "PATH": f"{path or folder}:/usr/sbin:/usr/bin:/sbin:/bin",
                               "PAGE": str(page)})


def test_the_cron_example_replaces_its_page_in_one_step_and_everybody_may_read_it(sync, db):
    sync.run()
    folder = sync.directory / "textfile"
    folder.mkdir()
    inodes = set()
    for _ in range(2):
        done = example_page(sync, folder / "sync.prom")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        inodes.add((folder / "sync.prom").stat().st_ino)
    assert Metrics((folder / "sync.prom").read_text()).value(P + "api_down", sink="API") == 0
    assert (folder / "sync.prom").stat().st_mode & 0o777 == 0o644
    assert [path.name for path in folder.iterdir()] == ["sync.prom"]


def test_the_cron_example_makes_its_page_where_nobody_else_reads_half_of_it(sync, db):
    """An incomplete page has another name, which node_exporter does not read. Only the owner can read that page."""
    folder = sync.directory / "textfile"
    folder.mkdir()
    (folder / "sync.prom").write_text("before\n")
    spy = sync.directory / "spy"
    spy.mkdir()
    (spy / "did-optimizer-sync").write_text(f"#!/bin/sh\necho half\nls -l '{folder}' >'{spy}/seen'\n"
                                            f"cat '{folder}/sync.prom' >>'{spy}/seen'\nexit 74\n")
    (spy / "did-optimizer-sync").chmod(0o755)
    example_page(sync, folder / "sync.prom", spy)
    seen = (spy / "seen").read_text()
    assert re.search(r"^-rw------- .* sync\.prom\.\w{6}$", seen, re.M) and seen.endswith("before\n")
    assert [path.name for path in folder.iterdir()] == ["sync.prom"]
    assert (folder / "sync.prom").read_text() == "before\n"


def test_metrics_that_cannot_be_read_leave_the_page_alone(sync, db):
    sync.run()
    folder = sync.directory / "textfile"
    folder.mkdir()
    (folder / "sync.prom").write_text("before\n")
    write_ledger(sync, "PRAGMA user_version = 99")
    done = sync.run("metrics")
    assert (done.code, done.out) == (78, "") and "newer version" in done.err
    example_page(sync, folder / "sync.prom")
    assert (folder / "sync.prom").read_text() == "before\n"
    assert [path.name for path in folder.iterdir()] == ["sync.prom"]


@pytest.mark.parametrize("page", ["missing/sync.prom", "folder"])
def test_the_cron_example_replaces_nothing_but_a_page(sync, db, page):
    sync.run()
    (sync.directory / "folder").mkdir()
    assert example_page(sync, sync.directory / page).stderr
    assert list((sync.directory / "folder").iterdir()) == [] and not list(sync.directory.glob("folder.*"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up being root")
def test_the_cron_example_writes_as_root_and_reads_as_the_owner_of_the_state(db, api):
    with tempfile.TemporaryDirectory() as directory:  # other users cannot read pytest's own directory
        os.chmod(directory, 0o755)
        sync = Sync(f"{directory}/host", db, api)
        sync.run()
        sync.state.chmod(0o700)
        for path in (sync.state, *sync.state.iterdir()):
            os.chown(path, 65534, 65534)
        folder = sync.directory / "textfile"
        folder.mkdir(mode=0o755)
        done = example_page(sync, folder / "sync.prom")
        assert (done.returncode, done.stderr) == (0, "")
        assert Metrics((folder / "sync.prom").read_text()).value(P + "api_down", sink="API") == 0
        assert {path.stat().st_uid for path in sync.state.iterdir()} == {65534}


# ---- health ----

def health(sync, *args):
    done = sync.run("health", *args)
    assert done.err == "" and done.out.count("\n") == 1 and done.out.count("|") <= 1
    return done.code, done.out.rstrip("\n")


def test_health_is_ok_if_no_call_is_pending(sync, db):
    db.insert(end_epoch=db.now() - 20)
    db.insert(end_epoch=db.now() - 2000, status="DISPO")  # the call waits for its agent, which is no fault
    sync.run()
    code, line = health(sync)
    assert code == 0
    assert re.fullmatch(r"OK - last run \d+ s ago \| freshness=\d+s;300;900;0 pending=0 waiting=1 rejected=0 unsent=0",
                        line)


def test_health_judges_the_oldest_unsent_call_by_its_thresholds(sync, db, api):
    call, _ = db.insert(end_epoch=db.now() - 600), db.insert(end_epoch=db.now() - 10)
    api.rules([{"uniqueid": call, "status": 500}])
    sync.run()
    code, line = health(sync)
    assert code == 1 and line.startswith(
        "WARNING - a call that ended 10 min ago is not sent yet; do: did-optimizer-sync history | freshness=6")
    assert health(sync, "--critical", "500")[0] == 2
    assert health(sync, "--warning", "3000", "--critical", "3000")[0] == 0
    assert ";3000;3600;0 pending=1" in health(sync, "--warning", "3000", "--critical", "3600")[1]


def test_health_warns_of_calls_that_are_rejected(sync, db, api):
    refuse(api, db.insert(end_epoch=db.now() - 20))
    sync.run()
    code, line = health(sync)
    assert code == 1 and line.startswith("WARNING - 1 call is rejected; do: did-optimizer-sync failed list | ")


def test_an_outage_is_critical(sync, db, api):
    db.insert(end_epoch=db.now() - 20)
    api.stop()
    sync.run()
    code, line = health(sync)
    assert code == 2 and "API down since 20" in line and "the last run failed (exit 69)" in line


def test_no_run_for_longer_than_the_critical_time_is_critical(sync, db):
    assert health(sync) == (2, "CRITICAL - no run yet; do: did-optimizer-sync check | freshness=U;300;900;0 pending=0 "
                               "waiting=0 rejected=0 unsent=U")
    sync.run()
    write_ledger(sync, "UPDATE run SET started = started - 1000, finished = finished - 1000")
    code, line = health(sync)
    assert code == 2 and line.startswith("CRITICAL - no run for 16 min")
    assert health(sync, "--critical", "2000")[0] == 1
    assert health(sync, "--warning", "2000", "--critical", "2000")[0] == 0
    write_ledger(sync, ("INSERT INTO run (kind, started, finished, exit_code) VALUES ('retry', ?, ?, 0)",
                        (db.now(), db.now())))
    assert health(sync)[0] == 2  # what a person does by hand is no run


def test_an_unreadable_state_is_unknown(sync, db, tmp_path):
    sync.run()
    code, line = health(sync, "--warning", "901")  # more than --critical is without a word
    assert code == 3 and "--warning 901" in line
    write_ledger(sync, "PRAGMA user_version = 99")
    code, line = health(sync)
    assert code == 3 and line.startswith("UNKNOWN - ") and "newer version" in line
    assert health(sync, "--state-dir", str(tmp_path / "nowhere"))[0] == 3
    for words in (("--warning", "soon"), ("--critical", "-1"), ("--warning", "7", "--critical", "6")):
        code, line = health(sync, *words)
        assert code == 3 and words[0] in line and words[1] in line


def test_what_an_api_says_cannot_add_performance_data(sync, db):
    sync.run()
    write_ledger(sync, "UPDATE run SET exit_code = 69, message = 'a | b=1' || char(10) || 'c'")
    code, line = health(sync)
    assert code == 1 and "a / b=1?c" in line


# ---- an old ledger ----

def test_a_ledger_of_the_first_version_shows_in_every_view(sync, db, first_version):
    [row] = json_lines(sync.run("history", "--json"))
    assert (row["kind"], row["failed"], row["rows_examined"], row["duration_ms"]) == ("poll", None, None, 900)
    assert re.search(r"poll +0\.90s ", sync.run("history").out)
    for state, uniqueid in first_version.items():
        told = why(sync, uniqueid)
        assert told["state"] == {1: "accepted", 2: "pending", 3: "waiting", 4: "rejected"}[state]
        assert told["ledger"]["attempts"] == [] and told["ledger"]["first_seen"] is None and told["explanation"]
        assert "status not known" in sync.run("why", uniqueid).out
    page = metrics(sync)
    assert (page.value(P + "pending"), page.value(P + "waiting"), page.value(P + "rejected")) == (1, 1, 1)
    assert page.value(P + "last_run_rows_examined") is None and page.value(P + "last_run_duration_seconds") == 0.9
    promtool("check", "metrics", text=sync.run("metrics").out)
    assert health(sync)[0] == 1
    assert sync.run("status").code == 75 and "now: WARNING - " in sync.run("history").out
    assert sync.ledger("PRAGMA user_version") == [(1,)]  # the views change nothing


# ---- the examples ----

@pytest.mark.parametrize("rules", ["did-optimizer-sync", "callcenter"])
def test_prometheus_accepts_the_rules_and_they_fire_as_they_say(rules):
    promtool("check", "rules", EXAMPLES / f"{rules}.rules.yml")
    promtool("test", "rules", f"{rules}.rules.test.yml", cwd=ROOT / "tests/promtool")


def own_names(text):
    return set(re.findall(rf"\b{P}\w+", text))


def test_rules_and_dashboard_ask_for_metrics_that_exist(sync, db, api):
    """Goal: no panel and no alert uses a name that has changed."""
    db.insert(end_epoch=db.now() - 20)
    sync.run()
    there = metrics(sync).names()
    dashboard = json.loads((EXAMPLES / "did-optimizer-sync.dashboard.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert len(expressions) >= 10 and len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    rules = [(EXAMPLES / f"{name}.rules.yml").read_text() for name in ("did-optimizer-sync", "callcenter")]
    for text in (*expressions, *rules):
        assert own_names(text), text
        assert own_names(text) <= there, own_names(text) - there
