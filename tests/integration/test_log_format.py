"""The log for machines (format = json), and masked phone numbers (mask_phone = yes)."""
import datetime
import json
import pathlib
import time

PHONE, SHOWN = "3125551234", "******1234"


def entries_about(entries, uniqueid):
    (entry,) = [entry for entry in entries if entry["context"].get("uniqueid") == uniqueid]
    return entry


def test_a_line_about_a_call_holds_what_is_known_of_it(sync, db, api):
    good, refused = db.insert(status="SALE", phone_number=PHONE), db.insert(status="NA", campaign_id="OTHER")
    pending = db.insert(status="BUSY")
    api.rules([{"uniqueid": refused, "status": 422, "body": '{"success":false,"error":"no"}'},
               {"uniqueid": pending, "status": 500}])
    sync.configure(config={"log": {"format": "json"}})
    entries = [json.loads(line) for line in sync.run().log.splitlines()]
    (run,) = [row[0] for row in sync.ledger("SELECT id FROM run")]
    assert entries_about(entries, good)["context"] == {
        "run": run, "uniqueid": good, "campaign": "TESTCAMP", "phone": PHONE, "status": "SALE", "result": "answered",
        "answer": 200, "attempt": 1}
    assert entries_about(entries, good)["logger"] == "settle" and entries_about(entries, good)["level"] == "INFO"
    assert entries_about(entries, refused)["context"].items() >= {
        "campaign": "OTHER", "result": "no_answer", "answer": 422, "attempt": 1}.items()
    assert entries_about(entries, pending)["context"].items() >= {"answer": 500, "attempt": 1}.items()
    assert entries_about(entries, pending)["level"] == entries_about(entries, refused)["level"] == "WARN"


def test_attempts_are_counted(sync, db, api):
    pending = db.insert()
    db.insert()
    sync.configure(config={"log": {"format": "json"}, "sync": {"retry_base": 0}})
    api.rules([{"uniqueid": pending, "status": 500, "times": 1}])
    contexts = []
    for _ in range(2):
        contexts.append(entries_about([json.loads(line) for line in sync.run().log.splitlines()], pending)["context"])
        time.sleep(2.1)  # the call is due a second later
    assert [(context["answer"], context["attempt"]) for context in contexts] == [(500, 1), (200, 2)]


def test_times_are_iso_8601_with_the_offset_and_each_line_names_its_part(sync, db):
    db.insert()
    sync.configure(config={"log": {"format": "json"}})
    before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    entries = [json.loads(line) for line in sync.run().log.splitlines()]
    for entry in entries:
        assert datetime.datetime.fromisoformat(entry["timestamp"]) >= before
    loggers = {entry["logger"] for entry in entries} - {"journal"}  # it warns of a slow database
    assert loggers == {"run", "resources", "walk", "enrich", "settle", "progress", "summary"}


def numbers_shown(*results):
    return [text for result in results for text in (result.out, result.err, result.log) if PHONE in text]


def test_only_the_last_four_digits_are_shown_and_the_whole_number_is_sent_and_kept(sync, db, api):
    good, refused = db.insert(phone_number=PHONE), db.insert(phone_number=PHONE)
    api.rules([{"uniqueid": refused, "status": 422,
                "body": json.dumps({"success": False, "error": f"no such number {PHONE}"})}])
    for log_format in ("text", "json"):
        sync.configure(config={"log": {"format": log_format, "mask_phone": "yes"}})
        dry = sync.run("--dry-run")
        assert numbers_shown(dry) == []
        assert {json.loads(line)["phoneNumber"] for line in dry.out.splitlines()} <= {SHOWN}
    run = sync.run()
    shown = [run, sync.run("failed", "list"), sync.run("failed", "list", "--json"), sync.run("status")]
    assert numbers_shown(*shown) == []
    assert SHOWN in run.log and SHOWN in shown[1].out and f"no such number {SHOWN}" in shown[1].out
    assert json.loads(shown[2].out)["phone"] == SHOWN
    assert {body["phoneNumber"] for body in api.recorded()} == {PHONE}
    assert sync.ledger("SELECT DISTINCT phone FROM call") == [(PHONE,)]
    assert good in {body["uniqueid"] for body in api.recorded()}


def test_a_number_that_the_api_repeats_while_it_is_down_is_masked_too(sync, db, api):
    db.insert_many([{"phone_number": PHONE}] * 2)
    for status, code in ((500, 69), (401, 78), (429, 75)):
        sync.configure(config={"log": {"mask_phone": "yes"}})
        api.rules([{"status": status, "body": json.dumps({"error": f"not now, {PHONE}"})}])
        run = sync.run()
        assert run.code == code
        assert numbers_shown(run, sync.run("status"), sync.run("status", "--json")) == []
        assert SHOWN in run.log


def test_every_view_of_a_call_masks_its_number(sync, db, api):
    """The views are `why` and `report`, also if the API repeats the number in its reason, and the log of backfill and
    reconcile."""
    refused = db.insert(phone_number=PHONE)
    api.rules([{"uniqueid": refused, "status": 422, "body": json.dumps({"error": f"no DID for {PHONE}"})}])
    sync.configure(config={"log": {"mask_phone": "yes"}})
    assert sync.run().code == 0
    db.insert(phone_number=PHONE, end_epoch=db.now() - 7200)
    template = pathlib.Path(__file__).parents[2] / "packaging/report.html"
    views = [sync.run("why", refused), sync.run("why", refused, "--json"),
             sync.run("report", "--html", "-", "--template", template),
             sync.run("backfill", "--from", "1 day ago", "--to", "now"), sync.run("reconcile", "--report-only")]
    assert [view.code for view in views] == [0, 0, 0, 0, 0]
    assert numbers_shown(*views) == []
    for view in views[:3]:
        assert SHOWN in view.out


def test_numbers_are_shown_whole_by_default(sync, db, api):
    db.insert(phone_number=PHONE)
    assert PHONE in sync.run("--dry-run").out and PHONE in sync.run().log
