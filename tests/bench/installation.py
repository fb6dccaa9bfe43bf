"""The program as a user has it: configuration, state and log in a directory of its own."""
import contextlib
import pathlib
import re
import shutil
import sqlite3
import tempfile

from harness.sync import Sync

import measure


class Installation(Sync):
    """Bound to a database and an API. Its state is that of a program that has long been at work: there is a ledger, the
    sweep of the last minutes is done, and nothing is known of the calls that are to be sent."""

    def __init__(self, directory, database, api, **api_settings):
        super().__init__(tempfile.mkdtemp(dir=directory), database, api)
        # Only the benchmark's own backlogs take longer than a minute.
        self.configure(config={"sync": {"time_budget": 3600, "backfill_rate": 0}, "api": dict(api_settings)})
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
        """To the state kept, and to a checkpoint, as an outage would have left it. A person who sets a checkpoint has the
        run count the calls that are sent again, and sweep; neither is part of what a call costs."""
        shutil.rmtree(self.state)
        shutil.copytree(self._kept, self.state)
        if checkpoint:
            self.set_checkpoint(checkpoint)
            end_epoch, _, uniqueid = checkpoint.partition(" ")
            self._change_ledger("UPDATE note SET number = ?, text = ? WHERE name IN ('checkpoint', 'floor')", end_epoch,
                                uniqueid)

    def make_sweep_due(self):
        self._change_ledger("DELETE FROM note WHERE name = 'last_sweep'")

    def _change_ledger(self, sql, *values):
        with contextlib.closing(sqlite3.connect(self.state / "ledger.db")) as ledger:
            ledger.execute(sql, values)
            ledger.commit()

    def command(self, *more):
        """As cron starts it, but for the seconds by which --cron lets hosts start one after the other."""
        return self._command(["run", *more])

    def go(self, sent=None):
        """One run; its cost. It must have sent so many calls."""
        before = self.log_file.stat().st_size if self.log_file.exists() else 0
        cost = measure.cost(self.command(), env={"PATH": "/usr/bin:/bin"})
        with open(self.log_file, "rb") as log:
            log.seek(max(before, self.log_file.stat().st_size - 2000))
            said = log.read().decode("utf-8", "replace")
        counted = re.search(r"Summary: (\d+) processed, (\d+) failed", said)
        if not counted or (sent is not None and (int(counted[1]), int(counted[2])) != (sent, 0)):
            raise RuntimeError(f"the run did not send {sent} calls:\n{said}")
        return cost
