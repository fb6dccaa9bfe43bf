"""The plan of a strike, as environment for the program, and what the shim reports of it. See shim.c."""
import contextlib
import functools
import pathlib
import signal
import types

from harness.process import program

END_STATUS = -signal.SIGKILL

FILES = ("write", "sync", "rename", "unlink", "truncate")
NETWORK = ("send", "recv")


def library():
    path = program("FAULT_SHIM", "build/fault-shim.so")
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: make shim")
    return path


@functools.lru_cache(maxsize=None)
def cannot_load():
    """Why the shim cannot be loaded into the program under test; None when it can."""
    binary = program("SYNC_BINARY", "build/did-optimizer-sync")
    if binary.exists() and b"__asan_init" in binary.read_bytes():
        return "the sanitizers' library wants to be loaded before any other"
    return None


class Strike:
    """Where and how the program is struck; without at it is only watched.

    kinds are those of shim.c; None means every durable step and every one on the way to the API. Give env to
    Sync.run(), then ask report().
    """

    def __init__(self, sync, at=0, action="kill", when="before", kinds=None, lasting=1, root=None, clock_ahead=0):
        self._count = pathlib.Path(sync.directory) / "fault-count"
        self._trace = pathlib.Path(sync.directory) / "fault-trace"
        for file in (self._count, self._trace):
            with contextlib.suppress(FileNotFoundError):
                file.unlink()
        self.env = {"LD_PRELOAD": str(library()), "FAULT_ROOT": str(root or sync.state), "FAULT_AT": str(at),
                    "FAULT_ACTION": action, "FAULT_WHEN": when, "FAULT_FOR": str(lasting),
                    "FAULT_CLOCK": str(clock_ahead),
                    "FAULT_COUNT": str(self._count), "FAULT_TRACE": str(self._trace)}
        if kinds is not None:
            self.env["FAULT_KINDS"] = ",".join(kinds)

    def has_hit(self):
        """Whether the program was struck. For a program that still runs."""
        return self._count.exists() and int(self._count.read_text().split()[1]) > 0

    def report(self):
        """steps and hits, as counted up to the strike that ended the program, else up to the end of main (or, when
        the program left by another way, up to the first hit); and trace: the steps themselves but for allocations,
        as (kind, name of the file in the state directory, or "api")."""
        steps, hits = map(int, self._count.read_text().split())
        lines = self._trace.read_text().splitlines()
        return types.SimpleNamespace(steps=steps, hits=hits,
                                     trace=[tuple(line.split(" ", 1)) for line in lines])
