"""A bare Debian system in a directory under build/roots, entered with chroot.

Every command runs in namespaces of its own for processes and mounts: when it ends, or is ended, whatever it started
and mounted ends with it. The network is the host's, so that what listens on loopback can be reached from within.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import types

from harness.process import ROOT, end, spawn

ROOTS = ROOT / "build" / "roots"
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


class NotToBeHad(Exception):
    """The mirror does not give this release."""


def host_release():
    return re.search(r"^VERSION_CODENAME=(\w+)", pathlib.Path("/etc/os-release").read_text(), re.M).group(1)


def remove_left_over():
    """What a run left that was killed; each root carries the number of the process that made it."""
    for directory in ROOTS.glob("*-root-*"):
        if not os.path.exists("/proc/" + directory.name.split("-")[2]):
            shutil.rmtree(directory)


def archive(release, packages=()):
    """The system as an archive, made once: the smallest one that has apt, and these packages."""
    path = ROOTS / f"{release}{'-build' if packages else ''}.tar.zst"
    if not path.exists():
        ROOTS.mkdir(parents=True, exist_ok=True)
        new = ROOTS / f"new-{path.name}"
        # A mirror that stood still for weeks will do: nothing here is at risk.
        made = subprocess.run(["mmdebstrap", "--mode=root", "--variant=minbase",
                               '--aptopt=Acquire::Check-Valid-Until "false"',
                               *[f"--include={package}" for package in packages], release, new, MIRROR],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if made.returncode != 0:
            new.unlink(missing_ok=True)
            errors = [line for line in made.stdout.splitlines() if line.startswith("E:")]
            raise NotToBeHad(f"Debian {release} from {MIRROR}: {'; '.join(errors)}")
        new.rename(path)
    return path


class Root:
    def __init__(self, release, packages=()):
        source = archive(release, packages)
        self.release = release
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"{release}-root-{os.getpid()}-", dir=ROOTS))
        self.directory.chmod(0o755)
        subprocess.run(["tar", "--zstd", "--numeric-owner", "-xpf", source, "-C", self.directory], check=True)
        shutil.copy("/etc/resolv.conf", self.directory / "etc/resolv.conf")
        self.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)  # no package starts a daemon

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory)

    def path(self, inside):
        return self.directory / inside.lstrip("/")

    def write(self, inside, text, mode=0o644):
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def read(self, inside):
        return self.path(inside).read_text()

    def owner(self, inside):
        """'user:group mode', with names as this system knows them."""
        info = self.path(inside).lstat()
        names = [next((line.split(":")[0] for line in self.read(file).splitlines()
                       if line.split(":")[2] == str(number)),
                      str(number)) for file, number in (("/etc/passwd", info.st_uid), ("/etc/group", info.st_gid))]
        return f"{names[0]}:{names[1]} {info.st_mode & 0o7777:04o}"

    def start(self, *command, env=None):
        return spawn(["/usr/bin/unshare", "--mount", "--pid", "--fork", "--kill-child", f"--root={self.directory}",
                      "--wd=/", "--mount-proc", *command], env=ENVIRONMENT if env is None else env,
                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                     errors="replace")

    def finish(self, process, timeout=600):
        try:
            out, _ = process.communicate(timeout=timeout)
        finally:
            end(process)
            process.stdout.close()
        return types.SimpleNamespace(code=process.returncode, out=out)

    def run(self, *command, env=None):
        """Runs a command to its end: an object with code and out, which is all it printed."""
        return self.finish(self.start(*command, env=env))

    def need(self, *command):
        """The same, of a command that must succeed; its output."""
        done = self.run(*command)
        assert done.code == 0, f"{' '.join(map(str, command))} ended with {done.code}:\n{done.out}"
        return done.out

    def apt_install(self, package, *others):
        """Installs a package file with what it depends on. Others are names, or files too. An edited configuration file
        is kept, as an unattended upgrade does."""
        for file in (package, *others):
            if isinstance(file, pathlib.Path):
                shutil.copy(file, self.path("/srv"))
        others = [f"/srv/{other.name}" if isinstance(other, pathlib.Path) else other for other in others]
        self.need("apt-get", "update", "-q")
        return self.need("apt-get", "install", "-q", "-y", "--no-install-recommends",
                         "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold",
                         "-o", "Dpkg::Use-Pty=0", f"/srv/{package.name}", *others)

    def files(self):
        """Every path there is, without what package management itself keeps."""
        its_own = re.compile(r"/(srv|proc|tmp|var/cache|var/lib/(apt|dpkg|logrotate)|var/log/(apt|dpkg|alternatives)"
                             r"|etc/(passwd|group|g?shadow|sub[ug]id)-)")
        found = set()
        for directory, directories, names in os.walk(self.directory):
            inside = directory[len(str(self.directory)):]
            found.update(f"{inside}/{name}" for name in directories + names)
        return {path for path in found if not its_own.match(path)}
