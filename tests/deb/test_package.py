"""The package as a file: what it holds, how it is documented, and that it can be built again."""
import filecmp
import os
import re
import subprocess

import pytest

from deb.build import NAME, SERVE, VERSION, build, built_package, source_tree
from harness.process import ROOT

MAN8, MAN5 = ROOT / f"packaging/man/{NAME}.8", ROOT / f"packaging/man/{NAME}.conf.5"
SERVE_MAN = ROOT / f"packaging/man/{SERVE}.8"
both = pytest.mark.parametrize("name", [NAME, SERVE])
COMPLETION = ROOT / f"packaging/bash-completion/{NAME}"


def output(*command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **options)
    assert done.returncode == 0, done.stdout
    return done.stdout


def contents(package):
    """path -> (mode, owner) of what dpkg would unpack."""
    lines = [line.split(None, 5) for line in output("dpkg-deb", "-c", package).splitlines()]
    return {line[5].split(" -> ")[0].rstrip("/")[1:]: (line[0], line[1]) for line in lines if line[5] != "./"}


def test_lintian_finds_nothing():
    # As root it says that it should not be; everything else it says is a finding.
    changes = built_package().with_suffix(".changes")
    said = output("lintian", "-I", "-E", "--pedantic", "--fail-on", "warning,error", changes)
    assert [line for line in said.splitlines() if "running with root privileges" not in line] == []


def test_lintian_finds_nothing_in_the_source(tmp_path):
    tree = source_tree(tmp_path)
    output("dpkg-source", "-b", tree.name, cwd=tmp_path)
    said = output("lintian", "--fail-on", "warning,error", *tmp_path.glob("*.dsc"))
    assert [line for line in said.splitlines() if "running with root privileges" not in line] == []


def test_the_changelog_names_the_version_of_the_program():
    assert output("dpkg-parsechangelog", "-l", ROOT / "packaging/deb/changelog", "-S", "Version").strip() == VERSION
    assert built_package().name.startswith(f"{NAME}_{VERSION}_")


def test_the_source_archive_is_the_same_in_another_time_zone(tmp_path):
    tree = source_tree(tmp_path)
    output("make", "dist", cwd=tree, env={**os.environ, "TZ": "Asia/Kolkata", "LC_ALL": "C"}, umask=0o077)
    # Its own debian/ is not part of it.
    assert filecmp.cmp(tree / f"build/{NAME}-{VERSION}.tar.xz", ROOT / f"build/{NAME}-{VERSION}.tar.xz", shallow=False)


def test_built_twice_it_is_the_same_to_the_byte(tmp_path):
    again = build(source_tree(tmp_path / "elsewhere"), umask=0o077,
                  env={"TZ": "Asia/Kolkata", "LC_ALL": "C", "HOME": str(tmp_path / "none"),
                       "DEB_BUILD_OPTIONS": "parallel=1"})
    for first in (built_package(), built_package(SERVE), *(ROOT / "build/deb").glob("*-dbgsym_*.deb")):
        assert filecmp.cmp(first, again.parent / first.name, shallow=False), first.name


@pytest.mark.parametrize("name, files", [
    (NAME, [f"/etc/cron.d/{NAME}", f"/etc/{NAME}.conf", f"/etc/logrotate.d/{NAME}"]), (SERVE, [f"/etc/{SERVE}.conf"])])
def test_what_is_in_etc_is_a_conffile(name, files):
    listed = output("dpkg-deb", "-I", built_package(name), "conffiles")
    in_etc = [path for path, (mode, _) in contents(built_package(name)).items() if path.startswith("/etc/")
              and mode[0] == "-"]
    assert sorted(listed.split()) == sorted(in_etc) == files


@both
def test_everything_is_roots_and_only_root_can_write(name):
    for path, (mode, owner) in contents(built_package(name)).items():
        assert owner == "root/root" and "w" not in mode[4:] and "s" not in mode, f"{mode} {owner} {path}"


def test_a_dialer_without_the_page_needs_no_web_server():
    """Goal: only the page's own package needs libmicrohttpd, and it fits the program of the same version."""
    dialer, page = (output("dpkg-deb", "-f", built_package(name), "Depends") for name in (NAME, SERVE))
    assert "libmicrohttpd" not in dialer and "libmicrohttpd" in page
    assert f"{NAME} (= {VERSION})" in page and "adduser" in dialer
    assert not [path for path in contents(built_package()) if "serve" in path]


@both
def test_the_program_is_hardened(tmp_path, name):
    output("dpkg-deb", "-x", built_package(name), tmp_path)
    program = tmp_path / "usr/sbin" / name
    assert "Type:                              DYN" in output("readelf", "-h", program)
    assert "BIND_NOW" in output("readelf", "-d", program)
    assert "GNU_RELRO" in output("readelf", "-l", "--wide", program)
    symbols = output("readelf", "--dyn-syms", "--wide", program)
    assert "__stack_chk_fail" in symbols and "_chk@" in symbols


@pytest.mark.parametrize("page", [MAN8, MAN5, SERVE_MAN], ids=lambda page: page.name)
def test_the_manual_page_is_well_formed(page):
    assert output("mandoc", "-Tlint", "-Wwarning", page) == ""


def help_text(name=NAME):
    return output(ROOT / f"build/deb/{NAME}-{VERSION}/build/{name}", "--help")


def plain(page):
    return re.sub(r".\x08", "", output("mandoc", "-Tascii", "-Owidth=200", page))


def test_the_manual_and_the_completion_know_every_option():
    manual, completion = plain(MAN8), COMPLETION.read_text()
    options = set(re.findall(r"--[a-z][a-z-]+", help_text()))
    assert len(options) >= 9
    for option in sorted(options):
        assert option in manual, f"{option} is not in {MAN8.name}"
        assert option in completion, f"{option} is not in the completion"


def commands(name=NAME):
    """The commands that --help lists, as 'word' or 'word word'."""
    listed = help_text(name).partition("Commands:\n")[2].partition("\n\n")[0]
    return [match.group(1) for match in re.finditer(r"^  ([a-z]+(?: [a-z]+)?)", listed, re.M)]


def test_the_manual_knows_every_command():
    assert {"run", "check"} <= set(commands())
    headings = re.findall(r"^\.It Cm (.*)$", MAN8.read_text(), re.M)
    for command in commands():
        assert any(re.sub(r" (Ar|Op|Fl).*", "", heading) == command for heading in headings), \
            f"{command} is not in {MAN8.name}"


def test_the_manual_of_the_page_knows_every_command_option_and_setting():
    manual, text = plain(SERVE_MAN), SERVE_MAN.read_text()
    for option in set(re.findall(r"--[a-z][a-z-]+", help_text(SERVE))):
        assert option in manual, f"{option} is not in {SERVE_MAN.name}"
    assert {"run", "user add", "forget"} <= set(commands(SERVE))
    for command in commands(SERVE):
        assert re.search(rf"^\.It Cm {command}\b", text, re.M), f"{command} is not in {SERVE_MAN.name}"
    for key, value in re.findall(r"^;([a-z_]+) =[ ]?(.*)$", (ROOT / f"conf/{SERVE}.conf").read_text(), re.M):
        assert re.search(rf"^ +([a-z_]+, )*{key}\b(?s:.){{0,600}}{re.escape(f'({value})' if value else '')}", manual,
                         re.M), f"{SERVE_MAN.name}: {key} is {value}"


def complete(*words):
    script = (f"source {COMPLETION}; COMP_WORDS=({NAME} \"$@\"); COMP_CWORD=$#; _did_optimizer_sync; "
              'printf "%s\\n" "${COMPREPLY[@]}"')
    return set(output("bash", "-c", script, "bash", *words).split())


def test_the_completion_completes(tmp_path):
    first = {command.split()[0] for command in commands()}
    assert complete("") == first
    for word in first:
        assert complete(word, "") >= {command.split()[1] for command in commands() if command.startswith(word + " ")}
    assert complete("chec") == {"check", "checkpoint"}
    assert complete("checkpoint", "s") == {"show", "set"}
    assert complete("--dry") == {"--dry-run"}
    assert complete("--state-dir", "/x", "checkpoint", "re") == {"reset"}
    (tmp_path / "my.conf").touch()
    assert complete("--config", f"{tmp_path}/m") == {f"{tmp_path}/my.conf"}


def test_the_manual_knows_every_setting_and_its_default():
    """The shipped file lists them all; a unit test holds it against the program."""
    manual = plain(MAN5)
    for key, value in re.findall(r"^;([a-z_]+) =[ ]?(.*)$", (ROOT / f"conf/{NAME}.conf").read_text(), re.M):
        default = rf"\(([^)]*, )?{re.escape(value)}[,)]" if value else ""
        assert re.search(rf"^ +([a-z_]+, )*{key}\b.*{default}", manual, re.M), f"{MAN5.name}: {key} is {value}"
    for line in (ROOT / f"conf/{NAME}.conf").read_text().partition("[dispositions]")[2].splitlines():
        assert not line.startswith(";") or line[1:] in manual


def test_make_install_gives_the_same_files(tmp_path):
    tree = source_tree(tmp_path)
    output("make", "install", f"DESTDIR={tmp_path}/to", "PREFIX=/usr", cwd=tree)
    installed = files_in(tmp_path / "to")
    assert installed & packaged_files(NAME) == installed - packaged_files(SERVE) == packaged_files(NAME)
    assert installed - packaged_files(NAME) == packaged_files(SERVE)
    for name in (NAME, SERVE):
        assert (tmp_path / "to/var/lib" / name).is_dir()
    assert not list((tmp_path / "to").rglob("*.wants")), "nothing starts by itself"


def files_in(directory):
    return {str(path)[len(str(directory)):] for path in directory.rglob("*") if path.is_file()}


def packaged_files(name):
    """What the package holds besides what Debian adds, as `make install` names it."""
    of_debian = {f"/usr/share/doc/{name}/{file}" for file in ("copyright", "changelog.gz")}
    of_debian.add(f"/usr/share/lintian/overrides/{name}")
    packaged = {path for path, (mode, _) in contents(built_package(name)).items() if mode[0] == "-"}
    return {re.sub(r"\.gz$", "", re.sub("^/lib/", "/usr/lib/", path)) for path in packaged - of_debian}


def test_make_install_without_the_page_installs_none_of_it(tmp_path):
    tree = source_tree(tmp_path)
    output("make", "install", f"DESTDIR={tmp_path}/to", "PREFIX=/usr", "WITHOUT=serve", cwd=tree)
    assert files_in(tmp_path / "to") == packaged_files(NAME)
    assert not (tmp_path / "to/var/lib" / SERVE).exists()


def test_the_program_names_the_page_that_is_installed_with_it(tmp_path):
    """Also when it was first built for another place."""
    tree = source_tree(tmp_path)
    for prefix in ("/usr/local", "/usr"):
        output("make", "install", f"DESTDIR={tmp_path}/to", f"PREFIX={prefix}", cwd=tree)
        assert (tmp_path / f"to{prefix}/share/{NAME}/report.html").is_file()
        assert f"({prefix}/share/{NAME}/report.html)" in output(tmp_path / f"to{prefix}/sbin/{NAME}", "--help")
        assert f"({prefix}/share/{NAME}/serve)" in output(tmp_path / f"to{prefix}/sbin/{SERVE}", "--help")
        unit = (tmp_path / f"to{prefix}/lib/systemd/system/{SERVE}.service").read_text()
        assert f"\nExecStart={prefix}/sbin/{SERVE}\n" in unit


def test_make_install_keeps_what_was_edited_and_uninstall_leaves_it(tmp_path):
    tree = source_tree(tmp_path)
    make = ["make", f"DESTDIR={tmp_path}/to", "LOG_GROUP=root"]
    settings, cron = tmp_path / f"to/etc/{NAME}.conf", tmp_path / f"to/etc/cron.d/{NAME}"
    pages = tmp_path / f"to/etc/{SERVE}.conf"
    output(*make, "install", cwd=tree)
    assert f"[ -x /usr/local/sbin/{NAME} ]" in cron.read_text()
    assert "create 0640 root root" in (tmp_path / f"to/etc/logrotate.d/{NAME}").read_text()
    for path in (settings, cron, pages):
        path.write_text("# edited\n")
    output(*make, "install", cwd=tree)
    assert settings.read_text() == cron.read_text() == pages.read_text() == "# edited\n"
    output(*make, "uninstall", cwd=tree)
    left = {str(path.relative_to(tmp_path / "to")) for path in (tmp_path / "to").rglob("*")
            if path.is_file() or NAME in path.name}
    assert left == {f"etc/{NAME}.conf", f"var/lib/{NAME}", f"etc/{SERVE}.conf", f"var/lib/{SERVE}"}
