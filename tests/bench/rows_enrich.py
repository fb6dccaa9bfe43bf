"""The cost of the look-ups of [enrich] for the dialer's server, by the server's own clock: 500 calls, 400,000 rows
in each table."""
from installation import Installation
from report import Row, ms, times

CALLS, ROWS, MOST_SECONDS, TIMES = 500, 400_000, 0.025, 9

FIELDS = ("did dial_status hangup_cause sip_hangup_cause sip_hangup_reason ring_time talk_time amd_result "
          "customer_state customer_zip vendor_lead_code").split()
ON_AT_FIRST = FIELDS[:8]

# VICIdial's rows in other tables for a call; {code} is the call's dial code.
_BESIDE = {
    "vicidial_log_extended": "(uniqueid, caller_code, call_date, lead_id) SELECT uniqueid, {code}, call_date, lead_id",
    "vicidial_dial_cid_log": "(caller_code, outbound_cid, call_date) SELECT {code}, '13125550100', call_date",
    "vicidial_dial_log": "(caller_code, lead_id, outbound_cid, call_date) "
                         "SELECT {code}, lead_id, '\"V\" <13125550100>', call_date",
    "vicidial_carrier_log": "(uniqueid, lead_id, caller_code, dialstatus, call_date, server_ip) "
                            "SELECT uniqueid, lead_id, {code}, 'ANSWER', call_date, ''",
    "vicidial_agent_log": "(uniqueid, lead_id, event_time, talk_sec, dispo_epoch, server_ip) "
                          "SELECT uniqueid, lead_id, call_date, 30, end_epoch, ''",
    "vicidial_amd_log": "(uniqueid, lead_id, AMDSTATUS, call_date, server_ip) "
                        "SELECT uniqueid, lead_id, 'HUMAN', call_date, ''",
    "vicidial_list": "(lead_id, phone_number, state, postal_code) SELECT lead_id, '', 'IL', '60601'",
}

_SLOW = ("each call needs a row of about five tables by index: the DID is in up to three, what the carrier said in one "
         "or two, the agent's time in one. On a slow machine such a row costs 20 to 40 us, and reading the 500 calls "
         "themselves takes about as long as all look-ups")


class Site:
    """An installation that has not sent its latest calls. id: the SQL for a row's id in the table."""

    def __init__(self, bench, database, source, table, id):
        self.installation = Installation(bench.directory, database, bench.nginx.plain, source)
        self.database, self.table = database, table
        row = database.query(f"SELECT end_epoch, {id} AS id FROM {table} ORDER BY 1 DESC, 2 DESC LIMIT {CALLS}, 1")[0]
        self.checkpoint = f"{row['end_epoch']} {row['id']}"

    def cost(self, *on):
        """The seconds of the server's time: for the look-ups, and for reading the table."""
        self.installation.configure(config={"enrich": {field: "yes" if field in on else "no" for field in FIELDS}})
        found = []
        for _ in range(TIMES):
            self.installation.go_back(self.checkpoint)
            self.database.query("TRUNCATE mysql.slow_log")
            self.installation.go(sent=CALLS)
            found.append(tuple(float(self.database.query(
                "SELECT IFNULL(SUM(TIME_TO_SEC(query_time) + MICROSECOND(query_time) / 1e6), 0) AS spent "
                "FROM mysql.slow_log WHERE db = 'enrich' "
                "AND CONVERT(sql_text USING utf8mb4) LIKE 'SELECT %%FORCE INDEX%%' "
                f"AND CONVERT(sql_text USING utf8mb4) {part} LIKE '%%FROM {self.table} FORCE%%'", ())[0]["spent"])
                for part in ("NOT", "")))
        return [min(spent) for spent in zip(*found)]  # the rest is the wait for a shared processor


def rows(bench):
    database = bench.dialer.database("enrich")
    database.make_vicidial()
    first = database.now() - ROWS // 3 - 60  # the last call began a minute ago
    database.query("INSERT INTO vicidial_log SELECT CONCAT({0}, '.', seq), seq, 101, 'OUTBND', FROM_UNIXTIME({0}), "
                   "{0}, {0} + 40, 40, 'SALE', '1', '3125550100', '1001', 'AUTO', 'N', 'A', 'AGENT', 'MAIN', 1 "
                   "FROM seq_1_to_{1}".format(f"{first} + seq DIV 3", ROWS))
    for table, columns in _BESIDE.items():
        database.query(f"INSERT IGNORE INTO {table} "
                       + columns.format(code="CONCAT('V126173351', LPAD(lead_id, 10, '0'))") + " FROM vicidial_log")
        database.query(f"ANALYZE TABLE {table}")
    database.query("INSERT INTO vicidial_closer_log (lead_id, campaign_id, call_date, start_epoch, end_epoch, "
                   "length_in_sec, status, phone_number, user, comments, uniqueid, xfercallid) SELECT lead_id, "
                   "'SUPPORT', call_date, start_epoch, end_epoch, length_in_sec, status, phone_number, user, comments, "
                   "uniqueid, 0 FROM vicidial_log ORDER BY start_epoch, uniqueid")
    database.query("INSERT INTO vicidial_did_log (uniqueid, channel, server_ip, extension, call_date) "
                   "SELECT uniqueid, 'SIP/trunk', '10.0.0.1', '8005550100', call_date FROM vicidial_log")
    database.query("ANALYZE TABLE vicidial_closer_log, vicidial_did_log")
    outbound = Site(bench, database, "vicidial", "vicidial_log", "uniqueid")
    inbound = Site(bench, database, "vicidial-inbound", "vicidial_closer_log", "CONCAT(uniqueid, '/c', closecallid)")

    before = database.query("SELECT @@long_query_time AS slow, @@log_output AS output")[0]
    database.query("SET GLOBAL log_output = 'TABLE', GLOBAL long_query_time = 0, GLOBAL slow_query_log = 1")
    try:
        for field in FIELDS:
            spent, _ = outbound.cost(field)
            yield Row(f"{CALLS} calls, [enrich] {field} alone", ms(spent))
        spent, reading = outbound.cost(*ON_AT_FIRST)
        yield Row(f"{CALLS} calls, what is on at first", ms(spent), f"reading them from vicidial_log {ms(reading)}",
                  times(spent, reading) if reading else "", f"<= {ms(MOST_SECONDS)}", spent <= MOST_SECONDS, why=_SLOW)
        spent, _ = outbound.cost(*FIELDS)
        yield Row(f"{CALLS} calls, every field", ms(spent))
        spent, reading = inbound.cost("did")
        yield Row(f"{CALLS} inbound calls, [enrich] did", ms(spent),
                  f"reading them from vicidial_closer_log {ms(reading)}", times(spent, reading) if reading else "",
                  f"<= {ms(MOST_SECONDS)}", spent <= MOST_SECONDS)
    finally:
        database.query("SET GLOBAL slow_query_log = 0, GLOBAL log_output = %s, GLOBAL long_query_time = %s",
                       [before["output"], before["slow"]])
