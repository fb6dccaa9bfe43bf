"""Calls to a webhook: the content and the signature of messages, the meaning of each answer, and no lost call."""
import signal
import time

import pytest

from harness import certs, receiver
from harness.receiver import Receiver, new_secret

ACCEPTED, PENDING, WAITING, REJECTED = 1, 2, 3, 4


@pytest.fixture
def hook():
    with Receiver() as server:
        yield server


@pytest.fixture
def sync(sync, hook):
    """The dialer's calls go to the receiver. There is no dids.conf, and failed calls are tried again soon."""
    sync.configure(config={"sink": {"type": "webhook", "url": hook.url, "secret": hook.secret},
                           "sync": {"retry_base": 0}})
    sync.dids_file.unlink()
    return sync


def settle(sync, **settings):
    sync.configure(config={"sink": settings})
    sync.dids_file.unlink()


def states(sync):
    return dict(sync.ledger("SELECT uniqueid, state FROM call"))


def run(sync, code=0):
    result = sync.run()
    assert result.code == code, result.log + result.err
    assert "whsec_" not in result.log + result.out + result.err
    return result


def run_until_done(sync, runs=10):
    for _ in range(runs):
        if sync.run().code == 0:
            return
        time.sleep(1.05)
    raise AssertionError("not done")


# ---- messages ----

def test_a_call_arrives_signed_with_every_member_by_its_name(sync, db, hook):
    uniqueid = db.insert(status="SALE", length_in_sec=45, phone_number="3125550001", comments="größer", user="1001")
    run(sync)
    [(message_id, body)] = hook.received
    row = db.row(uniqueid)
    assert hook.refused == [] and hook.paths == ["/hook"]
    assert message_id.startswith("vicidial-" + uniqueid.replace(".", "_") + "-") and "." not in message_id
    assert {name: body[name] for name in ("source", "id", "direction", "campaign", "number", "agent", "status",
                                          "result", "length", "comments")} == {
        "source": "vicidial", "id": uniqueid, "direction": "outbound", "campaign": row["campaign_id"],
        "number": "3125550001", "agent": "1001", "status": "SALE", "result": "answered", "length": 45,
        "comments": "größer"}
    assert body["ended"] == row["end_epoch"]
    assert body["ended_at"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(row["end_epoch"]))
    assert body["started_at"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(body["started"]))
    assert hook.headers[0]["Content-Type"] == "application/json" and "x-api-key" not in hook.headers[0]


def test_members_are_renamed_and_left_out(sync, db, hook):
    settle(sync, **{"name.campaign": "kampagne", "name.number": "", "name.lead_id": "lead", "name.started_at": ""})
    db.insert()
    run(sync)
    [(_, body)] = hook.received
    assert "kampagne" in body and "lead" in body
    assert not {"campaign", "number", "lead_id", "started_at"} & set(body)


def test_each_dialer_may_have_a_name_of_its_own(sync, db, hook):
    settle(sync, source="dialer.7")
    db.insert()
    run(sync)
    [(message_id, body)] = hook.received
    assert body["source"] == "dialer.7" and message_id.startswith("dialer_7-")


@pytest.mark.parametrize("order", ["old first", "new first"])
def test_every_secret_signs_while_the_receiver_changes_its_secret(sync, db, hook, order):
    other = new_secret(24)
    settle(sync, secret=" ".join([other, hook.secret] if order == "new first" else [hook.secret, other]))
    db.insert()
    run(sync)
    assert len(hook.received) == 1 and hook.headers[0]["webhook-signature"].count("v1,") == 2


def test_a_secret_may_be_in_a_file_of_its_own(sync, db, hook, tmp_path):
    file = tmp_path / "secret"
    file.write_text(hook.secret + "\n")
    file.chmod(0o600)
    settle(sync, secret=None, secret_file=file)
    db.insert()
    run(sync)
    assert len(hook.received) == 1


def test_neither_key_nor_dids_conf_nor_the_api_s_variables_matter(sync, db, hook):
    sync.dids_file.write_text("[general]\napi_key = YOUR_API_KEY_HERE\napi_base_url = nonsense\n")
    db.insert()
    assert sync.run(env={"API_KEY": "a b", "DID_OPTIMIZER_API_URL": "nonsense"}).code == 0
    assert len(hook.received) == 1


def test_default_route_and_profile_run_side_by_side_without_any_key(sync, db, hook):
    directory = sync.directory / "did-optimizer-sync.d"
    directory.mkdir()
    with Receiver() as other:
        (directory / "two.conf").write_text(
            f"[sync]\nsettle = 0\nsplay = 0\n[database]\nsocket = {db.dialer.socket}\n"
            f"[sink]\ntype = webhook\nurl = {other.url}\nsecret = {other.secret}\n")
        uniqueid = db.insert()
        assert sync.run("run", "--all-profiles", "--profiles-dir", directory).code == 0
        assert list(hook.ids()) == list(other.ids()) == [uniqueid]


# ---- the meaning of an answer ----

@pytest.mark.parametrize("answer", [200, 201, 204, (200, {}, '{"success": false}'),
                                    (202, {"Content-Type": "text/html"}, "<html>")],
                         ids=["200", "201", "204", "success false", "a page"])
def test_any_2xx_accepts_whatever_the_body_says(sync, db, hook, answer):
    hook.answers.append(answer)
    uniqueid = db.insert()
    run(sync)
    assert states(sync) == {uniqueid: ACCEPTED} and hook.requests == 1


@pytest.mark.parametrize("status", [400, 422])
def test_a_refused_call_is_rejected_with_the_receiver_s_words(sync, db, hook, status):
    hook.answers.append((status, {}, f"campaign is unknown to {hook.secret}"))
    uniqueid = db.insert()
    result = run(sync)
    assert states(sync) == {uniqueid: REJECTED}
    assert f"HTTP {status}: campaign is unknown to *" in result.log
    run(sync)
    assert hook.requests == 1


@pytest.mark.parametrize("answer", [409, 503, "cut"])
def test_a_call_waits_for_a_receiver_that_fails(sync, db, hook, answer):
    hook.answers.append((answer, {}, ""))
    uniqueid = db.insert()
    run(sync, 75)
    assert states(sync) == {uniqueid: PENDING}
    run_until_done(sync)
    assert {call: len(versions) for call, versions in hook.ids().items()} == {uniqueid: 1}
    assert len({headers["webhook-id"] for headers in hook.headers}) == 1


@pytest.mark.parametrize("status, words", [
    (403, "check secret"), (404, "check url"), (410, "given up this address for good"), (302, "redirects"),
    (308, "redirects")])
def test_an_answer_that_concerns_every_call_stops_the_run_and_loses_nothing(sync, db, hook, status, words):
    hook.always = (status, {"Location": hook.url.replace("/hook", "/elsewhere")}, "")
    rows = [db.insert() for _ in range(8)]
    result = run(sync, 78)
    assert words in result.log
    assert set(hook.paths) == {"/hook"}  # a redirect is never followed
    assert hook.received == [] and REJECTED not in states(sync).values()
    hook.always = None
    run_until_done(sync)
    assert sorted(hook.ids()) == sorted(rows)


def test_a_wrong_secret_is_a_setting_to_correct(sync, db, hook):
    rows = [db.insert() for _ in range(5)]
    settle(sync, secret=new_secret())
    result = run(sync, 78)
    assert "check secret" in result.log and {status for status, _ in hook.refused} == {401}
    settle(sync, secret=hook.secret)
    run_until_done(sync)
    assert sorted(hook.ids()) == sorted(rows)


def test_a_rate_limit_ends_sending_until_retry_after(sync, db, hook):
    sync.configure(config={"api": {"concurrency": 1}})
    sync.dids_file.unlink()
    hook.answers.extend([204, (429, {"Retry-After": "600"}, "")])
    rows = [db.insert() for _ in range(4)]
    run(sync, 75)
    assert hook.requests == 2 and len(hook.received) == 1
    run(sync, 75)
    assert hook.requests == 2  # the receiver asked for 10 minutes
    assert len(states(sync)) <= len(rows)


def test_a_signature_is_made_when_its_request_leaves(sync, db, hook):
    sync.configure(config={"api": {"concurrency": 1}})
    sync.dids_file.unlink()
    hook.delay = 1.1
    for _ in range(3):
        db.insert()
    run(sync)
    stamps = [int(headers["webhook-timestamp"]) for headers in hook.headers]
    assert stamps == sorted(stamps) and len(set(stamps)) == 3


def test_a_slow_receiver_is_given_up_after_its_timeout(sync, db, hook):
    settle(sync, timeout=1)
    hook.delay = 2.5
    uniqueid = db.insert()
    result = run(sync, 75)
    assert "timed out" in result.log and "timeout and connect_timeout under [sink]" in result.log
    assert states(sync) == {uniqueid: PENDING}


def test_a_killed_run_repeats_messages_by_the_same_id_and_loses_none(sync, db, hook):
    rows = [db.insert() for _ in range(40)]
    hook.delay = 0.05
    for moment in (1, 9, 21):
        process = sync.start()
        before = hook.requests
        while hook.requests < before + moment and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    hook.delay = 0
    run_until_done(sync)
    assert sorted(hook.ids()) == sorted(rows)
    assert {len(versions) for versions in hook.ids().values()} == {1}


def test_a_changed_call_is_a_message_of_its_own(sync, db, hook):
    uniqueid = db.insert(status="NA")
    run(sync)
    db.update(uniqueid, status="SALE")
    sync.run("run")
    sync.set_checkpoint(db.now() - 3600)
    run(sync)
    assert [body["status"] for body in hook.ids()[uniqueid]] == ["NA", "SALE"]


# ---- TLS ----

@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return certs.make(tmp_path_factory.mktemp("certs"))


def test_a_receiver_with_a_good_certificate_gets_the_calls(sync, db, certificates):
    with Receiver(cert=certificates.good) as hook:
        settle(sync, url=hook.url + "?token=a%20b", secret=hook.secret, ca_file=certificates.ca)
        db.insert()
        assert "accepts TLS connections with a valid certificate" in sync.run("check").out
        run(sync)
        assert len(hook.received) == 1 and hook.paths == ["/hook?token=a%20b"]


@pytest.mark.parametrize("kind, words", [("wrong_name", "another name"), ("self_signed", "ca_file under [sink]"),
                                         ("expired", "renew")])
def test_a_bad_certificate_gets_nothing(sync, db, certificates, kind, words):
    with Receiver(cert=getattr(certificates, kind)) as hook:
        settle(sync, url=hook.url, secret=hook.secret, ca_file=certificates.ca)
        uniqueid = db.insert()
        checked = sync.run("check")
        assert words in checked.out and checked.code != 0
        result = sync.run()
        assert result.code in (69, 75) and words in result.log
        assert hook.requests == 0 and states(sync).get(uniqueid, PENDING) == PENDING
        settle(sync, verify="no")
        result = sync.run()
        assert "the receiver's certificate is not checked" in result.log


# ---- check, and faults in the settings ----

def test_check_connects_without_a_request_and_says_what_it_did_not_test(sync, hook):
    result = sync.run("check")
    line = next(line for line in result.out.splitlines() if "webhook" in line and "accepts" in line)
    assert "127.0.0.1 accepts connections without TLS" in line and "not tested" in line
    assert hook.requests == 0 and hook.connections == 1
    assert hook.secret not in result.out + result.err


def test_check_says_when_nobody_listens(sync, hook):
    hook.close()
    result = sync.run("check")
    assert result.code == 69 and "nothing listens there" in result.out


# The other faults are in tests/unit/sink/test_webhook.c.
BAD = {
    "no url": ({"url": None}, "has no url"),
    "plain http": ({"url": "http://a.example/token-t0k"}, "plain http to another host"),
    "a short secret": ({"secret": "whsec_dDBrLXQwaw=="}, "Standard Webhooks asks for 24 to 64"),
    "an unknown member": ({"name.color": "x"}, "has no member 'color'"),
    "an unknown setting": ({"colour": "red"}, "has no setting 'colour' in [sink]"),
}


@pytest.mark.parametrize("settings, words", BAD.values(), ids=list(BAD))
def test_check_and_a_run_name_a_bad_setting_with_its_place(sync, db, hook, settings, words):
    settle(sync, **settings)
    db.insert()
    for command in ("check", "run"):
        result = sync.run(command)
        said = result.out + result.err + result.log
        assert result.code == 78 and words in said, said
        assert "t0k" not in said
        assert f"{sync.config_file}" in said or "under [sink]" in said
    assert hook.requests == 0
    settle(sync, **{name: None for name in settings})
    settle(sync, url=hook.url, secret=hook.secret)
    run(sync)
    assert len(hook.received) == 1


def test_a_dry_run_shows_the_bodies_and_sends_nothing(sync, db, hook):
    uniqueid = db.insert()
    result = sync.run("run", "--dry-run")
    assert f'"id":"{uniqueid}"' in result.out and hook.requests == 0


def test_why_shows_the_answer_of_the_receiver(sync, db, hook):
    hook.answers.append((422, {}, "no such campaign"))
    uniqueid = db.insert()
    run(sync)
    assert "HTTP 422" in sync.run("why", uniqueid).out


# ---- the receiver itself ----

def test_the_receiver_refuses_what_a_real_one_refuses():
    secret, body, now = new_secret(), b'{"a":1}', 1_800_000_000
    good = receiver.signature(secret, "m1", now, body)

    def judged(message_id="m1", stamp=str(now), signatures=good, content=body, at=now):
        headers = {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": signatures}
        wrong = receiver.problem(secret, {name: value for name, value in headers.items() if value}, content, at)
        return wrong[0] if wrong else None

    assert judged() is None and judged(signatures=f"v1,AAAA v1a,xx {good}") is None
    assert judged(at=now + 300) is None and judged(at=now - 300) is None
    assert judged(at=now + 301) == judged(at=now - 301) == judged(stamp="soon") == 400
    assert judged(message_id=None) == judged(stamp=None) == judged(signatures=None) == 400
    assert judged(message_id="m2") == judged(stamp=str(now + 1)) == judged(content=body + b" ") == 401
    assert judged(signatures=good.replace("v1,", "v2,")) == judged(signatures=good.lower()) == 401
