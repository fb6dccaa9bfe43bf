"""The lives of calls, and the dialer that plays them.

A life is a generator: it writes with the statements of statements.py and yields the seconds until its next statement.
Its docstring names the statements in their order (A2, M5, ...). A life may set call.expected: the status that the row
must have after the life. The judge compares the two, because a life that does not do what it claims proves nothing.
"""
import collections
import heapq
import itertools

from simulation.history import OUTBOUND
from simulation.statements import Call, Vicidial

CHOICES = ["SALE", "NI", "NI", "A", "A", "B", "DNC", "CALLBK", "N", "DC", "NP", "DEC", "QCFAIL", "INTRO1"]
AGENTS = [str(1001 + number) for number in range(24)]
CAMPAIGNS = ["OUTBND", "SURVEY", "RENEWALS"]
MINUTE, HOUR = 60, 3600


def ring(dice):
    return dice.randint(3, 25)


def talk(dice):
    return int(min(1800, 8 + dice.expovariate(1 / 110)))


def any_length(dice):
    """A length from a second to five hours; all lengths are frequent."""
    return dice.choice([1, dice.randint(2, 60), dice.randint(25 * MINUTE, 35 * MINUTE), dice.randint(HOUR, 3 * HOUR),
                        dice.randint(3 * HOUR, 5 * HOUR)])


def wrap_up(dice):
    """Most agents choose a disposition within a minute, some need up to 15."""
    return dice.choice([dice.randint(1, 8), dice.randint(3, 60), dice.randint(3, 60), dice.randint(30, 300),
                        dice.randint(60, 900)])


# ---- calls that the dialer makes, with an agent ----

def _until_talking(vicidial, call, dice):
    yield ring(dice)
    vicidial.a2_answered(call)
    yield dice.randint(1, 6)
    vicidial.a3_agent_screen(call)
    yield talk(dice)


def _choose(vicidial, call, dice):
    status = dice.choice(CHOICES)
    if vicidial.a6_disposition(call, status, parked=dice.random() < 0.03):
        call.expected = status


def customer_hangs_up(vicidial, call, dice):
    """A2 A3 A4, then A5 when the agent notices, A6."""
    yield from _until_talking(vicidial, call, dice)
    vicidial.a4_hangup(call)
    yield dice.randint(1, 90)
    vicidial.a5_agent_hangup(call)
    yield wrap_up(dice)
    _choose(vicidial, call, dice)


def agent_hangs_up(vicidial, call, dice):
    """A2 A3 A5; now and then A4 a second later; A6."""
    yield from _until_talking(vicidial, call, dice)
    vicidial.a5_agent_hangup(call)
    if dice.random() < 0.3:
        yield dice.randint(0, 1)
        vicidial.a4_hangup(call)
    call.in_auto_calls = False
    yield wrap_up(dice)
    _choose(vicidial, call, dice)


def hotkey(vicidial, call, dice):
    """A2 A3 A6 A5: the disposition is written before the end. A5 finds no INCALL that it could change to DISPO."""
    yield from _until_talking(vicidial, call, dice)
    _choose(vicidial, call, dice)
    yield dice.randint(0, 3)
    vicidial.a5_agent_hangup(call)
    call.in_auto_calls = False


def hotkey_after_customer(vicidial, call, dice):
    """A2 A3 A4 A6 A5: the call is finished and final, and then A5 writes a second end."""
    yield from _until_talking(vicidial, call, dice)
    vicidial.a4_hangup(call)
    yield dice.randint(1, 30)
    _choose(vicidial, call, dice)
    yield dice.randint(1, 240)
    vicidial.a5_agent_hangup(call)


def slow_disposition(vicidial, call, dice):
    """A2 A3 A5, then A6 20 to 60 minutes later."""
    yield from _until_talking(vicidial, call, dice)
    vicidial.a5_agent_hangup(call)
    call.in_auto_calls = False
    yield dice.randint(20 * MINUTE, HOUR)
    _choose(vicidial, call, dice)


def too_late_disposition(vicidial, call, dice):
    """A2 A3 A5, and A6 after its limit of 4 hours: A6 updates no row, unless the clocks were set back meanwhile."""
    yield from _until_talking(vicidial, call, dice)
    vicidial.a5_agent_hangup(call)
    call.in_auto_calls = False
    call.expected = "DISPO"
    yield dice.randint(4 * HOUR, 4 * HOUR + 30 * MINUTE)
    _choose(vicidial, call, dice)


def lasts_a_second(vicidial, call, dice):
    """A2 A3 A4 A5 A6: a very short call."""
    yield ring(dice)
    vicidial.a2_answered(call)
    yield dice.randint(0, 1)
    vicidial.a3_agent_screen(call)
    yield 1
    vicidial.a4_hangup(call)
    yield dice.randint(0, 2)
    vicidial.a5_agent_hangup(call)
    yield dice.randint(1, 8)
    _choose(vicidial, call, dice)


def lasts_for_hours(vicidial, call, dice):
    """A2 A3 A5 A6, three to five hours long. Beyond 4 hours A6 updates no row: the status stays DISPO, because the
    horizon has passed."""
    yield ring(dice)
    vicidial.a2_answered(call)
    yield dice.randint(1, 6)
    vicidial.a3_agent_screen(call)
    yield dice.randint(3 * HOUR, 5 * HOUR)
    vicidial.a5_agent_hangup(call)
    call.in_auto_calls = False
    call.expected = "DISPO"
    yield wrap_up(dice)
    _choose(vicidial, call, dice)


def renamed_by_agent(vicidial, call, dice):
    """A2 A3 A5 with another id of the same epoch, before the row has had an end; A6."""
    yield ring(dice)
    vicidial.a2_answered(call)
    yield dice.randint(1, 6)
    vicidial.a3_agent_screen(call)
    yield min(any_length(dice), 3 * HOUR)
    vicidial.a5_agent_hangup(call, new_uniqueid=vicidial.asterisk_id(call.epoch_part))
    call.in_auto_calls = False
    yield wrap_up(dice)
    _choose(vicidial, call, dice)


def long_call(vicidial, call, dice):
    """A2 A3 A4 A5 A6, one to three hours long."""
    yield ring(dice)
    vicidial.a2_answered(call)
    yield dice.randint(1, 6)
    vicidial.a3_agent_screen(call)
    yield dice.randint(HOUR, 3 * HOUR)
    if dice.random() < 0.5:
        vicidial.a4_hangup(call)
        yield dice.randint(1, 90)
    vicidial.a5_agent_hangup(call)
    call.in_auto_calls = False
    yield wrap_up(dice)
    _choose(vicidial, call, dice)


def other_number(vicidial, call, dice):
    """A2 A3 A5 with "dial alt": ALTNUM is this row's final status."""
    yield from _until_talking(vicidial, call, dice)
    vicidial.a5_agent_hangup(call, status="ALTNUM")
    call.in_auto_calls = False
    call.expected = "ALTNUM"


def empty_disposition(vicidial, call, dice):
    """A2 A3 A5 A6 with a status that is stored empty."""
    yield from _until_talking(vicidial, call, dice)
    vicidial.a5_agent_hangup(call)
    call.in_auto_calls = False
    yield wrap_up(dice)
    vicidial.a6_disposition(call, "")
    call.expected = ""


def crash_while_talking(vicidial, call, dice):
    """A2 A3 A4: the browser crashed; the row keeps INCALL for ever and has an end."""
    yield from _until_talking(vicidial, call, dice)
    vicidial.a4_hangup(call)
    call.expected = "INCALL"


def crash_in_disposition(vicidial, call, dice):
    """A2 A3 A5: the browser crashed; the row keeps DISPO for ever."""
    yield from _until_talking(vicidial, call, dice)
    vicidial.a5_agent_hangup(call)
    call.in_auto_calls = False
    call.expected = "DISPO"


def in_progress_for_ever(vicidial, call, dice):
    """A2 A3: dialer and browser crashed; the row never gets an end."""
    yield from _until_talking(vicidial, call, dice)
    call.expected = "INCALL"


def transfer(vicidial, call, dice):
    """A2 A3 X1 A5 A6."""
    yield from _until_talking(vicidial, call, dice)
    vicidial.x1_transfer(call)
    yield dice.randint(0, 20)
    vicidial.a5_agent_hangup(call)
    yield wrap_up(dice)
    _choose(vicidial, call, dice)


def leave_voicemail(vicidial, call, dice):
    """A2 A3 X1 (the call stays in vicidial_auto_calls) A5 A6, and A4 when the message has been played."""
    yield from _until_talking(vicidial, call, dice)
    vicidial.x1_transfer(call, leave_voicemail=True)
    vicidial.a5_agent_hangup(call)
    yield dice.randint(1, 5)
    _choose(vicidial, call, dice)
    yield dice.randint(20, 240)
    vicidial.a4_hangup(call)


# ---- calls that the agent makes ----

def _choose_manual(vicidial, call, dice):
    call.expected = dice.choice(CHOICES)
    vicidial.m5_disposition(call, call.expected)


def manual(vicidial, call, dice):
    """M2, M3 at times, A5, M5."""
    yield ring(dice)
    vicidial.m2_call_is_up(call)
    yield talk(dice)
    if dice.random() < 0.5:
        vicidial.a4_hangup(call)
        yield dice.randint(1, 60)
    vicidial.a5_agent_hangup(call)
    call.in_auto_calls = False
    yield wrap_up(dice)
    _choose_manual(vicidial, call, dice)


def manual_renamed(vicidial, call, dice):
    """M2 under the browser's uniqueid, M3, A5 with Asterisk's uniqueid: the row had an end before it was renamed."""
    asterisk_id = call.uniqueid
    call.uniqueid = f"{call.epoch_part}.{dice.randint(10000000, 99999999)}"
    yield ring(dice)
    vicidial.m2_call_is_up(call)
    yield talk(dice)
    vicidial.a4_hangup(call)
    yield dice.randint(5, 400)
    vicidial.a5_agent_hangup(call, new_uniqueid=asterisk_id)
    yield wrap_up(dice)
    _choose_manual(vicidial, call, dice)


def manual_renamed_at_its_end(vicidial, call, dice):
    """M2 under an id that the browser made, A5 with Asterisk's id: under its old name the row never had an end."""
    asterisk_id = call.uniqueid
    call.uniqueid = f"{call.epoch_part}.{dice.randint(10000000, 99999999)}"
    yield ring(dice)
    vicidial.m2_call_is_up(call)
    yield min(any_length(dice), 3 * HOUR)
    vicidial.a5_agent_hangup(call, new_uniqueid=asterisk_id)
    call.in_auto_calls = False
    yield wrap_up(dice)
    _choose_manual(vicidial, call, dice)


def manual_renamed_when_final(vicidial, call, dice):
    """M2 M3 M5 A5: a hotkey writes the disposition before A5 renames the row."""
    asterisk_id = call.uniqueid
    call.uniqueid = f"{call.epoch_part}.{dice.randint(10000000, 99999999)}"
    yield ring(dice)
    vicidial.m2_call_is_up(call)
    yield talk(dice)
    vicidial.a4_hangup(call)
    yield dice.randint(1, 20)
    _choose_manual(vicidial, call, dice)
    yield dice.randint(1, 200)
    vicidial.a5_agent_hangup(call, new_uniqueid=asterisk_id)


def manual_logged_at_hangup(vicidial, call, dice):
    """M4 (DONEM), then M5 after a short or a long wrap-up."""
    yield ring(dice) + talk(dice)
    vicidial.a5_agent_hangup(call)
    call.in_auto_calls = False
    yield wrap_up(dice)
    _choose_manual(vicidial, call, dice)


def manual_crash(vicidial, call, dice):
    """M4: the browser crashed; the row keeps DONEM for ever."""
    yield ring(dice) + talk(dice)
    vicidial.a5_agent_hangup(call)
    call.expected = "DONEM"


def manual_without_row(vicidial, call, dice):
    """M6: the disposition writes the call's first row."""
    yield ring(dice) + talk(dice) + wrap_up(dice)
    _choose_manual(vicidial, call, dice)


def manual_too_late(vicidial, call, dice):
    """M2 A5 (DISPO for ever), and M5 after its limit of 4 hours: M6 inserts a second row."""
    yield ring(dice)
    vicidial.m2_call_is_up(call)
    yield talk(dice)
    vicidial.a5_agent_hangup(call)
    call.in_auto_calls = False
    yield dice.randint(4 * HOUR + 5, 4 * HOUR + 30 * MINUTE)
    _choose_manual(vicidial, call, dice)


def manual_not_answered(vicidial, call, dice):
    """M2 N2, and M5 at times."""
    yield 1
    vicidial.m2_call_is_up(call)
    yield dice.randint(35, 110)
    vicidial.n2_manual_not_answered(call)
    call.expected = "NA"
    if dice.random() < 0.6:
        yield wrap_up(dice)
        _choose_manual(vicidial, call, dice)


def manual_busy(vicidial, call, dice):
    """N3 under Asterisk's uniqueid, then M6, because called_count differs from what M5 asks for: two rows."""
    yield dice.randint(1, 10)
    vicidial.n3_busy(call, "AB")
    call.called_count += 1
    yield wrap_up(dice)
    _choose_manual(vicidial, call, dice)


def double_row(vicidial, call, dice):
    """M2 twice, under two uniqueids of one epoch. M3 ends both in one second, the browser crashes, C1 deletes one."""
    twin = f"{call.epoch_part}.{dice.randint(10000000, 99999999)}"
    yield ring(dice)
    vicidial.m2_call_is_up(call)
    call.uniqueid, twin = twin, call.uniqueid
    vicidial.m2_call_is_up(call)
    yield talk(dice)
    vicidial.a4_hangup(call)


# ---- calls that no agent took ----

def not_answered(vicidial, call, dice):
    """N1: written by VICIdial's periodic sweep, which writes many calls at once."""
    waited = dice.randint(35, 110)
    yield waited + (-(call.dialled + waited)) % 5
    call.expected = dice.choice(["NA"] * 12 + ["AB", "ADC", "DNCCAR", "CPDATB"])
    vicidial.n1_not_answered(call, call.expected)


def busy(vicidial, call, dice):
    """N3: inserted after up to a minute of ringing; its end is the time of dialling."""
    yield dice.choice([dice.randint(1, 10), dice.randint(1, 62)])
    call.expected = dice.choice(["AB", "AB", "AB", "ADC", "ADCT", "HUC21"])
    vicidial.n3_busy(call, call.expected)


def gone_before_routing(vicidial, call, dice):
    """N4: PDROP."""
    yield dice.randint(3, 45)
    call.expected = "PDROP"
    vicidial.n3_busy(call, "PDROP")


def found_by_audit(vicidial, call, dice):
    """N5: inserted minutes late; Site.audits says how many."""
    yield dice.randint(*vicidial.audit_late)
    call.expected = "NA"
    vicidial.n5_audit(call, call.dialled + dice.randint(1, 40))


def found_by_audit_without_end(vicidial, call, dice):
    """N5 for a call_log row without an end: end 0 and a zero date."""
    yield dice.randint(4 * MINUTE, 7 * MINUTE)
    call.expected = "NA"
    vicidial.n5_audit(call, 0)


def stale(vicidial, call, dice):
    """N6 without A2: a DROP."""
    yield ring(dice) + 15
    vicidial.n6_stale(call)
    call.expected = "DROP"


def stuck_in_queue(vicidial, call, dice):
    """A2 N6: MariaDB refuses the DROP as a duplicate; the row keeps QUEUE for ever and has no end."""
    yield ring(dice)
    vicidial.a2_answered(call)
    yield 15
    vicidial.n6_stale(call)
    call.expected = "QUEUE"


def unlogged(vicidial, call, dice):
    """N7: nothing is ever written."""
    yield 130


def no_channel(vicidial, call, dice):
    """L1: LRERR without an end."""
    yield 5
    vicidial.l1_no_channel(call)
    call.expected = "LRERR"


def caller_abandons(vicidial, call, dice):
    """A2 A4: DROP."""
    yield ring(dice)
    vicidial.a2_answered(call)
    yield dice.randint(1, 12)
    vicidial.a4_hangup(call)
    call.expected = "DROP"


def ends_without_an_agent(vicidial, call, dice):
    """A2 (PU) A4 of any length: a message that plays on until the callee has gone, or an open line."""
    yield ring(dice)
    vicidial.a2_answered(call, "PU")
    yield any_length(dice)
    vicidial.a4_hangup(call)
    call.expected = "PU"


def dropped_by_timeout(vicidial, call, dice):
    """A2 Q1."""
    yield ring(dice)
    vicidial.a2_answered(call)
    yield dice.randint(5, 15)
    vicidial.q1_drop(call, "DROP", "QUEUETIMEOUT")
    call.expected = "DROP"


def dropped_to_call_menu(vicidial, call, dice):
    """A2 Q1 with a term reason that is stored as an empty text, A4 when the caller leaves the menu."""
    yield ring(dice)
    vicidial.a2_answered(call)
    yield dice.randint(5, 15)
    call.expected = dice.choice(["SRDROP", "PM"])
    vicidial.q1_drop(call, call.expected, "CALLMENUXFER")
    yield dice.randint(1, 400)
    vicidial.a4_hangup(call)


def drop_race(vicidial, call, dice):
    """A2 A4 (DROP) A3 A5 A6: the caller hangs up while the call comes to the agent's screen."""
    yield ring(dice)
    vicidial.a2_answered(call)
    yield dice.randint(1, 5)
    vicidial.a4_hangup(call)
    yield dice.randint(0, 4)
    vicidial.a3_agent_screen(call)
    yield dice.randint(1, 60)
    vicidial.a5_agent_hangup(call)
    yield wrap_up(dice)
    _choose(vicidial, call, dice)


# ---- surveys and answering machines ----

def survey(vicidial, call, dice):
    """A2 (PU) S1 A4."""
    yield ring(dice)
    vicidial.a2_answered(call, "PU")
    yield dice.randint(3, 40)
    call.expected = dice.choice(["SVYEXT", "SVYVM", "SVYCLM", "SVYHU", "NI"])
    vicidial.s1_survey(call, call.expected)
    yield dice.randint(1, 300)
    vicidial.a4_hangup(call)


def survey_without_a_key(vicidial, call, dice):
    """A2 (PU) A4: PU is the final status."""
    yield ring(dice)
    vicidial.a2_answered(call, "PU")
    yield dice.randint(2, 40)
    vicidial.a4_hangup(call)
    call.expected = "PU"


def machine(vicidial, call, dice):
    """A2 D1 A4."""
    yield ring(dice)
    vicidial.a2_answered(call)
    yield dice.randint(2, 5)
    vicidial.d1_machine(call)
    yield dice.randint(0, 2)
    vicidial.a4_hangup(call)
    call.expected = "AA"


def machine_with_message(vicidial, call, dice):
    """A2 D1 D2 D2 A4: AA, then AM or UNKAM while the message plays, then AL or UNKAL, then the end."""
    yield ring(dice)
    vicidial.a2_answered(call)
    yield dice.randint(2, 5)
    vicidial.d1_machine(call)
    playing, call.expected = dice.choice([("AM", "AL"), ("AM", "AL"), ("UNKAM", "UNKAL"), ("AM", "AMDXFR")])
    yield dice.randint(1, 15)
    vicidial.d2_machine_goes_on(call, playing)
    yield dice.randint(15, 200)
    vicidial.d2_machine_goes_on(call, call.expected)
    yield dice.randint(1, 20)
    vicidial.a4_hangup(call)


def machine_inserted(vicidial, call, dice):
    """D1 as an INSERT with an end 3 s from now; A4 follows half of the time."""
    yield ring(dice)
    vicidial.d1_machine_inserted(call)
    call.expected = "AA"
    if dice.random() < 0.5:
        yield dice.randint(1, 60)
        vicidial.a4_hangup(call)


def machine_twice(vicidial, call, dice):
    """A2 D1, D1 as an INSERT, D3 deletes one of the two at once."""
    yield ring(dice)
    vicidial.a2_answered(call)
    yield 3
    vicidial.d1_machine(call)
    twin = vicidial.asterisk_id(call.epoch_part)
    vicidial.d1_machine_inserted(call, twin)
    yield dice.randint(1, 100)
    vicidial.d3_delete_duplicate(call, twin)
    vicidial.a4_hangup(call)
    call.expected = "AA"


def machine_twice_and_the_first_goes(vicidial, call, dice):
    """A2, D1 as an INSERT, D3 deletes the row of A2, which never had an end."""
    yield ring(dice)
    vicidial.a2_answered(call)
    yield 3
    twin = vicidial.asterisk_id(call.epoch_part)
    vicidial.d1_machine_inserted(call, twin)
    yield dice.randint(1, 100)
    vicidial.d3_delete_duplicate(call, call.uniqueid)
    call.uniqueid = twin
    vicidial.a4_hangup(call)
    call.expected = "AA"


def machine_twice_for_an_hour(vicidial, call, dice):
    """A2 D1, D1 as an INSERT, A4 ends both in one second. C1 deletes one within the hour, after the program sent it."""
    yield ring(dice)
    vicidial.a2_answered(call)
    yield 3
    vicidial.d1_machine(call)
    vicidial.d1_machine_inserted(call, vicidial.asterisk_id(call.epoch_part))
    yield dice.randint(4, 30)
    vicidial.a4_hangup(call)


# ---- remote agents ----

def remote_agent_for_hours(vicidial, call, dice):
    """A2 R1 R2 of any length: final at its end."""
    yield ring(dice)
    vicidial.a2_answered(call)
    yield 2
    vicidial.r1_remote_agent(call)
    yield any_length(dice)
    vicidial.a4_hangup(call)
    call.expected = "XFER"


def remote_agent(vicidial, call, dice):
    """A2 R1 R2: XFER with the comments REMOTE is the final status."""
    yield ring(dice)
    vicidial.a2_answered(call)
    yield 2
    vicidial.r1_remote_agent(call)
    yield talk(dice)
    vicidial.a4_hangup(call)
    call.expected = "XFER"


def remote_agent_late(vicidial, call, dice):
    """A2 A4 (DROP) R1: R1 runs every 2 s, and comes after the hangup."""
    yield ring(dice)
    vicidial.a2_answered(call)
    yield dice.randint(1, 3)
    vicidial.a4_hangup(call)
    yield dice.randint(0, 2)
    vicidial.r1_remote_agent(call)
    call.expected = "XFER"


def remote_control(vicidial, call, dice):
    """A2 R1 R3 A4."""
    yield ring(dice)
    vicidial.a2_answered(call)
    yield 2
    vicidial.r1_remote_agent(call)
    yield talk(dice)
    call.expected = dice.choice(["RAXFER", "SALE"])
    vicidial.r3_remote_control(call, call.expected)
    yield dice.randint(0, 120)
    vicidial.a4_hangup(call)


# ---- two dialers ----

def same_uniqueid(vicidial, call, dice):
    """A2 on two Asterisk servers with one uniqueid: the second INSERT fails, and later statements find no row."""
    other = Call(call.life, call.lead_id + 5000000, 1, call.campaign_id, call.agent, call.dialled, call.uniqueid)
    yield ring(dice)
    vicidial.a2_answered(call)
    vicidial.a2_answered(other)
    yield 2
    vicidial.a3_agent_screen(call)
    vicidial.a3_agent_screen(other)
    yield talk(dice)
    vicidial.a4_hangup(other)
    vicidial.a5_agent_hangup(call)
    yield wrap_up(dice)
    vicidial.a6_disposition(other, "DNC")
    _choose(vicidial, call, dice)


# The share of each life in a thousand calls. Each life happens at least twice, even in a short simulation.
LIVES = {
    not_answered: 300, busy: 110, customer_hangs_up: 110, agent_hangs_up: 80, machine: 60, machine_with_message: 40,
    caller_abandons: 25, manual: 30, manual_renamed: 20, dropped_by_timeout: 15, gone_before_routing: 15, hotkey: 15,
    hotkey_after_customer: 8, slow_disposition: 10, too_late_disposition: 3, long_call: 6, other_number: 5,
    empty_disposition: 2, crash_while_talking: 4, crash_in_disposition: 4, in_progress_for_ever: 3, transfer: 12,
    leave_voicemail: 6, manual_renamed_when_final: 4, manual_logged_at_hangup: 10, manual_crash: 2,
    manual_without_row: 5, manual_too_late: 2, manual_not_answered: 6, manual_busy: 5, double_row: 3,
    found_by_audit: 12, found_by_audit_without_end: 2, stale: 3, stuck_in_queue: 2, unlogged: 4, no_channel: 2,
    dropped_to_call_menu: 8, drop_race: 6, survey: 15, survey_without_a_key: 10, machine_inserted: 10,
    machine_twice: 5, machine_twice_for_an_hour: 6, remote_agent: 15, remote_agent_late: 4, remote_control: 5,
    same_uniqueid: 3, lasts_a_second: 6, lasts_for_hours: 3, renamed_by_agent: 5, manual_renamed_at_its_end: 5,
    ends_without_an_agent: 5, machine_twice_and_the_first_goes: 3, remote_agent_for_hours: 5,
}

# These lives are over within the hour. Afterwards the lead may be called again, even by the same agent.
SOON_OVER = {"not_answered", "busy", "caller_abandons", "customer_hangs_up", "hotkey"}


def with_edit(life, wait, status):
    """E1 after the life: quality control corrects the status, the same day or the next."""
    def edited(vicidial, call, dice):
        yield from life(vicidial, call, dice)
        yield wait
        if vicidial.e1_edit(call, status):
            call.expected = status
    return edited


class DialerLife:
    """A day of calls; the dice decide every statement.

    run_until plays all events up to an epoch. on_tick gets each second that has events, before they happen, and sets
    the database's clock. These epochs are true times; shown (clock.Shown) gives the dialer's time. site: see
    troubles.py.
    """
    lives = LIVES
    campaigns = CAMPAIGNS
    writer = Vicidial
    call_type = Call
    log = OUTBOUND  # see history.py
    rules = None    # see judge.py
    source = {}     # settings of the program's section [source]

    @staticmethod
    def prepare(database):
        """Makes the tables that the lives need beside vicidial_log."""

    def __init__(self, database, calls, begin, hours, dice, on_tick, site, shown):
        self.calls = []
        self.vicidial = self.writer(database, web_skew=dice.randint(-3, 3))
        self._begin, self._hours, self._site, self._shown = begin, hours, site, shown
        self._locks = [(begin + minute * MINUTE, begin + minute * MINUTE + seconds) for minute, seconds in site.locks]
        self._on_tick = on_tick
        self._agenda = []  # (epoch, order, generator)
        self._free_again = collections.deque()  # calls with a lead that may be called again
        self._order = itertools.count()
        self._dice = dice
        self._plan_calls(calls, begin, hours)
        for hour in range(hours + 6):
            self._add(begin + hour * HOUR + 33 * MINUTE, self._clean_up())

    def _add(self, epoch, generator):
        heapq.heappush(self._agenda, (epoch, next(self._order), generator))

    def _clean_up(self):
        """C1, once an hour."""
        self.vicidial.c1_clean_up()
        return
        yield

    def _plan_calls(self, count, begin, hours):
        dice = self._dice
        lives = [life for life in self.lives for _ in range(2)]
        lives += dice.choices(list(self.lives), self.lives.values(), k=max(0, count - len(lives)))
        dice.shuffle(lives)
        times = []
        while len(times) < len(lives):  # a predictive dialer places several calls in one second
            times += [begin + dice.randrange(hours * HOUR)] * (1 + int(dice.expovariate(0.4)))
        for life, dialled in zip(lives, sorted(times[:len(lives)])):
            self._plan_call(life, dialled)

    def _plan_call(self, life, dialled):
        dice = self._dice
        if self._free_again and self._free_again[0].dialled + HOUR < dialled and dice.random() < 0.1:
            before = self._free_again.popleft()
            lead_id, called_count = before.lead_id, before.called_count + 1
            agent = dice.choice([before.agent, dice.choice(AGENTS)])
        else:
            lead_id, called_count, agent = len(self.calls) + 1, dice.randint(1, 9), dice.choice(AGENTS)
        call = self.call_type(life.__name__, lead_id, called_count, dice.choice(self.campaigns), agent, dialled)
        if self._site.other_zone and dice.random() < 0.3:
            call.zone_off = self._site.other_zone
        self.calls.append(call)
        if life.__name__ in SOON_OVER:
            self._free_again.append(call)
        edit = dice.random()
        if edit < 0.04:
            life = with_edit(life, dice.randint(2 * MINUTE, 2 * HOUR), "QCFAIL")
        elif edit < 0.06:
            life = with_edit(life, dice.randint(22 * HOUR, 23 * HOUR), "QCPASS")
        self._add(dialled, self._live(life, call))

    def _live(self, life, call):
        call.dialled = self.vicidial.now
        call.uniqueid = self.vicidial.asterisk_id(call.dialled)
        yield from life(self.vicidial, call, self._dice)

    def _written(self, epoch):
        """The time when an event of this epoch is written: the writer waits while the table is locked."""
        return next((until for since, until in self._locks if since <= epoch < until), epoch)

    def next_event(self):
        """The epoch of the next event; None after the last one."""
        return self._written(self._agenda[0][0]) if self._agenda else None

    def run_until(self, epoch):
        """Plays the events up to that second, included. Returns their number."""
        count, before = 0, None
        while self._agenda and self.next_event() <= epoch:
            now = self.next_event()
            begun, _, generator = heapq.heappop(self._agenda)
            if now != before:
                self._on_tick(now)
                before = now
            self.vicidial.now = self._shown(begun)  # a waiting writer has read the clock before the wait
            self.vicidial.audit_late = self._site.audit_at(max(0, begun - self._begin), self._hours)
            wait = next(generator, None)
            if wait is not None:
                self._add(now + wait, generator)
            count += 1
        return count
