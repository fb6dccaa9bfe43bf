"""The live page under load: how many requests a second it answers, and how long the slowest hundredth takes, beside a
program that does nothing but answer with libmicrohttpd."""
import contextlib
import pathlib
import re
import statistics
import subprocess
import tempfile

import measure
from harness.process import end, spawn
from harness.serve import Page
from report import Row, times

CONNECTIONS, SECONDS, TIMES = 4, 3, 3
MOST_MS = 100
# A count of what is filtered reads all of that, and one thread does everything: so the rows that count have no target.
PATHS = {"/api/v1/session": ("page: who I am, no query", True), "/api/v1/calls": ("page: the newest calls", True),
         "/api/v1/calls?count=no&campaign=C1": ("page: one filter, not counted", True),
         "/api/v1/calls?campaign=C10": ("page: a rare filter, counted", False)}


def rows(bench):
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(dir=bench.directory)))
        page = stack.enter_context(contextlib.closing(_page(directory, bench.backlog)))
        cookie = page.client("ann").cookie
        for path, (name, has_target) in PATHS.items():
            url, size = f"http://127.0.0.1:{page.port}{path}", _size(page, path, cookie)
            hello = stack.enter_context(_hello(size))
            own, bare = measure.alternate(TIMES, lambda url=url: _wrk(url, cookie), lambda hello=hello: _wrk(hello))
            (rate, late), (most, best) = (map(statistics.median, zip(*of_one)) for of_one in (own, bare))
            yield Row(f"{name}, {size:,} bytes", f"{rate:,.0f} requests/s", f"libmicrohttpd's bare answer {most:,.0f}",
                      times(rate, most))
            yield Row("    p99", f"{late:.1f} ms", f"{best:.1f} ms", "", f"< {MOST_MS} ms" if has_target else "",
                      late < MOST_MS if has_target else None, f"{CONNECTIONS} clients wait in turn for one thread")


def _page(directory, calls):
    """A page over so many calls, whose list is complete."""
    page = Page(directory)
    state = directory / "state"
    state.mkdir()
    subprocess.run([measure.program("view_queries"), state, str(calls)], check=True, stdout=subprocess.DEVNULL)
    for path in state.glob("view.db*"):
        path.rename(page.state / path.name)
    page.add_user("ann")
    page.start()
    total = page.client("ann").get("/api/v1/calls").json()["total"]
    assert total == calls, f"the page has {total} calls"
    return page


def _size(page, path, cookie):
    client = page.client()
    client.cookie = cookie
    return len(client.get(path).body)


@contextlib.contextmanager
def _hello(size):
    process = spawn([measure.program("hello_http"), size], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    encoding="ascii")
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
    finally:
        end(process)
        process.stdin.close()
        process.stdout.close()


def _wrk(url, cookie=""):
    """Requests a second, and the milliseconds within which 99 of 100 are answered."""
    said = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-H",
                           f"Cookie: session={cookie}", url],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8").stdout
    rate, late = re.search(r"Requests/sec:\s+([\d.]+)", said), re.search(r"99%\s+([\d.]+)(us|ms|s)\b", said)
    if not rate or not late or "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError("wrk failed:\n" + said)
    return float(rate.group(1)), float(late.group(1)) * {"us": 0.001, "ms": 1, "s": 1000}[late.group(2)]
