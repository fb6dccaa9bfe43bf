"""The true history: the database's triggers record every state that a row of the table of calls ever had.

The truth comes from the effects of the statements, not from the program, and not from the plans of the lives.
"""
import bisect
import collections
import datetime
import zoneinfo

from simulation.clock import Shown

_TABLE = """
CREATE TABLE {name}.state (
    seq INT NOT NULL AUTO_INCREMENT PRIMARY KEY, at INT NOT NULL, uniqueid VARCHAR(40) NOT NULL, present INT NOT NULL,
    called BIGINT, started INT UNSIGNED, end_epoch INT UNSIGNED, status VARCHAR(6), length_in_sec INT,
    user VARCHAR(20), term_reason VARCHAR(20), comments VARCHAR(255)
) ENGINE=MyISAM"""
_NOW = "(SELECT UNIX_TIMESTAMP()-wrong_by FROM {name}.clock)"
_PRESENT = """
    INSERT INTO {name}.state
        (at,uniqueid,present,called,started,end_epoch,status,length_in_sec,user,term_reason,comments)
    VALUES (""" + _NOW + """,{new},1,TIMESTAMPDIFF(SECOND,'1970-01-01',NEW.call_date),NEW.start_epoch,
            NEW.end_epoch,NEW.status,{length},NEW.user,NEW.term_reason,NEW.comments);"""
_GONE = "INSERT INTO {name}.state (at,uniqueid,present) VALUES (" + _NOW + ",{old},0);"

# The table of the calls. id, length and is_call are SQL on a row {0}: the call's id at the API, its duration, and
# whether the row is a call at all.
Log = collections.namedtuple("Log", "table id length is_call")
OUTBOUND = Log("vicidial_log", "{0}.uniqueid", "{0}.length_in_sec", "TRUE")

# A host in another zone wrote a call_date that differs this much from start_epoch.
ZONE_STEP = 900

# One state of a row: its first second (true time), and the columns that the API gets or the program uses. called is
# call_date in seconds of its writer's local time, because VICIdial measures a call's age from call_date.
State = collections.namedtuple("State", "at present called end_epoch status length user term_reason comments started",
                               defaults=[None])


def content(state):
    """The content of a result sent from this state: status, duration, agent, term reason."""
    length = state.length if state.length is None else max(0, state.length)
    return state.status, length, state.user, state.term_reason


def is_finished(state):
    return bool(state.present and state.end_epoch)


class History:
    """uniqueid -> its states, the oldest first. shown: the dialer's clock, see clock.Shown. rules: see judge.Rules;
    None: those of calls that the dialer makes."""

    def __init__(self, states, timezone, shown=Shown(), rules=None):
        self._states = states
        self.rules = rules
        self.shown = shown
        self._zone = zoneinfo.ZoneInfo(timezone)
        self._times = {uniqueid: [state.at for state in of_one] for uniqueid, of_one in states.items()}

    def local(self, epoch):
        """An epoch of the dialer's clock in seconds of its local time."""
        return epoch + int(datetime.datetime.fromtimestamp(epoch, self._zone).utcoffset().total_seconds())

    def called_here(self, state):
        """call_date in the dialer's own zone, even if a host in another zone wrote it."""
        here = self.local(state.started) if state.started else state.called
        return here if abs(state.called - here) >= ZONE_STEP else state.called

    def uniqueids(self):
        return self._states.keys()

    def of(self, uniqueid):
        return self._states.get(uniqueid, [])

    def between(self, uniqueid, first, last):
        """The states that the row had at some moment from first to last, both included. All changes within one second
        count as one step: only the last state of that second counts."""
        times = self._times.get(uniqueid, [])
        begin = max(0, bisect.bisect_right(times, first) - 1)
        return self._states.get(uniqueid, [])[begin:bisect.bisect_right(times, last)]


def record(database, name="history", log=OUTBOUND):
    """Begins to record every change of the calls in an empty database."""
    database.query(f"DROP DATABASE IF EXISTS {name}")
    database.query(f"CREATE DATABASE {name} CHARACTER SET utf8 COLLATE utf8_bin")
    database.query(_TABLE.format(name=name))
    database.query(f"CREATE TABLE {name}.clock (wrong_by INT NOT NULL) ENGINE=MyISAM")
    database.query(f"INSERT INTO {name}.clock VALUES (0)")
    of = {"name": name, "new": log.id.format("NEW"), "old": log.id.format("OLD"), "length": log.length.format("NEW")}
    for event, body in (("INSERT", _PRESENT), ("DELETE", _GONE),
                        ("UPDATE", "IF {new} <> {old} THEN " + _GONE + " END IF;" + _PRESENT)):
        is_call = log.is_call.format("OLD" if event == "DELETE" else "NEW")
        database.query(f"CREATE TRIGGER after_{event.lower()} AFTER {event} ON {log.table} FOR EACH ROW BEGIN "
                       f"IF {is_call} THEN {body.format(**of)} END IF; END")


def set_wrong_by(database, seconds, name="history"):
    """From now on the database's clock is this far ahead of the true time."""
    database.query(f"UPDATE {name}.clock SET wrong_by=%s", [seconds])


def _ended(states, started, rules):
    """The states, with the end that a final state has without one in the row."""
    end = started + rules.no_end_after
    for state, after in zip(states, [*states[1:], None]):
        has_end = state.end_epoch or not state.present or (state.status in rules.waiting and state.comments != "REMOTE")
        if has_end or state.at < end:
            yield state
        if not has_end and (after is None or after.at > end):
            yield state._replace(at=max(state.at, end), end_epoch=end)


def read(database, shown=Shown(), name="history", rules=None):
    states = collections.defaultdict(list)
    for row in database.query(f"SELECT * FROM {name}.state ORDER BY seq"):
        states[row["uniqueid"]].append(State(row["at"], row["present"], row["called"], row["end_epoch"], row["status"],
                                             row["length_in_sec"], row["user"], row["term_reason"], row["comments"],
                                             row["started"]))
    if rules is not None:
        states = {uniqueid: list(_ended(of_one, of_one[0].started, rules)) for uniqueid, of_one in states.items()}
    return History(dict(states), database.dialer.timezone, shown, rules)
