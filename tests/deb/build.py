"""Packages built beside the one that `make deb` left under build/deb."""
import os
import pathlib
import re
import shutil
import subprocess

from harness.process import ROOT

NAME = "did-optimizer-sync"
SERVE = f"{NAME}-serve"
USER = "_did-optimizer-sync"
VERSION = re.search(r'VERSION "(.+)"', (ROOT / "poller/base/version.h").read_text()).group(1)
PREVIOUS = "0.0.9"


def source_tree(directory):
    """Unpacks the source archive there, as a tree that Debian's tools can build. Returns its path."""
    directory.mkdir(parents=True, exist_ok=True)
    subprocess.run(["tar", "-xJf", ROOT / f"build/{NAME}-{VERSION}.tar.xz", "-C", directory], check=True)
    tree = directory / f"{NAME}-{VERSION}"
    shutil.copytree(tree / "packaging/deb", tree / "debian")
    return tree


def package_in(directory, name=NAME):
    """The one package of that name, without its debug symbols."""
    found = [path for path in pathlib.Path(directory).glob(f"{name}_*.deb")]
    assert len(found) == 1, f"not one package {name} in {directory}: {found}"
    return found[0]


def built_package(name=NAME):
    return package_in(ROOT / "build/deb", name)


def build(tree, env=(), umask=0o022):
    done = subprocess.run(["dpkg-buildpackage", "-b", "-us", "-uc"], cwd=tree, env={**os.environ, **dict(env)},
                          umask=umask, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return package_in(tree.parent)


def build_previous(directory):
    """The version before: a lower number, and other texts in two files under /etc."""
    tree = source_tree(directory)
    changelog = tree / "debian/changelog"
    changelog.write_text(changelog.read_text().replace(f"({VERSION})", f"({PREVIOUS})", 1))
    header = tree / "poller/base/version.h"
    header.write_text(header.read_text().replace(f'"{VERSION}"', f'"{PREVIOUS}"'))
    for name in (f"conf/{NAME}.conf", f"packaging/cron.d/{NAME}"):
        path = tree / name
        path.write_text("# As the version before had it.\n" + path.read_text())
    return build(tree)
