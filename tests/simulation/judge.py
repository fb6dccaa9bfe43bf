"""Decides which of the results that the API got are right.

The judge knows the promise and the truth (history.py), but not how the program keeps the promise. It uses VICIdial's
own limits:

* A status of NOT_FINAL means nothing while somebody can still write the disposition, until HORIZON after call_date.
* A status of UNSETTLED may still change until SETTLES_IN after the call's end.
* A change within REACH after call_date must reach the API, even if the call was sent already. The program rescans
  6 hours of calls; REACH is one hour less, because cron may not start the program for a while. A later change may
  reach the API or not; the judge counts these calls as `beyond reach`.
* A call that ends within LONGEST after call_date must reach the API, in whatever state.
"""
import collections
import dataclasses

from simulation.history import content, is_finished

NOT_FINAL = ("INCALL", "QUEUE", "DISPO", "")
HORIZON = 15000
UNSETTLED = ("DONEM", "PU", "AA", "AM", "UNKAM", "XFER")
SETTLES_IN = 120
REACH = 5 * 3600
LONGEST = 11 * 1800


@dataclasses.dataclass(frozen=True)
class Rules:
    """Other rules than these. waiting: status -> for how many seconds after the call's end it means nothing. A call
    with any other status ends no later than no_end_after seconds after its begin."""
    waiting: dict
    no_end_after: int


@dataclasses.dataclass
class Delivery:
    """One result that the API accepted, in the order of arrival. The run that sent it lasted from `first` to `last` by
    the dialer's clock, and to `until` by its own (None: the same). `excused`: the run was killed or the answer was cut
    off, so the program cannot know that the API accepted the result."""
    body: dict
    first: int
    last: int
    excused: bool = False
    until: int = None

    @property
    def uniqueid(self):
        return self.body["uniqueid"]

    @property
    def content(self):
        return tuple(self.body[name] for name in ("disposition", "duration", "agentId", "termReason"))


@dataclasses.dataclass
class Verdict:
    finished: int = 0        # calls that have ended and still have a row after the simulation
    delivered: int = 0       # of these: the API has their final disposition
    beyond_reach: int = 0    # of these: they changed later than the program can see
    changed: int = 0         # calls that were sent with more than one content
    gone_since: int = 0      # final calls that were sent and that the dialer renamed or deleted later
    repeated_excused: int = 0
    faults: list = dataclasses.field(default_factory=list)  # (kind, uniqueid, words)

    def count(self, kind):
        return sum(fault[0] == kind for fault in self.faults)

    @property
    def percent(self):
        return 100.0 * self.delivered / self.finished if self.finished else 100.0


def seconds_until_final(state, now, history):
    """The seconds that the state of a finished call must still last until it is final. now is a true time. Below 0: the
    state has been final for that long."""
    if history.rules is not None:
        is_remote = state.status == "XFER" and state.comments == "REMOTE"
        wait = 0 if is_remote else history.rules.waiting.get(state.status, 0)
        return state.end_epoch + wait - history.shown(now) if wait else state.at - now
    if state.status in NOT_FINAL:
        shown, here = history.shown(now), history.called_here(state)
        until = min(state.called, here) + HORIZON - history.local(shown)
        # For another zone, nobody knows the zone of the web server, or whether the clocks go back in the same night.
        return until if here == state.called else min(until, state.started + HORIZON - shown)
    if state.status in UNSETTLED and not (state.status == "XFER" and state.comments == "REMOTE"):
        return state.end_epoch + SETTLES_IN - history.shown(now)
    return state.at - now


def is_early(state, now, history):
    """Whether it is too early to send this state."""
    return seconds_until_final(state, now, history) > 0


def _judge_delivery(delivery, before, forgotten, history, verdict):
    """Each result must be the dialer's state at that moment, final, and new to the API."""
    states = history.between(delivery.uniqueid, delivery.first, delivery.last)
    real = [state for state in states if is_finished(state) and content(state) == delivery.content]
    if not real:
        seen = [content(state) if is_finished(state) else "not finished" for state in states] or "no such call"
        verdict.faults.append(("untrue", delivery.uniqueid, f"the API was sent {delivery.content} at "
                               f"{delivery.first}, the dialer had {seen}"))
    elif all(is_early(state, max(delivery.last, delivery.until or 0), history) for state in real):
        verdict.faults.append(("early", delivery.uniqueid, f"sent as {delivery.content} at {delivery.first}"))
    if before is not None and before.content == delivery.content:
        # The API gets 0 for a length below 0, of a clock that was set back. The length may change all the same.
        below_0 = any(state.length is not None and state.length < 0 for state in real)
        if before.excused or below_0 or any(before.last < epoch <= delivery.first for epoch in forgotten):
            verdict.repeated_excused += 1
        else:
            verdict.faults.append(("repeated", delivery.uniqueid, f"sent as {delivery.content} at {before.first} and "
                                   f"again at {delivery.first}"))


def _in_reach(state, of, reach, history):
    """Whether the state began within reach after the call of its row. The local time of a call and the true one differ
    in the night when the clocks go back."""
    now = history.shown(state.at)
    return history.local(now) <= history.called_here(of) + reach and now <= (of.started or now) + reach


def _acceptable(states, history):
    """The contents that the API may have after the last run; None: no content at all. The dialer's clock measures the
    time from the call to a change, even if that clock is wrong."""
    in_reach = [state for state in states if _in_reach(state, states[-1], REACH, history)]
    later = states[len(in_reach):]
    contents = {content(state) if is_finished(state) else None for state in in_reach[-1:] + later}
    if any(is_finished(state) and _in_reach(state, states[-1], LONGEST, history) for state in states):
        contents.discard(None)
    return contents


def _judge_outcome(uniqueid, last_word, history, verdict):
    states = history.of(uniqueid)
    if not is_finished(states[-1]):
        if last_word is not None and not states[-1].present:
            verdict.gone_since += 1
        return  # _judge_delivery reports a result of an unfinished call as untrue
    verdict.finished += 1
    if last_word == content(states[-1]):
        verdict.delivered += 1
    elif last_word in _acceptable(states, history):
        verdict.delivered += 1
        verdict.beyond_reach += 1
    elif last_word is None:
        verdict.faults.append(("missing", uniqueid, f"finished at {states[-1].end_epoch} as {content(states[-1])}"))
    else:
        verdict.faults.append(("outdated", uniqueid, f"the API holds {last_word}, the dialer {content(states[-1])} "
                               f"since {states[-1].at}"))


def judge(history, deliveries, forgotten=()):
    """Compares the calls sent to the API, in order, with the true history. forgotten: the times when the ledger was
    lost. After such a time the program may send a call once more, because it no longer knows which calls it sent."""
    verdict = Verdict()
    by_uniqueid = collections.defaultdict(list)
    for delivery in deliveries:
        sent = by_uniqueid[delivery.uniqueid]
        _judge_delivery(delivery, sent[-1] if sent else None, forgotten, history, verdict)
        sent.append(delivery)
    for uniqueid in history.uniqueids():
        sent = by_uniqueid.get(uniqueid)
        _judge_outcome(uniqueid, sent[-1].content if sent else None, history, verdict)
    verdict.changed = sum(len({delivery.content for delivery in sent}) > 1 for sent in by_uniqueid.values())
    return verdict


def lives_gone_wrong(calls, history):
    """Calls with a row that differs from the row that their life expects: a fault of the simulation itself. Deleted
    rows are not compared."""
    wrong = []
    for call in calls:
        if call.expected is None:
            continue
        states = history.of(call.uniqueid)
        if not states or (states[-1].present and states[-1].status != call.expected):
            wrong.append((call.uniqueid, call.life, call.expected, states))
    return wrong
