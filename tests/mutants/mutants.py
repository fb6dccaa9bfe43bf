"""Does a unit test notice a changed operator? `make mutants` calls it:

    tests/mutants/mutants.py [-n N] [-s SEED] [-j JOBS] [-q] [MODULE...]

Changes one operator, constant or condition of a module at a time. Compiles that file, links it with the module's unit
tests and runs them: first plain, which is quick, then, if they pass, with the sanitizers, as `make check` does. -q is
quicker: it leaves out the slowest tests, whole runs with the sanitizers, and the changes that `explained` lists.

A module that works only with a database and an API is linked to the whole program and judged by its integration tests.
That takes half a minute a change, so only a sample (SAMPLE changes a module) is tried, unless -n says otherwise.

A change that no test notices is a survivor. Changes without a visible effect are in `explained`, with their reason. -n
tries N changes, chosen at random.
"""
import argparse
import concurrent.futures
import contextlib
import itertools
import os
import pathlib
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from lint.source import ROOT, files, source_of, without_comments  # noqa: E402

BUILD = ROOT / "build/mutants"
MEMORY = "/dev/shm"
FLAGS = shlex.split(os.environ["MUTANTS_FLAGS"])  # as the program is compiled, from the Makefile
PLAIN_FLAGS = [flag for flag in FLAGS if not flag.startswith(("-g", "-O", "-fsanitize", "-fno-sanitize"))]
LIBRARIES = shlex.split(os.environ["MUTANTS_LIBS"])
UNIT_LINKER = shlex.split(os.environ["MUTANTS_LDFLAGS"])
LINKER = ["-fuse-ld=gold"] if shutil.which("ld.gold") else []  # several times as quick as the usual one

# The pure and the state-keeping modules, and the unit tests of each.
MODULES = {name: [f"test_{name}"] for name in (
    "astguiclient", "backoff", "base64", "breaker", "bucket", "call", "checkpoint", "cron", "decision", "diagnosis",
    "did_optimizer_payload", "did_optimizer_verdict", "http_trouble", "message_key", "params", "recorder_columns",
    "recorder_verdict", "route", "secrets",
    "webhook", "webhook_body", "webhook_signature", "webhook_verdict", "asterisk_group", "asterisk_party",
    "asterisk_row",
    "disposition", "err", "explanation", "freepbx", "health", "hours", "json", "mask", "outcome", "pace", "position",
    "slice", "str", "stretch", "succession", "summary", "tally", "url", "vicidial_finality", "when", "zone")}
MODULES.update({name: ["test_graphql_parser"] for name in ("graphql_lexer", "graphql_string", "graphql_parser")})
MODULES.update({name: ["test_graphql_validate", "test_graphql"] for name in (
    "graphql", "graphql_validate", "graphql_links", "graphql_input", "graphql_plan", "graphql_types", "graphql_execute",
    "graphql_errors", "graphql_introspection")})
MODULES.update({name: ["test_api_graphql"] for name in (
    "api_graphql", "api_graphql_records", "api_graphql_routes", "api_graphql_actions")})
# Those that notice most first, the slowest last.
LEDGER = ["test_ledger", "test_ledger_files", "test_ledger_rejected", "test_ledger_damage"]
MODULES.update(ledger=LEDGER, schema=["test_ledger_files", "test_ledger_damage"], store=["test_store", *LEDGER],
               rebuild=["test_ledger_damage", "test_ledger_files"], records=["test_records", "test_ledger_rejected"])
MODULES.update({name: ["test_recorder_tables", "test_recorder"] for name in ("recorder_tables", "recorder_sql")})
MODULES.update({name: ["test_recorder"] for name in ("recorder", "recorder_sqlite", "recorder_store")})
# The engine, between a source and a sink in memory.
RUNS = ["test_failing_calls", "test_runs", "test_stops", "test_poll", "test_forgetting", "test_failing_ledger",
        "test_failing_steps", "test_crash", "test_failing_runs"]
SLOW = ["test_crash", "test_failing_runs"]
MODULES.update({name: [f"test_{name}", *RUNS] for name in (
    "archive", "work", "progress", "journal", "backlog", "unsent", "enrich", "watch")})
MODULES.update({name: [f"test_{name}"] for name in (
    "campaigns", "jump", "late", "leader", "leader_holder", "resources", "turn")})
FORWARD = ["test_forward", "test_forward_records", "test_revisit", "test_walk", *RUNS]
MODULES.update(poll=RUNS, probe=["test_probe", *RUNS], engine=["test_engine", *FORWARD], forward=FORWARD,
               settle=FORWARD, suspects=["test_suspects", *FORWARD], revisit=["test_revisit", *FORWARD],
               sweep=["test_sweep_parts", "test_sweep", *RUNS], walk=["test_walk", "test_watch", *RUNS])

# Judged by integration tests, those that notice most first.
WHOLE = {
    "vicidial": ["test_poll.py", "test_backfill.py", "test_check.py"],
    "vicidial_scan": ["test_zone.py", "test_poll.py", "test_plans.py"],
    "vicidial_table": ["test_poll.py", "test_zone.py", "test_plans.py"],
    "vicidial_sample": ["test_zone.py", "test_poll.py"],
    "asterisk": ["test_asterisk.py"],
    "asterisk_account": ["test_asterisk.py"],
    "asterisk_sample": ["test_asterisk.py"],
    "asterisk_scan": ["test_asterisk.py"],
    "asterisk_table": ["test_asterisk.py"],
    "recorder_postgresql": ["test_records_postgresql.py"],
    "recorder_pq": ["test_records_postgresql.py"],
    "session": ["test_session.py", "test_faults.py", "test_configuration.py"],
}
SAMPLE = 5

CHANGES = [  # (what stands there, what is put in its place)
    (r"==", ["!="]), (r"!=", ["=="]), (r"<=", ["<", ">"]), (r">=", [">", "<"]),
    (r"(?<![<>-])<(?![<=])", ["<=", ">="]), (r"(?<![<>-])>(?![>=])", [">=", "<="]),
    (r"&&", ["||"]), (r"\|\|", ["&&"]), (r"\+\+", ["--"]), (r"--", ["++"]),
    (r"(?<= )\+(?= )", ["-"]), (r"(?<= )-(?= )", ["+"]), (r"(?<= )\*(?= )", ["/"]), (r"(?<= )/(?= )", ["*"]),
    (r"(?<= )%(?= )", ["*"]), (r"(?<= )&(?= )", ["|"]), (r"(?<= )\|(?= )", ["&"]), (r"\+=", ["-="]), (r"-=", ["+="]),
    (r"!(?=[\w(])", [""]), (r"\btrue\b", ["false"]), (r"\bfalse\b", ["true"]),
    (r"(?<![\w.])0(?![\w.])", ["1"]), (r"-1\b", ["0"]), (r"(?<![-\w.])[1-9]\d*(?![\w.])", ["+1", "-1"]),
]
# No statement of its own: what the preprocessor reads, and how large a buffer is.
SKIPPED = re.compile(r"^\s*(#|typedef\b|_Static_assert|enum \{)|^\s*(static |const )*(char|unsigned "
                     r"char|int64_t|int|uint8_t) [^=;(]*\[")


class Build:
    """A way to compile. cpu_sec: after that much time of the processor a test goes on for ever."""
    def __init__(self, name, flags, cpu_sec):
        self.directory, self.flags, self.cpu_sec = BUILD / name, flags, cpu_sec


PLAIN = Build("plain", PLAIN_FLAGS, 20)
SANITIZED = Build("sanitized", FLAGS, 60)


class Mutant:
    def __init__(self, module, start, end, new, text):
        self.module, self.start, self.end, self.new = module, start, end, new
        self.text = text  # as it was when the run began: somebody may be working on the file
        self.line, self.column = text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
        self.old = text[start:end]
        self.source = text.splitlines()[self.line - 1].strip()

    def changed(self):
        return self.text[:self.start] + self.new + self.text[self.end:]

    def __str__(self):
        old = self.old if len(self.old) < 60 else self.old[:57] + "..."
        new = self.new if len(self.new) < 60 else self.new[:57] + "..."
        place = f"{source_of(self.module).relative_to(ROOT)}:{self.line}:{self.column}"
        return f"{place}: {old} -> {new or '(nothing)'}   in: {self.source}"


def closing(text, opening):
    """The place of the parenthesis that closes the one at opening."""
    depth = 0
    for place in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place
    return None


def mutants_of(module):
    text = source_of(module).read_text()
    # sizeof a[0] is sizeof a[1], and PRINTF_LIKE speaks to the compiler.
    code = re.sub(r"sizeof [\w.>-]+\[0\]|PRINTF_LIKE\(\d, \d\)", lambda found: "_" * len(found.group(0)),
                  without_comments(text))
    skipped, place, continued = set(), 0, False
    for line in code.splitlines(keepends=True):
        if continued or SKIPPED.match(line):
            skipped.update(range(place, place + len(line)))
        continued = line.rstrip("\n").endswith("\\") and place in skipped
        place += len(line)
    for pattern, replacements in CHANGES:
        for match in re.finditer(pattern, code):
            if match.start() in skipped:
                continue
            for new in replacements:
                if new in ("+1", "-1"):
                    new = str(int(match.group(0)) + int(new))
                yield Mutant(module, match.start(), match.end(), new, text)
    for match in re.finditer(r"\b(?:if|while) \(", code):
        end = closing(code, match.end() - 1)
        if match.start() not in skipped and end:
            yield Mutant(module, match.end(), end, f"!({text[match.end():end]})", text)


@contextlib.contextmanager
def workplace():
    """A throw-away directory that tests can enter as another user, in memory where that is possible."""
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as directory:
        os.chmod(directory, 0o755)
        yield directory


def run(command, **options):
    return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", **options)


def compile_file(source, to, flags):
    return run(["gcc", *flags, "-c", "-o", to, source], cwd=ROOT).returncode == 0


def tests_of(module, build, quick):
    left_out = [] if not quick else SLOW if build is PLAIN else RUNS
    return [test for test in MODULES.get(module, ()) if test not in left_out]


def test_of(name):
    """The source of a unit test."""
    (path,) = (ROOT / "tests/unit").rglob(f"{name}.c")
    return path


def prepare(build, tests):
    """Makes one archive of all modules except the files with main and their substitutes. main.c's object and the
    tests' own objects lie beside the archive."""
    own = build.directory
    (own / "unit").mkdir(parents=True, exist_ok=True)
    jobs = [(path, own / f"{path.stem}.o") for path in [*files("c"), *(ROOT / "tests/unit").glob("*.c")]]
    jobs += [(test_of(test), own / f"unit/{test}.o") for test in tests]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        if not all(pool.map(lambda job: compile_file(*job, build.flags), jobs)):
            sys.exit("the program does not compile")
    archive = own / "all.a"
    archive.unlink(missing_ok=True)
    run(["ar", "rcs", archive, *[to for _, to in jobs if to.parent == own and to.stem not in ("main", "serve_main")]])


def passes(build, test, extra, directory):
    """Whether the test program passes, linked with these objects before the archive."""
    program = pathlib.Path(directory) / test
    linked = run(["gcc", *build.flags, *LINKER, *UNIT_LINKER, "-o", program, build.directory / f"unit/{test}.o",
                  *extra, build.directory / "all.a", *LIBRARIES], cwd=ROOT)
    if linked.returncode != 0:
        sys.exit(f"{test} does not link:\n{linked.stdout}")
    try:
        # One that goes on for ever is ended, and was noticed. On a busy machine a minute of its time is several.
        done = run(["prlimit", f"--cpu={build.cpu_sec}", program], cwd=ROOT, timeout=600, env={
            **os.environ, "TMPDIR": str(directory), "ASAN_OPTIONS": "detect_leaks=1"})
        # A change may end the program before its last test, or let another process go on with the tests.
        return done.returncode == 0 and "PASSED" in done.stdout and "FAILED" not in done.stdout
    except subprocess.TimeoutExpired:
        return False


def program_passes(tests, extra, directory):
    """Whether the whole program passes these integration tests, linked with these objects before the archive."""
    program = pathlib.Path(directory) / "did-optimizer-sync"
    linked = run(["gcc", *FLAGS, *LINKER, "-o", program, SANITIZED.directory / "main.o", *extra,
                  SANITIZED.directory / "all.a", *LIBRARIES], cwd=ROOT)
    if linked.returncode != 0:
        sys.exit(f"the program does not link:\n{linked.stdout}")
    files = [f"tests/integration/{test}" for test in tests]
    try:
        return run([sys.executable, "-B", "-m", "pytest", "-c", "tests/pytest.ini", "-q", "-x", *files], cwd=ROOT,
                   timeout=600, env={**os.environ, "SYNC_BINARY": str(program), "STANDIN": str(ROOT / "build/standin"),
                        "PYTHONDONTWRITEBYTECODE": "1", "ASAN_OPTIONS": "detect_leaks=1:exitcode=99"}).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def machine_code(source, to):
    """What an optimizing compiler makes of it."""
    run(["gcc", *PLAIN_FLAGS, "-O2", "-c", "-o", to, source], cwd=ROOT)
    return to.read_bytes()


def survives(mutant, quick):
    """True, False, or None when it is no change: it does not compile, or to the same machine code."""
    if quick and is_explained(mutant, explained()):
        return True
    whole = mutant.module in WHOLE
    with workplace() as directory:
        source, to = pathlib.Path(directory) / f"{mutant.module}.c", pathlib.Path(directory) / "mutant.o"
        source.write_text(mutant.changed())
        for build in [SANITIZED] if whole else [PLAIN, SANITIZED]:
            if not compile_file(source, to, build.flags):
                return None
            if whole and not program_passes(WHOLE[mutant.module], [to], directory):
                return False
            if not whole and not all(passes(build, test, [to], directory)
                                     for test in tests_of(mutant.module, build, quick)):
                return False
        changed = machine_code(source, to)
        source.write_text(mutant.text)
        return True if machine_code(source, to) != changed else None


def explained():
    """(module, part of the line, change) of what may survive."""
    for number, line in enumerate((HERE / "explained").read_text().splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            parts = [part.strip() for part in line.split(" :: ")]
            if len(parts) != 4 or not all(parts):
                sys.exit(f"tests/mutants/explained:{number}: it would be MODULE :: LINE :: CHANGE :: REASON")
            yield parts


def is_explained(mutant, list_):
    made = f"{mutant.old} -> {mutant.new or '(nothing)'}"
    return any(module in ("*", mutant.module) and line in mutant.source and change in ("any", made)
               for module, line, change, _ in list_)


def report_stale(reasons):
    """Names explanations of lines that are no more: the code went on, and what stands there now is not explained."""
    lines = {path.stem: path.read_text().splitlines() for path in files("c")}
    everything = [line for text in lines.values() for line in text]
    for module, part, change, _ in reasons:
        if not any(part in line for line in (everything if module == "*" else lines.get(module, ()))):
            print(f"explains nothing any more: {module} :: {part} :: {change}", flush=True)


def sample_of(module, wanted, chance):
    """A module's changes: all of them, or of one that the whole program is needed for a sample."""
    mutants = list(mutants_of(module))
    most = wanted or SAMPLE
    return mutants if module not in WHOLE or len(mutants) <= most else \
        sorted(chance.sample(mutants, most), key=mutants.index)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("-n", type=int)
    arguments.add_argument("-s", type=int, default=1)
    arguments.add_argument("-j", type=int, default=os.cpu_count())
    arguments.add_argument("-q", action="store_true")
    arguments.add_argument("modules", nargs="*", choices=[*MODULES, *WHOLE, []])
    chosen = arguments.parse_args()
    modules = chosen.modules or sorted([*MODULES, *WHOLE])
    chance = random.Random(chosen.s)
    mutants = [mutant for module in modules for mutant in sample_of(module, chosen.n, chance)]
    if chosen.n and chosen.n < len(mutants):
        mutants = sorted(chance.sample(mutants, chosen.n), key=mutants.index)
    whole = sorted({test for module in modules for test in WHOLE.get(module, ())})
    broken = []
    for build in PLAIN, SANITIZED:
        tests = sorted({test for module in modules for test in tests_of(module, build, chosen.q)})
        prepare(build, tests)
        with workplace() as directory:
            broken += [test for test in tests if not passes(build, test, [], directory)]
    with workplace() as directory:
        broken += [test for test in whole if not program_passes([test], [], directory)]
    if broken:
        sys.exit(f"the unchanged program fails these tests: {' '.join(broken)}")
    reasons, counts = list(explained()), []
    report_stale(reasons)
    with concurrent.futures.ThreadPoolExecutor(chosen.j) as pool:
        results = zip(mutants, pool.map(lambda mutant: survives(mutant, chosen.q), mutants))
        for module, own in itertools.groupby(results, lambda result: result[0].module):
            count = [0, 0, 0]
            for mutant, alive in own:
                if alive is None:
                    continue
                harmless = alive and is_explained(mutant, reasons)
                count[0 if not alive else 1 if harmless else 2] += 1
                if alive and not harmless:
                    print(f"survives: {mutant}", flush=True)
            print(f"{module}: {count[0]} of {sum(count)} caught, {count[1]} explained, {count[2]} survive", flush=True)
            counts.append(count)
    caught, harmless, alive = (sum(column) for column in zip(*counts))
    share = 100 * caught / max(1, caught + harmless + alive)
    print(f"{caught + harmless + alive} changes: {caught} caught ({share:.1f} %), {harmless} explained, {alive} "
          f"survive")
    return 0 if share >= 85 else 1


if __name__ == "__main__":
    sys.exit(main())
