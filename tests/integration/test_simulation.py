"""A simulated dialer: every finished call reaches the API once, with the disposition that the agent really chose,
whatever happens in between. The judge is tested too, because a judge that finds no fault proves nothing.

SOAK=1 makes the days long enough for more than 5,000 calls."""
import dataclasses
import os
import re
import tempfile

import pytest

from simulation.clock import ClockedDialer, Shown
from simulation.dialer_life import LIVES
from simulation import inbound_life
from simulation.history import History, State, content, is_finished
from simulation.judge import HORIZON, LONGEST, REACH, Delivery, is_early, judge
from simulation.simulate import AUTUMN_NIGHT, BEGIN, SPRING_NIGHT, faults, lives_of, simulate, table
from simulation.troubles import Site

CALLS, HOURS = (1700, 12) if os.environ.get("SOAK") == "1" else (600, 2)


@pytest.fixture
def directory():
    """A directory in memory, if possible, because hundreds of runs would wait for the disk at each durable step."""
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="simulation-", dir=memory) as path:
        yield path


# ---- the days ----

@pytest.mark.parametrize("seed, options", [
    (1, {"site": Site(quiet_days=3, locks=((25, 200), (70, 400)), audits=((60, 90), (4 * 60, 7 * 60), (60, 90)))}),
    pytest.param(2, {"begin": AUTUMN_NIGHT, "site": Site(losses=(50, 300), pauses=((110, 180),))},
                 marks=pytest.mark.plain_only),
    pytest.param(3, {"begin": SPRING_NIGHT, "site": Site(end_index=True, other_zone=-3 * 3600,
                                                         jumps=((40, 3600), (70, -3600), (90, -1800), (100, 1800)))},
                 marks=pytest.mark.plain_only),
], ids=["a day with late rows after quiet ones", "the clocks go back, the ledger is lost, the host is off",
        "the clocks go forward, an index on end_epoch, two zones, clocks that are wrong"])
def test_every_finished_call_arrives_once_with_its_final_disposition(directory, seed, options):
    simulation, verdict = simulate(directory, seed, CALLS, HOURS, **options)
    print(table(simulation, verdict))

    assert faults(simulation, verdict) == []
    assert verdict.delivered == verdict.finished > 0.9 * CALLS
    _assert_prompt(simulation)
    # The day had all the planned troubles.
    assert {call.life for call in simulation.calls} == {life.__name__ for life in LIVES}
    assert min(verdict.changed, verdict.gone_since, verdict.beyond_reach, verdict.repeated_excused) > 0
    assert simulation.forgotten > 0
    assert min(simulation.exits[code] for code in (0, 69, 75, -9)) > 0
    _assert_false_records_are_noticed(simulation)


@pytest.mark.parametrize("seed, options", [
    (1, {}), pytest.param(2, {"begin": AUTUMN_NIGHT}, marks=pytest.mark.plain_only)],
    ids=["a day", "the clocks go back"])
def test_every_inbound_call_arrives_once_with_its_final_disposition(directory, seed, options):
    simulation, verdict = simulate(directory, seed, CALLS // 2, HOURS, life=inbound_life.InboundLife, **options)
    print(table(simulation, verdict))

    assert faults(simulation, verdict) == []
    assert verdict.delivered == verdict.finished > 0.9 * CALLS / 2
    assert simulation.promptness.late == [] and len(simulation.promptness.offers) > CALLS / 20
    # The day had all the planned troubles.
    assert {call.life for call in simulation.calls} == {life.__name__ for life in inbound_life.LIVES}
    assert min(verdict.changed, verdict.beyond_reach, verdict.repeated_excused) > 0
    assert min(simulation.exits[code] for code in (0, 69, 75, -9)) > 0
    _assert_the_dialled_number_is_known(simulation)
    _assert_false_records_are_noticed(simulation)


def _assert_the_dialled_number_is_known(simulation):
    """phoneNumber is the DID, or the caller's number if there is no DID."""
    dialled = simulation.dialled
    for delivery in simulation.deliveries:
        channel, body = delivery.uniqueid.rpartition("/c")[0], delivery.body
        assert body["phoneNumber"] == dialled.get(channel, body["customerPhone"])
        assert body["direction"] == "inbound" and body.get("transferOf") in (None, channel)
    assert len({delivery.body["phoneNumber"] for delivery in simulation.deliveries}) > len(inbound_life.DIDS)
    assert any(delivery.body.get("transferOf") for delivery in simulation.deliveries)


@pytest.mark.plain_only
def test_the_inbound_lives_have_all_19_kinds_of_write():
    written = " ".join(life.__doc__ for life in inbound_life.LIVES)
    assert [kind for kind in [f"I{number}" for number in range(1, 19)] + ["I8b"]
            if not re.search(rf"\b{kind}\b", written)] == []


def _assert_prompt(simulation):
    """The first run after a call became final offers the call, however long the call is. The sweep finds rows that are
    written later than any row before: N3 of a dialer in another zone, and late rows after quiet days. The sweep also
    finds a row that got another id after it was sent."""
    prompt, lives = simulation.promptness, lives_of(simulation)
    assert len(prompt.offers) > CALLS / 10
    assert prompt.percent > 95
    excused = {"manual_renamed_when_final"}
    if simulation.site.other_zone:
        excused |= {"busy", "gone_before_routing", "manual_busy"}
    late = [(lives.get(offer.uniqueid), offer) for offer in prompt.late]
    assert simulation.site.quiet_days or [offer for life, offer in late if life not in excused] == []


def _assert_false_records_are_noticed(simulation):
    """Changes the record: one call is missing, one is early, one is repeated, one is false. The judge finds one fault
    more for each."""
    def kinds(deliveries):
        verdict = judge(simulation.history, deliveries, simulation.losses)
        return [(kind, uniqueid) for kind, uniqueid, _ in verdict.faults]

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


@pytest.mark.plain_only
def test_an_outage_longer_than_the_sweep_looks_back_loses_nothing(directory):
    """The calls that ended during the outage stay pending until the outage is over."""
    simulation, verdict = simulate(directory, 6, 300, 2, site=Site(outage_hours=9))

    assert faults(simulation, verdict) == []
    assert verdict.delivered == verdict.finished > 0.9 * 300


@pytest.mark.plain_only
def test_the_judge_notices_a_program_that_does_not_wait_or_rescan(directory):
    careless = {"overlap": 0, "sweep_interval": 0, "not_final": "NONE", "unsettled": "NONE"}
    _, verdict = simulate(directory, 4, 300, 2, settings=careless)

    assert verdict.percent < 97
    assert min(verdict.count(kind) for kind in ("missing", "outdated", "early")) > 0


@pytest.mark.plain_only
def test_the_judge_notices_a_program_that_does_not_send_changes(directory):
    _, verdict = simulate(directory, 5, 150, 1, settings={"resend_changed": "no"})

    assert verdict.count("outdated") > 0
    assert {kind for kind, _, _ in verdict.faults} == {"outdated"}


# ---- the clock ----

@pytest.mark.plain_only
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
    ("repeated, and the length has changed below 0",
     [state(1000, "SALE", 1000, length=-2), state(1100, "SALE", 1030, length=-1)],
     [told(1060, "SALE", length=0), told(1120, "SALE", length=0)], []),
    ("a wrong duration", TALKED, [told(1120, "SALE", length=31)], ["untrue", "outdated"]),
    ("a wrong agent", TALKED, [told(1120, "SALE", agent="VDAD")], ["untrue", "outdated"]),
    ("a wrong term reason", TALKED, [told(1120, "SALE", term_reason="AGENT")], ["untrue", "outdated"]),
    ("told before it was so", TALKED, [told(1080, "SALE")], ["untrue"]),
    ("ended after hours and missing", [state(1000, "QUEUE"), state(1000 + LONGEST, "DROP", 1000 + LONGEST)], [],
     ["missing"]),
    ("ended after more hours than are looked back on",
     [state(1000, "QUEUE"), state(1001 + LONGEST, "DROP", 1001 + LONGEST)], [], []),
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


@pytest.mark.plain_only
@pytest.mark.parametrize("states, deliveries, expected", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_judge_finds_each_kind_of_fault(states, deliveries, expected):
    assert judged(states, *deliveries)[1] == expected


@pytest.mark.plain_only
def test_the_judge_allows_one_repetition_where_the_ledger_was_lost():
    def kinds(times, forgotten):
        verdict = judge(History({"1000.1": TALKED}, "UTC"), [told(at, "SALE") for at in times], forgotten)
        return [kind for kind, _, _ in verdict.faults], verdict.repeated_excused

    assert kinds((1120, 1180), [1180]) == ([], 1)
    assert kinds((1120, 1180), [1120]) == (["repeated"], 0)
    assert kinds((1120, 1180), [1240]) == (["repeated"], 0)
    assert kinds((1120, 1180, 1240), [1180]) == (["repeated"], 1)


@pytest.mark.plain_only
def test_the_judge_uses_the_dialer_s_clock():
    """If the clock is set forward by an hour, DISPO is final an hour earlier in true time."""
    for jumps, kinds in ((), ["early"]), (((2000, 3600),), []), (((2000, 3600), (3000, -3600)), ["early"]):
        history = History({"1000.1": TALKED[:3]}, "UTC", Shown(jumps))
        verdict = judge(history, [told(1000 + HORIZON - 3600, "DISPO")])
        assert [kind for kind, _, _ in verdict.faults] == kinds, jumps


@pytest.mark.plain_only
def test_the_judge_counts_what_happened():
    verdict, _ = judged(TALKED, told(1120, "SALE"))
    assert (verdict.finished, verdict.delivered, verdict.percent) == (1, 1, 100)

    verdict, _ = judged(TALKED)
    assert (verdict.finished, verdict.delivered, verdict.percent) == (1, 0, 0)

    verdict, _ = judged(TALKED + [gone(2000)], told(1120, "SALE"))
    assert (verdict.finished, verdict.gone_since) == (0, 1)

    verdict, _ = judged(TALKED + [state(1001 + REACH, "QCFAIL", 1040)], told(1120, "SALE", excused=True),
                        told(1180, "SALE"))
    assert (verdict.delivered, verdict.beyond_reach, verdict.repeated_excused, verdict.changed) == (1, 1, 1, 0)


@pytest.mark.plain_only
def test_the_judge_allows_what_was_true_at_some_moment_of_the_run():
    while_it_ran = dataclasses.replace(told(1030, "SALE"), last=1110)
    assert judged(TALKED, while_it_ran)[1] == []
    assert judged(TALKED, dataclasses.replace(while_it_ran, last=1099))[1] == ["untrue"]


@pytest.mark.plain_only
def test_the_judge_counts_the_time_of_the_run_itself_for_waiting_alone():
    """The dialer's clock stands still during the run. The run has not read what the dialer wrote afterwards."""
    machine = [state(1000, "AA", 1000)]
    assert judged(machine, told(1110, "AA", until=1120))[1] == []
    assert judged(machine, told(1110, "AA", until=1119))[1] == ["early"]
    assert judged(TALKED, told(1090, "SALE", until=1110))[1] == ["untrue"]
