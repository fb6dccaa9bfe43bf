"""Other Debian releases, with other libraries: the package is built there, and forwards calls there."""
import re
import shutil

import pytest

from deb.build import NAME, SERVE, USER, VERSION, package_in, source_tree
from deb.dialing import KEY, LOG, STATE, CronJob, configure, grant
from deb.root import NotToBeHad, Root, host_release
from harness.api import Api
from harness.dialer import Dialer

RELEASES = [release for release in ("bullseye", "bookworm", "trixie") if release != host_release()]


def enter(release, packages=()):
    try:
        return Root(release, packages)
    except NotToBeHad as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module", params=RELEASES)
def release(request):
    return request.param


@pytest.fixture(scope="module")
def package(release, tmp_path_factory):
    """Built in a system that has nothing but what debian/control asks for."""
    directory = tmp_path_factory.mktemp(release)
    tree = source_tree(directory)
    asked = re.search(r"^Build-Depends:(.*?)^\S", (tree / "debian/control").read_text(), re.M | re.S).group(1)
    names = [re.sub(r"-compat$|\(.*\)", "", name.split("(")[0].strip()) for name in asked.split(",")]
    with enter(release, ["build-essential", *names]) as root:
        shutil.copytree(tree, root.path(f"/srv/{tree.name}"))
        root.need("sh", "-c", f"cd /srv/{tree.name} && dpkg-buildpackage -b -us -uc")
        for name in (NAME, SERVE):
            shutil.copy(package_in(root.path("/srv"), name), directory)
        return package_in(directory)


@pytest.fixture(scope="module")
def other(release):
    with enter(release) as root:
        yield root


def test_it_builds_and_installs_there(package, other):
    other.apt_install(package, package_in(package.parent, SERVE), "logrotate")
    assert other.need(NAME, "--version") == f"{NAME} {VERSION}\n"
    assert other.need(NAME, "serve", "--version") == f"{SERVE} {VERSION}\n"
    assert other.owner(f"/var/lib/{SERVE}") == f"{USER}:{USER} 0750"
    assert other.path(f"/usr/lib/systemd/system/{SERVE}.service").exists() or \
        other.path(f"/lib/systemd/system/{SERVE}.service").exists()
    assert other.owner(STATE) == f"{USER}:{USER} 0750" and other.owner(LOG) == "root:adm 0640"
    assert other.run(NAME, "check").code == 78


def test_it_forwards_calls_there(package, other):
    with Dialer(tcp=True) as dialer, Api(api_key=KEY) as api:
        db = dialer.database("asterisk")
        grant(db)
        configure(other, dialer, api)
        assert other.run(NAME, "check").code == 0
        other.need(NAME, "enable")
        calls = db.insert_many([{"end_epoch": db.now() - 1} for _ in range(3)])
        done = CronJob(other).run()
        assert (done.code, done.out) == (0, ""), done.out + other.read(LOG)
        assert sorted(api.by_uniqueid()) == sorted(calls)
    other.need("logrotate", "--force", f"/etc/logrotate.d/{NAME}")
    assert other.owner(LOG) == "root:adm 0640"


def test_purge_leaves_nothing_there(package, other):
    other.need("apt-get", "purge", "-q", "-y", NAME)
    assert {path for path in other.files() if NAME in path} == set()
