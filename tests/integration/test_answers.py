"""Whether an answer concerns its call, the API or the settings; and what the log says about the answer."""
import gzip
import json
import sqlite3
import time
import zlib

import pytest

ACCEPTED, PENDING, WAITING, REJECTED = 1, 2, 3, 4
REFUSALS = (301, 308, 401, 403, 404, 405)


@pytest.fixture
def sync(sync):
    """Failed calls are tried again soon."""
    sync.configure(dids={"api_timeout": 1}, config={"sync": {"retry_base": 0}})
    return sync


def run(sync, code=0, *words):
    result = sync.run(*words)
    assert result.code == code, result.log + result.out + result.err
    return result


def call(sync, uniqueid):
    return sync.ledger("SELECT state, attempts, reason FROM call WHERE uniqueid = ?", uniqueid)[0]


def errors(result):
    return [line for line in result.log.splitlines() if " ERROR " in line]


def make_due(sync):
    with sqlite3.connect(str(sync.state / "ledger.db")) as ledger:
        ledger.execute("UPDATE call SET due = 0 WHERE state = 2")
    ledger.close()


def end_rate_limit(sync):
    with sqlite3.connect(str(sync.state / "ledger.db")) as ledger:
        ledger.execute("UPDATE note SET number = 1 WHERE name = 'rate_limited_until'")
    ledger.close()


# ---- the API refuses a request: is the call at fault, or the settings? ----

@pytest.mark.parametrize("status", REFUSALS)
def test_one_refused_call_delays_no_other_call(sync, db, api, status):
    """A firewall may refuse a single call forever. That call uses up its retries and is then rejected."""
    sync.configure(config={"sync": {"max_attempts": 2}})
    bad, *good = db.insert_many([{"end_epoch": db.now() - 30}] + [{}] * 300)
    api.rules([{"uniqueid": bad, "status": status}])
    first = run(sync, 75)
    assert errors(first) == [] and sorted(api.by_uniqueid()) == sorted(good)
    state, attempts, reason = call(sync, bad)
    assert (state, attempts) == (PENDING, 1) and reason.startswith(f"HTTP {status}")
    assert "though the API accepts other calls" in reason
    make_due(sync)
    db.insert()
    second = run(sync)
    state, attempts, reason = call(sync, bad)
    assert (state, attempts) == (REJECTED, 2) and "after 2 attempts" in reason
    assert f"✗ {bad}: failed: HTTP {status}" in second.log and "rejected" in second.log


ALONE = {**{str(status): {"status": status} for status in REFUSALS + (500, 502)}, "hang": {"action": "hang"},
         "reset": {"action": "reset"}, "page": {"action": "garbage"}, "204": {"status": 204, "body": ""}}


@pytest.mark.parametrize("status", [403, 500])
def test_many_refused_calls_delay_good_ones_for_a_few_runs_only(sync, db, api, status):
    """A firewall may refuse many calls, at random places. Once it took 27 runs until each had used up a retry."""
    now = db.now()
    sync.configure(config={"sync": {"retry_base": 60}})
    bad = db.insert_many([{"end_epoch": now - 300 + n} for n in range(40)])
    api.rules([{"uniqueid": uniqueid, "status": status} for uniqueid in bad])
    runs, good = 0, []
    while runs == 0 or sync.ledger("SELECT count(*) FROM call WHERE state = 2 AND attempts = 1") != [(40,)]:
        good += db.insert_many([{}, {}, {}])
        sync.run()
        runs += 1
        assert runs <= 18
    run(sync, 75)
    assert sorted(api.by_uniqueid()) == sorted(good)


@pytest.mark.parametrize("rule", ALONE.values(), ids=list(ALONE))
def test_a_single_failed_call_proves_no_outage(sync, db, api, rule):
    """A single failed call proves no outage, no wrong settings, and no success. It uses up no retry while nothing shows
    that the API works. The next accepted call shows that this call was at fault."""
    bad = db.insert()
    api.rules([{"uniqueid": bad, **rule}])
    for _ in range(3):
        alone = run(sync, 75, "--cron")
        assert alone.out == "" and errors(alone) == [] and "✅ Sync completed" not in alone.log
        assert "there was no other call to test the API with" in alone.log and "The API accepted no call" in alone.log
        assert call(sync, bad)[:2] == (PENDING, 0)
        make_due(sync)
    assert sync.ledger("SELECT number FROM note WHERE name = 'api_down_since'") in ([], [(0,)])
    health = run(sync, 1, "health")
    assert "the API failed on a call, and there was no other call" in health.out
    good = db.insert()
    run(sync, 75)
    assert list(api.by_uniqueid()) == [good] and call(sync, bad)[:2] == (PENDING, 1)
    assert "failed on a call" not in sync.run("health").out


def test_an_unclear_call_is_sent_again_when_the_api_accepts_another(sync, db, api):
    """The program does not wait for the due time of the unclear call."""
    sync.configure(config={"sync": {"retry_base": 3600}})
    bad = db.insert()
    api.rules([{"uniqueid": bad, "status": 500}])
    run(sync, 75)
    run(sync, 75)
    assert len(api.log()) == 1  # not each minute, because the API may store the call and fail afterwards
    good = db.insert()
    run(sync, 75)
    assert [entry["uniqueid"] for entry in api.log()] == [bad, good, bad] and call(sync, bad)[:2] == (PENDING, 1)


def test_an_unclear_call_that_is_good_arrives_with_the_next_call(sync, db, api):
    sync.configure(config={"sync": {"retry_base": 3600}})
    first = db.insert()
    api.rules([{"status": 502, "times": 1}])
    run(sync, 75)
    second = db.insert()
    run(sync)
    assert sorted(api.by_uniqueid()) == sorted([first, second])


@pytest.mark.parametrize("status, code", [(401, 78), (403, 78), (404, 78), (302, 78), (500, 69)])
@pytest.mark.parametrize("apart", [False, True], ids=["at once", "one after the other"])
def test_two_different_failed_calls_are_an_outage_or_wrong_settings(sync, db, api, status, code, apart):
    """The run also tries the next new call: then two different calls failed in a row."""
    sync.configure(config={"sync": {"retry_base": 3600}})
    api.rules([{"status": status}])
    uniqueids = [db.insert()]
    if apart:
        run(sync, 75)
    uniqueids.append(db.insert())
    declared = run(sync, code)
    (message,) = errors(declared)
    assert f"HTTP {status}" in message and "no call is lost" in message
    assert code != 78 or "the API refused 2 different calls in a row" in message
    again = run(sync, code)
    assert code != 78 or "still refuses calls" in again.log
    assert sync.ledger("SELECT sum(attempts) FROM call") in ([(0,)], [(None,)])
    api.rules([])
    make_due(sync)
    run(sync)
    assert sorted(api.by_uniqueid()) == sorted(uniqueids)


def test_one_call_that_fails_twice_counts_once(sync, db, api):
    bad = db.insert()
    api.rules([{"status": 401}])
    for _ in range(4):
        run(sync, 75)
        make_due(sync)
    assert call(sync, bad)[:2] == (PENDING, 0)


def test_calls_that_used_up_retries_by_day_are_no_outage_at_night(sync, db, api):
    """By day the API accepted other calls while these failed."""
    bad = db.insert_many([{}] * 3)
    db.insert()
    api.rules([{"uniqueid": uniqueid, "status": status} for uniqueid, status in zip(bad, (500, 403, 500))])
    run(sync, 75)
    make_due(sync)
    night = run(sync, 75)
    assert errors(night) == [] and [call(sync, uniqueid)[:2] for uniqueid in bad] == [(PENDING, 1)] * 3


POISON = ('CallRecord validation failed: customerZip: Path `customerZip` (`12345678901`) is longer than 10',
          'Cast to Number failed for value "Jane Doe" (type string) at path "duration"',
          "x.substring is not a function")


@pytest.mark.parametrize("words", POISON)
def test_calls_with_values_that_the_api_refuses_are_no_outage(sync, db, api, words):
    """The published server answers 500 for a bad value, again and again."""
    db.insert_many([{}] * 3)
    api.rules([{"status": 500, "body": json.dumps({"success": False, "error": words})}])
    assert errors(run(sync, 75)) == []
    db.insert_many([{}] * 20)
    run(sync, 69)  # but if the API blames every call, the API itself is broken


def test_an_api_without_its_database_is_an_outage(sync, db, api):
    db.insert_many([{}] * 3)
    api.rules([{"status": 500, "body": json.dumps({"success": False, "message": "API key validation failed",
                                                   "error": "Cast to x: connect ECONNREFUSED"})}])
    run(sync, 69)


def test_no_recovery_is_reported_before_the_api_accepts_a_call(sync, db, api):
    """An outage is not over if there was no call to send, or if the only call failed."""
    first, _ = db.insert_many([{}] * 2)
    api.rules([{"status": 500}])
    assert "does not work" in run(sync, 69, "--cron").out
    for uniqueid in db.query("SELECT uniqueid FROM vicidial_log"):
        db.update(uniqueid["uniqueid"], status="DISPO")
    assert sync.run("--cron").out == ""
    db.update(first, status="SALE")
    api.rules([])
    make_due(sync)
    assert "works again" in sync.run("--cron").out


# ---- bodies: compressed, too long, not the API's ----

def deflate(data):
    return zlib.compress(data)


@pytest.mark.parametrize("encoding, compress", [("gzip", gzip.compress), ("deflate", deflate)])
def test_a_compressed_answer_is_read(sync, db, api, encoding, compress):
    uniqueid, refused = db.insert_many([{}] * 2)
    api.rules([{"uniqueid": refused, "status": 422, "headers": {"Content-Encoding": encoding},
                "body_hex": compress(b'{"error":"no such list"}').hex()},
               {"headers": {"Content-Encoding": encoding}, "body_hex": compress(b'{"success":true}').hex()}])
    run(sync)
    assert call(sync, uniqueid)[0] == ACCEPTED and call(sync, refused)[::2] == (REJECTED, "HTTP 422: no such list")


def test_a_brotli_answer_is_read(sync, db, api):
    """The body is what `brotli` makes of {"success":true}. If libcurl was built without brotli, the message says so."""
    uniqueid = db.insert()
    api.rules([{"headers": {"Content-Encoding": "br"}, "body_hex": "1b0f0000a44574f6faa422935452d379387c1606"}])
    result = sync.run()
    if result.code != 0:
        assert "could not be decoded" in result.log
        pytest.skip("this libcurl knows no brotli")
    assert call(sync, uniqueid)[0] == ACCEPTED


def test_the_size_limit_counts_decoded_bytes(sync, db, api):
    db.insert_many([{}] * 2)
    bomb = gzip.compress(b'{"success":true}' + b" " * (1 << 20))
    api.rules([{"headers": {"Content-Encoding": "gzip"}, "body_hex": bomb.hex()}])
    assert len(bomb) < 4096 and "longer than 64 KiB" in run(sync, 69).log


def test_an_answer_with_a_false_encoding_is_a_failure(sync, db, api):
    db.insert_many([{}] * 2)
    api.rules([{"headers": {"Content-Encoding": "gzip"}, "body": '{"success":true}'}])
    assert "could not be decoded" in run(sync, 69).log


@pytest.mark.parametrize("status, code, word", [
    (429, 75, "rate limited until"), (403, 78, "HTTP 403"), (401, 78, "HTTP 401"), (400, 0, "HTTP 400"),
    (500, 69, "HTTP 500"), (200, 69, "longer than 64 KiB")])
def test_the_status_decides_if_the_answer_is_too_long(sync, db, api, status, code, word):
    uniqueids = db.insert_many([{}] * 2)
    api.rules([{"status": status, "action": "huge", "headers": {"Retry-After": "600"}}])
    before = db.now()
    assert word in run(sync, code).log
    if status == 429:
        (until,), = sync.ledger("SELECT number FROM note WHERE name = 'rate_limited_until'")
        assert 595 <= until - before <= 610
    if status == 400:
        assert [call(sync, uniqueid)[0] for uniqueid in uniqueids] == [REJECTED] * 2


STRANGERS = {
    "empty": ({"status": 200, "body": ""}, ["got an empty body"]),
    "202": ({"status": 202, "body": ""}, ["HTTP 202", "got an empty body"]),
    "204": ({"status": 204, "body": ""}, ["HTTP 204", "got an empty body"]),
    "OK": ({"status": 200, "body": "OK", "headers": {"Content-Type": "text/plain"}}, ["got text/plain: 'OK'"]),
    "array": ({"status": 200, "body": '[{"success":true}]'}, ["got application/json", "'[{"]),
    "page": ({"action": "garbage"}, ["proxy's or portal's page", "got text/html: '<!DOCTYPE html>"]),
}


@pytest.mark.parametrize("rule, words", STRANGERS.values(), ids=list(STRANGERS))
def test_a_foreign_answer_is_described_in_the_log(sync, db, api, rule, words):
    db.insert_many([{}] * 2)
    api.rules([rule])
    (message,) = errors(run(sync, 69))
    check = run(sync, 69, "check").out
    for word in [*words, "expected a JSON object", "check api_base_url (", f"{sync.dids_file}:"]:
        assert word in message and word in check
    assert api.recorded() == []


def test_a_foreign_answer_puts_no_secret_into_the_log(sync, db, api):
    db.insert_many([{}] * 2)
    api.rules([{"status": 200, "body": f"debug {api.api_key} debug", "headers": {"Content-Type": f"a/{api.api_key}"}}])
    for result in (run(sync, 69), run(sync, 69, "check")):
        assert api.api_key not in result.log + result.out


# ---- reasons ----

def test_fastapis_reasons_are_logged_without_the_values_it_repeats(sync, db, api):
    one, other = db.insert_many([{}] * 2)
    detail = [{"type": "missing", "loc": ["body", "campaignId"], "msg": "Field required", "input": {"name": "Jane"}}]
    api.rules([{"uniqueid": one, "status": 422, "body": json.dumps({"detail": detail})},
               {"uniqueid": other, "status": 400, "body": json.dumps({"detail": "No such campaign"})}])
    result = run(sync)
    assert call(sync, one)[2] == "HTTP 422: body.campaignId: Field required"
    assert call(sync, other)[2] == "HTTP 400: No such campaign"
    assert f"✗ {one}: failed: HTTP 422: body.campaignId: Field required (rejected)" in result.log
    assert "Jane" not in result.log and "Jane" not in run(sync, 0, "failed", "list").out


def test_a_missing_header_is_wrong_configuration(sync, db, api):
    uniqueids = db.insert_many([{}] * 3)
    detail = [{"type": "missing", "loc": ["header", "x-api-key"], "msg": "Field required"}]
    api.rules([{"status": 422, "body": json.dumps({"detail": detail})}])
    assert "header.x-api-key: Field required; check api_key (" in run(sync, 78).log
    assert "check api_key (" in run(sync, 78, "check").out
    api.rules([])
    run(sync)
    assert sorted(api.by_uniqueid()) == sorted(uniqueids)


def test_values_in_a_reason_are_masked(sync, db, api):
    sync.configure(config={"log": {"mask_phone": "yes"}})
    db.insert()
    bad = db.insert()
    words = 'Cast to Number failed for value "Jane Doe" at path "duration", Path `zip` (`60601`)'
    api.rules([{"uniqueid": bad, "status": 500, "body": json.dumps({"error": words})}])
    shown = run(sync, 75).log + sync.run("why", bad).out
    assert "Cast to Number failed for value" in shown and 'path "duration"' in shown
    assert "Jane" not in shown and "60601" not in shown


def test_grep_counts_failed_calls(sync, db, api):
    """Users of the older script count failures so: grep -c "failed:"."""
    uniqueids = db.insert_many([{}] * 5)
    api.rules([{"uniqueid": uniqueids[0], "status": 400}, {"uniqueid": uniqueids[1], "status": 500},
               {"uniqueid": uniqueids[2], "status": 403}])
    lines = [line for line in run(sync, 75).log.splitlines() if "failed:" in line]
    assert len(lines) == 3
    for uniqueid, status, line in zip(uniqueids, (400, 500, 403), sorted(lines, key=lambda line: line.split("✗ ")[1])):
        assert f"✗ {uniqueid}: failed: HTTP {status}" in line
    api.rules([])
    make_due(sync)
    assert "failed:" not in run(sync).log


# ---- where the settings are ----

def test_the_message_about_a_refused_key_names_its_file(sync, db, api):
    db.insert_many([{}] * 2)
    sync.configure(dids={"api_key": "wrong"})
    line = [number for number, text in enumerate(sync.dids_file.read_text().splitlines(), 1) if "api_key" in text]
    assert f"check api_key ({sync.dids_file}:{line[0]})" in run(sync, 78).log
    named = sync.run(env={"API_KEY": "wrong, too".replace(" ", "-")})
    assert "check api_key (environment variable API_KEY)" in named.log


@pytest.mark.parametrize("words", [["run"], ["check"]], ids=" ".join)
def test_plain_http_to_another_host_is_refused_with_the_setting_that_allows_it(sync, db, api, words):
    """The file that the API's installer writes has such an address."""
    db.insert()
    sync.configure(dids={"api_base_url": "http://api3.example.com:5001"})
    done = run(sync, 78, *words)
    shown = done.out + done.log
    line = [number for number, text in enumerate(sync.dids_file.read_text().splitlines(), 1) if "api_base_url" in text]
    for word in (f"{sync.dids_file}:{line[0]}: ", "http://api3.example.com:5001",
                 "anyone on the network path can read the API key and every customer's number",
                 f"write `allow_insecure_http = yes` under [api] of {sync.config_file}"):
        assert word in shown
    sync.configure(config={"api": {"allow_insecure_http": "yes"}})
    assert "allow_insecure_http" not in sync.run("check").out


# ---- an API that names the end of its outage ----

def test_an_api_that_names_the_end_of_its_outage_gets_no_request_before(sync, db, api):
    """503 with Retry-After. The outage lasts until that time, and no mail says that the API works again."""
    uniqueids = db.insert_many([{}] * 8)
    api.rules([{"status": 503, "headers": {"Retry-After": "86400"}}])
    before = db.now()
    assert "does not work" in run(sync, 69, "--cron").out
    (until,), = sync.ledger("SELECT number FROM note WHERE name = 'rate_limited_until'")
    assert 895 <= until - before <= 910  # clamped
    api.clear(rules=True)
    silent = run(sync, 69, "--cron")
    assert api.log() == [] and silent.out == "" and "rate limited until" in silent.log
    end_rate_limit(sync)
    assert "works again" in run(sync, 0, "--cron").out
    assert sorted(api.by_uniqueid()) == sorted(uniqueids)


def test_a_single_call_waits_for_retry_after(sync, db, api):
    bad = db.insert()
    api.rules([{"status": 503, "headers": {"Retry-After": "600"}}])
    before = db.now()
    run(sync, 75)
    (due,), = sync.ledger("SELECT due FROM call WHERE uniqueid = ?", bad)
    assert 600 <= due - before <= 610


@pytest.mark.parametrize("asked_again", [False, True], ids=["during the limit", "after it"])
def test_a_429_that_lasts_is_a_failure(sync, db, api, asked_again):
    """A burst may end two runs with a 429. The third such run sends a mail with the remedy."""
    uniqueids = db.insert_many([{}] * 4)
    api.rules([{"status": 429, "headers": {"Retry-After": "600"}}])
    for code, mailed in ((75, False), (75, False), (69, True), (69, False)):
        result = run(sync, code, "--cron")
        assert bool(result.out) == mailed and bool(errors(result)) == (code == 69)
        assert "ask the API's owner to allow this host's address" in result.log
        if mailed:
            assert "does not work: rate limited until" in result.out and "ask the API's owner" in result.out
        if asked_again:
            end_rate_limit(sync)
    assert "ask the API's owner" in run(sync, 1, "health").out
    api.rules([])
    end_rate_limit(sync)
    time.sleep(0.1)
    assert "works again" in run(sync, 0, "--cron").out
    assert sorted(api.by_uniqueid()) == sorted(uniqueids)
    assert run(sync, 0, "health").out.startswith("OK")


def test_separate_429s_are_no_failure(sync, db, api):
    for _ in range(4):
        db.insert()
        api.rules([{"status": 429, "times": 1}])
        run(sync, 75)
        end_rate_limit(sync)
        run(sync)
