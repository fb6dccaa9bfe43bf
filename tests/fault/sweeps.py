"""The same situation struck at many steps, and kill -9 at random moments. Each returns its figures; what must hold is
asserted for each strike."""
import collections
import os
import random
import time
import types

from fault.scene import run_when_elected
from fault.shim import END_STATUS, FILES, Strike

DONE, PENDING, OUT_OF_REACH, BUG, STATE = 0, 75, 69, 70, 74
ENDS = ("before", "middle", "after")
FAIR_SHARE = 0.3  # of the chosen steps that were struck: on a slow machine the baseline may have many more steps


def points(steps, share):
    """Which of so many steps are struck: all of them, or an even share that has the first and the last. SWEEP_SHARE in
    the environment makes it smaller still, where every run takes long."""
    count = max(2, round(steps * share * float(os.environ.get("SWEEP_SHARE", "1"))))
    return sorted({1 + round(i * (steps - 1) / (count - 1)) for i in range(count)})


class Baseline:
    """What a scene comes to when nothing happens: exit code, outcome, and the steps on the way. It is what the scene
    says, so that a program which is wrong every time is not taken for a measure."""

    def __init__(self, scene, kinds=None):
        scene.reset()
        strike = Strike(scene.sync, kinds=kinds)
        self.code = scene.run(strike.env).code
        assert self.code in (DONE, PENDING)
        report = strike.report()
        self.steps, self.trace, self.outcome = report.steps, report.trace, scene.outcome()
        self.keys = set(scene.requests())
        assert scene.sent <= {uniqueid for uniqueid, _ in self.outcome.sent}
        assert self.outcome.checkpoint == scene.expected_checkpoint()
        settle(scene, self)  # a run that follows has nothing to do: the scene is a fair one


def _run_as(scene, baseline):
    run = scene.run()
    assert run.code == baseline.code, f"{run.code} and not {baseline.code}: {run.out}{run.err}{run.log}"


def settle(scene, baseline):
    """A run that must end as the baseline does, and after it one that must send nothing."""
    _run_as(scene, baseline)
    sent = len(scene.api.log())
    _run_as(scene, baseline)
    assert len(scene.api.log()) == sent, "something was sent after all was done"


def assert_same(scene, baseline, at):
    """The API's set, the ledger and the checkpoint are those of an uninterrupted run."""
    outcome, wanted = scene.outcome(), baseline.outcome
    assert outcome.sent == wanted.sent, \
        f"{at}: {wanted.sent - outcome.sent} missing, {outcome.sent - wanted.sent} more"
    assert outcome.calls == wanted.calls, f"{at}: {set(outcome.calls) ^ set(wanted.calls)}"
    assert outcome.checkpoint == wanted.checkpoint, at
    assert outcome.notes == wanted.notes, f"{at}: {set(outcome.notes.items()) ^ set(wanted.notes.items())}"


def assert_nothing_forgotten(scene, at):
    """The invariant, at any moment: a call at or below the checkpoint is out of scope or in the ledger."""
    calls, notes = scene.read_ledger()
    known = {call[0] for call in calls}
    line = scene.sync.checkpoint()
    if not line or "floor" not in notes:
        return  # no run has got as far as a checkpoint
    epoch, _, uniqueid = line.partition(" ")
    floor, floor_uniqueid = notes["floor"]
    for row in scene.db.query("SELECT uniqueid, end_epoch FROM vicidial_log"):
        if (floor, floor_uniqueid or "") < (row["end_epoch"], row["uniqueid"]) <= (int(epoch), uniqueid):
            assert row["uniqueid"] in known | scene.only_swept, f"{at}: {row['uniqueid']} is forgotten"


def assert_repeats_only_what_was_open(scene, baseline, first, committed, label):
    """first: the requests of the run that was struck; committed: what the ledger then knew. A call is asked for again
    only when it was in flight, that is, sent and its outcome not committed; and with the same idempotency key.
    Returns how many were."""
    again = scene.requests()[len(first):]
    assert set(first) | set(again) == baseline.keys, label
    assert len(again) == len(set(again)) and len(first) == len(set(first)), label
    both = {uniqueid for uniqueid, _ in first} & {uniqueid for uniqueid, _ in again}
    final = {call[0]: (call[1], call[3], call[4]) for call in baseline.outcome.calls}
    assert all(committed.get(uniqueid) != final[uniqueid] for uniqueid in both), f"{label}: {both}"
    return len(both)


def crash_sweep(scene, when, share=1.0):
    """Ends the program at each step (or a share of them), runs it again, and compares with a run without a crash."""
    baseline = Baseline(scene)
    tried = repeated = 0
    chosen = points(baseline.steps, share)
    for at in chosen:
        scene.reset()
        strike = Strike(scene.sync, at, "kill", when)
        code = scene.run(strike.env).code
        if code == baseline.code:
            continue  # this run took fewer steps: how answers come together is not the same each time
        label = f"crash {when} step {at}, {strike.report().trace[-1]}"
        assert code == END_STATUS, label
        tried += 1
        assert_nothing_forgotten(scene, label)
        first, committed = scene.requests(), scene.settled()
        settle(scene, baseline)
        assert_same(scene, baseline, label)
        repeated += assert_repeats_only_what_was_open(scene, baseline, first, committed, label)
    assert tried > FAIR_SHARE * len(chosen)
    return types.SimpleNamespace(steps=baseline.steps, tried=tried, repeated=repeated)


def repair_sweep(scene, when, share=1.0):
    """Ends the program at each step from the discovery that its ledger is damaged to the first request after that.
    Whatever it had brought over by then, no call is lost. What was accepted before may be sent again."""
    baseline = Baseline(scene)
    wanted, tried, repeated = scene.sent, 0, 0
    for at in points(baseline.trace.index(("send", "api")) + 1, share):
        scene.reset()
        strike = Strike(scene.sync, at, "kill", when)
        code = scene.run(strike.env).code
        label = f"crash {when} step {at}, {strike.report().trace[-1]}"
        assert code == END_STATUS, label
        tried += 1
        assert scene.run().code == baseline.code, label
        lost = wanted - {uniqueid for uniqueid, _ in scene.requests()}
        assert not lost, f"{label}: {lost} lost"
        assert set(scene.requests()) <= baseline.keys, label
        assert all(scene.settled()[uniqueid][0] == 1 for uniqueid in wanted), label
        assert scene.sync.checkpoint() == baseline.outcome.checkpoint, label
        repeated += len(scene.requests()) - len(set(scene.requests()))
    assert tried > 0
    return types.SimpleNamespace(steps=baseline.steps, tried=tried, repeated=repeated)


def _steps_that_must_succeed(trace, closes_in_between):
    """The numbers of the steps that must end the run with an error if they fail. A run may ignore a failure of other
    steps. The lock file's text only makes other runs wait. A file that cannot be removed stays. SQLite ignores the sync
    of the directory after it creates a journal. After the last commit, or when long work closes the ledger, the next
    run can empty the journal into the ledger."""
    last_write = max(i for i, step in enumerate(trace) if step == ("write", "/ledger.db-wal"))
    committed = next(i for i in range(last_write, len(trace)) if trace[i] == ("sync", "/ledger.db-wal"))
    return {i + 1 for i, (kind, name) in enumerate(trace[:committed + 1])
            if kind != "unlink" and not (name == "." and trace[i - 1][0] != "rename")
            and not (kind == "truncate" and name == "/ledger.db-shm") and name != "/lock"
            and not (closes_in_between and (name == "/ledger.db" or _syncs_again(trace, i)))}


def _lasting_steps(trace):
    """How many steps leave something for the next run. The lock file's text is written as time goes by."""
    return sum(name != "/lock" for _, name in trace)


def _syncs_again(trace, at):
    """Whether the step is the sync at which SQLite begins to empty the journal. The commit before has synced the
    journal already."""
    earlier = [kind for kind, name in trace[:at] if name == "/ledger.db-wal"]
    return trace[at] == ("sync", "/ledger.db-wal") and earlier[-1:] == ["sync"]


def error_sweep(scene, error, kinds=FILES, lasting=1, share=1.0):
    """Lets steps on files fail instead, at each of them or a share, once or from there on."""
    baseline = Baseline(scene, kinds)
    whole = Baseline(scene).trace
    silent = _lasting_steps(step for step in whole[:whole.index(("send", "api"))] if step[0] in kinds)
    tried = failed = repeated = 0
    chosen = points(baseline.steps, share)
    for at in chosen:
        scene.reset()
        strike = Strike(scene.sync, at, error, kinds=kinds, lasting=lasting)
        run = scene.run(strike.env)
        report = strike.report()
        if report.hits == 0:
            assert report.steps < at, f"{error} at step {at} of {report.steps} was never tried"
            continue  # this run took fewer steps: how answers come together is not the same each time
        label = f"{error} at step {at}, {report.trace[at - 1]}: exit {run.code}"
        tried += 1
        assert run.code in (STATE, baseline.code), label
        if run.code != STATE:  # then it came to its end; the steps of two runs differ a little
            assert at not in (_steps_that_must_succeed(report.trace, bool(scene.command)) if set(kinds) == set(FILES)
                              else range(1, 4)), label
        else:
            assert "❌ could not" in run.log, label
            failed += 1
        first, committed = scene.requests(), scene.settled()
        done = _lasting_steps(report.trace[:at - 1])
        assert done >= silent or lasting == 1 or first == [], f"{label}: sent though nothing can be noted"
        settle(scene, baseline)
        assert_same(scene, baseline, label)
        repeated += assert_repeats_only_what_was_open(scene, baseline, first, committed, label)
    assert failed > 0 and tried > FAIR_SHARE * len(chosen)
    return types.SimpleNamespace(steps=baseline.steps, tried=tried, failed=failed, repeated=repeated)


def allocation_sweep(scene, share=1.0, lasting=1, turn=0, turns=1):
    """Lets an allocation fail, at each step or a share of them, once or from there on. The program may give up, but
    it never crashes, save where a library does (see shim.c); and the next run completes the work. Several processes can
    divide the steps among themselves: this one takes its turn out of so many."""
    now = scene.now
    scene.api.rules([])
    baseline = Baseline(scene, kinds=["alloc"])
    assert baseline.code == DONE
    states = {call[0]: (call[1], call[3]) for call in baseline.outcome.calls}
    tried = given_up = crashed = repeated = 0
    for at in points(baseline.steps, share)[turn::turns]:
        scene.reset()
        strike = Strike(scene.sync, at, kinds=["alloc"], lasting=lasting)
        run = scene.run(strike.env)
        report = strike.report()
        if report.hits == 0:
            continue
        label = f"allocation {at} failed: exit {run.code} {run.err.strip()[-300:]}"
        tried += 1
        if run.code < 0:
            assert ("alloc", "getservbyname") in report.trace or ("alloc", "mysql_real_connect") in report.trace, label
            assert scene.requests() == [], label
            crashed += 1
        if run.code == DONE:
            assert {uniqueid: state[:2] for uniqueid, state in scene.settled().items()} == states, label
            assert scene.outcome().sent == baseline.outcome.sent, label
        else:
            given_up += 1
        first = len(scene.requests())
        scene.set_clock(now + 120)  # what the failure delayed is due
        if scene.command:  # cron's runs send the calls that it leaves pending
            assert scene.run().code in (DONE, PENDING), label
            assert run_when_elected(scene.sync).code == DONE, label
        else:
            assert scene.run().code == DONE, label
        assert scene.outcome().sent == baseline.outcome.sent, label
        assert {uniqueid: state[:2] for uniqueid, state in scene.settled().items()} == states, label
        assert set(scene.requests()) == baseline.keys, label
        repeated += len(scene.requests()) - len(baseline.keys)
        assert len(scene.requests()) - first <= len(baseline.keys), label
        scene.set_clock(now)
    assert tried > 0
    return types.SimpleNamespace(steps=baseline.steps, tried=tried, given_up=given_up, crashed=crashed,
                                 repeated=repeated)


def kill_loop(db, api, sync, kills, seed=1):
    """Ends runs with SIGKILL at random moments while calls keep coming, until enough were hit in mid-run. Every other
    run lives for a second longer. The outcomes of earlier requests are durable by then (they are committed 50 ms after
    the first of a group), so these requests must not be repeated."""
    chance = random.Random(seed)
    sync.configure(config={"api": {"concurrency": 4}})
    api.rules([{"delay_ms": 20}])
    uniqueids, runs, hit, checked, longest = [], 0, 0, 0, 0.15
    while hit < kills:
        now = db.now()
        uniqueids += db.insert_many([{"end_epoch": now - chance.randrange(120), "length_in_sec": chance.randrange(90)}
                                     for _ in range(chance.randrange(5, 60) if runs % 2 == 0 else 300)])
        before = len(api.log())
        began = time.monotonic()
        run = sync.start()
        time.sleep(chance.uniform(0, longest))
        asked = [entry["uniqueid"] for entry in api.log()[before:] if entry["uniqueid"]]
        if runs % 2 == 1:
            time.sleep(1)
        run.kill()
        runs += 1
        if run.wait() < 0:
            hit += 1
            if not asked:  # on a slow machine a run needs longer to come to its first request
                longest *= 1.3
        else:
            longest = max(0.05, (time.monotonic() - began) * 1.1)
        sync.close()
        if runs % 2 == 0 and asked:
            accepted = {uniqueid for uniqueid, in sync.ledger("SELECT uniqueid FROM call WHERE state = 1")}
            assert set(asked) <= accepted, f"answered a second ago and not durable: {sorted(set(asked) - accepted)[:5]}"
            checked += len(asked)
    assert checked > 0 or kills < 4
    api.rules([])
    assert run_when_elected(sync).code == DONE
    requests = [(entry["uniqueid"], entry["idempotency_key"]) for entry in api.log() if entry["uniqueid"]]
    held = collections.Counter(body["uniqueid"] for body in api.recorded())
    lost = set(uniqueids) - set(held)
    assert not lost, f"{len(lost)} of {len(uniqueids)} lost: {sorted(lost)[:5]}"
    assert held == collections.Counter(uniqueids), "a call was recorded twice"
    assert len(set(requests)) == len(uniqueids), "a repeat came with another key"
    assert sync.ledger("SELECT count(*) FROM call WHERE state = 1") == [(len(uniqueids),)]
    return types.SimpleNamespace(kills=hit, runs=runs, calls=len(uniqueids), lost=0,
                                 repeated=len(requests) - len(uniqueids))
