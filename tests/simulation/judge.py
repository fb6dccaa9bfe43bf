"""Decides which of the results that the API got are right.

The judge knows the promise and the truth (history.py), nothing of how the program keeps it. Its figures are VICIdial's:

* NOT_FINAL says nothing about a call until nobody can write its disposition any more: HORIZON after call_date.
* UNSETTLED may still change in the moments after the end: SETTLES_IN.
* A change of a call that was sent already must reach the API when it was made within REACH after call_date. The program
  looks back on 6 hours of calls; one hour less, as it may not be started for a while. A later change may reach the
  API or not, and a call that ends later than that likewise; these are counted as `beyond reach`.
"""
import collections
import dataclasses

from simulation.history import content, is_finished

NOT_FINAL = ("INCALL", "QUEUE", "DISPO", "")
HORIZON = 15000
UNSETTLED = ("DONEM", "PU", "AA", "AM", "UNKAM", "XFER")
SETTLES_IN = 120
REACH = 5 * 3600


@dataclasses.dataclass
class Delivery:
    """One result that the API took in, in the order of arrival. The program that sent it ran from `first` to `last` by
    the dialer's clock; `excused`: it was killed, or its answer was cut off, so it cannot know that it was taken in."""
    body: dict
    first: int
    last: int
    excused: bool = False

    @property
    def uniqueid(self):
        return self.body["uniqueid"]

    @property
    def content(self):
        return tuple(self.body[name] for name in ("disposition", "duration", "agentId", "termReason"))


@dataclasses.dataclass
class Verdict:
    finished: int = 0        # calls that the dialer has in the end, with an end
    delivered: int = 0       # of these: the API's last word is their final disposition
    beyond_reach: int = 0    # of these: they changed later than the program can see
    changed: int = 0         # calls of which the API was sent more than one content
    gone_since: int = 0      # uniqueids sent when they were final, that the dialer renamed or deleted later
    repeated_excused: int = 0
    faults: list = dataclasses.field(default_factory=list)  # (kind, uniqueid, words)

    def count(self, kind):
        return sum(fault[0] == kind for fault in self.faults)

    @property
    def percent(self):
        return 100.0 * self.delivered / self.finished if self.finished else 100.0


def is_early(state, now, history):
    """Whether it is too early to send this state."""
    if state.status in NOT_FINAL:
        return history.local(now) - state.called < HORIZON
    if state.status in UNSETTLED and not (state.status == "XFER" and state.comments == "REMOTE"):
        return now < state.end_epoch + SETTLES_IN
    return False


def _judge_delivery(delivery, before, history, verdict):
    """Each result must be the dialer's state at that moment, final, and new to the API."""
    states = history.between(delivery.uniqueid, delivery.first, delivery.last)
    real = [state for state in states if is_finished(state) and content(state) == delivery.content]
    if not real:
        seen = [content(state) if is_finished(state) else "not finished" for state in states] or "no such call"
        verdict.faults.append(("untrue", delivery.uniqueid, f"the API was sent {delivery.content} at "
                               f"{delivery.first}, the dialer had {seen}"))
    elif all(is_early(state, delivery.last, history) for state in real):
        verdict.faults.append(("early", delivery.uniqueid, f"sent as {delivery.content} at {delivery.first}"))
    if before is not None and before.content == delivery.content:
        if before.excused:
            verdict.repeated_excused += 1
        else:
            verdict.faults.append(("repeated", delivery.uniqueid, f"sent as {delivery.content} at {before.first} and "
                                   f"again at {delivery.first}"))


def _acceptable(states, history):
    """The contents that the API may have in the end; None: no content at all."""
    deadline = states[-1].called + REACH
    in_reach = [state for state in states if history.local(state.at) <= deadline]
    later = states[len(in_reach):]
    return {content(state) if is_finished(state) else None for state in in_reach[-1:] + later}


def _judge_outcome(uniqueid, last_word, history, verdict):
    states = history.of(uniqueid)
    if not is_finished(states[-1]):
        if last_word is not None and not states[-1].present:
            verdict.gone_since += 1
        return  # a result of a call that is not finished is untrue, and reported as such
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


def judge(history, deliveries):
    """Compares what the API was sent, in order, with what really happened."""
    verdict = Verdict()
    by_uniqueid = collections.defaultdict(list)
    for delivery in deliveries:
        sent = by_uniqueid[delivery.uniqueid]
        _judge_delivery(delivery, sent[-1] if sent else None, history, verdict)
        sent.append(delivery)
    for uniqueid in history.uniqueids():
        sent = by_uniqueid.get(uniqueid)
        _judge_outcome(uniqueid, sent[-1].content if sent else None, history, verdict)
    verdict.changed = sum(len({delivery.content for delivery in sent}) > 1 for sent in by_uniqueid.values())
    return verdict


def lives_gone_wrong(calls, history):
    """Calls whose row is not what their life says it must be: the simulation itself is at fault. A row that was deleted
    later says nothing any more."""
    wrong = []
    for call in calls:
        if call.expected is None:
            continue
        states = history.of(call.uniqueid)
        if not states or (states[-1].present and states[-1].status != call.expected):
            wrong.append((call.uniqueid, call.life, call.expected, states))
    return wrong
