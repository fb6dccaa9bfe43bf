"""The cost of a process."""
import collections
import math
import os
import statistics
import subprocess
import tempfile

from harness.process import ROOT

Cost = collections.namedtuple("Cost", "wall cpu memory out")  # seconds, seconds, KiB, standard output


def program(name):
    return str(ROOT / "build" / "bench" / name)


def cost(command, env=None, fine=(0, 75), timeout=600):
    """Runs a command to its end, and returns the cost. The exit status must be one of `fine`."""
    with tempfile.NamedTemporaryFile("r") as result:
        done = subprocess.run([program("timed"), result.name, *map(str, command)], env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", timeout=timeout)
        words = result.read().split()
    if len(words) != 4 or int(words[3]) not in fine:
        name = os.path.basename(str(command[0]))
        raise RuntimeError(f"{name} failed: {words}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return Cost(float(words[0]), float(words[1]), int(words[2]), done.stdout)


def alternate(times, *actions):
    """Does the actions in turn, so many times. Returns a list of results for each action. A disturbance of the
    machine then affects all actions alike."""
    results = [[] for _ in actions]
    for _ in range(times):
        for action, kept in zip(actions, results):
            kept.append(action())
    return results


def median(costs, name="wall"):
    return statistics.median(getattr(one, name) for one in costs)


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered), max(1, math.ceil(share * len(ordered)))) - 1]
