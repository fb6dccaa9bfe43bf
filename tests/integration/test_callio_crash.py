"""The program ends at any step on disk or network on the way from Callio to records or BigQuery: each call, customer,
user and group ends as one row, with what Callio says of it now."""
import pytest

from fault import callio, shim

STEPS = 8  # of all, as each takes four runs; SWEEP_SHARE changes it, and `make soak` tries many more

pytestmark = pytest.mark.skipif(shim.cannot_load() is not None, reason=f"no shim: {shim.cannot_load()}")


@pytest.mark.parametrize("sink", callio.SINKS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_step_ends_with_one_row_for_each_document(tmp_path, sink, when):
    with callio.scene(tmp_path, sink) as scene:
        assert callio.crash_sweep(scene, when, STEPS).steps > 200
