"""A database with a clock that the simulation sets: mariadbd under libfaketime, which reads the time from a file."""
import bisect
import os
import pathlib
import tempfile
import time
import unittest.mock

import harness.dialer
from harness.dialer import Dialer


def _library():
    """The library's variant for programs with threads. The other variant sometimes shows the real time when two
    threads ask at once."""
    found = sorted(pathlib.Path("/usr/lib").glob("**/faketime/libfaketimeMT.so.1"))
    if not found:
        raise FileNotFoundError("libfaketime is not installed (Debian: libfaketime)")
    return found[0]


class Shown:
    """The dialer's clock at a true time. jumps: (true epoch, seconds by which the clock is set forward at that
    time), in the order of time."""

    def __init__(self, jumps=()):
        self._since = [epoch for epoch, _ in jumps]
        self._wrong_by = [0]
        for _, seconds in jumps:
            self._wrong_by.append(self._wrong_by[-1] + seconds)

    def wrong_by(self, epoch):
        return self._wrong_by[bisect.bisect_right(self._since, epoch)]

    def __call__(self, epoch):
        return epoch + self.wrong_by(epoch)


class ClockedDialer(Dialer):
    """set_clock stops the server's clock at an epoch; NOW(), UNIX_TIMESTAMP() and FROM_UNIXTIME() follow the clock.

    The clock runs while the server starts or ends, because mariadbd waits for the time to move.
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
        os.rename(new, self._clock)  # the server reads the file at any moment and must never read half a line
