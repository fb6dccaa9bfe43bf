import os
import sys

sys.dont_write_bytecode = True  # before the first import of ours: the source tree stays clean

import pytest

from deb.root import Root, host_release, remove_left_over


def pytest_sessionstart(session):
    if os.geteuid() != 0:
        pytest.exit("make test-deb makes and enters bare Debian systems: run it as root", 1)
    remove_left_over()


def pytest_unconfigure(config):
    """The last line: how many passed and failed."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    counts = {name: len(reporter.stats.get(name, ())) for name in ("passed", "failed", "error", "skipped")}
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    print(f"{counts['passed']} passed, {counts['failed'] + counts['error']} failed{skipped}")


@pytest.fixture(scope="module")
def host():
    """A bare system of the release that the package was built on."""
    with Root(host_release()) as root:
        yield root
