"""The statements with which VICIdial writes vicidial_log, one method for each row of the table of its writers.

The methods are written from a description of these statements: same columns, conditions and order. A method's name
begins with the row's number in that table (A1, M5, ...). The docstring names the VICIdial file that runs the
statement. Three clocks write times: the dialer's (here equal to the database's), the web server's (some seconds off)
and the database's.
"""
import dataclasses

import pymysql
from pymysql.constants import CLIENT, ER

# The user and group of a row that no agent handled.
NOBODY = "VDAD"
# The web code computes the length in PHP. The length is below 0 if a clock was set back.
_LENGTH = "length_in_sec=%s-CAST(start_epoch AS SIGNED)"


@dataclasses.dataclass
class Call:
    """What the dialer and the agent's browser know about one attempt to reach a lead."""
    life: str
    lead_id: int
    called_count: int
    campaign_id: str
    agent: str
    dialled: int = 0
    uniqueid: str = ""
    in_auto_calls: bool = True  # vicidial_auto_calls has a row for the call
    expected: str = None        # the final status of its row; None: not known
    zone_off: int = 0           # its dialer's local time less the database's, in seconds

    @property
    def epoch_part(self):
        return self.uniqueid.split(".")[0]

    @property
    def phone_number(self):
        return str(3120000000 + self.lead_id)


class Vicidial:
    """now is the dialer's clock. Set both now and the database's clock before each event. audit_late: see
    Site.audits."""

    def __init__(self, database, web_skew=0):
        self.now = 0
        self.audit_late = (0, 0)
        self._database = database
        self._web_skew = web_skew
        self._asterisk_seq = 0
        self._connection = None
        self.connect()

    @property
    def web_now(self):
        return self.now + self._web_skew

    def connect(self):
        self.close()
        self._connection = self._database.dialer.connect("cron", "1234", self._database.name,
                                                         client_flag=CLIENT.FOUND_ROWS)

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def asterisk_id(self, epoch):
        """Asterisk's name for a channel made at epoch. String order is not time order: .9 comes after .10."""
        self._asterisk_seq += 1
        return f"{epoch}.{self._asterisk_seq}"

    def _run(self, sql, *args):
        """Returns how many rows the statement matched. VICIdial ignores a duplicate key, so this does too."""
        try:
            with self._connection.cursor() as cursor:
                return cursor.execute(sql, args)
        except pymysql.err.IntegrityError as refused:
            if refused.args[0] != ER.DUP_ENTRY:
                raise
            return 0

    def _rows(self, sql, *args):
        with self._connection.cursor() as cursor:
            cursor.execute(sql, args)
            return cursor.fetchall()

    def _insert(self, call, started, zone_off=0, **columns):
        """zone_off: where the local time of another zone is written, see Call."""
        row = {"uniqueid": call.uniqueid, "lead_id": call.lead_id, "list_id": 101, "campaign_id": call.campaign_id,
               "start_epoch": started, "phone_code": "1", "phone_number": call.phone_number, "processed": "N",
               "called_count": call.called_count, **columns}
        return self._run(f"INSERT INTO vicidial_log (call_date,{','.join(row)}) "
                         f"VALUES (FROM_UNIXTIME(%s)+INTERVAL {zone_off} SECOND,{','.join(['%s'] * len(row))})",
                         started, *row.values())

    # ---- calls that the dialer makes ----

    def a2_answered(self, call, status="QUEUE"):
        """agi-VDAD_ALL_outbound.agi: the customer answered; comments is how long the AGI took."""
        self._insert(call, self.now, call.zone_off, status=status, user=NOBODY, comments="0.045", alt_dial="MAIN")

    def a3_agent_screen(self, call):
        """vdc_db_query.php: the agent's screen shows the call; no guard on the status before."""
        self._run("UPDATE vicidial_log SET status='INCALL',user=%s,user_group='AGENTS',comments='AUTO',list_id=101 "
                  "WHERE lead_id=%s AND uniqueid=%s", call.agent, call.lead_id, call.uniqueid)

    def a4_hangup(self, call):
        """FastAGI_log.pl: the channel is gone and the call is still in vicidial_auto_calls."""
        if not call.in_auto_calls:
            return
        call.in_auto_calls = False
        same = (call.lead_id, call.epoch_part + "%")
        rows = self._rows("SELECT status,comments,start_epoch FROM vicidial_log WHERE lead_id=%s AND uniqueid LIKE %s "
                          "LIMIT 1", *same)
        if not rows:
            return
        status, comments, started = rows[0]
        dropped = status in ("QUEUE", "NEW", "NA") or (status == "XFER" and comments != "REMOTE")
        term_reason = "ABANDON" if status == "QUEUE" else "CALLER"
        self._run("UPDATE vicidial_log SET end_epoch=%s,length_in_sec=%s,term_reason=%s"
                  + (",status='DROP'" if dropped else "") + " WHERE lead_id=%s AND uniqueid LIKE %s",
                  self.now, self.now - (started or 0), term_reason, *same)

    def a5_agent_hangup(self, call, new_uniqueid=None, status="DISPO"):
        """vdc_db_query.php, the end of manDiaLlogCaLL: the agent presses hangup. The browser may know another
        uniqueid of the same epoch; then the row takes the browser's uniqueid. status ALTNUM: dial the lead's other
        number."""
        rows = self._rows("SELECT start_epoch,term_reason FROM vicidial_log WHERE lead_id=%s AND uniqueid=%s",
                          call.lead_id, call.uniqueid)
        if not rows:
            return self._m4_no_row(call)
        started, term_reason = rows[0]
        new_uniqueid = new_uniqueid or call.uniqueid
        met = self._run("UPDATE vicidial_log SET end_epoch=%s,length_in_sec=%s,term_reason=%s,uniqueid=%s,"
                        "alt_dial='MAIN',user=%s WHERE lead_id=%s AND uniqueid=%s",
                        self.web_now, self.web_now - (started or 0), "CALLER" if term_reason == "CALLER" else "AGENT",
                        new_uniqueid, call.agent, call.lead_id, call.uniqueid)
        if met:
            call.uniqueid = new_uniqueid
        self._run("UPDATE vicidial_log SET status=%s WHERE lead_id=%s AND uniqueid=%s AND status='INCALL'",
                  status, call.lead_id, call.uniqueid)
        return None

    def a6_disposition(self, call, status, parked=False):
        """vdc_db_query.php: the agent's choice, for a call the dialer made. Returns whether it updated a row."""
        return self._run("UPDATE vicidial_log SET status=%s" + (",term_reason='CALLER'" if parked else "") +
                         " WHERE lead_id=%s AND user=%s AND call_date > FROM_UNIXTIME(%s) "
                         "ORDER BY uniqueid DESC LIMIT 1", status, call.lead_id, call.agent, self.web_now - 4 * 3600)

    # ---- calls that the agent makes ----

    def m2_call_is_up(self, call):
        """vdc_db_query.php, the start of manDiaLlogCaLL."""
        self._insert(call, self.web_now, status="INCALL", user=call.agent, user_group="AGENTS", comments="MANUAL",
                     alt_dial="MAIN")

    def _m4_no_row(self, call):
        """vdc_db_query.php: a manual call that is first logged when it is hung up."""
        self._insert(call, self.web_now, status="DONEM", user=call.agent, user_group="AGENTS", comments="MANUAL",
                     end_epoch=self.web_now, length_in_sec=0, term_reason="AGENT", alt_dial="MAIN")

    def m5_disposition(self, call, status):
        """vdc_db_query.php: the agent's choice, for a manual call. If it updates no row, M6 inserts one."""
        met = self._run("UPDATE vicidial_log SET status=%s,user=%s WHERE lead_id=%s AND called_count=%s AND "
                        "call_date > FROM_UNIXTIME(%s) ORDER BY uniqueid DESC LIMIT 1",
                        status, call.agent, call.lead_id, call.called_count, self.web_now - 4 * 3600)
        if not met:
            self._m6_make_row(call, status)
        return met

    def _m6_make_row(self, call, status):
        """vdc_db_query.php: a row with a uniqueid made of the time and the lead."""
        call.uniqueid = f"{self.web_now}.{call.lead_id:09d}"
        self._insert(call, self.web_now, status=status, user=call.agent, user_group="AGENTS", comments="MANUAL",
                     end_epoch=self.web_now, length_in_sec=0, term_reason="AGENT", alt_dial="MAIN")

    # ---- calls that no agent took ----

    def n1_not_answered(self, call, status="NA"):
        """AST_VDauto_dial.pl: the periodic sweep of vicidial_auto_calls; all times are the sweep's."""
        self._insert(call, self.now, call.zone_off, status=status, user=NOBODY, end_epoch=self.now, length_in_sec=0,
                     alt_dial="MAIN")

    def n2_manual_not_answered(self, call):
        """AST_VDauto_dial.pl: the same, for a manual call that has a row."""
        call.in_auto_calls = False
        self._run(f"UPDATE vicidial_log SET status='NA',end_epoch=%s,{_LENGTH},alt_dial='MAIN' "
                  "WHERE lead_id=%s AND uniqueid=%s", self.now, self.now, call.lead_id, call.uniqueid)

    def n3_busy(self, call, status):
        """FastAGI_log.pl, also N4 (status PDROP): written at hangup; its end is the time of dialling. The database
        computes that end from the dialer's local time, as if both had the same zone."""
        dialled = call.dialled + call.zone_off
        self._insert(call, dialled, status=status, user=NOBODY, end_epoch=dialled, length_in_sec=0, alt_dial="MAIN")

    def n5_audit(self, call, ended):
        """AST_VDadapt.pl: inserts a call of call_log that vicidial_log lacks. ended: 0 if call_log has no end."""
        self._insert(call, ended, status="NA", user=NOBODY, comments="AUTONA", end_epoch=ended, length_in_sec=0)
        if ended == 0:
            self._run("UPDATE vicidial_log SET call_date='0000-00-00 00:00:00' WHERE uniqueid=%s", call.uniqueid)

    def n6_stale(self, call):
        """AST_VDauto_dial.pl: an answered call without progress for 10 s. The INSERT fails if A2 was written."""
        call.in_auto_calls = False
        self._insert(call, self.now, call.zone_off, status="DROP", user=NOBODY, end_epoch=self.now, length_in_sec=0,
                     term_reason="ABANDON", alt_dial="MAIN")

    def q1_drop(self, call, status, term_reason):
        """agi-VDAD_ALL_outbound.agi: no agent was free in time. CALLMENUXFER is not in the ENUM, so '' is stored."""
        if term_reason == "QUEUETIMEOUT":
            call.in_auto_calls = False
        self._run(f"UPDATE vicidial_log SET status=%s,end_epoch=%s,{_LENGTH},term_reason=%s "
                  "WHERE lead_id=%s AND uniqueid=%s", status, self.now, self.now, term_reason, call.lead_id,
                  call.uniqueid)

    # ---- surveys and answering machines ----

    def s1_survey(self, call, status):
        """agi-VDAD_ALL_outbound.agi: a key was pressed; the call may go on."""
        self._run(f"UPDATE vicidial_log SET status=%s,end_epoch=%s,{_LENGTH} "
                  "WHERE lead_id=%s AND uniqueid=%s", status, self.now, self.now, call.lead_id, call.uniqueid)

    def d1_machine(self, call):
        """VD_amd.agi: an answering machine answered; a message may follow."""
        self._run(f"UPDATE vicidial_log SET status='AA',end_epoch=%s,{_LENGTH},called_count=%s "
                  "WHERE lead_id=%s AND uniqueid=%s", self.now, self.now, call.called_count, call.lead_id,
                  call.uniqueid)

    def d1_machine_inserted(self, call, uniqueid=None):
        """VD_amd.agi: the same, if no row has this uniqueid; the row's end lies in the future."""
        self._insert(dataclasses.replace(call, uniqueid=uniqueid or call.uniqueid), self.now, call.zone_off,
                     status="AA", user=NOBODY, end_epoch=self.now + 3, length_in_sec=3, alt_dial="MAIN")

    def d2_machine_goes_on(self, call, status):
        """VD_amd.agi: status only."""
        self._run("UPDATE vicidial_log SET status=%s WHERE lead_id=%s AND uniqueid=%s",
                  status, call.lead_id, call.uniqueid)

    def d3_delete_duplicate(self, call, uniqueid):
        """VD_amd.agi: one of several rows of that lead and epoch."""
        self._run("DELETE FROM vicidial_log WHERE lead_id=%s AND uniqueid=%s", call.lead_id, uniqueid)

    # ---- remote agents and transfers ----

    def r1_remote_agent(self, call):
        """AST_VDremote_agents.pl: by uniqueid alone, no guard."""
        self._run("UPDATE vicidial_log SET status='XFER',user=%s,comments='REMOTE' WHERE uniqueid=%s",
                  call.agent, call.uniqueid)

    def r3_remote_control(self, call, status):
        """agc/api.php, ra_call_control: the database's clock."""
        self._run("UPDATE vicidial_log SET status=%s,user=%s,end_epoch=UNIX_TIMESTAMP(),"
                  "length_in_sec=UNIX_TIMESTAMP()-CAST(start_epoch AS SIGNED) WHERE uniqueid=%s",
                  status, call.agent, call.uniqueid)

    def x1_transfer(self, call, leave_voicemail=False):
        """manager_send.php: blind or local transfer."""
        self._run(f"UPDATE vicidial_log SET status='XFER',end_epoch=%s,{_LENGTH} WHERE uniqueid=%s",
                  self.web_now, self.web_now, call.uniqueid)
        call.in_auto_calls = call.in_auto_calls and leave_voicemail

    # ---- other writers ----

    def l1_no_channel(self, call):
        """agi-VDAD_ALL_outbound.agi: the local channel never resolves. The row never gets an end."""
        self._insert(call, self.now, call.zone_off, status="LRERR", user=NOBODY, alt_dial="MAIN")

    def e1_edit(self, call, status):
        """admin_modify_lead.php, qc_modify_lead.php, non_agent_api.php: status only, on any later day."""
        return self._run("UPDATE vicidial_log SET status=%s WHERE uniqueid=%s", status, call.uniqueid)

    def c1_clean_up(self):
        """AST_cleanup_agent_log.pl, every hour: rows of one lead, end and uniqueid's epoch, all but one."""
        seen = set()
        for uniqueid, lead_id, ended in self._rows(
                "SELECT uniqueid,lead_id,end_epoch FROM vicidial_log WHERE call_date BETWEEN FROM_UNIXTIME(%s) AND "
                "FROM_UNIXTIME(%s) AND end_epoch>0 ORDER BY uniqueid", self.now - 150 * 60, self.now - 10 * 60):
            key = (lead_id, ended, uniqueid.split(".")[0])
            if key in seen:
                self._run("DELETE FROM vicidial_log WHERE uniqueid=%s AND lead_id=%s", uniqueid, lead_id)
            seen.add(key)
