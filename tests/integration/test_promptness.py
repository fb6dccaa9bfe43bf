"""Tests of the judge of promptness, simulation/promptness.py: the judge must find each fault."""
import pytest

from simulation.clock import Shown
from simulation.history import History, State
from simulation.judge import HORIZON, LONGEST
from simulation.promptness import Run, final_since, judge_promptness, mark_calm


def state(at, status, ended=None, comments="AUTO"):
    """A state of a call that began at 1000 by the dialer's clock, which shows UTC here."""
    return State(at, 1, 1000, ended, status, 30, "1001", "CALLER", comments)


GONE = State(1100, 0, *[None] * 7)
TALKED = [state(1000, "QUEUE"), state(1010, "INCALL"), state(1040, "DISPO", 1040), state(1100, "SALE", 1040)]


@pytest.mark.parametrize("states, now, since", [
    (TALKED, 1099, None),
    (TALKED, 1100, 1100),
    (TALKED, 5000, 1100),
    (TALKED[:3], 999 + HORIZON, None),
    (TALKED[:3], 1500 + HORIZON, 1000 + HORIZON),
    (TALKED[:3] + [GONE], 1200, None),
    (TALKED + [state(1200, "NI", 1040)], 1300, 1100),                        # final twice, one after the other
    ([state(1040, "DROP", 1040), *TALKED[1:3], TALKED[3]], 1300, 1100),      # final, and then no longer final
    ([state(1000, "AA", 1040), state(1100, "SALE", 1040)], 1300, 1100),      # AA was not settled when SALE came
    ([state(1000, "AA", 1040), state(1170, "SALE", 1040)], 1300, 1160),      # AA was settled by then
    ([state(1040, "XFER", 1040, "REMOTE")], 1041, 1040),
])
def test_the_time_when_a_call_became_final_is_found(states, now, since):
    states = sorted(states, key=lambda one: one.at)
    assert final_since(History({"1": states}, "UTC"), "1", now) == since


def judged(states, attempts=(), runs=((1060, 0), (1120, 0), (1180, 0)), shown=Shown(), swept=()):
    """attempts and swept are dictionaries; the keys are the times when the runs began."""
    runs = [Run(0, first, first, code=code, swept=int(first in swept)) for first, code in runs]
    offered = [run for run in runs if run.first in attempts]
    return judge_promptness(History({"1": states}, "UTC", shown), runs, {"1": offered}, settle=2, interval=60)


@pytest.mark.parametrize("attempts, swept, percent, delay, path", [
    ((1120,), (), 100, 20, None),
    ((1120, 1180), (), 100, 20, None),
    ((1180,), (), 0, 80, "poll"),
    ((1180,), (1180,), 0, 80, "sweep"),
    ((), (), 0, float("inf"), "never"),
    ((1060,), (), 0, float("inf"), "never"),  # the call was not final yet
])
def test_the_run_that_offered_a_call_is_found(attempts, swept, percent, delay, path):
    prompt = judged(TALKED, attempts, swept=swept)
    assert (prompt.percent, prompt.percentile(0.99)) == (percent, delay)
    assert [offer.path for offer in prompt.late] == ([path] if path else [])


def test_a_call_that_became_final_a_moment_ago_is_due_in_the_next_run():
    for final, due in ((1118, 1120), (1119, 1180)):
        prompt = judged(TALKED[:3] + [state(final, "SALE", 1040)], (due,))
        assert [(offer.due.first, offer.in_first_run) for offer in prompt.offers] == [(due, True)]


def test_an_end_in_the_future_is_waited_for():
    """The dialer's clock counts, and it may have been set back after the end."""
    assert judged([state(1040, "DROP", 1130)], (1180,)).offers[0].due.first == 1180
    assert judged([state(1040, "DROP", 1040)], (1180,), shown=Shown([(1050, -100)])).offers[0].due.first == 1180
    assert judged([state(1040, "DROP", 1040)], (1060,)).percent == 100


def test_a_call_that_is_too_long_by_a_clock_that_was_set_forward_does_not_count():
    for begun, count in ((1040 - LONGEST, 1), (1039 - LONGEST, 0)):
        assert len(judged([state(1040, "DROP", 1040)._replace(started=begun)]).offers) == count


def test_a_disposition_is_waited_for_by_the_later_of_two_clocks():
    """VICIdial uses call_date, which moved by an hour when the clocks went forward."""
    waiting = state(1040, "DISPO", 1040)
    for started, since in ((None, 1000 + HORIZON), (1000, 1000 + HORIZON), (4600, 4600 + HORIZON)):
        history = History({"1": [waiting._replace(started=started)]}, "UTC")
        assert final_since(history, "1", 10000 + HORIZON) == since


def test_only_calm_runs_count():
    assert judged(TALKED, (1180,), runs=((1060, 75), (1120, 0), (1180, 0))).offers == []
    assert judged(TALKED, (1180,), runs=((1060, 0), (1120, 69), (1180, 0))).offers == []
    runs = [Run(0, 0, 0, code=0), Run(0, 0, 0, killed=True, code=0), Run(0, 0, 0, code=0), Run(0, 0, 0, code=0),
            Run(0, 0, 0, troubled=True, code=0), Run(0, 0, 0, code=0)]
    mark_calm(runs)
    assert [run.calm for run in runs] == [True, False, False, True, False, False]


def test_a_long_time_between_runs_is_not_the_program_s_fault():
    assert judged(TALKED, (1720,), runs=((1060, 0), (1720, 0))).percentile(1) == 62
