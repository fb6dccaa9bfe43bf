"""promtool, Prometheus' own checker of metrics and rules; see the Makefile for where it comes from."""
import os
import shutil
import subprocess

import pytest

from .process import ROOT


def promtool(*args, text=None, cwd=None):
    """Runs it; skips the test where there is none. Returns what it says; a test fails when it finds something."""
    built = ROOT / "build" / "promtool"
    path = shutil.which("promtool") or (str(built) if os.access(built, os.X_OK) else None)
    if path is None:
        pytest.skip("there is no promtool: make build/promtool, or install Debian's package prometheus")
    done = subprocess.run([path, *map(str, args)], input=text, cwd=cwd, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
