"""Decides how soon the program offered each call to the API, in simulated time. A slow machine changes nothing.

A call is due in the first run that begins at least `settle` seconds after the row became final and after its end. Only
calls that are due in a calm run count: a run with a failure may leave calls for later.
"""
import bisect
import collections
import dataclasses
import math
import typing

from simulation.history import is_finished
from simulation.judge import HORIZON, LONGEST, NOT_FINAL, seconds_until_final


@dataclasses.dataclass
class Run:
    """A run of the program. begun_ms is the host's clock. first and last are true times: the run may have read rows
    written between them. took: the run's seconds by the host's clock, which goes on while the dialer's clock
    stands still. swept: the number of calls that its sweep found. calm: nothing failed in this run or in the run
    before."""
    begun_ms: float
    first: int
    last: int
    killed: bool = False
    troubled: bool = False
    code: int = None
    took: float = 0
    swept: int = 0
    calm: bool = False

    @property
    def until(self):
        """The true time at the end of the run, by the later of both clocks."""
        return max(self.last, self.first + math.ceil(self.took))


class Offer(typing.NamedTuple):
    """A call that was due in a calm run. since: when it became final. offered: the first run that sent it, successfully
    or not; None: no run did."""
    uniqueid: str
    since: int
    due: Run
    offered: Run

    @property
    def in_first_run(self):
        return self.offered is not None and self.offered.first <= self.due.first

    @property
    def path(self):
        """The part of the program that found a late call."""
        if self.offered is None:
            return "never"
        return "sweep" if self.offered.swept > 0 else "poll"

    def delay(self, longest_wait):
        """The seconds from final to offered. At most longest_wait of them count as waiting for the first run: the
        simulation, not the program, decides that runs are far apart while nothing happens."""
        if self.offered is None:
            return float("inf")
        waited = min(min(self.due.first, self.offered.first) - self.since, longest_wait)
        return max(0, waited) + max(0, self.offered.first - self.due.first)


class Promptness:
    def __init__(self, offers, longest_wait):
        self.offers = offers
        self._delays = sorted(offer.delay(longest_wait) for offer in offers)

    @property
    def late(self):
        return [offer for offer in self.offers if not offer.in_first_run]

    @property
    def percent(self):
        return 100.0 - 100.0 * len(self.late) / len(self.offers) if self.offers else 100.0

    def percentile(self, share):
        """The delay that this share of the calls does not exceed."""
        return self._delays[min(len(self._delays) - 1, int(share * len(self._delays)))] if self._delays else 0

    def late_by(self, kind_of):
        """(kind, path) -> number of late calls. kind_of gives the kind of a uniqueid."""
        return collections.Counter((kind_of(offer.uniqueid), offer.path) for offer in self.late)


def mark_calm(runs):
    """Sets calm of each run."""
    before = True
    for run in runs:
        good = not run.killed and not run.troubled and run.code == 0
        run.calm, before = good and before, good


def _seconds_until_final(state, now, history):
    """The judge's limits. The program may wait longer in the night when the clocks go forward. It may also wait longer
    with another zone, because it does not know how long VICIdial writes a disposition then."""
    until = seconds_until_final(state, now, history)
    if history.rules is not None or state.status not in NOT_FINAL or not state.started:
        return until
    shown = history.shown(now)
    return max(until, state.started + HORIZON - shown, state.called + HORIZON - history.local(shown))


def final_since(history, uniqueid, now):
    """The true time since when the row has been final without a break until now; None: it is not final."""
    since = None
    for state in reversed(history.between(uniqueid, 0, now)):
        if not is_finished(state):
            break
        begin = max(state.at, now + _seconds_until_final(state, now, history))
        if begin > (now if since is None else since):
            break  # the latest state is not final yet; or this state was not final when the next state came
        since = begin
        if begin > state.at:
            break
    return since


def _is_due(history, uniqueid, since, now, settle):
    """Whether the call is due at `now`: the row has been final for `settle` seconds, and the end is `settle` seconds
    old by the dialer's clock. If that clock was set forward during a call, the call may seem longer than any call
    that the program must find. Such a call is never due."""
    if since is None or since + settle > now:
        return False
    state = history.between(uniqueid, now, now)[-1]
    too_long = state.started and state.end_epoch - state.started > LONGEST
    return not too_long and state.end_epoch + settle <= history.shown(now)


def _offer(history, uniqueid, runs, firsts, offered_in, settle):
    """The offer of a call; None if the call is due in no run, or not in a calm run. offered_in: the runs that sent
    the call, in order."""
    for run in runs[bisect.bisect_left(firsts, history.of(uniqueid)[0].at):]:
        since = final_since(history, uniqueid, run.first)
        if _is_due(history, uniqueid, since, run.first, settle):
            begun = min(since, history.between(uniqueid, run.first, run.first)[-1].at)
            offered = next((one for one in offered_in if one.last >= begun), None)
            return Offer(uniqueid, since, run, offered) if run.calm else None
    return None


def judge_promptness(history, runs, attempts, settle, interval):
    """attempts: uniqueid -> the runs that sent the call, in order. interval: the seconds between two runs."""
    mark_calm(runs)
    firsts = [run.first for run in runs]
    offers = [_offer(history, uniqueid, runs, firsts, attempts.get(uniqueid, []), settle)
              for uniqueid in history.uniqueids()]
    return Promptness([offer for offer in offers if offer is not None], interval + settle)
