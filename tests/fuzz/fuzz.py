"""Runs the fuzz targets. `make fuzz` calls it:   tests/fuzz/fuzz.py SECONDS [TARGET...]

Each target runs for that long, as many at once as there are processors, from its kept corpus. What they find goes to
build/fuzz/finds, and what is new to build/fuzz/corpus, where the next run goes on. The closing line is the count.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE, BUILD = ROOT / "tests/fuzz", ROOT / "build/fuzz"


def targets():
    return sorted(path.stem for path in HERE.glob("*.c"))


def fuzz(target, seconds, grow=True):
    """Runs one target. Returns (executions, what it found or "")."""
    finds, grown, kept = BUILD / "finds", BUILD / "corpus" / target, HERE / "corpus" / target
    for directory in (finds, grown):
        directory.mkdir(parents=True, exist_ok=True)
    command = [BUILD / "targets" / target, f"-max_total_time={seconds}", "-max_len=2048", "-timeout=10",
               f"-artifact_prefix={finds}/{target}-", "-print_final_stats=1"]
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "TMPDIR": directory, "ASAN_OPTIONS": "detect_leaks=1",
                       "UBSAN_OPTIONS": "print_stacktrace=1"}
        # The first directory of the corpus takes what is new: never the kept one.
        fresh = pathlib.Path(directory) / "corpus"
        fresh.mkdir()
        done = subprocess.run([*command, grown if grow else fresh, kept], stdin=subprocess.DEVNULL, cwd=ROOT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              env=environment)
    executed = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stdout)
    if done.returncode != 0 or executed is None:
        return 0, done.stdout or f"ended with {done.returncode}"
    return int(executed.group(1)), ""


def fuzz_all(seconds, chosen=(), grow=True):
    """Yields (target, executions, find) as they end."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        under_way = {pool.submit(fuzz, target, seconds, grow): target for target in chosen or targets()}
        for done in concurrent.futures.as_completed(under_way):
            yield (under_way[done], *done.result())


def main():
    seconds, chosen = int(sys.argv[1]), sys.argv[2:]
    total = found = 0
    for target, executions, find in fuzz_all(seconds, chosen):
        print(f"{target}: {executions:,} executions" if not find else f"{target}: FOUND\n{find}", flush=True)
        total, found = total + executions, found + bool(find)
    print(f"{total:,} executions, {found} finds")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
