"""What fails around the program: the API, the runs, the host, its ledger and its clocks."""
import dataclasses
import typing

MINUTE, HOUR = 60, 3600
BLOCK = 10 * MINUTE # troubles are planned in blocks of this length

# The API's behaviour in each trouble, as rules of the stand-in.
API_TROUBLES = {
    "unavailable": [{"status": 503}],
    "cut off": [{"action": "reset"}],
    "portal": [{"action": "garbage"}],
    "rate limited": [{"status": 429, "headers": {"Retry-After": "150"}, "times": 3}],
    "flaky": [{"status": 500, "probability": 0.15}, {"action": "record-then-reset", "probability": 0.1}],
    "slow": [{"delay_ms": 150}],
}
# The troubles of four hours, which have 24 blocks.
BLOCKS_OF_FOUR_HOURS = ["unavailable", "cut off", "portal", "rate limited", "refused", "slow", "slow", "cron is off",
                        "flaky", "flaky", "flaky", "flaky"]
KILLED = 0.06  # the share of runs that are killed


@dataclasses.dataclass(frozen=True)
class Site:
    """The properties of a dialer and its host. Minutes count from the first call."""
    end_index: bool = False     # an index on end_epoch
    interval: int = MINUTE      # seconds between two runs
    calm: bool = False          # API, database and cron always work, and no run is killed
    outage_hours: int = 0       # how long the API is down, from half an hour after the first call
    pauses: typing.Tuple = ()   # (minute, minutes): cron is off; calls go on
    losses: typing.Tuple = ()   # minutes at which the ledger is deleted
    jumps: typing.Tuple = ()    # (minute, seconds): the dialer's clocks are set forward by so much; below 0: back
    locks: typing.Tuple = ()    # (minute, seconds): vicidial_log is locked; writers wait, then write the old time
    # How late N5 inserts, for equal parts of the day in their order: (least, most) seconds.
    audits: typing.Tuple = ((4 * MINUTE, 7 * MINUTE),)
    quiet_days: int = 0         # the program ran that long before the first call, and saw no late row
    other_zone: int = 0         # the seconds by which a second dialer writes call_date off; 0: there is none

    def audit_at(self, seconds, hours):
        """How late N5 inserts, that many seconds after the first call."""
        return self.audits[min(len(self.audits) - 1, seconds * len(self.audits) // (hours * HOUR))]


class Troubles:
    """The plan of what fails, and when. at_minute gives the trouble of a minute, or None."""

    def __init__(self, dice, hours, site):
        self._by_minute = {}
        self.restart_minute = None
        self.killed = 0.0 if site.calm else KILLED
        if not site.calm:
            self._plan_blocks(dice, hours)
        for minute in range(30, 30 + site.outage_hours * 60):
            self._by_minute[minute] = "refused"
        for first, minutes in site.pauses:
            for minute in range(first, first + minutes):
                self._by_minute[minute] = "cron is off"
        if not site.calm:
            self.restart_minute = dice.randrange(hours * 60)

    def _plan_blocks(self, dice, hours):
        names = BLOCKS_OF_FOUR_HOURS * max(1, round(hours / 4))
        blocks = hours * HOUR // BLOCK
        names = dice.sample(names, min(len(names), max(0, blocks - 2)))
        for block, name in zip(dice.sample(range(1, blocks), min(len(names), blocks - 1)), names):
            first = block * BLOCK // MINUTE
            lasts = {"cron is off": 30, "flaky": 10, "slow": 5}.get(name, dice.randint(3, 9))
            for minute in range(first, first + lasts):
                self._by_minute.setdefault(minute, name)

    def at_minute(self, minute):
        return self._by_minute.get(minute)
