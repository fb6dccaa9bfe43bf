"""What really happened: every state that a row of vicidial_log ever had, written down by the database itself.

The truth comes neither from the program nor from what the lives intended, but from what their statements did.
"""
import bisect
import collections
import datetime
import zoneinfo

_TABLE = """
CREATE TABLE {name}.state (
    seq INT NOT NULL AUTO_INCREMENT PRIMARY KEY, at INT NOT NULL, uniqueid VARCHAR(20) NOT NULL, present INT NOT NULL,
    called BIGINT, end_epoch INT UNSIGNED, status VARCHAR(6), length_in_sec INT, user VARCHAR(20),
    term_reason VARCHAR(20), comments VARCHAR(255)
) ENGINE=MyISAM"""
_PRESENT = """
    INSERT INTO {name}.state (at,uniqueid,present,called,end_epoch,status,length_in_sec,user,term_reason,comments)
    VALUES (UNIX_TIMESTAMP(),NEW.uniqueid,1,TIMESTAMPDIFF(SECOND,'1970-01-01',NEW.call_date),NEW.end_epoch,NEW.status,
            NEW.length_in_sec,NEW.user,NEW.term_reason,NEW.comments);"""
_GONE = "INSERT INTO {name}.state (at,uniqueid,present) VALUES (UNIX_TIMESTAMP(),OLD.uniqueid,0);"

# One state of a row: from when on, and what of it the API should know or the program goes by. called is call_date, in
# seconds of local time, as it is VICIdial's own measure of a call's age.
State = collections.namedtuple("State", "at present called end_epoch status length user term_reason comments")


def content(state):
    """What a result sent from this state says: status, duration, agent, term reason."""
    length = state.length if state.length is None else max(0, state.length)
    return state.status, length, state.user, state.term_reason


def is_finished(state):
    return bool(state.present and state.end_epoch)


class History:
    """uniqueid -> its states, the oldest first."""

    def __init__(self, states, timezone):
        self._states = states
        self._zone = zoneinfo.ZoneInfo(timezone)
        self._times = {uniqueid: [state.at for state in of_one] for uniqueid, of_one in states.items()}

    def local(self, epoch):
        """An epoch in seconds of the dialer's local time."""
        return epoch + int(datetime.datetime.fromtimestamp(epoch, self._zone).utcoffset().total_seconds())

    def uniqueids(self):
        return self._states.keys()

    def of(self, uniqueid):
        return self._states.get(uniqueid, [])

    def between(self, uniqueid, first, last):
        """The states that the row had at some moment from first to last, both included. What happened in one second
        counts as one step: of that second only the last state is a state."""
        times = self._times.get(uniqueid, [])
        begin = max(0, bisect.bisect_right(times, first) - 1)
        return self._states.get(uniqueid, [])[begin:bisect.bisect_right(times, last)]


def record(database, name="history"):
    """Begins to write down what happens to the calls of an empty database."""
    database.query(f"DROP DATABASE IF EXISTS {name}")
    database.query(f"CREATE DATABASE {name} CHARACTER SET utf8 COLLATE utf8_bin")
    database.query(_TABLE.format(name=name))
    for event, body in (("INSERT", _PRESENT), ("DELETE", _GONE),
                        ("UPDATE", "IF NEW.uniqueid <> OLD.uniqueid THEN " + _GONE + " END IF;" + _PRESENT)):
        database.query(f"CREATE TRIGGER after_{event.lower()} AFTER {event} ON vicidial_log FOR EACH ROW BEGIN "
                       + body.format(name=name) + " END")


def read(database, name="history"):
    states = collections.defaultdict(list)
    for row in database.query(f"SELECT * FROM {name}.state ORDER BY seq"):
        states[row["uniqueid"]].append(State(row["at"], row["present"], row["called"], row["end_epoch"], row["status"],
                                             row["length_in_sec"], row["user"], row["term_reason"], row["comments"]))
    return History(dict(states), database.dialer.timezone)
