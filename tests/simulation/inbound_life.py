"""The lives of inbound calls, in vicidial_closer_log; see dialer_life.py.

Each docstring names the kinds of write in their order; together the lives have all 19.
"""
from simulation.dialer_life import CHOICES, DialerLife, HOUR, MINUTE, talk, wrap_up
from simulation.history import Log
from simulation.inbound_statements import InboundCall, InboundVicidial
from simulation.judge import Rules

DIDS = [str(8005550100 + number) for number in range(12)]
GROUPS = ["SUPPORT_LINE_ENGLISH", "BILLING", "AGENTDIRECT"]
# disposition_wait in the simulation; its evening is 5 hours long.
WAIT = 4 * HOUR + 30 * MINUTE


def _arrive(vicidial, call, dice):
    """I1, with the row of vicidial_did_log before it."""
    vicidial.dial(call, dice.choice(DIDS))
    yield dice.randint(1, 4)
    vicidial.i1_enters_queue(call)


def _until_talking(vicidial, call, dice):
    """I1 I4 I5."""
    yield from _arrive(vicidial, call, dice)
    yield dice.randint(1, 120)
    vicidial.i4_agent_found(call)
    yield dice.randint(0, 3)
    vicidial.i5_agent_screen(call)
    yield talk(dice)


def _choose(vicidial, call, dice):
    status = dice.choice(CHOICES)
    vicidial.i9_disposition(call, status, parked=dice.random() < 0.03)
    call.expected = status


def answered(vicidial, call, dice):
    """I1 I4 I5 I8 I8b I9."""
    yield from _until_talking(vicidial, call, dice)
    vicidial.i8_agent_hangs_up(call)
    yield wrap_up(dice)
    _choose(vicidial, call, dice)


def caller_ends(vicidial, call, dice):
    """I1 I4 I5 I7, then I8 when the agent notices, I9."""
    yield from _until_talking(vicidial, call, dice)
    vicidial.i7_caller_hangs_up(call)
    yield dice.randint(1, 90)
    vicidial.i8_agent_hangs_up(call)
    yield wrap_up(dice)
    _choose(vicidial, call, dice)


def disposition_while_talking(vicidial, call, dice):
    """I1 I4 I5 I9 I8: a hotkey; the end comes after the disposition."""
    yield from _until_talking(vicidial, call, dice)
    _choose(vicidial, call, dice)
    yield dice.randint(0, 3)
    vicidial.i8_agent_hangs_up(call)


def disposition_after_hours(vicidial, call, dice):
    """I9 comes later than 4 hours, which is its limit for outbound calls."""
    yield from _until_talking(vicidial, call, dice)
    vicidial.i8_agent_hangs_up(call)
    yield dice.randint(4 * HOUR + 5 * MINUTE, 4 * HOUR + 20 * MINUTE)
    _choose(vicidial, call, dice)


def lasts_for_hours(vicidial, call, dice):
    """I1 I4 I5 I7 I8 I9, up to 5 hours."""
    yield from _until_talking(vicidial, call, dice)
    yield dice.randint(HOUR, 3 * HOUR)
    vicidial.i7_caller_hangs_up(call)
    yield dice.randint(1, 60)
    vicidial.i8_agent_hangs_up(call)
    yield wrap_up(dice)
    _choose(vicidial, call, dice)


def lasts_for_more_than_4_hours(vicidial, call, dice):
    """I1 I4 I5 I8 I9: I8 no longer writes anything, so the row never gets an end."""
    yield from _until_talking(vicidial, call, dice)
    yield dice.randint(4 * HOUR, 5 * HOUR)
    vicidial.i8_agent_hangs_up(call)
    yield wrap_up(dice)
    _choose(vicidial, call, dice)


def abandoned(vicidial, call, dice):
    """I1 I7: the caller hangs up in the queue."""
    yield from _arrive(vicidial, call, dice)
    yield dice.randint(1, 300)
    vicidial.i7_caller_hangs_up(call)
    call.expected = "DROP"


def not_let_in(vicidial, call, dice):
    """I2."""
    vicidial.dial(call, dice.choice(DIDS))
    yield 1
    call.expected = dice.choice(["AFTHRS", "MAXCAL"])
    vicidial.i2_not_let_in(call, call.expected)


def no_agents(vicidial, call, dice):
    """I3."""
    vicidial.dial(call, dice.choice(DIDS))
    yield 1
    call.expected = "NANQUE"
    vicidial.i3_no_agents(call, call.expected)


def no_agents_any_more(vicidial, call, dice):
    """I1 I3: the row of I1 stays QUEUE for ever."""
    yield from _arrive(vicidial, call, dice)
    yield dice.randint(20, 200)
    call.expected = "IQNANQ"
    vicidial.i3_no_agents(call, call.expected)


def message(vicidial, call, dice):
    """I6 I8 I9: no call, so nothing is sent."""
    vicidial.i6_message(call, dice.choice(["EMAIL", "CHAT"]))
    yield talk(dice)
    vicidial.i8_agent_hangs_up(call)
    yield wrap_up(dice)
    vicidial.i9_disposition(call, "SALE")


def transferred(vicidial, call, dice):
    """I1 I4 I5 I10, I1 in the next queue with the same uniqueid, I9 for the first, I4 I5 I8 I9 for the second. I8b of
    the first agent meets the second row."""
    first = call.agent
    yield from _until_talking(vicidial, call, dice)
    vicidial.i10_transfer(call)
    yield dice.randint(1, 3)
    call.campaign_id, call.xfercallid = "BILLING", call.lead_id
    vicidial.i1_enters_queue(call)
    yield dice.randint(1, 3)
    vicidial.i8_agent_hangs_up(call)
    yield wrap_up(dice)
    vicidial.i9_disposition(call, "NI")
    call.agent = str(int(first) + 50)
    yield dice.randint(1, 20)
    vicidial.i4_agent_found(call)
    yield 1
    vicidial.i5_agent_screen(call)
    yield talk(dice)
    vicidial.i8_agent_hangs_up(call)
    yield wrap_up(dice)
    _choose(vicidial, call, dice)


def transferred_without_disposition(vicidial, call, dice):
    """I1 I4 I5 I10; the browser crashes."""
    yield from _until_talking(vicidial, call, dice)
    vicidial.i10_transfer(call)
    call.expected = "XFER"


def from_outbound(vicidial, call, dice):
    """I1 with xfercallid, without a DID: an agent transferred a call that the dialer made. I4 I5 I8 I9."""
    vicidial.from_outbound(call, call.lead_id + 7)
    vicidial.i1_enters_queue(call)
    yield dice.randint(1, 30)
    vicidial.i4_agent_found(call)
    yield 1
    vicidial.i5_agent_screen(call)
    yield talk(dice)
    vicidial.i8_agent_hangs_up(call)
    yield wrap_up(dice)
    _choose(vicidial, call, dice)


def leaves_queue(vicidial, call, dice):
    """I1 I11, with every way out of a queue."""
    yield from _arrive(vicidial, call, dice)
    yield dice.randint(30, 600)
    call.expected, reason = dice.choice([("HXFER", "HOLDRECALLXFER"), ("ACFLTR", "ACFILTER"),
                                         ("WAITTO", "QUEUETIMEOUT"), ("HOLDTO", "HOLDTIME"),
                                         ("CLOSOP", "CLOSETIME"), ("TIMEOT", "QUEUETIMEOUT"),
                                         ("QVMAIL", "QUEUETIMEOUT"), ("MAXCAL", "MAXCALS")])
    vicidial.i11_leaves_queue(call, call.expected, reason)


def leaves_as_time_is_up(vicidial, call, dice):
    """I1 I7 I11: VICIdial mistakes a dead channel for a timeout."""
    yield from _arrive(vicidial, call, dice)
    yield dice.randint(30, 600)
    vicidial.i7_caller_hangs_up(call)
    yield dice.randint(0, 3)
    call.expected = "TIMEOT"
    vicidial.i11_leaves_queue(call, "TIMEOT", "QUEUETIMEOUT")


def remote_agent(vicidial, call, dice):
    """I1 I4 I12 I7."""
    yield from _arrive(vicidial, call, dice)
    yield dice.randint(1, 60)
    vicidial.i4_agent_found(call)
    yield 2
    vicidial.i12_remote_agent(call)
    yield talk(dice)
    vicidial.i7_caller_hangs_up(call)
    call.expected = "XFER"


def remote_control(vicidial, call, dice):
    """I1 I4 I12 I13 I7."""
    yield from _arrive(vicidial, call, dice)
    yield dice.randint(1, 60)
    vicidial.i4_agent_found(call)
    yield 2
    vicidial.i12_remote_agent(call)
    yield talk(dice)
    call.expected = dice.choice(["RAXFER", "SALE"])
    vicidial.i13_remote_control(call, call.expected)
    yield dice.randint(0, 60)
    vicidial.i7_caller_hangs_up(call)


def other_lead(vicidial, call, dice):
    """I1 I4 I5 I14 I8 I9."""
    yield from _until_talking(vicidial, call, dice)
    vicidial.i14_other_lead(call, call.lead_id + 700000)
    yield talk(dice)
    vicidial.i8_agent_hangs_up(call)
    yield wrap_up(dice)
    _choose(vicidial, call, dice)


def edited(vicidial, call, dice):
    """I1 I7 I15, within two hours: quality control corrects the status."""
    yield from abandoned(vicidial, call, dice)
    yield dice.randint(2 * MINUTE, 2 * HOUR)
    vicidial.e1_edit(call, "NI")
    call.expected = "NI"


def web_page(vicidial, call, dice):
    """I16."""
    yield 1
    call.expected = dice.choice(["SALE", "NI"])
    vicidial.i16_web_page(call, call.expected)


def wrong_length(vicidial, call, dice):
    """I1 I7, an impossible length, I17 within the hour."""
    yield from abandoned(vicidial, call, dice)
    vicidial.wrong_length(call)


def stale(vicidial, call, dice):
    """I1 I18: the row stays QUEUE for ever."""
    yield from _arrive(vicidial, call, dice)
    yield 15
    vicidial.i18_stale(call)
    yield 30
    vicidial.i7_caller_hangs_up(call)
    call.expected = "QUEUE"


def crash_while_talking(vicidial, call, dice):
    """I1 I4 I5 I7; the agent's browser is gone: INCALL for ever."""
    yield from _until_talking(vicidial, call, dice)
    vicidial.i7_caller_hangs_up(call)
    call.expected = "INCALL"


def crash_in_disposition(vicidial, call, dice):
    """I1 I4 I5 I8; DISPO for ever."""
    yield from _until_talking(vicidial, call, dice)
    vicidial.i8_agent_hangs_up(call)
    call.expected = "DISPO"


LIVES = {
    answered: 300, caller_ends: 200, disposition_while_talking: 20, disposition_after_hours: 3, lasts_for_hours: 3,
    lasts_for_more_than_4_hours: 3,
    abandoned: 120, not_let_in: 30, no_agents: 20, no_agents_any_more: 10, message: 20, transferred: 40,
    transferred_without_disposition: 3, from_outbound: 20, leaves_queue: 60, leaves_as_time_is_up: 8, remote_agent: 30,
    remote_control: 10, other_lead: 10, edited: 15, web_page: 5, wrong_length: 5, stale: 3, crash_while_talking: 4,
    crash_in_disposition: 4,
}


class InboundLife(DialerLife):
    """A day of calls to DIDs."""
    lives = LIVES
    campaigns = GROUPS
    writer = InboundVicidial
    call_type = InboundCall
    log = Log("vicidial_closer_log", "CONCAT(IF({0}.uniqueid='',{0}.start_epoch,{0}.uniqueid),'/c',{0}.closecallid)",
              "GREATEST(0,{0}.length_in_sec-ROUND(IFNULL({0}.queue_seconds,0)))",
              "IFNULL({0}.comments,'') NOT IN ('EMAIL','CHAT')")
    rules = Rules(waiting={"INCALL": WAIT, "QUEUE": WAIT, "DISPO": WAIT, "": WAIT, "ALTNUM": WAIT, "XFER": HOUR},
                  no_end_after=6 * HOUR)
    source = {"type": "vicidial-inbound", "disposition_wait": WAIT}

    @staticmethod
    def prepare(database):
        database.make_vicidial()
