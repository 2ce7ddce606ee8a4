"""One bit a weight, learned for real, though briefly, on the handwritten digits."""

import pytest

from larqca.sweep.grid import load_grid
from larqca.training.run import execute


@pytest.fixture(scope="module")
def results(project_root, tmp_path_factory):
    """Seed 0 of the grid whose report says what nine other seeds give."""
    grid = load_grid(project_root / "sweeps" / "digits_ten_seeds.yaml")
    directories, results = {}, {}
    for run in grid.runs:
        if run.seed == 0:
            directory = directories[run.hash] = tmp_path_factory.mktemp("run")
            source = directories[run.source_run] / "model.npz" if run.source_run else None
            results[run.row] = execute(run.config, directory, source=source)
    return list(results.values())


@pytest.mark.parametrize("row", [1, 2], ids=["one-bit kernels", "one-bit inputs too"])
def test_binary_automata_classify_digits_and_go_on_doing_so(results, row):
    assert results[row].state == "done"
    for step in ("200", "400"):  # before and after every digit was exchanged for another
        assert results[row].metrics[step]["cell_accuracy"] >= 0.9
    assert results[row].metrics["200"]["agreement"] >= 0.8
