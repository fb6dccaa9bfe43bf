"""Static checks. `make lint` calls it:   tests/lint/lint.py [CHECK...]     those named, all of them without names

Each check prints `file:line: message [check]` for each finding. `exceptions` lists correct code that a check complains
about, with the reason. The last line is the number of findings. The exit status is 0 if there are none.
"""
import concurrent.futures
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from lint.source import ROOT, files, folder_of, folders, includes, without_comments  # noqa: E402

FLAGS = shlex.split(os.environ["LINT_FLAGS"])  # as the program is compiled, from the Makefile
COMPILERS = ("gcc", "clang")

# With these versions, those of Debian 12, the checks found nothing. Other versions may find more or less.
PINNED = {"gcc": "12.2.0", "clang": "14.0.6", "clang-tidy": "14.0.6", "cppcheck": "2.10", "shellcheck": "0.9.0",
          "include-what-you-use": "0.18"}

# Banned functions, and what to use instead. Each has caused overflows, races or shell injections in other programs.
BANNED = {
    "sprintf": "snprintf", "vsprintf": "vsnprintf", "strcpy": "mem_copy, snprintf", "strcat": "mem_format, snprintf",
    "strncpy": "snprintf", "strncat": "snprintf", "stpcpy": "snprintf", "strtok": "strcspn", "strtok_r": "strcspn",
    "atoi": "str_to_int", "atol": "str_to_int", "atoll": "str_to_int", "atof": "str_to_int", "strtol": "str_to_int",
    "localtime": "localtime_r", "gmtime": "gmtime_r", "ctime": "clock_local", "asctime": "clock_local",
    "system": "nothing: no shell", "popen": "nothing: no shell", "gets": "nothing", "scanf": "sscanf with widths",
    "fscanf": "sscanf with widths", "alloca": "mem_zero", "tmpnam": "fileutil_replace", "mktemp": "fileutil_replace",
    "tempnam": "fileutil_replace", "rand": "getrandom", "srand": "getrandom", "signal": "sigaction",
    "gethostbyname": "nothing", "setjmp": "nothing", "longjmp": "nothing",
}

COLUMNS = 120  # of a line

# Only one file includes the headers of a library.
LIBRARIES = {"libmariadb": r"mysql|mariadb|errmsg\.h", "libcurl": r"curl/", "cJSON": r"cjson/|cJSON",
             "inih": r"ini\.h$", "SQLite": r"sqlite3", "libcrypto": r"openssl/", "libpq": r"libpq|postgres_ext",
             "libmicrohttpd": r"microhttpd"}


class Finding:
    def __init__(self, path, line, message, check):
        self.path, self.line, self.message, self.check = path, line, message, check

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message} [{self.check}]"

    def source_line(self):
        try:
            return (ROOT / self.path).read_text().splitlines()[self.line - 1]
        except (OSError, IndexError):
            return ""


def relative(path):
    path = pathlib.Path(path)
    return str(path.relative_to(ROOT)) if path.is_absolute() and path.is_relative_to(ROOT) else str(path)


def run(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          cwd=ROOT)
    return done.returncode, done.stdout


def compile_away(compiler, path, *options):
    """The compiler's messages about a file, with optimisation. The object file is discarded."""
    with tempfile.TemporaryDirectory() as directory:
        return run(compiler, *FLAGS, "-O2", *options, "-c", "-o", f"{directory}/output", path)[1]


def together(work, items):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(work, items):
            yield from found


def diagnostics(text, check=None):
    """The findings in the output of a compiler or a similar tool: file:line:column: warning: message [check]"""
    seen = set()
    for match in re.finditer(r"^(\S+?):(\d+):(?:\d+:)? (?:warning|error|style|performance|portability|fatal error): "
                             r"(.*?)(?: \[([\w.,=+-]+)\])?$", text, re.M):
        path, line, message, name = match.groups()
        if (path, line, message) not in seen:
            seen.add((path, line, message))
            yield Finding(relative(path), int(line), message, check or name or "?")


def sources():
    return files("c")


def test_sources():
    return sorted([*ROOT.glob("tests/unit/*/*.c"), *ROOT.glob("tests/standin/*.c"), *ROOT.glob("tests/fault/*.c"),
                   *ROOT.glob("tests/bench/*.c")])


# ---- the checks: each yields findings ----

def compilers():
    """Both compilers, with every warning of the Makefile, for the program and its tests."""
    def compile_one(pair):
        compiler, path = pair
        return list(diagnostics(compile_away(compiler, path), compiler))
    return together(compile_one, [(compiler, path) for compiler in COMPILERS for path in sources() + test_sources()])


def headers():
    """Each header compiles alone."""
    def compile_one(path):
        return list(diagnostics(run("gcc", *FLAGS, "-fsyntax-only", "-x", "c", "-include", path, os.devnull)[1],
                                "header"))
    return together(compile_one, files("h"))


def analyzer():
    """gcc -fanalyzer."""
    def analyze(path):
        return list(diagnostics(compile_away("gcc", path, "-fanalyzer"), "gcc-fanalyzer"))
    return together(analyze, sources())


def clang_tidy():
    """clang-tidy, with the list in .clang-tidy. Each file needs its own process, because otherwise clang-tidy mixes up
    va_lists."""
    def analyze(path):
        return list(diagnostics(run("clang-tidy", "--quiet", f"--config-file={HERE / '.clang-tidy'}", path, "--",
                                    *FLAGS)[1]))
    return together(analyze, sources())


def cppcheck():
    """cppcheck, without variableScope, because declarations may stand together at the top of a block."""
    text = run("cppcheck", "--std=c11", "--enable=warning,style,performance,portability", "--inconclusive", "--quiet",
               "--template={file}:{line}: {severity}: {message} [{id}]", "--suppress=missingIncludeSystem",
               "--suppress=variableScope", "-Ipoller", "-D_GNU_SOURCE", '-DPRId64="ld"', '-DPRIu64="lu"',
               '-DPRIx64="lx"', "poller")[1]
    return diagnostics(text)


def scan_build():
    """The path-sensitive analyzer of clang, for a whole build."""
    with tempfile.TemporaryDirectory() as directory:
        text = run("scan-build", "-o", f"{directory}/report", "make", "--no-print-directory",
                   f"BUILD={directory}/build", f"-j{os.cpu_count()}", "binaries")[1]
        if "scan-build: " not in text:
            yield Finding("scan-build", 0, "could not run: " + text[-200:], "scan-build")
        yield from diagnostics(text, "scan-build")


def iwyu():
    """include-what-you-use: headers that a .c file does not need, and system headers that a .h file does not need. Its
    advice to add headers is ignored, because our own headers include what they need."""
    def analyze(path):
        found, current = [], None
        for line in run("include-what-you-use", "-Xiwyu", "--no_comments", "-Xiwyu", "--no_fwd_decls", *FLAGS, "-c",
                        path)[1].splitlines():
            if line.endswith("should remove these lines:"):
                current = line.split()[0]
            elif line.endswith(":") or not line:
                current = None
            elif current and line.startswith("- ") and (current.endswith(".c") or "<" in line):
                number = re.search(r"lines (\d+)", line)
                found.append((relative(current), int(number.group(1)) if number else 1, line[2:].split("  //")[0]))
        return found
    return [Finding(path, line, f"{text} is not needed", "include-what-you-use")
            for path, line, text in sorted(set(together(analyze, sources())))]


def scripts():
    """Every shell script: files with a shell in their first line, and the completions of bash."""
    skipped = {".git", "build", "__pycache__"}
    for directory, names, members in os.walk(ROOT):
        names[:] = [name for name in names if name not in skipped]
        for name in members:
            path = pathlib.Path(directory) / name
            first = path.open("rb").readline(80)
            if re.match(rb"#!.*\b(sh|bash|dash)\b", first):
                yield path, []
            elif path.parent.name == "bash-completion":
                yield path, ["--shell=bash"]


def shellcheck():
    """shellcheck, for every script."""
    for path, options in scripts():
        text = run("shellcheck", "--format=gcc", *options, path)[1].replace(": note: ", ": warning: ")
        yield from diagnostics(text, "shellcheck")


def columns():
    """No line of C or Python is longer than COLUMNS characters, as in .editorconfig."""
    for path in sorted({*files(), *(ROOT / "tests").rglob("*.[ch]"), *(ROOT / "tests").rglob("*.py")}):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if len(line) > COLUMNS:
                yield Finding(relative(path), number, f"the line has {len(line)} characters", "columns")


def banned():
    """No file calls a banned function."""
    for path in files():
        for number, line in enumerate(without_comments(path.read_text()).splitlines(), 1):
            for name in re.findall(r"(?<![\w.>])(\w+)\s*\(", line):
                if name in BANNED:
                    yield Finding(relative(path), number, f"{name} is banned; use {BANNED[name]}", "banned")


def libraries():
    """Only one .c file, and no .h file, includes a library's headers."""
    for library, pattern in LIBRARIES.items():
        users = {}
        for path in files():
            for number, name, system in includes(path):
                if system and re.match(pattern, name):
                    users.setdefault(path, (number, name))
        for path, (number, name) in users.items():
            if path.suffix == ".h" or len([user for user in users if user.suffix == ".c"]) > 1:
                yield Finding(relative(path), number, f"<{name}> of {library} belongs into one .c file only",
                              "libraries")


KINDS = ("source", "sink")  # folders with a table of kinds: the folders above include only the interface


def layering():
    """A file includes files of its own folder and of folders below. It includes no file of a folder above, and no file
    that belongs to one kind of source or sink."""
    rank = {name: number for number, name in enumerate(["", *folders()])}
    for path in files():
        own = folder_of(path)
        if own not in rank:
            yield Finding(relative(path), 1, f"the folder {own}/ is not in the table of poller/README.md", "layering")
            continue
        for number, name, system in includes(path):
            other = name.split("/")[0] if "/" in name else ""
            if not system and rank.get(other, -1) < rank[own]:
                yield Finding(relative(path), number, f"{own}/ includes {name}, which does not lie below it",
                              "layering")
            elif not system and other in KINDS and other != own and name != f"{other}/{other}.h":
                yield Finding(relative(path), number, f"{name} belongs to one kind; include {other}/{other}.h",
                              "layering")


CHECKS = [compilers, headers, columns, banned, libraries, layering, shellcheck, cppcheck, analyzer, iwyu, clang_tidy,
          scan_build]
TOOLS = {"compilers": COMPILERS, "clang_tidy": ("clang-tidy",), "cppcheck": ("cppcheck",),
         "shellcheck": ("shellcheck",), "iwyu": ("include-what-you-use",), "scan_build": ("scan-build",)}


# ---- exceptions ----

def read_exceptions():
    for number, line in enumerate((HERE / "exceptions").read_text().splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            parts = [part.strip() for part in line.split("|", 3)]
            if len(parts) != 4 or not all(parts[:2]) or not parts[3]:
                sys.exit(f"tests/lint/exceptions:{number}: write CHECK | FILE | TEXT | REASON")
            yield number, parts


def excepted(finding, exceptions, used):
    for number, (check, path, text, _) in exceptions:
        if check in finding.check.split(",") and path == finding.path and \
                (text in finding.message or text in finding.source_line()):
            used.add(number)
            return True
    return False


def version(tool):
    text = run(tool, "--version")[1] if shutil.which(tool) else ""
    match = re.search(r"(\d+\.\d+(\.\d+)?)", text)
    return match.group(1) if match else ""


def main():
    names = [check.__name__ for check in CHECKS]
    if unknown := [word for word in sys.argv[1:] if word not in names]:
        sys.exit(f"there is no check {' '.join(unknown)}; the checks are: {' '.join(names)}")
    chosen = [check for check in CHECKS if check.__name__ in sys.argv[1:] or len(sys.argv) == 1]
    for tool in dict.fromkeys(tool for check in chosen for tool in TOOLS.get(check.__name__, ())):
        here, pinned = version(tool), PINNED.get(tool, "")
        if not shutil.which(tool):
            sys.exit(f"{tool} is not installed")
        print(f"{tool} {here}".rstrip() + (f" (the list of exceptions is for {pinned})" if here != pinned else ""))
    exceptions, used, total = list(read_exceptions()), set(), 0
    for check in chosen:
        findings = [finding for finding in check() if not excepted(finding, exceptions, used)]
        print(f"{check.__name__}: {len(findings) or 'no'} finding{'' if len(findings) == 1 else 's'}", flush=True)
        for finding in findings:
            print(f"  {finding}", flush=True)
        total += len(findings)
    if len(sys.argv) == 1:
        for number, parts in exceptions:
            if number not in used:
                print(f"  tests/lint/exceptions:{number}: matches no finding any more; delete the line: "
                      f"{' | '.join(parts[:3])}")
                total += 1
    print(f"{total} findings, {len(used)} exceptions with their reasons")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
