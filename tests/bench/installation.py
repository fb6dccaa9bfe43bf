"""The program as a user has it: configuration, state and log in a directory of its own."""
import contextlib
import pathlib
import re
import shutil
import sqlite3
import tempfile

from harness.sync import Sync

import measure
from traffic import LONGEST_CALL


class Installation(Sync):
    """An installation with a database and an API, in the state of a program that has run for a long time: the ledger
    exists, and the sweep of the last minutes is done. The ledger does not have the calls that are to be sent."""

    def __init__(self, directory, database, api, source="vicidial", **api_settings):
        super().__init__(tempfile.mkdtemp(dir=directory), database, api)
        self._database = database
        # Only the benchmark's own backlogs take longer than a minute.
        self.configure(config={"sync": {"time_budget": 3600, "backfill_rate": 0}, "api": dict(api_settings),
                               "database": {"max_server_time": 0}, "source": {"type": source}})
        if getattr(api, "ca", None):
            self.configure(config={"api": {"ca_file": api.ca}})
        self._kept = pathlib.Path(self.directory) / "kept-state"
        self.set_checkpoint(database.now())
        self.go(sent=0)
        self.keep_state()

    def keep_state(self):
        shutil.rmtree(self._kept, ignore_errors=True)
        shutil.copytree(self.state, self._kept)

    def go_back(self, checkpoint=None):
        """Returns to the kept state, with a checkpoint as after an outage. If a person sets a checkpoint instead, the
        run also counts the calls that are sent again, and sweeps. Neither is part of the cost of a call."""
        shutil.rmtree(self.state)
        shutil.copytree(self._kept, self.state)
        if checkpoint:
            self.set_checkpoint(checkpoint)
            end_epoch, _, uniqueid = checkpoint.partition(" ")
            self._change_ledger("UPDATE note SET number = ?, text = ? WHERE name IN ('checkpoint', 'floor')", end_epoch,
                                uniqueid)
            # The watch list is empty, so the scan begins before the calls that were open then.
            self._change_ledger("UPDATE note SET number = ? WHERE name = 'scanned_to'", int(end_epoch) - LONGEST_CALL)

    def learn(self, checkpoint, sent):
        """Makes a first run. Later runs know how many requests the address handles at once, whether it speaks HTTP/2,
        and how late the dialer writes its rows."""
        self.go_back(checkpoint)
        self.go(sent=sent)
        ((note,),) = self.ledger("SELECT text FROM note WHERE name = 'pace'")
        self.go_back()
        self._change_ledger("INSERT OR REPLACE INTO note (name, number, text) VALUES ('pace', 0, ?)", note)
        self.know_for_days(self._database.now())
        self.keep_state()

    def know_for_days(self, now):
        """As if runs had observed this dialer for two days: it writes its rows up to 40 s late."""
        for name, number in ("late_now", 40), ("late_before", 40), ("late_since", now - 3600):
            self._change_ledger("INSERT OR REPLACE INTO note (name, number, text) VALUES (?, ?, '')", name, number)

    def make_sweep_due(self):
        self._change_ledger("DELETE FROM note WHERE name = 'last_sweep'")

    def _change_ledger(self, sql, *values):
        with contextlib.closing(sqlite3.connect(self.state / "ledger.db")) as ledger:
            ledger.execute(sql, values)
            ledger.commit()

    def command(self, *more):
        """The command that cron starts. Without --cron, because a run with --cron first waits, so that hosts start
        one after the other."""
        return self._command(["run", *more])

    def go(self, sent=None):
        """Makes one run, and returns the run's cost. sent: the run must have sent so many calls."""
        before = self.log_file.stat().st_size if self.log_file.exists() else 0
        cost = measure.cost(self.command(), env={"PATH": "/usr/bin:/bin"})
        with open(self.log_file, "rb") as log:
            log.seek(max(before, self.log_file.stat().st_size - 2000))
            said = log.read().decode("utf-8", "replace")
        counted = re.search(r"Summary: (\d+) processed, (\d+) failed", said)
        if not counted or (sent is not None and (int(counted[1]), int(counted[2])) != (sent, 0)):
            raise RuntimeError(f"the run did not send {sent} calls:\n{said}")
        return cost
