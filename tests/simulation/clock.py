"""A database whose clock the simulation sets: mariadbd under libfaketime, which reads the time from a file."""
import os
import pathlib
import tempfile
import time
import unittest.mock

import harness.dialer
from harness.dialer import Dialer


def _library():
    """The variant for programs with threads: the other one shows the real time now and then when two ask at once."""
    found = sorted(pathlib.Path("/usr/lib").glob("**/faketime/libfaketimeMT.so.1"))
    if not found:
        raise FileNotFoundError("libfaketime is not installed (Debian: libfaketime)")
    return found[0]


class ClockedDialer(Dialer):
    """Its clock stands still at the epoch given to set_clock; NOW(), UNIX_TIMESTAMP() and FROM_UNIXTIME() follow it.

    While the server starts or ends the clock runs, as mariadbd waits there for it to move.
    """

    def __init__(self, epoch, **options):
        self._epoch = epoch
        self._clock = pathlib.Path(tempfile.mkdtemp(prefix="clock-")) / "now"
        self._environment = {"LD_PRELOAD": str(_library()), "FAKETIME_TIMESTAMP_FILE": str(self._clock),
                             "FAKETIME_NO_CACHE": "1", "FAKETIME_FMT": "%s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        super().__init__(**options)

    def start(self):
        spawn = harness.dialer.spawn

        def spawn_with_clock(command, env, **options):
            return spawn(command, env={**env, **self._environment}, **options)

        self._let_run()
        with unittest.mock.patch.object(harness.dialer, "spawn", spawn_with_clock):
            super().start()
        self.set_clock(self._epoch)

    def halt(self):
        self._let_run()
        super().halt()

    def stop(self):
        super().stop()
        self._clock.unlink(missing_ok=True)
        self._clock.parent.rmdir()

    def set_clock(self, epoch):
        self._epoch = epoch
        self._write(str(epoch))

    def _let_run(self):
        self._write(f"{self._epoch - round(time.time()):+d}")

    def _write(self, text):
        new = self._clock.with_suffix(".new")
        new.write_text(text + "\n")
        os.rename(new, self._clock)  # the server reads the file at any moment: never half of it
