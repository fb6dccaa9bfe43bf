"""The statements with which VICIdial writes vicidial_closer_log, one method for each kind of write (I1 to I18).

The methods are written from a description of these statements. Many statements write to the lead's newest row,
whatever call that row belongs to.
"""
import dataclasses

from simulation.statements import Call, Vicidial

NOBODY = "VDCL"
HOUR = 3600
NEWEST = " WHERE lead_id=%s ORDER BY closecallid DESC LIMIT 1"


@dataclasses.dataclass
class InboundCall(Call):
    """An inbound call. uniqueid is the id of its latest row at the API; channel is Asterisk's id."""
    channel: str = ""
    xfercallid: int = 0
    entered: int = 0  # the time when the call entered its queue
    is_message: bool = False


class InboundVicidial(Vicidial):
    """dialled: channel -> the DID that the caller dialled."""

    def __init__(self, database, web_skew=0):
        super().__init__(database, web_skew)
        self.dialled = {}

    # ---- the table ----

    def _put(self, call, started, channel=None, **columns):
        channel = call.channel if channel is None else channel
        row = {"lead_id": call.lead_id, "list_id": 999, "campaign_id": call.campaign_id, "start_epoch": started,
               "phone_code": "1", "phone_number": call.phone_number, "processed": "N", "uniqueid": channel,
               "xfercallid": call.xfercallid, "called_count": call.called_count, **columns}
        with self._connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO vicidial_closer_log (call_date,{','.join(row)}) "
                           f"VALUES (FROM_UNIXTIME(%s),{','.join(['%s'] * len(row))})", [started, *row.values()])
            call.uniqueid = f"{channel or started}/c{cursor.lastrowid}"

    def _newest(self, call):
        """closecallid, status, start_epoch, term_reason, queue_seconds of the lead's newest row; None: there is
        none."""
        rows = self._rows("SELECT closecallid,status,start_epoch,term_reason,queue_seconds FROM vicidial_closer_log"
                          + NEWEST, call.lead_id)
        return rows[0] if rows else None

    def _write(self, closecallid, **columns):
        return self._run("UPDATE vicidial_closer_log SET " + ",".join(f"{column}=%s" for column in columns)
                         + " WHERE closecallid=%s", *columns.values(), closecallid)

    # ---- the caller ----

    def dial(self, call, did):
        """agi-DID_route.agi: the caller has dialled a DID."""
        call.channel = call.uniqueid
        self.dialled[call.channel] = did
        self._run("INSERT INTO vicidial_did_log (uniqueid,channel,server_ip,caller_id_number,extension,call_date,"
                  "did_route) VALUES (%s,'SIP/trunk','10.0.0.1',%s,%s,FROM_UNIXTIME(%s),'IN_GROUP')", call.channel,
                  call.phone_number, did, self.now)

    def from_outbound(self, call, xfercallid):
        """An outbound call keeps its channel when an agent transfers the call to a queue. No DID was dialled."""
        call.channel, call.xfercallid = call.uniqueid, xfercallid

    def i1_enters_queue(self, call):
        """agi-VDAD_ALL_inbound.agi."""
        call.entered = self.now
        call.in_auto_calls = True
        self._put(call, self.now, status="QUEUE", user=NOBODY)

    def i2_not_let_in(self, call, status):
        """agi-VDAD_ALL_inbound.agi: after hours, or with too many calls in the queue."""
        self._put(call, self.now, status=status, user=NOBODY, comments="INBOUND", end_epoch=self.now, length_in_sec=1)

    def i3_no_agents(self, call, status):
        """agi-VDAD_ALL_inbound.agi: a new row, even if the call has a row in the queue. The old row does not change."""
        call.in_auto_calls = False
        self._put(call, self.now, status=status, user=NOBODY, end_epoch=self.now,
                  length_in_sec=self.now - (call.entered or self.now), term_reason="NOAGENT")

    def i4_agent_found(self, call):
        self._run("UPDATE vicidial_closer_log SET user=%s,queue_seconds=%s" + NEWEST, call.agent,
                  self.now - call.entered + 0.37, call.lead_id)

    def i5_agent_screen(self, call):
        """vdc_db_query.php."""
        self._run("UPDATE vicidial_closer_log SET status='INCALL',user=%s,user_group='AGENTS',list_id=101,"
                  "comments='AUTO'" + NEWEST, call.agent, call.lead_id)

    def i6_message(self, call, kind):
        """vdc_db_query.php: an e-mail or a chat."""
        call.is_message = True
        self._put(call, self.web_now, channel="", status="INCALL", user=call.agent, comments=kind)

    # ---- the end ----

    def i7_caller_hangs_up(self, call):
        """FastAGI_log.pl, while the call is in vicidial_auto_calls: the newest row of 6 hours."""
        row = self._newest(call)
        if not call.in_auto_calls or row is None or row[2] < self.now - 6 * HOUR:
            return
        call.in_auto_calls = False
        length = self.now - row[2]
        if row[1] == "QUEUE":
            self._write(row[0], status="DROP", term_reason="ABANDON", queue_seconds=length, end_epoch=self.now,
                        length_in_sec=length)
        else:
            self._write(row[0], term_reason="CALLER", end_epoch=self.now, length_in_sec=length)

    def i8_agent_hangs_up(self, call):
        """vdc_db_query.php: I8 by lead and agent, I8b by lead alone; both in 4 hours."""
        call.in_auto_calls = False
        rows = self._rows("SELECT closecallid,status,start_epoch FROM vicidial_closer_log WHERE lead_id=%s AND user=%s "
                          "AND start_epoch > %s ORDER BY closecallid DESC LIMIT 1", call.lead_id, call.agent,
                          self.web_now - 4 * HOUR)
        if rows:
            number, status, started = rows[0]
            self._write(number, end_epoch=self.web_now, length_in_sec=self.web_now - started,
                        status="DISPO" if status == "INCALL" else status)
        row = self._newest(call)
        if row is not None and row[3] != "CALLER" and row[2] > self.web_now - 4 * HOUR:
            self._write(row[0], term_reason="AGENT")

    def i9_disposition(self, call, status, parked=False):
        """vdc_db_query.php: by lead and agent, at any age of the row; never writes the end."""
        return self._run("UPDATE vicidial_closer_log SET status=%s" + (",term_reason='CALLER'" if parked else "")
                         + " WHERE lead_id=%s AND user=%s ORDER BY closecallid DESC LIMIT 1", status, call.lead_id,
                         call.agent)

    def i10_transfer(self, call):
        """manager_send.php: the newest row of 4 hours; the channel goes on to another queue."""
        row = self._newest(call)
        if row is not None and row[2] > self.web_now - 4 * HOUR:
            length = self.web_now - call.entered
            self._write(row[0], status="XFER", end_epoch=self.web_now, length_in_sec=length)

    def i11_leaves_queue(self, call, status, term_reason):
        """agi-VDAD_ALL_inbound.agi: to voicemail, another number, or nowhere."""
        call.in_auto_calls = False
        row = self._newest(call)
        waited = self.now - call.entered
        self._write(row[0], status=status, term_reason=term_reason, queue_seconds=waited, end_epoch=self.now,
                    length_in_sec=waited)

    def i12_remote_agent(self, call):
        """AST_VDremote_agents.pl."""
        self._run("UPDATE vicidial_closer_log SET status='XFER',user=%s,comments='REMOTE' WHERE lead_id=%s "
                  "AND uniqueid=%s AND campaign_id=%s", call.agent, call.lead_id, call.channel, call.campaign_id)

    def i13_remote_control(self, call, status):
        """agc/api.php, ra_call_control."""
        self._run("UPDATE vicidial_closer_log SET status=%s,end_epoch=UNIX_TIMESTAMP(),length_in_sec=UNIX_TIMESTAMP()-"
                  "start_epoch WHERE uniqueid=%s AND lead_id=%s AND campaign_id=%s", status, call.channel, call.lead_id,
                  call.campaign_id)

    # ---- other writes ----

    def i14_other_lead(self, call, lead_id):
        """vdc_db_query.php: the agent puts the call to another lead."""
        self._run("UPDATE vicidial_closer_log SET lead_id=%s WHERE lead_id=%s AND user=%s AND uniqueid=%s", lead_id,
                  call.lead_id, call.agent, call.channel)
        call.lead_id = lead_id

    def e1_edit(self, call, status):
        """I15: admin_modify_lead.php, qc_modify_lead.php, non_agent_api.php: status only, on any later day."""
        return not call.is_message and self._write(call.uniqueid.rpartition("/c")[2], status=status)

    def i16_web_page(self, call, status):
        """closer_dispo.php: a row of its own, without uniqueid."""
        self._put(call, self.web_now - 60, channel="", status=status, user=call.agent, comments="WEB", processed="Y",
                  end_epoch=self.web_now, length_in_sec=60)

    def c1_clean_up(self):
        """I17: AST_cleanup_agent_log.pl corrects impossible lengths of the last two hours."""
        self._run("UPDATE vicidial_closer_log SET length_in_sec=end_epoch-start_epoch WHERE call_date > "
                  "FROM_UNIXTIME(%s) AND end_epoch > 0 AND ABS(length_in_sec) > 86400", self.now - 2 * HOUR)

    def wrong_length(self, call):
        """A length without a begin (vdc_db_query.php computes now minus 0)."""
        self._write(call.uniqueid.rpartition("/c")[2], length_in_sec=self.web_now)

    def i18_stale(self, call):
        """AST_VDauto_dial.pl removes the call from vicidial_auto_calls; the row here does not change."""
        call.in_auto_calls = False
