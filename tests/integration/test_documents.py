"""Compares the documents with the program. Each named thing exists, and each existing thing is named."""
import re
import shutil
import subprocess

import pytest

from harness.process import ROOT, program
from lint.source import POLLER, described, files, folder_of, folders, source_of

pytestmark = pytest.mark.plain_only

NAME = "did-optimizer-sync"
README, MAN8 = ROOT / "README.md", ROOT / f"packaging/man/{NAME}.8"
MAN5, CONF = ROOT / f"packaging/man/{NAME}.conf.5", ROOT / f"conf/{NAME}.conf"
SERVE_MAN = ROOT / f"packaging/man/{NAME}-serve.8"
COMPLETION = ROOT / f"packaging/bash-completion/{NAME}"
GUIDES = [ROOT / ".github/CONTRIBUTING.md", ROOT / ".github/SECURITY.md", ROOT / "tests/README.md"]


def has_word(word, text):
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


# ---- the map of the code ----

def test_the_map_names_each_folder_and_each_folder_its_files():
    """Goal: a reader finds each file by its folder's page, which has room for 30 lines."""
    assert sorted(folders()) == sorted(path.name for path in POLLER.iterdir() if path.is_dir())
    for folder in folders():
        assert sorted(described(folder)) == sorted({path.stem for path in files() if folder_of(path) == folder}), folder
        assert len((POLLER / folder / "README.md").read_text().splitlines()) <= 30, folder


def test_every_module_has_a_header_and_every_header_its_guard():
    for path in files("c"):
        header = path.with_suffix(".h")
        assert path.stem in ("main", "serve_main") or header.exists(), path
    for header in files("h"):
        name, text = header.stem, header.read_text()
        guard = f"#ifndef {name.upper()}_H\n#define {name.upper()}_H\n"
        assert text.startswith(f"/* {name}: ") and guard in text, header


def test_the_first_line_of_every_source_says_what_the_file_is():
    for path in files("c"):
        name = {"main": NAME, "serve_main": f"{NAME}-serve"}.get(path.stem, path.stem)
        assert path.read_text().startswith(f"/* {name}: "), path.name


# ---- settings ----

def settings():
    """(section, key) of our own file, from the table in config.c."""
    table = re.search(r"own_settings\[\] = \{(.*?)\n\};", source_of("config").read_text(), re.S).group(1)
    return re.findall(r'^\s*\{ "(\w+)", "(\w+)",', table, re.M)


def test_the_shipped_file_lists_every_setting_and_no_other():
    section, listed = None, []
    for line in CONF.read_text().splitlines():
        heading, key = re.match(r"\[(\w+)\]", line), re.match(r";?([a-z_]+) =", line)
        section = heading.group(1) if heading else section
        if key:
            listed.append((section, key.group(1)))
    assert sorted(listed) == sorted(settings()) and len(listed) > 20


def test_the_manual_knows_every_setting():
    items = " ".join(re.findall(r"^\.It Ic (.*)$", MAN5.read_text(), re.M))
    assert [key for _, key in settings() if not has_word(key, items)] == []


def test_the_manual_knows_every_kind_of_source_and_sink():
    for folder in ("source", "sink"):
        text = "".join(path.read_text() for path in (POLLER / folder).glob("*.c"))
        kinds = re.findall(rf"^    &(\w+_{folder}),$", source_of(folder).read_text(), re.M)
        types = [re.search(rf'^const struct {folder}_ops {kind} = {{\n    \.type = "([\w-]+)"', text, re.M).group(1)
                 for kind in kinds]
        section = MAN5.read_text().partition(f".Ql {folder} :\n")[2].partition("\n.El\n")[0]
        named = re.findall(r"^\.Ql ([\w-]+)", section, re.M)
        assert types and named == types, folder


def test_the_manual_knows_every_setting_that_only_a_kind_knows():
    items = " ".join(re.findall(r"^\.It Ic (.*)$", MAN5.read_text(), re.M))
    for folder in ("source", "sink", "recording"):
        text = "".join(path.read_text() for path in (POLLER / folder).glob("*.[ch]"))
        tables = re.findall(r"^static const struct param_spec \w+\[\] = \{\n?(.*?)\};$", text, re.M | re.S)
        for table in tables + re.findall(r"^#define \w+_COMMON_PARAMS +\\\n(.*?)\n\n", text, re.M | re.S):
            keys = re.findall(r'^    { "([\w.*]+)",', table, re.M)
            assert keys or "_COMMON_PARAMS" in table
            assert [key for key in keys if not has_word(key.rstrip("*"), items)] == []


def test_the_readme_knows_every_setting_and_no_other():
    rows = dict(re.findall(r"^\| `\[(\w+)\]` \| (.*) \|$", README.read_text(), re.M))
    for section, key in settings():
        assert f"`{key}`" in rows[section], f"[{section}] {key}"
    keys = {key for _, key in settings()}
    for section in {section for section, _ in settings()}:
        assert set(re.findall(r"`([a-z_]+)`", rows[section])) <= keys


# ---- the command line ----

@pytest.fixture(scope="module")
def help_text():
    return subprocess.run([program("SYNC_BINARY", f"build/{NAME}"), "--help"], stdout=subprocess.PIPE, check=True,
                          encoding="utf-8").stdout


def options(text):
    found = sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)))
    assert len(found) > 10
    return found


def commands(text):
    listed = text.partition("Commands:\n")[2].partition("\n\n")[0]
    found = re.findall(r"^  ([a-z]+(?: [a-z]+)?)", listed, re.M)
    assert {"run", "check", "checkpoint set"} <= set(found)
    return found


def test_every_option_is_in_the_manual_the_readme_and_the_completion(help_text):
    manual = MAN8.read_text()
    for option in options(help_text):
        assert re.search(rf"^\.It Fl {option[1:]}\b", manual, re.M), f"{option} is not in {MAN8.name}"
        assert has_word(option, README.read_text()), f"{option} is not in README.md"
        assert has_word(option, COMPLETION.read_text()), f"{option} is not in the completion"


def test_every_command_is_in_the_manual_the_readme_and_the_completion(help_text):
    headings = [re.sub(r" (Ar|Op|Fl).*", "", heading) for heading in
                re.findall(r"^\.It Cm (.*)$", MAN8.read_text(), re.M)]
    for command in commands(help_text):
        assert command in headings, f"{command} is not in {MAN8.name}"
        assert has_word(command, README.read_text()), f"{command} is not in README.md"
        for word in command.split():
            assert has_word(word, COMPLETION.read_text()), f"{command} is not in the completion"


def test_the_synopsis_has_every_command(help_text):
    synopsis = MAN8.read_text().partition(".Sh SYNOPSIS\n")[2].partition(".Sh ")[0]
    for command in commands(help_text):
        for word in command.split():
            assert has_word(word, synopsis), f"{command} is not in the synopsis of {MAN8.name}"


def readme_table():
    """(command, option) for each option of a row in README's table. `set: ` before options: only those commands of the
    row have them."""
    for row in re.findall(r"^\| (`.*) \| (.+) \|$", README.read_text().partition("| command |")[2], re.M):
        names = [re.sub(r" [A-Z ]+$", "", name) for name in re.findall(r"`([^`]+)`", row[0])]
        for part in row[1].split("; "):
            only = re.findall(r"\w+", part.partition(": ")[0]) if ": " in part else []
            for command in names:
                for option in re.findall(r"`(--[a-z-]+)", part):
                    if not only or command.split()[-1] in only:
                        yield command, option


def test_every_command_takes_the_options_that_the_readme_gives_it(help_text, tmp_path):
    values = dict(re.findall(r"(--[a-z-]+) ([A-Z]+)", help_text))
    pairs = list(readme_table())
    assert ("recordings retry", "--all") in pairs and ("checkpoint set", "--dry-run") in pairs and len(pairs) > 40
    arguments = {"why": ["1.1"], "recordings why": ["1.1"], "checkpoint set": ["now"]}
    for command, option in pairs:
        if option in ("--help", "--version", "--every"):  # --every ends with a signal only
            continue
        done = subprocess.run([program("SYNC_BINARY", f"build/{NAME}"), *command.split(), option,
                               *(["1"] if option in values else []), *arguments.get(command, []), "--state-dir",
                               tmp_path / "none", "--config", tmp_path / "none.conf", "--log", tmp_path / "log",
                               "--dids", tmp_path / "none"],
                              stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=60)
        assert "cannot be used with" not in done.stderr, f"{command} {option}: {done.stderr}"


def test_every_variable_that_counts_is_in_a_manual():
    kept = re.search(r"kept_variables\[\] = \{(.*?)\};", (POLLER / "base/privileges.c").read_text(), re.S).group(1)
    manuals = MAN8.read_text() + MAN5.read_text()
    for name in re.findall(r'"(\w+)"', kept):
        assert re.search(rf"^\.(It )?Ev {name}\b", manuals, re.M), name


def test_no_document_names_an_option_that_does_not_exist(help_text):
    known = set(options(help_text))
    manual = {f"-{name}" for name in re.findall(r"^\.It Fl (-[a-z-]+)", MAN8.read_text(), re.M)}
    completed = re.search(r"local options='(.*?)'", COMPLETION.read_text(), re.S).group(1).split()
    assert manual == known and set(completed) == known


# ---- the manual pages as a terminal shows them ----

WIDTH = 80


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed: apt-get install groff-base")
@pytest.mark.parametrize("page", [MAN8, MAN5, SERVE_MAN], ids=lambda page: page.name)
def test_every_line_of_a_manual_page_fits_into_a_terminal(page):
    """Goal: no table has a column that is too narrow for its words, and no word is hyphenated."""
    done = subprocess.run(["groff", "-mandoc", "-Tutf8", "-P-cbou", f"-rLL={WIDTH}n", page], capture_output=True,
                          encoding="utf-8", check=True)
    assert done.stderr == ""  # troff names each line that it cannot break
    lines = done.stdout.splitlines()
    assert len(lines) > 100 and [line for line in lines if len(line) > WIDTH] == []
    assert "\u2010\n" not in done.stdout  # a hyphen that groff put into a word


# ---- the completion of the page ----

def completions(*words):
    """What bash offers for the last of these words."""
    script = (f"source {COMPLETION}; source {COMPLETION}-serve; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); "
              "_${1//-/_}; printf '%s\\n' \"${COMPREPLY[@]}\"")
    return set(subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True,
                              check=True).stdout.split())


@pytest.fixture(scope="module")
def help_of_page():
    page = program("SYNC_BINARY", f"build/{NAME}").with_name(f"{NAME}-serve")
    return subprocess.run([page, "--help"], stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout


@pytest.mark.parametrize("before", [[f"{NAME}-serve"], [NAME, "serve"], [NAME, "--config", "/x", "serve"]])
def test_the_completion_knows_the_words_of_the_page(help_of_page, before):
    listed = help_of_page.partition("Commands:\n")[2].partition("\n\n")[0]
    known = [words.split() for words in re.findall(r"^  ([a-z]+(?: [a-z]+)?)", listed, re.M)]
    assert ["user", "add"] in known and ["forget"] in known
    assert completions(*before, "") == {words[0] for words in known}
    assert completions(*before, "user", "") == {words[1] for words in known if words[0] == "user"}
    assert completions(*before, "--page", "/x", "user", "re") == {"remove"}
    assert completions(*before, "--") == set(options(help_of_page))
    assert completions(*before, "user", "add", "ann", "--role", "") == {"admin", "viewer"}
    assert completions(*before, "token", "ann", "--days", "") == set()


def test_the_completion_works_without_the_package_of_the_page(tmp_path):
    alone = shutil.copy(COMPLETION, tmp_path / NAME)
    script = f"source {alone}; COMP_WORDS=({NAME} serve ''); COMP_CWORD=2; _did_optimizer_sync; echo ${{#COMPREPLY[@]}}"
    assert subprocess.run(["bash", "-c", script], capture_output=True, text=True).stdout == "0\n"


# ---- the guides ----

def test_the_readme_is_short_enough_to_be_read():
    """Text for developers is in tests/README.md."""
    assert len(README.read_text().splitlines()) <= 250


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_what_the_guides_name_exists(guide):
    text = guide.read_text()
    for path in re.findall(r"`((?:poller|tests|conf|packaging|logrotate)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path
    tests = "".join(path.read_text() for kind in ("unit/*/*.c", "integration/*.py", "deb/*.py")
                    for path in (ROOT / "tests").glob(kind))
    for name in re.findall(r"`(test_\w+)`", text):
        assert re.search(rf"\b{name}\(", tests), name
    for target in re.findall(r"`(fuzz_\w+)`", text):
        assert (ROOT / f"tests/fuzz/{target[5:]}.c").exists(), target


@pytest.mark.parametrize("text", [README, *GUIDES], ids=lambda path: path.name)
def test_the_make_targets_that_are_named_exist(text):
    makefiles = (ROOT / "Makefile").read_text() + (ROOT / "tests/quality.mk").read_text()
    for target in re.findall(r"(?:^    |`)make ([a-z-]+)", text.read_text(), re.M):
        assert re.search(rf"^{target}:", makefiles, re.M), target
