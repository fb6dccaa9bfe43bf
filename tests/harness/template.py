"""Directories that are slow to make: each is made once, and then copied."""
import atexit
import contextlib
import fcntl
import functools
import os
import pathlib
import shutil
import tempfile

# A directory in which the processes of one session share them. Without it, each process makes its own.
SHARED = "TEST_TEMPLATES"


@contextlib.contextmanager
def shared():
    """Processes that are started in between share what they make."""
    with tempfile.TemporaryDirectory(prefix="test-templates-") as directory:
        os.chmod(directory, 0o755)  # another user may run the server
        os.environ[SHARED] = directory
        try:
            yield
        finally:
            del os.environ[SHARED]


@functools.lru_cache(maxsize=None)
def template(name, make):
    """The directory of that name. make(directory) fills it; of several processes, the first one does."""
    common = os.environ.get(SHARED)
    if not common:
        directory = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-template-"))
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        make(directory)
        return directory
    directory, complete = pathlib.Path(common) / name, pathlib.Path(common) / f"{name}.complete"
    with open(f"{directory}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            shutil.rmtree(directory, ignore_errors=True)  # from a process that ended meanwhile
            directory.mkdir()
            make(directory)
            complete.touch()
    return directory
