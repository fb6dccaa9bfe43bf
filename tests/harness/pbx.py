"""A PBX's call database: the cdr table of FreePBX, Issabel or plain Asterisk, with rows as Asterisk writes them."""
import itertools

# The tables of FreePBX (installlib/SQL/cdr.sql and the columns that its module cdr adds), Issabel
# (framework/SQL/cdr_mysql_table.sql), Asterisk (contrib/ast-db-manage/cdr), and a table without linkedid.
_COMMON = """clid varchar(80) NOT NULL default '', src varchar(80) NOT NULL default '',
    dst varchar(80) NOT NULL default '', dcontext varchar(80) NOT NULL default '',
    channel varchar(80) NOT NULL default '', dstchannel varchar(80) NOT NULL default '',
    lastapp varchar(80) NOT NULL default '', lastdata varchar(80) NOT NULL default '',
    duration int(11) NOT NULL default '0', billsec int(11) NOT NULL default '0',
    disposition varchar(45) NOT NULL default '', amaflags int(11) NOT NULL default '0',
    accountcode varchar(20) NOT NULL default '', uniqueid varchar(32) NOT NULL default '',
    userfield varchar(255) NOT NULL default '', did varchar(50) NOT NULL default '',
    recordingfile varchar(255) NOT NULL default ''"""
_LATER = """cnum varchar(80) NOT NULL default '', cnam varchar(80) NOT NULL default '',
    outbound_cnum varchar(80) NOT NULL default '', outbound_cnam varchar(80) NOT NULL default '',
    dst_cnam varchar(80) NOT NULL default '', linkedid varchar(32) NOT NULL default '',
    peeraccount varchar(80) NOT NULL default '', sequence int(11) NOT NULL default '0'"""
_DATE = "calldate datetime NOT NULL default '0000-00-00 00:00:00'"
_KEYS = "KEY calldate (calldate), KEY dst (dst), KEY accountcode (accountcode), KEY uniqueid (uniqueid), KEY did (did)"
TABLES = {
    "freepbx": f"({_DATE}, {_COMMON}, {_LATER}, {_KEYS}, KEY recordingfile (recordingfile(191))) ENGINE=InnoDB",
    "freepbx-myisam": f"({_DATE}, {_COMMON}, {_LATER}, {_KEYS}) ENGINE=MyISAM",
    "issabel": f"({_DATE}, {_COMMON}, {_LATER}, {_KEYS}, KEY recordingfile (recordingfile(191)), KEY link (linkedid), "
               "KEY ceq (sequence), KEY linkseq (linkedid, sequence)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
    "asterisk": """(accountcode VARCHAR(80), src VARCHAR(80), dst VARCHAR(80), dcontext VARCHAR(80), clid VARCHAR(80),
        channel VARCHAR(80), dstchannel VARCHAR(80), lastapp VARCHAR(80), lastdata VARCHAR(80), start DATETIME,
        answer DATETIME, end DATETIME, duration INTEGER, billsec INTEGER, disposition VARCHAR(45),
        amaflags VARCHAR(45), userfield VARCHAR(256), uniqueid VARCHAR(150), linkedid VARCHAR(150),
        peeraccount VARCHAR(80), sequence INTEGER) ENGINE=InnoDB""",
    "old": f"({_DATE}, {_COMMON}, {_KEYS}) ENGINE=MyISAM",
}
TRUNK, OTHER_TRUNK = "PJSIP/acme", "PJSIP/backup"


class Pbx:
    """A fresh asteriskcdrdb on a Dialer's server, with the account freepbxuser/secret1234 that may only read."""

    USER, PASSWORD = "freepbxuser", "secret1234"

    def __init__(self, dialer, kind="freepbx", table="cdr"):
        self.dialer, self.kind, self.table, self.name = dialer, kind, table, "asteriskcdrdb"
        self._serial = itertools.count(1)
        self._sequence = itertools.count(1)
        self.drop()
        dialer.query(f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4")
        dialer.query(f"CREATE TABLE {self.name}.`{table}` {TABLES[kind]}")
        for host in ("localhost", "%"):
            dialer.query(f"CREATE USER IF NOT EXISTS {self.USER}@'{host}' IDENTIFIED BY '{self.PASSWORD}'")
            dialer.query(f"GRANT SELECT ON {self.name}.* TO {self.USER}@'{host}'")
        self.columns = {row["Field"] for row in self.query(f"SHOW COLUMNS FROM `{table}`")}

    def drop(self):
        self.dialer.query(f"DROP DATABASE IF EXISTS {self.name}")

    def query(self, sql, args=None):
        self.dialer._connection.select_db(self.name)
        return self.dialer.query(sql, args)

    def now(self):
        return self.dialer.now()

    def config(self):
        """The settings of an installation that reads this PBX."""
        return {"source": {"type": "asterisk-cdr"},
                # A test does not depend on how quick the machine is.
                "database": {"user": self.USER, "password": self.PASSWORD, "socket": self.dialer.socket,
                             "max_server_time": 0}}

    def write(self, rows):
        """Inserts rows in the order of their ends, as Asterisk does. Ignores columns that the table lacks."""
        date = "calldate" if "calldate" in self.columns else "start"
        rows = sorted(rows, key=lambda row: row["start"] + row["duration"])
        for row in rows:
            given = {name: value for name, value in row.items() if name in self.columns and name != "start"}
            names, places = list(given), ["%s"] * len(given)
            local = row.get("local")
            self.query(f"INSERT INTO `{self.table}` ({','.join([date, *names])}) VALUES "
                       f"({'%s' if local else 'FROM_UNIXTIME(%s)'},{','.join(places)})",
                       [local or row["start"], *given.values()])
        return rows

    def fill(self, rows, since=100):
        """Inserts answered calls of one row each, one every 10 s; the last call began `since` seconds ago."""
        date = "calldate" if "calldate" in self.columns else "start"
        self.query(f"INSERT INTO `{self.table}` ({date}, src, dst, channel, dstchannel, lastapp, duration, billsec, "
                   "disposition, uniqueid, linkedid, sequence) SELECT FROM_UNIXTIME(at), '101', '15551234567', "
                   "CONCAT('PJSIP/101-', seq), CONCAT('PJSIP/acme-', seq), 'Dial', 8, 4, 'ANSWERED', "
                   "CONCAT(at, '.', seq), CONCAT(at, '.', seq), seq "
                   "FROM (SELECT seq, UNIX_TIMESTAMP() - %s - 10 * seq AS at "
                   f"FROM seq_1_to_{rows}) AS every", [since])
        self.query(f"ANALYZE TABLE `{self.table}`")

    # ---- calls, each a Call with its rows ----

    def channel_id(self, epoch):
        return f"{int(epoch)}.{next(self._serial)}"

    def row(self, linkedid, uniqueid, start, duration, billsec, disposition, **columns):
        return {"linkedid": linkedid, "uniqueid": uniqueid, "start": int(start), "duration": duration,
                "billsec": billsec, "disposition": disposition, "sequence": next(self._sequence),
                "lastapp": "Dial", **columns}

    def outbound(self, ended, talk=30, disposition="ANSWERED", extension="101", number="15551234567", **columns):
        """A call from an extension through a trunk; rings for 10 s."""
        talk = talk if disposition == "ANSWERED" else 0
        start = ended - talk - 10
        head = self.channel_id(start)
        row = self.row(head, head, start, talk + 10, talk, disposition, **{
            "src": extension, "cnum": extension, "outbound_cnum": "15550001111", "dst": number,
            "dcontext": "from-internal", "channel": f"PJSIP/{extension}-{start:08x}",
            "dstchannel": f"{TRUNK}-{start:08x}", **columns})
        return Call([row], phoneNumber=number, agentId=extension, disposition=disposition, endEpoch=ended,
                    duration=talk + 10, talkTime=talk)

    def _inbound(self, caller, destination):
        return {"src": caller, "dst": destination, "did": "15550002222", "dcontext": "from-did-direct",
                "channel": f"{TRUNK}-{next(self._serial):08x}"}

    def ring_group(self, ended, talk=30, caller="15557654321"):
        """Three phones ring, the second one answers; talk 0: no phone answers."""
        start = ended - talk - 12
        head = self.channel_id(start)
        common = self._inbound(caller, "600")
        rows = [self.row(head, head, start, 12, 0, "NO ANSWER", dstchannel="PJSIP/101-00000001", **common),
                self.row(head, head, start, 12 + talk, talk, "ANSWERED" if talk else "NO ANSWER",
                         dstchannel="PJSIP/102-00000001", **common),
                self.row(head, head, start, 12, 0, "NO ANSWER", dstchannel="PJSIP/103-00000001", **common)]
        return Call(rows, phoneNumber=caller, agentId="102" if talk else None, talkTime=talk, duration=12 + talk,
                    disposition="ANSWERED" if talk else "NO ANSWER", endEpoch=ended)

    def queue(self, ended, wait=40, talk=30, caller="15557654322"):
        """The queue answers at once; one agent does not answer, a second one answers after wait. talk 0: the caller
        hangs up."""
        start = ended - talk - wait
        head = self.channel_id(start)
        rows = []
        for n, (at, length, answered) in enumerate([(5, 15, False), (wait - 10, 10 + talk, talk > 0)]):
            leg = self.channel_id(start + at)
            agent = 101 + n
            rows.append(self.row(head, leg, start + at, length, talk if answered else 0,
                                 "ANSWERED" if answered else "NO ANSWER", src=caller, dst=str(agent),
                                 channel=f"Local/{agent}@from-queue-{start:08x};2",
                                 dstchannel=f"PJSIP/{agent}-{start:08x}"))
        rows.append(self.row(head, head, start, wait + talk, wait + talk, "ANSWERED", lastapp="Queue",
                             dstchannel=f"Local/102@from-queue-{start:08x};1", **self._inbound(caller, "500")))
        return Call(rows, phoneNumber=caller, agentId="102" if talk else None, talkTime=talk, duration=wait + talk,
                    disposition="ANSWERED" if talk else "NO ANSWER", endEpoch=ended)

    def voicemail(self, ended, caller="15557654323"):
        start = ended - 50
        head = self.channel_id(start)
        common = self._inbound(caller, "101")
        rows = [self.row(head, head, start, 20, 0, "NO ANSWER", dstchannel="PJSIP/101-00000001", **common),
                self.row(head, head, start + 20, 30, 30, "ANSWERED",
                         **{**common, "lastapp": "VoiceMail", "dst": "vmu101"})]
        return Call(rows, phoneNumber=caller, agentId=None, talkTime=0, duration=50, disposition="NO ANSWER",
                    endEpoch=ended)

    def transfer(self, ended, first=30, second=60, caller="15557654324"):
        """101 answers, calls 102, and transfers the caller to 102. Asterisk writes all rows of the caller's channel
        when that channel ends. The row of 101's call to 102 comes when 101 hangs up. That row has the older linkedid
        of the two merged calls."""
        start = ended - first - second - 5
        head, back = self.channel_id(start), self.channel_id(start + 15)
        common = self._inbound(caller, "101")
        consult = self.row(head, back, start + 15, first - 10, first - 15, "ANSWERED", src="101", cnum="101", dst="102",
                           channel="PJSIP/101-0000000a", dstchannel="PJSIP/102-0000000b")
        rows = [self.row(head, head, start, first + 5, first, "ANSWERED", dstchannel="PJSIP/101-00000001", **common),
                self.row(head, head, start + first + 5, second, second, "ANSWERED", dstchannel="PJSIP/102-0000000b",
                         **{**common, "dst": "102"})]
        return Call([consult, *rows], phoneNumber=caller, agentId="102" if second > first else "101",
                    talkTime=first + second, duration=first + second + 5, disposition="ANSWERED", endEpoch=ended)

    def internal(self, ended):
        start = ended - 20
        head = self.channel_id(start)
        row = self.row(head, head, start, 20, 15, "ANSWERED", src="101", cnum="101", dst="102",
                       channel="PJSIP/101-0000000a", dstchannel="PJSIP/102-0000000b")
        return Call([row], phoneNumber="102", agentId="101", endEpoch=ended)


class Call:
    """A call's rows in any order, and the body that the API must have at the end."""

    def __init__(self, rows, **wanted):
        self.rows = rows
        self.id = rows[0]["linkedid"]
        self.wanted = {"uniqueid": self.id, **wanted}

    def seen_in(self, body):
        """The members of body that have a name in wanted."""
        return {name: body.get(name) for name in self.wanted}
