"""Runs the tests and counts them. `make test` and `make check` call it:

    tests/run.py all [PATTERN]     the unit and integration tests on both builds, plain and sanitizers; the fuzz targets
    tests/run.py unit [PATTERN]    only the unit tests
    tests/run.py all|unit PATTERN BUILD    the same on the build in that directory, without the fuzz targets

PATTERN selects tests by name: for integration tests it is pytest's -k, for unit tests a part of the name. The last
line is `N passed, N failed`.
"""
import concurrent.futures
import functools
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from fuzz.fuzz import fuzz_all, targets
from harness.template import shared

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "results"
BUILDS = {"plain": ROOT / "build", "sanitizers": ROOT / "build" / "asan"}
FUZZ_SECONDS = 3  # a target
# A leak or an undefined shift must fail the test that met it. Freed memory is kept back for 4 MB of later frees. With
# the default of 256 MB, a test that forks often spends half of its time on copying the tables of pages.
SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99:quarantine_size_mb=4",
              "UBSAN_OPTIONS": "print_stacktrace=1"}


def unit_test(build_name, pattern, program):
    """Each test program writes its own result file."""
    result = RESULTS / f"unit-{build_name}-{program.name}.xml"
    environment = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="xml", CMOCKA_XML_FILE=str(result), **SANITIZERS)
    if pattern:
        environment["UNIT_FILTER"] = f"*{pattern}*"
    done = subprocess.run([program], env=environment, capture_output=True, text=True, cwd=ROOT, timeout=600)
    if done.returncode != 0 or not result.exists():
        print(f"{program.name} ({build_name}) ended with {done.returncode}\n{done.stdout}{done.stderr}")
    if not result.exists() or (done.returncode != 0 and count(result)[1] == 0):
        # It died before it could say so, or a sanitizer spoke after the last test.
        return 0, 1
    return count(result)


def unit_tests(build_name, pattern):
    """As many at once as there are processors."""
    programs = sorted(path for path in (BUILDS[build_name] / "unit").glob("*/test_*") if path.suffix == "")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        yield from pool.map(functools.partial(unit_test, build_name, pattern), programs)


def python_environment():
    """Python keeps what it compiles, but not in the source tree. Without that, each worker would compile each test."""
    environment = dict(os.environ, PYTHONPYCACHEPREFIX=str(ROOT / "build/pycache"))
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def compile_integration_tests():
    """Starts to compile them, before several workers would do it at the same time. Returns the process."""
    return subprocess.Popen([sys.executable, "-m", "pytest", "-c", "tests/pytest.ini", "-q", "--collect-only",
                             "tests/integration"], env=python_environment(), cwd=ROOT, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def integration_tests(build_name, pattern):
    result = RESULTS / f"integration-{build_name}.xml"
    environment = dict(python_environment(), SYNC_BINARY=str(BUILDS[build_name] / "did-optimizer-sync"),
                       STANDIN=str(ROOT / "build/standin"), **SANITIZERS)
    workers = str(3 * (os.cpu_count() or 1))  # a test waits most of its time
    command = [sys.executable, "-m", "pytest", "-c", "tests/pytest.ini", "-q", "-n", workers, "--dist", "loadgroup",
               f"--junitxml={result}", "tests/integration"]
    if pattern:
        command += ["-k", pattern]
    if build_name in ("sanitizers", "asan"):
        command += ["-m", "not plain_only"]
    done = subprocess.run(command, env=environment, cwd=ROOT)
    if not result.exists() or done.returncode not in (0, 1, 5):  # 5: the pattern matches nothing
        return 0, 1
    return count(result)


def fuzz_targets(pattern):
    """Each fuzz target is a test: FUZZ_SECONDS a target find nothing new."""
    chosen = [target for target in targets() if pattern in f"fuzz_{target}"]
    for target, executions, find in fuzz_all(FUZZ_SECONDS, chosen, grow=False) if chosen else ():
        if find:
            print(f"FAILED fuzz_{target}\n{find}")
        yield executions, bool(find)


def count(result):
    passed = failed = 0
    for case in ElementTree.parse(result).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
            print(f"FAILED {case.get('classname') or result.stem} {case.get('name')}")
        elif case.find("skipped") is None:
            passed += 1
    return passed, failed


def main():
    which, pattern, build = (sys.argv[1:] + ["", ""])[:3]
    if build:
        BUILDS.clear()
        BUILDS[pathlib.Path(build).name] = ROOT / build
    RESULTS.mkdir(parents=True, exist_ok=True)
    for old in RESULTS.glob("*.xml"):
        old.unlink()
    passed = failed = 0
    compiling = compile_integration_tests() if which == "all" else None
    for build_name in BUILDS:
        here = [0, 0]
        for good, bad in unit_tests(build_name, pattern):
            here[0] += good
            here[1] += bad
        print(f"unit tests, {build_name}: {here[0]} passed, {here[1]} failed", flush=True)
        passed, failed = passed + here[0], failed + here[1]
    if which == "all":
        compiling.wait()
        for build_name in BUILDS:
            with shared():
                good, bad = integration_tests(build_name, pattern)
            print(f"integration tests, {build_name}: {good} passed, {bad} failed", flush=True)
            passed, failed = passed + good, failed + bad
    if which == "all" and not build:
        ended = list(fuzz_targets(pattern))
        found = sum(find for _, find in ended)
        print(f"fuzz targets: {len(ended) - found} passed, {found} failed "
              f"({sum(executions for executions, _ in ended):,} executions)", flush=True)
        passed, failed = passed + len(ended) - found, failed + found
    if passed + failed == 0:
        print(f"no test matches '{pattern}'")
        failed = 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
