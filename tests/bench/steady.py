"""A busy dialer in steady state, minute by minute: 150,000 calls an hour, after some hours of such calls.

A separate table has the plan of all calls. The benchmark sets the server's clock, and writes all events up to that
time as VICIdial does. The letters are VICIdial's kinds of write, as in tests/simulation:

    55 %  N1  no answer: the row is written when the call is over
    15 %  N3  busy or no such number: written when the call is over, with the time of dialling, up to 40 s earlier
    30 %  A2  answered: the row is written without an end; A5 ends the call after 8 s to 3.5 hours; A6 writes the
              agent's choice after the wrap-up. Of 1000 calls, 100 are final when they end (DROP), 3 never end, and 3
              stay DISPO.
"""
import contextlib

A_MINUTE = 2500

# ended, disposed and settled are NULL if that time never comes. settled: the time when the call becomes final.
_PLAN = """
CREATE TABLE plan (PRIMARY KEY (seq), INDEX (appears), INDEX (ended), INDEX (disposed), INDEX (settled)) ENGINE=MyISAM
SELECT seq, CONVERT(CONCAT(dialled, '.', seq) USING utf8) COLLATE utf8_unicode_ci AS uniqueid, answered, began, appears,
       ended,
       IF(answered AND has_agent AND stuck = 0, ended + wrap_up, NULL) AS disposed,
       CASE WHEN NOT answered THEN appears WHEN stuck > 0 THEN NULL WHEN NOT has_agent THEN ended
            ELSE ended + wrap_up END AS settled,
       CASE WHEN NOT answered THEN ELT(1 + seq MOD 4, 'NA', 'NA', 'B', 'ADC') WHEN NOT has_agent THEN 'DROP'
            ELSE ELT(1 + seq MOD 4, 'SALE', 'NI', 'A', 'DNC') END AS status
FROM (SELECT *, CASE WHEN kind < 0.70 THEN began WHEN stuck = 1 THEN NULL ELSE began + lasts END AS ended,
             CASE WHEN kind < 0.55 THEN began WHEN kind < 0.70 THEN dialled + ring ELSE began END AS appears
      FROM (SELECT seq, dialled, kind, ring, kind >= 0.70 AS answered, lasts, stuck, has_agent, wrap_up,
                   CASE WHEN kind < 0.55 THEN dialled + 20 + ring WHEN kind < 0.70 THEN dialled ELSE dialled + ring END
                       AS began
            FROM (SELECT seq, {begin} + seq DIV {a_second} AS dialled, RAND(1) AS kind, FLOOR(2 + 38 * RAND(2)) AS ring,
                         FLOOR(CASE WHEN RAND(3) < 0.90 THEN 8 - 110 * LN(1 - RAND(4)) WHEN RAND(5) < 0.8
                               THEN 600 + 1200 * RAND(6) ELSE 1800 + 10800 * RAND(7) END) AS lasts,
                         CASE WHEN RAND(8) < 0.003 THEN 1 WHEN RAND(9) < 0.003 THEN 2 ELSE 0 END AS stuck,
                         RAND(10) > 0.1 AS has_agent,
                         FLOOR(IF(RAND(11) < 0.9, 1 + 59 * RAND(12), 60 + 840 * RAND(13))) AS wrap_up
                  FROM seq_0_to_{last}) AS dice) AS dialling) AS lives"""

# The rows that appeared since `before`, in their present state. The events of the present second are still to come.
_ROWS = """
INSERT INTO vicidial_log
SELECT uniqueid, 1000 + seq MOD 500000, 101 + seq MOD 7, ELT(1 + seq MOD 3, 'OUTBND', 'SURVEY', 'RENEWALS'),
       FROM_UNIXTIME(began), began, IF(ended < {now}, ended, NULL), IF(ended < {now}, ended - began, NULL),
       CASE WHEN NOT answered OR settled < {now} THEN status WHEN ended < {now} THEN 'DISPO' ELSE 'INCALL' END,
       '1', CONCAT('312', LPAD(seq * 7919 MOD 10000000, 7, '0')), IF(answered, 1001 + seq MOD 400, 'VDAD'),
       'AUTO', 'N', 'AGENTS', 'NONE', 'MAIN', 1 + seq MOD 9
FROM plan WHERE appears >= {before} AND appears < {now}"""

_ENDED = """
UPDATE plan STRAIGHT_JOIN vicidial_log USING (uniqueid)
SET end_epoch = plan.ended, length_in_sec = plan.ended - plan.began, term_reason = 'AGENT',
    vicidial_log.status = IF(plan.settled < {now}, plan.status, 'DISPO')
WHERE plan.ended >= {before} AND plan.ended < {now} AND plan.appears < {before}"""

_DISPOSED = """
UPDATE plan STRAIGHT_JOIN vicidial_log USING (uniqueid) SET vicidial_log.status = plan.status
WHERE plan.disposed >= {before} AND plan.disposed < {now}"""


class Steady:
    """now: the time that the server shows to every later connection. The time moves only when the benchmark sets it."""

    def __init__(self, dialer, name, hours, minutes):
        """Writes hours of past calls, and plans calls for some minutes more."""
        self.dialer = dialer
        self.database = dialer.database(name)
        self.query = self.database.query
        self.now = self.database.now()
        begin, calls = self.now - hours * 3600, hours * 60 * A_MINUTE + minutes * A_MINUTE
        # 2,500 a minute are 125 in three seconds.
        self.query(_PLAN.format(begin=begin, a_second="(125 / 3)", last=calls - 1))
        self.query("ALTER TABLE vicidial_log DISABLE KEYS")
        self.query(_ROWS.format(before=0, now=self.now))
        self.query("ALTER TABLE vicidial_log ENABLE KEYS")
        self._show()

    def _show(self):
        """Shows the time by a statement that begins each connection. libfaketime would slow every statement down."""
        self.dialer.query(f"SET timestamp = {self.now}")
        self.dialer.query(f"SET GLOBAL init_connect = 'SET timestamp = {self.now}'")

    def pass_time(self, seconds=60):
        """Plays the dialer for this long."""
        before, self.now = self.now, self.now + seconds
        for sql in _ROWS, _ENDED, _DISPOSED:
            self.query(sql.format(before=before, now=self.now))
        self._show()

    def settled(self, after, until):
        """uniqueid -> (the time when the call became final, its length), for the calls that became final in that
        time."""
        found = self.query("SELECT uniqueid, settled, ended - began AS lasted FROM plan "
                           f"WHERE settled > {after} AND settled <= {until}")
        return {row["uniqueid"]: (row["settled"], row["lasted"]) for row in found}


@contextlib.contextmanager
def steady(dialer, *what):
    """Gives a Steady. Afterwards the server shows the real clock again."""
    try:
        yield Steady(dialer, *what)
    finally:
        dialer.query("SET GLOBAL init_connect = ''")
        dialer.query("SET timestamp = DEFAULT")
