"""`make demo-routes` shows what it promises."""
import subprocess
import sys

from harness.process import ROOT


def test_demo_routes_delivers_each_call_by_its_own_route():
    done = subprocess.run([sys.executable, "-B", ROOT / "tests/demo_routes.py"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          encoding="utf-8", timeout=120, cwd=ROOT)
    assert done.returncode == 0, done.stdout
    for words in ("type = records", "type = webhook", "type = asterisk-cdr", "Each call arrived once, by its own route."):
        assert words in done.stdout, done.stdout
