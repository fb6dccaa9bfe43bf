"""What happens to a call with each answer of the API, and without an answer. No call is lost or arrives twice."""
import contextlib
import email.utils
import signal
import sqlite3
import subprocess
import time

import pytest

from harness import certs
from harness.api import Api
from harness.process import until
from harness.sync import Sync

ACCEPTED, PENDING, WAITING, REJECTED = 1, 2, 3, 4


@pytest.fixture
def sync(sync):
    """Failed calls are tried again soon."""
    sync.configure(dids={"api_timeout": 1}, config={"sync": {"retry_base": 0}})
    return sync


def states(sync):
    """The state of each call in the ledger, by uniqueid."""
    return dict(sync.ledger("SELECT uniqueid, state FROM call"))


def note(sync, name):
    return sync.ledger("SELECT number FROM note WHERE name = ?", name)[0][0]


def run(sync, code=0, **options):
    result = sync.run(**options)
    assert result.code == code, result.log + result.err
    return result


def errors(result):
    return [line for line in result.log.splitlines() if " ERROR ❌ " in line]


def run_until_done(sync, runs=10):
    """Runs the program, each time a little later, until no call is left to send."""
    for _ in range(runs):
        result = sync.run()
        if result.code == 0:
            return result
        assert result.code in (69, 75), result.log
        time.sleep(1.05)
    raise AssertionError(f"not done after {runs} runs:\n{result.log}")


def arrived_once(api, uniqueids):
    calls = api.by_uniqueid()
    assert sorted(calls) == sorted(uniqueids)
    assert [uniqueid for uniqueid, versions in calls.items() if len(versions) != 1] == []


# ---- accepted ----

@pytest.mark.parametrize("rule", [
    {"status": 201}, {"status": 202}, {"status": 200, "body": '{"success":true,"duplicate":true}'},
    {"status": 200, "body": "{}"}, {"status": 200, "body": '  {"data":{"success":false}}\n'},
    {"status": 200, "body": '{"success":"false"}'}], ids=lambda rule: rule.get("body", str(rule["status"])))
def test_a_2xx_means_accepted_unless_the_body_says_otherwise(sync, db, api, rule):
    uniqueid = db.insert()
    api.rules([rule])
    run(sync)
    assert states(sync) == {uniqueid: ACCEPTED}
    run(sync)
    assert len(api.log()) == 1


def test_a_call_that_the_api_already_has_is_accepted(sync, db, api):
    """The ledger was lost after the API accepted a call. The program sends the call again. The API recognizes the call,
    and the log says so."""
    uniqueid = db.insert()
    run(sync)
    (sync.state / "ledger.db").unlink()
    sync.set_checkpoint(db.now() - 3600)
    assert "1 of them already known to the API" in run(sync).log
    assert [entry["duplicate"] for entry in api.log()] == [False, True]
    arrived_once(api, [uniqueid])


# ---- rejected ----

@pytest.mark.parametrize("status, body, reason", [
    (400, '{"success":false,"error":"Missing required fields"}', "HTTP 400: Missing required fields"),
    (409, '{"success":false,"message":"Conflict with itself"}', "HTTP 409: Conflict with itself"),
    (413, "<html>too large</html>", "HTTP 413"), (422, "", "HTTP 422"),
    (200, '{"success":false,"error":"No such campaign"}', "HTTP 200: No such campaign"),
    (201, '{"success":false}', "HTTP 201: success: false"),
], ids=["400", "409", "413", "422", "200 but no success", "201 but no success"])
def test_a_refused_call_is_rejected_and_not_tried_again(sync, db, api, status, body, reason):
    before, bad, after = db.insert_many([{}, {}, {}])
    api.rules([{"uniqueid": bad, "status": status, "body": body}])
    result = run(sync)
    assert states(sync) == {before: ACCEPTED, bad: REJECTED, after: ACCEPTED}
    assert sync.ledger("SELECT reason FROM call WHERE uniqueid = ?", bad) == [(reason,)]
    assert f"✗ {bad}: failed: {reason}" in result.log and "2 processed, 1 failed" in result.log
    api.rules([])
    for _ in range(2):
        assert "0 processed, 0 failed" in run(sync).log
    assert len(api.log()) == 3
    arrived_once(api, [before, after])


def test_a_refused_call_is_kept_for_a_retry(sync, db, api):
    bad = db.insert(comments="keep me")
    api.rules([{"status": 422}])
    run(sync)
    (payload,), = sync.ledger("SELECT payload FROM call WHERE uniqueid = ?", bad)
    assert '"comments":"keep me"' in payload


# ---- the configuration is wrong ----

@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 401, 403, 404, 405])
def test_an_answer_about_the_settings_stops_the_run(sync, db, api, status):
    """One message, no call lost, no retry used up. After the fix every call arrives once. No redirect is followed."""
    uniqueids = db.insert_many([{}] * 20)
    with Api(api_key=api.api_key) as elsewhere:
        api.rules([{"status": status, "headers": {"Location": f"{elsewhere.url}/api/v1/call-results"}}])
        result = run(sync, code=78)
        assert elsewhere.state()["requests"] == 0
    (message,) = errors(result)
    assert f"HTTP {status}" in message and ("api_key" if status in (401, 403) else "api_base_url") in message
    assert "dids.conf" in message
    assert len(api.log()) <= 8 and states(sync) == {}  # these were in flight already
    api.clear()
    run(sync, code=78)
    assert len(api.log()) == 1  # one request is enough
    api.rules([])
    run(sync)
    arrived_once(api, uniqueids)


def test_a_key_that_is_withdrawn_during_a_run_costs_no_call(sync, db, api):
    sync.configure(config={"api": {"concurrency": 1}})
    uniqueids = db.insert_many([{}] * 12)
    api.rules([{"after": 2, "status": 401}])
    (message,) = errors(run(sync, code=78))
    # if a single call was refused, that call could be at fault
    assert "the API refused 6 different calls in a row" in message
    assert len(api.log()) == 8 and sorted(states(sync).values()) == [ACCEPTED] * 2
    api.rules([])
    run(sync)
    arrived_once(api, uniqueids)
    assert len(api.log()) == 18


# ---- one call fails, the API works ----

@pytest.mark.parametrize("size, code", [(60000, 0), (70000, 69)])
def test_an_answer_is_read_up_to_64_kib(sync, db, api, size, code):
    db.insert_many([{}] * 2)
    api.rules([{"status": 200, "body": '{"success":true,"padding":"' + "x" * size + '"}'}])
    run(sync, code)


FAILURES = {
    **{str(status): {"status": status} for status in (408, 418, 425, 500, 502, 503, 504)},
    **{action: {"action": action} for action in ("hang", "reset", "partial", "garbage", "drip", "huge")},
    "204": {"status": 204, "body": ""}, "list": {"status": 200, "body": "[]"},
    "half an object": {"status": 200, "body": '{"success":tr'},
}


@pytest.mark.parametrize("rule", FAILURES.values(), ids=list(FAILURES))
def test_a_failed_call_is_pending_and_delays_no_other(sync, db, api, rule):
    """A later run sends the call with the same idempotency key."""
    uniqueids = db.insert_many([{}] * 7)
    bad = uniqueids[3]
    api.rules([{"uniqueid": bad, **rule}])
    result = run(sync, code=75)
    assert states(sync) == {**dict.fromkeys(uniqueids, ACCEPTED), bad: PENDING}
    (attempts, reason, due), = sync.ledger("SELECT attempts, reason, due FROM call WHERE uniqueid = ?", bad)
    assert attempts == 1 and reason and f"✗ {bad}: failed: {reason}" in result.log
    # the checkpoint moves past a pending call
    assert int(sync.checkpoint().split()[0]) == db.row(uniqueids[-1])["end_epoch"]
    api.rules([])
    run_until_done(sync)
    assert states(sync) == dict.fromkeys(uniqueids, ACCEPTED)
    assert {uniqueid: len(versions) for uniqueid, versions in api.by_uniqueid().items()} == dict.fromkeys(uniqueids, 1)
    assert len({entry["idempotency_key"] for entry in api.log() if entry["uniqueid"] == bad}) == 1


def test_a_lost_answer_leads_to_no_second_record(sync, db, api):
    """The API recorded the call, then the connection broke. The second request has the same key, so the API sees a
    duplicate."""
    good, lost = db.insert_many([{}, {}])
    api.rules([{"uniqueid": lost, "action": "record-then-reset", "times": 1}])
    run_until_done(sync)
    arrived_once(api, [good, lost])
    first, second = [entry for entry in api.log() if entry["uniqueid"] == lost]
    assert first["idempotency_key"] == second["idempotency_key"] and (first["status"], second["duplicate"]) == (0, True)
    assert states(sync) == {good: ACCEPTED, lost: ACCEPTED}


def test_the_delay_doubles_and_retry_after_lengthens_it(sync, db, api):
    sync.configure(config={"sync": {"retry_base": 100}})
    good, bad, asked = db.insert_many([{}, {}, {}])
    api.rules([{"uniqueid": bad, "status": 500},
               {"uniqueid": asked, "status": 503, "headers": {"Retry-After": "600"}}])
    before = db.now()
    run(sync, code=75)
    due = dict(sync.ledger("SELECT uniqueid, due FROM call WHERE state = 2"))
    assert 75 <= due[bad] - before <= 105 and 600 <= due[asked] - before <= 605
    api.clear()
    run(sync, code=75)
    assert api.log() == []  # not before the call is due


def test_a_poison_call_is_rejected_when_its_attempts_are_used_up(sync, db, api):
    """Meanwhile other calls are sent."""
    sync.configure(config={"sync": {"max_attempts": 3}})
    poison = db.insert()
    api.rules([{"uniqueid": poison, "status": 500}])
    good = []
    for attempt in (1, 2, 3):
        good.append(db.insert())
        run(sync, code=75 if attempt < 3 else 0)
        assert sync.ledger("SELECT state, attempts FROM call WHERE uniqueid = ?", poison) == [
            (PENDING if attempt < 3 else REJECTED, attempt)]
        time.sleep(1.05 * attempt)
    good.append(db.insert())
    run(sync)
    arrived_once(api, good)
    assert [entry["uniqueid"] for entry in api.log()].count(poison) == 3
    (reason,), = sync.ledger("SELECT reason FROM call WHERE uniqueid = ?", poison)
    assert reason.startswith("HTTP 500") and "after 3 attempts" in reason


@pytest.mark.parametrize("size", [10, 25])
def test_many_poison_calls_at_the_head_of_the_queue_delay_no_call_for_long(sync, db, api, size):
    """For a run or two, this may look like an outage. But no later call waits for long."""
    end = db.now() - 100
    poison, good = db.insert_many([{"end_epoch": end}] * size), db.insert_many([{}] * 40)
    api.rules([{"uniqueid": uniqueid, "status": 500} for uniqueid in poison])
    for _ in range(6):
        assert sync.run().code in (69, 75)
        if len(api.recorded()) == len(good):
            break
    arrived_once(api, good)
    api.rules([])
    run_until_done(sync)
    arrived_once(api, good + poison)


# ---- the API fails as a whole ----

@pytest.mark.parametrize("rule", FAILURES.values(), ids=list(FAILURES))
def test_an_outage_uses_up_no_retry_and_few_requests(sync, db, api, rule):
    """The first run makes few requests, the next run one. After the outage, all calls are sent."""
    uniqueids = db.insert_many([{}] * 30)
    before = sync.checkpoint()
    api.rules([rule])
    result = run(sync, code=69)
    (message,) = errors(result)
    assert "the API is down: " in message and "no call is lost" in message
    assert states(sync) == {} and int(sync.checkpoint().split()[0]) == int(before)
    assert len(api.log()) <= 15
    api.clear()
    run(sync, code=69)
    assert len(api.log()) == 1 and states(sync) == {}
    api.clear(rules=True)
    run(sync)
    arrived_once(api, uniqueids)


def test_an_api_that_is_down_for_a_whole_run_loses_no_call(sync, db, api):
    """No server listens at the port. Calls that end during the outage are not lost."""
    uniqueids = db.insert_many([{}] * 20)
    api.stop()
    for _ in range(2):
        (message,) = errors(run(sync, code=69))
        assert "connect" in message and states(sync) == {}
        uniqueids.append(db.insert())
    api.start()
    run(sync)
    arrived_once(api, uniqueids)
    assert len(api.log()) == 22


def test_an_api_that_goes_down_during_a_run_loses_no_call(sync, db, api):
    """Accepted calls are not sent again. Other calls use up at most one retry."""
    uniqueids = db.insert_many([{}] * 60)
    api.rules([{"after": 20, "status": 502}])
    assert sync.run().code in (69, 75)
    assert len(api.recorded()) == 20 and len(api.log()) < 45
    assert sync.ledger("SELECT count(*) FROM call WHERE attempts > 1") == [(0,)]
    api.rules([])
    run_until_done(sync)
    arrived_once(api, uniqueids)
    assert not any(entry["duplicate"] for entry in api.log())


def test_an_api_that_fails_at_random_gets_everything_once(sync, db, api):
    uniqueids = db.insert_many([{}] * 100)
    sync.configure(config={"sync": {"retry_cap": 1}})
    api.rules([{"probability": 0.2, "status": 503}, {"probability": 0.1, "action": "record-then-reset"},
               {"probability": 0.1, "action": "reset"}])
    run_until_done(sync, runs=20)
    arrived_once(api, uniqueids)
    assert set(states(sync).values()) == {ACCEPTED}


# ---- the API limits the rate ----

def in_seconds(seconds):
    return str(seconds)


def as_date(seconds):
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


@pytest.mark.parametrize("retry_after", [in_seconds, as_date])
def test_a_429_stops_all_runs_until_the_rate_limit_ends(sync, db, api, retry_after):
    sync.configure(config={"api": {"concurrency": 1}})
    uniqueids = db.insert_many([{}] * 10)
    asked = time.time()
    api.rules([{"after": 3, "status": 429, "headers": {"Retry-After": retry_after(4)}}])
    result = run(sync, code=75)
    assert len(api.log()) == 4  # the next call was not sent
    assert "ask the API's owner" in result.log and "100 requests in 15 minutes" in result.log
    assert sorted(states(sync).values()) == [ACCEPTED] * 3
    api.rules([])
    refused = run(sync, code=75)
    assert len(api.log()) == 4 and "rate limited until" in refused.log
    while time.time() < asked + 6:
        time.sleep(0.1)
    run(sync)
    arrived_once(api, uniqueids)
    assert min(entry["at_ms"] for entry in api.log()[4:]) / 1000 >= asked + 3


@pytest.mark.parametrize("retry_after, least, most", [
    (None, 30, 120), ("86400", 895, 905), ("0", 30, 120), ("soon", 30, 120), ("-5", 30, 120), ("9" * 30, 30, 905)])
def test_the_length_of_a_rate_limit_is_bounded(sync, db, api, retry_after, least, most):
    db.insert()
    api.rules([{"status": 429, "headers": {"Retry-After": retry_after} if retry_after else {}}])
    before = db.now()
    run(sync, code=75)
    assert least <= note(sync, "rate_limited_until") - before <= most


def test_a_rate_limit_from_a_wrong_clock_is_ignored(sync, db, api):
    """The clock was set back by hours. A rate limit that is longer than the maximum counts as over."""
    uniqueid = db.insert()
    api.rules([{"status": 429, "times": 1}])
    run(sync, code=75)
    with contextlib.closing(sqlite3.connect(str(sync.state / "ledger.db"))) as ledger:
        ledger.execute("UPDATE note SET number = number + 7200 WHERE name = 'rate_limited_until'")
        ledger.commit()
    run(sync)
    arrived_once(api, [uniqueid])


# ---- TLS ----

@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return certs.make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def over_tls(db, tmp_path, certificates):
    """Makes an installation and its API. The API has the certificate of that name."""
    opened = []

    def make(name, ca_file=certificates.ca, **dids):
        cert, key = getattr(certificates, name)
        api = Api(cert=cert, key=key)
        installation = Sync(tmp_path / "tls", db, api, timezone=db.dialer.timezone)
        installation.configure(config={"sync": {"settle": 0}, "api": {"ca_file": ca_file}}, dids=dids)
        opened.extend([installation, api])
        return installation, api

    yield make
    for installation, api in zip(opened[::2], opened[1::2]):
        installation.close()
        api.stop()


def test_calls_arrive_over_tls(over_tls, db):
    uniqueids = db.insert_many([{}] * 20)
    sync, api = over_tls("good")
    run(sync)
    arrived_once(api, uniqueids)


def hashed(directory, ca):
    """A directory of certificates as `update-ca-certificates` makes them."""
    directory.mkdir(exist_ok=True)
    (directory / "own.pem").write_bytes(ca.read_bytes())
    subprocess.run(["openssl", "rehash", directory], check=True)
    return directory


def test_ca_file_may_name_a_directory(over_tls, db, tmp_path, certificates):
    uniqueids = db.insert_many([{}] * 20)
    sync, api = over_tls("good", ca_file=hashed(tmp_path / "trusted", certificates.ca))
    run(sync)
    arrived_once(api, uniqueids)
    other = tmp_path / "another"
    sync.configure(config={"sync": {"settle": 0}, "api": {"ca_file": hashed(other, certificates.self_signed[0])}})
    db.insert()
    assert "issuer" in errors(run(sync, code=69))[0]


@pytest.mark.parametrize("in_directory, in_file, trusted", [
    (True, False, True), (False, True, True), (False, False, False)],
                         ids=["hashed directory", "bundle only", "neither"])
def test_the_systems_certificates_are_trusted(over_tls, db, tmp_path, certificates, in_directory, in_file, trusted):
    """Goal: the program reads only the certificates that a connection needs, from the hashed directory. It also finds a
    certificate that an administrator added only to the bundle. A mount namespace gives the process its own files."""
    uniqueids = db.insert_many([{}] * 20)
    sync, api = over_tls("good", ca_file=None)
    system = hashed(tmp_path / "system", certificates.ca if in_directory else certificates.self_signed[0])
    bundle = certificates.ca if in_file else certificates.self_signed[0]
    (system / "ca-certificates.crt").write_bytes(bundle.read_bytes())
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c",
               'mount --bind "$0" /etc/ssl/certs && exec "$@"', str(system), *sync.words("run")]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    assert done.returncode == (0 if trusted else 69), done.stdout
    if trusted:
        arrived_once(api, uniqueids)
    else:
        assert api.state()["requests"] == 0 and "issuer" in done.stdout


@pytest.mark.parametrize("certificate, ca, word", [
    ("expired", True, "expired"), ("wrong_name", True, "match"), ("good", False, "issuer")],
    ids=["expired", "another's name", "unknown authority"])
def test_a_bad_certificate_is_refused(over_tls, db, certificate, ca, word):
    uniqueid = db.insert()
    sync, api = over_tls(certificate, **({} if ca else {"ca_file": None}))
    (message,) = errors(run(sync, code=69))
    assert word in message and "SSL" in message and "no call is lost" in message
    assert api.state()["requests"] == 0 and states(sync) == {}
    sync.configure(dids={"verify_ssl": 0})  # the setting is obeyed, although it is unsafe
    run(sync)
    arrived_once(api, [uniqueid])


def test_a_plain_answer_in_place_of_tls_is_refused(sync, db, api):
    db.insert()
    sync.configure(dids={"api_base_url": api.url.replace("http:", "https:")})
    run(sync, code=69)
    assert api.recorded() == []


# ---- several at once ----

@pytest.mark.parametrize("settings, most", [
    ({"concurrency": 1}, 1), ({"concurrency": 3}, 3), ({"concurrency": 8}, 8), ({"max_concurrency": 5}, 5), ({}, 48)],
    ids=str)
def test_several_requests_at_once_over_few_connections(sync, db, api, settings, most):
    sync.configure(config={"api": settings})
    uniqueids = db.insert_many([{}] * 40)
    api.rules([{"delay_ms": 20}])
    run(sync)
    arrived_once(api, uniqueids)
    state = api.state()
    assert min(2, most) <= state["max_in_flight"] <= most
    assert state["connections"] <= most


def test_a_run_begins_with_as_many_requests_as_the_last_one_ended_with(sync, db, api):
    """Goal: with a few calls a minute, a run does not begin with two requests again. The number belongs to one address,
    and the setting limits it."""
    api.rules([{"delay_ms": 300}])

    def most_of(calls):
        uniqueids = db.insert_many([{}] * calls)
        api.clear()
        run(sync)
        arrived_once(api, uniqueids)
        return api.state()["max_in_flight"]

    assert most_of(20) <= 11  # the run begins with two, and adds one for each answer
    assert most_of(100) > 20
    assert most_of(1) == 1
    assert most_of(20) > 11  # a small run keeps the number
    sync.configure(config={"api": {"max_concurrency": 6}})
    assert most_of(20) == 6
    sync.configure(config={"api": {}}, dids={"api_base_url": api.url.replace("127.0.0.1", "localhost")})
    assert most_of(20) <= 11


def test_a_slow_call_delays_no_other(sync, db, api):
    sync.configure(dids={"api_timeout": 10})
    slow, *others = db.insert_many([{"end_epoch": db.now() - 10}] + [{}] * 40)
    api.rules([{"uniqueid": slow, "delay_ms": 700}])
    run(sync)
    at = {entry["uniqueid"]: entry["at_ms"] for entry in api.log()}
    assert max(at[uniqueid] for uniqueid in others) < at[slow] + 700
    arrived_once(api, [slow, *others])


def test_the_oldest_calls_are_sent_first(sync, db, api):
    sync.configure(config={"api": {"concurrency": 1}})
    now = db.now()
    uniqueids = [db.insert(end_epoch=now - ago) for ago in (100, 900, 500, 300, 700)]
    run(sync)
    assert [body["uniqueid"] for body in api.recorded()] == [uniqueids[i] for i in (1, 4, 2, 3, 0)]


def test_the_environments_proxy_is_not_used(sync, db, api):
    """A proxy could read the key of a plain request."""
    uniqueid = db.insert()
    run(sync, env={"http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"})
    arrived_once(api, [uniqueid])


# ---- a call that changes while it is pending ----

def test_a_change_that_is_undone_before_it_was_sent_is_not_sent(sync, db, api):
    """The API already has the content that the row has again."""
    sync.configure(config={"sync": {"sweep_interval": 1}})
    uniqueid = db.insert(status="SALE")
    run(sync)
    db.update(uniqueid, status="NI")
    other = db.insert()  # its acceptance shows that the API works
    api.rules([{"uniqueid": uniqueid, "status": 500, "times": 1}])
    time.sleep(1.1)
    run(sync, code=75)
    assert states(sync) == {uniqueid: PENDING, other: ACCEPTED}
    db.update(uniqueid, status="SALE")
    time.sleep(2.1)
    run_until_done(sync)
    assert [body["disposition"] for body in api.by_uniqueid()[uniqueid]] == ["SALE"]
    assert states(sync) == {uniqueid: ACCEPTED, other: ACCEPTED}


def answer_lost(sync, db, api, uniqueid):
    """Another call arrives, so the API works."""
    api.rules([{"uniqueid": uniqueid, "action": "record-then-reset", "times": 1}])
    db.insert()
    run(sync, code=75)


def answer_lost_alone(sync, db, api, uniqueid):
    """A single failed call is no outage, so the call is pending."""
    api.rules([{"uniqueid": uniqueid, "action": "record-then-reset", "times": 1}])
    run(sync, code=75)


def answer_lost_in_an_outage(sync, db, api, uniqueid):
    db.insert()
    api.rules([{"uniqueid": uniqueid, "action": "record-then-reset", "times": 1}, {"status": 502, "times": 1}])
    run(sync, code=69)


def killed_before_the_answer(sync, db, api, uniqueid):
    api.rules([{"uniqueid": uniqueid, "delay_ms": 300, "times": 1}])
    running = sync.start()
    while not api.state()["max_in_flight"]:
        time.sleep(0.01)
    running.kill()
    running.wait()


@pytest.mark.parametrize("lose", [answer_lost, answer_lost_alone, answer_lost_in_an_outage, killed_before_the_answer])
def test_an_undone_change_is_sent_if_the_api_may_have_the_change(sync, db, api, lose):
    """The API accepted the change, but its answer was lost: the API no longer has the version accepted before."""
    uniqueid = db.insert(status="SALE")
    run(sync)
    first = api.log()[0]["idempotency_key"]
    db.update(uniqueid, status="NI")
    api.clear()
    lose(sync, db, api, uniqueid)
    until(lambda: uniqueid in api.by_uniqueid())
    db.update(uniqueid, status="SALE")
    time.sleep(2.1)
    run_until_done(sync)
    assert [body["disposition"] for body in api.by_uniqueid()[uniqueid]] == ["NI", "SALE"]
    assert states(sync)[uniqueid] == ACCEPTED
    assert first not in [entry["idempotency_key"] for entry in api.log()]
    assert sync.ledger("SELECT count(version_unknown) FROM call") == [(0,)]


def test_a_pending_call_that_goes_back_to_the_agent_waits_for_the_disposition(sync, db, api):
    uniqueid, other = db.insert(status="SALE"), db.insert()  # the acceptance of the other call shows that the API works
    api.rules([{"uniqueid": uniqueid, "status": 500, "times": 1}])
    run(sync, code=75)
    assert states(sync) == {uniqueid: PENDING, other: ACCEPTED}
    db.update(uniqueid, status="DISPO")
    time.sleep(2.1)
    run(sync)
    assert states(sync) == {uniqueid: WAITING, other: ACCEPTED} and list(api.by_uniqueid()) == [other]
    db.update(uniqueid, status="NI")
    run_until_done(sync)
    assert [body["disposition"] for body in api.by_uniqueid()[uniqueid]] == ["NI"]


# ---- the run ends early ----

def test_a_signal_ends_a_run_cleanly(sync, db, api):
    sync.configure(dids={"api_timeout": 10}, config={"api": {"concurrency": 1}})
    uniqueids = db.insert_many([{}] * 10)
    api.rules([{"delay_ms": 200}])
    running = sync.start()
    while api.state()["requests"] < 2:
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGTERM)
    assert running.wait(10) == 75
    taken = len(api.recorded())
    # the outcomes of calls in flight are recorded
    assert 1 <= taken < 10 and sorted(states(sync).values()) == [ACCEPTED] * taken
    api.rules([])
    run(sync)
    arrived_once(api, uniqueids)
    assert len(api.log()) == 10


def test_a_run_ends_within_its_time_budget(sync, db, api):
    sync.configure(config={"api": {"concurrency": 1}, "sync": {"time_budget": 1}})
    uniqueids = db.insert_many([{}] * 20)
    api.rules([{"delay_ms": 100}])
    started = time.monotonic()
    result = run(sync, code=75)
    assert time.monotonic() - started < 10 and "the time limit of this run is reached" in result.log
    assert 1 <= len(api.recorded()) < 20
    api.rules([])
    run(sync)
    arrived_once(api, uniqueids)
