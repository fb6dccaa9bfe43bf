"""A dialer in miniature: every finished call reaches the API once, with the disposition the agent really chose,
whatever happens in between. And the judge who says so: a judge that cannot find fault is worth nothing.

SOAK=1 makes the days long enough for more than 5,000 calls.
"""
import dataclasses
import os
import tempfile

import pytest

from simulation.clock import ClockedDialer
from simulation.dialer_life import LIVES
from simulation.history import History, State, content, is_finished
from simulation.judge import HORIZON, REACH, Delivery, is_early, judge
from simulation.simulate import AUTUMN_NIGHT, BEGIN, SPRING_NIGHT, faults, simulate, table

CALLS, HOURS = (1700, 12) if os.environ.get("SOAK") == "1" else (600, 2)


@pytest.fixture
def directory():
    """In memory where that is possible: hundreds of runs would wait for the disk at each durable step."""
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="simulation-", dir=memory) as path:
        yield path


# ---- the days ----

@pytest.mark.parametrize("seed, options", [
    (1, {}),
    (2, {"begin": AUTUMN_NIGHT}),
    (3, {"begin": SPRING_NIGHT, "end_index": True}),
], ids=["a day", "the clocks go back", "the clocks go forward, an index on end_epoch"])
def test_every_finished_call_arrives_once_with_its_final_disposition(directory, seed, options):
    simulation, verdict = simulate(directory, seed, CALLS, HOURS, **options)
    print(table(simulation, verdict))

    assert faults(simulation, verdict) == []
    assert verdict.delivered == verdict.finished > 0.9 * CALLS
    # The day was as hard as it is meant to be.
    assert {call.life for call in simulation.calls} == {life.__name__ for life in LIVES}
    assert min(verdict.changed, verdict.gone_since, verdict.beyond_reach, verdict.repeated_excused) > 0
    assert simulation.forgotten > 0
    assert min(simulation.exits[code] for code in (0, 69, 75, -9)) > 0
    _assert_doctored_records_are_seen(simulation)


def _assert_doctored_records_are_seen(simulation):
    """The same record with one call missing, one early, one repeated, one untrue: each is one fault more."""
    def kinds(deliveries):
        return [(kind, uniqueid) for kind, uniqueid, _ in judge(simulation.history, deliveries).faults]

    history, record = simulation.history, simulation.deliveries
    sent = [delivery for delivery in record if is_finished(history.of(delivery.uniqueid)[-1])]
    one = next(delivery for delivery in sent if not delivery.excused)
    others = [delivery for delivery in record if delivery.uniqueid != one.uniqueid]
    assert kinds(others) == [("missing", one.uniqueid)]

    at = record.index(one)
    again = dataclasses.replace(one)
    assert kinds(record[:at] + [again] + record[at:]) == [("repeated", one.uniqueid)]

    wrong = dataclasses.replace(one, body={**one.body, "agentId": "nobody"})
    assert ("untrue", one.uniqueid) in kinds(record[:at] + [wrong] + record[at:])

    waiting, state = next((delivery, state) for delivery in sent for state in history.of(delivery.uniqueid)
                       if is_finished(state) and state.status == "DISPO" and is_early(state, state.at, history)
                       and history.between(delivery.uniqueid, state.at, state.at)[-1] == state)
    disposition, duration, agent, term_reason = content(state)
    too_soon = Delivery({**waiting.body, "disposition": disposition, "duration": duration, "agentId": agent,
                         "termReason": term_reason}, state.at, state.at)
    assert kinds([too_soon] + record) == [("early", waiting.uniqueid)]


def test_an_outage_longer_than_the_sweep_looks_back_loses_nothing(directory):
    """What ended meanwhile stays pending for as long as that takes."""
    simulation, verdict = simulate(directory, 6, 300, 2, outage_hours=9)

    assert faults(simulation, verdict) == []
    assert verdict.delivered == verdict.finished > 0.9 * 300


def test_the_judge_sees_a_program_that_does_not_hold_or_look_back(directory):
    careless = {"overlap": 0, "sweep_interval": 0, "not_final": "NONE", "unsettled": "NONE"}
    _, verdict = simulate(directory, 4, 300, 2, settings=careless)

    assert verdict.percent < 97
    assert min(verdict.count(kind) for kind in ("missing", "outdated", "early")) > 0


def test_the_judge_sees_a_program_that_does_not_send_changes(directory):
    _, verdict = simulate(directory, 5, 150, 1, settings={"resend_changed": "no"})

    assert verdict.count("outdated") > 0
    assert {kind for kind, _, _ in verdict.faults} == {"outdated"}


# ---- the clock ----

def test_the_database_shows_the_time_that_is_set():
    with ClockedDialer(BEGIN, timezone="America/New_York") as dialer:
        for epoch, local in ((BEGIN, "2024-10-24 08:00:00"), (BEGIN + 90061, "2024-10-25 09:01:01"),
                             (BEGIN + 60, "2024-10-24 08:01:00"), (AUTUMN_NIGHT + 2 * 3600, "2024-11-03 01:00:00")):
            dialer.set_clock(epoch)
            assert dialer.query("SELECT UNIX_TIMESTAMP() AS epoch, CAST(NOW() AS CHAR) AS local, "
                                "CAST(FROM_UNIXTIME(%s) AS CHAR) AS same", [epoch]) == [
                {"epoch": epoch, "local": local, "same": local}]
        dialer.restart()
        assert dialer.now() == AUTUMN_NIGHT + 2 * 3600


# ---- the judge ----

def state(at, status, ended=None, length=30, agent="1001", term_reason="CALLER", comments="AUTO", called=None):
    """A state of a call that was made at 1000 by the dialer's clock, which shows UTC here."""
    return State(at, 1, 1000 if called is None else called, ended, status, length, agent, term_reason, comments)


def gone(at):
    return State(at, 0, *[None] * 7)


def told(at, status, length=30, agent="1001", term_reason="CALLER", uniqueid="1000.1", **more):
    body = {"uniqueid": uniqueid, "disposition": status, "duration": length, "agentId": agent,
            "termReason": term_reason}
    return Delivery(body, at, at, **more)


TALKED = [state(1000, "QUEUE"), state(1010, "INCALL"), state(1040, "DISPO", 1040), state(1100, "SALE", 1040)]


def judged(states, *deliveries):
    verdict = judge(History({"1000.1": states}, "UTC"), deliveries)
    return verdict, [kind for kind, _, _ in verdict.faults]


CASES = [
    ("as it should be", TALKED, [told(1120, "SALE")], []),
    ("missing", TALKED, [], ["missing"]),
    ("early", TALKED, [told(1060, "DISPO"), told(1120, "SALE")], ["early"]),
    ("early and never corrected", TALKED, [told(1060, "DISPO")], ["early", "outdated"]),
    ("repeated", TALKED, [told(1120, "SALE"), told(1180, "SALE")], ["repeated"]),
    ("repeated after a kill", TALKED, [told(1120, "SALE", excused=True), told(1180, "SALE")], []),
    ("repeated twice after one kill", TALKED,
     [told(1120, "SALE", excused=True), told(1180, "SALE"), told(1240, "SALE")], ["repeated"]),
    ("a wrong duration", TALKED, [told(1120, "SALE", length=31)], ["untrue", "outdated"]),
    ("a wrong agent", TALKED, [told(1120, "SALE", agent="VDAD")], ["untrue", "outdated"]),
    ("a wrong term reason", TALKED, [told(1120, "SALE", term_reason="AGENT")], ["untrue", "outdated"]),
    ("told before it was so", TALKED, [told(1080, "SALE")], ["untrue"]),
    ("a call in progress", TALKED[:2], [told(1020, "INCALL")], ["untrue"]),
    ("a call that stays in progress", TALKED[:2], [], []),
    ("a call that does not exist", TALKED, [told(1120, "SALE"), told(1120, "SALE", uniqueid="7")], ["untrue"]),
    ("sent before it was deleted", TALKED + [gone(2000)], [told(1120, "SALE")], []),
    ("sent after it was deleted", TALKED + [gone(2000)], [told(2060, "SALE")], ["untrue"]),
    ("waiting until it was deleted", TALKED[:3] + [gone(2000)], [], []),
    ("not waiting until it was deleted", TALKED[:3] + [gone(2000)], [told(1060, "DISPO")], ["early"]),
    ("changed and sent again", TALKED + [state(3000, "QCFAIL", 1040)], [told(1120, "SALE"), told(3600, "QCFAIL")], []),
    ("changed and not sent again", TALKED + [state(3000, "QCFAIL", 1040)], [told(1120, "SALE")], ["outdated"]),
    ("changed back and sent each time", TALKED + [state(3000, "NI", 1040), state(4000, "SALE", 1040)],
     [told(1120, "SALE"), told(3600, "NI"), told(4200, "SALE")], []),
    ("changed beyond reach", TALKED + [state(1001 + REACH, "QCFAIL", 1040)], [told(1120, "SALE")], []),
    ("changed at the edge of reach", TALKED + [state(1000 + REACH, "QCFAIL", 1040)], [told(1120, "SALE")],
     ["outdated"]),
    ("outdated when it went beyond reach", TALKED + [state(3000, "NI", 1040), state(1001 + REACH, "QCFAIL", 1040)],
     [told(1120, "SALE")], ["outdated"]),
    ("a second before the horizon", TALKED[:3], [told(999 + HORIZON, "DISPO")], ["early"]),
    ("at the horizon", TALKED[:3], [told(1000 + HORIZON, "DISPO")], []),
    ("never, though the horizon passed", TALKED[:3], [], ["missing"]),
    ("a machine in its first moments", [state(1000, "AA", 1000)], [told(1119, "AA")], ["early"]),
    ("a machine later", [state(1000, "AA", 1000)], [told(1120, "AA")], []),
    ("a transfer in its first moments", [state(1000, "XFER", 1000)], [told(1060, "XFER")], ["early"]),
    ("a remote agent's transfer", [state(1000, "XFER", 1000, comments="REMOTE")], [told(1060, "XFER")], []),
    ("an empty status", [state(1000, "", 1000)], [told(1060, "")], ["early"]),
    ("a negative length", [state(1000, "SALE", 1000, length=-2)], [told(1060, "SALE", length=0)], []),
]


@pytest.mark.parametrize("states, deliveries, expected", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_judge(states, deliveries, expected):
    assert judged(states, *deliveries)[1] == expected


def test_the_judge_counts():
    verdict, _ = judged(TALKED, told(1120, "SALE"))
    assert (verdict.finished, verdict.delivered, verdict.percent) == (1, 1, 100)

    verdict, _ = judged(TALKED)
    assert (verdict.finished, verdict.delivered, verdict.percent) == (1, 0, 0)

    verdict, _ = judged(TALKED + [gone(2000)], told(1120, "SALE"))
    assert (verdict.finished, verdict.gone_since) == (0, 1)

    verdict, _ = judged(TALKED + [state(1001 + REACH, "QCFAIL", 1040)], told(1120, "SALE", excused=True),
                        told(1180, "SALE"))
    assert (verdict.delivered, verdict.beyond_reach, verdict.repeated_excused, verdict.changed) == (1, 1, 1, 0)


def test_the_judge_allows_what_was_so_at_some_moment_of_the_run():
    while_it_ran = dataclasses.replace(told(1030, "SALE"), last=1110)
    assert judged(TALKED, while_it_ran)[1] == []
    assert judged(TALKED, dataclasses.replace(while_it_ran, last=1099))[1] == ["untrue"]
