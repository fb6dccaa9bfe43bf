"""`make check-releases`: the program is built and its unit tests run on other Debian releases, with each compiler.

    tests/releases.py RELEASE...

Each release is a bare system of its own, where the Makefile installs what it needs itself. A line for each release and
compiler; one that the mirror does not give is said and not counted. Exit status 1 when something fails, or nothing ran.
"""
import os
import re
import sys

sys.dont_write_bytecode = True  # before the first import of ours: the source tree stays clean

from deb.build import source_tree
from deb.root import NotToBeHad, Root, remove_left_over

COMPILERS = {"gcc": ("need-unit", "-dumpfullversion"), "clang": ("need-clang", "-dumpversion")}
BUILDS = {"": [], ", sanitizers": ["SANITIZE=1"]}


class Failed(Exception):
    pass


def run(root, *command):
    return root.finish(root.start("nice", *command), timeout=3600)


def must(root, *command, otherwise=Failed):
    done = run(root, *command)
    if done.code != 0:
        raise otherwise(done.out)
    return done.out


def unit_tests(root, tree, compiler, kind):
    """Builds in one way and runs the tests: how many passed and failed."""
    build = f"build/{compiler}{'-sanitizers' if kind else ''}"
    must(root, "make", "-s", "-k", "-C", tree, f"-j{os.cpu_count()}", f"BUILD={build}", f"CC={compiler}",
         "CPPFLAGS=-Werror", *BUILDS[kind], "binaries", "unit-tests")
    done = run(root, "sh", "-c", f"cd {tree} && python3 -B tests/run.py unit '' {build}")
    counts = re.search(r"^(\d+) passed, (\d+) failed$", done.out, re.M)
    if not counts:
        raise Failed(done.out)
    if done.code != 0:
        print(done.out)
    return int(counts[1]), int(counts[2])


def compilers(release):
    """Tries each compiler there, in each way: its name, how many tests passed, how many failed."""
    with Root(release) as root:
        tree = "/srv/" + source_tree(root.path("/srv")).name
        must(root, "sh", "-c", "apt-get update -q && apt-get install -q -y --no-install-recommends make",
             otherwise=NotToBeHad)
        for compiler, (packages, version) in COMPILERS.items():
            must(root, "make", "-s", "-C", tree, packages, otherwise=NotToBeHad)
            name = f"{compiler} {must(root, compiler, version).strip()}"
            for kind in BUILDS:
                try:
                    counts = unit_tests(root, tree, compiler, kind)
                except Failed as reason:
                    print(reason)
                    counts = 0, 1
                yield name + kind, *counts


def main():
    if os.geteuid() != 0:
        sys.exit("make check-releases makes and enters bare Debian systems: run it as root")
    remove_left_over()
    passed = failed = 0
    missing = []
    for release in sys.argv[1:]:
        try:
            for name, good, bad in compilers(release):
                print(f"{release} {name}: {good} passed, {bad} failed", flush=True)
                passed, failed = passed + good, failed + bad
        except NotToBeHad as reason:
            missing.append(release)
            print(f"{release} is not to be had: {reason}", flush=True)
    print(f"{passed} passed, {failed} failed" + (f"; not to be had: {' '.join(missing)}" if missing else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
