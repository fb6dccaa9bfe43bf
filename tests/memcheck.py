"""The integration tests with the program under valgrind. `make memcheck` calls it:   tests/memcheck.py [PATTERN]

No run of the program may touch memory that is not its own, lose memory, or end with a descriptor open besides the three
that it was given. Under valgrind the program is about thirty times slower, so a test of time may fail. `make test` says
whether the tests pass; here only the findings of valgrind count. Tests of every step try a tenth of the steps.
"""
import collections
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PLACE = ROOT / "build" / "memcheck"
LOGS = PLACE / "logs"
BINARY = ROOT / "build" / "did-optimizer-sync"
OPTIONS = ["--leak-check=full", "--track-fds=yes", "--num-callers=24", "--vgdb=no"]
CLEAN, FINDING, CUT = "clean", "finding", "cut"


def wrapper():
    """A program that the tests take for ours. Runs under any user write their findings where they all may write."""
    LOGS.mkdir(parents=True, exist_ok=True)
    LOGS.chmod(0o1777)
    for old in LOGS.iterdir():
        old.unlink()
    script = PLACE / "did-optimizer-sync"
    script.write_text(f'#!/bin/sh\nexec valgrind {" ".join(OPTIONS)} --log-file="{LOGS}/%p" "{BINARY}" "$@"\n')
    script.chmod(0o755)
    return script


def processes(log):
    """What was written of each process: a run and those it forked share a file."""
    texts = collections.defaultdict(list)
    for line in log.read_text(errors="replace").splitlines():
        if found := re.match(r"==(\d+)== ?(.*)", line):
            texts[found.group(1)].append(found.group(2))
    return ["\n".join(lines) for lines in texts.values()]


def judge(text):
    """CLEAN, FINDING, or CUT for a process that a test killed: it had no time to put everything back."""
    crashed = re.search(r"^Process terminating with default action of signal (?:4|7|8|11) ", text, re.M)
    if crashed or re.search(r"^(?:Invalid|Conditional|Use of|Syscall param|Mismatched|Source and dest) ", text, re.M):
        return FINDING
    descriptors = re.search(r"^FILE DESCRIPTORS: (\d+) open \((\d+) (?:std|inherited)\)", text, re.M)
    errors = re.search(r"^ERROR SUMMARY: (\d+) errors", text, re.M)
    if not descriptors or not errors or re.search("^Process terminating ", text, re.M):
        return CUT
    return CLEAN if errors.group(1) == "0" and descriptors.group(1) == descriptors.group(2) else FINDING


def essence(text):
    """The finding without what differs from run to run, to count equal ones once."""
    frames = re.findall(r"^ +(?:at|by) 0x[0-9A-F]+: (.+)$", text, re.M)
    return tuple(frames[:8]) or tuple(re.findall(r"^Open .+$", text, re.M))


def main():
    pattern = (sys.argv[1:] + [""])[0]
    environment = dict(os.environ, SYNC_BINARY=str(wrapper()), STANDIN=str(ROOT / "build/standin"),
                       PYTHONDONTWRITEBYTECODE="1", SWEEP_SHARE="0.1")
    command = [sys.executable, "-m", "pytest", "-c", "tests/pytest.ini", "-q", "-n", "2", "tests/integration"]
    subprocess.run(command + (["-k", pattern] if pattern else []), env=environment, cwd=ROOT)
    counts, found = collections.Counter(), collections.defaultdict(list)
    for text in (text for log in LOGS.iterdir() for text in processes(log)):
        counts[judge(text)] += 1
        if judge(text) == FINDING:
            found[essence(text)].append(text)
    for texts in found.values():
        print(f"---- in {len(texts)} processes, one of them:\n{texts[0]}")
    print(f"{counts.total()} processes under valgrind, {counts[CUT]} of them killed by their tests: "
          f"{counts[CLEAN]} clean, {counts[FINDING]} with {len(found)} different findings")
    return 1 if found or not counts[CLEAN] else 0


if __name__ == "__main__":
    sys.exit(main())
