"""The program ends at any step on disk or network while it transfers recordings: none is lost, none is stored twice."""
import json
import shutil
import signal
import time

import pytest

from fault import shim
from fault.shim import END_STATUS, Strike
from fault.sweeps import points
from harness.drive import Drive
from harness.keeping import installed, make_due, name_of, records, run, spooled, stored
from harness.recordings import sound
from harness.s3 import S3

needs_shim = pytest.mark.skipif(shim.cannot_load() is not None, reason=f"no shim: {shim.cannot_load()}")
STEPS = 10  # of all, as each takes three runs; SWEEP_SHARE changes it


class Stage:
    """Three calls with recordings, one of them half in the spool, and the state directory as it is before the run that
    is struck. Everything is in the state directory, where the shim sees it."""

    def __init__(self, pbx, sync, drive=None, s3=None):
        self.pbx, self.sync, self.drive, self.s3 = pbx, sync, drive, s3
        sync.kept = sync.state / "kept"
        sync.kept.mkdir()
        now = int(time.time())
        calls = [pbx.call(now - 100 - i) for i in range(3)]
        self.contents = {name_of(call): pbx.record(call, sound(call["uuid"], 300000)) for call in calls}
        pbx.recordings.answers[calls[0]["recording"]].append("half")
        for call in calls[1:]:
            pbx.recordings.answers[call["recording"]].append(404)
        run(sync)
        make_due(sync)
        self._prepared = sync.directory / "prepared"
        shutil.copytree(sync.state, self._prepared)

    def reset(self):
        shutil.rmtree(self.sync.state)
        shutil.copytree(self._prepared, self.sync.state)
        if self.drive:
            self.drive.files.clear()
            self.drive.sessions.clear()
        if self.s3:
            self.s3.objects["recordings"].clear()

    def kept(self):
        """The files with their contents. An incomplete file counts too, unless its name says that it is incomplete."""
        if self.s3:
            return {key.removeprefix("calls/"): found["content"]
                    for key, found in self.s3.objects["recordings"].items()}
        if not self.drive:
            return {name: content for name, content in stored(self.sync).items() if not name.startswith(".")}
        files = list(self.drive.files.values())
        assert len({file["name"] for file in files}) == len(files)
        return {file["name"]: file["content"] for file in files}

    def finish(self):
        for _ in range(2):
            make_due(self.sync)
            run(self.sync)
        assert self.kept() == self.contents
        assert spooled(self.sync) == []
        assert set(self.sync.ledger("SELECT state, noted, session FROM recording")) == {(2, 1, None)}


@pytest.fixture(params=["directory", "google-drive", "s3"])
def stage(request, tmp_path):
    with installed(tmp_path) as install, Drive() as drive, S3() as s3:
        settings = {"folder": tmp_path / "host" / "state" / "kept"}
        if request.param == "google-drive":
            account = drive.accounts.service_account()
            (tmp_path / "key.json").write_text(json.dumps(account))
            settings = {"upload": "google-drive", "endpoint": drive.url, "credentials_file": tmp_path / "key.json",
                        "folder": drive.folder(shared_with=[account], shared_drive=True)}
        if request.param == "s3":
            (tmp_path / "secret").write_text(s3.secret)
            settings = {"upload": "s3", "folder": "calls", "endpoint": s3.url, "region": s3.region,
                        "bucket": "recordings", "access_key": s3.key_id, "secret_key_file": tmp_path / "secret"}
        pbx, sync = install(**settings)
        sync.configure(config={"sink": {"file": sync.state / "calls.db"}})
        yield Stage(pbx, sync, drive if request.param == "google-drive" else None,
                    s3 if request.param == "s3" else None)


@needs_shim
@pytest.mark.parametrize("when", ["before", "middle", "after"])
def test_a_crash_at_any_step_loses_no_recording_and_stores_none_twice(stage, when):
    stage.reset()
    watched = Strike(stage.sync)
    assert stage.sync.run("run", env=watched.env).code == 0
    steps = watched.report().steps
    stage.finish()
    assert steps > 50
    ended = 0
    for at in points(steps, STEPS / steps):
        stage.reset()
        struck = stage.sync.run("run", env=Strike(stage.sync, at=at, when=when).env)
        ended += struck.code == END_STATUS
        kept = stage.kept()
        assert kept.items() <= stage.contents.items(), f"{when} step {at}"
        stage.finish()
    assert ended > STEPS / 2


@needs_shim
def test_a_disk_that_never_answers_does_not_hold_up_the_next_run(tmp_path):
    """The run ends though a thread hangs in a sync of the kept file. The next runs leave that disk alone for a while,
    and status says so."""
    with installed(tmp_path) as install:
        pbx, sync = install()
        call = pbx.call(int(time.time()) - 100)
        content = pbx.record(call)
        strike = Strike(sync, at=1, action="hang", kinds=["unlink", "rename"], root=sync.kept)
        process = sync.start("run", env=strike.env)
        while not strike.has_hit():
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
        assert f"the disk of {sync.kept} does not answer" in sync.log_file.read_text()
        assert call["uuid"] in records(sync)
        assert "recordings are not stored since" in sync.run("status").out
        run(sync, "recordings wait: the disk of")
        assert stored(sync) == {}
        assert sync.run("recordings", "retry", "--all").code == 0
        make_due(sync)
        run(sync, "1 stored")
        assert stored(sync) == {name_of(call): content}
        assert "recordings are not stored" not in sync.run("status").out


@needs_shim
def test_check_names_a_disk_that_never_answers(tmp_path):
    with installed(tmp_path) as install:
        _, sync = install(timeout=1)
        done = sync.run("check", env=Strike(sync, at=1, action="hang", kinds=["unlink", "rename"], root=sync.kept).env)
        assert done.code == 69 and f"✗ recordings: the disk of {sync.kept} does not answer" in done.out, done.out
        assert "unmount it" in done.out and "verdict: NOT READY" in done.out


def test_a_place_that_cannot_be_opened_is_a_warning_of_status(tmp_path):
    with installed(tmp_path) as install:
        (tmp_path / "key.json").write_text("{}")
        pbx, sync = install(upload="google-drive", credentials_file=tmp_path / "key.json", folder="f0lder")
        pbx.record(pbx.call(int(time.time()) - 100))
        run(sync, "recordings wait")
        assert "recordings are not stored since" in sync.run("status").out
        del sync.config["recordings"]
        sync.configure()
        run(sync)
        assert "recordings are not stored" not in sync.run("status").out


def test_a_place_that_can_be_opened_again_is_no_warning_if_nothing_is_pending(tmp_path):
    with installed(tmp_path) as install:
        (tmp_path / "key.json").write_text("{}")
        pbx, sync = install(upload="google-drive", credentials_file=tmp_path / "key.json")
        run(sync, "recordings wait")
        assert "recordings are not stored since" in sync.run("status").out
        sync.configure(config={"recordings": {"upload": "directory", "credentials_file": None}})
        run(sync)
        assert "recordings are not stored" not in sync.run("status").out


def test_a_place_that_is_missing_is_a_warning_until_a_recording_is_stored(tmp_path):
    with installed(tmp_path) as install:
        pbx, sync = install()
        pbx.record(pbx.call(int(time.time()) - 100))
        sync.kept.rmdir()
        run(sync, "make the directory of folder")
        assert "recordings are not stored since" in sync.run("status").out
        sync.kept.mkdir()
        make_due(sync)
        run(sync, "1 stored")
        assert "recordings are not stored" not in sync.run("status").out
