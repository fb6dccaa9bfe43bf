"""promtool, Prometheus' checker of metrics and rules. The Makefile says where to get promtool."""
import os
import shutil
import subprocess

import pytest

from .process import ROOT


def promtool(*args, text=None, cwd=None):
    """Runs promtool and returns its output. Skips the test without promtool; fails the test if promtool complains."""
    built = ROOT / "build" / "promtool"
    path = shutil.which("promtool") or (str(built) if os.access(built, os.X_OK) else None)
    if path is None:
        pytest.skip("promtool is missing: make build/promtool, or install Debian's package prometheus")
    done = subprocess.run([path, *map(str, args)], input=text, cwd=cwd, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
