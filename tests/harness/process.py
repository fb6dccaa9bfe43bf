"""Child processes that end with the test, even when the test is killed."""
import ctypes
import os
import pathlib
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def spawn(command, **options):
    """Popen of a child that the kernel kills when the calling thread ends for any reason."""
    parent = os.getpid()

    def die_with_parent():
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent ended before prctl
            os._exit(1)

    return subprocess.Popen([str(word) for word in command], preexec_fn=die_with_parent, **options)


def end(process, sig=signal.SIGTERM, patience=10):
    """Ends a child and waits; kills a child that does not end in time. Returns its exit status."""
    if process.poll() is None:
        process.send_signal(sig)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def until(condition, said="it does not come to pass", seconds=60):
    """Waits for something that another process does, with much patience: a machine may be slow. Returns what the
    condition returned. said: a text, or a function of it, for the case that it never holds."""
    deadline = time.monotonic() + seconds
    while not (held := condition()):
        assert time.monotonic() < deadline, said() if callable(said) else said
        time.sleep(0.05)
    return held


def program(variable, default):
    """The path of a program under build/, unless the environment names another."""
    return pathlib.Path(os.environ.get(variable) or ROOT / default).absolute()
