"""The program may end at any step. No call is lost, and only calls in flight are sent again."""
import pytest

from fault import scene as scenes
from fault import shim
from fault.sweeps import crash_sweep, kill_loop, repair_sweep

needs_shim = pytest.mark.skipif(shim.cannot_load() is not None, reason=f"no shim: {shim.cannot_load()}")


@needs_shim
@pytest.mark.parametrize("when, share", [("before", 0.2), ("after", 0.2), ("middle", 0.1)])
def test_a_crash_at_any_step_ends_with_the_result_of_an_uninterrupted_run(staged, when, share):
    """Goal: the program may crash before, within or after any write, sync, rename, unlink, truncation, send or receive.
    Only calls in flight are sent again, under the same keys. This test tries a share of the steps; `make soak` tries
    all."""
    done = crash_sweep(staged(scenes.every_kind), when, share)
    assert done.steps > 100


@needs_shim
@pytest.mark.parametrize("when, share", [("before", 0.2), ("after", 0.2), ("middle", 0.1)])
def test_a_crash_at_any_step_of_the_first_run_loses_nothing(staged, when, share):
    """Goal: the next run completes a half-made ledger or checkpoint."""
    crash_sweep(staged(scenes.first_run), when, share)


@needs_shim
@pytest.mark.parametrize("kind", [scenes.backfill, scenes.reconcile], ids=["backfill", "reconcile"])
@pytest.mark.parametrize("when, share", [("before", 0.08), ("after", 0.08), ("middle", 0.04)])
def test_a_crash_at_any_step_of_long_work_ends_with_the_result_of_an_uninterrupted_one(staged, kind, when, share):
    """Goal: the same for backfill and reconcile, which release lock and ledger in between. The same command, run again,
    completes the work and repeats only calls in flight."""
    done = crash_sweep(staged(kind), when, share)
    assert done.steps > 80


@needs_shim
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_while_a_damaged_ledger_is_rebuilt_loses_nothing(staged, when):
    """Goal: a pending call that only the ledger has survives a crash during the repair."""
    repair_sweep(staged(scenes.damaged_ledger), when, 0.25)


@needs_shim
def test_outcomes_are_on_disk_before_the_checkpoint_moves_past_them(staged):
    """Goal: the order of durable steps also protects against a power cut, when unsynced bytes are lost. First, the
    outcomes of all sent calls are synced. Then the checkpoint is written, synced and renamed, and its directory is
    synced."""
    scene = staged(scenes.every_kind)
    scene.reset()
    strike = shim.Strike(scene.sync)
    scene.run(strike.env)
    trace = strike.report().trace
    renames = [i for i, step in enumerate(trace) if step == ("rename", "/checkpoint")]
    assert renames
    for at in renames:
        assert trace[at - 2:at] == [("write", "/.checkpoint.new"), ("sync", "/.checkpoint.new")]
        assert trace[at + 1] == ("sync", ".")
        journal = [kind for kind, name in trace[:at] if name == "/ledger.db-wal"]
        assert journal[-1] == "sync", "the journal was written to and not synced"
        last_answer = max((i for i in range(at) if trace[i] == ("recv", "api")), default=0)
        assert ("write", "/ledger.db-wal") in trace[last_answer:at], "an answer is not recorded"


def test_kill_9_at_random_moments_loses_no_call(db, api, sync):
    """Goal: no call is lost or recorded twice, however often runs are killed. `make soak` kills 300 runs."""
    done = kill_loop(db, api, sync, kills=15)
    assert done.calls > 100
